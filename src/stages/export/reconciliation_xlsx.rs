//! The reconciliation: from the vendors' invoices to the bills, with everything that is on no bill named.
//!
//! It is what an auditor asks for first, so each sheet answers one question and its sums are checked on the sheet.

use super::NamedBytes;
use super::cover::{checked_table, cover, heading, signatures};
use super::outputs::Written;
use super::read_back::{Figures, compare};
use super::reconciliation_sheets::{
    agencies, cents, inputs, items, laws, not_billed, parts, pool_shares, pools, prepaid, quarantine, tie_outs, vendors,
};
use super::reread::Reread;
use super::sheet::Sheet;
use super::workbook::{About, Book, Cell, Column, Kind, column, widths, write_text};
use super::{closed_months, credits, path, standing_in_words, subsidies, usage_logs};
use crate::model::bill::Destination;
use crate::model::money::{Money, Overflow};
use crate::model::month_end::MonthEnd;
use crate::model::proof::{Gate, LawResult};
use crate::model::settings::Mode;
use rust_xlsxwriter::{Format, FormatAlign};

const SUMMARY: &str = "Summary";
const STEPS: [Column; 5] = [
    column("Part", 26, Kind::Text),
    column("What it is", 54, Kind::Long),
    column("Number", 14, Kind::Decimal),
    column("Currency", 12, Kind::Text),
    column("Amount", 18, Kind::Money),
];
const GATES: [Column; 3] =
    [column("Gate", 26, Kind::Text), column("Why", 54, Kind::Long), column("Passes", 14, Kind::Text)];

pub(super) fn write(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let mut book = Book::new(About {
        whose: "Cloud services, from invoice to bill".to_owned(),
        state: end.settings.state.name.clone(),
        title: "Reconciliation".to_owned(),
        month: end.month,
        run: end.run.clone(),
        standing: standing_in_words(end),
    })?;
    summary(&mut book, end)?;
    for sheet in sheets(end)? {
        sheet.write(&mut book)?;
    }
    Ok(vec![NamedBytes { path: file(end), bytes: book.finish()? }])
}

fn file(end: &MonthEnd) -> String {
    path(end, "reconciliation", "reconciliation", "xlsx")
}

fn sheets(end: &MonthEnd) -> anyhow::Result<Vec<Sheet>> {
    let mut sheets = vec![
        vendors(end)?,
        items(end),
        agencies(end)?,
        tie_outs(end),
        parts(end),
        laws(end),
        pools(end)?,
        pool_shares(end)?,
        cents(end)?,
        not_billed(end)?,
        prepaid(end)?,
        quarantine(end),
        inputs(end),
    ];
    if let Some(sheet) = credits::sheet(end)? {
        sheets.insert(3, sheet);
    }
    if let Some(sheet) = usage_logs::sheet(end) {
        sheets.insert(3, sheet);
    }
    if let Some(sheet) = subsidies::sheet(end)? {
        sheets.insert(3, sheet);
    }
    if let Some(sheet) = closed_months::sheet(end)? {
        sheets.insert(2, sheet);
    }
    Ok(sheets)
}

/// The page that is signed: where the vendors' cost went, what is billed, and what had to hold.
fn summary(book: &mut Book, end: &MonthEnd) -> anyhow::Result<()> {
    book.blank(SUMMARY, false)?;
    cover(book, SUMMARY)?;
    let (sheet, look) = book.sheet(SUMMARY)?;
    write_text(sheet, 4, 0, &format!("run {}", end.run), &look.subtitle)?;
    heading(book, SUMMARY, 6, "Where the vendors' cost went")?;
    let placed = checked_table(book, SUMMARY, 7, &STEPS, &steps(end)?, basis(end)?)?;
    heading(book, SUMMARY, placed.last + 5, "What became of the bills")?;
    let lines = Money::total(end.bills.lines.iter().map(|line| line.amount))?;
    let placed = checked_table(book, SUMMARY, placed.last + 6, &STEPS, &modes(end)?, lines)?;
    let mut row = placed.last + 5;
    if !end.gates.is_empty() {
        heading(book, SUMMARY, row, "What had to hold before the month is closed")?;
        row = book.table(SUMMARY, row + 1, &GATES, &gates(end))?.last + 2;
    }
    let (sheet, look) = book.sheet(SUMMARY)?;
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.merge_range(row, 0, row, 4, "", &wrapped)?;
    write_text(sheet, row, 0, WORDS, &wrapped)?;
    sheet.set_row_height(row, 48)?;
    signatures(sheet, look, row + 2)?;
    widths(sheet, &STEPS)
}

const WORDS: &str = "Each vendor's cost in cents is its invoice, or its charges rounded while no invoice has come. It is on a \
                     bill, in a pool, borne by name, or in suspense: the sums above and on the other sheets prove that \
                     nothing is left over. Differences must be 0.00.";

/// What the vendors' cost is in cents, over all sections.
fn basis(end: &MonthEnd) -> Result<Money, Overflow> {
    Money::total(end.vendors.iter().map(|vendor| vendor.invoice_basis))
}

type Holds = fn(&Destination) -> bool;

const WAYS: [(&str, &str, Holds); 6] = [
    ("Agencies", "the agencies' own charges", |to| matches!(to, Destination::Agency(_))),
    ("Pools", "shared cost, by a driver", |to| matches!(to, Destination::Pool(_))),
    ("Central", "borne by the provider, with a reason", |to| matches!(to, Destination::Central(_)) && !to.is_prepaid()),
    ("Prepaid", "commitments bought, less what of them was used", |to| to.is_prepaid()),
    ("Excluded", "not of these books, with a reason", |to| matches!(to, Destination::Excluded(_))),
    ("Suspense", "not owned by anyone yet", |to| matches!(to, Destination::Suspense(_))),
];

fn steps(end: &MonthEnd) -> Result<Vec<Vec<Cell>>, Overflow> {
    let currency = &end.settings.state.currency;
    let cells = |name: &str, what: &str, charges: usize, amount: Money| {
        vec![
            Cell::text(name),
            Cell::text(what),
            Cell::Decimal(charges.to_string()),
            Cell::text(currency),
            Cell::Money(amount),
        ]
    };
    let mut rows = Vec::new();
    for (name, what, holds) in WAYS {
        let charges = || end.charges.iter().filter(|charge| holds(&charge.destination));
        let amount = Money::total(charges().map(|charge| charge.amount))?;
        rows.push(cells(name, what, charges().count(), amount));
    }
    let items = Money::total(end.bills.central.iter().map(|central| central.amount))?;
    rows.push(cells("Invoice only", "on an invoice with no charge behind it", end.bills.central.len(), items));
    Ok(rows)
}

fn modes(end: &MonthEnd) -> Result<Vec<Vec<Cell>>, Overflow> {
    let modes = [
        ("Due", "asked of agencies and posted", Mode::Chargeback),
        ("Absorbed", "paid by a central fund for the agency", Mode::Absorbed),
        ("Showback", "shown, not billed", Mode::Showback),
        ("For information", "listed, not billed", Mode::Visibility),
    ];
    let row = |(name, what, mode): (&str, &str, Mode)| {
        let lines = || end.bills.lines.iter().filter(|line| line.mode == mode);
        Ok(vec![
            Cell::text(name),
            Cell::text(what),
            Cell::Decimal(lines().count().to_string()),
            Cell::text(&end.settings.state.currency),
            Cell::Money(Money::total(lines().map(|line| line.amount))?),
        ])
    };
    modes.into_iter().map(row).collect()
}

fn gates(end: &MonthEnd) -> Vec<Vec<Cell>> {
    let row = |gate: &Gate| vec![Cell::text(&gate.name), Cell::text(&gate.detail), Cell::yes(gate.passes)];
    end.gates.iter().map(row).collect()
}

pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Vec<LawResult> {
    let file = file(end);
    let read = |bytes: &[u8]| {
        let (mut book, mut figures) = (Reread::open(bytes)?, Figures::default());
        for (number, row) in book.all_rows(SUMMARY, &["Part", "Amount"])?.into_iter().enumerate() {
            figures.add_text(format!("{SUMMARY} {} {number}", row[0]), &row[1])?;
        }
        sheets(end)?.iter().try_for_each(|sheet| sheet.read(&mut book, &mut figures))?;
        Ok(figures)
    };
    let ledger = || {
        let mut figures = Figures::default();
        for (number, row) in steps(end)?.into_iter().chain(modes(end)?).enumerate() {
            if let [Cell::Text(name), .., Cell::Money(amount)] = row.as_slice() {
                figures.add_money(format!("{SUMMARY} {name} {number}"), *amount)?;
            }
        }
        sheets(end)?.iter().try_for_each(|sheet| sheet.figures(&mut figures))?;
        Ok(figures)
    };
    vec![compare(&file, written.bytes(&file).and_then(|bytes| read(&bytes)), ledger())]
}
