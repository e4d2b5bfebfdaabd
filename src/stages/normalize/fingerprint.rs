//! Fingerprints of rows and row ids: the same on every machine, because they are kept with a part's outcome.

use crate::model::finding::{Code, Finding, Place, Severity};

const FIRST: u64 = 0xa076_1d64_78bd_642f;
const SECOND: u64 = 0xe703_7ed1_a0b4_28db;
const THIRD: u64 = 0x8ebc_6af0_9c88_c6e3;

/// Sixty-four bits of a text. It guards against accidents, not against people: whoever can forge rows can forge files.
///
/// A long text runs in four lanes, because each step of one must wait for the step before.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash = FIRST ^ bytes.len() as u64;
    let (blocks, rest) = bytes.as_chunks::<64>();
    if !blocks.is_empty() {
        let mut lanes = [hash, hash ^ SECOND, hash ^ THIRD, hash ^ SECOND ^ THIRD];
        for block in blocks {
            let (chunks, _) = block.as_chunks::<16>();
            for (lane, chunk) in lanes.iter_mut().zip(chunks) {
                *lane = step(*lane, chunk);
            }
        }
        hash = fold(lanes[0] ^ lanes[1].rotate_left(17), lanes[2] ^ lanes[3].rotate_left(31)) ^ lanes[1] ^ lanes[3];
    }
    let (chunks, rest) = rest.as_chunks::<16>();
    let hash = chunks.iter().fold(hash, step);
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    fold(step(hash, &last) ^ FIRST, SECOND)
}

fn step(hash: u64, chunk: &[u8; 16]) -> u64 {
    let both = u128::from_le_bytes(*chunk);
    fold(both as u64 ^ SECOND, (both >> 64) as u64 ^ hash)
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The fingerprint of a set of rows: sums do not know the order.
#[derive(Clone, Copy, Default)]
pub struct Content(u64, u64);

impl Content {
    pub fn add(&mut self, row: u64) {
        self.0 = self.0.wrapping_add(row);
        self.1 = self.1.wrapping_add((row ^ FIRST).rotate_left(23).wrapping_mul(SECOND | 1));
    }

    pub fn text(self) -> String {
        format!("{:016x}{:016x}", self.0, self.1)
    }
}

/// From this many rows on it is no accident that each has its twin.
const FEWEST_DOUBLED: usize = 4;

struct Repeated {
    /// The first row that repeats an earlier one, and that one.
    again: u32,
    before: u32,
    rows: u64,
    /// The longest series of equals.
    longest: u64,
    /// Every row has its twin.
    doubled: bool,
}

fn all_twice(file: &str, again: u32, before: u32) -> Finding {
    let why = format!(
        "Row {before} is equal in every cell, and every other row of the file has such a twin: everything would be billed twice."
    );
    let place = Place::file(file).row(u64::from(again));
    let fix = "Download the export again, and put it into the inbox once.";
    let mut finding = Finding::new(Code::RowsRepeated, place, why, fix);
    finding.severity = Severity::Blocks;
    finding
}

/// Rows by fingerprint: of the row id, or of the whole row where the vendor gives no id.
#[derive(Default)]
pub struct Seen(Vec<(u64, u32)>);

impl Seen {
    pub fn push(&mut self, fingerprint: u64, row: u64) {
        self.0.push((fingerprint, u32::try_from(row).unwrap_or(u32::MAX)));
    }

    /// What repeats, if anything does.
    fn repeated(&mut self) -> Option<Repeated> {
        self.0.sort_unstable();
        let mut first: Option<(u32, u32)> = None;
        let (mut repeated, mut longest) = (0, 0);
        let doubled = self.0.chunk_by(|a, b| a.0 == b.0).all(|series| series.len().is_multiple_of(2));
        for series in self.0.chunk_by(|a, b| a.0 == b.0).filter(|series| series.len() > 1) {
            repeated += series.len() as u64 - 1;
            longest = longest.max(series.len() as u64);
            let pair = (series[1].1, series[0].1);
            first = Some(first.map_or(pair, |first| first.min(pair)));
        }
        first.map(|(again, before)| Repeated { again, before, rows: repeated, longest, doubled })
    }

    /// One row id on several rows.
    pub fn ids_twice(&mut self, file: &str, column: &str) -> Option<Finding> {
        let Repeated { again, before, rows, .. } = self.repeated()?;
        let more = match rows {
            1 => String::new(),
            2 => " One more row repeats an id.".to_owned(),
            rows => format!(" {} more rows repeat an id.", rows - 1),
        };
        let why = format!(
            "Row {before} has the same id, and the vendor gives each row its own: one of them would be billed twice.{more}"
        );
        let place = Place::file(file).row(u64::from(again)).column(column);
        Some(Finding::new(Code::LineIdTwice, place, why, "Download the export again; do not join files by hand."))
    }

    /// Rows that are equal in every cell: legitimate where the vendor gives no ids, up to a limit.
    pub fn rows_repeated(&mut self, file: &str, limit: u64) -> Option<Finding> {
        let count = self.0.len();
        let Repeated { again, before, rows, longest, doubled } = self.repeated()?;
        if doubled && count >= FEWEST_DOUBLED {
            return Some(all_twice(file, again, before));
        }
        let more = match rows {
            1 => String::new(),
            2 => " One more row repeats an earlier one.".to_owned(),
            rows => format!(" {} more rows repeat an earlier one.", rows - 1),
        };
        let why =
            format!("Row {before} is equal in every cell.{more} The vendor gives no row ids, so all of them count.");
        let place = Place::file(file).row(u64::from(again));
        let mut finding = Finding::new(
            Code::RowsRepeated,
            place,
            why,
            "If the file was joined from two exports, put the exports into the inbox as they came.",
        );
        if longest > limit {
            finding.severity = Severity::Blocks;
        }
        Some(finding)
    }

    /// The fingerprints alone, sorted.
    pub fn into_fingerprints(self) -> Vec<u64> {
        self.0.into_iter().map(|(fingerprint, _)| fingerprint).collect()
    }
}
