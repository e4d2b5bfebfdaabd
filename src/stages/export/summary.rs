//! `summary.json`: the month for scripts and dashboards. Amounts are decimal text, because a reader that takes numbers
//! would take them as floats. `summary.schema.json` goes with it and says what every field means.

use super::outputs::Written;
use super::read_back::{Figures, compare};
use super::subsidies::{self, Given};
use super::{NamedBytes, estimates, standing};
use crate::model::bill::{BillLine, Destination};
use crate::model::charge::CostBasis;
use crate::model::finding::Severity;
use crate::model::journal_entry::{JournalEntry, Side};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month::FiscalPeriod;
use crate::model::month_end::MonthEnd;
use crate::model::proof::{Gate, LawResult, TieOut, VendorState};
use crate::model::settings::Mode;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

const FILE: &str = "summary.json";
const SCHEMA_FILE: &str = "summary.schema.json";
/// What every field of `summary.json` is, as a JSON schema.
pub const SCHEMA: &str = include_str!("summary.schema.json");

#[derive(Serialize)]
struct Summary<'a> {
    schema: &'static str,
    state: &'a str,
    month: String,
    fiscal_year: i32,
    fiscal_period: u32,
    run: &'a str,
    standing: &'static str,
    /// What the amounts rest on that its vendor had not invoiced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    estimates: Vec<Estimate>,
    currency: &'a str,
    gates: &'a [Gate],
    tie_outs: &'a [TieOut],
    laws: Laws<'a>,
    findings: FindingCounts,
    stages: Vec<StageTotal>,
    vendors: Vec<VendorTotal<'a>>,
    agencies: Vec<ModeTotals>,
    services: Vec<ModeTotals>,
    funds: Vec<FundTotal>,
    /// What funds pay of the bills.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subsidies: Vec<Given<'a>>,
}

#[derive(Serialize)]
struct Laws<'a> {
    checked: usize,
    failed: Vec<&'a LawResult>,
}

#[derive(Serialize)]
struct FindingCounts {
    blocks: usize,
    warning: usize,
    note: usize,
    by_code: BTreeMap<String, usize>,
}

#[derive(Serialize)]
struct Estimate {
    source: String,
    why: String,
}

#[derive(Serialize)]
struct StageTotal {
    stage: &'static str,
    name: String,
    amount: Option<String>,
}

#[derive(Serialize)]
struct VendorTotal<'a> {
    provider: &'a str,
    billing_account_id: &'a str,
    invoice_id: &'a str,
    state: VendorState,
    currency: &'a str,
    usage: Cost,
    invoice: Option<Money>,
    invoice_basis: Money,
    difference: Cost,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<Exchange<'a>>,
}

/// What made the invoice basis of a section in another currency.
#[derive(Serialize)]
struct Exchange<'a> {
    rate: String,
    quoted_on: String,
    source: &'a str,
}

/// Bill lines of one agency or service by what they ask.
#[derive(Default, Serialize)]
struct ModeTotals {
    code: String,
    name: String,
    due: Money,
    absorbed: Money,
    showback: Money,
    visibility: Money,
}

#[derive(Default, Serialize)]
struct FundTotal {
    fund: String,
    name: String,
    /// What bill lines ask of it.
    due: Money,
    debit: Money,
    credit: Money,
}

pub(super) fn write(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let mut bytes = serde_json::to_vec_pretty(&summary(end)?)?;
    bytes.push(b'\n');
    let schema = NamedBytes { path: SCHEMA_FILE.to_owned(), bytes: SCHEMA.as_bytes().to_vec() };
    Ok(vec![NamedBytes { path: FILE.to_owned(), bytes }, schema])
}

fn summary(end: &MonthEnd) -> anyhow::Result<Summary<'_>> {
    let state = &end.settings.state;
    let period = FiscalPeriod::of(end.month, state.fiscal_year_starts);
    let vendor = |vendor: &'_ crate::model::proof::VendorReconciliation| vendor.section.clone();
    let mut vendors: Vec<_> = end.vendors.iter().collect();
    vendors.sort_by_key(|one| vendor(one));
    Ok(Summary {
        schema: "chargeback.summary/1",
        state: &state.name,
        month: end.month.to_string(),
        fiscal_year: period.year,
        fiscal_period: period.period,
        run: &end.run,
        standing: standing(end),
        estimates: estimates(end)
            .map(|finding| Estimate { source: finding.place.file.raw().to_owned(), why: finding.why.clone() })
            .collect(),
        currency: &state.currency,
        gates: &end.gates,
        tie_outs: &end.tie_outs,
        laws: Laws { checked: end.laws.len(), failed: end.laws.iter().filter(|law| !law.passes).collect() },
        findings: findings(end),
        stages: stages(end)?,
        vendors: vendors
            .into_iter()
            .map(|vendor| VendorTotal {
                provider: &vendor.section.provider,
                billing_account_id: &vendor.section.billing_account_id,
                invoice_id: &vendor.section.invoice_id,
                state: vendor.state,
                currency: &vendor.currency,
                usage: vendor.usage,
                invoice: vendor.invoice,
                invoice_basis: vendor.invoice_basis,
                difference: vendor.difference,
                exchange: vendor.exchange.as_ref().map(|rate| Exchange {
                    rate: rate.rate.normalize().to_string(),
                    quoted_on: rate.quoted_on.to_string(),
                    source: &rate.source,
                }),
            })
            .collect(),
        agencies: by_mode(end, |line| line.agency.to_string(), |code| agency_name(end, code))?,
        services: by_mode(end, |line| line.service.to_string(), |code| service_name(end, code))?,
        funds: funds(end)?,
        subsidies: subsidies::given(end)?,
    })
}

fn findings(end: &MonthEnd) -> FindingCounts {
    let count = |severity| end.findings.iter().filter(|finding| finding.severity == severity).count();
    let mut by_code: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &end.findings {
        *by_code.entry(finding.code.to_string()).or_default() += 1;
    }
    FindingCounts {
        blocks: count(Severity::Blocks),
        warning: count(Severity::Warning),
        note: count(Severity::Note),
        by_code,
    }
}

/// What went through each stage, in the order of the stages.
fn stages(end: &MonthEnd) -> anyhow::Result<Vec<StageTotal>> {
    let mut totals = Vec::new();
    let mut add = |stage, name: &str, amount: Option<String>| {
        totals.push(StageTotal { stage, name: name.to_owned(), amount });
    };
    for (name, basis) in [("billed cost", CostBasis::Billed), ("effective cost", CostBasis::Effective)] {
        for (currency, total) in end.roll_up.totals(basis, &end.settings.state.currency)? {
            add("normalize", format!("{name} {currency}").trim_end(), total.map(|cost| cost.to_string()));
        }
    }
    let rated = Cost::total(end.charges.iter().map(|charge| charge.cost))?;
    add("rate", "rated cost", Some(rated.to_string()));
    let mut basis = Vec::new();
    for vendor in &end.vendors {
        basis.push(vendor.invoice_basis);
    }
    add("reconcile", "invoice basis", Some(Money::total(basis)?.to_string()));
    for (name, holds) in DESTINATIONS {
        let amounts = end.charges.iter().filter(|charge| holds(&charge.destination)).map(|charge| charge.amount);
        add("allocate", name, Some(Money::total(amounts)?.to_string()));
    }
    let central = Money::total(end.bills.central.iter().map(|central| central.amount))?;
    add("allocate", "central, on no charge", Some(central.to_string()));
    for (name, mode) in MODES {
        let amounts = end.bills.lines.iter().filter(|line| line.mode == mode).map(|line| line.amount);
        add("bills", name, Some(Money::total(amounts)?.to_string()));
    }
    for (name, side) in [("debits", Side::Debit), ("credits", Side::Credit)] {
        let postings = end.journals.iter().flat_map(JournalEntry::postings).filter(|posting| posting.side == side);
        add("journal", name, Some(Money::total(postings.map(|posting| posting.amount))?.to_string()));
    }
    Ok(totals)
}

type Holds = fn(&Destination) -> bool;
const DESTINATIONS: [(&str, Holds); 5] = [
    ("agencies", |destination| matches!(destination, Destination::Agency(_))),
    ("pools", |destination| matches!(destination, Destination::Pool(_))),
    ("central", |destination| matches!(destination, Destination::Central(_))),
    ("excluded", |destination| matches!(destination, Destination::Excluded(_))),
    ("suspense", |destination| matches!(destination, Destination::Suspense(_))),
];
const MODES: [(&str, Mode); 4] = [
    ("due", Mode::Chargeback),
    ("absorbed", Mode::Absorbed),
    ("showback", Mode::Showback),
    ("visibility", Mode::Visibility),
];

fn by_mode(
    end: &MonthEnd,
    code: impl Fn(&BillLine) -> String,
    name: impl Fn(&str) -> String,
) -> Result<Vec<ModeTotals>, Overflow> {
    let mut totals: BTreeMap<String, ModeTotals> = BTreeMap::new();
    for line in &end.bills.lines {
        let code = code(line);
        let total = totals.entry(code.clone()).or_default();
        (total.name, total.code) = (name(&code), code);
        let sum = match line.mode {
            Mode::Chargeback => &mut total.due,
            Mode::Absorbed => &mut total.absorbed,
            Mode::Showback => &mut total.showback,
            Mode::Visibility => &mut total.visibility,
        };
        *sum = sum.checked_add(line.amount)?;
    }
    Ok(totals.into_values().collect())
}

fn agency_name(end: &MonthEnd, code: &str) -> String {
    let named = end.settings.agencies.iter().find(|agency| agency.code.as_str() == code);
    named.map(|agency| agency.name.clone()).unwrap_or_default()
}

fn service_name(end: &MonthEnd, code: &str) -> String {
    let named = end.settings.services.iter().find(|service| service.code.as_str() == code);
    named.map(|service| service.name.clone()).unwrap_or_default()
}

fn funds(end: &MonthEnd) -> Result<Vec<FundTotal>, Overflow> {
    let mut totals: BTreeMap<&str, FundTotal> = BTreeMap::new();
    for funding in end.bills.charged().flat_map(|line| &line.funding) {
        let due = &mut totals.entry(&funding.string.fund).or_default().due;
        *due = due.checked_add(funding.amount)?;
    }
    for posting in end.journals.iter().flat_map(JournalEntry::postings) {
        let total = totals.entry(&posting.string.fund).or_default();
        let sum = match posting.side {
            Side::Debit => &mut total.debit,
            Side::Credit => &mut total.credit,
        };
        *sum = sum.checked_add(posting.amount)?;
    }
    let named = |code: &str| end.settings.funds.iter().find(|fund| fund.code.as_str() == code);
    let complete = |(code, mut total): (&str, FundTotal)| {
        total.fund = code.to_owned();
        total.name = named(code).map(|fund| fund.name.clone()).unwrap_or_default();
        total
    };
    Ok(totals.into_iter().map(complete).collect())
}

pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Vec<LawResult> {
    vec![compare(FILE, written.bytes(FILE).and_then(|bytes| read(&bytes)), in_ledger(end))]
}

/// Amounts of vendors, agencies, services, funds, and the sides of every tie-out with their parts.
fn read(bytes: &[u8]) -> anyhow::Result<Figures> {
    let summary: Value = serde_json::from_slice(bytes)?;
    let mut figures = Figures::default();
    let keys: [(&str, &[&str], &[&str]); 6] = [
        ("stages", &["stage", "name"], &["amount"]),
        ("vendors", &["provider", "billing_account_id", "invoice_id"], &["usage", "invoice_basis", "difference"]),
        ("agencies", &["code"], &["due", "absorbed", "showback", "visibility"]),
        ("services", &["code"], &["due", "absorbed", "showback", "visibility"]),
        ("funds", &["fund"], &["due", "debit", "credit"]),
        ("tie_outs", &["id", "about"], &["left", "right", "difference"]),
    ];
    for (list, names, amounts) in keys {
        for one in summary[list].as_array().into_iter().flatten() {
            let whose: Vec<&str> = names.iter().filter_map(|name| one[*name].as_str()).collect();
            let whose = format!("{list} {}", whose.join(" "));
            for amount in amounts {
                let text = one[*amount].as_str().unwrap_or("0");
                let name = format!("{whose} {amount}");
                match list {
                    "tie_outs" => figures.add_if_amount(name, text)?,
                    _ => figures.add_text(name, text)?,
                }
            }
            for (place, part) in one["parts"].as_array().into_iter().flatten().enumerate() {
                let [part, text] = [0, 1].map(|cell| part[cell].as_str().unwrap_or_default());
                figures.add_if_amount(format!("{whose} part {place} {part}"), text)?;
            }
        }
    }
    Ok(figures)
}

/// The same figures straight from the month's end, each added up on its own.
fn in_ledger(end: &MonthEnd) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for StageTotal { stage, name, amount } in stages(end)? {
        figures.add_text(format!("stages {stage} {name} amount"), amount.as_deref().unwrap_or("0"))?;
    }
    for vendor in &end.vendors {
        let section = &vendor.section;
        let name = format!("vendors {} {} {}", section.provider, section.billing_account_id, section.invoice_id);
        figures.add(format!("{name} usage"), vendor.usage)?;
        figures.add_money(format!("{name} invoice_basis"), vendor.invoice_basis)?;
        figures.add(format!("{name} difference"), vendor.difference)?;
    }
    for line in &end.bills.lines {
        for (list, code) in [("agencies", line.agency.as_str()), ("services", line.service.as_str())] {
            for (name, mode) in MODES {
                let amount = if line.mode == mode { line.amount } else { Money::ZERO };
                figures.add_money(format!("{list} {code} {name}"), amount)?;
            }
        }
    }
    for fund in funds(end)? {
        for (name, amount) in [("due", fund.due), ("debit", fund.debit), ("credit", fund.credit)] {
            figures.add_money(format!("funds {} {name}", fund.fund), amount)?;
        }
    }
    for tie_out in &end.tie_outs {
        let whose = format!("tie_outs {} {}", tie_out.id, tie_out.about);
        for (name, text) in [("left", &tie_out.left), ("right", &tie_out.right), ("difference", &tie_out.difference)] {
            figures.add_if_amount(format!("{whose} {name}"), text)?;
        }
        for (place, (part, text)) in tie_out.parts.iter().enumerate() {
            figures.add_if_amount(format!("{whose} part {place} {part}"), text)?;
        }
    }
    Ok(figures)
}
