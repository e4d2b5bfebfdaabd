//! Columns of FOCUS as a Parquet file, a batch of rows at a time.

use super::columns::amounts;
use anyhow::{Context, Result};
use polars::io::parquet::write::BatchedWriter;
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::{
    Column, DataFrame, Int64Chunked, IntoColumn, IntoSeries, NamedFrom, NewChunkedArray, ParquetCompression,
    ParquetWriter, Series, StatisticsOptions, TimeUnit, UInt64Chunked,
};
use std::io::Write;

/// The values of one column of a batch. Moments are milliseconds since 1970, UTC; amounts units of the eighteenth decimal.
pub enum Values {
    Texts(Vec<Option<String>>),
    Moments(Vec<Option<i64>>),
    Amounts(Vec<Option<i128>>),
    Counts(Vec<Option<u64>>),
}

impl Values {
    fn column(&self, name: &str) -> Result<Column> {
        Ok(match self {
            Self::Texts(texts) => Series::new(name.into(), texts).into_column(),
            Self::Moments(moments) => {
                let moments = Int64Chunked::from_iter_options(name.into(), moments.iter().copied());
                moments.into_datetime(TimeUnit::Milliseconds, None).into_series().into_column()
            }
            Self::Amounts(units) => amounts(name, units.iter().copied())?,
            Self::Counts(counts) => {
                UInt64Chunked::from_iter_options(name.into(), counts.iter().copied()).into_series().into_column()
            }
        })
    }
}

pub struct FocusParquet<W: Write> {
    into: Option<W>,
    writer: Option<BatchedWriter<W>>,
}

impl<W: Write> FocusParquet<W> {
    pub fn new(into: W) -> Self {
        Self { into: Some(into), writer: None }
    }

    /// Adds rows: every batch has the same columns in the same order.
    pub fn write(&mut self, names: &[&str], values: &[Values]) -> Result<()> {
        let columns = names.iter().zip(values).map(|(name, values)| values.column(name));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let rows = columns.first().map_or(0, Column::len);
        let frame = DataFrame::new(rows, columns).context("the FOCUS file cannot be written")?;
        if let Some(into) = self.into.take() {
            let writer = ParquetWriter::new(into)
                .with_compression(ParquetCompression::Zstd(Some(ZstdLevel::try_new(1)?)))
                .with_statistics(StatisticsOptions::empty())
                .batched(frame.schema());
            self.writer = Some(writer.context("the FOCUS file cannot be written")?);
        }
        let writer = self.writer.as_mut().context("the FOCUS file is closed")?;
        writer.write_batch(&frame).context("the FOCUS file cannot be written")
    }

    pub fn finish(mut self) -> Result<()> {
        let writer = self.writer.take().context("a FOCUS file without rows was not begun")?;
        writer.finish().context("the FOCUS file cannot be written")?;
        Ok(())
    }
}
