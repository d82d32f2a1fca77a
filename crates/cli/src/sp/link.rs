//! `mydata sp link`: the URL that sends a citizen to the platform (R98–R104).

use mydata_domain::service::ServiceState;
use mydata_sdk::sp::Service;
use mydata_wire::entry::{decode_resources, encode_resources};
use mydata_wire::pid::{NOT_CHECKED, Pid};
use mydata_wire::returns::{RegisteredReturnUrl, ReturnTarget};
use mydata_wire::{ResourceId, SystemRandom, TxId};
use serde_json::json;
use url::Url;

use super::credentials::{self, Flags};
use crate::hidden::{self, Hidden};
use crate::{Outcome, Usage, output};

/// Flags of `mydata sp link`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The platform's base URL.
    #[arg(long, value_name = "URL", env = "MYDATA_SP_BASE", default_value = "http://localhost:8480/")]
    base: Url,
    #[command(flatten)]
    service: Flags,
    /// Its client_secret. Others on this machine see arguments: prefer the variable or --registry.
    #[arg(long, value_name = "SECRET", env = "MYDATA_SP_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<Hidden>,
    /// A dataset to ask for; may be given several times. Without it all that the registry file has for the service.
    #[arg(long = "resource", value_name = "API.…")]
    resources: Vec<ResourceId>,
    /// Where the citizen comes back to. Without it the first one in the registry file.
    #[arg(long, value_name = "URL")]
    return_url: Option<String>,
    /// Whom you expect: a personal id; `-` asks for it on standard input. Without it whoever logs in.
    #[arg(long, value_name = "ID", env = "MYDATA_SP_PID", hide_env_values = true)]
    pid: Option<Hidden>,
    /// Your identifier of this exchange, a version 4 UUID. Without it a new one.
    #[arg(long, value_name = "UUID")]
    tx_id: Option<TxId>,
    /// Prints an object with `url` and `tx_id` instead of the bare URL.
    #[arg(long)]
    json: bool,
}

/// Prints the link.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let found = args.service.service()?;
    let resources = resources(args, &found)?;
    let return_url = return_url(args, &found)?;
    let service = Service {
        platform: args.base.clone(),
        client_id: found.client_id()?,
        client_secret: found.client_secret(args.client_secret.as_ref())?,
        cbc_iv: found.cbc_iv()?,
    };
    let pid = pid(args)?;
    let tx_id = args.tx_id.unwrap_or_else(|| TxId::generate(&SystemRandom));
    doubt(&found, &resources);

    let url = service.entry_link(&resources, tx_id, &return_url, &pid);
    if args.json {
        output::print_json(&json!({ "url": url, "tx_id": tx_id.to_string() }))?;
    } else {
        eprintln!("tx_id {tx_id}");
        output::print(&format!("{url}\n"))?;
    }
    Ok(Outcome::Fine)
}

fn pid(args: &Args) -> anyhow::Result<Pid> {
    if args.pid.as_ref().and_then(Hidden::given) == Some(NOT_CHECKED) {
        return Ok(Pid::NotChecked);
    }
    Ok(hidden::person(args.pid.as_ref(), "--pid")?.map_or(Pid::NotChecked, Pid::Person))
}

fn resources(args: &Args, found: &credentials::Service<'_>) -> anyhow::Result<Vec<ResourceId>> {
    let resources = match &found.entry {
        Some(entry) if args.resources.is_empty() => entry.service.datasets.clone(),
        _ => args.resources.clone(),
    };
    if resources.is_empty() {
        return Err(Usage("--resource is missing: name at least one dataset".to_owned()).into());
    }
    // What the platform would say to the list.
    decode_resources(&encode_resources(&resources)).map_err(|e| Usage(format!("--resource: {e}")))?;
    Ok(resources)
}

fn return_url(args: &Args, found: &credentials::Service<'_>) -> anyhow::Result<String> {
    let registered = found.entry.as_ref().map(|entry| entry.service.return_urls.as_slice());
    let Some(given) = &args.return_url else {
        let first = registered.and_then(|urls| urls.first());
        return first.map(ToString::to_string).ok_or_else(|| {
            Usage("--return-url is missing: where shall the citizen come back to?".to_owned()).into()
        });
    };
    let bare = given.split('?').next().unwrap_or_default();
    if let Err(reason) = bare.parse::<RegisteredReturnUrl>() {
        return Err(Usage(format!("--return-url: {reason}")).into());
    }
    if let Some(registered) = registered
        && let Err(reason) = ReturnTarget::matching(given, registered)
    {
        eprintln!("note: the platform will answer with code 403, --return-url: {reason}");
    }
    Ok(given.clone())
}

/// Says what the platform will refuse, as far as the registry file tells.
fn doubt(found: &credentials::Service<'_>, resources: &[ResourceId]) {
    let Some(entry) = &found.entry else { return };
    for id in resources.iter().filter(|id| !entry.service.datasets.contains(id)) {
        eprintln!("note: the platform will answer with code 404, {id} is not among the service's datasets");
    }
    match entry.service.state {
        ServiceState::Listed => {}
        state => eprintln!("note: the platform will refuse the link, the service is {}", state.as_str()),
    }
}
