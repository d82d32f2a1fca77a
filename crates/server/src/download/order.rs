//! `/download`: what is asked for, what is to be filled in, the terms, and the method of proof that the strictest dataset needs
//! (R70–R72). Whoever is logged in by a weaker one proves who they are once more, and finds the form as they left it.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::dataset::DatasetState;
use mydata_domain::parameter::{BadValue, ParameterKey};
use mydata_domain::transaction::own::{CounterCase, MOST, Order};
use mydata_domain::{Dataset, maintenance, method};
use mydata_store::repo::downloads;
use mydata_wire::{ResourceId, Verification};
use url::form_urlencoded::Serializer;

use super::pick::{self, BadChoice, chosen};
use super::view::{Names, path};
use crate::backoffice::posted::Posted;
use crate::citizen::form::CitizenForm;
use crate::citizen::next;
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::download;
use crate::portal::apply;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, query, shelf};
use crate::web::consent::param_name;
use crate::web::{
    Chrome, DatasetView, FormTarget, Policy, RocDateTime, i18n, page, prefs, verification_name,
};

/// Where.
pub const PATH: &str = "/download";
/// Where language and text size are chosen on it.
pub const PREFERENCES: &str = "/download/preferences";
/// The most datasets of a case; a counter service names them, not the citizen.
const MOST_OF_CASE: usize = 50;
/// Downloads of one citizen that may be collected or held at a time.
const AT_ONCE: u64 = 20;

/// The page that asks for data.
#[derive(Template)]
#[template(path = "download/order.html")]
pub struct OrderPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What is to be mended: where, and what.
    pub mends: Vec<(String, String)>,
    /// What was filled in before a login is back.
    pub kept: bool,
    /// Why nothing can be asked for now.
    pub barred: Vec<String>,
    /// The datasets.
    pub datasets: Vec<DatasetView>,
    /// Where others are chosen with them.
    pub change: String,
    /// The case that it is for: in words, and as it is posted.
    pub case: Option<(String, CounterCase)>,
    /// How the citizen proved who they are, and whether that is enough.
    pub method: (String, bool),
    /// What the strictest dataset needs.
    pub needed: String,
    /// Whether the box is ticked.
    pub terms: bool,
    /// Whether it is missing.
    pub terms_missing: bool,
    /// Hours that a complete download is held.
    pub hours: u64,
    /// The form.
    pub submit: FormTarget,
}

/// What an address or a form names: datasets, and the case of a counter service that they are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The datasets.
    pub ids: Vec<ResourceId>,
    /// The case.
    pub case: Option<CounterCase>,
}

impl Wish {
    /// Of the pairs of an address or a form. A counter service that is none names no case that there is.
    fn read(pairs: &[(String, String)]) -> Result<Self, Fault> {
        let value =
            |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let case = match (value("counter"), value("case")) {
            (Some(service), Some(case)) => Some(CounterCase {
                service: service.parse().map_err(|_| Fault::NotFound)?,
                case: case.to_owned(),
            }),
            _ => None,
        };
        let most = if case.is_some() { MOST_OF_CASE } else { MOST };
        Ok(Self { ids: chosen(pairs, most), case })
    }

    /// The address of the page that asks for it.
    pub fn address(&self) -> String {
        let mut pairs = Serializer::new(String::new());
        if let Some(case) = &self.case {
            pairs.append_pair("counter", &case.service.to_string()).append_pair("case", &case.case);
        }
        for id in &self.ids {
            pairs.append_pair("dataset", id.as_str());
        }
        format!("{PATH}?{}", pairs.finish())
    }
}

/// What is asked for.
struct Asked<'c> {
    datasets: Vec<&'c Dataset>,
    weakest: Verification,
    wish: Wish,
    /// Service and case in words, and where the datasets of the case are chosen.
    case: Option<(String, String)>,
}

/// What is asked for; datasets and counter services that this citizen cannot see do not exist.
fn asked<'c>(
    visit: &Visit,
    wish: Wish,
    shelf: crate::portal::shelf::Shelf<'c>,
) -> Result<Result<Asked<'c>, BadChoice>, Fault> {
    let ids = &wish.ids;
    let mut case_words = None;
    if let Some(asked) = &wish.case {
        let service = shelf.counter_service(asked.service).ok_or(Fault::NotFound)?;
        let case = service.case(&asked.case).ok_or(Fault::NotFound)?;
        if let Err(bad) = case.check(ids) {
            return Ok(Err(BadChoice::Case(bad)));
        }
        let lang = visit.prefs.lang;
        let words = [
            ("service", lang.pick(&service.name, Some(&service.name_en)).into()),
            ("case", lang.pick(&case.name, Some(&case.name_en)).into()),
        ];
        case_words = Some((i18n::t(lang, "download-case", &words), apply::address(asked)));
    } else if ids.len() > MOST {
        return Ok(Err(BadChoice::TooMany));
    }
    let datasets: Vec<&Dataset> = ids.iter().filter_map(|id| shelf.dataset(id)).collect();
    if datasets.len() != ids.len() {
        return Err(Fault::NotFound);
    }
    let Some(strictest) = method::strictest(datasets.iter().copied()) else {
        return Ok(Err(BadChoice::None));
    };
    if datasets.iter().any(|d| d.zone != strictest.zone) {
        return Ok(Err(BadChoice::Zones));
    }
    Ok(Ok(Asked { weakest: strictest.weakest_verification, datasets, wish, case: case_words }))
}

/// `GET /download`.
pub async fn show(visit: Visit, citizen: Option<Citizen>) -> Response {
    let answer = shown(&visit, citizen).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: Option<Citizen>) -> Result<Response, Fault> {
    let pairs = query(&visit.here);
    let has = |wanted: &str| pairs.iter().any(|(name, _)| name == wanted);
    let wish = Wish::read(&pairs)?;
    if wish.case.is_none() && (has("pick") || (wish.ids.is_empty() && !has("go"))) {
        return pick::show(visit, None).await;
    }
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let (case, chosen) = (wish.case.clone(), wish.ids.clone());
    let asked = match (asked(visit, wish, shelf(visit, &catalogue, &system))?, case) {
        (Ok(asked), _) => asked,
        (Err(BadChoice::Case(bad)), Some(case)) => {
            return apply::show_choice(visit, &case, &chosen, Some(bad)).await;
        }
        (Err(bad), _) => return pick::show(visit, Some(bad)).await,
    };
    let Some(citizen) = citizen else {
        // Whoever logs in for this does so by a method that is enough.
        let login = next::to_login(&asked.wish.address(), &[("needs", asked.weakest.code())]);
        return Ok(Redirect::to(&login).into_response());
    };
    let kept = citizen.kept_form(&visit.app, &visit.here, PATH).await?;
    let form = kept.as_ref().filter(|form| Wish::read(&form.fields).is_ok_and(|wish| wish == asked.wish));
    view(visit, &citizen, &asked, form, &HashMap::new(), false, form.is_some(), StatusCode::OK).await
}

/// Why a dataset cannot be asked for now.
async fn barred(visit: &Visit, asked: &Asked<'_>) -> Result<Vec<String>, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let (system, now) = (app.system().await?, app.now());
    let at = |at: mydata_domain::Time| RocDateTime::new(at.to_timestamp()).date_time(lang);
    let mut barred = Vec::new();
    for dataset in &asked.datasets {
        let name = lang.pick(&dataset.name, Some(&dataset.name_en)).to_owned();
        let window = maintenance::of_dataset(&system.windows, &dataset.resource_id, now);
        let text = match (dataset.state, window) {
            (_, Some((_, occurrence))) => {
                let until = at(occurrence.until);
                i18n::t(lang, "download-barred.until", &[("dataset", name.into()), ("until", until.into())])
            }
            (DatasetState::Listed, None) => continue,
            (DatasetState::Failing, None) => {
                i18n::t(lang, "download-barred.failing", &[("dataset", name.into())])
            }
            (_, None) => i18n::t(lang, "download-barred.maintenance", &[("dataset", name.into())]),
        };
        barred.push(text);
    }
    Ok(barred)
}

#[allow(clippy::too_many_arguments, reason = "one page, once with what is wrong with it")]
async fn view(
    visit: &Visit,
    citizen: &Citizen,
    asked: &Asked<'_>,
    form: Option<&Posted>,
    faults: &HashMap<(ResourceId, ParameterKey), BadValue>,
    terms_missing: bool,
    kept: bool,
    status: StatusCode,
) -> Result<Response, Fault> {
    if let Some(occurrence) = visit.app.maintenance().await? {
        return Err(Fault::maintenance(occurrence));
    }
    let lang = visit.prefs.lang;
    let catalogue = visit.app.catalogue().await?;
    let names = Names { catalogue: &catalogue, lang };
    let datasets: Vec<DatasetView> = asked
        .datasets
        .iter()
        .map(|dataset| {
            let id = &dataset.resource_id;
            names.view(
                dataset,
                |p| Some(form?.raw(&param_name(id, p.key.as_str())).unwrap_or_default().to_owned()),
                |p| faults.get(&(id.clone(), p.key.clone())).copied(),
            )
        })
        .collect();
    let mut mends: Vec<(String, String)> = datasets.iter().flat_map(|d| d.mends(lang)).collect();
    if terms_missing {
        mends.push(("terms".to_owned(), lang.t("terms-missing")));
    }
    let mut frame = match &asked.case {
        None => Frame::new(visit, Area::Datasets, lang.t("download-order"))
            .below(lang.t("portal-datasets"), "/datasets"),
        Some(_) => Frame::new(visit, Area::CounterServices, lang.t("download-order"))
            .below(lang.t("portal-counter-services"), "/counter-services"),
    };
    frame.chrome.here = asked.wish.address();
    frame.chrome.carry = Some(PREFERENCES.to_owned());
    let view = OrderPage {
        chrome: frame.chrome.clone(),
        frame,
        mends,
        kept,
        barred: barred(visit, asked).await?,
        datasets,
        change: match &asked.case {
            None => format!("{}&pick=1", asked.wish.address()),
            Some((_, change)) => change.clone(),
        },
        case: asked
            .case
            .as_ref()
            .zip(asked.wish.case.clone())
            .map(|((words, _), case)| (words.clone(), case)),
        method: (verification_name(lang, citizen.verification), citizen.satisfies(asked.weakest)),
        needed: verification_name(lang, asked.weakest),
        terms: form.is_some_and(|form| form.ticked("terms")),
        terms_missing,
        hours: visit.app.config.policy.download_life.0.as_secs().div_ceil(3_600),
        submit: citizen.form(&visit.app, PATH),
    };
    Ok(page(status, &view, &Policy::personal()))
}

/// `POST /download`.
pub async fn submit(visit: Visit, form: CitizenForm) -> Response {
    let answer = submitted(&visit, &form).await;
    visit.or_fault(answer)
}

async fn submitted(visit: &Visit, form: &CitizenForm) -> Result<Response, Fault> {
    let (citizen, posted, app) = (&form.citizen, &form.posted, &visit.app);
    if let Some(occurrence) = app.maintenance().await? {
        return Err(Fault::maintenance(occurrence));
    }
    let wish = Wish::read(&posted.fields)?;
    let (catalogue, system) = (app.catalogue().await?, app.system().await?);
    let back = format!("{}&go=1", wish.address());
    let Ok(asked) = asked(visit, wish, shelf(visit, &catalogue, &system))? else {
        return Ok(Redirect::to(&back).into_response());
    };
    let mut parameters: BTreeMap<ResourceId, BTreeMap<ParameterKey, String>> = BTreeMap::new();
    let mut faults = HashMap::new();
    for dataset in &asked.datasets {
        let id = &dataset.resource_id;
        for parameter in &dataset.parameters {
            let given = posted.raw(&param_name(id, parameter.key.as_str()));
            match parameter.read(given) {
                Ok(Some(value)) => {
                    parameters.entry(id.clone()).or_default().insert(parameter.key.clone(), value);
                }
                Ok(None) => {}
                Err(fault) => {
                    faults.insert((id.clone(), parameter.key.clone()), fault);
                }
            }
        }
    }
    let terms_missing = !posted.ticked("terms");
    if terms_missing || !faults.is_empty() || !barred(visit, &asked).await?.is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return view(visit, citizen, &asked, Some(posted), &faults, terms_missing, false, status).await;
    }
    if !citizen.satisfies(asked.weakest) {
        citizen.keep_form(app, PATH, posted).await?;
        return Ok(Citizen::step_up(asked.weakest, &next::with_kept(&asked.wish.address())));
    }
    if downloads::running(&app.store.db, &citizen.index).await? >= AT_ONCE {
        return Ok(Redirect::to(&format!("{}?full=1", super::list::PATH)).into_response());
    }
    let zone = asked.datasets[0].zone;
    let Wish { ids, case } = asked.wish;
    let order = Order { zone, resources: ids, parameters, case };
    let id = download::begin(app, &order, &citizen.person, citizen.verification, visit.from).await?;
    Ok(Redirect::to(&path(id, "")).into_response())
}

/// `POST /download/preferences`: language or text size; what is filled in stands there again afterwards.
pub async fn preferences(visit: Visit, form: CitizenForm) -> Response {
    let CitizenForm { citizen, posted } = &form;
    let back = match Wish::read(&posted.fields) {
        Ok(wish) => next::with_kept(&wish.address()),
        Err(fault) => return visit.fault(&fault),
    };
    match citizen.keep_form(&visit.app, PATH, posted).await {
        Ok(()) => prefs::choose(posted.raw("lang"), posted.raw("size"), &back, visit.app.secure()),
        Err(error) => visit.fault(&error.into()),
    }
}
