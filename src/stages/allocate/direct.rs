//! Lines for the agencies' own charges at the vendor's cost; credits are netted and shown in the arithmetic.

use super::Books;
use super::funding::Accounts;
use super::lines::{Draft, Treatment};
use crate::model::bill::{Destination, LineKind, RateReference, RatedCharge, SectionKey};
use crate::model::charge::{CostBasis, Dimension};
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::exchange::Exchange;
use crate::model::money::{Cost, Money, Overflow};
use crate::model::proof::VendorReconciliation;
use crate::model::roll_up::Symbol;
use chrono::NaiveDate;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What puts charges on one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LineKey {
    pub agency: AgencyCode,
    pub service: ServiceCode,
    pub provider: String,
    pub rate: Option<RateReference>,
    /// The account whose own funding rule pays, or blank.
    pub account: String,
    pub basis: CostBasis,
    pub treatment: Treatment,
    /// Blank for the currency of the books: a line shows what it was converted from.
    pub currency: String,
}

/// Finds the line of a charge; rows that share a ruling, a day and an account share it.
pub(super) struct Keys<'a> {
    books: Books<'a>,
    accounts: Accounts<'a>,
    kind: LineKind,
    known: HashMap<(usize, NaiveDate, Symbol), usize>,
    pub keys: Vec<LineKey>,
    numbers: BTreeMap<LineKey, usize>,
}

impl<'a> Keys<'a> {
    pub fn new(books: Books<'a>, kind: LineKind) -> Self {
        let accounts = Accounts::new(books.settings, books.month);
        Self { books, accounts, kind, known: HashMap::new(), keys: Vec::new(), numbers: BTreeMap::new() }
    }

    /// The number of the line in `keys`; none for a charge without a service, which rate never gives to an agency.
    pub fn of(&mut self, charge: &RatedCharge, agency: &AgencyCode) -> Option<usize> {
        let row = self.books.roll_up.row(charge.row);
        let account = if self.accounts.is_empty() { Symbol::EMPTY } else { row.symbol(Dimension::SubAccountId) };
        let short = (Arc::as_ptr(&charge.ruling) as usize, row.day(), account);
        if let Some(&number) = self.known.get(&short) {
            return Some(number);
        }
        let service = charge.service.as_ref()?;
        let key = LineKey {
            agency: agency.clone(),
            service: service.clone(),
            // Our own rate is one price, whichever vendor stands behind it.
            provider: if self.kind == LineKind::Unit { String::new() } else { charge.section.provider.clone() },
            rate: charge.rate.clone(),
            account: self.accounts.own(agency, service, row.text(Dimension::SubAccountId)),
            basis: charge.basis,
            treatment: self.books.treatment(agency, service, row.day()),
            currency: if self.kind == LineKind::Unit { String::new() } else { charge.section.currency.clone() },
        };
        let number = *self.numbers.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            self.keys.len() - 1
        });
        self.known.insert(short, number);
        Some(number)
    }
}

#[derive(Default)]
struct Sum {
    cost: Cost,
    /// In the vendor's own currency.
    in_own: Cost,
    charges: Money,
    credits: Money,
    rows: u64,
    details: Vec<(usize, Money)>,
    /// Whether charges are of a section with an invoice, and whether of one without.
    is_invoiced: bool,
    is_accrued: bool,
}

pub(super) fn lines(
    books: Books<'_>,
    charges: &[RatedCharge],
    vendors: &[VendorReconciliation],
) -> Result<Vec<Draft>, Overflow> {
    let invoiced: HashSet<&SectionKey> =
        vendors.iter().filter(|vendor| vendor.invoice.is_some()).map(|vendor| &vendor.section).collect();
    let mut by_ruling: HashMap<usize, bool> = HashMap::new();
    let mut keys = Keys::new(books, LineKind::Direct);
    let mut sums: Vec<Sum> = Vec::new();
    for charge in charges {
        let Destination::Agency(agency) = &charge.destination else { continue };
        let Some(number) = keys.of(charge, agency) else { continue };
        sums.resize_with(keys.keys.len(), Sum::default);
        let sum = &mut sums[number];
        sum.cost = sum.cost.checked_add(charge.cost)?;
        let sums = books.roll_up.row(charge.row).sums();
        sum.in_own = sum.in_own.checked_add(sums.basis(charge.basis).unwrap_or(sums.billed))?;
        let side = if charge.amount.is_negative() { &mut sum.credits } else { &mut sum.charges };
        *side = side.checked_add(charge.amount)?;
        sum.rows = sum.rows.saturating_add(books.roll_up.row(charge.row).sums().charges);
        sum.details.push((charge.row, charge.amount));
        let ruling = Arc::as_ptr(&charge.ruling) as usize;
        let is_invoiced = *by_ruling.entry(ruling).or_insert_with(|| invoiced.contains(&charge.section));
        sum.is_invoiced |= is_invoiced;
        sum.is_accrued |= !is_invoiced;
    }
    keys.keys.into_iter().zip(sums).map(|(key, sum)| line(books, key, sum)).collect()
}

fn line(books: Books<'_>, key: LineKey, sum: Sum) -> Result<Draft, Overflow> {
    let mut draft = books.draft(&key.agency, &key.service, LineKind::Direct, key.treatment);
    if let Some(card) = key.rate.as_ref().and_then(|rate| books.card(rate)) {
        draft.priced_by(card);
    }
    let amount = sum.charges.checked_add(sum.credits)?;
    let charges = if sum.rows == 1 { "1 charge".to_owned() } else { format!("{} charges", sum.rows) };
    let basis = format!("{:?}", key.basis).to_lowercase();
    draft.of_account(key.account);
    let line = &mut draft.line;
    let exchange = Exchange::new(books.settings, books.month);
    match exchange.rate(&key.currency) {
        None => line.arithmetic.push(format!("{charges} of {} at {basis} cost = {}", key.provider, sum.cost)),
        Some(rate) => {
            let (own, currency) = (sum.in_own, &key.currency);
            line.arithmetic.push(format!("{charges} of {} at {basis} cost = {own} {currency}", key.provider));
            let (books, cost, words) = (&books.settings.state.currency, sum.cost, rate.in_words());
            line.arithmetic.push(format!("{own} {currency} at {books} {words} = {cost} {books}"));
            line.converted_from.push(currency.clone());
        }
    }
    let fitted = match (sum.is_invoiced, sum.is_accrued) {
        (true, false) => "fitted to the vendor's invoice",
        (true, true) => "fitted to the vendor's invoices, and to the accrual where there is none",
        (false, _) => "fitted to the accrual",
    };
    // Less than a cent for each row: the floors and the leftover cents of the fit.
    let apart = Cost::from_money(amount).checked_sub(sum.cost)?;
    line.arithmetic.push(match (apart.is_zero(), apart.is_negative()) {
        (true, _) => format!("{fitted}: {amount}"),
        (false, true) => format!("{} less {}, {fitted} = {amount}", sum.cost, apart.magnitude()),
        (false, false) => format!("{} and {apart}, {fitted} = {amount}", sum.cost),
    });
    if !sum.credits.is_zero() {
        line.arithmetic.push(format!("charges {} less credits {} = {amount}", sum.charges, sum.credits.magnitude()));
    }
    line.amount = amount;
    line.provider = key.provider;
    draft.details = sum.details;
    Ok(draft)
}
