//! The lives: each begins so long ago that it has come to its stage today.

use std::time::Duration;

use anyhow::Context as _;
use mydata_domain::account::Account;
use mydata_domain::calendar::{day_of, days_after, midnight};
use mydata_domain::filing::{Decision, FilingId, FilingKind, OfficialLetter, ReviewStep};
use mydata_domain::forms::{DraftId, Fields, FormKind};
use mydata_domain::item::{Act, ItemId, Kind, StageName};
use mydata_domain::organisation::NoteKind;
use mydata_domain::{Clock as _, Time};
use mydata_server::backoffice::flow::organisations::Opening;
use mydata_server::backoffice::flow::{self, By, Outcome, Ruling, organisations, sign_up};
use mydata_server::jobs::Job;
use mydata_store::jobs::Full;
use mydata_store::repo::drafts::{self, Draft, New};
use mydata_store::repo::list::List;
use mydata_store::repo::mails;
use mydata_wire::SystemRandom;

use super::Office;
use super::forms::{Body, organisation};

/// The account that is made last.
pub(super) const LAST: &str = "delisted";

/// A life: where it is today, whose it is, and what it is about.
struct Life {
    goal: StageName,
    body: Body,
    kind: Kind,
    what: (&'static str, &'static str),
    /// How many days ago it began.
    ago: i32,
}

const fn life(
    goal: StageName,
    (account, name, name_en): (&'static str, &'static str, &'static str),
    private: bool,
    kind: Kind,
    what: (&'static str, &'static str),
    ago: i32,
) -> Life {
    Life { goal, body: Body { account, name, name_en, private }, kind, what, ago }
}

/// The days of a life, counted from its first: filed, passed by the operator, by the authority, by the ministry; go-live
/// filed, passed, its letter, its pilot; the report filed, passed; listed; a change filed, passed on.
const DAYS: [i32; 13] = [0, 2, 4, 7, 40, 42, 44, 47, 60, 62, 75, 80, 82];
const GO_LIVE: i32 = DAYS[10];

#[rustfmt::skip]
const LIVES: [Life; 17] = {
    use Kind::{CounterService as C, Dataset as A, Service as B};
    use StageName as S;
    [
        life(S::Draft, ("draft", "示範國家圖書館", "Demo National Library"), false, A, ("示範借閱紀錄", "Demo loans"), 1),
        life(S::OperatorReview, ("operator-review", "示範氣象站", "Demo Weather Station"), false, A, ("示範氣象證明", "Demo weather certificate"), 1),
        life(S::AuthorityReview, ("authority-review", "示範人壽保險公司", "Demo Life Insurance"), true, B, ("示範線上投保", "Demo insurance online"), 3),
        life(S::MinistryReview, ("ministry-review", "示範縣社會處", "Demo County Social Affairs"), false, B, ("示範急難救助", "Demo emergency relief"), 5),
        life(S::Testing, ("testing", "示範市民服務中心", "Demo Citizens' Centre"), false, C, ("示範臨櫃申辦", "Demo counter application"), 20),
        life(S::ExtensionReview, ("extension-review", "示範自來水處", "Demo Waterworks"), false, A, ("示範用水資料", "Demo water use"), 94),
        life(S::GoLiveOperatorReview, ("go-live-operator-review", "示範監理所", "Demo Motor Vehicles Office"), false, A, ("示範駕照資料", "Demo driving licence"), 41),
        life(S::AwaitingLetter, ("awaiting-letter", "示範水利署", "Demo Water Resources"), false, A, ("示範水權資料", "Demo water rights"), 43),
        life(S::GoLiveMinistryReview, ("go-live-ministry-review", "示範教育局", "Demo Education Bureau"), false, A, ("示範學籍資料", "Demo school record"), 45),
        life(S::Piloting, ("piloting", "示範勞保處", "Demo Labour Insurance"), false, A, ("示範投保資料", "Demo labour insurance"), 50),
        life(S::ReportReview, ("report-review", "示範健保處", "Demo Health Insurance"), false, A, ("示範就醫資料", "Demo medical visits"), 61),
        life(S::AwaitingListing, ("awaiting-listing", "示範地政處", "Demo Land Office"), false, A, ("示範地籍資料", "Demo land record"), 65),
        life(S::Listed, ("listed", "示範商工登記處", "Demo Business Registry"), false, A, ("示範商業登記", "Demo business registration"), 100),
        life(S::ChangeOperatorReview, ("change-operator-review", "示範電力處", "Demo Power Office"), false, A, ("示範用電資料", "Demo power use"), 81),
        life(S::ChangeMinistryReview, ("change-ministry-review", "示範郵政處", "Demo Post Office"), false, A, ("示範郵政資料", "Demo postal savings"), 84),
        life(S::Suspended, ("suspended", "示範法務處", "Demo Legal Affairs"), false, A, ("示範證明資料", "Demo certificates"), 90),
        life(S::Delisted, (LAST, "示範農會", "Demo Farmers' Association"), true, B, ("示範農業貸款", "Demo farm loan"), 110),
    ]
};

const WAITING: Body =
    Body { account: "sign-up-review", name: "示範博物館", name_en: "Demo Museum", private: false };
const RETURNED: Body = Body {
    account: "sign-up-returned",
    name: "示範文化中心",
    name_en: "Demo Culture Centre",
    private: false,
};

/// Account, organisation and stage of every life.
pub(super) fn listed() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    [
        (WAITING.account, WAITING.name, "帳號審核中"),
        (RETURNED.account, RETURNED.name, "帳號申請未通過，補正中"),
    ]
    .into_iter()
    .chain(LIVES.iter().map(|life| (life.body.account, life.body.name, life.goal.zh())))
}

/// Lets all of them live.
pub(super) async fn all(office: &Office) -> anyhow::Result<()> {
    let staff = Staff {
        operator: office.account("operator").await?,
        ministry: office.account("ministry").await?,
        authority: office.account("authority").await?,
    };
    for (body, back) in [(&WAITING, false), (&RETURNED, true)] {
        office.sign_up(&staff, body, back).await.with_context(|| body.account.to_owned())?;
    }
    for life in &LIVES {
        office.live(&staff, life).await.with_context(|| life.body.account.to_owned())?;
    }
    office.set(office.today);
    Ok(())
}

struct Staff {
    operator: Account,
    ministry: Account,
    authority: Account,
}

/// A life on its way.
struct Way<'o> {
    office: &'o Office,
    staff: &'o Staff,
    life: &'o Life,
    owner: Account,
    item: ItemId,
}

fn by(account: &Account) -> By {
    By::account(account, None)
}

impl Office {
    /// So many days after a life began, at ten in the morning; never later than now.
    async fn day(&self, ago: i32, day: i32) -> anyhow::Result<()> {
        let at = midnight(days_after(day_of(self.today), day - ago)).plus(Duration::from_secs(10 * 3600));
        self.until(at.min(self.today)).await
    }

    /// Moves the clock on; what is due on the way is done at its moment.
    async fn until(&self, to: Time) -> anyhow::Result<()> {
        loop {
            self.work().await?;
            let due = self.app.store.jobs.next_run_at(&Full::default()).await?;
            match due {
                Some(due) if due < to => self.set(due),
                _ => break,
            }
        }
        self.set(to);
        self.work().await
    }

    /// Does what is due now. Mails go to the sandbox's mailbox.
    async fn work(&self) -> anyhow::Result<()> {
        let (jobs, lease) = (&self.app.store.jobs, Duration::from_secs(60));
        loop {
            let claimed = jobs.claim(64, &Full::default(), self.clock.now(), lease).await?;
            if claimed.is_empty() {
                return Ok(());
            }
            for leased in claimed {
                let job = Job::read(&leased).context("a job of another version")?;
                mydata_server::flow::work(&self.app, &job, &leased).await?;
            }
        }
    }

    async fn draft(&self, account: &Account, form: FormKind, fields: Fields) -> anyhow::Result<Draft> {
        let (crypter, now, fields) = (&self.app.store.crypter, self.clock.now(), &fields);
        let begun = self
            .app
            .store
            .db
            .run_tx("demo-draft", |tx| async move {
                let fields = fields.clone();
                let new = New { form, account: account.id, organisation: None, item: None, fields };
                drafts::begin(&tx, crypter, &SystemRandom, new, now).await
            })
            .await?;
        Ok(begun)
    }

    async fn save(
        &self,
        account: &Account,
        draft: &Draft,
        fields: &Fields,
    ) -> anyhow::Result<(DraftId, i64)> {
        let version = flow::begin::save(&self.app, &by(account), draft.id, draft.version, fields).await?;
        Ok((draft.id, version))
    }

    /// A sign-up that waits, or came back.
    async fn sign_up(&self, staff: &Staff, body: &Body, back: bool) -> anyhow::Result<()> {
        self.set(Time(self.today.0 - 3 * 86_400_000));
        let address = format!("{}@demo.example", body.account);
        sign_up::begin(&self.app, &address, [127, 0, 0, 1].into()).await?;
        let kind = mydata_domain::mail::AboutAccount::SignUp.into();
        let filter = mails::Filter { kind: Some(kind), ..Default::default() };
        let list = List { filter, size: 100, ..List::default() };
        let mails = mails::list(&self.app.store.db, &self.app.store.crypter, &list).await?;
        let mail = mails.rows.into_iter().find(|mail| mail.content.address == address);
        let link = mail.and_then(|mail| mail.content.link).context("no mail with a link")?;
        let secret = link.split("link=").nth(1).context("a link without its secret")?;
        let name = body.account.parse()?;
        let password = mydata_domain::account::password::NewPassword::read(super::PASSWORD, &name)
            .map_err(|weak| anyhow::anyhow!("the demo's password is {weak:?}"))?;
        let account = sign_up::open(&self.app, secret, &name, &password, [127, 0, 0, 1].into()).await?;
        let of_organisation = self.draft(&account, FormKind::Organisation, organisation(body)).await?;
        let of_item = self.draft(&account, FormKind::Dataset, Fields::new()).await?;
        let fields =
            self.item_form(Kind::Dataset, body, ("示範典藏資料", "Demo collections"), &of_item).await?;
        let application = self.save(&account, &of_item, &fields).await?;
        sign_up::file(&self.app, &by(&account), (of_organisation.id, 1), application).await?;
        if back {
            let ruling = Ruling {
                filing: of_organisation.id.to_string().parse()?,
                step: ReviewStep::Operator,
                decision: Decision::Refused,
                reason: Some("請補正機關單位地址。".parse()?),
                comments: Vec::new(),
                letter: None,
            };
            self.work().await?;
            self.set(Time(self.today.0 - 86_400_000));
            sign_up::decide(&self.app, &by(&staff.operator), &ruling).await?;
        }
        self.work().await
    }

    /// A life up to its goal.
    async fn live(&self, staff: &Staff, life: &Life) -> anyhow::Result<()> {
        let first = midnight(days_after(day_of(self.today), -life.ago - 3));
        self.set(first.plus(Duration::from_secs(9 * 3600)));
        let form = self.organisation_form(&life.body)?;
        let signed = Some(self.signed("介接申請表.pdf", life.body.account).await?);
        let note = "承辦人來電申請，另寄簽章後的介接申請表。".to_owned();
        let opening = Opening { asked: NoteKind::AskedByPhone, note, signed };
        let id = organisations::open(&self.app, &by(&staff.operator), &form, &opening).await?;
        let said = "已電話告知申請人帳號開通，請其依信件設定密碼。";
        organisations::told(&self.app, &by(&staff.operator), &id, said).await?;
        self.work().await?;
        let owner = self.let_in(&self.account(life.body.account).await?).await?;
        self.day(life.ago, DAYS[0]).await?;
        let draft = flow::begin_item(&self.app, &by(&owner), life.kind, Fields::new()).await?;
        let item = draft.item.context("a draft without its item")?;
        let fields = self.item_form(life.kind, &life.body, life.what, &draft).await?;
        let saved = self.save(&owner, &draft, &fields).await?;
        let way = Way { office: self, staff, life, owner, item };
        way.walk(saved).await?;
        self.until(self.today).await?;
        let kept =
            mydata_store::repo::items::load(&self.app.store.db, &mydata_store::repo::list::Scope::All, item)
                .await?;
        let stage = kept.context("the item is gone")?.stage.name();
        anyhow::ensure!(stage == life.goal, "it is {stage}, not {}", life.goal);
        Ok(())
    }
}

impl Way<'_> {
    /// Step by step, until the goal is reached.
    async fn walk(&self, saved: (DraftId, i64)) -> anyhow::Result<()> {
        use StageName as S;
        let goal = self.life.goal;
        if goal == S::Draft {
            return Ok(());
        }
        let filing = self.file(saved).await?;
        if goal == S::OperatorReview {
            return Ok(());
        }
        self.decide(1, &self.staff.operator, filing, ReviewStep::Operator, false).await?;
        if goal == S::AuthorityReview {
            return Ok(());
        }
        if self.life.body.private {
            self.decide(2, &self.staff.authority, filing, ReviewStep::Authority, true).await?;
        }
        if goal == S::MinistryReview {
            return Ok(());
        }
        self.decide(3, &self.staff.ministry, filing, ReviewStep::Ministry, !self.life.body.private).await?;
        match goal {
            // The second's test ends by itself.
            S::Testing | S::Delisted => return Ok(()),
            S::ExtensionReview => {
                self.office.day(self.life.ago, self.life.ago).await?;
                let reason = |_: &Draft| Fields::new().with("reason", "資料格式調整中，需要更多時間測試。");
                return self.hand_in(FilingKind::Extension, reason).await.map(drop);
            }
            _ => {}
        }
        self.go_live(goal).await
    }

    async fn go_live(&self, goal: StageName) -> anyhow::Result<()> {
        use StageName as S;
        let (app, ago) = (&self.office.app, self.life.ago);
        self.office.day(ago, DAYS[4]).await?;
        let draft = flow::begin_form(app, &by(&self.owner), self.item, FilingKind::GoLive).await?;
        let on = days_after(day_of(self.office.today), GO_LIVE - ago);
        let fields = self.office.go_live_form(&draft, on).await?;
        let filing = self.file(self.office.save(&self.owner, &draft, &fields).await?).await?;
        if goal == S::GoLiveOperatorReview {
            return Ok(());
        }
        self.decide(5, &self.staff.operator, filing, ReviewStep::Operator, false).await?;
        if goal == S::AwaitingLetter {
            return Ok(());
        }
        self.office.day(ago, DAYS[6]).await?;
        flow::note_letter(app, &by(&self.staff.operator), filing, &self.letter()?).await?;
        if goal == S::GoLiveMinistryReview {
            return Ok(());
        }
        self.decide(7, &self.staff.ministry, filing, ReviewStep::Ministry, false).await?;
        if goal == S::Piloting {
            return Ok(());
        }
        self.office.day(ago, DAYS[8]).await?;
        let draft = flow::begin_form(app, &by(&self.owner), self.item, FilingKind::PilotReport).await?;
        let fields = self.office.report_form(&draft).await?;
        let filing = self.file(self.office.save(&self.owner, &draft, &fields).await?).await?;
        if goal == S::ReportReview {
            return Ok(());
        }
        self.decide(9, &self.staff.operator, filing, ReviewStep::Operator, false).await?;
        match goal {
            S::AwaitingListing | S::Listed => Ok(()),
            S::Suspended => {
                self.office.day(ago, ago - 2).await?;
                let why = "接獲通報資料內容有誤，暫停提供。".parse()?;
                flow::act(app, &by(&self.staff.operator), self.item, Act::Suspend(why)).await?;
                Ok(())
            }
            _ => {
                self.office.day(ago, DAYS[11]).await?;
                let longer = |draft: &Draft| {
                    draft.fields.clone().with("description", "供示範用的虛構資料，每日更新。")
                };
                let filing = self.hand_in(FilingKind::Change, longer).await?;
                if goal == S::ChangeMinistryReview {
                    self.decide(12, &self.staff.operator, filing, ReviewStep::Operator, false).await?;
                }
                Ok(())
            }
        }
    }

    /// Fills in a form about the item and files it.
    async fn hand_in(&self, kind: FilingKind, fill: impl Fn(&Draft) -> Fields) -> anyhow::Result<FilingId> {
        let draft = flow::begin_form(&self.office.app, &by(&self.owner), self.item, kind).await?;
        self.file(self.office.save(&self.owner, &draft, &fill(&draft)).await?).await
    }

    async fn file(&self, (draft, version): (DraftId, i64)) -> anyhow::Result<FilingId> {
        let filed = flow::file(&self.office.app, &by(&self.owner), draft, version).await.map_err(
            |error| match error {
                flow::ActError::Faults(faults) => anyhow::anyhow!("{faults:?}"),
                other => other.into(),
            },
        )?;
        let Outcome { filing, .. } = filed;
        filing.context("a form that was filed has a filing")
    }

    fn letter(&self) -> anyhow::Result<OfficialLetter> {
        Ok(OfficialLetter::new("示範字第1150000001號", day_of(self.office.clock.now()))?)
    }

    async fn decide(
        &self,
        day: usize,
        reviewer: &Account,
        filing: FilingId,
        step: ReviewStep,
        letter: bool,
    ) -> anyhow::Result<()> {
        self.office.day(self.life.ago, DAYS[day]).await?;
        let letter = if letter { Some(self.letter()?) } else { None };
        let decision = Decision::Approved;
        let reason = Some("內容符合規定。".parse()?);
        let ruling = Ruling { filing, step, decision, reason, comments: Vec::new(), letter };
        flow::decide(&self.office.app, &by(reviewer), &ruling).await?;
        Ok(())
    }
}
