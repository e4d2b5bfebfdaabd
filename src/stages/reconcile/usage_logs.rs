//! Logs of usage beside the provider's invoice: the difference, split into its causes; and seats that nobody uses.
//!
//! Nothing here changes a bill. Bills follow the invoice; who shared it by the log should know what the log missed.

use crate::model::card::block;
use crate::model::charge::Dimension;
use crate::model::exchange::Exchange;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::money::{Cost, Exact, Overflow, Quantity};
use crate::model::month::Month;
use crate::model::roll_up::{RollUp, Row};
use crate::model::settings::Settings;
use crate::model::usage_log::{LogDifference, LogPrice};
use crate::sources::mapped::source_named;
use std::collections::{BTreeMap, BTreeSet};

const FILE: &str = "log_prices.csv";

/// A row of the table, and what log and invoice say under it.
struct Class<'a> {
    price: &'a LogPrice,
    logged: Quantity,
    invoiced: Quantity,
    billed: Cost,
    charges: u64,
}

impl Class<'_> {
    fn each(&self) -> Exact {
        let (price, per) = (Exact::from_decimal(self.price.price), Exact::from_decimal(self.price.price_per));
        price.divided_by(&per).unwrap_or_else(Exact::zero)
    }
}

/// What no row of the table is for.
#[derive(Default)]
struct Unmatched {
    logged: BTreeMap<String, Quantity>,
    billed: BTreeMap<String, Cost>,
}

pub fn usage_logs(
    roll_up: &RollUp,
    settings: &Settings,
    month: Month,
) -> Result<(Vec<LogDifference>, Vec<Finding>), Overflow> {
    let mut findings = dormant(roll_up);
    let prices = &settings.log_prices;
    if prices.is_empty() {
        return Ok((Vec::new(), findings));
    }
    findings.extend(unknown_formats(settings));
    let exchange = Exchange::new(settings, month);
    let mut unmatched = Unmatched::default();
    let start =
        |price| Class { price, logged: Quantity::ZERO, invoiced: Quantity::ZERO, billed: Cost::ZERO, charges: 0 };
    let mut classes: Vec<Class<'_>> = prices.iter().map(start).collect();
    for row in roll_up.rows() {
        count(&row, &mut classes, &mut unmatched, exchange)?;
    }
    let mut groups: BTreeMap<_, Vec<Class<'_>>> = BTreeMap::new();
    for class in classes {
        let LogPrice { log, invoice, model, kind, valid, .. } = class.price;
        groups.entry((log, invoice, &model.0, kind, valid.from)).or_default().push(class);
    }
    let mut differences = Vec::new();
    for classes in groups.into_values() {
        let difference = difference(&classes)?;
        if !difference.logged.is_zero() || !difference.invoiced.is_zero() || !difference.billed.is_zero() {
            findings.extend(told(&difference, classes[0].price.line, settings)?);
            differences.push(difference);
        }
    }
    findings.extend(not_in_table(&unmatched, settings));
    Ok((differences, findings))
}

/// A row of a log or an invoice goes to the first row of the table that it fits.
fn count(
    row: &Row<'_>,
    classes: &mut [Class<'_>],
    unmatched: &mut Unmatched,
    exchange: Exchange<'_>,
) -> Result<(), Overflow> {
    let [source, model, meter] =
        [Dimension::Source, Dimension::SkuId, Dimension::SkuMeter].map(|dimension| row.text(dimension));
    let (sums, day) = (row.sums(), row.day());
    let is_log = classes.iter().any(|class| class.price.log == source);
    let is_invoice = classes.iter().any(|class| class.price.invoice == source);
    if !is_log && !is_invoice {
        return Ok(());
    }
    let name = if meter.is_empty() { model } else { meter };
    if is_log && !sums.quantity.is_zero() {
        let fits = |price: &LogPrice| {
            price.log == source && price.valid.covers(day) && price.model.matches(model) && price.meter.matches(meter)
        };
        let sum = match classes.iter_mut().find(|class| fits(class.price)) {
            Some(class) => &mut class.logged,
            None => unmatched.logged.entry(format!("{source} {name}")).or_default(),
        };
        *sum = sum.checked_add(sums.quantity)?;
    }
    if is_invoice && exchange.keeps(row.text(Dimension::BillingCurrency)) {
        let cost = exchange.in_books(row.text(Dimension::BillingCurrency), sums.billed)?;
        let fits = |price: &LogPrice| {
            let is_model = price.billed_model.matches(model);
            price.invoice == source && price.valid.covers(day) && is_model && price.billed_meter.matches(meter)
        };
        let Some(class) = classes.iter_mut().find(|class| fits(class.price)) else {
            let sum = unmatched.billed.entry(format!("{source} {name}")).or_default();
            *sum = sum.checked_add(cost)?;
            return Ok(());
        };
        // `1K tokens` are a thousand tokens.
        let (size, _) = block(row.text(Dimension::ConsumedUnit));
        let size = i64::try_from(size).map_err(|_| Overflow)?;
        class.invoiced = class.invoiced.checked_add(sums.quantity.checked_mul(size)?)?;
        class.billed = class.billed.checked_add(cost)?;
        class.charges += sums.charges;
    }
    Ok(())
}

/// Volume first, at the log's mix of classes; then the mix; then price, less what is only rounding. What is left of the
/// whole difference is the mix, so the four add up to it exactly.
fn difference(classes: &[Class<'_>]) -> Result<LogDifference, Overflow> {
    let at_price = |of: fn(&Class<'_>) -> Quantity| {
        classes.iter().fold(Exact::zero(), |sum, class| sum.plus(&of(class).exact().times(&class.each())))
    };
    let logged = Quantity::total(classes.iter().map(|class| class.logged))?;
    let invoiced = Quantity::total(classes.iter().map(|class| class.invoiced))?;
    let (expected, in_full) = (at_price(|class| class.logged), at_price(|class| class.invoiced));
    let more = invoiced.exact().minus(&logged.exact());
    // A log without a token has no mix; the invoice's stands for it.
    let missing = match expected.divided_by(&logged.exact()) {
        Some(each) => more.times(&each),
        None => in_full,
    };
    let billed = Cost::total(classes.iter().map(|class| class.billed))?;
    let (mut price, mut rounding) = (Cost::ZERO, Cost::ZERO);
    for class in classes {
        let apart = class.billed.exact().minus(&class.invoiced.exact().times(&class.each())).to_cost()?;
        let half_cents =
            i128::from(class.charges) * Cost::from_money(crate::model::money::Money::from_cents(1)).units() / 2;
        let sum = if apart.magnitude().units() <= half_cents { &mut rounding } else { &mut price };
        *sum = sum.checked_add(apart)?;
    }
    let (expected, missing) = (expected.to_cost()?, missing.to_cost()?);
    let cache_class =
        [expected, missing, price, rounding].into_iter().try_fold(billed, |left, part| left.checked_sub(part))?;
    let LogPrice { log, invoice, model, kind, valid, .. } = classes[0].price;
    Ok(LogDifference {
        log: log.clone(),
        invoice: invoice.clone(),
        model: model.0.clone(),
        kind: kind.clone(),
        valid: *valid,
        logged,
        invoiced,
        expected,
        billed,
        missing,
        cache_class,
        price,
        rounding,
    })
}

fn told(of: &LogDifference, line: u64, settings: &Settings) -> Result<Option<Finding>, Overflow> {
    let apart = of.billed.checked_sub(of.expected)?;
    let named = of.causes().into_iter().filter(|(_, amount)| !amount.is_zero());
    let named: Vec<String> = named.map(|(cause, amount)| format!("{cause} {}", amount.for_people())).collect();
    if named.is_empty() {
        return Ok(None);
    }
    let why = format!(
        "{} counts {} of {} {}, which its prices make {}; {} invoices {} of them for {}. The difference of {} is: {}.",
        of.log,
        of.logged,
        of.model,
        of.kind,
        of.expected.for_people(),
        of.invoice,
        of.invoiced,
        of.billed.for_people(),
        apart.for_people(),
        named.join(", ")
    );
    let fix = "Nothing changes on bills, which follow the invoice. Missing requests went past the gateway; a price that \
               differs belongs into log_prices.csv with its date, or to the vendor.";
    let place = Place::file(FILE).row(line).column("price");
    let mut finding = Finding::new(Code::UsageLogDiffers, place, why, fix);
    // Rounding is nobody's to look for.
    if [of.missing, of.cache_class, of.price].iter().all(|cause| cause.is_zero()) {
        finding.severity = Severity::Note;
    }
    Ok(Some(finding.at_stake(apart, settings.state.currency.as_str())))
}

fn not_in_table(unmatched: &Unmatched, settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let fix = "Add a row for it to log_prices.csv; a blank model or meter means any.";
    for (name, quantity) in &unmatched.logged {
        // Requests and seats have no price of their own.
        let why = format!("No row is for {quantity} of {name} in the log, so they are compared with nothing.");
        let mut finding = Finding::new(Code::UsageLogDiffers, Place::file(FILE).value(name.as_str()), why, fix);
        finding.severity = Severity::Note;
        findings.push(finding);
    }
    for (name, cost) in unmatched.billed.iter().filter(|(_, cost)| !cost.is_zero()) {
        let why = format!("No row is for {name} of the invoice, so nothing of the log explains it.");
        let finding = Finding::new(Code::UsageLogDiffers, Place::file(FILE).value(name.as_str()), why, fix);
        findings.push(finding.at_stake(*cost, settings.state.currency.as_str()));
    }
    findings
}

fn unknown_formats(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for price in &settings.log_prices {
        for (column, name) in [("log", &price.log), ("invoice", &price.invoice)] {
            if source_named(name, &settings.state.mappings).is_none() {
                let place = Place::file(FILE).row(price.line).column(column).value(name.as_str());
                let why = "No format and no mapping has this name, so nothing would ever be compared.";
                let fix = "Write the name of a format, as in openai-usage, or the source of a mapping.";
                findings.push(Finding::new(Code::TableReference, place, why, fix));
            }
        }
    }
    findings
}

/// Seats whose holder did nothing on any report of the month, by source.
fn dormant(roll_up: &RollUp) -> Vec<Finding> {
    // There are far fewer texts than rows, and most months have no seats.
    if !roll_up.symbols().texts().any(|text| text == "seats") {
        return Vec::new();
    }
    let mut seats: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
    for row in roll_up.rows() {
        let meter = row.text(Dimension::SkuMeter);
        if matches!(meter, "seats" | "active_seats") && row.text(Dimension::BillingCurrency).is_empty() {
            let holder = [Dimension::UserId, Dimension::ResourceId].map(|dimension| row.text(dimension));
            let holder = holder.into_iter().find(|text| !text.is_empty()).unwrap_or("somebody unnamed");
            *seats.entry(row.text(Dimension::Source)).or_default().entry(holder).or_default() |=
                meter == "active_seats";
        }
    }
    let mut findings = Vec::new();
    for (source, holders) in seats {
        let idle: BTreeSet<&str> = holders.iter().filter(|(_, active)| !**active).map(|(holder, _)| *holder).collect();
        if !idle.is_empty() {
            let shown: Vec<&str> = idle.iter().take(10).copied().collect();
            let more = if idle.len() > shown.len() {
                format!(" and {} more", idle.len() - shown.len())
            } else {
                String::new()
            };
            let why = format!(
                "{} of {} seats of {source} show no use on any report of the month: {}{more}.",
                idle.len(),
                holders.len(),
                shown.join(", ")
            );
            let fix = "Ask whether they are needed; a seat costs the same whether it is used or not.";
            findings.push(Finding::new(Code::SeatsDormant, Place::default().value(source), why, fix));
        }
    }
    findings
}
