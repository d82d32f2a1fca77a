//! Platform → SP-API (PROTOCOL.md §3; R109, R115).

use mydata_domain::Time;
use mydata_domain::notify::SpAnswer;
use mydata_domain::service::ServiceWithSecrets;
use mydata_wire::notification::Notification;

use super::Outbound;

impl Outbound {
    /// Calls the SP-API of a service. Where it refuses a new `x-api-key` while the one before still works, it is called
    /// once more with that one: the service has not taken the new one over yet.
    pub async fn notify(
        &self,
        service: &ServiceWithSecrets,
        notification: &Notification,
        now: Time,
    ) -> SpAnswer {
        let secrets = &service.secrets;
        let answer = self.notify_with(service, notification, secrets.api_key.as_deref()).await;
        match (&answer, secrets.earlier_api_key(now)) {
            (SpAnswer::Refused(401 | 403), Some(earlier)) => {
                self.notify_with(service, notification, Some(earlier)).await
            }
            _ => answer,
        }
    }

    async fn notify_with(
        &self,
        service: &ServiceWithSecrets,
        notification: &Notification,
        api_key: Option<&str>,
    ) -> SpAnswer {
        let url = &service.service.sp_api;
        let client = match self.sp_client(&service.service) {
            Ok(client) => client,
            Err(why) => return SpAnswer::Failed(why.to_string()),
        };
        let mut request = client.post(url.clone()).json(notification);
        if let Some(key) = api_key {
            request = request.header("x-api-key", key);
        }
        match request.send().await {
            Ok(answer) => match answer.status().as_u16() {
                200..=299 => SpAnswer::Accepted,
                status @ 400..=499 => SpAnswer::Refused(status),
                status => SpAnswer::Failed(format!("status {status}")),
            },
            Err(error) => SpAnswer::Failed(reason(&error).to_owned()),
        }
    }
}

/// Why a call failed, in words that hold neither URL nor content.
pub(super) fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "connecting failed"
    } else if error.is_timeout() {
        "no answer in time"
    } else if error.is_body() || error.is_decode() {
        "the transfer broke"
    } else {
        "the call failed"
    }
}

#[cfg(test)]
pub(super) mod tests {
    use axum::Router;
    use axum::routing::post;
    use http::{HeaderMap, StatusCode};
    use mydata_domain::Policy;
    use mydata_domain::credentials::Earlier;
    use mydata_domain::service::{ServiceKeys, ServiceSecrets};
    use mydata_wire::notification::News;

    use super::*;

    /// An SP-API that knows one key. Gives its address.
    async fn sp_with(key: &'static str) -> std::net::SocketAddr {
        let answer = async move |headers: HeaderMap| {
            let right = headers.get("x-api-key").is_some_and(|given| given == key);
            if right { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/notify", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    pub(crate) fn notification() -> Notification {
        Notification {
            tx_id: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
            permission_ticket: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
            news: News::Undeliverable { unable_to_deliver: Vec::new() },
        }
    }

    /// A service with this SP-API, whose earlier key works until then.
    pub(crate) fn service(sp_api: &str, until: Time) -> ServiceWithSecrets {
        let body = serde_json::json!({
            "client_id": "CLI.qqOjnjO4WR", "zone": "test", "organisation": "bank", "name": "示範", "name_en": "Demo",
            "purpose": "示範", "purpose_en": "Demo", "category": "綜合", "url": "http://127.0.0.1/", "terms": "示範",
            "return_urls": ["http://127.0.0.1/return"], "sp_api": sp_api,
            "allowed_ips": [], "datasets": [], "state": "listed",
        });
        let client_secret: mydata_wire::ClientSecret = "demoBankSecret16".parse().unwrap();
        let earlier =
            ServiceKeys { client_secret: client_secret.clone(), api_key: Some("the-old-key".to_owned()) };
        ServiceWithSecrets {
            service: serde_json::from_value(body).unwrap(),
            secrets: ServiceSecrets {
                client_secret,
                cbc_iv: "demoBankCbcIv016".parse().unwrap(),
                api_key: Some("the-new-key".to_owned()),
                earlier: Some(Earlier { secret: earlier, until }),
            },
        }
    }

    #[tokio::test]
    async fn an_sp_that_knows_the_earlier_key_only_is_reached_while_it_works() {
        let outbound = Outbound::new(&Policy::default(), true).unwrap();
        let notification = notification();
        for (key, now, answer) in [
            ("the-new-key", Time(5), SpAnswer::Accepted),
            ("the-old-key", Time(5), SpAnswer::Accepted),
            ("the-old-key", Time(10), SpAnswer::Refused(401)),
            ("another-key", Time(5), SpAnswer::Refused(401)),
        ] {
            let service = service(&format!("http://{}/notify", sp_with(key).await), Time(10));
            assert_eq!(outbound.notify(&service, &notification, now).await, answer, "{key} {now:?}");
        }
    }
}
