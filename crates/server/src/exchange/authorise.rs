//! The form of ① and ②: terms ticked, method chosen, parameters filled in (R70, R71).

use std::collections::HashMap;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mydata_domain::parameter::BadValue;
use mydata_domain::transaction::State;
use mydata_wire::{ResourceId, Verification};

use super::fault::Fault;
use super::views::Scene;
use super::visit::{Visit, field};
use crate::flow::identify::{self, Parameters};
use crate::web::consent::{MethodFault, param_name};
use crate::web::{ConsentErrors, ConsentPage, IdentityErrorPage, IdentityFault, MethodState, page};

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
    let scene = Scene {
        app: &visit.app,
        kept: &kept,
        catalogue: &catalogue,
        prefs: visit.prefs,
        now: visit.app.now(),
    };

    let mut parameters = Parameters::new();
    let mut given: HashMap<(ResourceId, String), String> = HashMap::new();
    let mut faults: HashMap<(ResourceId, String), BadValue> = HashMap::new();
    for part in &kept.transaction.parts {
        let Some(dataset) = catalogue.datasets.get(&part.resource_id).map(|d| &d.dataset) else { continue };
        for parameter in &dataset.parameters {
            let at = (part.resource_id.clone(), parameter.key.as_str().to_owned());
            let value = field(form, &param_name(&part.resource_id, parameter.key.as_str()));
            given.insert(at.clone(), value.unwrap_or_default().to_owned());
            match parameter.read(value) {
                Ok(Some(value)) => {
                    parameters
                        .entry(part.resource_id.clone())
                        .or_default()
                        .insert(parameter.key.clone(), value);
                }
                Ok(None) => {}
                Err(fault) => {
                    faults.insert(at, fault);
                }
            }
        }
    }
    let ticked = field(form, "terms") == Some("yes");
    let chosen: Option<Verification> = field(form, "method").and_then(|m| m.parse().ok());
    let methods = scene.methods(chosen);
    let offered = methods.iter().any(|m| m.chosen && m.state == MethodState::Offered);
    let errors = ConsentErrors {
        terms: !ticked,
        method: match (chosen, offered) {
            (None, _) => Some(MethodFault::Missing),
            (Some(_), false) => Some(MethodFault::NotOffered),
            (Some(_), true) => None,
        },
    };
    let method = match chosen {
        Some(method) if errors == ConsentErrors::default() && faults.is_empty() => method,
        _ => {
            let view = ConsentPage {
                chrome: scene.chrome(),
                parties: scene.parties(),
                terms: scene.terms(),
                datasets: scene.dataset_views(&given, &faults),
                methods,
                terms_ticked: ticked,
                errors,
                submit: scene.form("/authorise"),
                refuse: scene.form("/refuse"),
            };
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view, &scene.policy()));
        }
    };
    match identify::begin(&visit.app, kept.transaction.id, method, parameters, visit.prefs.lang.tag()).await?
    {
        Ok(redirect) => Ok(Redirect::to(redirect.as_str()).into_response()),
        Err(_) => Ok(identity_error(&scene, method, IdentityFault::Unavailable)),
    }
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
    page(status, &view, &scene.policy())
}
