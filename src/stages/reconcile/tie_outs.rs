//! The tie-outs of a month: two totals each, made from different things, with what they are made of.

use super::sums::{self, Sum};
use crate::model::bill::{BillLine, Destination, LineKind, RatedCharge, Ruling};
use crate::model::charge::Dimension;
use crate::model::exchange::Exchange;
use crate::model::journal_entry::{JournalEntry, JournalType, Side};
use crate::model::money::{Cost, Money, Overflow, Quantity};
use crate::model::month_end::MonthEnd;
use crate::model::proof::{Feed, TieOut};
use crate::model::settings::{Mode, RateModel, Role};
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub type Check = fn(&MonthEnd, &Feed, &mut Tie) -> Result<(), Overflow>;

/// A tie-out while its sides are filled in.
#[derive(Debug, Default)]
pub struct Tie {
    left: (&'static str, String),
    right: (&'static str, String),
    difference: String,
    differs: bool,
    parts: Vec<(String, String)>,
    /// What a reader of the tie-out must know besides its sides.
    remark: &'static str,
}

impl Tie {
    fn costs(&mut self, left: (&'static str, Cost), right: (&'static str, Cost)) -> Result<(), Overflow> {
        self.left = (left.0, sums::text(left.1));
        self.right = (right.0, sums::text(right.1));
        self.difference = sums::text(left.1.checked_sub(right.1)?);
        self.differs |= left.1 != right.1;
        Ok(())
    }

    fn counts(&mut self, left: (&'static str, u64), right: (&'static str, u64)) {
        self.left = (left.0, left.1.to_string());
        self.right = (right.0, right.1.to_string());
        self.difference = (i128::from(left.1) - i128::from(right.1)).to_string();
        self.differs |= left.1 != right.1;
    }

    fn part(&mut self, name: impl Into<String>, amount: impl ToString) {
        self.parts.push((name.into(), amount.to_string()));
    }

    /// A part that has two sides of its own, which must be equal even where others make up for it.
    fn both(&mut self, name: &str, left: impl ToString + PartialEq<String>, right: impl ToString) {
        let right = right.to_string();
        let equal = left == right;
        self.differs |= !equal;
        let left = left.to_string();
        self.part(name, if equal { left } else { format!("{left} is not {right}") });
    }
}

/// Runs one check. A sum out of range is a tie-out that fails, never one that is left out.
pub fn tie_out(id: &str, about: &str, check: Check, month_end: &MonthEnd, feed: &Feed) -> TieOut {
    let mut tie = Tie::default();
    if let Err(Overflow) = check(month_end, feed, &mut tie) {
        tie.differs = true;
        tie.part("out of range", Overflow);
    }
    TieOut {
        id: id.to_owned(),
        about: if tie.remark.is_empty() { about.to_owned() } else { format!("{about}: {}", tie.remark) },
        left_name: tie.left.0.to_owned(),
        left: tie.left.1,
        right_name: tie.right.0.to_owned(),
        right: tie.right.1,
        difference: tie.difference,
        passes: !tie.differs,
        parts: tie.parts,
    }
}

/// T1. Versions whose vendor states no count are named, so that nobody takes them for checked.
pub fn control_totals(month_end: &MonthEnd, _: &Feed, tie: &mut Tie) -> Result<(), Overflow> {
    let (mut stated, mut read) = (0_u64, 0_u64);
    for version in &month_end.versions {
        let (name, totals) = (version_name(&version.version), &version.totals);
        match totals.rows_expected {
            Some(expected) => {
                stated += expected;
                read += totals.rows_read;
                tie.both(&name, expected.to_string(), totals.rows_read);
            }
            None => tie.part(name, format!("the vendor states no count; {} read", totals.rows_read)),
        }
    }
    if month_end.versions.iter().all(|version| version.totals.rows_expected.is_none()) {
        tie.remark = "not stated by any vendor";
    }
    tie.counts(("rows the vendors state", stated), ("rows read of these", read));
    Ok(())
}

fn version_name(version: &crate::model::intake::SourceVersion) -> String {
    let parts = [&version.source, &version.folder, &version.export, &version.version];
    parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ")
}

/// T2.
pub fn rows(month_end: &MonthEnd, _: &Feed, tie: &mut Tie) -> Result<(), Overflow> {
    let mut read = 0_u64;
    let mut accepted = 0_u64;
    let mut left_out: BTreeMap<&str, u64> = BTreeMap::new();
    for version in &month_end.versions {
        read += version.totals.rows_read;
        accepted += version.totals.rows_accepted;
        for (why, (rows, _)) in &version.totals.rows_left_out {
            *left_out.entry(why).or_default() += rows;
        }
    }
    let waived = month_end.rejected.iter().filter(|row| row.waived.is_some()).count() as u64;
    let rejected = month_end.rejected.len() as u64;
    tie.part("accepted", accepted);
    for (why, rows) in &left_out {
        tie.part(format!("left out: {why}"), rows);
    }
    tie.part("rejected and waived", waived);
    tie.both("rejected and not waived", (rejected - waived).to_string(), 0);
    tie.counts(
        ("rows read", read),
        ("accepted, left out and rejected", accepted + left_out.values().sum::<u64>() + rejected),
    );
    Ok(())
}

/// T3. Rounding is what `fit` did to each charge, summed; it is not computed from the two sides.
pub fn invoice_basis(month_end: &MonthEnd, _: &Feed, tie: &mut Tie) -> Result<(), Overflow> {
    let mut normalized = Cost::ZERO;
    let exchange = Exchange::new(&month_end.settings, month_end.month);
    for row in month_end.roll_up.rows() {
        let currency = row.text(Dimension::BillingCurrency);
        if exchange.keeps(currency) {
            normalized = normalized.checked_add(exchange.in_books(currency, row.sums().billed)?)?;
        }
    }
    let mut rounding = Cost::ZERO;
    for charge in &month_end.charges {
        rounding = rounding.checked_add(Cost::from_money(charge.amount).checked_sub(charge.cost)?)?;
    }
    let apart = sums::of_money(month_end.bills.central.iter().map(|central| central.amount))?;
    let basis = sums::of_money(month_end.vendors.iter().map(|vendor| vendor.invoice_basis))?;
    tie.part("normalised cost", sums::text(normalized));
    for version in &month_end.versions {
        for (column, cut) in &version.totals.cut_off {
            let name = format!("cut off after the eighteenth decimal, {} {column}", version_name(&version.version));
            tie.part(name, cut.remainder);
        }
    }
    tie.part("listed rounding (fit)", sums::text(rounding));
    for central in &month_end.bills.central {
        tie.part(format!("{}: {}", central.section.in_words(), central.reason), central.amount);
    }
    for vendor in &month_end.vendors {
        let kind = if vendor.invoice.is_some() { "invoice" } else { "accrual" };
        tie.part(format!("{kind} {}", vendor.section.in_words()), vendor.invoice_basis);
    }
    let left = normalized.checked_add(rounding)?.checked_add(apart)?;
    tie.costs(("normalised cost, rounding and invoice items without charges", left), ("invoice basis", basis))
}

/// T4.
pub fn destinations(month_end: &MonthEnd, _: &Feed, tie: &mut Tie) -> Result<(), Overflow> {
    let basis = sums::of_money(month_end.vendors.iter().map(|vendor| vendor.invoice_basis))?;
    let mut parts: BTreeMap<(u8, String), Vec<Money>> = BTreeMap::new();
    let mut add = |order: u8, name: String, amount: Money| parts.entry((order, name)).or_default().push(amount);
    for line in month_end.bills.lines.iter().filter(|line| matches!(line.kind, LineKind::Direct | LineKind::Shared)) {
        let (order, mode) = match line.mode {
            Mode::Chargeback => (0, "billable"),
            Mode::Absorbed => (1, "absorbed"),
            Mode::Showback => (2, "showback"),
            Mode::Visibility => (3, "visibility"),
        };
        add(order, format!("{mode} {}", line.service), line.amount);
    }
    for pool in &month_end.bills.pools {
        // Nothing but what other pools gave it: they gave it out, and no line of a bill has it.
        let kept = pool.taken_in.checked_add(pool.exchanged)?.checked_sub(pool.given_out)?;
        if !kept.is_zero() {
            add(4, format!("pool {} not given out", pool.pool), kept);
        }
    }
    for charge in RatedCharge::by_ruling(&month_end.charges)? {
        match &charge.ruling.destination {
            Destination::Agency(_) | Destination::Pool(_) => {}
            Destination::Central(reason) => add(5, format!("borne by the provider: {reason}"), charge.amount),
            Destination::Excluded(reason) => add(6, format!("excluded: {reason}"), charge.amount),
            Destination::Suspense(reason) => add(7, format!("suspense: {reason}"), charge.amount),
        }
    }
    for central in &month_end.bills.central {
        add(5, format!("borne by the provider: {}: {}", central.section.in_words(), central.reason), central.amount);
    }
    let mut total = Cost::ZERO;
    for ((_, name), amounts) in parts {
        let sum = sums::of_money(amounts)?;
        total = total.checked_add(sum)?;
        tie.part(name, sums::text(sum));
    }
    tie.costs(("invoice basis", basis), ("direct, shared, showback, central, excluded, suspense", total))
}

/// T5.
pub fn pools(month_end: &MonthEnd, _: &Feed, tie: &mut Tie) -> Result<(), Overflow> {
    let mut taken_in: BTreeMap<&str, Vec<Money>> = BTreeMap::new();
    let mut given_out: BTreeMap<&str, Vec<Money>> = BTreeMap::new();
    for charge in RatedCharge::by_ruling(&month_end.charges)? {
        if let Destination::Pool(pool) = &charge.ruling.destination {
            taken_in.entry(pool.as_str()).or_default().push(charge.amount);
        }
    }
    for line in &month_end.bills.lines {
        if let Some(share) = &line.share {
            given_out.entry(share.pool.as_str()).or_default().push(line.amount);
        }
    }
    // What pools gave each other is taken in once more; what one holds of it is on no line.
    for pool in &month_end.bills.pools {
        let between = Money::total(pool.received.iter().map(|(_, amount)| *amount))?.checked_add(pool.exchanged)?;
        if !between.is_zero() {
            taken_in.entry(pool.pool.as_str()).or_default().push(between);
        }
        let kept = Money::total(pool.passed_on.iter().map(|(.., amount)| *amount))?.checked_add(pool.held)?;
        if !kept.is_zero() {
            given_out.entry(pool.pool.as_str()).or_default().push(kept);
        }
    }
    let (mut left, mut right) = (Cost::ZERO, Cost::ZERO);
    let pools: BTreeSet<&str> = taken_in.keys().chain(given_out.keys()).copied().collect();
    for pool in pools {
        let taken = sums::of_money(taken_in.remove(pool).unwrap_or_default())?;
        let given = sums::of_money(given_out.remove(pool).unwrap_or_default())?;
        tie.both(&format!("pool {pool}"), sums::text(taken), sums::text(given));
        left = left.checked_add(taken)?;
        right = right.checked_add(given)?;
    }
    tie.costs(("charges of the pools", left), ("shares on bill lines", right))
}

/// T6. What the agencies are asked for, from the charges and shares behind it, beside the sums of the documents.
pub fn bills(month_end: &MonthEnd, _: &Feed, tie: &mut Tie) -> Result<(), Overflow> {
    let bills = &month_end.bills;
    let of_line = |number: usize| bills.lines.get(number).filter(|line| line.mode == Mode::Chargeback);
    let direct =
        bills.details.iter().filter(|detail| of_line(detail.line).is_some_and(|line| line.kind == LineKind::Direct));
    let passed = sums::of_money(direct.map(|detail| detail.amount))?;
    let mut shares = Vec::new();
    for pool in &bills.pools {
        for (agency, _, amount) in &pool.shares {
            let is_share =
                |line: &&BillLine| &line.agency == agency && line.share.as_ref().is_some_and(|share| share.is_of(pool));
            if bills.charged().any(|line| is_share(&line)) {
                shares.push(*amount);
            }
        }
    }
    let of_kind =
        |kind: LineKind| sums::of_money(bills.charged().filter(|line| line.kind == kind).map(|line| line.amount));
    let mut parts = vec![
        ("pass-through", passed),
        ("allocated", sums::of_money(shares)?),
        ("markup", of_kind(LineKind::Fee)?),
        ("unit-rated", of_kind(LineKind::Unit)?),
    ];
    // Told where there are such lines: most months have none.
    for (name, kind) in [
        ("fixed amounts", LineKind::Fixed),
        ("prepaid credits", LineKind::Prepaid),
        ("subsidies", LineKind::Subsidy),
        ("up to a minimum", LineKind::Shortfall),
        ("above a maximum", LineKind::Excess),
        ("adjusted", LineKind::Adjustment),
    ] {
        if bills.charged().any(|line| line.kind == kind) {
            parts.push((name, of_kind(kind)?));
        }
    }
    for (name, amount) in &parts {
        tie.part(*name, sums::text(*amount));
    }
    let mut statements = Cost::ZERO;
    for agency in bills.charged().map(|line| &line.agency).collect::<BTreeSet<_>>() {
        let due =
            sums::of_money(bills.of(agency).filter(|line| line.mode == Mode::Chargeback).map(|line| line.amount))?;
        tie.part(format!("bill {agency}"), sums::text(due));
        statements = statements.checked_add(due)?;
    }
    let billed = Cost::total(parts.into_iter().map(|(_, amount)| amount))?;
    tie.costs(("pass-through, allocated, markup and unit-rated", billed), ("sum of bills", statements))
}

/// T7, and line by line.
pub fn funding(month_end: &MonthEnd, _: &Feed, tie: &mut Tie) -> Result<(), Overflow> {
    let bills = &month_end.bills;
    let billed = sums::of_money(bills.charged().map(|line| line.amount))?;
    let mut split = Cost::ZERO;
    for line in bills.charged() {
        let parts = sums::of_money(line.funding.iter().map(|part| part.amount))?;
        if parts != Cost::from_money(line.amount) {
            tie.both(&format!("line {}", line.id), line.amount.to_string(), sums::text(parts));
        }
        split = split.checked_add(parts)?;
    }
    let mut by_fund: BTreeMap<&str, Vec<Money>> = BTreeMap::new();
    for part in bills.charged().flat_map(|line| &line.funding) {
        by_fund.entry(part.string.fund.as_str()).or_default().push(part.amount);
    }
    for (fund, amounts) in by_fund {
        tie.part(format!("fund {fund}"), sums::text(sums::of_money(amounts)?));
    }
    tie.costs(("sum of bills", billed), ("funding lines", split))
}

/// T8. Of the customers' side, only what is ours to post.
pub fn books(month_end: &MonthEnd, _: &Feed, tie: &mut Tie) -> Result<(), Overflow> {
    let payers = super::payers::of(month_end);
    let funded = sums::of_money(payers.iter().map(|payer| payer.amount))?;
    let ours = sums::of_money(payers.iter().filter(|payer| !payer.keeps_own_books).map(|payer| payer.amount))?;
    let revenue = net(&month_end.journals, Role::Revenue, Side::Credit)?;
    tie.part("revenue", sums::text(revenue));
    tie.both(
        "due from customers",
        sums::text(net(&month_end.journals, Role::DueFrom, Side::Debit)?),
        sums::text(funded),
    );
    if super::payers::customers_post(month_end) {
        for (name, role, side) in
            [("expenditure", Role::AgencyExpenditure, Side::Debit), ("due to the provider", Role::DueTo, Side::Credit)]
        {
            tie.both(name, sums::text(net(&month_end.journals, role, side)?), sums::text(ours));
        }
    }
    tie.costs(("funding lines of posted bills", funded), ("journal revenue", revenue))
}

/// What the entries of bills put on a role, less what they take from it.
pub fn net(journals: &[JournalEntry], role: Role, normal: Side) -> Sum {
    let bills = journals.iter().filter(|entry| entry.journal_type() != JournalType::Setl);
    let postings = bills.flat_map(JournalEntry::postings).filter(|posting| posting.role == role);
    sums::of_money(
        postings.map(|posting| if posting.side == normal { posting.amount } else { posting.amount.negated() }),
    )
}

/// T9.
pub fn feed(month_end: &MonthEnd, feed: &Feed, tie: &mut Tie) -> Result<(), Overflow> {
    type Sides = (u64, Money, Money);
    let mut ledger: BTreeMap<(String, String), Sides> = BTreeMap::new();
    for entry in &month_end.journals {
        for (fund, (debits, credits)) in entry.by_fund()? {
            let lines = entry.postings().iter().filter(|posting| posting.string.fund == fund).count() as u64;
            ledger.insert((entry.id().to_owned(), fund), (lines, debits, credits));
        }
    }
    let mut written: BTreeMap<(String, String), Sides> = BTreeMap::new();
    for sides in &feed.sides {
        written.insert((sides.journal.clone(), sides.fund.clone()), (sides.lines, sides.debits, sides.credits));
    }
    if let Some(why) = &feed.unreadable {
        tie.both("feed", format!("unreadable: {why}"), "read");
    }
    if written.len() != feed.sides.len() {
        tie.both("journals and funds of the feed", feed.sides.len().to_string(), written.len());
    }
    let in_words = |sides: Option<&Sides>| {
        sides.map_or("nothing".to_owned(), |(lines, debits, credits)| {
            format!("{lines} lines, debits {debits}, credits {credits}")
        })
    };
    for key in ledger.keys().chain(written.keys()).collect::<BTreeSet<_>>() {
        let name = format!("{} fund {}", key.0, key.1);
        tie.both(&name, in_words(ledger.get(key)), in_words(written.get(key)));
    }
    let debits = |sides: &BTreeMap<_, Sides>| sums::of_money(sides.values().map(|(_, debits, _)| *debits));
    tie.costs(("debits of the ledger", debits(&ledger)?), ("debits of the feed", debits(&written)?))
}

/// The model of the card of a ruling, where it counts units.
fn model_of<'a>(month_end: &'a MonthEnd, ruling: &Ruling) -> Option<&'a RateModel> {
    let rate = ruling.rate.as_ref()?;
    let cards = &month_end.settings.rate_cards;
    let card = cards.iter().find(|card| card.rate_id == rate.rate_id && card.version == rate.version)?;
    card.model.counted().map(|_| &card.model)
}

/// T13. By service, because quantities of two units are never added where it matters: the totals only sum the parts.
pub fn quantities(month_end: &MonthEnd, _: &Feed, tie: &mut Tie) -> Result<(), Overflow> {
    let mut metered: BTreeMap<&str, Quantity> = BTreeMap::new();
    let mut rated: BTreeMap<&str, Quantity> = BTreeMap::new();
    let mut excluded: BTreeMap<&str, Quantity> = BTreeMap::new();
    let add = |sums: &mut BTreeMap<_, Quantity>, service, quantity| {
        let sum: &mut Quantity = sums.entry(service).or_default();
        *sum = sum.checked_add(quantity)?;
        Ok::<(), Overflow>(())
    };
    let mut models: HashMap<*const Ruling, Option<&RateModel>> = HashMap::new();
    for charge in month_end.charges.iter().filter(|charge| charge.ruling.consumer.is_some()) {
        let model = *models.entry(Arc::as_ptr(&charge.ruling)).or_insert_with(|| model_of(month_end, &charge.ruling));
        // A monthly amount counts no units.
        let Some(model) = model else { continue };
        let service = charge.ruling.service.as_ref().map_or("", |service| service.as_str());
        let row = month_end.roll_up.row(charge.row);
        let each = model.blocks_of(row.text(Dimension::ConsumedUnit)).unwrap_or(1);
        add(&mut metered, service, row.sums().quantity.checked_mul(each)?)?;
    }
    let mut counted = BTreeSet::new();
    for card in month_end.settings.rate_cards.iter().filter(|card| super::payers::in_force(card, month_end.month)) {
        let Some(driver) = card.counts_from_drivers() else { continue };
        if !counted.insert((card.service.as_str(), driver)) {
            continue;
        }
        for value in month_end.settings.driver(driver, month_end.month) {
            add(&mut metered, card.service.as_str(), value.value)?;
            if month_end.settings.agency(&value.agency).is_none() {
                add(&mut excluded, card.service.as_str(), value.value)?;
            }
        }
    }
    for line in month_end.bills.lines.iter().filter(|line| line.kind == LineKind::Unit) {
        add(&mut rated, line.service.as_str(), line.quantity.unwrap_or_default())?;
    }
    let (mut left, mut right) = (Quantity::ZERO, Quantity::ZERO);
    for service in metered.keys().chain(rated.keys()).copied().collect::<BTreeSet<_>>() {
        let of = |sums: &BTreeMap<&str, Quantity>| sums.get(service).copied().unwrap_or_default();
        let out = of(&rated).checked_add(of(&excluded))?;
        tie.both(&format!("service {service}"), of(&metered).to_string(), out);
        if !of(&excluded).is_zero() {
            tie.part(format!("service {service}, of agencies nobody knows"), of(&excluded));
        }
        left = left.checked_add(of(&metered))?;
        right = right.checked_add(out)?;
    }
    tie.left = ("metered units", left.to_string());
    tie.right = ("units rated and excluded", right.to_string());
    tie.difference = left.checked_sub(right)?.to_string();
    tie.differs |= left != right;
    Ok(())
}
