//! Cards that are not for charges but for bill lines and driver tables: one for an agency and a month.

use crate::model::bill::BillLine;
use crate::model::codes::AgencyCode;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::Cost;
use crate::model::month::Month;
use crate::model::settings::{Agency, Mode, RateCard};

/// Cards of which an agency gets the narrowest.
pub(super) struct Alternatives<'a>(Vec<&'a RateCard>);

impl<'a> Alternatives<'a> {
    /// Those in force on the first day of the month, or else those that start in it: a change within a month counts from
    /// the next, because what they are applied to speaks of the whole month.
    pub fn in_month(all: Vec<&'a RateCard>, month: Month) -> Self {
        let of = |day| all.iter().copied().filter(|card| card.valid.covers(day)).collect::<Vec<_>>();
        let on_first = of(month.first_day());
        if !on_first.is_empty() {
            return Self(on_first);
        }
        let starts = all.iter().filter_map(|card| card.valid.from).filter(|&from| month.contains(from)).min();
        Self(starts.map(of).unwrap_or_default())
    }

    pub fn cards(&self) -> &[&'a RateCard] {
        &self.0
    }

    /// The narrowest card for an agency; two equally narrow ones are refused.
    pub fn choose(&self, agency: &Agency) -> Result<Option<&'a RateCard>, (&'a RateCard, &'a RateCard)> {
        let fitting = || self.0.iter().copied().filter(|card| card.scope.covers(agency));
        let Some(narrowest) = fitting().map(RateCard::narrowness).max() else { return Ok(None) };
        let mut best = fitting().filter(|card| card.narrowness() == narrowest);
        match (best.next(), best.next()) {
            (Some(one), Some(other)) => Err((one, other)),
            (only, _) => Ok(only),
        }
    }
}

pub(super) fn ambiguous(one: &RateCard, other: &RateCard, agency: &AgencyCode) -> Finding {
    let why = format!(
        "Rate {} version {} and rate {} version {} ({} line {}) fit service {} for agency {agency} equally well.",
        one.rate_id, one.version, other.rate_id, other.version, other.file, other.line, one.service
    );
    let fix = "End one of the two, or make one narrower by its scope.";
    Finding::new(Code::RateAmbiguous, Place::file(one.file.as_str()).row(one.line), why, fix)
}

/// A card nobody has approved may be shown, never charged.
pub(super) fn unapproved(card: &RateCard, line: &BillLine, currency: &str) -> Option<Finding> {
    let is_posted = matches!(line.mode, Mode::Chargeback | Mode::Absorbed);
    (is_posted && !card.is_approved()).then(|| {
        let why = format!(
            "Rate {} version {} makes a line of service {} for agency {}, and nobody has approved it.",
            card.rate_id, card.version, line.service, line.agency
        );
        let fix = "Fill approved_by and approved_on once it is approved, or set the service to showback in modes.csv.";
        let place = Place::file(card.file.as_str()).row(card.line).column("approved_by");
        Finding::new(Code::RateUnapproved, place, why, fix).at_stake(Cost::from_money(line.amount), currency)
    })
}
