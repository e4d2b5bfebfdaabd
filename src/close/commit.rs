//! What goes into a close record, and its commit.

use super::run::Sources;
use super::session::{Session, StageLeft};
use super::{Outcome, RULES, delivery};
use crate::ledger::{CloseBody, NamedHash, Object, Settled};
use crate::model::exit::{Exit, Stop};
use crate::model::month_end::MonthEnd;
use crate::model::settings::Evidence;
use crate::stages::reconcile;
use anyhow::Result;
use std::collections::BTreeMap;

/// A month that was made and proved; its outputs are staged.
pub struct Made<'a> {
    pub sources: &'a Sources,
    pub stages: &'a [StageLeft],
    pub end: &'a MonthEnd,
    pub outcome: &'a Outcome,
    pub folder: &'a str,
}

/// Commits a close or a draft. Until HEAD moves, the old state stands.
pub fn commit(
    session: &Session<'_>,
    settled: &Settled,
    made: &Made<'_>,
    outputs: Vec<NamedHash>,
    is_final: bool,
) -> Result<()> {
    let ledger = &session.ledger;
    let mut body = body(session, settled, made, is_final, outputs)?;
    if is_final {
        keep_evidence(session, made, &mut body)?;
        body.books = ledger.ensure_books_id(&made.end.settings.state.name, &made.end.run)?;
        ledger.commit_close(&body, &session.actor())?;
    } else {
        ledger.commit_draft(&body, &session.actor())?;
    }
    Ok(())
}

fn body(
    session: &Session<'_>,
    settled: &Settled,
    made: &Made<'_>,
    is_final: bool,
    outputs: Vec<NamedHash>,
) -> Result<CloseBody> {
    let sources = made.sources;
    let outcome = session.keep_json(&as_stored(made.outcome))?;
    let leaves = if is_final { Some(session.keep_json(&reconcile::carry(made.end)?)?) } else { None };
    let lines = &sources.corrected;
    let corrected = if lines.is_empty() { None } else { Some(session.keep_json(lines)?) };
    let mut body = CloseBody {
        books: session.ledger.books_id()?.unwrap_or_default(),
        month: made.end.month,
        state: if is_final { "closed" } else { "draft" }.to_owned(),
        sequence: if is_final { settled.head().map_or(0, |close| close.body.sequence) + 1 } else { 0 },
        previous: if is_final { settled.head_id() } else { String::new() },
        run: made.end.run.clone(),
        rules: RULES.to_owned(),
        options: sources.options.clone(),
        inputs: sources.delivered.inputs.clone(),
        settings: sources.settings.clone(),
        tables: tables(session, sources)?,
        stages: Vec::new(),
        carried: sources.carried.clone(),
        leaves: leaves.clone(),
        corrected: corrected.clone(),
        outcome: outcome.clone(),
        outputs_folder: made.folder.to_owned(),
        outputs,
        objects: BTreeMap::new(),
        gates: made.end.gates.clone(),
        tie_outs: made.end.tie_outs.clone(),
        laws: made.end.laws.clone(),
    };
    body.add_object(&sources.settings);
    body.add_object(&outcome);
    for object in sources.carried.iter().chain(&leaves).chain(&corrected) {
        body.add_object(object);
    }
    for stage in made.stages {
        body.add_stage(&stage.manifest, stage.object.clone());
    }
    Ok(body)
}

/// Which stages were run this time tells of this run and not of the month: after a crash fewer are.
fn as_stored(outcome: &Outcome) -> Outcome {
    let mut stored = outcome.clone();
    for report in &mut stored.stages {
        report.unchanged = false;
    }
    stored
}

/// The tables of the books as they were read.
pub fn tables(session: &Session<'_>, sources: &Sources) -> Result<Vec<NamedHash>> {
    let mut tables = Vec::new();
    for (path, sha256) in &sources.loaded.files {
        let object = Object { sha256: sha256.clone(), bytes: session.disk.size(path)? };
        tables.push(NamedHash { path: path.clone(), object, kept: false });
    }
    tables.sort();
    Ok(tables)
}

/// Keeps the tables and the files that the month is made of. What was hashed at the beginning is what is kept, or nothing
/// is closed.
fn keep_evidence(session: &Session<'_>, made: &Made<'_>, body: &mut CloseBody) -> Result<()> {
    let folder = session.inbox();
    let intake = &made.sources.delivered.delivery.intake;
    let counted = delivery::counted(intake);
    let copies = made.end.settings.state.evidence == Evidence::Copy;
    let CloseBody { inputs, tables, objects, .. } = body;
    for input in inputs.iter_mut() {
        let path = input.path.strip_prefix(&folder).map(|path| path.trim_start_matches('/'));
        input.kept = copies && path.is_some_and(|path| counted.contains(path));
    }
    tables.iter_mut().for_each(|table| table.kept = true);
    let kept: Vec<&NamedHash> = inputs.iter().chain(tables.iter()).filter(|file| file.kept).collect();
    session.progress.stage("evidence");
    if let Some(path) = session.ledger.keep_all(&kept)? {
        let message = format!("{path} changed while the month was closed. Nothing was committed; run this again.");
        return Err(Stop::new(Exit::TryAgain, message).into());
    }
    objects.extend(kept.iter().map(|file| (file.object.sha256.clone(), file.object.bytes)));
    session.progress.end();
    Ok(())
}
