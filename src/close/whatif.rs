//! The month again with other tables: what each agency and each service would pay instead. Nothing is posted, and nothing
//! is written.
//!
//! Both sides are made by the stages that close the month, so the difference is what a close would show, to the cent.

use super::books::{self, NoPlant, Opened};
use super::corrected::corrected;
use super::session::Session;
use super::{Differing, Progress, Request, Stage, Unbilled, WhatIf, delivery, gates, parts, replay};
use crate::config::{self, Loaded};
use crate::io::fs::Disk;
use crate::ledger::Ledger;
use crate::model::bill::{Destination, RatedCharge};
use crate::model::exit::{Exit, Stop};
use crate::model::finding::Finding;
use crate::model::intake::Directory;
use crate::model::money::{Money, Overflow};
use crate::model::month_end::{MonthEnd, Normalized, Standing};
use crate::model::settings::Mode;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// `request` is a dry run up to allocate; `with` holds tables that count instead of those of the same path in the books.
pub fn whatif(disk: &Disk, request: &Request, with: &Path, progress: &dyn Progress) -> Result<WhatIf> {
    let over = Disk::real(with);
    let ledger = Ledger::with_threads(disk.clone(), request.threads);
    ledger.books_id()?;
    let closed = ledger.settled()?.of(request.month).is_some();
    let session = Session { disk, ledger, request, progress };
    let now = config::load(disk)?;
    let then = config::load_with(disk, &over)?;
    let changed = changed(&now, &then);
    let (named, unread) = files_of(&over, &then)?;
    if let Some(unread) = unread.first() {
        let message = format!(
            "{} holds {unread}, which is none of the tables of these books, so nobody would read it. Name it as in the books: \
             pools.csv, owners.csv, rates/2027.csv.",
            with.display()
        );
        return Err(Stop::new(Exit::Usage, message).into());
    }
    if named == 0 {
        let message = format!("{} holds no table: put the changed files there, named as in the books.", with.display());
        return Err(Stop::new(Exit::Usage, message).into());
    }
    let mut told = WhatIf { month: request.month, closed, changed, ..WhatIf::of(request.month) };
    if let Some(findings) = blocking(&now) {
        (told.findings_now, told.exit) = (findings, Exit::Blocked);
        told.message = "The books themselves cannot be used, see the findings.".to_owned();
        return Ok(told);
    }
    if let Some(findings) = blocking(&then) {
        (told.findings, told.exit) = (findings, Exit::Blocked);
        told.message = "The other tables cannot be used, see the findings.".to_owned();
        return Ok(told);
    }
    let (before, after) = (side(&session, &now)?, side(&session, &then)?);
    told.findings_now = before.findings.iter().filter(|finding| finding.blocks()).cloned().collect();
    let known = |finding: &&Finding| !before.findings.contains(finding);
    told.findings = after.findings.iter().filter(known).cloned().collect();
    if before.bills.lines.is_empty() && !told.findings_now.is_empty() {
        told.exit = Exit::Blocked;
        told.message = format!("{} cannot be billed as the books are, see the findings.", request.month);
        return Ok(told);
    }
    told.lines = lines(&before, &after)?;
    told.unbilled = unbilled(&before, &after)?;
    told.exit = gates::exit_of(&told.findings, &[]);
    told.message = match told.exit {
        Exit::Done => format!("Nothing was posted or written: {} stays as it is.", request.month),
        _ => format!("With these tables the close of {} would be blocked, see the findings.", request.month),
    };
    Ok(told)
}

/// What blocks before a month is read.
fn blocking(loaded: &Loaded) -> Option<Vec<Finding>> {
    loaded.findings.iter().any(Finding::blocks).then(|| loaded.findings.clone())
}

/// Tables that are not the same bytes on both sides.
fn changed(now: &Loaded, then: &Loaded) -> Vec<String> {
    let before: BTreeMap<&String, &String> = now.files.iter().map(|(path, sha256)| (path, sha256)).collect();
    let differs = then.files.iter().filter(|(path, sha256)| before.get(path) != Some(&sha256));
    differs.map(|(path, _)| path.clone()).collect()
}

/// How many tables the folder holds, and which of its files are none.
fn files_of(over: &Disk, then: &Loaded) -> Result<(usize, Vec<String>)> {
    let read: BTreeSet<&str> = then.files.iter().map(|(path, _)| path.as_str()).collect();
    let files = over.list("").context("cannot list the folder of the other tables")?;
    let tables = files.into_iter().map(|entry| entry.path).filter(|path| !path.ends_with(".md"));
    let (named, unread): (Vec<String>, Vec<String>) = tables.partition(|path| read.contains(path.as_str()));
    Ok((named.len(), unread))
}

fn side(session: &Session<'_>, loaded: &Loaded) -> Result<MonthEnd> {
    let month = session.request.month;
    let (directory, normalized, findings) = charged(session, loaded)?;
    let settled = session.ledger.settled()?;
    let opened = Opened {
        month,
        run: String::new(),
        standing: Standing::Draft,
        settings: loaded.settings.clone(),
        configuration: String::new(),
        directory,
        normalized,
        carried: replay::carried(&session.ledger, settled.left_to(month))?,
        corrected: corrected(&session.ledger, &settled, &loaded.settings, month)?,
        findings,
    };
    let (mut end, _) = books::settle(opened, Stage::Allocate, &NoPlant)?;
    gates::ease(&mut end.findings, true, loaded.settings.state.gates.accept_unfinal);
    Ok(end)
}

/// The charges as these settings read them; what the ledger has of them is not read again.
pub fn charged(session: &Session<'_>, loaded: &Loaded) -> Result<(Directory, Normalized, Vec<Finding>)> {
    let mut stamps = parts::Stamps::new();
    for entry in session.disk.list(&session.inbox())? {
        stamps.insert(entry.path.clone(), session.disk.stamp(&entry.path)?);
    }
    let (files, found) = delivery::look(session, &loaded.settings.state)?;
    let delivered = delivery::deliver(session, &loaded.settings.state, files, found)?;
    let read = parts::normalize(session, &loaded.settings, &delivered.delivery, &stamps)?;
    let mut findings = loaded.findings.clone();
    findings.extend(delivered.delivery.findings);
    Ok((delivered.delivery.directory, read.normalized, findings))
}

fn what(mode: Mode) -> &'static str {
    match mode {
        Mode::Chargeback => "due",
        Mode::Absorbed => "absorbed",
        Mode::Showback => "showback",
        Mode::Visibility => "visibility",
    }
}

fn lines(before: &MonthEnd, after: &MonthEnd) -> Result<Vec<Differing>, Overflow> {
    type Sums = BTreeMap<(String, String, &'static str), (Money, Money)>;
    let mut sums = Sums::new();
    for (end, is_now) in [(before, true), (after, false)] {
        for line in &end.bills.lines {
            let sum = sums.entry((line.agency.to_string(), line.service.to_string(), what(line.mode))).or_default();
            let side = if is_now { &mut sum.0 } else { &mut sum.1 };
            *side = side.checked_add(line.amount)?;
        }
    }
    let line = |((agency, service, what), (now, would)): ((String, String, &str), (Money, Money))| {
        Ok(Differing { agency, service, what: what.to_owned(), now, would, difference: would.checked_sub(now)? })
    };
    sums.into_iter().map(line).collect()
}

/// Where the vendors' cost lies that is on no bill.
fn unbilled(before: &MonthEnd, after: &MonthEnd) -> Result<Vec<Unbilled>, Overflow> {
    let mut sums: BTreeMap<String, (Money, Money)> = BTreeMap::new();
    for (end, is_now) in [(before, true), (after, false)] {
        let mut add = |place: String, amount: Money| -> Result<(), Overflow> {
            let sum = sums.entry(place).or_default();
            let side = if is_now { &mut sum.0 } else { &mut sum.1 };
            *side = side.checked_add(amount)?;
            Ok(())
        };
        for sum in RatedCharge::by_ruling(&end.charges)? {
            match &sum.ruling.destination {
                Destination::Agency(_) | Destination::Pool(_) => {}
                Destination::Central(reason) => add(format!("borne by the provider: {reason}"), sum.amount)?,
                Destination::Excluded(reason) => add(format!("excluded: {reason}"), sum.amount)?,
                Destination::Suspense(reason) => add(format!("suspense: {reason}"), sum.amount)?,
            }
        }
        for pool in end.bills.pools.iter().filter(|pool| !pool.held.is_zero()) {
            add(format!("held in pool {}", pool.pool), pool.held)?;
        }
    }
    let place = |(place, (now, would)): (String, (Money, Money))| {
        Ok(Unbilled { place, now, would, difference: would.checked_sub(now)? })
    };
    sums.into_iter().map(place).collect()
}
