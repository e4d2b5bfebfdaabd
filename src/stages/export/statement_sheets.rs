//! The sheets behind a statement's first page, one subject each.

use super::statement::{Detail, Statement, account_string, kind_in_words, treatment, words};
use super::workbook::{Book, Cell, Column, Kind, MOST_ROWS, column, write_text};
use crate::model::bill::{BillLine, PoolShare};
use crate::model::charge::Dimension;
use crate::model::exchange::ExchangeRate;
use crate::model::money::{Exact, Money, Overflow, Quantity};
use crate::model::pricing;
use crate::model::roll_up::Row;
use crate::model::settings::AccountString;
use rust_xlsxwriter::{Format, FormatAlign};
use std::collections::BTreeMap;

pub(super) fn services(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    const COLUMNS: [Column; 11] = [
        column("Bill line", 22, Kind::Text),
        column("Service", 10, Kind::Text),
        column("Name", 22, Kind::Long),
        column("What it is", 28, Kind::Long),
        column("Vendor", 12, Kind::Text),
        column("How it is priced", 21, Kind::Text),
        column("Quantity", 12, Kind::Decimal),
        column("Unit", 9, Kind::Text),
        column("Rate", 20, Kind::Long),
        column("How it was worked out", 50, Kind::Long),
        column("Amount", 16, Kind::Money),
    ];
    let row = |line: &BillLine| {
        let rate = line.rate.as_ref().map(|rate| format!("{} v{}", rate.rate_id, rate.version));
        let price = [line.unit_price.clone(), rate.unwrap_or_default()];
        vec![
            Cell::text(&line.id),
            Cell::text(&line.service),
            Cell::text(statement.service_name(line)),
            Cell::text(&line.description),
            Cell::text(&line.provider),
            Cell::text(kind_in_words(line.kind)),
            line.quantity.map_or(Cell::Blank, |quantity| Cell::Decimal(quantity.to_string())),
            Cell::text(&line.unit),
            Cell::text(price.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join("; ")),
            Cell::Lines(line.arithmetic.clone()),
            Cell::Money(line.amount),
        ]
    };
    let rows: Vec<Vec<Cell>> = statement.due().map(row).collect();
    let what = "Every line of the bill, with its price and the arithmetic in the order it was done.";
    book.table_sheet("Services", "Services", what, &COLUMNS, &rows, &[(10, statement.amount_due()?)])
}

pub(super) fn funding(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    const COLUMNS: [Column; 18] = [
        column("Bill line", 22, Kind::Text),
        column("Service", 10, Kind::Text),
        column("Account string", 34, Kind::Text),
        column("Fund", 10, Kind::Text),
        column("Agency", 10, Kind::Text),
        column("Appropriation", 14, Kind::Text),
        column("Program", 12, Kind::Text),
        column("Cost center", 12, Kind::Text),
        column("Project", 12, Kind::Text),
        column("Grant", 12, Kind::Text),
        column("Activity", 12, Kind::Text),
        column("Account", 10, Kind::Text),
        column("Location", 12, Kind::Text),
        column("Other", 12, Kind::Text),
        column("Budget year", 10, Kind::Text),
        column("Federal", 9, Kind::Text),
        column("Percent", 12, Kind::Decimal),
        column("Amount", 18, Kind::Money),
    ];
    let mut rows = Vec::new();
    for line in statement.due() {
        for part in &line.funding {
            let AccountString { user1, user2, user3, .. } = &part.string;
            let AccountString { fund, agency, appropriation, program, cost_center, .. } = &part.string;
            let AccountString { project, grant, activity, account, location, .. } = &part.string;
            let mut cells = vec![Cell::text(&line.id), Cell::text(&line.service)];
            cells.push(Cell::text(account_string(&part.string)));
            let codes =
                [fund, agency, appropriation, program, cost_center, project, grant, activity, account, location];
            cells.extend(codes.map(Cell::text));
            let others = [user1, user2, user3].map(String::as_str);
            cells.push(Cell::text(others.into_iter().filter(|code| !code.is_empty()).collect::<Vec<_>>().join("-")));
            cells.push(Cell::text(part.budget_fiscal_year.to_string()));
            cells.push(Cell::yes(part.federal));
            cells.push(Cell::Decimal(part.percent.clone()));
            cells.push(Cell::Money(part.amount));
            rows.push(cells);
        }
    }
    let (columns, rows) = without_empty(&COLUMNS, rows);
    let what = "Each line of the bill by the account strings that pay it. Cents are shared so that every line adds up.";
    let last = columns.len() - 1;
    book.table_sheet("Funding", "Funding", what, &columns, &rows, &[(last, statement.amount_due()?)])
}

/// Leaves out columns in which nobody has anything.
pub(super) fn without_empty(columns: &[Column], rows: Vec<Vec<Cell>>) -> (Vec<Column>, Vec<Vec<Cell>>) {
    let has_text = |cell: &Cell| !matches!(cell, Cell::Blank) && !matches!(cell, Cell::Text(text) if text.is_empty());
    let keep: Vec<bool> =
        (0..columns.len()).map(|place| rows.is_empty() || rows.iter().any(|row| has_text(&row[place]))).collect();
    let kept = |Column { header, width, kind }: &Column| column(header, *width, *kind);
    let columns = columns.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(column, _)| kept(column)).collect();
    let cells = |row: Vec<Cell>| row.into_iter().zip(&keep).filter(|(_, keep)| **keep).map(|(cell, _)| cell).collect();
    (columns, rows.into_iter().map(cells).collect())
}

pub(super) fn shared(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    const COLUMNS: [Column; 12] = [
        column("Bill line", 22, Kind::Text),
        column("Pool", 12, Kind::Text),
        column("What it is", 28, Kind::Long),
        column("How it is shared", 22, Kind::Long),
        column("Whole pool", 18, Kind::Money),
        column("Your driver", 14, Kind::Decimal),
        column("All agencies' driver", 14, Kind::Decimal),
        column("Driver unit", 12, Kind::Text),
        column("Your share, percent", 13, Kind::Decimal),
        column("Leftover cent", 12, Kind::Text),
        column("Treatment", 16, Kind::Text),
        column("Amount", 18, Kind::Money),
    ];
    let row = |(line, share): (&BillLine, &PoolShare)| {
        vec![
            Cell::text(&line.id),
            Cell::text(&share.pool),
            Cell::text(&line.description),
            Cell::text(&share.method),
            Cell::Money(share.pool_amount),
            number(&share.driver_value),
            number(&share.driver_total),
            Cell::text(&share.unit),
            percent_of(share).map_or(Cell::Blank, Cell::Decimal),
            Cell::yes(share.received_cent),
            Cell::text(treatment(line)),
            Cell::Money(line.amount),
        ]
    };
    let shares: Vec<(&BillLine, &PoolShare)> =
        statement.lines.iter().filter_map(|line| Some((*line, line.share.as_ref()?))).collect();
    let total = Money::total(shares.iter().map(|(line, _)| line.amount))?;
    let rows: Vec<Vec<Cell>> = shares.into_iter().map(row).collect();
    let what = "Costs that agencies share: the whole pool, what it is shared by, and your part. Leftover cents go to the \
                largest remainders.";
    book.table_sheet("Shared cost", "Shared cost", what, &COLUMNS, &rows, &[(11, total)])
}

fn number(text: &str) -> Cell {
    if Quantity::parse(text).is_ok() { Cell::Decimal(text.to_owned()) } else { Cell::text(text) }
}

/// The share as a percentage, cut to four decimals: for reading, no amount is made from it.
pub(super) fn percent_of(share: &PoolShare) -> Option<String> {
    let exact = |text: &str| Quantity::parse(text).ok().map(Quantity::exact);
    let part = exact(&share.driver_value).zip(exact(&share.driver_total));
    let quotient = part.and_then(|(value, total)| value.times(&Exact::from_integer(100)).divided_by(&total));
    quotient.map(|percent| percent.shown(4).trim_end_matches('.').to_owned())
}

/// Credits, refunds and adjustments of one kind, over the days of the month.
pub(super) struct Adjusted<'a> {
    pub first: Detail<'a>,
    charges: u64,
    pub amount: Money,
}

/// Credits, refunds and adjustments of the vendors, by line, account, resource, meter and category: the days are on the
/// sheet of details. Worked out once for a statement.
pub(super) fn adjusted<'a, 'b>(statement: &'b Statement<'a>) -> Result<&'b [Adjusted<'a>], Overflow> {
    let adjusted = statement.adjusted.get_or_init(|| adjustments_of(&statement.details));
    adjusted.as_ref().map(Vec::as_slice).map_err(|_| Overflow)
}

fn adjustments_of<'a>(details: &[Detail<'a>]) -> Result<Vec<Adjusted<'a>>, Overflow> {
    let mut found: BTreeMap<_, Adjusted<'a>> = BTreeMap::new();
    // The days of a key follow each other, and its category is looked at once.
    let mut last: Option<(Row<'a>, bool)> = None;
    for detail in details {
        let credits = match last.filter(|(before, _)| detail.row.has_key_of(*before)) {
            Some((_, credits)) => credits,
            None => matches!(detail.row.text(Dimension::ChargeCategory), "Credit" | "Adjustment"),
        };
        last = Some((detail.row, credits));
        if !(credits || detail.amount.is_negative()) {
            continue;
        }
        let text = |dimension| detail.row.text(dimension);
        let of =
            [Dimension::SubAccountId, Dimension::SkuMeter, Dimension::ChargeCategory, Dimension::ChargeType].map(text);
        let key = (detail.line.id.as_str(), of, resource(detail));
        let start = || Adjusted { first: *detail, charges: 0, amount: Money::ZERO };
        let one = found.entry(key).or_insert_with(start);
        one.charges = one.charges.checked_add(detail.row.sums().charges).ok_or(Overflow)?;
        one.amount = one.amount.checked_add(detail.amount)?;
    }
    Ok(found.into_values().collect())
}

pub(super) fn adjustments(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    const COLUMNS: [Column; 10] = [
        column("Bill line", 22, Kind::Text),
        column("Service", 12, Kind::Text),
        column("Vendor", 14, Kind::Text),
        column("Account", 20, Kind::Text),
        column("Resource", 36, Kind::Long),
        column("Meter", 32, Kind::Long),
        column("Category", 14, Kind::Text),
        column("Vendor's charge type", 22, Kind::Text),
        column("Charges", 12, Kind::Decimal),
        column("Amount", 18, Kind::Money),
    ];
    let adjusted = adjusted(statement)?;
    let total = Money::total(adjusted.iter().map(|one| one.amount))?;
    let row = |one: &Adjusted<'_>| {
        let text = |dimension| Cell::text(one.first.row.text(dimension));
        vec![
            Cell::text(&one.first.line.id),
            Cell::text(&one.first.line.service),
            text(Dimension::Provider),
            text(Dimension::SubAccountId),
            Cell::text(resource(&one.first)),
            text(Dimension::SkuMeter),
            text(Dimension::ChargeCategory),
            text(Dimension::ChargeType),
            Cell::Decimal(one.charges.to_string()),
            Cell::Money(one.amount),
        ]
    };
    let what = "Credits, refunds and adjustments of the vendors. They are already inside the amounts of their lines.";
    if adjusted.len() > MOST_ROWS {
        let what = format!("{what} There are {}, more than a workbook is good for: see the details.", adjusted.len());
        return book.table_sheet("Adjustments", "Credits and adjustments", &what, &COLUMNS, &[], &[]);
    }
    let (columns, rows) = without_empty(&COLUMNS, adjusted.iter().map(row).collect());
    let last = columns.len() - 1;
    book.table_sheet("Adjustments", "Credits and adjustments", what, &columns, &rows, &[(last, total)])
}

pub(super) fn resource(detail: &Detail<'_>) -> String {
    let [name, id] = [Dimension::ResourceName, Dimension::ResourceId].map(|dimension| detail.row.text(dimension));
    if name.is_empty() { id.to_owned() } else { name.to_owned() }
}

pub(super) fn showback(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    const COLUMNS: [Column; 7] = [
        column("Bill line", 22, Kind::Text),
        column("Service", 12, Kind::Text),
        column("What it is", 40, Kind::Long),
        column("Treatment", 20, Kind::Text),
        column("How it is priced", 20, Kind::Text),
        column("How it was worked out", 60, Kind::Long),
        column("Amount", 18, Kind::Money),
    ];
    let row = |line: &BillLine| {
        vec![
            Cell::text(&line.id),
            Cell::text(&line.service),
            Cell::text(&line.description),
            Cell::text(treatment(line)),
            Cell::text(kind_in_words(line.kind)),
            Cell::Lines(line.arithmetic.clone()),
            Cell::Money(line.amount),
        ]
    };
    let rows: Vec<Vec<Cell>> = statement.informing().map(row).collect();
    let total = Money::total(statement.informing().map(|line| line.amount))?;
    let what = "This is not a bill. What you used and what it cost; nothing on this sheet is asked of you.";
    book.table_sheet("Showback", "Showback: not a bill", what, &COLUMNS, &rows, &[(6, total)])
}

pub(super) fn rates(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    const COLUMNS: [Column; 9] = [
        column("Rate", 18, Kind::Text),
        column("Version", 9, Kind::Text),
        column("Service", 12, Kind::Text),
        column("What it is", 40, Kind::Long),
        column("Price", 30, Kind::Long),
        column("In force from", 14, Kind::Date),
        column("Authority", 26, Kind::Long),
        column("Approved by", 26, Kind::Long),
        column("Approved on", 14, Kind::Date),
    ];
    let mut cards: Vec<_> = statement.lines.iter().filter_map(|line| statement.card(line)).collect();
    cards.sort_by(|a, b| (&a.rate_id, a.version).cmp(&(&b.rate_id, b.version)));
    cards.dedup_by_key(|card| (&card.rate_id, card.version));
    let date = |date: Option<chrono::NaiveDate>| date.map_or(Cell::Blank, Cell::Date);
    let rows: Vec<Vec<Cell>> = cards
        .into_iter()
        .map(|card| {
            vec![
                Cell::text(&card.rate_id),
                Cell::text(card.version.to_string()),
                Cell::text(&card.service),
                Cell::text(if card.statement_text.is_empty() { &card.description } else { &card.statement_text }),
                Cell::text(pricing::in_words(&card.model)),
                date(card.valid.from),
                Cell::text(&card.authority),
                Cell::text(&card.approved_by),
                date(card.approved_on),
            ]
        })
        .collect();
    let what = "The rate cards behind your lines: what they charge, since when, on whose authority.";
    book.table_sheet("Rates", "Rates", what, &COLUMNS, &rows, &[])
}

/// Only where something was converted: most states buy in their own currency.
pub(super) fn exchange(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    const COLUMNS: [Column; 6] = [
        column("Currency", 12, Kind::Text),
        column("Rate", 16, Kind::Decimal),
        column("In", 12, Kind::Text),
        column("Of", 14, Kind::Date),
        column("Published by", 36, Kind::Long),
        column("Approved by", 26, Kind::Long),
    ];
    let row = |rate: &ExchangeRate| {
        vec![
            Cell::text(&rate.currency),
            Cell::Decimal(rate.rate.normalize().to_string()),
            Cell::text(statement.currency),
            Cell::Date(rate.quoted_on),
            Cell::text(&rate.source),
            Cell::text(&rate.approved_by),
        ]
    };
    let rows: Vec<Vec<Cell>> = statement.exchange().into_iter().map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let what =
        "What one unit of a vendor's currency is in that of this statement. Each line says what it was converted from.";
    book.table_sheet("Exchange rates", "Exchange rates", what, &COLUMNS, &rows, &[])
}

pub(super) fn notes(book: &mut Book, statement: &Statement<'_>) -> anyhow::Result<()> {
    book.blank("Notes", false)?;
    let (sheet, look) = book.sheet("Notes")?;
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    write_text(sheet, 0, 0, "How to read this statement", &look.title)?;
    for (row, (word, meaning)) in (2..).zip(words(statement)) {
        write_text(sheet, row, 0, word, &look.strong.clone().set_align(FormatAlign::Top))?;
        write_text(sheet, row, 1, &meaning, &wrapped)?;
        sheet.set_row_height(row, 34)?;
    }
    sheet.set_column_width(0, 24)?;
    sheet.set_column_width(1, 90)?;
    Ok(())
}
