//! A written feed taken apart again by its template's columns: fund, account, side and amount of each line.

use super::cells::amount_of;
use crate::model::erp::{Column, Kind, Per, Record, Style, Template};
use crate::model::journal_entry::Side;
use crate::model::money::Cost;
use crate::stages::export::csv;
use crate::stages::export::grid::{attribute, read_text};
use anyhow::{Context, bail, ensure};
use quick_xml::Reader;
use quick_xml::events::Event;

/// A line of the file. What its layout has no column for is none.
#[derive(Debug, PartialEq, Eq)]
pub struct Reread {
    pub journal: Option<String>,
    pub fund: Option<String>,
    pub agency: Option<String>,
    pub account: Option<String>,
    pub side: Side,
    pub amount: Cost,
}

/// Columns of one record with what the file says in them.
type Cells<'a> = Vec<(&'a Column, String)>;

/// Whether a record says how much.
pub fn carries_amounts(record: &Record) -> bool {
    record
        .columns
        .iter()
        .any(|column| matches!(bare(column).as_deref(), Some("line.debit" | "line.credit" | "line.amount")))
}

fn bare(column: &Column) -> Option<String> {
    column.expression().ok().and_then(|expression| expression.bare().map(str::to_owned))
}

pub fn lines(template: &Template, bytes: &[u8]) -> anyhow::Result<Vec<Reread>> {
    let text = std::str::from_utf8(bytes).context("the feed is not UTF-8")?;
    let rows = match template.format.kind {
        Kind::Delimited => delimited(template, bytes)?,
        Kind::Fixed => fixed(template, text)?,
        Kind::Xml => xml(template, text)?,
    };
    rows.iter().map(|cells| line(template, cells)).collect()
}

fn line(template: &Template, cells: &Cells<'_>) -> anyhow::Result<Reread> {
    let said = |source: &str| {
        cells.iter().find(|(column, _)| bare(column).as_deref() == Some(source)).map(|(_, text)| text.trim().to_owned())
    };
    let amount = |source: &str| -> anyhow::Result<Cost> {
        match said(source).filter(|text| !text.is_empty()) {
            Some(text) => amount_of(template, &text),
            None => Ok(Cost::ZERO),
        }
    };
    let (side, amount) = match template.amount.style {
        Style::DrCr => match (amount("line.debit")?, amount("line.credit")?) {
            (debit, credit) if credit.is_zero() && !debit.is_zero() => (Side::Debit, debit),
            (debit, credit) if debit.is_zero() && !credit.is_zero() => (Side::Credit, credit),
            (debit, credit) => bail!("a line has the debit {debit} and the credit {credit}"),
        },
        Style::Signed => match amount("line.amount")? {
            amount if amount.is_negative() => (Side::Credit, amount.negated()),
            amount => (Side::Debit, amount),
        },
        Style::Indicator => {
            let told = said("line.side").context("a line does not say its side")?;
            let side = if told == template.amount.debit { Side::Debit } else { Side::Credit };
            ensure!(side == Side::Debit || told == template.amount.credit, "{told:?} is no side");
            (side, amount("line.amount")?)
        }
    };
    Ok(Reread {
        journal: said("journal.id"),
        fund: said("line.fund"),
        agency: said("line.agency"),
        account: said("line.account"),
        side,
        amount,
    })
}

/// Rows of line records that carry amounts. A record is known by its constant texts.
fn chosen<'a>(
    template: &'a Template,
    cells: impl Fn(&'a Column) -> Option<String>,
) -> anyhow::Result<Option<Cells<'a>>> {
    let is_it = |column: &'a Column| match &column.value {
        Some(text) if !text.is_empty() => cells(column).is_some_and(|cell| cell.trim() == text.trim()),
        _ => true,
    };
    let mut records = template.records.iter();
    let record =
        records.find(|record| record.columns.iter().all(is_it)).context("a row is of no record of the template")?;
    if record.per != Per::Line || !carries_amounts(record) {
        return Ok(None);
    }
    let read = |column: &'a Column| Ok((column, cells(column).with_context(|| format!("{} is missing", column.name))?));
    record.columns.iter().map(read).collect::<anyhow::Result<_>>().map(Some)
}

fn delimited<'a>(template: &'a Template, bytes: &[u8]) -> anyhow::Result<Vec<Cells<'a>>> {
    let skipped = usize::from(template.format.header_row);
    let mut found = Vec::new();
    for row in csv::read_delimited(bytes, template.format.delimiter)?.into_iter().skip(skipped) {
        let cell = |column: &Column| row.get(column.pos.checked_sub(1)?).map(str::to_owned);
        found.extend(chosen(template, cell)?);
    }
    Ok(found)
}

fn fixed<'a>(template: &'a Template, text: &str) -> anyhow::Result<Vec<Cells<'a>>> {
    let mut found = Vec::new();
    for row in text.split_terminator(template.format.newline.text()) {
        let row: Vec<char> = row.chars().collect();
        let cell = |column: &Column| {
            let from = column.start.checked_sub(1)?;
            row.get(from..from + column.width).map(|text| text.iter().collect())
        };
        found.extend(chosen(template, cell)?);
    }
    Ok(found)
}

fn xml<'a>(template: &'a Template, text: &str) -> anyhow::Result<Vec<Cells<'a>>> {
    let mut reader = Reader::from_str(text);
    let (mut path, mut found): (Vec<String>, Vec<Cells<'a>>) = (Vec::new(), Vec::new());
    let mut open: Option<(&Record, Cells<'a>)> = None;
    loop {
        match reader.read_event()? {
            Event::Start(element) => {
                let name = element.name().0.to_owned();
                if let Some((record, cells)) = &mut open {
                    let column = record.columns.iter().find(|column| !column.attribute && column.name == name);
                    let mut text = String::new();
                    read_text(&mut reader, &mut text)?;
                    cells.extend(column.map(|column| (column, text)));
                    continue;
                }
                path.push(name);
                let here = path.join("/");
                let is_it =
                    |record: &&Record| record.per == Per::Line && record.path == here && carries_amounts(record);
                if let Some(record) = template.records.iter().find(is_it) {
                    let mut cells = Vec::new();
                    for column in record.columns.iter().filter(|column| column.attribute) {
                        let text = attribute(&element, &column.name)?.context("an attribute is missing")?;
                        cells.push((column, text));
                    }
                    open = Some((record, cells));
                }
            }
            Event::End(_) => {
                found.extend(open.take().map(|(_, cells)| cells));
                path.pop();
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}
