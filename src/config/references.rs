//! What one table names must have been declared by another.

use super::Sheets;
use super::columns::{Declared, Kind, index, parts, shares};
use super::near::nearest;
use super::sheet::{Row, field_name};
use super::{tables, toml_file};
use crate::model::finding::{Code, Finding, Place};
use crate::model::settings::{Field, State};
use std::collections::{BTreeMap, BTreeSet};

/// Every code that is declared, whether or not its row is otherwise right: a wrong date in `agencies.csv` shall not make
/// every row that names the agency wrong as well.
struct Names(BTreeMap<Declared, BTreeSet<String>>);

pub fn check(sheets: &mut Sheets, state: Option<&State>, findings: &mut Vec<Finding>) {
    let names = Names::of(sheets, state);
    for row in sheets.0.iter_mut().flat_map(|sheet| &mut sheet.rows) {
        let before = findings.len();
        names.row(row, findings);
        row.sound &= findings.len() == before;
    }
    tags_in_headers(sheets, &names, findings);
    measured_twice(sheets, state, findings);
    if let Some(fund) = state.map(|state| state.provider_fund.as_str())
        && let Some(why) = names.unknown(Declared::Fund, fund)
    {
        let place = Place::file(toml_file::FILE).column("provider_fund").value(fund);
        findings.push(Finding::new(Code::TableReference, place, why, names.fix(Declared::Fund, fund)));
    }
}

/// Conditions on tags nobody declares: once for a file and column, although every row of it is concerned.
fn tags_in_headers(sheets: &mut Sheets, names: &Names, findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<(String, String)> = BTreeSet::new();
    for row in sheets.0.iter_mut().flat_map(|sheet| &mut sheet.rows) {
        for condition in &row.conditions {
            let Field::Tag(tag) = &condition.field else { continue };
            let Some(why) = names.unknown(Declared::BillingTag, tag) else { continue };
            row.sound = false;
            if told.insert((row.file.clone(), tag.clone())) {
                let fix = names.fix(Declared::BillingTag, tag);
                findings.push(row.finding(Code::TableReference, &field_name(&condition.field), "", why, fix));
            }
        }
    }
}

/// A driver that a table tells and a measure too: nobody could say which of the two shared the pool.
fn measured_twice(sheets: &mut Sheets, state: Option<&State>, findings: &mut Vec<Finding>) {
    let measures = || state.iter().flat_map(|state| &state.measures);
    let of_drivers = sheets.0.iter_mut().filter(|sheet| sheet.table.path == tables::DRIVERS.path);
    for row in of_drivers.flat_map(|sheet| &mut sheet.rows) {
        let driver = row.text("driver");
        if measures().any(|measure| measure.name == driver) {
            let why = "A [[measure]] of chargeback.toml has this name, so the driver would have two values.";
            findings.push(row.finding(Code::TableDuplicate, "driver", &driver, why, "Rename one of the two."));
            row.sound = false;
        }
    }
}

impl Names {
    fn of(sheets: &Sheets, state: Option<&State>) -> Self {
        let column = |table, name: &str| -> BTreeSet<String> {
            sheets.of(table).rows.iter().map(|row| row.text(name)).filter(|text| !text.is_empty()).collect()
        };
        let mut names = Self(BTreeMap::from([
            (Declared::Agency, column(tables::AGENCIES, "agency")),
            (Declared::Service, column(tables::SERVICES, "service")),
            (Declared::Pool, column(tables::POOLS, "pool")),
            (Declared::Fund, column(tables::FUNDS, "fund")),
            (Declared::Driver, column(tables::DRIVERS, "driver")),
        ]));
        names.0.extend(
            state.map(|state| (Declared::BillingTag, state.billing_tags.iter().map(|tag| tag.name.clone()).collect())),
        );
        for measure in state.iter().flat_map(|state| &state.measures) {
            names.0.entry(Declared::Driver).or_default().insert(measure.name.clone());
        }
        names
    }

    fn row(&self, row: &Row, findings: &mut Vec<Finding>) {
        for (column, cell) in row.columns().filter(|(_, cell)| !cell.is_empty()) {
            match column.kind {
                Kind::Known(declared) => self.code(row, column.name, declared, cell, findings),
                Kind::KnownEach(declared) => {
                    parts(cell).for_each(|part| self.code(row, column.name, declared, part, findings));
                }
                Kind::Scope => {
                    if let Some(agency) = cell.strip_prefix("agency:") {
                        self.code(row, column.name, Declared::Agency, agency.trim(), findings);
                    }
                }
                Kind::Targets => parts(cell)
                    .filter(|part| *part != "*" && !part.starts_with("class:"))
                    .for_each(|part| self.agency_or_pool(row, column.name, part, findings)),
                Kind::Shares => shares(cell)
                    .unwrap_or_default()
                    .iter()
                    .for_each(|(part, _)| self.agency_or_pool(row, column.name, part, findings)),
                Kind::AgencyOrPool => self.agency_or_pool(row, column.name, cell, findings),
                Kind::Index => index(cell)
                    .unwrap_or_default()
                    .iter()
                    .for_each(|(driver, _)| self.code(row, column.name, Declared::Driver, driver, findings)),
                Kind::ZeroDriver => {
                    if let Some(pool) = cell.strip_prefix("fallback:") {
                        self.code(row, column.name, Declared::Pool, pool.trim(), findings);
                    }
                }
                Kind::Measure => {
                    if let Some(driver) = cell.strip_prefix("driver:") {
                        self.code(row, column.name, Declared::Driver, driver.trim(), findings);
                    }
                }
                _ => {}
            }
        }
        if let Some(assign) = row.columns().find(|(column, _)| column.name == "assign").map(|(_, cell)| cell) {
            let declared = match assign {
                "agency" => Some(Declared::Agency),
                "agency-of-tag" | "agency-of-group-tag" | "agency-of-account-tag" => Some(Declared::BillingTag),
                "pool" => Some(Declared::Pool),
                _ => None,
            };
            let value = row.get("value");
            if let Some(declared) = declared.filter(|_| !value.is_empty()) {
                self.code(row, "value", declared, value, findings);
            }
        }
    }

    fn agency_or_pool(&self, row: &Row, column: &str, part: &str, findings: &mut Vec<Finding>) {
        match part.strip_prefix("pool:") {
            Some(pool) => self.code(row, column, Declared::Pool, pool.trim(), findings),
            None => self.code(row, column, Declared::Agency, part, findings),
        }
    }

    fn code(&self, row: &Row, column: &str, declared: Declared, code: &str, findings: &mut Vec<Finding>) {
        if let Some(why) = self.unknown(declared, code) {
            let kind = if column == "targets" { Code::PoolTargetUnknown } else { Code::TableReference };
            findings.push(row.finding(kind, column, code, why, self.fix(declared, code)));
        }
    }

    /// Why the code may not be named. A table that has no rows at all was reported as such.
    fn unknown(&self, declared: Declared, code: &str) -> Option<String> {
        // Without chargeback.toml nobody knows the tags.
        let known = self.0.get(&declared)?;
        let reported = matches!(declared, Declared::Agency | Declared::Service | Declared::Fund) && known.is_empty();
        (!reported && !known.contains(code)).then(|| match declared {
            Declared::Driver => {
                "No file in drivers/ has a row of this driver, and no [[measure]] has its name.".to_owned()
            }
            _ => format!("There is no such {} in {}.", declared.noun(), declared.file()),
        })
    }

    fn fix(&self, declared: Declared, code: &str) -> String {
        let near = nearest(code, self.0.get(&declared).into_iter().flatten().map(String::as_str));
        match near {
            Some(near) => format!("Did you mean {near}? Otherwise add the {} there.", declared.noun()),
            None => format!("Correct the cell, or add the {} there.", declared.noun()),
        }
    }
}
