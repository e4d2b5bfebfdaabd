//! Our own rates: quantity times price, rounded once a line.

use super::Books;
use super::cards::{self, Alternatives};
use super::direct::{Keys, LineKey};
use super::lines::{Draft, Treatment, rounded_in_words};
use crate::model::bill::{LineKind, RatedCharge};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Exact, Money, Overflow, Quantity};
use crate::model::settings::{Agency, DriverValue, Measure, RateCard, RateModel};
use std::collections::BTreeMap;

/// A price as a card has it.
struct Price<'a> {
    unit: &'a str,
    /// As written: `62.50`, or `2.50 per 1000000`.
    shown: String,
    each: Exact,
}

impl<'a> Price<'a> {
    fn of(card: &'a RateCard) -> Option<Self> {
        let RateModel::Unit { unit, unit_price, price_per, .. } = &card.model else { return None };
        let each = Exact::from_decimal(*unit_price).divided_by(&Exact::from_decimal(*price_per))?;
        let per = price_per.normalize();
        let is_each = per == rust_decimal::Decimal::ONE;
        let shown = if is_each { unit_price.to_string() } else { format!("{unit_price} per {per}") };
        Some(Self { unit, shown, each })
    }

    fn fill(&self, draft: &mut Draft, quantity: Quantity) {
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
    let quantity = |row: usize| books.roll_up.row(row).sums().quantity;
    let whole = Quantity::total(parts.iter().flat_map(|(_, rows)| rows).map(|&row| quantity(row)))?;
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
            used = used.checked_add(quantity(row))?;
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

/// Lines for quantities that a driver table tells by agency. The table speaks of the month, so a card that starts or ends
/// within it cannot price them, and the mode of its first day counts.
pub(super) fn driven(books: Books<'_>, findings: &mut Vec<Finding>) -> Result<Vec<Draft>, Overflow> {
    let mut groups: BTreeMap<(&str, &str), Vec<&RateCard>> = BTreeMap::new();
    for card in &books.settings.rate_cards {
        if let RateModel::Unit { measure: Measure::Driver(driver), .. } = &card.model {
            groups.entry((card.service.as_str(), driver)).or_default().push(card);
        }
    }
    let mut drafts = Vec::new();
    for ((_, driver), all) in groups {
        let alternatives = Alternatives::new(&all, books.month);
        let Some(first) = alternatives.first() else { continue };
        let values: Vec<&DriverValue> = books.settings.driver(driver, books.month).collect();
        if values.is_empty() {
            findings.push(no_driver(books, first, driver));
        }
        for value in values {
            if let Some((card, agency)) = card_of(books, &alternatives, first, value, findings)? {
                drafts.extend(driven_line(books, card, agency, value, findings)?);
            }
        }
    }
    Ok(drafts)
}

fn stake(card: &RateCard, value: &DriverValue) -> Result<Cost, Overflow> {
    match Price::of(card).map(|price| value.value.exact().times(&price.each)) {
        Some(exact) => exact.round_half_up().map(Cost::from_money),
        None => Ok(Cost::ZERO),
    }
}

/// The card that prices a driver row, and whom; otherwise it is told why none does.
fn card_of<'a>(
    books: Books<'a>,
    alternatives: &Alternatives<'a>,
    first: &RateCard,
    value: &DriverValue,
    findings: &mut Vec<Finding>,
) -> Result<Option<(&'a RateCard, &'a Agency)>, Overflow> {
    let place = Place::file(value.file.as_str()).row(value.line).column("agency").value(value.agency.as_str());
    let currency = &books.settings.state.currency;
    let Some(agency) = books.settings.agency(&value.agency) else {
        let (quantity, unit, agency) = (value.value, &value.unit, &value.agency);
        let why =
            format!("{quantity} {unit} are used by {agency}, which is no agency of these books; nobody is billed.");
        let fix = "Correct the agency, or add it to agencies.csv.";
        let finding = Finding::new(Code::PoolDriverUnmatched, place, why, fix);
        findings.push(finding.at_stake(stake(first, value)?, currency));
        return Ok(None);
    };
    let choices = match alternatives.choose(agency) {
        Ok(choices) => choices,
        Err((one, other)) => {
            findings.push(cards::ambiguous(one, other, &agency.code).at_stake(stake(one, value)?, currency));
            return Ok(None);
        }
    };
    let Some(card) = choices.iter().flatten().copied().next() else {
        let why =
            format!("No card of service {} is for agency {}, which used {}.", first.service, agency.code, value.value);
        let fix = "Add a card whose scope holds the agency.";
        findings.push(Finding::new(Code::RateMissing, place, why, fix));
        return Ok(None);
    };
    let is_alike = |choice: &Option<&RateCard>| choice.is_some_and(|other| is_same_price(card, other));
    if value.value.is_zero() || choices.iter().all(is_alike) {
        return Ok(Some((card, agency)));
    }
    // The one that changes: the second of two, or the only one there is.
    let changing = choices.iter().flatten().copied().find(|other| !is_same_price(card, other)).unwrap_or(card);
    let what = format!("the {} {} of agency {} are not known", value.value, value.unit, agency.code);
    let finding = cards::within_month(changing, books.month, &what);
    findings.push(finding.at_stake(stake(changing, value)?, currency));
    Ok(None)
}

fn is_same_price(one: &RateCard, other: &RateCard) -> bool {
    match (Price::of(one), Price::of(other)) {
        (Some(one), Some(other)) => one.each == other.each && one.unit == other.unit,
        _ => false,
    }
}

fn driven_line(
    books: Books<'_>,
    card: &RateCard,
    agency: &Agency,
    value: &DriverValue,
    findings: &mut Vec<Finding>,
) -> Result<Option<Draft>, Overflow> {
    let place = Place::file(value.file.as_str()).row(value.line);
    let currency = &books.settings.state.currency;
    let Some(price) = Price::of(card) else { return Ok(None) };
    if value.value.is_negative() {
        let why = format!(
            "Agency {} has used {} {}; less than nothing cannot be used.",
            agency.code, value.value, value.unit
        );
        let fix = "Correct the value. A correction of an earlier month is an adjustment, not a quantity.";
        findings.push(Finding::new(Code::PoolDriverNegative, place.clone().column("value"), why, fix));
    }
    if !value.unit.trim().is_empty() && value.unit.trim().to_lowercase() != price.unit.trim().to_lowercase() {
        let why =
            format!("The rate {} is a price per {}, and the table counts {}.", card.rate_id, price.unit, value.unit);
        let fix = "Bring the table's unit and the card's into agreement.";
        let finding = Finding::new(Code::UnitMixed, place.column("unit").value(value.unit.as_str()), why, fix);
        findings.push(finding.at_stake(stake(card, value)?, currency));
    }
    let treatment = books.treatment(&agency.code, &card.service, books.month.first_day());
    let mut draft = books.draft(&agency.code, &card.service, LineKind::Unit, treatment);
    draft.priced_by(card);
    price.fill(&mut draft, value.value);
    let exact = value.value.exact().times(&price.each);
    let rounding = books.settings.state.rounding;
    draft.line.amount = exact.round(rounding)?;
    draft.line.arithmetic.push(format!(
        "{} {} x {} = {}, {} to {}",
        value.value,
        price.unit,
        price.shown,
        exact.shown(12),
        rounded_in_words(rounding),
        draft.line.amount
    ));
    findings.extend(cards::unapproved(card, &draft.line, currency));
    Ok(Some(draft))
}

fn no_driver(books: Books<'_>, card: &RateCard, driver: &str) -> Finding {
    let why = format!(
        "Rate {} prices the quantities of driver {driver}, which has no rows for {}, so nobody is billed for service {}.",
        card.rate_id, books.month, card.service
    );
    let fix = "Add the month's rows to drivers/ (a 0 where an agency used nothing), or end the card if the service is no longer offered.";
    Finding::new(Code::RateDriverMissing, Place::file(card.file.as_str()).row(card.line).value(driver), why, fix)
}
