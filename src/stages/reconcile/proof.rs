//! How a law is checked: pair by pair, and told by the pairs that differ.

use super::sums::{self, Sum};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::proof::LawResult;

/// So many differing pairs of one law are shown; a law that is broken everywhere needs no list of everything.
const SHOWN: usize = 20;

pub type Check<S> = fn(&S, &mut Proof) -> Result<(), Overflow>;

pub struct Proof {
    law: u8,
    about: &'static str,
    /// The first pair: shown when all hold.
    headline: Option<LawResult>,
    failed: Vec<LawResult>,
}

impl Proof {
    /// The law's results: one line when every pair holds, otherwise the pairs that do not.
    pub fn of<S>(law: u8, about: &'static str, check: Check<S>, subject: &S) -> Vec<LawResult> {
        let mut proof = Self { law, about, headline: None, failed: Vec::new() };
        if let Err(Overflow) = check(subject, &mut proof) {
            proof.pair("", ("sum", Overflow.to_string()), ("expected", "a sum in range".to_owned()));
        }
        let Self { mut failed, headline, .. } = proof;
        if failed.is_empty() {
            let nothing = || result(law, about, "", ("pairs", "0".to_owned()), ("differing", "0".to_owned()));
            return vec![headline.unwrap_or_else(nothing)];
        }
        let more = failed.len().saturating_sub(SHOWN);
        failed.truncate(SHOWN);
        if more > 0 {
            failed.push(result(
                law,
                about,
                "further places",
                ("differing", more.to_string()),
                ("expected", "0".to_owned()),
            ));
        }
        failed
    }

    /// Two texts that must be equal. `place` names where they were found; blank for the whole month.
    pub fn pair(&mut self, place: &str, left: (&'static str, String), right: (&'static str, String)) {
        let result = result(self.law, self.about, place, left, right);
        if !result.passes {
            self.failed.push(result);
        } else if self.headline.is_none() {
            self.headline = Some(result);
        }
    }

    pub fn costs(&mut self, place: &str, left: (&'static str, Cost), right: (&'static str, Cost)) {
        if left.1 != right.1 || self.headline.is_none() {
            self.pair(place, (left.0, sums::text(left.1)), (right.0, sums::text(right.1)));
        }
    }

    pub fn money(&mut self, place: &str, left: (&'static str, Money), right: (&'static str, Money)) {
        self.costs(place, (left.0, Cost::from_money(left.1)), (right.0, Cost::from_money(right.1)));
    }

    pub fn counts(&mut self, place: &str, left: (&'static str, u64), right: (&'static str, u64)) {
        self.pair(place, (left.0, left.1.to_string()), (right.0, right.1.to_string()));
    }

    /// Something that must not be there at all.
    pub fn refuse(&mut self, place: &str, found: String, allowed: &str) {
        self.pair(place, ("found", found), ("allowed", allowed.to_owned()));
    }
}

/// Sums by a name, in the order of the names.
pub fn by<K: Ord>(
    items: impl IntoIterator<Item = (K, Money)>,
) -> Result<std::collections::BTreeMap<K, Cost>, Overflow> {
    let mut sums = std::collections::BTreeMap::new();
    for (key, amount) in items {
        let sum: &mut Cost = sums.entry(key).or_default();
        *sum = sum.checked_add(Cost::from_money(amount))?;
    }
    Ok(sums)
}

pub fn total<'a>(sums: impl IntoIterator<Item = &'a Cost>) -> Sum {
    Cost::total(sums.into_iter().copied())
}

fn result(law: u8, about: &str, place: &str, left: (&'static str, String), right: (&'static str, String)) -> LawResult {
    LawResult {
        law,
        about: if place.is_empty() { about.to_owned() } else { format!("{about}: {place}") },
        left_name: left.0.to_owned(),
        passes: left.1 == right.1,
        left: left.1,
        right_name: right.0.to_owned(),
        right: right.1,
    }
}
