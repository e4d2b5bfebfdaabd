//! Logs of usage beside the provider's invoices, with the causes of each difference.

use super::sheet::Sheet;
use super::workbook::{Cell, Kind, column};
use crate::model::month_end::MonthEnd;
use crate::model::usage_log::LogDifference;

pub(super) fn sheet(end: &MonthEnd) -> Option<Sheet> {
    if end.usage_logs.is_empty() {
        return None;
    }
    let columns = vec![
        column("Log", 18, Kind::Text),
        column("Invoice", 18, Kind::Text),
        column("Model", 20, Kind::Text),
        column("Kind", 12, Kind::Text),
        column("From", 12, Kind::Date),
        column("Logged", 18, Kind::Decimal),
        column("Invoiced", 18, Kind::Decimal),
        column("Log at its prices", 20, Kind::Decimal),
        column("Billed", 20, Kind::Decimal),
        column("Missing requests", 20, Kind::Decimal),
        column("Cache class", 20, Kind::Decimal),
        column("Price", 20, Kind::Decimal),
        column("Rounding", 20, Kind::Decimal),
    ];
    let row = |of: &LogDifference| {
        let mut cells = [&of.log, &of.invoice, &of.model, &of.kind].map(Cell::text).to_vec();
        cells.push(of.valid.from.map_or(Cell::Blank, Cell::Date));
        cells.extend([of.logged, of.invoiced].map(|quantity| Cell::Decimal(quantity.to_string())));
        cells.extend([of.expected, of.billed].map(Cell::Cost));
        cells.extend(of.causes().map(|(_, amount)| Cell::Cost(amount)));
        cells
    };
    Some(Sheet {
        name: "Usage logs",
        title: "Usage logs",
        what: "What a gateway or vendor counted, what the provider invoiced, and why the two differ. The log at its prices and \
               the four causes add up to what was billed; bills follow the invoice."
            .to_owned(),
        columns,
        rows: end.usage_logs.iter().map(row).collect(),
        checks: Vec::new(),
    })
}
