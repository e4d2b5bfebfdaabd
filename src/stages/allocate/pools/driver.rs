//! What a driver says of a pool's targets, over the months that count.

use super::parts::{Part, Parts, Refusal, Table, Targets};
use crate::model::codes::PoolId;
use crate::model::finding::{Code, Place};
use crate::model::money::{Cost, Exact, Overflow, Quantity};
use crate::model::settings::{DriverPeriod, Recipient};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Values<'a> {
    driver: &'a str,
    pub by: BTreeMap<Recipient, Quantity>,
    pub total: Quantity,
    unit: String,
}

/// A row of a driver, whoever it is about.
struct Row<'a> {
    to: Recipient,
    value: Quantity,
    unit: &'a str,
    file: &'a str,
    line: u64,
}

impl<'a> Values<'a> {
    pub fn of(
        table: &mut Table<'_, '_>,
        driver: &'a str,
        targets: &Targets<'_>,
        pools: &BTreeSet<&PoolId>,
    ) -> Result<Self, Refusal> {
        let place = table.place().column("driver").value(driver);
        let rows = rows(table, driver)?;
        if !are_sound(table, driver, &rows) {
            return Err(Refusal::Told);
        }
        let all = Quantity::total(rows.iter().filter(|row| !is_left_out(table, &row.to)).map(|row| row.value))?;
        let mut by: BTreeMap<Recipient, Quantity> = BTreeMap::new();
        for row in &rows {
            let takes_part = match &row.to {
                Recipient::Agency(agency) => targets.contains_key(agency),
                Recipient::Pool(pool) => pools.contains(pool) && !table.pool.sharing.agencies_only,
            };
            if takes_part {
                let value = by.entry(row.to.clone()).or_default();
                *value = value.checked_add(row.value)?;
            } else if !is_left_out(table, &row.to) {
                reaches_nobody(table, driver, row, all)?;
            }
        }
        tell_idle(table, driver, targets, pools, &by);
        let total = Quantity::total(by.values().copied())?;
        if total.is_zero() {
            let why = format!(
                "Pool {} is shared by driver {driver}, whose values for its agencies add up to nothing.",
                table.pool.id
            );
            let fix = "Correct the driver, or share the pool in another way for this month.";
            return Err(table.zero(place, why, fix));
        }
        Ok(Self { driver, by, total, unit: rows[0].unit.to_owned() })
    }

    pub fn parts(self, table: Table<'_, '_>) -> Result<Parts, Refusal> {
        let part = |(to, value): (Recipient, Quantity)| Part {
            to,
            weight: value.exact(),
            shown: value.to_string(),
            made_of: String::new(),
        };
        let period = table.pool.sharing.period;
        let of = match period {
            DriverPeriod::Same => String::new(),
            period => format!(" of {}", period.in_words(table.books.month)),
        };
        let direct = if table.pool.sharing.agencies_only { "directly " } else { "" };
        Ok(Parts {
            list: self.by.into_iter().map(part).collect(),
            total: self.total.to_string(),
            unit: self.unit,
            method: format!("{direct}by driver {}{of}", self.driver),
        })
    }
}

/// The rows of all months that count. A month without any would make the others count for more than was meant.
fn rows<'a>(table: &mut Table<'a, '_>, driver: &str) -> Result<Vec<Row<'a>>, Refusal> {
    let settings = table.books.settings;
    let mut rows = Vec::new();
    for month in table.pool.sharing.period.months(table.books.month) {
        let before = rows.len();
        let name = driver.to_owned();
        let agencies = settings.drivers.iter().filter(|row| row.driver == name && row.month == month);
        rows.extend(agencies.map(|row| Row {
            to: Recipient::Agency(row.agency.clone()),
            value: row.value,
            unit: &row.unit,
            file: &row.file,
            line: row.line,
        }));
        let pools = settings.pool_drivers.iter().filter(|row| row.driver == name && row.month == month);
        rows.extend(pools.map(|row| Row {
            to: Recipient::Pool(row.pool.clone()),
            value: row.value,
            unit: &row.unit,
            file: &row.file,
            line: row.line,
        }));
        if rows.len() == before {
            let why = format!("Pool {} is shared by driver {driver}, which has no rows for {month}.", table.pool.id);
            let is_measure = settings.state.measures.iter().any(|measure| measure.name == driver);
            let fix = if is_measure && month != table.books.month {
                "A measure's earlier months are in the records of their closes, and this one has none: it was closed before \
                 the measure was declared, or not here. Share by the same month until there are enough, or by a driver \
                 of drivers/ that tells these months."
            } else {
                "Add the month's rows to drivers/."
            };
            let place = table.place().column("driver").value(driver);
            table.tell(Code::PoolDriverMissing, place, why, fix, table.whole());
            return Err(Refusal::Told);
        }
    }
    Ok(rows)
}

/// Values that are not negative and counted in one unit.
fn are_sound(table: &mut Table<'_, '_>, driver: &str, rows: &[Row<'_>]) -> bool {
    let mut sound = true;
    for row in rows {
        let place = Place::file(row.file).row(row.line);
        if row.value.is_negative() {
            let why = format!("Driver {driver} says that {} used {}; a driver is not negative.", row.to, row.value);
            let fix = "Correct the value.";
            table.tell(Code::PoolDriverNegative, place.clone().column("value"), why, fix, table.whole());
            sound = false;
        }
        if row.unit.trim().to_lowercase() != rows[0].unit.trim().to_lowercase() {
            let why = format!("Driver {driver} counts in {:?} here and in {:?} before.", row.unit, rows[0].unit);
            let fix = "Bring all rows of the driver to one unit.";
            table.tell(Code::UnitMixed, place.column("unit"), why, fix, table.whole());
            sound = false;
        }
    }
    sound
}

/// Rows that are meant to count for nobody: of who is excluded, of the pool itself, and of pools where only agencies count.
fn is_left_out(table: &Table<'_, '_>, to: &Recipient) -> bool {
    match to {
        Recipient::Agency(agency) => table.excludes(agency),
        Recipient::Pool(pool) => {
            let sharing = &table.pool.sharing;
            let excluded = crate::model::settings::Target::Pool(pool.clone());
            *pool == table.pool.id || sharing.agencies_only || sharing.exclude.contains(&excluded)
        }
    }
}

/// A driver row of someone the pool does not reach: the others pay its part, and someone should know.
fn reaches_nobody(table: &mut Table<'_, '_>, driver: &str, row: &Row<'_>, all: Quantity) -> Result<(), Overflow> {
    if row.value.is_zero() {
        return Ok(());
    }
    let part = table.taken_in.exact().times(&row.value.exact()).divided_by(&all.exact());
    let part = part.unwrap_or_else(Exact::zero).round_half_up()?;
    let why = format!(
        "Driver {driver} counts {} {} of {}, which pool {} does not reach; the others share its part.",
        row.value, row.unit, row.to, table.pool.id
    );
    let whom = match &row.to {
        Recipient::Agency(agency) => ("agency", agency.to_string()),
        Recipient::Pool(pool) => ("pool", format!("pool:{pool}")),
    };
    let fix = format!("Add the {} to the pool's targets, or to its exclude list if that is meant.", whom.0);
    let place = Place::file(row.file).row(row.line).column("agency").value(whom.1);
    table.tell(Code::PoolDriverUnmatched, place, why, &fix, Cost::from_money(part));
    Ok(())
}

fn tell_idle(
    table: &mut Table<'_, '_>,
    driver: &str,
    targets: &Targets<'_>,
    pools: &BTreeSet<&PoolId>,
    values: &BTreeMap<Recipient, Quantity>,
) {
    let agencies = targets.keys().map(|agency| Recipient::Agency((*agency).clone()));
    let pools = pools.iter().map(|pool| Recipient::Pool((*pool).clone()));
    let pools = pools.filter(|_| !table.pool.sharing.agencies_only);
    let idle: Vec<String> =
        agencies.chain(pools).filter(|to| !values.contains_key(to)).map(|to| to.to_string()).collect();
    if !idle.is_empty() {
        let why = format!(
            "Driver {driver} has no row for {}, so they get nothing of pool {}.",
            idle.join(", "),
            table.pool.id
        );
        let fix = "Add their rows (0 if they used nothing), or exclude them from the pool.";
        let place = table.place().column("driver").value(driver);
        table.tell(Code::PoolTargetIdle, place, why, fix, table.whole());
    }
}
