//! A closed month made again from nothing but what the ledger holds: the same inputs, settings and rules must give the
//! same bytes.

use super::books::{self, NoPlant, Opened};
use super::delivery::{self, Delivery};
use super::keep::Keeper;
use super::outputs::{Kept, Proved};
use super::parts::Hashing;
use super::run::{Configured, Decided, run_id};
use super::{RULES, Stage, gates, parts, suspense, together};
use crate::frame::roll_up;
use crate::io::digest::sha256;
use crate::io::{container, inbox};
use crate::ledger::objects::json;
use crate::ledger::{CloseBody, KeptStage, Ledger, NamedHash, Object, StageManifest, Verified, at_once};
use crate::model::bill::BillLine;
use crate::model::exit::{Exit, Stop};
use crate::model::finding::Finding;
use crate::model::intake::{InboxFile, TableFile, TableRows};
use crate::model::month::Month;
use crate::model::month_end::{MonthEnd, Normalized, Standing};
use crate::model::past::Carried;
use crate::model::settings::Settings;
use crate::stages::reconcile;
use anyhow::{Context, Result};

/// The settings, the delivery and the charges of a record, read back from the ledger.
pub struct Frozen {
    pub settings: Settings,
    pub findings: Vec<Finding>,
    pub delivery: Delivery,
    pub normalized: Normalized,
    pub carried: Carried,
    pub corrected: Vec<BillLine>,
}

pub fn frozen(ledger: &Ledger, body: &CloseBody) -> Result<Frozen> {
    let Configured { settings, findings } = ledger.get_json(&body.settings.sha256)?;
    let delivery: Delivery = ledger.get_json(&left(ledger, body, "ingest", "delivery")?.sha256)?;
    let normalized = parts::recalled(ledger, &manifest(ledger, body, "normalize")?)?;
    let carried = carried(ledger, body.carried.as_ref())?;
    let corrected = match &body.corrected {
        Some(object) => ledger.get_json(&object.sha256)?,
        None => Vec::new(),
    };
    Ok(Frozen { settings, findings, delivery, normalized, carried, corrected })
}

pub fn carried(ledger: &Ledger, object: Option<&Object>) -> Result<Carried> {
    object.map_or_else(|| Ok(Carried::default()), |object| ledger.get_json(&object.sha256))
}

fn stages<'a>(body: &'a CloseBody, stage: &'a str) -> impl Iterator<Item = &'a KeptStage> {
    body.stages.iter().filter(move |kept| kept.stage == stage)
}

fn manifest(ledger: &Ledger, body: &CloseBody, stage: &str) -> Result<StageManifest> {
    let kept = stages(body, stage).next().with_context(|| format!("the close of {} has no {stage}", body.month))?;
    ledger.get_json(&kept.manifest.sha256)
}

fn left(ledger: &Ledger, body: &CloseBody, stage: &str, role: &str) -> Result<Object> {
    Ok(manifest(ledger, body, stage)?.object(role)?.clone())
}

/// The close of a month, or else its newest draft.
pub fn record_of(ledger: &Ledger, month: Month) -> Result<CloseBody> {
    if let Some(close) = ledger.settled()?.of(month) {
        return Ok(close.body.clone());
    }
    let none = || {
        let message = format!(
            "{month} has neither been closed nor drafted: run `chargeback close --month {month} --draft` first."
        );
        Stop::new(Exit::Usage, message)
    };
    Ok(ledger.draft(month)?.map(|(_, body)| body).ok_or_else(none)?)
}

/// The charges files of a record.
pub fn charges(ledger: &Ledger, body: &CloseBody) -> Result<Vec<Object>> {
    let mut charges = Vec::new();
    for kept in stages(body, "part") {
        let manifest: StageManifest = ledger.get_json(&kept.manifest.sha256)?;
        charges.push(manifest.object("charges")?.clone());
    }
    Ok(charges)
}

/// The roll-up of a record.
pub fn roll_up(ledger: &Ledger, body: &CloseBody) -> Result<Object> {
    left(ledger, body, "normalize", "roll_up")
}

/// The month's end of a record, up to its journals.
pub fn settled(frozen: Frozen, body: &CloseBody, until: Stage) -> Result<MonthEnd> {
    let Frozen { settings, mut findings, delivery, normalized, carried, corrected } = frozen;
    let standing = if body.state == "closed" { Standing::Final } else { Standing::Draft };
    findings.extend(delivery.findings);
    findings.extend(gates::needless(&body.options.allow_empty, body.month, &findings));
    let opened = Opened {
        month: body.month,
        run: body.run.clone(),
        standing,
        settings,
        configuration: body.settings.sha256.clone(),
        directory: delivery.directory,
        normalized,
        carried,
        corrected,
        findings,
    };
    let (mut end, _) = books::settle(opened, until, &NoPlant)?;
    let accept_unfinal = end.settings.state.gates.accept_unfinal;
    gates::ease(&mut end.findings, standing == Standing::Draft, accept_unfinal);
    Finding::sort(&mut end.findings);
    Ok(end)
}

/// What was said of old suspense when the month was closed: the closes before it are as they were.
fn with_age(ledger: &Ledger, mut end: MonthEnd) -> Result<MonthEnd> {
    let aged = suspense::aged(ledger, &ledger.settled()?, &end)?;
    end.findings.extend(aged);
    Finding::sort(&mut end.findings);
    Ok(end)
}

/// Makes the outputs of a record again, from the roll-up on.
pub fn outputs(ledger: &Ledger, body: &CloseBody, outputs: &dyn Kept, threads: usize) -> Result<()> {
    let mut end = with_age(ledger, settled(frozen(ledger, body)?, body, Stage::Close)?)?;
    books::publish(&mut end, &NoPlant, outputs, threads)?;
    Ok(())
}

/// Recomputes a closed month from the vendors' files on, and says what came out otherwise.
pub fn replay(ledger: &Ledger, body: &CloseBody, verified: &mut Verified) -> Result<()> {
    if body.rules != RULES {
        return Ok(());
    }
    let frozen = frozen(ledger, body)?;
    let folder = format!("inbox/{}", body.month);
    let read_table = |file: &InboxFile, table: &TableFile| table_again(ledger, &folder, body, file, table);
    let (intake, directory) = delivery::again(&frozen.delivery, &frozen.settings.state, body.month, &read_table)?;
    let month = &body.month;
    if intake != frozen.delivery.intake || directory != frozen.delivery.directory {
        verified.add(&folder, format!("Ingest of {month} chooses other files or owners than it did."));
    }
    let open = |file: &InboxFile| open_again(ledger, &folder, body, file);
    let made = charges(ledger, body)?;
    let planned = parts::plan(&folder, &frozen.settings, &frozen.delivery, &open)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let read = at_once(&planned, threads, |part| {
        let mut text = part.text(open(part.file)?)?;
        let mut hasher = Hashing::default();
        let mut keeper = Keeper::new(ledger.disk(), None);
        let outcome = parts::written(&part.job(&frozen.settings), &mut text, &mut hasher, &mut keeper);
        let outcome = outcome.map_err(|error| parts::stopped(&part.path, error, None))?;
        Ok(((outcome, keeper.finish()?), hasher.0.finish()))
    })?;
    let mut outcomes = Vec::new();
    for (part, (outcome, (sha256, bytes))) in planned.iter().zip(read) {
        if !made.contains(&Object { sha256, bytes }) {
            verified.add(&part.path, format!("Its charges come out otherwise than at the close of {month}."));
        }
        outcomes.push(outcome);
    }
    let (normalized, _) = together::conclude(ledger, &frozen.settings, &frozen.delivery, outcomes, None)?;
    let object = left(ledger, body, "normalize", "roll_up")?;
    let mut hasher = Hashing::default();
    roll_up::write_parquet(&normalized.roll_up, &mut hasher)?;
    if hasher.0.finish().0 != object.sha256 {
        verified.add(&object.path(), format!("The roll-up of {month} comes out otherwise than at its close."));
    }
    let decided = Decided { settings: &body.settings, options: &body.options, carried: body.carried.as_ref() };
    let made = run_id(body.month, &object, &directory, decided)?;
    if made != body.run {
        verified.add(&body.outputs_folder, format!("The close id of {month} comes out as {made}."));
    }
    let again = Frozen { normalized, ..frozen };
    let mut end = with_age(ledger, settled(again, body, Stage::Close)?)?;
    let proved = Proved::default();
    books::publish(&mut end, &NoPlant, &proved, threads)?;
    compare(body, &proved.hashes(), verified);
    let leaves = json(&reconcile::carry(&end)?)?;
    if body.leaves.as_ref().is_some_and(|object| object.sha256 != sha256(&leaves)) {
        verified.add(&body.outputs_folder, format!("What {month} leaves to the next month comes out otherwise."));
    }
    Ok(())
}

fn compare(body: &CloseBody, files: &[NamedHash], verified: &mut Verified) {
    for output in &body.outputs {
        let place = format!("{}/{}", body.outputs_folder, output.path);
        match files.iter().find(|file| file.path == output.path) {
            Some(file) if file.object == output.object => {}
            Some(_) => verified.add(&place, "Recomputed from the frozen inputs it comes out otherwise."),
            None => verified.add(&place, "Recomputed from the frozen inputs it is not made."),
        }
    }
    if files.len() != body.outputs.len() {
        verified.add(&body.outputs_folder, "Recomputed from the frozen inputs the month has other outputs.");
    }
}

/// A file of the month as it was closed: the kept copy, or the inbox where the books keep references only.
fn place(ledger: &Ledger, folder: &str, body: &CloseBody, file: &InboxFile) -> Result<(String, String)> {
    let path = format!("{folder}/{}", file.path);
    let object = Object { sha256: file.sha256.clone(), bytes: file.bytes };
    let kept = body.inputs.iter().any(|input| input.path == path && input.kept);
    if kept {
        ledger.check_object(&object)?;
        let place = object.path();
        let (folder, name) = place.rsplit_once('/').unwrap_or(("", &place));
        return Ok((folder.to_owned(), name.to_owned()));
    }
    let mut found = ledger.disk().open(&path)?;
    let (sha256, _) =
        crate::io::digest::sha256_of_reader(&mut found).map_err(|error| crate::ledger::read_error(&path, error))?;
    if sha256 != file.sha256 {
        return Err(crate::ledger::damaged(&path, "it is not the file that was closed").into());
    }
    Ok((folder.to_owned(), file.path.clone()))
}

/// Why a file that the books only refer to cannot be read again; none where it can.
pub fn gone(ledger: &Ledger, folder: &str, body: &CloseBody, file: &InboxFile) -> Result<Option<String>> {
    let path = format!("{folder}/{}", file.path);
    if body.inputs.iter().any(|input| input.path == path && input.kept) {
        return Ok(None);
    }
    if !ledger.disk().exists(&path) {
        return Ok(Some(format!("{path} is no longer there")));
    }
    let bytes = ledger.disk().size(&path)?;
    Ok((bytes != file.bytes).then(|| format!("{path} is no longer the file that was closed")))
}

pub fn open_again(ledger: &Ledger, folder: &str, body: &CloseBody, file: &InboxFile) -> Result<container::Packed> {
    let (folder, name) = place(ledger, folder, body, file)?;
    Ok(Box::new(ledger.disk().open(&format!("{folder}/{name}"))?))
}

fn table_again(
    ledger: &Ledger,
    folder: &str,
    body: &CloseBody,
    file: &InboxFile,
    table: &TableFile,
) -> Result<(TableRows, Vec<Finding>)> {
    let (folder, name) = place(ledger, folder, body, file)?;
    inbox::read_table(ledger.disk(), &folder, &InboxFile { path: name, ..file.clone() }, table)
}
