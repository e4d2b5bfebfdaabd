//! Our numbers as polars columns, and polars columns back as our numbers and texts. No amount ever becomes a float on the way.

use crate::model::money::SCALE;
use anyhow::{Context, Result};
use polars::prelude::{Column, DataFrame, Int128Chunked, IntoColumn, IntoSeries, NewChunkedArray};

/// Digits of a stored amount.
const PRECISION: usize = 38;

/// Amounts as `Decimal(38, 18)`.
pub fn amounts(name: &str, units: impl Iterator<Item = Option<i128>>) -> Result<Column> {
    decimals(name, units, SCALE as usize)
}

/// Numbers with so many decimals.
pub fn decimals(name: &str, units: impl Iterator<Item = Option<i128>>, scale: usize) -> Result<Column> {
    let units = Int128Chunked::from_iter_options(name.into(), units);
    Ok(units.into_decimal(PRECISION, scale)?.into_series().into_column())
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
