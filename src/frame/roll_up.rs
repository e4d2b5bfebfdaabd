//! Roll-ups as bytes for the ledger, and back to exactly the same.

mod run;

pub use run::{RunFile, write_run};

use super::charges::NONE;
use super::charges::file::{EPOCH, Kind, ParquetFile, WIDTH};
use super::columns;
use crate::model::charge::Dimension;
use crate::model::money::{Cost, Quantity};
use crate::model::roll_up::{RollUp, RollUpBuilder, Row, Sums, Symbol, Symbols};
use anyhow::{Context, Result};
use chrono::{Datelike, NaiveDate};
use polars::prelude::{DataFrame, ParquetReader, SerReader};
use std::io::{Cursor, Write};

/// Rows in one row group: the same on every machine, so that the bytes are.
const ROW_GROUP: usize = 1 << 16;
const DAY: &str = "usage_day";
const BILLED: &str = "billed_cost";
const EFFECTIVE: &str = "effective_cost";
const LIST: &str = "list_cost";
const CONTRACTED: &str = "contracted_cost";
const QUANTITY: &str = "consumed_quantity";
const CHARGES: &str = "charges";

/// Name of a billing tag's column.
pub fn tag_column(tag: &str) -> String {
    format!("tag_{tag}")
}

pub fn to_parquet(roll_up: &RollUp) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write_parquet(roll_up, &mut bytes)?;
    Ok(bytes)
}

/// Writes a row group at a time: what is in memory beside the roll-up is a few megabytes.
pub fn write_parquet(roll_up: &RollUp, into: impl Write) -> Result<()> {
    let names = Dimension::ALL.iter().map(|dimension| dimension.column().to_owned());
    let names = names.chain(roll_up.tags().iter().map(|tag| tag_column(tag)));
    let mut columns: Vec<(String, Kind)> = names.map(|name| (name, Kind::Text)).collect();
    let stride = columns.len();
    let others = [
        (DAY, Kind::Day),
        (BILLED, Kind::Amount),
        (EFFECTIVE, Kind::Amount),
        (LIST, Kind::Amount),
        (CONTRACTED, Kind::Amount),
        (QUANTITY, Kind::Amount),
        (CHARGES, Kind::Count),
    ];
    columns.extend(others.map(|(name, kind)| (name.to_owned(), kind)));
    let mut file = ParquetFile::new(into, "roll_up", columns)?;
    let mut group = Group::new(stride);
    for row in roll_up.rows() {
        group.add(row);
        if group.days.len() == ROW_GROUP {
            group.write(roll_up.symbols(), &mut file)?;
        }
    }
    if !group.days.is_empty() {
        group.write(roll_up.symbols(), &mut file)?;
    }
    file.finish()?;
    Ok(())
}

/// Rows of one row group, a column each.
struct Group {
    key: Vec<Symbol>,
    symbols: Vec<Vec<Symbol>>,
    days: Vec<i32>,
    /// Billed, effective, list and contracted cost and quantity.
    amounts: [Vec<i128>; 5],
    charges: Vec<u64>,
}

impl Group {
    fn new(stride: usize) -> Self {
        Self {
            key: vec![Symbol::EMPTY; stride],
            symbols: vec![Vec::new(); stride],
            days: Vec::new(),
            amounts: Default::default(),
            charges: Vec::new(),
        }
    }

    fn add(&mut self, row: Row<'_>) {
        row.copy_key(&mut self.key);
        self.symbols.iter_mut().zip(&self.key).for_each(|(column, &symbol)| column.push(symbol));
        self.days.push(row.day().num_days_from_ce() - EPOCH);
        let Sums { billed, effective, list, contracted, quantity, charges } = row.sums();
        let known = |cost: Option<Cost>| cost.map_or(NONE, Cost::units);
        let units = [billed.units(), known(effective), known(list), known(contracted), quantity.units()];
        self.amounts.iter_mut().zip(units).for_each(|(column, units)| column.push(units));
        self.charges.push(charges);
    }

    /// Writes the rows, and begins anew.
    fn write(&mut self, symbols: &Symbols, file: &mut ParquetFile<impl Write>) -> Result<()> {
        for column in &mut self.symbols {
            let chunk = file.pages.symbols(column, symbols);
            file.keep(chunk)?;
            column.clear();
        }
        let chunk = file.pages.numbers::<4>(self.days.iter().map(|&day| i128::from(day)));
        file.keep(chunk)?;
        for column in &mut self.amounts {
            let chunk = file.pages.numbers::<WIDTH>(column.iter().copied());
            file.keep(chunk)?;
            column.clear();
        }
        let chunk = file.pages.numbers::<8>(self.charges.iter().map(|&charges| i128::from(charges)));
        file.keep(chunk)?;
        self.charges.clear();
        let rows = self.days.len();
        self.days.clear();
        file.end_group(rows)
    }
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
