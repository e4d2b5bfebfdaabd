//! Prepaid credits by grant: opening, used, expired, closing.

use super::sheet::Sheet;
use super::workbook::{Cell, Kind, column};
use crate::model::credits::CreditMove;
use crate::model::money::{Money, Overflow};
use crate::model::month_end::MonthEnd;

pub(super) fn sheet(end: &MonthEnd) -> Result<Option<Sheet>, Overflow> {
    if end.bills.credits.is_empty() {
        return Ok(None);
    }
    let columns = vec![
        column("Grant", 20, Kind::Text),
        column("Service", 12, Kind::Text),
        column("Bought on", 14, Kind::Date),
        column("Expires on", 14, Kind::Date),
        column("Opening credits", 18, Kind::Decimal),
        column("Used", 18, Kind::Decimal),
        column("Expired", 18, Kind::Decimal),
        column("Closing credits", 18, Kind::Decimal),
        column("Cost of used", 16, Kind::Money),
        column("Cost of expired", 16, Kind::Money),
        column("Cost of closing", 16, Kind::Money),
    ];
    let row = |of: &CreditMove| {
        let grant = end.settings.credits.iter().find(|grant| grant.id == of.grant);
        let date = |day: Option<chrono::NaiveDate>| day.map_or(Cell::Blank, Cell::Date);
        let mut cells = vec![Cell::text(&of.grant), Cell::text(&of.service)];
        cells.push(date(grant.map(|grant| grant.bought_on)));
        cells.push(date(grant.and_then(|grant| grant.expires_on)));
        cells.extend([of.opening, of.used, of.expired, of.left].map(|credits| Cell::Decimal(credits.to_string())));
        cells.extend([of.cost, of.expired_cost, of.left_cost].map(Cell::Money));
        cells
    };
    let used = Money::total(end.bills.credits.iter().map(|of| of.cost))?;
    let expired = Money::total(end.bills.credits.iter().map(|of| of.expired_cost))?;
    Ok(Some(Sheet {
        name: "Credits",
        title: "Prepaid credits",
        what: "What of each purchase of credits was used, the oldest first, what expired, and what is left in prepaid."
            .to_owned(),
        columns,
        rows: end.bills.credits.iter().map(row).collect(),
        checks: vec![(8, used), (9, expired)],
    }))
}
