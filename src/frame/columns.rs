//! Our numbers and texts as polars columns, and back. No amount ever becomes a float on the way.

use crate::model::money::SCALE;
use crate::model::roll_up::{Symbol, Symbols};
use anyhow::{Context, Result};
use polars::prelude::{
    Column, DataFrame, DataType, IdxCa, Int128Chunked, IntoColumn, IntoSeries, NewChunkedArray, StringChunked,
};

/// Digits of a stored amount.
const PRECISION: usize = 38;

/// Amounts as `Decimal(38, 18)`.
pub fn amounts(name: &str, units: impl Iterator<Item = Option<i128>>) -> Result<Column> {
    let units = Int128Chunked::from_iter_options(name.into(), units);
    Ok(units.into_decimal(PRECISION, SCALE as usize)?.into_series().into_column())
}

/// Symbols as texts; "no value" is null. Each distinct text is laid down once and then pointed to.
pub fn texts(
    name: &str,
    column: impl Iterator<Item = Symbol>,
    symbols: &Symbols,
    scratch: &mut Scratch,
) -> Result<Column> {
    let mut distinct: Vec<&str> = Vec::new();
    scratch.begin();
    let places: IdxCa = IdxCa::from_iter_options(
        "".into(),
        column.map(|symbol| {
            (symbol != Symbol::EMPTY).then(|| {
                scratch.place(symbol, || {
                    distinct.push(symbols.text(symbol));
                    distinct.len() as u32 - 1
                })
            })
        }),
    );
    if distinct.is_empty() {
        return Ok(Column::full_null(name.into(), places.len(), &DataType::String));
    }
    let distinct = StringChunked::from_slice(name.into(), &distinct).into_series();
    Ok(distinct.take(&places)?.into_column())
}

/// Places of symbols among the distinct ones of a column, kept from column to column.
#[derive(Default)]
pub struct Scratch {
    /// Round and place, by symbol.
    places: Vec<(u32, u32)>,
    round: u32,
}

impl Scratch {
    fn begin(&mut self) {
        self.round += 1;
    }

    fn place(&mut self, symbol: Symbol, add: impl FnOnce() -> u32) -> u32 {
        let symbol = symbol.0 as usize;
        if self.places.len() <= symbol {
            self.places.resize(symbol + 1, (0, 0));
        }
        let (round, place) = &mut self.places[symbol];
        if *round != self.round {
            *round = self.round;
            *place = add();
        }
        *place
    }
}

/// A column of amounts back as units of the eighteenth decimal.
pub fn units<'a>(frame: &'a DataFrame, name: &str) -> Result<impl Iterator<Item = Option<i128>> + 'a> {
    let column = frame.column(name)?;
    let amounts = column.decimal().with_context(|| format!("{name} is not a column of amounts"))?;
    anyhow::ensure!(amounts.scale() == SCALE as usize, "{name} has another number of decimals");
    Ok(amounts.physical().iter())
}

pub fn strings<'a>(frame: &'a DataFrame, name: &str) -> Result<impl Iterator<Item = Option<&'a str>> + 'a> {
    let column = frame.column(name)?;
    Ok(column.str().with_context(|| format!("{name} is not a column of texts"))?.iter())
}
