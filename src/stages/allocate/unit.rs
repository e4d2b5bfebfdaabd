//! Our own rates: consumed quantity times price, rounded once a line.

use super::Books;
use super::direct::{Keys, LineKey};
use super::lines::{Draft, Treatment, rounded_in_words};
use super::windows::quantity_of;
use crate::model::bill::{LineKind, RatedCharge};
use crate::model::money::{Exact, Money, Overflow, Quantity};
use crate::model::pricing::price_in_words;
use crate::model::settings::{RateCard, RateModel};
use std::collections::BTreeMap;

/// A price as a card has it.
pub(super) struct Price<'a> {
    pub unit: &'a str,
    /// As written: `62.50`, or `2.50 per 1000000`.
    pub shown: String,
    pub each: Exact,
}

impl<'a> Price<'a> {
    pub fn of(card: &'a RateCard) -> Option<Self> {
        let RateModel::Unit { unit, unit_price, price_per, .. } = &card.model else { return None };
        let each = Exact::from_decimal(*unit_price).divided_by(&Exact::from_decimal(*price_per))?;
        Some(Self { unit, shown: price_in_words(*unit_price, *price_per), each })
    }

    pub fn fill(&self, draft: &mut Draft, quantity: Quantity) {
        draft.line.quantity = Some(quantity);
        draft.line.unit = self.unit.to_owned();
        draft.line.unit_price.clone_from(&self.shown);
    }
}

/// Lines for consumed quantities. A line whose mode changes in the month is cut, and its rows with it.
pub(super) fn consumed(books: Books<'_>, charges: &[RatedCharge]) -> Result<Vec<Draft>, Overflow> {
    let mut keys = Keys::new(books, LineKind::Unit);
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for charge in charges {
        let Some(agency) = &charge.consumer else { continue };
        let Some(number) = keys.of(charge, agency) else { continue };
        rows.resize_with(keys.keys.len(), Vec::new);
        rows[number].push(charge.row);
    }
    let mut wholes: BTreeMap<LineKey, Vec<(LineKey, Vec<usize>)>> = BTreeMap::new();
    for (key, rows) in keys.keys.into_iter().zip(rows) {
        let whole = LineKey { treatment: Treatment::of_whole(), ..key.clone() };
        wholes.entry(whole).or_default().push((key, rows));
    }
    let mut drafts = Vec::new();
    for mut parts in wholes.into_values() {
        parts.sort();
        let card = parts.first().and_then(|(key, _)| key.rate.as_ref()).and_then(|rate| books.card(rate));
        let card = card.filter(|card| !books.families.needs_windows(card));
        if let Some((card, price)) = card.and_then(|card| Some((card, Price::of(card)?))) {
            drafts.extend(consumed_parts(books, card, &price, parts)?);
        }
    }
    Ok(drafts)
}

fn consumed_parts(
    books: Books<'_>,
    card: &RateCard,
    price: &Price<'_>,
    parts: Vec<(LineKey, Vec<usize>)>,
) -> Result<Vec<Draft>, Overflow> {
    let rounding = books.settings.state.rounding;
    let mut whole = Quantity::ZERO;
    for &row in parts.iter().flat_map(|(_, rows)| rows) {
        whole = whole.checked_add(quantity_of(books, card, row)?)?;
    }
    let exact = whole.exact().times(&price.each);
    let sentence = format!(
        "{whole} {} x {} = {}, {} to {}",
        price.unit,
        price.shown,
        exact.shown(12),
        rounded_in_words(rounding),
        exact.round(rounding)?
    );
    let is_cut = parts.len() > 1;
    let (mut used, mut billed) = (Quantity::ZERO, Money::ZERO);
    let mut drafts = Vec::new();
    for (key, rows) in parts {
        let mut draft = books.draft(&key.agency, &key.service, LineKind::Unit, key.treatment);
        draft.priced_by(card);
        draft.of_account(key.account);
        let (used_before, billed_before) = (used, billed);
        for row in rows {
            // Rounded sums up to each row, so that the rows' cents add up to the line's.
            used = used.checked_add(quantity_of(books, card, row)?)?;
            let upto = used.exact().times(&price.each).round(rounding)?;
            draft.details.push((row, upto.checked_sub(billed)?));
            billed = upto;
        }
        price.fill(&mut draft, used.checked_sub(used_before)?);
        draft.line.amount = billed.checked_sub(billed_before)?;
        draft.line.arithmetic.push(sentence.clone());
        if is_cut {
            let part = used.checked_sub(used_before)?;
            let of_whole = format!("of these {part} {} under this mode: {}", price.unit, draft.line.amount);
            draft.line.arithmetic.push(of_whole);
        }
        drafts.push(draft);
    }
    Ok(drafts)
}
