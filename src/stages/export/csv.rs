//! CSV files as we write and re-read them: UTF-8, quotes where needed, LF, a header row.

use crate::model::untrusted::human_csv;
use anyhow::Context;
use chrono::{Datelike, NaiveDate};
use std::borrow::Cow;
use std::io::{Read, Write};

pub(super) struct Table {
    writer: ::csv::Writer<Vec<u8>>,
}

impl Table {
    pub fn new(header: &[&str]) -> anyhow::Result<Self> {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(header)?;
        Ok(Self { writer })
    }

    /// Refuses a row that is longer or shorter than the header.
    pub fn row<T: AsRef<[u8]>>(&mut self, cells: &[T]) -> anyhow::Result<()> {
        self.writer.write_record(cells).context("a row does not fit its header")
    }

    pub fn finish(self) -> anyhow::Result<Vec<u8>> {
        self.writer.into_inner().context("a table in memory could not be finished")
    }
}

/// Rows of any width, as an ERP's template wants them.
pub(super) fn delimited<'a>(
    rows: impl Iterator<Item = &'a Vec<String>>,
    delimiter: char,
    newline: &str,
    always: bool,
) -> anyhow::Result<Vec<u8>> {
    let style = if always { ::csv::QuoteStyle::Always } else { ::csv::QuoteStyle::Necessary };
    let terminator = if newline == "\n" { ::csv::Terminator::Any(b'\n') } else { ::csv::Terminator::CRLF };
    let mut writer = ::csv::WriterBuilder::new()
        .flexible(true)
        .delimiter(u8::try_from(delimiter).context("the delimiter is no single byte")?)
        .quote_style(style)
        .terminator(terminator)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().context("a feed in memory could not be finished")
}

/// The same read again.
pub(super) fn read_delimited(bytes: &[u8], delimiter: char) -> anyhow::Result<Vec<Row>> {
    let delimiter = u8::try_from(delimiter).context("the delimiter is no single byte")?;
    let mut reader =
        ::csv::ReaderBuilder::new().flexible(true).has_headers(false).delimiter(delimiter).from_reader(bytes);
    Ok(reader.records().collect::<Result<_, _>>()?)
}

/// A table that is not kept in memory: fields one by one, in large pieces.
pub(super) fn writer(out: &mut dyn Write) -> ::csv::Writer<&mut dyn Write> {
    ::csv::WriterBuilder::new().buffer_capacity(1 << 18).from_writer(out)
}

pub(super) fn reader<R: Read>(file: R) -> ::csv::Reader<R> {
    ::csv::ReaderBuilder::new().buffer_capacity(1 << 18).from_reader(file)
}

/// Text for a table that a person opens in a spreadsheet.
pub(super) fn for_people(text: &str) -> Cow<'_, str> {
    human_csv(text)
}

/// `2025-09-01`
pub(super) fn push_day(into: &mut String, day: NaiveDate) {
    let digits = |number: u32| char::from(b'0' + (number % 10) as u8);
    let year = day.year().unsigned_abs();
    let (month, of_month) = (day.month(), day.day());
    let (thousands, hundreds, tens) = (digits(year / 1000), digits(year / 100), digits(year / 10));
    into.extend([thousands, hundreds, tens, digits(year), '-', digits(month / 10), digits(month)]);
    into.extend(['-', digits(of_month / 10), digits(of_month)]);
}

pub(super) type Row = ::csv::StringRecord;

/// Header and rows of a table of ours, every row as wide as the header.
pub(super) fn read(bytes: &[u8]) -> anyhow::Result<(Vec<String>, Vec<Row>)> {
    let mut reader = ::csv::Reader::from_reader(bytes);
    let header = reader.headers()?.iter().map(str::to_owned).collect();
    let rows = reader.records().collect::<Result<_, _>>()?;
    Ok((header, rows))
}
