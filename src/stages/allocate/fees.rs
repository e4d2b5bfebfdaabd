//! Fees: a percentage of the net amounts of other lines, a line of its own, rounded once an agency and version of a card.

use super::Books;
use super::cards::{self, Alternatives, Choices};
use super::lines::{Draft, Treatment, cut, rounded_in_words};
use crate::model::bill::{LineKind, RateReference};
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Exact, Money, Overflow, apportion};
use crate::model::settings::{Agency, Mode, RateCard, RateModel, fraction};
use chrono::NaiveDate;
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

/// What a card asks above the vendor's cost that it passes on: never mixed with it.
pub(super) fn cost_plus(
    books: Books<'_>,
    drafts: &[Draft],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let mut bases: BTreeMap<(&AgencyCode, &RateReference), Vec<&Draft>> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| draft.line.kind == LineKind::Direct) {
        if let Some(rate) = &draft.line.rate {
            bases.entry((&draft.line.agency, rate)).or_default().push(draft);
        }
    }
    let mut lines = Vec::new();
    for ((code, rate), base) in bases {
        let card = books.card(rate).filter(|card| matches!(card.model, RateModel::CostPlus { .. }));
        if let Some((card, agency)) = card.zip(books.settings.agency(code)) {
            let amounts = base.iter().map(|draft| (*draft, draft.line.amount));
            let part = Part::of(books, card, agency, amounts)?;
            let mut fees = of_agency(books, card, agency, part, &[], findings)?;
            for fee in &mut fees {
                fee.days = by_day(books, card, &base, fee)?;
            }
            lines.extend(fees);
        }
    }
    Ok(lines)
}

/// The cents of such a fee by the days of its base, by largest remainder: a fee on it may change within the month.
fn by_day(
    books: Books<'_>,
    card: &RateCard,
    base: &[&Draft],
    fee: &Draft,
) -> Result<Vec<(NaiveDate, Money)>, Overflow> {
    let RateModel::CostPlus { percent, .. } = &card.model else { return Ok(Vec::new()) };
    let own = books.treatment(&fee.line.agency, &card.service, books.month.first_day());
    let (first, last) = (books.month.first_day(), books.month.last_day());
    let mut sums: BTreeMap<NaiveDate, Money> = BTreeMap::new();
    for draft in base {
        let treated = weaker(&own, draft);
        if (treated.mode, &treated.absorbed_by) != (fee.line.mode, &fee.line.absorbed_by) {
            continue;
        }
        for &(row, cents) in &draft.details {
            let sum = sums.entry(books.roll_up.row(row).day().clamp(first, last)).or_default();
            *sum = sum.checked_add(cents)?;
        }
    }
    let exact: Vec<Exact> = sums.values().map(|sum| sum.exact().times(&fraction(*percent))).collect();
    let cents = apportion(fee.line.amount, &exact).map_err(|_| Overflow)?.cents;
    Ok(sums.into_keys().zip(cents).collect())
}

fn of_group(
    books: Books<'_>,
    all: Vec<&RateCard>,
    of: &BTreeSet<&ServiceCode>,
    drafts: &[Draft],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let alternatives = Alternatives::new(&all, books.month);
    let Some(first) = alternatives.first() else { return Ok(Vec::new()) };
    let mut base: BTreeMap<_, Vec<&Draft>> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| of.contains(&draft.line.service)) {
        base.entry(&draft.line.agency).or_default().push(draft);
    }
    let mut lines = Vec::new();
    let mut gap = Gap::default();
    for (code, base) in base {
        let Some(agency) = books.settings.agency(code) else { continue };
        let choices = match alternatives.choose(agency) {
            Ok(choices) => choices,
            Err((one, other)) => {
                findings.push(cards::ambiguous(one, other, code));
                continue;
            }
        };
        if let Some(card) = cards::only(&choices) {
            let amounts = base.iter().map(|draft| (*draft, draft.line.amount));
            let part = Part::of(books, card, agency, amounts)?;
            lines.extend(of_agency(books, card, agency, part, &[], findings)?);
        } else if choices.iter().any(Option::is_some) {
            let by_day = ByDay { books, alternatives: &alternatives, choices: &choices };
            lines.extend(by_day.lines(agency, &base, &mut gap, findings)?);
        }
    }
    findings.extend(gap.tell(books, first));
    Ok(lines)
}

/// An agency's base in a month in which its card changes: each amount counts on the day of its use.
struct ByDay<'a> {
    books: Books<'a>,
    alternatives: &'a Alternatives<'a>,
    choices: &'a Choices<'a>,
}

impl ByDay<'_> {
    fn lines(
        &self,
        agency: &Agency,
        base: &[&Draft],
        gap: &mut Gap,
        findings: &mut Vec<Finding>,
    ) -> Result<Vec<Draft>, Overflow> {
        let mut by_span: Vec<Vec<(&Draft, Money)>> = vec![Vec::new(); self.choices.len()];
        for draft in base {
            let Some(amounts) = self.amounts(draft)? else {
                let changing = self.choices.iter().rev().flatten().copied().next();
                let what = format!("the {} of {} are not known", draft.line.amount, draft.line.service);
                let finding = changing.map(|card| cards::within_month(card, self.books.month, &what));
                let stake = Cost::from_money(draft.line.amount);
                findings.extend(finding.map(|told| told.at_stake(stake, &self.books.settings.state.currency)));
                return Ok(Vec::new());
            };
            for (span, amount) in amounts {
                by_span[span].push((draft, amount));
            }
        }
        let mut versions: Vec<(&RateCard, Vec<usize>)> = Vec::new();
        for (span, choice) in self.choices.iter().enumerate() {
            match choice {
                None => gap.add(agency, self.alternatives.days(span), &by_span[span])?,
                Some(card) => match versions.iter_mut().find(|(known, _)| std::ptr::eq(*known, *card)) {
                    Some((_, spans)) => spans.push(span),
                    None => versions.push((card, vec![span])),
                },
            }
        }
        let mut lines = Vec::new();
        for (card, spans) in versions {
            let amounts = spans.iter().flat_map(|&span| by_span[span].iter().copied());
            let part = Part::of(self.books, card, agency, amounts)?;
            if !part.by_service.is_empty() {
                let days: Vec<_> = spans.iter().map(|&span| self.alternatives.days(span)).collect();
                lines.extend(of_agency(self.books, card, agency, part, &days, findings)?);
            }
        }
        Ok(lines)
    }

    /// A line's amounts by span, if they can be told apart. A fee on bill lines has neither rows nor one day; one on the
    /// vendor's cost has the days of that.
    fn amounts(&self, draft: &Draft) -> Result<Option<BTreeMap<usize, Money>>, Overflow> {
        if draft.line.kind == LineKind::Fee {
            let mut sums: BTreeMap<usize, Money> = BTreeMap::new();
            for &(day, cents) in &draft.days {
                let sum = sums.entry(self.alternatives.span(day)).or_default();
                *sum = sum.checked_add(cents)?;
            }
            let is_whole = Money::total(sums.values().copied())? == draft.line.amount;
            return Ok(is_whole.then_some(sums));
        }
        draft.by_span(self.books, |day| self.alternatives.span(day))
    }
}

/// Days on which agencies have a base, and no card is in force.
#[derive(Default)]
struct Gap {
    days: Option<(NaiveDate, NaiveDate)>,
    agencies: BTreeSet<AgencyCode>,
    amount: Money,
}

impl Gap {
    fn add(
        &mut self,
        agency: &Agency,
        (from, to): (NaiveDate, NaiveDate),
        base: &[(&Draft, Money)],
    ) -> Result<(), Overflow> {
        if base.iter().all(|(_, amount)| amount.is_zero()) {
            return Ok(());
        }
        let amount = Money::total(base.iter().map(|(_, amount)| *amount))?;
        self.amount = self.amount.checked_add(amount)?;
        self.agencies.insert(agency.code.clone());
        let (first, last) = self.days.unwrap_or((from, to));
        self.days = Some((first.min(from), last.max(to)));
        Ok(())
    }

    fn tell(self, books: Books<'_>, card: &RateCard) -> Option<Finding> {
        let (first, last) = self.days?;
        let agencies: Vec<&str> = self.agencies.iter().map(|code| code.as_str()).collect();
        let why = format!(
            "No percent card of service {} is in force on days from {first} to {last}, and so there is no fee on what these \
             agencies used on them: {}.",
            card.service,
            agencies.join(", ")
        );
        let fix = "Let a version begin where the other ends; one of 0 percent, if there is to be no fee on these days. Shares \
                   of pools and lines from driver tables count on the first day of the month.";
        let place = Place::file(card.file.as_str()).row(card.line).column("effective_from");
        let finding = Finding::new(Code::RateGap, place, why, fix);
        Some(finding.at_stake(Cost::from_money(self.amount), &books.settings.state.currency))
    }
}

/// What one card is taken on.
#[derive(Default)]
struct Part<'a> {
    by_service: BTreeMap<&'a ServiceCode, Money>,
    by_treatment: BTreeMap<Treatment, Money>,
}

impl<'a> Part<'a> {
    fn of(
        books: Books<'_>,
        card: &RateCard,
        agency: &Agency,
        amounts: impl Iterator<Item = (&'a Draft, Money)>,
    ) -> Result<Self, Overflow> {
        let own = books.treatment(&agency.code, &card.service, books.month.first_day());
        let mut part = Self::default();
        for (draft, amount) in amounts {
            let of_service = part.by_service.entry(&draft.line.service).or_default();
            for sum in [part.by_treatment.entry(weaker(&own, draft)).or_default(), of_service] {
                *sum = sum.checked_add(amount)?;
            }
        }
        Ok(part)
    }
}

/// A fee on what is not charged is not charged either.
fn weaker(own: &Treatment, draft: &Draft) -> Treatment {
    let of_line = Treatment { mode: draft.line.mode, absorbed_by: draft.line.absorbed_by.clone() };
    if of_line.mode < own.mode || own.mode == Mode::Chargeback { of_line } else { own.clone() }
}

/// The fee is rounded on the agency's whole base. Where lines of the base are treated differently it is cut: a fee on
/// what is not charged is not charged either. `days` are those of the card, where it is not in force all month.
fn of_agency(
    books: Books<'_>,
    card: &RateCard,
    agency: &Agency,
    part: Part<'_>,
    days: &[(NaiveDate, NaiveDate)],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Draft>, Overflow> {
    let (RateModel::Percent { percent, .. } | RateModel::CostPlus { percent, .. }) = &card.model else {
        return Ok(Vec::new());
    };
    let rounding = books.settings.state.rounding;
    let Part { by_service, by_treatment } = part;
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
    let exact: Vec<Exact> = by_treatment.values().map(|base| base.exact().times(&rate)).collect();
    let cents = cut(&exact, rounding)?;
    let is_cut = by_treatment.len() > 1;
    let mut lines = Vec::new();
    for ((treatment, base), amount) in by_treatment.into_iter().zip(cents) {
        let mut draft = books.draft(&agency.code, &card.service, LineKind::Fee, treatment);
        draft.priced_by(card);
        draft.line.unit = "percent".to_owned();
        draft.line.unit_price = percent.to_string();
        draft.line.amount = amount;
        draft.line.arithmetic.push(sentence.clone());
        draft.line.arithmetic.extend(days_in_words(days));
        if is_cut {
            draft.line.arithmetic.push(format!("of this on {base} under this mode: {amount}"));
        }
        findings.extend(cards::shown_only(books, card, &draft.line));
        lines.push(draft);
    }
    Ok(lines)
}

fn days_in_words(days: &[(NaiveDate, NaiveDate)]) -> Option<String> {
    let spans: Vec<String> = days.iter().map(|(from, to)| format!("{from} to {to}")).collect();
    let rest = "shares of pools and lines from driver tables count on the first day of the month";
    (!days.is_empty()).then(|| format!("taken on what was used from {}; {rest}", spans.join(" and from ")))
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
