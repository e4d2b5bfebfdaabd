//! What the vendors ask for: rows of the invoice tables, sorted into the sections that the charges form.
//!
//! A row that cannot count (other currency, other month, written twice) is a finding with its dollars. It is left out
//! of the section rather than guessed at, and its finding blocks, so nothing is closed without it.

use crate::model::bill::SectionKey;
use crate::model::exchange::Exchange;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::Cost;
use crate::model::month::Month;
use crate::model::settings::{Settings, VendorInvoice};
use std::collections::{BTreeMap, BTreeSet};

pub type Asked<'a> = BTreeMap<SectionKey, Vec<&'a VendorInvoice>>;

pub fn sort<'a>(sections: &[&SectionKey], settings: &'a Settings, month: Month) -> (Asked<'a>, Vec<Finding>) {
    let mut asked = Asked::new();
    let mut findings = Vec::new();
    let mut seen = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let mut rows = Vec::new();
    let books = settings.state.currency.as_str();
    let in_own = |row: &VendorInvoice| -> Vec<&SectionKey> {
        sections.iter().copied().filter(|section| section.currency == currency_of(row, books)).collect()
    };
    for row in &settings.invoices {
        if row.month != month {
            findings.extend(other_month(row, &in_own(row), month));
        } else if !Exchange::new(settings, month).keeps(&row.currency) {
            findings.push(other_currency(row, books));
        } else if let Some(&first) = seen.get(&identity(row)) {
            findings.push(twice(row, first));
        } else {
            seen.insert(identity(row), row);
            taken.extend(named(row, &in_own(row)).cloned());
            rows.push(row);
        }
    }
    for row in rows {
        let section = section_of(row, &in_own(row), books, &taken);
        let elsewhere = || sections.iter().find(|other| same_account(row, other) && other.currency != section.currency);
        if let Some(other) = elsewhere().filter(|_| !sections.contains(&&section)) {
            findings.push(charges_in_another(row, other, books));
            continue;
        }
        asked.entry(section).or_default().push(row);
    }
    (asked, findings)
}

pub fn is_charges(row: &VendorInvoice) -> bool {
    row.item_type.trim().is_empty() || same(&row.item_type, "charges")
}

fn same(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

fn same_account(row: &VendorInvoice, section: &SectionKey) -> bool {
    same(&row.provider, &section.provider) && same(&row.billing_account_id, &section.billing_account_id)
}

/// The section that carries the row's own invoice id.
fn named<'a>(row: &VendorInvoice, sections: &[&'a SectionKey]) -> Option<&'a SectionKey> {
    sections.iter().copied().find(|section| same_account(row, section) && same(&row.invoice_id, &section.invoice_id))
}

/// By invoice id. An id that no charge carries belongs to the account's charges without one: Azure's enterprise files
/// name no invoice, and AWS fills the id in when the month is final. A row without an id belongs to the account's only
/// section.
fn section_of(row: &VendorInvoice, sections: &[&SectionKey], books: &str, taken: &BTreeSet<SectionKey>) -> SectionKey {
    if let Some(section) = named(row, sections) {
        return section.clone();
    }
    let of_account = || sections.iter().copied().filter(|section| same_account(row, section));
    if !row.invoice_id.trim().is_empty() {
        if let Some(section) = of_account().find(|section| section.invoice_id.is_empty()) {
            return section.clone();
        }
    } else {
        let mut open = of_account().filter(|section| !taken.contains(*section));
        if let (Some(only), None) = (open.next(), open.next()) {
            return only.clone();
        }
    }
    let spelling = sections.iter().find(|section| same(&row.provider, &section.provider));
    SectionKey {
        provider: spelling.map_or_else(|| row.provider.trim().to_owned(), |section| section.provider.clone()),
        billing_account_id: row.billing_account_id.trim().to_owned(),
        invoice_id: row.invoice_id.trim().to_owned(),
        currency: currency_of(row, books).to_owned(),
    }
}

/// As sections have it: blank for the currency of the books.
fn currency_of<'a>(row: &'a VendorInvoice, books: &str) -> &'a str {
    if same(&row.currency, books) { "" } else { row.currency.trim() }
}

/// What makes two rows say the same thing. A section has one row of charges, but may have two items of one type: they
/// differ in their description or amount.
fn identity(row: &VendorInvoice) -> ([String; 6], Option<i64>) {
    let fold = |text: &str| text.trim().to_ascii_lowercase();
    let charges = is_charges(row);
    let said = [
        fold(&row.provider),
        fold(&row.billing_account_id),
        fold(&row.invoice_id),
        fold(&row.currency),
        if charges { "charges".to_owned() } else { fold(&row.item_type) },
        if charges { String::new() } else { fold(&row.description) },
    ];
    (said, (!charges).then(|| row.amount.cents()))
}

fn place(row: &VendorInvoice, column: &str, value: impl Into<String>) -> Place {
    Place::file(row.file.clone()).row(row.line).column(column).value(value)
}

fn other_month(row: &VendorInvoice, sections: &[&SectionKey], month: Month) -> Option<Finding> {
    if row.invoice_id.trim().is_empty() {
        return None;
    }
    let section = named(row, sections)?;
    let why =
        format!("Invoice {} is on the charges of {month}, but this row books it in {}.", section.invoice_id, row.month);
    let fix = format!("Write {month} in this row, or the id of the invoice that belongs to {}.", row.month);
    let finding = Finding::new(Code::MonthOther, place(row, "month", row.month.to_string()), why, fix);
    Some(finding.at_stake(Cost::from_money(row.amount), row.currency.clone()))
}

fn other_currency(row: &VendorInvoice, currency: &str) -> Finding {
    let why = format!("These books are kept in {currency}, and amounts of two currencies are never added.");
    let fix = format!("Add the rate of {} for {} to exchange.csv.", row.currency, row.month);
    let finding = Finding::new(Code::CurrencyMixed, place(row, "currency", row.currency.clone()), why, fix);
    finding.at_stake(Cost::from_money(row.amount), row.currency.clone())
}

/// The only section it can belong to is of another currency.
fn charges_in_another(row: &VendorInvoice, section: &SectionKey, books: &str) -> Finding {
    let currency = if section.currency.is_empty() { books } else { &section.currency };
    let why = format!(
        "The charges of {} are in {currency}; an invoice is compared in its own currency and nothing is guessed.",
        section.in_words()
    );
    let fix = "Enter the amount and the currency as they stand on the vendor's invoice.";
    let finding = Finding::new(Code::CurrencyMixed, place(row, "currency", row.currency.clone()), why, fix);
    finding.at_stake(Cost::from_money(row.amount), row.currency.clone())
}

fn twice(row: &VendorInvoice, first: &VendorInvoice) -> Finding {
    let why = format!(
        "It names the same invoice and item as {}, line {}, which asks for {}. Counted twice, it would be paid twice.",
        first.file,
        first.line,
        first.amount.for_people()
    );
    let fix = "Delete one of the two rows. If both amounts are on the invoice, give each item its own description.";
    let finding = Finding::new(Code::TableDuplicate, place(row, "amount", row.amount.to_string()), why, fix);
    finding.at_stake(Cost::from_money(row.amount), row.currency.clone())
}
