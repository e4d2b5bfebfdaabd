//! A month that is closed already: the same again is nothing to do. What becomes of anything else is in [`super::late`].

use super::Outcome;
use super::run::Decided;
use super::session::Session;
use crate::config::Loaded;
use crate::ledger::{Close, NamedHash, Object, Published, Settled};
use crate::model::exit::{Exit, Stop};
use crate::model::finding::{Code, Finding, Place};
use crate::model::month::Month;
use anyhow::Result;

/// The stored outcome of a close whose inputs and settings are today's; outputs that are missing are made again.
pub fn same(
    session: &Session<'_>,
    close: &Close,
    inputs: &[NamedHash],
    loaded: &Loaded,
    settings: &Object,
) -> Result<Option<Outcome>> {
    let body = &close.body;
    let again = put_back(session, close)?;
    let tables_same = *settings == body.settings || same_tables(&body.tables, &loaded.files);
    if !same_files(&body.inputs, inputs) || !tables_same {
        return Ok(None);
    }
    let mut outcome: Outcome = session.ledger.get_json(&body.outcome.sha256)?;
    let id = &body.run;
    outcome.message = format!("{} is closed with these files and settings already. Close id {id}.{again}", body.month);
    Ok(Some(unchanged(outcome)))
}

/// The stored outcome of the newest draft, when it is what a draft would say now.
pub fn same_draft(session: &Session<'_>, inputs: &[NamedHash], decided: Decided<'_>) -> Result<Option<Outcome>> {
    let Decided { settings, options, carried } = decided;
    let request = session.request;
    let Some((_, body)) = session.ledger.draft(request.month)? else { return Ok(None) };
    let decided_alike = body.settings == *settings && body.options == *options && body.carried.as_ref() == carried;
    let same = same_files(&body.inputs, inputs) && decided_alike;
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

pub fn unchanged(mut outcome: Outcome) -> Outcome {
    outcome.state = "unchanged".to_owned();
    for stage in &mut outcome.stages {
        stage.unchanged = true;
    }
    outcome
}

/// Makes outputs again that are missing, and says so. What was altered is never written over.
fn put_back(session: &Session<'_>, close: &Close) -> Result<String> {
    let body = &close.body;
    let missing = match session.ledger.published(body)? {
        Published::Whole => return Ok(String::new()),
        Published::Absent => body.outputs_folder.clone(),
        Published::Incomplete(paths) => paths.join(", "),
        Published::Altered(paths) => {
            let message = format!(
                "Outputs of {} were altered: {}. If nobody needs them as they are, delete the folder {} and close again: it \
                 is made anew from the ledger.",
                body.month,
                paths.join(", "),
                body.outputs_folder
            );
            return Err(Stop::new(Exit::Integrity, message).into());
        }
    };
    if !session.writes() {
        return Ok(format!(" Missing outputs would be made again from the ledger: {missing}."));
    }
    rebuild(session, close)?;
    Ok(format!(" Outputs were missing and were made again from the ledger: {missing}."))
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
    let staging = session.ledger.staging(&close.body.outputs_folder)?;
    super::replay::outputs(&session.ledger, &close.body, &staging, session.threads())?;
    let outputs = staging.seal()?;
    if outputs != close.body.outputs {
        let message = format!("The outputs of {} cannot be made again to the same bytes.", close.body.month);
        return Err(Stop::new(Exit::Integrity, message).into());
    }
    session.ledger.republish(close, &session.actor())?;
    session.progress.end();
    Ok(())
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
