//! The charges behind an agency's lines, one roll-up row each: for a pivot or a script. FOCUS names, ours with `x_`.

use super::csv::{self, for_people};
use super::outputs::Written;
use super::read_back::{ByDay, Figures, amount, compare, day};
use super::statement::{Detail, Statement, treatment};
use crate::model::charge::Dimension;
use crate::model::money::Cost;
use crate::model::proof::LawResult;
use crate::model::roll_up::{Row, Sums};
use std::io::{Read, Write};

const FIRST: [&str; 4] = ["x_BillLine", "x_CatalogService", "x_Treatment", "ChargePeriodStart"];
const DIMENSIONS: [Dimension; 16] = [
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
    Dimension::BillingCurrency,
];
/// Costs are in the billing currency; the rate, blank in the currency of the books, makes them that of the amount.
const LAST: [&str; 6] =
    ["ConsumedQuantity", "BilledCost", "EffectiveCost", "x_ExchangeRate", "x_ChargedOn", "x_Amount"];

pub(super) fn path(statement: &Statement<'_>) -> String {
    statement.path("detail", "csv")
}

/// Row by row: a large agency has millions.
pub(super) fn write(statement: &Statement<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let tags: Vec<String> = statement.tags.iter().map(|tag| for_people(&format!("x_Tag_{tag}")).into_owned()).collect();
    let mut header = FIRST.to_vec();
    header.extend(DIMENSIONS.map(Dimension::focus));
    header.extend(tags.iter().map(String::as_str));
    header.extend(LAST);
    let mut table = csv::writer(out);
    table.write_record(&header)?;
    table.flush()?;
    drop(table);
    let (mut rows, mut dimensions) = (String::with_capacity(PIECE + ROOM), String::new());
    let mut last: Option<Row<'_>> = None;
    for details in statement.details.chunk_by(|a, b| std::ptr::eq(a.line, b.line)) {
        let line = details[0].line;
        let (treatment, charged_on) = (treatment(line), statement.charged_on(line));
        let mut first = String::new();
        [&line.id, line.service.as_str(), &treatment].into_iter().for_each(|field| push_field(&mut first, field));
        for Detail { row, amount, .. } in details {
            // The days of a key follow each other, and all but the day and the amounts is its text.
            if !last.is_some_and(|last| row.has_key_of(last)) {
                dimensions.clear();
                let texts = DIMENSIONS.iter().map(|&dimension| row.text(dimension));
                let texts = texts.chain((0..statement.tags.len()).map(|place| row.tag_at(place)));
                texts.for_each(|text| push_field(&mut dimensions, &for_people(text)));
                last = Some(*row);
            }
            rows.push_str(&first);
            csv::push_day(&mut rows, row.day());
            rows.push(',');
            rows.push_str(&dimensions);
            let sums = row.sums();
            sums.quantity.push(&mut rows);
            rows.push(',');
            sums.billed.push(&mut rows);
            rows.push(',');
            sums.effective.iter().for_each(|cost| cost.push(&mut rows));
            rows.push(',');
            if let Some(exchange) = statement.exchange_of(row) {
                rows.push_str(&exchange.rate.normalize().to_string());
            }
            rows.push(',');
            push_field(&mut rows, &charged_on);
            amount.push(&mut rows);
            rows.push('\n');
            if rows.len() >= PIECE {
                out.write_all(rows.as_bytes())?;
                rows.clear();
            }
        }
    }
    Ok(out.write_all(rows.as_bytes())?)
}

/// Bytes that are written at once, and room for the row that goes beyond.
const PIECE: usize = 1 << 18;
const ROOM: usize = 1 << 12;

/// A field and its comma; in quotes where a reader would see more than one field in it.
fn push_field(into: &mut String, field: &str) {
    if field.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        into.push('"');
        into.push_str(&field.replace('"', "\"\""));
        into.push('"');
    } else {
        into.push_str(field);
    }
    into.push(',');
}

pub(super) fn read_back(statement: &Statement<'_>, written: &Written<'_>) -> LawResult {
    let path = path(statement);
    compare(&path, written.open(&path).and_then(read), in_ledger(statement))
}

/// Costs and cents by line and day.
fn read(file: impl Read) -> anyhow::Result<Figures> {
    let mut reader = csv::reader(file);
    let header = reader.headers()?;
    let first = header.len().saturating_sub(LAST.len());
    anyhow::ensure!(header.iter().skip(first).eq(LAST), "the last columns are not {}", LAST.join(", "));
    let mut sums = ByDay::new();
    let mut row = csv::Row::new();
    while reader.read_record(&mut row)? {
        let amount = |place: usize| match &row[first + place] {
            "" => Ok(None),
            text => amount(text).map(Some),
        };
        sums.add(&row[0], Some(day(&row[3])?), [amount(1)?, amount(2)?, amount(5)?])?;
    }
    figures(&sums)
}

fn in_ledger(statement: &Statement<'_>) -> anyhow::Result<Figures> {
    let mut sums = ByDay::new();
    for Detail { line, row, amount } in &statement.details {
        let Sums { billed, effective, .. } = row.sums();
        sums.add(&line.id, Some(row.day()), [Some(billed), effective, Some(Cost::from_money(*amount))])?;
    }
    figures(&sums)
}

fn figures(sums: &ByDay<3>) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    sums.figures(&mut figures, |line, day, kind| format!("{line} {day} {}", [LAST[1], LAST[2], LAST[5]][kind]))?;
    Ok(figures)
}
