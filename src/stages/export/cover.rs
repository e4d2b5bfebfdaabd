//! The first sheet of a workbook: whose it is, what it is, how far it goes, and who signs.

use super::look::Look;
use super::workbook::{Book, CHECK_LABELS, Cell, Column, Placed, check, sum_of, write_text};
use crate::model::money::Money;
use rust_xlsxwriter::{FormatAlign, Worksheet};

/// State, title, whose and month on the left, DRAFT or FINAL on the right: rows 0 to 3 of a sheet of five columns.
pub(super) fn cover(book: &mut Book, name: &str) -> anyhow::Result<()> {
    let about = book.about();
    let lines = [about.state.clone(), about.title.clone(), about.whose.clone(), about.month.in_words()];
    let standing = about.standing;
    let (sheet, look) = book.sheet(name)?;
    let formats = [&look.subtitle, &look.title, &look.heading, &look.heading];
    for (row, (line, format)) in (0..).zip(lines.iter().zip(formats)) {
        write_text(sheet, row, 0, line, format)?;
    }
    let badge = if standing == "DRAFT" { &look.draft } else { &look.done };
    let badge = badge.clone().set_align(FormatAlign::Center).set_align(FormatAlign::VerticalCenter);
    write_text(sheet, 1, 4, standing, &badge)?;
    for (row, height) in [(1, 30), (2, 20), (3, 20)] {
        sheet.set_row_height(row, height)?;
    }
    Ok(())
}

pub(super) fn heading(book: &mut Book, name: &str, row: u32, text: &str) -> anyhow::Result<()> {
    let (sheet, look) = book.sheet(name)?;
    write_text(sheet, row, 0, text, &look.heading)
}

/// A table whose last column is added up below it and checked against the ledger.
pub(super) fn checked_table(
    book: &mut Book,
    name: &str,
    first: u32,
    columns: &[Column],
    rows: &[Vec<Cell>],
    ledger: Money,
) -> anyhow::Result<Placed> {
    let placed = book.table(name, first, columns, rows)?;
    let last = columns.len() - 1;
    let (sheet, look) = book.sheet(name)?;
    check(sheet, look, placed.last + 1, last as u16, CHECK_LABELS, placed, (sum_of(rows, last)?, ledger))?;
    Ok(placed)
}

pub(super) fn signatures(sheet: &mut Worksheet, look: &Look, row: u32) -> anyhow::Result<()> {
    for (place, label) in [(0, "Prepared by"), (2, "Approved by")] {
        write_text(sheet, row, place, label, &look.subtitle)?;
        write_text(sheet, row + 2, place, "______________________________", &look.subtitle)?;
    }
    Ok(())
}
