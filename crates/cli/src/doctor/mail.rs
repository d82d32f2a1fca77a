//! The mail server: can it be reached, is it who it should be, and does it let us in. No mail is sent.

use mydata_server::Config;
use mydata_server::mail::post::Post;
use mydata_server::outbound::Outbound;

use super::report::Report;

const SUBJECT: &str = "mail";

/// Greets the mail server and signs in.
pub async fn check(config: &Config, outbound: &Outbound, report: &mut Report) {
    let settings = &config.mail;
    let Some(smtp) = &settings.smtp else {
        if settings.mailbox.is_some() {
            return report.ok(SUBJECT, "mails go to the sandbox's mailbox");
        }
        if config.sandbox {
            return report.ok(SUBJECT, "mails stay in the outbox, as a sandbox without a mailbox has it");
        }
        let what = "no mail server is set: mails wait in the outbox until they are given up";
        return report.warn(SUBJECT, what, "set mail.smtp; docs/operators/configuration.md describes it");
    };
    match Post::new(settings, outbound).check().await {
        Ok(()) => report.ok(SUBJECT, format!("{} takes mails from {}", smtp.host, settings.from)),
        Err(why) => {
            let mend = "correct mail.smtp (host, port, tls, roots, user, password), or open the way to it";
            report.fail(SUBJECT, format!("{}: {why}", smtp.host), mend);
        }
    }
}
