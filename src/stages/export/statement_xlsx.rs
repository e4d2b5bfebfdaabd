//! An agency's statement: what is due and from which money, how each amount came about, and the charges behind it.
//!
//! A controller signs the first sheet and a budget officer reads the others without calling anyone. Every sum is a
//! formula over its rows, beside the ledger's figure and a difference that must be zero.

use super::cover::{checked_table, cover, heading, signatures};
use super::look::BAR;
use super::outputs::Written;
use super::read_back::{ByDay, Figures, amount, compare, day};
use super::reread::Reread;
use super::statement::{Statement, account_string, kind_in_words};
use super::statement_detail::{BILLED, EFFECTIVE, by_day, details, rows as detail_rows};
use super::statement_sheets::{adjusted, adjustments, exchange, funding, notes, rates, services, shared, showback};
use super::subsidies;
use super::workbook::{About, Book, CHECK_LABELS, Cell, Column, Kind, MOST_ROWS, Placed, column};
use super::workbook::{widths, write_money, write_text};
use crate::model::bill::BillLine;
use crate::model::money::{Cost, Money, Overflow};
use crate::model::proof::LawResult;
use rust_xlsxwriter::{
    Chart, ChartDataLabel, ChartDataLabelPosition, ChartFormat, ChartLine, ChartSolidFill, Color, Format, FormatAlign,
};
use std::collections::BTreeMap;
use std::io::Write;

const SERVICES: [Column; 5] = [
    column("Service", 24, Kind::Text),
    column("What it is", 44, Kind::Long),
    column("How it is priced", 22, Kind::Text),
    column("Lines", 10, Kind::Decimal),
    column("Amount due", 18, Kind::Money),
];
const FUNDS: [Column; 5] = [
    column("Fund", 24, Kind::Text),
    column("Account string", 44, Kind::Long),
    column("Budget year", 22, Kind::Text),
    column("Federal", 10, Kind::Text),
    column("Amount", 18, Kind::Money),
];
const DUE: &str = "Amount due";
const SHOWN: &str = "Shown, not billed";

pub(super) fn path(statement: &Statement<'_>) -> String {
    statement.path("statement", "xlsx")
}

pub(super) fn write(statement: &Statement<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    Ok(out.write_all(&workbook(statement)?)?)
}

fn workbook(statement: &Statement<'_>) -> anyhow::Result<Vec<u8>> {
    let mut book = Book::new(About {
        whose: format!("{} ({})", statement.name, statement.code),
        state: statement.state.to_owned(),
        title: statement.title().to_owned(),
        month: statement.month,
        run: statement.run.to_owned(),
        standing: statement.standing,
    })?;
    summary(&mut book, statement)?;
    services(&mut book, statement)?;
    funding(&mut book, statement)?;
    shared(&mut book, statement)?;
    subsidies::on_statement(&mut book, statement)?;
    adjustments(&mut book, statement)?;
    showback(&mut book, statement)?;
    details(&mut book, statement)?;
    rates(&mut book, statement)?;
    exchange(&mut book, statement)?;
    notes(&mut book, statement)?;
    book.finish()
}

/// The page a controller signs.
fn summary(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    const SHEET: &str = "Summary";
    book.blank(SHEET, false)?;
    head(book, SHEET, statement)?;
    let due = statement.amount_due()?;
    let services = by_service(statement)?;
    let funds = by_string(statement)?;
    let mut row = 10;
    if !services.is_empty() {
        heading(book, SHEET, row, "What is due, by service")?;
        let placed = checked_table(book, SHEET, row + 1, &SERVICES, &services, due)?;
        heading(book, SHEET, placed.last + 5, "Where the money comes from, by account string")?;
        let strings = checked_table(book, SHEET, placed.last + 6, &FUNDS, &funds, due)?;
        chart(book, SHEET, placed, strings.last + 5)?;
        row = strings.last + 5 + CHART_ROWS;
    }
    let (sheet, look) = book.sheet(SHEET)?;
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.merge_range(row, 0, row, 4, "", &wrapped)?;
    write_text(sheet, row, 0, statement.signing(), &wrapped)?;
    sheet.set_row_height(row, 48)?;
    signatures(sheet, look, row + 2)?;
    widths(sheet, &SERVICES)
}

fn head(book: &mut Book, name: &str, statement: &Statement<'_>) -> anyhow::Result<()> {
    let due = statement.amount_due()?;
    let shown = Money::total(statement.informing().map(|line| line.amount))?;
    cover(book, name)?;
    let (sheet, look) = book.sheet(name)?;
    write_text(sheet, 3, 4, &format!("all amounts in {}", statement.currency), &look.label)?;
    sheet.set_row_height(5, 26)?;
    write_text(sheet, 5, 0, DUE, &look.heading)?;
    write_money(sheet, 5, 1, due, &look.due.clone().set_align(FormatAlign::Left))?;
    write_text(sheet, 6, 0, SHOWN, &look.subtitle)?;
    write_money(sheet, 6, 1, shown, &Format::new().set_num_format("#,##0.00").set_align(FormatAlign::Left))?;
    write_text(sheet, 7, 0, "Contact", &look.subtitle)?;
    write_text(sheet, 7, 1, statement.contact, &Format::new())?;
    write_text(sheet, 8, 0, "Run", &look.subtitle)?;
    write_text(sheet, 8, 1, statement.run, &Format::new())?;
    let converted: Vec<String> =
        statement.exchange().into_iter().map(|rate| rate.between(statement.currency)).collect();
    if !converted.is_empty() {
        write_text(sheet, 9, 0, "Converted", &look.subtitle)?;
        write_text(sheet, 9, 1, &converted.join("; "), &Format::new())?;
    }
    book.define("AmountDue", name, 1, 5)?;
    book.define("AmountShown", name, 1, 6)
}

/// One row a service and kind, in the order of the lines.
fn by_service(statement: &Statement<'_>) -> Result<Vec<Vec<Cell>>, Overflow> {
    let mut rows: Vec<(&BillLine, usize, Money)> = Vec::new();
    for line in statement.due() {
        match rows.iter_mut().find(|(first, ..)| first.service == line.service && first.kind == line.kind) {
            Some((_, lines, sum)) => (*lines, *sum) = (*lines + 1, sum.checked_add(line.amount)?),
            None => rows.push((line, 1, line.amount)),
        }
    }
    let cells = |(line, lines, sum): (&BillLine, usize, Money)| {
        let name = statement.service_name(line);
        vec![
            Cell::text(&line.service),
            Cell::text(if name.is_empty() { &line.description } else { name }),
            Cell::text(kind_in_words(line.kind)),
            Cell::Decimal(lines.to_string()),
            Cell::Money(sum),
        ]
    };
    Ok(rows.into_iter().map(cells).collect())
}

fn by_string(statement: &Statement<'_>) -> Result<Vec<Vec<Cell>>, Overflow> {
    let mut sums = BTreeMap::new();
    for part in statement.due().flat_map(|line| &line.funding) {
        let sum: &mut Money = sums.entry((&part.string, part.budget_fiscal_year, part.federal)).or_default();
        *sum = sum.checked_add(part.amount)?;
    }
    let cells = |((string, year, federal), sum): ((&_, i32, bool), Money)| {
        let string: &crate::model::settings::AccountString = string;
        vec![
            Cell::text(statement.fund_name(&string.fund)),
            Cell::text(account_string(string)),
            Cell::text(year.to_string()),
            Cell::yes(federal),
            Cell::Money(sum),
        ]
    };
    Ok(sums.into_iter().map(cells).collect())
}

const CHART_ROWS: u32 = 18;

/// Bars in the order of the table, with their amounts; no axis, because every bar says what it is.
fn chart(book: &mut Book, name: &str, placed: Placed, row: u32) -> anyhow::Result<()> {
    let (sheet, _) = book.sheet(name)?;
    let mut chart = Chart::new_bar();
    let fill = ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(BAR)).clone();
    let mut labels = ChartDataLabel::new();
    labels.show_value().set_num_format("#,##0.00").set_position(ChartDataLabelPosition::OutsideEnd);
    chart
        .add_series()
        .set_name(DUE)
        .set_categories((name, placed.first, 1, placed.last, 1))
        .set_values((name, placed.first, 4, placed.last, 4))
        .set_format(&mut fill.clone())
        .set_data_label(&labels)
        .set_gap(60);
    chart.title().set_name("Amount due, by service");
    chart.y_axis().set_reverse();
    chart.x_axis().set_hidden(true).set_major_gridlines(false);
    chart.legend().set_hidden();
    let mut frame = ChartFormat::new();
    frame.set_border(ChartLine::new().set_color(Color::RGB(0xD0D5DD)));
    chart.chart_area().set_format(&mut frame);
    chart.set_width(860).set_height(330).set_alt_text("Bars of the amount due for each service, as in the table above");
    sheet.insert_chart(row, 0, &chart)?;
    Ok(())
}

pub(super) fn read_back(statement: &Statement<'_>, written: &Written<'_>) -> LawResult {
    let path = path(statement);
    compare(&path, written.bytes(&path).and_then(|bytes| read(&bytes, statement)), in_ledger(statement))
}

/// Every amount of every sheet under the name of its line, string or day; and every sum beside its ledger figure.
fn read(bytes: &[u8], statement: &Statement<'_>) -> anyhow::Result<Figures> {
    let mut book = Reread::open(bytes)?;
    let mut figures = Figures::default();
    let due = statement.due().next().is_some();
    for sheet in ["Services", "Showback", "Shared cost"] {
        for row in book.rows(sheet, &["Bill line", "Amount"])? {
            figures.add_text(format!("{sheet} {}", row[0]), &row[1])?;
        }
    }
    for row in book.rows("Funding", &["Bill line", "Account string", "Amount"])? {
        figures.add_text(format!("Funding {} {}", row[0], row[1]), &row[2])?;
    }
    if due {
        for row in book.rows("Summary", &["Service", "Amount due"])? {
            figures.add_text(format!("Summary {}", row[0]), &row[1])?;
        }
        for row in book.rows("Summary", &["Account string", "Amount"])? {
            figures.add_text(format!("Summary {}", row[0]), &row[1])?;
        }
    }
    read_details(&mut book, statement, &mut figures)?;
    for label in [DUE, SHOWN] {
        for amount in book.beside("Summary", label)?.first().into_iter().flatten().take(1) {
            figures.add_text(label, amount)?;
        }
    }
    for sheet in CHECKED {
        for label in CHECK_LABELS {
            for (place, amount) in book.beside(sheet, label)?.iter().flatten().enumerate() {
                figures.add_text(format!("{sheet} {label} {place}"), amount)?;
            }
        }
    }
    Ok(figures)
}

fn read_details(book: &mut Reread<'_>, statement: &Statement<'_>, figures: &mut Figures) -> anyhow::Result<()> {
    let mut headers = vec!["Bill line", "Amount", BILLED];
    // Columns in which nobody has anything are left out.
    let told = detail_rows(statement)?.iter().any(|row| row.effective.is_some());
    let by_day = by_day(statement);
    headers.extend([(told, EFFECTIVE), (by_day, "Day")].iter().filter(|(has, _)| *has).map(|(_, name)| name));
    let mut sums = ByDay::new();
    book.each_row("Line detail", &headers, |row| {
        let day = if by_day { Some(day(row.last().copied().unwrap_or_default())?) } else { None };
        let effective = if told && !row[3].is_empty() { Some(amount(row[3])?) } else { None };
        Ok(sums.add(row[0], day, [Some(amount(row[1])?), Some(amount(row[2])?), effective])?)
    })?;
    Ok(sums.figures(figures, detail_name)?)
}

/// What a sum of details is called: of a line and day, and which of the three.
fn detail_name(line: &str, day: &str, kind: usize) -> String {
    let name = format!("Line detail {line} {day}");
    match kind {
        0 => name,
        1 => format!("{name} {BILLED}"),
        _ => format!("{name} {EFFECTIVE}"),
    }
}

fn in_ledger(statement: &Statement<'_>) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for line in statement.due() {
        figures.add_money(format!("Services {}", line.id), line.amount)?;
        figures.add_money(format!("Summary {}", line.service), line.amount)?;
        for part in &line.funding {
            let string = account_string(&part.string);
            figures.add_money(format!("Summary {string}"), part.amount)?;
            figures.add_money(format!("Funding {} {string}", line.id), part.amount)?;
        }
    }
    for line in statement.informing() {
        figures.add_money(format!("Showback {}", line.id), line.amount)?;
    }
    for line in statement.lines.iter().filter(|line| line.share.is_some()) {
        figures.add_money(format!("Shared cost {}", line.id), line.amount)?;
    }
    let mut sums = ByDay::new();
    for row in detail_rows(statement)? {
        sums.add(&row.first.line.id, row.day, [Some(Cost::from_money(row.amount)), Some(row.billed), row.effective])?;
    }
    sums.figures(&mut figures, detail_name)?;
    let due = statement.amount_due()?;
    figures.add_money(DUE, due)?;
    figures.add_money(SHOWN, Money::total(statement.informing().map(|line| line.amount))?)?;
    for (sheet, place, sum) in checks(statement)? {
        figures.add_money(format!("{sheet} {} {place}", CHECK_LABELS[0]), sum)?;
        figures.add_money(format!("{sheet} {} {place}", CHECK_LABELS[1]), sum)?;
        figures.add_money(format!("{sheet} {} {place}", CHECK_LABELS[2]), Money::ZERO)?;
    }
    Ok(figures)
}

/// Sheets with a sum, a ledger figure and a difference.
const CHECKED: [&str; 7] = ["Summary", "Services", "Funding", "Shared cost", "Adjustments", "Showback", "Line detail"];

/// What each of these sums must come to; a sheet without rows has none.
fn checks(statement: &Statement<'_>) -> Result<Vec<(&'static str, usize, Money)>, Overflow> {
    let mut checks = Vec::new();
    if statement.due().next().is_some() {
        let due = statement.amount_due()?;
        checks.extend([("Summary", 0, due), ("Summary", 1, due), ("Services", 0, due), ("Funding", 0, due)]);
    }
    let informing: Vec<Money> = statement.informing().map(|line| line.amount).collect();
    let shared: Vec<Money> =
        statement.lines.iter().filter(|line| line.share.is_some()).map(|line| line.amount).collect();
    let adjusted: Vec<Money> = adjusted(statement)?.iter().map(|one| one.amount).collect();
    for (sheet, amounts) in [("Showback", informing), ("Shared cost", shared), ("Adjustments", adjusted)] {
        if !amounts.is_empty() && amounts.len() <= MOST_ROWS {
            checks.push((sheet, 0, Money::total(amounts)?));
        }
    }
    if !detail_rows(statement)?.is_empty() {
        checks.push(("Line detail", 0, statement.explained()?));
    }
    Ok(checks)
}
