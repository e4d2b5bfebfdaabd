//! Cards that are not for charges but for bill lines and driver tables: one for an agency and a day.

use super::Books;
use crate::model::bill::BillLine;
use crate::model::codes::AgencyCode;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::Cost;
use crate::model::month::Month;
use crate::model::settings::{Agency, Mode, RateCard};
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// Cards of one thing, of which an agency gets the narrowest in force: from each day of the month on which one of them
/// starts or ends.
pub(super) struct Alternatives<'a> {
    month: Month,
    spans: Vec<(NaiveDate, Vec<&'a RateCard>)>,
}

/// What an agency gets in each span of the month; none where no card is in force.
pub(super) type Choices<'a> = Vec<Option<&'a RateCard>>;

impl<'a> Alternatives<'a> {
    pub fn new(all: &[&'a RateCard], month: Month) -> Self {
        let changes = all.iter().flat_map(|card| [card.valid.from, card.valid.to]).flatten();
        let mut days: BTreeSet<NaiveDate> = changes.filter(|&day| month.contains(day)).collect();
        days.insert(month.first_day());
        let on = |day| all.iter().copied().filter(|card| card.valid.covers(day)).collect();
        Self { month, spans: days.into_iter().map(|day| (day, on(day))).collect() }
    }

    /// The first card that is in force on any day; none where nothing is in force all month.
    pub fn first(&self) -> Option<&'a RateCard> {
        self.spans.iter().flat_map(|(_, cards)| cards).copied().next()
    }

    /// The place of a day's span. A row that is dated outside the month counts on the month's nearest day.
    pub fn span(&self, day: NaiveDate) -> usize {
        self.spans.partition_point(|(from, _)| *from <= day).saturating_sub(1)
    }

    /// First and last day of a span.
    pub fn days(&self, span: usize) -> (NaiveDate, NaiveDate) {
        let from = self.spans.get(span).map_or_else(|| self.month.first_day(), |(from, _)| *from);
        let next = self.spans.get(span + 1).and_then(|(from, _)| from.pred_opt());
        (from, next.unwrap_or_else(|| self.month.last_day()))
    }

    /// The narrowest card for an agency in each span; two equally narrow ones are refused.
    pub fn choose(&self, agency: &Agency) -> Result<Choices<'a>, (&'a RateCard, &'a RateCard)> {
        self.spans.iter().map(|(_, cards)| narrowest(cards, agency)).collect()
    }
}

fn narrowest<'a>(
    cards: &[&'a RateCard],
    agency: &Agency,
) -> Result<Option<&'a RateCard>, (&'a RateCard, &'a RateCard)> {
    let fitting = || cards.iter().copied().filter(|card| card.scope.covers(agency));
    let Some(narrowest) = fitting().map(RateCard::narrowness).max() else { return Ok(None) };
    let mut best = fitting().filter(|card| card.narrowness() == narrowest);
    match (best.next(), best.next()) {
        (Some(one), Some(other)) => Err((one, other)),
        (only, _) => Ok(only),
    }
}

/// The one card of all spans, if there is but one.
pub(super) fn only<'a>(choices: &Choices<'a>) -> Option<&'a RateCard> {
    let first = (*choices.first()?)?;
    choices.iter().all(|choice| choice.is_some_and(|card| std::ptr::eq(card, first))).then_some(first)
}

/// A card that starts or ends within the month, for what is known of the whole month only.
pub(super) fn within_month(card: &RateCard, month: Month, what: &str) -> Finding {
    let starts = card.valid.from.filter(|&from| month.contains(from) && from != month.first_day());
    let (column, said, day) = match (starts, card.valid.to) {
        (Some(from), _) => ("effective_from", "starts", Some(from)),
        (None, to) => ("effective_to", "ends", to),
    };
    let day = day.map_or_else(String::new, |day| day.to_string());
    let why = format!(
        "Rate {} version {} {said} within {month}, and {what} by day, so nobody can tell which part it prices.",
        card.rate_id, card.version
    );
    let fix = format!(
        "Let the change take effect on the first of a month: {}, or {}.",
        month.first_day(),
        month.next().first_day()
    );
    let place = Place::file(card.file.as_str()).row(card.line).column(column).value(day);
    Finding::new(Code::RateWithinMonth, place, why, fix)
}

pub(super) fn ambiguous(one: &RateCard, other: &RateCard, agency: &AgencyCode) -> Finding {
    let why = format!(
        "Rate {} version {} and rate {} version {} ({} line {}) fit service {} for agency {agency} equally well.",
        one.rate_id, one.version, other.rate_id, other.version, other.file, other.line, one.service
    );
    let fix = "End one of the two, or make one narrower by its scope.";
    Finding::new(Code::RateAmbiguous, Place::file(one.file.as_str()).row(one.line), why, fix)
}

/// A card that is for showback only, and makes a line that is posted.
pub(super) fn shown_only(books: Books<'_>, card: &RateCard, line: &BillLine) -> Option<Finding> {
    if !matches!(line.mode, Mode::Chargeback | Mode::Absorbed) {
        return None;
    }
    let day = card.valid.from.map_or(books.month.first_day(), |from| from.max(books.month.first_day()));
    let state = &books.settings.state;
    let why = card.shown_only(&books.settings.rate_cards, state.gates.notice_days, day)?;
    let (rate, version, service, agency) = (&card.rate_id, card.version, &line.service, &line.agency);
    let said = format!("Rate {rate} version {version} makes a line of service {service} for agency {agency}");
    Some(why.finding(card, &said).at_stake(Cost::from_money(line.amount), &state.currency))
}
