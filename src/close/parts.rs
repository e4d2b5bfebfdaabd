//! Normalize over many parts at once: each is read when it or its reading has changed, and taken from the ledger when not.

use super::Progress;
use super::delivery::Delivery;
use super::session::{Session, StageLeft, key};
use crate::frame::charges::{ChargeSink, ChargesWriter, LAYOUT, NoSink};
use crate::frame::roll_up;
use crate::io::container;
use crate::ledger::{NewObject, Object, at_once};
use crate::model::exit::{Exit, Stop};
use crate::model::finding::Finding;
use crate::model::intake::{Container, FileLook, InboxFile, Part, SourceVersion};
use crate::model::month_end::{Normalized, RejectedRow, VersionTotals};
use crate::model::part_outcome::PartOutcome;
use crate::model::roll_up::RollUp;
use crate::model::settings::{Settings, SourceSetting};
use crate::sources::{SourceDefinition, mapped};
use crate::stages::normalize::{self, DayOrder, NormalizeError, PartJob};
use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What normalize left of the month.
pub struct Charges {
    pub normalized: Normalized,
    /// The roll-up as it lies in the ledger: its hash names the charges whatever files they came in.
    pub roll_up: Object,
    pub left: Vec<StageLeft>,
    /// Nothing was read.
    pub unchanged: bool,
}

/// All of [`Normalized`] that is not the roll-up.
#[derive(Serialize, Deserialize)]
struct Told {
    versions: Vec<VersionTotals>,
    rejected: Vec<RejectedRow>,
    findings: Vec<Finding>,
}

/// A part with everything that decides how it is read.
pub struct Planned<'a> {
    pub version: &'a SourceVersion,
    pub source: &'static SourceDefinition,
    pub file: &'a InboxFile,
    /// Below the books.
    pub path: String,
    pub net: bool,
    /// The columns of dates prove that the day stands first.
    day_first: bool,
    about_dates: Option<Finding>,
    setting: Option<&'a SourceSetting>,
}

impl<'a> Planned<'a> {
    pub fn job<'b>(&'b self, settings: &'b Settings) -> PartJob<'b> {
        let FileLook::Table { delimiter, .. } = self.file.look else { unreachable!("a part is a table") };
        PartJob {
            source: self.source,
            file: &self.path,
            delimiter,
            month: self.version.month,
            view: self.version.view,
            net: self.net,
            currency: &settings.state.currency,
            currency_of_file: self.setting.and_then(|setting| setting.currency.as_deref()),
            date_order: self.date_order(),
            about_dates: self.about_dates.as_ref(),
            usage_only: self.setting.is_some_and(|setting| setting.usage_only),
            billing_tags: &settings.state.billing_tags,
            repeated_rows_limit: settings.state.gates.repeated_rows_limit,
        }
    }

    fn date_order(&self) -> Option<&str> {
        let said = self.setting.and_then(|setting| setting.date_order.as_deref());
        said.or(self.day_first.then_some("day-first"))
    }

    fn key(&self, settings: &Settings) -> Result<String> {
        let job = self.job(settings);
        let decided = serde_json::to_string(&(
            (job.file, job.month, job.view, job.net, job.currency, job.currency_of_file, job.date_order),
            (job.usage_only, job.delimiter, job.billing_tags, job.repeated_rows_limit),
            (job.about_dates, LAYOUT),
        ))?;
        let Some(mapping) = self.source.mapping() else {
            return Ok(key("part 2", &[self.source.name, &decided, &self.file.sha256]));
        };
        Ok(key("part 2", &[self.source.name, &decided, &self.file.sha256, &serde_json::to_string(mapping)?]))
    }

    /// Its bytes as text, from wherever they lie.
    pub fn text(&self, packed: container::Packed) -> Result<container::Bytes> {
        let FileLook::Table { container, encoding, .. } = self.file.look else { unreachable!("a part is a table") };
        container::plain_text(packed, container, encoding)
    }
}

/// Plans every part of every version; whether a version carries net costs is asked once, of all its parts.
pub fn plan<'a>(
    folder: &str,
    settings: &'a Settings,
    delivery: &'a Delivery,
    open: &dyn Fn(&InboxFile) -> Result<container::Packed>,
) -> Result<Vec<Planned<'a>>> {
    let mut planned = Vec::new();
    for version in &delivery.intake.versions {
        let source = mapped::source_named(&version.source, &settings.state.mappings)
            .ok_or_else(|| anyhow!("{} is a source nobody has described", version.source))?;
        let setting = settings.state.sources.iter().find(|setting| setting.folder == version.folder);
        let first = planned.len();
        for part in &version.parts {
            let file = file_of(delivery, part)?;
            let path = format!("{folder}/{}", part.path);
            let workbook = matches!(file.look, FileLook::Table { container: Container::Workbook, .. });
            let source = if workbook { mapped::in_workbook(source) } else { source };
            planned.push(Planned {
                version,
                source,
                file,
                path,
                net: false,
                day_first: false,
                about_dates: None,
                setting,
            });
        }
        let net = carries_net(&planned[first..], open)?;
        for part in &mut planned[first..] {
            part.net = net;
        }
        order_days(&mut planned[first..], open)?;
    }
    Ok(planned)
}

fn file_of<'a>(delivery: &'a Delivery, part: &Part) -> Result<&'a InboxFile> {
    let file = delivery.files.iter().find(|file| file.path == part.path);
    let file = file.with_context(|| format!("{} is a part and not among the files", part.path))?;
    match file.look {
        FileLook::Table { .. } => Ok(file),
        _ => Err(anyhow!("{} is a part and no table", part.path)),
    }
}

/// Whether the day stands first in a version's dates, which all its parts decide together. They are read for it only
/// where the first rows say that they are of another month.
fn order_days(parts: &mut [Planned<'_>], open: &dyn Fn(&InboxFile) -> Result<container::Packed>) -> Result<()> {
    let in_doubt = |part: &Planned<'_>| match &part.file.look {
        FileLook::Table { header, first_rows, .. } => {
            part.date_order().is_none() && normalize::is_in_doubt(part.source, header, first_rows, part.version.month)
        }
        _ => false,
    };
    if !parts.iter().any(in_doubt) {
        return Ok(());
    }
    let mut order = DayOrder::default();
    for part in &*parts {
        let FileLook::Table { delimiter, .. } = part.file.look else { continue };
        let mut text = part.text(open(part.file)?)?;
        order.read(part.source, &part.path, delimiter, &mut text).map_err(|error| stopped(&part.path, error, None))?;
    }
    parts.iter_mut().for_each(|part| part.day_first = order.is_day_first());
    if let Some(first) = parts.first_mut() {
        first.about_dates = order.finding();
    }
    Ok(())
}

fn carries_net(parts: &[Planned<'_>], open: &dyn Fn(&InboxFile) -> Result<container::Packed>) -> Result<bool> {
    let mut unsure = Vec::new();
    for part in parts {
        let FileLook::Table { header, first_rows, .. } = &part.file.look else { continue };
        match normalize::net_by_header(part.source, header, first_rows) {
            Some(true) => return Ok(true),
            Some(false) => {}
            None => unsure.push(part),
        }
    }
    for part in unsure {
        let FileLook::Table { delimiter, .. } = part.file.look else { continue };
        let mut text = part.text(open(part.file)?)?;
        if normalize::carries_net(part.source, delimiter, &mut text)
            .map_err(|error| stopped(&part.path, error, None))?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// When each file was changed last, before it was hashed: a part that is read later must still be that file.
pub type Stamps = BTreeMap<String, (std::time::SystemTime, u64)>;

pub fn normalize(session: &Session<'_>, settings: &Settings, delivery: &Delivery, stamps: &Stamps) -> Result<Charges> {
    let folder = session.inbox();
    let open = |file: &InboxFile| -> Result<container::Packed> {
        Ok(Box::new(session.disk.open(&format!("{folder}/{}", file.path))?))
    };
    let planned = plan(&folder, settings, delivery, &open)?;
    session.progress.stage("normalize");
    let parts = read_all(session, settings, &planned, stamps);
    session.progress.end();
    let parts = parts?;
    let keys: Vec<&str> = parts.iter().map(|part| part.left.manifest.key.as_str()).collect();
    let versions = serde_json::to_string(&(&delivery.intake.versions, &settings.state, &settings.quarantine))?;
    let month_key = key("normalize", &[&versions, &keys.join(" ")]);
    let unchanged = parts.iter().all(|part| part.unchanged);
    let mut left: Vec<StageLeft> = parts.iter().map(|part| part.left.clone()).collect();
    if let Some(whole) = session.recall(&month_key)? {
        let bytes = session.ledger.get(&whole.manifest.object("told")?.sha256)?;
        let object = whole.manifest.object("roll_up")?.clone();
        let normalized = told(&bytes, roll_up::from_parquet(&session.ledger.get(&object.sha256)?)?)?;
        left.push(whole);
        return Ok(Charges { normalized, roll_up: object, left, unchanged });
    }
    let outcomes = parts.into_iter().map(|part| part.outcome(session)).collect::<Result<Vec<_>>>()?;
    let normalized = conclude(settings, delivery, outcomes)?;
    let roll_up = session.keep_bytes(&roll_up::to_parquet(&normalized.roll_up)?)?;
    let all_but = Told {
        versions: normalized.versions.clone(),
        rejected: normalized.rejected.clone(),
        findings: normalized.findings.clone(),
    };
    let objects =
        BTreeMap::from([("roll_up".to_owned(), roll_up.clone()), ("told".to_owned(), session.keep_json(&all_but)?)]);
    left.push(session.remember("normalize", month_key, objects)?);
    Ok(Charges { normalized, roll_up, left, unchanged: false })
}

/// The month that normalize left, of its two objects.
pub fn told(bytes: &[u8], roll_up: RollUp) -> Result<Normalized> {
    let Told { versions, rejected, findings } = serde_json::from_slice(bytes)?;
    Ok(Normalized { roll_up, versions, rejected, findings })
}

/// Outcomes of all parts become versions, and versions the month.
pub fn conclude(settings: &Settings, delivery: &Delivery, mut outcomes: Vec<PartOutcome>) -> Result<Normalized> {
    let mut versions = Vec::new();
    for version in &delivery.intake.versions {
        let paths: Vec<String> =
            version.parts.iter().map(|part| normalize::place_of(version.month, &part.path)).collect();
        let (own, others) = outcomes.into_iter().partition(|outcome| paths.contains(&outcome.file));
        outcomes = others;
        versions.push(normalize::conclude_version(version, own, settings)?);
    }
    Ok(normalize::conclude_month(versions, settings)?)
}

/// A part that was read, or recalled.
struct PartRead {
    left: StageLeft,
    unchanged: bool,
    /// Where it was read just now; otherwise the ledger has it.
    outcome: Option<PartOutcome>,
}

impl PartRead {
    fn outcome(self, session: &Session<'_>) -> Result<PartOutcome> {
        if let Some(outcome) = self.outcome {
            return Ok(outcome);
        }
        roll_up::part_from_bytes(&session.ledger.get(&self.left.manifest.object("outcome")?.sha256)?)
    }
}

/// Parts are taken by whoever is free; what comes of them stands in their order.
fn read_all(
    session: &Session<'_>,
    settings: &Settings,
    planned: &[Planned<'_>],
    stamps: &Stamps,
) -> Result<Vec<PartRead>> {
    let read = at_once(planned, session.threads(), |part| read_or_recall(session, settings, part, stamps))?;
    anyhow::ensure!(read.len() == planned.len(), "a part was not read");
    Ok(read)
}

fn read_or_recall(session: &Session<'_>, settings: &Settings, part: &Planned<'_>, stamps: &Stamps) -> Result<PartRead> {
    let key = part.key(settings)?;
    if let Some(left) = session.recall(&key)? {
        return Ok(PartRead { left, unchanged: true, outcome: None });
    }
    session.progress.file(&part.path, part.file.bytes);
    let bytes = Arc::new(AtomicU64::new(0));
    let packed = Counted { file: session.disk.open(&part.path)?, read: bytes.clone() };
    let text = part.text(Box::new(packed)).with_context(|| format!("cannot read {}", part.path))?;
    let mut text = Advancing { text, read: bytes, told: 0, progress: session.progress };
    let (outcome, charges) = read(session, settings, part, &mut text)?;
    if stamps.get(&part.path).is_some_and(|before| session.disk.stamp(&part.path).ok().as_ref() != Some(before)) {
        let message = format!("{} changed while it was read. Wait until it is complete and run again.", part.path);
        return Err(Stop::new(Exit::TryAgain, message).into());
    }
    let objects = BTreeMap::from([
        ("charges".to_owned(), charges),
        ("outcome".to_owned(), session.keep_bytes(&roll_up::part_to_bytes(&outcome)?)?),
    ]);
    let left = session.remember("part", key, objects)?;
    Ok(PartRead { left, unchanged: false, outcome: Some(outcome) })
}

/// Reads a part; its charges go into the ledger while it is read, so that memory does not grow with the file.
fn read(
    session: &Session<'_>,
    settings: &Settings,
    part: &Planned<'_>,
    text: &mut dyn Read,
) -> Result<(PartOutcome, Object)> {
    let job = part.job(settings);
    if !session.writes() {
        let outcome = normalize::normalize_part(&job, text, &mut NoSink);
        let outcome = outcome.map_err(|error| stopped(&part.path, error, None))?;
        return Ok((outcome, Object { sha256: String::new(), bytes: 0 }));
    }
    let mut new = Failing { object: session.ledger.new_object()?, failure: None };
    // The Parquet writer puts down thousands of pieces of a few bytes.
    let mut buffered = BufWriter::with_capacity(1 << 18, &mut new);
    let read = written(&job, text, &mut buffered);
    let read = read.and_then(|outcome| buffered.flush().map(|()| outcome).map_err(NormalizeError::Read));
    // What a failed write left in the buffer is not written after all.
    let _ = buffered.into_parts();
    match read {
        Ok(outcome) => Ok((outcome, new.object.finish()?)),
        Err(error) => Err(stopped(&part.path, error, new.failure.take())),
    }
}

/// Reads a part and writes its charges as Parquet.
pub fn written(
    job: &PartJob<'_>,
    text: &mut dyn Read,
    into: &mut (dyn Write + Send),
) -> Result<PartOutcome, NormalizeError> {
    let tags: Vec<String> = job.billing_tags.iter().map(|tag| tag.name.clone()).collect();
    let mut writer = ChargesWriter::new(into, &tags, job.file, job.month).map_err(NormalizeError::Write)?;
    let sink: &mut dyn ChargeSink = &mut writer;
    let outcome = normalize::normalize_part(job, text, sink)?;
    writer.finish().map_err(NormalizeError::Write)?;
    Ok(outcome)
}

/// Why a part was not read to its end: with the file, and with the disk's own words where the disk was it.
pub fn stopped(path: &str, error: NormalizeError, of_disk: Option<io::Error>) -> anyhow::Error {
    match (error, of_disk) {
        (_, Some(of_disk)) => crate::ledger::write_error("ledger/objects", of_disk).into(),
        (NormalizeError::Read(error), None) => crate::ledger::read_error(path, error).into(),
        (NormalizeError::Write(error), None) => error.context(format!("the charges of {path}")),
        (NormalizeError::Overflow(overflow), None) => {
            let message = format!("The amounts of {path} add up to more than can be kept exactly: {overflow}.");
            Stop::new(Exit::DoesNotTie, message).into()
        }
    }
}

/// Keeps the disk's error, which does not survive its way through the Parquet writer.
struct Failing {
    object: NewObject,
    failure: Option<io::Error>,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.object.write(bytes).map_err(|error| {
            let again = error
                .raw_os_error()
                .map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error);
            self.failure = Some(error);
            again
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.object.flush()
    }
}

/// Counts the bytes that were read of a file.
struct Counted<F> {
    file: F,
    read: Arc<AtomicU64>,
}

impl<F: Read> Read for Counted<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl<F: Seek> Seek for Counted<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Tells how much of the file below its text has been read.
struct Advancing<'a> {
    text: container::Bytes,
    read: Arc<AtomicU64>,
    told: u64,
    progress: &'a dyn Progress,
}

impl Read for Advancing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(into)?;
        let read = self.read.load(Ordering::Relaxed);
        if read > self.told {
            self.progress.advance(read - self.told);
            self.told = read;
        }
        Ok(count)
    }
}
