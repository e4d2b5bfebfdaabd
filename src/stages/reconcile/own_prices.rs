//! What our own cards make of bill lines, computed again from rows, driver tables and other lines.

use super::fees::Fees;
use super::proof::Proof;
use crate::model::bill::{BillLine, LineKind, RateReference, Ruling};
use crate::model::charge::Dimension;
use crate::model::codes::AgencyCode;
use crate::model::money::{Exact, Money, Overflow, Quantity};
use crate::model::month_end::MonthEnd;
use crate::model::pricing::{Families, Pricing, Units};
use crate::model::settings::{CountBy, Measure, RateCard, RateModel, fraction};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A fee or a consumed quantity is rounded as a whole, then cut where its parts are treated in several ways; so lines
/// that differ in nothing else are priced together.
pub(super) fn check(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    type Whole<'a> = (&'a AgencyCode, &'a RateReference, &'a str);
    let families = Families::of(&month.settings.rate_cards);
    let is_counted = |card: &RateCard| families.needs_windows(card);
    let mut groups: BTreeMap<Whole<'_>, Vec<&BillLine>> = BTreeMap::new();
    for line in month.bills.lines.iter().filter(|line| matches!(line.kind, LineKind::Fee | LineKind::Unit)) {
        if let Some(rate) = &line.rate {
            // Windows reach across accounts, so a card's lines are priced together whatever stands on them.
            let is_counted = card_of(month, rate).is_some_and(is_counted);
            let words = if is_counted { "" } else { line.description.as_str() };
            groups.entry((&line.agency, rate, words)).or_default().push(line);
        }
    }
    let mut fees = Fees::new(month);
    let mut counted = None;
    for ((agency, rate, _), lines) in groups {
        let Some(card) = card_of(month, rate) else {
            proof.refuse(&lines[0].id, format!("rate {} version {}", rate.rate_id, rate.version), "cards in force");
            continue;
        };
        let exact = match &card.model {
            RateModel::Percent { percent, of } => fees.base(agency, card, of)?.exact().times(&fraction(*percent)),
            RateModel::CostPlus { percent, .. } => passed_on(month, agency, rate)?.exact().times(&fraction(*percent)),
            RateModel::Unit { unit_price, price_per, .. } if !is_counted(card) => {
                let quantity = Quantity::total(lines.iter().map(|line| line.quantity.unwrap_or_default()))?;
                let price = quantity.exact().times(&Exact::from_decimal(*unit_price));
                price.divided_by(&Exact::from_decimal(*price_per)).unwrap_or_else(Exact::zero)
            }
            _ if is_counted(card) => {
                let amounts = match &mut counted {
                    Some(amounts) => amounts,
                    none => none.insert(counted_amounts(month, &families)?),
                };
                amounts.get(&(agency, rate)).cloned().unwrap_or_else(Exact::zero)
            }
            _ => continue,
        };
        let billed = Money::total(lines.iter().map(|line| line.amount))?;
        let expected = exact.round(month.settings.state.rounding)?;
        // Rows of a driver table are rounded row by row, lines of a window line by line: at most half a cent each.
        let each =
            is_counted(card) || matches!(card.model.counted(), Some(counted) if *counted.measure != Measure::Consumed);
        let apart = billed.checked_sub(expected)?.magnitude().cents();
        if lines.len() == 1 || !each || 2 * apart > i64::try_from(lines.len()).unwrap_or(i64::MAX) {
            let ids: Vec<&str> = lines.iter().map(|line| line.id.as_str()).collect();
            proof.money(&ids.join(" and "), ("bill line", billed), ("price by its card", expected));
        }
    }
    excess(month, proof)
}

fn card_of<'a>(month: &'a MonthEnd, rate: &RateReference) -> Option<&'a RateCard> {
    let cards = month.settings.rate_cards.iter();
    cards.into_iter().find(|card| card.rate_id == rate.rate_id && card.version == rate.version)
}

fn passed_on(month: &MonthEnd, agency: &AgencyCode, rate: &RateReference) -> Result<Money, Overflow> {
    let lines = month.bills.of(agency).filter(|line| line.kind == LineKind::Direct && line.rate.as_ref() == Some(rate));
    Money::total(lines.map(|line| line.amount))
}

/// What is above a maximum is taken from one agency and asked of another.
fn excess(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let mut sums: BTreeMap<Option<&RateReference>, Money> = BTreeMap::new();
    for line in month.bills.lines.iter().filter(|line| line.kind == LineKind::Excess) {
        let sum = sums.entry(line.rate.as_ref()).or_default();
        *sum = sum.checked_add(line.amount)?;
    }
    for (rate, sum) in sums {
        let place = rate.map_or_else(String::new, |rate| format!("rate {} above its maximum", rate.rate_id));
        proof.money(&place, ("taken and asked", sum), ("together", Money::ZERO));
    }
    Ok(())
}

type Amounts<'a> = BTreeMap<(&'a AgencyCode, &'a RateReference), Exact>;

/// Windows counted again: rows of charges, and of driver tables what their lines say.
fn counted_amounts<'a>(month: &'a MonthEnd, families: &Families<'a>) -> Result<Amounts<'a>, Overflow> {
    let mut counted: Vec<(&AgencyCode, &RateReference, &RateCard, usize, String, Quantity)> = Vec::new();
    let consumed = |card: &&RateCard| families.needs_windows(card) && card.counts_from_drivers().is_none();
    let mut known: HashMap<*const Ruling, Option<&RateCard>> = HashMap::new();
    for charge in &month.charges {
        let (Some(agency), Some(rate)) = (&charge.ruling.consumer, &charge.ruling.rate) else { continue };
        let card = known.entry(Arc::as_ptr(&charge.ruling)).or_insert_with(|| card_of(month, rate).filter(consumed));
        let Some(card) = *card else { continue };
        let row = month.roll_up.row(charge.row);
        let each = card.model.blocks_of(row.text(Dimension::ConsumedUnit)).unwrap_or(1);
        let holder = match card.terms.count_by {
            CountBy::Agency => format!("agency {agency}"),
            CountBy::State => "state".to_owned(),
            CountBy::Resource => format!("resource {}", row.text(Dimension::ResourceId)),
            CountBy::User => format!("user {}", row.text(Dimension::UserId)),
            CountBy::Account => format!("account {}", row.text(Dimension::SubAccountId)),
        };
        counted.push((agency, rate, card, charge.row, holder, row.sums().quantity.checked_mul(each)?));
    }
    let first = month.month.first_day();
    let by_driver = |card: &&RateCard| families.needs_windows(card) && card.counts_from_drivers().is_some();
    for (number, line) in month.bills.lines.iter().enumerate().filter(|(_, line)| line.kind == LineKind::Unit) {
        let Some(rate) = &line.rate else { continue };
        let Some(card) = card_of(month, rate).filter(by_driver) else { continue };
        let is_state = card.terms.count_by == CountBy::State;
        let holder = if is_state { "state".to_owned() } else { format!("agency {}", line.agency) };
        let row = month.roll_up.len() + number;
        counted.push((&line.agency, rate, card, row, holder, line.quantity.unwrap_or_default()));
    }
    let day = |row: usize| if row < month.roll_up.len() { month.roll_up.row(row).day() } else { first };
    let units = counted.iter().map(|(_, _, card, row, holder, quantity)| Units {
        card,
        day: day(*row),
        row: *row,
        holder,
        quantity: *quantity,
    });
    let units: Vec<Units<'_>> = units.collect();
    let pricing = Pricing {
        month: month.month,
        fiscal_year_starts: month.settings.state.fiscal_year_starts,
        cards: &month.settings.rate_cards,
        families,
        counters: &month.settings.counters,
    };
    let mut amounts = Amounts::new();
    for segment in pricing.segments(&units)? {
        let mut parts: BTreeMap<(&AgencyCode, &RateReference), Quantity> = BTreeMap::new();
        for &unit in &segment.members {
            let (agency, rate, ..) = counted[unit];
            let part = parts.entry((agency, rate)).or_default();
            *part = part.checked_add(counted[unit].5)?;
        }
        for (key, quantity) in parts {
            let share = quantity.exact().divided_by(&segment.quantity.exact()).unwrap_or_else(Exact::zero);
            let sum = amounts.entry(key).or_insert_with(Exact::zero);
            *sum = sum.plus(&segment.amount.times(&share));
        }
    }
    Ok(amounts)
}
