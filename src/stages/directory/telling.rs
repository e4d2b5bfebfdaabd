//! What is wrong with ServiceNow's tables, each thing once: a wrong spelling that stands in a thousand rows is one finding.

use super::records::{Record, Sheet};
use crate::model::finding::{Code, Finding, Place};
use crate::sources::servicenow::TableRole;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Telling {
    findings: Vec<Finding>,
    /// By code, file, column and value.
    repeated: BTreeMap<(Code, String, String, String), Repeated>,
}

/// One thing that may stand in many rows.
struct Repeated {
    first: Place,
    rows: u64,
    why: String,
    fix: &'static str,
}

/// Exports stop at a number of rows that somebody has set: a round one.
const ROUND: usize = 1000;

impl Telling {
    pub fn say(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub fn say_any(&mut self, finding: Option<Finding>) {
        self.findings.extend(finding);
    }

    pub fn about_sheet(&mut self, sheet: &Sheet) {
        let rows = sheet.table.rows.len();
        if rows > 0 && rows.is_multiple_of(ROUND) {
            self.say(Finding::new(
                Code::TableCut,
                Place::file(sheet.path()),
                format!("It has exactly {rows} rows, which is where exports stop by default; more records may exist."),
                "Raise the export's row limit in ServiceNow, or export in two parts.",
            ));
        }
        let joins = !matches!(sheet.role, TableRole::Relations | TableRole::Other);
        if joins && !sheet.has("sys_id") {
            self.say(Finding::new(
                Code::DirectoryKey,
                Place::file(sheet.path()).row(1),
                "The export has no sys_id column, so its records are only told apart by their names.",
                "Add sys_id to the view that is exported.",
            ));
        } else if joins {
            for (row, cells) in &sheet.table.rows {
                let record = sheet.record(*row, cells);
                if record.get("sys_id").is_empty() {
                    self.without_key(&record, "sys_id");
                }
            }
        }
    }

    pub fn without_key(&mut self, record: &Record, field: &'static str) {
        self.repeat(
            Code::DirectoryKey,
            record,
            field,
            "The cell is empty, so the record cannot be found by it.".to_owned(),
            "Fill it in in ServiceNow, or leave the record out of the export.",
        );
    }

    pub fn concealed(&mut self, record: &Record, field: &'static str) {
        self.repeat(
            Code::DirectoryConcealed,
            record,
            field,
            "The account that made the export may not see this value, so it counts as missing.".to_owned(),
            "Give the exporting role the right to read this field, and export again.",
        );
    }

    pub fn several(&mut self, record: &Record, field: &'static str, records: usize) {
        self.repeat(
            Code::DirectoryAmbiguous,
            record,
            field,
            format!("{records} records bear this name; which one is meant is not guessed."),
            "Export with raw values or a sys_id column for this reference, or rename one of the records.",
        );
    }

    pub fn nowhere(&mut self, record: &Record, field: &'static str, table: &str) {
        self.repeat(
            Code::DirectoryReference,
            record,
            field,
            format!("No record of {table} bears this name."),
            "Export both tables on the same day and without filters, or correct the reference in ServiceNow.",
        );
    }

    fn repeat(&mut self, code: Code, record: &Record, field: &'static str, why: String, fix: &'static str) {
        let value = record.get(field);
        let key = (code, record.sheet.path().to_owned(), field.to_owned(), value.to_owned());
        let place = || {
            let place = record.place(field);
            if value.is_empty() { place } else { place.value(value) }
        };
        self.repeated.entry(key).or_insert_with(|| Repeated { first: place(), rows: 0, why, fix }).rows += 1;
    }

    pub fn findings(self) -> Vec<Finding> {
        let mut findings = self.findings;
        for ((code, ..), Repeated { first, rows, why, fix }) in self.repeated {
            let why = if rows > 1 { format!("{why} It stands in {rows} rows.") } else { why };
            findings.push(Finding::new(code, first, why, fix));
        }
        findings
    }
}
