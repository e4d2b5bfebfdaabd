//! The laws of the money, checked item by item on what the stages left.
//!
//! Each is computed anew from the lowest level there is: a total that a stage wrote down is only ever one side.

use super::own_prices;
use super::proof::{Proof, by, total};
use super::{credits, subsidies, sums};
use crate::model::bill::{BillLine, Destination, FundingLine, LineKind, RatedCharge, RulingSum, SectionKey};
use crate::model::charge::Dimension;
use crate::model::codes::AgencyCode;
use crate::model::exchange::Exchange;
use crate::model::money::{Cost, Exact, Money, Overflow, Quantity, Rounding, SCALE};
use crate::model::month_end::MonthEnd;
use crate::model::proof::{ItemType, Subtotal, VendorReconciliation};
use crate::model::roll_up::Symbol;
use crate::model::settings::{FundingResidual, Mode, fraction};
use hashbrown::{HashMap, HashSet};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Law 1.
pub fn rows(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let mut rejected = 0;
    for version in &month.versions {
        let (source, totals) = (&version.version, &version.totals);
        let left_out: u64 = totals.rows_left_out.values().map(|(rows, _)| rows).sum();
        let found = totals.rows_accepted + left_out + totals.rows_rejected;
        let place = format!("{} {} {}", source.source, source.export, source.version);
        proof.counts(&place, ("rows read", totals.rows_read), ("accepted, left out, rejected", found));
        if let Some(expected) = totals.rows_expected {
            proof.counts(&place, ("rows read", totals.rows_read), ("rows of the manifest", expected));
        }
        rejected += totals.rows_rejected;
    }
    proof.counts("rejected rows", ("counted", rejected), ("kept", month.rejected.len() as u64));
    Ok(())
}

/// Law 2. Every way of summing a version gives its total, and all versions together are the roll-up, by currency.
pub fn vendor_costs(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let mut read: BTreeMap<&str, Cost> = BTreeMap::new();
    for version in &month.versions {
        let totals = &version.totals;
        let place = |by: &str| format!("{} {} by {by}", version.version.source, version.version.export);
        let billed = total(totals.billed.values())?;
        let ways: [(&str, &BTreeMap<String, Subtotal>); 3] =
            [("charge type", &totals.by_charge_type), ("account", &totals.by_account), ("invoice", &totals.by_invoice)];
        for (name, subtotals) in ways {
            let sum = total(subtotals.values().map(|subtotal| &subtotal.billed))?;
            proof.costs(&place(name), ("billed", billed), ("sum of its parts", sum));
        }
        for (column, cut) in &totals.cut_off {
            let name = format!(
                "{} {} {column}, cells with more than {SCALE} decimals",
                version.version.source, version.version.export
            );
            let text = |sum: Exact| sum.shown(2 * SCALE);
            proof.pair(&name, ("kept and cut off", text(cut.as_kept())), ("as written", text(cut.as_written())));
        }
        for (currency, cost) in &totals.billed {
            let sum = read.entry(currency).or_default();
            *sum = sum.checked_add(*cost)?;
        }
    }
    let mut rolled: BTreeMap<&str, Cost> = BTreeMap::new();
    for row in month.roll_up.rows() {
        let sum = rolled.entry(row.text(Dimension::BillingCurrency)).or_default();
        *sum = sum.checked_add(row.sums().billed)?;
    }
    for currency in read.keys().chain(rolled.keys()).copied().collect::<BTreeSet<_>>() {
        let of = |sums: &BTreeMap<&str, Cost>| sums.get(currency).copied().unwrap_or_default();
        proof.costs(currency, ("billed cost of the files", of(&read)), ("billed cost of the roll-up", of(&rolled)));
    }
    quantities(month, proof)
}

/// What is counted without money, by format and meter: the files' sums and the roll-up's.
fn quantities(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let mut sums: BTreeMap<(&str, &str), (Quantity, Quantity)> = BTreeMap::new();
    for version in &month.versions {
        for (meter, quantity) in &version.totals.counted {
            let (read, _) = sums.entry((&version.version.source, meter)).or_default();
            *read = read.checked_add(*quantity)?;
        }
    }
    for row in month.roll_up.rows().filter(|row| row.text(Dimension::BillingCurrency).is_empty()) {
        let key = (row.text(Dimension::Source), row.text(Dimension::SkuMeter));
        let (_, rolled) = sums.entry(key).or_default();
        *rolled = rolled.checked_add(row.sums().quantity)?;
    }
    for ((source, meter), (read, rolled)) in sums {
        let place = format!("{source} {meter}");
        let (read, rolled) = (read.to_string(), rolled.to_string());
        proof.pair(&place, ("counted in the files", read), ("counted in the roll-up", rolled));
    }
    Ok(())
}

/// Law 3.
pub fn versions(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let mut paths = BTreeSet::new();
    let mut contents = BTreeSet::new();
    for version in &month.versions {
        let source = &version.version;
        proof.pair(&source.export, ("month", source.month.to_string()), ("closed month", month.month.to_string()));
        for part in &source.parts {
            // Files without rows are all alike.
            let alike = version.totals.rows_read > 0 && !contents.insert(&part.sha256);
            if !paths.insert(&part.path) || alike {
                proof.refuse(&part.path, "read twice".to_owned(), "once");
            }
        }
    }
    Ok(())
}

/// Law 4. No row of the roll-up is lost by rating, and none is made.
pub fn joins(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let exchange = Exchange::new(&month.settings, month.month);
    let rows = month.roll_up.rows().filter(|row| exchange.keeps(row.text(Dimension::BillingCurrency))).count();
    let mut is_rated = vec![false; month.roll_up.len()];
    let mut out_of_range = 0_u64;
    for charge in &month.charges {
        match is_rated.get_mut(charge.row) {
            Some(rated) => *rated = true,
            None => out_of_range += 1,
        }
    }
    let rated = is_rated.iter().filter(|rated| **rated).count();
    proof.counts("", ("rows of the roll-up", rows as u64), ("rows rated", rated as u64));
    proof.counts("rows that are not in the roll-up", ("found", out_of_range), ("allowed", 0));
    Ok(())
}

/// Law 5. A row's charges are its billed cost to the last digit; what our own cards make is computed again.
pub fn rated(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let mut of_row: Vec<Cost> = vec![Cost::ZERO; month.roll_up.len()];
    for charge in &month.charges {
        if let Some(sum) = of_row.get_mut(charge.row) {
            *sum = sum.checked_add(charge.cost)?;
        }
    }
    let exchange = Exchange::new(&month.settings, month.month);
    for row in month.roll_up.rows() {
        let currency = row.text(Dimension::BillingCurrency);
        if !exchange.keeps(currency) {
            continue;
        }
        let billed = exchange.in_books(currency, row.sums().billed)?;
        if billed != of_row[row.number] {
            let place = format!("row {} of the roll-up, {}", row.number, section_of(month, row.number).in_words());
            proof.costs(&place, ("billed cost", billed), ("cost of its charges", of_row[row.number]));
        }
    }
    let all = Cost::total(of_row)?;
    proof.costs(
        "",
        ("cost of all charges", all),
        ("cost of their rows", Cost::total(month.charges.iter().map(|c| c.cost))?),
    );
    own_prices::check(month, proof)?;
    subsidies::check(month, proof)?;
    credits::check(month, proof)
}

/// Law 6.
pub fn pools(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let sums = RatedCharge::by_ruling(&month.charges)?;
    let to_pool = |sum: &RulingSum<'_>| match &sum.ruling.destination {
        Destination::Pool(pool) => Some((pool.to_string(), sum.amount)),
        _ => None,
    };
    let charged = by(sums.iter().filter_map(to_pool))?;
    let lines = month.bills.lines.iter();
    let on_lines = by(lines.filter_map(|line| Some((line.share.as_ref()?.pool.to_string(), line.amount))))?;
    let mut seen = BTreeMap::new();
    for (number, pool) in month.bills.pools.iter().enumerate() {
        let place = format!("pool {}", pool.pool);
        let of_charges = Cost::from_money(pool.of_charges()?);
        let sum = seen.entry(pool.pool.to_string()).or_insert(Cost::ZERO);
        *sum = sum.checked_add(of_charges)?;
        let out = Cost::from_money(pool.given_out);
        let shares = sums::of_money(pool.shares.iter().map(|(_, _, share)| *share))?;
        let passed_on = sums::of_money(pool.passed_on.iter().map(|(_, _, share)| *share))?;
        let details = month.bills.pool_details.iter().filter(|detail| detail.line == number);
        let is_share = |line: &&BillLine| line.share.as_ref().is_some_and(|share| share.is_of(pool));
        let on_lines = sums::of_money(month.bills.lines.iter().filter(is_share).map(|line| line.amount))?;
        let taken_in = Cost::from_money(pool.taken_in.checked_add(pool.exchanged)?);
        proof.costs(
            &place,
            ("taken in", of_charges),
            ("its detail", sums::of_money(details.map(|detail| detail.amount))?),
        );
        proof.costs(&place, ("taken in", taken_in), ("given out", out.checked_add(Cost::from_money(pool.held))?));
        proof.costs(&place, ("given out", out), ("its shares", shares.checked_add(passed_on)?));
        proof.costs(&place, ("given out", out), ("its bill lines", on_lines.checked_add(passed_on)?));
    }
    for (name, taken_in) in &seen {
        let own = charged.get(name).copied().unwrap_or_default();
        proof.costs(&format!("pool {name}"), ("taken in", *taken_in), ("its charges", own));
        received(month, name, proof)?;
    }
    let exchanged = sums::of_money(month.bills.pools.iter().map(|pool| pool.exchanged))?;
    proof.costs("pools of groups", ("moved between them", exchanged), ("nothing", Cost::ZERO));
    for name in charged.keys().chain(on_lines.keys()).filter(|name| !seen.contains_key(*name)) {
        let none = ("taken in", Cost::ZERO);
        proof.costs(
            &format!("pool {name}, which was not shared"),
            none,
            ("its charges", charged.get(name).copied().unwrap_or_default()),
        );
    }
    Ok(())
}

/// What a pool received is what others say they gave it.
fn received(month: &MonthEnd, name: &str, proof: &mut Proof) -> Result<(), Overflow> {
    let of_pool = month.bills.pools.iter().filter(|pool| pool.pool.as_str() == name);
    let received = sums::of_money(of_pool.flat_map(|pool| &pool.received).map(|(_, amount)| *amount))?;
    let given = month.bills.pools.iter().flat_map(|pool| &pool.passed_on);
    let given = sums::of_money(given.filter(|(to, ..)| to.as_str() == name).map(|(.., amount)| *amount))?;
    proof.costs(&format!("pool {name}"), ("received", received), ("given by other pools", given));
    Ok(())
}

/// Law 7. Row by row: the cents of its charges are on bill lines, in pools, or where the charge says.
pub fn destinations(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let sums = RatedCharge::by_ruling(&month.charges)?;
    let all = sums::of_money(sums.iter().map(|sum| sum.amount))?;
    let central = sums::of_money(month.bills.central.iter().map(|central| central.amount))?;
    let basis = sums::of_money(month.vendors.iter().map(|vendor| vendor.invoice_basis))?;
    let placed = all.checked_add(central)?;
    proof.costs("", ("charges in cents and invoice items", placed), ("invoice basis", basis));
    let to_agency = |sum: &RulingSum<'_>| match &sum.ruling.destination {
        Destination::Agency(agency) => Some((agency.to_string(), sum.amount)),
        _ => None,
    };
    let owned = by(sums.iter().filter_map(to_agency))?;
    let direct = || month.bills.lines.iter().filter(|line| line.kind == LineKind::Direct);
    let billed = by(direct().map(|line| (line.agency.to_string(), line.amount)))?;
    for name in owned.keys().chain(billed.keys()).collect::<BTreeSet<_>>() {
        let of = |sums: &BTreeMap<String, Cost>| sums.get(name).copied().unwrap_or_default();
        proof.costs(&format!("agency {name}"), ("its charges", of(&owned)), ("its direct lines", of(&billed)));
    }
    of_rows(month, proof)
}

fn of_rows(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let mut rows = vec![(Money::ZERO, Money::ZERO); month.roll_up.len()];
    let placed = |destination: &Destination| matches!(destination, Destination::Agency(_) | Destination::Pool(_));
    for charge in month.charges.iter().filter(|charge| placed(&charge.destination)) {
        if let Some((charged, _)) = rows.get_mut(charge.row) {
            *charged = charged.checked_add(charge.amount)?;
        }
    }
    let on_direct = month.bills.details.iter().filter(|detail| is_direct(month, detail.line));
    for detail in on_direct.chain(&month.bills.pool_details) {
        match rows.get_mut(detail.row) {
            Some((_, detailed)) => *detailed = detailed.checked_add(detail.amount)?,
            None => proof.refuse("detail", format!("row {}", detail.row), "rows of the roll-up"),
        }
    }
    for (row, (charged, detailed)) in rows.into_iter().enumerate().filter(|(_, (one, other))| one != other) {
        proof.money(&format!("row {row} of the roll-up"), ("its charges", charged), ("its detail", detailed));
    }
    Ok(())
}

fn is_direct(month: &MonthEnd, line: usize) -> bool {
    month.bills.lines.get(line).is_some_and(|line| line.kind == LineKind::Direct)
}

/// Law 8.
pub fn bill_lines(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let bills = &month.bills;
    let charged = sums::of_money(bills.charged().map(|line| line.amount))?;
    let due = by(bills.charged().map(|line| (line.agency.clone(), line.amount)))?;
    proof.costs("", ("lines that ask for money", charged), ("bills", total(due.values())?));
    let detail = by(bills.details.iter().map(|detail| (detail.line, detail.amount)))?;
    let mut ids = BTreeSet::new();
    for (number, line) in bills.lines.iter().enumerate() {
        let rows = detail.get(&number).copied();
        if line.kind == LineKind::Direct || rows.is_some() {
            let rows = rows.unwrap_or_default();
            proof.costs(&line.id, ("bill line", Cost::from_money(line.amount)), ("its rows", rows));
        }
        if !ids.insert(&line.id) {
            proof.refuse(&line.id, "two lines of this id".to_owned(), "one");
        }
        if line.mode == Mode::Chargeback || (line.mode == Mode::Absorbed && !line.funding.is_empty()) {
            let funding = sums::of_money(line.funding.iter().map(|part| part.amount))?;
            proof.costs(&line.id, ("bill line", Cost::from_money(line.amount)), ("its funding", funding));
            for part in line.funding.iter().filter(|part| !within_a_cent(month, line, part)) {
                let found = format!("{} of fund {}", part.amount, part.string.fund);
                proof.refuse(&line.id, found, &format!("{} percent, within a cent", part.percent));
            }
        }
    }
    for pool in &bills.pools {
        let place = |agency: &dyn std::fmt::Display| format!("pool {} for {agency}", pool.pool);
        for (agency, _, share) in &pool.shares {
            let is_share = |line: &&BillLine| line.share.as_ref().is_some_and(|share| share.is_of(pool));
            let lines = sums::of_money(bills.of(agency).filter(is_share).map(|line| line.amount))?;
            proof.costs(&place(agency), ("share", Cost::from_money(*share)), ("its bill line", lines));
        }
    }
    super::decided::adjustments(month, proof)
}

/// A split of a line moves less than a cent to or from each string; a split of the whole bill would move more. Where
/// leftover cents are kept from federal strings, another takes those of all.
fn within_a_cent(month: &MonthEnd, line: &BillLine, part: &FundingLine) -> bool {
    let Ok(percent) = part.percent.parse::<Decimal>() else { return false };
    let takes_all = month.settings.state.funding_residual == FundingResidual::NeverFederal && !part.federal;
    let cents = if takes_all { i64::try_from(line.funding.len()).unwrap_or(i64::MAX) } else { 1 };
    // A correction is the difference of two splits.
    let splits = if line.adjustment.as_ref().is_some_and(|own| own.corrects.is_some()) { 2 } else { 1 };
    let limit = Money::from_cents(cents.saturating_mul(splits)).exact();
    let apart = part.amount.exact().minus(&line.amount.exact().times(&fraction(percent)));
    apart < limit && Exact::zero().minus(&apart) < limit
}

/// Law 10. By line id, and by the charges behind each line.
pub fn agencies<'a>(month: &'a MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let bills = &month.bills;
    for line in &bills.lines {
        // An adjustment stands on the bill of the month in which it is booked.
        let of_bill = if line.kind == LineKind::Adjustment { month.month } else { line.month };
        let prefix = format!("{}-{of_bill}-", line.agency);
        let named = line.id.get(..prefix.len()).unwrap_or(&line.id).to_owned();
        proof.pair("", ("line id", named), ("its agency and month", prefix));
    }
    let owner = |charge: &'a RatedCharge| match (&charge.destination, &charge.ruling.consumer) {
        (_, Some(agency)) | (Destination::Agency(agency), None) => Some((charge.row, agency)),
        _ => None,
    };
    let mut owners: Vec<(usize, &AgencyCode)> = month.charges.iter().filter_map(owner).collect();
    owners.sort_unstable();
    for detail in &bills.details {
        let Some(line) = bills.lines.get(detail.line) else {
            proof.refuse("detail", format!("line {}", detail.line), "lines of the bills");
            continue;
        };
        if owners.binary_search(&(detail.row, &line.agency)).is_err() {
            proof.refuse(&line.id, format!("row {} of another agency", detail.row), "rows of its agency");
        }
    }
    Ok(())
}

/// Law 11.
pub fn currency(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let currency = &month.settings.state.currency;
    let of_charges = month.charges.iter().filter(|charge| charge.row < month.roll_up.len());
    let of_charges: HashSet<Symbol> =
        of_charges.map(|charge| month.roll_up.row(charge.row).symbol(Dimension::BillingCurrency)).collect();
    let of_charges = of_charges.into_iter().map(|symbol| month.roll_up.symbols().text(symbol));
    let of_vendors = month.vendors.iter().map(|vendor| vendor.currency.as_str());
    // Of another currency only what has a rate is on a bill, and it was converted by that.
    let exchange = Exchange::new(&month.settings, month.month);
    let converted = |currency: &&str| exchange.rate(currency).is_some();
    let mut found: BTreeSet<&str> = of_charges.chain(of_vendors).filter(|currency| !converted(currency)).collect();
    found.insert(currency);
    let found = found.into_iter().collect::<Vec<_>>().join(", ");
    proof.pair("", ("currencies of the bills", found), ("currency of the books", currency.clone()));
    Ok(())
}

/// Billed cost of a section, in its own currency and in that of the books.
#[derive(Clone, Copy, Default)]
struct Usage {
    own: Cost,
    in_books: Cost,
}

/// Billed cost by section. The symbols stand for their texts, so that only sections are spelled out and not rows.
fn usage(month: &MonthEnd) -> Result<BTreeMap<SectionKey, Usage>, Overflow> {
    const SECTION: [Dimension; 4] =
        [Dimension::Provider, Dimension::BillingAccountId, Dimension::InvoiceId, Dimension::BillingCurrency];
    let mut sums: HashMap<[Symbol; 4], (usize, Usage)> = HashMap::new();
    let exchange = Exchange::new(&month.settings, month.month);
    for row in month.roll_up.rows() {
        let (currency, billed) = (row.text(Dimension::BillingCurrency), row.sums().billed);
        if !exchange.keeps(currency) {
            continue;
        }
        let (_, sum) = sums.entry(SECTION.map(|name| row.symbol(name))).or_insert((row.number, Usage::default()));
        sum.own = sum.own.checked_add(billed)?;
        sum.in_books = sum.in_books.checked_add(exchange.in_books(currency, billed)?)?;
    }
    Ok(sums.into_values().map(|(row, sum)| (section_of(month, row), sum)).collect())
}

fn section_of(month: &MonthEnd, row: usize) -> SectionKey {
    SectionKey::of(&month.roll_up.row(row), &month.settings.state.currency)
}

/// The vendor's invoice is the charges, what is on it alone, and a rounding within the tolerance.
fn invoice_beside_charges(
    vendor: &VendorReconciliation,
    invoice: Money,
    charged: Cost,
    (tolerance, rounding): (Cost, Rounding),
    proof: &mut Proof,
) -> Result<(), Overflow> {
    let section = vendor.section.in_words();
    let asked = Cost::from_money(invoice);
    let named = vendor.items.iter().filter(|item| item.item_type.is_outside_charges());
    let items = Cost::total(named.map(|item| item.amount))?;
    let rest = asked.checked_sub(charged)?.checked_sub(items)?;
    let cents = if rest.magnitude() > tolerance { Cost::ZERO } else { rest };
    let explained = charged.checked_add(items)?.checked_add(cents)?;
    let [charges, only, cents, limit] = [charged, items, cents, tolerance].map(sums::text);
    let place = format!(
        "{section}: charges {charges}, items beside them {only}, rounding {cents} of at most {limit} (the tolerance)"
    );
    proof.costs(&place, ("vendor's invoice", asked), ("charges, items and rounding", explained));
    let in_books = vendor.in_books(asked)?.exact().round(rounding)?;
    proof.money(&section, ("invoice basis", vendor.invoice_basis), ("vendor's invoice", in_books));
    let difference = asked.checked_sub(charged)?;
    proof.costs(&section, ("difference", vendor.difference), ("invoice less usage", difference));
    Ok(())
}

/// Law 12. Section by section, with usage summed from the roll-up again.
pub fn invoices(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let settings = &month.settings;
    let usage = usage(month)?;
    let sums = RatedCharge::by_ruling(&month.charges)?;
    let mut fitted = by(sums.iter().map(|sum| (&sum.ruling.section, sum.amount)))?;
    for (section, amount) in by(month.bills.central.iter().map(|central| (&central.section, central.amount)))? {
        let sum = fitted.entry(section).or_default();
        *sum = sum.checked_add(amount)?;
    }
    let tolerance = Cost::from_money(settings.state.gates.invoice_tolerance);
    let mut known = BTreeSet::new();
    // Sections with an invoice first: where all hold, the first is shown.
    let (invoiced, accrued): (Vec<_>, Vec<_>) = month.vendors.iter().partition(|vendor| vendor.invoice.is_some());
    for vendor in invoiced.into_iter().chain(accrued) {
        let place = vendor.section.in_words();
        known.insert(&vendor.section);
        let Usage { own: charged, in_books } = usage.get(&vendor.section).copied().unwrap_or_default();
        match vendor.invoice {
            Some(invoice) => {
                invoice_beside_charges(vendor, invoice, charged, (tolerance, settings.state.rounding), proof)?
            }
            None => {
                let expected = in_books.exact().round(settings.state.rounding)?;
                proof.money(&place, ("accrual", vendor.invoice_basis), ("usage in cents, no invoice yet", expected));
            }
        }
        let sides = vendor.charges.checked_add(vendor.credits)?;
        proof.costs(&place, ("usage", vendor.usage), ("charges of the section", charged));
        proof.costs(&place, ("usage", vendor.usage), ("charges and credits", sides));
        let cents = fitted.get(&vendor.section).copied().unwrap_or_default();
        let basis = Cost::from_money(vendor.invoice_basis);
        proof.costs(&place, ("invoice basis", basis), ("its charges in cents and items", cents));
    }
    for section in usage.keys().filter(|section| !known.contains(section)) {
        proof.refuse(&section.in_words(), "charges without a reconciliation".to_owned(), "none");
    }
    Ok(())
}

/// Law 13, as far as one month can tell: nothing is dated outside it. That earlier closes are as they were is proved by
/// the ledger, whose closes name each other by hash.
pub fn dates(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    // An adjustment is of the month that it puts right, and only of an earlier one.
    let is_outside = |line: &&BillLine| match line.kind {
        LineKind::Adjustment => line.month >= month.month,
        _ => line.month != month.month,
    };
    let outside = month.bills.lines.iter().filter(is_outside).count();
    proof.counts("", ("bill lines of other months", outside as u64), ("allowed", 0));
    for line in month.bills.lines.iter().filter(is_outside) {
        proof.pair(&line.id, ("month of the line", line.month.to_string()), ("closed month", month.month.to_string()));
    }
    for entry in &month.journals {
        let posted = crate::model::month::Month::containing(entry.posting_date());
        proof.pair(entry.id(), ("posted in", posted.to_string()), ("closed month", month.month.to_string()));
        if let Some(date) = entry.reversing_date() {
            let expected = month.month.next().first_day();
            proof.pair(
                entry.id(),
                ("reversed on", date.to_string()),
                ("first day after the month", expected.to_string()),
            );
        }
    }
    Ok(())
}

/// Items that the invoice has and the charges do not, or the other way about.
pub const LATE: [ItemType; 3] = [ItemType::UsageOnly, ItemType::CreditTiming, ItemType::PeriodCutOff];
