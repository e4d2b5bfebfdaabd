//! Files that somebody has described in `mappings/*.toml`: a definition like those of the vendors, made from the mapping.
//!
//! The engine reads definitions that live as long as the program, because those of the vendors are constants. One that is
//! made from a mapping is leaked on purpose, once for each distinct mapping: some kilobytes for a table that people write
//! by hand. Threading an owned definition through every reader would cost each of them a lifetime for that.

use super::recognition::{Delivery, Recognition};
use super::{
    AccountShape, Amount, ChargeMade, ChargeRule, DateFormat, Dates, Is, Names, Owed, SourceDefinition, Tags, Text,
    UNKNOWN, USAGE, named,
};
use crate::model::charge::{ChargeCategory, Dimension};
use crate::model::mapping::{Filter, MappedDates, MappedQuantity, Mapping, Numbers};
use chrono::{NaiveDate, NaiveDateTime};
use std::sync::{Mutex, PoisonError};

/// Why rows do not count that a filter leaves out.
pub const FILTERED: &str = "a filter of the mapping leaves these rows out";

/// A source by its name: a vendor's, or a mapping's.
pub fn source_named(name: &str, mappings: &[Mapping]) -> Option<&'static SourceDefinition> {
    named(name).or_else(|| mappings.iter().find(|mapping| mapping.source == name).map(definition))
}

/// The mapping that takes a file, by its path below the month's folder and its header: of several the one that names
/// most columns. `in_folder` asks only those that are for a certain folder; these come before the vendors' formats,
/// because somebody said so.
pub fn taking(
    mappings: &[Mapping],
    path: &str,
    header: &[String],
    in_folder: bool,
) -> Option<&'static SourceDefinition> {
    let names: Vec<String> = header.iter().map(|name| fold_declared(name)).collect();
    let takes = |mapping: &&Mapping| {
        let below = path.strip_prefix(mapping.folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
        mapping.folder.is_empty() != in_folder
            && (mapping.folder.is_empty() || below)
            && mapping.header.iter().all(|name| names.contains(&fold_declared(name)))
    };
    let fitting = mappings.iter().filter(takes);
    fitting.max_by_key(|mapping| (mapping.header.len(), std::cmp::Reverse(&mapping.file))).map(definition)
}

/// The names of a mapping's header that a file lacks.
pub fn lacking<'a>(mapping: &'a Mapping, header: &[String]) -> Vec<&'a str> {
    let names: Vec<String> = header.iter().map(|name| fold_declared(name)).collect();
    mapping.header.iter().filter(|name| !names.contains(&fold_declared(name))).map(String::as_str).collect()
}

/// A column's name as a mapping writes it: without case and blanks around, and otherwise as it stands. `Cost (USD)` and
/// `Tax (USD)` are two columns.
pub fn fold_declared(name: &str) -> String {
    let words = name.trim_start_matches('\u{feff}').split_whitespace();
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The same source for a workbook: its numbers are numbers, however people in that country write them.
pub fn in_workbook(source: &'static SourceDefinition) -> &'static SourceDefinition {
    match source.mapping() {
        Some(mapping) if !mapping.numbers.is_plain() => {
            definition(&Mapping { numbers: Numbers::default(), ..mapping.clone() })
        }
        _ => source,
    }
}

static MADE: Mutex<Vec<(&Mapping, &SourceDefinition)>> = Mutex::new(Vec::new());

pub fn definition(mapping: &Mapping) -> &'static SourceDefinition {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, definition)) = made.iter().find(|(known, _)| *known == mapping) {
        return definition;
    }
    let mapping: &'static Mapping = Box::leak(Box::new(mapping.clone()));
    let definition: &'static SourceDefinition = Box::leak(Box::new(make(mapping)));
    made.push((mapping, definition));
    definition
}

fn leaked<T>(items: Vec<T>) -> &'static [T] {
    Box::leak(items.into_boxed_slice())
}

fn one(name: &'static str) -> Names {
    leaked(vec![name])
}

fn maybe(name: &'static Option<String>) -> Names {
    name.as_deref().map_or(&[], one)
}

fn texts(texts: &'static [String]) -> Names {
    leaked(texts.iter().map(String::as_str).collect())
}

fn make(mapping: &'static Mapping) -> SourceDefinition {
    let amount = |name: &'static Option<String>, otherwise: Amount| {
        name.as_deref().map_or(otherwise, |name| Amount::Column(one(name)))
    };
    let usage = ChargeMade {
        category: mapping.category.otherwise,
        effective: amount(&mapping.effective_cost, Amount::Cost),
        list: amount(&mapping.list_cost, Amount::Unavailable),
        contracted: amount(&mapping.contracted_cost, Amount::Unavailable),
        ..USAGE
    };
    let (selectors, rules) = rules(mapping, usage);
    SourceDefinition {
        name: &mapping.source,
        title: &mapping.title,
        recognition: Recognition {
            marks: leaked(mapping.header.iter().map(|name| one(name)).collect()),
            least: mapping.header.len(),
            never: &[],
            never_filled: &[],
        },
        delivery: Delivery { manifest: None, views: None },
        dimensions: dimensions(mapping),
        dates: Dates {
            billing_period_start: maybe(&mapping.billing_period),
            billing_period_end: None,
            charge_start: maybe(&mapping.charge_date),
            charge_end: mapping.charge_end.as_deref().map(one),
            formats: match &mapping.dates {
                MappedDates::Iso => &[DateFormat::Iso],
                // A workbook's dates come as 2025-09-01 whatever it shows, and no other spelling looks like that.
                MappedDates::MonthFirst => &[DateFormat::MonthFirst, DateFormat::Iso],
                MappedDates::DayFirst => &[DateFormat::DayFirst, DateFormat::Iso],
                MappedDates::Pattern(pattern) => leaked(vec![DateFormat::Pattern(pattern), DateFormat::Iso]),
            },
            late_days: 92,
        },
        vendor_cost: maybe(&mapping.billed_cost),
        net_cost: None,
        quantity: match &mapping.quantity {
            MappedQuantity::Column(name) => one(name),
            MappedQuantity::None | MappedQuantity::EachRow => &[],
        },
        description: maybe(&mapping.description),
        row_id: mapping.row_key.as_deref().map(one),
        tags: Tags::Declared(mapping),
        selectors,
        rules,
        netting: None,
        adds_up: None,
        watched: &[],
        account: AccountShape::AsWritten,
        invoice_id_when_final: false,
        required: required(mapping),
        known: &[],
        // Whoever wrote the mapping has looked at the other columns.
        known_prefixes: &[""],
    }
}

fn dimensions(mapping: &'static Mapping) -> &'static [(Dimension, Text)] {
    let mut all = vec![(Dimension::Source, Text::Constant(&mapping.source))];
    all.extend(mapping.constants.iter().map(|(dimension, text)| (*dimension, Text::Constant(text.as_str()))));
    all.extend(mapping.dimensions.iter().map(|(dimension, name)| (*dimension, Text::Column(one(name)))));
    let ruled = [
        Dimension::ChargeCategory,
        Dimension::ChargeClass,
        Dimension::ChargeFrequency,
        Dimension::PricingCategory,
        Dimension::CommitmentDiscountStatus,
    ];
    all.extend(ruled.map(|dimension| (dimension, Text::Rule)));
    leaked(all)
}

/// Every column that the mapping names: one that is gone would take money or an owner with it.
fn required(mapping: &'static Mapping) -> &'static [(&'static str, Names)] {
    let columns = mapping.columns();
    let special = [mapping.billed_cost.as_deref(), mapping.charge_date.as_deref()];
    let others = columns.into_iter().filter(|name| !special.contains(&Some(name)));
    leaked(others.map(|name| (name, one(name))).collect())
}

/// Selectors are the filters' columns and, last, the one of charge types.
fn rules(mapping: &'static Mapping, usage: ChargeMade) -> (&'static [Names], &'static [ChargeRule]) {
    let mut selectors: Vec<Names> = mapping.filters.iter().map(|filter| one(&filter.column)).collect();
    let condition = |(place, filter): (usize, &'static Filter)| (place, Is::OneOf(texts(&filter.texts)));
    let filters = || mapping.filters.iter().enumerate();
    let rule = |when: Vec<(usize, Is)>, charges: Vec<ChargeMade>, left_out: &'static str| ChargeRule {
        when: leaked(when),
        views: &[],
        charges: leaked(charges),
        left_out,
        owed: Owed::Nothing,
    };
    let mut rules = Vec::new();
    for dropping in filters().filter(|(_, filter)| !filter.keep) {
        rules.push(rule(vec![condition(dropping)], Vec::new(), FILTERED));
    }
    let keeping: Vec<(usize, Is)> = filters().filter(|(_, filter)| filter.keep).map(condition).collect();
    let charge_type = mapping.dimensions.iter().find(|(dimension, _)| *dimension == Dimension::ChargeType);
    if let Some((_, name)) = charge_type {
        let place = selectors.len();
        selectors.push(one(name));
        for (category, spelled) in &mapping.category.by_charge_type {
            let mut when = keeping.clone();
            when.push((place, Is::OneOf(texts(spelled))));
            rules.push(rule(when, vec![of_category(*category, usage)], ""));
        }
    }
    let is_filtered = !keeping.is_empty();
    rules.push(rule(keeping, vec![of_category(mapping.category.otherwise, usage)], ""));
    if is_filtered {
        rules.push(rule(Vec::new(), Vec::new(), FILTERED));
    }
    (leaked(selectors), leaked(rules))
}

fn of_category(category: ChargeCategory, usage: ChargeMade) -> ChargeMade {
    match category {
        ChargeCategory::Usage => ChargeMade { category, ..usage },
        ChargeCategory::Purchase => ChargeMade { category, frequency: "One-Time", pricing: "", ..usage },
        _ => ChargeMade { category, frequency: UNKNOWN.frequency, pricing: "", quantity: false, ..usage },
    }
}

/// A date by chrono's pattern; a pattern without a day means the first of the month.
pub fn moment(text: &str, pattern: &str) -> Option<NaiveDateTime> {
    let midnight = |day: NaiveDate| day.and_hms_opt(0, 0, 0);
    NaiveDateTime::parse_from_str(text, pattern)
        .ok()
        .or_else(|| NaiveDate::parse_from_str(text, pattern).ok().and_then(midnight))
        .or_else(|| NaiveDate::parse_from_str(&format!("{text} 1"), &format!("{pattern} %d")).ok().and_then(midnight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_by_pattern() {
        for (text, pattern, expected) in [
            ("01.06.2025", "%d.%m.%Y", Some("2025-06-01 00:00:00")),
            ("Sep 2025", "%b %Y", Some("2025-09-01 00:00:00")),
            ("2025-09", "%Y-%m", Some("2025-09-01 00:00:00")),
            ("202509", "%Y%m", Some("2025-09-01 00:00:00")),
            ("9/1/25", "%m/%d/%y", Some("2025-09-01 00:00:00")),
            ("2025-09-30 23:59", "%Y-%m-%d %H:%M", Some("2025-09-30 23:59:00")),
            ("September", "%b %Y", None),
            ("31.06.2025", "%d.%m.%Y", None),
        ] {
            assert_eq!(moment(text, pattern).map(|found| found.to_string()), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_mapping_is_made_into_a_definition_once() {
        let mapping = Mapping { source: "mips".to_owned(), header: vec!["A".to_owned()], ..Mapping::default() };
        assert!(std::ptr::eq(definition(&mapping), definition(&mapping.clone())));
        let other = Mapping { title: "other".to_owned(), ..mapping.clone() };
        assert!(!std::ptr::eq(definition(&mapping), definition(&other)));
    }
}
