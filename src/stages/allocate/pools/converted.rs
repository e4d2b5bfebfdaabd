//! What of a pool's charges was in another currency: its lines say so.

use super::{Desk, Intake};
use crate::model::exchange::Exchange;
use crate::model::money::{Cost, Overflow};
use std::collections::BTreeMap;

impl Desk<'_, '_> {
    /// Each other currency of the pool's own charges, with a sentence that tells its rate.
    pub fn converted(&self, intake: &Intake<'_>) -> Result<Vec<(String, String)>, Overflow> {
        let mut sums: BTreeMap<&str, (Cost, Cost)> = BTreeMap::new();
        let charges = intake.members.iter().map(|&place| &self.charges[place]);
        for charge in charges.filter(|charge| !charge.section.currency.is_empty()) {
            let own = self.books.roll_up.row(charge.row).sums();
            let (sum, in_books) = sums.entry(&charge.section.currency).or_default();
            *sum = sum.checked_add(own.basis(charge.basis).unwrap_or(own.billed))?;
            *in_books = in_books.checked_add(charge.cost)?;
        }
        let exchange = Exchange::new(self.books.settings, self.books.month);
        let keeps = &self.books.settings.state.currency;
        let told = |(currency, (own, in_books)): (&str, (Cost, Cost))| {
            let words = exchange.rate(currency)?.in_words();
            Some((currency.to_owned(), format!("of this {own} {currency} at {keeps} {words} = {in_books} {keeps}")))
        };
        Ok(sums.into_iter().filter_map(told).collect())
    }
}
