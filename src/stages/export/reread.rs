//! Workbooks of ours, read by another library: tables by the names of their columns, never by fixed places.

use super::workbook::{NO_ROWS, content};
use anyhow::{Context, ensure};
use calamine::{Data, Reader, Xlsx};
use std::io::Cursor;

/// A workbook that was written, read by another library.
pub(super) struct Reread<'a> {
    book: Xlsx<Cursor<&'a [u8]>>,
}

impl<'a> Reread<'a> {
    pub fn open(bytes: &'a [u8]) -> anyhow::Result<Self> {
        Ok(Self { book: Xlsx::new(Cursor::new(bytes))? })
    }

    /// Cells of the named columns, row by row: the header is found by its names, and the table ends where its first
    /// column is empty. Nothing for a sheet that says it has no rows.
    pub fn rows(&mut self, sheet: &str, headers: &[&str]) -> anyhow::Result<Vec<Vec<String>>> {
        let range = self.book.worksheet_range(sheet).with_context(|| format!("the sheet {sheet} cannot be read"))?;
        let mut rows = range.rows();
        let Some(places) = rows.find_map(|row| places(row, headers)) else {
            let empty = range.rows().flatten().any(|cell| content(cell) == NO_ROWS);
            ensure!(empty, "the sheet {sheet} has no table with the columns {}", headers.join(", "));
            return Ok(Vec::new());
        };
        Ok(rows.take_while(|row| has_first(row)).map(|row| cells(row, &places)).collect())
    }

    /// The same for all tables of a sheet that have these columns, one after the other.
    pub fn all_rows(&mut self, sheet: &str, headers: &[&str]) -> anyhow::Result<Vec<Vec<String>>> {
        let range = self.book.worksheet_range(sheet).with_context(|| format!("the sheet {sheet} cannot be read"))?;
        let (mut rows, mut found) = (range.rows(), Vec::new());
        while let Some(places) = rows.find_map(|row| places(row, headers)) {
            found.extend(rows.by_ref().take_while(|row| has_first(row)).map(|row| cells(row, &places)));
        }
        Ok(found)
    }

    /// What stands right of a text, row by row of those that hold it.
    pub fn beside(&mut self, sheet: &str, label: &str) -> anyhow::Result<Vec<Vec<String>>> {
        let range = self.book.worksheet_range(sheet).with_context(|| format!("the sheet {sheet} cannot be read"))?;
        let beside = |row: &[Data]| {
            let place = row.iter().position(|cell| content(cell) == label)?;
            Some(row[place + 1..].iter().filter(|cell| **cell != Data::Empty).map(content).collect())
        };
        Ok(range.rows().filter_map(beside).collect())
    }
}

/// Where the headers stand, in a row that has all of them.
fn places(row: &[Data], headers: &[&str]) -> Option<Vec<usize>> {
    headers.iter().map(|header| row.iter().position(|cell| content(cell) == *header)).collect()
}

fn has_first(row: &[Data]) -> bool {
    row.first().is_some_and(|cell| *cell != Data::Empty)
}

fn cells(row: &[Data], places: &[usize]) -> Vec<String> {
    places.iter().map(|&place| content(&row[place])).collect()
}
