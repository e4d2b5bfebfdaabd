//! Vendor cost to cents: each invoice section's target, from the top down, so that every level foots.

use super::Books;
use crate::model::bill::{Bills, CentralAmount, Destination, RatedCharge, Residual, Ruling, SectionKey};
use crate::model::codes::ServiceCode;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::money::{Cost, Division, DivisionRefusal, Exact, Money, Overflow, fit};
use crate::model::proof::{VendorReconciliation, VendorState};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Charges by section, destination and service; of each the places in the list, in the order of the rows.
///
/// Services are a level of their own: thousands of rows below a cent would otherwise carry cents from the line of one
/// service to another's, even from what is only shown to what is billed.
type Sections = BTreeMap<SectionKey, BTreeMap<Destination, Services>>;
type Services = BTreeMap<Option<ServiceCode>, Vec<usize>>;

pub(super) fn to_invoices(
    books: Books<'_>,
    charges: &mut [RatedCharge],
    vendors: &[VendorReconciliation],
    bills: &mut Bills,
    findings: &mut Vec<Finding>,
) -> Result<(), Overflow> {
    let sections = sections(charges);
    let mut by_section: BTreeMap<&SectionKey, &VendorReconciliation> =
        vendors.iter().map(|vendor| (&vendor.section, vendor)).collect();
    for (section, destinations) in &sections {
        let vendor = by_section.remove(section);
        if vendor.is_none() {
            findings.push(not_reconciled(section));
        }
        fit_section(books, section, destinations, vendor, charges, bills, findings)?;
    }
    for vendor in by_section.into_values() {
        // An invoice without charges: reconcile has said so; its money is the provider's until someone finds them.
        let central = outside_charges(vendor)?;
        let explained = Money::total(central.iter().map(|central| central.amount))?;
        bills.central.extend(central);
        push_central(
            &mut bills.central,
            vendor,
            vendor.invoice_basis.checked_sub(explained)?,
            "invoice without charges",
        );
    }
    Ok(())
}

fn sections(charges: &[RatedCharge]) -> Sections {
    // Rows share their rulings, so the texts of a ruling are compared once and not once a row.
    let mut known: HashMap<usize, usize> = HashMap::new();
    let mut places: Vec<&Ruling> = Vec::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (place, charge) in charges.iter().enumerate() {
        let number = *known.entry(Arc::as_ptr(&charge.ruling) as usize).or_insert_with(|| {
            places.push(&charge.ruling);
            members.push(Vec::new());
            members.len() - 1
        });
        members[number].push(place);
    }
    let mut sections = Sections::new();
    for (ruling, members) in places.into_iter().zip(members) {
        let services =
            sections.entry(ruling.section.clone()).or_default().entry(ruling.destination.clone()).or_default();
        services.entry(ruling.service.clone()).or_default().extend(members);
    }
    let services = sections.values_mut().flat_map(BTreeMap::values_mut);
    services.flat_map(BTreeMap::values_mut).for_each(|members| members.sort_unstable());
    sections
}

fn fit_section(
    books: Books<'_>,
    section: &SectionKey,
    destinations: &BTreeMap<Destination, Services>,
    vendor: Option<&VendorReconciliation>,
    charges: &mut [RatedCharge],
    bills: &mut Bills,
    findings: &mut Vec<Finding>,
) -> Result<(), Overflow> {
    let mut costs = Vec::with_capacity(destinations.len());
    for services in destinations.values() {
        costs.push(Cost::total(services.values().flatten().map(|&place| charges[place].cost))?);
    }
    let division = match vendor {
        Some(vendor) => to_invoice(books, vendor, &costs, bills, findings)?,
        None => rounded(books, &costs)?.1,
    };
    let step = format!("fit {}", section.in_words());
    let names: Vec<&Destination> = destinations.keys().collect();
    for &place in &division.received {
        bills.residuals.push(one_cent(&step, in_words(names[place])));
    }
    for ((destination, services), cents) in destinations.iter().zip(&division.cents) {
        let step = format!("{step}, {}", in_words(destination));
        fit_services(&step, *cents, services, charges, bills)?;
    }
    Ok(())
}

/// A destination's cents to its services, and each service's to its rows. Whatever is fitted has the floor of its parts'
/// sum or a cent more, so it can always be fitted to its parts.
fn fit_services(
    step: &str,
    cents: Money,
    services: &Services,
    charges: &mut [RatedCharge],
    bills: &mut Bills,
) -> Result<(), Overflow> {
    let mut sums = Vec::with_capacity(services.len());
    for members in services.values() {
        sums.push(Cost::total(members.iter().map(|&place| charges[place].cost))?);
    }
    let division = fit(cents, &sums).map_err(|_| Overflow)?;
    for (place, (service, members)) in services.iter().enumerate() {
        let costs: Vec<Cost> = members.iter().map(|&place| charges[place].cost).collect();
        let rows = fit(division.cents[place], &costs).map_err(|_| Overflow)?;
        for (&place, cents) in members.iter().zip(&rows.cents) {
            charges[place].amount = *cents;
        }
        let name = service.as_ref().map_or("no service", ServiceCode::as_str);
        if services.len() > 1 && division.received.contains(&place) {
            bills.residuals.push(one_cent(step, name.to_owned()));
        }
        let received = rows.received.len();
        if received > 0 {
            let cents = Money::from_cents(i64::try_from(received).map_err(|_| Overflow)?);
            let received_by = format!("{received} of {} rows", members.len());
            bills.residuals.push(Residual { step: format!("{step}, {name}"), received_by, cents });
        }
    }
    Ok(())
}

/// Fits to the invoice less what stands on it alone. What rounding cannot explain stays with the provider, by name.
fn to_invoice(
    books: Books<'_>,
    vendor: &VendorReconciliation,
    costs: &[Cost],
    bills: &mut Bills,
    findings: &mut Vec<Finding>,
) -> Result<Division, Overflow> {
    let central = outside_charges(vendor)?;
    let outside = Money::total(central.iter().map(|central| central.amount))?;
    bills.central.extend(central);
    let target = vendor.invoice_basis.checked_sub(outside)?;
    match fit(target, costs) {
        Ok(division) => Ok(division),
        Err(DivisionRefusal::NotRounding { leftover, items }) => {
            let (rounded, division) = rounded(books, costs)?;
            let difference = target.checked_sub(rounded)?;
            push_central(&mut bills.central, vendor, difference, "difference that rounding cannot explain");
            findings.extend(not_rounding(books, vendor, difference, &leftover, items));
            Ok(division)
        }
        Err(_) => Err(Overflow),
    }
}

fn rounded(books: Books<'_>, costs: &[Cost]) -> Result<(Money, Division), Overflow> {
    let total = Cost::total(costs.iter().copied())?.exact().round(books.settings.state.rounding)?;
    fit(total, costs).map(|division| (total, division)).map_err(|_| Overflow)
}

/// Items of the invoice that no charge holds, in cents that add up to the rounded sum of the items.
fn outside_charges(vendor: &VendorReconciliation) -> Result<Vec<CentralAmount>, Overflow> {
    let mut central = Vec::new();
    let (mut exact, mut cents) = (Exact::zero(), Money::ZERO);
    for item in vendor.items.iter().filter(|item| item.item_type.is_outside_charges()) {
        exact = exact.plus(&vendor.in_books(item.amount)?.exact());
        let upto = exact.round_half_up()?;
        push_central(&mut central, vendor, upto.checked_sub(cents)?, &item.description);
        cents = upto;
    }
    Ok(central)
}

fn push_central(central: &mut Vec<CentralAmount>, vendor: &VendorReconciliation, amount: Money, reason: &str) {
    if !amount.is_zero() {
        central.push(CentralAmount { section: vendor.section.clone(), reason: reason.to_owned(), amount });
    }
}

pub(super) fn one_cent(step: &str, received_by: String) -> Residual {
    Residual { step: step.to_owned(), received_by, cents: Money::from_cents(1) }
}

pub(super) fn in_words(destination: &Destination) -> String {
    match destination {
        Destination::Agency(agency) => agency.to_string(),
        Destination::Pool(pool) => format!("pool {pool}"),
        Destination::Central(reason) => format!("central ({reason})"),
        Destination::Excluded(reason) => format!("excluded ({reason})"),
        Destination::Suspense(reason) => format!("suspense ({reason})"),
    }
}

/// Reconcile judges a section that does not match; here only a difference inside the tolerance is left to tell.
fn not_rounding(
    books: Books<'_>,
    vendor: &VendorReconciliation,
    difference: Money,
    leftover: &str,
    items: usize,
) -> Option<Finding> {
    if vendor.state == VendorState::Unmatched {
        return None;
    }
    let section = vendor.section.in_words();
    let why = format!(
        "The invoice section {section} leaves {leftover} cents over for {items} destinations, which rounding cannot do; the \
         provider bears {difference} of it."
    );
    let fix = "Nothing, if the vendor rounds that way every month. Otherwise ask the vendor.";
    let mut finding = Finding::new(Code::InvoiceDiffers, Place::file("invoices").value(section), why, fix);
    // Within the tolerance that the settings allow, and named on the reconciliation.
    finding.severity = Severity::Note;
    Some(finding.at_stake(Cost::from_money(difference), books.settings.state.currency.as_str()))
}

fn not_reconciled(section: &SectionKey) -> Finding {
    let section = section.in_words();
    let why = format!("Charges of invoice section {section} were not reconciled, so their cents are our own rounding.");
    let fix = "This is an error in this program; please report it.";
    Finding::new(Code::ConservationFails, Place::default().value(section), why, fix)
}
