//! Sums that are compared: exact, of costs and of money alike, and how they are written.

use crate::model::money::{Cost, Money, Overflow};

pub type Sum = Result<Cost, Overflow>;

pub fn of_money(items: impl IntoIterator<Item = Money>) -> Sum {
    Cost::total(items.into_iter().map(Cost::from_money))
}

/// Whole cents as `17168.00`, anything finer with all its digits.
pub fn text(cost: Cost) -> String {
    cost.whole_cents().map_or_else(|| cost.to_string(), |money| money.to_string())
}
