//! Parts become versions, and versions the month.
//!
//! The parts of a version are merged once: what they came to together is kept with the list of their keys. When a night
//! brings one part more, its roll-up is merged with that one and not with those of all parts again, and its row ids are
//! compared with those of the others, which are known to share none. Nothing rests on it: a part that changed or is gone
//! is missing from the list, and then all are merged; a proof merges all in any case.

use super::keep::{self, Kept, Stored, StoredIds};
use super::parts::FORM;
use super::session::{Session, key};
use crate::ledger::{Ledger, Object};
use crate::model::intake::SourceVersion;
use crate::model::month_end::Normalized;
use crate::model::part_outcome::PartOutcome;
use crate::model::roll_up::RollUp;
use crate::model::settings::Settings;
use crate::stages::normalize::{self, HeldIds, RowIds, Shared};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::delivery::Delivery;

const STAGE: &str = "together";
const ROWS: &str = "rows";
const MEMBERS: &str = "members";

/// The parts that were merged.
#[derive(Debug, Serialize, Deserialize)]
struct Members {
    /// Sorted.
    keys: Vec<String>,
    /// No row id stands in two of them.
    are_apart: bool,
}

/// What parts came to together.
struct Together {
    members: Members,
    rows: Object,
}

/// Outcomes of all parts become versions, and versions the month. Where the month's rows are those that were merged, they
/// are an object already.
pub fn conclude(
    ledger: &Ledger,
    settings: &Settings,
    delivery: &Delivery,
    mut parts: Vec<(PartOutcome, Kept)>,
    session: Option<&Session<'_>>,
) -> Result<(Normalized, Option<Object>)> {
    let tags: Vec<String> = settings.state.billing_tags.iter().map(|tag| tag.name.clone()).collect();
    let (mut versions, mut rows) = (Vec::new(), Vec::new());
    parts.sort_by(|(a, _), (b, _)| a.file.cmp(&b.file));
    for version in &delivery.intake.versions {
        let paths: BTreeSet<String> =
            version.parts.iter().map(|part| normalize::place_of(version.month, &part.path)).collect();
        let (own, others): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(part, _)| paths.contains(&part.file));
        parts = others;
        let (own, kept): (Vec<PartOutcome>, Vec<Kept>) = own.into_iter().unzip();
        let (shared, roll_up, object) = merged(ledger, version, &kept, &tags, session)?;
        let concluded = normalize::conclude_read(version, own, roll_up, shared, settings)?;
        rows.push(object.filter(|_| !concluded.roll_up.is_altered()));
        versions.push(concluded);
    }
    let rows = if rows.len() == 1 { rows.pop().flatten() } else { None };
    Ok((normalize::conclude_month(versions, settings)?, rows))
}

/// The row ids that stand in two parts, the parts' roll-ups as one, and that one as an object where it was kept.
fn merged(
    ledger: &Ledger,
    version: &SourceVersion,
    parts: &[Kept],
    tags: &[String],
    session: Option<&Session<'_>>,
) -> Result<(Option<Shared>, RollUp, Option<Object>)> {
    let Some(session) = session.filter(|_| parts.len() > 1) else {
        let runs: Vec<Stored> = parts.iter().flat_map(|part| part.runs.iter().cloned()).collect();
        let (shared, roll_up) = both(|| shared_ids(ledger, parts), || keep::merged(ledger, &runs, tags));
        return Ok((shared?, roll_up?, None));
    };
    let key = key_of(version, tags)?;
    let known = recalled(session, &key, parts)?;
    let is_known = |part: &Kept| known.as_ref().is_some_and(|known| known.members.keys.contains(&part.key));
    let fresh = parts.iter().filter(|part| !is_known(part)).flat_map(|part| part.runs.iter().cloned());
    let runs: Vec<Stored> = known.iter().map(|known| Stored::Object(known.rows.clone())).chain(fresh).collect();
    let compare = || {
        let may_share = !known.as_ref().is_some_and(|known| known.members.are_apart);
        if !may_share && are_apart(ledger, parts, &is_known)? { Ok(None) } else { shared_ids(ledger, parts) }
    };
    let merge = || -> Result<(RollUp, Option<Object>)> {
        let roll_up = keep::merged(ledger, &runs, tags)?;
        let object = if session.writes() { Some(keep::kept_run(ledger, &roll_up)?) } else { None };
        Ok((roll_up, object))
    };
    let (shared, whole) = both(compare, merge);
    let (shared, (roll_up, object)) = (shared?, whole?);
    if let Some(rows) = &object {
        let mut keys: Vec<String> = parts.iter().map(|part| part.key.clone()).collect();
        keys.sort();
        let members = session.keep_json(&Members { keys, are_apart: shared.is_none() })?;
        let objects = BTreeMap::from([(ROWS.to_owned(), rows.clone()), (MEMBERS.to_owned(), members)]);
        session.remember(STAGE, key, objects)?;
    }
    Ok((shared, roll_up, object))
}

/// One for all deliveries of a version's export: what is kept is that of the newest.
fn key_of(version: &SourceVersion, tags: &[String]) -> Result<String> {
    let SourceVersion { source, folder, export, month, view, .. } = version;
    Ok(key(STAGE, &[FORM, &serde_json::to_string(&(source, folder, export, month, view, tags))?]))
}

/// What was kept, if all that it is made of still counts.
fn recalled(session: &Session<'_>, key: &str, parts: &[Kept]) -> Result<Option<Together>> {
    let Some(left) = session.recall(key)? else { return Ok(None) };
    let members: Members = session.ledger.get_json(&left.manifest.object(MEMBERS)?.sha256)?;
    let rows = left.manifest.object(ROWS)?.clone();
    let now: BTreeSet<&str> = parts.iter().map(|part| part.key.as_str()).collect();
    let all_count = now.len() == parts.len() && members.keys.iter().all(|member| now.contains(member.as_str()));
    Ok(all_count.then_some(Together { members, rows }))
}

/// Two pieces of work side by side.
fn both<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        match one.join() {
            Ok(one) => (one, other),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn shared_ids(ledger: &Ledger, parts: &[Kept]) -> Result<Option<Shared>> {
    if parts.iter().filter(|part| part.ids() > 0).count() < 2 {
        return Ok(None);
    }
    let mut ids = parts.iter().map(|part| ids_of(ledger, part)).collect::<Result<Vec<_>>>()?;
    Ok(normalize::shared(&mut ids, total(parts)).map_err(unread)?)
}

/// Whether no row id of a new part stands in another part.
fn are_apart(ledger: &Ledger, parts: &[Kept], is_known: &dyn Fn(&Kept) -> bool) -> Result<bool> {
    let (mut known, mut fresh) = (Vec::new(), Vec::new());
    for part in parts {
        let into = if is_known(part) { &mut known } else { &mut fresh };
        into.push(ids_of(ledger, part)?);
    }
    Ok(normalize::are_apart(&mut known, &mut fresh, total(parts)).map_err(unread)?)
}

fn total(parts: &[Kept]) -> u64 {
    parts.iter().map(Kept::ids).sum()
}

fn ids_of<'a>(ledger: &'a Ledger, part: &Kept) -> Result<Box<dyn RowIds + 'a>> {
    Ok(match &part.row_ids {
        Some(stored) => Box::new(StoredIds::new(ledger, stored)?),
        None => Box::new(HeldIds::from(Vec::new())),
    })
}

fn unread(error: std::io::Error) -> crate::io::fs::DiskError {
    crate::ledger::read_error("ledger/objects", error)
}
