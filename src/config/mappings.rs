//! `mappings/*.toml`: how files that no source describes become charges. Walked by hand like `chargeback.toml`, so that
//! every mistake is told at once.

use super::near::nearest;
use crate::model::charge::{ChargeCategory, Dimension};
use crate::model::finding::{Code, Finding, Place};
use crate::model::mapping::{Filter, MappedDates, MappedQuantity, Mapping, Numbers};
use chrono::format::{Item, StrftimeItems};
use toml::de::{DeTable, DeValue};

pub const FOLDER: &str = "mappings";
/// Conditions of one rule are bits of one number.
const MOST_FILTERS: usize = 12;

const KEYS: &[&str] =
    &["source", "title", "folder", "header", "columns", "constants", "amounts", "dates", "charge_types", "filter"];
/// Keys of `[columns]` beside the charge's own texts and `tag:<name>`.
const COLUMNS: &[&str] = &[
    "billed_cost",
    "effective_cost",
    "list_cost",
    "contracted_cost",
    "consumed_quantity",
    "charge_date",
    "charge_end",
    "billing_period",
    "description",
    "row_key",
    "tags",
];
const CATEGORIES: [ChargeCategory; 5] = [
    ChargeCategory::Usage,
    ChargeCategory::Purchase,
    ChargeCategory::Tax,
    ChargeCategory::Credit,
    ChargeCategory::Adjustment,
];
/// What the charge types decide, and what the mapping's name is.
const MADE: [Dimension; 6] = [
    Dimension::Source,
    Dimension::ChargeCategory,
    Dimension::ChargeClass,
    Dimension::ChargeFrequency,
    Dimension::PricingCategory,
    Dimension::CommitmentDiscountStatus,
];

struct File<'a> {
    path: &'a str,
    text: &'a str,
    mapping: Mapping,
    findings: Vec<Finding>,
    says_month: bool,
    says_no_cost: bool,
}

/// The mapping of a file, or none when it cannot be used, and all that is wrong with it.
pub fn mapping(path: &str, bytes: &[u8]) -> (Option<Mapping>, Vec<Finding>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let why = "The file holds bytes that are not UTF-8.";
        return (None, vec![Finding::new(Code::SettingInvalid, Place::file(path), why, "Save it as UTF-8 text.")]);
    };
    let text = text.trim_start_matches('\u{feff}');
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".toml");
    let mapping = Mapping { source: stem.to_owned(), file: path.to_owned(), ..Mapping::default() };
    let mut file = File { path, text, mapping, findings: Vec::new(), says_month: false, says_no_cost: false };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let why = format!("It is not TOML: {}.", error.message().trim_end_matches('.').replace('\n', "; "));
        let at = error.span().map_or(0, |span| span.start);
        file.tell(at, "", "", why, "Correct the line and run `chargeback check` again.");
    }
    if errors.is_empty() {
        file.walk(table.get_ref());
        file.conclude();
    }
    file.findings.sort_by_key(|finding| finding.place.row);
    let sound = !file.findings.iter().any(Finding::blocks);
    (sound.then_some(file.mapping), file.findings)
}

/// Two mappings that would take the same files, or go by one name.
pub fn conflicts(mappings: &[Mapping]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, later) in mappings.iter().enumerate() {
        for earlier in &mappings[..place] {
            let sorted = |mapping: &Mapping| {
                let mut names: Vec<String> = mapping.header.iter().map(|name| name.to_lowercase()).collect();
                names.sort();
                names
            };
            let what = if later.source == earlier.source {
                "Both mappings have this name, and charges say by it where they come from."
            } else if later.folder == earlier.folder && sorted(later) == sorted(earlier) {
                "Both mappings are for files with the same header, so nobody can say which one counts."
            } else {
                continue;
            };
            let place = Place::file(&later.file).value(&later.source);
            let why = format!("{what} The other is {}.", earlier.file);
            let fix = "Give each a source name and a folder or header of its own.";
            findings.push(Finding::new(Code::TableDuplicate, place, why, fix));
        }
    }
    findings
}

impl File<'_> {
    fn line(&self, byte: usize) -> u64 {
        self.text.as_bytes()[..byte.min(self.text.len())].iter().filter(|&&byte| byte == b'\n').count() as u64 + 1
    }

    fn tell(&mut self, byte: usize, key: &str, value: &str, why: impl Into<String>, fix: impl Into<String>) {
        let mut place = Place::file(self.path).row(self.line(byte));
        if !key.is_empty() {
            place = place.column(key);
        }
        if !value.is_empty() {
            place = place.value(value);
        }
        self.findings.push(Finding::new(Code::SettingInvalid, place, why, fix));
    }

    fn unknown<'k>(&mut self, byte: usize, key: &str, known: impl Iterator<Item = &'k str> + Clone) {
        let fix = match nearest(key, known.clone()) {
            Some(near) => format!("Did you mean {near}?"),
            None => format!("Known are: {}.", known.collect::<Vec<_>>().join(", ")),
        };
        self.tell(byte, key, "", "Nobody reads a key of this name.", fix);
    }

    /// The text of a key; a finding where it is something else or blank.
    fn text(&mut self, byte: usize, key: &str, value: &DeValue<'_>) -> Option<String> {
        let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            self.tell(byte, key, "", "The value is a text in quotes.", "Write it as in key = \"text\".");
        }
        text.map(str::to_owned)
    }

    fn texts(&mut self, byte: usize, key: &str, value: &DeValue<'_>) -> Option<Vec<String>> {
        let all: Option<Vec<String>> = match value {
            DeValue::Array(array) => array.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect(),
            DeValue::String(text) => Some(vec![text.to_string()]),
            _ => None,
        };
        let all = all.filter(|texts| !texts.is_empty());
        if all.is_none() {
            self.tell(byte, key, "", "The value is a list of texts.", "Write it as in [\"Usage\", \"Fee\"].");
        }
        all
    }

    fn walk(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let (at, key, value) = (name.span().start, name.get_ref().as_ref(), value.get_ref());
            match (key, value) {
                ("source", value) => self.source(at, value),
                ("title", value) => self.mapping.title = self.text(at, key, value).unwrap_or_default(),
                ("folder", value) => self.folder(at, value),
                ("header", value) => self.mapping.header = self.texts(at, key, value).unwrap_or_default(),
                ("columns", DeValue::Table(table)) => self.each(table, Self::column),
                ("constants", DeValue::Table(table)) => self.each(table, Self::constant),
                ("amounts", DeValue::Table(table)) => self.each(table, Self::amounts),
                ("dates", DeValue::Table(table)) => self.each(table, Self::dates),
                ("charge_types", DeValue::Table(table)) => self.each(table, Self::charge_types),
                ("filter", DeValue::Array(array)) => {
                    for item in array.iter() {
                        match item.get_ref().as_table() {
                            Some(table) => self.filter(at, table),
                            None => self.tell(at, key, "", "The section is written [[filter]].", "Write it so."),
                        }
                    }
                }
                ("filter", _) => self.tell(at, key, "", "The section is written [[filter]].", "Write it so."),
                _ if KEYS.contains(&key) => {
                    self.tell(at, key, "", format!("The section is written [{key}]."), "Write its heading so.");
                }
                _ => self.unknown(at, key, KEYS.iter().copied()),
            }
        }
    }

    fn each(&mut self, table: &DeTable<'_>, take: fn(&mut Self, usize, &str, &DeValue<'_>)) {
        for (name, value) in table {
            take(self, name.span().start, name.get_ref().as_ref(), value.get_ref());
        }
    }

    fn source(&mut self, at: usize, value: &DeValue<'_>) {
        let Some(text) = self.text(at, "source", value) else { return };
        self.mapping.source = text;
    }

    fn folder(&mut self, at: usize, value: &DeValue<'_>) {
        let Some(folder) = self.text(at, "folder", value) else { return };
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        if folder.contains(['\\', ':']) || !folder.split('/').all(plain) {
            let why = "It must be a folder below inbox/<month>/.";
            self.tell(at, "folder", &folder, why, "Write it as in mainframe or telecom/voice.");
        }
        self.mapping.folder = folder;
    }

    fn column(&mut self, at: usize, key: &str, value: &DeValue<'_>) {
        let Some(name) = self.text(at, key, value) else { return };
        if let Some(tag) = key.strip_prefix("tag:") {
            self.mapping.tags.push((tag.trim().to_owned(), name));
            return;
        }
        if let Some(dimension) = Dimension::named(key).filter(|dimension| !MADE.contains(dimension)) {
            self.mapping.dimensions.push((dimension, name));
            return;
        }
        let mapping = &mut self.mapping;
        let target = match key {
            "billed_cost" => &mut mapping.billed_cost,
            "effective_cost" => &mut mapping.effective_cost,
            "list_cost" => &mut mapping.list_cost,
            "contracted_cost" => &mut mapping.contracted_cost,
            "charge_date" => &mut mapping.charge_date,
            "charge_end" => &mut mapping.charge_end,
            "billing_period" => &mut mapping.billing_period,
            "description" => &mut mapping.description,
            "row_key" => &mut mapping.row_key,
            "tags" => &mut mapping.json_tags,
            "consumed_quantity" => {
                mapping.quantity = MappedQuantity::Column(name);
                return;
            }
            _ => {
                let texts = Dimension::ALL.iter().filter(|dimension| !MADE.contains(dimension));
                let known = COLUMNS.iter().copied().chain(texts.map(|dimension| dimension.column()));
                self.unknown(at, key, known);
                return;
            }
        };
        *target = Some(name);
    }

    fn constant(&mut self, at: usize, key: &str, value: &DeValue<'_>) {
        let Some(text) = self.text(at, key, value) else { return };
        match (key, text.as_str()) {
            ("billed_cost", "0") => self.says_no_cost = true,
            ("billed_cost", _) => {
                let why = "A cost that is the same in every row is none that a vendor asks for.";
                self.tell(at, key, &text, why, "Write \"0\" and let a rate card price the quantity.");
            }
            ("consumed_quantity", "1") => self.mapping.quantity = MappedQuantity::EachRow,
            ("consumed_quantity", _) => {
                self.tell(
                    at,
                    key,
                    &text,
                    "Every row can count one, and nothing else.",
                    "Write \"1\", or map a column.",
                );
            }
            ("charge_date", "month") => self.says_month = true,
            ("charge_date", _) => {
                let why = "Rows without a date are of the month of their folder.";
                self.tell(at, key, &text, why, "Write \"month\", or map a column.");
            }
            ("charge_category", _) => match CATEGORIES.into_iter().find(|category| category.text() == text) {
                Some(category) => self.mapping.category.otherwise = category,
                None => self.no_category(at, key, &text),
            },
            ("billing_currency", code) if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                self.tell(at, key, &text, "A currency is three capital letters.", "Write it as in USD.");
            }
            _ => match Dimension::named(key).filter(|dimension| !MADE.contains(dimension)) {
                Some(dimension) => self.mapping.constants.push((dimension, text)),
                None => {
                    let texts = Dimension::ALL.iter().filter(|dimension| !MADE.contains(dimension));
                    let others = ["billed_cost", "consumed_quantity", "charge_date", "charge_category"];
                    self.unknown(at, key, others.into_iter().chain(texts.map(|dimension| dimension.column())));
                }
            },
        }
    }

    fn no_category(&mut self, at: usize, key: &str, value: &str) {
        let names: Vec<&str> = CATEGORIES.iter().map(|category| category.text()).collect();
        let fix = format!("Write one of {}.", names.join(", "));
        self.tell(at, key, value, "This is no charge category of FOCUS.", fix);
    }

    fn amounts(&mut self, at: usize, key: &str, value: &DeValue<'_>) {
        let Some(text) = self.text(at, key, value) else { return };
        match (key, text.as_str()) {
            ("format", example) => match Numbers::of_example(example) {
                Some(numbers) => self.mapping.numbers = numbers,
                None => {
                    let why = "The format is told by the number 1234.56 as the file would write it.";
                    let fix = "Write \"1234.56\", \"1,234.56\", \"1.234,56\", \"$1,234.56\" or the like.";
                    self.tell(at, key, example, why, fix);
                }
            },
            ("sign", "as-written") => self.mapping.reversed = false,
            ("sign", "reversed") => self.mapping.reversed = true,
            ("sign", other) => {
                self.tell(at, key, other, "Nobody knows what sign is meant.", "Write \"as-written\" or \"reversed\".");
            }
            _ => self.unknown(at, key, ["format", "sign"].into_iter()),
        }
    }

    fn dates(&mut self, at: usize, key: &str, value: &DeValue<'_>) {
        let Some(text) = self.text(at, key, value) else { return };
        if key != "format" {
            self.unknown(at, key, ["format"].into_iter());
            return;
        }
        self.mapping.dates = match text.as_str() {
            "iso" => MappedDates::Iso,
            "month-first" => MappedDates::MonthFirst,
            "day-first" => MappedDates::DayFirst,
            pattern if is_pattern(pattern) => MappedDates::Pattern(text),
            other => {
                let why = "It is no spelling of dates that has a year and a month.";
                let fix = "Write iso, month-first, day-first, or a pattern like %d.%m.%Y, %Y%m or %b %Y.";
                self.tell(at, key, other, why, fix);
                return;
            }
        };
    }

    fn charge_types(&mut self, at: usize, key: &str, value: &DeValue<'_>) {
        let Some(texts) = self.texts(at, key, value) else { return };
        match CATEGORIES.into_iter().find(|category| category.text() == key) {
            Some(category) => self.mapping.category.by_charge_type.push((category, texts)),
            None => self.no_category(at, key, key),
        }
    }

    fn filter(&mut self, at: usize, table: &DeTable<'_>) {
        let mut column = None;
        let mut chosen = Vec::new();
        for (name, value) in table {
            let (at, key, value) = (name.span().start, name.get_ref().as_ref(), value.get_ref());
            match key {
                "column" => column = self.text(at, key, value),
                "keep" | "drop" => chosen.extend(self.texts(at, key, value).map(|texts| (key == "keep", texts))),
                _ => self.unknown(at, key, ["column", "keep", "drop"].into_iter()),
            }
        }
        let at = table.keys().map(|key| key.span().start).min().unwrap_or(at);
        match (column, chosen.pop(), chosen.is_empty()) {
            (Some(column), Some((keep, texts)), true) => self.mapping.filters.push(Filter { column, texts, keep }),
            _ => {
                let why = "A filter has a column, and either the texts it keeps or those it drops.";
                self.tell(at, "filter", "", why, "Write it as in column = \"Type\" and keep = [\"Usage\"].");
            }
        }
    }

    /// What only the whole file shows.
    fn conclude(&mut self) {
        let mapping = &self.mapping;
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let mut wrong: Vec<(&str, &str, &str)> = Vec::new();
        if mapping.source.is_empty() || mapping.source.len() > 40 || !mapping.source.bytes().all(allowed) {
            let why = "The name of a source has 1 to 40 lower-case letters, digits, - and _.";
            wrong.push(("source", why, "Write it as in source = \"mainframe-mips\"."));
        }
        if mapping.billed_cost.is_none() != self.says_no_cost {
            let why = "Either a column holds what the rows cost, or they cost nothing and a rate card prices them.";
            wrong.push((
                "billed_cost",
                why,
                "Map billed_cost in [columns], or write billed_cost = \"0\" in [constants].",
            ));
        }
        if mapping.charge_date.is_none() != self.says_month {
            let why = "Either a column holds the day of a row, or all rows are of the month of their folder.";
            let fix = "Map charge_date in [columns], or write charge_date = \"month\" in [constants].";
            wrong.push(("charge_date", why, fix));
        }
        if self.says_no_cost && mapping.quantity == MappedQuantity::None {
            let why = "Rows without cost and without quantity say nothing.";
            wrong.push((
                "consumed_quantity",
                why,
                "Map consumed_quantity in [columns], or write it as \"1\" in [constants].",
            ));
        }
        let texts = || mapping.dimensions.iter().chain(&mapping.constants);
        if !texts().any(|(dimension, _)| *dimension == Dimension::Provider) {
            let why = "Nothing says who provides the service.";
            wrong.push(("provider_name", why, "Add provider_name to [constants] or [columns]."));
        }
        if texts().enumerate().any(|(place, (one, _))| texts().take(place).any(|(other, _)| one == other)) {
            let why = "A text of the charge is both a column and a constant.";
            wrong.push(("constants", why, "Keep one of the two."));
        }
        if mapping.json_tags.is_some() && !mapping.tags.is_empty() {
            wrong.push(("tags", "Tags stand in one column as JSON or in a column each.", "Keep one of the two."));
        }
        let has_types = mapping.dimensions.iter().any(|(dimension, _)| *dimension == Dimension::ChargeType);
        if !mapping.category.by_charge_type.is_empty() && !has_types {
            wrong.push(("charge_types", "No column holds the charge type.", "Map charge_type in [columns]."));
        }
        if mapping.filters.len() > MOST_FILTERS {
            wrong.push((
                "filter",
                "A mapping has at most twelve filters.",
                "Put the texts of one column into one filter.",
            ));
        }
        if mapping.columns().is_empty() {
            wrong.push(("columns", "No column is mapped.", "Start from what `chargeback map FILE` proposes."));
        }
        for (key, why, fix) in wrong {
            let place = Place::file(self.path).column(key);
            self.findings.push(Finding::new(Code::SettingInvalid, place, why, fix));
        }
        if self.mapping.title.is_empty() {
            self.mapping.title = format!("{} (a mapping)", self.mapping.source);
        }
        if self.mapping.header.is_empty() {
            self.mapping.header = self.mapping.columns().into_iter().map(str::to_owned).collect();
        }
    }
}

/// Whether chrono can read it, and it names a year and a month.
fn is_pattern(text: &str) -> bool {
    let names = |any: &[&str]| any.iter().any(|part| text.contains(part));
    StrftimeItems::new(text).all(|item| item != Item::Error)
        && (names(&["%Y", "%y"]) && names(&["%m", "%b", "%B"]) || names(&["%F", "%D"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[columns]\nbilled_cost = \"Cost\"\ncharge_date = \"Day\"\n[constants]\nprovider_name = \"X\"\n";

    fn told(text: &str) -> String {
        let (_, findings) = mapping("mappings/mips.toml", text.as_bytes());
        findings.iter().map(|finding| format!("{finding}\n")).collect()
    }

    #[test]
    fn a_small_mapping() {
        let (found, findings) = mapping("mappings/mips.toml", GOOD.as_bytes());
        assert!(findings.is_empty(), "{}", told(GOOD));
        let found = found.unwrap();
        assert_eq!((found.source.as_str(), found.header), ("mips", vec!["Cost".to_owned(), "Day".to_owned()]));
    }

    #[test]
    fn every_mistake_is_told() {
        for (text, expected) in [
            ("[columns\n", "It is not TOML"),
            ("sourze = \"x\"\n", "Did you mean source?"),
            ("source = 5\n", "The value is a text in quotes."),
            ("source = \"My Source\"\n", "lower-case letters"),
            ("folder = \"../up\"\n", "It must be a folder below inbox"),
            ("header = []\n", "The value is a list of texts."),
            ("columns = 5\n", "The section is written [columns]."),
            ("[columns]\nbiled_cost = \"Cost\"\n", "Did you mean billed_cost?"),
            ("[columns]\ncharge_category = \"Type\"\n", "Nobody reads a key of this name."),
            ("[constants]\nbilled_cost = \"5\"\n", "A cost that is the same in every row"),
            ("[constants]\ncharge_category = \"Misc\"\n", "no charge category"),
            ("[constants]\nbilling_currency = \"usd\"\n", "three capital letters"),
            ("[constants]\ncharge_date = \"today\"\n", "the month of their folder"),
            ("[amounts]\nformat = \"1.234.56\"\n", "told by the number 1234.56"),
            ("[amounts]\nsign = \"negative\"\n", "Nobody knows what sign is meant."),
            ("[dates]\nformat = \"%d.%m\"\n", "no spelling of dates"),
            ("[charge_types]\nUse = [\"U\"]\n", "no charge category"),
            ("[charge_types]\nTax = [\"T\"]\n", "No column holds the charge type."),
            ("[[filter]]\ncolumn = \"Type\"\n", "A filter has a column"),
            ("[filter]\ncolumn = \"Type\"\n", "written [[filter]]"),
            ("", "Either a column holds what the rows cost"),
            ("", "Either a column holds the day of a row"),
            ("", "Nothing says who provides the service."),
            ("[constants]\nbilled_cost = \"0\"\n", "say nothing"),
        ] {
            assert!(told(text).contains(expected), "{text}\n{}", told(text));
        }
    }
}
