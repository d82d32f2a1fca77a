//! The page of front tests: what will be tried, the test that goes on step by step, and those before.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use mydata_domain::Zone;
use mydata_domain::front_test::{self, Step};
use mydata_domain::item::Kind;
use mydata_store::repo::front_tests::{self, FrontTest};
use mydata_store::repo::items::Kept;
use mydata_store::repo::transactions::Which;

use super::words::{self, StepView};
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::front_test as flow;
use crate::backoffice::flow::{ActError, By};
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::item::{load, name, path, record};
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::field::Field;
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::RocDateTime;

/// The field for the service's own transaction.
const TX_ID: &str = "tx_id";
/// How many earlier tests are shown.
const SHOWN: u32 = 10;

/// A test.
pub struct TestView {
    /// When it began.
    pub title: String,
    /// How it went.
    pub chip: Chip,
    /// Step by step.
    pub steps: Vec<StepView>,
    /// Where the citizen's pages are, while it goes on.
    pub pages: Option<Link>,
    /// Ends it.
    pub end: Option<Form>,
}

/// The page.
#[derive(Template)]
#[template(path = "backoffice/front_test.html")]
pub struct FrontTestPage {
    /// The frame.
    pub frame: Frame,
    /// What it is for.
    pub lead: String,
    /// Why it cannot be begun, or what happened.
    pub notices: Vec<Notice>,
    /// What is registered in the test zone.
    pub facts: Option<Facts>,
    /// What will be filled in already.
    pub values: Option<Facts>,
    /// Begins a test.
    pub begin: Option<Form>,
    /// The test that goes on.
    pub now: Option<TestView>,
    /// The tests before, latest first.
    pub earlier: Vec<TestView>,
    /// This page again.
    pub again: String,
}

/// Where the page of an item is.
pub fn address(item: mydata_domain::item::ItemId) -> String {
    format!("{}/front-test", path(item))
}

/// Whether an item can be tried: it has a record in the test zone, and is no counter service, whose citizens stand at a counter.
pub fn can_be_tried(kept: &Kept) -> bool {
    kept.kind != Kind::CounterService && kept.test_record.is_some()
}

/// `GET /items/{id}/front-test`.
pub async fn show(visit: Visit) -> Answer {
    let kept = load(&visit).await?;
    page(&visit, &kept, None, StatusCode::OK).await
}

/// `POST /items/{id}/front-test`.
pub async fn submit(visit: Visit) -> Answer {
    let kept = load(&visit).await?;
    let by = By::visitor(&visit)?;
    if visit.posted.text("do") == "end" {
        let test = visit.posted.text("test").parse().map_err(|_| Fault::NotFound)?;
        flow::end(&visit.app, &by, kept.id, test).await.map_err(Fault::from)?;
        return Ok(visit.go_saying(&address(kept.id), "said-front-test-ended", &kept.name));
    }
    let begun = match (kept.kind, visit.posted.text(TX_ID)) {
        (Kind::Service, typed) if !typed.is_empty() => match typed.parse() {
            Ok(tx_id) => flow::begin(&visit.app, &by, kept.id, Some(tx_id)).await,
            Err(_) => Err(ActError::NoEntry(mydata_domain::entry::Fault::TxId)),
        },
        _ => flow::begin(&visit.app, &by, kept.id, None).await,
    };
    match begun {
        Ok(way_in) => Ok(visit.go(&way_in)),
        Err(error) => match error.fault() {
            Ok(fault) => Err(fault),
            Err(error) => page(&visit, &kept, Some(error), StatusCode::CONFLICT).await,
        },
    }
}

async fn page(
    visit: &Visit,
    kept: &Kept,
    wrong: Option<ActError>,
    status: StatusCode,
) -> Result<Response, Fault> {
    let lang = visit.lang();
    let own = address(kept.id);
    let trail = vec![Crumb::new(name(visit, kept), path(kept.id))];
    let frame = visit.frame(visit.t("front-test"), trail);
    let mut notices = Vec::new();
    if let Some(error) = wrong {
        notices.push(Notice::new(Tone::Bad, error.words(lang)).titled(visit.t("front-test-not-begun")));
    }
    let tried = can_be_tried(kept);
    if !tried {
        let key =
            if kept.kind == Kind::CounterService { "front-test-counter" } else { "front-test-no-record" };
        notices.push(Notice::new(Tone::Warn, visit.t(key)));
    }
    let tests = front_tests::of_item(&visit.app.store.db, kept.id, SHOWN + 1).await?;
    let me = visit.me()?.account.id;
    let (mut now, mut earlier) = (None, Vec::new());
    for test in &tests {
        let mine = test.account == me;
        if test.ended_at.is_none() && mine && now.is_none() {
            now = Some(view(visit, test, &own, &frame.token).await?);
        } else if test.ended_at.is_some() && earlier.len() < SHOWN as usize {
            earlier.push(view(visit, test, &own, &frame.token).await?);
        }
    }
    let label = if now.is_some() { "front-test-begin-again" } else { "front-test-begin" };
    let begin = tried.then(|| {
        let mut form = Form::simple(lang, own.clone(), &frame.token, visit.t(label));
        form.buttons[0].value = "begin";
        if kept.kind == Kind::Service {
            form = form.with(
                Field::line(lang, TX_ID, visit.t("front-test-tx-id"))
                    .hint(visit.t("front-test-tx-id.how"))
                    .value(visit.posted.text(TX_ID))
                    .max(36)
                    .optional(),
            );
        }
        if now.is_some() {
            form.buttons[0].look = Look::Plain;
        }
        form
    });
    let lead = match kept.kind {
        Kind::Service => "front-test.service",
        _ => "front-test.dataset",
    };
    let view = FrontTestPage {
        lead: visit.t(lead),
        notices,
        facts: record::facts(visit, kept, Zone::Test).await?,
        values: values(visit, kept),
        begin,
        now,
        earlier,
        again: own,
        frame,
    };
    Ok(visit.page(status, &view))
}

/// The virtual values that stand in the citizen's form, and who the citizen is.
fn values(visit: &Visit, kept: &Kept) -> Option<Facts> {
    let id = kept.test_record.as_deref()?;
    let known = |id: &mydata_wire::ResourceId| visit.catalogue.datasets.get(id).map(|d| &d.dataset);
    let datasets: Vec<_> = match kept.kind {
        Kind::Dataset => id.parse().ok().as_ref().and_then(known).into_iter().collect(),
        Kind::Service => {
            let service = visit.catalogue.services.get(&id.parse().ok()?)?;
            service.service.datasets.iter().filter_map(known).collect()
        }
        Kind::CounterService => return None,
    };
    let app = &visit.app;
    let provider =
        app.config.sandbox && mydata_wire::Verification::ALL.into_iter().any(|v| app.methods.offers(v));
    let citizen = if provider { "front-test-citizen.provider" } else { "front-test-citizen.test" };
    let mut facts = Facts::default().text(visit.t("front-test-citizen"), visit.t(citizen));
    for dataset in datasets {
        for parameter in &dataset.parameters {
            let name = visit.lang().pick(&parameter.name, parameter.name_en.as_deref());
            let term = format!("{name} ({})", parameter.key.as_str());
            facts = match parameter.test_value.as_str() {
                "" => facts.cell(term, Cell::Nothing),
                value => facts.cell(term, Cell::Code(value.to_owned())),
            };
        }
    }
    Some(facts)
}

async fn view(visit: &Visit, test: &FrontTest, own: &str, token: &str) -> Result<TestView, Fault> {
    let lang = visit.lang();
    let exchange = match (test.ended_at, test.transaction) {
        (None, Some(id)) => crate::flow::look(&visit.app, Which::Id(id)).await.map_err(broken)?,
        _ => None,
    };
    let steps = flow::steps(test, exchange.as_ref().map(|kept| &kept.transaction));
    let at = |time: mydata_domain::Time| RocDateTime::new(time.to_timestamp()).date_time(lang);
    let goes_on = test.ended_at.is_none();
    Ok(TestView {
        title: at(test.began_at),
        chip: chip(visit, &steps, goes_on),
        steps: steps.iter().map(|step| words::step(visit, step)).collect(),
        pages: match (&exchange, front_test::is_over(&steps)) {
            (Some(kept), false) => {
                Some(Link::new(visit.t("front-test-pages"), format!("/exchange/{}", kept.transaction.id)))
            }
            _ => None,
        },
        end: goes_on.then(|| {
            let mut form = Form::simple(lang, own, token, visit.t("front-test-end"))
                .hide("test", test.id.to_string())
                .with(Notice::new(Tone::Calm, visit.t1("front-test-until", "at", at(test.ends_at))));
            form.buttons[0].value = "end";
            form
        }),
    })
}

fn broken(error: crate::flow::FlowError) -> Fault {
    match error {
        crate::flow::FlowError::Store(error) => Fault::Store(error),
        other => Fault::Broken(other.to_string()),
    }
}

/// How a test went, in a word.
fn chip(visit: &Visit, steps: &[Step], goes_on: bool) -> Chip {
    if front_test::is_whole(steps) {
        Chip::new(Colour::Green, visit.t("front-test-passed"))
    } else if front_test::has_failed(steps) {
        Chip::new(Colour::Red, visit.t("front-test-failed"))
    } else if goes_on {
        Chip::new(Colour::Amber, visit.t("front-test-now"))
    } else {
        Chip::new(Colour::Quiet, visit.t("front-test-stopped"))
    }
}
