//! Lines for quantities that driver tables tell, by agency.

use super::Books;
use super::cards::{self, Alternatives};
use super::lines::{Draft, rounded_in_words};
use super::unit::Price;
use super::windows::{self, Telling, part_of};
use crate::model::bill::LineKind;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::pricing::{Counter, Segment, Units};
use crate::model::settings::{Agency, DriverValue, RateCard};
use std::collections::BTreeMap;

/// Lines for quantities that a driver table tells by agency. The table speaks of the month, so a card that starts or ends
/// within it cannot price them, and the mode of its first day counts.
pub(super) fn lines(
    books: Books<'_>,
    counters: &mut Vec<Counter>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let mut groups: BTreeMap<(&str, &str), Vec<&RateCard>> = BTreeMap::new();
    for card in &books.settings.rate_cards {
        if let Some(driver) = card.counts_from_drivers() {
            groups.entry((card.service.as_str(), driver)).or_default().push(card);
        }
    }
    let (mut drafts, mut counted) = (Vec::new(), Vec::new());
    for ((_, driver), all) in groups {
        let alternatives = Alternatives::new(&all, books.month);
        let Some(first) = alternatives.first() else { continue };
        let values: Vec<&DriverValue> = books.settings.driver(driver, books.month).collect();
        if values.is_empty() {
            findings.push(no_driver(books, first, driver));
        }
        for value in values {
            let Some((card, agency)) = card_of(books, &alternatives, first, value, findings)? else { continue };
            doubts(books, card, agency, value, findings)?;
            if books.families.needs_windows(card) {
                counted.push((card, agency, value));
            } else {
                drafts.extend(driven_line(books, card, agency, value, findings)?);
            }
        }
    }
    drafts.extend(counted_lines(books, &counted, counters, findings)?);
    Ok(drafts)
}

/// Rows of driver tables under cards with windows: each is a line, and has its part of its window.
fn counted_lines(
    books: Books<'_>,
    counted: &[(&RateCard, &Agency, &DriverValue)],
    counters: &mut Vec<Counter>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let of = |(card, agency, _): &(&RateCard, &Agency, _)| windows::holder(card.terms.count_by, &agency.code, "");
    let holders: Vec<String> = counted.iter().map(of).collect();
    let day = books.month.first_day();
    let units = counted.iter().zip(&holders).enumerate().map(|(row, ((card, _, value), holder))| Units {
        card,
        day,
        row,
        holder,
        quantity: value.value,
    });
    let units: Vec<Units<'_>> = units.collect();
    let segments = books.pricing().segments(&units)?;
    windows::count_on(&segments, counters);
    let mut drafts = Vec::new();
    for segment in &segments {
        for &place in &segment.members {
            let (card, agency, value) = counted[place];
            let draft = counted_line(books, card, agency, value, segment)?;
            findings.extend(cards::shown_only(books, card, &draft.line));
            drafts.push(draft);
        }
    }
    Ok(drafts)
}

fn counted_line(
    books: Books<'_>,
    card: &RateCard,
    agency: &Agency,
    value: &DriverValue,
    segment: &Segment<'_>,
) -> Result<Draft, Overflow> {
    let rounding = books.settings.state.rounding;
    let treatment = books.treatment(&agency.code, &card.service, books.month.first_day());
    let mut draft = books.draft(&agency.code, &card.service, LineKind::Unit, treatment);
    draft.priced_by(card);
    windows::fill(&mut draft, card, value.value);
    // A window of nothing but zeros has no parts; what it costs, it costs for nothing used.
    let exact = part_of(segment, value.value);
    draft.line.amount = exact.round(rounding)?;
    let mut told = Telling::default();
    told.add(segment, value.value, &exact);
    draft.line.arithmetic.extend(told.sentences());
    let sentence = format!("{}, {} to {}", exact.shown(12), rounded_in_words(rounding), draft.line.amount);
    draft.line.arithmetic.push(sentence);
    Ok(draft)
}

/// What is at stake where a row cannot be priced: its price alone, without what else its window holds.
fn stake(books: Books<'_>, card: &RateCard, value: &DriverValue) -> Result<Cost, Overflow> {
    let units = Units { card, day: books.month.first_day(), row: 0, holder: "", quantity: value.value };
    let amounts = books.pricing().segments(&[units])?.into_iter().map(|segment| segment.amount.round_half_up());
    Ok(Cost::from_money(Money::total(amounts.collect::<Result<Vec<_>, _>>()?)?))
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
        findings.push(finding.at_stake(stake(books, first, value)?, currency));
        return Ok(None);
    };
    let choices = match alternatives.choose(agency) {
        Ok(choices) => choices,
        Err((one, other)) => {
            findings.push(cards::ambiguous(one, other, &agency.code).at_stake(stake(books, one, value)?, currency));
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
    findings.push(finding.at_stake(stake(books, changing, value)?, currency));
    Ok(None)
}

fn is_same_price(one: &RateCard, other: &RateCard) -> bool {
    match (Price::of(one), Price::of(other)) {
        (Some(one_price), Some(other_price)) if one.terms == other.terms => {
            one_price.each == other_price.each && one_price.unit == other_price.unit
        }
        _ => one.model == other.model && one.terms == other.terms,
    }
}

/// A row that is priced and looks wrong.
fn doubts(
    books: Books<'_>,
    card: &RateCard,
    agency: &Agency,
    value: &DriverValue,
    findings: &mut Vec<Finding>,
) -> Result<(), Overflow> {
    let place = Place::file(value.file.as_str()).row(value.line);
    let unit = card.model.counted().map_or("", |counted| counted.unit);
    if value.value.is_negative() {
        let why = format!(
            "Agency {} has used {} {}; less than nothing cannot be used.",
            agency.code, value.value, value.unit
        );
        let fix = "Correct the value. A correction of an earlier month is an adjustment, not a quantity.";
        findings.push(Finding::new(Code::PoolDriverNegative, place.clone().column("value"), why, fix));
    }
    if !value.unit.trim().is_empty() && value.unit.trim().to_lowercase() != unit.trim().to_lowercase() {
        let why = format!("The rate {} is a price per {unit}, and the table counts {}.", card.rate_id, value.unit);
        let fix = "Bring the table's unit and the card's into agreement.";
        let finding = Finding::new(Code::UnitMixed, place.column("unit").value(value.unit.as_str()), why, fix);
        findings.push(finding.at_stake(stake(books, card, value)?, &books.settings.state.currency));
    }
    Ok(())
}

fn driven_line(
    books: Books<'_>,
    card: &RateCard,
    agency: &Agency,
    value: &DriverValue,
    findings: &mut Vec<Finding>,
) -> Result<Option<Draft>, Overflow> {
    let Some(price) = Price::of(card) else { return Ok(None) };
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
    findings.extend(cards::shown_only(books, card, &draft.line));
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
