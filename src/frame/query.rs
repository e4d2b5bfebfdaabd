//! Questions in SQL about a month's tables, which polars answers. Nothing is written, and no file but those of the month is
//! read: only one `SELECT` over tables that are named here is taken.

use super::columns::amounts;
use crate::model::money::Money;
use anyhow::{Context, Result};
use chrono::{Datelike, NaiveDate};
use polars::prelude::{
    Column, DataFrame, DataType, IntoLazy, LazyFrame, NamedFrom, PlRefPath, ScanArgsParquet, Series,
};
use polars::sql::{SQLContext, extract_table_identifiers};
use serde::Serialize;
use std::path::Path;
use thiserror::Error;

/// A table that lies in memory.
pub struct Table {
    pub columns: Vec<(&'static str, Values)>,
}

pub enum Values {
    Texts(Vec<String>),
    Money(Vec<Option<Money>>),
    /// Units of the eighteenth decimal.
    Amounts(Vec<Option<i128>>),
    Days(Vec<Option<NaiveDate>>),
    Counts(Vec<u64>),
}

/// What a name stands for.
pub enum Source {
    Table(Table),
    /// Parquet files of one schema.
    Files(Vec<std::path::PathBuf>),
}

/// Amounts are text, so that no reader makes doubles of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    pub columns: Vec<AnswerColumn>,
    /// None where there is no value.
    pub rows: Vec<Vec<Option<String>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnswerColumn {
    pub name: String,
    /// `text`, `amount`, `number`, `date`
    pub kind: &'static str,
}

/// A question that cannot be answered as it stands.
#[derive(Debug, Error)]
pub enum Unanswerable {
    #[error("only one SELECT is answered, and nothing is changed: the question begins with {0:?}")]
    NoSelect(String),
    #[error("there is no table {0:?}; there are {1}")]
    NoTable(String, String),
    #[error("{0}")]
    Sql(String),
}

/// The tables that a question names.
pub fn names(sql: &str) -> Result<Vec<String>, Unanswerable> {
    let first = sql.split_whitespace().next().unwrap_or_default();
    if !first.eq_ignore_ascii_case("select") {
        return Err(Unanswerable::NoSelect(first.to_owned()));
    }
    extract_table_identifiers(sql, false, true).map_err(said)
}

fn said(error: polars::prelude::PolarsError) -> Unanswerable {
    Unanswerable::Sql(error.to_string())
}

/// `source` gives what a name stands for, and None for one that nobody knows.
pub fn ask(sql: &str, tables: Vec<(String, Source)>) -> Result<Answer> {
    let mut context = SQLContext::new();
    for (name, source) in tables {
        let frame = match source {
            Source::Table(table) => table.frame()?.lazy(),
            Source::Files(files) => scan(&files)?,
        };
        context.register(&name, frame);
    }
    let frame = context.execute(sql).and_then(LazyFrame::collect).map_err(said)?;
    answer(&frame)
}

/// Names and kinds of a table's columns.
pub fn columns_of(source: Source) -> Result<Vec<AnswerColumn>> {
    let frame = match source {
        Source::Table(table) => table.frame()?,
        Source::Files(files) => scan(&files[..files.len().min(1)])?.limit(0).collect().map_err(said)?,
    };
    Ok(described(&frame))
}

fn scan(files: &[impl AsRef<Path>]) -> Result<LazyFrame> {
    let paths = files.iter().map(|file| Ok(PlRefPath::new(file.as_ref().to_str().context("a path is no text")?)));
    let paths = paths.collect::<Result<Vec<PlRefPath>>>()?;
    // Names of objects are hashes: no pattern is in them.
    let arguments = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
    Ok(LazyFrame::scan_parquet_files(paths.into_iter().collect(), arguments).map_err(said)?)
}

impl Table {
    fn frame(self) -> Result<DataFrame> {
        let columns = self.columns.into_iter().map(|(name, values)| values.column(name)).collect::<Result<Vec<_>>>()?;
        Ok(DataFrame::new_infer_height(columns).map_err(said)?)
    }
}

impl Values {
    fn column(self, name: &str) -> Result<Column> {
        let column: Column = match self {
            Self::Texts(texts) => Series::new(name.into(), texts).into(),
            Self::Money(amounts) => {
                let cents = amounts.into_iter().map(|amount| amount.map(|amount| i128::from(amount.cents())));
                super::columns::decimals(name, cents, 2)?
            }
            Self::Amounts(units) => amounts(name, units.into_iter())?,
            Self::Days(days) => {
                let epoch = NaiveDate::default().num_days_from_ce();
                let days: Vec<Option<i32>> =
                    days.into_iter().map(|day| day.map(|day| day.num_days_from_ce() - epoch)).collect();
                Series::new(name.into(), days).cast(&DataType::Date).map_err(said)?.into()
            }
            Self::Counts(counts) => Series::new(name.into(), counts).into(),
        };
        Ok(column)
    }
}

fn described(frame: &DataFrame) -> Vec<AnswerColumn> {
    let kind = |kind: &DataType| match kind {
        DataType::Decimal(..) => "amount",
        DataType::Date | DataType::Datetime(..) => "date",
        kind if kind.is_primitive_numeric() => "number",
        _ => "text",
    };
    let columns = frame.columns().iter();
    columns.map(|column| AnswerColumn { name: column.name().to_string(), kind: kind(column.dtype()) }).collect()
}

fn answer(frame: &DataFrame) -> Result<Answer> {
    let columns = described(frame);
    let mut rows: Vec<Vec<Option<String>>> = vec![Vec::with_capacity(columns.len()); frame.height()];
    for (column, about) in frame.columns().iter().zip(&columns) {
        let texts = column.cast(&DataType::String).map_err(said)?;
        let texts = texts.str().map_err(said)?;
        for (row, text) in rows.iter_mut().zip(texts.iter()) {
            row.push(text.map(|text| if about.kind == "amount" { amount(text) } else { text.to_owned() }));
        }
    }
    Ok(Answer { columns, rows })
}

/// Without the zeros that only the column's scale asks for; money keeps its cents.
fn amount(text: &str) -> String {
    let Some((whole, decimals)) = text.split_once('.') else { return text.to_owned() };
    let kept = decimals.trim_end_matches('0');
    match (decimals.len(), kept) {
        (2, _) => text.to_owned(),
        (_, "") => whole.to_owned(),
        _ => format!("{whole}.{kept}"),
    }
}
