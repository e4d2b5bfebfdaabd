//! What funds pay of the bills: on the statement list, subsidy and net of each line, on the reconciliation the total of
//! each fund.

use super::sheet::Sheet;
use super::statement::{Statement, treatment};
use super::workbook::{Book, Cell, Column, Kind, column};
use crate::model::bill::BillLine;
use crate::model::money::{Money, Overflow};
use crate::model::month_end::MonthEnd;
use crate::model::settings::Mode;
use crate::model::subsidy::SubsidyPart;
use serde::Serialize;
use std::collections::BTreeMap;

fn lowered<'a>(lines: impl IntoIterator<Item = &'a BillLine>) -> Vec<(&'a BillLine, &'a SubsidyPart)> {
    lines.into_iter().filter_map(|line| Some(line).zip(line.subsidy.as_ref())).collect()
}

/// Only where a fund pays something: most lines are paid by those who used them.
pub(super) fn on_statement(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    const COLUMNS: [Column; 9] = [
        column("Bill line", 22, Kind::Text),
        column("Lowers", 22, Kind::Text),
        column("Service", 12, Kind::Text),
        column("What it is", 40, Kind::Long),
        column("Paid by", 28, Kind::Long),
        column("Treatment", 16, Kind::Text),
        column("List", 16, Kind::Money),
        column("Subsidy", 16, Kind::Money),
        column("Net", 16, Kind::Money),
    ];
    let lowered = lowered(statement.lines.iter().copied());
    if lowered.is_empty() {
        return Ok(());
    }
    let row = |(line, part): &(&BillLine, &SubsidyPart)| {
        vec![
            Cell::text(&line.id),
            Cell::text(&part.lowers),
            Cell::text(&line.service),
            Cell::text(&line.description),
            Cell::text(statement.fund_name(part.paid_by.as_str())),
            Cell::text(treatment(line)),
            Cell::Money(part.list),
            Cell::Money(line.amount),
            Cell::Money(part.net),
        ]
    };
    let rows: Vec<Vec<Cell>> = lowered.iter().map(row).collect();
    let paid = Money::total(lowered.iter().map(|(line, _)| line.amount))?;
    let what = "What a fund pays of your lines. Both stand on the bill: the line at its list amount, and beside it the subsidy.";
    book.table_sheet("Subsidies", "Subsidies", what, &COLUMNS, &rows, &[(7, paid)])
}

/// What one fund pays by one version of a subsidy, of lines that are posted and of those that are only shown.
#[derive(Serialize)]
pub(super) struct Given<'a> {
    pub fund: String,
    pub subsidy: &'a str,
    pub version: u32,
    pub list: Money,
    pub paid: Money,
    pub net: Money,
    pub posted: Money,
}

pub(super) fn given(end: &MonthEnd) -> Result<Vec<Given<'_>>, Overflow> {
    let mut sums: BTreeMap<(String, &str, u32), [Money; 4]> = BTreeMap::new();
    for (line, part) in lowered(&end.bills.lines) {
        let paid = line.amount.negated();
        let is_posted = matches!(line.mode, Mode::Chargeback | Mode::Absorbed);
        let sum = sums.entry((part.paid_by.to_string(), &part.subsidy, part.version)).or_default();
        let of_line = [part.list, paid, part.net, if is_posted { paid } else { Money::ZERO }];
        for (sum, amount) in sum.iter_mut().zip(of_line) {
            *sum = sum.checked_add(amount)?;
        }
    }
    let mut given = Vec::new();
    for ((fund, subsidy, version), [list, paid, net, posted]) in sums {
        given.push(Given { fund, subsidy, version, list, paid, net, posted });
    }
    Ok(given)
}

pub(super) fn sheet(end: &MonthEnd) -> Result<Option<Sheet>, Overflow> {
    let given = given(end)?;
    if given.is_empty() {
        return Ok(None);
    }
    let columns = vec![
        column("Fund", 12, Kind::Text),
        column("Subsidy", 20, Kind::Text),
        column("Version", 9, Kind::Text),
        column("List", 20, Kind::Money),
        column("Paid", 20, Kind::Money),
        column("Net to agencies", 20, Kind::Money),
        column("Of it posted", 20, Kind::Money),
    ];
    let row = |given: &Given<'_>| {
        vec![
            Cell::text(&given.fund),
            Cell::text(given.subsidy),
            Cell::text(given.version.to_string()),
            Cell::Money(given.list),
            Cell::Money(given.paid),
            Cell::Money(given.net),
            Cell::Money(given.posted),
        ]
    };
    let paid = Money::total(end.bills.lines.iter().filter(|line| line.subsidy.is_some()).map(|line| line.amount))?;
    Ok(Some(Sheet {
        name: "Subsidies",
        title: "Subsidies",
        what:
            "What funds pay of the bills. What is posted stands in the XFER entry; the provider's own fund needs none."
                .to_owned(),
        columns,
        rows: given.iter().map(row).collect(),
        checks: vec![(4, paid.negated())],
    }))
}
