//! Each agency's part of a pool before cents are made of it: even, fixed, by cost or by a driver table.

use super::super::Books;
use super::super::lines::Draft;
use crate::model::bill::LineKind;
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Exact, Money, Overflow, Quantity};
use crate::model::month::Validity;
use crate::model::settings::{Agency, DriverValue, Method, Pool, Target};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Parts by agency code, ascending: the order in which equal remainders receive leftover cents.
pub(super) struct Parts {
    pub agencies: Vec<Part>,
    /// The sum of the parts as text, and what they are counted in.
    pub total: String,
    pub unit: String,
    pub method: String,
}

pub(super) struct Part {
    pub agency: AgencyCode,
    pub weight: Exact,
    pub shown: String,
}

/// Finds the parts of one pool and tells what is wrong with them.
struct Table<'a, 'f> {
    books: Books<'a>,
    pool: &'a Pool,
    taken_in: Money,
    findings: &'f mut Vec<Finding>,
}

impl Parts {
    /// None when the pool cannot be shared; a finding says why.
    pub fn of(
        books: Books<'_>,
        pool: &Pool,
        taken_in: Money,
        direct: &[Draft],
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Self>, Overflow> {
        let mut table = Table { books, pool, taken_in, findings };
        let targets = table.targets();
        match &pool.method {
            Method::Even => Ok(table.even(targets)),
            Method::Fixed { shares } => Ok(table.fixed(shares)),
            Method::ProportionalToCost { services } => table.by_cost(targets, services, direct),
            Method::Driver { driver } => table.by_driver(targets, driver),
        }
    }
}

impl<'a> Table<'a, '_> {
    fn tell(&mut self, code: Code, place: Place, why: String, fix: &str, cost: Cost) {
        let currency = self.books.settings.state.currency.as_str();
        self.findings.push(Finding::new(code, place, why, fix).at_stake(cost, currency));
    }

    fn place(&self) -> Place {
        Place::file("pools.csv").row(self.pool.line)
    }

    fn whole(&self) -> Cost {
        Cost::from_money(self.taken_in)
    }

    /// Agencies that take part, by code: those the pool names or means that are in force in the month, less the excluded.
    fn targets(&mut self) -> BTreeMap<&'a AgencyCode, &'a Agency> {
        let (settings, month, pool) = (self.books.settings, self.books.month, self.pool);
        for target in &pool.targets {
            if let Target::Agency(code) = target
                && settings.agency(code).is_none()
            {
                let why = format!("Pool {} is shared with {code}, which is no agency of these books.", pool.id);
                let fix = "Correct the code, or add the agency to agencies.csv.";
                let place = self.place().column("targets").value(code.as_str());
                self.tell(Code::PoolTargetUnknown, place, why, fix, self.whole());
            }
        }
        let in_month = Validity { from: Some(month.first_day()), to: Some(month.next().first_day()) };
        let takes_part = |agency: &&Agency| {
            let is_meant = |target: &Target| match target {
                Target::All => true,
                Target::Class(class) => *class == agency.class,
                Target::Agency(code) => *code == agency.code,
            };
            agency.valid.overlaps(&in_month)
                && !pool.exclude.contains(&agency.code)
                && pool.targets.iter().any(is_meant)
        };
        settings.agencies.iter().filter(takes_part).map(|agency| (&agency.code, agency)).collect()
    }

    fn even(&mut self, targets: BTreeMap<&'a AgencyCode, &'a Agency>) -> Option<Parts> {
        if targets.is_empty() {
            let why = format!("Pool {} has no agency to be shared with in {}.", self.pool.id, self.books.month);
            let fix = "Name agencies in its targets, or share it in another way.";
            let place = self.place().column("targets");
            self.tell(Code::PoolDriverZero, place, why, fix, self.whole());
            return None;
        }
        let part = |agency: &AgencyCode| Part {
            agency: agency.clone(),
            weight: Exact::from_integer(1),
            shown: "1".to_owned(),
        };
        let agencies: Vec<Part> = targets.into_keys().map(part).collect();
        let total = agencies.len().to_string();
        Some(Parts { agencies, total, unit: "agencies".to_owned(), method: "even".to_owned() })
    }

    fn fixed(&mut self, shares: &'a BTreeMap<AgencyCode, Decimal>) -> Option<Parts> {
        let sum = shares.values().fold(Exact::zero(), |sum, share| sum.plus(&Exact::from_decimal(*share)));
        let place = self.place().column("shares");
        let fix = "Correct the shares in pools.csv; they must add up to exactly 100.";
        if sum != Exact::from_integer(100) {
            let why = format!("The fixed shares of pool {} add up to {} percent.", self.pool.id, sum.shown(6));
            self.tell(Code::PoolShares, place, why, fix, self.whole());
            return None;
        }
        if let Some((code, share)) = shares.iter().find(|(_, share)| share.is_sign_negative() && !share.is_zero()) {
            let why =
                format!("Pool {} gives {code} a share of {share} percent; a share is not negative.", self.pool.id);
            self.tell(Code::PoolShares, place, why, fix, self.whole());
            return None;
        }
        if let Some(code) = shares.keys().find(|code| self.books.settings.agency(code).is_none()) {
            let why = format!("Pool {} gives a share to {code}, which is no agency of these books.", self.pool.id);
            let fix = "Correct the code, or add the agency to agencies.csv.";
            self.tell(Code::PoolTargetUnknown, place.value(code.as_str()), why, fix, self.whole());
            return None;
        }
        let part = |(agency, share): (&AgencyCode, &Decimal)| Part {
            agency: agency.clone(),
            weight: Exact::from_decimal(*share),
            shown: share.normalize().to_string(),
        };
        let agencies = shares.iter().map(part).collect();
        Some(Parts { agencies, total: "100".to_owned(), unit: "percent".to_owned(), method: "fixed".to_owned() })
    }

    /// By the agencies' own direct cost, in the cents that stand on their bills.
    fn by_cost(
        &mut self,
        targets: BTreeMap<&'a AgencyCode, &'a Agency>,
        services: &[ServiceCode],
        direct: &[Draft],
    ) -> Result<Option<Parts>, Overflow> {
        let mut costs: BTreeMap<&AgencyCode, Money> = targets.keys().map(|&code| (code, Money::ZERO)).collect();
        for line in direct.iter().map(|draft| &draft.line).filter(|line| line.kind == LineKind::Direct) {
            if (services.is_empty() || services.contains(&line.service))
                && let Some(cost) = costs.get_mut(&line.agency)
            {
                *cost = cost.checked_add(line.amount)?;
            }
        }
        let negative = costs.iter().find(|(_, cost)| cost.is_negative()).map(|(code, cost)| ((*code).clone(), *cost));
        if let Some((code, cost)) = negative {
            let why = format!(
                "Pool {} is shared by cost, and the cost of {code} is {cost}: its credits exceed its charges.",
                self.pool.id
            );
            let fix = "Exclude the agency from the pool for the month, or share the pool in another way.";
            let place = self.place().value(code.as_str());
            self.tell(Code::PoolDriverNegative, place, why, fix, self.whole());
            return Ok(None);
        }
        let total = Money::total(costs.values().copied())?;
        if total.is_zero() {
            let why = format!("Pool {} is shared by cost, and no agency of it has any.", self.pool.id);
            let fix = "Correct the services of the pool, or share it in another way.";
            self.tell(Code::PoolDriverZero, self.place(), why, fix, self.whole());
            return Ok(None);
        }
        let part = |(agency, cost): (&AgencyCode, Money)| Part {
            agency: agency.clone(),
            weight: cost.exact(),
            shown: cost.to_string(),
        };
        Ok(Some(Parts {
            agencies: costs.into_iter().map(part).collect(),
            total: total.to_string(),
            unit: self.books.settings.state.currency.clone(),
            method: "proportional to cost".to_owned(),
        }))
    }

    fn by_driver(
        &mut self,
        targets: BTreeMap<&'a AgencyCode, &'a Agency>,
        driver: &str,
    ) -> Result<Option<Parts>, Overflow> {
        let rows: Vec<&DriverValue> = self.books.settings.driver(driver, self.books.month).collect();
        let place = self.place().column("driver").value(driver);
        if rows.is_empty() {
            let why = format!(
                "Pool {} is shared by driver {driver}, which has no rows for {}.",
                self.pool.id, self.books.month
            );
            let fix = "Add the month's rows to drivers/.";
            self.tell(Code::PoolDriverMissing, place, why, fix, self.whole());
            return Ok(None);
        }
        if !self.rows_are_sound(driver, &rows) {
            return Ok(None);
        }
        let counted = rows.iter().filter(|row| !self.pool.exclude.contains(&row.agency));
        let all = Quantity::total(counted.map(|row| row.value))?;
        let mut values: BTreeMap<&AgencyCode, Quantity> = BTreeMap::new();
        for row in &rows {
            if targets.contains_key(&row.agency) {
                let value = values.entry(&row.agency).or_default();
                *value = value.checked_add(row.value)?;
            } else if !self.pool.exclude.contains(&row.agency) {
                self.reaches_nobody(driver, row, all)?;
            }
        }
        let idle: Vec<&str> =
            targets.keys().filter(|code| !values.contains_key(*code)).map(|code| code.as_str()).collect();
        if !idle.is_empty() {
            let why = format!(
                "Driver {driver} has no row for {}, so they get nothing of pool {}.",
                idle.join(", "),
                self.pool.id
            );
            let fix = "Add their rows (0 if they used nothing), or exclude them from the pool.";
            let place = self.place().column("driver").value(driver);
            self.tell(Code::PoolTargetIdle, place, why, fix, self.whole());
        }
        let total = Quantity::total(values.values().copied())?;
        if total.is_zero() {
            let why = format!(
                "Pool {} is shared by driver {driver}, whose values for its agencies add up to nothing.",
                self.pool.id
            );
            let fix = "Correct the driver, or share the pool in another way for this month.";
            self.tell(Code::PoolDriverZero, place, why, fix, self.whole());
            return Ok(None);
        }
        let part = |(agency, value): (&AgencyCode, Quantity)| Part {
            agency: agency.clone(),
            weight: value.exact(),
            shown: value.to_string(),
        };
        Ok(Some(Parts {
            agencies: values.into_iter().map(part).collect(),
            total: total.to_string(),
            unit: rows[0].unit.clone(),
            method: format!("by driver {driver}"),
        }))
    }

    /// Values that are not negative and counted in one unit.
    fn rows_are_sound(&mut self, driver: &str, rows: &[&DriverValue]) -> bool {
        let mut sound = true;
        for row in rows {
            let place = Place::file(row.file.as_str()).row(row.line);
            if row.value.is_negative() {
                let why =
                    format!("Driver {driver} says that {} used {}; a driver is not negative.", row.agency, row.value);
                let fix = "Correct the value.";
                self.tell(Code::PoolDriverNegative, place.clone().column("value"), why, fix, self.whole());
                sound = false;
            }
            if row.unit.trim().to_lowercase() != rows[0].unit.trim().to_lowercase() {
                let why = format!("Driver {driver} counts in {:?} here and in {:?} before.", row.unit, rows[0].unit);
                let fix = "Bring all rows of the driver to one unit.";
                self.tell(Code::UnitMixed, place.column("unit"), why, fix, self.whole());
                sound = false;
            }
        }
        sound
    }

    /// A driver row of an agency the pool does not reach: the others pay its part, and someone should know.
    fn reaches_nobody(&mut self, driver: &str, row: &DriverValue, all: Quantity) -> Result<(), Overflow> {
        if row.value.is_zero() {
            return Ok(());
        }
        let part = self.taken_in.exact().times(&row.value.exact()).divided_by(&all.exact());
        let part = part.unwrap_or_else(Exact::zero).round_half_up()?;
        let why = format!(
            "Driver {driver} counts {} {} of {}, which pool {} does not reach; the others share its part.",
            row.value, row.unit, row.agency, self.pool.id
        );
        let fix = "Add the agency to the pool's targets, or to its exclude list if that is meant.";
        let place = Place::file(row.file.as_str()).row(row.line).column("agency").value(row.agency.as_str());
        self.tell(Code::PoolDriverUnmatched, place, why, fix, Cost::from_money(part));
        Ok(())
    }
}
