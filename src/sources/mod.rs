//! What we know of each provider's files, as tables: header spellings, what each charge type does to each cost, which
//! columns carry tags. One engine (`stages::normalize`) reads them all; a further source is one more file here.

pub mod anthropic;
pub mod aws;
pub mod azure;
pub mod focus;
pub mod github;
pub mod m365;
pub mod mapped;
pub mod openai;
pub mod proposed;
pub mod recognition;
mod rules;
pub mod servicenow;
pub mod usage;

use crate::model::charge::Dimension;
use crate::model::finding::Code;
use crate::model::mapping::Mapping;
use recognition::{Delivery, Recognition};
pub use rules::{Amount, ChargeMade, ChargeRule, Count, Counts, Is, Owed, UNKNOWN, USAGE};

/// Spellings of one column. Compared after folding: see [`fold`].
pub type Names = &'static [&'static str];

/// Everything that tells one vendor's cost file from another's.
pub struct SourceDefinition {
    /// As in `x_Source` of the charges: `aws-cur`.
    pub name: &'static str,
    /// For people: `AWS Cost and Usage Report`.
    pub title: &'static str,
    pub recognition: Recognition,
    pub delivery: Delivery,
    pub dimensions: &'static [(Dimension, Text)],
    pub dates: Dates,
    /// The column whose sum ties to the vendor's own totals. None for a source without money: its rows are quantities
    /// that measures count (see [`Counts`]), and their charges cost nothing in no currency.
    pub vendor_cost: Names,
    /// The same after private discounts; once a version has a value in it, it is what was invoiced.
    pub net_cost: Option<Names>,
    pub quantity: Names,
    pub description: Names,
    /// Unique within one version, where the vendor gives such a thing.
    pub row_id: Option<Names>,
    pub tags: Tags,
    /// Columns that rules look at.
    pub selectors: &'static [Names],
    /// The first that matches decides; a row that none matches keeps its money and raises a finding.
    pub rules: &'static [ChargeRule],
    /// Two charge types whose costs cancel: usage shown at its on-demand cost, and the rows that take it away again.
    pub netting: Option<Netting>,
    /// Amounts of each row of which the first less the second is the third.
    pub adds_up: Option<[Names; 3]>,
    /// Columns in which any value at all is something to tell.
    pub watched: &'static [Watched],
    pub account: AccountShape,
    /// Whether a row without invoice id means that the month is still open.
    pub invoice_id_when_final: bool,
    /// Columns that must be there for anything to be billed, apart from cost and dates: name for people, spellings.
    pub required: &'static [(&'static str, Names)],
    /// Columns that known versions have and nobody reads, and beginnings of such names, folded.
    pub known: &'static [&'static str],
    pub known_prefixes: &'static [&'static str],
}

/// Where a dimension's text comes from.
#[derive(Clone, Copy, Debug)]
pub enum Text {
    Constant(&'static str),
    Column(Names),
    /// The first that has a value.
    FirstOf(&'static [Names]),
    /// The part after the last `/`.
    LastPart(Names),
    /// The part before the first comma.
    FirstPart(Names),
    /// Both with a comma between them; the third where neither has a value.
    Together(&'static [Names; 3]),
    /// The first that has a value, of columns, entries of JSON objects and a constant at the end.
    Choice(&'static [From]),
    /// What the charge rule says: category, class, frequency, pricing, commitment status.
    Rule,
    /// The vendor's own word where the file has such a column, blank cells included; otherwise what the rule says.
    ColumnOrRule(Names),
}

#[derive(Clone, Copy, Debug)]
pub enum From {
    Column(Names),
    /// Of a JSON object in a column the entry with this key.
    Entry(Names, &'static str),
    Constant(&'static str),
}

pub struct Dates {
    /// First day of the billed month.
    pub billing_period_start: Names,
    pub charge_start: Names,
    /// The first day after the billed month; none where the format counts the last day in.
    pub billing_period_end: Option<Names>,
    /// None where a charge is one day.
    pub charge_end: Option<Names>,
    pub formats: &'static [DateFormat],
    /// How long after its day metered usage can still be billed.
    pub late_days: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFormat {
    /// `2025-06-01`, with or without time, zone and fraction.
    Iso,
    /// `06/01/2025`, `6/1/2025`.
    MonthFirst,
    /// `01/06/2025`.
    DayFirst,
    /// chrono's: `%d.%m.%Y`, or `%b %Y` for the first of a month.
    Pattern(&'static str),
    /// Seconds since 1970.
    Unix,
}

#[derive(Clone, Copy, Debug)]
pub enum Tags {
    /// One column a tag: the part of the folded name after one of these prefixes is the key.
    Columns { prefixes: &'static [&'static str] },
    /// A JSON object as text, with or without its braces.
    Json { column: Names },
    /// As a mapping says: columns by their tags, or one with JSON.
    Declared(&'static Mapping),
    /// JSON objects, and columns that were made of their entries.
    Maps(&'static [TagMap]),
}

/// One object of tags, or the columns it was flattened to: `resource_tags`, `resource_tags_user_agency`.
#[derive(Clone, Copy, Debug)]
pub struct TagMap {
    pub column: Names,
    /// How flattened columns begin, lower case; empty where there are none.
    pub flattened: &'static str,
    /// What stands before each key in the settings: `costcategory/`.
    pub kept: &'static str,
}

impl TagMap {
    /// The folded key of an entry. AWS marks the customer's own as `user:agency` or `user_agency`.
    pub fn key(&self, key: &str) -> String {
        let key = key.trim().to_lowercase();
        let key = key.strip_prefix("resourcetags/").unwrap_or(&key);
        let own = key.strip_prefix("user:").or_else(|| key.strip_prefix("user_"));
        let key = own.filter(|_| self.kept.is_empty()).unwrap_or(key);
        format!("{}{}", self.kept, fold_tag(key))
    }

    fn flattened_key(&self, name: &str) -> Option<String> {
        let name = name.trim().trim_start_matches('\u{feff}').to_lowercase();
        let key = name.strip_prefix(self.flattened).filter(|key| !self.flattened.is_empty() && !key.is_empty());
        key.map(|key| self.key(key))
    }
}

impl Tags {
    /// The folded key of the tag that a column holds.
    pub fn key_of_column(&self, name: &str) -> Option<String> {
        match self {
            Self::Json { .. } | Self::Declared(_) => None,
            Self::Maps(maps) => maps.iter().find_map(|map| map.flattened_key(name)),
            Self::Columns { prefixes } => {
                let folded = name.trim().trim_start_matches('\u{feff}').to_lowercase();
                let prefix = prefixes.iter().find(|prefix| folded.starts_with(**prefix))?;
                // Cost categories keep their prefix: they are not the customer's tags.
                let key = if prefix.starts_with("costcategory") { folded.as_str() } else { &folded[prefix.len()..] };
                Some(fold_tag(key))
            }
        }
    }
}

/// Covered usage and its negation. Both are left out of billed cost once they are proved to cancel.
#[derive(Clone, Copy, Debug)]
pub struct Netting {
    pub covered: &'static str,
    pub negation: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub struct Watched {
    pub column: Names,
    pub code: Code,
    pub why: &'static str,
    pub fix: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountShape {
    /// AWS: twelve digits, leading zeros included.
    TwelveDigits,
    /// Azure: lower-case text.
    Folded,
    /// A file that somebody has mapped: as it stands.
    AsWritten,
}

/// Every source whose charges can be read. The first that recognizes a file has it, so the particular come first.
pub const SOURCES: &[&SourceDefinition] = &[
    &aws::COST_AND_USAGE_REPORT,
    &aws::data_exports::CUR_2,
    &aws::data_exports::CUR_ATHENA,
    &aws::focus::FOCUS_WITH_INVOICES,
    &aws::focus::FOCUS,
    &azure::PARTNER_AGREEMENT,
    &azure::CUSTOMER_AGREEMENT,
    &azure::PAY_AS_YOU_GO,
    &azure::ENTERPRISE_AGREEMENT,
    &azure::LEGACY_PAY_AS_YOU_GO,
    &azure::FOCUS_EXPORT,
    &focus::ANY,
    &openai::COSTS,
    &openai::USAGE_REPORT,
    &openai::EMBEDDINGS,
    &openai::CHATGPT_CREDITS,
    &anthropic::COSTS,
    &anthropic::TOKENS,
    &github::USAGE_REPORT,
    &github::PREMIUM_REQUESTS,
    &github::PREMIUM_USAGE,
    &github::SEATS,
    &m365::COPILOT_SEATS,
];

pub fn named(name: &str) -> Option<&'static SourceDefinition> {
    SOURCES.iter().copied().find(|source| source.name == name)
}

/// A column name without byte order mark, blanks, underscores and case; of `Kosten (Cost)` the part in parentheses.
pub fn fold(name: &str) -> String {
    let name = name.trim_start_matches('\u{feff}').trim();
    let name = match (name.rfind('('), name.ends_with(')')) {
        (Some(open), true) if open > 0 => &name[open + 1..name.len() - 1],
        _ => name,
    };
    name.chars()
        .filter(|character| !character.is_whitespace() && *character != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

/// A tag key without case, blanks, `-` and `_`, so that `Cost-Center` and `cost_center` are one tag.
pub fn fold_tag(key: &str) -> String {
    // As AWS marks the customer's own keys; people copy it from the file's header into their settings.
    let key = key.trim().strip_prefix("user:").unwrap_or(key);
    key.chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect()
}

impl From {
    fn columns(&self) -> Names {
        match self {
            Self::Column(names) | Self::Entry(names, _) => names,
            Self::Constant(_) => &[],
        }
    }
}

impl SourceDefinition {
    /// Its rows are quantities without money.
    pub fn only_counts(&self) -> bool {
        self.rules.iter().flat_map(|rule| rule.charges).any(|made| made.counts.is_some())
    }

    /// The mapping from which this was made.
    pub fn mapping(&self) -> Option<&'static Mapping> {
        if let Tags::Declared(mapping) = self.tags { Some(mapping) } else { None }
    }

    /// A column's name as this source compares it.
    pub fn fold(&self, name: &str) -> String {
        if self.mapping().is_some() { mapped::fold_declared(name) } else { fold(name) }
    }

    /// The folded names of the columns that hold amounts, where the vendor delivers them as doubles too: AWS knows ten
    /// decimals of its costs, and a Parquet file of its reports has no more of them than noise (formats.md 4).
    pub fn amounts_as_doubles(&self) -> Option<Vec<String>> {
        self.name.starts_with("aws-cur").then(|| self.amount_columns().into_iter().map(fold).collect())
    }

    fn amount_columns(&self) -> Vec<&'static str> {
        let charges = self.rules.iter().flat_map(|rule| rule.charges);
        let of_charge = |made: &ChargeMade| [made.billed, made.effective, made.list, made.contracted];
        let amounts = charges.flat_map(of_charge).flat_map(Amount::columns);
        let owed = self.rules.iter().filter_map(|rule| match rule.owed {
            Owed::Column(column) | Owed::CostAnd(column) => Some(column),
            Owed::Nothing => None,
        });
        let costs = [self.vendor_cost].into_iter().chain(self.net_cost).chain(owed).flatten().copied();
        costs.chain(amounts).collect()
    }

    /// Every column name that somebody reads.
    pub fn columns(&self) -> Vec<&'static str> {
        let mut names = self.amount_columns();
        for (_, text) in self.dimensions {
            match text {
                Text::Column(column)
                | Text::LastPart(column)
                | Text::FirstPart(column)
                | Text::ColumnOrRule(column) => names.extend_from_slice(column),
                Text::Together(choices) => choices.iter().for_each(|column| names.extend_from_slice(column)),
                Text::FirstOf(choices) => choices.iter().for_each(|column| names.extend_from_slice(column)),
                Text::Choice(choices) => names.extend(choices.iter().flat_map(From::columns)),
                Text::Constant(_) | Text::Rule => {}
            }
        }
        let single = [self.quantity, self.description, self.dates.billing_period_start, self.dates.charge_start];
        let optional = [self.row_id, self.dates.charge_end, self.dates.billing_period_end];
        names.extend(single.into_iter().chain(optional.into_iter().flatten()).flatten());
        names.extend(self.watched.iter().flat_map(|watched| watched.column));
        names.extend(self.selectors.iter().copied().flatten());
        names.extend(self.adds_up.iter().flatten().copied().flatten());
        for made in self.rules.iter().flat_map(|rule| rule.charges) {
            names.extend(made.counts.iter().flat_map(|counts| counts.count.columns()));
            names.extend(made.told.iter().flat_map(|told| told.column));
        }
        match self.tags {
            Tags::Json { column } => names.extend_from_slice(column),
            Tags::Declared(mapping) => names.extend(mapping.columns()),
            Tags::Maps(maps) => names.extend(maps.iter().flat_map(|map| map.column)),
            Tags::Columns { .. } => {}
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tag_however_people_spell_it() {
        for key in ["CostCenter", "cost-center", " Cost_Center ", "user:CostCenter"] {
            assert_eq!(fold_tag(key), "costcenter", "{key}");
        }
        assert_eq!(fold_tag("user_name"), "username", "a customer's own key keeps its beginning");
    }
}
