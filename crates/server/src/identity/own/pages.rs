//! The pages of an attempt. A page belongs to the browser that opened it first; every other is told that it is not its own.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ORIGIN};
use http::{HeaderValue, StatusCode};
use mydata_domain::Time;
use mydata_domain::citizen::contact::Channel;
use mydata_domain::one_time::OneTimeCode;
use mydata_store::repo::identity_attempts::{self as attempts, Kept};
use mydata_wire::{PersonalId, b64};

use super::view::{CardPart, Component, Field, Input, OwnPage};
use super::{Concluded, Counted, DOOR, Judged, MAX_FORM, Mend, PATH, Running, Stage};
use super::{back, conclude, count, lead_back};
use crate::app::App;
use crate::backoffice::posted::Posted;
use crate::browser::{Browser, is_same};
use crate::citizen::form;
use crate::exchange::callback::is_visit;
use crate::exchange::fault::Fault;
use crate::exchange::views;
use crate::exchange::visit::Visit;
use crate::identity::code::{self, Asking};
use crate::identity::{Own, Way, card};
use crate::limit::subscriber;
use crate::web::headers::allow_form;
use crate::web::{
    Destination, FormTarget, Lang, OnwardPage, Policy, RocDateTime, i18n, page, verification_name,
};

/// A form of whoever proves who they are; its origin and its token are right. As an argument of a handler it is the last.
pub struct OwnForm {
    visit: Visit,
    browser: Browser,
    posted: Posted,
}

impl FromRequest<App> for OwnForm {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, app).await?;
        let browser = Browser::known(&DOOR, app, &parts.headers);
        let posted = form::read(&parts, app, body, browser.as_ref()).await;
        match (posted, browser) {
            (Ok(posted), Some(browser)) => Ok(Self { visit, browser, posted }),
            (Err(fault), _) => Err(visit.fault(&fault)),
            (_, None) => Err(visit.fault(&Fault::FormExpired)),
        }
    }
}

/// An attempt, before the browser that it belongs to.
struct Open {
    ticket: String,
    browser: Browser,
    kept: Kept<Running>,
    way: Arc<Way>,
}

impl Open {
    fn own(&self) -> Result<&Own, Fault> {
        self.way.own().ok_or(Fault::NotFound)
    }

    fn path(&self, below: &str) -> String {
        format!("{PATH}/{}{below}", self.ticket)
    }

    fn form(&self, app: &App, below: &str) -> FormTarget {
        FormTarget { action: self.path(below), token: self.browser.form_token(app) }
    }
}

/// The keyed index of a browser.
fn index(app: &App, browser: &Browser) -> String {
    app.store.crypter.index("identity browser", browser.expose())
}

async fn find(app: &App, ticket: &str) -> Result<(Kept<Running>, Arc<Way>), Fault> {
    let (db, crypter) = (&app.store.db, &app.store.crypter);
    let id = attempts::index(crypter, ticket);
    let kept = attempts::load::<Running>(db, crypter, &id, app.now()).await?.ok_or(Fault::OtherBrowser)?;
    let way = app.methods.get(kept.private.method).ok_or(Fault::NotFound)?;
    Ok((kept, Arc::clone(way)))
}

fn is_of(app: &App, kept: &Kept<Running>, browser: &Browser) -> bool {
    kept.browser.as_deref().is_some_and(|owner| is_same(owner, &index(app, browser)))
}

/// The attempt of a form that its browser posted.
async fn posted(form: &OwnForm, ticket: &str) -> Result<Open, Fault> {
    let app = &form.visit.app;
    let (kept, way) = find(app, ticket).await?;
    if !is_of(app, &kept, &form.browser) {
        return Err(Fault::OtherBrowser);
    }
    Ok(Open { ticket: ticket.to_owned(), browser: form.browser.clone(), kept, way })
}

/// `GET /identity/prove/{ticket}`.
pub async fn show(visit: Visit, Path(ticket): Path<String>) -> Response {
    if !is_visit(&visit.headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let answer = shown(&visit, &ticket).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, ticket: &str) -> Result<Response, Fault> {
    let app = &visit.app;
    let (mut kept, way) = find(app, ticket).await?;
    let browser = Browser::of(&DOOR, app, &visit.headers);
    let own = index(app, &browser);
    match kept.browser.as_deref() {
        Some(known) if known == own => {}
        Some(_) => return Err(Fault::OtherBrowser),
        None => {
            kept.browser = Some(own);
            let first = &kept;
            let bound = app.store.db.run_tx("identity-open", |tx| async move {
                attempts::save(&tx, &app.store.crypter, first).await
            });
            if !bound.await? {
                return Err(Fault::OtherBrowser);
            }
            // What is written next is written over what was just written.
            (kept, _) = find(app, ticket).await?;
        }
    }
    if matches!(kept.private.stage, Stage::Proven(_)) {
        let to = lead_back(app, &kept).await?.ok_or(Fault::OtherBrowser)?;
        return Ok(Redirect::to(&to).into_response());
    }
    let notice = kept.private.said.clone().map(|said| match said.as_str() {
        "prove-unavailable" => visit.prefs.lang.t("prove-unavailable"),
        _ => said,
    });
    let open = Open { ticket: ticket.to_owned(), browser, kept, way };
    let mut response = drawn(visit, &open, StatusCode::OK, notice, &[], None)?;
    if open.browser.is_new {
        open.browser.remember(app, &mut response);
    }
    Ok(response)
}

/// The page. `typed` is what stands in its fields.
fn drawn(
    visit: &Visit,
    open: &Open,
    status: StatusCode,
    notice: Option<String>,
    mends: &[Mend],
    typed: Option<&Posted>,
) -> Result<Response, Fault> {
    let mut view = view(visit, open)?;
    let whole = mends.iter().find(|mend| mend.field.is_empty()).map(|mend| mend.words.clone());
    view.notice = notice.or(whole);
    for field in &mut view.fields {
        field.fault = mends.iter().find(|mend| mend.field == field.name).map(|mend| mend.words.clone());
        if let Some(typed) = typed.filter(|_| !matches!(field.input, Input::File)) {
            field.value = typed.text(&field.name).chars().take(MAX_SHOWN).collect();
        }
    }
    let component = view.card.as_ref().and_then(|card| card.component.as_ref()).map(|c| c.address.clone());
    let mut response = page(status, &view, &Policy::personal());
    if let Some(address) = component.and_then(|address| url::Url::parse(&address).ok()) {
        allow_form(response.headers_mut(), &address.origin().ascii_serialization());
    }
    Ok(response)
}

/// So much of what was typed is shown again.
const MAX_SHOWN: usize = 200;

fn clock(at: Time) -> String {
    RocDateTime::new(at.to_timestamp()).time()
}

/// What is asked for, as far as the attempt is.
fn view(visit: &Visit, open: &Open) -> Result<OwnPage, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let method = verification_name(lang, open.kept.private.method);
    let chrome = views::chrome(app, visit.prefs, open.path(""));
    let mut view = OwnPage {
        title: i18n::t(lang, "prove-title", &[("method", method.into())]),
        lead: String::new(),
        notice: None,
        card: None,
        submit: open.form(app, ""),
        files: false,
        fields: Vec::new(),
        go: lang.t("prove-go"),
        again: None,
        cancel: open.form(app, "/cancel"),
        chrome,
    };
    match (open.own()?, &open.kept.private.stage) {
        (Own::Card(way), Stage::Card(at)) if way.asks_id() && at.typed.is_none() => {
            view.lead = lang.t("prove-card-id");
            view.fields = vec![id_field(lang)];
            view.go = lang.t("prove-next");
        }
        (Own::Card(way), Stage::Card(at)) => {
            view.lead = lang.t("prove-card-lead");
            view.files = true;
            view.fields = vec![
                Field::line(card::FILE, lang.t("prove-card-file"), 0).input(Input::File),
                Field::line(card::TEXT, lang.t("prove-card-text"), 0)
                    .input(Input::Area)
                    .hint(lang.t("prove-card-text.hint")),
            ];
            let component = way.component().map(|address| Component {
                address: address.to_string(),
                hidden: vec![
                    ("challenge", b64::standard(at.challenge.as_bytes())),
                    ("method", open.kept.private.method.code().to_owned()),
                    ("return_url", app.url(&open.path("/signed")).to_string()),
                    ("language", lang.tag().to_owned()),
                ],
            });
            let file = open.path("/challenge.txt");
            view.card = Some(CardPart { challenge: at.challenge.clone(), file, component });
        }
        (Own::Code, Stage::Code(code::At::Who)) => {
            view.lead = lang.t("prove-code-lead");
            view.fields = vec![
                id_field(lang),
                Field::line("birthdate", lang.t("prove-birthdate"), 20)
                    .input(Input::Line { numeric: false, complete: "bday", max: 20 })
                    .hint(lang.t("prove-birthdate.hint")),
                channels(app, lang),
            ];
            view.go = lang.t("prove-code-send");
        }
        (Own::Code, Stage::Code(code::At::Code(asked))) => {
            let key = match asked.channel {
                Channel::Mail => "prove-code-sent-mail",
                Channel::Sms => "prove-code-sent-sms",
            };
            view.lead = lang.t(key);
            let until = i18n::t(lang, "prove-code.hint", &[("at", clock(asked.until()).into())]);
            view.fields = vec![
                Field::line("code", lang.t("prove-code"), 20)
                    .input(Input::Line { numeric: true, complete: "one-time-code", max: 20 })
                    .hint(until),
            ];
            view.again = Some(open.form(app, "/again"));
        }
        (Own::Service(way), Stage::Service(_)) => {
            view.lead = lang.t("prove-service-lead");
            view.fields = way.fields(lang);
        }
        // What carries the method out was changed while the attempt ran.
        _ => return Err(Fault::OtherBrowser),
    }
    Ok(view)
}

fn id_field(lang: Lang) -> Field {
    Field::line("id", lang.t("prove-id"), 20).hint(lang.t("prove-id.hint"))
}

fn channels(app: &App, lang: Lang) -> Field {
    let mut choices = vec![(Channel::Mail.as_str().to_owned(), lang.t("prove-channel-mail"))];
    if app.texts.is_there() {
        choices.push((Channel::Sms.as_str().to_owned(), lang.t("prove-channel-sms")));
    }
    let mut field = Field::line("channel", lang.t("prove-channel"), 0).input(Input::Choice(choices));
    field.value = Channel::Mail.as_str().to_owned();
    field
}

/// `POST /identity/prove/{ticket}`.
pub async fn submit(Path(ticket): Path<String>, form: OwnForm) -> Response {
    let answer = submitted(&form, &ticket).await;
    form.visit.or_fault(answer)
}

/// What a form asks to be judged.
enum Try {
    Card(Vec<u8>),
    Code(OneTimeCode),
    Service(crate::identity::service::Typed),
}

async fn submitted(form: &OwnForm, ticket: &str) -> Result<Response, Fault> {
    let open = posted(form, ticket).await?;
    let (visit, fields) = (&form.visit, &form.posted);
    let (app, lang) = (&visit.app, visit.prefs.lang);
    limited(visit)?;
    let mend =
        |mends: &[Mend]| drawn(visit, &open, StatusCode::UNPROCESSABLE_ENTITY, None, mends, Some(fields));
    let (tried, citizen) = match (open.own()?, &open.kept.private.stage) {
        (Own::Card(way), Stage::Card(at)) if way.asks_id() && at.typed.is_none() => {
            let Ok(uid) = fields.text("id").parse::<PersonalId>() else {
                return mend(&[Mend::new("id", lang.t("prove-id.bad"))]);
            };
            let typed = Some(uid.expose().to_owned());
            return go_on(visit, &open, Stage::Card(card::At { typed, ..at.clone() })).await;
        }
        (Own::Card(_), Stage::Card(at)) => {
            let file = fields.file(card::FILE).map(|file| file.bytes.to_vec());
            let came = file.or_else(|| Some(fields.text(card::TEXT).as_bytes().to_vec()));
            let came = came.filter(|bytes| !bytes.is_empty());
            let Some(message) = came.as_deref().and_then(card::read) else {
                let key = if came.is_some() { "prove-card-form" } else { "prove-card-missing" };
                let field = if fields.file(card::FILE).is_some() { card::FILE } else { card::TEXT };
                return mend(&[Mend::new(field, lang.t(key))]);
            };
            (Try::Card(message), at.typed.as_deref().and_then(|typed| citizen_of(app, typed)))
        }
        (Own::Code, Stage::Code(code::At::Who)) => {
            return match code::read(app, fields, lang) {
                Ok(asked) => asked_for(visit, &open, &asked, Some(fields)).await,
                Err(mends) => mend(&mends),
            };
        }
        (Own::Code, Stage::Code(code::At::Code(asked))) => {
            let text = fields.text("code");
            let Some(typed) = OneTimeCode::read(text) else {
                let key = if text.is_empty() { "prove-code.missing" } else { "prove-code.form" };
                return mend(&[Mend::new("code", lang.t(key))]);
            };
            (Try::Code(typed), Some(asked.citizen.clone()))
        }
        (Own::Service(way), Stage::Service(_)) => match way.read(app, fields, lang) {
            Ok(typed) => {
                let citizen = typed.citizen.clone();
                (Try::Service(typed), citizen)
            }
            Err(mends) => return mend(&mends),
        },
        _ => return Err(Fault::OtherBrowser),
    };
    let citizen = citizen.as_deref();
    let counted = match count(app, &open.kept, citizen).await? {
        Counted::Yes(counted) => counted,
        Counted::Closed(until) => return closed(visit, &open, until),
        Counted::Over => return Err(Fault::OtherBrowser),
    };
    let judged = judge(visit, &open, tried).await?;
    let concluded = conclude(app, &open.kept, (&counted, citizen), judged, (visit.from, true)).await?;
    match concluded {
        Concluded::Go(to) => Ok(Redirect::to(&to).into_response()),
        Concluded::Later => {
            let notice = Some(lang.t("prove-unavailable"));
            drawn(visit, &open, StatusCode::BAD_GATEWAY, notice, &[], None)
        }
        Concluded::Again(mends, left) => {
            let mends: Vec<_> = mends
                .into_iter()
                .map(|mend| match &open.kept.private.stage {
                    // Its code says for itself how often.
                    Stage::Code(_) => mend,
                    _ => {
                        let words = i18n::t(lang, "prove-left", &[("left", left.into())]);
                        Mend { words: format!("{}{}{words}", mend.words, lang.pick("", Some(" "))), ..mend }
                    }
                })
                .collect();
            let (kept, way) = find(app, ticket).await?;
            let open = Open { kept, way, ..open };
            drawn(visit, &open, StatusCode::UNPROCESSABLE_ENTITY, None, &mends, None)
        }
        Concluded::Over => Err(Fault::OtherBrowser),
    }
}

fn citizen_of(app: &App, typed: &str) -> Option<String> {
    let uid: PersonalId = typed.parse().ok()?;
    let nobody = mydata_domain::transaction::person::Person::new(&uid, String::new(), String::new());
    Some(mydata_store::repo::citizens::index(&app.store.crypter, &nobody))
}

async fn judge(visit: &Visit, open: &Open, tried: Try) -> Result<Judged, Fault> {
    let (app, lang, running) = (&visit.app, visit.prefs.lang, &open.kept.private);
    match (open.own()?, &running.stage, tried) {
        (Own::Card(way), Stage::Card(at), Try::Card(message)) => {
            Ok(way.judge(app, running.method, at, &message, lang).await?)
        }
        (Own::Code, Stage::Code(_), Try::Code(typed)) => {
            Ok(code::judge(app, &open.kept, running.method, &typed, lang).await?)
        }
        (Own::Service(way), Stage::Service(at), Try::Service(typed)) => {
            Ok(way.judge(running.method, at, &typed, lang).await)
        }
        _ => Err(Fault::OtherBrowser),
    }
}

/// So many proofs are tried from one address.
fn limited(visit: &Visit) -> Result<(), Fault> {
    visit.app.proof_limit.take(subscriber(visit.from), visit.app.now()).map_err(Fault::TooMany)
}

fn closed(visit: &Visit, open: &Open, until: Time) -> Result<Response, Fault> {
    let notice = i18n::t(visit.prefs.lang, "prove-closed", &[("at", clock(until).into())]);
    drawn(visit, open, StatusCode::TOO_MANY_REQUESTS, Some(notice), &[], None)
}

async fn go_on(visit: &Visit, open: &Open, stage: Stage) -> Result<Response, Fault> {
    let app = &visit.app;
    let mut kept = open.kept.clone();
    kept.private.stage = stage;
    let kept = &kept;
    let saved = app
        .store
        .db
        .run_tx("identity-go-on", |tx| async move { attempts::save(&tx, &app.store.crypter, kept).await });
    saved.await?;
    Ok(Redirect::to(&open.path("")).into_response())
}

async fn asked_for(
    visit: &Visit,
    open: &Open,
    asked: &code::Asked,
    typed: Option<&Posted>,
) -> Result<Response, Fault> {
    match code::ask(&visit.app, &open.kept, asked).await? {
        Asking::Done => Ok(Redirect::to(&open.path("")).into_response()),
        Asking::Over => Err(Fault::OtherBrowser),
        Asking::Closed(until) => {
            let notice = i18n::t(visit.prefs.lang, "prove-closed", &[("at", clock(until).into())]);
            drawn(visit, open, StatusCode::TOO_MANY_REQUESTS, Some(notice), &[], typed)
        }
    }
}

/// `POST /identity/prove/{ticket}/again`.
pub async fn again(Path(ticket): Path<String>, form: OwnForm) -> Response {
    let answer = asked_again(&form, &ticket).await;
    form.visit.or_fault(answer)
}

async fn asked_again(form: &OwnForm, ticket: &str) -> Result<Response, Fault> {
    let open = posted(form, ticket).await?;
    let visit = &form.visit;
    limited(visit)?;
    let Stage::Code(code::At::Code(asked)) = &open.kept.private.stage else {
        return Err(Fault::OtherBrowser);
    };
    let now = visit.app.now();
    if now < asked.again_at() {
        let seconds = now.until(asked.again_at()).as_secs().max(1);
        let notice = i18n::t(visit.prefs.lang, "prove-code-early", &[("seconds", seconds.into())]);
        return drawn(visit, &open, StatusCode::TOO_MANY_REQUESTS, Some(notice), &[], None);
    }
    asked_for(visit, &open, asked, None).await
}

/// `POST /identity/prove/{ticket}/cancel`.
pub async fn cancel(Path(ticket): Path<String>, form: OwnForm) -> Response {
    let answer = async {
        let open = posted(&form, &ticket).await?;
        let (app, id) = (&form.visit.app, open.kept.id.as_str());
        app.store.db.run_tx("identity-cancel", |tx| async move { attempts::end(&tx, id).await }).await?;
        Ok(Redirect::to(&back(&open.kept.private, ("error", "access_denied"))).into_response())
    };
    form.visit.or_fault(answer.await)
}

/// `GET /identity/prove/{ticket}/challenge.txt`: what is to be signed, as a file.
pub async fn challenge(visit: Visit, Path(ticket): Path<String>) -> Response {
    let answer = async {
        let app = &visit.app;
        let (kept, _) = find(app, &ticket).await?;
        let browser = Browser::known(&DOOR, app, &visit.headers).ok_or(Fault::OtherBrowser)?;
        if !is_of(app, &kept, &browser) {
            return Err(Fault::OtherBrowser);
        }
        let Stage::Card(at) = kept.private.stage else { return Err(Fault::NotFound) };
        let mut response = at.challenge.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers
            .insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"challenge.txt\""));
        Ok(response)
    };
    visit.or_fault(answer.await)
}

/// `POST /identity/prove/{ticket}/signed`: the browser comes from the citizen's card component, which is another site: it
/// brings no cookie. What was signed is judged; the browser is led on by the page, which it has to own.
pub async fn signed(visit: Visit, Path(ticket): Path<String>, request: Request) -> Response {
    let answer = came_signed(&visit, &ticket, request).await;
    visit.or_fault(answer)
}

async fn came_signed(visit: &Visit, ticket: &str, request: Request) -> Result<Response, Fault> {
    let app = &visit.app;
    let (kept, way) = find(app, ticket).await?;
    limited(visit)?;
    let Some(Own::Card(card_way)) = way.own() else { return Err(Fault::NotFound) };
    let component = card_way.component().ok_or(Fault::NotFound)?.origin().ascii_serialization();
    let (parts, body) = request.into_parts();
    if parts.headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() != component.as_bytes()) {
        return Err(Fault::FormExpired);
    }
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let body = axum::body::to_bytes(body, MAX_FORM).await.map_err(|_| Fault::FormExpired)?;
    let fields = Posted::read(kind, &body).map_err(|_| Fault::FormExpired)?;
    let onward = || {
        let to = app.url(&format!("{PATH}/{ticket}"));
        let chrome = views::chrome(app, visit.prefs, format!("{PATH}/{ticket}"));
        let view = OnwardPage { chrome, to: Destination::Identity, url: to.into() };
        Ok(page(StatusCode::OK, &view, &Policy::personal()))
    };
    let Stage::Card(at) = &kept.private.stage else { return onward() };
    let Some(message) = card::read(fields.text(card::TEXT).as_bytes()) else { return onward() };
    let citizen = at.typed.as_deref().and_then(|typed| citizen_of(app, typed));
    let citizen = citizen.as_deref();
    let counted = match count(app, &kept, citizen).await? {
        Counted::Yes(counted) => counted,
        Counted::Closed(_) | Counted::Over => return onward(),
    };
    let (method, lang) = (kept.private.method, visit.prefs.lang);
    let judged = card_way.judge(app, method, at, &message, lang).await?;
    match conclude(app, &kept, (&counted, citizen), judged, (visit.from, false)).await? {
        // Over by too many tries: whoever began it is told.
        Concluded::Go(to) if to.contains("error=") => {
            let chrome = views::chrome(app, visit.prefs, "/".to_owned());
            let url = app.url(&to).into();
            Ok(page(
                StatusCode::OK,
                &OnwardPage { chrome, to: Destination::Identity, url },
                &Policy::personal(),
            ))
        }
        _ => onward(),
    }
}
