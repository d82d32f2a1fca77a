//! A virtual card reader beside the identity provider, for a platform that judges cards itself: signs what the platform asks
//! to be signed with the card of whichever persona is chosen. The cards come from the sandbox's authority and are made when they
//! are used first. It refuses to send anything but to the platform.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mydata_sdk::seal::dp_package::Signer;
use mydata_seal::cms;
use mydata_wire::{Random, Verification, b64};
use rcgen::{DnType, Issuer, KeyPair, KeyUsagePurpose};
use serde::Deserialize;
use url::Url;

use crate::ca::{Authority, CaError, card_params, new_key};
use crate::data::DataFolder;
use crate::page::{Page, html};
use crate::personas::{self, Persona};

/// Where the platform's page sends the browser.
pub const PATH: &str = "/card";

/// The reader.
pub(crate) struct Reader {
    folder: DataFolder,
    issuer: Issuer<'static, KeyPair>,
    platform: Url,
    random: Arc<dyn Random>,
}

/// What the platform's page posts.
#[derive(Deserialize)]
struct Asked {
    challenge: String,
    method: Verification,
    return_url: String,
}

/// What the reader's own page posts.
#[derive(Deserialize)]
struct Chosen {
    challenge: String,
    method: Verification,
    return_url: String,
    persona: String,
}

#[derive(Template)]
#[template(path = "card.html")]
struct CardPage {
    page: Page,
    method: Verification,
    challenge: String,
    return_url: String,
    people: Vec<&'static Persona>,
    /// What was signed, and by whom.
    signed: Option<(String, &'static Persona)>,
}

impl Reader {
    /// A reader whose cards come from `authority` and are kept in `folder`.
    pub(crate) fn new(
        authority: &Authority<'_>,
        folder: DataFolder,
        platform: Url,
        random: Arc<dyn Random>,
    ) -> Result<Self, CaError> {
        Ok(Self { folder, issuer: authority.issuer_again()?, platform, random })
    }

    pub(crate) fn router(self) -> Router {
        Router::new().route(PATH, post(ask)).route("/card/sign", post(sign)).with_state(Arc::new(self))
    }

    /// The card of a persona.
    fn card(&self, persona: &Persona) -> Result<Signer, CaError> {
        let key = self.folder.keep(&format!("card-{}.key", persona.key), new_key)?;
        let certificate = self.folder.keep(&format!("card-{}.pem", persona.key), || {
            let mut params = card_params(persona.name, &*self.random);
            let serial = DnType::CustomDnType(vec![2, 5, 4, 5]);
            params.distinguished_name.push(serial, persona.uid);
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            Ok::<_, CaError>(params.signed_by(&KeyPair::from_pem(&key)?, &self.issuer)?.pem())
        })?;
        Signer::new(key.as_bytes(), certificate.as_bytes()).map_err(|_| CaError::Unreadable)
    }

    fn signs(&self, persona: &Persona, challenge: &str) -> Option<String> {
        let content = b64::decode_lenient(challenge).ok()?;
        let signed = cms::sign(&content, &self.card(persona).ok()?, true).ok()?;
        Some(b64::standard(&signed))
    }

    fn is_platforms(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|address| address.origin() == self.platform.origin())
    }

    fn page(&self, view: &CardPage) -> Response {
        let mut answer = html(view, StatusCode::OK, &[&self.platform]);
        // The platform looks where the form comes from.
        answer.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("origin"));
        answer
    }
}

async fn ask(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    if !reader.is_platforms(&asked.return_url) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let Asked { challenge, method, return_url } = asked;
    let people = personas::all().iter().filter(|persona| persona.holds(method)).collect();
    let page = Page::of(&uri, &headers);
    reader.page(&CardPage { page, method, challenge, return_url, people, signed: None })
}

async fn sign(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    headers: HeaderMap,
    Form(chosen): Form<Chosen>,
) -> Response {
    let Chosen { challenge, method, return_url, persona } = chosen;
    let persona = personas::by_key(&persona).filter(|persona| persona.holds(method));
    let Some(persona) = persona.filter(|_| reader.is_platforms(&return_url)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (by, content) = (Arc::clone(&reader), challenge.clone());
    let signed = tokio::task::spawn_blocking(move || by.signs(persona, &content)).await;
    let Ok(Some(signed)) = signed else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let page = Page::of(&uri, &headers);
    let signed = Some((signed, persona));
    reader.page(&CardPage { page, method, challenge, return_url, people: Vec::new(), signed })
}
