//! `mydata demo`: the country in a box.
//!
//! Platform and parties run in this process, each on a port of its own, on loopback only. What they keep lies in one
//! folder, so that a second start finds keys and records where they were. The back office has an organisation in each stage
//! of the life of an item, and an account for each role ([`office`]).

mod office;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use mydata_domain::Policy;
use mydata_domain::policy::Seconds;
use mydata_domain::time::SystemClock;
use mydata_sandbox::scenario::{self, Scenario};
use mydata_sandbox::{Ports, Sandbox, SandboxConfig, card, verify};
use mydata_server::config::{
    CardMethod, ClaimNames, Connections, DatabaseUrl, FieldForm, IdHolds, Identity, Limits, MailSettings,
    OidcProvider, OnUnknown, Outgoing, Partner, Password, RevocationOrder, ServiceField, SmsSettings, Tls,
    Trust, TrustedIssuer, VerificationService,
};
use mydata_server::edge::listeners::Listeners;
use mydata_server::{Config, Platform};
use mydata_wire::{SystemRandom, Verification};
use tokio::net::TcpListener;
use url::Url;

use crate::{Outcome, open_files, registry, serve};

/// Flags of `mydata demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The platform's port; the parties have the nine behind it. 0: any free ports.
    #[arg(long, default_value_t = 8480)]
    port: u16,
    /// Everybody speaks TLS, and shows a certificate when calling another; partners call the platform on the tenth port
    /// behind its own. Browsers have to be told of the authority first: the demo says where its certificate is.
    #[arg(long)]
    tls: bool,
    /// Folder of everything the demo keeps.
    #[arg(long, value_name = "FOLDER", default_value = "data/demo")]
    data_dir: PathBuf,
    /// `postgres://…` instead of an SQLite file in the folder.
    #[arg(long, value_name = "URL", env = "MYDATA_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The platform carries cards, one-time passwords, 健保卡 and 多因子 out itself: with the sandbox's card reader, its mailbox and its
    /// verification service instead of its identity provider, which keeps the other methods.
    #[arg(long, conflicts_with = "run")]
    own_identity: bool,
    /// Adds your own organisations, datasets and services to the sandbox.
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
    /// No browser: a scripted citizen walks every scenario, then the demo ends. Exit code 1 if one fails.
    #[arg(long)]
    run: bool,
    /// Keeps of every scenario: entry URL, notification, token, package, return URL and keys.
    #[arg(long, value_name = "FOLDER", requires = "run")]
    out: Option<PathBuf>,
    /// Prints the sandbox's registry, to begin your own from, and ends.
    #[arg(long, conflicts_with = "run")]
    print_registry: bool,
}

impl Args {
    /// Whether nobody will look at pages.
    pub fn is_run(&self) -> bool {
        self.run
    }
}

/// Starts everything, and runs until told to stop or the scenarios are through.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let own = args.registry.as_deref().map(registry::read).transpose()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.with_context(|| {
        format!(
            "port {} is taken; is a demo running already? Otherwise choose another with --port",
            args.port
        )
    })?;
    let address = listener.local_addr()?;
    // A name, not an address: browsers give passkeys to names only.
    let scheme = if args.tls { "https" } else { "http" };
    let base: Url = format!("{scheme}://localhost:{}/", address.port()).parse()?;
    let partner = match args.tls {
        true => Some(partner_listener(args.port).await?),
        false => None,
    };

    let mut parties = SandboxConfig::new(base.clone(), args.data_dir.join("parties"));
    parties.tls = args.tls;
    parties.partner_base = match &partner {
        Some(listener) => Some(format!("https://localhost:{}/", listener.local_addr()?.port()).parse()?),
        None => None,
    };
    if args.port != 0 {
        parties.ports =
            Ports::from(args.port.checked_add(1).context("--port leaves no room for the parties")?);
    }
    let sandbox = Sandbox::start(parties).await.context("the parties do not start")?;
    if args.print_registry {
        print!("{}", sandbox.registry_toml());
        sandbox.stop().await;
        return Ok(Outcome::Fine);
    }

    let mut config = config(&args, address, &base, &sandbox);
    open_files::fit(&mut config);
    let listeners = Listeners { partner, ..Listeners::from(listener) };
    let mut platform =
        Platform::serve_on(listeners, config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
    let theirs = registry::parse(sandbox.registry_toml()).context("the sandbox's registry")?;
    registry::apply(&platform.app.store, &theirs).await?;
    if !args.run {
        // Pages are there meanwhile; jobs are not, for the furnishing does its own under its moved clock.
        office::furnish(&platform.app).await.context("the back office cannot be furnished")?;
    }
    if let (Some(own), Some(file)) = (&own, &args.registry) {
        registry::apply(&platform.app.store, own).await.with_context(|| registry::place(file))?;
    }
    // Not before everything is registered: what a job looks at stays in memory for a second.
    platform.work();

    let outcome = if args.run {
        scenarios(&sandbox, args.out.as_deref()).await?
    } else {
        welcome(&sandbox, begun.elapsed());
        serve::until_told().await;
        Outcome::Fine
    };
    platform.stop().await;
    sandbox.stop().await;
    Ok(outcome)
}

/// The socket of the partners' listener: the tenth behind the platform's, or any.
async fn partner_listener(port: u16) -> anyhow::Result<TcpListener> {
    let port = match port {
        0 => 0,
        port => port.checked_add(10).context("--port leaves no room for the partners' listener")?,
    };
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    bound.with_context(|| format!("port {port}, for partners, is taken; choose another with --port"))
}

/// The platform as the demo needs it: open to loopback, and quicker to try again than in earnest.
fn config(args: &Args, listen: SocketAddr, base: &Url, sandbox: &Sandbox) -> Config {
    let tls = sandbox.tls();
    let seconds = |list: &[f64]| list.iter().map(|s| Seconds(Duration::from_secs_f64(*s))).collect();
    Config {
        listen,
        base_url: Some(base.clone()),
        data_dir: args.data_dir.join("platform"),
        database_url: args.database_url.clone().map(DatabaseUrl),
        sandbox: true,
        tls: Tls {
            certificate: tls.map(|tls| tls.certificate.clone()),
            key: tls.map(|tls| tls.key.clone()),
            redirect_listen: None,
        },
        partner: Partner {
            only: tls.is_some(),
            client_roots: tls.map(|tls| tls.ca.clone()).into_iter().collect(),
            ..Partner::default()
        },
        outbound: Outgoing {
            client_certificate: tls.map(|tls| tls.client_certificate.clone()),
            client_key: tls.map(|tls| tls.client_key.clone()),
            roots: tls.map(|tls| tls.ca.clone()).into_iter().collect(),
            ..Outgoing::default()
        },
        trust: Trust {
            roots: vec![sandbox.ca_file().to_owned()],
            revocation: Some(RevocationOrder::OcspThenCrl),
            issuers: [Some(sandbox.revocation()), sandbox.tls_revocation()]
                .into_iter()
                .flatten()
                .map(|at| TrustedIssuer {
                    subject: at.issuer.clone(),
                    ocsp: at.ocsp.iter().cloned().collect(),
                    crl: vec![at.crl.clone()],
                })
                .collect(),
            ..Trust::default()
        },
        identity: identity(args, sandbox),
        mail: MailSettings { mailbox: Some(sandbox.addresses().mailbox.clone()), ..MailSettings::default() },
        sms: SmsSettings { mailbox: Some(sandbox.addresses().mailbox.clone()), gateway: None },
        policy: Policy {
            dp_retry: seconds(&[0.5, 1.0, 2.0, 4.0]),
            dp_default_wait: Seconds::from_secs(5),
            dp_first_byte: Seconds::from_secs(10),
            sp_retry: seconds(&[0.5, 1.0, 2.0, 5.0, 30.0]),
            sp_default_wait: Seconds::from_secs(1),
            ..Policy::default()
        },
        // One laptop is every party and every citizen.
        limits: Limits {
            partner_per_minute: 60_000,
            service_per_minute: 60_000,
            dataset_per_minute: 60_000,
            pages_per_minute: 60_000,
            citizen_per_minute: 60_000,
            ..Limits::default()
        },
        connections: Connections {
            per_address: 8_192,
            requests_per_address: 1_024,
            ..Connections::default()
        },
        ..Config::default()
    }
}

/// How citizens prove who they are: all at the sandbox's provider, or what can be on pages of the platform's own.
fn identity(args: &Args, sandbox: &Sandbox) -> Identity {
    let provider = sandbox.idp();
    let oidc = vec![OidcProvider {
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        client_secret: provider.client_secret.clone(),
        methods: provider.methods.clone(),
        claims: ClaimNames::default(),
        acr: BTreeMap::new(),
    }];
    if !args.own_identity {
        return Identity { oidc, ..Identity::default() };
    }
    let at = |path: &str| sandbox.addresses().idp.join(path).expect("a path joins a base address");
    let field = |name: &str, zh: &str, en: &str, form| ServiceField {
        name: name.to_owned(),
        label_zh: zh.to_owned(),
        label_en: en.to_owned(),
        form,
        hidden: name == "password",
        min: 4,
        max: 10,
    };
    Identity {
        oidc,
        card: vec![CardMethod {
            methods: vec![Verification::Cer, Verification::Moe],
            roots: vec![sandbox.ca_file().to_owned()],
            intermediates: Vec::new(),
            on_unknown: OnUnknown::Refuse,
            id_attribute: "serialNumber".to_owned(),
            id_holds: IdHolds::Whole,
            name_attribute: "CN".to_owned(),
            component: Some(at(card::PATH)),
        }],
        codes: true,
        service: vec![VerificationService {
            methods: vec![Verification::Nhi, Verification::Pii],
            url: at(verify::PATH),
            user: None,
            password: None,
            token: Some(Password(verify::TOKEN.to_owned())),
            fields: vec![
                field("id", "身分證統一編號", "Personal id", FieldForm::PersonalId),
                field("birthdate", "出生日期", "Date of birth", FieldForm::Date),
                field(
                    "password",
                    "註冊密碼（證號末四碼）",
                    "Password (last four of the id)",
                    FieldForm::Digits,
                ),
            ],
        }],
    }
}

/// What is where, who is who, and what to click first.
fn welcome(sandbox: &Sandbox, took: Duration) {
    let at = sandbox.addresses();
    println!("MyData sandbox — 一台電腦裡的個人資料自主運用平臺 (ready in {:.1} s)", took.as_secs_f32());
    println!();
    println!("  Begin here   {}   示範銀行 線上開戶", at.bank);
    println!("  Overview     {}", at.portal);
    println!("  Platform     {}", at.platform);
    println!("  Counter      {}counter   示範區公所; how to walk it: {}#counter", at.platform, at.portal);
    println!("  Identity     {}", at.idp);
    println!("  Mailbox      {}", at.mailbox);
    println!("  Laboratory   {}   services and datasets that try the platform", at.lab);
    println!("  Providers    {} {} {}", at.household, at.kin, at.property);
    if let Some(tls) = sandbox.tls() {
        println!();
        println!(
            "  TLS: let your browser trust {} (it vouches for this machine alone), or",
            tls.ca.display()
        );
        println!("       curl --cacert {} {}", tls.ca.display(), at.platform);
    }
    println!();
    office::introduce(at);
    println!();
    println!("  Personas (all fictional; choose one when the identity provider asks)");
    for persona in sandbox.personas() {
        let methods: Vec<_> = persona.methods.iter().map(|m| m.code()).collect();
        println!("    {}  {:<6}\t{}  [{}]", persona.uid, persona.name, persona.note_en, methods.join(" "));
    }
    println!();
    println!("  First click: open the bank, press 使用 MyData 取得資料, tick the terms, choose 自然人憑證,");
    println!("  log in as 王小明, look at what came, press 確認.     Ctrl-C ends the demo.");
}

/// Walks every scenario and shows each as a line as soon as it is through.
async fn scenarios(sandbox: &Sandbox, out: Option<&std::path::Path>) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let results = scenario::run_each(sandbox, &Scenario::ALL, out, |result| {
        let (mark, said) = match &result.outcome {
            Ok(said) => ("ok  ", said),
            Err(why) => ("FAIL", why),
        };
        let (took, scenario) = (result.took.as_secs_f32(), result.scenario);
        println!("{mark}  {took:>6.2} s  {:<22}  {}: {said}", scenario.name(), scenario.title_en());
    })
    .await;
    let failed = results.iter().filter(|r| !r.passed()).count();
    println!("{} passed, {failed} failed in {:.1} s", results.len() - failed, begun.elapsed().as_secs_f32());
    if let Some(out) = out {
        eprintln!("what travelled is kept in {}", out.display());
    }
    Ok(if failed == 0 { Outcome::Fine } else { Outcome::CheckFailed })
}
