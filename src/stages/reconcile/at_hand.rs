//! Charges that lie in files of no books, beside an invoice: what they come to, and what explains the difference.
//!
//! An explanation is arithmetic and nothing else: a part of the charges that is the difference to the cent. Where several
//! fit, all are told; where none does, nobody guesses.

use crate::model::charge::{CostBasis, Dimension};
use crate::model::money::{Cost, Money, Overflow, Rounding};
use crate::model::month::Month;
use crate::model::roll_up::{RollUp, Row, Symbol};
use hashbrown::HashMap;
use serde::Serialize;
use std::collections::BTreeMap;

/// Charges of one currency.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AtHand {
    pub currency: String,
    pub billed: Cost,
    pub invoice: Option<Money>,
    /// The invoice less the charges.
    pub difference: Option<Cost>,
    /// The charges in cents are the invoice.
    pub matches: bool,
    /// What the difference is, where a part of the charges says so.
    pub explanations: Vec<String>,
    pub groups: Vec<Grouped>,
}

/// The charges by one of their columns, the largest first.
#[derive(Clone, Debug, Serialize)]
pub struct Grouped {
    /// `invoice id`, `account`
    pub by: &'static str,
    pub parts: Vec<PartAtHand>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PartAtHand {
    /// Blank where the vendor names none.
    pub name: String,
    pub billed: Cost,
}

/// What is shown, in this order; all are looked through for an explanation, and those after it too.
const SHOWN: [(&str, Dimension); 5] = [
    ("invoice id", Dimension::InvoiceId),
    ("account", Dimension::SubAccountId),
    ("service", Dimension::ServiceName),
    ("charge type", Dimension::ChargeType),
    ("category", Dimension::ChargeCategory),
];
const LOOKED_AT: [(&str, Dimension); 7] = [
    ("provider", Dimension::Provider),
    ("issuer", Dimension::InvoiceIssuer),
    ("billing entity", Dimension::BillingEntity),
    ("billing account", Dimension::BillingAccountId),
    ("invoice section", Dimension::InvoiceSection),
    ("publisher", Dimension::Publisher),
    ("charge class", Dimension::ChargeClass),
];
/// Two parts together are looked for among so many of one column.
const MOST_PAIRED: usize = 300;
/// More explanations help nobody.
const MOST_TOLD: usize = 12;

/// The charges of several versions by currency; `invoice` is what the vendor asks for, and in which currency.
pub fn at_hand(versions: &[(Month, RollUp)], invoice: Option<(Money, &str)>) -> Result<Vec<AtHand>, Overflow> {
    let mut currencies: BTreeMap<String, Found> = BTreeMap::new();
    for (month, roll_up) in versions {
        for (currency, found) in found(*month, roll_up)? {
            currencies.entry(currency).or_default().add(found)?;
        }
    }
    currencies.retain(|currency, _| !currency.is_empty());
    let mut told = Vec::new();
    for (currency, found) in currencies {
        let asked = invoice.filter(|(_, of)| *of == currency).map(|(amount, _)| amount);
        told.push(found.told(currency, asked)?);
    }
    Ok(told)
}

/// Billed cost of the parts by each column.
type Parts = BTreeMap<&'static str, BTreeMap<String, Cost>>;

#[derive(Default)]
struct Found {
    billed: Cost,
    /// By other bases than billed; none where a row does not tell it.
    bases: BTreeMap<&'static str, Option<Cost>>,
    parts: Parts,
    /// Charges used before or after the month of their file.
    outside: Cost,
}

const BASES: [(&str, CostBasis); 3] =
    [("effective", CostBasis::Effective), ("list", CostBasis::List), ("contracted", CostBasis::Contracted)];

fn found(month: Month, roll_up: &RollUp) -> Result<BTreeMap<String, Found>, Overflow> {
    let columns: Vec<(&'static str, Dimension)> = SHOWN.into_iter().chain(LOOKED_AT).collect();
    let mut sums: HashMap<(usize, Symbol, Symbol), Cost> = HashMap::new();
    let mut currencies: BTreeMap<&str, Found> = BTreeMap::new();
    for row in roll_up.rows() {
        let found = currencies.entry(row.text(Dimension::BillingCurrency)).or_default();
        found.row(month, &row)?;
        for (place, (_, dimension)) in columns.iter().enumerate() {
            let key = (place, row.symbol(Dimension::BillingCurrency), row.symbol(*dimension));
            let billed = sums.entry(key).or_default();
            *billed = billed.checked_add(row.sums().billed)?;
        }
    }
    for ((place, currency, name), sum) in sums {
        let text = |symbol| roll_up.symbols().text(symbol);
        if let Some(found) = currencies.get_mut(text(currency)) {
            found.parts.entry(columns[place].0).or_default().insert(text(name).to_owned(), sum);
        }
    }
    Ok(currencies.into_iter().map(|(currency, found)| (currency.to_owned(), found)).collect())
}

impl Found {
    fn row(&mut self, month: Month, row: &Row<'_>) -> Result<(), Overflow> {
        let sums = row.sums();
        self.billed = self.billed.checked_add(sums.billed)?;
        for (name, basis) in BASES {
            let sum = self.bases.entry(name).or_insert(Some(Cost::ZERO));
            *sum = match sum.zip(sums.basis(basis)) {
                Some((sum, cost)) => Some(sum.checked_add(cost)?),
                None => None,
            };
        }
        if !month.contains(row.day()) {
            self.outside = self.outside.checked_add(sums.billed)?;
        }
        Ok(())
    }

    fn add(&mut self, other: Self) -> Result<(), Overflow> {
        self.billed = self.billed.checked_add(other.billed)?;
        for (name, cost) in other.bases {
            let sum = self.bases.entry(name).or_insert(Some(Cost::ZERO));
            *sum = sum.zip(cost).map(|(one, other)| one.checked_add(other)).transpose()?;
        }
        for (by, parts) in other.parts {
            for (name, billed) in parts {
                let sum = self.parts.entry(by).or_default().entry(name).or_default();
                *sum = sum.checked_add(billed)?;
            }
        }
        self.outside = self.outside.checked_add(other.outside)?;
        Ok(())
    }

    fn told(&self, currency: String, invoice: Option<Money>) -> Result<AtHand, Overflow> {
        let difference = invoice.map(|invoice| Cost::from_money(invoice).checked_sub(self.billed)).transpose()?;
        let matches = invoice.map(|invoice| Ok(cents(self.billed)? == invoice)).transpose()?.unwrap_or_default();
        let mut explanations = Vec::new();
        if let Some((invoice, difference)) = invoice.zip(difference).filter(|_| !matches) {
            self.explain(invoice, difference, &mut explanations)?;
            explanations.truncate(MOST_TOLD);
        }
        let groups = SHOWN.iter().filter_map(|(by, _)| self.grouped(by)).collect();
        let billed = self.billed;
        Ok(AtHand { currency, billed, invoice, difference, matches, explanations, groups })
    }

    /// The parts by each column, those that are shown first.
    fn columns(&self) -> impl Iterator<Item = (&'static str, &BTreeMap<String, Cost>)> {
        SHOWN.iter().chain(&LOOKED_AT).filter_map(|(by, _)| Some((*by, self.parts.get(by)?)))
    }

    fn grouped(&self, by: &'static str) -> Option<Grouped> {
        let parts = self.parts.get(by)?;
        let mut parts: Vec<PartAtHand> =
            parts.iter().map(|(name, billed)| PartAtHand { name: name.clone(), billed: *billed }).collect();
        parts.sort_by(|a, b| (b.billed.magnitude(), &a.name).cmp(&(a.billed.magnitude(), &b.name)));
        let tells = parts.len() > 1 || parts.first().is_some_and(|part| !part.name.is_empty());
        tells.then_some(Grouped { by, parts })
    }

    fn explain(&self, invoice: Money, difference: Cost, told: &mut Vec<String>) -> Result<(), Overflow> {
        let (missing, asked) = (cents(difference.negated())?, cents(difference)?);
        for (name, cost) in &self.bases {
            if let Some(cost) = cost.filter(|cost| *cost != self.billed)
                && cents(cost)? == invoice
            {
                told.push(format!(
                    "The invoice is the {name} cost of these charges, {cost}, and not their billed cost."
                ));
            }
        }
        if !self.outside.is_zero() && cents(self.outside)? == missing {
            told.push(format!("The invoice is without what was used outside the month of its file: {}.", self.outside));
        }
        for (by, parts) in self.columns() {
            for (name, billed) in parts {
                let name = shown(name);
                if parts.len() > 1 && cents(*billed)? == invoice {
                    told.push(format!("The invoice is {by} {name} alone: {billed}. The other charges are not on it."));
                } else if parts.len() > 1 && cents(*billed)? == missing {
                    told.push(format!("The invoice is without {by} {name}: {billed}."));
                } else if !billed.is_zero() && cents(*billed)? == asked {
                    told.push(format!("The invoice has {by} {name} twice: once more {billed}."));
                }
            }
        }
        if told.is_empty() {
            for (by, parts) in self.columns().filter(|(_, parts)| (3..=MOST_PAIRED).contains(&parts.len())) {
                pairs(by, parts, missing, told)?;
            }
        }
        if told.is_empty() {
            told.extend(self.nearest(invoice, difference)?);
        }
        Ok(())
    }

    /// The part that comes nearest to the invoice, where that is nearer than all charges are.
    fn nearest(&self, invoice: Money, difference: Cost) -> Result<Option<String>, Overflow> {
        let mut nearest: Option<(Cost, String)> = None;
        for (by, parts) in self.columns().filter(|(_, parts)| parts.len() > 1) {
            for (name, billed) in parts {
                let apart = Cost::from_money(invoice).checked_sub(*billed)?.magnitude();
                if nearest.as_ref().map_or(difference.magnitude(), |(least, _)| *least) > apart {
                    let name = shown(name);
                    let said = format!(
                        "Nothing is the difference to the cent. Nearest to the invoice is {by} {name}: {billed}, {apart} apart."
                    );
                    nearest = Some((apart, said));
                }
            }
        }
        Ok(nearest.map(|(_, said)| said))
    }
}

fn pairs(by: &str, parts: &BTreeMap<String, Cost>, missing: Money, told: &mut Vec<String>) -> Result<(), Overflow> {
    let parts: Vec<(&String, Cost)> = parts.iter().map(|(name, billed)| (name, *billed)).collect();
    for (place, (one, cost)) in parts.iter().enumerate() {
        for (other, more) in &parts[place + 1..] {
            let both = cost.checked_add(*more)?;
            if !cost.is_zero() && !more.is_zero() && cents(both)? == missing {
                let (one, other) = (shown(one), shown(other));
                told.push(format!("The invoice is without {by} {one} ({cost}) and {by} {other} ({more}): {both}."));
            }
        }
    }
    Ok(())
}

fn cents(cost: Cost) -> Result<Money, Overflow> {
    cost.exact().round(Rounding::HalfUp)
}

fn shown(name: &str) -> String {
    if name.is_empty() { "(none named)".to_owned() } else { crate::model::untrusted::harmless(name) }
}

#[cfg(test)]
mod tests;
