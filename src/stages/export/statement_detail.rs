//! The sheet of the vendors' charges behind a statement's lines.
//!
//! Day by day while a person can still look through it; past that over the days of the month; past that only in the CSV.
//! Never a sheet that is cut.

use super::statement::{Detail, Statement};
use super::statement_sheets::{resource, without_empty};
use super::workbook::{Book, Cell, Column, Kind, MOST_ROWS, column};
use crate::model::bill::BillLine;
use crate::model::charge::Dimension;
use crate::model::money::{Cost, Money, Overflow, Quantity};
use crate::model::roll_up::Symbol;
use chrono::NaiveDate;
use hashbrown::HashMap;

/// One row of the sheet: a roll-up row, or those of a month that differ in nothing but the day.
pub(super) struct DetailRow<'a> {
    pub first: Detail<'a>,
    pub day: Option<NaiveDate>,
    pub quantity: Quantity,
    pub billed: Cost,
    /// None where a vendor does not tell it of one of the rows.
    pub effective: Option<Cost>,
    pub amount: Money,
}

pub(super) fn by_day(statement: &Statement<'_>) -> bool {
    statement.details.len() <= MOST_ROWS
}

/// The rows of the sheet, worked out once for a statement; none where they would be too many.
pub(super) fn rows<'a, 'b>(statement: &'b Statement<'a>) -> Result<&'b [DetailRow<'a>], Overflow> {
    let rows = statement.sheet.get_or_init(|| {
        if by_day(statement) {
            let one = |detail: &Detail<'a>| DetailRow::start(*detail, Some(detail.row.day())).with(detail);
            statement.details.iter().map(one).collect()
        } else {
            by_month(&statement.details)
        }
    });
    rows.as_ref().map(Vec::as_slice).map_err(|_| Overflow)
}

/// Over the days of the month, by line and then by the texts that the sheet shows. Symbols tell texts apart without looking
/// at them; who has more than a sheet can show is not added up to the end.
pub(super) fn by_month<'a>(details: &[Detail<'a>]) -> Result<Vec<DetailRow<'a>>, Overflow> {
    let mut places: HashMap<(*const BillLine, [Symbol; KEY.len()]), usize> = HashMap::new();
    let mut rows: Vec<Option<DetailRow<'a>>> = Vec::new();
    let mut last: Option<(&Detail<'a>, usize)> = None;
    for detail in details {
        // The days of a key follow each other.
        let same = |(before, _): &(&Detail<'a>, usize)| {
            std::ptr::eq(before.line, detail.line) && detail.row.has_key_of(before.row)
        };
        let place = match last.filter(same) {
            Some((_, place)) => place,
            None => {
                let key = (std::ptr::from_ref(detail.line), KEY.map(|dimension| detail.row.symbol(dimension)));
                *places.entry(key).or_insert(rows.len())
            }
        };
        last = Some((detail, place));
        if place == MOST_ROWS {
            return Ok(Vec::new());
        }
        if place == rows.len() {
            rows.push(Some(DetailRow::start(*detail, None)));
        }
        if let Some(row) = rows[place].take() {
            rows[place] = Some(row.with(detail)?);
        }
    }
    let mut rows: Vec<DetailRow<'a>> = rows.into_iter().flatten().collect();
    let texts = |row: &DetailRow<'a>| (row.first.line.id.as_str(), KEY.map(|dimension| row.first.row.text(dimension)));
    rows.sort_by(|a, b| texts(a).cmp(&texts(b)));
    Ok(rows)
}

const KEY: [Dimension; 9] = [
    Dimension::Provider,
    Dimension::SubAccountId,
    Dimension::SubAccountName,
    Dimension::ResourceId,
    Dimension::ResourceName,
    Dimension::SkuMeter,
    Dimension::ChargeCategory,
    Dimension::ConsumedUnit,
    Dimension::BillingCurrency,
];

impl<'a> DetailRow<'a> {
    fn start(first: Detail<'a>, day: Option<NaiveDate>) -> Self {
        Self {
            first,
            day,
            quantity: Quantity::ZERO,
            billed: Cost::ZERO,
            effective: Some(Cost::ZERO),
            amount: Money::ZERO,
        }
    }

    fn with(mut self, detail: &Detail<'_>) -> Result<Self, Overflow> {
        self.quantity = self.quantity.checked_add(detail.row.sums().quantity)?;
        self.billed = self.billed.checked_add(detail.row.sums().billed)?;
        self.effective = match self.effective.zip(detail.row.sums().effective) {
            Some((sum, effective)) => Some(sum.checked_add(effective)?),
            None => None,
        };
        self.amount = self.amount.checked_add(detail.amount)?;
        Ok(self)
    }

    fn cells(&self, statement: &Statement<'_>) -> Vec<Cell> {
        let text = |dimension| Cell::text(self.first.row.text(dimension));
        let exchange = statement.exchange_of(&self.first.row);
        vec![
            Cell::text(&self.first.line.id),
            Cell::text(&self.first.line.service),
            text(Dimension::Provider),
            text(Dimension::SubAccountId),
            text(Dimension::SubAccountName),
            Cell::text(resource(&self.first)),
            text(Dimension::SkuMeter),
            self.day.map_or(Cell::Blank, Cell::Date),
            text(Dimension::ChargeCategory),
            Cell::Decimal(self.quantity.to_string()),
            text(Dimension::ConsumedUnit),
            Cell::Cost(self.billed),
            self.effective.map_or(Cell::Blank, Cell::Cost),
            exchange.map_or(Cell::Blank, |rate| Cell::text(&rate.currency)),
            exchange.map_or(Cell::Blank, |rate| Cell::Decimal(rate.rate.normalize().to_string())),
            Cell::text(statement.charged_on(self.first.line)),
            Cell::Money(self.amount),
        ]
    }
}

pub(super) const BILLED: &str = "Vendor's billed cost";
pub(super) const EFFECTIVE: &str = "Vendor's effective cost";
const COLUMNS: [Column; 17] = [
    column("Bill line", 22, Kind::Text),
    column("Service", 10, Kind::Text),
    column("Vendor", 12, Kind::Text),
    column("Account", 18, Kind::Text),
    column("Account name", 22, Kind::Text),
    column("Resource", 36, Kind::Text),
    column("Meter", 30, Kind::Text),
    column("Day", 12, Kind::Date),
    column("Category", 12, Kind::Text),
    column("Quantity", 16, Kind::Decimal),
    column("Unit", 10, Kind::Text),
    column(BILLED, 20, Kind::Decimal),
    column(EFFECTIVE, 22, Kind::Decimal),
    column("Vendor's currency", 18, Kind::Text),
    column("Exchange rate", 16, Kind::Decimal),
    column("Charged on", 14, Kind::Text),
    column("Amount", 18, Kind::Money),
];

pub(super) fn details(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    const NAME: &str = "Line detail";
    let csv = statement.path("detail", "csv");
    let csv = csv.rsplit('/').next().unwrap_or_default();
    let count = statement.details.len();
    let rows: Vec<Vec<Cell>> = rows(statement)?.iter().map(|row| row.cells(statement)).collect();
    if rows.is_empty() && count > 0 {
        let what = format!("{count} rows are more than a workbook is good for: all of them are in {csv}.");
        return book.table_sheet(NAME, NAME, &what, &COLUMNS, &[], &[]);
    }
    let each = if by_day(statement) { "meter and day" } else { "and meter, over the days of the month" };
    let what = format!(
        "The vendors' charges behind your lines, by account, resource, {each}; {csv} has every day and more columns. \
         Amount is the cost that the line is charged on, in cents that add up to the vendor's invoice. Shares of pools, fees and hours have no charges of their own."
    );
    let (columns, rows) = without_empty(&COLUMNS, rows);
    let last = columns.len() - 1;
    book.table_sheet(NAME, NAME, &what, &columns, &rows, &[(last, statement.explained()?)])
}
