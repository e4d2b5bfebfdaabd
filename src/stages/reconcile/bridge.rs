//! Month on month: why an agency owes another amount than the month before.
//!
//! A line is compared with that of the same service, kind and rate or pool. What it changed by is split so that the parts
//! add up to it to the cent: volume at the price before, mix between meters of one unit, what is new and what ended; the
//! price is what remains. A share changes with its pool and with the part of it.

use crate::model::bill::LineKind;
use crate::model::bridge::{Billed, Bridge, Effect, MeterUse, Step};
use crate::model::charge::Dimension;
use crate::model::money::{Exact, Money, Overflow, Quantity, Rounding};
use crate::model::month_end::MonthEnd;
use crate::model::roll_up::Symbol;
use hashbrown::HashMap;
use rust_decimal::Decimal;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Meters of one line that are told apart; the others, the smallest, are one together.
const MOST_METERS: usize = 200;

/// What this month's lines came to, with the meters behind them.
pub fn billed(end: &MonthEnd) -> Result<Vec<Billed>, Overflow> {
    let mut meters = meters(end)?;
    let mut found: Vec<Billed> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (number, line) in end.bills.lines.iter().enumerate() {
        let mut one = Billed::of(line);
        one.meters = meters.remove(&number).unwrap_or_default();
        let key = format!("{:?} {:?}", one.key(), one.mode);
        match places.get(&key) {
            Some(&place) => {
                let meters = std::mem::take(&mut one.meters);
                found[place].meters.extend(meters);
                found[place].add(one)?;
            }
            None => {
                places.insert(key, found.len());
                found.push(one);
            }
        }
    }
    for one in &mut found {
        one.meters = largest(std::mem::take(&mut one.meters))?;
    }
    found.sort_by(|a, b| (a.key(), a.mode).cmp(&(b.key(), b.mode)));
    Ok(found)
}

/// By line. Symbols stand for texts until sums are made.
fn meters(end: &MonthEnd) -> Result<HashMap<usize, Vec<MeterUse>>, Overflow> {
    let mut sums: HashMap<(usize, Symbol, Symbol), (Quantity, Money)> = HashMap::new();
    let direct = |line: usize| end.bills.lines.get(line).is_some_and(|line| line.kind == LineKind::Direct);
    for detail in end.bills.details.iter().filter(|detail| direct(detail.line)) {
        let row = end.roll_up.row(detail.row);
        let key = (detail.line, row.symbol(Dimension::SkuMeter), row.symbol(Dimension::ConsumedUnit));
        let (quantity, amount) = sums.entry(key).or_default();
        *quantity = quantity.checked_add(row.sums().quantity)?;
        *amount = amount.checked_add(detail.amount)?;
    }
    let mut by_line: HashMap<usize, Vec<MeterUse>> = HashMap::new();
    let text = |symbol| end.roll_up.symbols().text(symbol).to_owned();
    for ((line, meter, unit), (quantity, amount)) in sums {
        by_line.entry(line).or_default().push(MeterUse { meter: text(meter), unit: text(unit), quantity, amount });
    }
    Ok(by_line)
}

/// In the order of their names; past the limit the smallest are one.
fn largest(meters: Vec<MeterUse>) -> Result<Vec<MeterUse>, Overflow> {
    let mut whole: BTreeMap<(String, String), MeterUse> = BTreeMap::new();
    for one in meters {
        match whole.get_mut(&(one.meter.clone(), one.unit.clone())) {
            Some(sum) => {
                sum.quantity = sum.quantity.checked_add(one.quantity)?;
                sum.amount = sum.amount.checked_add(one.amount)?;
            }
            None => {
                whole.insert((one.meter.clone(), one.unit.clone()), one);
            }
        }
    }
    let mut meters: Vec<MeterUse> = whole.into_values().collect();
    if meters.len() > MOST_METERS {
        meters.sort_by(|a, b| {
            let size = |one: &MeterUse| Reverse(one.amount.cents().unsigned_abs());
            (size(a), &a.meter, &a.unit).cmp(&(size(b), &b.meter, &b.unit))
        });
        let rest = meters.split_off(MOST_METERS);
        let amount = Money::total(rest.iter().map(|one| one.amount))?;
        meters.push(MeterUse { meter: String::new(), unit: String::new(), quantity: Quantity::ZERO, amount });
        meters.sort_by(|a, b| (&a.meter, &a.unit).cmp(&(&b.meter, &b.unit)));
    }
    Ok(meters)
}

/// Why each agency owes another amount than in the month before, where that was closed.
pub fn bridge(end: &MonthEnd) -> Result<Bridge, Overflow> {
    let from = end.month.previous();
    match end.past.carried.billed.get(&from) {
        Some(before) => Ok(Bridge { from: Some(from), steps: steps(before, &billed(end)?)? }),
        None => Ok(Bridge::default()),
    }
}

/// The steps from what was billed before to what is billed now.
pub fn steps(before: &[Billed], now: &[Billed]) -> Result<Vec<Step>, Overflow> {
    let mut pairs: BTreeMap<_, (Option<&Billed>, Option<&Billed>)> = BTreeMap::new();
    for one in before.iter().filter(|one| one.is_due()) {
        pairs.entry(one.key()).or_default().0 = Some(one);
    }
    for one in now.iter().filter(|one| one.is_due()) {
        pairs.entry(one.key()).or_default().1 = Some(one);
    }
    let shown = |among: &[Billed], one: &Billed| among.iter().any(|other| !other.is_due() && other.key() == one.key());
    let mut sums: BTreeMap<_, Money> = BTreeMap::new();
    for pair in pairs.into_values() {
        let effects = match pair {
            (Some(was), Some(is)) => of_both(was, is)?,
            (Some(was), None) => vec![(alone(was, Effect::Ended, shown(now, was)), was.amount.negated())],
            (None, Some(is)) => vec![(alone(is, Effect::New, shown(before, is)), is.amount)],
            (None, None) => Vec::new(),
        };
        let Some(one) = pair.1.or(pair.0) else { continue };
        for (effect, amount) in effects {
            let sum = sums.entry((&one.agency, &one.service, effect)).or_default();
            *sum = sum.checked_add(amount)?;
        }
    }
    let step = |((agency, service, effect), amount): ((&_, &_, Effect), Money)| Step {
        agency: Clone::clone(agency),
        service: Clone::clone(service),
        effect,
        amount,
    };
    Ok(sums.into_iter().filter(|(_, amount)| !amount.is_zero()).map(step).collect())
}

fn alone(one: &Billed, otherwise: Effect, was_shown: bool) -> Effect {
    match one.kind {
        LineKind::Adjustment => Effect::Adjustment,
        LineKind::Subsidy => Effect::Subsidy,
        _ if was_shown => Effect::Treatment,
        _ => otherwise,
    }
}

type Effects = Vec<(Effect, Money)>;

fn of_both(was: &Billed, is: &Billed) -> Result<Effects, Overflow> {
    let change = is.amount.checked_sub(was.amount)?;
    match is.kind {
        LineKind::Direct if !(was.meters.is_empty() && is.meters.is_empty()) => of_meters(was, is, change),
        LineKind::Adjustment => Ok(vec![(Effect::Adjustment, change)]),
        LineKind::Subsidy => Ok(vec![(Effect::Subsidy, change)]),
        LineKind::Shared => {
            let grown = is.whole.unwrap_or_default().checked_sub(was.whole.unwrap_or_default())?.exact();
            let part = was.amount.exact().divided_by(&was.whole.unwrap_or_default().exact());
            split(change, Effect::Pool, part.map(|part| part.times(&grown)), Effect::Share)
        }
        LineKind::Fee => {
            let [before, now] = [&was.unit_price, &is.unit_price].map(|price| price.parse::<Decimal>().ok());
            let ratio = before
                .zip(now)
                .filter(|(before, now)| before != now)
                .and_then(|(before, now)| Exact::from_decimal(before).divided_by(&Exact::from_decimal(now)));
            let at_old_price = ratio.map(|ratio| is.amount.exact().times(&ratio).minus(&was.amount.exact()));
            split(change, Effect::Volume, Some(at_old_price.unwrap_or_else(|| change.exact())), Effect::Price)
        }
        _ => {
            let same_unit = was.unit == is.unit;
            let quantities = was.quantity.zip(is.quantity).filter(|_| same_unit);
            let volume = match quantities {
                // The cents of rounding are no price.
                Some(_) if was.unit_price == is.unit_price && !is.unit_price.is_empty() => Some(change.exact()),
                Some((before, now)) => volume(before, now, was.amount),
                None => None,
            };
            split(change, Effect::Volume, volume, Effect::Price)
        }
    }
}

/// The first part, in cents, and what remains; all of it to the second where the first cannot be told.
fn split(change: Money, first: Effect, part: Option<Exact>, second: Effect) -> Result<Effects, Overflow> {
    let part = part.map_or(Ok(Money::ZERO), |part| part.round(Rounding::HalfUp))?;
    Ok(vec![(first, part), (second, change.checked_sub(part)?)])
}

/// What the change of quantity costs at the price before.
fn volume(before: Quantity, now: Quantity, amount: Money) -> Option<Exact> {
    let price = amount.exact().divided_by(&before.exact())?;
    Some(now.exact().minus(&before.exact()).times(&price))
}

/// Meters of one unit that stand in both months.
struct SameUnit {
    meters: usize,
    volume: Exact,
    before: Quantity,
    now: Quantity,
    amount_before: Money,
}

impl SameUnit {
    fn none() -> Self {
        let (before, now) = (Quantity::ZERO, Quantity::ZERO);
        Self { meters: 0, volume: Exact::zero(), before, now, amount_before: Money::ZERO }
    }
}

/// One meter, before and now.
type Pair<'a> = (Option<&'a MeterUse>, Option<&'a MeterUse>);

fn of_meters(was: &Billed, is: &Billed, change: Money) -> Result<Effects, Overflow> {
    let mut pairs: BTreeMap<(&str, &str), Pair<'_>> = BTreeMap::new();
    was.meters.iter().for_each(|one| pairs.entry((&one.meter, &one.unit)).or_default().0 = Some(one));
    is.meters.iter().for_each(|one| pairs.entry((&one.meter, &one.unit)).or_default().1 = Some(one));
    let (mut new, mut ended, mut other) = (Money::ZERO, Money::ZERO, Money::ZERO);
    let mut units: BTreeMap<&str, SameUnit> = BTreeMap::new();
    for ((_, unit), pair) in pairs {
        match pair {
            (None, Some(now)) => new = new.checked_add(now.amount)?,
            (Some(before), None) => ended = ended.checked_sub(before.amount)?,
            (Some(before), Some(now)) if !before.quantity.is_zero() && !now.quantity.is_zero() => {
                let own = units.entry(unit).or_insert_with(SameUnit::none);
                own.meters += 1;
                if let Some(volume) = volume(before.quantity, now.quantity, before.amount) {
                    own.volume = own.volume.plus(&volume);
                }
                own.before = own.before.checked_add(before.quantity)?;
                own.now = own.now.checked_add(now.quantity)?;
                own.amount_before = own.amount_before.checked_add(before.amount)?;
            }
            (Some(before), Some(now)) => other = other.checked_add(now.amount.checked_sub(before.amount)?)?,
            (None, None) => {}
        }
    }
    let (mut at_average, mut mix) = (Exact::zero(), Exact::zero());
    for own in units.values() {
        let average = if own.meters > 1 { volume(own.before, own.now, own.amount_before) } else { None };
        let average = average.unwrap_or_else(|| own.volume.clone());
        mix = mix.plus(&own.volume.minus(&average));
        at_average = at_average.plus(&average);
    }
    let (volume, mix) = (at_average.round(Rounding::HalfUp)?, mix.round(Rounding::HalfUp)?);
    let mut price = change;
    for part in [new, ended, other, volume, mix] {
        price = price.checked_sub(part)?;
    }
    Ok(vec![
        (Effect::New, new),
        (Effect::Ended, ended),
        (Effect::Other, other),
        (Effect::Volume, volume),
        (Effect::Mix, mix),
        (Effect::Price, price),
    ])
}

#[cfg(test)]
mod tests;
