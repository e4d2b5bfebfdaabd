//! The vendor's invoice beside the charges it bills, section by section.
//!
//! In     the roll-up, what rate made of it, the invoice tables
//! Out    one reconciliation for each section, with typed items that explain its difference
//! Tells  CB0311, CB0315, CB0701 to CB0703, CB0705, CB0805
//!
//! An amount is rounding only within the tolerance. Whatever is above it needs a name, or it is unexplained and blocks:
//! a marketplace item of 120.00 that disappeared as rounding would be paid by nobody.

use super::asked::{self, is_charges};
use crate::model::bill::{Rated, RatedCharge, SectionKey};
use crate::model::charge::{ChargeCategory, Dimension};
use crate::model::exchange::Exchange;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month::Month;
use crate::model::past::SectionCharges as Charged;
use crate::model::proof::{ItemType, ReconcilingItem, VendorReconciliation, VendorState};
use crate::model::roll_up::{RollUp, Row, Symbol};
use crate::model::settings::{Settings, VendorInvoice};
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// Above this no difference is taken for rounding, whatever tolerance is set.
const ROUNDING_LIMIT: Money = Money::from_cents(100);

/// A type of invoice row, and how to tell charges of that kind.
type Kind = (&'static str, fn(&Row<'_>) -> bool);

const KINDS: [Kind; 4] = [
    ("tax", |row| row.text(Dimension::ChargeCategory) == ChargeCategory::Tax.text()),
    ("credit", is_credit),
    ("marketplace", |row| mentions(row.text(Dimension::BillingEntity), "marketplace")),
    ("support", |row| mentions(row.text(Dimension::ServiceCode), "support")),
];
const CREDIT: usize = 1;

fn is_credit(row: &Row<'_>) -> bool {
    row.text(Dimension::ChargeCategory) == ChargeCategory::Credit.text()
}

fn mentions(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

fn add(charged: &mut Charged, row: &Row<'_>, exchange: Exchange<'_>, month: Month) -> Result<(), Overflow> {
    let billed = row.sums().billed;
    let in_books = exchange.in_books(row.text(Dimension::BillingCurrency), billed)?;
    charged.in_books = charged.in_books.checked_add(in_books)?;
    let side = if billed.is_negative() { &mut charged.credits } else { &mut charged.charges };
    *side = side.checked_add(billed)?;
    for (kind, (_, is_of_kind)) in charged.kinds.iter_mut().zip(KINDS) {
        if is_of_kind(row) {
            *kind = kind.checked_add(billed)?;
        }
    }
    if !month.contains(row.day()) {
        charged.other_months = charged.other_months.checked_add(billed)?;
    }
    Ok(())
}

pub fn vendors(
    roll_up: &RollUp,
    rated: &Rated,
    settings: &Settings,
    month: Month,
) -> (Vec<VendorReconciliation>, Vec<Finding>) {
    let exchange = Exchange::new(settings, month);
    let charged = match charged(roll_up, settings, exchange, month) {
        Ok(charged) => charged,
        Err(Overflow) => return (Vec::new(), vec![too_large("the charges of one invoice section")]),
    };
    let keys: Vec<&SectionKey> = charged.keys().collect();
    let (mut asked, mut findings) = asked::sort(&keys, settings, month);
    findings.extend(lost_on_the_way(&charged, rated, settings));
    let mut sections: Vec<SectionKey> = charged.keys().chain(asked.keys()).cloned().collect();
    sections.sort();
    sections.dedup();
    let mut reconciled = Vec::with_capacity(sections.len());
    for section in sections {
        let rows = asked.remove(&section).unwrap_or_default();
        let charged = charged.get(&section);
        match judge(section, charged, &rows, settings, exchange) {
            Ok((vendor, finding)) => {
                findings.extend(finding);
                reconciled.push(vendor);
            }
            Err(Overflow) => findings.push(too_large("an invoice section")),
        }
    }
    (reconciled, findings)
}

/// Charges in the currency of the books or one with a rate, by section. Charges in others are on no bill; normalize says
/// so.
pub(super) fn charged(
    roll_up: &RollUp,
    settings: &Settings,
    exchange: Exchange<'_>,
    month: Month,
) -> Result<BTreeMap<SectionKey, Charged>, Overflow> {
    const SECTION: [Dimension; 4] =
        [Dimension::Provider, Dimension::BillingAccountId, Dimension::InvoiceId, Dimension::BillingCurrency];
    let mut sums: HashMap<[Symbol; 4], Charged> = HashMap::new();
    let mut names: HashMap<[Symbol; 4], SectionKey> = HashMap::new();
    for row in roll_up.rows().filter(|row| exchange.keeps(row.text(Dimension::BillingCurrency))) {
        let key = SECTION.map(|name| row.symbol(name));
        names.entry(key).or_insert_with(|| SectionKey::of(&row, &settings.state.currency));
        add(sums.entry(key).or_default(), &row, exchange, month)?;
    }
    Ok(names.into_iter().map(|(key, name)| (name, sums[&key])).collect())
}

/// The charges of a section before rate and after: rate decides who pays, never how much the vendor asks.
fn lost_on_the_way(charged: &BTreeMap<SectionKey, Charged>, rated: &Rated, settings: &Settings) -> Vec<Finding> {
    let mut after: BTreeMap<&SectionKey, Cost> = BTreeMap::new();
    let Ok(charges) = RatedCharge::by_ruling(&rated.charges) else {
        return vec![too_large("the charges of one ruling")];
    };
    for charge in charges {
        let sum = after.entry(&charge.ruling.section).or_default();
        match sum.checked_add(charge.cost) {
            Ok(more) => *sum = more,
            Err(Overflow) => return vec![too_large("the rated charges of one invoice section")],
        }
    }
    let mut findings = Vec::new();
    let mut keys: Vec<&SectionKey> = charged.keys().chain(after.keys().copied()).collect();
    keys.sort();
    keys.dedup();
    for section in keys {
        let before = charged.get(section).map_or(Cost::ZERO, |sums| sums.in_books);
        let after = after.get(section).copied().unwrap_or_default();
        if before != after {
            let why = format!(
                "The charges of this section add up to {}, and after rating to {}.",
                before.for_people(),
                after.for_people()
            );
            let place = Place::default().value(section.in_words());
            let mut finding = Finding::new(Code::ConservationFails, place, why, OUR_BUG);
            if let Ok(lost) = before.checked_sub(after) {
                finding = finding.at_stake(lost, settings.state.currency.clone());
            }
            findings.push(finding);
        }
    }
    findings
}

const OUR_BUG: &str = "This is an error of the program, not of the files. Nothing was booked; please report it with \
                       the month's summary.json.";

pub(super) fn too_large(what: &str) -> Finding {
    let why = format!("The sum of {what} left the range that can be kept exactly.");
    let fix = "Look for an amount of absurd size in the month's files and have the vendor deliver them again.";
    Finding::new(Code::ConservationFails, Place::default(), why, fix)
}

pub(super) fn judge(
    section: SectionKey,
    charged: Option<&Charged>,
    rows: &[&VendorInvoice],
    settings: &Settings,
    exchange: Exchange<'_>,
) -> Result<(VendorReconciliation, Option<Finding>), Overflow> {
    let sums = charged.copied().unwrap_or_default();
    let usage = sums.charges.checked_add(sums.credits)?;
    let currency = if section.currency.is_empty() { &settings.state.currency } else { &section.currency };
    let mut vendor = VendorReconciliation {
        currency: currency.clone(),
        exchange: exchange.rate(&section.currency).cloned(),
        section,
        usage,
        charges: sums.charges,
        credits: sums.credits,
        invoice: None,
        invoice_basis: sums.in_books.exact().round(settings.state.rounding)?,
        difference: Cost::ZERO,
        items: Vec::new(),
        state: VendorState::AccruedNoInvoice,
    };
    let on_invoice = || rows.iter().filter(|row| stated_difference(row).is_none());
    if on_invoice().next().is_none() {
        let finding = (!usage.is_zero()).then(|| no_invoice(&vendor));
        return Ok((vendor, finding));
    }
    let invoice = Money::total(on_invoice().map(|row| row.amount))?;
    vendor.invoice = Some(invoice);
    vendor.invoice_basis = vendor.in_books(Cost::from_money(invoice))?.exact().round(settings.state.rounding)?;
    vendor.difference = Cost::from_money(invoice).checked_sub(usage)?;
    let tolerance = Cost::from_money(settings.state.gates.invoice_tolerance);
    let (mut items, rest) = explain(vendor.difference, &sums, rows, tolerance)?;
    let tolerated = rest.magnitude() <= tolerance;
    let is_rounding = tolerated && rest.magnitude() <= Cost::from_money(ROUNDING_LIMIT);
    vendor.state = match (tolerated, items.is_empty()) {
        (false, _) => VendorState::Unmatched,
        (true, true) => VendorState::Matched,
        (true, false) => VendorState::MatchedWithItems,
    };
    if !rest.is_zero() {
        let (item_type, description) = if is_rounding {
            (ItemType::Rounding, "the vendor rounds each line of the invoice")
        } else {
            (ItemType::Unexplained, "no charge and no listed item explains it")
        };
        items.push(ReconcilingItem { item_type, description: description.to_owned(), amount: rest });
    }
    vendor.items = items;
    let finding = match (is_rounding || rest.is_zero(), charged.is_some()) {
        (true, _) => None,
        (false, true) => Some(differs(&vendor, rest, tolerated, rows)),
        (false, false) => Some(without_charges(&vendor, rows)),
    };
    Ok((vendor, finding))
}

/// A row that says why invoice and charges differ without being on the invoice: it names charges the invoice lacks.
fn stated_difference(row: &VendorInvoice) -> Option<ItemType> {
    match row.item_type.trim().to_ascii_lowercase().replace('_', "-").as_str() {
        "usage-only" => Some(ItemType::UsageOnly),
        "credit-timing" => Some(ItemType::CreditTiming),
        "period-cut-off" => Some(ItemType::PeriodCutOff),
        _ => None,
    }
}

/// The items that explain a difference, and what is left of it. The first of these that leaves no more than the
/// tolerance: nothing at all; every item that the invoice shows apart; only those that the charges do not hold as well;
/// these with the credits that the vendor has not granted yet, with the charges of other months, with both.
fn explain(
    difference: Cost,
    sums: &Charged,
    rows: &[&VendorInvoice],
    tolerance: Cost,
) -> Result<(Vec<ReconcilingItem>, Cost), Overflow> {
    let listed: Vec<ReconcilingItem> = rows.iter().filter_map(listed_item).collect();
    let mut lacking = Vec::new();
    for row in rows {
        if let Some(item) = listed_item(row).filter(|_| !in_charges(row, rows, sums, tolerance)) {
            lacking.push(item);
        }
    }
    let credits = (!sums.kinds[CREDIT].is_zero()).then(|| ReconcilingItem {
        item_type: ItemType::CreditTiming,
        description: "credits among the charges that are not on the invoice".to_owned(),
        amount: sums.kinds[CREDIT].negated(),
    });
    let other_months = (!sums.other_months.is_zero()).then(|| ReconcilingItem {
        item_type: ItemType::PeriodCutOff,
        description: "charges for days of other months that are not on the invoice".to_owned(),
        amount: sums.other_months.negated(),
    });
    let with = |found: &[&Option<ReconcilingItem>]| {
        lacking.iter().cloned().chain(found.iter().filter_map(|item| (*item).clone())).collect::<Vec<_>>()
    };
    let ways = [
        Vec::new(),
        listed.clone(),
        lacking.clone(),
        with(&[&credits]),
        with(&[&other_months]),
        with(&[&credits, &other_months]),
    ];
    for items in ways {
        let rest = left_over(difference, &items)?;
        if rest.magnitude() <= tolerance {
            return Ok((items, rest));
        }
    }
    let rest = left_over(difference, &listed)?;
    Ok((listed, rest))
}

fn left_over(difference: Cost, items: &[ReconcilingItem]) -> Result<Cost, Overflow> {
    difference.checked_sub(Cost::total(items.iter().map(|item| item.amount))?)
}

fn listed_item(row: &&VendorInvoice) -> Option<ReconcilingItem> {
    if is_charges(row) {
        return None;
    }
    let item_type = stated_difference(row);
    let amount = Cost::from_money(row.amount);
    Some(ReconcilingItem {
        item_type: item_type.unwrap_or(ItemType::InvoiceOnly),
        description: match row.description.trim() {
            "" => row.item_type.trim().to_owned(),
            text => format!("{}: {text}", row.item_type.trim()),
        },
        amount: if item_type.is_some() { amount.negated() } else { amount },
    })
}

/// AWS shows tax apart on the invoice and has its rows among the charges as well.
fn in_charges(row: &VendorInvoice, rows: &[&VendorInvoice], sums: &Charged, tolerance: Cost) -> bool {
    let Some(kind) = KINDS.iter().position(|(name, _)| row.item_type.trim().eq_ignore_ascii_case(name)) else {
        return false;
    };
    let of_kind = |other: &&&VendorInvoice| other.item_type.trim().eq_ignore_ascii_case(row.item_type.trim());
    let stated = Money::total(rows.iter().filter(of_kind).map(|row| row.amount)).map(Cost::from_money);
    let apart = stated.and_then(|stated| stated.checked_sub(sums.kinds[kind]));
    !sums.kinds[kind].is_zero() && apart.is_ok_and(|apart| apart.magnitude() <= tolerance)
}

fn no_invoice(vendor: &VendorReconciliation) -> Finding {
    let of_books = vendor.exchange.as_ref().map_or(String::new(), |_| " in the currency of the books".to_owned());
    let why = format!(
        "No invoice is listed for these charges, so {}{of_books} is accrued and reversed next month.",
        vendor.invoice_basis.for_people()
    );
    let fix = "When the invoice comes before the close, add its row to the tables in invoices/ and run again.";
    let finding =
        Finding::new(Code::InvoiceMissing, Place::file("invoices").value(vendor.section.in_words()), why, fix);
    finding.at_stake(vendor.usage, vendor.currency.clone())
}

fn row_of(rows: &[&VendorInvoice]) -> Place {
    rows.first().map_or_else(Place::default, |row| Place::file(row.file.clone()).row(row.line).column("amount"))
}

fn differs(vendor: &VendorReconciliation, rest: Cost, tolerated: bool, rows: &[&VendorInvoice]) -> Finding {
    let invoice = vendor.invoice.unwrap_or_default().for_people();
    let why = format!(
        "The invoice asks for {invoice}, its charges add up to {}: a difference of {}, of which no item explains {}.",
        vendor.usage.for_people(),
        vendor.difference.for_people(),
        rest.for_people()
    );
    let fix = "Compare with the invoice. Write what stands on it alone (tax, support, marketplace, credit) as a row of \
               its own with that item_type, and charges that it leaves for a later one as usage-only, credit-timing or \
               period-cut-off; where charges are missing, have the month delivered again.";
    let mut finding = Finding::new(Code::InvoiceDiffers, row_of(rows).value(vendor.section.in_words()), why, fix);
    if tolerated {
        finding.severity = Severity::Warning;
    }
    finding.at_stake(rest, vendor.currency.clone())
}

fn without_charges(vendor: &VendorReconciliation, rows: &[&VendorInvoice]) -> Finding {
    let invoice = vendor.invoice.unwrap_or_default();
    let why = format!(
        "The invoice asks for {}, and no charge of the month is of this account and invoice.",
        invoice.for_people()
    );
    let fix = "Correct provider, billing_account_id or invoice_id to what the charges carry, deliver the export that \
               is missing, or give the row an item_type that has no charges (tax, support, marketplace, credit).";
    let finding = Finding::new(Code::InvoiceUnmatched, row_of(rows).value(vendor.section.in_words()), why, fix);
    finding.at_stake(Cost::from_money(invoice), vendor.currency.clone())
}
