//! The whole life as a page: `docs/backoffice/states.md` is written from the rules, not by hand.

use std::fmt::Write as _;

use super::act::ActName;
use super::rule::{Audience, FromStage, Guard, MailKind, RULES, RegistryChange, ToStage, Who};
use super::stage::StageName;
use crate::organisation::OrganisationKind;

/// The page, in Markdown.
pub fn page() -> String {
    let mut out = String::from(HEAD);
    out.push_str("\n## Stages\n\n| stage | 狀態 | in English |\n| --- | --- | --- |\n");
    for stage in StageName::ALL {
        line(&mut out, &[stage.as_str(), stage.zh(), stage.en()]);
    }
    out.push_str("\n## Ways\n\n| from | act | to | who | needed | record | mails | registry |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for rule in RULES {
        let act = match rule.of {
            None => act(rule.act),
            Some(OrganisationKind::Agency) => format!("{} (公務機關)", act(rule.act)),
            Some(OrganisationKind::Private) => format!("{} (非公務機關)", act(rule.act)),
        };
        let guards: Vec<&str> = rule.guards.iter().map(|g| guard(*g)).collect();
        let mails: Vec<String> =
            rule.mails.iter().map(|m| format!("{} → {}", m.kind.as_str(), audience(m.to))).collect();
        let cells = [
            from(rule.from).to_owned(),
            act,
            to(rule.to).to_owned(),
            who(rule.who).to_owned(),
            or_dash(guards.join("; ")),
            format!("{} / {}", rule.deed.zh(), rule.deed.en()),
            or_dash(mails.join("; ")),
            registry(rule.registry).to_owned(),
        ];
        line(&mut out, &cells.each_ref().map(String::as_str));
    }
    out.push_str("\n## Mails\n\n| mail | zh-TW | in English |\n| --- | --- | --- |\n");
    for kind in MailKind::ALL {
        line(&mut out, &[kind.as_str(), kind.zh(), kind.en()]);
    }
    out
}

const HEAD: &str = "# The life of an item

A dataset, a service or a counter service goes through these stages, and through no others. This page is written from
`crates/domain/src/item/rule.rs`, which the program itself asks before every step; a test fails when it is stale. Write it
again with `MYDATA_WRITE_DOCS=1 cargo nextest run -p mydata-domain the_page_is_what_the_code_says`.

Where the public documents leave something open, this is how it is done here:

- A test lasts until the end of its last day in Taipei: three calendar months after the day on which it began, or the last
  day of that month when the month has no such day. The days during which an application of it is under review do not
  count, unless the applicant takes the application back.
- An extension can be applied for from seven days before the last day on, once it was granted never again.
- The pilot report is due seven days before the go-live date, so no earlier date than seven days ahead can be applied for. A
  report that passes later than the go-live date lists the item at once.
- The competent authority's letter counts for a non-public body, the body's own letter for a public agency. Going live needs
  a letter of every organisation.
- What is listed can be changed by a reviewed application; it stays listed as it was meanwhile.
- A suspension can have several causes and ends with the last of them. Nothing is reviewed and nothing is listed while it
  lasts; the time of a test runs on.
";

fn line(out: &mut String, cells: &[&str]) {
    writeln!(out, "| {} |", cells.join(" | ")).expect("writing to a String does not fail");
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}

fn act(act: ActName) -> String {
    format!("{} / {}", act.zh(), act.en())
}

fn from(from: FromStage) -> &'static str {
    match from {
        FromStage::One(stage) => stage.zh(),
        FromStage::RunningOrSuspended => "進行中 (測試中 to 變更審核中), 停權中",
    }
}

fn to(to: ToStage) -> &'static str {
    match to {
        ToStage::One(stage) => stage.zh(),
        ToStage::Same => "(stays)",
        ToStage::Back => "(back to where it was; 停權中 while a cause is left)",
    }
}

fn who(who: Who) -> &'static str {
    match who {
        Who::Owner => "applicant, deputy of the organisation",
        Who::Operator => "operator",
        Who::Authority => "its competent authority",
        Who::Ministry => "ministry",
        Who::OperatorOrMinistry => "operator, ministry",
        Who::OwnerOrOperator => "applicant, deputy of the organisation; operator",
        Who::Clock => "the clock",
        Who::ClockOrOperator => "the health checks; operator",
    }
}

fn guard(guard: Guard) -> &'static str {
    match guard {
        Guard::NotOwnFiling => "not filed by the reviewer or the reviewer's organisation",
        Guard::OtherReviewer => "another person than in the review before",
        Guard::Letter => "number and date of the official letter, not dated ahead",
        Guard::Reason => "a reason",
        Guard::AuthorityKnown => "a non-public body's competent authority is on record",
        Guard::Number => "a refiled form carries its number on as -n",
        Guard::TestNotOver => "the test has not ended",
        Guard::LastWeek => "from seven days before the last day of the test on",
        Guard::OnlyOnce => "not extended before",
        Guard::GoLiveDate => "a go-live date at least seven days ahead",
        Guard::NotSuspendedForIt => "not suspended for this cause already",
        Guard::SuspendedForIt => "suspended for this cause",
        Guard::Due => "it is time",
    }
}

fn audience(audience: Audience) -> &'static str {
    match audience {
        Audience::Owner => "applicant, deputies",
        Audience::Operators => "operators",
        Audience::Authority => "competent authority",
        Audience::Ministry => "ministry",
    }
}

fn registry(change: RegistryChange) -> &'static str {
    match change {
        RegistryChange::Nothing => "–",
        RegistryChange::OpenTest => "test record made, or listed again",
        RegistryChange::OpenPilot => "production record made, locked to registered addresses",
        RegistryChange::List => "production record opened to citizens",
        RegistryChange::Update => "production record takes over the change",
        RegistryChange::Suspend => "all records suspended",
        RegistryChange::Resume => "all records as before, when no cause is left",
        RegistryChange::Delist => "all records delisted",
    }
}
