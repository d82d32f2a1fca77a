//! The scenarios.

use std::time::Duration;

use http::StatusCode;
use mydata_sdk::sp::StatusError;
use mydata_wire::entry::{EntryLink, encode_resources};
use mydata_wire::pid::Pid;
use mydata_wire::status::TxStatus;
use mydata_wire::{PersonalId, ReturnCode, TxId, Verification};

use super::checks::{self, Expected, datasets, notifications};
use super::{Stage, Wrong, keep};
use crate::citizen::{Citizen, Decision, End, Page, Plan};
use crate::dp::Dataset;
use crate::lab::{LabService, StoppedDataset};
use crate::personas::{self, Persona};
use crate::sp::{Case, Sp};

use Dataset::{Household, Kin, Property};
use Expected::{Data, Nothing, Undeliverable};

/// How long the data may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// One thing that can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// All three datasets, from the bank's page to the bank's page.
    Everything,
    /// A DP asks to wait; the citizen confirms at once and the data follows.
    Slow,
    /// A DP has no data of this person.
    NothingFound,
    /// A DP refuses; the other datasets arrive.
    FailingDp,
    /// Every DP refuses.
    AllFailing,
    /// A DP fails once; the platform tries again.
    RetriedDp,
    /// A package with an invalid signature is not passed on.
    InvalidSignature,
    /// Somebody else signs in than the bank expects.
    WrongPerson,
    /// The citizen refuses after seeing the data.
    Refused,
    /// The citizen refuses before signing in.
    RefusedAtOnce,
    /// The citizen cancels at the identity provider.
    LoginCancelled,
    /// The SP-API answers 403.
    SpRefuses,
    /// The SP-API answers 500 once.
    SpRetried,
    /// The holder of a resident certificate.
    Resident,
    /// The holder of an old resident number.
    OldResident,
    /// A name beyond the Basic Multilingual Plane.
    RareName,
    /// A minor.
    Minor,
    /// A company's representative with a business certificate.
    Company,
    /// The SP does not say whom it expects.
    NotChecked,
    /// An entry with an unknown `client_id`.
    UnknownClient,
    /// An entry with a return URL that is not registered.
    BadReturnUrl,
    /// An entry whose `tx_id` is no UUID.
    BadTxId,
    /// An entry that asks for a dataset which does not exist.
    UnknownDataset,
    /// An entry that asks for a dataset which was not approved.
    NotApproved,
    /// An entry whose `pid` cannot be decrypted.
    BadPid,
    /// An entry for a suspended service.
    Suspended,
    /// An entry that asks for a dataset which has ended.
    Stopped,
    /// An entry that asks for a dataset in maintenance.
    Maintenance,
}

impl Scenario {
    /// Every one, in the order of the report.
    pub const ALL: [Scenario; 28] = [
        Self::Everything,
        Self::Slow,
        Self::NothingFound,
        Self::FailingDp,
        Self::AllFailing,
        Self::RetriedDp,
        Self::InvalidSignature,
        Self::WrongPerson,
        Self::Refused,
        Self::RefusedAtOnce,
        Self::LoginCancelled,
        Self::SpRefuses,
        Self::SpRetried,
        Self::Resident,
        Self::OldResident,
        Self::RareName,
        Self::Minor,
        Self::Company,
        Self::NotChecked,
        Self::UnknownClient,
        Self::BadReturnUrl,
        Self::BadTxId,
        Self::UnknownDataset,
        Self::NotApproved,
        Self::BadPid,
        Self::Suspended,
        Self::Stopped,
        Self::Maintenance,
    ];

    /// Its short name, also its folder's.
    pub fn name(self) -> &'static str {
        self.about().0
    }

    /// What happens, zh-TW.
    pub fn title(self) -> &'static str {
        self.about().1
    }

    /// What happens, English.
    pub fn title_en(self) -> &'static str {
        self.about().2
    }

    fn about(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Everything => ("everything", "三項資料齊全", "all three datasets arrive"),
            Self::Slow => ("slow", "資料提供者要求等候", "a DP asks to wait"),
            Self::NothingFound => ("nothing-found", "查無資料", "nothing found"),
            Self::FailingDp => ("failing-dp", "一項資料無法取得", "one dataset cannot be had"),
            Self::AllFailing => ("all-failing", "全部資料無法取得", "no dataset can be had"),
            Self::RetriedDp => ("retried-dp", "資料提供者失敗後重試", "a DP fails and is asked again"),
            Self::InvalidSignature => ("invalid-signature", "簽章無效", "an invalid signature"),
            Self::WrongPerson => ("wrong-person", "登入者不符", "somebody else signs in"),
            Self::Refused => ("refused", "看過資料後拒絕", "the citizen refuses after seeing the data"),
            Self::RefusedAtOnce => {
                ("refused-at-once", "登入前即拒絕", "the citizen refuses before signing in")
            }
            Self::LoginCancelled => ("login-cancelled", "取消身分驗證", "the citizen cancels the sign-in"),
            Self::SpRefuses => ("sp-refuses", "SP-API 拒絕", "the SP-API refuses"),
            Self::SpRetried => ("sp-retried", "SP-API 失敗後重試", "the SP-API fails and is called again"),
            Self::Resident => ("resident", "持居留證者", "the holder of a resident certificate"),
            Self::OldResident => ("old-resident", "舊式統一證號", "an old resident number"),
            Self::RareName => ("rare-name", "罕用字姓名", "a name beyond the BMP"),
            Self::Minor => ("minor", "未成年人", "a minor"),
            Self::Company => ("company", "公司負責人", "a company's representative"),
            Self::NotChecked => ("not-checked", "不檢核身分證字號", "the SP does not say whom it expects"),
            Self::UnknownClient => ("unknown-client", "無效的 client_id", "an unknown client_id"),
            Self::BadReturnUrl => ("bad-return-url", "返回網址不符", "a return URL that is not registered"),
            Self::BadTxId => ("bad-tx-id", "無法解析的 tx_id", "a tx_id that is no UUID"),
            Self::UnknownDataset => ("unknown-dataset", "無效的 resource_id", "an unknown dataset"),
            Self::NotApproved => ("not-approved", "未獲准的資料集", "a dataset that was not approved"),
            Self::BadPid => ("bad-pid", "無法解密的 pid", "a pid that cannot be decrypted"),
            Self::Suspended => ("suspended", "服務停權中", "a suspended service"),
            Self::Stopped => ("stopped", "資料集已停止服務", "a dataset that has ended"),
            Self::Maintenance => ("maintenance", "資料集維護中", "a dataset in maintenance"),
        }
    }

    /// Who signs in; `None` where nobody comes that far.
    pub fn persona(self) -> Option<&'static Persona> {
        let key = match self {
            Self::Everything => "wang-xiaoming",
            Self::Slow => "chen-manman",
            Self::NothingFound => "lin-xiaohua",
            Self::FailingDp => "huang-butong",
            Self::AllFailing => "hong-quanting",
            Self::RetriedDp => "xu-zaishi",
            Self::InvalidSignature => "zhang-weizhang",
            Self::WrongPerson | Self::Refused | Self::SpRefuses => "zhou-daiban",
            Self::SpRetried => "wang-xiaoming",
            Self::Resident => "nguyen-van-an",
            Self::OldResident => "sample-mary",
            Self::RareName => "ji-xiaotian",
            Self::Minor => "li-xiaoxiao",
            Self::Company => "wu-fuze",
            Self::NotChecked => "zhou-daiban",
            _ => return None,
        };
        personas::by_key(key)
    }

    /// Plays it; tells what was seen.
    pub(super) async fn play(self, stage: &Stage<'_>) -> Result<String, Wrong> {
        let all = |property| [(Household, Data), (Kin, Data), (Property, property)];
        let resident = [(Household, Data), (Kin, Nothing), (Property, Nothing)];
        let cer = Verification::Cer;
        match self {
            Self::Everything => self.everything(stage).await,
            Self::Slow => self.slow(stage).await,
            Self::NothingFound => self.arrives(stage, cer, &all(Nothing)).await,
            Self::FailingDp => self.arrives(stage, cer, &all(Undeliverable)).await,
            Self::AllFailing => self.ends(stage, Decision::ConfirmWhenDone, ReturnCode::DatasetFailing).await,
            Self::RetriedDp => self.arrives(stage, Verification::Nhi, &all(Data)).await,
            Self::InvalidSignature => {
                let expected = [(Household, Undeliverable), (Kin, Data), (Property, Data)];
                self.arrives(stage, cer, &expected).await
            }
            Self::WrongPerson => self.wrong_person(stage).await,
            Self::Refused => self.ends(stage, Decision::RefuseWhenDone, ReturnCode::Refused).await,
            Self::RefusedAtOnce => self.ends(stage, Decision::RefuseBeforeLogin, ReturnCode::Refused).await,
            Self::LoginCancelled => self.login_cancelled(stage).await,
            Self::SpRefuses => self.sp_refuses(stage).await,
            Self::SpRetried => self.sp_retried(stage).await,
            Self::Resident => self.arrives(stage, Verification::Nhi, &resident).await,
            Self::OldResident => self.arrives(stage, Verification::Nhi, &resident).await,
            Self::RareName => self.arrives(stage, cer, &all(Data)).await,
            Self::Minor => self.arrives(stage, Verification::Nhi, &all(Nothing)).await,
            Self::Company => self.arrives(stage, Verification::Moe, &all(Data)).await,
            Self::NotChecked => self.not_checked(stage).await,
            _ => self.refused_entry(stage).await,
        }
    }

    fn person(self) -> &'static Persona {
        self.persona().unwrap_or(&personas::all()[0])
    }

    /// The citizen applies at the bank; gives the case and what is to be walked on from.
    async fn apply(self, stage: &Stage<'_>, citizen: &mut Citizen) -> Result<(Page, Case), Wrong> {
        let sandbox = stage.sandbox;
        let persona = self.person();
        let start = citizen.get(sandbox.addresses().bank.as_str()).await?;
        let form = start.reading.form("apply").ok_or_else(|| "the bank has no form".to_owned())?.clone();
        let fill = |field: &crate::citizen::html::Field| {
            Some(if field.name == "uid" { persona.uid } else { persona.name }.to_owned())
        };
        let page = citizen.submit(&start, &form, form.buttons.first(), fill).await?;
        let entry = page.trail.get(1).ok_or_else(|| "the bank did not send the citizen on".to_owned())?;
        let tx_id = entry.path().rsplit('/').next().and_then(|tx_id| tx_id.parse::<TxId>().ok());
        let case = tx_id.and_then(|tx_id| sandbox.bank().case(&tx_id));
        let case = case.ok_or_else(|| "the bank's entry URL carries no transaction of its own".to_owned())?;
        Ok((page, case))
    }

    /// From the bank's page to wherever it ends.
    async fn through_the_bank(self, stage: &Stage<'_>, plan: &Plan) -> Result<(Citizen, Case, End), Wrong> {
        let mut citizen = Citizen::new(stage.sandbox.http().clone());
        let (page, case) = self.apply(stage, &mut citizen).await?;
        let end = citizen.walk(page, &stage.sandbox.bank().facts().return_url, plan).await?;
        Ok((citizen, case, end))
    }

    fn keep(self, stage: &Stage<'_>, sp: &Sp, case: &Case, url: Option<&str>) -> Result<(), Wrong> {
        if let Some(out) = stage.out {
            keep::case(&out.join(self.name()), sp, case, url)?;
        }
        Ok(())
    }

    async fn arrives(
        self,
        stage: &Stage<'_>,
        method: Verification,
        expected: &[(Dataset, Expected)],
    ) -> Result<String, Wrong> {
        let bank = stage.sandbox.bank();
        let plan = Plan::new(self.person(), method);
        let (mut citizen, case, end) = self.through_the_bank(stage, &plan).await?;
        let url = returned(end)?;
        let case = checks::outcome(bank, &case.tx_id, PATIENCE).await?;
        let failing = expected.iter().any(|(_, expected)| *expected == Undeliverable);
        let case = match failing {
            true => bank
                .wait_for(&case.tx_id, PATIENCE, |case| !case.unable_to_deliver.is_empty())
                .await
                .unwrap_or(case),
            false => case,
        };
        self.keep(stage, bank, &case, Some(&url))?;
        checks::normal(&case)?;
        let said = datasets(&case, self.person(), expected)?;
        let page = citizen.get(&url).await?;
        if !page.html.contains(self.person().name) {
            return Err("the bank's page does not show the data".to_owned().into());
        }
        if let Some(notification) = &case.notification {
            let verification = bank.platform().type_valid(&notification.permission_ticket).await;
            if verification.as_ref().ok() != Some(&method) {
                return Err(format!("type_valid does not say {method}: {verification:?}").into());
            }
        }
        Ok(said)
    }

    async fn everything(self, stage: &Stage<'_>) -> Result<String, Wrong> {
        let said = self
            .arrives(stage, Verification::Cer, &[(Household, Data), (Kin, Data), (Property, Data)])
            .await?;
        let calls = stage.sandbox.dp_calls().calls();
        let property = calls.iter().rev().find(|call| call.path == Property.path());
        if property.and_then(|call| call.header("INQ_YR")).is_none() {
            return Err("the DP of 財產資料 did not get its parameter".to_owned().into());
        }
        Ok(said)
    }

    async fn slow(self, stage: &Stage<'_>) -> Result<String, Wrong> {
        let bank = stage.sandbox.bank();
        let plan = Plan::new(self.person(), Verification::Cer).decide(Decision::ConfirmAtOnce);
        // On a busy machine the citizen may need longer than a slow DP.
        let hold = stage.sandbox.hold(self.person());
        let mut citizen = Citizen::new(stage.sandbox.http().clone());
        let (page, case) = self.apply(stage, &mut citizen).await?;
        // The bank's last page shows the data, so the citizen is there only after the wait.
        let asked = async {
            let wait = checks::asked_to_wait(bank, &case.tx_id, PATIENCE).await;
            drop(hold);
            wait
        };
        let (end, wait) = tokio::join!(citizen.walk(page, &bank.facts().return_url, &plan), asked);
        let (url, wait) = (returned(end?)?, wait?);
        let case = checks::outcome(bank, &case.tx_id, PATIENCE).await?;
        self.keep(stage, bank, &case, Some(&url))?;
        checks::normal(&case)?;
        let said = datasets(&case, self.person(), &[(Household, Data), (Kin, Data), (Property, Data)])?;
        let waited = stage
            .sandbox
            .dp_calls()
            .calls()
            .iter()
            .filter(|call| call.path == Kin.path() && call.status == Some(StatusCode::TOO_MANY_REQUESTS))
            .count();
        if waited < 2 {
            return Err(format!("429 left the DP {waited} times, not twice").into());
        }
        match bank.platform().txid_status(&case.tx_id).await {
            Ok(TxStatus::Taken) => Ok(format!("{said}；429，Retry-After {} 秒", wait.as_secs())),
            other => Err(format!("txid_status does not say 201: {other:?}").into()),
        }
    }

    /// Ends with a code; nothing is sent.
    async fn ends(self, stage: &Stage<'_>, decision: Decision, code: ReturnCode) -> Result<String, Wrong> {
        let bank = stage.sandbox.bank();
        let plan = Plan::new(self.person(), Verification::Cer).decide(decision);
        let (_, case, end) = self.through_the_bank(stage, &plan).await?;
        let url = returned(end)?;
        let case = bank.case(&case.tx_id).unwrap_or(case);
        self.keep(stage, bank, &case, Some(&url))?;
        checks::abnormal(bank, &case, code)?;
        match bank.platform().txid_status(&case.tx_id).await {
            Ok(TxStatus::Ready | TxStatus::Taken | TxStatus::Preparing) => {
                Err("txid_status speaks of data that must not exist".to_owned().into())
            }
            Ok(_) | Err(StatusError::Denied(_)) => Ok(format!("返回代碼 {code}，未傳送資料")),
            Err(error) => Err(error.to_string().into()),
        }
    }

    async fn wrong_person(self, stage: &Stage<'_>) -> Result<String, Wrong> {
        let bank = stage.sandbox.bank();
        let mut citizen = Citizen::new(stage.sandbox.http().clone());
        // The bank expects somebody else.
        let expected: Option<PersonalId> = personas::by_key("wang-xiaoming").map(Persona::id);
        let case = bank.open_case("王小明", expected, "nobody's browser");
        let page = citizen.get(&case.entry_url).await?;
        let plan = Plan::new(self.person(), Verification::Cer);
        let end = citizen.walk(page, &bank.facts().return_url, &plan).await?;
        let url = returned(end)?;
        let case = bank.case(&case.tx_id).unwrap_or(case);
        self.keep(stage, bank, &case, Some(&url))?;
        checks::abnormal(bank, &case, ReturnCode::PersonConflict)?;
        Ok("返回代碼 409，未傳送資料".to_owned())
    }

    async fn login_cancelled(self, stage: &Stage<'_>) -> Result<String, Wrong> {
        let bank = stage.sandbox.bank();
        let plan = Plan::new(self.person(), Verification::Cer).decide(Decision::CancelLogin);
        let mut citizen = Citizen::new(stage.sandbox.http().clone());
        let (page, case) = self.apply(stage, &mut citizen).await?;
        // Whether the platform offers to choose again or ends here is its own affair.
        let end = citizen.walk(page, &bank.facts().return_url, &plan).await;
        if let Ok(End::DeadEnd(page)) = &end
            && page.status >= 500
        {
            return Err(format!("the platform answered {}", page.status).into());
        }
        let case = bank.case(&case.tx_id).unwrap_or(case);
        self.keep(stage, bank, &case, None)?;
        checks::nothing_sent(bank, &case)?;
        Ok("可重新選擇，未傳送資料".to_owned())
    }

    /// From the laboratory's service to wherever it ends.
    async fn through_the_lab<'s>(
        self,
        stage: &Stage<'s>,
        service: LabService,
        decision: Decision,
    ) -> Result<(&'s Sp, Case, String), Wrong> {
        let sp = stage.sandbox.lab().service(service);
        let case = sp.open_case(self.person().name, Some(self.person().id()), "");
        let mut citizen = Citizen::new(stage.sandbox.http().clone());
        let page = citizen.get(&case.entry_url).await?;
        let plan = Plan::new(self.person(), Verification::Nhi).decide(decision);
        let url = returned(citizen.walk(page, &sp.facts().return_url, &plan).await?)?;
        let case = sp.case(&case.tx_id).unwrap_or(case);
        Ok((sp, case, url))
    }

    async fn sp_refuses(self, stage: &Stage<'_>) -> Result<String, Wrong> {
        let (sp, case, url) =
            self.through_the_lab(stage, LabService::Refuse, Decision::ConfirmWhenDone).await?;
        self.keep(stage, sp, &case, Some(&url))?;
        checks::abnormal(sp, &case, ReturnCode::SpRefused)?;
        match notifications(sp, &case.tx_id).len() {
            1 => Ok("SP-API 回 403，返回代碼 410，不再重試".to_owned()),
            times => Err(format!("the SP-API was called {times} times; 403 is final").into()),
        }
    }

    async fn sp_retried(self, stage: &Stage<'_>) -> Result<String, Wrong> {
        let (sp, case, url) =
            self.through_the_lab(stage, LabService::Retry, Decision::ConfirmWhenDone).await?;
        let case = checks::outcome(sp, &case.tx_id, PATIENCE).await?;
        self.keep(stage, sp, &case, Some(&url))?;
        checks::normal(&case)?;
        let said = datasets(&case, self.person(), &[(Household, Data)])?;
        let calls = notifications(sp, &case.tx_id);
        let statuses: Vec<u16> = calls.iter().filter_map(|call| Some(call.status?.as_u16())).collect();
        if statuses != [500, 200] || calls[0].body != calls[1].body {
            return Err(format!("the SP-API answered {statuses:?}, or the second body is another").into());
        }
        Ok(format!("{said}；SP-API 500 → 200"))
    }

    async fn not_checked(self, stage: &Stage<'_>) -> Result<String, Wrong> {
        let sp = stage.sandbox.lab().service(LabService::Accept);
        let case = sp.open_case_for(&[Household.id()], "", None, "");
        let mut citizen = Citizen::new(stage.sandbox.http().clone());
        let page = citizen.get(&case.entry_url).await?;
        let plan = Plan::new(self.person(), Verification::Cer).decide(Decision::ConfirmAtOnce);
        let url = returned(citizen.walk(page, &sp.facts().return_url, &plan).await?)?;
        let case = checks::outcome(sp, &case.tx_id, PATIENCE).await?;
        self.keep(stage, sp, &case, Some(&url))?;
        checks::normal(&case)?;
        Ok(datasets(&case, self.person(), &[(Household, Data)])?)
    }

    /// An entry that the platform must not take.
    async fn refused_entry(self, stage: &Stage<'_>) -> Result<String, Wrong> {
        let service = if self == Self::Suspended { LabService::Suspended } else { LabService::Accept };
        let sp = stage.sandbox.lab().service(service);
        let facts = sp.facts();
        let ids = match self {
            Self::UnknownDataset => vec!["API.0000000000".parse().map_err(|e| format!("{e}"))?],
            Self::NotApproved => vec![StoppedDataset::NotApproved.id()],
            Self::Stopped => vec![Household.id(), StoppedDataset::Stopped.id()],
            Self::Maintenance => vec![StoppedDataset::Maintenance.id()],
            _ => vec![Household.id()],
        };
        let case = sp.open_case_for(&ids, "", None, "");
        let home = &facts.return_url;
        let tx_id = case.tx_id.to_string();
        let evil = "http://127.0.0.1:1/evil?case=1";
        let (entry, code) = match self {
            Self::UnknownClient => {
                let known = facts.service.client_id.as_str();
                (case.entry_url.replace(known, "CLI.0000000000"), ReturnCode::UnknownId)
            }
            Self::BadReturnUrl => {
                let link = EntryLink {
                    base: &facts.service.platform,
                    client_id: &facts.service.client_id,
                    client_secret: &facts.service.client_secret,
                    cbc_iv: &facts.service.cbc_iv,
                    resources: &ids,
                    tx_id: case.tx_id,
                    return_url: evil,
                    pid: &Pid::NotChecked,
                };
                (link.to_url(), ReturnCode::ReturnUrl)
            }
            Self::BadTxId => (case.entry_url.replace(&tx_id, "not-a-uuid"), ReturnCode::BadRequest),
            Self::BadPid => {
                let at = case.entry_url.find("&pid=").unwrap_or(case.entry_url.len());
                (format!("{}&pid=AAAAAAAAAAAAAAAAAAAAAA", &case.entry_url[..at]), ReturnCode::BadRequest)
            }
            Self::UnknownDataset => (case.entry_url.clone(), ReturnCode::UnknownId),
            Self::NotApproved => (case.entry_url.clone(), ReturnCode::NotApproved),
            Self::Suspended => (case.entry_url.clone(), ReturnCode::Suspended),
            Self::Stopped => (case.entry_url.clone(), ReturnCode::DatasetStopped),
            _ => (case.entry_url.clone(), ReturnCode::DatasetFailing),
        };
        debug_assert!(
            self == Self::BadTxId || entry.contains(&tx_id) && entry.contains(&encode_resources(&ids))
        );
        let mut citizen = Citizen::new(stage.sandbox.http().clone());
        let page = citizen.get(&entry).await?;
        let back = page.trail.iter().find(|url| url.as_str().starts_with(home.as_str())).cloned();
        self.keep(stage, sp, &case, back.as_ref().map(url::Url::as_str))?;
        if let Some(elsewhere) = page.trail.iter().find(|url| url.path() == "/evil") {
            return Err(format!("the browser was sent to {elsewhere}, which is not registered").into());
        }
        if self == Self::UnknownClient {
            return match (page.status, back, page.html.contains("401")) {
                (401, None, true) => Ok("HTTP 401 錯誤頁，不轉址".to_owned()),
                (status, ..) => Err(format!("status {status}, or a redirect, or no 401 on the page").into()),
            };
        }
        let back = back.ok_or_else(|| format!("no way back; status {}", page.status))?;
        let begins = match self {
            Self::BadTxId => format!("code={code}&tx_id=not-a-uuid"),
            _ => format!("code={code}&tx_id={tx_id}"),
        };
        match back.query().is_some_and(|query| query.starts_with(&begins)) {
            true => {
                checks::nothing_sent(sp, &sp.case(&case.tx_id).unwrap_or(case))?;
                Ok(format!("返回代碼 {code}"))
            }
            false => Err(format!("the return URL does not begin with {begins}").into()),
        }
    }
}

/// The return URL, when the citizen came back.
fn returned(end: End) -> Result<String, Wrong> {
    match end {
        End::Returned { url, .. } => Ok(url.into()),
        End::DeadEnd(page) => {
            Err(format!("ended on “{}” (status {}) instead of at the SP", page.reading.title, page.status)
                .into())
        }
    }
}
