//! Charges to Parquet, a row group a batch.
//!
//! The vendor's id of a row is not among the columns: of 64 characters that never repeat it was half of the file, and
//! the row that has it is found by its number in the file.

use super::{ChargeBatch, ChargeSink, Texts};
use crate::frame::columns::{self, Scratch};
use crate::model::charge::Dimension;
use crate::model::month::Month;
use crate::model::roll_up::Symbols;
use anyhow::{Context, Result};
use chrono::{Datelike, NaiveDate};
use polars::io::parquet::write::BatchedWriter;
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::{
    AnyValue, Column, DataFrame, DataType, Field, IntoColumn, IntoSeries, NewChunkedArray, ParquetCompression,
    ParquetWriter, Scalar, Schema, StatisticsOptions, StringChunked, UInt64Chunked,
};
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
/// Days from the first of January of year 1 to that of 1970.
const EPOCH: i32 = 719_163;

pub fn tag_column(tag: &str) -> String {
    format!("x_Tag_{tag}")
}

/// Writes the charges of one part.
pub struct ChargesWriter<W: Write + Send> {
    writer: BatchedWriter<W>,
    names: Vec<String>,
    file: String,
    month: Month,
    scratch: Scratch,
    charges: u64,
}

impl<W: Write + Send> ChargesWriter<W> {
    /// `tags` are the billing tags in the order of the settings, `file` the part as findings name it.
    pub fn new(into: W, tags: &[String], file: &str, month: Month) -> Result<Self> {
        let names = Dimension::ALL.iter().map(|dimension| dimension.focus().to_owned());
        let names: Vec<String> = names.chain(tags.iter().map(|tag| tag_column(tag))).collect();
        let writer = ParquetWriter::new(into)
            .with_compression(ParquetCompression::Zstd(Some(ZstdLevel::try_new(1)?)))
            .with_statistics(StatisticsOptions::empty())
            .batched(&schema(&names))
            .context("charges cannot be written")?;
        Ok(Self { writer, names, file: file.to_owned(), month, scratch: Scratch::default(), charges: 0 })
    }

    /// Ends the file and says how many charges it holds. Without this it is not a Parquet file.
    pub fn finish(self) -> Result<u64> {
        self.writer.finish().context("charges cannot be written")?;
        Ok(self.charges)
    }

    fn frame(&mut self, batch: &ChargeBatch, symbols: &Symbols) -> Result<DataFrame> {
        let rows = batch.len();
        let mut frame: Vec<Column> = Vec::with_capacity(self.names.len() + 12);
        for (place, name) in self.names.iter().enumerate() {
            frame.push(columns::texts(name, batch.column(place), symbols, &mut self.scratch)?);
        }
        let (first, after) = (self.month.first_day(), self.month.next().first_day());
        frame.push(day(PERIOD_START, first, rows));
        frame.push(day(PERIOD_END, after, rows));
        frame.push(columns::moments(START, &batch.starts)?);
        frame.push(columns::moments(END, &batch.ends)?);
        frame.push(columns::whole_amounts(BILLED, &batch.billed)?);
        frame.push(columns::amounts(EFFECTIVE, batch.effective.iter().copied())?);
        frame.push(columns::amounts(LIST, batch.list.iter().copied())?);
        frame.push(columns::amounts(CONTRACTED, batch.contracted.iter().copied())?);
        frame.push(columns::whole_amounts(QUANTITY, &batch.quantity)?);
        frame.push(free_texts(DESCRIPTION, &batch.descriptions, rows));
        let file = Scalar::new(DataType::String, AnyValue::StringOwned(self.file.as_str().into()));
        frame.push(Column::new_scalar(FILE.into(), file, rows));
        frame.push(UInt64Chunked::from_slice(ROW.into(), &batch.rows).into_series().into_column());
        Ok(DataFrame::new(rows, frame)?)
    }
}

impl<W: Write + Send> ChargeSink for ChargesWriter<W> {
    fn take(&mut self, batch: &ChargeBatch, symbols: &Symbols) -> Result<()> {
        let frame = self.frame(batch, symbols)?;
        self.charges += batch.len() as u64;
        self.writer.write_batch(&frame).context("charges cannot be written")
    }
}

fn schema(names: &[String]) -> Schema {
    let text = |name: &str| Field::new(name.into(), DataType::String);
    let amount = |name: &str| Field::new(name.into(), columns::amount_type());
    let mut fields: Vec<Field> = names.iter().map(|name| text(name)).collect();
    fields.extend([
        Field::new(PERIOD_START.into(), DataType::Date),
        Field::new(PERIOD_END.into(), DataType::Date),
        Field::new(START.into(), columns::moment_type()),
        Field::new(END.into(), columns::moment_type()),
        amount(BILLED),
        amount(EFFECTIVE),
        amount(LIST),
        amount(CONTRACTED),
        amount(QUANTITY),
        text(DESCRIPTION),
        text(FILE),
        Field::new(ROW.into(), DataType::UInt64),
    ]);
    fields.into_iter().collect()
}

fn day(name: &str, day: NaiveDate, rows: usize) -> Column {
    let day = Scalar::new(DataType::Date, AnyValue::Date(day.num_days_from_ce() - EPOCH));
    Column::new_scalar(name.into(), day, rows)
}

/// Texts that repeat too seldom for symbols; an empty one is null.
fn free_texts(name: &str, texts: &Texts, rows: usize) -> Column {
    let text = |place| Some(texts.get(place)).filter(|text| !text.is_empty());
    StringChunked::from_iter_options(name.into(), (0..rows).map(text)).into_series().into_column()
}
