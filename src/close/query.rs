//! A month's tables, asked in SQL: those in the ledger as they lie, and what the stages make of them. Nothing is written.

use super::{Stage, replay};
use crate::frame::query::{self, Answer, AnswerColumn, Source, Table, Unanswerable, Values};
use crate::io::fs::Disk;
use crate::ledger::{CloseBody, Ledger, Object};
use crate::model::exit::{Exit, Stop};
use crate::model::journal_entry::Side;
use crate::model::month::Month;
use crate::model::month_end::MonthEnd;
use crate::stages::export::answer_workbook;
use anyhow::Result;
use std::path::Path;

/// A table that can be asked about.
type Maker = fn(&MonthEnd) -> Table;

const MADE: [(&str, &str, Maker); 6] = [
    ("lines", "every line of every bill", lines),
    ("funding", "each line by the account strings that pay it", funding),
    ("details", "the cents of each roll-up row on its line", details),
    ("shares", "each agency's part of each pool", shares),
    ("postings", "the journals, line by line", postings),
    ("invoices", "each invoice beside its charges", invoices),
];
const CHARGES: (&str, &str) = ("charges", "the vendors' charges, one row each, under FOCUS names");
const ROLL_UP: (&str, &str) = ("roll_up", "the charges summed by everything that decides who pays");

/// One table with its columns.
#[derive(Clone, Debug)]
pub struct TableColumns {
    pub name: &'static str,
    pub about: &'static str,
    pub columns: Vec<AnswerColumn>,
}

struct Asked<'a> {
    ledger: &'a Ledger,
    body: CloseBody,
}

pub fn ask(books: &Path, month: Month, sql: &str) -> Result<Answer> {
    let ledger = Ledger::new(Disk::real(books));
    let asked = Asked { ledger: &ledger, body: replay::record_of(&ledger, month)? };
    let names = query::names(sql).map_err(unanswerable)?;
    let mut end = None;
    let mut tables = Vec::new();
    for name in names {
        let source = asked.source(&name.to_lowercase(), &mut end)?.ok_or_else(|| {
            let known: Vec<&str> = [CHARGES.0, ROLL_UP.0].into_iter().chain(MADE.map(|(name, ..)| name)).collect();
            unanswerable(Unanswerable::NoTable(name.clone(), known.join(", ")))
        })?;
        tables.push((name, source));
    }
    query::ask(sql, tables).map_err(|error| match error.downcast::<Unanswerable>() {
        Ok(why) => unanswerable(why),
        Err(other) => other,
    })
}

/// What can be asked about.
pub fn tables(books: &Path, month: Month) -> Result<Vec<TableColumns>> {
    let ledger = Ledger::new(Disk::real(books));
    let asked = Asked { ledger: &ledger, body: replay::record_of(&ledger, month)? };
    let mut end = None;
    let mut tables = Vec::new();
    let named = [CHARGES, ROLL_UP].into_iter().chain(MADE.map(|(name, about, _)| (name, about)));
    for (name, about) in named {
        if let Some(source) = asked.source(name, &mut end)? {
            tables.push(TableColumns { name, about, columns: query::columns_of(source)? });
        }
    }
    Ok(tables)
}

fn unanswerable(why: Unanswerable) -> anyhow::Error {
    Stop::new(Exit::Usage, why.to_string()).into()
}

impl Asked<'_> {
    /// What the stages make is made once, and only where it is asked for.
    fn source(&self, name: &str, end: &mut Option<MonthEnd>) -> Result<Option<Source>> {
        if name == CHARGES.0 {
            return Ok(Some(self.files(&replay::charges(self.ledger, &self.body)?)?));
        }
        if name == ROLL_UP.0 {
            return Ok(Some(self.files(&[replay::roll_up(self.ledger, &self.body)?])?));
        }
        let Some((.., make)) = MADE.iter().find(|(made, ..)| *made == name) else { return Ok(None) };
        if end.is_none() {
            let frozen = replay::frozen(self.ledger, &self.body)?;
            *end = Some(replay::settled(frozen, &self.body, Stage::Reconcile)?);
        }
        Ok(end.as_ref().map(|end| Source::Table(make(end))))
    }

    /// Hashed before they are read: nothing that was altered is asked.
    fn files(&self, objects: &[Object]) -> Result<Source> {
        objects.iter().try_for_each(|object| self.ledger.check_object(object))?;
        let root = self.ledger.disk().root();
        Ok(Source::Files(objects.iter().map(|object| root.join(object.path())).collect()))
    }
}

fn texts<T>(rows: &[T], text: impl Fn(&T) -> String) -> Values {
    Values::Texts(rows.iter().map(text).collect())
}

fn lines(end: &MonthEnd) -> Table {
    let lines = &end.bills.lines;
    let rate =
        |line: &crate::model::bill::BillLine| line.rate.as_ref().map(|rate| (rate.rate_id.clone(), rate.version));
    Table {
        columns: vec![
            ("line", texts(lines, |line| line.id.clone())),
            ("agency", texts(lines, |line| line.agency.to_string())),
            ("service", texts(lines, |line| line.service.to_string())),
            ("kind", texts(lines, |line| format!("{:?}", line.kind).to_lowercase())),
            ("mode", texts(lines, |line| format!("{:?}", line.mode).to_lowercase())),
            ("description", texts(lines, |line| line.description.clone())),
            ("provider", texts(lines, |line| line.provider.clone())),
            ("quantity", Values::Amounts(lines.iter().map(|line| line.quantity.map(|used| used.units())).collect())),
            ("unit", texts(lines, |line| line.unit.clone())),
            ("unit_price", texts(lines, |line| line.unit_price.clone())),
            ("rate", texts(lines, |line| rate(line).map(|(id, _)| id).unwrap_or_default())),
            ("rate_version", texts(lines, |line| rate(line).map(|(_, of)| of.to_string()).unwrap_or_default())),
            ("amount", Values::Money(lines.iter().map(|line| Some(line.amount)).collect())),
        ],
    }
}

fn funding(end: &MonthEnd) -> Table {
    let parts: Vec<_> =
        end.bills.lines.iter().flat_map(|line| line.funding.iter().map(move |part| (line, part))).collect();
    Table {
        columns: vec![
            ("line", texts(&parts, |(line, _)| line.id.clone())),
            ("agency", texts(&parts, |(line, _)| line.agency.to_string())),
            ("service", texts(&parts, |(line, _)| line.service.to_string())),
            ("fund", texts(&parts, |(_, part)| part.string.fund.clone())),
            ("appropriation", texts(&parts, |(_, part)| part.string.appropriation.clone())),
            ("program", texts(&parts, |(_, part)| part.string.program.clone())),
            ("cost_center", texts(&parts, |(_, part)| part.string.cost_center.clone())),
            ("grant_code", texts(&parts, |(_, part)| part.string.grant.clone())),
            ("account", texts(&parts, |(_, part)| part.string.account.clone())),
            ("federal", texts(&parts, |(_, part)| part.federal.to_string())),
            ("budget_year", texts(&parts, |(_, part)| part.budget_fiscal_year.to_string())),
            ("percent", texts(&parts, |(_, part)| part.percent.clone())),
            ("amount", Values::Money(parts.iter().map(|(_, part)| Some(part.amount)).collect())),
        ],
    }
}

fn details(end: &MonthEnd) -> Table {
    use crate::model::charge::Dimension as D;
    let details = &end.bills.details;
    let text = |dimension: D| texts(details, |detail| end.roll_up.row(detail.row).text(dimension).to_owned());
    let line = |detail: &crate::model::bill::BillDetail| end.bills.lines.get(detail.line);
    Table {
        columns: vec![
            ("line", texts(details, |detail| line(detail).map(|line| line.id.clone()).unwrap_or_default())),
            ("agency", texts(details, |detail| line(detail).map(|line| line.agency.to_string()).unwrap_or_default())),
            ("service", texts(details, |detail| line(detail).map(|line| line.service.to_string()).unwrap_or_default())),
            ("provider_name", text(D::Provider)),
            ("sub_account_id", text(D::SubAccountId)),
            ("resource_id", text(D::ResourceId)),
            ("sku_meter", text(D::SkuMeter)),
            ("charge_type", text(D::ChargeType)),
            ("usage_day", Values::Days(details.iter().map(|detail| Some(end.roll_up.row(detail.row).day())).collect())),
            (
                "billed_cost",
                Values::Amounts(
                    details.iter().map(|detail| Some(end.roll_up.row(detail.row).sums().billed.units())).collect(),
                ),
            ),
            ("amount", Values::Money(details.iter().map(|detail| Some(detail.amount)).collect())),
        ],
    }
}

fn shares(end: &MonthEnd) -> Table {
    let lines: Vec<_> = end.bills.lines.iter().filter_map(|line| Some((line, line.share.as_ref()?))).collect();
    Table {
        columns: vec![
            ("line", texts(&lines, |(line, _)| line.id.clone())),
            ("agency", texts(&lines, |(line, _)| line.agency.to_string())),
            ("pool", texts(&lines, |(_, share)| share.pool.to_string())),
            ("method", texts(&lines, |(_, share)| share.method.clone())),
            ("pool_amount", Values::Money(lines.iter().map(|(_, share)| Some(share.pool_amount)).collect())),
            ("driver_value", texts(&lines, |(_, share)| share.driver_value.clone())),
            ("driver_total", texts(&lines, |(_, share)| share.driver_total.clone())),
            ("unit", texts(&lines, |(_, share)| share.unit.clone())),
            ("amount", Values::Money(lines.iter().map(|(line, _)| Some(line.amount)).collect())),
        ],
    }
}

fn postings(end: &MonthEnd) -> Table {
    let lines: Vec<_> =
        end.journals.iter().flat_map(|entry| entry.postings().iter().map(move |posting| (entry, posting))).collect();
    let side = |wanted: Side| {
        let amount =
            |posting: &crate::model::journal_entry::Posting| (posting.side == wanted).then_some(posting.amount);
        Values::Money(lines.iter().map(|(_, posting)| amount(posting)).collect())
    };
    Table {
        columns: vec![
            ("journal", texts(&lines, |(entry, _)| entry.id().to_owned())),
            ("journal_type", texts(&lines, |(entry, _)| format!("{:?}", entry.journal_type()).to_uppercase())),
            ("posting_date", Values::Days(lines.iter().map(|(entry, _)| Some(entry.posting_date())).collect())),
            ("service_period", texts(&lines, |(entry, _)| entry.service_period().to_string())),
            ("fund", texts(&lines, |(_, posting)| posting.string.fund.clone())),
            ("agency", texts(&lines, |(_, posting)| posting.string.agency.clone())),
            ("account", texts(&lines, |(_, posting)| posting.string.account.clone())),
            ("account_name", texts(&lines, |(_, posting)| posting.account_name.clone())),
            ("service", texts(&lines, |(_, posting)| posting.service.clone())),
            ("reference", texts(&lines, |(_, posting)| posting.reference.clone())),
            ("debit", side(Side::Debit)),
            ("credit", side(Side::Credit)),
        ],
    }
}

fn invoices(end: &MonthEnd) -> Table {
    let vendors = &end.vendors;
    Table {
        columns: vec![
            ("provider", texts(vendors, |vendor| vendor.section.provider.clone())),
            ("billing_account_id", texts(vendors, |vendor| vendor.section.billing_account_id.clone())),
            ("invoice_id", texts(vendors, |vendor| vendor.section.invoice_id.clone())),
            ("currency", texts(vendors, |vendor| vendor.currency.clone())),
            ("usage", Values::Amounts(vendors.iter().map(|vendor| Some(vendor.usage.units())).collect())),
            ("invoice", Values::Money(vendors.iter().map(|vendor| vendor.invoice).collect())),
            ("invoice_basis", Values::Money(vendors.iter().map(|vendor| Some(vendor.invoice_basis)).collect())),
            ("difference", Values::Amounts(vendors.iter().map(|vendor| Some(vendor.difference.units())).collect())),
            ("state", texts(vendors, |vendor| vendor.state.in_words().to_owned())),
        ],
    }
}

pub fn write(answer: &Answer, month: Month, file: &Path) -> Result<()> {
    let columns: Vec<(String, &str)> = answer.columns.iter().map(|column| (column.name.clone(), column.kind)).collect();
    let bytes = answer_workbook(&columns, &answer.rows, month)?;
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Stop::new(Exit::Usage, format!("{} is no name of a file", file.display())))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(Disk::real(folder).write(name, &bytes)?)
}
