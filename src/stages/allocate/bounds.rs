//! Minimum and maximum: what an agency's lines of a card are short of, or have above, as lines of their own. Nothing
//! disappears: what is taken from one agency is asked of another.
//!
//! They come last, after fees and subsidies: what is bounded is what the agency pays of a rate.

use super::Books;
use super::cards;
use super::fixed::days_of;
use super::lines::{Draft, rounded_in_words};
use crate::model::bill::LineKind;
use crate::model::codes::AgencyCode;
use crate::model::finding::Finding;
use crate::model::money::{Exact, Money, Overflow};
use crate::model::settings::{Agency, Proration, RateCard, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// The bound lines of all cards, where these are their lines; and of agencies that have a card of their own and used
/// nothing.
pub(super) fn apply(books: Books<'_>, lines: &[Draft], findings: &mut Vec<Finding>) -> Result<Vec<Draft>, Overflow> {
    let has_bounds = |card: &&RateCard| card.terms.minimum.is_some() || card.terms.maximum.is_some();
    let bounded: Vec<&RateCard> = books.settings.rate_cards.iter().filter(has_bounds).collect();
    let roots: BTreeSet<&str> = bounded.iter().map(|card| books.families.root(&card.rate_id)).collect();
    if roots.is_empty() {
        return Ok(Vec::new());
    }
    let mut sums: BTreeMap<(&str, &AgencyCode), Money> = BTreeMap::new();
    for Draft { line, .. } in lines {
        let card = line.rate.as_ref().and_then(|rate| books.card(rate));
        let root = card.map(|card| books.families.root(&card.rate_id)).filter(|root| roots.contains(root));
        if let Some(root) = root {
            let sum = sums.entry((root, &line.agency)).or_default();
            *sum = sum.checked_add(line.amount)?;
        }
    }
    for card in bounded {
        if let Scope::Agency(code) = &card.scope {
            sums.entry((books.families.root(&card.rate_id), code)).or_default();
        }
    }
    // Every card of a bounded rate, with or without a bound of its own: a version without one has its days too.
    let mut families: BTreeMap<&str, Vec<&RateCard>> = BTreeMap::new();
    for card in &books.settings.rate_cards {
        let root = books.families.root(&card.rate_id);
        if roots.contains(root) {
            families.entry(root).or_default().push(card);
        }
    }
    let mut drafts = Vec::new();
    for ((root, code), sum) in sums {
        if let (Some(agency), Some(family)) = (books.settings.agency(code), families.get(root)) {
            drafts.extend(of_agency(books, family, agency, sum)?);
        }
    }
    for Draft { line, .. } in &drafts {
        let card = line.rate.as_ref().and_then(|rate| books.card(rate));
        findings.extend(card.and_then(|card| cards::shown_only(books, card, line)));
    }
    Ok(drafts)
}

fn of_agency(books: Books<'_>, family: &[&RateCard], agency: &Agency, sum: Money) -> Result<Vec<Draft>, Overflow> {
    let in_force = |card: &&&RateCard| card.scope.covers(agency) && days_of(&card.valid, agency, books.month) > 0;
    let mut cards: Vec<&RateCard> = family.iter().filter(in_force).copied().collect();
    cards.sort_by_key(|card| card.valid.from);
    let Some(last) = cards.last().copied() else { return Ok(Vec::new()) };
    let rounding = books.settings.state.rounding;
    // A card without a minimum asks for nothing on its days; one without a maximum has no end.
    let has_minimum = last.terms.minimum.is_some()
        || last.terms.proration != Proration::None && cards.iter().any(|card| card.terms.minimum.is_some());
    let least = |card: &RateCard| Some(card.terms.minimum.unwrap_or(Money::ZERO));
    if let (true, Some((least, said))) = (has_minimum, bound(books, &cards, last, agency, least)) {
        let least_cents = least.round(rounding)?;
        if sum < least_cents {
            let amount = least_cents.checked_sub(sum)?;
            let sentence =
                format!("minimum {said}, {} to {least_cents}, less {sum} = {amount}", rounded_in_words(rounding));
            return Ok(vec![line(books, last, &agency.code, LineKind::Shortfall, amount, sentence)]);
        }
    }
    if let Some((most, said)) = bound(books, &cards, last, agency, |card| card.terms.maximum) {
        let most_cents = most.round(rounding)?;
        if let (true, Some(payer)) = (sum > most_cents, &last.terms.above_maximum_to) {
            let above = sum.checked_sub(most_cents)?;
            let words = rounded_in_words(rounding);
            let sentence =
                format!("{sum} less the maximum {said}, {words} to {most_cents}, is paid by {payer}: {above}");
            let of_payer = format!("above the maximum of {}: {sentence}", agency.code);
            return Ok(vec![
                line(books, last, &agency.code, LineKind::Excess, above.negated(), sentence),
                line(books, last, payer, LineKind::Excess, above, of_payer),
            ]);
        }
    }
    Ok(Vec::new())
}

/// A bound of the month. A card that is prorated adds its bound for its days; otherwise the last card's holds in full.
fn bound(
    books: Books<'_>,
    cards: &[&RateCard],
    last: &RateCard,
    agency: &Agency,
    of: fn(&RateCard) -> Option<Money>,
) -> Option<(Exact, String)> {
    if last.terms.proration == Proration::None {
        return of(last).map(|bound| (bound.exact(), bound.to_string()));
    }
    let all = i64::from(books.month.days());
    let mut sum = Exact::zero();
    let mut said = Vec::new();
    for card in cards {
        let days = days_of(&card.valid, agency, books.month);
        let bound = of(card)?;
        let (name, each) = if last.terms.proration == Proration::Hourly { ("hours", 24) } else { ("days", 1) };
        let part = Exact::from_integer(days * each).divided_by(&Exact::from_integer(all * each))?;
        sum = sum.plus(&bound.exact().times(&part));
        let is_whole = days == all;
        said.push(if is_whole {
            bound.to_string()
        } else {
            format!("{bound} x {} / {} {name}", days * each, all * each)
        });
    }
    Some((sum, said.join(" + ")))
}

fn line(
    books: Books<'_>,
    card: &RateCard,
    agency: &AgencyCode,
    kind: LineKind,
    amount: Money,
    sentence: String,
) -> Draft {
    let treatment = books.treatment(agency, &card.service, books.month.first_day());
    let mut draft = books.draft(agency, &card.service, kind, treatment);
    draft.priced_by(card);
    draft.line.amount = amount;
    draft.line.arithmetic.push(sentence);
    draft
}
