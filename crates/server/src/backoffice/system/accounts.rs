//! The list of accounts, and opening one of the operating or reviewing side.

use http::StatusCode;
use mydata_domain::account::{Account, AccountId, AccountName, AccountState, Holder, Role};
use mydata_domain::audit::What;
use mydata_domain::organisation::OrganisationId;
use mydata_store::StoreError;
use mydata_store::repo::accounts::{self, Filter as By, Sort as SortBy};
use mydata_store::repo::audit;
use mydata_store::repo::list::List;
use serde_json::json;

use super::above;
use crate::backoffice::frame::{Crumb, role_key};
use crate::backoffice::lists::{ListPage, first_number, more};
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::field::{Choice, Field, Input, TextKind};
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::list::{Filter, Head, ListQuery, Listing, Shape, Sort};
use crate::backoffice::password::FormPage;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::backoffice::{ROOT, account_mail};

const SHAPE: Shape = Shape {
    filters: &["role", "state", "organisation"],
    sorts: &["name"],
    default: Sort { key: "name", descending: false },
};

/// Whether it may be used, in a word.
pub(in crate::backoffice) fn chip(visit: &Visit, account: &Account) -> Chip {
    if account.locked_at.is_some() {
        return Chip::new(Colour::Red, visit.t("account-state-locked"));
    }
    let colour = match account.state {
        AccountState::Active => Colour::Green,
        AccountState::Refused => Colour::Red,
        AccountState::Closed => Colour::Quiet,
        AccountState::Invited | AccountState::FillingIn | AccountState::InReview => Colour::Amber,
    };
    Chip::new(colour, visit.t(state_key(account.state)))
}

fn state_key(state: AccountState) -> &'static str {
    match state {
        AccountState::Invited => "account-state-invited",
        AccountState::FillingIn => "account-state-filling-in",
        AccountState::InReview => "account-state-in-review",
        AccountState::Active => "account-state-active",
        AccountState::Refused => "account-state-refused",
        AccountState::Closed => "account-state-closed",
    }
}

/// The name of the organisation that an account acts for.
pub(super) fn organisation(visit: &Visit, account: &Account) -> String {
    let Some(id) = &account.organisation else { return String::new() };
    let found = visit.catalogue.organisation(id.as_str());
    found.map_or_else(|| id.to_string(), |o| visit.lang().pick(&o.name, Some(&o.name_en)).to_owned())
}

/// `GET /system/accounts`.
pub async fn show(visit: Visit) -> Answer {
    let mut query = ListQuery::read(&visit, SHAPE);
    let asked = List {
        search: String::new(),
        filter: By {
            role: query.filter("role").and_then(|v| v.parse().ok()),
            state: query.filter("state").and_then(|v| v.parse().ok()),
            organisation: query.filter("organisation").and_then(|v| v.parse().ok()),
            name: (!query.search.is_empty()).then(|| query.search.to_ascii_lowercase()),
        },
        sort: SortBy::Name,
        descending: query.sort.descending,
        page: query.page,
        size: query.size,
    };
    let page = accounts::page(&visit.app.store.db, &visit.app.store.crypter, &asked).await?;
    query.page = page.page;
    let first = first_number(&page);
    let row = |(account, number): (&Account, u64)| {
        let href = format!("{ROOT}/system/account?account={}", account.id);
        vec![
            Cell::Soft(number.to_string()),
            Cell::Name {
                title: account.name.to_string(),
                below: Some(account.holder.masked_name()),
                href: Some(href),
            },
            Cell::Text(visit.t(role_key(account.role))),
            match organisation(&visit, account) {
                name if name.is_empty() => Cell::Nothing,
                name => Cell::Text(name),
            },
            Cell::Chip(chip(&visit, account)),
            account.signed_in_at.map_or(Cell::Nothing, |at| Cell::at(visit.lang(), at)),
        ]
    };
    let rows = page.rows.iter().zip(first..).map(row).collect();
    let role = |role: Role| Choice::new(role.as_str(), visit.t(role_key(role)));
    let state = |state: AccountState| Choice::new(state.as_str(), visit.t(state_key(state)));
    let new = Link::new(visit.t("account-new"), format!("{ROOT}/system/accounts/new"));
    let list = Listing {
        lang: visit.lang(),
        path: format!("{ROOT}/system/accounts"),
        query,
        caption: visit.t("system-accounts"),
        search: Some(visit.t("account-search")),
        filters: vec![
            Filter {
                name: "role",
                label: visit.t("account-role"),
                choices: Role::ALL.into_iter().map(role).collect(),
            },
            Filter {
                name: "state",
                label: visit.t("account-state"),
                choices: AccountState::ALL.into_iter().map(state).collect(),
            },
        ],
        action: (visit.me()?.account.role == Role::Administrator).then_some(new),
        heads: vec![
            Head::new(visit.t("list-number")),
            Head::sorting(visit.t("account-name"), "name"),
            Head::new(visit.t("account-role")),
            Head::new(visit.t("account-organisation")),
            Head::new(visit.t("account-state")),
            Head::new(visit.t("account-signed-in")),
        ],
        rows,
        total: page.count,
        empty: visit.t("account-none"),
    };
    let notices = more(&visit, &page);
    let frame = visit.frame(visit.t("system-accounts"), vec![above(&visit)]);
    Ok(visit.ok(&ListPage { frame, notices, list }))
}

/// What is wrong with a new account.
#[derive(Default)]
struct Wrong {
    role: bool,
    name: bool,
    holder: bool,
    mail: bool,
    organisation: bool,
}

impl Wrong {
    fn any(&self) -> bool {
        self.role || self.name || self.holder || self.mail || self.organisation
    }
}

/// `GET /system/accounts/new`.
pub async fn ask_new(visit: Visit) -> Answer {
    form(&visit, &Wrong::default(), StatusCode::OK)
}

fn form(visit: &Visit, wrong: &Wrong, status: StatusCode) -> Answer {
    let lang = visit.lang();
    let list = format!("{ROOT}/system/accounts");
    let trail = vec![above(visit), Crumb::new(visit.t("system-accounts"), list.clone())];
    let frame = visit.frame(visit.t("account-new"), trail);
    let staff = Role::ALL.into_iter().filter(|role| role.is_staff());
    let roles = staff.map(|role| Choice::new(role.as_str(), visit.t(role_key(role)))).collect();
    let fault = |is: bool, key: &str| is.then(|| visit.t(key));
    let typed = |name: &str| visit.posted.text(name).to_owned();
    let form = Form::simple(lang, format!("{list}/new"), &frame.token, visit.t("account-new"))
        .with(
            Field::new(lang, "role", visit.t("account-role"), Input::Radio(roles))
                .value(typed("role"))
                .fault(fault(wrong.role, "account-new.role-bad")),
        )
        .with(
            Field::line(lang, "organisation", visit.t("account-organisation"))
                .hint(visit.t("account-new.organisation-hint"))
                .value(typed("organisation"))
                .optional()
                .fault(fault(wrong.organisation, "account-new.organisation-bad")),
        )
        .with(
            Field::line(lang, "name", visit.t("account-name"))
                .value(typed("name"))
                .max(40)
                .fault(fault(wrong.name, "account-new.name-bad")),
        )
        .with(
            Field::line(lang, "holder", visit.t("account-holder"))
                .value(typed("holder"))
                .max(60)
                .fault(fault(wrong.holder, "account-new.holder-bad")),
        )
        .with(
            Field::text(lang, "mail", visit.t("account-mail"), TextKind::Mail)
                .value(typed("mail"))
                .max(200)
                .fault(fault(wrong.mail, "account-new.mail-bad")),
        )
        .with(
            Field::text(lang, "phone", visit.t("account-phone"), TextKind::Phone)
                .value(typed("phone"))
                .max(40)
                .optional(),
        )
        .cancel(Link::new(visit.t("cancel"), list));
    Ok(visit.page(status, &FormPage { frame, notice: None, form: Some(form) }))
}

/// `POST /system/accounts/new`.
pub async fn submit_new(visit: Visit) -> Answer {
    let posted = &visit.posted;
    let role = posted.text("role").parse::<Role>().ok().filter(|role| role.is_staff());
    let name = posted.text("name").parse::<AccountName>().ok();
    let organisation: Option<OrganisationId> = posted.text("organisation").parse().ok();
    let organisation = organisation.filter(|id| visit.catalogue.organisation(id.as_str()).is_some());
    let holder = posted.text("holder").to_owned();
    let mail = posted.text("mail").to_owned();
    let plain = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    let address = |text: &str| {
        plain(text)
            && text.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'))
            && !text.contains(' ')
    };
    let mut wrong = Wrong {
        role: role.is_none(),
        name: name.is_none(),
        holder: !plain(&holder),
        mail: !address(&mail),
        organisation: role.is_some_and(Role::needs_organisation) && organisation.is_none(),
    };
    let (Some(role), Some(name)) = (role, name) else {
        return form(&visit, &wrong, StatusCode::UNPROCESSABLE_ENTITY);
    };
    if wrong.any() {
        return form(&visit, &wrong, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let account = Account {
        id: AccountId::generate(&*visit.app.random),
        name,
        role,
        organisation: organisation.filter(|_| role.needs_organisation()),
        state: AccountState::Invited,
        locked_at: None,
        holder: Holder { name: holder, mail, phone: posted.text("phone").to_owned(), gov_account: None },
        created_at: visit.now,
        signed_in_at: None,
    };
    let detail = json!({ "account": account.id, "role": role });
    let event = visit.event(What::AccountAdded).with(detail);
    let (app, new, event) = (&visit.app, &account, std::slice::from_ref(&event));
    let opened = app.store.db.run_tx("account-open", |tx| async move {
        accounts::insert(&tx, &app.store.crypter, new).await?;
        audit::append(&tx, &*app.random, event).await?;
        account_mail::invite(&tx, app, new).await
    });
    match opened.await {
        Ok(()) => {
            let page = format!("{ROOT}/system/account?account={}", account.id);
            Ok(visit.go_saying(&page, "said-account-opened", account.name.as_str()))
        }
        Err(StoreError::Conflict { .. }) => {
            wrong.name = true;
            form(&visit, &wrong, StatusCode::CONFLICT)
        }
        Err(error) => Err(error.into()),
    }
}
