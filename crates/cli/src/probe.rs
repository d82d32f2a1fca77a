//! `mydata probe`: whether a registered party can be reached, step by step, as the platform would reach it.

use std::sync::Arc;

use anyhow::Context as _;
use mydata_domain::Clock as _;
use mydata_domain::health::{Outcome as Ended, Probe, Step};
use mydata_domain::item::Kind;
use mydata_domain::time::SystemClock;
use mydata_server::backoffice::health::words;
use mydata_server::platform;
use mydata_server::probe::{self, Target};
use mydata_server::web::Lang;
use mydata_store::Store;
use mydata_wire::SystemRandom;
use serde_json::{Value, json};

use crate::settings::{self, Flags};
use crate::{Outcome, output};

/// Flags of `mydata probe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// `resource_id` of a dataset, or `client_id` of a service, as it is registered.
    id: String,
    /// Prints the steps as JSON, with reasons in zh-TW and English.
    #[arg(long)]
    json: bool,
}

/// Tests the connection.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let config = settings::load(&args.flags)?;
    let now = SystemClock.now();
    let store = Store::open_beside(&platform::store_config(&config)?, now).await;
    let store = store.context("what is registered cannot be read")?;
    let app = platform::assemble(config, store, Arc::new(SystemClock), Arc::new(SystemRandom))?;
    let catalogue = app.catalogue().await?;
    let Some(target) = Target::of_record(&catalogue, &args.id) else {
        app.store.close().await;
        anyhow::bail!(
            "nothing is registered as {}; `mydata registry export -` shows what is",
            output::plain(&args.id)
        );
    };
    let kind = match target {
        Target::Dataset(_) => Kind::Dataset,
        Target::Service(_) => Kind::Service,
    };
    let tested = probe::test(&app, &target).await;
    app.store.close().await;
    if args.json {
        output::print_json(&to_json(&tested))?;
    } else {
        output::print(&to_text(kind, &tested))?;
    }
    Ok(if tested.fault().is_none() { Outcome::Fine } else { Outcome::CheckFailed })
}

/// A line for every step.
fn to_text(kind: Kind, probe: &Probe) -> String {
    let mut text = output::plain(&format!("{} at {}", probe.record, probe.address)) + "\n";
    for step in Step::ALL {
        let name = match (step, kind) {
            (Step::Package, Kind::Service) => "notification",
            _ => step.as_str(),
        };
        let (how, said) = match probe.step(step) {
            None => ("not reached", String::new()),
            Some(Ended::Skipped { why }) => ("skipped", words::skipped(Lang::En, *why)),
            Some(Ended::Passed { ms, figures }) => {
                let figures: Vec<String> = figures.iter().map(|f| words::figure(Lang::En, f)).collect();
                ("ok", format!("{ms:>5} ms  {}", figures.join("; ")))
            }
            Some(Ended::Failed { ms, fault }) => {
                let (reason, mend) = (words::reason(Lang::En, fault), words::mend(Lang::En, fault));
                ("failed", format!("{ms:>5} ms  {reason} — {mend}"))
            }
        };
        text += output::plain(&format!("{how:<11} {name:<12} {said}")).trim_end();
        text += "\n";
    }
    text
}

/// The same as a value.
fn to_json(probe: &Probe) -> Value {
    let both = |zh: String, en: String| json!({ "zh-TW": zh, "en": en });
    let steps: Vec<Value> = Step::ALL
        .into_iter()
        .map(|step| match probe.step(step) {
            None => json!({ "step": step, "outcome": "not-reached" }),
            Some(Ended::Skipped { why }) => json!({ "step": step, "outcome": "skipped", "why": why }),
            Some(Ended::Passed { ms, figures }) => {
                json!({ "step": step, "outcome": "passed", "ms": ms, "figures": figures })
            }
            Some(Ended::Failed { ms, fault }) => json!({
                "step": step,
                "outcome": "failed",
                "ms": ms,
                "fault": fault.kind,
                "reason": both(words::reason(Lang::ZhTw, fault), words::reason(Lang::En, fault)),
                "mend": both(words::mend(Lang::ZhTw, fault), words::mend(Lang::En, fault)),
            }),
        })
        .collect();
    json!({
        "record": probe.record,
        "zone": probe.zone,
        "address": probe.address,
        "at": probe.at.to_timestamp().to_string(),
        "ms": probe.ms(),
        "passed": probe.fault().is_none(),
        "steps": steps,
    })
}
