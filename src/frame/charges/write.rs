//! Charges to Parquet, a row group a batch.
//!
//! The vendor's id of a row is not among the columns: of 64 characters that never repeat it was half of the file, and
//! the row that has it is found by its number in the file.
//!
//! Where bytes and processor go, of 2,000,000 AWS charges (bytes a charge, plain and on disk):
//! ```text
//! ChargeDescription    73.1   6.7    hardly repeats here: written as it is, nine tenths of it taken off by zstd
//! four amounts         42.5  23.1    a dictionary where less than three quarters are distinct, or else as they are
//! ResourceId            5.7   1.8    a dictionary of 5,500 and 13 bits
//! 39 other columns     10.5   2.3    a constant takes 250 bytes a row group, row numbers that follow each other as many
//! all                 132    33.9    polars took 71.6, of them 34 for the row ids
//! ```
//! Writing is an eighth of what normalize takes (0.34 s of processor a million charges): half of that is zstd, a quarter
//! are the amounts' dictionaries, a fifth the symbols. Level 3 of zstd takes a tenth off the amounts and half as long again.
//! Amounts cannot be smaller numbers: a column has one type, and of 38 digits it is sixteen bytes. A batch of 131,072
//! charges and its pages are some 60 MB, and each thread has one.

use super::file::{EPOCH, Kind, ParquetFile, WIDTH};
use super::{ChargeBatch, ChargeSink};
use crate::model::charge::Dimension;
use crate::model::month::Month;
use crate::model::roll_up::Symbols;
use anyhow::Result;
use chrono::{Datelike, NaiveDate};
use std::io::Write;

pub const PERIOD_START: &str = "BillingPeriodStart";
pub const PERIOD_END: &str = "BillingPeriodEnd";
pub const START: &str = "ChargePeriodStart";
pub const END: &str = "ChargePeriodEnd";
pub const BILLED: &str = "BilledCost";
pub const EFFECTIVE: &str = "EffectiveCost";
pub const LIST: &str = "ListCost";
pub const CONTRACTED: &str = "ContractedCost";
pub const QUANTITY: &str = "ConsumedQuantity";
pub const DESCRIPTION: &str = "ChargeDescription";
pub const FILE: &str = "x_SourceFile";
pub const ROW: &str = "x_SourceRow";
pub fn tag_column(tag: &str) -> String {
    format!("x_Tag_{tag}")
}

/// Writes the charges of one part.
pub struct ChargesWriter<W: Write + Send> {
    parquet: ParquetFile<W>,
    /// Dimensions and tags, which come first.
    keys: usize,
    file: String,
    month: Month,
}

impl<W: Write + Send> ChargesWriter<W> {
    /// `tags` are the billing tags in the order of the settings, `file` the part as findings name it.
    pub fn new(into: W, tags: &[String], file: &str, month: Month) -> Result<Self> {
        let names = Dimension::ALL.iter().map(|dimension| dimension.focus().to_owned());
        let names = names.chain(tags.iter().map(|tag| tag_column(tag)));
        let mut columns: Vec<(String, Kind)> = names.map(|name| (name, Kind::Text)).collect();
        let keys = columns.len();
        let others = [
            (PERIOD_START, Kind::Day),
            (PERIOD_END, Kind::Day),
            (START, Kind::Moment),
            (END, Kind::Moment),
            (BILLED, Kind::Amount),
            (EFFECTIVE, Kind::Amount),
            (LIST, Kind::Amount),
            (CONTRACTED, Kind::Amount),
            (QUANTITY, Kind::Amount),
            (DESCRIPTION, Kind::Text),
            (FILE, Kind::Text),
            (ROW, Kind::Count),
        ];
        columns.extend(others.map(|(name, kind)| (name.to_owned(), kind)));
        Ok(Self { parquet: ParquetFile::new(into, "charges", columns)?, keys, file: file.to_owned(), month })
    }

    /// Ends the file and says how many charges it holds.
    pub fn finish(self) -> Result<u64> {
        self.parquet.finish()
    }
}

impl<W: Write + Send> ChargeSink for ChargesWriter<W> {
    fn take(&mut self, batch: &ChargeBatch, symbols: &Symbols) -> Result<()> {
        let (rows, parquet) = (batch.len(), &mut self.parquet);
        for place in 0..self.keys {
            let chunk = parquet.pages.symbols(&batch.keys[place], symbols);
            parquet.keep(chunk)?;
        }
        for day in [self.month.first_day(), self.month.next().first_day()] {
            let chunk = parquet.pages.constant(&days(day).to_le_bytes(), rows);
            parquet.keep(chunk)?;
        }
        for moments in [&batch.starts, &batch.ends] {
            let chunk = parquet.pages.numbers::<8>(moments.iter().map(|&moment| i128::from(moment)));
            parquet.keep(chunk)?;
        }
        for amounts in [&batch.billed, &batch.effective, &batch.list, &batch.contracted, &batch.quantity] {
            let chunk = parquet.pages.numbers::<WIDTH>(amounts.iter().copied());
            parquet.keep(chunk)?;
        }
        let chunk = parquet.pages.texts(&batch.descriptions);
        parquet.keep(chunk)?;
        let chunk = parquet.pages.constant_text(self.file.as_bytes(), rows);
        parquet.keep(chunk)?;
        let chunk = parquet.pages.deltas(&batch.rows);
        parquet.keep(chunk)?;
        parquet.end_group(rows)
    }
}

fn days(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - EPOCH
}
