//! The arithmetic in words, as a controller would write it down.

use super::Count;
use super::tiers::Part;
use crate::model::card::{RateModel, Tier};
use crate::model::charge::CostBasis;
use crate::model::money::Exact;
use rust_decimal::Decimal;

/// Decimals that are shown; what is cut off is marked.
const PLACES: u32 = 12;

/// The unit as bills call it.
pub(super) struct Unit<'a>(&'a str);

impl<'a> Unit<'a> {
    pub fn of(unit: &'a str) -> Self {
        Self(unit)
    }
}

fn shown(exact: &Exact) -> String {
    exact.shown(PLACES)
}

/// `62.50`, or `2.50 per 1000000`.
pub fn price_in_words(price: Decimal, per: Decimal) -> String {
    let per = per.normalize();
    if per == Decimal::ONE { price.to_string() } else { format!("{price} per {per}") }
}

/// What was counted before, and what is included; nothing where all units of the window are here and cost something.
pub(super) fn counted(unit: &Unit<'_>, count: &Count, included: &Exact, charged: &Exact, scale: &str) -> String {
    let mut parts = Vec::new();
    if !scale.is_empty() {
        parts.push(scale.to_owned());
    }
    if !count.before.is_zero() {
        parts.push(format!("{} {} were counted before", shown(&count.before), unit.0));
    }
    if !included.is_zero() {
        let (all, free, rest) = (shown(&count.segment), shown(included), shown(charged));
        parts.push(format!("{all} {} with {free} included leave {rest}", unit.0));
    }
    parts.join("; ")
}

pub(super) fn times(units: &Exact, unit: &Unit<'_>, price: Decimal, per: Decimal, amount: &Exact) -> String {
    format!("{} {} x {} = {}", shown(units), unit.0, price_in_words(price, per), shown(amount))
}

impl Part {
    pub(super) fn in_words(&self, unit: &Unit<'_>, per: Decimal) -> String {
        let once = if self.once.is_zero() { String::new() } else { format!(" + {}", shown(&self.once)) };
        let price = price_in_words(self.price, per);
        format!(
            "from {}: {} {} x {price}{once} = {}",
            shown(&self.from),
            shown(&self.units),
            unit.0,
            shown(&self.amount)
        )
    }
}

pub(super) fn volume(
    total: &Exact,
    tier: &Tier,
    units: &Exact,
    unit: &Unit<'_>,
    per: Decimal,
    once: &Exact,
    amount: &Exact,
) -> String {
    let once = if once.is_zero() { String::new() } else { format!(" + {}", shown(once)) };
    let price = price_in_words(tier.unit_price, per);
    format!(
        "{} {} are in the tier from {}: {} x {price}{once} = {}",
        shown(total),
        unit.0,
        tier.from.normalize(),
        shown(units),
        shown(amount)
    )
}

pub(super) fn started(
    what: &str,
    (units, unit): (&Exact, &Unit<'_>),
    size: Decimal,
    before: &Exact,
    after: &Exact,
    price: Decimal,
    amount: &Exact,
) -> String {
    let begun = if before.is_zero() {
        format!("{} started", shown(after))
    } else {
        format!("{} started less {} before", shown(after), shown(before))
    };
    let number = shown(&after.minus(before));
    let (units, size) = (shown(units), size.normalize());
    format!("{units} {} in {what} of {size}: {begun}; {number} x {price} = {}", unit.0, shown(amount))
}

/// What a card asks, in a few words: for statements and the rate book.
pub fn in_words(model: &RateModel) -> String {
    let basis = |basis: &CostBasis| format!("vendor's {basis:?} cost").to_lowercase();
    match model {
        RateModel::PassThrough { basis: of } => basis(of),
        RateModel::CostPlus { basis: of, percent } => format!("{} plus {percent} percent", basis(of)),
        RateModel::Percent { percent, of } => {
            let services: Vec<&str> = of.iter().map(|service| service.as_str()).collect();
            format!("{percent} percent of {}", services.join(", "))
        }
        RateModel::Unit { unit, unit_price, price_per, .. } if *price_per == Decimal::ONE => {
            format!("{unit} x {unit_price}")
        }
        RateModel::Unit { unit, unit_price, price_per, .. } => format!("{unit} x {unit_price} / {price_per}"),
        RateModel::Graduated { unit, price_per, tiers, .. } => {
            format!("{unit}, each by its tier: {}", of_tiers(tiers, *price_per))
        }
        RateModel::Volume { unit, price_per, tiers, .. } => {
            format!("{unit}, all by the tier of the total: {}", of_tiers(tiers, *price_per))
        }
        RateModel::Package { unit, size, unit_price, .. } => {
            format!("each started package of {} {unit} x {unit_price}", size.normalize())
        }
        RateModel::Step { unit, size, unit_price, .. } => {
            format!("each started {} {unit} x {unit_price}", size.normalize())
        }
        RateModel::Flat { amount } => format!("{amount} a month"),
        RateModel::Assessment { amount } => format!("{amount} a year, in installments"),
    }
}

fn of_tiers(tiers: &[Tier], per: Decimal) -> String {
    let one = |tier: &Tier| {
        let once = tier.amount.map_or_else(String::new, |amount| format!(" and {amount} once"));
        format!("from {} {}{once}", tier.from.normalize(), price_in_words(tier.unit_price, per))
    };
    tiers.iter().map(one).collect::<Vec<_>>().join("; ")
}
