//! The price models. Each is a function of how many units were counted, so what a part of a window costs is what the
//! count costs up to its end, less what it costs up to its start.

use super::words::{self, Unit};
use super::{Count, Scale};
use crate::model::card::{RateCard, RateModel, Tier};
use crate::model::money::Exact;
use rust_decimal::Decimal;

fn of(value: Decimal) -> Exact {
    Exact::from_decimal(value)
}

/// What a segment of a window costs, and how that came about.
pub(super) fn price(card: &RateCard, count: &Count, scale: &Scale) -> (Exact, String) {
    let included = card.terms.included.map_or_else(Exact::zero, |units| of(units).times(&scale.included));
    let upto = charged(&count.before.plus(&count.segment), &included);
    let from = charged(&count.before, &included);
    let Some(counted) = card.model.counted() else { return (Exact::zero(), String::new()) };
    let unit = Unit::of(counted.unit);
    let mut said = vec![words::counted(&unit, count, &included, &upto.minus(&from), &scale.said)];
    let amount = match &card.model {
        RateModel::Unit { unit_price, price_per, .. } => {
            let units = upto.minus(&from);
            let amount = units.times(&each(*unit_price, *price_per));
            said.push(words::times(&units, &unit, *unit_price, *price_per, &amount));
            amount
        }
        RateModel::Graduated { price_per, tiers, .. } => {
            let parts = graduated(tiers, *price_per, &scale.bounds, &from, &upto);
            said.extend(parts.iter().map(|part| part.in_words(&unit, *price_per)));
            parts.into_iter().fold(Exact::zero(), |sum, part| sum.plus(&part.amount))
        }
        RateModel::Volume { price_per, tiers, .. } => {
            let closed = charged(&count.closed, &included);
            let total = charged(&count.total, &included);
            volume(tiers, *price_per, &scale.bounds, &Volume { from, upto, closed, total }, &unit, &mut said)
        }
        RateModel::Package { size, unit_price, .. } | RateModel::Step { size, unit_price, .. } => {
            let (before, after) = (started(&from, *size), started(&upto, *size));
            let amount = after.minus(&before).times(&of(*unit_price));
            let what = if matches!(card.model, RateModel::Package { .. }) { "packages" } else { "steps" };
            said.push(words::started(what, (&upto.minus(&from), &unit), *size, &before, &after, *unit_price, &amount));
            amount
        }
        _ => Exact::zero(),
    };
    (amount, said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; "))
}

pub(super) fn each(price: Decimal, per: Decimal) -> Exact {
    of(price).divided_by(&of(per)).unwrap_or_else(Exact::zero)
}

/// What is left of a count without the included units. Fewer than none are a correction, and cost the negative.
fn charged(count: &Exact, included: &Exact) -> Exact {
    let rest = count.magnitude().minus(included);
    if rest.is_negative() {
        return Exact::zero();
    }
    if count.is_negative() { Exact::zero().minus(&rest) } else { rest }
}

/// Packages or steps that so many units have begun.
fn started(units: &Exact, size: Decimal) -> Exact {
    let whole = units.magnitude().divided_by(&of(size)).unwrap_or_else(Exact::zero).ceiling();
    if units.is_negative() { Exact::zero().minus(&whole) } else { whole }
}

/// What a tier makes of a segment.
pub(super) struct Part {
    pub units: Exact,
    pub price: Decimal,
    /// Of the tier's own amount.
    pub once: Exact,
    pub from: Exact,
    pub amount: Exact,
}

fn graduated(tiers: &[Tier], per: Decimal, scale: &Exact, from: &Exact, upto: &Exact) -> Vec<Part> {
    let mut parts = Vec::new();
    for (number, tier) in tiers.iter().enumerate() {
        let low = of(tier.from).times(scale);
        let high = tiers.get(number + 1).map(|next| of(next.from).times(scale));
        let units = within(upto, &low, high.as_ref()).minus(&within(from, &low, high.as_ref()));
        let once = once(tier, upto, &low).minus(&once(tier, from, &low));
        if units.is_zero() && once.is_zero() {
            continue;
        }
        let amount = units.times(&each(tier.unit_price, per)).plus(&once);
        parts.push(Part { units, price: tier.unit_price, once, from: low, amount });
    }
    parts
}

/// How much of a count lies in a tier; of a negative one, the negative.
fn within(count: &Exact, low: &Exact, high: Option<&Exact>) -> Exact {
    let size = count.magnitude();
    let top = match high {
        Some(high) if *high < size => high.clone(),
        _ => size,
    };
    let inside = top.minus(low);
    match (inside.is_negative(), count.is_negative()) {
        (true, _) => Exact::zero(),
        (false, true) => Exact::zero().minus(&inside),
        (false, false) => inside,
    }
}

/// The amount of a tier, once the count has reached it.
fn once(tier: &Tier, count: &Exact, low: &Exact) -> Exact {
    let amount = tier.amount.map_or_else(Exact::zero, |amount| amount.exact());
    if count.is_zero() || count.magnitude() < *low {
        return Exact::zero();
    }
    if count.is_negative() { Exact::zero().minus(&amount) } else { amount }
}

struct Volume {
    from: Exact,
    upto: Exact,
    closed: Exact,
    total: Exact,
}

/// All units of the window have the price of the tier that its total falls in; units of closed months keep theirs.
fn volume(
    tiers: &[Tier],
    per: Decimal,
    scale: &Exact,
    count: &Volume,
    unit: &Unit<'_>,
    said: &mut Vec<String>,
) -> Exact {
    let reached = |count: &Exact| tiers.iter().rev().find(|tier| of(tier.from).times(scale) <= count.magnitude());
    let Some(tier) = reached(&count.total).or(tiers.first()) else { return Exact::zero() };
    let units = count.upto.minus(&count.from);
    let all = count.total.minus(&count.closed);
    let once_of = |count: &Exact| reached(count).map_or_else(Exact::zero, |tier| once(tier, count, &Exact::zero()));
    let of_window = once_of(&count.total).minus(&once_of(&count.closed));
    // The tier's own amount is the window's: each part of the window has its share of it, by units.
    let share = units.divided_by(&all).map_or_else(Exact::zero, |share| share.times(&of_window));
    let amount = units.times(&each(tier.unit_price, per)).plus(&share);
    said.push(words::volume(&count.total, tier, &units, unit, per, &share, &amount));
    amount
}
