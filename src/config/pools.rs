//! `pools.csv` and `drivers/`: what is shared and how.

use super::columns::{parts, shares};
use super::sheet::{Row, Sheet, named};
use crate::model::codes::{AgencyCode, PoolId, ServiceCode};
use crate::model::finding::{Code, Finding};
use crate::model::settings::{DriverValue, Method, Pool, Target};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

pub fn pools(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<Pool> {
    sheet.sound().filter_map(|row| pool(row, findings)).collect()
}

fn pool(row: &Row, findings: &mut Vec<Finding>) -> Option<Pool> {
    let method = method(row, findings)?;
    let targets = match &method {
        Method::Fixed { shares } => shares.keys().cloned().map(Target::Agency).collect(),
        _ => targets(row),
    };
    Some(Pool {
        id: row.parsed("pool", PoolId::parse)?,
        version: row.count("version")?,
        line: row.line,
        valid: row.validity(),
        service: row.parsed("service", ServiceCode::parse)?,
        stage: row.count("stage").unwrap_or(1),
        method,
        targets,
        exclude: parts(row.get("exclude")).filter_map(|code| AgencyCode::parse(code).ok()).collect(),
        reason: row.text("reason"),
        statement_text: row.text("statement_text"),
    })
}

fn targets(row: &Row) -> Vec<Target> {
    let target = |part: &str| match part.strip_prefix("class:") {
        _ if part == "*" => Some(Target::All),
        Some(class) => named(class.trim()).ok().map(Target::Class),
        None => AgencyCode::parse(part).ok().map(Target::Agency),
    };
    let targets: Vec<Target> = parts(row.get("targets")).filter_map(target).collect();
    if targets.is_empty() { vec![Target::All] } else { targets }
}

fn method(row: &Row, findings: &mut Vec<Finding>) -> Option<Method> {
    let chosen = row.get("method");
    let mut fine = true;
    for (column, its_method, needed) in
        [("shares", "fixed", true), ("driver", "driver", true), ("proportional_to", "proportional", false)]
    {
        let filled = !row.get(column).is_empty();
        if filled && chosen != its_method {
            let why = format!("The pool is shared by the method {chosen}, so nobody would read the cell.");
            findings.push(row.cell(
                Code::TableCell,
                column,
                why,
                format!("Leave it blank, or choose the method {its_method}."),
            ));
            fine = false;
        } else if needed && !filled && chosen == its_method {
            let why = format!("The method {chosen} needs it.");
            findings.push(row.cell(Code::TableCell, column, why, "Fill the cell, or choose another method."));
            fine = false;
        }
    }
    for column in ["targets", "exclude"] {
        if chosen == "fixed" && !row.get(column).is_empty() {
            let why = "The shares say who takes part, so nobody would read the cell.";
            findings.push(row.cell(Code::TableCell, column, why, "Leave it blank."));
            fine = false;
        }
    }
    if !fine {
        return None;
    }
    match chosen {
        "even" => Some(Method::Even),
        "fixed" => fixed(row, findings),
        "driver" => Some(Method::Driver { driver: row.text("driver") }),
        _ => Some(Method::ProportionalToCost {
            services: parts(row.get("proportional_to")).filter_map(|code| ServiceCode::parse(code).ok()).collect(),
        }),
    }
}

fn fixed(row: &Row, findings: &mut Vec<Finding>) -> Option<Method> {
    let listed = shares(row.get("shares")).ok()?;
    let mut by_agency: BTreeMap<AgencyCode, Decimal> = BTreeMap::new();
    for (agency, share) in &listed {
        let code = AgencyCode::parse(agency).ok()?;
        if by_agency.insert(code, *share).is_some() {
            let why = format!("{agency} has two shares.");
            findings.push(row.cell(Code::PoolShares, "shares", why, "Write each agency once."));
            return None;
        }
    }
    let total: Decimal = listed.iter().map(|(_, share)| share).sum();
    if total != Decimal::ONE_HUNDRED {
        let why = format!(
            "The shares add up to {} and not to 100, so a part of the pool would be lost or made.",
            total.normalize()
        );
        findings.push(row.cell(Code::PoolShares, "shares", why, "Correct the shares; six decimals are allowed."));
        return None;
    }
    Some(Method::Fixed { shares: by_agency })
}

pub fn drivers(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<DriverValue> {
    let mut units: BTreeMap<(String, String), (String, u64)> = BTreeMap::new();
    let mut values = Vec::new();
    for row in sheet.sound() {
        let first =
            units.entry((row.text("driver"), row.text("month"))).or_insert_with(|| (row.text("unit"), row.line));
        if first.0 != row.get("unit") {
            let why = format!("Line {} counts {:?}; values of two units cannot be added.", first.1, first.0);
            findings.push(row.cell(Code::UnitMixed, "unit", why, "Give all rows of a driver and month one unit."));
            continue;
        }
        let value = || {
            Some(DriverValue {
                driver: row.text("driver"),
                month: row.month("month")?,
                agency: row.parsed("agency", AgencyCode::parse)?,
                value: row.quantity("value")?,
                unit: row.text("unit"),
                file: row.file.clone(),
                line: row.line,
            })
        };
        values.extend(value());
    }
    values
}
