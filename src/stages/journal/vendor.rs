//! The vendor's side: invoices, accruals and commitments paid ahead.
//!
//! What is booked is the invoice basis in cents, never the usage: 16,945.416666 cannot be paid. Charges that are not of
//! these books are on an invoice we received, and so in its entry, but they are nothing that we owe before an invoice
//! says so.

use super::Books;
use super::draft::{Draft, Line, LineKey};
use crate::model::bill::{Bills, Destination, RulingSum, SectionKey};
use crate::model::codes::ServiceCode;
use crate::model::journal_entry::{JournalType, Side};
use crate::model::money::{Cost, Money};
use crate::model::proof::{ItemType, VendorReconciliation};
use crate::model::settings::{AccountRole, AccountString, Role};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Cents by service, wide enough for any sum of money.
pub type ByService<'a> = BTreeMap<Option<&'a ServiceCode>, i128>;

/// An invoice we received, for each section.
pub fn invoices(books: &Books<'_>, charges: &[RulingSum<'_>], vendors: &[VendorReconciliation]) -> Vec<Draft> {
    let spent = by_section(charges, |_| true);
    let invoiced = vendors.iter().filter(|vendor| vendor.invoice.is_some());
    invoiced
        .map(|vendor| {
            let services = spent.get(&vendor.section).cloned().unwrap_or_default();
            let about = format!("{} invoice {}", vendor.section.provider, reference(&vendor.section));
            let own = vendor.invoice.map(Cost::from_money).unwrap_or_default();
            let about = with_exchange(about, vendor, own, &books.settings.state.currency);
            let mut draft = Draft::new(JournalType::Vend);
            expense(books, &mut draft, Owed { vendor, role: Role::ApVendor, about }, &services, vendor.invoice_basis);
            draft
        })
        .collect()
}

/// What was used and not invoiced: whole sections, and charges that an invoice lacks.
pub fn accruals(books: &Books<'_>, charges: &[RulingSum<'_>], vendors: &[VendorReconciliation]) -> Vec<Draft> {
    let ours = by_section(charges, |to| !matches!(to, Destination::Excluded(_)));
    let others = by_section(charges, |to| matches!(to, Destination::Excluded(_)));
    let mut drafts = Vec::new();
    for vendor in vendors {
        let services = ours.get(&vendor.section).cloned().unwrap_or_default();
        let (owed, services) = if vendor.invoice.is_some() {
            let owed = not_on_invoice(vendor);
            (owed, ByService::from([(leading(&services), owed)]))
        } else {
            let excluded: i128 = others.get(&vendor.section).map_or(0, |sums| sums.values().sum());
            (i128::from(vendor.invoice_basis.cents()) - excluded, services)
        };
        let mut draft = Draft::new(JournalType::Accr);
        draft.reverses = true;
        let about = format!("{} not invoiced, {}", vendor.section.provider, reference(&vendor.section));
        let own = if vendor.invoice.is_some() { late(vendor) } else { vendor.usage };
        let about = with_exchange(about, vendor, own, &books.settings.state.currency);
        let owed = money(&mut draft, owed);
        expense(books, &mut draft, Owed { vendor, role: Role::AccruedLiability, about }, &services, owed);
        drafts.push(draft);
    }
    drafts
}

/// Charges that the invoice lacks: the items that make it smaller than usage make it an accrual. Their cent is made
/// here because no row of the invoice has it.
fn not_on_invoice(vendor: &VendorReconciliation) -> i128 {
    let sum = vendor.in_books(late(vendor)).unwrap_or_default();
    sum.exact().round_half_up().map_or(0, |owed| i128::from(owed.cents()))
}

/// The same in the vendor's own currency.
fn late(vendor: &VendorReconciliation) -> Cost {
    use ItemType::{CreditTiming, PeriodCutOff, UsageOnly};
    let late = vendor.items.iter().filter(|item| matches!(item.item_type, UsageOnly | CreditTiming | PeriodCutOff));
    Cost::total(late.map(|item| item.amount)).unwrap_or_default().negated()
}

/// A posting that was converted says from what, at which rate and of which day.
pub fn with_exchange(about: String, vendor: &VendorReconciliation, own: Cost, books: &str) -> String {
    match &vendor.exchange {
        Some(rate) => format!("{about}, {} {} at {books} {}", own.for_people(), vendor.currency, rate.in_words()),
        None => about,
    }
}

/// Commitments: what was billed above what was used goes to prepaid, what was used above what was billed comes out of
/// it. So the expense of a month is what its bills are made of.
/// Credits that were used or expired leave it too.
pub fn prepayments(books: &Books<'_>, charges: &[RulingSum<'_>], bills: &Bills) -> Draft {
    let mut draft = Draft::new(JournalType::Prep);
    let mut net: BTreeMap<(Option<&ServiceCode>, &str), i128> = BTreeMap::new();
    for charge in charges.iter().filter(|charge| charge.ruling.destination.is_prepaid()) {
        let ruling = charge.ruling;
        *net.entry((ruling.service.as_ref(), &ruling.section.provider)).or_default() +=
            i128::from(charge.amount.cents());
    }
    for of in &bills.credits {
        let gone = i128::from(of.cost.cents()) + i128::from(of.expired_cost.cents());
        *net.entry((Some(&of.service), "")).or_default() -= gone;
    }
    for ((service, provider), cents) in net {
        let amount = money(&mut draft, cents);
        let label = service.map_or_else(|| provider.to_owned(), ServiceCode::to_string);
        let about = format!("{label} commitments, billed less used");
        for (role, normal) in [(Role::Prepaid, Side::Debit), (Role::ExpenseOperating, Side::Credit)] {
            match books.chart.account(role, service, None, None) {
                Some(account) => {
                    let key = provider_line(books, account, service, &label);
                    draft.add(key, line(books, account, normal, amount, &about, provider));
                }
                None => draft.lacks(role, service, None, amount),
            }
        }
    }
    draft
}

/// To whom a document owes, and under which role.
pub struct Owed<'a> {
    pub vendor: &'a VendorReconciliation,
    pub role: Role,
    pub about: String,
}

/// Debits the expense of each service, because a service must account for its own cost, and credits what is owed.
/// Invoice items without charges go with the service that most of the section is.
pub fn expense(books: &Books<'_>, draft: &mut Draft, owed: Owed<'_>, services: &ByService<'_>, amount: Money) {
    let Owed { vendor, role, about } = owed;
    let provider = &vendor.section.provider;
    let label = |service: Option<&ServiceCode>| service.map_or_else(|| provider.clone(), ServiceCode::to_string);
    let reference = reference(&vendor.section);
    let mut services = services.clone();
    let rest = i128::from(amount.cents()) - services.values().sum::<i128>();
    *services.entry(leading(&services)).or_default() += rest;
    services.retain(|_, cents| *cents != 0);
    let only = if services.len() == 1 { leading(&services) } else { None };
    for (service, cents) in services {
        let spent = money(draft, cents);
        match books.chart.account(Role::ExpenseOperating, service, None, None) {
            Some(account) => {
                let key = provider_line(books, account, service, &label(service));
                draft.add(key, line(books, account, Side::Debit, spent, &about, &reference));
            }
            None => draft.lacks(Role::ExpenseOperating, service, None, spent),
        }
    }
    match books.chart.account(role, only, None, None) {
        Some(account) => {
            let key = provider_line(books, account, only, &label(only));
            draft.add(key, line(books, account, Side::Credit, amount, &about, &reference));
        }
        None => draft.lacks(role, only, None, amount),
    }
}

fn by_section<'a>(
    charges: &[RulingSum<'a>],
    counts: impl Fn(&Destination) -> bool,
) -> BTreeMap<&'a SectionKey, ByService<'a>> {
    let mut sections: BTreeMap<&SectionKey, ByService<'_>> = BTreeMap::new();
    for charge in charges.iter().filter(|charge| counts(&charge.ruling.destination)) {
        let ruling = charge.ruling;
        let services = sections.entry(&ruling.section).or_default();
        *services.entry(ruling.service.as_ref()).or_default() += i128::from(charge.amount.cents());
    }
    sections
}

/// The service that most of the money is for; charges of no service name nothing. Of equal ones the lower code.
pub fn leading<'a>(services: &ByService<'a>) -> Option<&'a ServiceCode> {
    services.iter().max_by_key(|(service, cents)| (service.is_some(), cents.abs(), Reverse(**service)))?.0.to_owned()
}

fn money(draft: &mut Draft, cents: i128) -> Money {
    i64::try_from(cents).map(Money::from_cents).unwrap_or_else(|_| {
        draft.too_large();
        Money::ZERO
    })
}

/// The invoice, or the account whose month it is.
pub fn reference(section: &SectionKey) -> String {
    if section.invoice_id.is_empty() { section.billing_account_id.clone() } else { section.invoice_id.clone() }
}

fn provider_line(books: &Books<'_>, account: &AccountRole, service: Option<&ServiceCode>, label: &str) -> LineKey {
    let state = &books.settings.state;
    let string = AccountString {
        fund: state.provider_fund.to_string(),
        agency: state.provider_agency.to_string(),
        account: account.account.to_string(),
        ..AccountString::default()
    };
    let mut key = LineKey::new(string, account.role, books.period.year);
    key.service_order = books.service_order(service);
    key.service = label.to_owned();
    key
}

fn line(books: &Books<'_>, account: &AccountRole, normal: Side, net: Money, about: &str, reference: &str) -> Line {
    Line {
        role: account.role,
        account_name: account.name.clone(),
        normal,
        net,
        description: format!("{about}, {}", books.month.in_words()),
        reference: reference.to_owned(),
    }
}
