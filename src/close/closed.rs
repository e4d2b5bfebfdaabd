//! A month that is closed already: the same again is nothing to do, anything else is refused with what it would change.

use super::commit;
use super::run::{Sources, outcome};
use super::session::Session;
use super::{AgencyTotal, Outcome, Stage, StageReport};
use crate::config::Loaded;
use crate::ledger::{Close, NamedHash, Object, Options, Published, Settled};
use crate::model::exit::{Exit, Stop};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Money, Overflow};
use crate::model::month::Month;
use crate::model::month_end::MonthEnd;
use anyhow::Result;
use std::collections::BTreeMap;

/// The stored outcome of a close whose inputs and settings are today's; outputs that are missing are made again.
pub fn same(
    session: &Session<'_>,
    close: &Close,
    inputs: &[NamedHash],
    loaded: &Loaded,
    settings: &Object,
) -> Result<Option<Outcome>> {
    let body = &close.body;
    let altered = || {
        let message = format!("The outputs of {} in {} were altered.", body.month, body.outputs_folder);
        Stop::new(Exit::Integrity, format!("{message} Run `chargeback verify`."))
    };
    let published = session.ledger.published(body)?;
    if published == Published::Altered {
        return Err(altered().into());
    }
    let tables_same = *settings == body.settings || same_tables(&body.tables, &loaded.files);
    if !same_files(&body.inputs, inputs) || !tables_same {
        return Ok(None);
    }
    if published == Published::Absent && session.writes() {
        rebuild(session, close)?;
    }
    let mut outcome: Outcome = session.ledger.get_json(&body.outcome.sha256)?;
    let id = &body.run;
    outcome.message = format!("{} is closed with these files and settings already. Close id {id}.", body.month);
    Ok(Some(unchanged(outcome)))
}

/// The stored outcome of the newest draft, when it is what a draft would say now.
pub fn same_draft(
    session: &Session<'_>,
    inputs: &[NamedHash],
    settings: &Object,
    options: &Options,
) -> Result<Option<Outcome>> {
    let request = session.request;
    let Some((_, body)) = session.ledger.draft(request.month)? else { return Ok(None) };
    let same = same_files(&body.inputs, inputs) && body.settings == *settings && body.options == *options;
    if !same || body.rules != super::RULES || session.ledger.published(&body)? != Published::Whole {
        return Ok(None);
    }
    let outcome: Outcome = session.ledger.get_json(&body.outcome.sha256)?;
    let was_open = outcome.findings.iter().any(|finding| finding.code == Code::MonthNotOver);
    if was_open != (request.invocation.today <= request.month.last_day()) {
        return Ok(None);
    }
    let mut outcome = unchanged(outcome);
    outcome.exit = super::gates::exit_of(&outcome.findings, &outcome.gates);
    outcome.message = format!("The draft of {} in {} is of these files and settings.", body.month, body.outputs_folder);
    Ok(Some(outcome))
}

fn unchanged(mut outcome: Outcome) -> Outcome {
    outcome.state = "unchanged".to_owned();
    for stage in &mut outcome.stages {
        stage.unchanged = true;
    }
    outcome
}

fn same_files(before: &[NamedHash], now: &[NamedHash]) -> bool {
    let key = |file: &NamedHash| (file.path.clone(), file.object.clone());
    before.iter().map(key).eq(now.iter().map(key))
}

fn same_tables(before: &[NamedHash], now: &[(String, String)]) -> bool {
    before.len() == now.len()
        && before
            .iter()
            .zip(now)
            .all(|(before, (path, sha256))| before.path == *path && before.object.sha256 == *sha256)
}

/// Makes the outputs of a closed month again from what the ledger holds, and puts them back if they are the same bytes.
fn rebuild(session: &Session<'_>, close: &Close) -> Result<()> {
    if close.body.rules != super::RULES {
        let message = format!(
            "The outputs of {} are missing, and it was closed by rules {}; this version has rules {}. The version that closed \
             it can make them again.",
            close.body.month,
            close.body.rules,
            super::RULES
        );
        return Err(Stop::new(Exit::Integrity, message).into());
    }
    session.progress.stage("outputs");
    let files = super::replay::outputs(&session.ledger, &close.body)?;
    let staged = files.iter().map(|file| (file.path.as_str(), file.bytes.as_slice()));
    let outputs = session.ledger.stage(&close.body.outputs_folder, staged)?;
    if outputs != close.body.outputs {
        let message = format!("The outputs of {} cannot be made again to the same bytes.", close.body.month);
        return Err(Stop::new(Exit::Integrity, message).into());
    }
    session.ledger.republish(close, &session.actor())?;
    session.progress.end();
    Ok(())
}

/// Exit 4: the month is closed, and what lies in the books now would give something else. Where only tables changed and
/// no amount of the month did, there is nothing to refuse: tables change every month.
pub fn refuse(
    session: &Session<'_>,
    close: &Close,
    sources: &Sources,
    end: MonthEnd,
    reports: Vec<StageReport>,
) -> Result<Outcome> {
    let body = &close.body;
    let stored: Outcome = session.ledger.get_json(&body.outcome.sha256)?;
    let mut now = outcome(&end, reports)?;
    let files = changed(&body.inputs, &sources.delivered.inputs);
    let tables = changed(&body.tables, &commit::tables(session, sources)?);
    let amounts = moved(&stored, &now)?;
    if files.is_empty() && amounts.is_empty() && now.findings.iter().all(|finding| !finding.blocks()) {
        let mut outcome = unchanged(stored);
        let names = tables.join(", ");
        outcome.message = format!(
            "{} is closed, close id {}. Since then {names} changed, which moves no amount of this month.",
            body.month, body.run
        );
        return Ok(outcome);
    }
    let what: Vec<String> = files.into_iter().chain(tables).collect();
    let by = if amounts.is_empty() { "No amount would change.".to_owned() } else { format!("{}.", amounts.join("; ")) };
    let next = body.month.next();
    now.exit = Exit::Forbidden;
    now.state = "closed".to_owned();
    now.run.clone_from(&body.run);
    now.outputs = Some(body.outputs_folder.clone());
    now.message = format!(
        "{month} is closed, close id {run}, and a closed month is never changed. Changed since: {what}. {by} \
         Put the files of the close back, or book the difference as an adjustment in {next}.",
        month = body.month,
        run = body.run,
        what = what.join(", "),
    );
    Ok(now)
}

/// Names of files that were added, removed or changed.
fn changed(before: &[NamedHash], now: &[NamedHash]) -> Vec<String> {
    let by_path = |files: &[NamedHash]| -> BTreeMap<String, String> {
        files.iter().map(|file| (file.path.clone(), file.object.sha256.clone())).collect()
    };
    let (before, now) = (by_path(before), by_path(now));
    let gone = before.keys().filter(|path| !now.contains_key(*path)).map(|path| format!("{path} (removed)"));
    let new_or_other = now.iter().filter_map(|(path, sha256)| match before.get(path) {
        None => Some(format!("{path} (added)")),
        Some(other) if other != sha256 => Some(format!("{path} (other content)")),
        Some(_) => None,
    });
    gone.chain(new_or_other).collect()
}

/// By how much the cost of each vendor and the bill of each agency would move.
fn moved(before: &Outcome, now: &Outcome) -> Result<Vec<String>, Overflow> {
    let mut moved = Vec::new();
    let billed = |outcome: &Outcome| {
        let normalize = outcome.stages.iter().find(|report| report.stage == Stage::Normalize);
        let billed = normalize.and_then(|report| report.totals.iter().find(|(name, _)| name == "billed"));
        billed.map(|(_, total)| total.clone()).unwrap_or_default()
    };
    let (old, new) = (billed(before), billed(now));
    if old != new {
        moved.push(format!("billed cost {old} would be {new}"));
    }
    let due = |totals: &[AgencyTotal]| -> BTreeMap<String, (Money, Money)> {
        totals.iter().map(|total| (total.agency.clone(), (total.due, total.showback))).collect()
    };
    let (old, new) = (due(&before.bills), due(&now.bills));
    for agency in old.keys().chain(new.keys().filter(|agency| !old.contains_key(*agency))) {
        let nothing = (Money::ZERO, Money::ZERO);
        let (was, would) = (old.get(agency).unwrap_or(&nothing), new.get(agency).unwrap_or(&nothing));
        for (name, was, would) in [("owes", was.0, would.0), ("is shown", was.1, would.1)] {
            if was != would {
                let by = would.checked_sub(was)?;
                moved.push(format!("{agency} {name} {was} and would {would}, by {by}"));
            }
        }
    }
    Ok(moved)
}

/// Months are closed in their order.
pub fn out_of_order(session: &Session<'_>, settled: &Settled) -> Vec<Finding> {
    let month = session.request.month;
    let newest = settled.newest_month();
    let finding = |why: String, fix: String| vec![Finding::new(Code::MonthOutOfOrder, Place::default(), why, fix)];
    if let Some(newest) = newest.filter(|newest| *newest > month) {
        let why = format!("{newest} is closed already, and {month} lies before it.");
        let fix = format!("Book what belongs to {month} as an adjustment in {}.", newest.next());
        return finding(why, fix);
    }
    let Ok(folders) = session.disk.folders("inbox") else { return Vec::new() };
    let open = folders.iter().filter_map(|name| Month::parse(name).ok()).find(|earlier| {
        let waits = newest.is_none_or(|newest| *earlier > newest);
        *earlier < month && waits && session.disk.list(&format!("inbox/{earlier}")).is_ok_and(|files| !files.is_empty())
    });
    match open {
        Some(earlier) => finding(
            format!("{earlier} has files in the inbox and is not closed."),
            format!("Close {earlier} first, or move its files out of the inbox if these books begin with {month}."),
        ),
        None => Vec::new(),
    }
}
