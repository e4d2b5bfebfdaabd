//! Roll-ups and the outcomes of parts as bytes for the ledger, and back to exactly the same.

use super::columns::{self, Scratch};
use crate::model::charge::Dimension;
use crate::model::money::{Cost, Quantity};
use crate::model::part_outcome::PartOutcome;
use crate::model::roll_up::{RollUp, RollUpBuilder, Sums, Symbol};
use anyhow::{Context, Result, bail, ensure};
use chrono::{Datelike, NaiveDate};
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::{
    Column, DataFrame, Int32Chunked, IntoColumn, IntoSeries, NewChunkedArray, ParquetCompression, ParquetReader,
    ParquetWriter, SerReader, StatisticsOptions, UInt64Chunked,
};
use std::io::Cursor;

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
    let mut frame = to_frame(roll_up)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(Some(ZstdLevel::try_new(1)?)))
        .with_statistics(StatisticsOptions::empty())
        .with_row_group_size(Some(ROW_GROUP))
        .finish(&mut frame)
        .context("the roll-up cannot be written")?;
    Ok(bytes)
}

/// The roll-up as a frame: a column a dimension, a column a tag, the day, the sums.
pub fn to_frame(roll_up: &RollUp) -> Result<DataFrame> {
    let symbols = roll_up.symbols();
    let mut scratch = Scratch::default();
    let mut frame: Vec<Column> = Vec::new();
    let names = Dimension::ALL.iter().map(|dimension| dimension.column().to_owned());
    let names = names.chain(roll_up.tags().iter().map(|tag| tag_column(tag)));
    for (place, name) in names.enumerate() {
        let column = roll_up.rows().map(|row| row.key()[place]);
        frame.push(columns::texts(&name, column, symbols, &mut scratch)?);
    }
    let days: Vec<i32> = roll_up.rows().map(|row| row.day().num_days_from_ce() - EPOCH).collect();
    frame.push(Int32Chunked::from_slice(DAY.into(), &days).into_date().into_series().into_column());
    let sums = || roll_up.rows().map(|row| *row.sums());
    frame.push(columns::amounts(BILLED, sums().map(|sums| Some(sums.billed.units())))?);
    frame.push(columns::amounts(EFFECTIVE, sums().map(|sums| sums.effective.map(Cost::units)))?);
    frame.push(columns::amounts(LIST, sums().map(|sums| sums.list.map(Cost::units)))?);
    frame.push(columns::amounts(CONTRACTED, sums().map(|sums| sums.contracted.map(Cost::units)))?);
    frame.push(columns::amounts(QUANTITY, sums().map(|sums| Some(sums.quantity.units())))?);
    let charges: Vec<u64> = sums().map(|sums| sums.charges).collect();
    frame.push(UInt64Chunked::from_slice(CHARGES.into(), &charges).into_series().into_column());
    Ok(DataFrame::new(roll_up.len(), frame)?)
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
        for (row, text) in columns::strings(frame, name)?.enumerate() {
            symbols[row * stride + place] = builder.symbols_mut().intern(text.unwrap_or_default());
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

const MAGIC: &[u8; 8] = b"cb-part1";

/// The outcome of a part: totals and findings as JSON, row ids as numbers, the roll-up as Parquet.
pub fn part_to_bytes(part: &PartOutcome) -> Result<Vec<u8>> {
    let facts = serde_json::to_vec(part)?;
    let ids: Vec<u8> = part.row_ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    let roll_up = to_parquet(&part.roll_up)?;
    let mut bytes = MAGIC.to_vec();
    for section in [&facts, &ids, &roll_up] {
        bytes.extend_from_slice(&(section.len() as u64).to_le_bytes());
        bytes.extend_from_slice(section);
    }
    Ok(bytes)
}

pub fn part_from_bytes(bytes: &[u8]) -> Result<PartOutcome> {
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else { bail!("these bytes are not the outcome of a part") };
    let mut section = || -> Result<&[u8]> {
        let (length, after) = rest.split_first_chunk::<8>().context("the outcome of a part ends too early")?;
        let length = usize::try_from(u64::from_le_bytes(*length))?;
        ensure!(length <= after.len(), "the outcome of a part ends too early");
        let (section, after) = after.split_at(length);
        rest = after;
        Ok(section)
    };
    let mut part: PartOutcome = serde_json::from_slice(section()?)?;
    let (ids, _) = section()?.as_chunks::<8>();
    part.row_ids = ids.iter().map(|id| u64::from_le_bytes(*id)).collect();
    part.roll_up = from_parquet(section()?)?;
    Ok(part)
}
