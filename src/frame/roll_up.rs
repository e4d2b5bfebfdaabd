//! Roll-ups as bytes for the ledger, and back to exactly the same.

mod run;

pub use run::{RunFile, write_run};

use super::columns::{self, Scratch};
use crate::model::charge::Dimension;
use crate::model::money::{Cost, Quantity};
use crate::model::roll_up::{RollUp, RollUpBuilder, Sums, Symbol};
use anyhow::{Context, Result};
use chrono::{Datelike, NaiveDate};
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::{
    Column, DataFrame, Int32Chunked, IntoColumn, IntoSeries, NewChunkedArray, ParquetCompression, ParquetReader,
    ParquetWriter, SerReader, StatisticsOptions, UInt64Chunked,
};
use std::io::{Cursor, Write};
use std::ops::Range;

/// Rows in one row group: the same on every machine, so that the bytes are.
const ROW_GROUP: usize = 1 << 17;
const DAY: &str = "usage_day";
const BILLED: &str = "billed_cost";
const EFFECTIVE: &str = "effective_cost";
const LIST: &str = "list_cost";
const CONTRACTED: &str = "contracted_cost";
const QUANTITY: &str = "consumed_quantity";
const CHARGES: &str = "charges";
/// Days from the first of January of year 1 to that of 1970.
const EPOCH: i32 = 719_163;

/// Name of a billing tag's column.
pub fn tag_column(tag: &str) -> String {
    format!("tag_{tag}")
}

pub fn to_parquet(roll_up: &RollUp) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write_parquet(roll_up, &mut bytes)?;
    Ok(bytes)
}

/// Writes a row group at a time: a frame of the whole would take ten times the memory of the roll-up.
pub fn write_parquet(roll_up: &RollUp, into: impl Write) -> Result<()> {
    let mut scratch = Scratch::default();
    let first = to_frame(roll_up, 0..roll_up.len().min(ROW_GROUP), &mut scratch)?;
    let mut writer = ParquetWriter::new(into)
        .with_compression(ParquetCompression::Zstd(Some(ZstdLevel::try_new(1)?)))
        .with_statistics(StatisticsOptions::empty())
        .batched(first.schema())
        .context("the roll-up cannot be written")?;
    writer.write_batch(&first).context("the roll-up cannot be written")?;
    drop(first);
    for start in (ROW_GROUP..roll_up.len()).step_by(ROW_GROUP) {
        let frame = to_frame(roll_up, start..roll_up.len().min(start + ROW_GROUP), &mut scratch)?;
        writer.write_batch(&frame).context("the roll-up cannot be written")?;
    }
    writer.finish().context("the roll-up cannot be written")?;
    Ok(())
}

/// Rows of the roll-up as a frame: a column a dimension, a column a tag, the day, the sums.
fn to_frame(roll_up: &RollUp, range: Range<usize>, scratch: &mut Scratch) -> Result<DataFrame> {
    let symbols = roll_up.symbols();
    let rows = || range.clone().map(|number| roll_up.row(number));
    let mut frame: Vec<Column> = Vec::new();
    let names = Dimension::ALL.iter().map(|dimension| dimension.column().to_owned());
    let names = names.chain(roll_up.tags().iter().map(|tag| tag_column(tag)));
    for (place, name) in names.enumerate() {
        let column = rows().map(|row| row.symbol_at(place));
        frame.push(columns::texts(&name, column, symbols, scratch)?);
    }
    let days: Vec<i32> = rows().map(|row| row.day().num_days_from_ce() - EPOCH).collect();
    frame.push(Int32Chunked::from_slice(DAY.into(), &days).into_date().into_series().into_column());
    let sums = || rows().map(|row| row.sums());
    frame.push(columns::amounts(BILLED, sums().map(|sums| Some(sums.billed.units())))?);
    frame.push(columns::amounts(EFFECTIVE, sums().map(|sums| sums.effective.map(Cost::units)))?);
    frame.push(columns::amounts(LIST, sums().map(|sums| sums.list.map(Cost::units)))?);
    frame.push(columns::amounts(CONTRACTED, sums().map(|sums| sums.contracted.map(Cost::units)))?);
    frame.push(columns::amounts(QUANTITY, sums().map(|sums| Some(sums.quantity.units())))?);
    let charges: Vec<u64> = sums().map(|sums| sums.charges).collect();
    frame.push(UInt64Chunked::from_slice(CHARGES.into(), &charges).into_series().into_column());
    Ok(DataFrame::new(range.len(), frame)?)
}

pub fn from_parquet(bytes: &[u8]) -> Result<RollUp> {
    // A damaged object may do no more than fail: polars is asked only after its hash was compared.
    let frame = ParquetReader::new(Cursor::new(bytes)).finish().context("the roll-up cannot be read")?;
    from_frame(&frame)
}

fn from_frame(frame: &DataFrame) -> Result<RollUp> {
    let names: Vec<String> = frame.get_column_names().iter().map(|name| name.to_string()).collect();
    let tags: Vec<String> = names.iter().filter_map(|name| name.strip_prefix("tag_")).map(str::to_owned).collect();
    let mut builder = RollUpBuilder::new(tags.clone());
    let keys = Dimension::ALL.iter().map(|dimension| dimension.column().to_owned());
    let keys: Vec<String> = keys.chain(tags.iter().map(|tag| tag_column(tag))).collect();
    let (rows, stride) = (frame.height(), keys.len());
    let mut symbols = vec![Symbol::EMPTY; rows * stride];
    for (place, name) in keys.iter().enumerate() {
        // Rows are in the order of their texts, so most say what the row before them says.
        let mut last = ("", Symbol::EMPTY);
        for (row, text) in columns::strings(frame, name)?.enumerate() {
            let text = text.unwrap_or_default();
            if text != last.0 {
                last = (text, builder.symbols_mut().intern(text));
            }
            symbols[row * stride + place] = last.1;
        }
    }
    let days = frame.column(DAY)?.date().context("the usage day is not a date")?;
    let charges = frame.column(CHARGES)?.u64().context("charges are not counts")?;
    let mut billed = columns::units(frame, BILLED)?;
    let mut effective = columns::units(frame, EFFECTIVE)?;
    let mut list = columns::units(frame, LIST)?;
    let mut contracted = columns::units(frame, CONTRACTED)?;
    let mut quantity = columns::units(frame, QUANTITY)?;
    for row in 0..rows {
        let optional = |units: Option<Option<i128>>| units.flatten().map(Cost::from_units);
        let needed = |units: Option<Option<i128>>| units.flatten().context("an amount is missing");
        let sums = Sums {
            billed: Cost::from_units(needed(billed.next())?),
            effective: optional(effective.next()),
            list: optional(list.next()),
            contracted: optional(contracted.next()),
            quantity: Quantity::from_units(needed(quantity.next())?),
            charges: charges.get(row).context("a count is missing")?,
        };
        let day = days.physical().get(row).context("a day is missing")?;
        let day = NaiveDate::from_num_days_from_ce_opt(day + EPOCH).context("a day is out of range")?;
        builder.add(&symbols[row * stride..(row + 1) * stride], day, &sums)?;
    }
    Ok(builder.finish()?)
}
