//! Whether a card may be charged or only shown: it is approved, it is meant for charging, and the agencies knew of an
//! increase long enough before.

use super::card::{RateCard, RateModel, Tier, Use};
use super::finding::{Code, Finding, Place};
use super::money::Exact;
use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;

/// Why a card is for showback only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShownOnly {
    Unapproved,
    /// By its own `use`.
    Declared,
    /// An increase; the day from which it may be charged, if the agencies have been told.
    Notice {
        from: Option<NaiveDate>,
        days: u32,
    },
}

impl ShownOnly {
    /// What to tell of a card that is charged nevertheless: `said` is a clause, without its full stop.
    pub fn finding(&self, card: &RateCard, said: &str) -> Finding {
        let place = Place::file(card.file.as_str()).row(card.line);
        match self {
            Self::Unapproved => {
                let fix = "Fill approved_by and approved_on once it is approved, or set the service to showback in modes.csv.";
                let why = format!("{said}, and nobody has approved it.");
                Finding::new(Code::RateUnapproved, place.column("approved_by"), why, fix)
            }
            Self::Declared => {
                let fix = "Set the service to showback in modes.csv for these days, or correct the card's use.";
                let why = format!("{said}, and by its own word it is for showback only.");
                Finding::new(Code::RateShownOnly, place.column("use").value("showback"), why, fix)
            }
            Self::Notice { from: Some(from), days } => {
                let told = card.terms.notice_on.map_or_else(String::new, |day| day.to_string());
                let why = format!(
                    "{said}. It is a raise, and its notice of {days} days is over on {from} only; until then it is for showback."
                );
                let fix = "Let the version start when the notice is over, or set the service to showback in modes.csv until then.";
                Finding::new(Code::RateNotice, place.column("notice_on").value(told), why, fix)
            }
            Self::Notice { from: None, days } => {
                let why =
                    format!("{said}. It is a raise that asks for a notice of {days} days, and nobody was told of it.");
                let fix = "Fill notice_on with the day on which the agencies were told, or set the service to showback in modes.csv.";
                Finding::new(Code::RateNotice, place.column("notice_on"), why, fix)
            }
        }
    }
}

impl RateCard {
    /// Why the card may not be charged for what was used on a day; none where it may.
    pub fn shown_only(&self, cards: &[Self], notice_days: u32, day: NaiveDate) -> Option<ShownOnly> {
        if !self.is_approved() {
            return Some(ShownOnly::Unapproved);
        }
        if self.terms.purpose == Use::Showback {
            return Some(ShownOnly::Declared);
        }
        if notice_days == 0 || !self.before(cards).is_some_and(|before| self.is_more_than(before)) {
            return None;
        }
        let from = self.notice_over(notice_days);
        from.is_none_or(|from| day < from).then_some(ShownOnly::Notice { from, days: notice_days })
    }

    /// The day on which the notice of the card is over.
    pub fn notice_over(&self, notice_days: u32) -> Option<NaiveDate> {
        self.terms.notice_on.and_then(|told| told.checked_add_days(Days::new(notice_days.into())))
    }

    /// The card that this one follows: the version before it, or the newest of the rate that it supersedes.
    fn before<'a>(&self, cards: &'a [Self]) -> Option<&'a Self> {
        let earlier = cards.iter().filter(|card| card.rate_id == self.rate_id && card.version < self.version);
        let superseded = cards.iter().filter(|card| Some(&card.rate_id) == self.terms.supersedes.as_ref());
        earlier.max_by_key(|card| card.version).or_else(|| superseded.max_by_key(|card| card.version))
    }

    /// Whether anybody can have to pay more. Two cards that cannot be compared count as an increase.
    pub fn is_more_than(&self, before: &Self) -> bool {
        let (terms, earlier) = (&self.terms, &before.terms);
        let is_more = |one: Decimal, per: Decimal, other: Decimal, other_per: Decimal| {
            let of = |price, per| Exact::from_decimal(price).divided_by(&Exact::from_decimal(per));
            of(one, per) > of(other, other_per)
        };
        let bounds = terms.minimum > earlier.minimum
            || terms.included.unwrap_or_default() < earlier.included.unwrap_or_default()
            || terms.maximum.is_none() && earlier.maximum.is_some()
            || terms.maximum.zip(earlier.maximum).is_some_and(|(now, before)| now > before);
        let counts_otherwise = (terms.window, terms.count_by) != (earlier.window, earlier.count_by);
        if bounds || counts_otherwise {
            return true;
        }
        use RateModel::{Assessment, CostPlus, Flat, Graduated, Package, PassThrough, Percent, Step, Unit, Volume};
        match (&self.model, &before.model) {
            (PassThrough { basis }, PassThrough { basis: other }) => basis != other,
            (CostPlus { basis, percent }, CostPlus { basis: other, percent: before }) => {
                basis != other || percent > before
            }
            (Percent { percent, of }, Percent { percent: before, of: other }) => of != other || percent > before,
            (
                Unit { unit, unit_price, price_per, .. },
                Unit { unit: other, unit_price: before, price_per: per, .. },
            ) => unit != other || is_more(*unit_price, *price_per, *before, *per),
            (
                Graduated { unit, price_per, tiers, .. },
                Graduated { unit: other, price_per: per, tiers: before, .. },
            )
            | (Volume { unit, price_per, tiers, .. }, Volume { unit: other, price_per: per, tiers: before, .. }) => {
                let dearer = |(now, before): (&Tier, &Tier)| {
                    is_more(now.unit_price, *price_per, before.unit_price, *per) || now.amount > before.amount
                };
                let same_bounds = tiers.iter().map(|tier| tier.from).eq(before.iter().map(|tier| tier.from));
                unit != other || !same_bounds || tiers.iter().zip(before).any(dearer)
            }
            (Package { unit, size, unit_price, .. }, Package { unit: other, size: per, unit_price: before, .. })
            | (Step { unit, size, unit_price, .. }, Step { unit: other, size: per, unit_price: before, .. }) => {
                unit != other || size != per || unit_price > before
            }
            (Flat { amount }, Flat { amount: before }) | (Assessment { amount }, Assessment { amount: before }) => {
                amount > before
            }
            _ => true,
        }
    }
}
