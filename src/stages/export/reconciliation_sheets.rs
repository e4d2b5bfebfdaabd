//! The sheets behind the reconciliation's first page, as values.

use super::sheet::Sheet;
use super::workbook::{Cell, Column, Kind, column};
use crate::model::bill::Destination;
use crate::model::charge::Dimension;
use crate::model::exchange::ExchangeRate;
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month_end::MonthEnd;
use crate::model::proof::ItemType;
use crate::model::settings::Mode;
use std::collections::{BTreeMap, BTreeSet};

fn sheet(
    name: &'static str,
    title: &'static str,
    what: &str,
    columns: impl Into<Vec<Column>>,
    rows: Vec<Vec<Cell>>,
    checks: Vec<(usize, Money)>,
) -> Sheet {
    Sheet { name, title, what: what.to_owned(), columns: columns.into(), rows, checks }
}

fn exact(cost: Cost) -> Cell {
    Cell::Cost(cost)
}

pub(super) fn item_in_words(item: ItemType) -> &'static str {
    match item {
        ItemType::InvoiceOnly => "on the invoice only",
        ItemType::UsageOnly => "in the charges only",
        ItemType::CreditTiming => "credit timing",
        ItemType::PeriodCutOff => "period cut-off",
        ItemType::Currency => "currency",
        ItemType::Rounding => "rounding",
        ItemType::Unexplained => "unexplained",
    }
}

pub(super) fn vendors(end: &MonthEnd) -> Result<Sheet, Overflow> {
    let columns = [
        column("Vendor", 14, Kind::Text),
        column("Billing account", 22, Kind::Text),
        column("Invoice", 18, Kind::Text),
        column("State", 22, Kind::Text),
        column("Charges", 20, Kind::Decimal),
        column("Credits", 18, Kind::Decimal),
        column("Usage", 20, Kind::Decimal),
        column("Invoiced", 18, Kind::Money),
        column("Difference", 16, Kind::Decimal),
        column("Items", 8, Kind::Decimal),
        column("Currency", 10, Kind::Text),
        column("Exchange rate", 34, Kind::Text),
        column("Cost in cents", 18, Kind::Money),
    ];
    let row = |vendor: &&crate::model::proof::VendorReconciliation| {
        vec![
            Cell::text(&vendor.section.provider),
            Cell::text(&vendor.section.billing_account_id),
            Cell::text(&vendor.section.invoice_id),
            Cell::text(vendor.state.in_words()),
            exact(vendor.charges),
            exact(vendor.credits),
            exact(vendor.usage),
            vendor.invoice.map_or_else(|| Cell::text("none"), Cell::Money),
            exact(vendor.difference),
            Cell::Decimal(vendor.items.len().to_string()),
            Cell::text(&vendor.currency),
            Cell::text(vendor.exchange.as_ref().map(ExchangeRate::in_words).unwrap_or_default()),
            Cell::Money(vendor.invoice_basis),
        ]
    };
    let rows = sections(end).iter().map(row).collect();
    let basis = Money::total(end.vendors.iter().map(|vendor| vendor.invoice_basis))?;
    let what = "Each section of a vendor's invoice beside the charges it bills. Without an invoice the charges are \
                accrued, rounded to cents, and the accrual is reversed when the invoice comes. Amounts are in the \
                section's currency; cost in cents is in that of the books.";
    Ok(sheet("Vendors", "Vendors' invoices", what, columns, rows, vec![(12, basis)]))
}

pub(super) fn sections(end: &MonthEnd) -> Vec<&crate::model::proof::VendorReconciliation> {
    let mut sections: Vec<_> = end.vendors.iter().collect();
    sections.sort_by(|a, b| a.section.cmp(&b.section));
    sections
}

/// What every agency is asked for and shown.
pub(super) fn agencies(end: &MonthEnd) -> Result<Sheet, Overflow> {
    let columns = [
        column("Agency", 14, Kind::Text),
        column("Name", 50, Kind::Long),
        column("Lines", 10, Kind::Decimal),
        column("Due", 20, Kind::Money),
        column("Absorbed", 20, Kind::Money),
        column("Showback", 20, Kind::Money),
        column("For information", 20, Kind::Money),
    ];
    const MODES: [Mode; 4] = [Mode::Chargeback, Mode::Absorbed, Mode::Showback, Mode::Visibility];
    let of_mode = |mode| Money::total(end.bills.lines.iter().filter(|line| line.mode == mode).map(|line| line.amount));
    let codes: BTreeSet<_> = end.bills.lines.iter().map(|line| &line.agency).collect();
    let mut rows = Vec::new();
    for code in codes {
        let lines = || end.bills.of(code);
        let mut cells = vec![
            Cell::text(code),
            Cell::text(end.settings.agency(code).map_or("", |agency| &agency.name)),
            Cell::Decimal(lines().count().to_string()),
        ];
        for mode in MODES {
            let amounts = lines().filter(|line| line.mode == mode).map(|line| line.amount);
            cells.push(Cell::Money(Money::total(amounts)?));
        }
        rows.push(cells);
    }
    let mut checks = Vec::new();
    for (place, mode) in (3..).zip(MODES) {
        checks.push((place, of_mode(mode)?));
    }
    let what = "What every agency is asked for, and what it is shown. The statements say the same, line by line.";
    Ok(sheet("Agencies", "Agencies", what, columns, rows, checks))
}

pub(super) fn items(end: &MonthEnd) -> Sheet {
    let columns = [
        column("Vendor", 16, Kind::Text),
        column("Billing account", 24, Kind::Text),
        column("Invoice", 20, Kind::Text),
        column("Kind", 22, Kind::Text),
        column("Description", 60, Kind::Long),
        column("Currency", 10, Kind::Text),
        column("Amount", 22, Kind::Decimal),
    ];
    let mut rows = Vec::new();
    for vendor in sections(end) {
        for item in &vendor.items {
            rows.push(vec![
                Cell::text(&vendor.section.provider),
                Cell::text(&vendor.section.billing_account_id),
                Cell::text(&vendor.section.invoice_id),
                Cell::text(item_in_words(item.item_type)),
                Cell::text(&item.description),
                Cell::text(&vendor.currency),
                exact(item.amount),
            ]);
        }
    }
    let what = "What explains the difference between an invoice and its charges, item by item.";
    sheet("Items", "Reconciling items", what, columns, rows, Vec::new())
}

pub(super) fn tie_outs(end: &MonthEnd) -> Sheet {
    let columns = [
        column("Tie-out", 9, Kind::Text),
        column("What must be equal", 46, Kind::Long),
        column("One side", 36, Kind::Long),
        column("comes to", 20, Kind::Decimal),
        column("Other side", 36, Kind::Long),
        column("and to", 20, Kind::Decimal),
        column("Difference", 16, Kind::Decimal),
        column("Holds", 8, Kind::Text),
    ];
    let row = |tie_out: &crate::model::proof::TieOut| {
        vec![
            Cell::text(&tie_out.id),
            Cell::text(&tie_out.about),
            Cell::text(&tie_out.left_name),
            Cell::Decimal(tie_out.left.clone()),
            Cell::text(&tie_out.right_name),
            Cell::Decimal(tie_out.right.clone()),
            Cell::Decimal(tie_out.difference.clone()),
            Cell::yes(tie_out.passes),
        ]
    };
    let rows = end.tie_outs.iter().map(row).collect();
    let what = "Totals that must be equal, each with both sides. One that does not hold blocks the close.";
    sheet("Tie-outs", "Tie-outs", what, columns, rows, Vec::new())
}

pub(super) fn parts(end: &MonthEnd) -> Sheet {
    let columns = [
        column("Tie-out", 9, Kind::Text),
        column("About", 60, Kind::Long),
        column("Part", 54, Kind::Long),
        column("Amount", 46, Kind::Decimal),
    ];
    let mut rows = Vec::new();
    for tie_out in &end.tie_outs {
        for (name, amount) in &tie_out.parts {
            let amount = Cell::Decimal(amount.clone());
            rows.push(vec![Cell::text(&tie_out.id), Cell::text(&tie_out.about), Cell::text(name), amount]);
        }
    }
    let what = "What the sides of the tie-outs are made of.";
    sheet("Parts", "Parts of the tie-outs", what, columns, rows, Vec::new()).at_most("summary.json has them.")
}

pub(super) fn laws(end: &MonthEnd) -> Sheet {
    let columns = [
        column("Law", 7, Kind::Text),
        column("What holds", 60, Kind::Long),
        column("One side", 30, Kind::Long),
        column("comes to", 20, Kind::Decimal),
        column("Other side", 30, Kind::Long),
        column("and to", 20, Kind::Decimal),
        column("Holds", 8, Kind::Text),
    ];
    let row = |law: &crate::model::proof::LawResult| {
        vec![
            Cell::text(law.law),
            Cell::text(&law.about),
            Cell::text(&law.left_name),
            Cell::Decimal(law.left.clone()),
            Cell::text(&law.right_name),
            Cell::Decimal(law.right.clone()),
            Cell::yes(law.passes),
        ]
    };
    let rows = end.laws.iter().map(row).collect();
    let what = "Laws of the money, checked again on the results.";
    sheet("Laws", "Laws", what, columns, rows, Vec::new()).at_most("the run's record has them.")
}

pub(super) fn pools(end: &MonthEnd) -> Result<Sheet, Overflow> {
    let mut columns = vec![
        column("Pool", 14, Kind::Text),
        column("Version", 9, Kind::Text),
        column("Service", 12, Kind::Text),
        column("What it is", 40, Kind::Long),
        column("How it is shared", 36, Kind::Long),
        column("Agencies", 10, Kind::Decimal),
        column("Taken in", 18, Kind::Money),
        column("Given out", 18, Kind::Money),
        column("Difference", 16, Kind::Money),
    ];
    // Books whose pools give nothing to each other have no columns for it.
    let between = end.bills.pools.iter().any(|pool| !pool.is_plain());
    if between {
        let of_pools = ["From other pools", "To other pools", "Held"].map(|name| column(name, 18, Kind::Money));
        columns.splice(7..7, of_pools);
    }
    let mut rows = Vec::new();
    for pool in &end.bills.pools {
        let received = Money::total(pool.received.iter().map(|(_, amount)| *amount))?.checked_add(pool.exchanged)?;
        let passed_on = Money::total(pool.passed_on.iter().map(|(.., amount)| *amount))?;
        let shares = Money::total(pool.shares.iter().map(|(.., amount)| *amount))?;
        let (taken_in, gone) = (pool.of_charges()?, shares.checked_add(passed_on)?.checked_add(pool.held)?);
        let mut row = vec![
            Cell::text(&pool.pool),
            Cell::text(pool.version),
            Cell::text(&pool.service),
            Cell::text(&pool.description),
            Cell::text(&pool.method),
            Cell::Decimal(pool.shares.len().to_string()),
            Cell::Money(taken_in),
            Cell::Money(shares),
            Cell::Money(taken_in.checked_add(received)?.checked_sub(gone)?),
        ];
        if between {
            row.splice(7..7, [received, passed_on, pool.held].map(Cell::Money));
        }
        rows.push(row);
    }
    let taken_in = Money::total(end.bills.pool_details.iter().map(|detail| detail.amount))?;
    let shares = Money::total(end.bills.pools.iter().flat_map(|pool| &pool.shares).map(|(.., cents)| *cents))?;
    let what = "What each pool took in and gave out. The ledger's figures are the charges in the pools and the shares.";
    Ok(sheet("Pools", "Pools", what, columns, rows, vec![(6, taken_in), (if between { 10 } else { 7 }, shares)]))
}

pub(super) fn pool_shares(end: &MonthEnd) -> Result<Sheet, Overflow> {
    let columns = [
        column("Pool", 16, Kind::Text),
        column("Version", 9, Kind::Text),
        column("Agency", 14, Kind::Text),
        column("Name", 40, Kind::Long),
        column("Driver", 24, Kind::Decimal),
        column("Amount", 18, Kind::Money),
    ];
    let mut rows = Vec::new();
    for pool in &end.bills.pools {
        let mut row = |to: String, name: &str, driver: &str, cents: Money| {
            let of_pool = [Cell::text(&pool.pool), Cell::text(pool.version), Cell::text(to), Cell::text(name)];
            rows.push(of_pool.into_iter().chain([Cell::Decimal(driver.to_owned()), Cell::Money(cents)]).collect());
        };
        for (agency, driver, cents) in &pool.shares {
            let name = end.settings.agency(agency).map_or("", |named| &named.name);
            row(agency.to_string(), name, driver, *cents);
        }
        for (to, driver, cents) in &pool.passed_on {
            row(format!("pool {to}"), "shared on from there", driver, *cents);
        }
    }
    let given_out = Money::total(end.bills.pools.iter().map(|pool| pool.given_out))?;
    let what = "Every agency's part of every pool, with what it was shared by.";
    Ok(sheet("Pool shares", "Pool shares", what, columns, rows, vec![(5, given_out)]))
}

pub(super) fn cents(end: &MonthEnd) -> Result<Sheet, Overflow> {
    let columns =
        [column("Step", 60, Kind::Long), column("Received by", 60, Kind::Long), column("Cents", 14, Kind::Money)];
    let row = |residual: &crate::model::bill::Residual| {
        vec![Cell::text(&residual.step), Cell::text(&residual.received_by), Cell::Money(residual.cents)]
    };
    let total = Money::total(end.bills.residuals.iter().map(|residual| residual.cents))?;
    let rows = end.bills.residuals.iter().map(row).collect();
    let what = "Who received the cents that were left over when an amount was fitted or shared: none disappears.";
    let sheet = sheet("Rounding", "Rounding, cent by cent", what, columns, rows, vec![(2, total)]);
    Ok(sheet.at_most("the run's record has them."))
}

#[derive(Default)]
struct Sum {
    charges: u64,
    cost: Cost,
    amount: Money,
}

impl Sum {
    fn add(&mut self, charges: u64, cost: Cost, amount: Money) -> Result<(), Overflow> {
        self.charges = self.charges.checked_add(charges).ok_or(Overflow)?;
        self.cost = self.cost.checked_add(cost)?;
        self.amount = self.amount.checked_add(amount)?;
        Ok(())
    }

    fn cells(&self) -> [Cell; 3] {
        [Cell::Decimal(self.charges.to_string()), exact(self.cost), Cell::Money(self.amount)]
    }
}

/// What no agency and no pool carries, but for prepaid commitments: why, whose account, which service.
pub(super) fn not_billed(end: &MonthEnd) -> Result<Sheet, Overflow> {
    let columns = [
        column("Treatment", 14, Kind::Text),
        column("Why", 40, Kind::Long),
        column("Vendor", 14, Kind::Text),
        column("Account", 22, Kind::Text),
        column("Account name", 26, Kind::Text),
        column("Vendor's service", 26, Kind::Text),
        column("Charges", 12, Kind::Decimal),
        column("Cost", 22, Kind::Decimal),
        column("Amount", 18, Kind::Money),
    ];
    let mut sums: BTreeMap<[&str; 6], Sum> = BTreeMap::new();
    let mut total = Money::ZERO;
    for charge in &end.charges {
        let (treatment, why) = match &charge.destination {
            Destination::Central(why) if !charge.destination.is_prepaid() => ("central", why),
            Destination::Excluded(why) => ("excluded", why),
            Destination::Suspense(why) => ("suspense", why),
            _ => continue,
        };
        let row = end.roll_up.row(charge.row);
        let [vendor, account, name, service] =
            [Dimension::Provider, Dimension::SubAccountId, Dimension::SubAccountName, Dimension::ServiceName]
                .map(|dimension| row.text(dimension));
        let sum = sums.entry([treatment, why, vendor, account, name, service]).or_default();
        sum.add(row.sums().charges, charge.cost, charge.amount)?;
        total = total.checked_add(charge.amount)?;
    }
    for central in &end.bills.central {
        let account = &central.section.billing_account_id;
        let key = ["invoice only", &central.reason, &central.section.provider, account, "", ""];
        sums.entry(key).or_default().add(0, Cost::from_money(central.amount), central.amount)?;
        total = total.checked_add(central.amount)?;
    }
    let rows = sums.iter().map(|(key, sum)| key.map(Cell::text).into_iter().chain(sum.cells()).collect()).collect();
    let what = "What is on no bill and in no pool: borne centrally, excluded, in suspense, or on an invoice only; each \
                with its reason.";
    let sheet = sheet("Not billed", "Central, excluded, suspense", what, columns, rows, vec![(8, total)]);
    Ok(sheet.at_most("query the charges of the run."))
}

/// Commitments bought and used in the month: what billed cost has and effective cost has not, and the reverse.
pub(super) fn prepaid(end: &MonthEnd) -> Result<Sheet, Overflow> {
    let columns = [
        column("Vendor", 16, Kind::Text),
        column("Billing account", 24, Kind::Text),
        column("Commitment", 50, Kind::Long),
        column("Movement", 14, Kind::Text),
        column("Charges", 12, Kind::Decimal),
        column("Cost", 22, Kind::Decimal),
        column("Amount", 18, Kind::Money),
    ];
    let mut sums: BTreeMap<[&str; 4], Sum> = BTreeMap::new();
    let mut total = Money::ZERO;
    for charge in end.charges.iter().filter(|charge| charge.destination.is_prepaid()) {
        let row = end.roll_up.row(charge.row);
        let [vendor, account, commitment] =
            [Dimension::Provider, Dimension::BillingAccountId, Dimension::CommitmentDiscountId]
                .map(|dimension| row.text(dimension));
        let movement = if charge.cost.is_negative() { "used" } else { "bought" };
        let sum = sums.entry([vendor, account, commitment, movement]).or_default();
        sum.add(row.sums().charges, charge.cost, charge.amount)?;
        total = total.checked_add(charge.amount)?;
    }
    let rows = sums.iter().map(|(key, sum)| key.map(Cell::text).into_iter().chain(sum.cells()).collect()).collect();
    let what =
        "What of the month's billed cost is kept for later months, and what of earlier months was used in this one.";
    Ok(sheet("Prepaid", "Prepaid commitments", what, columns, rows, vec![(6, total)]))
}

pub(super) fn quarantine(end: &MonthEnd) -> Sheet {
    let columns = [
        column("File", 44, Kind::Long),
        column("Row", 10, Kind::Text),
        column("Column", 22, Kind::Text),
        column("Why", 44, Kind::Long),
        column("At stake", 18, Kind::Decimal),
        column("Currency", 10, Kind::Text),
        column("Taken out because", 30, Kind::Long),
        column("Approved by", 20, Kind::Text),
        column("The row as it stands", 60, Kind::Long),
    ];
    let row = |rejected: &crate::model::month_end::RejectedRow| {
        let (cost, currency) = rejected.at_stake.clone().unzip();
        let (reason, approver) = rejected.waived.clone().unzip();
        vec![
            Cell::text(&rejected.file),
            Cell::text(rejected.row),
            Cell::text(&rejected.column),
            Cell::text(&rejected.why),
            cost.map_or(Cell::Blank, exact),
            Cell::text(currency.unwrap_or_default()),
            Cell::text(reason.unwrap_or_default()),
            Cell::text(approver.unwrap_or_default()),
            Cell::text(rejected.raw.raw()),
        ]
    };
    let mut rejected: Vec<_> = end.rejected.iter().collect();
    rejected.sort_by(|a, b| (&a.file, a.row).cmp(&(&b.file, b.row)));
    let rows = rejected.into_iter().map(row).collect();
    let what = "Rows of the vendors' files that could not be read. Their money is not lost, only not billed; each blocks \
                the close until someone takes it out by name.";
    sheet("Quarantine", "Quarantined rows", what, columns, rows, Vec::new()).at_most("the run's record has them.")
}

pub(super) fn inputs(end: &MonthEnd) -> Sheet {
    let columns = [
        column("Source", 18, Kind::Text),
        column("Folder", 20, Kind::Text),
        column("Export", 28, Kind::Long),
        column("Version", 30, Kind::Long),
        column("Files", 8, Kind::Decimal),
        column("Rows expected", 14, Kind::Decimal),
        column("Rows read", 14, Kind::Decimal),
        column("Rows accepted", 14, Kind::Decimal),
        column("Rows rejected", 14, Kind::Decimal),
        column("Currency", 10, Kind::Text),
        column("Vendor's cost", 24, Kind::Decimal),
        column("Billed cost", 24, Kind::Decimal),
    ];
    let count = |number: u64| Cell::Decimal(number.to_string());
    let mut rows = Vec::new();
    for one in &end.versions {
        let (version, totals) = (&one.version, &one.totals);
        for (currency, cost) in &totals.vendor_cost {
            rows.push(vec![
                Cell::text(&version.source),
                Cell::text(&version.folder),
                Cell::text(&version.export),
                Cell::text(&version.version),
                Cell::Decimal(version.parts.len().to_string()),
                totals.rows_expected.map_or(Cell::Blank, count),
                count(totals.rows_read),
                count(totals.rows_accepted),
                count(totals.rows_rejected),
                Cell::text(currency),
                exact(*cost),
                totals.billed.get(currency).map_or(Cell::Blank, |cost| exact(*cost)),
            ]);
        }
    }
    let what = "The exports that were read, with their rows and the sum of the vendor's cost column.";
    sheet("Inputs", "Inputs", what, columns, rows, Vec::new())
}
