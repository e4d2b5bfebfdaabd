//! The charges behind an agency's lines, one roll-up row each: for a pivot or a script. FOCUS names, ours with `x_`.

use super::NamedBytes;
use super::csv::{self, Row, Table, for_people};
use super::read_back::{Figures, Written, compare};
use super::statement::{Detail, Statement, statements, treatment};
use crate::model::charge::Dimension;
use crate::model::month_end::MonthEnd;
use crate::model::proof::LawResult;

const FIRST: [&str; 4] = ["x_BillLine", "x_CatalogService", "x_Treatment", "ChargePeriodStart"];
const DIMENSIONS: [Dimension; 15] = [
    Dimension::Provider,
    Dimension::BillingAccountId,
    Dimension::InvoiceId,
    Dimension::SubAccountId,
    Dimension::SubAccountName,
    Dimension::ResourceGroup,
    Dimension::ResourceId,
    Dimension::ResourceName,
    Dimension::ServiceName,
    Dimension::SkuMeter,
    Dimension::RegionId,
    Dimension::ChargeCategory,
    Dimension::ChargeType,
    Dimension::CostCenter,
    Dimension::ConsumedUnit,
];
const LAST: [&str; 5] = ["ConsumedQuantity", "BilledCost", "EffectiveCost", "x_ChargedOn", "x_Amount"];

pub(super) fn write(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    statements(end).iter().map(write_one).collect()
}

fn write_one(statement: &Statement<'_>) -> anyhow::Result<NamedBytes> {
    let tags: Vec<String> = statement.tags.iter().map(|tag| for_people(&format!("x_Tag_{tag}"))).collect();
    let mut header = FIRST.to_vec();
    header.extend(DIMENSIONS.map(Dimension::focus));
    header.extend(tags.iter().map(String::as_str));
    header.extend(LAST);
    let mut table = Table::new(&header)?;
    for detail in &statement.details {
        table.row(&cells(statement, detail))?;
    }
    Ok(NamedBytes { path: statement.path("detail", "csv"), bytes: table.finish()? })
}

fn cells(statement: &Statement<'_>, detail: &Detail<'_>) -> Vec<String> {
    let Detail { line, row, amount } = detail;
    let sums = row.sums();
    let mut cells =
        vec![line.id.clone(), line.service.to_string(), treatment(line), row.day().format("%Y-%m-%d").to_string()];
    cells.extend(DIMENSIONS.map(|dimension| for_people(row.text(dimension))));
    cells.extend((0..statement.tags.len()).map(|place| for_people(row.tag_at(place))));
    cells.push(sums.quantity.to_string());
    cells.push(sums.billed.to_string());
    cells.push(sums.effective.map(|cost| cost.to_string()).unwrap_or_default());
    cells.push(statement.charged_on(line));
    cells.push(amount.to_string());
    cells
}

pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Vec<LawResult> {
    let one = |statement: Statement<'_>| {
        let path = statement.path("detail", "csv");
        compare(&path, written.bytes(&path).and_then(read), in_ledger(&statement))
    };
    statements(end).into_iter().map(one).collect()
}

/// Costs and cents by line and day.
fn read(bytes: &[u8]) -> anyhow::Result<Figures> {
    let (header, rows) = csv::read(bytes)?;
    let first = header.len().saturating_sub(LAST.len());
    anyhow::ensure!(header[first..] == LAST, "the last columns are not {}", LAST.join(", "));
    let mut figures = Figures::default();
    let mut add = |row: &Row| {
        for place in [1, 2, 4].into_iter().filter(|place| !row[first + place].is_empty()) {
            figures.add_text(format!("{} {} {}", &row[0], &row[3], LAST[place]), &row[first + place])?;
        }
        anyhow::Ok(())
    };
    rows.iter().try_for_each(&mut add)?;
    Ok(figures)
}

fn in_ledger(statement: &Statement<'_>) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for Detail { line, row, amount } in &statement.details {
        let name = format!("{} {}", line.id, row.day());
        figures.add(format!("{name} BilledCost"), row.sums().billed)?;
        if let Some(effective) = row.sums().effective {
            figures.add(format!("{name} EffectiveCost"), effective)?;
        }
        figures.add_money(format!("{name} x_Amount"), *amount)?;
    }
    Ok(figures)
}
