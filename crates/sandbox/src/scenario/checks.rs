//! What scenarios look at.

use std::time::Duration;

use mydata_sdk::sp::Return;
use mydata_wire::{ReturnCode, TxId};

use crate::dp::Dataset;
use crate::dp::document::{Document, Value};
use crate::personas::Persona;
use crate::record::Call;
use crate::sp::{Case, DatasetContent, Sp};

/// The calls of the SP-API about one transaction.
pub(super) fn notifications(sp: &Sp, tx_id: &TxId) -> Vec<Call> {
    let tx_id = tx_id.to_string();
    let ours = |call: &Call| {
        serde_json::from_slice::<serde_json::Value>(&call.body)
            .is_ok_and(|body| body["tx_id"] == tx_id.as_str())
    };
    sp.notifications().calls().into_iter().filter(ours).collect()
}

/// Waits until the data is there, or will not come.
pub(super) async fn outcome(sp: &Sp, tx_id: &TxId, at_most: Duration) -> Result<Case, String> {
    let case = sp.wait_for(tx_id, at_most, |case| case.outcome.is_some()).await;
    match case {
        Some(case) if case.outcome.is_some() => Ok(case),
        Some(case) if case.notification.is_some() => Err(format!("notified, but no data within {at_most:?}")),
        _ => Err(format!("the SP was not notified within {at_most:?}")),
    }
}

/// The SP is told that its data is to come, and to wait for it; tells how long.
pub(super) async fn asked_to_wait(sp: &Sp, tx_id: &TxId, at_most: Duration) -> Result<Duration, String> {
    let case = sp.wait_for(tx_id, at_most, |case| case.notification.is_some()).await;
    let notification = case
        .and_then(|case| case.notification)
        .ok_or_else(|| format!("the SP was not notified within {at_most:?}"))?;
    match sp.platform().ready(&notification.permission_ticket).await {
        Ok(Some(wait)) => Ok(wait),
        Ok(None) => Err("the data was there although its DP asks to wait".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The citizen came back normally.
pub(super) fn normal(case: &Case) -> Result<(), String> {
    match case.back {
        Some(Return::Normal(tx_id)) if tx_id == case.tx_id => Ok(()),
        Some(Return::Abnormal(code, _)) => Err(format!("came back with code {code}, not normally")),
        _ => Err("the SP did not see the citizen come back".to_owned()),
    }
}

/// The citizen came back with this code, and nothing was sent.
pub(super) fn abnormal(sp: &Sp, case: &Case, code: ReturnCode) -> Result<(), String> {
    match case.back {
        Some(Return::Abnormal(got, Some(tx_id))) if got == code && tx_id == case.tx_id => {}
        Some(Return::Abnormal(got, _)) => return Err(format!("came back with code {got}, not {code}")),
        Some(Return::Normal(_)) => return Err(format!("came back normally, not with code {code}")),
        None => return Err("the SP did not see the citizen come back".to_owned()),
    }
    nothing_sent(sp, case)
}

/// Neither key nor data reached the SP.
pub(super) fn nothing_sent(sp: &Sp, case: &Case) -> Result<(), String> {
    let calls = notifications(sp, &case.tx_id);
    if calls.iter().any(|call| call.status.is_some_and(|status| status.is_success())) {
        return Err("the SP was notified although nothing may be sent".to_owned());
    }
    if case.outcome.is_some() { Err("data arrived although nothing may be sent".to_owned()) } else { Ok(()) }
}

/// What must be inside for each dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// Signed data of the right person.
    Data,
    /// 204.
    Nothing,
    /// Told as undeliverable, and not inside.
    Undeliverable,
}

/// Looks at every dataset of the case; tells who signed.
pub(super) fn datasets(
    case: &Case,
    persona: &Persona,
    expected: &[(Dataset, Expected)],
) -> Result<String, String> {
    let received = case.received().ok_or("the data could not be opened by the SP")?;
    let mut said = Vec::new();
    for (dataset, expected) in expected {
        let title = dataset.title();
        let inside = received.iter().find(|r| r.resource_id == dataset.id()).map(|r| &r.content);
        let named = case.unable_to_deliver.contains(&dataset.id());
        match (expected, inside) {
            (Expected::Data, Some(DatasetContent::Verified { signer, files, document, .. })) if !named => {
                let document =
                    document.as_ref().ok_or_else(|| format!("{title}: no JSON that can be read"))?;
                about(document, dataset.title(), persona)?;
                if !signer.contains(dataset.issuer()) {
                    return Err(format!("{title}: signed by somebody else than {}", dataset.issuer()));
                }
                if !files.iter().any(|name| name.ends_with(".pdf")) {
                    return Err(format!("{title}: no PDF"));
                }
                said.push(format!("{title} ✓"));
            }
            (Expected::Nothing, Some(DatasetContent::NoData)) if !named => said.push(format!("{title} 204")),
            (Expected::Undeliverable, None) if named => said.push(format!("{title} ✗")),
            (expected, inside) => {
                let inside = match inside {
                    None => "is not inside".to_owned(),
                    Some(DatasetContent::NoData) => "has code 204".to_owned(),
                    Some(DatasetContent::Verified { .. }) => "is there, signed".to_owned(),
                    Some(DatasetContent::Refused(reason)) => format!("was refused by the SP: {reason}"),
                };
                let named = if named { ", named as undeliverable" } else { "" };
                return Err(format!("{title} {inside}{named}; {expected:?} was expected"));
            }
        }
    }
    let others = received.len() - expected.iter().filter(|(_, e)| *e != Expected::Undeliverable).count();
    if others > 0 { Err(format!("{others} datasets too many")) } else { Ok(said.join("、")) }
}

/// The document is about the right person.
fn about(document: &Document, title: &str, persona: &Persona) -> Result<(), String> {
    fn holds(value: &Value, text: &str) -> bool {
        match value {
            Value::Text(t) => t == text,
            Value::List(list) => list.iter().any(|value| holds(value, text)),
            Value::Record(fields) => fields.iter().any(|(_, value)| holds(value, text)),
        }
    }
    if document.title != title {
        return Err(format!("{title}: the JSON is of another dataset"));
    }
    match [persona.name, persona.uid].iter().all(|text| holds(&document.content, text)) {
        true => Ok(()),
        false => Err(format!("{title}: the data is not about the person who signed in")),
    }
}
