//! What `map` answers: a mapping proposed for a file, its first rows as it would read them, and control totals.

use super::api::MapProposal;
use crate::config::{mapping_text, mappings};
use crate::frame::charges::NoSink;
use crate::frame::delimited::{Record, Scanner};
use crate::io::fs::Disk;
use crate::io::inbox;
use crate::model::exit::{Exit, Stop};
use crate::model::finding::Finding;
use crate::model::intake::{Container, FileLook, InboxFile, View};
use crate::model::mapping::{MappedDates, Mapping};
use crate::model::money::Cost;
use crate::model::month::Month;
use crate::model::settings::BillingTag;
use crate::sources::mapped::{self, definition};
use crate::sources::proposed::propose;
use crate::sources::recognition::source_of;
use crate::sources::servicenow;
use crate::stages::normalize::{PartJob, narrow_rows, normalize_part};
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::Path;

const ROWS_SHOWN: usize = 5;
const COSTS: [&str; 5] = ["billed_cost", "effective_cost", "list_cost", "contracted_cost", "consumed_quantity"];

/// A file and where it lies: its folder is taken for a folder of the inbox.
struct Opened {
    disk: Disk,
    folder: String,
    file: InboxFile,
    findings: Vec<Finding>,
}

fn open(path: &Path) -> Result<Opened> {
    let usage = |message: String| Stop::new(Exit::Usage, message);
    let whole = std::path::absolute(path).map_err(|error| usage(format!("{}: {error}", path.display())))?;
    let parts = whole
        .file_name()
        .zip(whole.parent())
        .and_then(|(name, folder)| Some((name, folder.file_name()?, folder.parent()?)));
    let Some((name, folder, above)) = parts else {
        return Err(usage(format!("{} is no file in a folder", path.display())).into());
    };
    let (name, folder) = (name.to_string_lossy().into_owned(), folder.to_string_lossy().into_owned());
    let disk = Disk::real(above);
    let (file, findings) = inbox::look(&disk, &folder, &name, None)?;
    Ok(Opened { disk, folder, file, findings })
}

pub fn map(path: &Path) -> Result<MapProposal> {
    let opened = open(path)?;
    let name = opened.file.path.clone();
    let FileLook::Table { header, first_rows, container, .. } = &opened.file.look else {
        return Ok(MapProposal { file: name, findings: opened.findings, ..MapProposal::default() });
    };
    let proposed = propose(&source_name(&name), "", header, first_rows);
    // In a workbook numbers are numbers, whatever it shows.
    let workbook = *container == Container::Workbook;
    let reading = if workbook { mapped::in_workbook(definition(&proposed.mapping)).mapping() } else { None };
    let mapping = reading.unwrap_or(&proposed.mapping);
    let mut answer = MapProposal {
        file: name,
        toml: mapping_text::to_toml(&proposed.mapping),
        columns: proposed.columns,
        unread: proposed.unread,
        missing: proposed.missing,
        findings: opened.findings.clone(),
        ..MapProposal::default()
    };
    if let Some(known) = source_of(header, first_rows) {
        answer.missing.insert(0, format!("This is {}, which is read without a mapping.", known.title));
    } else if let Some(table) = servicenow::table_of(&answer.file, header) {
        answer.missing.insert(0, format!("This is ServiceNow's {table}, which is read without a mapping."));
    }
    let month = read_all(&opened, mapping, &mut answer)?;
    let (_, found) = mappings::mapping("mappings/proposed.toml", answer.toml.as_bytes());
    answer.findings.extend(found);
    if let Some(month) = month {
        answer.month = month.to_string();
        try_out(&opened, mapping, month, &mut answer)?;
    }
    Ok(answer)
}

/// A name for the source, of the file's.
fn source_name(file: &str) -> String {
    let stem = file.split('.').next().unwrap_or(file).to_lowercase();
    let kept: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = kept.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(40).collect();
    if name.is_empty() { "mapped".to_owned() } else { name.trim_end_matches('-').to_owned() }
}

/// Reads every row: the first as they are mapped, and sums by currency. The month of the first row with a date.
fn read_all(opened: &Opened, mapping: &Mapping, answer: &mut MapProposal) -> Result<Option<Month>> {
    let FileLook::Table { delimiter, header, .. } = &opened.file.look else { return Ok(None) };
    let place =
        |column: &str| header.iter().position(|name| mapped::fold_declared(name) == mapped::fold_declared(column));
    let columns: Vec<(String, usize)> =
        mapping_text::columns(mapping).into_iter().filter_map(|(key, column)| Some((key, place(column)?))).collect();
    let at = |key: &str| columns.iter().find(|(found, _)| found == key).map(|(_, column)| *column);
    let (cost, currency, date) = (at("billed_cost"), at("billing_currency"), at("charge_date"));
    let constant = mapping.constants.iter().find(|(dimension, _)| dimension.column() == "billing_currency");
    let mut totals: BTreeMap<String, Cost> = BTreeMap::new();
    let mut month = None;
    let mut scanner = Scanner::new(inbox::open_text(&opened.disk, &opened.folder, &opened.file)?, *delimiter);
    let mut record = Record::default();
    // What stops the reading is told by the stage itself, with its row.
    while scanner.next(&mut record).unwrap_or(false) {
        if record.is_empty() {
            continue;
        }
        let cell = |column: usize| String::from_utf8_lossy(&scanner.field(&record, column)).trim().to_owned();
        answer.rows += 1;
        if answer.rows == 1 || record.len() != header.len() {
            continue;
        }
        if month.is_none() {
            month = date.and_then(|column| month_of(&cell(column), &mapping.dates));
        }
        if answer.first_rows.len() < ROWS_SHOWN {
            let shown = |(key, column): &(String, usize)| (key.clone(), shown(key, &cell(*column), mapping));
            answer.first_rows.push(columns.iter().map(shown).collect());
        }
        let Some(column) = cost else { continue };
        let currency = currency.map(&cell).or_else(|| constant.map(|(_, code)| code.clone())).unwrap_or_default();
        match mapping.numbers.plain(&cell(column)).and_then(|plain| Cost::parse(&plain).ok()) {
            Some(cost) => {
                let sum = totals.entry(currency.to_uppercase()).or_default();
                *sum = sum.checked_add(cost)?;
            }
            None => answer.rows_without_amount += 1,
        }
    }
    answer.rows = answer.rows.saturating_sub(1);
    answer.totals = totals.into_iter().map(|(currency, sum)| (currency, sum.to_string())).collect();
    Ok(if date.is_some() { month } else { Month::parse("2000-01").ok() })
}

fn shown(key: &str, cell: &str, mapping: &Mapping) -> String {
    if COSTS.contains(&key) {
        return mapping.numbers.plain(cell).unwrap_or_else(|| format!("{cell} (no number)"));
    }
    cell.to_owned()
}

fn month_of(text: &str, dates: &MappedDates) -> Option<Month> {
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let moment = match dates {
        MappedDates::Iso => mapped::moment(day, "%Y-%m-%d"),
        MappedDates::MonthFirst => mapped::moment(day, "%m/%d/%Y"),
        MappedDates::DayFirst => mapped::moment(day, "%d/%m/%Y"),
        MappedDates::Pattern(pattern) => mapped::moment(text, pattern).or_else(|| mapped::moment(day, "%Y-%m-%d")),
    }?;
    Month::parse(&moment.format("%Y-%m").to_string()).ok()
}

/// What the stage says of the file with this mapping, for the month of its first row.
fn try_out(opened: &Opened, mapping: &Mapping, month: Month, answer: &mut MapProposal) -> Result<()> {
    let FileLook::Table { delimiter, header, first_rows, .. } = &opened.file.look else { return Ok(()) };
    let only = answer.totals.first().map(|(currency, _)| currency.clone()).filter(|currency| !currency.is_empty());
    let currency = only.unwrap_or_else(|| "USD".to_owned());
    let tags: Vec<BillingTag> =
        mapping.tags.iter().map(|(name, _)| BillingTag { name: name.clone(), spellings: vec![name.clone()] }).collect();
    let job = PartJob {
        source: definition(mapping),
        file: &answer.file.clone(),
        delimiter: *delimiter,
        row_width: narrow_rows(header, first_rows),
        month,
        view: View::Only,
        net: false,
        currency: &currency,
        convertible: Vec::new(),
        currency_of_file: Some(&currency),
        date_order: None,
        about_dates: None,
        usage_only: false,
        billing_tags: &tags,
        repeated_rows_limit: u64::MAX,
    };
    let mut text = inbox::open_text(&opened.disk, &opened.folder, &opened.file)?;
    let outcome = normalize_part(&job, &mut text, &mut NoSink)?;
    answer.rows_accepted = outcome.totals.rows_accepted;
    answer.findings.extend(outcome.findings);
    Ok(())
}
