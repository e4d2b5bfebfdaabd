//! Where the text of a column comes from: a source, a text in quotes, or a function of them.
//!
//! ```text
//! line.fund     'NEW'     line.service_period{%b %Y}     concat(journal.id, ' F', line.fund)     default(line.project, '0000')
//! ```

/// Everything a column can ask for, and what it is.
pub const SOURCES: [(&str, &str); 40] = [
    ("batch.id", "the run, twelve hexadecimal digits"),
    ("batch.created", "the day the template says the batch is made"),
    ("batch.period_end", "the last day of the month"),
    ("batch.standing", "DRAFT or FINAL"),
    ("state.name", "the state"),
    ("state.currency", "the currency of the books"),
    ("period.year", "the fiscal year"),
    ("period.number", "the fiscal period, two digits"),
    ("period.key", "year and period, 2026-03: the key of a table of period names"),
    ("journal.id", "our journal"),
    ("journal.type", "VEND, ACCR, REV, PREP, BILL, ADJ, SETL, XFER"),
    ("journal.number", "the journal's number within its file"),
    ("journal.fund", "the fund, where journals are made by fund"),
    ("journal.posting_date", "the day it is posted"),
    ("journal.service_period", "the month whose charges it is for"),
    ("journal.reversing_date", "the day it is undone; empty for most"),
    ("journal.reversal_of", "the journal that it undoes; empty for most"),
    ("line.number", "the line's number within its journal, as the ERP sees it"),
    ("line.fund", "fund"),
    ("line.agency", "agency"),
    ("line.appropriation", "appropriation"),
    ("line.program", "program"),
    ("line.cost_center", "cost center"),
    ("line.project", "project"),
    ("line.grant", "grant"),
    ("line.activity", "activity"),
    ("line.account", "account"),
    ("line.location", "location"),
    ("line.user1", "user1"),
    ("line.user2", "user2"),
    ("line.user3", "user3"),
    ("line.budget_fy", "the year whose appropriation pays"),
    ("line.affiliate_fund", "the counterparty's fund"),
    ("line.affiliate_agency", "the counterparty's agency"),
    ("line.description", "what people read"),
    ("line.reference", "the bill line, bill or invoice behind it"),
    ("line.service", "service"),
    ("line.role", "what the line is for: due_from, revenue, agency_expenditure ..."),
    ("line.side", "debit or credit, in the words of [amount]"),
    ("line.account_name", "the account's name"),
];

/// Amounts: only these carry money.
pub const AMOUNTS: [&str; 3] = ["line.debit", "line.credit", "line.amount"];

/// Functions, how many arguments they take at least and at most, and what they give.
pub const FUNCTIONS: [(&str, usize, usize, &str); 9] = [
    ("concat", 1, 20, "its arguments, one after the other"),
    ("pad", 3, 3, "a text, filled on the left to a width with a character"),
    ("upper", 1, 1, "capital letters"),
    ("substr", 3, 3, "a text from a place, counted from 1, of a length"),
    ("lookup", 2, 2, "what a table of the template says for a text"),
    ("default", 2, 20, "the first of its arguments that is not empty"),
    ("seq", 0, 0, "the line's number within its file"),
    ("count", 1, 1, "how many lines or journals there are"),
    ("sum", 1, 1, "the total of debits or credits"),
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    Text(String),
    /// A source, and how a day or month of it is written.
    Source(String, Option<String>),
    Call(String, Vec<Expression>),
}

impl Expression {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text };
        let expression = reader.expression()?;
        reader.blanks();
        if reader.rest.is_empty() {
            Ok(expression)
        } else {
            Err(format!("{:?} stands behind what could be read", reader.rest))
        }
    }

    /// The source alone, without anything done to it.
    pub fn bare(&self) -> Option<&str> {
        match self {
            Self::Source(name, None) => Some(name),
            _ => None,
        }
    }

    /// All that it asks for.
    pub fn sources(&self) -> Vec<&str> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::Source(name, _) => vec![name],
            Self::Call(_, arguments) => arguments.iter().flat_map(Self::sources).collect(),
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, token: char) -> bool {
        self.blanks();
        self.rest.strip_prefix(token).map(|rest| self.rest = rest).is_some()
    }

    fn upto(&mut self, end: char) -> Result<String, String> {
        let (text, rest) = self.rest.split_once(end).ok_or_else(|| format!("{end} is missing"))?;
        self.rest = rest;
        Ok(text.to_owned())
    }

    fn expression(&mut self) -> Result<Expression, String> {
        if self.takes('\'') {
            return Ok(Expression::Text(self.upto('\'')?));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let end = self.rest.find(|c| !is_name(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        let name = name.to_owned();
        self.rest = rest;
        if name.is_empty() {
            return Err("a source, a text in single quotes or a function is missing".to_owned());
        }
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Expression::Text(name));
        }
        if self.rest.starts_with('(') {
            self.rest = &self.rest[1..];
            return self.call(name);
        }
        let known = SOURCES.iter().map(|(known, _)| *known).chain(AMOUNTS);
        if !name.starts_with("const.") && !known.clone().any(|known| known == name) {
            return Err(format!("there is no source {name}"));
        }
        let format = if self.rest.starts_with('{') {
            self.rest = &self.rest[1..];
            Some(self.upto('}')?)
        } else {
            None
        };
        if format.as_ref().is_some_and(|format| !is_date_format(format)) {
            return Err(format!("{:?} does not say how a day is written", format.unwrap_or_default()));
        }
        Ok(Expression::Source(name, format))
    }

    fn call(&mut self, name: String) -> Result<Expression, String> {
        let Some((_, fewest, most, _)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            return Err(format!("there is no function {name}"));
        };
        let mut arguments = Vec::new();
        if matches!(name.as_str(), "count" | "sum") {
            arguments.push(Expression::Text(self.upto(')')?.trim().to_owned()));
            let known: &[&str] = if name == "sum" { &["debit", "credit"] } else { &["lines", "journals"] };
            return match &arguments[0] {
                Expression::Text(what) if known.contains(&what.as_str()) => Ok(Expression::Call(name, arguments)),
                _ => Err(format!("{name} takes {}", known.join(" or "))),
            };
        }
        while !self.takes(')') {
            if !arguments.is_empty() && !self.takes(',') {
                return Err(format!("a comma or the closing bracket of {name} is missing"));
            }
            self.blanks();
            arguments.push(self.expression()?);
        }
        if !(*fewest..=*most).contains(&arguments.len()) {
            return Err(format!("{name} does not take {} arguments", arguments.len()));
        }
        Ok(Expression::Call(name, arguments))
    }
}

/// Whether a text says how a day is written: chrono would stop at a letter that it does not know.
pub fn is_date_format(format: &str) -> bool {
    use chrono::format::{Item, StrftimeItems};
    StrftimeItems::new(format).all(|item| !matches!(item, Item::Error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_or_refused_with_a_reason() {
        for (text, outcome) in [
            ("line.fund", "ok"),
            ("'NEW'", "ok"),
            ("const.ledger_id", "ok"),
            ("line.service_month", "there is no source line.service_month"),
            ("journal.service_period{%b %Y}", "ok"),
            ("journal.service_period{%b", "} is missing"),
            ("journal.posting_date{%Q}", "\"%Q\" does not say how a day is written"),
            ("concat(journal.id, ' F', line.fund)", "ok"),
            ("pad(period.number, 3, '0')", "ok"),
            ("pad(period.number, 3)", "pad does not take 2 arguments"),
            ("sum(debit)", "ok"),
            ("sum(net)", "sum takes debit or credit"),
            ("count( lines )", "ok"),
            ("concat(line.fund line.agency)", "a comma or the closing bracket of concat is missing"),
            ("exec('x')", "there is no function exec"),
            ("line.fund + 1", "\"+ 1\" stands behind what could be read"),
            ("", "a source, a text in single quotes or a function is missing"),
            ("'open", "' is missing"),
        ] {
            let told = Expression::parse(text).map_or_else(|why| why, |_| "ok".to_owned());
            assert_eq!(told, outcome, "{text}");
        }
    }
}
