//! The gateway of text messages: can it be reached. No message is sent, so whether its token is right is not known.

use mydata_server::Config;

use super::reach::{PATIENCE, reason};
use super::report::Report;

const SUBJECT: &str = "text messages";

/// Asks the gateway's address for its headers.
pub async fn check(config: &Config, report: &mut Report) {
    let Some(gateway) = &config.sms.gateway else {
        return match &config.sms.mailbox {
            Some(_) => report.ok(SUBJECT, "text messages go to the sandbox's mailbox"),
            None => report.ok(SUBJECT, "no gateway is set (sms.gateway): citizens are told by mail only"),
        };
    };
    let mend = "correct sms.gateway.url, or open the way to it; docs/operators/sms-gateway.md describes what it must answer";
    let url = &gateway.url;
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let answer = match client.timeout(PATIENCE).build() {
        Ok(client) => client.head(url.clone()).send().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) if answer.status().is_server_error() || answer.status().is_redirection() => {
            report.fail(SUBJECT, format!("{url} answers {}", answer.status().as_u16()), mend);
        }
        Ok(answer) if answer.status() == reqwest::StatusCode::NOT_FOUND => {
            report.fail(SUBJECT, format!("nothing is at {url} (404)"), mend);
        }
        Ok(answer) => {
            report.ok(SUBJECT, format!("the gateway answers at {url} ({})", answer.status().as_u16()));
        }
        Err(error) => {
            let why = reason(&error.without_url());
            report.fail(SUBJECT, format!("the gateway at {url} cannot be reached: {why}"), mend);
        }
    }
}
