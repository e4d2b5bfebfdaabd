//! Tags that a charge inherits: what the tagged charges of its resource group or its account say.
//!
//! Whoever tags a resource group tags what lies in it, and vendors export that for some resources and not for others. All
//! charges of the month are asked, so the order of rows decides nothing; where they disagree, nobody is guessed.

use crate::model::charge::Dimension;
use crate::model::roll_up::{RollUp, Row, Symbol};
use crate::model::settings::{OwnerResult, Settings};
use hashbrown::HashMap;
use std::collections::BTreeSet;

/// What is tagged together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Level {
    Group,
    Account,
}

type Place = [Symbol; 3];

#[derive(Default)]
pub(super) struct Inherited(HashMap<(Level, String), HashMap<Place, BTreeSet<String>>>);

impl Inherited {
    /// Only what some rule asks for.
    pub fn new(settings: &Settings, roll_up: &RollUp) -> Self {
        let mut asked: HashMap<(Level, String), HashMap<Place, BTreeSet<String>>> = HashMap::new();
        for rule in &settings.owner_rules {
            match &rule.owner {
                OwnerResult::AgencyOfGroupTag(tag) => asked.entry((Level::Group, tag.clone())).or_default(),
                OwnerResult::AgencyOfAccountTag(tag) => asked.entry((Level::Account, tag.clone())).or_default(),
                _ => continue,
            };
        }
        for ((level, tag), by_place) in &mut asked {
            let mut last: Option<(Place, Symbol)> = None;
            let Some(number) = roll_up.tags().iter().position(|known| known == tag) else { continue };
            for row in roll_up.rows() {
                let symbol = row.symbol_at(Dimension::ALL.len() + number);
                let Some(place) = level.of(&row).filter(|_| symbol != Symbol::EMPTY) else { continue };
                // Rows come in order, so the same again is most often the next.
                if last.replace((place, symbol)) != Some((place, symbol)) {
                    let text = row.tag_at(number).trim();
                    if !text.is_empty() {
                        by_place.entry(place).or_default().insert(text.to_owned());
                    }
                }
            }
        }
        Self(asked)
    }

    /// The values of the tag that charges of the same group or account have.
    pub fn values(&self, level: Level, tag: &str, row: &Row<'_>) -> impl Iterator<Item = &str> {
        let by_place = self.0.get(&(level, tag.to_owned()));
        let values = by_place.zip(level.of(row)).and_then(|(by_place, place)| by_place.get(&place));
        values.into_iter().flatten().map(String::as_str)
    }
}

impl Level {
    fn of(self, row: &Row<'_>) -> Option<Place> {
        let (provider, account) = (row.symbol(Dimension::Provider), row.symbol(Dimension::SubAccountId));
        let group = row.symbol(Dimension::ResourceGroup);
        match self {
            Self::Group => (group != Symbol::EMPTY).then_some([provider, account, group]),
            Self::Account => (account != Symbol::EMPTY).then_some([provider, account, Symbol::EMPTY]),
        }
    }

    /// `resource group rg-web`, `account 333344445555`.
    pub fn in_words(self, row: &Row<'_>) -> String {
        match self {
            Self::Group => format!("resource group {}", row.text(Dimension::ResourceGroup)),
            Self::Account => format!("account {}", row.text(Dimension::SubAccountId)),
        }
    }
}
