//! `pools.csv` and `drivers/`: what is shared and how.

use super::columns::{index, limit, parts, period, shares};
use super::sheet::{Row, Sheet, named};
use crate::model::codes::{AgencyCode, PoolId, ServiceCode};
use crate::model::finding::{Code, Finding};
use crate::model::settings::{
    DriverValue, Limit, Method, OnNegative, OnZeroDriver, Pool, PoolDriverValue, Sharing, Target,
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

pub fn pools(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<Pool> {
    sheet.sound().filter_map(|row| pool(row, findings)).collect()
}

fn pool(row: &Row, findings: &mut Vec<Finding>) -> Option<Pool> {
    let (method, pool_shares) = method(row, findings)?;
    let targets = match &method {
        Method::Fixed { shares } => {
            let agencies = shares.keys().cloned().map(Target::Agency);
            agencies.chain(pool_shares.keys().cloned().map(Target::Pool)).collect()
        }
        _ => targets(row.get("targets"), Some(Target::All)),
    };
    let excluded = targets_of_row(row, "exclude");
    let agencies = excluded.iter().filter_map(|target| match target {
        Target::Agency(agency) => Some(agency.clone()),
        _ => None,
    });
    Some(Pool {
        id: row.parsed("pool", PoolId::parse)?,
        version: row.count("version")?,
        line: row.line,
        valid: row.validity(),
        service: row.parsed("service", ServiceCode::parse)?,
        stage: row.count("stage").unwrap_or(1),
        method,
        targets,
        exclude: agencies.collect(),
        reason: row.text("reason"),
        statement_text: row.text("statement_text"),
        sharing: sharing(row, pool_shares, excluded, findings)?,
    })
}

fn sharing(
    row: &Row,
    pool_shares: BTreeMap<PoolId, Decimal>,
    excluded: Vec<Target>,
    findings: &mut Vec<Finding>,
) -> Option<Sharing> {
    let chosen = row.get("method");
    let group = row.text("group");
    let limits = ["floor", "cap", "de_minimis"].map(|column| row.parsed(column, limit));
    let in_group = ["floor", "cap", "de_minimis", "residual"].into_iter().find(|column| !row.get(column).is_empty());
    if let Some(column) = in_group.filter(|_| !group.is_empty()) {
        let why = "Pools of a group are solved together, and the answer is exact: nothing may be cut off it.";
        findings.push(row.cell(Code::TableCell, column, why, "Leave it blank, or take the pool out of its group."));
        return None;
    }
    if let [Some(Limit::Amount(floor)), Some(Limit::Amount(cap)), _] = limits
        && floor > cap
    {
        let why = format!("The floor of {floor} is above the cap of {cap}, and no share can keep both.");
        findings.push(row.cell(Code::PoolLimits, "floor", why, "Correct one of the two."));
        return None;
    }
    let [floor, cap, de_minimis] = limits;
    let of_zero = row.get("on_zero_driver");
    let on_zero_driver = match of_zero.strip_prefix("fallback:") {
        Some(pool) => OnZeroDriver::Fallback(PoolId::parse(pool.trim()).ok()?),
        None if of_zero == "hold" => OnZeroDriver::Hold,
        None if of_zero == "central" => OnZeroDriver::Central,
        None => OnZeroDriver::Error,
    };
    Some(Sharing {
        group: Some(group).filter(|group| !group.is_empty()),
        agencies_only: chosen == "direct",
        pool_shares,
        period: row.parsed("driver_period", period).unwrap_or_default(),
        floor,
        cap,
        de_minimis,
        on_zero_driver,
        negative: if row.get("negative") == "hold" { OnNegative::Hold } else { OnNegative::Share },
        residual: row.parsed("residual", AgencyCode::parse),
        exclude: excluded.into_iter().filter(|target| !matches!(target, Target::Agency(_))).collect(),
    })
}

fn targets_of_row(row: &Row, column: &str) -> Vec<Target> {
    targets(row.get(column), None)
}

fn targets(cell: &str, otherwise: Option<Target>) -> Vec<Target> {
    let target = |part: &str| match part.split_once(':') {
        _ if part == "*" => Some(Target::All),
        Some(("class", class)) => named(class.trim()).ok().map(Target::Class),
        Some(("pool", pool)) => PoolId::parse(pool.trim()).ok().map(Target::Pool),
        _ => AgencyCode::parse(part).ok().map(Target::Agency),
    };
    let targets: Vec<Target> = parts(cell).filter_map(target).collect();
    if targets.is_empty() { otherwise.into_iter().collect() } else { targets }
}

/// Columns that only some methods read, and whether these need them.
const COLUMNS: &[(&str, &[&str], bool)] = &[
    ("shares", &["fixed", "reciprocal"], false),
    ("driver", &["driver", "direct", "reciprocal"], false),
    ("index", &["index"], true),
    ("proportional_to", &["proportional"], false),
    ("group", &["reciprocal"], true),
    ("driver_period", &["driver", "direct", "reciprocal", "index"], false),
    ("on_zero_driver", &["even", "proportional", "driver", "direct", "reciprocal", "index"], false),
];

fn method(row: &Row, findings: &mut Vec<Finding>) -> Option<(Method, BTreeMap<PoolId, Decimal>)> {
    let chosen = row.get("method");
    let before = findings.len();
    for (column, methods, needed) in COLUMNS {
        let (filled, reads) = (!row.get(column).is_empty(), methods.contains(&chosen));
        let needed = *needed
            || (*column == "shares" && chosen == "fixed")
            || (*column == "driver" && ["driver", "direct"].contains(&chosen));
        if filled && !reads {
            let why = format!("The pool is shared by the method {chosen}, so nobody would read the cell.");
            let fix = format!("Leave it blank, or choose the method {}.", methods.join(" or "));
            findings.push(row.cell(Code::TableCell, column, why, fix));
        } else if needed && reads && !filled {
            let why = format!("The method {chosen} needs it.");
            findings.push(row.cell(Code::TableCell, column, why, "Fill the cell, or choose another method."));
        }
    }
    let by_shares = chosen == "fixed" || (chosen == "reciprocal" && !row.get("shares").is_empty());
    for column in ["targets", "exclude"] {
        if by_shares && !row.get(column).is_empty() {
            let why = "The shares say who takes part, so nobody would read the cell.";
            findings.push(row.cell(Code::TableCell, column, why, "Leave it blank."));
        }
    }
    if chosen == "reciprocal" && row.get("shares").is_empty() == row.get("driver").is_empty() {
        let why = "A pool of a group is shared by a driver or by shares, and needs one of the two.";
        findings.push(row.cell(Code::TableCell, "driver", why, "Fill either the driver or the shares."));
    }
    if ["proportional", "direct"].contains(&chosen) && row.get("targets").contains("pool:") {
        let why = if chosen == "direct" {
            "The direct method leaves out what pools use of each other."
        } else {
            "A pool has no cost of its own by which it could be shared."
        };
        let fix = "Take the pools out of the targets, or share by a driver or by fixed shares.";
        findings.push(row.cell(Code::TableCell, "targets", why, fix));
    }
    if findings.len() > before {
        return None;
    }
    match chosen {
        "even" => Some(Method::Even),
        _ if by_shares => return fixed(row, findings),
        "driver" | "direct" | "reciprocal" => Some(Method::Driver { driver: row.text("driver") }),
        "index" => Some(Method::Index {
            parts: index(row.get("index"))
                .ok()?
                .into_iter()
                .map(|(driver, weight)| (driver.to_owned(), weight))
                .collect(),
        }),
        _ => Some(Method::ProportionalToCost {
            services: parts(row.get("proportional_to")).filter_map(|code| ServiceCode::parse(code).ok()).collect(),
        }),
    }
    .map(|method| (method, BTreeMap::new()))
}

fn fixed(row: &Row, findings: &mut Vec<Finding>) -> Option<(Method, BTreeMap<PoolId, Decimal>)> {
    let listed = shares(row.get("shares")).ok()?;
    let (mut by_agency, mut by_pool) = (BTreeMap::new(), BTreeMap::new());
    for (name, share) in &listed {
        let twice = match name.strip_prefix("pool:") {
            Some(pool) => by_pool.insert(PoolId::parse(pool.trim()).ok()?, *share).is_some(),
            None => by_agency.insert(AgencyCode::parse(name).ok()?, *share).is_some(),
        };
        if twice {
            let why = format!("{name} has two shares.");
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
    Some((Method::Fixed { shares: by_agency }, by_pool))
}

/// What the driver tables say of agencies, and what of pools.
pub fn drivers(sheet: &Sheet, findings: &mut Vec<Finding>) -> (Vec<DriverValue>, Vec<PoolDriverValue>) {
    let mut units: BTreeMap<(String, String), (String, u64)> = BTreeMap::new();
    let (mut values, mut of_pools) = (Vec::new(), Vec::new());
    for row in sheet.sound() {
        let first =
            units.entry((row.text("driver"), row.text("month"))).or_insert_with(|| (row.text("unit"), row.line));
        if first.0 != row.get("unit") {
            let why = format!("Line {} counts {:?}; values of two units cannot be added.", first.1, first.0);
            findings.push(row.cell(Code::UnitMixed, "unit", why, "Give all rows of a driver and month one unit."));
            continue;
        }
        let (driver, unit, file, line) = (row.text("driver"), row.text("unit"), row.file.clone(), row.line);
        let (Some(month), Some(value)) = (row.month("month"), row.quantity("value")) else { continue };
        match row.get("agency").strip_prefix("pool:") {
            Some(pool) => of_pools.extend(PoolId::parse(pool.trim()).ok().map(|pool| PoolDriverValue {
                driver,
                month,
                pool,
                value,
                unit,
                file,
                line,
            })),
            None => values.extend(row.parsed("agency", AgencyCode::parse).map(|agency| DriverValue {
                driver,
                month,
                agency,
                value,
                unit,
                file,
                line,
            })),
        }
    }
    (values, of_pools)
}
