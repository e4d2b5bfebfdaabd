//! Normalize over many parts at once: each is read when it or its reading has changed, and taken from the ledger when not.

use super::Progress;
use super::delivery::Delivery;
use super::keep::{self, Keeper, Kept};
use super::session::{Session, StageLeft, key};
use super::together;
use crate::frame::charges::{ChargeSink, ChargesWriter, LAYOUT, NoSink};
use crate::frame::roll_up;
use crate::io::container;
use crate::io::read_ahead::ReadAhead;
use crate::ledger::{Ledger, NewObject, Object, StageManifest, at_once};
use crate::model::exchange::Exchange;
use crate::model::exit::{Exit, Stop};
use crate::model::finding::Finding;
use crate::model::intake::{Container, FileLook, InboxFile, Part, SourceVersion};
use crate::model::month_end::{Normalized, RejectedRow, VersionTotals};
use crate::model::part_outcome::PartOutcome;
use crate::model::roll_up::RollUp;
use crate::model::settings::{Settings, SourceSetting};
use crate::sources::{SourceDefinition, fold, mapped};
use crate::stages::normalize::{self, DayOrder, NormalizeError, PartJob, PartKeeper};
use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The form of what a part and a month leave in the ledger; of another form they are not recalled.
pub const FORM: &str = "rows 5";
/// The role of the roll-up's rows among the objects of a month.
const ROWS: &str = "rows";

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
        let FileLook::Table { delimiter, header, first_rows, .. } = &self.file.look else {
            unreachable!("a part is a table")
        };
        PartJob {
            source: self.source,
            file: &self.path,
            delimiter: *delimiter,
            row_width: normalize::narrow_rows(header, first_rows),
            month: self.version.month,
            view: self.version.view,
            net: self.net,
            currency: &settings.state.currency,
            convertible: Exchange::new(settings, self.version.month).currencies(),
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
            (job.usage_only, job.delimiter, job.billing_tags, job.repeated_rows_limit, &job.convertible),
            (job.about_dates, LAYOUT),
        ))?;
        let Some(mapping) = self.source.mapping() else {
            return Ok(key("part", &[FORM, self.source.name, &decided, &self.file.sha256]));
        };
        Ok(key("part", &[FORM, self.source.name, &decided, &self.file.sha256, &serde_json::to_string(mapping)?]))
    }

    /// Its bytes as text, from wherever they lie.
    pub fn text(&self, packed: container::Packed) -> Result<container::Bytes> {
        let FileLook::Table { container, encoding, .. } = self.file.look else { unreachable!("a part is a table") };
        match self.source.amounts_as_doubles() {
            Some(amounts) if container == Container::Parquet => {
                container::parquet_with_amounts(packed, move |name| amounts.contains(&fold(name)))
            }
            _ => container::plain_text(packed, container, encoding),
        }
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
    let month_key = key("normalize", &[FORM, &versions, &keys.join(" ")]);
    let unchanged = parts.iter().all(|part| part.unchanged);
    let mut left: Vec<StageLeft> = parts.iter().map(|part| part.left.clone()).collect();
    if let Some(whole) = session.recall(&month_key)? {
        let normalized = recalled(&session.ledger, &whole.manifest)?;
        let object = whole.manifest.object("roll_up")?.clone();
        left.push(whole);
        return Ok(Charges { normalized, roll_up: object, left, unchanged });
    }
    let parts = parts.into_iter().map(|part| part.outcome(session)).collect::<Result<Vec<_>>>()?;
    let (normalized, rows) = together::conclude(&session.ledger, settings, delivery, parts, Some(session))?;
    let (roll_up, rows) = keep_roll_up(session, &normalized.roll_up, rows)?;
    let all_but = Told {
        versions: normalized.versions.clone(),
        rejected: normalized.rejected.clone(),
        findings: normalized.findings.clone(),
    };
    let mut objects =
        BTreeMap::from([("roll_up".to_owned(), roll_up.clone()), ("told".to_owned(), session.keep_json(&all_but)?)]);
    objects.extend(rows.map(|rows| (ROWS.to_owned(), rows)));
    left.push(session.remember("normalize", month_key, objects)?);
    Ok(Charges { normalized, roll_up, left, unchanged: false })
}

/// The roll-up twice: as Parquet for everybody, whose hash names the month, and as its rows for the next run, unless they
/// lie in the ledger already.
fn keep_roll_up(session: &Session<'_>, roll_up: &RollUp, rows: Option<Object>) -> Result<(Object, Option<Object>)> {
    if !session.writes() {
        let mut hasher = Hashing::default();
        roll_up::write_parquet(roll_up, &mut hasher)?;
        let (sha256, bytes) = hasher.0.finish();
        return Ok((Object { sha256, bytes }, None));
    }
    let ledger = &session.ledger;
    let written = |error| crate::ledger::write_error("ledger/objects", error);
    let mut failing = Failing { object: ledger.new_object()?, failure: None };
    let mut buffered = BufWriter::with_capacity(1 << 18, &mut failing);
    let done = roll_up::write_parquet(roll_up, &mut buffered).and_then(|()| Ok(buffered.flush()?));
    let _ = buffered.into_parts();
    if let Err(error) = done {
        return Err(failing.failure.take().map_or(error, |of_disk| written(of_disk).into()));
    }
    let rows = rows.map_or_else(|| keep::kept_run(ledger, roll_up), Ok)?;
    Ok((failing.object.finish()?, Some(rows)))
}

/// The month that a stage left.
pub fn recalled(ledger: &Ledger, manifest: &StageManifest) -> Result<Normalized> {
    let Told { versions, rejected, findings } = ledger.get_json(&manifest.object("told")?.sha256)?;
    let roll_up = match manifest.objects.get(ROWS) {
        Some(rows) => keep::merged_one(ledger, rows)?,
        None => roll_up::from_parquet(&ledger.get(&manifest.object("roll_up")?.sha256)?)?,
    };
    Ok(Normalized { roll_up, versions, rejected, findings })
}

/// A part that was read, or recalled.
struct PartRead {
    left: StageLeft,
    unchanged: bool,
    /// Where it was read just now; otherwise the ledger has it.
    outcome: Option<(PartOutcome, Kept)>,
}

impl PartRead {
    fn outcome(self, session: &Session<'_>) -> Result<(PartOutcome, Kept)> {
        if let Some(outcome) = self.outcome {
            return Ok(outcome);
        }
        let manifest = &self.left.manifest;
        Ok((session.ledger.get_json(&manifest.object("outcome")?.sha256)?, Kept::of(manifest)))
    }
}

/// Parts that the ledger does not have are taken by whoever is free; what comes of all of them stands in their order.
fn read_all(
    session: &Session<'_>,
    settings: &Settings,
    planned: &[Planned<'_>],
    stamps: &Stamps,
) -> Result<Vec<PartRead>> {
    let mut parts = Vec::with_capacity(planned.len());
    let mut missing = Vec::new();
    for (place, part) in planned.iter().enumerate() {
        let key = part.key(settings)?;
        let recalled = session.recall(&key)?;
        if recalled.is_none() {
            missing.push((place, key));
        }
        parts.push(recalled.map(|left| PartRead { left, unchanged: true, outcome: None }));
    }
    let waiting = AtomicUsize::new(missing.len());
    let read = at_once(&missing, session.threads(), |(place, key)| {
        let waiting = waiting.fetch_sub(1, Ordering::Relaxed);
        read_part(session, settings, (&planned[*place], key), stamps, waiting < session.threads())
    })?;
    anyhow::ensure!(read.len() == missing.len(), "a part was not read");
    for ((place, _), read) in missing.iter().zip(read) {
        parts[*place] = Some(read);
    }
    Ok(parts.into_iter().flatten().collect())
}

/// `ahead`: a core would be idle otherwise.
fn read_part(
    session: &Session<'_>,
    settings: &Settings,
    (part, key): (&Planned<'_>, &str),
    stamps: &Stamps,
    ahead: bool,
) -> Result<PartRead> {
    session.progress.file(&part.path, part.file.bytes);
    let bytes = Arc::new(AtomicU64::new(0));
    let packed = Counted { file: session.disk.open(&part.path)?, read: bytes.clone() };
    let text = part.text(Box::new(packed)).with_context(|| format!("cannot read {}", part.path))?;
    let text: container::Bytes = if ahead { Box::new(ReadAhead::new(text)?) } else { text };
    let mut text = Advancing { text, read: bytes, told: 0, progress: session.progress };
    let (outcome, mut kept, charges) = read(session, settings, part, &mut text)?;
    kept.key = key.to_owned();
    if stamps.get(&part.path).is_some_and(|before| session.disk.stamp(&part.path).ok().as_ref() != Some(before)) {
        let message = format!("{} changed while it was read. Wait until it is complete and run again.", part.path);
        return Err(Stop::new(Exit::TryAgain, message).into());
    }
    let mut objects =
        BTreeMap::from([("charges".to_owned(), charges), ("outcome".to_owned(), session.keep_json(&outcome)?)]);
    kept.name(&mut objects);
    let left = session.remember("part", key.to_owned(), objects)?;
    Ok(PartRead { left, unchanged: false, outcome: Some((outcome, kept)) })
}

/// Reads a part; its charges go into the ledger while it is read, so that memory does not grow with the file.
fn read(
    session: &Session<'_>,
    settings: &Settings,
    part: &Planned<'_>,
    text: &mut dyn Read,
) -> Result<(PartOutcome, Kept, Object)> {
    let job = part.job(settings);
    let mut keeper = Keeper::new(session.disk, Some(&session.ledger).filter(|_| session.writes()));
    if !session.writes() {
        let outcome = normalize::normalize_part_into(&job, text, &mut NoSink, &mut keeper);
        let outcome = outcome.map_err(|error| stopped(&part.path, error, None))?;
        return Ok((outcome, keeper.finish()?, Object { sha256: String::new(), bytes: 0 }));
    }
    let mut new = Failing { object: session.ledger.new_object()?, failure: None };
    // The Parquet writer puts down thousands of pieces of a few bytes.
    let mut buffered = BufWriter::with_capacity(1 << 18, &mut new);
    let read = written(&job, text, &mut buffered, &mut keeper);
    let read = read.and_then(|outcome| buffered.flush().map(|()| outcome).map_err(NormalizeError::Read));
    // What a failed write left in the buffer is not written after all.
    let _ = buffered.into_parts();
    match read {
        Ok(outcome) => Ok((outcome, keeper.finish()?, new.object.finish()?)),
        Err(error) => Err(stopped(&part.path, error, new.failure.take())),
    }
}

/// Reads a part and writes its charges as Parquet.
pub fn written(
    job: &PartJob<'_>,
    text: &mut dyn Read,
    into: &mut (dyn Write + Send),
    keeper: &mut dyn PartKeeper,
) -> Result<PartOutcome, NormalizeError> {
    let tags: Vec<String> = job.billing_tags.iter().map(|tag| tag.name.clone()).collect();
    let mut writer = ChargesWriter::new(into, &tags, job.file, job.month).map_err(NormalizeError::Write)?;
    let sink: &mut dyn ChargeSink = &mut writer;
    let outcome = normalize::normalize_part_into(job, text, sink, keeper)?;
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

/// Hashes what is written, and writes it nowhere.
#[derive(Default)]
pub struct Hashing(pub crate::io::digest::Hasher);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
