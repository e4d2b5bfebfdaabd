//! Workbooks for finance people: one look, one way to write a table, and the only place where an amount is a double.
//!
//! A workbook knows only doubles. [`super::doubles`] has the ways in and out: a double keeps fifteen digits, and a decimal
//! that has more is written as text instead. Formulas are ours alone (`SUM`, `ROUND`), each beside the ledger's own figure
//! and a difference that must be zero; a text from a file is written as text, in a cell that stays text when somebody
//! edits it. The creation date is the last day of the month: the same month gives the same bytes.

use super::doubles::{double, from_double, to_double};
use super::look::{GREEN, Look, RED};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month::Month;
use crate::model::untrusted::{starts_formula, xlsx};
use anyhow::{Context, ensure};
use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{
    Color, ConditionalFormatCell, ConditionalFormatCellRule, DocProperties, ExcelDateTime, Format, Formula,
    IgnoreError, Table, TableColumn, TableStyle, Workbook, Worksheet,
};
use std::borrow::Cow;

/// Excel's own limit is 1,048,576 rows; past this a sheet is no help to a reader, and the CSV beside it has every row.
pub(super) const MOST_ROWS: usize = 20_000;

/// What a sheet says that has no rows.
pub(super) const NO_ROWS: &str = "No rows on this sheet.";

/// US Letter.
const PAPER: u8 = 1;

/// What a cell holds.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Blank,
    /// Text from anywhere.
    Text(String),
    /// Sentences, each on a line of its own.
    Lines(Vec<String>),
    Money(Money),
    /// A cost with all its decimals.
    Cost(Cost),
    /// A quantity or a count as decimal text, or an amount of which we know no more.
    Decimal(String),
    Date(NaiveDate),
}

impl Cell {
    pub fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    pub fn yes(yes: bool) -> Self {
        Self::text(if yes { "yes" } else { "no" })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Text that may need several lines.
    Long,
    Money,
    Decimal,
    Date,
}

pub(super) struct Column {
    pub header: &'static str,
    /// In characters.
    pub width: u16,
    pub kind: Kind,
}

pub(super) const fn column(header: &'static str, width: u16, kind: Kind) -> Column {
    Column { header, width, kind }
}

/// Where a table lies: rows of its first and last data row, counted from zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub first: u32,
    pub last: u32,
}

/// What every sheet of a workbook says of itself.
pub(super) struct About {
    /// `Department of Health (DOH)`, `State of Westmark`
    pub whose: String,
    pub state: String,
    pub title: String,
    pub month: Month,
    pub run: String,
    pub standing: &'static str,
}

impl About {
    fn subtitle(&self) -> String {
        format!("{}  |  {}  |  {}  |  run {}", self.whose, self.month.in_words(), self.standing, self.run)
    }
}

pub(super) struct Book {
    workbook: Workbook,
    pub look: Look,
    about: About,
    tables: usize,
}

impl Book {
    pub fn new(about: About) -> anyhow::Result<Self> {
        let mut workbook = Workbook::new();
        // A statement of twenty thousand details is a quarter larger than at the usual level, and deflating takes a third of
        // the time.
        workbook.set_zip_compression_level(2);
        let properties = DocProperties::new()
            .set_title(clean(&format!("{}, {}", about.title, about.month.in_words())))
            .set_subject(clean(&about.whose))
            .set_author(clean(&about.state))
            .set_comment(format!("{} run {}", about.standing, about.run))
            .set_creation_datetime(&excel_date(about.month.last_day())?);
        workbook.set_properties(&properties);
        Ok(Self { workbook, look: Look::new(), about, tables: 0 })
    }

    pub fn about(&self) -> &About {
        &self.about
    }

    /// A sheet with nothing on it but its print setup.
    pub fn blank(&mut self, name: &str, landscape: bool) -> anyhow::Result<&mut Worksheet> {
        let foot = footer(&self.about);
        let sheet = self.workbook.add_worksheet();
        sheet.set_name(name)?;
        if landscape {
            sheet.set_landscape();
        }
        sheet.set_paper_size(PAPER).set_print_fit_to_pages(1, 0).set_footer(foot);
        sheet.set_screen_gridlines(false).set_margins(0.5, 0.5, 0.6, 0.7, 0.3, 0.3);
        Ok(sheet)
    }

    pub fn sheet(&mut self, name: &str) -> anyhow::Result<(&mut Worksheet, &Look)> {
        Ok((self.workbook.worksheet_from_name(name)?, &self.look))
    }

    /// A sheet of one table: title, what it is, sums that are checked against the ledger, header, rows. `checks` names
    /// the columns that are added up, with what the ledger says they come to.
    pub fn table_sheet(
        &mut self,
        name: &str,
        title: &str,
        what: &str,
        columns: &[Column],
        rows: &[Vec<Cell>],
        checks: &[(usize, Money)],
    ) -> anyhow::Result<()> {
        let subtitle = self.about.subtitle();
        self.blank(name, true)?;
        let (sheet, look) = self.sheet(name)?;
        heads(sheet, look, title, &subtitle, what)?;
        if rows.is_empty() {
            sheet.write_string_with_format(4, 0, NO_ROWS, &look.strong)?;
            widths(sheet, columns)?;
            return Ok(());
        }
        let first = if checks.is_empty() { 4 } else { 8 };
        for &(place, ledger) in checks {
            let label = if place == checks[0].0 { CHECK_LABELS } else { ["", "", ""] };
            let placed = Placed { first: first + 1, last: first + rows.len() as u32 };
            check(sheet, look, 4, place as u16, label, placed, (sum_of(rows, place)?, ledger))?;
        }
        let placed = self.table(name, first, columns, rows)?;
        let (sheet, _) = self.sheet(name)?;
        widths(sheet, columns)?;
        sheet.set_freeze_panes(first + 1, 0)?.set_repeat_rows(first, first)?;
        ensure!(placed.first == first + 1, "the table is not where its sums look for it");
        Ok(())
    }

    /// A named table with filters on an existing sheet.
    pub fn table(&mut self, name: &str, first: u32, columns: &[Column], rows: &[Vec<Cell>]) -> anyhow::Result<Placed> {
        self.tables += 1;
        let table_name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let table_name = format!("{table_name}_{}", self.tables);
        let (sheet, look) = self.sheet(name)?;
        let headers: Vec<TableColumn> = columns
            .iter()
            .map(|column| {
                let format = if is_number(column.kind) { &look.header_right } else { &look.header };
                TableColumn::new().set_header(column.header).set_header_format(format)
            })
            .collect();
        let placed = Placed { first: first + 1, last: first + rows.len() as u32 };
        let table = Table::new().set_name(table_name).set_style(TableStyle::None).set_columns(&headers);
        let last_column = columns.len() as u16 - 1;
        sheet.add_table(first, 0, placed.last, last_column, &table)?;
        sheet.set_row_height(first, 30)?;
        for (row, cells) in (placed.first..).zip(rows) {
            ensure!(cells.len() == columns.len(), "a row of {name} has another width than its header");
            for (place, (cell, column)) in (0u16..).zip(cells.iter().zip(columns)) {
                write(sheet, look, row, place, column.kind, cell)?;
            }
            let height = cells.iter().zip(columns).map(|(cell, column)| lines(cell, column)).max().unwrap_or(1);
            if height > 1 {
                sheet.set_row_height(row, height.min(MOST_LINES) * LINE_HEIGHT)?;
            }
        }
        sheet.ignore_error_range(placed.first, 0, placed.last, last_column, IgnoreError::NumberStoredAsText)?;
        Ok(placed)
    }

    /// A name for a cell, so that a reader's own formulas survive a change of layout.
    pub fn define(&mut self, name: &str, sheet: &str, place: u16, row: u32) -> anyhow::Result<()> {
        self.workbook.define_name(name, &format!("='{sheet}'!${}${}", letter(place), row + 1))?;
        Ok(())
    }

    pub fn finish(mut self) -> anyhow::Result<Vec<u8>> {
        Ok(self.workbook.save_to_buffer()?)
    }
}

/// Sum of the rows, the ledger's figure, and their difference.
pub(super) const CHECK_LABELS: [&str; 3] = ["Sum of the rows", "In the ledger", "Difference (must be 0.00)"];

/// Three cells below each other in a table's column: a formula over its rows, the ledger's figure, what is between them.
pub(super) fn check(
    sheet: &mut Worksheet,
    look: &Look,
    row: u32,
    place: u16,
    labels: [&str; 3],
    placed: Placed,
    (rows, ledger): (Money, Money),
) -> anyhow::Result<()> {
    for (below, label) in (0..).zip(labels) {
        if !label.is_empty() {
            sheet.write_string_with_format(row + below, place - 1, label, &look.label)?;
        }
    }
    let letter = letter(place);
    let sum = format!("ROUND(SUM({letter}{}:{letter}{}),2)", placed.first + 1, placed.last + 1);
    let sum = Formula::new(sum).set_result(from_double(double(rows)?));
    sheet.write_formula_with_format(row, place, sum, &look.total)?;
    sheet.write_number_with_format(row + 1, place, double(ledger)?, &look.total)?;
    let between = from_double(double(rows.checked_sub(ledger)?)?);
    let difference = Formula::new(format!("ROUND({letter}{}-{letter}{},2)", row + 1, row + 2)).set_result(between);
    sheet.write_formula_with_format(row + 2, place, difference, &look.total)?;
    let wrong = ConditionalFormatCell::new()
        .set_rule(ConditionalFormatCellRule::NotEqualTo(0))
        .set_format(Format::new().set_font_color(Color::White).set_background_color(RED));
    let right = ConditionalFormatCell::new()
        .set_rule(ConditionalFormatCellRule::EqualTo(0))
        .set_format(Format::new().set_font_color(GREEN));
    sheet.add_conditional_format(row + 2, place, row + 2, place, &wrong)?;
    sheet.add_conditional_format(row + 2, place, row + 2, place, &right)?;
    Ok(())
}

/// The money in one column.
pub(super) fn sum_of(rows: &[Vec<Cell>], place: usize) -> Result<Money, Overflow> {
    Money::total(rows.iter().filter_map(|row| match row.get(place) {
        Some(Cell::Money(money)) => Some(*money),
        _ => None,
    }))
}

/// `A` to `Z`, `AA` and so on.
fn letter(place: u16) -> String {
    let own = char::from(b'A' + (place % 26) as u8);
    if place < 26 { own.to_string() } else { format!("{}{own}", letter(place / 26 - 1)) }
}

pub(super) fn write_money(
    sheet: &mut Worksheet,
    row: u32,
    place: u16,
    money: Money,
    format: &Format,
) -> anyhow::Result<()> {
    sheet.write_number_with_format(row, place, double(money)?, format)?;
    Ok(())
}

/// Text that stays text: no formula, no link, no control characters.
pub(super) fn write_text(
    sheet: &mut Worksheet,
    row: u32,
    place: u16,
    text: &str,
    format: &Format,
) -> anyhow::Result<()> {
    let harmless = clean(text);
    if starts_formula(&harmless) {
        sheet.write_string_with_format(row, place, harmless, &format.clone().set_quote_prefix())?;
    } else {
        sheet.write_string_with_format(row, place, harmless, format)?;
    }
    Ok(())
}

fn clean(text: &str) -> Cow<'_, str> {
    xlsx(text)
}

fn write(sheet: &mut Worksheet, look: &Look, row: u32, place: u16, kind: Kind, cell: &Cell) -> anyhow::Result<()> {
    let text = if kind == Kind::Long { &look.long } else { &look.text };
    match cell {
        Cell::Blank => {
            sheet.write_blank(row, place, text)?;
        }
        Cell::Lines(lines) => {
            let lines: Vec<Cow<'_, str>> = lines.iter().map(|line| clean(line)).collect();
            sheet.write_string_with_format(row, place, lines.join("\n"), &look.long.clone().set_quote_prefix())?;
        }
        Cell::Text(content) => {
            write_text(sheet, row, place, content, if is_number(kind) { &look.right } else { text })?;
        }
        Cell::Money(money) => write_money(sheet, row, place, *money, &look.money)?,
        Cell::Date(date) => {
            sheet.write_datetime_with_format(row, place, &excel_date(*date)?, &look.date)?;
        }
        Cell::Cost(cost) => write_decimal(sheet, look, row, place, &cost.to_string(), &look.decimal)?,
        Cell::Decimal(decimal) => {
            let format = if decimal.contains('.') { &look.decimal } else { &look.count };
            write_decimal(sheet, look, row, place, decimal, format)?;
        }
    }
    Ok(())
}

/// Points; a row cannot be higher than 409.
const LINE_HEIGHT: u32 = 15;
const MOST_LINES: u32 = 27;

/// How many lines a cell needs in its column: no program works it out from the file alone.
fn lines(cell: &Cell, column: &Column) -> u32 {
    let wrapped = |text: &str| {
        let room = usize::from(column.width).saturating_sub(3).max(1);
        let (mut lines, mut used) = (1, 0);
        for word in text.split(' ') {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > room {
                (lines, used) = (lines + 1, 0);
            }
            lines += length.saturating_sub(1) / room;
            used += length + usize::from(used > 0);
        }
        lines
    };
    let lines = match cell {
        Cell::Text(text) if column.kind == Kind::Long || is_number(column.kind) => wrapped(text),
        Cell::Decimal(text) => wrapped(text),
        Cell::Lines(lines) => lines.iter().map(|line| wrapped(line)).sum(),
        _ => 1,
    };
    u32::try_from(lines).unwrap_or(MOST_LINES)
}

/// A number where a double keeps all digits, otherwise text that shows them.
fn write_decimal(
    sheet: &mut Worksheet,
    look: &Look,
    row: u32,
    place: u16,
    decimal: &str,
    format: &Format,
) -> anyhow::Result<()> {
    match to_double(decimal) {
        Some(double) => {
            sheet.write_number_with_format(row, place, double, format)?;
            Ok(())
        }
        None => write_text(sheet, row, place, decimal, &look.right),
    }
}

const fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Money | Kind::Decimal)
}

fn heads(sheet: &mut Worksheet, look: &Look, title: &str, subtitle: &str, what: &str) -> anyhow::Result<()> {
    write_text(sheet, 0, 0, title, &look.title)?;
    sheet.set_row_height(0, 28)?;
    write_text(sheet, 1, 0, subtitle, &look.subtitle)?;
    write_text(sheet, 2, 0, what, &look.note)
}

pub(super) fn widths(sheet: &mut Worksheet, columns: &[Column]) -> anyhow::Result<()> {
    for (place, column) in (0u16..).zip(columns) {
        sheet.set_column_width(place, column.width)?;
    }
    Ok(())
}

/// An ampersand begins a code in a header or footer, so a name that holds one has it twice.
fn footer(about: &About) -> String {
    let whose: String = clean(&about.whose).replace('&', "&&").chars().take(80).collect();
    let left = format!("{whose}, {}", about.month.in_words());
    format!("&L&8{left}&C&8{} run {}&R&8&A, page &P of &N", about.standing, about.run)
}

fn excel_date(date: NaiveDate) -> anyhow::Result<ExcelDateTime> {
    let year = u16::try_from(date.year()).context("a year that no workbook knows")?;
    Ok(ExcelDateTime::from_ymd(year, date.month() as u8, date.day() as u8)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_columns() {
        assert_eq!([0, 25, 26, 51, 52].map(letter), ["A", "Z", "AA", "AZ", "BA"]);
    }
}
