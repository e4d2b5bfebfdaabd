//! Journal feeds in the layouts of templates, each read again and compared with the journals line by line.
//!
//! ```text
//! journals/erp/<template>/<the ERP's own file name>      the feed; a draft's name begins with DRAFT-
//! journals/erp/<template>/control.json                   hash of feed and template, counts, totals by fund
//! journals/erp/<template>/listing.csv                    each line of the feed beside our journal, line and reference
//! ```
//!
//! Lines are compared in their order: a line that is missing, doubled, moved to another fund or changed by a cent is told
//! by its number. Where a layout has no column for the fund alone, the fund is the one that the journal has at that place.

mod cells;
mod groups;
mod reread;
mod ruler;
mod written;

pub use ruler::ruler;

use super::NamedBytes;
use super::csv::Table;
use super::journal_csv::sorted;
use super::outputs::Written;
use super::read_back::{Figures, compare};
use crate::model::erp::{Column, Template};
use crate::model::finding::{Code, Finding, Place};
use crate::model::journal_entry::Side;
use crate::model::money::{Cost, Money};
use crate::model::month::FiscalPeriod;
use crate::model::month_end::MonthEnd;
use crate::model::proof::LawResult;
use anyhow::bail;
use cells::{Problem, Scope};
use groups::{Batch, ErpFile, ErpLine};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

fn batch(end: &MonthEnd) -> Batch<'_> {
    Batch {
        id: &end.run,
        standing: super::standing(end),
        month: end.month,
        period: FiscalPeriod::of(end.month, end.settings.state.fiscal_year_starts),
        state: &end.settings.state.name,
        currency: &end.settings.state.currency,
        entries: sorted(end),
    }
}

/// A feed with the lines it was made of.
struct Feed<'a> {
    /// The file's own name.
    name: String,
    bytes: Vec<u8>,
    lines: Vec<(&'a groups::ErpJournal<'a>, usize, ErpLine<'a>)>,
}

pub(super) fn write(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let batch = batch(end);
    let mut files = Vec::new();
    for template in &end.settings.erp {
        let groups = grouped(&batch, template);
        match groups.and_then(|groups| of_template(&batch, template, &groups)) {
            Ok(made) => files.extend(made),
            Err(problems) => match problems.first() {
                Some(problem) => bail!("{}: column {}: {}", template.file, problem.column, problem.why),
                None => bail!("{} cannot be written", template.file),
            },
        }
    }
    Ok(files)
}

/// What keeps feeds from being written, with the journal lines and dollars concerned.
pub(super) fn problems(end: &MonthEnd) -> Vec<Finding> {
    let batch = batch(end);
    let mut findings = Vec::new();
    for template in &end.settings.erp {
        let groups = grouped(&batch, template);
        if let Err(problems) = groups.and_then(|groups| of_template(&batch, template, &groups)) {
            findings.extend(told(template, &problems, &end.settings.state.currency));
        }
    }
    findings
}

/// One finding for each column and value, with the first line that has it and the dollars of all.
fn told(template: &Template, problems: &[Problem], currency: &str) -> Vec<Finding> {
    let mut by_value: BTreeMap<(&str, &str, &str), Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        by_value.entry((&problem.column, &problem.value, &problem.why)).or_default().push(problem);
    }
    let finding = |((column, value, why), problems): ((&str, &str, &str), Vec<&Problem>)| {
        let lines: Vec<_> = problems.iter().filter_map(|problem| problem.line.as_deref()).collect();
        let place = match &lines[..] {
            [] => String::new(),
            [(journal, line, _)] => format!(" It stands in journal {journal}, line {line}."),
            [(journal, line, _), more @ ..] => {
                format!(" It stands in journal {journal}, line {line}, and in {} more.", more.len())
            }
        };
        let mut at = Place::file(template.file.clone()).column(column);
        if !value.is_empty() {
            at = at.value(value);
        }
        let fix = problems.first().map(|problem| problem.fix.clone()).unwrap_or_default();
        let finding = Finding::new(Code::JournalTooWide, at, format!("{why}{place}"), fix);
        match Money::total(lines.iter().map(|(.., amount)| *amount)) {
            Ok(total) if !lines.is_empty() => finding.at_stake(Cost::from_money(total), currency),
            _ => finding,
        }
    };
    by_value.into_iter().map(finding).collect()
}

fn grouped<'a>(batch: &Batch<'a>, template: &Template) -> Result<Vec<ErpFile<'a>>, Vec<Problem>> {
    groups::files(batch, &template.grouping).map_err(|line| {
        vec![Problem {
            column: "max_lines_per_journal".to_owned(),
            value: template.grouping.max_lines_per_journal.to_string(),
            why: "A journal has more lines than the ERP takes and no place where its funds are balanced.".to_owned(),
            fix: "Raise the limit in the template if the ERP takes more, or hand the journal over in parts by hand."
                .to_owned(),
            line: Some(Box::new((line.entry.id().to_owned(), line.place, line.posting.amount))),
        }]
    })
}

fn of_template(
    batch: &Batch<'_>,
    template: &Template,
    groups: &[ErpFile<'_>],
) -> Result<Vec<NamedBytes>, Vec<Problem>> {
    let folder = format!("journals/erp/{}", template.format.id);
    let feeds = feeds(batch, template, groups)?;
    let failed = |why: anyhow::Error| vec![problem("", "", &format!("{why:#}."))];
    let mut files = Vec::new();
    for feed in &feeds {
        files.push(NamedBytes { path: format!("{folder}/{}", feed.name), bytes: feed.bytes.clone() });
        if let Some(zip) = &template.format.zip {
            let name = name(zip, scope(batch, template, &groups[0]), "zip")?;
            files.push(NamedBytes { path: format!("{folder}/{name}"), bytes: zipped(feed).map_err(failed)? });
        }
    }
    let control = control(batch, template, &feeds).map_err(failed)?;
    files.push(NamedBytes { path: format!("{folder}/control.json"), bytes: control });
    let listing = listing(&feeds).map_err(failed)?;
    files.push(NamedBytes { path: format!("{folder}/listing.csv"), bytes: listing });
    let mut paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    paths.sort_unstable();
    match paths.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(vec![problem("filename", pair[0], "Two files of the feed would have one name.")]),
        None => Ok(files),
    }
}

fn problem(column: &str, value: &str, why: &str) -> Problem {
    let fix = "Correct the template: the file's name must tell its files apart.".to_owned();
    Problem { column: column.to_owned(), value: value.to_owned(), why: why.to_owned(), fix, line: None }
}

fn scope<'a>(batch: &'a Batch<'a>, template: &'a Template, file: &'a ErpFile<'a>) -> Scope<'a> {
    Scope { batch, template, file, journal: None, line: None }
}

fn feeds<'a>(
    batch: &'a Batch<'a>,
    template: &'a Template,
    groups: &'a [ErpFile<'a>],
) -> Result<Vec<Feed<'a>>, Vec<Problem>> {
    let mut feeds = Vec::new();
    for file in groups {
        let scope = scope(batch, template, file);
        let takes = |line: &ErpLine<'_>| {
            template.line_records().any(|record| reread::carries_amounts(record) && written::takes(record, line))
        };
        let mut lines = Vec::new();
        for (place, journal) in file.journals.iter().enumerate() {
            lines.extend(journal.lines.iter().filter(|line| takes(line)).map(|line| (journal, place + 1, *line)));
        }
        let name = name(&template.format.filename, scope, "filename")?;
        feeds.push(Feed { name, bytes: written::bytes(scope)?, lines });
    }
    Ok(feeds)
}

/// The name of a file: one name, never a path. A draft says so.
fn name(from: &str, scope: Scope<'_>, key: &str) -> Result<String, Vec<Problem>> {
    let journal = scope.file.journals.first().map(|journal| (journal, 1));
    let column = Column::from_expression(key, from);
    let text = Scope { journal, ..scope }.cell(&column).map_err(|problem| vec![problem])?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.starts_with('.') || !text.chars().all(is_plain) {
        return Err(vec![problem(key, &text, "A file's name has letters, digits, dots, strokes and nothing else.")]);
    }
    Ok(if scope.batch.standing == "DRAFT" { format!("DRAFT-{text}") } else { text })
}

fn zipped(feed: &Feed<'_>) -> anyhow::Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    // The same day in every archive: the same month closed twice must give the same bytes.
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    zip.start_file(feed.name.as_str(), options)?;
    zip.write_all(&feed.bytes)?;
    Ok(zip.finish()?.into_inner())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn total<'a>(lines: impl Iterator<Item = ErpLine<'a>>, side: Side) -> anyhow::Result<Money> {
    let amounts = lines.filter(|line| line.posting.side == side).map(|line| line.posting.amount);
    Ok(Money::total(amounts)?)
}

fn control(batch: &Batch<'_>, template: &Template, feeds: &[Feed<'_>]) -> anyhow::Result<Vec<u8>> {
    let mut files = Vec::new();
    for feed in feeds {
        let lines = || feed.lines.iter().map(|(.., line)| *line);
        let mut funds: BTreeMap<&str, Vec<ErpLine<'_>>> = BTreeMap::new();
        for line in lines() {
            funds.entry(&line.posting.string.fund).or_default().push(line);
        }
        let mut by_fund = Vec::new();
        for (fund, lines) in &funds {
            let all = || lines.iter().copied();
            let (debit, credit) = (total(all(), Side::Debit)?, total(all(), Side::Credit)?);
            by_fund.push(json!({ "fund": fund, "line_count": lines.len(), "debit": debit, "credit": credit }));
        }
        files.push(json!({
            "feed_file": feed.name,
            "feed_sha256": sha256(&feed.bytes),
            "journal_count": feed.lines.iter().map(|(_, number, _)| number).collect::<std::collections::BTreeSet<_>>().len(),
            "line_count": feed.lines.len(),
            "total_debit": total(lines(), Side::Debit)?,
            "total_credit": total(lines(), Side::Credit)?,
            "funds": by_fund,
        }));
    }
    let control = json!({
        "schema": "chargeback.erp-control/1",
        "batch_id": batch.id,
        "standing": batch.standing,
        "month": batch.month.to_string(),
        "template": template.format.id,
        "template_version": template.format.version,
        "template_sha256": template.sha256,
        "files": files,
    });
    let mut bytes = serde_json::to_vec_pretty(&control)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Which of our lines each line of the feed is: an ERP's own reference is often too short for ours.
fn listing(feeds: &[Feed<'_>]) -> anyhow::Result<Vec<u8>> {
    let mut table = Table::new(&[
        "file",
        "line",
        "journal",
        "journal_id",
        "line_no",
        "fund",
        "account",
        "debit",
        "credit",
        "reference",
        "description",
    ])?;
    for feed in feeds {
        for (number, (_, journal, line)) in feed.lines.iter().enumerate() {
            let posting = line.posting;
            let on = |side| if posting.side == side { posting.amount.to_string() } else { String::new() };
            let people = |text: &str| super::csv::for_people(text).into_owned();
            table.row(&[
                feed.name.clone(),
                (number + 1).to_string(),
                journal.to_string(),
                line.entry.id().to_owned(),
                line.place.to_string(),
                people(&posting.string.fund),
                people(&posting.string.account),
                on(Side::Debit),
                on(Side::Credit),
                people(&posting.reference),
                people(&posting.description),
            ])?;
        }
    }
    table.finish()
}

pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Vec<LawResult> {
    let batch = batch(end);
    let mut results = Vec::new();
    for template in &end.settings.erp {
        let folder = format!("journals/erp/{}", template.format.id);
        let groups = grouped(&batch, template).unwrap_or_default();
        for feed in feeds(&batch, template, &groups).unwrap_or_default() {
            let path = format!("{folder}/{}", feed.name);
            let read = written.bytes(&path).and_then(|bytes| figures_of_file(template, &feed, &bytes));
            results.push(compare(&path, read, figures_of_journals(&feed)));
        }
        if let (Some(zip), Some(file)) = (&template.format.zip, groups.first()) {
            let inside = name(zip, scope(&batch, template, file), "zip").unwrap_or_default();
            let path = format!("{folder}/{inside}");
            let feed = feeds(&batch, template, &groups).unwrap_or_default().into_iter().next();
            let read = |feed: &Feed<'_>| figures_of_file(template, feed, &unzipped(&written.bytes(&path)?)?);
            if let Some(feed) = feed {
                results.push(compare(&path, read(&feed), figures_of_journals(&feed)));
            }
        }
    }
    results
}

fn unzipped(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut inside = Vec::new();
    archive.by_index(0)?.read_to_end(&mut inside)?;
    Ok(inside)
}

/// What a line is called on both sides. What the file has no column for is taken from the journal.
fn called(number: usize, journal: &str, string: [&str; 3], side: Side) -> String {
    format!("line {number} of {journal}: fund {}, agency {}, account {}, {side:?}", string[0], string[1], string[2])
}

/// A fund may stand within a longer text, and a header has a day: what no column of its own tells is compared as a whole.
const BESIDE: &str = "text beside the amounts, as it was made";

fn figures_of_file(template: &Template, feed: &Feed<'_>, bytes: &[u8]) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let lines = reread::lines(template, bytes)?;
    figures.add_count("lines", lines.len())?;
    figures.add_count(BESIDE, usize::from(bytes == feed.bytes))?;
    for (place, read) in lines.iter().enumerate() {
        let Some((.., line)) = feed.lines.get(place) else {
            figures.add(format!("line {} that no journal has", place + 1), read.amount)?;
            continue;
        };
        let string = &line.posting.string;
        let said = |told: &Option<String>, ours: &str| told.clone().unwrap_or_else(|| ours.to_owned());
        let journal = said(&read.journal, line.entry.id());
        let (fund, agency) = (said(&read.fund, &string.fund), said(&read.agency, &string.agency));
        let account = said(&read.account, &string.account);
        figures.add(called(place + 1, &journal, [&fund, &agency, &account], read.side), read.amount)?;
        figures.add(format!("{journal}, fund {fund}, {:?}", read.side), read.amount)?;
    }
    Ok(figures)
}

fn figures_of_journals(feed: &Feed<'_>) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    figures.add_count("lines", feed.lines.len())?;
    figures.add_count(BESIDE, 1)?;
    for (place, (.., line)) in feed.lines.iter().enumerate() {
        let (posting, journal) = (line.posting, line.entry.id());
        let string = [&*posting.string.fund, &*posting.string.agency, &*posting.string.account];
        figures.add_money(called(place + 1, journal, string, posting.side), posting.amount)?;
        figures.add_money(format!("{journal}, fund {}, {:?}", posting.string.fund, posting.side), posting.amount)?;
    }
    Ok(figures)
}
