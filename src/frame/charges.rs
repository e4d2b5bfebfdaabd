//! Charges on their way to disk: batches of rows, written as Parquet while the vendor's file is read, and found again
//! when someone asks where a bill line came from.

mod bits;
mod distinct;
pub(super) mod file;
mod find;
mod pages;
mod read;
mod scan;
mod write;

pub use find::{Found, FoundCharge, Wanted, find};
pub use scan::{ScannedGroup, TextColumn, scan};
pub use write::ChargesWriter;

use crate::model::money::{Cost, Quantity};
use crate::model::roll_up::{Sums, Symbol, Symbols};
use anyhow::Result;

/// How charges lie in their files: those of another number are not read, so their parts are read again.
pub const LAYOUT: u32 = 2;
/// Charges in one row group: enough for good dictionaries, few enough for the memory of two readers at once.
const BATCH: usize = 1 << 17;
/// Bytes of descriptions in one row group.
const BATCH_TEXT: usize = 32 << 20;

/// Takes charges while they are made.
pub trait ChargeSink {
    /// A full batch, or the last one. Symbols are those of the part that is read.
    fn take(&mut self, batch: &ChargeBatch, symbols: &Symbols) -> Result<()>;
}

/// Wants no charges: for checks that look at totals only.
pub struct NoSink;

impl ChargeSink for NoSink {
    fn take(&mut self, _: &ChargeBatch, _: &Symbols) -> Result<()> {
        Ok(())
    }
}

/// Charges side by side, a column each.
#[derive(Debug)]
pub struct ChargeBatch {
    /// For each place of a key the symbols of all charges: a column is read in one go when it is written.
    keys: Vec<Vec<Symbol>>,
    /// Milliseconds since 1970, UTC.
    starts: Vec<i64>,
    ends: Vec<i64>,
    /// Units of the eighteenth decimal.
    billed: Vec<i128>,
    effective: Vec<i128>,
    list: Vec<i128>,
    contracted: Vec<i128>,
    quantity: Vec<i128>,
    pub descriptions: Texts,
    /// Record numbers of the source file; the header is 1.
    rows: Vec<u64>,
}

/// A cost that is not known, among amounts that all are smaller numbers.
pub(super) const NONE: i128 = i128::MIN;

/// Many short texts in one allocation, each after its length: as Parquet wants them.
#[derive(Debug)]
pub struct Texts {
    /// Bytes of the text that comes next are appended here, and then it is ended.
    pub bytes: Vec<u8>,
    ends: Vec<u32>,
}

/// The bytes of a length.
const LENGTH: usize = 4;

impl Default for Texts {
    fn default() -> Self {
        Self { bytes: vec![0; LENGTH], ends: Vec::new() }
    }
}

impl Texts {
    /// Ends the text whose bytes were appended last. An empty one takes no room.
    pub fn end(&mut self) {
        let start = self.start(self.ends.len());
        let length = self.bytes.len() - start - LENGTH;
        if length > 0 {
            self.bytes[start..start + LENGTH].copy_from_slice(&(length as u32).to_le_bytes());
            self.bytes.extend_from_slice(&[0; LENGTH]);
        }
        self.ends.push((self.bytes.len() - LENGTH) as u32);
    }

    fn start(&self, place: usize) -> usize {
        place.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }

    fn get(&self, place: usize) -> &[u8] {
        let (start, end) = (self.start(place), self.ends[place] as usize);
        if start == end { &[] } else { &self.bytes[start + LENGTH..end] }
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).map(|place| self.get(place))
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    /// All texts with their lengths before them.
    fn plain(&self) -> &[u8] {
        &self.bytes[..self.bytes.len() - LENGTH]
    }

    fn clear(&mut self) {
        self.bytes.truncate(LENGTH);
        self.ends.clear();
    }
}

/// When a charge was used and where it stands in its file.
#[derive(Clone, Copy, Debug)]
pub struct ChargePlace {
    pub start: i64,
    pub end: i64,
    pub row: u64,
}

impl ChargeBatch {
    /// For keys of this many symbols.
    pub fn new(stride: usize) -> Self {
        Self {
            keys: vec![Vec::new(); stride],
            starts: Vec::new(),
            ends: Vec::new(),
            billed: Vec::new(),
            effective: Vec::new(),
            list: Vec::new(),
            contracted: Vec::new(),
            quantity: Vec::new(),
            descriptions: Texts::default(),
            rows: Vec::new(),
        }
    }

    /// Adds the place of a charge; its description is ended by the caller, its key and costs follow in
    /// [`values`](Self::values).
    pub fn place(&mut self, place: ChargePlace) {
        self.starts.push(place.start);
        self.ends.push(place.end);
        self.rows.push(place.row);
    }

    /// Adds keys and costs of charges that were placed, key after key: a few dozen at once, so that a column grows once.
    pub fn values(&mut self, keys: &[Symbol], sums: &[Sums]) {
        let stride = self.keys.len();
        for (place, column) in self.keys.iter_mut().enumerate() {
            column.extend(keys.chunks_exact(stride).map(|key| key[place]));
        }
        self.billed.extend(sums.iter().map(|sums| sums.billed.units()));
        self.effective.extend(sums.iter().map(|sums| sums.effective.map_or(NONE, Cost::units)));
        self.list.extend(sums.iter().map(|sums| sums.list.map_or(NONE, Cost::units)));
        self.contracted.extend(sums.iter().map(|sums| sums.contracted.map_or(NONE, Cost::units)));
        self.quantity.extend(sums.iter().map(|sums| Quantity::units(sums.quantity)));
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Wants to be written before another row comes.
    pub fn is_full(&self) -> bool {
        self.len() >= BATCH || self.descriptions.bytes.len() >= BATCH_TEXT
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn clear(&mut self) {
        self.keys.iter_mut().for_each(Vec::clear);
        self.starts.clear();
        self.ends.clear();
        self.billed.clear();
        self.effective.clear();
        self.list.clear();
        self.contracted.clear();
        self.quantity.clear();
        self.descriptions.clear();
        self.rows.clear();
    }
}
