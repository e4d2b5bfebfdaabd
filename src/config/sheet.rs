//! Reads one hand-made table: the header against its definition, every cell against its column, every row against the
//! others. All findings are collected; a row with a finding is kept, so that what names it is not reported as well, but
//! nothing is built from it.

use super::columns::{Column, Kind, Table, date, exact_decimal};
use super::near::nearest;
use crate::model::charge::Dimension;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Money, Quantity};
use crate::model::month::{Month, Validity};
use crate::model::settings::{Condition, Field, Pattern};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as NotNamed;
use std::collections::BTreeMap;

const CORRECT: &str = "Correct the cell and run `chargeback check` again.";
const AS_TEXT: &str = "Format the column as text and type the number again.";
/// Hand-made tables are small; what is larger is something else under that name.
pub const LARGEST: u64 = 64 << 20;

/// All rows of one table, of all its files.
pub struct Sheet {
    pub table: &'static Table,
    pub rows: Vec<Row>,
}

pub struct Row {
    table: &'static Table,
    /// Below the books.
    pub file: String,
    pub line: u64,
    /// In the order of the table's columns; blank where the column is not in the file.
    cells: Vec<String>,
    pub conditions: Vec<Condition>,
    /// Nothing was found in it so far.
    pub sound: bool,
}

/// Where a cell of the file belongs.
enum Slot {
    Column(usize),
    Condition(Field),
    /// Under a column that nobody knows.
    Nowhere,
    /// Under no column name.
    Blank,
}

impl Sheet {
    pub fn new(table: &'static Table) -> Self {
        Self { table, rows: Vec::new() }
    }

    pub fn sound(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.sound)
    }

    /// Reads a file's bytes as CSV.
    pub fn read(&mut self, file: &str, bytes: &[u8], findings: &mut Vec<Finding>) {
        match text_of(bytes) {
            Ok(text) => self.read_text(file, text, findings),
            Err((why, fix)) => findings.push(Finding::new(Code::TableUnreadable, Place::file(file), why, fix)),
        }
    }

    fn read_text(&mut self, file: &str, text: &str, findings: &mut Vec<Finding>) {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut slots: Option<Vec<Slot>> = None;
        let mut record = csv::StringRecord::new();
        loop {
            let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
            let (skipped, skipped_bytes) = skipped_lines(text.get(start..).unwrap_or_default());
            let line = reader.position().line() + skipped;
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    let why = format!("The line cannot be read as CSV: {error}.");
                    findings.push(Finding::new(Code::TableUnreadable, Place::file(file).row(line), why, CORRECT));
                    return;
                }
            }
            let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
            let raw = text.get(start + skipped_bytes..end).unwrap_or_default();
            if !raw.bytes().filter(|&byte| byte == b'"').count().is_multiple_of(2) {
                let why = "A quote is not closed, so cells and rows after it would run into each other.";
                let fix = "Close the quote; a quote inside a cell is written twice.";
                findings.push(Finding::new(Code::TableUnreadable, Place::file(file).row(line), why, fix));
                return;
            }
            let cells: Vec<String> = record.iter().map(str::to_owned).collect();
            // A spreadsheet puts quotes around a comment that holds a comma, and saves empty rows as commas.
            if cells.iter().all(String::is_empty) || cells[0].starts_with('#') {
                continue;
            }
            match &slots {
                None => slots = Some(self.header(file, line, &cells, findings)),
                Some(slots) => self.row(file, line, slots, cells, findings),
            }
        }
        if slots.is_none() {
            findings.push(self.no_header(file));
        }
    }

    /// Reads rows that somebody else has cut into cells, the header first.
    pub fn read_cells(&mut self, file: &str, rows: Vec<(u64, Vec<String>)>, findings: &mut Vec<Finding>) {
        let mut slots: Option<Vec<Slot>> = None;
        for (line, cells) in rows {
            if cells.iter().all(String::is_empty) || cells[0].starts_with('#') {
                continue;
            }
            match &slots {
                None => slots = Some(self.header(file, line, &cells, findings)),
                Some(slots) => self.row(file, line, slots, cells, findings),
            }
        }
        if slots.is_none() {
            findings.push(self.no_header(file));
        }
    }

    fn no_header(&self, file: &str) -> Finding {
        let begin = format!("Begin it with: {}", header_line(self.table));
        let why = "The table has no header, so no cell has a meaning.";
        Finding::new(Code::TableUnreadable, Place::file(file), why, begin)
    }

    fn header(&self, file: &str, line: u64, cells: &[String], findings: &mut Vec<Finding>) -> Vec<Slot> {
        let place = |name: &str| Place::file(file).row(line).column(name);
        if let [only] = cells
            && only.contains([';', '\t'])
        {
            findings.push(Finding::new(
                Code::TableUnreadable,
                place(only),
                "The header is one cell: the columns are separated by something else than commas.",
                "Save the table as CSV with commas between the cells.",
            ));
            return Vec::new();
        }
        let mut slots: Vec<Slot> = Vec::new();
        for (index, name) in cells.iter().enumerate() {
            // A spreadsheet makes all rows as wide as the widest comment.
            if name.is_empty() {
                slots.push(Slot::Blank);
                continue;
            }
            if cells[..index].contains(name) {
                findings.push(Finding::new(
                    Code::HeaderColumnTwice,
                    place(name),
                    "Two columns have this name, and nobody can say which one counts.",
                    "Remove one of them.",
                ));
            }
            slots.push(self.slot(name).unwrap_or_else(|| {
                findings.push(self.unknown_column(place(name), name));
                Slot::Nowhere
            }));
        }
        for (index, column) in self.table.columns.iter().enumerate() {
            if column.needed && !slots.iter().any(|slot| matches!(slot, Slot::Column(there) if *there == index)) {
                findings.push(Finding::new(
                    Code::TableColumnMissing,
                    place(column.name),
                    format!("The column says: {}.", column.about),
                    format!("Add the column. It holds: {}.", column.kind.in_words()),
                ));
            }
        }
        slots
    }

    fn slot(&self, name: &str) -> Option<Slot> {
        if let Some(index) = self.table.columns.iter().position(|column| column.name == name) {
            return Some(Slot::Column(index));
        }
        if self.table.conditions.is_empty() {
            return None;
        }
        match name.strip_prefix("tag:") {
            Some(tag) => Some(Slot::Condition(Field::Tag(tag.trim().to_owned()))),
            None => Dimension::named(name).map(|dimension| Slot::Condition(Field::Dimension(dimension))),
        }
    }

    fn unknown_column(&self, place: Place, name: &str) -> Finding {
        let dimensions = Dimension::ALL.iter().map(|dimension| dimension.column());
        let conditions = dimensions.filter(|_| !self.table.conditions.is_empty());
        let known = self.table.columns.iter().map(|column| column.name).chain(conditions);
        let fix = match nearest(name, known) {
            Some(near) => format!("Did you mean {near}? Otherwise remove the column."),
            None => format!("Remove the column. Known are: {}.", header_line(self.table).replace(',', ", ")),
        };
        Finding::new(Code::TableColumnUnknown, place, "What stands in it would be ignored.", fix)
    }

    fn row(&mut self, file: &str, line: u64, slots: &[Slot], cells: Vec<String>, findings: &mut Vec<Finding>) {
        if slots.is_empty() {
            return;
        }
        let before = findings.len();
        if cells.len() > slots.len() {
            let why = format!(
                "The row has {} cells and the header {}: from some comma on, values stand one column too far.",
                cells.len(),
                slots.len()
            );
            let fix = "Put quotes around the cell that holds a comma, or remove the surplus cell.";
            findings.push(Finding::new(Code::TableCell, Place::file(file).row(line), why, fix));
        }
        let mut row = Row {
            table: self.table,
            file: file.to_owned(),
            line,
            cells: vec![String::new(); self.table.columns.len()],
            conditions: Vec::new(),
            sound: true,
        };
        for (slot, cell) in slots.iter().zip(cells) {
            match slot {
                Slot::Column(index) => row.cells[*index] = cell,
                Slot::Condition(_) if cell.is_empty() => {}
                Slot::Condition(field) => {
                    findings.extend(
                        damaged_id(field, &cell)
                            .map(|why| row.finding(Code::CellAccount, &field_name(field), &cell, why, AS_TEXT)),
                    );
                    row.conditions.push(Condition { field: field.clone(), pattern: Pattern(cell) });
                }
                // Unknown columns were reported with the header; a cell under a blank header is reported here.
                Slot::Nowhere => {}
                Slot::Blank if cell.is_empty() => {}
                Slot::Blank => {
                    let why = "No column name stands above the cell, so nobody would read it.";
                    let fix = "Put quotes around the cell that holds a comma, or remove the surplus cell.";
                    findings.push(row.finding(Code::TableCell, "", &cell, why, fix));
                }
            }
        }
        let in_file: Vec<bool> = (0..self.table.columns.len())
            .map(|column| slots.iter().any(|slot| matches!(slot, Slot::Column(index) if *index == column)))
            .collect();
        row.check(&in_file, findings);
        let complete = self.table.columns.iter().zip(&in_file).all(|(column, there)| !column.needed || *there);
        row.sound = complete && findings.len() == before;
        self.rows.push(row);
    }

    /// Rows that say the same thing twice.
    pub fn check_key(&mut self, findings: &mut Vec<Finding>) {
        let mut seen: BTreeMap<Vec<String>, (String, u64)> = BTreeMap::new();
        for row in self.rows.iter_mut().filter(|row| !row.table.key.is_empty()) {
            let key = row.key();
            let value: Vec<String> = key.iter().map(|column| row.get(column).to_owned()).collect();
            if let Some((file, line)) = seen.get(&value) {
                let shown: Vec<&str> = value.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
                findings.push(row.finding(
                    Code::TableDuplicate,
                    &key.join(" + "),
                    &shown.join(" "),
                    format!("Line {line} of {file} has the same, and nobody can say which one counts."),
                    "Remove one of the two rows, or give it another key.",
                ));
                row.sound = false;
            } else {
                seen.insert(value, (row.file.clone(), row.line));
            }
        }
    }
}

impl Row {
    /// The columns that stand on one row only. A tier is a further row of its card, and an account may be for the revenue
    /// of one class of cards.
    fn key(&self) -> Vec<&'static str> {
        let further = match self.table.path {
            "rates/" => Some("tier_from"),
            "accounts.csv" => Some("recovery_class"),
            _ => None,
        };
        let further = further.filter(|column| !self.get(column).is_empty());
        self.table.key.iter().copied().chain(further).collect()
    }

    fn check(&self, in_file: &[bool], findings: &mut Vec<Finding>) {
        for ((column, cell), in_file) in self.table.columns.iter().zip(&self.cells).zip(in_file) {
            if cell.is_empty() {
                // A column that is not there was reported once, with the header.
                if column.needed && *in_file {
                    findings.push(self.finding(
                        Code::TableCell,
                        column.name,
                        "",
                        format!("The cell is empty, and it says: {}.", column.about),
                        format!("Fill it. It holds: {}.", column.kind.in_words()),
                    ));
                }
                continue;
            }
            if let Err(why) = column.kind.check(cell) {
                findings.push(match column.kind {
                    Kind::Id => self.finding(Code::CellAccount, column.name, cell, why, AS_TEXT),
                    _ => self.finding(Code::TableCell, column.name, cell, why, CORRECT),
                });
            }
        }
        let ends = |name: &str| self.has_column(name).then(|| date(self.get(name)).ok()).flatten();
        if let (Some(from), Some(to)) = (ends("effective_from"), ends("effective_to"))
            && from >= to
        {
            findings.push(self.finding(
                Code::TableCell,
                "effective_to",
                &to.to_string(),
                format!("It is the first day on which the row no longer holds, and the row starts only on {from}."),
                CORRECT,
            ));
        }
    }

    fn has_column(&self, name: &str) -> bool {
        self.table.columns.iter().any(|column| column.name == name)
    }

    pub fn finding(
        &self,
        code: Code,
        column: &str,
        value: &str,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        let mut place = Place::file(self.file.clone()).row(self.line);
        if !column.is_empty() {
            place = place.column(column);
        }
        if !value.is_empty() {
            place = place.value(value);
        }
        Finding::new(code, place, why, fix)
    }

    /// A finding about one cell, with its value.
    pub fn cell(&self, code: Code, column: &str, why: impl Into<String>, fix: impl Into<String>) -> Finding {
        self.finding(code, column, self.get(column), why, fix)
    }

    pub fn columns(&self) -> impl Iterator<Item = (&'static Column, &str)> {
        self.table.columns.iter().zip(self.cells.iter().map(String::as_str))
    }

    pub fn get(&self, name: &str) -> &str {
        let index = self.table.columns.iter().position(|column| column.name == name);
        &self.cells[index.expect("the table has the column")]
    }

    pub fn text(&self, name: &str) -> String {
        self.get(name).to_owned()
    }

    /// The cell as something that its check has already accepted.
    pub fn parsed<T, E>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        Some(self.get(name)).filter(|text| !text.is_empty()).and_then(|text| parse(text).ok())
    }

    pub fn day(&self, name: &str) -> Option<NaiveDate> {
        self.parsed(name, date)
    }

    pub fn validity(&self) -> Validity {
        Validity { from: self.day("effective_from"), to: self.day("effective_to") }
    }

    pub fn decimal(&self, name: &str) -> Option<Decimal> {
        self.parsed(name, exact_decimal)
    }

    pub fn money(&self, name: &str) -> Option<Money> {
        self.parsed(name, Money::parse)
    }

    pub fn quantity(&self, name: &str) -> Option<Quantity> {
        self.parsed(name, Quantity::parse)
    }

    pub fn month(&self, name: &str) -> Option<Month> {
        self.parsed(name, Month::parse)
    }

    pub fn whole(&self, name: &str) -> Option<u64> {
        self.parsed(name, str::parse)
    }

    pub fn count(&self, name: &str) -> Option<u32> {
        self.parsed(name, str::parse)
    }

    pub fn yes(&self, name: &str) -> Option<bool> {
        Some(self.get(name)).filter(|text| !text.is_empty()).map(|text| text == "yes")
    }

    /// A value whose spellings its type declares.
    pub fn named<T: for<'a> Deserialize<'a>>(&self, name: &str) -> Option<T> {
        self.parsed(name, named)
    }
}

/// Reads a value by the spelling that its type declares.
pub fn named<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, NotNamed> {
    T::deserialize(text.into_deserializer())
}

/// `sub_account_id`, `tag:agency`.
pub fn field_name(field: &Field) -> String {
    match field {
        Field::Dimension(dimension) => dimension.column().to_owned(),
        Field::Tag(tag) => format!("tag:{tag}"),
    }
}

pub fn header_line(table: &Table) -> String {
    table.columns.iter().map(|column| column.name).chain(table.conditions.iter().copied()).collect::<Vec<_>>().join(",")
}

/// Lines without content in front of the next record, and their bytes.
fn skipped_lines(text: &str) -> (u64, usize) {
    let blank = |line: &&str| line.trim_end_matches(['\n', '\r']).is_empty() || line.starts_with('#');
    text.split_inclusive('\n').take_while(blank).fold((0, 0), |(lines, bytes), line| (lines + 1, bytes + line.len()))
}

fn text_of(bytes: &[u8]) -> Result<&str, (String, &'static str)> {
    const SAVE: &str = "Save the table as \"CSV UTF-8 (comma delimited)\".";
    if bytes.starts_with(b"PK") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(("It is a workbook under the name of a CSV file.".into(), SAVE));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(("It is in UTF-16 and not in UTF-8.".into(), SAVE));
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
        (
            format!("Line {line} holds bytes that are not UTF-8: a letter with an accent, saved in an older encoding."),
            SAVE,
        )
    })?;
    if text.contains('\0') {
        return Err(("It holds NUL characters, so it is not a table.".into(), SAVE));
    }
    Ok(text)
}

/// A spreadsheet was here: an id that has become a number.
fn damaged_id(field: &Field, text: &str) -> Option<String> {
    let is_id = matches!(
        field,
        Field::Dimension(
            Dimension::SubAccountId | Dimension::BillingAccountId | Dimension::InvoiceId | Dimension::ResourceId
        )
    );
    if is_id { Kind::Id.check(text).err() } else { None }
}
