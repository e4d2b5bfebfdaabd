//! Tie-outs and vendors as tables, for whoever keeps the months side by side.

use super::csv::{self, Table, for_people};
use super::outputs::Written;
use super::read_back::{Figures, compare};
use super::reconciliation_sheets::sections;
use super::{NamedBytes, closed_months, path};
use crate::model::exchange::ExchangeRate;
use crate::model::month_end::MonthEnd;
use crate::model::proof::LawResult;

const TIE_OUTS: [&str; 8] = ["id", "about", "left_name", "left", "right_name", "right", "difference", "passes"];
const VENDORS: [&str; 14] = [
    "provider",
    "billing_account_id",
    "invoice_id",
    "state",
    "currency",
    "charges",
    "credits",
    "usage",
    "invoice",
    "invoice_basis",
    "difference",
    "exchange_rate",
    "exchange_rate_of",
    "exchange_rate_source",
];

pub(super) fn write(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let mut files = vec![
        NamedBytes { path: file(end, "tie-outs"), bytes: tie_outs(end)? },
        NamedBytes { path: file(end, "vendors"), bytes: vendors(end)? },
    ];
    files.extend(closed_months::csv(end)?);
    Ok(files)
}

fn file(end: &MonthEnd, stem: &str) -> String {
    path(end, "reconciliation", stem, "csv")
}

fn tie_outs(end: &MonthEnd) -> anyhow::Result<Vec<u8>> {
    let mut table = Table::new(&TIE_OUTS)?;
    for tie_out in &end.tie_outs {
        table.row(&[
            tie_out.id.clone(),
            for_people(&tie_out.about).into_owned(),
            for_people(&tie_out.left_name).into_owned(),
            tie_out.left.clone(),
            for_people(&tie_out.right_name).into_owned(),
            tie_out.right.clone(),
            tie_out.difference.clone(),
            if tie_out.passes { "yes" } else { "no" }.to_owned(),
        ])?;
    }
    table.finish()
}

fn vendors(end: &MonthEnd) -> anyhow::Result<Vec<u8>> {
    let mut table = Table::new(&VENDORS)?;
    for vendor in sections(end) {
        let rate = |told: fn(&ExchangeRate) -> String| vendor.exchange.as_ref().map(told).unwrap_or_default();
        table.row(&[
            for_people(&vendor.section.provider).into_owned(),
            for_people(&vendor.section.billing_account_id).into_owned(),
            for_people(&vendor.section.invoice_id).into_owned(),
            vendor.state.in_words().to_owned(),
            for_people(&vendor.currency).into_owned(),
            vendor.charges.to_string(),
            vendor.credits.to_string(),
            vendor.usage.to_string(),
            vendor.invoice.map(|invoice| invoice.to_string()).unwrap_or_default(),
            vendor.invoice_basis.to_string(),
            vendor.difference.to_string(),
            rate(|rate| rate.rate.normalize().to_string()),
            rate(|rate| rate.quoted_on.to_string()),
            rate(|rate| for_people(&rate.source).into_owned()),
        ])?;
    }
    table.finish()
}

pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Vec<LawResult> {
    let read = |stem: &str, columns: &[usize]| {
        let path = file(end, stem);
        let figures = written.bytes(&path).and_then(|bytes| read(&bytes, columns));
        (path, figures)
    };
    let (tie_outs, in_tie_outs) = read("tie-outs", &[3, 5, 6]);
    let (vendors, in_vendors) = read("vendors", &[5, 6, 7, 8, 9, 10]);
    let mut laws = vec![
        compare(&tie_outs, in_tie_outs, tie_outs_in_ledger(end)),
        compare(&vendors, in_vendors, vendors_in_ledger(end)),
    ];
    laws.extend(closed_months::read_back(end, written));
    laws
}

fn read(bytes: &[u8], columns: &[usize]) -> anyhow::Result<Figures> {
    let (header, rows) = csv::read(bytes)?;
    let mut figures = Figures::default();
    for (number, row) in rows.iter().enumerate() {
        for &column in columns {
            figures.add_if_amount(format!("row {} {}", number + 1, header[column]), &row[column])?;
        }
    }
    Ok(figures)
}

fn tie_outs_in_ledger(end: &MonthEnd) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for (number, tie_out) in end.tie_outs.iter().enumerate() {
        for (name, text) in [("left", &tie_out.left), ("right", &tie_out.right), ("difference", &tie_out.difference)] {
            figures.add_if_amount(format!("row {} {name}", number + 1), text)?;
        }
    }
    Ok(figures)
}

fn vendors_in_ledger(end: &MonthEnd) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for (number, vendor) in sections(end).into_iter().enumerate() {
        let row = format!("row {}", number + 1);
        figures.add(format!("{row} charges"), vendor.charges)?;
        figures.add(format!("{row} credits"), vendor.credits)?;
        figures.add(format!("{row} usage"), vendor.usage)?;
        figures.add(format!("{row} difference"), vendor.difference)?;
        figures.add_money(format!("{row} invoice_basis"), vendor.invoice_basis)?;
        if let Some(invoice) = vendor.invoice {
            figures.add_money(format!("{row} invoice"), invoice)?;
        }
    }
    Ok(figures)
}
