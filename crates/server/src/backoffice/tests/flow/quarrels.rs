//! Two at once, too late, the wrong one: nothing happens twice, and nothing is lost.

use mydata_domain::account::Role;
use mydata_domain::audit::What;
use mydata_domain::filing::{Comment, Decision, FilingKind, FilingState, ReviewStep};
use mydata_domain::forms::Fields;
use mydata_domain::item::rule::MailKind;
use mydata_domain::item::{Act, Kind, Refused, StageName};
use mydata_store::repo::filings;

use super::{Office, Ruling, by, flow, on_both};
use crate::backoffice::flow::ActError;
use crate::web::Lang;

impl Office {
    async fn count(&self, what: What) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM audit_events WHERE what = '{}'", what.as_str());
        self.app.store.db.fetch_one(sql, &[]).await.unwrap().get_i64(0).unwrap()
    }
}

/// Whoever has to mend a filing reads in the mail what is to be mended, field by field. Shows R34.
#[tokio::test]
async fn the_mail_of_a_returned_filing_lists_the_comments() {
    on_both(async |office| {
        let people = office.people().await;
        let owner = office.account("jenny", Role::Applicant, Some("library")).await;
        let filing = office.filed_dataset(&owner).await.filing.unwrap();
        let comment =
            |field: &str, text: &str| Comment { field: field.to_owned(), text: text.parse().unwrap() };
        let ruling = Ruling {
            filing,
            step: ReviewStep::Operator,
            decision: Decision::Refused,
            reason: Some("請補正".parse().unwrap()),
            comments: vec![comment("name", "名稱太長"), comment("dp_ip[0]", "這不是\n貴機關的 IP")],
            letter: None,
        };
        flow::decide(&office.app, &by(&people.operator), &ruling).await.unwrap();
        let mails = office.mails(MailKind::NotPassed).await;
        assert_eq!(mails.len(), 1);
        for says in ["請補正", "資料集名稱", "名稱太長", "這不是\n    貴機關的 IP"] {
            assert!(mails[0].text.contains(says), "{says}: {}", mails[0].text);
        }
        // The comments are for whoever mends; nobody else is written to about them.
        for other in office.mails(MailKind::InReview).await {
            assert!(!other.text.contains("名稱太長"));
        }
    })
    .await;
}

#[tokio::test]
async fn two_reviewers_at_once_decide_once() {
    on_both(async |office| {
        let people = office.people().await;
        let account = office.account("library.one", Role::Applicant, Some("library")).await;
        let filed = office.filed_dataset(&account).await;
        let filing = filed.filing.unwrap();
        let (one, other) = tokio::join!(
            office.approve(&people.operator, filing, ReviewStep::Operator),
            office.refuse(&people.other_operator, filing, ReviewStep::Operator),
        );
        let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
        assert!(won.is_ok());
        let lost = lost.unwrap_err();
        assert!(matches!(lost, ActError::Superseded), "{lost}");
        assert!(lost.words(Lang::ZhTw).contains("未變更任何資料"));
        let reviews = filings::reviews(&office.app.store.db, filing).await.unwrap();
        assert_eq!(reviews.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn many_forms_at_once_have_numbers_of_their_own() {
    on_both(async |office| {
        office.people().await;
        let account = office.account("library.one", Role::Applicant, Some("library")).await;
        let mut drafts = Vec::new();
        for _ in 0..6 {
            let draft =
                flow::begin_item(&office.app, &by(&account), Kind::Dataset, Fields::new()).await.unwrap();
            let fields = office.dataset_fields(&draft).await;
            let version = office.fill(&by(&account), &draft, &fields).await;
            drafts.push((draft.id, version));
        }
        // Each is sent twice, all at once.
        let who = by(&account);
        let sent =
            drafts.iter().chain(&drafts).map(|(id, version)| flow::file(&office.app, &who, *id, *version));
        let outcomes = futures_util::future::join_all(sent).await;
        let mut numbers: Vec<String> =
            outcomes.iter().map(|o| o.as_ref().unwrap().number.unwrap().to_string()).collect();
        assert_eq!(outcomes.iter().filter(|o| o.as_ref().unwrap().already).count(), 6);
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 6, "{numbers:?}");
        assert!(numbers[5].ends_with("006"), "{numbers:?}");
        assert_eq!(office.count(What::ItemStepped).await, 6);
    })
    .await;
}

#[tokio::test]
async fn what_a_page_no_longer_shows_is_not_done() {
    on_both(async |office| {
        let people = office.people().await;
        let (app, account) =
            (&office.app, office.account("library.one", Role::Applicant, Some("library")).await);
        let filed = office.filed_dataset(&account).await;
        let first = filed.filing.unwrap();

        // Withdrawn and filed again: the page of the first filing decides nothing.
        flow::act(app, &by(&account), filed.item, Act::Withdraw).await.unwrap();
        assert_eq!(office.filing_state(first).await, FilingState::Withdrawn);
        let draft = flow::begin_form(app, &by(&account), filed.item, FilingKind::NewItem).await.unwrap();
        assert_eq!(draft.fields.text("name"), "示範借閱紀錄", "what was filed is there to be mended");
        let refiled = flow::file(app, &by(&account), draft.id, draft.version).await.unwrap();
        assert_eq!(refiled.number.unwrap(), filed.number.unwrap().refiled());
        let late = office.approve(&people.operator, first, ReviewStep::Operator).await;
        assert!(matches!(late, Err(ActError::Superseded)));
        // Nor does a page of another station.
        let filing = refiled.filing.unwrap();
        let ahead = office.approve_with_letter(&people.ministry, filing, ReviewStep::Ministry).await;
        assert!(matches!(ahead, Err(ActError::Superseded)));
        let wrong = office.approve(&people.ministry, filing, ReviewStep::Operator).await;
        assert!(matches!(wrong, Err(ActError::Refused(Refused::NotNow { .. }))), "{wrong:?}");

        // A role that was taken away while the page was open, and an account that was locked.
        let (reviewer, other) = (&people.operator, &people.other_operator);
        office.change(reviewer.id, |a| a.role = Role::Auditor).await;
        let gone = office.approve(reviewer, filing, ReviewStep::Operator).await;
        assert!(matches!(gone, Err(ActError::Barred)));
        let now = office.now();
        office.change(other.id, |a| a.locked_at = Some(now)).await;
        let locked = office.approve(other, filing, ReviewStep::Operator).await;
        assert!(matches!(locked, Err(ActError::Barred)));
        assert_eq!(office.stage(filed.item).await, StageName::OperatorReview);
        let again = office.again(reviewer).await;
        let auditor = flow::act(app, &by(&again), filed.item, Act::Suspend("x".parse().unwrap())).await;
        assert!(matches!(auditor, Err(ActError::Refused(_) | ActError::Barred)));
    })
    .await;
}

#[tokio::test]
async fn a_stale_or_faulty_draft_is_not_filed_and_is_not_lost() {
    on_both(async |office| {
        let account = office.account("library.one", Role::Applicant, Some("library")).await;
        let (app, who) = (&office.app, by(&account));
        let draft = flow::begin_item(app, &who, Kind::Dataset, Fields::new()).await.unwrap();
        let version = office.fill(&who, &draft, &Fields::new().with("name", "<script>𠮷")).await;
        let stale = flow::file(app, &who, draft.id, draft.version).await;
        assert!(matches!(stale, Err(ActError::Stale { there }) if there == version));
        let again = flow::begin::save(app, &who, draft.id, draft.version, &Fields::new()).await;
        assert!(matches!(again, Err(ActError::Stale { .. })));
        let faulty = flow::file(app, &who, draft.id, version).await;
        let Err(ActError::Faults(faults)) = faulty else { panic!("{faulty:?}") };
        assert!(faults.iter().any(|f| f.path == "dp_api") && faults.iter().all(|f| f.path != "name"));
        let kept = office.draft(draft.id, &account).await.unwrap();
        assert_eq!(kept.fields.text("name"), "<script>𠮷");
        assert_eq!(
            office.item(draft.item.unwrap()).await.name,
            "<script>𠮷",
            "lists show what it is called so far"
        );
        assert_eq!(office.count(What::ItemStepped).await, 0);
    })
    .await;
}

#[tokio::test]
async fn one_organisation_never_reaches_anothers_items() {
    on_both(async |office| {
        let people = office.people().await;
        let own = office.account("library.one", Role::Applicant, Some("library")).await;
        let other = office.account("museum.one", Role::Applicant, Some("museum")).await;
        let app = &office.app;
        let filed = office.filed_dataset(&own).await;
        let draft = flow::begin_item(app, &by(&own), Kind::Service, Fields::new()).await.unwrap();
        let gone =
            |result: Result<(), ActError>| assert!(matches!(result, Err(ActError::Gone)), "{result:?}");
        let reason = || "示範".parse().unwrap();
        gone(flow::act(app, &by(&other), filed.item, Act::Withdraw).await.map(drop));
        gone(flow::act(app, &by(&other), filed.item, Act::Delist(reason())).await.map(drop));
        gone(flow::begin_form(app, &by(&other), filed.item, FilingKind::NewItem).await.map(drop));
        gone(flow::file(app, &by(&other), draft.id, draft.version).await.map(drop));
        gone(flow::begin::save(app, &by(&other), draft.id, 1, &Fields::new()).await.map(drop));
        gone(
            flow::credentials::show(app, &by(&other), filed.item, mydata_domain::Zone::Test).await.map(drop),
        );
        gone(flow::display::set(app, &by(&other), filed.item, false).await.map(drop));
        gone(office.approve(&other, filed.filing.unwrap(), ReviewStep::Operator).await.map(drop));
        // A competent authority sees what is in its charge only.
        gone(office.approve(&people.authority, filed.filing.unwrap(), ReviewStep::Authority).await.map(drop));
        // Nobody reviews what their organisation filed, and no staff sees secrets.
        let staff =
            flow::credentials::show(app, &by(&people.operator), filed.item, mydata_domain::Zone::Test).await;
        assert!(matches!(staff, Err(ActError::Barred)));
    })
    .await;
}
