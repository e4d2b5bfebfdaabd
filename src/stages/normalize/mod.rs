//! Normalize: vendors' rows become FOCUS charges.
//!
//! In     one part's text at a time, the source's table, the version it belongs to
//! Out    charges to a sink while the part is read; a [`PartOutcome`] a part, `VersionTotals` a version, [`Normalized`]
//!        a month
//! Tells  CB01xx to CB03xx: what is wrong with headers, rows, cells, versions and months
//!
//! Whether a version carries net costs is decided once, before its parts are read ([`net_by_header`], [`carries_net`]).
//! Parts are read in any order, at the same time, or taken from an earlier run: their outcomes merge to the same bytes.
//!
//! Where the time of a gzip part of an hourly AWS report goes, two microseconds and a half a row: 25 % inflating, 6 %
//! finding the cells (`frame::delimited`), 35 % looking texts up, reading amounts and adding to the roll-up, 5 % laying out
//! Parquet pages and 7 % compressing them (`frame::charges`), 4 % hashing, 6 % the operating system. The rest is many small
//! things. What helps is not doing work: a cell that nobody reads is two numbers, a text is looked at once, and a wait for
//! memory is shared by the rows beside it.

mod amounts;
mod cells;
mod conclude;
mod day_order;
mod dictionary;
mod earlier;
mod fingerprint;
mod kept;
mod moment;
mod netting;
mod notebook;
mod part;
mod plan;
mod refusals;
mod repeats;
mod selection;
mod tags;
mod tally;
mod waivers;

pub use conclude::{ConcludedVersion, conclude_month, conclude_read, conclude_version, place_of};
pub use day_order::{DayOrder, is_in_doubt};
pub use kept::{HeldPart, PartKeeper, Scratch};
pub use repeats::{HeldIds, RowIds, Shared, are_apart, shared};

use crate::frame::charges::ChargeSink;
use crate::frame::delimited::{Cells, Defect, Record, ScanError, Scanner};
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::intake::View;
use crate::model::money::Overflow;
use crate::model::month::Month;
use crate::model::part_outcome::PartOutcome;
use crate::model::roll_up::RollUp;
use crate::model::settings::BillingTag;
use crate::sources::{DateFormat, SourceDefinition, fold};
use dictionary::is_null;
use part::Reader;
use plan::Plan;
use std::io::{self, Read};
use thiserror::Error;

/// Rows that are read side by side.
const AT_ONCE: usize = 32;

/// One part of one version, and what must be known to read it.
#[derive(Clone)]
pub struct PartJob<'a> {
    pub source: &'static SourceDefinition,
    /// Its path below the books, as findings and charges name it.
    pub file: &'a str,
    pub delimiter: u8,
    /// Cells of its rows, where all that were looked at have fewer than the header: see [`narrow_rows`].
    pub row_width: Option<usize>,
    pub month: Month,
    pub view: View,
    /// The version carries net costs: the same for all its parts.
    pub net: bool,
    /// The currency of the books.
    pub currency: &'a str,
    /// Currencies that have a rate for the month.
    pub convertible: Vec<&'a str>,
    /// The currency of a file whose cells do not say.
    pub currency_of_file: Option<&'a str>,
    /// `month-first` or `day-first` where the settings say so for the source.
    pub date_order: Option<&'a str>,
    /// What is to be told of its dates, once for all parts.
    pub about_dates: Option<&'a Finding>,
    /// Another source bills the same charges: rows are counted and left out.
    pub usage_only: bool,
    pub billing_tags: &'a [BillingTag],
    /// The same row more often than this in a part blocks, where the vendor gives no row ids.
    pub repeated_rows_limit: u64,
}

/// How many cells the rows of a file have, where all that were looked at have the same number and fewer than the header:
/// so the vendor wrote it, and what is missing counts as empty. One row that is narrower than others lost a cell, and its
/// money may stand in another column; a single row says nothing of others, and may have been cut.
pub fn narrow_rows(header: &[String], first_rows: &[Vec<String>]) -> Option<usize> {
    let width = first_rows.first()?.len();
    // The look may end within a row.
    let (last, others) = first_rows.split_last()?;
    let all = !others.is_empty() && others.iter().all(|row| row.len() == width) && last.len() <= width;
    (all && width < header.len()).then_some(width)
}

/// Why reading stopped. What is wrong with the file's content is a finding instead.
#[derive(Debug, Error)]
pub enum NormalizeError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("charges could not be written: {0:#}")]
    Write(anyhow::Error),
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl PartJob<'_> {
    fn date_formats(&self) -> Vec<DateFormat> {
        let slashed = match self.date_order {
            Some("day-first") => DateFormat::DayFirst,
            Some("month-first") => DateFormat::MonthFirst,
            _ => return self.source.dates.formats.to_vec(),
        };
        vec![slashed, DateFormat::Iso]
    }
}

/// Reads one part, and holds what comes of it.
pub fn normalize_part(
    job: &PartJob<'_>,
    text: &mut dyn Read,
    sink: &mut dyn ChargeSink,
) -> Result<PartOutcome, NormalizeError> {
    let mut held = HeldPart::default();
    let mut outcome = normalize_part_into(job, text, sink, &mut held)?;
    let tags = job.billing_tags.iter().map(|tag| tag.name.clone()).collect();
    outcome.roll_up = RollUp::merge(held.runs, tags)?;
    outcome.row_ids = held.row_ids;
    Ok(outcome)
}

/// Reads one part. `text` is plain UTF-8 without byte order mark; charges go to the sink in the order of the rows, its
/// roll-up and its row ids to the keeper.
pub fn normalize_part_into(
    job: &PartJob<'_>,
    text: &mut dyn Read,
    sink: &mut dyn ChargeSink,
    keeper: &mut dyn PartKeeper,
) -> Result<PartOutcome, NormalizeError> {
    let mut scanner = Scanner::new(text, job.delimiter);
    let mut record = Record::default();
    let refused = |findings| Ok(PartOutcome { file: job.file.to_owned(), findings, ..PartOutcome::default() });
    let header = match scanner.next(&mut record) {
        Ok(true) => header_of(scanner.cells(&record)),
        Ok(false) => {
            let fix = "Download the export again.";
            return refused(vec![Finding::new(Code::FileEmpty, Place::file(job.file), "It has no header.", fix)]);
        }
        Err(error) => return refused(vec![stopped(job.file, error)?]),
    };
    let mut plan = match Plan::new(job.source, job.file, &header, job.view, job.net) {
        Ok(plan) => plan,
        Err(findings) => return refused(findings),
    };
    plan.notes.extend(currency_assumed(job, &plan));
    plan.notes.extend(job.about_dates.cloned());
    let mut reader = Reader::new(job, plan, scanner.cells(&record).line());
    let mut records: [Record; AT_ONCE] = std::array::from_fn(|_| Record::default());
    let stop = loop {
        match scanner.next_rows(&mut records) {
            Ok(0) => break None,
            // A line without a single byte is no row: editors leave them at the end.
            Ok(count) => {
                let rows = records[..count].iter().filter(|record| !record.is_empty());
                reader.rows(rows.map(|record| scanner.cells(record)), sink, keeper)?;
            }
            Err(error) => break Some(stopped(job.file, error)?),
        }
    };
    let mut outcome = reader.finish(sink, keeper)?;
    outcome.findings.extend(stop);
    Finding::sort(&mut outcome.findings);
    Ok(outcome)
}

/// A file without a currency column, where neither the file nor the settings say what its amounts are in.
fn currency_assumed(job: &PartJob<'_>, plan: &Plan) -> Option<Finding> {
    let currency = cells::assumed_currency(plan).filter(|_| job.currency_of_file.is_none())?;
    let why = format!("The amounts are read as {currency}, in which {} is usually billed.", job.source.title);
    let fix =
        format!("Export the currency too, or set `currency = \"{currency}\"` for this folder in chargeback.toml.");
    let place = Place::file(job.file).row(1).column("currency");
    let mut finding = Finding::new(Code::HeaderColumnMissing, place, why, fix);
    finding.severity = Severity::Warning;
    Some(finding)
}

fn header_of(cells: Cells<'_>) -> Vec<String> {
    let name = |column| String::from_utf8_lossy(&crate::frame::delimited::undoubled(cells.raw(column))).into_owned();
    (0..cells.len()).map(name).collect()
}

/// Whether a version carries net costs, as far as one header and the first rows below it tell: none means that the part
/// must be read for it, by [`carries_net`].
pub fn net_by_header(source: &SourceDefinition, header: &[String], first_rows: &[Vec<String>]) -> Option<bool> {
    let Some(column) = net_column(source, header) else { return Some(false) };
    let any = first_rows.iter().filter_map(|row| row.get(column)).any(|cell| !is_null(cell));
    any.then_some(true)
}

fn net_column(source: &SourceDefinition, header: &[String]) -> Option<usize> {
    let names: Vec<String> = source.net_cost?.iter().map(|name| fold(name)).collect();
    header.iter().position(|name| names.contains(&fold(name)))
}

/// Reads a part up to the first net cost. A version carries net costs when one of its parts does.
pub fn carries_net(source: &SourceDefinition, delimiter: u8, text: &mut dyn Read) -> Result<bool, NormalizeError> {
    let mut scanner = Scanner::new(text, delimiter);
    let mut record = Record::default();
    // A defect is told when the part itself is read.
    let next = |scanner: &mut Scanner<_>, record: &mut Record| match scanner.next(record) {
        Ok(more) => Ok(more),
        Err(ScanError::Defect(_)) => Ok(false),
        Err(ScanError::Read(error)) if is_damage(&error) => Ok(false),
        Err(ScanError::Read(error)) => Err(NormalizeError::Read(error)),
    };
    if !next(&mut scanner, &mut record)? {
        return Ok(false);
    }
    let Some(column) = net_column(source, &header_of(scanner.cells(&record))) else { return Ok(false) };
    while next(&mut scanner, &mut record)? {
        let cell = scanner.cells(&record).raw(column);
        if !cell.is_empty() && !is_null(&String::from_utf8_lossy(cell)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What was read is damaged, or unpacks to absurd size; errors with a number of the operating system are the disk's.
fn is_damage(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
}

/// Why nothing after some row is certain; errors of the disk stay errors.
pub fn stopped(file: &str, error: ScanError) -> Result<Finding, NormalizeError> {
    let defect = match error {
        ScanError::Defect(defect) => defect,
        ScanError::Read(error) if is_damage(&error) => {
            let why = match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    "The compressed file ends too early: it was cut off, and rows are missing.".to_owned()
                }
                _ => format!("The compressed file cannot be unpacked ({error})."),
            };
            return Ok(Finding::new(Code::FileDamaged, Place::file(file), why, "Download the export again."));
        }
        ScanError::Read(error) => return Err(error.into()),
    };
    let (code, row) = match defect {
        Defect::QuoteNeverClosed { row }
        | Defect::TextAfterQuote { row, .. }
        | Defect::QuoteInBareCell { row, .. }
        | Defect::TooManyLines { row, .. } => (Code::RowQuote, row),
        Defect::Nul { row } => (Code::RowNotText, row),
        Defect::RowTooLong { row } | Defect::CellTooLong { row, .. } => (Code::RowTooLong, row),
    };
    let what = defect.to_string();
    let mut letters = what.chars();
    let what: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let why = format!("{what}. From there on nobody can say where rows begin and end, so nothing below it was read.");
    let fix = "Download the export again; if the vendor delivers it so, ask the vendor.";
    Ok(Finding::new(code, Place::file(file).row(row), why, fix))
}
