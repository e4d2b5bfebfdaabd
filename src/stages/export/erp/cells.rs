//! What stands in a column: expressions of a template, asked of a line, a journal or a file.

use super::groups::{Batch, ErpFile, ErpJournal, ErpLine};
use crate::model::erp::expression::Expression;
use crate::model::erp::{Column, OnOverflow, Style, Template};
use crate::model::journal_entry::Side;
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month::FiscalPeriod;
use crate::model::untrusted::Untrusted;
use chrono::{Datelike, NaiveDate};

/// From where a column looks: the file, and as far down as its record stands.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub batch: &'a Batch<'a>,
    pub template: &'a Template,
    pub file: &'a ErpFile<'a>,
    /// With its number within the file, from 1.
    pub journal: Option<(&'a ErpJournal<'a>, usize)>,
    /// With its number within the journal and within the file.
    pub line: Option<(&'a ErpLine<'a>, usize, usize)>,
}

/// Why a column cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub column: String,
    pub value: String,
    pub why: String,
    pub fix: String,
    /// Our journal, its line and the amount.
    pub line: Option<Box<(String, usize, Money)>>,
}

const OF_CODE: &str = "Correct the code in its table, or the width in the template if the ERP takes more.";
const OF_TEMPLATE: &str = "Correct the template; `chargeback verify-template` shows what its columns hold.";

impl Scope<'_> {
    /// The text of a column, no longer than it takes.
    pub fn cell(&self, column: &Column) -> Result<String, Problem> {
        let text = column.expression().and_then(|expression| self.text(&expression));
        let text = text.map_err(|why| self.problem(column, "", &why, OF_TEMPLATE))?;
        if column.required && text.is_empty() {
            return Err(self.problem(column, "", "The column is required and has nothing to hold.", OF_CODE));
        }
        let longest = column.longest().unwrap_or(usize::MAX);
        if text.chars().count() <= longest {
            return Ok(text);
        }
        match column.on_overflow {
            OnOverflow::Truncate => Ok(text.chars().take(longest).collect::<String>().trim_end().to_owned()),
            OnOverflow::Error => {
                let why = format!("The column takes {longest} characters, and a code that is cut is another code.");
                Err(self.problem(column, &text, &why, OF_CODE))
            }
        }
    }

    fn problem(&self, column: &Column, value: &str, why: &str, fix: &str) -> Problem {
        let of = |line: &ErpLine<'_>| Box::new((line.entry.id().to_owned(), line.place, line.posting.amount));
        let line = self.line.map(|(line, ..)| of(line));
        Problem { column: column.name.clone(), value: value.to_owned(), why: why.to_owned(), fix: fix.to_owned(), line }
    }

    pub fn text(&self, expression: &Expression) -> Result<String, String> {
        match expression {
            Expression::Text(text) => Ok(text.clone()),
            Expression::Source(name, format) => self.source(name, format.as_deref()),
            Expression::Call(name, arguments) => self.call(name, arguments),
        }
    }

    fn call(&self, name: &str, arguments: &[Expression]) -> Result<String, String> {
        if name == "default" {
            for argument in arguments {
                let text = self.text(argument)?;
                if !text.is_empty() {
                    return Ok(text);
                }
            }
            return Ok(String::new());
        }
        let texts = arguments.iter().map(|argument| self.text(argument)).collect::<Result<Vec<_>, _>>()?;
        let number = |text: &String| text.parse::<usize>().map_err(|_| format!("{name}: {text:?} is no number"));
        match (name, texts.as_slice()) {
            ("concat", texts) => Ok(texts.concat()),
            ("upper", [text]) => Ok(text.to_uppercase()),
            ("pad", [text, width, fill]) => {
                let missing = number(width)?.saturating_sub(text.chars().count());
                Ok(format!("{}{text}", fill.repeat(missing)))
            }
            ("substr", [text, from, length]) => {
                Ok(text.chars().skip(number(from)?.saturating_sub(1)).take(number(length)?).collect())
            }
            ("lookup", [table, key]) => {
                let found = self.template.lookups.get(table).and_then(|rows| rows.get(key));
                found.cloned().ok_or_else(|| format!("The table {table} of the template says nothing for {key:?}."))
            }
            ("seq", []) => self.line.map(|(_, _, number)| number.to_string()).ok_or_else(|| nothing("a line's number")),
            ("count", [what]) => Ok(self.count(what).to_string()),
            ("sum", [side]) => self.sum(side).map_err(|Overflow| "The total cannot be kept exactly.".to_owned()),
            _ => Err(format!("there is no function {name}")),
        }
    }

    /// What a trailer counts: of its journal, or of the whole file.
    fn lines(&self) -> Vec<&ErpLine<'_>> {
        match self.journal {
            Some((journal, _)) => journal.lines.iter().collect(),
            None => self.file.journals.iter().flat_map(|journal| &journal.lines).collect(),
        }
    }

    fn count(&self, what: &str) -> usize {
        if what == "journals" { self.file.journals.len() } else { self.lines().len() }
    }

    fn sum(&self, side: &str) -> Result<String, Overflow> {
        let wanted = if side == "debit" { Side::Debit } else { Side::Credit };
        let lines = self.lines();
        let amounts = lines.iter().filter(|line| line.posting.side == wanted).map(|line| line.posting.amount);
        Ok(self.digits(Money::total(amounts)?))
    }

    fn source(&self, name: &str, format: Option<&str>) -> Result<String, String> {
        if let Some(name) = name.strip_prefix("const.") {
            let known = self.template.constants.get(name);
            return known.cloned().ok_or_else(|| format!("[constants] of the template has no {name}."));
        }
        match name.split_once('.') {
            Some(("batch" | "state" | "period", _)) => self.of_batch(name, format),
            Some(("journal", _)) => self.of_journal(name, format),
            _ => self.of_line(name),
        }
    }

    fn of_batch(&self, name: &str, format: Option<&str>) -> Result<String, String> {
        let FiscalPeriod { year, period } = self.journal.map_or(self.batch.period, |(journal, _)| journal.period());
        Ok(match name {
            "batch.id" => self.batch.id.to_owned(),
            "batch.created" => {
                let first = self.batch.month.next().first_day();
                let day = first.with_day(self.template.date.created_day);
                self.day(day.ok_or("created_day is no day of the following month.")?, format)
            }
            "batch.period_end" => self.day(self.batch.month.last_day(), format),
            "batch.standing" => self.batch.standing.to_owned(),
            "state.name" => plain(self.batch.state),
            "state.currency" => code(self.batch.currency)?,
            "period.year" => format!("{year:04}"),
            "period.number" => format!("{period:02}"),
            _ => format!("{year:04}-{period:02}"),
        })
    }

    fn of_journal(&self, name: &str, format: Option<&str>) -> Result<String, String> {
        let (journal, number) = self.journal.ok_or_else(|| nothing(name))?;
        let (entry, posting) =
            journal.lines.first().map(|line| (line.entry, line.posting)).ok_or_else(|| nothing(name))?;
        Ok(match name {
            "journal.id" => code(entry.id())?,
            "journal.type" => entry.journal_type().text().to_owned(),
            "journal.number" => number.to_string(),
            "journal.fund" => code(&posting.string.fund)?,
            "journal.posting_date" => self.day(entry.posting_date(), format),
            "journal.service_period" => match format {
                Some(format) => entry.service_period().first_day().format(format).to_string(),
                None => entry.service_period().to_string(),
            },
            "journal.reversing_date" => entry.reversing_date().map(|day| self.day(day, format)).unwrap_or_default(),
            _ => code(entry.reversal_of().unwrap_or_default())?,
        })
    }

    fn of_line(&self, name: &str) -> Result<String, String> {
        let (line, number, _) = self.line.ok_or_else(|| nothing(name))?;
        let posting = line.posting;
        let key = name.strip_prefix("line.").unwrap_or(name);
        if let Some((_, text)) = posting.string.dimensions().into_iter().find(|(dimension, _)| *dimension == key) {
            return code(text);
        }
        let style = &self.template.amount;
        let unused = || if style.blank_unused { String::new() } else { self.digits(Money::ZERO) };
        Ok(match name {
            "line.number" => number.to_string(),
            "line.budget_fy" => posting.budget_fiscal_year.to_string(),
            "line.affiliate_fund" => code(&posting.affiliate_fund)?,
            "line.affiliate_agency" => code(&posting.affiliate_agency)?,
            "line.description" => plain(&posting.description),
            "line.reference" => plain(&posting.reference),
            "line.service" => code(&posting.service)?,
            "line.account_name" => plain(&posting.account_name),
            "line.role" => role(line)?,
            "line.side" if posting.side == Side::Debit => style.debit.clone(),
            "line.side" => style.credit.clone(),
            "line.debit" if posting.side == Side::Debit => self.digits(posting.amount),
            "line.credit" if posting.side == Side::Credit => self.digits(posting.amount),
            "line.amount" if style.style == Style::Signed && posting.side == Side::Credit => {
                self.digits(posting.amount.negated())
            }
            "line.amount" => self.digits(posting.amount),
            _ => unused(),
        })
    }

    fn digits(&self, amount: Money) -> String {
        let text = amount.to_string();
        if !self.template.amount.implied_decimal {
            return text;
        }
        amount.cents().to_string()
    }

    fn day(&self, day: NaiveDate, format: Option<&str>) -> String {
        day.format(format.unwrap_or(&self.template.date.format)).to_string()
    }
}

/// The role as the settings spell it.
pub fn role(line: &ErpLine<'_>) -> Result<String, String> {
    let role = serde_json::to_value(line.posting.role).map_err(|why| why.to_string())?;
    Ok(role.as_str().unwrap_or_default().to_owned())
}

fn nothing(name: &str) -> String {
    format!("{name} is not known where this record stands.")
}

/// What people read: printable, without delimiters, one blank at a time.
fn plain(text: &str) -> String {
    Untrusted::new(text).for_journal(usize::MAX).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A code as it is, or not at all.
fn code(text: &str) -> Result<String, String> {
    if Untrusted::new(text).for_journal(usize::MAX) == text {
        return Ok(text.to_owned());
    }
    Err(format!("{} holds a character that journal feeds do not take.", Untrusted::new(text).for_terminal()))
}

/// An amount as a template wrote it.
pub fn amount_of(template: &Template, text: &str) -> anyhow::Result<Cost> {
    let text = text.trim();
    if template.amount.implied_decimal {
        let cents: i64 = text.parse().map_err(|why| anyhow::anyhow!("{text:?}: {why}"))?;
        return Ok(Cost::from_money(Money::from_cents(cents)));
    }
    super::super::read_back::amount(text)
}
