//! The one card that prices a charge on its day: the narrowest that fits, and never one of two.

use super::matching::Tests;
use crate::model::codes::ServiceCode;
use crate::model::roll_up::Row;
use crate::model::settings::{Agency, RateCard, Scope, Settings};
use std::collections::BTreeMap;

pub(super) struct Cards<'a> {
    settings: &'a Settings,
    /// Cards that price charges, by service; the number is the place in the settings.
    by_service: BTreeMap<&'a ServiceCode, Vec<(usize, Tests)>>,
}

pub(super) enum Choice<'a> {
    One(&'a RateCard),
    /// `elsewhere`: the service has cards that fit on other days.
    None {
        elsewhere: bool,
    },
    /// Two equally narrow cards, by their place in the settings.
    Several(usize, usize),
}

impl<'a> Cards<'a> {
    pub fn new(settings: &'a Settings, tags: &[String]) -> Self {
        let mut by_service: BTreeMap<&ServiceCode, Vec<(usize, Tests)>> = BTreeMap::new();
        for (number, card) in settings.rate_cards.iter().enumerate() {
            // A percentage is taken of bill lines, never of charges.
            if card.model.prices_charges() {
                let tests = Tests::new(&card.conditions, tags);
                by_service.entry(&card.service).or_default().push((number, tests));
            }
        }
        Self { settings, by_service }
    }

    /// The card for an agency's charge; without an agency only cards for all are asked.
    pub fn choose(&mut self, service: &ServiceCode, agency: Option<&Agency>, row: &Row<'_>) -> Choice<'a> {
        let Some(cards) = self.by_service.get_mut(service) else { return Choice::None { elsewhere: false } };
        let settings = self.settings;
        let mut elsewhere = false;
        let mut best: Vec<usize> = Vec::new();
        for (number, tests) in cards {
            let card = &settings.rate_cards[*number];
            let for_agency = agency.map_or(card.scope == Scope::All, |agency| card.scope.covers(agency));
            if !for_agency || !tests.pass(row) {
                continue;
            }
            if !card.valid.covers(row.day()) {
                elsewhere = true;
                continue;
            }
            let narrowest = best.first().map(|&first| settings.rate_cards[first].narrowness());
            match narrowest.map(|narrowest| card.narrowness().cmp(&narrowest)) {
                Some(std::cmp::Ordering::Less) => {}
                Some(std::cmp::Ordering::Equal) => best.push(*number),
                None | Some(std::cmp::Ordering::Greater) => best = vec![*number],
            }
        }
        match best[..] {
            [] => Choice::None { elsewhere },
            [only] => Choice::One(&settings.rate_cards[only]),
            [first, second, ..] => Choice::Several(first, second),
        }
    }

    pub fn number(&self, card: &RateCard) -> usize {
        self.settings.rate_cards.iter().position(|other| std::ptr::eq(other, card)).unwrap_or_default()
    }
}
