//! Fees: a percentage of the net amounts of other lines, a line of its own, rounded once an agency.

use super::Books;
use super::cards::{self, Alternatives};
use super::lines::{Draft, Treatment, cut, rounded_in_words};
use crate::model::bill::LineKind;
use crate::model::codes::ServiceCode;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Exact, Money, Overflow};
use crate::model::settings::{Agency, Mode, RateCard, RateModel, fraction};
use std::collections::{BTreeMap, BTreeSet};

/// Percent cards of one service on one base: of these an agency pays the narrowest; other bases add.
type Groups<'a> = BTreeMap<(&'a ServiceCode, BTreeSet<&'a ServiceCode>), Vec<&'a RateCard>>;

/// Adds fee lines to the drafts; a fee on a service that is itself a fee comes after it.
pub(super) fn add(books: Books<'_>, drafts: &mut Vec<Draft>, findings: &mut Vec<Finding>) -> Result<(), Overflow> {
    let mut groups = Groups::new();
    for card in &books.settings.rate_cards {
        if let RateModel::Percent { of, .. } = &card.model {
            groups.entry((&card.service, of.iter().collect())).or_default().push(card);
        }
    }
    while !groups.is_empty() {
        let open: BTreeSet<&ServiceCode> = groups.keys().map(|(service, _)| *service).collect();
        let ready: Vec<_> = groups.keys().filter(|(_, of)| of.is_disjoint(&open)).cloned().collect();
        if ready.is_empty() {
            findings.push(circle(&groups));
            break;
        }
        // All of one round before any is a base: two fees of one service must not depend on their order.
        let mut lines = Vec::new();
        for key in ready {
            if let Some(all) = groups.remove(&key) {
                lines.extend(of_group(books, all, &key.1, drafts, findings)?);
            }
        }
        drafts.extend(lines);
    }
    Ok(())
}

fn of_group(
    books: Books<'_>,
    all: Vec<&RateCard>,
    of: &BTreeSet<&ServiceCode>,
    drafts: &[Draft],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let alternatives = Alternatives::in_month(all, books.month);
    let mut base: BTreeMap<_, Vec<&Draft>> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| of.contains(&draft.line.service)) {
        base.entry(&draft.line.agency).or_default().push(draft);
    }
    let mut lines = Vec::new();
    for (code, base) in base {
        let Some(agency) = books.settings.agency(code) else { continue };
        match alternatives.choose(agency) {
            Ok(Some(card)) => lines.extend(of_agency(books, card, agency, &base, findings)?),
            Ok(None) => {}
            Err((one, other)) => findings.push(cards::ambiguous(one, other, code)),
        }
    }
    Ok(lines)
}

/// The fee is rounded on the agency's whole base. Where lines of the base are treated differently it is cut: a fee on
/// what is not charged is not charged either.
fn of_agency(
    books: Books<'_>,
    card: &RateCard,
    agency: &Agency,
    base: &[&Draft],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let RateModel::Percent { percent, .. } = &card.model else { return Ok(Vec::new()) };
    let rounding = books.settings.state.rounding;
    let own = books.treatment(&agency.code, &card.service, books.month.first_day());
    let mut parts: BTreeMap<Treatment, Money> = BTreeMap::new();
    let mut by_service: BTreeMap<&ServiceCode, Money> = BTreeMap::new();
    for draft in base {
        let of_line = Treatment { mode: draft.line.mode, absorbed_by: draft.line.absorbed_by.clone() };
        let weaker = if of_line.mode < own.mode || own.mode == Mode::Chargeback { of_line } else { own.clone() };
        for sum in [parts.entry(weaker).or_default(), by_service.entry(&draft.line.service).or_default()] {
            *sum = sum.checked_add(draft.line.amount)?;
        }
    }
    let total = Money::total(by_service.values().copied())?;
    let rate = fraction(*percent);
    let exact = total.exact().times(&rate);
    let named: Vec<String> = by_service.iter().map(|(service, amount)| format!("{service} {amount}")).collect();
    let sentence = format!(
        "{percent} percent of {total} ({}) = {}, {} to {}",
        named.join(", "),
        exact.shown(12),
        rounded_in_words(rounding),
        exact.round(rounding)?
    );
    let exact: Vec<Exact> = parts.values().map(|base| base.exact().times(&rate)).collect();
    let cents = cut(&exact, rounding)?;
    let is_cut = parts.len() > 1;
    let mut lines = Vec::new();
    for ((treatment, base), amount) in parts.into_iter().zip(cents) {
        let mut draft = books.draft(&agency.code, &card.service, LineKind::Fee, treatment);
        draft.priced_by(card);
        draft.line.unit = "percent".to_owned();
        draft.line.unit_price = percent.to_string();
        draft.line.amount = amount;
        draft.line.arithmetic.push(sentence.clone());
        if is_cut {
            draft.line.arithmetic.push(format!("of this on {base} under this mode: {amount}"));
        }
        findings.extend(cards::unapproved(card, &draft.line, &books.settings.state.currency));
        lines.push(draft);
    }
    Ok(lines)
}

fn circle(groups: &Groups<'_>) -> Finding {
    let open: BTreeSet<&ServiceCode> = groups.keys().map(|(service, _)| *service).collect();
    let path = |(service, of): &(&ServiceCode, BTreeSet<&ServiceCode>)| {
        let on: Vec<&str> = of.intersection(&open).map(|service| service.as_str()).collect();
        format!("{service} is taken on {}", on.join(" and "))
    };
    let paths: Vec<String> = groups.keys().map(path).collect();
    let card = groups.values().flatten().next();
    let place = card.map_or_else(Place::default, |card| Place::file(card.file.as_str()).row(card.line));
    let why = format!("A fee cannot be part of its own base: {}.", paths.join("; "));
    let fix = "Name in each percent card only services whose lines do not depend on it.";
    Finding::new(Code::FeeCycle, place.column("percent_of"), why, fix)
}
