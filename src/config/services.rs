//! `services.csv` and `modes.csv`: the catalog, and whether a line is shown or billed.

use super::sheet::{Row, Sheet};
use crate::model::codes::{AgencyCode, FundCode, ServiceCode};
use crate::model::finding::{Code, Finding};
use crate::model::settings::{Mode, ModeRule, Service};

pub fn services(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    let mut previous: Option<ServiceCode> = None;
    for row in sheet.sound() {
        let Some(code) = row.parsed("service", ServiceCode::parse) else { continue };
        let further = services.iter().position(|service| service.code == code);
        if let Some(index) = further {
            further_row(row, &mut services[index], previous.as_ref() == Some(&code), findings);
        } else {
            if row.get("name").is_empty() {
                let why = "The first row of a service says its name, and this one has none.";
                findings.push(row.cell(Code::TableCell, "name", why, "Fill the cell."));
            }
            let place = u32::try_from(services.len() + 1).unwrap_or(u32::MAX);
            services.push(Service {
                code: code.clone(),
                name: row.text("name"),
                line: row.line,
                matches: Some(row.conditions.clone()).filter(|all| !all.is_empty()).into_iter().collect(),
                statement_text: row.text("statement_text"),
                order: row.count("order").unwrap_or(place),
                without_rate: row.named("without_rate").unwrap_or_default(),
            });
        }
        previous = Some(code);
    }
    services
}

/// Another way to belong to a service that stands above.
fn further_row(row: &Row, service: &mut Service, together: bool, findings: &mut Vec<Finding>) {
    let first = service.line;
    if !together {
        let why = format!(
            "The rows of a service stand together, because the first service that matches takes a charge; it begins on line {first}."
        );
        findings.push(row.cell(
            Code::TableDuplicate,
            "service",
            why,
            "Move the row up to the others, or correct its code.",
        ));
        return;
    }
    if row.conditions.is_empty() || service.matches.is_empty() {
        let why = format!("A further row gives another way to match, and this one or line {first} has no condition.");
        findings.push(row.cell(Code::TableDuplicate, "service", why, "Remove the row, or fill a condition."));
        return;
    }
    for (column, known) in [("name", &service.name), ("statement_text", &service.statement_text)] {
        let cell = row.get(column);
        if !cell.is_empty() && cell != known {
            let why = format!("Line {first} says something else of the same service.");
            findings.push(row.cell(Code::TableDuplicate, column, why, "Leave the cell blank."));
        }
    }
    service.matches.push(row.conditions.clone());
}

pub fn modes(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<ModeRule> {
    let mut modes = Vec::new();
    for row in sheet.sound() {
        let Some(mode) = row.named::<Mode>("mode") else { continue };
        let absorbed_by = row.parsed("absorbed_by", FundCode::parse);
        if (mode == Mode::Absorbed) != absorbed_by.is_some() {
            let (why, fix) = match mode {
                Mode::Absorbed => {
                    ("Somebody pays what is absorbed, and the cell does not say which fund.", "Name the fund.")
                }
                _ => ("Only what is absorbed has a fund that pays for it.", "Leave the cell blank."),
            };
            findings.push(row.cell(Code::TableCell, "absorbed_by", why, fix));
            continue;
        }
        modes.push(ModeRule {
            line: row.line,
            agency: row.parsed("agency", AgencyCode::parse),
            service: row.parsed("service", ServiceCode::parse),
            valid: row.validity(),
            mode,
            absorbed_by,
        });
    }
    modes
}
