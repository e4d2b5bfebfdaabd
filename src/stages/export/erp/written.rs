//! A file in the layout of a template. Nothing here computes money.

use super::cells::{Problem, Scope, role};
use super::groups::ErpLine;
use crate::model::erp::{Align, Column, Kind, Per, Quote, Record, Template};
use crate::stages::export::csv;

/// Whether a record is written for a line.
pub fn takes(record: &Record, line: &ErpLine<'_>) -> bool {
    record.per == Per::Line && (record.roles.is_empty() || role(line).is_ok_and(|role| record.roles.contains(&role)))
}

/// The file's bytes, or everything that keeps it from being written.
pub fn bytes(scope: Scope<'_>) -> Result<Vec<u8>, Vec<Problem>> {
    let mut writing = Writing { template: scope.template, rows: Vec::new(), problems: Vec::new() };
    let text = if scope.template.format.kind == Kind::Xml {
        let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", scope.template.format.newline.text());
        for root in scope.template.records.iter().filter(|record| !record.path.contains('/')) {
            writing.element(&mut text, root, scope, 0);
        }
        Ok(text.into_bytes())
    } else {
        writing.walk(scope);
        writing.file()
    };
    if writing.problems.is_empty() { text.map_err(|why| vec![why]) } else { Err(writing.problems) }
}

struct Writing<'a> {
    template: &'a Template,
    rows: Vec<Vec<String>>,
    problems: Vec<Problem>,
}

impl Writing<'_> {
    /// Records in the order of a file: its own, then each journal's with its lines.
    fn walk(&mut self, scope: Scope<'_>) {
        self.records(Per::File, scope);
        for (place, journal) in scope.file.journals.iter().enumerate() {
            let of_journal = Scope { journal: Some((journal, place + 1)), ..scope };
            self.records(Per::Journal, of_journal);
            for line in lines_of(of_journal) {
                let template = self.template;
                let of_line = Scope { line: Some(line), ..of_journal };
                for record in template.records.iter().filter(|record| takes(record, line.0)) {
                    self.row(record, of_line);
                }
            }
            self.records(Per::JournalEnd, of_journal);
        }
        self.records(Per::FileEnd, scope);
    }

    fn records(&mut self, per: Per, scope: Scope<'_>) {
        let template = self.template;
        for record in template.records.iter().filter(|record| record.per == per) {
            self.row(record, scope);
        }
    }

    fn cell(&mut self, column: &Column, scope: Scope<'_>) -> String {
        scope.cell(column).unwrap_or_else(|problem| {
            self.problems.push(problem);
            String::new()
        })
    }

    fn row(&mut self, record: &Record, scope: Scope<'_>) {
        let fixed = self.template.format.kind == Kind::Fixed;
        let mut cells: Vec<String> = Vec::new();
        let mut row = String::new();
        for column in &record.columns {
            let text = self.cell(column, scope);
            if fixed {
                let gap = column.start.saturating_sub(1).saturating_sub(row.chars().count());
                row.extend(std::iter::repeat_n(' ', gap));
                row.push_str(&filled(column, &text));
            } else {
                cells.resize(column.pos.saturating_sub(1), String::new());
                cells.push(text);
            }
        }
        if fixed {
            let gap = record.length.saturating_sub(row.chars().count());
            row.extend(std::iter::repeat_n(' ', gap));
            cells = vec![row];
        }
        self.rows.push(cells);
    }

    fn file(&self) -> Result<Vec<u8>, Problem> {
        let format = &self.template.format;
        let newline = format.newline.text();
        if format.kind == Kind::Fixed {
            let rows = self.rows.iter().flatten().map(|row| format!("{row}{newline}"));
            return Ok(rows.collect::<String>().into_bytes());
        }
        let header = self.template.line_records().next().filter(|_| format.header_row).map(names);
        let rows = header.iter().chain(&self.rows);
        let always = format.quote == Quote::Always;
        csv::delimited(rows, format.delimiter, newline, always).map_err(|why| Problem {
            column: String::new(),
            value: String::new(),
            why: format!("{why:#}."),
            fix: "Correct the template's delimiter.".to_owned(),
            line: None,
        })
    }

    fn element(&mut self, text: &mut String, record: &Record, scope: Scope<'_>, depth: usize) {
        let template = self.template;
        let newline = template.format.newline.text();
        let blanks = "  ".repeat(depth);
        let name = record.path.rsplit('/').next().unwrap_or_default();
        text.push_str(&format!("{blanks}<{name}"));
        for column in record.columns.iter().filter(|column| column.attribute) {
            let cell = self.cell(column, scope);
            text.push_str(&format!(" {}=\"{}\"", column.name, escaped(&cell)));
        }
        text.push_str(&format!(">{newline}"));
        for column in record.columns.iter().filter(|column| !column.attribute) {
            let cell = self.cell(column, scope);
            let cell = if column.cdata { in_cdata(&cell) } else { escaped(&cell) };
            let with = if column.with.is_empty() { String::new() } else { format!(" {}", column.with) };
            text.push_str(&format!("{blanks}  <{name}{with}>{cell}</{name}>{newline}", name = column.name));
        }
        let is_child = |other: &&Record| other.path.rsplit_once('/').is_some_and(|(parent, _)| parent == record.path);
        for child in template.records.iter().filter(is_child) {
            self.children(text, child, scope, depth + 1);
        }
        text.push_str(&format!("{blanks}</{name}>{newline}"));
    }

    fn children(&mut self, text: &mut String, child: &Record, scope: Scope<'_>, depth: usize) {
        match child.per {
            Per::Journal if scope.journal.is_none() => {
                for (place, journal) in scope.file.journals.iter().enumerate() {
                    self.element(text, child, Scope { journal: Some((journal, place + 1)), ..scope }, depth);
                }
            }
            Per::Line => {
                for line in lines_of(scope) {
                    if takes(child, line.0) {
                        self.element(text, child, Scope { line: Some(line), ..scope }, depth);
                    }
                }
            }
            _ => self.element(text, child, scope, depth),
        }
    }
}

/// A journal's lines with their numbers in it and in the file.
fn lines_of(scope: Scope<'_>) -> impl Iterator<Item = (&ErpLine<'_>, usize, usize)> {
    let number = scope.journal.map_or(1, |(_, number)| number);
    let before: usize = scope.file.journals.iter().take(number - 1).map(|journal| journal.lines.len()).sum();
    let lines = scope.journal.map(|(journal, _)| journal.lines.iter()).into_iter().flatten();
    lines.enumerate().map(move |(place, line)| (line, place + 1, before + place + 1))
}

fn names(record: &Record) -> Vec<String> {
    let mut cells: Vec<String> = Vec::new();
    for column in &record.columns {
        cells.resize(column.pos.saturating_sub(1), String::new());
        cells.push(column.name.clone());
    }
    cells
}

/// A text in its width. A minus stands before the zeros that fill it, not among them.
fn filled(column: &Column, text: &str) -> String {
    let missing = column.width.saturating_sub(text.chars().count());
    let fill = column.fill.to_string().repeat(missing);
    match (column.align, text.strip_prefix('-')) {
        (Align::Left, _) => format!("{text}{fill}"),
        (Align::Right, Some(digits)) if column.fill == '0' => format!("-{fill}{digits}"),
        (Align::Right, _) => format!("{fill}{text}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn in_cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}
