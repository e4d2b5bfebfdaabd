//! Conditions that remember what they said about a text, and the part of a row that rules read at all.

use super::service_now::ServiceNow;
use crate::model::charge::Dimension;
use crate::model::roll_up::{Row, Symbol};
use crate::model::settings::{Condition, Field, OwnerResult, Pattern, Settings};
use chrono::NaiveDate;
use hashbrown::HashMap;
use std::rc::Rc;

/// Texts are compared without case and blanks around.
pub(super) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A condition on one place of the key. Each text is matched once, however many rows carry it.
pub(super) struct Test {
    /// None for a tag that no row carries: it is compared as an empty text.
    place: Option<usize>,
    pattern: Pattern,
    seen: HashMap<Symbol, bool>,
}

impl Test {
    fn new(condition: &Condition, tags: &[String]) -> Self {
        let place = place_of(&condition.field, tags);
        Self { place, pattern: condition.pattern.clone(), seen: HashMap::new() }
    }

    fn passes(&mut self, row: &Row<'_>) -> bool {
        let Some(place) = self.place else { return self.pattern.matches("") };
        let pattern = &self.pattern;
        *self.seen.entry(row.symbol_at(place)).or_insert_with(|| pattern.matches(text_at(row, place)))
    }
}

/// All conditions of one rule, service or card.
pub(super) struct Tests(Vec<Test>);

impl Tests {
    pub fn new(conditions: &[Condition], tags: &[String]) -> Self {
        Self(conditions.iter().map(|condition| Test::new(condition, tags)).collect())
    }

    pub fn pass(&mut self, row: &Row<'_>) -> bool {
        self.0.iter_mut().all(|test| test.passes(row))
    }
}

fn place_of(field: &Field, tags: &[String]) -> Option<usize> {
    match field {
        Field::Dimension(dimension) => Some(*dimension as usize),
        Field::Tag(name) => tag_place(name, tags),
    }
}

fn tag_place(name: &str, tags: &[String]) -> Option<usize> {
    tags.iter().position(|tag| tag == name).map(|place| Dimension::ALL.len() + place)
}

fn text_at<'a>(row: &Row<'a>, place: usize) -> &'a str {
    match Dimension::ALL.get(place) {
        Some(&dimension) => row.text(dimension),
        None => row.tag_at(place - Dimension::ALL.len()),
    }
}

/// Which part of a row can change its ruling. Rows that agree in it are ruled alike.
pub(super) struct Reads<'a> {
    places: Vec<usize>,
    /// Resources and people that ServiceNow knows; all others are alike to the rules.
    asked: Vec<(Dimension, HashMap<Symbol, bool>)>,
    service_now: Rc<ServiceNow<'a>>,
    /// Days on which any rule, card or mode begins or ends.
    borders: Vec<NaiveDate>,
    key: Vec<u32>,
}

impl<'a> Reads<'a> {
    pub fn new(settings: &Settings, service_now: Rc<ServiceNow<'a>>, tags: &[String]) -> Self {
        let mut places: Vec<usize> = [
            Dimension::Provider,
            Dimension::BillingAccountId,
            Dimension::InvoiceId,
            Dimension::SubAccountId,
            Dimension::SubAccountName,
            Dimension::ServiceCode,
            Dimension::ServiceName,
            Dimension::ConsumedUnit,
            Dimension::BillingCurrency,
        ]
        .map(|dimension| dimension as usize)
        .into();
        let rules = settings.owner_rules.iter().flat_map(|rule| &rule.conditions);
        let services = settings.services.iter().flat_map(|service| service.matches.iter().flatten());
        let cards = settings.rate_cards.iter().flat_map(|card| &card.conditions);
        places.extend(rules.chain(services).chain(cards).filter_map(|condition| place_of(&condition.field, tags)));
        let mut asks_service_now = false;
        for rule in &settings.owner_rules {
            match &rule.owner {
                OwnerResult::AgencyOfTag(tag) => places.extend(tag_place(tag, tags)),
                // Provider and account are read in any case.
                OwnerResult::AgencyOfGroupTag(_) => places.push(Dimension::ResourceGroup as usize),
                OwnerResult::ServiceNow => asks_service_now = true,
                _ => {}
            }
        }
        places.sort_unstable();
        places.dedup();
        let tables = service_now.directory();
        let (resources, people) = (!tables.resources.is_empty(), !tables.people.is_empty());
        let asked = [(Dimension::ResourceId, resources), (Dimension::UserId, people)].into_iter();
        let asked = asked.filter(|(_, any)| asks_service_now && *any).map(|(asked, _)| (asked, HashMap::new()));
        Self { places, asked: asked.collect(), service_now, borders: borders(settings), key: Vec::new() }
    }

    pub fn of(&mut self, row: &Row<'_>) -> &[u32] {
        self.key.clear();
        self.key.extend(self.places.iter().map(|&place| row.symbol_at(place).0));
        for (dimension, known) in &mut self.asked {
            let symbol = row.symbol(*dimension);
            let is_known = || self.service_now.knows(*dimension, row.text(*dimension));
            let is_known = *known.entry(symbol).or_insert_with(is_known);
            self.key.push(if is_known { symbol.0 } else { Symbol::EMPTY.0 });
        }
        let day = row.day();
        self.key.push(self.borders.partition_point(|&border| border <= day) as u32);
        let sums = row.sums();
        let missing = [sums.effective.is_none(), sums.list.is_none(), sums.contracted.is_none()];
        let flags = missing.into_iter().chain([sums.quantity.is_zero()]);
        self.key.push(flags.fold(0, |bits, flag| bits << 1 | u32::from(flag)));
        &self.key
    }
}

fn borders(settings: &Settings) -> Vec<NaiveDate> {
    let rules = settings.owner_rules.iter().map(|rule| rule.valid);
    let cards = settings.rate_cards.iter().map(|card| card.valid);
    let modes = settings.modes.iter().map(|rule| rule.valid);
    let agencies = settings.agencies.iter().map(|agency| agency.valid);
    let valid = rules.chain(cards).chain(modes).chain(agencies);
    let mut borders: Vec<NaiveDate> = valid.flat_map(|valid| [valid.from, valid.to]).flatten().collect();
    let notice = settings.state.gates.notice_days;
    borders.extend(settings.rate_cards.iter().filter_map(|card| card.notice_over(notice)));
    borders.sort_unstable();
    borders.dedup();
    borders
}
