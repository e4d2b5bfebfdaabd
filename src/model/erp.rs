//! Templates of journal feeds: how an ERP wants to read our journals, as data. No ERP is known to the code.
//!
//! A template is a TOML file of a few parts: what kind of file it is, how lines are grouped into journals, how amounts and
//! days are written, and the columns of each record with where their text comes from. The settings keep templates whole, so
//! a closed month is written again with the ones it was closed with.

pub mod expression;

use expression::Expression;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub format: Format,
    #[serde(default)]
    pub grouping: Grouping,
    #[serde(default)]
    pub amount: AmountStyle,
    #[serde(default)]
    pub date: DateStyle,
    /// The site's own values: `const.ledger_id`.
    #[serde(default)]
    pub constants: BTreeMap<String, String>,
    /// Tables from one text to another: `lookup('period_name', period.key)`.
    #[serde(default)]
    pub lookups: BTreeMap<String, BTreeMap<String, String>>,
    /// The columns of a file that has nothing but journal lines.
    #[serde(default, rename = "column")]
    pub columns: Vec<Column>,
    #[serde(default, rename = "record")]
    pub records: Vec<Record>,
    /// Where it was read, and the SHA-256 of its bytes.
    #[serde(default)]
    pub file: String,
    #[serde(default)]
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    pub id: String,
    pub version: u32,
    /// What it is, for a person.
    pub title: String,
    /// How sure we are of the layout, and on what ground. A site compares it with its own specification.
    pub confidence: String,
    pub kind: Kind,
    #[serde(default = "comma")]
    pub delimiter: char,
    #[serde(default)]
    pub quote: Quote,
    #[serde(default)]
    pub newline: Newline,
    #[serde(default)]
    pub header_row: bool,
    pub filename: String,
    /// The name of a zip that holds the file, where the ERP takes nothing else.
    #[serde(default)]
    pub zip: Option<String>,
}

fn comma() -> char {
    ','
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Delimited,
    Fixed,
    Xml,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quote {
    #[default]
    Minimal,
    Always,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Newline {
    #[default]
    Lf,
    Crlf,
}

impl Newline {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::Crlf => "\r\n",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    /// What lines of one journal of the ERP have in common. Our journal always is.
    #[serde(default = "by_journal")]
    pub journal_per: Vec<GroupBy>,
    /// What journals of one file have in common; one file where nothing is named.
    #[serde(default)]
    pub file_per: Vec<GroupBy>,
    /// Only journals of these types; all where none is named.
    #[serde(default)]
    pub journal_types: Vec<String>,
    /// 0: as many as there are. Longer journals are cut where every fund is balanced, and nowhere else.
    #[serde(default)]
    pub max_lines_per_journal: usize,
}

fn by_journal() -> Vec<GroupBy> {
    vec![GroupBy::JournalId]
}

impl Default for Grouping {
    fn default() -> Self {
        Self { journal_per: by_journal(), file_per: Vec::new(), journal_types: Vec::new(), max_lines_per_journal: 0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    JournalId,
    JournalType,
    Fund,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountStyle {
    #[serde(default)]
    pub style: Style,
    /// Cents without a point.
    #[serde(default)]
    pub implied_decimal: bool,
    /// What stands on the side that has no amount: nothing, or a zero.
    #[serde(default = "yes")]
    pub blank_unused: bool,
    /// What `line.side` writes.
    #[serde(default = "letter_d")]
    pub debit: String,
    #[serde(default = "letter_c")]
    pub credit: String,
}

fn yes() -> bool {
    true
}

fn letter_d() -> String {
    "D".to_owned()
}

fn letter_c() -> String {
    "C".to_owned()
}

impl Default for AmountStyle {
    fn default() -> Self {
        Self {
            style: Style::default(),
            implied_decimal: false,
            blank_unused: true,
            debit: letter_d(),
            credit: letter_c(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// `line.debit` and `line.credit`, one of them unused.
    #[default]
    DrCr,
    /// `line.amount`: debits above zero, credits below.
    Signed,
    /// `line.amount` without a sign, and `line.side` beside it.
    Indicator,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateStyle {
    #[serde(default = "iso")]
    pub format: String,
    /// On which day of the following month the batch is said to be made. Never the day of the run: the same month closed
    /// twice must give the same bytes.
    #[serde(default = "first")]
    pub created_day: u32,
}

fn iso() -> String {
    "%Y-%m-%d".to_owned()
}

fn first() -> u32 {
    1
}

impl Default for DateStyle {
    fn default() -> Self {
        Self { format: iso(), created_day: first() }
    }
}

/// How often a record stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Once, before the journals.
    File,
    /// Once for each journal, before its lines.
    Journal,
    Line,
    /// Once for each journal, after its lines.
    JournalEnd,
    /// Once, after the journals.
    FileEnd,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub per: Per,
    /// XML: the names of the elements down to this one, with `/` between.
    #[serde(default)]
    pub path: String,
    /// Fixed: how long a row is, where blanks stand after its last column.
    #[serde(default)]
    pub length: usize,
    /// Lines of these roles only; of all where none is named. What no record takes, the ERP posts by itself.
    #[serde(default)]
    pub roles: Vec<String>,
    #[serde(rename = "column", default)]
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    pub name: String,
    /// Delimited: its number, from 1.
    #[serde(default)]
    pub pos: usize,
    /// Fixed: its first character, from 1, and how many there are.
    #[serde(default)]
    pub start: usize,
    #[serde(default)]
    pub width: usize,
    #[serde(default)]
    pub align: Align,
    #[serde(default = "blank")]
    pub fill: char,
    /// The same text in every row.
    #[serde(default)]
    pub value: Option<String>,
    /// An expression.
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub max: usize,
    #[serde(default)]
    pub on_overflow: OnOverflow,
    #[serde(default)]
    pub required: bool,
    /// XML: an attribute of the record's element, not an element below it.
    #[serde(default)]
    pub attribute: bool,
    /// XML: attributes of the column's own element, as they are to be written.
    #[serde(default)]
    pub with: String,
    #[serde(default)]
    pub cdata: bool,
    /// What nobody has checked in a published source: confirm it with your controller.
    #[serde(default)]
    pub confirm: String,
}

fn blank() -> char {
    ' '
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    #[default]
    Left,
    Right,
}

/// A code that is cut is another code; a description may be cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnOverflow {
    #[default]
    Error,
    Truncate,
}

impl Column {
    /// A text that is no column of a row, as the name of a file.
    pub fn from_expression(name: &str, from: &str) -> Self {
        Self {
            name: name.to_owned(),
            pos: 0,
            start: 0,
            width: 0,
            align: Align::Left,
            fill: blank(),
            value: None,
            from: Some(from.to_owned()),
            max: 0,
            on_overflow: OnOverflow::Error,
            required: true,
            attribute: false,
            with: String::new(),
            cdata: false,
            confirm: String::new(),
        }
    }

    /// The longest text it takes; none where nothing is said.
    pub fn longest(&self) -> Option<usize> {
        [self.max, self.width].into_iter().filter(|&longest| longest > 0).min()
    }

    pub fn expression(&self) -> Result<Expression, String> {
        match (&self.value, &self.from) {
            (Some(text), None) => Ok(Expression::Text(text.clone())),
            (None, Some(from)) => Expression::parse(from),
            (None, None) => Ok(Expression::Text(String::new())),
            (Some(_), Some(_)) => Err("it has both a value and a source".to_owned()),
        }
    }
}

impl Template {
    /// Reads a template, or says why it cannot be one: the toml reader's own words, with line and column.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut template: Self = toml::from_str(text).map_err(|why| why.to_string().trim_end().to_owned())?;
        if !template.columns.is_empty() {
            let columns = std::mem::take(&mut template.columns);
            template.records.push(Record {
                per: Per::Line,
                path: String::new(),
                length: 0,
                roles: Vec::new(),
                columns,
            });
        }
        Ok(template)
    }

    /// The records that carry amounts.
    pub fn line_records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| record.per == Per::Line)
    }
}
