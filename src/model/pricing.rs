//! What counted units cost: the arithmetic of rate cards over windows, exact, before any cent is made.
//!
//! A window (a charge, a day, the month, the fiscal year) is priced on its total, and each row of it has its part by
//! quantity, so that it does not matter how a vendor cut the usage into rows. A card that changes within a window goes on
//! counting where the one before stopped, unless it says otherwise: units used before the change fill the low tiers.

mod tiers;
mod words;

use super::card::{CountWindow, OnChange, Proration, RateCard, RateModel};
use super::money::{Exact, Overflow, Quantity};
use super::month::{FiscalPeriod, Month};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub use words::{in_words, price_in_words};

/// Units that a closed month of the fiscal year counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Counter {
    pub rate_id: String,
    pub version: u32,
    /// `agency DOH`, `resource i-0a1b`, `state`.
    pub holder: String,
    pub quantity: Quantity,
}

/// Units that a card prices, used on one day by one of those whose units are counted together.
#[derive(Clone, Debug)]
pub struct Units<'a> {
    pub card: &'a RateCard,
    pub day: NaiveDate,
    /// Order within a day, and what a window of one line holds together.
    pub row: usize,
    /// Whose units are counted together, as [`Counter::holder`].
    pub holder: &'a str,
    pub quantity: Quantity,
}

/// Units of one window under one version of a card, priced together.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    pub card: &'a RateCard,
    pub holder: &'a str,
    /// Places in the list of units, by day and row.
    pub members: Vec<usize>,
    pub quantity: Quantity,
    pub amount: Exact,
    /// The arithmetic in words: included units, then the price model.
    pub said: String,
}

/// What the arithmetic needs besides units and cards.
#[derive(Clone, Copy)]
pub struct Pricing<'a> {
    pub month: Month,
    pub fiscal_year_starts: u32,
    pub cards: &'a [RateCard],
    pub families: &'a Families<'a>,
    pub counters: &'a [Counter],
}

/// Rates that supersede each other: they count together.
#[derive(Clone, Debug, Default)]
pub struct Families<'a> {
    /// The rate at the beginning of each chain, by every rate of it.
    roots: BTreeMap<&'a str, &'a str>,
    /// Roots of which any card needs windows.
    windowed: BTreeSet<&'a str>,
}

impl<'a> Families<'a> {
    pub fn of(cards: &'a [RateCard]) -> Self {
        let mut earlier: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for card in cards {
            let superseded = earlier.entry(&card.rate_id).or_default();
            *superseded = superseded.or(card.terms.supersedes.as_deref());
        }
        let mut families = Self::default();
        for &rate in earlier.keys() {
            let mut root = rate;
            // A circle is refused when the books are read; here it only must end.
            for _ in 0..earlier.len() {
                match earlier.get(root).copied().flatten() {
                    Some(superseded) => root = superseded,
                    None => break,
                }
            }
            families.roots.insert(rate, root);
        }
        for card in cards {
            let is_plain = matches!(card.model, RateModel::Unit { .. }) && card.terms.included.is_none();
            if card.model.counted().is_some() && !is_plain {
                families.windowed.insert(families.root(&card.rate_id));
            }
        }
        families
    }

    pub fn root<'b>(&self, rate_id: &'b str) -> &'b str
    where
        'a: 'b,
    {
        self.roots.get(rate_id).copied().unwrap_or(rate_id)
    }

    /// Whether units must be counted before they can be priced. Quantity times one price needs no window, unless what it
    /// counts fills the tiers of a card after it.
    pub fn needs_windows(&self, card: &RateCard) -> bool {
        card.model.counted().is_some() && self.windowed.contains(self.root(&card.rate_id))
    }
}

/// The window that units belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Window {
    Line(usize),
    Day(NaiveDate),
    Month,
    FiscalYear,
}

/// How much of a window was counted, in units that cost something.
struct Count {
    /// Before the segment.
    before: Exact,
    segment: Exact,
    /// In closed months.
    closed: Exact,
    /// In the whole window, as far as it is known.
    total: Exact,
}

impl<'a> Pricing<'a> {
    /// Prices all units; each of them is a member of exactly one segment.
    pub fn segments(&self, units: &[Units<'a>]) -> Result<Vec<Segment<'a>>, Overflow> {
        let mut windows: BTreeMap<(&str, Window, &str), Vec<usize>> = BTreeMap::new();
        for (place, of) in units.iter().enumerate() {
            let root = self.families.root(&of.card.rate_id);
            let window = match of.card.terms.window {
                CountWindow::Line => Window::Line(of.row),
                CountWindow::Day => Window::Day(of.day),
                CountWindow::Month => Window::Month,
                CountWindow::FiscalYear => Window::FiscalYear,
            };
            windows.entry((root, window, of.holder)).or_default().push(place);
        }
        let mut segments = Vec::new();
        for ((root, window, holder), mut members) in windows {
            members.sort_by_key(|&place| (units[place].day, units[place].row));
            segments.extend(self.window(root, window, holder, units, members)?);
        }
        Ok(segments)
    }

    fn window(
        &self,
        root: &'a str,
        window: Window,
        holder: &'a str,
        units: &[Units<'a>],
        members: Vec<usize>,
    ) -> Result<Vec<Segment<'a>>, Overflow> {
        let mut runs: Vec<(&'a RateCard, Vec<usize>)> = Vec::new();
        for place in members {
            let card = units[place].card;
            match runs.last_mut() {
                Some((known, run)) if std::ptr::eq(*known, card) => run.push(place),
                _ => runs.push((card, vec![place])),
            }
        }
        let mut sums = Vec::with_capacity(runs.len());
        for (_, run) in &runs {
            sums.push(Quantity::total(run.iter().map(|&place| units[place].quantity))?);
        }
        let mut segments = Vec::with_capacity(runs.len());
        for (number, (card, members)) in runs.into_iter().enumerate() {
            let restarts = card.terms.on_change != OnChange::Continue;
            let counts_from = if restarts { number } else { 0 };
            // Whoever restarts after this one leaves its units out.
            let closed =
                if window == Window::FiscalYear { self.closed(root, card, holder, restarts)? } else { Quantity::ZERO };
            let before = Quantity::total(sums[counts_from..number].iter().copied())?.checked_add(closed)?;
            let total = Quantity::total(sums[counts_from..].iter().copied())?.checked_add(closed)?;
            let count = Count {
                before: before.exact(),
                segment: sums[number].exact(),
                closed: closed.exact(),
                total: total.exact(),
            };
            let scale = Scale::of(self, card, window);
            let (amount, said) = tiers::price(card, &count, &scale);
            segments.push(Segment { card, holder, members, quantity: sums[number], amount, said });
        }
        Ok(segments)
    }

    /// What closed months of the fiscal year counted: under this version alone, where it restarts.
    fn closed(&self, root: &str, card: &RateCard, holder: &str, own: bool) -> Result<Quantity, Overflow> {
        let counts = |counter: &&Counter| {
            let is_of_card = counter.rate_id == card.rate_id && counter.version == card.version;
            counter.holder == holder && if own { is_of_card } else { self.families.root(&counter.rate_id) == root }
        };
        Quantity::total(self.counters.iter().filter(counts).map(|counter| counter.quantity))
    }

    /// First day of a window and the day after its last.
    fn days(&self, window: Window) -> (NaiveDate, NaiveDate) {
        match window {
            Window::Line(_) => (self.month.first_day(), self.month.next().first_day()),
            Window::Day(day) => (day, day.succ_opt().unwrap_or(day)),
            Window::Month => (self.month.first_day(), self.month.next().first_day()),
            Window::FiscalYear => fiscal_year(self.month, self.fiscal_year_starts),
        }
    }
}

/// First day of the fiscal year of a month, and the first day after it.
pub fn fiscal_year(month: Month, starts: u32) -> (NaiveDate, NaiveDate) {
    let mut first = month;
    while FiscalPeriod::of(first, starts).period != 1 {
        first = first.previous();
    }
    let next = (0..12).fold(first, |month, _| month.next());
    (first.first_day(), next.first_day())
}

/// How many days of a span fall into another.
pub fn days_within(from: Option<NaiveDate>, to: Option<NaiveDate>, (first, end): (NaiveDate, NaiveDate)) -> i64 {
    let from = from.map_or(first, |from| from.max(first));
    let to = to.map_or(end, |to| to.min(end));
    (to - from).num_days().max(0)
}

/// What bounds and the included quantity are multiplied by where a card holds for a part of the window only.
struct Scale {
    bounds: Exact,
    included: Exact,
    said: String,
}

impl Scale {
    fn of(pricing: &Pricing<'_>, card: &RateCard, window: Window) -> Self {
        let one = || Exact::from_integer(1);
        let whole = Self { bounds: one(), included: one(), said: String::new() };
        if matches!(window, Window::Line(_) | Window::Day(_)) {
            return whole;
        }
        let span = pricing.days(window);
        let all = (span.1 - span.0).num_days();
        let own = days_within(card.valid.from, card.valid.to, span);
        let part = |days: i64| Exact::from_integer(days).divided_by(&Exact::from_integer(all)).unwrap_or_else(one);
        let said = |what: &str, days: i64| format!("{what} for {days} of {all} days");
        match (card.terms.on_change, card.terms.proration) {
            (OnChange::ProrateBounds, _) if own < all => {
                Self { bounds: part(own), included: part(own), said: said("bounds", own) }
            }
            (OnChange::Continue, Proration::Daily | Proration::Hourly) => {
                let root = pricing.families.root(&card.rate_id);
                let family = pricing.cards.iter().filter(|other| pricing.families.root(&other.rate_id) == root);
                let days =
                    family.map(|other| days_within(other.valid.from, other.valid.to, span)).sum::<i64>().min(all);
                if days == all || card.terms.included.is_none() {
                    return whole;
                }
                Self { bounds: one(), included: part(days), said: said("included units", days) }
            }
            _ => whole,
        }
    }
}
