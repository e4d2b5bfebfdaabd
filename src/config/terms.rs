//! Conditions made ready to be compared with each other: thousands of rules are compared in pairs, so letters are folded
//! once and texts without `*` are compared as they are.

use super::sheet::field_name;
use crate::model::settings::{Condition, Pattern};
use hashbrown::HashMap;

/// The conditions of one row, by field.
pub struct Terms(Vec<Term>);

struct Term {
    field: String,
    folded: String,
    /// Holds a `*`.
    open: bool,
}

impl Terms {
    pub fn of(conditions: &[Condition]) -> Self {
        let term = |condition: &Condition| Term {
            field: field_name(&condition.field).to_lowercase(),
            folded: condition.pattern.0.trim().to_lowercase(),
            open: condition.pattern.0.contains('*'),
        };
        let mut terms: Vec<Term> = conditions.iter().map(term).collect();
        terms.sort_by(|a, b| a.field.cmp(&b.field));
        Self(terms)
    }

    /// Whether every charge that satisfies the other satisfies this one as well.
    pub fn contains(&self, narrow: &Self) -> bool {
        self.0.iter().all(|wide| narrow.on(&wide.field).any(|other| wide.fits(other)))
    }

    /// Whether one charge can satisfy both: on a field that both name, one pattern must fit the other's text.
    pub fn meet(&self, other: &Self) -> bool {
        self.0.iter().all(|one| other.on(&one.field).all(|two| one.fits(two) || two.fits(one)))
    }

    pub fn same_fields(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(one, two)| one.field == two.field)
    }

    fn on(&self, field: &str) -> impl Iterator<Item = &Term> {
        self.0.iter().filter(move |term| term.field == field)
    }
}

/// Rules by their longest text without `*`: one that says an account is only compared with others that say the same.
#[derive(Default)]
pub struct Index {
    by_text: HashMap<(String, String), Vec<usize>>,
    without: Vec<usize>,
    all: Vec<usize>,
}

impl Index {
    /// Rules before this one are added in their order.
    pub fn add(&mut self, number: usize, terms: &Terms) {
        self.all.push(number);
        let closed = terms.0.iter().filter(|term| !term.open).max_by_key(|term| term.folded.len());
        match closed {
            Some(term) => self.by_text.entry((term.field.clone(), term.folded.clone())).or_default().push(number),
            None => self.without.push(number),
        }
    }

    /// Every rule added so far that can contain these terms or meet them on the same fields, in their order.
    pub fn candidates(&self, terms: &Terms) -> Vec<usize> {
        if terms.0.iter().any(|term| term.open) {
            return self.all.clone();
        }
        let with = |term: &Term| self.by_text.get(&(term.field.clone(), term.folded.clone())).into_iter().flatten();
        let mut numbers: Vec<usize> = terms.0.iter().flat_map(with).chain(&self.without).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

impl Term {
    fn fits(&self, other: &Self) -> bool {
        if self.open { Pattern(self.folded.clone()).matches(&other.folded) } else { self.folded == other.folded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::Field;

    fn terms(conditions: &[(&str, &str)]) -> Terms {
        let condition = |&(tag, pattern): &(&str, &str)| Condition {
            field: Field::Tag(tag.to_owned()),
            pattern: Pattern(pattern.to_owned()),
        };
        Terms::of(&conditions.iter().map(condition).collect::<Vec<_>>())
    }

    #[test]
    fn what_contains_and_what_meets() {
        for (wide, narrow, contains, meets) in [
            (&[][..], &[("a", "x")][..], true, true),
            (&[("a", "X ")], &[("A", "x"), ("b", "y")], true, true),
            (&[("a", "x*")], &[("a", "xy")], true, true),
            (&[("a", "xy")], &[("a", "x*")], false, true),
            (&[("a", "x")], &[("a", "y")], false, false),
            (&[("a", "x")], &[("b", "y")], false, true),
        ] {
            let (one, two) = (terms(wide), terms(narrow));
            assert_eq!((one.contains(&two), one.meet(&two)), (contains, meets), "{wide:?} {narrow:?}");
        }
    }
}
