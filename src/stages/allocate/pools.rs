//! Pools: shared cost, taken in once, given out to the last cent.

mod parts;

use super::Books;
use super::fit::one_cent;
use super::lines::Draft;
use crate::model::bill::{BillDetail, Bills, Destination, LineKind, PoolResult, PoolShare, RatedCharge, Ruling};
use crate::model::codes::PoolId;
use crate::model::exchange::Exchange;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Exact, Money, Overflow, split};
use crate::model::settings::{Method, Pool};
use chrono::NaiveDate;
use hashbrown::HashMap;
use parts::Parts;
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
    let mut pools: Vec<(Option<&Pool>, PoolId, Vec<usize>)> =
        members.into_iter().map(|(id, members)| (books.settings.pool(&id, books.month), id, members)).collect();
    pools.sort_by_key(|(pool, id, _)| (pool.map(|pool| pool.stage), id.clone()));
    let mut drafts = Vec::new();
    for (pool, id, members) in pools {
        let taken_in = Money::total(members.iter().map(|&place| charges[place].amount))?;
        let parts = match pool {
            Some(pool) => match one_version(books, pool, charges, &members) {
                Ok(pool) => Parts::of(books, pool, taken_in, direct, findings)?.map(|parts| (pool, parts)),
                Err(day) => {
                    findings.push(within_month(books, pool, day, taken_in));
                    None
                }
            },
            None => {
                findings.push(undefined(&id, taken_in, books));
                None
            }
        };
        match parts {
            Some((pool, parts)) => {
                let details = |&place: &usize| {
                    let charge: &RatedCharge = &charges[place];
                    BillDetail { line: bills.pools.len(), row: charge.row, amount: charge.amount }
                };
                bills.pool_details.extend(members.iter().map(details));
                let converted = converted(books, charges, &members)?;
                let shared = give_out(books, pool, &parts, taken_in, bills)?;
                drafts.extend(shared.into_iter().map(|draft| told(draft, &converted)));
            }
            None => to_suspense(charges, &members, format!("pool {id} cannot be shared")),
        }
    }
    Ok(drafts)
}

/// What of a pool was in another currency, with its rate in words.
fn converted(books: Books<'_>, charges: &[RatedCharge], members: &[usize]) -> Result<Vec<(String, String)>, Overflow> {
    let mut sums: BTreeMap<&str, (Cost, Cost)> = BTreeMap::new();
    for charge in members.iter().map(|&place| &charges[place]).filter(|charge| !charge.section.currency.is_empty()) {
        let own = books.roll_up.row(charge.row).sums();
        let (sum, in_books) = sums.entry(&charge.section.currency).or_default();
        *sum = sum.checked_add(own.basis(charge.basis).unwrap_or(own.billed))?;
        *in_books = in_books.checked_add(charge.cost)?;
    }
    let exchange = Exchange::new(books.settings, books.month);
    let keeps = &books.settings.state.currency;
    let told = |(currency, (own, in_books)): (&str, (Cost, Cost))| {
        let words = exchange.rate(currency)?.in_words();
        Some((currency.to_owned(), format!("of this {own} {currency} at {keeps} {words} = {in_books} {keeps}")))
    };
    Ok(sums.into_iter().filter_map(told).collect())
}

fn told(mut draft: Draft, converted: &[(String, String)]) -> Draft {
    let (currencies, sentences) = converted.iter().cloned().unzip::<_, _, _, Vec<_>>();
    draft.line.converted_from = currencies;
    // Behind the sentence that says what the pool took in.
    let behind = draft.line.arithmetic.len().min(1);
    draft.line.arithmetic.splice(behind..behind, sentences);
    draft
}

/// The version that shares a pool's charges: the same on each of their days, or one that shares alike. A driver speaks of
/// the whole month, so there it must be so on every day of it. Otherwise the day on which it is not so.
fn one_version<'a>(
    books: Books<'a>,
    pool: &'a Pool,
    charges: &[RatedCharge],
    members: &[usize],
) -> Result<&'a Pool, NaiveDate> {
    let (first, last) = (books.month.first_day(), books.month.last_day());
    let of_charges = || members.iter().map(|&place| books.roll_up.row(charges[place].row).day().clamp(first, last));
    let days: BTreeSet<NaiveDate> = match pool.method {
        Method::Driver { .. } => first.iter_days().take_while(|day| *day <= last).collect(),
        _ => of_charges().collect(),
    };
    let mut chosen: Option<&Pool> = None;
    for day in days {
        match (books.settings.pool_on(&pool.id, day), chosen) {
            (Some(version), None) => chosen = Some(version),
            (Some(version), Some(chosen)) if version.shares_like(chosen) => {}
            _ => return Err(day),
        }
    }
    Ok(chosen.unwrap_or(pool))
}

fn within_month(books: Books<'_>, pool: &Pool, day: NaiveDate, taken_in: Money) -> Finding {
    let (id, month) = (&pool.id, books.month);
    let in_force = books.settings.pool_on(id, day);
    let ended =
        books.settings.pools.iter().filter(|other| other.id == *id && other.valid.to.is_some_and(|to| to <= day));
    let (version, column, cell) = match (in_force, ended.max_by_key(|other| other.valid.to)) {
        (Some(version), _) => (version, "effective_from", version.valid.from),
        (None, Some(version)) => (version, "effective_to", version.valid.to),
        (None, None) => (pool, "effective_from", pool.valid.from),
    };
    let of_day =
        if matches!(pool.method, Method::Driver { .. }) { "its driver speaks of" } else { "it has charges of" };
    let why = match in_force {
        Some(version) => format!(
            "Version {} of pool {id} starts within {month} and shares otherwise than the one before, and one month of the \
             pool is shared in one way.",
            version.version
        ),
        None => {
            format!("No version of pool {id} is in force on {day}, a day that {of_day}; so the pool is not shared.")
        }
    };
    let (first, next) = (month.first_day(), month.next().first_day());
    let fix = format!("Let versions of the pool begin and end on the first of a month: {first}, or {next}.");
    let cell = cell.map_or_else(String::new, |cell| cell.to_string());
    let place = Place::file("pools.csv").row(version.line).column(column).value(cell);
    let finding = Finding::new(Code::PoolWithinMonth, place, why, fix);
    finding.at_stake(Cost::from_money(taken_in), books.settings.state.currency.as_str())
}

fn give_out(
    books: Books<'_>,
    pool: &Pool,
    parts: &Parts,
    taken_in: Money,
    bills: &mut Bills,
) -> Result<Vec<Draft>, Overflow> {
    let weights: Vec<Exact> = parts.agencies.iter().map(|part| part.weight.clone()).collect();
    // `Parts` has refused weights that are negative or add up to nothing.
    let division = split(taken_in, &weights).map_err(|_| Overflow)?;
    let total = weights.iter().fold(Exact::zero(), |sum, weight| sum.plus(weight));
    let mut drafts = Vec::new();
    let mut shares = Vec::new();
    for (place, (part, &cents)) in parts.agencies.iter().zip(&division.cents).enumerate() {
        shares.push((part.agency.clone(), part.shown.clone(), cents));
        if part.weight.is_zero() {
            continue;
        }
        let received_cent = division.received.contains(&place);
        let exact = taken_in.exact().times(&part.weight).divided_by(&total).unwrap_or_else(Exact::zero);
        let cent = match (received_cent, taken_in.is_negative()) {
            (false, _) => "cut to",
            (true, false) => "with a leftover cent",
            (true, true) => "with a leftover cent of the credit",
        };
        let treatment = books.treatment(&part.agency, &pool.service, books.month.first_day());
        let mut draft = books.draft(&part.agency, &pool.service, LineKind::Shared, treatment);
        if !pool.statement_text.is_empty() {
            draft.line.description.clone_from(&pool.statement_text);
        }
        let of = if parts.unit.is_empty() { String::new() } else { format!(" {}", parts.unit) };
        draft.line.arithmetic.push(format!("pool {} took in {taken_in}, shared {}", pool.id, parts.method));
        draft.line.arithmetic.push(format!(
            "{taken_in} x {} / {}{of} = {}, {cent} {cents}",
            part.shown,
            parts.total,
            exact.shown(6)
        ));
        draft.line.amount = cents;
        draft.line.share = Some(PoolShare {
            pool: pool.id.clone(),
            version: pool.version,
            method: parts.method.clone(),
            pool_amount: taken_in,
            driver_value: part.shown.clone(),
            driver_total: parts.total.clone(),
            unit: parts.unit.clone(),
            received_cent,
        });
        if received_cent {
            bills.residuals.push(one_cent(&format!("pool {}", pool.id), part.agency.to_string()));
        }
        drafts.push(draft);
    }
    bills.pools.push(PoolResult {
        pool: pool.id.clone(),
        version: pool.version,
        service: pool.service.clone(),
        description: pool.statement_text.clone(),
        taken_in,
        given_out: Money::total(division.cents)?,
        shares,
        method: parts.method.clone(),
    });
    Ok(drafts)
}

fn to_suspense(charges: &mut [RatedCharge], members: &[usize], reason: String) {
    let mut moved: HashMap<usize, Arc<Ruling>> = HashMap::new();
    for &place in members {
        let charge = &mut charges[place];
        let ruling = moved.entry(Arc::as_ptr(&charge.ruling) as usize).or_insert_with(|| {
            let destination = Destination::Suspense(reason.clone());
            Arc::new(Ruling { destination, ..Ruling::clone(&charge.ruling) })
        });
        charge.ruling = ruling.clone();
    }
}

fn undefined(id: &PoolId, taken_in: Money, books: Books<'_>) -> Finding {
    let why = format!("Charges are in pool {id}, and no version of it is in force in {}.", books.month);
    let fix = "Add the pool to pools.csv, or correct the rule in owners.csv.";
    Finding::new(Code::PoolUndefined, Place::file("pools.csv").column("pool").value(id.as_str()), why, fix)
        .at_stake(Cost::from_money(taken_in), books.settings.state.currency.as_str())
}
