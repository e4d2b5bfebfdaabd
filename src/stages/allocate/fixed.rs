//! Amounts that do not depend on how much was used: so much a month, or the installment of a yearly amount.

use super::Books;
use super::cards::{self, Alternatives};
use super::lines::{Draft, rounded_in_words};
use crate::model::bill::{LineKind, RateReference, RatedCharge};
use crate::model::charge::Dimension;
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::finding::Finding;
use crate::model::money::{Exact, Money, Overflow, installment};
use crate::model::month::{FiscalPeriod, Month, Validity};
use crate::model::pricing::{days_within, fiscal_year};
use crate::model::roll_up::Symbol;
use crate::model::settings::{Agency, CountBy, Proration, RateCard, RateModel};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn lines(
    books: Books<'_>,
    charges: &[RatedCharge],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let mut drafts = flat(books, findings)?;
    drafts.extend(flat_of_charges(books, charges, findings)?);
    drafts.extend(assessments(books, findings)?);
    Ok(drafts)
}

/// Whether an amount is asked of all agencies in scope, or of those that have charges it matches.
fn is_of_charges(card: &RateCard) -> bool {
    !card.conditions.is_empty() || !matches!(card.terms.count_by, CountBy::Agency | CountBy::State)
}

/// The part of a month on which both hold, and in how many units it is counted: days, or hours.
fn part_of_month(card: &RateCard, days: i64, month: Month) -> (Exact, String) {
    let all = i64::from(month.days());
    let (name, each) = if card.terms.proration == Proration::Hourly { ("hours", 24) } else { ("days", 1) };
    let part = Exact::from_integer(days * each).divided_by(&Exact::from_integer(all * each));
    (part.unwrap_or_else(Exact::zero), format!(" x {} / {} {name}", days * each, all * each))
}

/// Days of the month on which a card holds for an agency.
pub(super) fn days_of(valid: &Validity, agency: &Agency, month: Month) -> i64 {
    let from = valid.from.max(agency.valid.from);
    let to = match (valid.to, agency.valid.to) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    days_within(from, to, (month.first_day(), month.next().first_day()))
}

fn flat(books: Books<'_>, findings: &mut Vec<Finding>) -> Result<Vec<Draft>, Overflow> {
    let mut by_service: BTreeMap<&ServiceCode, Vec<&RateCard>> = BTreeMap::new();
    for card in &books.settings.rate_cards {
        if matches!(card.model, RateModel::Flat { .. }) && !is_of_charges(card) {
            by_service.entry(&card.service).or_default().push(card);
        }
    }
    let mut drafts = Vec::new();
    for all in by_service.values() {
        let alternatives = Alternatives::new(all, books.month);
        for agency in &books.settings.agencies {
            match alternatives.choose(agency) {
                Ok(choices) => {
                    let mut cards: Vec<(&RateCard, i64)> = Vec::new();
                    for (span, card) in choices.into_iter().enumerate() {
                        let Some(card) = card else { continue };
                        let (from, last) = alternatives.days(span);
                        let days = days_of(&Validity { from: Some(from), to: last.succ_opt() }, agency, books.month);
                        match cards.iter_mut().find(|(known, _)| std::ptr::eq(*known, card)) {
                            Some((_, sum)) => *sum += days,
                            None => cards.push((card, days)),
                        }
                    }
                    drafts.extend(of_agency(books, agency, &cards, findings)?);
                }
                Err((one, other)) => findings.push(cards::ambiguous(one, other, &agency.code)),
            }
        }
    }
    Ok(drafts)
}

/// Of several cards in one month, those that are not prorated are asked once: the first of them.
fn of_agency(
    books: Books<'_>,
    agency: &Agency,
    cards: &[(&RateCard, i64)],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let mut drafts = Vec::new();
    let mut is_asked = false;
    for &(card, days) in cards {
        if days == 0 || (card.terms.proration == Proration::None && is_asked) {
            continue;
        }
        is_asked |= card.terms.proration == Proration::None;
        drafts.push(fixed(books, card, agency, days, None, findings)?);
    }
    Ok(drafts)
}

/// One line: amount, number of things it is asked for, part of the month.
fn fixed(
    books: Books<'_>,
    card: &RateCard,
    agency: &Agency,
    days: i64,
    number: Option<(usize, &str)>,
    findings: &mut Vec<Finding>,
) -> Result<Draft, Overflow> {
    let amount = match &card.model {
        RateModel::Flat { amount } => *amount,
        _ => Money::ZERO,
    };
    let mut exact = amount.exact();
    let mut said = amount.to_string();
    if let Some((number, what)) = number {
        exact = exact.times(&Exact::from_integer(i64::try_from(number).map_err(|_| Overflow)?));
        said.push_str(&format!(" x {number} {what}"));
    }
    if card.terms.proration != Proration::None && days < i64::from(books.month.days()) {
        let (part, words) = part_of_month(card, days, books.month);
        exact = exact.times(&part);
        said.push_str(&words);
    }
    let rounding = books.settings.state.rounding;
    let rounded = exact.round(rounding)?;
    said.push_str(&format!(" = {}, {} to {rounded}", exact.shown(12), rounded_in_words(rounding)));
    Ok(draft(books, card, &agency.code, rounded, said, findings))
}

fn draft(
    books: Books<'_>,
    card: &RateCard,
    agency: &AgencyCode,
    amount: Money,
    said: String,
    findings: &mut Vec<Finding>,
) -> Draft {
    let treatment = books.treatment(agency, &card.service, books.month.first_day());
    let mut draft = books.draft(agency, &card.service, LineKind::Fixed, treatment);
    draft.priced_by(card);
    draft.line.amount = amount;
    draft.line.arithmetic.push(said);
    findings.extend(cards::shown_only(books, card, &draft.line));
    draft
}

/// For each resource, user or account that has charges; or for the agency, where a card is for some charges only.
fn flat_of_charges(
    books: Books<'_>,
    charges: &[RatedCharge],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let mut cards: BTreeMap<&RateReference, Option<&RateCard>> = BTreeMap::new();
    let mut things: BTreeMap<(&AgencyCode, &RateReference), (&RateCard, BTreeSet<Symbol>)> = BTreeMap::new();
    for charge in charges {
        let (Some(agency), Some(rate)) = (&charge.ruling.consumer, &charge.ruling.rate) else { continue };
        let is_asked = |card: &&RateCard| matches!(card.model, RateModel::Flat { .. }) && is_of_charges(card);
        let card = *cards.entry(rate).or_insert_with(|| books.card(rate).filter(is_asked));
        let Some(card) = card else { continue };
        let row = books.roll_up.row(charge.row);
        let (_, seen) = things.entry((agency, rate)).or_insert_with(|| (card, BTreeSet::new()));
        seen.insert(match card.terms.count_by {
            CountBy::Resource => row.symbol(Dimension::ResourceId),
            CountBy::User => row.symbol(Dimension::UserId),
            CountBy::Account => row.symbol(Dimension::SubAccountId),
            CountBy::Agency | CountBy::State => Symbol::EMPTY,
        });
    }
    let mut drafts = Vec::new();
    for ((code, _), (card, seen)) in things {
        let Some(agency) = books.settings.agency(code) else { continue };
        let what = match card.terms.count_by {
            CountBy::Resource => Some("resources"),
            CountBy::User => Some("users"),
            CountBy::Account => Some("accounts"),
            CountBy::Agency | CountBy::State => None,
        };
        let days = days_of(&card.valid, agency, books.month);
        drafts.push(fixed(books, card, agency, days, what.map(|what| (seen.len(), what)), findings)?);
    }
    Ok(drafts)
}

/// The installments of a card: the month of the first, and how many there are. The first month is the first that begins
/// when the card holds and is approved; the last is that of the fiscal year. An end of the card changes no installment: it
/// is written when the next version comes, and earlier months are closed by then.
pub(super) fn months(card: &RateCard, year: (chrono::NaiveDate, chrono::NaiveDate)) -> Option<(Month, u32)> {
    let starts = [card.valid.from, card.approved_on].into_iter().flatten().fold(year.0, chrono::NaiveDate::max);
    let month = Month::containing(starts);
    let first = if month.first_day() == starts { month } else { month.next() };
    let mut number = 0;
    let mut month = first;
    while month.first_day() < year.1 {
        number += 1;
        month = month.next();
    }
    (number > 0).then_some((first, number))
}

fn assessments(books: Books<'_>, findings: &mut Vec<Finding>) -> Result<Vec<Draft>, Overflow> {
    let mut by_rate: BTreeMap<&str, Vec<&RateCard>> = BTreeMap::new();
    for card in &books.settings.rate_cards {
        if matches!(card.model, RateModel::Assessment { .. }) {
            by_rate.entry(&card.rate_id).or_default().push(card);
        }
    }
    let year = fiscal_year(books.month, books.settings.state.fiscal_year_starts);
    let mut drafts = Vec::new();
    for versions in by_rate.values_mut() {
        versions.sort_by_key(|card| card.version);
        let Some((amount, said, card)) = installment_of(books, versions, year)? else { continue };
        let day = books.month.first_day();
        for agency in books.settings.agencies.iter().filter(|agency| card.scope.covers(agency)) {
            if agency.valid.covers(day) && !has_narrower(books, card, agency) {
                drafts.push(draft(books, card, &agency.code, amount, said.clone(), findings));
            }
        }
    }
    Ok(drafts)
}

fn has_narrower(books: Books<'_>, card: &RateCard, agency: &Agency) -> bool {
    books.settings.rate_cards.iter().any(|other| {
        matches!(other.model, RateModel::Assessment { .. })
            && other.service == card.service
            && other.scope.covers(agency)
            && other.valid.covers(books.month.first_day())
            && other.narrowness() > card.narrowness()
    })
}

/// This month's installment of the version in force. A later version authorizes another amount for the same year: what
/// the versions before it have asked for is deducted.
fn installment_of<'a>(
    books: Books<'_>,
    versions: &[&'a RateCard],
    year: (chrono::NaiveDate, chrono::NaiveDate),
) -> Result<Option<(Money, String, &'a RateCard)>, Overflow> {
    let mut asked = Money::ZERO;
    let mut month = Month::containing(year.0);
    let mut before: Option<(u32, Money)> = None;
    while month <= books.month {
        let in_force = versions.iter().rev().find_map(|card| {
            let (first, number) = months(card, year)?;
            (first <= month && card.valid.covers(month.first_day())).then_some((*card, first, number))
        });
        let Some((card, first, number)) = in_force else {
            month = month.next();
            continue;
        };
        let RateModel::Assessment { amount } = &card.model else { return Ok(None) };
        let earlier = match before {
            Some((version, earlier)) if version == card.version => earlier,
            _ => asked,
        };
        before = Some((card.version, earlier));
        let starts = books.settings.state.fiscal_year_starts;
        let period = |month| FiscalPeriod::of(month, starts).period;
        let k = period(month) - period(first) + 1;
        let total = amount.checked_sub(earlier)?;
        let part = installment(total, k, number)?;
        if month == books.month {
            let less = if earlier.is_zero() { String::new() } else { format!(" less {earlier} asked for before") };
            let said = format!("installment {k} of {number} of {amount}{less}: {part}");
            return Ok(Some((part, said, card)));
        }
        asked = asked.checked_add(part)?;
        month = month.next();
    }
    Ok(None)
}
