//! `erp/*.toml`: templates of feeds for the state's ERP, and those that come with the program to start from.
//!
//! A template is looked through before any journal meets it: columns that overlap, sources that do not exist, amounts that
//! could not be read back. All that is wrong is told at once, with the column's name; what is no TOML at all, by its line.

use crate::model::erp::expression::{AMOUNTS, Expression, is_date_format};
use crate::model::erp::{Column, GroupBy, Kind, OnOverflow, Per, Record, Style, Template};
use crate::model::finding::{Code, Finding, Place};
use crate::model::settings::Role;
use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

pub const FOLDER: &str = "erp";
static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/erp");
const TYPES: [&str; 8] = ["VEND", "ACCR", "REV", "PREP", "BILL", "ADJ", "SETL", "XFER"];

/// Name and text of the templates that come with the program, in the order of their names.
pub fn shipped() -> Vec<(String, &'static str)> {
    let name = |path: &std::path::Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let files = SHIPPED.files().filter_map(|file| Some((name(file.path())?, file.contents_utf8()?)));
    let mut found: Vec<_> = files.collect();
    found.sort();
    found
}

/// The template of a file, or none where it cannot be used, and all that is wrong with it.
pub fn template(path: &str, bytes: &[u8]) -> (Option<Template>, Vec<Finding>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return (
            None,
            vec![finding(path, "", "", "The file holds bytes that are not UTF-8.", "Save it as UTF-8 text.")],
        );
    };
    let mut template = match Template::parse(text.trim_start_matches('\u{feff}')) {
        Ok(template) => template,
        Err(why) => {
            let why = format!("It is no template: {}.", why.replace('\n', " ").trim_end_matches('.'));
            return (
                None,
                vec![finding(path, "", "", &why, "Start from a template that `chargeback verify-template` lists.")],
            );
        }
    };
    template.file = path.to_owned();
    template.sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut checking = Checking { template: &template, text, findings: Vec::new() };
    checking.format();
    checking.records();
    checking.amounts();
    let findings = checking.findings;
    (if findings.is_empty() { Some(template) } else { None }, findings)
}

/// Two templates of one id would write over each other.
pub fn conflicts(templates: &[Template]) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let twice = templates.iter().filter(|template| !seen.insert(&template.format.id));
    let told = |template: &Template| {
        let why = "Another template has this id, and both would write to one folder.";
        finding(&template.file, "id", &template.format.id, why, "Give each template its own id.")
    };
    twice.map(told).collect()
}

fn finding(path: &str, column: &str, value: &str, why: &str, fix: &str) -> Finding {
    let mut place = Place::file(path);
    if !column.is_empty() {
        place = place.column(column);
    }
    if !value.is_empty() {
        place = place.value(value);
    }
    Finding::new(Code::TemplateInvalid, place, why, fix)
}

struct Checking<'a> {
    template: &'a Template,
    text: &'a str,
    findings: Vec<Finding>,
}

const COMPARE: &str = "Correct it and look at the columns with `chargeback verify-template`.";

impl Checking<'_> {
    /// Tells what is wrong with a key or a column, with the line where its name first stands.
    fn tell(&mut self, column: &str, value: &str, why: impl AsRef<str>) {
        let mut finding = finding(&self.template.file, column, value, why.as_ref(), COMPARE);
        let named = format!("name = \"{column}\"");
        let is_it = |line: &str| line.contains(&named) || line.trim_start().starts_with(&format!("{column} ="));
        let line = self.text.lines().position(is_it);
        finding.place.row = line.and_then(|line| u64::try_from(line + 1).ok());
        self.findings.push(finding);
    }

    fn format(&mut self) {
        let template = self.template;
        let format = &template.format;
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if format.id.is_empty() || !format.id.chars().all(is_id) {
            self.tell("id", &format.id, "An id has small letters, digits and strokes: a folder is named for it.");
        }
        if !format.delimiter.is_ascii() || format.delimiter.is_ascii_alphanumeric() || format.delimiter == '"' {
            self.tell("delimiter", &format.delimiter.to_string(), "A delimiter is one sign that no code holds.");
        }
        for (key, from) in [("filename", Some(&format.filename)), ("zip", format.zip.as_ref())] {
            if let Some(Err(why)) = from.map(|from| Expression::parse(from)) {
                let value = from.cloned().unwrap_or_default();
                self.tell(key, &value, format!("It is no expression: {why}."));
            }
        }
        if format.zip.is_some() && !template.grouping.file_per.is_empty() {
            self.tell("zip", "", "One archive holds one file: leave file_per or the zip out.");
        }
        if !template.grouping.journal_per.contains(&GroupBy::JournalId) {
            self.tell("journal_per", "", "It lacks journal_id: journals of several days would become one.");
        }
        for unknown in template.grouping.journal_types.iter().filter(|of| !TYPES.contains(&of.as_str())) {
            self.tell("journal_types", unknown, format!("The types of journals are {}.", TYPES.join(", ")));
        }
        if !is_date_format(&template.date.format) {
            self.tell("format", &template.date.format, "It does not say how a day is written.");
        }
        if !(1..=28).contains(&template.date.created_day) {
            self.tell("created_day", &template.date.created_day.to_string(), "Every month has the days 1 to 28.");
        }
        if template.amount.debit == template.amount.credit {
            self.tell("debit", &template.amount.debit, "Debit and credit have one word.");
        }
    }

    fn records(&mut self) {
        let template = self.template;
        for record in &template.records {
            self.places(record);
            let mut names = BTreeSet::new();
            for column in &record.columns {
                if !names.insert(&column.name) {
                    self.tell(&column.name, "", "Two columns of one record have this name.");
                }
                self.column(record, column);
            }
            for role in &record.roles {
                if serde_json::from_value::<Role>(serde_json::Value::from(role.as_str())).is_err() {
                    self.tell("roles", role, "It is no role of accounts.csv.");
                }
            }
            let constant = |column: &Column| column.value.as_ref().is_some_and(|text| !text.trim().is_empty());
            let by_code = template.format.kind != Kind::Xml && template.records.len() > 1;
            if by_code && !record.columns.iter().any(constant) {
                let name = record.columns.first().map(|column| column.name.clone()).unwrap_or_default();
                self.tell(&name, "", "Of several records each needs a column with a value of its own, to be known by.");
            }
        }
        if template.format.kind == Kind::Xml {
            self.tree();
        }
    }

    fn places(&mut self, record: &Record) {
        let mut after = 0;
        for column in &record.columns {
            let (from, to) = match self.template.format.kind {
                Kind::Delimited => (column.pos, column.pos),
                Kind::Fixed => (column.start, column.start + column.width.max(1) - 1),
                Kind::Xml => continue,
            };
            if from == 0 {
                self.tell(&column.name, "", "It does not say where it stands: pos from 1, or start and width.");
            } else if from <= after {
                let why = format!("It begins at {from}, and what stands before it ends at {after}.");
                self.tell(&column.name, &from.to_string(), why);
            }
            if self.template.format.kind == Kind::Fixed && column.width == 0 {
                self.tell(&column.name, "", "A column of a fixed row has a width.");
            }
            after = after.max(to);
        }
        if record.length > 0 && record.length < after {
            self.tell("length", &record.length.to_string(), format!("The record's last column ends at {after}."));
        }
    }

    fn column(&mut self, record: &Record, column: &Column) {
        let template = self.template;
        let from = column.from.clone().unwrap_or_default();
        let expression = match column.expression() {
            Ok(expression) => expression,
            Err(why) => return self.tell(&column.name, &from, format!("It is no expression: {why}.")),
        };
        let sources = expression.sources();
        let amounts: Vec<&&str> = sources.iter().filter(|source| AMOUNTS.contains(source)).collect();
        if !amounts.is_empty() && (expression.bare().is_none() || column.on_overflow == OnOverflow::Truncate) {
            self.tell(&column.name, &from, "An amount stands alone in its column and is never cut.");
        }
        for source in &sources {
            let of_line = source.starts_with("line.") && record.per != Per::Line;
            let of_journal = source.starts_with("journal.") && matches!(record.per, Per::File | Per::FileEnd);
            if of_line || of_journal {
                self.tell(&column.name, &from, format!("{source} is not known where the record stands."));
            }
            if *source == "journal.fund" && !template.grouping.journal_per.contains(&GroupBy::Fund) {
                self.tell(&column.name, &from, "A journal has one fund only where journal_per names the fund.");
            }
            let constant = source.strip_prefix("const.").filter(|name| !template.constants.contains_key(*name));
            if constant.is_some() {
                self.tell(&column.name, &from, format!("[constants] has no {}.", &source["const.".len()..]));
            }
        }
        for table in tables(&expression) {
            if !template.lookups.contains_key(table) {
                self.tell(&column.name, &from, format!("There is no table [lookups.{table}]."));
            }
        }
    }

    /// Amounts are written in the columns of their style, all of them: otherwise no feed could be proved.
    fn amounts(&mut self) {
        let template = self.template;
        let needed: &[&str] = match template.amount.style {
            Style::DrCr => &["line.debit", "line.credit"],
            Style::Signed => &["line.amount"],
            Style::Indicator => &["line.amount", "line.side"],
        };
        let bare = |column: &Column| column.expression().ok().and_then(|from| from.bare().map(str::to_owned));
        let mut carries = false;
        for record in template.line_records() {
            let sources: Vec<String> = record.columns.iter().filter_map(bare).collect();
            let any = sources.iter().any(|source| AMOUNTS.contains(&source.as_str()));
            let missing = needed.iter().find(|needed| !sources.iter().any(|source| source == *needed));
            if let Some(missing) = missing.filter(|_| any) {
                self.tell("style", "", format!("Amounts of this style need a column from {missing}."));
            }
            carries |= any;
        }
        if !carries {
            self.tell("style", "", "No record of lines has a column for the amount.");
        }
    }

    /// One root, and above every element the one that holds it.
    fn tree(&mut self) {
        let paths: Vec<&str> = self.template.records.iter().map(|record| record.path.as_str()).collect();
        let is_name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        };
        for record in &self.template.records {
            let columns = record.columns.iter().map(|column| column.name.as_str());
            let wrong: Vec<&str> = record.path.split('/').chain(columns).filter(|part| !is_name(part)).collect();
            for part in wrong {
                self.tell("path", part, "It is no name of an element.");
            }
            let parent = record.path.rsplit_once('/').map(|(parent, _)| parent);
            if parent.is_some_and(|parent| !paths.contains(&parent)) {
                self.tell("path", &record.path, "No record is the element that holds this one.");
            }
        }
        let roots = paths.iter().filter(|path| !path.contains('/')).count();
        if roots != 1 {
            self.tell("path", "", format!("An XML file has one root; here are {roots}."));
        }
    }
}

/// The tables that an expression looks into.
fn tables(expression: &Expression) -> Vec<&str> {
    let Expression::Call(name, arguments) = expression else { return Vec::new() };
    let own = match arguments.first() {
        Some(Expression::Text(table)) if name == "lookup" => vec![table.as_str()],
        _ => Vec::new(),
    };
    own.into_iter().chain(arguments.iter().flat_map(tables)).collect()
}
