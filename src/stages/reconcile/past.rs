//! Invoices of closed months that came, or changed, after their close; and what this month leaves to the next.
//!
//! In     the sections of the closed months as their closes left them, the invoice tables
//! Out    a late invoice for each section whose rows ask for something else than is booked
//! Tells  what an invoice of the month itself would, CB0710, and CB0703 and CB0711 for what the books are past without

use super::asked;
use super::invoice::{charged, judge, too_large};
use crate::model::adjustment::Settlement;
use crate::model::bill::{BillLine, Destination, RatedCharge, SectionKey};
use crate::model::bridge::Bridge;
use crate::model::codes::ServiceCode;
use crate::model::exchange::Exchange;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month::Month;
use crate::model::month_end::MonthEnd;
use crate::model::past::{Carried, CarriedSection, LateInvoice, Past, Spent};
use crate::model::settings::{Settings, VendorInvoice};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a month that no close of these books has are left alone: they were paid before the books began.
pub fn late(carried: Carried, corrected: Vec<BillLine>, settings: &Settings, month: Month) -> (Past, Vec<Finding>) {
    let months: BTreeSet<Month> =
        carried.sections.iter().map(|section| section.month).filter(|closed| *closed < month).collect();
    let mut past = Past { carried, late: Vec::new(), corrected, bridge: Bridge::default() };
    let mut findings = Vec::new();
    for closed in months {
        match of_month(&past, settings, closed) {
            Ok((late, found)) => {
                past.late.extend(late);
                findings.extend(found);
            }
            Err(Overflow) => findings.push(too_large("an invoice of a closed month")),
        }
    }
    findings.extend(missed(&past.carried, settings, month));
    past.late.sort_by(|a, b| (a.dated, a.month, &a.vendor.section).cmp(&(b.dated, b.month, &b.vendor.section)));
    (past, findings)
}

/// Payments and invoices of months that the books are past without them: no later month would take them either.
fn missed(carried: &Carried, settings: &Settings, month: Month) -> Vec<Finding> {
    let mut findings = Vec::new();
    let unbooked = |paid: &&Settlement| {
        carried.is_behind(Month::containing(paid.settled_on), month) && !carried.settlements.contains(&paid.name())
    };
    for paid in settings.settlements.iter().filter(unbooked) {
        let why = format!("It is dated {}, and the books are past that month without it.", paid.settled_on);
        let fix = format!("Give it a day of {month}, or of a later month.");
        let place =
            Place::file("settlements.csv").row(paid.line).column("settled_on").value(paid.settled_on.to_string());
        let finding = Finding::new(Code::AdjustmentRefused, place, why, fix);
        findings.push(finding.at_stake(Cost::from_money(paid.amount), settings.state.currency.clone()));
    }
    let of_no_close =
        |row: &&VendorInvoice| carried.is_behind(row.month, month) && !carried.months.contains(&row.month);
    for row in settings.invoices.iter().filter(of_no_close) {
        let why = format!("{} was not closed in these books and a later month was, so no close books this.", row.month);
        let fix = format!("Write the month whose charges it bills, or {month} where it bills none.");
        let place = Place::file(row.file.clone()).row(row.line).column("month").value(row.month.to_string());
        let finding = Finding::new(Code::InvoiceUnmatched, place, why, fix);
        findings.push(finding.at_stake(Cost::from_money(row.amount), row.currency.clone()));
    }
    findings
}

fn of_month(past: &Past, settings: &Settings, closed: Month) -> Result<(Vec<LateInvoice>, Vec<Finding>), Overflow> {
    let sections: Vec<&CarriedSection> =
        past.carried.sections.iter().filter(|section| section.month == closed).collect();
    let keys: Vec<&SectionKey> = sections.iter().map(|section| &section.vendor.section).collect();
    let (asked, mut findings) = asked::sort(&keys, settings, closed);
    // Rows of this month may name an invoice that bills a closed month, too.
    findings.retain(|finding| finding.code != Code::MonthOther);
    let exchange = Exchange::new(settings, closed);
    let mut late = Vec::new();
    for (section, rows) in asked {
        let before = past.section(closed, &section);
        let (vendor, finding) = judge(section, before.map(|before| &before.charged), &rows, settings, exchange)?;
        let was = before.filter(|before| before.vendor.invoice.is_some());
        if vendor.invoice.is_none() || was.is_some_and(|was| was.vendor.invoice == vendor.invoice) {
            continue;
        }
        let (invoice, booked) = (vendor.invoice_basis, was.map(|was| was.vendor.invoice_basis));
        let accrued = before.map_or(Ok(None), CarriedSection::owed)?.unwrap_or_default();
        let spent = before.map(|before| before.spent.clone()).unwrap_or_default();
        let dated = rows.iter().filter_map(|row| row.invoice_date).max();
        let came = LateInvoice { month: closed, vendor, spent, invoice, dated, booked, accrued };
        if !finding.as_ref().is_some_and(Finding::blocks) {
            findings.push(booked_here(&came, &rows, &settings.state.currency)?);
        }
        findings.extend(finding);
        late.push(came);
    }
    Ok((late, findings))
}

fn booked_here(late: &LateInvoice, rows: &[&VendorInvoice], currency: &str) -> Result<Finding, Overflow> {
    let (month, invoice, amount) = (late.month, late.invoice.for_people(), late.amount()?.for_people());
    let why = match late.booked {
        None => {
            let (accrued, variance) = (late.accrued.for_people(), late.variance()?.for_people());
            format!(
                "{month} was closed without this invoice. It asks for {invoice}, and {accrued} was accrued; that is \
                 reversed, and the difference of {variance} is cost of the month that is open."
            )
        }
        Some(booked) => format!(
            "{month} was closed with {}, and the invoice asks for {invoice} now. {amount} is booked in the month that is \
             open.",
            booked.for_people()
        ),
    };
    let place = rows.first().map_or_else(Place::default, |row| Place::file(row.file.clone()).row(row.line));
    let fix = "Nothing needs to be done for the journals. What agencies are to pay of the difference is an adjustment.";
    let finding = Finding::new(Code::InvoiceLate, place.value(late.vendor.section.in_words()), why, fix);
    Ok(finding.at_stake(Cost::from_money(late.amount()?), currency))
}

/// Sections that are still without an invoice are accrued again, and told each month.
pub fn still_open(past: &Past, settings: &Settings) -> Result<Vec<Finding>, Overflow> {
    let mut findings = Vec::new();
    for (section, owed) in past.still_open()? {
        let why = format!(
            "{} is closed and no invoice has come for these charges since, so {} is accrued again and reversed next month.",
            section.month,
            owed.for_people()
        );
        let fix =
            "Ask the vendor for the invoice, and add its row to the tables in invoices/ with the month of its charges.";
        let place = Place::file("invoices").value(section.vendor.section.in_words());
        let finding = Finding::new(Code::InvoiceMissing, place, why, fix);
        findings.push(finding.at_stake(Cost::from_money(owed), settings.state.currency.clone()));
    }
    Ok(findings)
}

/// Cents that are of these books, and cents that are not.
type ByService<'a> = BTreeMap<Option<&'a ServiceCode>, (Vec<Money>, Vec<Money>)>;

/// What this month's close leaves to the next.
pub fn carry(end: &MonthEnd) -> Result<Carried, Overflow> {
    let exchange = Exchange::new(&end.settings, end.month);
    let charged = charged(&end.roll_up, &end.settings, exchange, end.month)?;
    let mut spent: BTreeMap<&SectionKey, ByService<'_>> = BTreeMap::new();
    for sum in RatedCharge::by_ruling(&end.charges)? {
        let of_section = spent.entry(&sum.ruling.section).or_default();
        let (ours, others) = of_section.entry(sum.ruling.service.as_ref()).or_default();
        let is_other = matches!(sum.ruling.destination, Destination::Excluded(_));
        if is_other { others } else { ours }.push(sum.amount);
    }
    let mut own = Vec::new();
    for vendor in &end.vendors {
        let mut of_section = Vec::new();
        for (service, (ours, others)) in spent.remove(&vendor.section).unwrap_or_default() {
            let (ours, others) = (Money::total(ours)?, Money::total(others)?);
            of_section.push(Spent { service: service.cloned(), ours, others });
        }
        let charged = charged.get(&vendor.section).copied().unwrap_or_default();
        own.push(CarriedSection { month: end.month, vendor: vendor.clone(), charged, spent: of_section });
    }
    let paid = end.settings.settlements.iter().filter(|paid| end.month.contains(paid.settled_on));
    Carried::after(
        &end.past,
        end.month,
        (&end.bills, &end.journals),
        (own, paid.map(Settlement::name)),
        super::bridge::billed(end)?,
    )
}
