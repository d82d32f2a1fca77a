//! A new data key takes over while the platform serves, and an old one is retired.
//!
//! 1. A fresh key is put beside the others. It seals nothing until every running node has signed that it knows it.
//! 2. It takes over. Nothing is sealed anew until every running node has signed that it seals under it.
//! 3. Column by column, in small transactions, values under older keys are sealed anew; then the keys of blobs, in their headers. This
//!    is gone through again until nothing is left.
//!
//! Each step leaves its mark in the database, so whoever is killed is gone on from by the next call. What is being written meanwhile
//! (a package that a DP takes minutes to send) may still end under the older key; retiring looks again, and refuses.

use super::keeper::{self, behind};
use super::kept::{self, Kept, Purpose};
use super::lease::{self, Holder};
use super::places::{self, Place};
use super::{KeyId, KeySource, file};
use crate::error::{Result, StoreError};
use crate::{Engine, Store};
use futures_util::TryStreamExt as _;
use mydata_domain::{Clock, Time};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long nodes may take to sign.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often it is looked whether they have.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Between two transactions, so that exchanges have the database for themselves most of the time.
const PAUSE: Duration = Duration::from_millis(5);
/// How often everything is gone through until it is taken as it is.
const ROUNDS: usize = 5;

/// What a rotation is at.
#[derive(Debug, Clone, Copy)]
pub enum Progress {
    /// Somebody else changes the keys; it is waited until they have ended.
    Another,
    /// A fresh key was made.
    Made(KeyId),
    /// An earlier rotation is gone on with, to this key.
    GoesOn(KeyId),
    /// So many nodes have not signed yet.
    Waits {
        /// How many.
        nodes: usize,
    },
    /// It seals from now on.
    TookOver(KeyId),
    /// Of a column so many values were sealed anew until now.
    Column {
        /// Which.
        place: Place,
        /// How many.
        resealed: u64,
    },
    /// Of so many blobs the keys were sealed anew until now.
    Blobs {
        /// How many.
        resealed: u64,
    },
}

/// What came of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The key that seals now.
    pub id: KeyId,
    /// How many values and blobs were sealed anew.
    pub resealed: u64,
    /// How many open under no key that is here; they were left alone.
    pub unreadable: u64,
    /// Keys that nothing is under any more.
    pub cleared: Vec<KeyId>,
}

/// Rotates, or goes on with a rotation that did not come to its end. `resume`: makes no new key in any case, and seals anew what lies
/// under older ones. One at a time does so; where another has made a fresh key while this one waited, no second one is made.
///
/// # Errors
/// The master key is not to be had; a node does not sign in time; the database or the blobs fail. The next call goes on.
pub async fn rotate(
    store: &Store,
    clock: &dyn Clock,
    resume: bool,
    say: impl FnMut(Progress),
) -> Result<Rotated> {
    let say = RefCell::new(say);
    let before = sealing(&data_keys(store).await?);
    let waits = || {
        say.borrow_mut()(Progress::Another);
        None
    };
    let random = store.crypter.random_source().as_ref();
    lease::alone(&store.db, clock, random, waits, async |holder| {
        let resume = resume || sealing(&data_keys(store).await?) != before;
        rotate_alone(store, clock, holder, resume, |progress| say.borrow_mut()(progress)).await
    })
    .await
}

fn sealing(keys: &[Kept]) -> Option<KeyId> {
    keys.iter().find(|one| one.seals()).map(|one| one.id)
}

async fn rotate_alone(
    store: &Store,
    clock: &dyn Clock,
    holder: &Holder,
    resume: bool,
    mut say: impl FnMut(Progress),
) -> Result<Rotated> {
    let all = data_keys(store).await?;
    let waiting = all.iter().find(|one| one.waits()).map(|one| one.id);
    let since = all.iter().find(|one| one.seals()).and_then(|one| one.seals_from);
    // The one that the sealing key took over from; those of an old key file are older still.
    let unfinished = all
        .iter()
        .any(|one| one.replaced_at.is_some() && one.replaced_at == since && one.cleared_at.is_none());
    let new = match waiting {
        Some(id) => Some(id),
        None if resume || unfinished => None,
        None => {
            let source = store.keys.source();
            let masters = source.read().await?.ok_or_else(|| missing(source))?;
            let random = store.crypter.random_source();
            let id = kept::add(&store.db, holder, (&masters, source), random, clock.now()).await?;
            say(Progress::Made(id));
            Some(id)
        }
    };
    if new.is_none() || waiting.is_some() {
        let id = new.or_else(|| sealing(&all));
        say(Progress::GoesOn(id.unwrap_or_else(|| store.crypter.sealing())));
    }
    if let Some(id) = new {
        signed(store, clock, &mut say).await?;
        kept::take_over(&store.db, holder, store.crypter.random_source(), id, clock.now()).await?;
        say(Progress::TookOver(id));
    }
    signed(store, clock, &mut say).await?;
    store.keys.look_only().await?;
    let mut rotated =
        Rotated { id: store.crypter.sealing(), resealed: 0, unreadable: 0, cleared: Vec::new() };
    for _ in 0..ROUNDS {
        let (resealed, unreadable) = round(store, &mut say).await?;
        rotated.resealed += resealed;
        rotated.unreadable = unreadable;
        if resealed == 0 {
            break;
        }
    }
    kept::reseal_word(&store.db, &store.crypter).await?;
    let uses = uses(store).await?;
    for one in data_keys(store).await?.iter().filter(|one| one.replaced_at.is_some()) {
        if !uses.contains_key(&one.id) {
            rotated.cleared.push(one.id);
        }
    }
    kept::cleared(&store.db, &rotated.cleared, clock.now()).await?;
    Ok(rotated)
}

async fn data_keys(store: &Store) -> Result<Vec<Kept>> {
    Ok(kept::all(&store.db).await?.into_iter().filter(|one| one.purpose == Purpose::Data).collect())
}

fn missing(source: &KeySource) -> StoreError {
    StoreError::Keys { place: source.place(), reason: "it is not there; put it back".to_owned() }
}

/// Waits until every running node has come as far as the database.
async fn signed(store: &Store, clock: &dyn Clock, say: &mut impl FnMut(Progress)) -> Result<()> {
    let epoch = kept::epoch(&store.db).await?;
    let until = clock.now().plus(PATIENCE);
    let mut told = 0;
    loop {
        let late = behind(&store.db, epoch, clock.now()).await?;
        if late.is_empty() {
            return Ok(());
        }
        if clock.now() > until {
            return Err(StoreError::KeyNodes { nodes: late.join(", ") });
        }
        if late.len() != told {
            told = late.len();
            say(Progress::Waits { nodes: told });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Everything once; how much was sealed anew, and how much opens under no key.
async fn round(store: &Store, say: &mut impl FnMut(Progress)) -> Result<(u64, u64)> {
    let (mut all, mut unreadable) = (0, 0);
    for place in places::ALL {
        let (mut cursor, mut resealed) = (None, 0);
        loop {
            let step = place.step(&store.db, &store.crypter, cursor.as_ref()).await?;
            unreadable += step.unreadable;
            if step.resealed > 0 {
                resealed += step.resealed;
                say(Progress::Column { place, resealed });
                tokio::time::sleep(PAUSE).await;
            }
            cursor = step.next;
            if cursor.is_none() {
                break;
            }
        }
        all += resealed;
    }
    let mut resealed = 0;
    let mut found = store.blobs.list();
    while let Some(blob) = found.try_next().await? {
        if store.blobs.reseal_key(&blob.id).await? {
            resealed += 1;
            say(Progress::Blobs { resealed });
        }
    }
    Ok((all + resealed, unreadable))
}

/// How many values of each column lie under each key, blobs included.
///
/// # Errors
/// The database or the blobs fail.
pub async fn uses(store: &Store) -> Result<BTreeMap<KeyId, BTreeMap<String, u64>>> {
    let mut uses: BTreeMap<KeyId, BTreeMap<String, u64>> = BTreeMap::new();
    for place in places::ALL {
        for (id, number) in place.count(&store.db).await? {
            uses.entry(id).or_default().insert(place.to_string(), number);
        }
    }
    let mut found = store.blobs.list();
    while let Some(blob) = found.try_next().await? {
        if let Some(id) = store.blobs.key_of(&blob.id).await? {
            *uses.entry(id).or_default().entry("blobs".to_owned()).or_default() += 1;
        }
    }
    if let Some(id) = kept::word_key(&store.db).await? {
        uses.entry(id).or_default().insert("meta.keys".to_owned(), 1);
    }
    Ok(uses)
}

/// Drops a data key that nothing is under any more. `grace`: so long another must have sealed in its place, for what browsers hold and
/// what was being written.
///
/// # Errors
/// [`StoreError::KeyInUse`]: it is still needed, and what for.
pub async fn retire(store: &Store, clock: &dyn Clock, id: KeyId, grace: Duration) -> Result<()> {
    let random = store.crypter.random_source().as_ref();
    let work = async |holder: &Holder| retire_alone(store, clock, holder, id, grace).await;
    lease::alone(&store.db, clock, random, || Some(lease::PATIENCE), work).await
}

async fn retire_alone(
    store: &Store,
    clock: &dyn Clock,
    holder: &Holder,
    id: KeyId,
    grace: Duration,
) -> Result<()> {
    let refuse = |what: String| StoreError::KeyInUse { id: id.to_string(), what };
    let all = kept::all(&store.db).await?;
    let Some(one) = all.iter().find(|one| one.id == id) else {
        return Err(refuse("there is no such key; `mydata keys list` shows which there are".to_owned()));
    };
    if one.purpose == Purpose::Index {
        return Err(refuse("it makes the look-up values, which cannot be made again".to_owned()));
    }
    let Some(replaced_at) = one.replaced_at else {
        return Err(refuse("new content is sealed under it; run `mydata keys rotate` first".to_owned()));
    };
    let now = clock.now();
    let until = replaced_at.plus(grace);
    if now < until {
        let left = Duration::from_millis(u64::try_from(until.0 - now.0).unwrap_or(0)).as_secs() + 1;
        return Err(refuse(format!(
            "it was replaced a moment ago: browsers and running uploads may hold something under it; try again in {left} s"
        )));
    }
    let late = behind(&store.db, kept::epoch(&store.db).await?, now).await?;
    if !late.is_empty() {
        return Err(refuse(format!(
            "nodes {} have not signed that they seal under the newer one",
            late.join(", ")
        )));
    }
    if let Some(places) = uses(store).await?.get(&id) {
        let places: Vec<String> =
            places.iter().map(|(place, number)| format!("{number} in {place}")).collect();
        return Err(refuse(format!(
            "still under it: {}; `mydata keys rotate --resume` seals them anew",
            places.join(", ")
        )));
    }
    kept::drop_key(&store.db, holder, store.crypter.random_source(), id, now).await?;
    store.keys.look_only().await.map(drop)
}

/// Wraps every key under a new master key: a fresh one in the same file, or the one that another source gives. Gives the new id and
/// how many keys were wrapped anew.
///
/// # Errors
/// The file cannot be written; a source is not a file and no other is given; the master key is not this database's.
pub async fn rotate_master(
    store: &Store,
    clock: &dyn Clock,
    to: Option<&KeySource>,
) -> Result<(KeyId, usize)> {
    let random = store.crypter.random_source().as_ref();
    let work = async |holder: &Holder| rotate_master_alone(store, clock, holder, to).await;
    lease::alone(&store.db, clock, random, || Some(lease::PATIENCE), work).await
}

async fn rotate_master_alone(
    store: &Store,
    clock: &dyn Clock,
    holder: &Holder,
    to: Option<&KeySource>,
) -> Result<(KeyId, usize)> {
    let source = store.keys.source();
    let random = store.crypter.random_source();
    let old = source.read().await?.ok_or_else(|| missing(source))?;
    if let Some(to) = to {
        let (new, _) = to.read_or_make(random).await?;
        let changed = kept::rewrap(&store.db, holder, random, (&old, source), &new, clock.now()).await?;
        return Ok((new.newest(), changed));
    }
    let KeySource::File(path) = source else {
        return Err(StoreError::Keys {
            place: source.place(),
            reason: "only a key file can be given a new key from here; name where the new one comes from with --to-file, \
                     --to-environment or --to-command"
                .to_owned(),
        });
    };
    let unusable = |e: std::io::Error| StoreError::Keys { place: source.place(), reason: e.to_string() };
    // Killed in the middle: the file holds both, and the newer one is gone on with.
    let new = if old.count() > 1 {
        old
    } else {
        let text = file::read_private(path).map_err(unusable)?;
        file::replace(path, &old.with_fresh(&text, random.as_ref()), random.as_ref()).map_err(unusable)?;
        source.read().await?.ok_or_else(|| missing(source))?
    };
    let changed = kept::rewrap(&store.db, holder, random, (&new, source), &new, clock.now()).await?;
    // The older one goes only when nothing is wrapped under it, whatever others did meanwhile.
    if kept::all(&store.db).await?.iter().any(|one| one.master != new.newest()) {
        return Err(StoreError::KeysTaken);
    }
    file::replace(path, &new.newest_only(), random.as_ref()).map_err(unusable)?;
    Ok((new.newest(), changed))
}

/// On SQLite whoever has the file to itself knows that nobody else runs.
pub(crate) async fn tidy(store: &Store, alone: bool, now: Time) -> Result<()> {
    keeper::forget_gone(&store.db, alone && store.db.engine() == Engine::Sqlite, now).await
}
