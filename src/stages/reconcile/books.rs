//! Law 9: the journals balance by fund, and say what bills, invoices and commitments say.

use super::laws::LATE;
use super::payers;
use super::proof::{Proof, by, total};
use super::{subsidies, sums};
use crate::model::bill::{Destination, RatedCharge, RulingSum};
use crate::model::journal_entry::{JournalEntry, JournalType, Posting, Side};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month::FiscalPeriod;
use crate::model::month_end::MonthEnd;
use crate::model::past::{CarriedSection, LateInvoice, Spent};
use crate::model::proof::VendorReconciliation;
use crate::model::settings::{AccountString, Role, VendorEntries};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

pub fn journals(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    balance(month, proof)?;
    bills(month, proof)?;
    vendors(month, proof)?;
    reversals(month, proof)?;
    settlements(month, proof)?;
    subsidies::transfers(month, proof)?;
    documents(month, proof);
    codes(month, proof);
    Ok(())
}

fn of_type(month: &MonthEnd, journal_type: JournalType) -> impl Iterator<Item = &JournalEntry> {
    month.journals.iter().filter(move |entry| entry.journal_type() == journal_type)
}

fn debit(posting: &Posting) -> Money {
    if posting.side == Side::Debit { posting.amount } else { posting.amount.negated() }
}

fn credit(posting: &Posting) -> Money {
    debit(posting).negated()
}

/// J1, J2, J4: debits equal credits in every fund; every amount is above zero; a string stands once in an entry.
fn balance(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let sides = |side| {
        let postings = month.journals.iter().flat_map(JournalEntry::postings);
        sums::of_money(postings.filter(move |posting| posting.side == side).map(|posting| posting.amount))
    };
    proof.costs("", ("debits", sides(Side::Debit)?), ("credits", sides(Side::Credit)?));
    for entry in &month.journals {
        for (fund, (debits, credits)) in entry.by_fund()? {
            proof.money(&format!("{} fund {fund}", entry.id()), ("debits", debits), ("credits", credits));
        }
        let mut seen = BTreeSet::new();
        for posting in entry.postings() {
            let place = || format!("{} account {}", entry.id(), posting.string.account);
            if posting.amount <= Money::ZERO {
                proof.refuse(&place(), posting.amount.to_string(), "amounts above zero");
            }
            let Posting { string, role, service, affiliate_fund, affiliate_agency, budget_fiscal_year, .. } = posting;
            if !seen.insert((string, role, service, affiliate_fund, affiliate_agency, budget_fiscal_year)) {
                proof.refuse(&place(), "two lines of one string".to_owned(), "one");
            }
        }
    }
    Ok(())
}

/// J3, J5, J6: revenue by service, claims by fund, expenditure by string and debts by fund are what the bills ask, so
/// nothing that is only shown has reached a journal.
fn bills(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let payers = payers::of(month);
    let asks = |entry: &&JournalEntry| matches!(entry.journal_type(), JournalType::Bill | JournalType::Adj);
    let postings = || month.journals.iter().filter(asks).flat_map(JournalEntry::postings);
    let of_role = |role: Role| postings().filter(move |posting| posting.role == role);
    let revenue = by(of_role(Role::Revenue).map(|posting| (posting.service.clone(), credit(posting))))?;
    let billed = by(month.bills.posted().map(|line| (line.service.to_string(), line.amount)))?;
    compare(proof, "service", ("revenue", &revenue), ("bill lines", &billed));
    let funded = by(payers.iter().map(|payer| (payer.service.to_string(), payer.amount)))?;
    compare(proof, "service", ("revenue", &revenue), ("funding lines", &funded));
    let claims = by(of_role(Role::DueFrom).map(|posting| (posting.affiliate_fund.clone(), debit(posting))))?;
    let owed = by(payers.iter().map(|payer| (payer.string.fund.clone(), payer.amount)))?;
    compare(proof, "fund", ("due from it", &claims), ("funding lines", &owed));
    if !payers::customers_post(month) {
        return Ok(());
    }
    let ours = || payers.iter().filter(|payer| !payer.keeps_own_books);
    let debts = by(of_role(Role::DueTo).map(|posting| (posting.string.fund.clone(), credit(posting))))?;
    let owed = by(ours().map(|payer| (payer.string.fund.clone(), payer.amount)))?;
    compare(proof, "fund", ("due to the provider", &debts), ("funding lines", &owed));
    let without_account = |string: &AccountString| AccountString { account: String::new(), ..string.clone() };
    let spent = by(of_role(Role::AgencyExpenditure).map(|line| (without_account(&line.string), debit(line))))?;
    let funded = by(ours().map(|payer| (without_account(&payer.string), payer.amount)))?;
    let in_words = |sums: &BTreeMap<AccountString, Cost>| -> BTreeMap<String, Cost> {
        sums.iter().map(|(string, sum)| (string_in_words(string), *sum)).collect()
    };
    compare(proof, "string", ("expenditure", &in_words(&spent)), ("funding lines", &in_words(&funded)));
    let chosen = |account: &AccountString| !account.account.is_empty();
    let spent = by(of_role(Role::AgencyExpenditure).map(|line| (string_in_words(&line.string), debit(line))))?;
    for (string, amount) in
        by(ours().filter(|payer| chosen(&payer.string)).map(|payer| (string_in_words(&payer.string), payer.amount)))?
    {
        // The role's account may add to the one a rule names; it may never take from it what the rule funded.
        if !spent.contains_key(&string) && !amount.is_zero() {
            proof.refuse(
                &format!("string {string}"),
                "no line".to_owned(),
                "a line of the account that the rule names",
            );
        }
    }
    Ok(())
}

fn compare(
    proof: &mut Proof,
    by: &str,
    left: (&'static str, &BTreeMap<String, Cost>),
    right: (&'static str, &BTreeMap<String, Cost>),
) {
    for key in left.1.keys().chain(right.1.keys()).collect::<BTreeSet<_>>() {
        let of = |sums: &BTreeMap<String, Cost>| sums.get(key).copied().unwrap_or_default();
        proof.costs(&format!("{by} {key}"), (left.0, of(left.1)), (right.0, of(right.1)));
    }
}

fn string_in_words(string: &AccountString) -> String {
    string.dimensions().iter().filter(|(_, code)| !code.is_empty()).map(|(_, code)| *code).collect::<Vec<_>>().join("-")
}

/// Invoices, accruals and commitments: each document type against what asks for it.
fn vendors(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let scope = month.settings.state.vendor_entries;
    let booked = |journal_type: JournalType, role: Role| {
        let postings = of_type(month, journal_type).flat_map(JournalEntry::postings);
        sums::of_money(postings.filter(move |posting| posting.role == role).map(credit))
    };
    let full = scope == VendorEntries::Full;
    let invoiced = month.vendors.iter().filter(|vendor| full && vendor.invoice.is_some());
    let late = month.past.late.iter().filter(|_| full).map(late_amount).collect::<Result<Vec<_>, _>>()?;
    let invoiced = sums::of_money(invoiced.map(|vendor| vendor.invoice_basis))?.checked_add(Cost::total(late)?)?;
    proof.costs("VEND", ("payable", booked(JournalType::Vend, Role::ApVendor)?), ("invoices", invoiced));
    let mut owed = Cost::ZERO;
    let mut ahead = Cost::ZERO;
    if scope != VendorEntries::None {
        let charges = RatedCharge::by_ruling(&month.charges)?;
        let excluded = charges.iter().filter(|sum| matches!(sum.ruling.destination, Destination::Excluded(_)));
        let excluded = by(excluded.map(|sum| (&sum.ruling.section, sum.amount)))?;
        for vendor in &month.vendors {
            let amount = if vendor.invoice.is_some() {
                let late = vendor.items.iter().filter(|item| LATE.contains(&item.item_type));
                let late = Cost::total(late.map(|item| item.amount))?.negated();
                Cost::from_money(late.exact().round_half_up()?)
            } else {
                let excluded = excluded.get(&vendor.section).copied().unwrap_or_default();
                Cost::from_money(vendor.invoice_basis).checked_sub(excluded)?
            };
            owed = owed.checked_add(amount)?;
        }
        for (_, still) in open(month)? {
            owed = owed.checked_add(still)?;
        }
        let prepaid = charges.iter().filter(|sum| sum.ruling.destination.is_prepaid());
        ahead = sums::of_money(prepaid.map(|sum| sum.amount))?;
        let credits = month.bills.credits.iter().flat_map(|of| [of.cost, of.expired_cost]);
        ahead = ahead.checked_sub(sums::of_money(credits)?)?;
    }
    proof.costs("ACCR", ("accrued", booked(JournalType::Accr, Role::AccruedLiability)?), ("used, not invoiced", owed));
    proof.costs(
        "PREP",
        ("to prepaid", booked(JournalType::Prep, Role::Prepaid)?.negated()),
        ("billed less used", ahead),
    );
    expense(month, proof)
}

/// Expense by service: the charges of invoiced and accrued sections, less what was paid ahead. What an invoice has and
/// no charge holds goes with the service that most of its section is.
fn expense(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let scope = month.settings.state.vendor_entries;
    let charges = RatedCharge::by_ruling(&month.charges)?;
    let excluded = |sum: &RulingSum<'_>| matches!(sum.ruling.destination, Destination::Excluded(_));
    let mut expected: BTreeMap<String, Cost> = BTreeMap::new();
    let mut expect = |name: &str, amount: Cost| {
        let sum = expected.entry(name.to_owned()).or_default();
        *sum = sum.checked_add(amount)?;
        Ok(())
    };
    for vendor in month.vendors.iter().filter(|_| scope != VendorEntries::None) {
        let of_section = || charges.iter().filter(|sum| sum.ruling.section == vendor.section);
        let all = by(of_section().map(|sum| (label(sum), sum.amount)))?;
        let ours = by(of_section().filter(|sum| !excluded(sum)).map(|sum| (label(sum), sum.amount)))?;
        let basis = Cost::from_money(vendor.invoice_basis);
        let booked = match vendor.invoice {
            Some(_) if scope == VendorEntries::Full => Some((&all, basis)),
            Some(_) => None,
            None => Some((&ours, basis.checked_sub(total(all.values())?)?.checked_add(total(ours.values())?)?)),
        };
        if let Some((services, amount)) = booked {
            for ((_, name), cost) in services {
                expect(name, *cost)?;
            }
            expect(&most(services, vendor), amount.checked_sub(total(services.values())?)?)?;
        }
        if vendor.invoice.is_some() {
            let late = vendor.items.iter().filter(|item| LATE.contains(&item.item_type));
            let late = Cost::total(late.map(|item| item.amount))?.negated();
            expect(&most(&ours, vendor), Cost::from_money(late.exact().round_half_up()?))?;
        }
    }
    for sum in charges.iter().filter(|sum| scope != VendorEntries::None && sum.ruling.destination.is_prepaid()) {
        expect(&label(sum).1, Cost::from_money(sum.amount).negated())?;
    }
    for of in month.bills.credits.iter().filter(|_| scope != VendorEntries::None) {
        expect(of.service.as_str(), Cost::from_money(of.cost.checked_add(of.expired_cost)?))?;
    }
    for (name, amount) in of_past(month)? {
        expect(&name, amount)?;
    }
    let postings = month.journals.iter().flat_map(JournalEntry::postings);
    let expenses = postings.filter(|posting| posting.role == Role::ExpenseOperating);
    let booked = by(expenses.map(|posting| (posting.service.clone(), debit(posting))))?;
    compare(proof, "expense of", ("journals", &booked), ("charges and invoices", &expected));
    Ok(())
}

fn late_amount(late: &LateInvoice) -> Result<Cost, Overflow> {
    Cost::from_money(late.invoice).checked_sub(Cost::from_money(late.booked.unwrap_or_default()))
}

/// Sections of closed months that no invoice has asked for, then or since, with what is owed for them.
fn open(month: &MonthEnd) -> Result<Vec<(&CarriedSection, Cost)>, Overflow> {
    let mut open = Vec::new();
    let late: BTreeSet<_> = month.past.late.iter().map(|late| (late.month, &late.vendor.section)).collect();
    let waiting = month.past.carried.sections.iter().filter(|section| section.vendor.invoice.is_none());
    for section in waiting.filter(|section| !late.contains(&(section.month, &section.vendor.section))) {
        let others = sums::of_money(section.spent.iter().map(|spent| spent.others))?;
        open.push((section, Cost::from_money(section.vendor.invoice_basis).checked_sub(others)?));
    }
    Ok(open)
}

/// What closed months do to the expense of this one, by service.
fn of_past(month: &MonthEnd) -> Result<Vec<(String, Cost)>, Overflow> {
    let scope = month.settings.state.vendor_entries;
    let mut expected = Vec::new();
    let services = |spent: &[Spent], with_others: bool, vendor: &VendorReconciliation| {
        by(spent.iter().flat_map(|spent| {
            let key = match &spent.service {
                Some(service) => (true, service.to_string()),
                None => (false, vendor.section.provider.clone()),
            };
            let others = with_others.then_some((key.clone(), spent.others));
            [(key, spent.ours)].into_iter().chain(others).collect::<Vec<_>>()
        }))
    };
    let mut whole = |services: &BTreeMap<(bool, String), Cost>, vendor: &VendorReconciliation, amount: Cost| {
        expected.extend(services.iter().map(|((_, name), cost)| (name.clone(), *cost)));
        expected.push((most(services, vendor), amount.checked_sub(total(services.values())?)?));
        Ok::<(), Overflow>(())
    };
    for late in month.past.late.iter().filter(|_| scope == VendorEntries::Full) {
        let all = services(&late.spent, true, &late.vendor)?;
        match late.booked {
            None => whole(&all, &late.vendor, late_amount(late)?)?,
            Some(_) => {
                let only = BTreeMap::from([((true, most(&all, &late.vendor)), Cost::ZERO)]);
                whole(&only, &late.vendor, late_amount(late)?)?;
            }
        }
    }
    if scope != VendorEntries::None {
        for (section, owed) in open(month)? {
            whole(&services(&section.spent, false, &section.vendor)?, &section.vendor, owed)?;
        }
    }
    let undone = month.past.due(month.month).flat_map(JournalEntry::postings);
    let undone = undone.filter(|posting| posting.role == Role::ExpenseOperating);
    expected.extend(undone.map(|posting| (posting.service.clone(), Cost::from_money(credit(posting)))));
    Ok(expected)
}

/// J7: each entry of a closed month whose day has come has one reversal, and both are zero on every string.
fn reversals(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let made: Vec<&JournalEntry> = of_type(month, JournalType::Rev).collect();
    let due: Vec<&JournalEntry> = month.past.due(month.month).collect();
    proof.counts("REV", ("reversals", made.len() as u64), ("entries to be reversed", due.len() as u64));
    for entry in due {
        let own = || made.iter().filter(|reversal| reversal.reversal_of() == Some(entry.id()));
        if own().count() != 1 {
            proof.refuse(entry.id(), format!("{} reversals", own().count()), "one");
        }
        let postings = entry.postings().iter().chain(own().flat_map(|reversal| reversal.postings()));
        for (string, rest) in by(postings.map(|posting| (string_in_words(&posting.string), debit(posting))))? {
            proof.costs(
                &format!("{} and its reversal on {string}", entry.id()),
                ("left", rest),
                ("allowed", Cost::ZERO),
            );
        }
    }
    Ok(())
}

/// Cash comes in and claims go, fund by fund, as the payments say; customers' debts and cash go with them.
fn settlements(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let state = &month.settings.state;
    let paid = || month.settings.settlements.iter().filter(|paid| month.month.contains(paid.settled_on));
    let by_fund = by(paid().map(|paid| (paid.fund.to_string(), paid.amount)))?;
    let postings = || of_type(month, JournalType::Setl).flat_map(JournalEntry::postings);
    let of = |role: Role| postings().filter(move |posting| posting.role == role);
    let claims = by(of(Role::DueFrom).map(|posting| (posting.affiliate_fund.clone(), credit(posting))))?;
    compare(proof, "fund", ("claims settled", &claims), ("payments", &by_fund));
    let ours = |posting: &&Posting| {
        posting.affiliate_fund.is_empty() && posting.string.agency == state.provider_agency.as_str()
    };
    let cash = sums::of_money(of(Role::Cash).filter(ours).map(debit))?;
    proof.costs("SETL", ("cash received", cash), ("payments", total(by_fund.values())?));
    if payers::customers_post(month) {
        let keeps = |paid: &&crate::model::adjustment::Settlement| {
            let agency = paid.agency.as_ref().unwrap_or(&state.provider_agency);
            !month.settings.counterparty(paid.fund.as_str(), agency).keeps_own_books()
        };
        let posted = by(paid().filter(keeps).map(|paid| (paid.fund.to_string(), paid.amount)))?;
        let debts = by(of(Role::DueTo).map(|posting| (posting.string.fund.clone(), debit(posting))))?;
        compare(proof, "fund", ("debts settled", &debts), ("payments", &posted));
    }
    Ok(())
}

/// The service, or the vendor for a charge of none; named services come after the vendor.
fn label(sum: &RulingSum<'_>) -> (bool, String) {
    match &sum.ruling.service {
        Some(service) => (true, service.to_string()),
        None => (false, sum.ruling.section.provider.clone()),
    }
}

/// The service that most of a section is; of equal ones the lower code.
fn most(services: &BTreeMap<(bool, String), Cost>, vendor: &VendorReconciliation) -> String {
    let largest = services.iter().max_by_key(|((named, name), cost)| (*named, cost.magnitude(), Reverse(name)));
    largest.map_or_else(|| vendor.section.provider.clone(), |((_, name), _)| name.clone())
}

/// J7, J10: numbers without gaps; accruals, and only they, are to be reversed; the period is the month's.
fn documents(month: &MonthEnd, proof: &mut Proof) {
    let period = FiscalPeriod::of(month.month, month.settings.state.fiscal_year_starts);
    let mut numbers: BTreeMap<JournalType, u32> = BTreeMap::new();
    for entry in &month.journals {
        let number = numbers.entry(entry.journal_type()).or_default();
        *number += 1;
        let expected = format!("{}-{}-{number:04}", entry.journal_type().text(), period.compact());
        proof.pair(entry.id(), ("document", entry.id().to_owned()), ("next of its series", expected));
        let reverses = entry.reversing_date().is_some();
        if reverses != (entry.journal_type() == JournalType::Accr) {
            let found = if reverses { "a reversing date" } else { "no reversing date" };
            proof.refuse(entry.id(), found.to_owned(), "accruals are reversed, nothing else is");
        }
        if entry.period() != period {
            proof.pair(entry.id(), ("period", entry.period().compact()), ("period of the month", period.compact()));
        }
    }
}

/// J8: every code is in the chart on the posting date, where the chart lists its dimension.
fn codes(month: &MonthEnd, proof: &mut Proof) {
    let chart = &month.settings.code_values;
    let listed: BTreeSet<&str> = chart.iter().map(|value| value.dimension.as_str()).collect();
    for entry in &month.journals {
        for posting in entry.postings() {
            for (dimension, code) in posting.string.dimensions() {
                let good = |value: &&crate::model::settings::CodeValue| {
                    value.dimension == dimension
                        && value.code == code
                        && value.postable
                        && value.valid.covers(entry.posting_date())
                };
                if !code.is_empty() && listed.contains(dimension) && !chart.iter().any(|value| good(&value)) {
                    proof.refuse(entry.id(), format!("{dimension} {code}"), "codes of the chart");
                }
            }
        }
    }
}
