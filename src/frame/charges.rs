//! Charges on their way to disk: batches of rows, written as Parquet while the vendor's file is read, and found again
//! when someone asks where a bill line came from.

mod find;
mod write;

pub use find::{FoundCharge, FoundEach, Wanted, find, find_each};
pub use write::ChargesWriter;

use crate::model::money::{Cost, Quantity};
use crate::model::roll_up::{Sums, Symbol, Symbols};
use anyhow::Result;

/// Charges in one row group: enough for good dictionaries, few enough for the memory of two readers at once.
pub const BATCH: usize = 1 << 17;

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
    pub starts: Vec<i64>,
    pub ends: Vec<i64>,
    pub billed: Vec<i128>,
    pub effective: Vec<Option<i128>>,
    pub list: Vec<Option<i128>>,
    pub contracted: Vec<Option<i128>>,
    pub quantity: Vec<i128>,
    pub descriptions: Texts,
    /// Record numbers of the source file; the header is 1.
    pub rows: Vec<u64>,
}

/// Many short texts in one allocation.
#[derive(Debug, Default)]
pub struct Texts {
    pub bytes: Vec<u8>,
    pub ends: Vec<usize>,
}

impl Texts {
    /// Ends the text whose bytes were appended last.
    pub fn end(&mut self) {
        self.ends.push(self.bytes.len());
    }

    pub fn get(&self, place: usize) -> &str {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes.get(start..self.ends[place]).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.bytes.clear();
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

    /// Adds a charge; its description is ended by the caller.
    pub fn push(&mut self, key: &[Symbol], place: ChargePlace, sums: &Sums) {
        for (column, &symbol) in self.keys.iter_mut().zip(key) {
            column.push(symbol);
        }
        self.starts.push(place.start);
        self.ends.push(place.end);
        self.rows.push(place.row);
        self.billed.push(sums.billed.units());
        self.effective.push(sums.effective.map(Cost::units));
        self.list.push(sums.list.map(Cost::units));
        self.contracted.push(sums.contracted.map(Cost::units));
        self.quantity.push(Quantity::units(sums.quantity));
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The symbols of one place in every key.
    pub fn column(&self, place: usize) -> impl Iterator<Item = Symbol> + '_ {
        self.keys[place].iter().copied()
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
