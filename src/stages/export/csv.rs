//! CSV files as we write and re-read them: UTF-8, quotes where needed, LF, a header row.

use crate::model::untrusted::Untrusted;
use anyhow::Context;

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

/// Text for a table that a person opens in a spreadsheet.
pub(super) fn for_people(text: &str) -> String {
    Untrusted::new(text).for_human_csv()
}

pub(super) type Row = ::csv::StringRecord;

/// Header and rows of a table of ours, every row as wide as the header.
pub(super) fn read(bytes: &[u8]) -> anyhow::Result<(Vec<String>, Vec<Row>)> {
    let mut reader = ::csv::Reader::from_reader(bytes);
    let header = reader.headers()?.iter().map(str::to_owned).collect();
    let rows = reader.records().collect::<Result<_, _>>()?;
    Ok((header, rows))
}
