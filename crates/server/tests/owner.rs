//! A step is made for the browser that the exchange belongs to when the step is made, not when somebody last looked.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use mydata_domain::Zone;
use mydata_domain::entry::Accepted;
use mydata_domain::transaction::{State, Transaction};
use mydata_server::config::OidcProvider;
use mydata_server::flow::{FlowError, confirm};
use mydata_server::{Config, Platform};
use mydata_store::repo::transactions::{self, Which};
use mydata_wire::pid::Pid;
use mydata_wire::returns::ReturnTarget;
use mydata_wire::{SystemRandom, Verification};

const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn config(folder: &Path) -> Config {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors");
    let mut config = Config {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        data_dir: folder.join("data"),
        sandbox: true,
        ..Config::default()
    };
    config.trust.roots = vec![vectors.join("2-dp-packages/root.cer.pem")];
    config.identity.oidc = vec![OidcProvider {
        issuer: "http://127.0.0.1:9/".parse().unwrap(),
        client_id: "mydata".to_owned(),
        client_secret: "not-asked-for".to_owned(),
        methods: vec![Verification::Cer],
        claims: Default::default(),
        acr: Default::default(),
    }];
    config
}

#[tokio::test]
async fn a_step_in_the_name_of_another_browser_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::start(config(folder.path())).await.unwrap();
    let app = &platform.app;
    let registered = ["https://bank.example/done".parse().unwrap()];
    let accepted = Accepted {
        client_id: "CLI.qqOjnjO4WR".parse().unwrap(),
        zone: Zone::Test,
        tx_id: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
        resources: vec!["API.0000000001".parse().unwrap()],
        target: ReturnTarget::matching("https://bank.example/done", &registered).unwrap(),
        pid: Pid::NotChecked,
    };
    let t = Transaction::enter(accepted, app.clock.now(), &app.config.policy, &SystemRandom);
    let inserted = app.store.db.run_tx("enter", |tx| {
        let (app, t) = (app.clone(), t.clone());
        async move { transactions::insert(&tx, &app.store.crypter, &t, "mine").await }
    });
    inserted.await.unwrap();
    let is_foreign = |outcome: Result<(), FlowError>| matches!(outcome, Err(FlowError::OtherBrowser));

    assert!(is_foreign(confirm::touch(app, t.id, "theirs").await));
    assert!(is_foreign(confirm::stop(app, t.id, "theirs").await));
    assert!(is_foreign(confirm::confirm(app, t.id, "theirs", FROM).await));
    assert!(is_foreign(confirm::refuse(app, t.id, "theirs", FROM).await.map(drop)));
    let kept = transactions::load(&app.store.db, &app.store.crypter, Which::Id(t.id)).await.unwrap().unwrap();
    assert!(matches!(kept.transaction.state, State::Entered), "nothing happened");
    confirm::touch(app, t.id, "mine").await.unwrap();
    confirm::refuse(app, t.id, "mine", FROM).await.unwrap();
    let kept = transactions::load(&app.store.db, &app.store.crypter, Which::Id(t.id)).await.unwrap().unwrap();
    assert!(matches!(kept.transaction.state, State::Ended(_)));
    platform.stop().await;
}
