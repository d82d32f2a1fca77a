//! A dataset from 建立帳號 to 下架, the long way: a sign-up that comes back, an extension, a pilot, a change.

use std::time::Duration;

use mydata_domain::account::{AccountState, Role};
use mydata_domain::calendar::{Date, midnight};
use mydata_domain::dataset::DatasetState;
use mydata_domain::filing::{Decision, FilingKind, FilingState, ReviewStep};
use mydata_domain::forms::{Fields, FormKind};
use mydata_domain::item::rule::MailKind;
use mydata_domain::item::{Act, Kind, Running, Stage, StageName};
use mydata_domain::mail::AboutAccount;
use mydata_store::repo::drafts::{self, New, Owner};
use mydata_wire::SystemRandom;

use super::{Office, People, Ruling, by, filled, flow, on_both};
use crate::backoffice::flow::{ActError, sign_up};

fn day(year: i16, month: i8, day: i8) -> Date {
    Date::new(year, month, day).unwrap()
}

impl Office {
    /// An account that has only its forms to fill in, by way of the mail.
    async fn signed_up(&self) -> mydata_domain::account::Account {
        sign_up::begin(&self.app, "lin@archives.example", "192.0.2.1".parse().unwrap()).await.unwrap();
        let link = self.mails(AboutAccount::SignUp).await.remove(0).link.unwrap();
        let secret = link.split("link=").nth(1).unwrap();
        let begun = self.now();
        self.pass(Duration::from_secs(600));
        assert_eq!(sign_up::look(&self.app, secret).await.unwrap(), None, "it ends after ten minutes");
        self.set_clock(mydata_domain::Time(begun.0 + 599_999));
        assert_eq!(sign_up::look(&self.app, secret).await.unwrap().as_deref(), Some("lin@archives.example"));
        let name = "demo.lin".parse().unwrap();
        let password =
            mydata_domain::account::password::NewPassword::read("a sentence of the tests", &name).unwrap();
        let from = "192.0.2.1".parse().unwrap();
        let account = sign_up::open(&self.app, secret, &name, &password, from).await.unwrap();
        let again = sign_up::open(&self.app, secret, &name, &password, from).await;
        assert!(matches!(again, Err(ActError::LinkEnded)), "a link is used once");
        account
    }

    /// Both drafts of a sign-up.
    async fn forms_of(&self, account: &mydata_domain::account::Account) -> (drafts::Draft, drafts::Draft) {
        let (crypter, now) = (&self.app.store.crypter, self.now());
        let begin = async |form, fields: &Fields| {
            self.app
                .store
                .db
                .run_tx("test", |tx| async move {
                    let fields = fields.clone();
                    let new = New { form, account: account.id, organisation: None, item: None, fields };
                    drafts::begin(&tx, crypter, &SystemRandom, new, now).await
                })
                .await
                .unwrap()
        };
        let organisation = begin(FormKind::Organisation, &filled::organisation()).await;
        let application = begin(FormKind::Dataset, &Fields::new()).await;
        (organisation, application)
    }

    async fn decide_sign_up(&self, people: &People, filing: mydata_domain::filing::FilingId, pass: bool) {
        let ruling = Ruling {
            filing,
            step: ReviewStep::Operator,
            decision: if pass { Decision::Approved } else { Decision::Refused },
            reason: (!pass).then(|| "請補正地址".parse().unwrap()),
            comments: Vec::new(),
            letter: None,
        };
        sign_up::decide(&self.app, &by(&people.operator), &ruling).await.unwrap();
    }
}

/// Shows R3, R6, R7, R8, R13, R16, R17, R21, R27, R30, R31, R34, R35, R53, R56, R94.
#[tokio::test]
async fn a_dataset_lives_from_sign_up_to_delisting() {
    on_both(async |office| {
        office.noon(day(2026, 11, 20));
        let people = office.people().await;
        let (app, account) = (&office.app, office.signed_up().await);
        assert_eq!(account.state, AccountState::FillingIn);

        // Both forms are filed together; sent twice they are filed once.
        let (organisation, application) = office.forms_of(&account).await;
        let typed = office.dataset_fields(&application).await;
        let version = office.fill(&by(&account), &application, &typed).await;
        let both = ((organisation.id, 1), (application.id, version));
        let filed = sign_up::file(app, &by(&account), both.0, both.1).await.unwrap();
        assert_eq!(filed.number.unwrap().to_string(), "A1151120001");
        let again = sign_up::file(app, &by(&account), both.0, both.1).await.unwrap();
        assert_eq!((again.already, again.number), (true, filed.number));
        assert_eq!(office.mails(AboutAccount::InReview).await.len(), 1);
        assert_eq!(office.mails(MailKind::ReviewWaiting).await.len(), 4, "two filings, two operators");
        assert_eq!(office.again(&account).await.state, AccountState::InReview);
        let sign_up_filing = organisation.id.to_string().parse().unwrap();

        // The application does not pass before the account has.
        let early = office.approve(&people.operator, filed.filing.unwrap(), ReviewStep::Operator).await;
        assert!(matches!(early, Err(ActError::AccountFirst)));
        // Returned, both forms are there to be mended; refiled, both carry their numbers on.
        office.decide_sign_up(&people, sign_up_filing, false).await;
        let account = office.again(&account).await;
        assert_eq!(account.state, AccountState::FillingIn);
        assert!(office.mails(AboutAccount::Refused).await[0].text.contains("請補正地址"));
        assert_eq!(office.stage(filed.item).await, StageName::Draft);
        let mine =
            drafts::of_owner(&app.store.db, &app.store.crypter, &Owner::Account(account.id)).await.unwrap();
        let (one, other) = (&mine[0], &mine[1]);
        let (organisation, application) =
            if one.form == FormKind::Organisation { (one, other) } else { (other, one) };
        assert_eq!(application.item, Some(filed.item));
        let filed =
            sign_up::file(app, &by(&account), (organisation.id, 1), (application.id, 1)).await.unwrap();
        assert_eq!(filed.number.unwrap().to_string(), "A1151120001-1");
        office.decide_sign_up(&people, organisation.id.to_string().parse().unwrap(), true).await;
        let account = office.again(&account).await;
        assert_eq!(account.state, AccountState::Active);
        assert_eq!(office.mails(AboutAccount::Approved).await.len(), 1);
        let told =
            (office.mails(MailKind::InReview).await.len(), office.mails(MailKind::NotPassed).await.len());
        assert_eq!(told, (2, 1), "the application came back once");
        let deputies = office.mails(AboutAccount::Opened).await;
        assert!(deputies.len() == 1 && deputies[0].address == "wang@archives.example");

        // Operator, then ministry with the agency's letter.
        let (item, filing) = (filed.item, filed.filing.unwrap());
        office.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        let without = office.approve(&people.ministry, filing, ReviewStep::Ministry).await;
        assert!(matches!(without, Err(ActError::Refused(mydata_domain::item::Refused::LetterMissing))));
        office.until_noon(day(2026, 11, 30)).await;
        office.approve_with_letter(&people.ministry, filing, ReviewStep::Ministry).await.unwrap();
        assert_eq!(office.filing_state(filing).await, FilingState::Approved);
        assert_eq!(office.mails(MailKind::TestMayBegin).await.len(), 1);
        let kept = office.item(item).await;
        let Stage::Running(Running::Testing(test)) = &kept.stage else { panic!("{:?}", kept.stage) };
        assert_eq!(test.last_day, day(2027, 2, 28), "three months from 30 November");
        let test_record = kept.test_record.clone().unwrap();
        let registered = office.registered().await;
        let dataset = &registered.datasets[&test_record.parse().unwrap()];
        assert_eq!(dataset.dataset.state, DatasetState::Listed);
        assert_eq!(dataset.dataset.dp_api.as_str(), "https://dp.archives.example/test");
        assert_eq!(office.alarms().await, 1, "one job an item");

        // Extended once, from one week before the end on.
        let early = flow::begin_form(app, &by(&account), item, FilingKind::Extension).await;
        assert!(matches!(early, Err(ActError::Refused(_))));
        office.until_noon(day(2027, 2, 21)).await;
        assert_eq!(office.mails(MailKind::TestEndsSoon).await.len(), 1);
        let draft = flow::begin_form(app, &by(&account), item, FilingKind::Extension).await.unwrap();
        let version = office.fill(&by(&account), &draft, &Fields::new().with("reason", "尚需測試")).await;
        let extension = flow::file(app, &by(&account), draft.id, version).await.unwrap();
        office.approve(&people.operator, extension.filing.unwrap(), ReviewStep::Operator).await.unwrap();
        let Stage::Running(Running::Testing(test)) = office.item(item).await.stage else { panic!() };
        assert_eq!((test.last_day, test.extended), (day(2027, 5, 28), true));

        // Going live.
        office.until_noon(day(2027, 3, 1)).await;
        let draft = flow::begin_form(app, &by(&account), item, FilingKind::GoLive).await.unwrap();
        assert_eq!(draft.fields.text("production.dp_api"), "https://dp.archives.example/test");
        let version =
            office.fill(&by(&account), &draft, &office.go_live_fields(&draft, "116/03/31").await).await;
        let go_live = flow::file(app, &by(&account), draft.id, version).await.unwrap().filing.unwrap();
        office.approve(&people.operator, go_live, ReviewStep::Operator).await.unwrap();
        assert_eq!(office.mails(MailKind::WriteForGoLive).await.len(), 1);
        flow::note_letter(app, &by(&people.operator), go_live, &office.letter()).await.unwrap();
        office.approve(&people.ministry, go_live, ReviewStep::Ministry).await.unwrap();
        assert_eq!(office.mails(MailKind::PilotMayBegin).await.len(), 1);
        let kept = office.item(item).await;
        let production = kept.production_record.clone().unwrap();
        assert_ne!(production, test_record, "production has credentials of its own");
        let registered = office.registered().await;
        let live = &registered.datasets[&production.parse().unwrap()];
        assert_eq!(live.dataset.dp_api.as_str(), "https://dp.archives.example/live");
        assert!(live.dataset.lets_in("163.22.22.9".parse().unwrap()));
        assert!(!live.dataset.lets_in("163.22.23.9".parse().unwrap()));
        assert_ne!(live.secret, registered.datasets[&test_record.parse().unwrap()].secret);

        // The pilot, its report, and the listing on its day at midnight.
        office.until_noon(day(2027, 3, 24)).await;
        assert_eq!(office.mails(MailKind::ReportDue).await.len(), 1);
        let draft = flow::begin_form(app, &by(&account), item, FilingKind::PilotReport).await.unwrap();
        let version = office.fill(&by(&account), &draft, &office.report_fields(&draft).await).await;
        let report = flow::file(app, &by(&account), draft.id, version).await.unwrap().filing.unwrap();
        office.approve(&people.operator, report, ReviewStep::Operator).await.unwrap();
        office.until(midnight(day(2027, 3, 31)).plus(Duration::ZERO)).await;
        let kept = office.item(item).await;
        assert_eq!(kept.listed_at, Some(midnight(day(2027, 3, 31))));
        let registered = office.registered().await;
        assert!(registered.datasets[&production.parse().unwrap()].dataset.pilot.is_none(), "open to all");

        // A change is taken over when it has passed, and not before.
        let draft = flow::begin_form(app, &by(&account), item, FilingKind::Change).await.unwrap();
        assert_eq!(draft.fields.text("dp_api"), "https://dp.archives.example/live");
        let version =
            office.fill(&by(&account), &draft, &draft.fields.clone().with("name", "示範借閱紀錄二")).await;
        let change = flow::file(app, &by(&account), draft.id, version).await.unwrap().filing.unwrap();
        office.approve(&people.operator, change, ReviewStep::Operator).await.unwrap();
        assert_eq!(office.item(item).await.name, "示範借閱紀錄");
        office.approve(&people.ministry, change, ReviewStep::Ministry).await.unwrap();
        assert_eq!(office.item(item).await.name, "示範借閱紀錄二");
        assert_eq!(
            office.registered().await.datasets[&production.parse().unwrap()].dataset.name,
            "示範借閱紀錄二"
        );

        // Hidden, shown, suspended, resumed, delisted.
        let state = async || office.registered().await.datasets[&production.parse().unwrap()].dataset.state;
        flow::display::set(app, &by(&account), item, false).await.unwrap();
        assert_eq!(state().await, DatasetState::Hidden);
        let reason: mydata_domain::filing::Reason = "示範".parse().unwrap();
        flow::act(app, &by(&people.operator), item, Act::Suspend(reason.clone())).await.unwrap();
        assert_eq!(state().await, DatasetState::Suspended);
        flow::act(app, &by(&people.operator), item, Act::Resume(reason.clone())).await.unwrap();
        assert_eq!(state().await, DatasetState::Hidden, "as it was before");
        flow::display::set(app, &by(&account), item, true).await.unwrap();
        assert_eq!(state().await, DatasetState::Listed);
        flow::act(app, &by(&account), item, Act::Delist(reason)).await.unwrap();
        assert_eq!(state().await, DatasetState::Delisted);
        let history = mydata_store::repo::items::history(&app.store.db, item).await.unwrap();
        assert!(
            history.len() > 20 && history.iter().any(|e| e.role == Some(Role::Ministry)),
            "{}",
            history.len()
        );

        // A new life begins with what was approved, and its records come back under their ids.
        flow::act(app, &by(&account), item, Act::StartAnew).await.unwrap();
        let draft = flow::begin_form(app, &by(&account), item, FilingKind::NewItem).await.unwrap();
        let filed = flow::file(app, &by(&account), draft.id, draft.version).await.unwrap();
        assert_eq!(filed.kind, Kind::Dataset);
        office.approve(&people.operator, filed.filing.unwrap(), ReviewStep::Operator).await.unwrap();
        office
            .approve_with_letter(&people.ministry, filed.filing.unwrap(), ReviewStep::Ministry)
            .await
            .unwrap();
        let registered = office.registered().await;
        assert_eq!(registered.datasets[&test_record.parse().unwrap()].dataset.state, DatasetState::Listed);
        assert_eq!(registered.datasets[&production.parse().unwrap()].dataset.state, DatasetState::Delisted);
    })
    .await;
}

/// Shows R28, R41.
#[tokio::test]
async fn a_test_ends_by_itself_and_a_certificate_that_ends_suspends() {
    on_both(async |office| {
        office.noon(day(2026, 11, 30));
        let people = office.people().await;
        let (app, account) =
            (&office.app, office.account("library.one", Role::Applicant, Some("library")).await);
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let certificate = |until: Date| {
            let mut params = rcgen::CertificateParams::new(vec!["dp.example".to_owned()]).unwrap();
            params.not_before = rcgen::date_time_ymd(2026, 1, 1);
            params.not_after = rcgen::date_time_ymd(
                i32::from(until.year()),
                until.month().unsigned_abs(),
                until.day().unsigned_abs(),
            );
            params.self_signed(&key).unwrap().pem()
        };
        let draft = flow::begin_item(app, &by(&account), Kind::Dataset, Fields::new()).await.unwrap();
        let fields = office.dataset_fields(&draft).await.with("certificate", certificate(day(2027, 1, 20)));
        let version = office.fill(&by(&account), &draft, &fields).await;
        let filed = flow::file(app, &by(&account), draft.id, version).await.unwrap();
        let (item, filing) = (filed.item, filed.filing.unwrap());
        office.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        office.approve_with_letter(&people.ministry, filing, ReviewStep::Ministry).await.unwrap();
        let record = office.item(item).await.test_record.unwrap();
        let state = async || office.registered().await.datasets[&record.parse().unwrap()].dataset.state;

        office.until_noon(day(2027, 1, 10)).await;
        assert_eq!(office.mails(MailKind::CertificateEndsSoon).await.len(), 2, "30 and 14 days ahead");
        office.until_noon(day(2027, 1, 20)).await;
        assert_eq!(office.mails(MailKind::CertificateEndsSoon).await.len(), 4, "7 and 1 days ahead");
        assert_eq!(office.stage(item).await, StageName::Suspended);
        assert_eq!(state().await, DatasetState::Suspended);
        assert_eq!(office.mails(MailKind::Suspended).await.len(), 3, "its owner, two operators");

        // The certificate of a stranger is no way back.
        let stranger = flow::certificates::register(
            app,
            &by(&account),
            item,
            mydata_domain::Zone::Test,
            &certificate(day(2028, 1, 1)),
        )
        .await;
        assert!(matches!(stranger, Err(ActError::Certificate(..))));
        assert_eq!(office.stage(item).await, StageName::Suspended);

        // The test runs out meanwhile: 28 February is its last day.
        office.until(midnight(day(2027, 3, 1))).await;
        assert_eq!(office.stage(item).await, StageName::Delisted);
        assert_eq!(state().await, DatasetState::Delisted);
        assert_eq!(office.mails(MailKind::TestEnded).await.len(), 1);
        assert_eq!(office.alarms().await, 0);
    })
    .await;
}
