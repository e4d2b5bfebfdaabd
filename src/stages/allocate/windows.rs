//! Cards that count: tiers, packages, steps, included units. A window is priced on its total, each row has its part by
//! quantity, and each line is rounded once.

use super::Books;
use super::direct::{Keys, LineKey};
use super::lines::{Draft, Treatment, rounded_in_words};
use crate::model::bill::{LineKind, RatedCharge};
use crate::model::card::CountWindow;
use crate::model::charge::Dimension;
use crate::model::codes::AgencyCode;
use crate::model::money::{Exact, Money, Overflow, Quantity};
use crate::model::pricing::{Counter, Pricing, Segment, Units};
use crate::model::roll_up::Symbol;
use crate::model::settings::{CountBy, RateCard, RateModel};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Windows of which a line tells the arithmetic one by one; those of the others are told together.
const TOLD: usize = 12;

impl<'a> Books<'a> {
    pub fn pricing(&self) -> Pricing<'a> {
        Pricing {
            month: self.month,
            fiscal_year_starts: self.settings.state.fiscal_year_starts,
            cards: &self.settings.rate_cards,
            families: self.families,
            counters: &self.settings.counters,
        }
    }
}

/// The quantity of a row in the card's own unit: a hundred for each `100 Hours`, where the card counts hours.
pub(super) fn quantity_of(books: Books<'_>, card: &RateCard, row: usize) -> Result<Quantity, Overflow> {
    let row = books.roll_up.row(row);
    row.sums().quantity.checked_mul(card.model.blocks_of(row.text(Dimension::ConsumedUnit)).unwrap_or(1))
}

/// Rows whose quantity a card counts, and the lines they belong to.
struct Counting<'a> {
    keys: Vec<LineKey>,
    /// Line and row of each unit, in the order of the rows.
    places: Vec<(usize, usize)>,
    units: Vec<Units<'a>>,
}

/// Lines for counted quantities, and what the fiscal year's windows have counted this month.
pub(super) fn counted(
    books: Books<'_>,
    charges: &[RatedCharge],
    counters: &mut Vec<Counter>,
) -> Result<Vec<Draft>, Overflow> {
    let (rows, holders) = rows(books, charges);
    if rows.rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut counting = Counting { keys: rows.keys, places: Vec::new(), units: Vec::new() };
    for (card, line, row, holder) in rows.rows {
        let quantity = quantity_of(books, card, row)?;
        counting.places.push((line, row));
        counting.units.push(Units { card, day: books.roll_up.row(row).day(), row, holder: &holders[holder], quantity });
    }
    let segments = books.pricing().segments(&counting.units)?;
    count_on(&segments, counters);
    lines(books, &counting, &segments)
}

/// What a later month of the fiscal year begins to count with.
pub(super) fn count_on(segments: &[Segment<'_>], counters: &mut Vec<Counter>) {
    let of_year = segments.iter().filter(|segment| segment.card.terms.window == CountWindow::FiscalYear);
    counters.extend(of_year.map(|segment| Counter {
        rate_id: segment.card.rate_id.clone(),
        version: segment.card.version,
        holder: segment.holder.to_owned(),
        quantity: segment.quantity,
    }));
}

struct Rows<'a> {
    keys: Vec<LineKey>,
    /// Card, line, row, and the place of the holder.
    rows: Vec<(&'a RateCard, usize, usize, usize)>,
}

fn rows<'a>(books: Books<'a>, charges: &[RatedCharge]) -> (Rows<'a>, Vec<String>) {
    let mut keys = Keys::new(books, LineKind::Unit);
    let mut cards: HashMap<usize, Option<&'a RateCard>> = HashMap::new();
    let mut known: HashMap<(CountBy, Option<&AgencyCode>, Symbol), usize> = HashMap::new();
    let (mut rows, mut holders) = (Vec::new(), Vec::new());
    for charge in charges {
        let Some(agency) = &charge.consumer else { continue };
        let card = *cards.entry(Arc::as_ptr(&charge.ruling) as usize).or_insert_with(|| {
            let card = charge.rate.as_ref().and_then(|rate| books.card(rate));
            card.filter(|card| books.families.needs_windows(card))
        });
        let Some(card) = card else { continue };
        let Some(line) = keys.of(charge, agency) else { continue };
        let row = books.roll_up.row(charge.row);
        let by = card.terms.count_by;
        let (of_agency, of_row) = match by {
            CountBy::Agency => (Some(agency), None),
            CountBy::State => (None, None),
            CountBy::Resource => (None, Some(Dimension::ResourceId)),
            CountBy::User => (None, Some(Dimension::UserId)),
            CountBy::Account => (None, Some(Dimension::SubAccountId)),
        };
        let symbol = of_row.map_or(Symbol::EMPTY, |dimension| row.symbol(dimension));
        let holder = *known.entry((by, of_agency, symbol)).or_insert_with(|| {
            holders.push(holder(by, agency, of_row.map_or("", |dimension| row.text(dimension))));
            holders.len() - 1
        });
        rows.push((card, line, charge.row, holder));
    }
    (Rows { keys: keys.keys, rows }, holders)
}

pub(super) fn holder(by: CountBy, agency: &AgencyCode, text: &str) -> String {
    match by {
        CountBy::Agency => format!("agency {agency}"),
        CountBy::State => "state".to_owned(),
        CountBy::Resource => format!("resource {text}"),
        CountBy::User => format!("user {text}"),
        CountBy::Account => format!("account {text}"),
    }
}

/// The units of one window on one line.
struct Share<'s> {
    segment: &'s Segment<'s>,
    units: Vec<usize>,
}

fn lines(books: Books<'_>, counting: &Counting<'_>, segments: &[Segment<'_>]) -> Result<Vec<Draft>, Overflow> {
    let mut of_lines: Vec<Vec<Share<'_>>> = Vec::new();
    of_lines.resize_with(counting.keys.len(), Vec::new);
    for (number, segment) in segments.iter().enumerate() {
        for &unit in &segment.members {
            let shares = &mut of_lines[counting.places[unit].0];
            match shares.last_mut() {
                Some(last) if std::ptr::eq(last.segment, &segments[number]) => last.units.push(unit),
                _ => shares.push(Share { segment, units: vec![unit] }),
            }
        }
    }
    // Lines that differ in their mode alone are rounded as one and cut.
    let mut wholes: BTreeMap<LineKey, Vec<(&LineKey, Vec<Share<'_>>)>> = BTreeMap::new();
    for (key, shares) in counting.keys.iter().zip(of_lines) {
        let whole = LineKey { treatment: Treatment::of_whole(), ..key.clone() };
        wholes.entry(whole).or_default().push((key, shares));
    }
    let mut drafts = Vec::new();
    for mut parts in wholes.into_values() {
        parts.sort_by(|a, b| a.0.cmp(b.0));
        drafts.extend(whole(books, counting, parts)?);
    }
    Ok(drafts)
}

fn whole(
    books: Books<'_>,
    counting: &Counting<'_>,
    parts: Vec<(&LineKey, Vec<Share<'_>>)>,
) -> Result<Vec<Draft>, Overflow> {
    let rounding = books.settings.state.rounding;
    let is_cut = parts.len() > 1;
    let (mut exact, mut billed) = (Exact::zero(), Money::ZERO);
    let mut drafts = Vec::new();
    for (key, shares) in parts {
        let Some(card) = shares.first().map(|share| share.segment.card) else { continue };
        let mut draft = books.draft(&key.agency, &key.service, LineKind::Unit, key.treatment.clone());
        draft.priced_by(card);
        draft.of_account(key.account.clone());
        let (before, exact_before) = (billed, exact.clone());
        let mut used = Quantity::ZERO;
        let mut told = Telling::default();
        for share in &shares {
            let (start, mut quantity) = (exact.clone(), Quantity::ZERO);
            for &unit in &share.units {
                quantity = quantity.checked_add(counting.units[unit].quantity)?;
                exact = start.plus(&part_of(share.segment, quantity));
                // Rounded sums up to each row, so that the rows' cents add up to the line's.
                let upto = exact.round(rounding)?;
                draft.details.push((counting.places[unit].1, upto.checked_sub(billed)?));
                billed = upto;
            }
            used = used.checked_add(quantity)?;
            told.add(share.segment, quantity, &exact.minus(&start));
        }
        fill(&mut draft, card, used);
        draft.line.amount = billed.checked_sub(before)?;
        let sum = exact.minus(&exact_before);
        let words = rounded_in_words(rounding);
        let sentence = if is_cut {
            format!("{}, {words} together with the lines of other modes: {}", sum.shown(12), draft.line.amount)
        } else {
            format!("{}, {words} to {}", sum.shown(12), draft.line.amount)
        };
        draft.line.arithmetic.extend(told.sentences());
        draft.line.arithmetic.push(sentence);
        drafts.push(draft);
    }
    Ok(drafts)
}

/// What so many of a window's units cost. A window that comes to nothing, as usage and its correction do, has no parts.
pub(super) fn part_of(segment: &Segment<'_>, quantity: Quantity) -> Exact {
    let share = quantity.exact().divided_by(&segment.quantity.exact());
    share.map_or_else(Exact::zero, |share| segment.amount.times(&share))
}

pub(super) fn fill(draft: &mut Draft, card: &RateCard, quantity: Quantity) {
    draft.line.quantity = Some(quantity);
    if let Some(counted) = card.model.counted() {
        draft.line.unit = counted.unit.to_owned();
    }
    draft.line.unit_price = price(card);
}

/// The price on the bill; of a card with tiers, that there are some.
fn price(card: &RateCard) -> String {
    use crate::model::pricing::price_in_words;
    match &card.model {
        RateModel::Unit { unit_price, price_per, .. } => price_in_words(*unit_price, *price_per),
        RateModel::Package { size, unit_price, .. } | RateModel::Step { size, unit_price, .. } => {
            price_in_words(*unit_price, *size)
        }
        _ => "by tier".to_owned(),
    }
}

/// The sentences of a line's windows.
#[derive(Default)]
pub(super) struct Telling {
    sentences: Vec<String>,
    more: usize,
    rest: Option<Exact>,
}

impl Telling {
    pub fn add(&mut self, segment: &Segment<'_>, quantity: Quantity, amount: &Exact) {
        if self.sentences.len() >= TOLD {
            self.more += 1;
            self.rest = Some(self.rest.take().unwrap_or_else(Exact::zero).plus(amount));
            return;
        }
        let of = if segment.card.terms.count_by == CountBy::Agency { "" } else { segment.holder };
        let of = if of.is_empty() { String::new() } else { format!("{of}: ") };
        let mut sentence = format!("{of}{}", segment.said);
        if quantity != segment.quantity {
            let (whole, part) = (segment.amount.shown(12), amount.shown(12));
            sentence.push_str(&format!("; of this {whole} x {quantity} / {} = {part}", segment.quantity));
        }
        self.sentences.push(sentence);
    }

    pub fn sentences(self) -> Vec<String> {
        let mut sentences = self.sentences;
        if let Some(rest) = self.rest {
            sentences.push(format!("{} more counts like these: {}", self.more, rest.shown(12)));
        }
        sentences
    }
}
