//! The form of ① and ②: terms ticked, method chosen, parameters filled in (R70, R71).

use std::collections::HashMap;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mydata_domain::Dataset;
use mydata_domain::parameter::{BadValue, Parameter};
use mydata_domain::transaction::State;
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::transactions::Kept;
use mydata_wire::{ResourceId, Verification};

use super::callback;
use super::decide::onward;
use super::fault::Fault;
use super::show::closed;
use super::views::Scene;
use super::visit::{Visit, field};
use crate::backoffice::front_test::citizen;
use crate::flow::identify::{self, Draft, Parameters};
use crate::web::consent::{MethodFault, param_name};
use crate::web::{
    ConsentErrors, Destination, IdentityErrorPage, IdentityFault, MethodState, Policy, page, prefs,
};

/// A posted form.
pub type Posted = Result<Form<Vec<(String, String)>>, FormRejection>;

/// `POST /exchange/{id}/authorise`.
pub async fn authorise(visit: Visit, Path(id): Path<String>, form: Posted) -> Response {
    let answer = match form {
        Ok(Form(form)) => begun(&visit, &id, &form).await,
        Err(_) => Err(Fault::FormExpired),
    };
    visit.or_fault(answer)
}

async fn begun(visit: &Visit, id: &str, form: &[(String, String)]) -> Result<Response, Fault> {
    let mut kept = visit.posted(id, form).await?;
    if !matches!(kept.transaction.state, State::Entered) {
        return Ok(Redirect::to(&format!("/exchange/{id}")).into_response());
    }
    visit.touch(&mut kept).await?;
    let catalogue = visit.app.catalogue().await?;
    if !kept.transaction.client_id().is_some_and(|id| catalogue.is_listed(id)) {
        // The page says so, and ends the exchange.
        return Ok(Redirect::to(&format!("/exchange/{id}")).into_response());
    }
    let scene = Scene {
        app: &visit.app,
        kept: &kept,
        catalogue: &catalogue,
        prefs: visit.prefs,
        now: visit.app.now(),
    };

    let draft = filled_in(&kept, &catalogue, form);
    if let Some(fault) = closed(&scene).await? {
        // What is filled in stands there again afterwards.
        identify::keep_draft(&visit.app, kept.transaction.id, &draft).await?;
        return Err(fault);
    }
    let mut parameters = Parameters::new();
    let mut faults: HashMap<(ResourceId, String), BadValue> = HashMap::new();
    for (dataset, parameter) in asked(&kept, &catalogue) {
        let id = &dataset.resource_id;
        match parameter.read(field(form, &param_name(id, parameter.key.as_str()))) {
            Ok(Some(value)) => {
                parameters.entry(id.clone()).or_default().insert(parameter.key.clone(), value);
            }
            Ok(None) => {}
            Err(fault) => {
                faults.insert((id.clone(), parameter.key.as_str().to_owned()), fault);
            }
        }
    }
    let methods = scene.methods(draft.method);
    let offered = methods.iter().any(|m| m.chosen && m.state == MethodState::Offered);
    let errors = ConsentErrors {
        terms: !draft.terms,
        method: match (draft.method, offered) {
            (None, _) => Some(MethodFault::Missing),
            (Some(_), false) => Some(MethodFault::NotOffered),
            (Some(_), true) => None,
        },
    };
    let method = match draft.method {
        Some(method) if errors == ConsentErrors::default() && faults.is_empty() => method,
        _ => {
            let view = scene.consent(&draft, &faults, errors);
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view, &Policy::personal()));
        }
    };
    if citizen::stands_in(&visit.app, &kept, method) {
        let id = kept.transaction.id;
        let outcome =
            identify::as_test_citizen(&visit.app, id, method, &parameters, &kept.browser, visit.from).await?;
        return callback::landed(visit, &kept, outcome).await;
    }
    let lang = visit.prefs.lang.tag();
    match identify::begin(&visit.app, kept.transaction.id, method, parameters, &draft, lang).await? {
        Ok(redirect) => Ok(onward(&scene, Destination::Identity, redirect.as_str())),
        Err(_) => Ok(identity_error(&scene, method, IdentityFault::Unavailable)),
    }
}

/// The parameters that the exchange's datasets ask for.
fn asked<'c>(
    kept: &Kept,
    catalogue: &'c Catalogue,
) -> impl Iterator<Item = (&'c Dataset, &'c Parameter)> + use<'c> {
    let ids: Vec<_> = kept.transaction.parts.iter().map(|p| p.resource_id.clone()).collect();
    let datasets = ids.into_iter().filter_map(|id| catalogue.datasets.get(&id)).map(|d| &d.dataset);
    datasets.flat_map(|d| d.parameters.iter().map(move |p| (d, p)))
}

/// What the citizen has filled in so far, right or wrong.
fn filled_in(kept: &Kept, catalogue: &Catalogue, form: &[(String, String)]) -> Draft {
    let mut draft = Draft::default();
    draft.terms = field(form, "terms") == Some("yes");
    draft.method = field(form, "method").and_then(|m| m.parse().ok());
    for (dataset, parameter) in asked(kept, catalogue) {
        let value = field(form, &param_name(&dataset.resource_id, parameter.key.as_str()));
        draft.fill(&dataset.resource_id, parameter.key.as_str(), value.unwrap_or_default());
    }
    draft
}

/// `POST /exchange/{id}/preferences`: language or text size, chosen on the page of ① and ②. What is filled in there
/// travels along, and stands there again afterwards.
pub async fn preferences(visit: Visit, Path(id): Path<String>, form: Posted) -> Response {
    let answer = match form {
        Ok(Form(form)) => kept_for_later(&visit, &id, &form).await,
        Err(_) => Err(Fault::FormExpired),
    };
    visit.or_fault(answer)
}

async fn kept_for_later(visit: &Visit, id: &str, form: &[(String, String)]) -> Result<Response, Fault> {
    let mut kept = visit.posted(id, form).await?;
    if matches!(kept.transaction.state, State::Entered) {
        visit.touch(&mut kept).await?;
        let catalogue = visit.app.catalogue().await?;
        identify::keep_draft(&visit.app, kept.transaction.id, &filled_in(&kept, &catalogue, form)).await?;
    }
    let back = format!("/exchange/{id}");
    Ok(prefs::choose(field(form, "lang"), field(form, "size"), &back, visit.app.secure()))
}

/// The page that says why there is no identity.
pub fn identity_error(scene: &Scene<'_>, method: Verification, fault: IdentityFault) -> Response {
    let status = match fault {
        IdentityFault::Unavailable => StatusCode::BAD_GATEWAY,
        _ => StatusCode::OK,
    };
    let view = IdentityErrorPage {
        chrome: scene.chrome(),
        parties: scene.parties(),
        method,
        fault,
        again_url: scene.path(""),
        refuse: scene.form("/refuse"),
    };
    page(status, &view, &Policy::personal())
}
