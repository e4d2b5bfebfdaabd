//! Invoices of closed months: those that came since, and those that are still to come. A month in which nothing of the
//! kind happens has no such table.

use super::csv::{self, Table, for_people};
use super::outputs::Written;
use super::read_back::{Figures, compare};
use super::reconciliation_sheets::item_in_words;
use super::sheet::Sheet;
use super::workbook::{Cell, Kind, column};
use super::{NamedBytes, path};
use crate::model::money::{Money, Overflow};
use crate::model::month_end::MonthEnd;
use crate::model::past::LateInvoice;
use crate::model::proof::{LawResult, VendorReconciliation};

const COLUMNS: [&str; 13] = [
    "month",
    "provider",
    "billing_account_id",
    "invoice_id",
    "state",
    "currency",
    "usage",
    "accrued",
    "booked_before",
    "invoice",
    "booked_now",
    "variance",
    "items",
];
const AMOUNTS: [usize; 6] = [6, 7, 8, 9, 10, 11];

/// One section of a closed month.
struct Row<'a> {
    month: String,
    vendor: &'a VendorReconciliation,
    accrued: Money,
    booked: Option<Money>,
    invoice: Option<Money>,
    booked_now: Money,
    variance: Money,
}

fn rows(end: &MonthEnd) -> Result<Vec<Row<'_>>, Overflow> {
    let came = |late: &'_ LateInvoice| -> Result<(Money, Money), Overflow> { Ok((late.amount()?, late.variance()?)) };
    let mut rows = Vec::new();
    for late in &end.past.late {
        let (booked_now, variance) = came(late)?;
        rows.push(Row {
            month: late.month.to_string(),
            vendor: &late.vendor,
            accrued: late.accrued,
            booked: late.booked,
            invoice: Some(late.invoice),
            booked_now,
            variance,
        });
    }
    for (section, owed) in end.past.still_open()? {
        rows.push(Row {
            month: section.month.to_string(),
            vendor: &section.vendor,
            accrued: owed,
            booked: None,
            invoice: None,
            booked_now: Money::ZERO,
            variance: Money::ZERO,
        });
    }
    Ok(rows)
}

pub(super) fn sheet(end: &MonthEnd) -> Result<Option<Sheet>, Overflow> {
    let columns = vec![
        column("Month", 10, Kind::Text),
        column("Vendor", 14, Kind::Text),
        column("Billing account", 20, Kind::Text),
        column("Invoice", 16, Kind::Text),
        column("State", 22, Kind::Text),
        column("Usage", 18, Kind::Decimal),
        column("Accrued", 15, Kind::Money),
        column("Booked before", 15, Kind::Money),
        column("Invoiced", 15, Kind::Money),
        column("Booked now", 15, Kind::Money),
        column("Above accrual", 15, Kind::Money),
        column("Items", 44, Kind::Long),
    ];
    let found = rows(end)?;
    if found.is_empty() {
        return Ok(None);
    }
    let total = |amount: fn(&Row<'_>) -> Money| Money::total(found.iter().map(amount));
    let checks = vec![
        (6, total(|row| row.accrued)?),
        (7, total(|row| row.booked.unwrap_or_default())?),
        (8, total(|row| row.invoice.unwrap_or_default())?),
        (9, total(|row| row.booked_now)?),
        (10, total(|row| row.variance)?),
    ];
    let cells = |row: &Row<'_>| {
        vec![
            Cell::text(&row.month),
            Cell::text(&row.vendor.section.provider),
            Cell::text(&row.vendor.section.billing_account_id),
            Cell::text(&row.vendor.section.invoice_id),
            Cell::text(row.vendor.state.in_words()),
            Cell::Cost(row.vendor.usage),
            Cell::Money(row.accrued),
            Cell::Money(row.booked.unwrap_or_default()),
            Cell::Money(row.invoice.unwrap_or_default()),
            Cell::Money(row.booked_now),
            Cell::Money(row.variance),
            Cell::text(items(row.vendor)),
        ]
    };
    Ok(Some(Sheet {
        name: "Closed months",
        title: "Invoices of closed months",
        what: "Invoices that came or changed after their month was closed, booked in this one; and what is accrued until its \
               invoice comes."
            .to_owned(),
        columns,
        rows: found.iter().map(cells).collect(),
        checks,
    }))
}

fn items(vendor: &VendorReconciliation) -> String {
    let item = |item: &crate::model::proof::ReconcilingItem| {
        format!("{} {} ({})", item_in_words(item.item_type), item.amount.for_people(), item.description)
    };
    vendor.items.iter().map(item).collect::<Vec<_>>().join("; ")
}

fn file(end: &MonthEnd) -> String {
    path(end, "reconciliation", "closed-months", "csv")
}

pub(super) fn csv(end: &MonthEnd) -> anyhow::Result<Option<NamedBytes>> {
    let rows = rows(end)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut table = Table::new(&COLUMNS)?;
    for row in rows {
        let known = |amount: Option<Money>| amount.map(|amount| amount.to_string()).unwrap_or_default();
        table.row(&[
            row.month.clone(),
            for_people(&row.vendor.section.provider).into_owned(),
            for_people(&row.vendor.section.billing_account_id).into_owned(),
            for_people(&row.vendor.section.invoice_id).into_owned(),
            row.vendor.state.in_words().to_owned(),
            for_people(&row.vendor.currency).into_owned(),
            row.vendor.usage.to_string(),
            row.accrued.to_string(),
            known(row.booked),
            known(row.invoice),
            row.booked_now.to_string(),
            row.variance.to_string(),
            for_people(&items(row.vendor)).into_owned(),
        ])?;
    }
    Ok(Some(NamedBytes { path: file(end), bytes: table.finish()? }))
}

pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Option<LawResult> {
    let rows = match rows(end) {
        Ok(rows) if rows.is_empty() => return None,
        rows => rows,
    };
    let path = file(end);
    let in_file = written.bytes(&path).and_then(|bytes| in_file(&bytes));
    Some(compare(&path, in_file, rows.map_err(Into::into).and_then(|rows| in_ledger(&rows))))
}

fn in_file(bytes: &[u8]) -> anyhow::Result<Figures> {
    let (header, rows) = csv::read(bytes)?;
    let mut figures = Figures::default();
    for (number, row) in rows.iter().enumerate() {
        for place in AMOUNTS {
            figures.add_if_amount(format!("row {} {}", number + 1, header[place]), &row[place])?;
        }
    }
    Ok(figures)
}

fn in_ledger(rows: &[Row<'_>]) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for (number, row) in rows.iter().enumerate() {
        let name = |column: usize| format!("row {} {}", number + 1, COLUMNS[column]);
        figures.add(name(6), row.vendor.usage)?;
        let known = [Some(row.accrued), row.booked, row.invoice, Some(row.booked_now), Some(row.variance)];
        for (column, amount) in (7..).zip(known) {
            if let Some(amount) = amount {
                figures.add_money(name(column), amount)?;
            }
        }
    }
    Ok(figures)
}
