//! A sheet of one table as plain values: written by [`Book`], and read again cell by cell.

use super::read_back::Figures;
use super::reread::Reread;
use super::workbook::{Book, CHECK_LABELS, Cell, Column, Kind, MOST_ROWS, sum_of};
use crate::model::money::Money;

pub(super) struct Sheet {
    pub name: &'static str,
    pub title: &'static str,
    /// What the reader sees here, in a sentence or two.
    pub what: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// Columns that are added up, with what the ledger says they come to.
    pub checks: Vec<(usize, Money)>,
}

impl Sheet {
    /// A sheet that would be too long to be of use says where its rows are instead.
    pub fn at_most(mut self, elsewhere: &str) -> Self {
        if self.rows.len() > MOST_ROWS {
            self.what = format!("{} rows are more than a workbook is good for: {elsewhere}", self.rows.len());
            self.rows.clear();
            self.checks.clear();
        }
        self
    }

    pub fn write(&self, book: &mut Book) -> anyhow::Result<()> {
        book.table_sheet(self.name, self.title, &self.what, &self.columns, &self.rows, &self.checks)
    }

    /// Every amount of the sheet by row and column, and the cells of its checks.
    pub fn figures(&self, figures: &mut Figures) -> anyhow::Result<()> {
        for (number, row) in self.rows.iter().enumerate() {
            for (cell, column) in row.iter().zip(&self.columns) {
                let name = format!("{} row {} {}", self.name, number + 1, column.header);
                match cell {
                    Cell::Money(money) => figures.add_money(name, *money)?,
                    Cell::Cost(cost) => figures.add(name, *cost)?,
                    Cell::Decimal(text) => figures.add_if_amount(name, text)?,
                    _ => {}
                }
            }
        }
        if self.rows.is_empty() {
            return Ok(());
        }
        for (number, &(place, ledger)) in self.checks.iter().enumerate() {
            let rows = sum_of(&self.rows, place)?;
            for (label, amount) in CHECK_LABELS.into_iter().zip([rows, ledger, rows.checked_sub(ledger)?]) {
                figures.add_money(format!("{} {label} {number}", self.name), amount)?;
            }
        }
        Ok(())
    }

    /// The same, from the written workbook.
    pub fn read(&self, book: &mut Reread<'_>, figures: &mut Figures) -> anyhow::Result<()> {
        let headers: Vec<&str> = self.columns.iter().map(|column| column.header).collect();
        for (number, row) in book.rows(self.name, &headers)?.iter().enumerate() {
            for (cell, column) in row.iter().zip(&self.columns) {
                if matches!(column.kind, Kind::Money | Kind::Decimal) {
                    figures.add_if_amount(format!("{} row {} {}", self.name, number + 1, column.header), cell)?;
                }
            }
        }
        for label in CHECK_LABELS {
            for (number, amount) in book.beside(self.name, label)?.iter().flatten().enumerate() {
                figures.add_text(format!("{} {label} {number}", self.name), amount)?;
            }
        }
        Ok(())
    }
}
