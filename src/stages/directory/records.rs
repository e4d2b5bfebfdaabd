//! ServiceNow's tables as records with fields, whatever their headers are called.

use super::telling::Telling;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::intake::TableRows;
use crate::sources::servicenow::{TableRole, cell, column_of, role_of};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Fields that are read.
const FIELDS: &[&str] = &[
    "sys_id",
    "name",
    "id",
    "code",
    "department",
    "cost_center",
    "account_id",
    "datacenter_type",
    "object_id",
    "vm_inst_id",
    "parent",
    "child",
    "user_name",
    "email",
    "u_login",
    "u_upn",
    "sys_updated_on",
];

pub struct Sheet<'a> {
    pub table: &'a TableRows,
    pub role: TableRole,
    columns: BTreeMap<&'static str, usize>,
}

impl<'a> Sheet<'a> {
    pub fn new(table: &'a TableRows) -> Self {
        let columns = FIELDS.iter().filter_map(|field| Some((*field, column_of(&table.header, field)?))).collect();
        Self { table, role: role_of(&table.file.table), columns }
    }

    pub fn path(&self) -> &'a str {
        &self.table.file.path
    }

    pub fn record<'b>(&'b self, row: u64, cells: &'b [String]) -> Record<'b>
    where
        'a: 'b,
    {
        Record { sheet: self, row, cells }
    }

    pub fn has(&self, field: &str) -> bool {
        self.columns.contains_key(field)
    }
}

/// One row.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub sheet: &'a Sheet<'a>,
    pub row: u64,
    cells: &'a [String],
}

impl<'a> Record<'a> {
    /// A field's text; empty where the table has no such column.
    pub fn get(&self, field: &str) -> &'a str {
        self.sheet.columns.get(field).and_then(|&column| self.cells.get(column)).map_or("", |text| cell(text))
    }

    /// Where it is, with the column as the file calls it.
    pub fn place(&self, field: &str) -> Place {
        let name = self.sheet.columns.get(field).and_then(|&column| self.sheet.table.header.get(column));
        Place::file(self.sheet.path()).row(self.row).column(name.map_or(field, String::as_str))
    }
}

/// The records of all sheets. Of a record that stands in two exports of one table the one updated last counts; if that
/// cannot be told, both stay, and what they contradict each other in becomes ambiguous.
pub fn current<'a>(sheets: &'a [Sheet<'a>], telling: &mut Telling) -> Vec<Record<'a>> {
    let mut records: Vec<Record<'a>> = Vec::new();
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for sheet in sheets {
        for (row, cells) in &sheet.table.rows {
            let record = Record { sheet, row: *row, cells };
            let key = (sheet.table.file.table.as_str(), record.get("sys_id"));
            let Some(&earlier) = places.get(&key).filter(|_| !key.1.is_empty()) else {
                places.insert(key, records.len());
                records.push(record);
                continue;
            };
            let first = records[earlier];
            let (this, that) = (updated(&record), updated(&first));
            match this.cmp(&that) {
                _ if first.cells == record.cells => {}
                Ordering::Equal => records.push(record),
                _ if this.is_empty() || that.is_empty() => records.push(record),
                order => {
                    let newer = order == Ordering::Greater;
                    let (kept, left) = if newer { (record, first) } else { (first, record) };
                    records[earlier] = kept;
                    let mut finding = Finding::new(
                        Code::DirectoryRepeated,
                        left.place("sys_id").value(key.1),
                        format!(
                            "Row {} of {} is the same record, updated later; it counts.",
                            kept.row,
                            kept.sheet.path()
                        ),
                        "Nothing needs to be done; remove the older export if it is not needed.",
                    );
                    finding.severity = Severity::Note;
                    telling.say(finding);
                }
            }
        }
    }
    records
}

/// When a record was updated, as text that sorts: `2025-06-25 00:00:00`, also from `25-06-2025 00:00:00`. Empty where
/// day and month could be exchanged: the user's own format is not in the file.
fn updated(record: &Record) -> String {
    let text = record.get("sys_updated_on");
    let Some((day, time)) = text.split_at_checked(10) else { return String::new() };
    if day.as_bytes()[4] == b'-' {
        return text.to_owned();
    }
    match day.split(['-', '/', '.']).collect::<Vec<_>>().as_slice() {
        [first, second, year] if *first > "12" && year.len() == 4 => format!("{year}-{second}-{first}{time}"),
        [first, second, year] if *second > "12" && year.len() == 4 => format!("{year}-{first}-{second}{time}"),
        _ => String::new(),
    }
}
