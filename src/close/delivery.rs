//! The month's files: listed, hashed, looked at, and chosen from.

use super::session::{Session, StageLeft, below_books, key, report};
use super::{Stage, StageReport};
use crate::io::inbox;
use crate::ledger::{NamedHash, Object};
use crate::model::finding::Finding;
use crate::model::intake::{Directory, InboxFile, Intake, TableFile, TableRows};
use crate::model::month::Month;
use crate::model::settings::State;
use crate::stages::directory::directory;
use crate::stages::ingest::ingest;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything known of the delivery before a row of charges is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    pub files: Vec<InboxFile>,
    pub intake: Intake,
    pub directory: Directory,
    pub findings: Vec<Finding>,
}

/// The delivery, and what of it the ledger has.
pub struct Delivered {
    pub delivery: Delivery,
    pub inputs: Vec<NamedHash>,
    pub left: StageLeft,
    pub report: StageReport,
}

/// Lists the inbox, and hashes and looks at what has changed since it was seen.
pub fn look(session: &Session<'_>, state: &State) -> Result<(Vec<InboxFile>, Vec<Finding>)> {
    session.progress.stage("inbox");
    let month = session.request.month;
    let by = format!("rules {}, version {}", super::RULES, env!("CARGO_PKG_VERSION"));
    let memory = session.ledger.seen(month, &by, session.writes());
    let looked = inbox::look_at_changed(session.disk, &session.inbox(), state, session.threads(), &memory);
    session.progress.end();
    let (files, found, after) = looked?;
    if session.writes() {
        session.ledger.remember_seen(month, &memory.before, &after)?;
    }
    Ok((files, found))
}

pub fn inputs(folder: &str, files: &[InboxFile]) -> Vec<NamedHash> {
    let input = |file: &InboxFile| NamedHash {
        path: format!("{folder}/{}", file.path),
        object: Object { sha256: file.sha256.clone(), bytes: file.bytes },
        kept: false,
    };
    let mut inputs: Vec<NamedHash> = files.iter().map(input).collect();
    inputs.sort();
    inputs
}

/// Ingest, and the directory of owners from the tables.
pub fn deliver(session: &Session<'_>, state: &State, files: Vec<InboxFile>, found: Vec<Finding>) -> Result<Delivered> {
    let folder = session.inbox();
    let inputs = inputs(&folder, &files);
    let seen = serde_json::to_string(&(&files, &found))?;
    let key = key("ingest", &[&session.request.month.to_string(), &serde_json::to_string(state)?, &seen]);
    let counted = files.len() as u64;
    if let Some(left) = session.recall(&key)? {
        let delivery: Delivery = session.ledger.get_json(&left.manifest.object("delivery")?.sha256)?;
        let report = report(Stage::Ingest, true, counted, parts(&delivery.intake));
        return Ok(Delivered { delivery, inputs, left, report });
    }
    session.progress.stage("ingest");
    let ingested = ingest(&files, state, session.request.month);
    let mut findings = found;
    findings.extend(ingested.findings);
    let mut tables = Vec::new();
    for table in &ingested.intake.tables {
        let Some(file) = files.iter().find(|file| file.path == table.path) else { continue };
        let (rows, about) = inbox::read_table(session.disk, &folder, file, table)?;
        tables.push(rows);
        findings.extend(about);
    }
    let (directory, about) = directory(&tables);
    findings.extend(about);
    below_books(&folder, &mut findings);
    session.progress.end();
    let delivery = Delivery { files, intake: ingested.intake, directory, findings };
    let objects = BTreeMap::from([("delivery".to_owned(), session.keep_json(&delivery)?)]);
    let left = session.remember("ingest", key, objects)?;
    let report = report(Stage::Ingest, false, counted, parts(&delivery.intake));
    Ok(Delivered { delivery, inputs, left, report })
}

fn parts(intake: &Intake) -> u64 {
    intake.versions.iter().map(|version| version.parts.len() as u64).sum::<u64>() + intake.tables.len() as u64
}

/// Reads a table's rows from wherever they lie.
pub type ReadTable<'a> = dyn Fn(&InboxFile, &TableFile) -> Result<(TableRows, Vec<Finding>)> + 'a;

/// The same delivery again from what the ledger holds, for a proof: nothing is read from the inbox.
pub fn again(delivery: &Delivery, state: &State, month: Month, read: &ReadTable<'_>) -> Result<(Intake, Directory)> {
    let ingested = ingest(&delivery.files, state, month);
    let mut tables = Vec::new();
    for table in &ingested.intake.tables {
        let file = delivery.files.iter().find(|file| file.path == table.path);
        tables.push(read(file.context("a table is not among the files")?, table)?.0);
    }
    let (directory, _) = directory(&tables);
    Ok((ingested.intake, directory))
}

/// Paths below the inbox of what the month is made of: parts, tables, and the manifests that chose them.
pub fn counted(intake: &Intake) -> BTreeSet<&str> {
    let of_versions = intake
        .versions
        .iter()
        .flat_map(|version| version.parts.iter().map(|part| part.path.as_str()).chain(version.manifest.as_deref()));
    of_versions.chain(intake.tables.iter().map(|table| table.path.as_str())).collect()
}
