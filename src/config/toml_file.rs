//! `chargeback.toml` against the sections and keys of `tables::SECTIONS`. Walked by hand instead of through serde, because
//! serde stops at the first key it does not like and a person wants to hear of all of them.

use super::columns::{Column, Kind, parts};
use super::near::nearest;
use super::sheet::named;
use super::tables::{SECTIONS, Section};
use crate::model::codes::{AgencyCode, FundCode, ServiceCode};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::Money;
use crate::model::settings::{BillingTag, Counts, Gates, MeasureSetting, SourceSetting, State};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

pub const FILE: &str = "chargeback.toml";

/// One `[section]` or `[[section]]`: checked texts by key.
struct Entries {
    section: &'static Section,
    line: u64,
    /// Lists are texts with `;` between them; yes and no stand for true and false.
    values: BTreeMap<&'static str, (String, u64)>,
}

struct File<'a> {
    text: &'a str,
    findings: Vec<Finding>,
}

/// The settings of a file, or none when it is not TOML, and all that is wrong with it. A wrong setting has its default.
pub fn state(bytes: &[u8]) -> (Option<State>, Vec<Finding>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let why = "The file holds bytes that are not UTF-8.";
        return (None, vec![setting(None, "", "", why, "Save it as UTF-8 text.")]);
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut file = File { text, findings: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let line = error.span().map(|span| file.line(span.start));
        let written =
            line.and_then(|line| text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)).unwrap_or_default();
        let why = format!("It is not TOML: {}.", error.message().trim_end_matches('.').replace('\n', "; "));
        let fix = "Correct the line and run `chargeback check` again.";
        file.findings.push(setting(line, "", written.trim(), why, fix));
    }
    if !errors.is_empty() {
        return (None, file.findings);
    }
    let entries = file.walk(table.get_ref());
    let state = file.build(&entries);
    file.findings.sort_by_key(|finding| finding.place.row);
    (Some(state), file.findings)
}

fn setting(line: Option<u64>, key: &str, value: &str, why: impl Into<String>, fix: impl Into<String>) -> Finding {
    let mut place = Place::file(FILE);
    place.row = line;
    if !key.is_empty() {
        place = place.column(key);
    }
    if !value.is_empty() {
        place = place.value(value);
    }
    Finding::new(Code::SettingInvalid, place, why, fix)
}

impl File<'_> {
    fn line(&self, byte: usize) -> u64 {
        self.text.as_bytes()[..byte.min(self.text.len())].iter().filter(|&&byte| byte == b'\n').count() as u64 + 1
    }

    fn walk(&mut self, table: &DeTable<'_>) -> Vec<Entries> {
        let mut all = Vec::new();
        for (name, value) in table {
            let line = self.line(name.span().start);
            let key = name.get_ref().as_ref();
            let Some(section) = SECTIONS.iter().find(|section| section.name == key) else {
                let names = SECTIONS.iter().map(|section| section.name);
                let fix = match nearest(key, names.clone()) {
                    Some(near) => format!("Did you mean {near}?"),
                    None => format!("Known are: {}.", names.collect::<Vec<_>>().join(", ")),
                };
                self.findings.push(setting(Some(line), key, "", "Nobody reads a section of this name.", fix));
                continue;
            };
            let tables: Vec<&DeTable<'_>> = match value.get_ref() {
                DeValue::Table(table) if !section.many => vec![table],
                DeValue::Array(array) if section.many => {
                    array.iter().filter_map(|item| item.get_ref().as_table()).collect()
                }
                _ => {
                    let written = if section.many { format!("[[{key}]]") } else { format!("[{key}]") };
                    let why = format!("The section is written {written}.");
                    self.findings.push(setting(Some(line), key, "", why, "Write its heading so."));
                    continue;
                }
            };
            for table in tables {
                let first = table.keys().map(|key| self.line(key.span().start)).min();
                all.push(self.section(section, first.unwrap_or(line), table));
            }
        }
        all
    }

    fn section(&mut self, section: &'static Section, line: u64, table: &DeTable<'_>) -> Entries {
        let mut values = BTreeMap::new();
        for (name, value) in table {
            let line = self.line(name.span().start);
            let key = name.get_ref().as_ref();
            let Some(column) = section.keys.iter().find(|column| column.name == key) else {
                let names = section.keys.iter().map(|column| column.name);
                let fix = match nearest(key, names.clone()) {
                    Some(near) => format!("Did you mean {near}?"),
                    None => format!("In [{}] these are known: {}.", section.name, names.collect::<Vec<_>>().join(", ")),
                };
                self.findings.push(setting(Some(line), key, "", "Nobody reads a key of this name.", fix));
                continue;
            };
            match text_of(column, value.get_ref()) {
                Ok(text) => {
                    values.insert(column.name, (text, line));
                }
                Err((shown, why)) => {
                    let fix = format!("It holds: {}.", column.kind.in_words());
                    self.findings.push(setting(Some(line), column.name, &shown, why, fix));
                }
            }
        }
        for column in section.keys.iter().filter(|column| column.needed) {
            if !table.keys().any(|key| key.get_ref().as_ref() == column.name) {
                let why = format!("The key is missing, and it says: {}.", column.about);
                let fix = format!("Add it to [{}]. It holds: {}.", section.name, column.kind.in_words());
                self.findings.push(setting(Some(line), column.name, "", why, fix));
            }
        }
        Entries { section, line, values }
    }

    fn build(&mut self, all: &[Entries]) -> State {
        let mut state = State { billing_tags: Vec::new(), sources: Vec::new(), ..State::default() };
        if !all.iter().any(|entries| entries.section.name == "state") {
            let why = "The file does not say whose books these are.";
            self.findings.push(setting(
                None,
                "state",
                "",
                why,
                "Add a [state] section with name, provider_fund and provider_agency.",
            ));
        }
        for entries in all {
            match entries.section.name {
                "state" => self.state_section(entries, &mut state),
                "posting" => {
                    entries.set("vendor_entries", &mut state.vendor_entries);
                    entries.set("billing_sides", &mut state.billing_sides);
                    entries.set("rounding", &mut state.rounding);
                    entries.set("funding_residual", &mut state.funding_residual);
                    entries.set("evidence", &mut state.evidence);
                }
                "gates" => state.gates = gates(entries),
                "billing_tag" => self.billing_tag(entries, &mut state.billing_tags),
                "measure" => self.measure(entries, &mut state.measures),
                _ => self.source(entries, &mut state.sources),
            }
        }
        state
    }

    fn state_section(&mut self, entries: &Entries, state: &mut State) {
        let text = |key: &str, target: &mut String| {
            if let Some(value) = entries.get(key) {
                value.clone_into(target);
            }
        };
        text("name", &mut state.name);
        text("currency", &mut state.currency);
        if let Some(month) = entries.get("fiscal_year_starts").and_then(|text| text.parse().ok()) {
            if (1..=12).contains(&month) {
                state.fiscal_year_starts = month;
            } else {
                let line = entries.line_of("fiscal_year_starts");
                let why = "A year has months 1 to 12.";
                self.findings.push(setting(line, "fiscal_year_starts", &month.to_string(), why, "Correct the number."));
            }
        }
        if let Some(fund) = entries.get("provider_fund").and_then(|text| FundCode::parse(text).ok()) {
            state.provider_fund = fund;
        }
        if let Some(agency) = entries.get("provider_agency").and_then(|text| AgencyCode::parse(text).ok()) {
            state.provider_agency = agency;
        }
    }

    fn billing_tag(&mut self, entries: &Entries, tags: &mut Vec<BillingTag>) {
        let Some(name) = entries.get("name") else { return };
        let mut spellings: Vec<String> =
            entries.get("spellings").map(parts).into_iter().flatten().map(str::to_owned).collect();
        if spellings.is_empty() {
            spellings.push(name.to_owned());
        }
        if tags.iter().any(|tag| tag.name == name) {
            let why = "Two billing tags have this name.";
            self.findings.push(setting(
                entries.line_of("name"),
                "name",
                name,
                why,
                "Put all spellings under one of them.",
            ));
            return;
        }
        tags.push(BillingTag { name: name.to_owned(), spellings });
    }

    fn measure(&mut self, entries: &Entries, measures: &mut Vec<MeasureSetting>) {
        let Some(name) = entries.get("name") else { return };
        let source = entries.get("source").unwrap_or_default();
        let line = entries.line_of("name");
        if measures.iter().any(|measure| measure.name == name) {
            let why = "Two measures have this name.";
            self.findings.push(setting(line, "name", name, why, "Rename one of them, or put all meters under one."));
            return;
        }
        let meters = entries.get("meters").map(parts).into_iter().flatten().map(str::to_owned).collect();
        let services = entries.get("services").map(parts).into_iter().flatten();
        let mut measure = MeasureSetting {
            name: name.to_owned(),
            source: source.to_owned(),
            meters,
            line: line.unwrap_or_default(),
            counts: Counts::Quantity,
            services: services.filter_map(|code| ServiceCode::parse(code).ok()).collect(),
        };
        entries.set("counts", &mut measure.counts);
        measures.push(measure);
    }

    fn source(&mut self, entries: &Entries, sources: &mut Vec<SourceSetting>) {
        let Some(folder) = entries.get("folder") else { return };
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        let line = entries.line_of("folder");
        if folder.contains(['\\', ':']) || !folder.split('/').all(plain) {
            let why = "It must be a folder below inbox/<month>/.";
            self.findings.push(setting(line, "folder", folder, why, "Write it as in aws or clouds/aws."));
            return;
        }
        let inside = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if sources.iter().any(|source| inside(&source.folder, folder) || inside(folder, &source.folder)) {
            let why = "Another source has this folder, or one inside the other, so a file would belong to both.";
            self.findings.push(setting(line, "folder", folder, why, "Remove one of them."));
            return;
        }
        let text = |key: &str| entries.get(key).map(str::to_owned);
        let yes = |key: &str, default: bool| entries.get(key).map_or(default, |value| value == "yes");
        sources.push(SourceSetting {
            folder: folder.to_owned(),
            format: text("format"),
            expected: yes("expected", true),
            encoding: text("encoding"),
            date_order: text("date_order"),
            currency: text("currency"),
            allow_empty: yes("allow_empty", false),
            usage_only: yes("usage_only", false),
        });
    }
}

fn gates(entries: &Entries) -> Gates {
    let mut gates = Gates::default();
    let money = |key: &str| entries.get(key).and_then(|text| Money::parse(text).ok());
    gates.suspense_limit = money("suspense_limit").unwrap_or(gates.suspense_limit);
    gates.suspense_days = entries.get("suspense_days").and_then(|text| text.parse().ok());
    gates.negation_limit = money("negation_limit").unwrap_or(gates.negation_limit);
    gates.invoice_tolerance = money("invoice_tolerance").unwrap_or(gates.invoice_tolerance);
    gates.accept_unfinal = entries.get("accept_unfinal").map_or(gates.accept_unfinal, |value| value == "yes");
    let limit = entries.get("repeated_rows_limit").and_then(|text| text.parse().ok());
    gates.repeated_rows_limit = limit.unwrap_or(gates.repeated_rows_limit);
    gates.notice_days = entries.get("notice_days").and_then(|text| text.parse().ok()).unwrap_or_default();
    gates
}

impl Entries {
    fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|(text, _)| text.as_str())
    }

    fn line_of(&self, key: &str) -> Option<u64> {
        Some(self.values.get(key).map_or(self.line, |(_, line)| *line))
    }

    fn set<T: for<'a> Deserialize<'a>>(&self, key: &str, target: &mut T) {
        if let Some(value) = self.get(key).and_then(|text| named(text).ok()) {
            *target = value;
        }
    }
}

/// The value as checked text, or what was there and why it will not do.
fn text_of(column: &Column, value: &DeValue<'_>) -> Result<String, (String, String)> {
    let text = match (value, column.kind) {
        (DeValue::Boolean(value), Kind::Flag) => return Ok(if *value { "yes" } else { "no" }.to_owned()),
        (value, Kind::Flag) => return Err((shown(value), "The value is true or false, without quotes.".into())),
        (DeValue::Integer(number), Kind::Count) => number.as_str().to_owned(),
        (value, Kind::Count) => return Err((shown(value), "The value is a whole number, without quotes.".into())),
        (DeValue::Array(array), Kind::List) => {
            let texts: Option<Vec<&str>> = array.iter().map(|item| item.get_ref().as_str()).collect();
            let whole = texts.filter(|texts| !texts.iter().any(|text| text.contains(';') || text.trim().is_empty()));
            return whole.map(|texts| texts.join(";")).ok_or_else(|| {
                (String::new(), "The value is a list of texts, as in [\"agency\", \"Agency\"].".into())
            });
        }
        (value, Kind::List) => {
            return Err((shown(value), "The value is a list of texts, as in [\"agency\", \"Agency\"].".into()));
        }
        (DeValue::String(text), _) => text.trim().to_owned(),
        (value, Kind::Money) => {
            return Err((shown(value), "An amount stands in quotes, as in \"0.01\", so that it stays exact.".into()));
        }
        (value, _) => return Err((shown(value), "The value is a text in quotes.".into())),
    };
    if text.is_empty() {
        return Err((text, "The value is empty.".into()));
    }
    column.kind.check(&text).map(|()| text.clone()).map_err(|why| (text, why))
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(moment) => moment.to_string(),
        DeValue::Array(_) => "[...]".to_owned(),
        DeValue::Table(_) => "{...}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[state]\nname = \"Westmark\"\nprovider_fund = \"7300\"\nprovider_agency = \"DTS\"\n";

    fn only(text: &str) -> String {
        let (_, findings) = state(text.as_bytes());
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_a_small_file_says() {
        let (state, findings) = state(format!("{GOOD}[[source]]\nfolder = \"aws\"\n").as_bytes());
        assert!(findings.is_empty(), "{findings:?}");
        let state = state.unwrap();
        assert_eq!(state.name, "Westmark");
        assert!(state.sources[0].expected);
        assert_eq!(state.gates.invoice_tolerance, Money::from_cents(1));
    }

    #[test]
    fn a_wrong_key_is_named_with_its_line() {
        let told = only(&format!("{GOOD}curency = \"USD\"\n[gates]\ninvoice_tolerance = 0.01\n"));
        assert_eq!(
            told,
            "CB0807 blocks the close: a setting is not valid\n  chargeback.toml, line 5, column \"curency\"\n  why  Nobody reads a key \
             of this name.\n  fix  Did you mean currency?\nCB0807 blocks the close: a setting is not valid\n  chargeback.toml, line 7, \
             column \"invoice_tolerance\": \"0.01\"\n  why  An amount stands in quotes, as in \"0.01\", so that it stays exact.\n  fix  \
             It holds: amount, at most 2 decimals, no commas."
        );
    }
}
