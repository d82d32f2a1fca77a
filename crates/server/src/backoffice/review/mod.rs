//! Reviews (R51–R57): the list of filings, the page of one with what it says and what was decided, and its print, also as PDF.

pub mod content;
pub mod decide;
pub mod list;
pub mod page;
pub mod pdf;
pub mod print;

use mydata_domain::account::Role;
use mydata_domain::filing::Decision;
use mydata_domain::filing::{Filing, FilingId, FilingKind, FilingState, Review, sign_up};
use mydata_domain::item::{ActName, Acting, Actor, step};
use mydata_domain::organisation::OrganisationKind;
use mydata_store::repo::filings::{self, Listed};
use mydata_store::repo::items::{self, Kept};
use mydata_store::repo::list::Scope;

use super::fault::Fault;
use super::owner::Thing;
use super::route::Route;
use super::rule::Rule;
use super::scope;
use super::visit::Visit;

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    let readers = Rule::Owner { of: Thing::Filing, or: scope::READERS };
    let reviewers = Rule::Owner { of: Thing::Filing, or: &[Role::Operator, Role::Authority, Role::Ministry] };
    vec![
        Route::get("/mydata-backend/reviews", Rule::SignedIn, list::show),
        Route::get("/mydata-backend/reviews/{id}", readers, page::show),
        Route::post("/mydata-backend/reviews/{id}", reviewers, decide::submit),
        Route::get("/mydata-backend/reviews/{id}/print", readers, print::show),
        Route::get("/mydata-backend/reviews/{id}/pdf", readers, pdf::show),
    ]
}

/// A filing with all that its pages say.
pub(super) struct Case {
    pub(super) filing: Filing,
    pub(super) listed: Listed,
    /// The filing that it is compared with: the one that it mends, or of a change what holds until then.
    pub(super) earlier: Option<Filing>,
    pub(super) reviews: Vec<Review>,
    pub(super) item: Option<Kept>,
    /// What whoever visits may do with it just now.
    pub(super) may: Vec<ActName>,
    /// Whether an approval needs the official letter.
    pub(super) letter: bool,
}

/// Reads the filing that the path names, as far as whoever visits may see it.
pub(super) async fn load(visit: &Visit) -> Result<Case, Fault> {
    let id: FilingId = visit.param("id")?.parse().map_err(|_| Fault::NotFound)?;
    let (db, crypter) = (&visit.app.store.db, &visit.app.store.crypter);
    let me = visit.me()?;
    // A sign-up has no organisation yet: it is its applicant's, and the operating side's.
    let scope = scope::of_visit(visit)?;
    let filing = match filings::load(db, crypter, &scope, id).await? {
        Some(filing) => filing,
        None => {
            let found = filings::load(db, crypter, &Scope::All, id).await?;
            found
                .filter(|f| f.filed_by == me.account.id && f.organisation.is_none())
                .ok_or(Fault::NotFound)?
        }
    };
    let listed = filings::listed(db, &Scope::All, id).await?.ok_or(Fault::NotFound)?;
    let earlier = match (filing.mends, filing.item) {
        (Some(earlier), _) => filings::load(db, crypter, &Scope::All, earlier).await?,
        (None, Some(item)) if filing.kind == FilingKind::Change => {
            let contents = [FilingKind::NewItem, FilingKind::Change];
            filings::approved_before(db, crypter, item, &contents, filing.filed_at).await?
        }
        _ => None,
    };
    let reviews = filings::reviews(db, id).await?;
    let item = match filing.item {
        Some(item) => items::load(db, &Scope::All, item).await?,
        None => None,
    };
    let (may, letter) = acts(visit, &filing, item.as_ref())?;
    Ok(Case { filing, listed, earlier, reviews, item, may, letter })
}

/// What the rules let whoever visits do now.
fn acts(visit: &Visit, filing: &Filing, item: Option<&Kept>) -> Result<(Vec<ActName>, bool), Fault> {
    let actor = scope::actor(visit)?;
    let Actor::Person(person) = &actor else { return Ok((Vec::new(), false)) };
    let Some(kept) = item else {
        let decides = filing.state == FilingState::InReview && may_sign_up(filing, person);
        let all = if decides { vec![ActName::Approve, ActName::Refuse] } else { Vec::new() };
        return Ok((all, false));
    };
    // Only what is under review now can be decided; an older filing of the same item is read.
    if kept.stage.filed().is_none_or(|filed| filed.filing != filing.id) {
        return Ok((Vec::new(), false));
    }
    let of =
        visit.catalogue.organisation(kept.organisation.as_str()).map_or(OrganisationKind::Agency, |o| o.kind);
    let facts = kept.facts(of);
    let acts = [ActName::Approve, ActName::LetterArrived, ActName::Refuse];
    let may = |act: &ActName| step::may(&kept.stage, *act, &actor, &facts, visit.now).is_ok();
    let acts: Vec<ActName> = acts.into_iter().filter(may).collect();
    let needs = |act: ActName| {
        let rule = mydata_domain::item::rule::of(kept.stage.name(), act, of);
        rule.is_some_and(|rule| rule.guards.contains(&mydata_domain::item::rule::Guard::Letter))
    };
    let letter = acts.iter().any(|act| needs(*act));
    Ok((acts, letter))
}

fn may_sign_up(filing: &Filing, person: &Acting) -> bool {
    sign_up::decide(filing, Decision::Approved, person).is_ok()
}
