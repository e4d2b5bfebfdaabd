//! Pools: shared cost, taken in once, given out to the last cent.
//!
//! Pools are shared stage by stage. What one gives to another is taken in there before its turn comes; pools of one group
//! have one turn and are solved together. Weights never depend on amounts that pools move, so the order decides nothing
//! but who is closed.

mod converted;
mod driver;
mod give;
mod group;
mod limits;
mod parts;
mod together;

use super::Books;
use super::lines::Draft;
use crate::model::bill::{BillDetail, Bills, Destination, PoolResult, RatedCharge, Ruling};
use crate::model::codes::PoolId;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::settings::{OnNegative, OnZeroDriver, Pool, Sharing};
use chrono::NaiveDate;
use hashbrown::HashMap;
use parts::{Parts, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Shares every pool that took something in, stage by stage. A pool that cannot be shared leaves its charges in
/// suspense: after the last stage no pool holds anything.
pub(super) fn share(
    books: Books<'_>,
    charges: &mut [RatedCharge],
    direct: &[Draft],
    bills: &mut Bills,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let mut members: BTreeMap<PoolId, Vec<usize>> = BTreeMap::new();
    for (place, charge) in charges.iter().enumerate() {
        if let Destination::Pool(pool) = &charge.destination {
            members.entry(pool.clone()).or_default().push(place);
        }
    }
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let mut desk = Desk {
        books,
        charges,
        direct,
        bills,
        findings,
        drafts: Vec::new(),
        sent: BTreeMap::new(),
        versions: HashMap::new(),
    };
    let intakes = desk.intakes(members)?;
    let mut turns: Vec<Vec<Intake<'_>>> = Vec::new();
    for intake in intakes {
        let group = intake.pool.sharing.group.as_ref();
        let of_turn = |turn: &&mut Vec<Intake<'_>>| {
            turn.first().is_some_and(|first| group.is_some() && first.pool.sharing.group.as_ref() == group)
        };
        match turns.iter_mut().find(of_turn) {
            Some(turn) => turn.push(intake),
            None => turns.push(vec![intake]),
        }
    }
    for mut turn in turns {
        for intake in &mut turn {
            if intake.is_first {
                intake.received = desk.sent.remove(&intake.pool.id).unwrap_or_default();
            }
        }
        match <[Intake<'_>; 1]>::try_from(turn) {
            Ok([alone]) if alone.pool.sharing.group.is_none() => desk.alone(alone)?,
            Ok([alone]) => desk.together(vec![alone])?,
            Err(group) => desk.together(group)?,
        }
    }
    Ok(desk.drafts)
}

/// A version of a pool, and what comes into it.
struct Intake<'a> {
    pool: &'a Pool,
    /// Places of its charges.
    members: Vec<usize>,
    /// What other pools gave it.
    received: Vec<(PoolId, Money)>,
    /// The first version of the month receives what other pools give, which has no day.
    is_first: bool,
    /// It has been told why it cannot be shared.
    is_told: bool,
}

struct Desk<'a, 'w> {
    books: Books<'a>,
    charges: &'w mut [RatedCharge],
    direct: &'w [Draft],
    bills: &'w mut Bills,
    findings: &'w mut Vec<Finding>,
    drafts: Vec<Draft>,
    /// What pools have given to others whose turn has not come: receiver, then giver and amount.
    sent: BTreeMap<PoolId, Vec<(PoolId, Money)>>,
    versions: HashMap<(PoolId, NaiveDate), Option<&'a Pool>>,
}

/// Where the charges of a pool go that is not shared.
enum Fate {
    Suspense(String),
    Central(String),
}

impl<'a> Desk<'a, '_> {
    /// Every version of a pool that charges or other pools feed, in the order of their turns.
    fn intakes(&mut self, mut members: BTreeMap<PoolId, Vec<usize>>) -> Result<Vec<Intake<'a>>, Overflow> {
        let (settings, month) = (self.books.settings, self.books.month);
        let mut waiting: Vec<PoolId> = members.keys().cloned().collect();
        while let Some(id) = waiting.pop() {
            let pool = settings.pool(&id, month);
            // It may be shared by the rule of another, which then feeds the same pools.
            let lender = pool.and_then(|pool| match &pool.sharing.on_zero_driver {
                OnZeroDriver::Fallback(other) => settings.pool(other, month),
                _ => None,
            });
            let fed = pool.into_iter().chain(lender).flat_map(Pool::feeds);
            for pool in fed.filter(|pool| settings.pool(pool, month).is_some()) {
                if !members.contains_key(pool) {
                    members.insert(pool.clone(), Vec::new());
                    waiting.push(pool.clone());
                }
            }
        }
        let mut intakes = Vec::new();
        for (id, places) in members {
            let taken_in = Money::total(places.iter().map(|&place| self.charges[place].amount))?;
            let Some(pool) = settings.pool(&id, month) else {
                self.findings.push(undefined(&id, taken_in, self.books));
                self.unshared(&places, &Fate::Suspense(format!("pool {id} cannot be shared")));
                continue;
            };
            match self.by_version(pool, places) {
                Ok(versions) => intakes.extend(versions.into_iter().enumerate().map(|(number, (pool, members))| {
                    Intake { pool, members, received: Vec::new(), is_first: number == 0, is_told: false }
                })),
                Err((day, places)) => {
                    self.findings.push(within_month(self.books, pool, day, taken_in));
                    self.unshared(&places, &Fate::Suspense(format!("pool {id} cannot be shared")));
                    // What other pools give it is held there, by name.
                    intakes.push(Intake {
                        pool,
                        members: Vec::new(),
                        received: Vec::new(),
                        is_first: true,
                        is_told: true,
                    });
                }
            }
        }
        intakes.sort_by_key(|intake| (intake.pool.stage, intake.pool.id.clone(), intake.pool.valid.from));
        Ok(intakes)
    }

    /// The pool's charges by the version that is in force on their day; versions that share alike are one. A driver speaks
    /// of the whole month, so there a version must be in force on every day of it. Otherwise the day on which none is.
    #[expect(clippy::type_complexity, reason = "the places go back to the caller, who puts the charges into suspense")]
    fn by_version(
        &mut self,
        pool: &'a Pool,
        places: Vec<usize>,
    ) -> Result<Vec<(&'a Pool, Vec<usize>)>, (NaiveDate, Vec<usize>)> {
        let (first, last) = (self.books.month.first_day(), self.books.month.last_day());
        if pool.has_driver() && !places.is_empty() {
            let uncovered =
                first.iter_days().take_while(|day| *day <= last).find(|day| self.version(pool, *day).is_none());
            if let Some(day) = uncovered {
                return Err((day, places));
            }
        }
        let mut versions: Vec<(&Pool, Vec<usize>)> = Vec::new();
        for &place in &places {
            let day = self.books.roll_up.row(self.charges[place].row).day().clamp(first, last);
            let Some(version) = self.version(pool, day) else { return Err((day, places)) };
            match versions.iter_mut().find(|(known, _)| known.version == version.version || known.shares_like(version))
            {
                Some((_, members)) => members.push(place),
                None => versions.push((version, vec![place])),
            }
        }
        if versions.is_empty() {
            versions.push((pool, Vec::new()));
        }
        versions.sort_by_key(|(version, _)| version.valid.from);
        Ok(versions)
    }

    fn version(&mut self, pool: &Pool, day: NaiveDate) -> Option<&'a Pool> {
        let settings = self.books.settings;
        *self.versions.entry((pool.id.clone(), day)).or_insert_with(|| settings.pool_on(&pool.id, day))
    }

    fn taken_in(&self, intake: &Intake<'_>) -> Result<Money, Overflow> {
        let own = Money::total(intake.members.iter().map(|&place| self.charges[place].amount))?;
        own.checked_add(Money::total(intake.received.iter().map(|(_, amount)| *amount))?)
    }

    fn alone(&mut self, intake: Intake<'a>) -> Result<(), Overflow> {
        let (pool, taken_in) = (intake.pool, self.taken_in(&intake)?);
        match self.shareable(&intake, taken_in)? {
            Ok(parts) => {
                let shares = match limits::shares(taken_in, parts.list, &pool.sharing) {
                    Ok(shares) => shares,
                    Err(limits::Unmet(why)) => {
                        self.findings.push(unmet(self.books, pool, taken_in, why));
                        return self.held(intake, &Fate::Suspense(format!("pool {} cannot be shared", pool.id)));
                    }
                };
                let method = parts.method;
                let given = give::Given {
                    pool,
                    taken_in,
                    gross: taken_in.to_string(),
                    opening: vec![format!("pool {} took in {taken_in}, shared {method}", pool.id)],
                    method,
                    total: parts.total,
                    unit: parts.unit,
                    shares,
                    instead: Vec::new(),
                };
                let division = given.divide();
                self.give_out(&intake, given, division, Money::ZERO)
            }
            Err(fate) => self.held(intake, &fate),
        }
    }

    /// The parts, or where the pool's charges go by its own rules when there are none.
    fn shareable(&mut self, intake: &Intake<'a>, taken_in: Money) -> Result<Result<Parts, Fate>, Overflow> {
        let pool = intake.pool;
        let cannot = || Fate::Suspense(format!("pool {} cannot be shared", pool.id));
        if intake.is_told {
            return Ok(Err(cannot()));
        }
        if taken_in.is_negative() && pool.sharing.negative == OnNegative::Hold {
            self.findings.push(negative(self.books, pool, taken_in));
            return Ok(Err(Fate::Suspense(format!("pool {} is held: its credits exceed its charges", pool.id))));
        }
        let zero = match Parts::of(self.books, pool, taken_in, self.direct, self.findings) {
            Ok(parts) => return Ok(Ok(parts)),
            Err(Refusal::Overflow) => return Err(Overflow),
            Err(Refusal::Told) => return Ok(Err(cannot())),
            Err(Refusal::Zero(zero)) => *zero,
        };
        let eased = |fix: String| Finding { severity: Severity::Warning, fix, ..zero.clone() };
        let fate = match &pool.sharing.on_zero_driver {
            OnZeroDriver::Error => {
                self.findings.push(zero);
                cannot()
            }
            OnZeroDriver::Hold => {
                self.findings
                    .push(eased("It waits in suspense, as on_zero_driver says. Share it by a correction.".into()));
                Fate::Suspense(format!("pool {} is held: its driver adds up to nothing", pool.id))
            }
            OnZeroDriver::Central => {
                self.findings.push(eased("The provider bears it, as on_zero_driver says.".into()));
                Fate::Central(format!("pool {} whose driver adds up to nothing", pool.id))
            }
            OnZeroDriver::Fallback(other) => {
                if let Some(rule) = self.books.settings.pool(other, self.books.month) {
                    let fix = format!("It is shared as pool {other} is, as on_zero_driver says.");
                    self.findings.push(eased(fix));
                    return self.as_other(pool, rule, taken_in, cannot);
                }
                self.findings.push(zero);
                cannot()
            }
        };
        Ok(Err(fate))
    }

    /// By the rule of another pool; where that has no driver either, the close is blocked.
    fn as_other(
        &mut self,
        pool: &Pool,
        rule: &Pool,
        taken_in: Money,
        cannot: impl FnOnce() -> Fate,
    ) -> Result<Result<Parts, Fate>, Overflow> {
        let sharing = Sharing { on_zero_driver: OnZeroDriver::Error, ..rule.sharing.clone() };
        let (targets, exclude) = (rule.targets.clone(), rule.exclude.clone());
        let lent = Pool { method: rule.method.clone(), targets, exclude, sharing, ..pool.clone() };
        match Parts::of(self.books, &lent, taken_in, self.direct, self.findings) {
            Ok(parts) => Ok(Ok(Parts { method: format!("as pool {} is, {}", rule.id, parts.method), ..parts })),
            Err(Refusal::Overflow) => Err(Overflow),
            Err(Refusal::Told) => Ok(Err(cannot())),
            Err(Refusal::Zero(zero)) => {
                self.findings.push(*zero);
                Ok(Err(cannot()))
            }
        }
    }

    /// The pool's own charges go where its fate says; what other pools gave it, it holds.
    fn held(&mut self, intake: Intake<'_>, fate: &Fate) -> Result<(), Overflow> {
        self.unshared(&intake.members, fate);
        if intake.received.is_empty() {
            return Ok(());
        }
        let held = Money::total(intake.received.iter().map(|(_, amount)| *amount))?;
        self.bills.pools.push(PoolResult {
            pool: intake.pool.id.clone(),
            version: intake.pool.version,
            service: intake.pool.service.clone(),
            description: intake.pool.statement_text.clone(),
            taken_in: held,
            shares: Vec::new(),
            given_out: Money::ZERO,
            method: "held".to_owned(),
            received: intake.received,
            passed_on: Vec::new(),
            exchanged: Money::ZERO,
            held,
        });
        Ok(())
    }

    fn unshared(&mut self, members: &[usize], fate: &Fate) {
        let destination = match fate {
            Fate::Suspense(reason) => Destination::Suspense(reason.clone()),
            Fate::Central(reason) => Destination::Central(reason.clone()),
        };
        let mut moved: HashMap<usize, Arc<Ruling>> = HashMap::new();
        for &place in members {
            let charge = &mut self.charges[place];
            let ruling = moved.entry(Arc::as_ptr(&charge.ruling) as usize).or_insert_with(|| {
                Arc::new(Ruling { destination: destination.clone(), ..Ruling::clone(&charge.ruling) })
            });
            charge.ruling = ruling.clone();
        }
    }

    fn details(&mut self, members: &[usize]) {
        let line = self.bills.pools.len();
        let details = members.iter().map(|&place| {
            let charge: &RatedCharge = &self.charges[place];
            BillDetail { line, row: charge.row, amount: charge.amount }
        });
        self.bills.pool_details.extend(details);
    }
}

fn within_month(books: Books<'_>, pool: &Pool, day: NaiveDate, taken_in: Money) -> Finding {
    let (id, month) = (&pool.id, books.month);
    let ended =
        books.settings.pools.iter().filter(|other| other.id == *id && other.valid.to.is_some_and(|to| to <= day));
    let (version, column, cell) = match ended.max_by_key(|other| other.valid.to) {
        Some(version) => (version, "effective_to", version.valid.to),
        None => (pool, "effective_from", pool.valid.from),
    };
    let of_day = if pool.has_driver() { "its driver speaks of" } else { "it has charges of" };
    let why = format!("No version of pool {id} is in force on {day}, a day that {of_day}; so the pool is not shared.");
    let (first, next) = (month.first_day(), month.next().first_day());
    let fix = format!("Let versions of the pool begin and end on the first of a month: {first}, or {next}.");
    let cell = cell.map_or_else(String::new, |cell| cell.to_string());
    let place = Place::file("pools.csv").row(version.line).column(column).value(cell);
    at_stake(Finding::new(Code::PoolWithinMonth, place, why, fix), books, taken_in)
}

fn at_stake(finding: Finding, books: Books<'_>, amount: Money) -> Finding {
    finding.at_stake(Cost::from_money(amount), books.settings.state.currency.as_str())
}

fn undefined(id: &PoolId, taken_in: Money, books: Books<'_>) -> Finding {
    let why = format!("Charges are in pool {id}, and no version of it is in force in {}.", books.month);
    let fix = "Add the pool to pools.csv, or correct the rule in owners.csv.";
    let place = Place::file("pools.csv").column("pool").value(id.as_str());
    at_stake(Finding::new(Code::PoolUndefined, place, why, fix), books, taken_in)
}

fn unmet(books: Books<'_>, pool: &Pool, taken_in: Money, why: String) -> Finding {
    let why = format!("Pool {} cannot be shared within its limits. {why}", pool.id);
    let fix = "Correct floor and cap in pools.csv, for this month by a version of its own.";
    let place = Place::file("pools.csv").row(pool.line).column(if why.contains("A cap") { "cap" } else { "floor" });
    at_stake(Finding::new(Code::PoolLimits, place, why, fix), books, taken_in)
}

fn negative(books: Books<'_>, pool: &Pool, taken_in: Money) -> Finding {
    let why = format!("The credits of pool {} exceed its charges, and its row says to hold it then.", pool.id);
    let fix = "It waits in suspense. Share it by a correction, or set negative to share.";
    let place = Place::file("pools.csv").row(pool.line).column("negative").value("hold");
    at_stake(Finding::new(Code::PoolHeld, place, why, fix), books, taken_in)
}

/// Names without repetition, in the order of the turn.
fn names<'p>(ids: impl Iterator<Item = &'p PoolId>) -> String {
    let mut seen = BTreeSet::new();
    ids.filter(|id| seen.insert(*id)).map(PoolId::as_str).collect::<Vec<_>>().join(", ")
}
