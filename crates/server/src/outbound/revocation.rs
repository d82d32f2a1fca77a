//! Platform → responders and places of revocation lists (RFC 6960 appendix A, RFC 5280 §4.2.1.13). Their addresses come from
//! certificates: strangers' words, so the guard looks at them as at every other address.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE};
use mydata_revocation::fetch::{Fetch, FetchFault, Request};
use mydata_revocation::ocsp::RESPONSE_TYPE;

use super::Outbound;
use super::guard::Speech;
use super::sp::reason;

impl Fetch for Outbound {
    fn fetch(&self, request: Request) -> BoxFuture<'static, Result<Vec<u8>, FetchFault>> {
        let outbound = self.clone();
        async move {
            let Request { url, body, limit, time } = request;
            let blocked = |b: super::guard::Blocked| FetchFault::Blocked(b.to_string());
            outbound.guard.check(&url, Speech::Signed).map_err(blocked)?;
            let call = match body {
                Some((kind, body)) => outbound
                    .clients()
                    .revocation
                    .post(url)
                    .header(CONTENT_TYPE, kind)
                    .header(ACCEPT, RESPONSE_TYPE)
                    .body(body),
                None => outbound.clients().revocation.get(url),
            };
            let silent = |error: reqwest::Error| FetchFault::Silent(reason(&error).to_owned());
            let mut answer = call.timeout(time).send().await.map_err(silent)?;
            if answer.status() != StatusCode::OK {
                return Err(FetchFault::Status(answer.status().as_u16()));
            }
            let mut all = Vec::new();
            while let Some(piece) = answer.chunk().await.map_err(silent)? {
                if all.len() + piece.len() > limit {
                    return Err(FetchFault::TooLarge(limit));
                }
                all.extend_from_slice(&piece);
            }
            Ok(all)
        }
        .boxed()
    }
}
