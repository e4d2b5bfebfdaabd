//! A table of `mappings/*.toml`: how the rows of a file that no source describes become charges. A new kind of service is
//! billed by such a table, without touching code.

use super::charge::{ChargeCategory, Dimension};
use serde::{Deserialize, Serialize};

/// One mapping, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// What stands in `source` of the charges, and what `format` of a folder names.
    pub source: String,
    pub title: String,
    /// Below the books: `mappings/mainframe.toml`.
    pub file: String,
    /// Only files below this folder of the inbox; empty for all folders.
    pub folder: String,
    /// The names by which a file's header is told.
    pub header: Vec<String>,
    /// Columns that hold a charge's texts.
    pub dimensions: Vec<(Dimension, String)>,
    /// Texts that are the same in every charge.
    pub constants: Vec<(Dimension, String)>,
    /// Billing tags and the columns that hold them.
    pub tags: Vec<(String, String)>,
    /// A column with all tags as JSON.
    pub json_tags: Option<String>,
    /// None where the rows have no cost: a rate card prices their quantity.
    pub billed_cost: Option<String>,
    pub effective_cost: Option<String>,
    pub list_cost: Option<String>,
    pub contracted_cost: Option<String>,
    pub quantity: MappedQuantity,
    /// None where the rows are of the month of their folder.
    pub charge_date: Option<String>,
    pub charge_end: Option<String>,
    pub billing_period: Option<String>,
    pub description: Option<String>,
    /// A column that no two rows share.
    pub row_key: Option<String>,
    pub category: MappedCategory,
    pub numbers: Numbers,
    /// The file writes what is to be paid with a minus.
    pub reversed: bool,
    pub dates: MappedDates,
    pub filters: Vec<Filter>,
}

impl Mapping {
    /// Every column that it names.
    pub fn columns(&self) -> Vec<&str> {
        let single = [
            &self.billed_cost,
            &self.effective_cost,
            &self.list_cost,
            &self.contracted_cost,
            &self.charge_date,
            &self.charge_end,
            &self.billing_period,
            &self.description,
            &self.row_key,
            &self.json_tags,
        ];
        let mut columns: Vec<&str> = single.into_iter().flatten().map(String::as_str).collect();
        if let MappedQuantity::Column(name) = &self.quantity {
            columns.push(name);
        }
        columns.extend(self.dimensions.iter().map(|(_, name)| name.as_str()));
        columns.extend(self.tags.iter().map(|(_, name)| name.as_str()));
        columns.extend(self.filters.iter().map(|filter| filter.column.as_str()));
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MappedQuantity {
    #[default]
    None,
    Column(String),
    /// Every row counts one: a line, a seat.
    EachRow,
}

/// FOCUS ChargeCategory: one for all rows, or by the texts of the column mapped to `charge_type`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedCategory {
    pub otherwise: ChargeCategory,
    pub by_charge_type: Vec<(ChargeCategory, Vec<String>)>,
}

impl Default for MappedCategory {
    fn default() -> Self {
        Self { otherwise: ChargeCategory::Usage, by_charge_type: Vec::new() }
    }
}

/// The spelling of dates. `Pattern` is chrono's: `%d.%m.%Y`, `%b %Y`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MappedDates {
    #[default]
    Iso,
    MonthFirst,
    DayFirst,
    Pattern(String),
}

/// Rows that count, or that do not, by the text of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub column: String,
    pub texts: Vec<String>,
    /// Only rows with one of the texts count; otherwise rows with one of them do not.
    pub keep: bool,
}

/// How people wrote numbers, told by an example: `1,234.56`, `1.234,56`, `$1,234.56`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    pub example: String,
    /// Between thousands.
    pub group: Option<char>,
    pub comma: bool,
    /// In front of the number or behind it, with or without a blank.
    pub symbol: String,
}

impl Numbers {
    /// Of the example 1234.56 in any spelling; none where it cannot be one.
    pub fn of_example(example: &str) -> Option<Self> {
        let hard_blanks = example.replace(['\u{a0}', '\u{202f}'], " ");
        let trimmed = hard_blanks.trim();
        let first = trimmed.find(|c: char| c.is_ascii_digit())?;
        let last = trimmed.rfind(|c: char| c.is_ascii_digit())? + 1;
        let (before, digits, after) = (&trimmed[..first], &trimmed[first..last], &trimmed[last..]);
        let symbol = match (before.trim(), after.trim()) {
            (symbol, "") | ("", symbol) => symbol.to_owned(),
            _ => return None,
        };
        if symbol.contains(['-', '(', ')', '.', ',']) {
            return None;
        }
        let rest = digits.strip_prefix('1')?;
        let (group, rest) = match rest.strip_prefix("234") {
            Some(rest) => (None, rest),
            None => {
                let mark = rest.chars().next().filter(|mark| matches!(mark, '.' | ',' | ' ' | '\''))?;
                (Some(mark), rest[mark.len_utf8()..].strip_prefix("234")?)
            }
        };
        let comma = match rest {
            ".56" => false,
            ",56" => true,
            _ => return None,
        };
        let mark = if comma { ',' } else { '.' };
        if group == Some(mark) {
            return None;
        }
        Some(Self { example: trimmed.to_owned(), group, comma, symbol })
    }

    /// Written as machines write it: nothing is to be changed.
    pub fn is_plain(&self) -> bool {
        self.group.is_none() && !self.comma && self.symbol.is_empty()
    }

    /// The text as machines write it; none where it is not of this spelling. Groups must be of three digits: `1,5` is
    /// one and a half to some, and fifteen to nobody.
    pub fn plain(&self, text: &str) -> Option<String> {
        // A hard blank is a blank.
        let text = text.replace(['\u{a0}', '\u{202f}'], " ");
        let text = text.trim();
        let (text, negative) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(inner) => (inner.trim(), true),
            None => (text, false),
        };
        let (text, minus) = signed(text);
        let text = self.without_symbol(text);
        let (text, minus_after) = if minus { (text, false) } else { signed(text) };
        if [negative, minus, minus_after].into_iter().filter(|there| *there).count() > 1 {
            return None;
        }
        let mark = if self.comma { ',' } else { '.' };
        let (whole, decimals) = match text.split_once(mark) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        let mut plain = if negative || minus || minus_after { "-".to_owned() } else { String::new() };
        match self.group.filter(|group| whole.contains(*group)) {
            Some(group) => {
                for (place, digits) in whole.split(group).enumerate() {
                    let fits = if place == 0 { (1..=3).contains(&digits.len()) } else { digits.len() == 3 };
                    if !fits || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                        return None;
                    }
                    plain.push_str(digits);
                }
            }
            None => plain.push_str(whole),
        }
        if let Some(decimals) = decimals {
            plain.push('.');
            plain.push_str(decimals);
        }
        Some(plain)
    }

    fn without_symbol<'a>(&self, text: &'a str) -> &'a str {
        if self.symbol.is_empty() {
            return text;
        }
        let symbol = self.symbol.as_str();
        text.strip_prefix(symbol).or_else(|| text.strip_suffix(symbol)).map_or(text, str::trim)
    }
}

/// A number without its minus, in front or behind.
fn signed(text: &str) -> (&str, bool) {
    match text.strip_prefix(['-', '\u{2212}']).or_else(|| text.strip_suffix('-')) {
        Some(rest) => (rest.trim(), true),
        None => (text, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (example, text, expected) in [
            ("1234.56", "12.5", Some("12.5")),
            ("1234.56", "1.81E-8", Some("1.81E-8")),
            ("1,234.56", "1,180.50", Some("1180.50")),
            ("1,234.56", "1180.50", Some("1180.50")),
            ("1,234.56", "1,18.50", None),
            ("1,234.56", "1,5", None),
            ("1,234.56", "(12.50)", Some("-12.50")),
            ("1,234.56", "12.50-", Some("-12.50")),
            ("1,234.56", "(-12.50)", None),
            ("1.234,56", "1.234.567,891", Some("1234567.891")),
            ("1.234,56", "-0,5", Some("-0.5")),
            ("1.234,56", "1.5", None),
            ("1 234,56", "1\u{a0}180,50", Some("1180.50")),
            ("$1,234.56", "$1,180.50", Some("1180.50")),
            ("$1,234.56", "-$1,180.50", Some("-1180.50")),
            ("$1,234.56", "$-1,180.50", Some("-1180.50")),
            ("$1,234.56", "($ 0.50)", Some("-0.50")),
            ("1.234,56 EUR", "7,00 EUR", Some("7.00")),
        ] {
            let numbers = Numbers::of_example(example).unwrap();
            assert_eq!(numbers.plain(text).as_deref(), expected, "{text} as in {example}");
        }
        for example in ["", "12", "1.234.56", "1,234,56", "-1,234.56", "1234", "2,234.56"] {
            assert_eq!(Numbers::of_example(example), None, "{example}");
        }
    }
}
