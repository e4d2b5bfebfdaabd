//! Each target's part of a pool before cents are made of it: even, fixed, by cost, by a driver or by several.

use super::super::Books;
use super::super::lines::Draft;
use super::driver::Values;
use crate::model::bill::LineKind;
use crate::model::codes::{AgencyCode, PoolId, ServiceCode};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Exact, Money, Overflow};
use crate::model::month::Validity;
use crate::model::settings::{Agency, Method, Pool, Recipient, Target};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Parts by agency code, ascending, then by pool: the order in which equal remainders receive leftover cents.
pub(super) struct Parts {
    pub list: Vec<Part>,
    /// The sum of the parts as text, and what they are counted in.
    pub total: String,
    pub unit: String,
    pub method: String,
}

pub(super) struct Part {
    pub to: Recipient,
    pub weight: Exact,
    pub shown: String,
    /// How the weight was made, where it is not read off a table.
    pub made_of: String,
}

/// Why there are no parts.
pub(super) enum Refusal {
    /// It has been told.
    Told,
    /// What it is shared by adds up to nothing: the pool's own rule says what then. The finding tells it as an error.
    Zero(Box<Finding>),
    Overflow,
}

impl From<Overflow> for Refusal {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}

/// Finds the parts of one pool and tells what is wrong with them.
pub(super) struct Table<'a, 'f> {
    pub books: Books<'a>,
    pub pool: &'a Pool,
    pub taken_in: Money,
    pub findings: &'f mut Vec<Finding>,
}

impl Parts {
    pub fn of(
        books: Books<'_>,
        pool: &Pool,
        taken_in: Money,
        direct: &[Draft],
        findings: &mut Vec<Finding>,
    ) -> Result<Self, Refusal> {
        let mut table = Table { books, pool, taken_in, findings };
        let targets = table.targets();
        let pools = table.pools()?;
        let parts = match &pool.method {
            Method::Even => table.even(targets, &pools),
            Method::Fixed { shares } => table.fixed(shares),
            Method::ProportionalToCost { services } => table.by_cost(targets, services, direct),
            Method::Driver { driver } => {
                let values = Values::of(&mut table, driver, &targets, &pools)?;
                values.parts(table)
            }
            Method::Index { parts } => table.by_index(parts, &targets, &pools),
        };
        parts?.without(books, pool, taken_in)
    }

    /// What a pool uses of itself costs it nothing: by another pool's rule it may be among its own recipients.
    fn without(mut self, books: Books<'_>, pool: &Pool, taken_in: Money) -> Result<Self, Refusal> {
        let own = Recipient::Pool(pool.id.clone());
        if !self.list.iter().any(|part| part.to == own) {
            return Ok(self);
        }
        self.list.retain(|part| part.to != own);
        let left = self.list.iter().fold(Exact::zero(), |sum, part| sum.plus(&part.weight));
        self.total = left.shown(6);
        if !left.is_zero() {
            return Ok(self);
        }
        let why = format!("Pool {} would be shared with nobody but itself.", pool.id);
        let fix = "Share it in another way, or let another pool's rule stand in for it.";
        let finding = Finding::new(Code::PoolDriverZero, Place::file("pools.csv").row(pool.line), why, fix);
        let currency = books.settings.state.currency.as_str();
        Err(Refusal::Zero(Box::new(finding.at_stake(Cost::from_money(taken_in), currency))))
    }
}

pub(super) type Targets<'a> = BTreeMap<&'a AgencyCode, &'a Agency>;

impl<'a> Table<'a, '_> {
    pub fn tell(&mut self, code: Code, place: Place, why: String, fix: &str, cost: Cost) {
        let finding = self.finding(code, place, why, fix, cost);
        self.findings.push(finding);
    }

    pub fn finding(&self, code: Code, place: Place, why: String, fix: &str, cost: Cost) -> Finding {
        let currency = self.books.settings.state.currency.as_str();
        Finding::new(code, place, why, fix).at_stake(cost, currency)
    }

    pub fn zero(&self, place: Place, why: String, fix: &str) -> Refusal {
        Refusal::Zero(Box::new(self.finding(Code::PoolDriverZero, place, why, fix, self.whole())))
    }

    pub fn place(&self) -> Place {
        Place::file("pools.csv").row(self.pool.line)
    }

    pub fn whole(&self) -> Cost {
        Cost::from_money(self.taken_in)
    }

    pub fn excludes(&self, agency: &AgencyCode) -> bool {
        let class = self.books.settings.agency(agency).map(|agency| agency.class);
        let of_class = |target: &Target| matches!(target, Target::Class(excluded) if Some(*excluded) == class);
        self.pool.exclude.contains(agency) || self.pool.sharing.exclude.iter().any(of_class)
    }

    /// Agencies that take part, by code: those the pool names or means that are in force in the month, less the excluded.
    fn targets(&mut self) -> Targets<'a> {
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
                Target::Pool(_) => false,
            };
            agency.valid.overlaps(&in_month) && !self.excludes(&agency.code) && pool.targets.iter().any(is_meant)
        };
        settings.agencies.iter().filter(takes_part).map(|agency| (&agency.code, agency)).collect()
    }

    /// Pools that take part. One that has been shared before can receive nothing any more.
    fn pools(&mut self) -> Result<BTreeSet<&'a PoolId>, Refusal> {
        let (settings, month, pool) = (self.books.settings, self.books.month, self.pool);
        let named: BTreeSet<&'a PoolId> = pool.feeds().filter(|fed| **fed != pool.id).collect();
        for fed in &named {
            let place = self.place().column("targets").value(fed.as_str());
            let Some(target) = settings.pool(fed, month) else {
                let why =
                    format!("Pool {} is shared with pool {fed}, of which no version is in force in {month}.", pool.id);
                let fix = "Correct the targets, or add a version of the pool to pools.csv.";
                self.tell(Code::PoolTargetUnknown, place, why, fix, self.whole());
                return Err(Refusal::Told);
            };
            let of_group = pool.sharing.group.is_some() && pool.sharing.group == target.sharing.group;
            if target.stage <= pool.stage && !of_group {
                let why = format!(
                    "Pool {} of stage {} is shared with pool {fed} of stage {}, which gives out what it holds no later: it \
                     is closed and cannot receive.",
                    pool.id, pool.stage, target.stage
                );
                let fix = "Give the receiving pool a later stage, or declare both as one reciprocal group.";
                self.tell(Code::PoolClosed, place, why, fix, self.whole());
                return Err(Refusal::Told);
            }
        }
        Ok(named)
    }

    fn even(&mut self, targets: Targets<'a>, pools: &BTreeSet<&'a PoolId>) -> Result<Parts, Refusal> {
        if targets.is_empty() && pools.is_empty() {
            let why = format!("Pool {} has no agency to be shared with in {}.", self.pool.id, self.books.month);
            let fix = "Name agencies in its targets, or share it in another way.";
            return Err(self.zero(self.place().column("targets"), why, fix));
        }
        let part =
            |to: Recipient| Part { to, weight: Exact::from_integer(1), shown: "1".to_owned(), made_of: String::new() };
        let agencies = targets.into_keys().map(|code| Recipient::Agency(code.clone()));
        let list: Vec<Part> =
            agencies.chain(pools.iter().map(|pool| Recipient::Pool((*pool).clone()))).map(part).collect();
        let unit = if pools.is_empty() { "agencies" } else { "agencies and pools" };
        Ok(Parts { total: list.len().to_string(), list, unit: unit.to_owned(), method: "even".to_owned() })
    }

    fn fixed(&mut self, shares: &'a BTreeMap<AgencyCode, Decimal>) -> Result<Parts, Refusal> {
        let of_agencies = shares.iter().map(|(code, share)| (Recipient::Agency(code.clone()), *share));
        let of_pools = self.pool.sharing.pool_shares.iter();
        let of_pools = of_pools.map(|(pool, share)| (Recipient::Pool(pool.clone()), *share));
        let all: Vec<(Recipient, Decimal)> = of_agencies.chain(of_pools).collect();
        let sum = all.iter().fold(Exact::zero(), |sum, (_, share)| sum.plus(&Exact::from_decimal(*share)));
        let place = self.place().column("shares");
        let fix = "Correct the shares in pools.csv; they must add up to exactly 100.";
        if sum != Exact::from_integer(100) {
            let why = format!("The fixed shares of pool {} add up to {} percent.", self.pool.id, sum.shown(6));
            self.tell(Code::PoolShares, place, why, fix, self.whole());
            return Err(Refusal::Told);
        }
        if let Some((to, share)) = all.iter().find(|(_, share)| share.is_sign_negative() && !share.is_zero()) {
            let why = format!("Pool {} gives {to} a share of {share} percent; a share is not negative.", self.pool.id);
            self.tell(Code::PoolShares, place, why, fix, self.whole());
            return Err(Refusal::Told);
        }
        if let Some(code) = shares.keys().find(|code| self.books.settings.agency(code).is_none()) {
            let why = format!("Pool {} gives a share to {code}, which is no agency of these books.", self.pool.id);
            let fix = "Correct the code, or add the agency to agencies.csv.";
            self.tell(Code::PoolTargetUnknown, place.value(code.as_str()), why, fix, self.whole());
            return Err(Refusal::Told);
        }
        let part = |(to, share): (Recipient, Decimal)| Part {
            to,
            weight: Exact::from_decimal(share),
            shown: share.normalize().to_string(),
            made_of: String::new(),
        };
        let list = all.into_iter().map(part).collect();
        Ok(Parts { list, total: "100".to_owned(), unit: "percent".to_owned(), method: "fixed".to_owned() })
    }

    /// By the agencies' own direct cost, in the cents that stand on their bills.
    fn by_cost(&mut self, targets: Targets<'a>, services: &[ServiceCode], direct: &[Draft]) -> Result<Parts, Refusal> {
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
            return Err(Refusal::Told);
        }
        let total = Money::total(costs.values().copied())?;
        if total.is_zero() {
            let why = format!("Pool {} is shared by cost, and no agency of it has any.", self.pool.id);
            let fix = "Correct the services of the pool, or share it in another way.";
            return Err(self.zero(self.place(), why, fix));
        }
        let part = |(agency, cost): (&AgencyCode, Money)| Part {
            to: Recipient::Agency(agency.clone()),
            weight: cost.exact(),
            shown: cost.to_string(),
            made_of: String::new(),
        };
        Ok(Parts {
            list: costs.into_iter().map(part).collect(),
            total: total.to_string(),
            unit: self.books.settings.state.currency.clone(),
            method: "proportional to cost".to_owned(),
        })
    }

    /// Each driver's total counts by its weight, whatever it is counted in: 50 for users and 50 for devices make one user
    /// of ten worth as much as one device of ten.
    fn by_index(
        mut self,
        drivers: &[(String, Decimal)],
        targets: &Targets<'a>,
        pools: &BTreeSet<&'a PoolId>,
    ) -> Result<Parts, Refusal> {
        let mut parts: BTreeMap<Recipient, (Exact, Vec<String>)> = BTreeMap::new();
        let mut whole = Exact::zero();
        for (driver, weight) in drivers {
            let values = Values::of(&mut self, driver, targets, pools)?;
            let total = values.total.exact();
            whole = whole.plus(&Exact::from_decimal(*weight));
            for (to, value) in &values.by {
                let of_total = value.exact().divided_by(&total).unwrap_or_else(Exact::zero);
                let points = of_total.times(&Exact::from_decimal(*weight));
                let (sum, said) = parts.entry(to.clone()).or_insert_with(|| (Exact::zero(), Vec::new()));
                *sum = sum.plus(&points);
                said.push(format!("{driver} {value} / {} x {}", values.total, weight.normalize()));
            }
        }
        let part = |(to, (weight, said)): (Recipient, (Exact, Vec<String>))| {
            let shown = weight.shown(6);
            Part { to, weight, made_of: format!("{} = {shown}", said.join(" + ")), shown }
        };
        let named: Vec<String> =
            drivers.iter().map(|(driver, weight)| format!("{driver} {}", weight.normalize())).collect();
        Ok(Parts {
            list: parts.into_iter().map(part).collect(),
            total: whole.shown(6),
            unit: "index points".to_owned(),
            method: format!("by index of {}", named.join(", ")),
        })
    }
}
