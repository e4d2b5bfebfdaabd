//! A second opinion: rate and allocate again, slowly and obviously, row by row in fractions, without a line of the
//! stages. It must agree with them to the cent, line by line, on months made up at random.
//!
//! What it shares with them is the meaning of the settings. Where the two differ, one has a mistake; which one is found
//! by reading, and this one was written to be read.

use crate::golden_money::september;
use crate::months::{MadeUp, month};
use chargeback::model::bill::{BillLine, Destination, LineKind, SectionKey};
use chargeback::model::charge::{CostBasis, Dimension};
use chargeback::model::codes::{AgencyCode, ServiceCode};
use chargeback::model::proof::{ItemType, VendorReconciliation};
use chargeback::model::roll_up::Row;
use chargeback::model::settings::{
    Agency, Condition, DriverPeriod, Field, FundingResidual, FundingRule, Limit, Measure, Method, Mode, OnNegative,
    OnZeroDriver, OwnerResult, Pool, RateCard, RateModel, Recipient, Scope, Settings, Target,
};
use chargeback::stages::allocate::{allocate, conserve};
use chargeback::stages::rate::rate;
use chargeback::stages::reconcile::vendors;
use chrono::NaiveDate;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use std::collections::{BTreeMap, BTreeSet};

type Fraction = BigRational;

#[test]
fn both_agree_on_made_up_months() {
    for seed in 0..1000 {
        compare(seed, 1 + (seed as usize * 7) % 90);
    }
}

/// Two opinions about nothing agree as well: the months must hold what the comparison is about.
#[test]
fn the_made_up_months_hold_what_can_go_wrong() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut see = |what: String| *seen.entry(what).or_default() += 1;
    for seed in 0..200 {
        let MadeUp { roll_up, settings, directory } = month(seed, 1 + (seed as usize * 7) % 90);
        let rated = rate(&roll_up, &directory, &settings, september());
        let (vendors, _) = vendors(&roll_up, &rated, &settings, september());
        let allocated = allocate(&roll_up, rated, &vendors, &settings, september());
        allocated.findings.iter().for_each(|finding| see(finding.code.to_string()));
        for line in &allocated.bills.lines {
            see(format!("{:?} {:?}", line.kind, line.mode));
            see(format!("{} strings", line.funding.len()));
            if line.amount.is_negative() {
                see("a credit".to_owned());
            }
            if line.arithmetic.iter().any(|said| said.contains("under this mode")) {
                see(format!("{:?} cut", line.kind));
            }
        }
        for pool in &allocated.bills.pools {
            let how =
                pool.method.split(' ').filter(|word| ["index", "directly", "reciprocal", "as", "of"].contains(word));
            how.for_each(|word| see(format!("pool {word}")));
            let moved = [("gives on", !pool.passed_on.is_empty()), ("holds", !pool.held.is_zero())];
            let moved = moved.into_iter().chain([("exchanges", !pool.exchanged.is_zero()), ("v2", pool.version == 2)]);
            moved.filter(|(_, is_so)| *is_so).for_each(|(word, _)| see(format!("pool {word}")));
        }
        let said = allocated.bills.lines.iter().flat_map(|line| &line.arithmetic);
        for words in
            ["raised to the floor", "held at the cap", "the least that is billed", "limits of others", "step-down"]
        {
            if said.clone().any(|said| said.contains(words)) {
                see(words.to_owned());
            }
        }
        allocated.bills.residuals.iter().for_each(|cent| see(cent.step.split(' ').next().unwrap().to_owned()));
        allocated.bills.central.iter().for_each(|central| see(central.reason.clone()));
        allocated.charges.iter().for_each(|charge| see(destination(&charge.destination).to_owned()));
    }
    let expected = "
        CB0401 CB0402 CB0403 CB0404 CB0406 CB0322 CB0501 CB0502 CB0504 CB0505 CB0506 CB0507 CB0508 CB0601 CB0602 CB0603 CB0606
        CB0607 CB0608 CB0609 CB0611 CB0613 CB0614 CB0615 CB0617 CB0618 CB0619 CB0701; Direct Chargeback; Direct Showback; Direct Absorbed;
        Unit Chargeback; Shared Chargeback; Fee Chargeback; Fee Showback; Fee Visibility; Fee Absorbed; 0 strings; 1 strings;
        2 strings; 3 strings; a credit; Unit cut; Fee cut; fit; pool; funding; difference that rounding cannot explain;
        marketplace; agency; pool; prepaid; central; excluded; suspense; pool index; pool directly; pool as; pool of;
        pool reciprocal; pool gives on; pool holds; pool exchanges; pool v2; raised to the floor; held at the cap; the least
        that is billed; limits of others; step-down";
    let codes =
        expected.split_whitespace().filter(|word| word.starts_with("CB")).map(|word| word.trim_end_matches(';'));
    let words = expected.split(';').skip(1).map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "));
    let missing: Vec<String> = codes.map(str::to_owned).chain(words).filter(|what| !seen.contains_key(what)).collect();
    assert!(missing.is_empty(), "never seen: {missing:?}; seen: {seen:#?}");
}

fn destination(to: &Destination) -> &'static str {
    match to {
        Destination::Agency(_) => "agency",
        Destination::Pool(_) => "pool",
        Destination::Central(reason) if reason == Destination::PREPAID => "prepaid",
        Destination::Central(_) => "central",
        Destination::Excluded(_) => "excluded",
        Destination::Suspense(_) => "suspense",
    }
}

/// Rates, reconciles and allocates a month in both ways and compares all that becomes cents.
pub fn compare(seed: u64, rows: usize) {
    let made = month(seed, rows);
    let MadeUp { roll_up, settings, directory } = &made;
    let rated = rate(roll_up, directory, settings, september());
    let (vendors, _) = vendors(roll_up, &rated, settings, september());
    let allocated = allocate(roll_up, rated, &vendors, settings, september());
    assert_eq!(conserve(&allocated.charges, &allocated.bills, &vendors).unwrap(), [], "seed {seed}");
    let plain = Plain::of(&made, &vendors);

    let charges: Vec<String> = allocated
        .charges
        .iter()
        .map(|charge| format!("{} {:?} {} {}", charge.row, charge.destination, charge.cost, charge.amount.cents()))
        .collect();
    let expected: Vec<String> = plain
        .charges
        .iter()
        .map(|charge| format!("{} {:?} {} {}", charge.row, charge.to, shown(&charge.cost), charge.cents))
        .collect();
    assert_eq!(charges, expected, "seed {seed}");
    let lines: Vec<(String, i64)> =
        allocated.bills.lines.iter().map(|line| (key_of(line), line.amount.cents())).collect();
    let mut sorted = lines.clone();
    sorted.sort();
    let expected: Vec<(String, i64)> = plain.lines.iter().map(|line| (line.key(), line.cents)).collect();
    let mut expected_sorted = expected.clone();
    expected_sorted.sort();
    assert_eq!(sorted, expected_sorted, "seed {seed}");
    let funding = |line: &BillLine| {
        let parts = line.funding.iter().map(|part| format!("{} {}", part.string.fund, part.amount.cents()));
        (key_of(line), parts.collect::<Vec<_>>())
    };
    let found: BTreeMap<String, Vec<String>> = allocated.bills.lines.iter().map(funding).collect();
    let expected: BTreeMap<String, Vec<String>> =
        plain.lines.iter().map(|line| (line.key(), plain.funding(&made.settings, line))).collect();
    assert_eq!(found, expected, "seed {seed}");
    let mut central: BTreeMap<SectionKey, i64> = BTreeMap::new();
    for amount in &allocated.bills.central {
        *central.entry(amount.section.clone()).or_default() += amount.amount.cents();
    }
    central.retain(|_, cents| *cents != 0);
    assert_eq!(central, plain.central, "seed {seed}");
}

fn key_of(line: &BillLine) -> String {
    let share = line.share.as_ref().map_or(String::new(), |share| format!("{} v{}", share.pool, share.version));
    let rate = line.rate.as_ref().map_or(share, |rate| rate.rate_id.clone());
    let account = line.description.split_once("(account ").map_or("", |(_, account)| account.trim_end_matches(')'));
    let basis = line.arithmetic[0].split_once(" at ").map_or("", |(_, basis)| basis.split(' ').next().unwrap());
    let absorbed = line.absorbed_by.as_ref().map_or("", |fund| fund.as_str());
    format!(
        "{} {} {:?} {} {rate} [{account}] {basis} {:?} {absorbed}",
        line.agency, line.service, line.kind, line.provider, line.mode
    )
}

struct PlainCharge {
    row: usize,
    to: Destination,
    service: Option<ServiceCode>,
    card: Option<usize>,
    consumer: Option<AgencyCode>,
    basis: CostBasis,
    cost: Fraction,
    cents: i64,
}

#[derive(Clone)]
struct PlainLine {
    agency: AgencyCode,
    service: ServiceCode,
    kind: LineKind,
    provider: String,
    rate_id: String,
    account: String,
    basis: String,
    mode: Mode,
    absorbed: String,
    cents: i64,
    /// Cents by day of use; empty for what has no day.
    days: BTreeMap<NaiveDate, i64>,
}

impl PlainLine {
    fn key(&self) -> String {
        format!(
            "{} {} {:?} {} {} [{}] {} {:?} {}",
            self.agency,
            self.service,
            self.kind,
            self.provider,
            self.rate_id,
            self.account,
            self.basis,
            self.mode,
            self.absorbed
        )
    }
}

struct Plain {
    charges: Vec<PlainCharge>,
    lines: Vec<PlainLine>,
    central: BTreeMap<SectionKey, i64>,
}

// ---- arithmetic ----------------------------------------------------------------------------------------------------

fn whole(number: i64) -> Fraction {
    Fraction::from_integer(number.into())
}

fn of_text(text: &str) -> Fraction {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let number: BigInt = format!("{before}{after}").parse().unwrap();
    Fraction::new(number * sign, BigInt::from(10).pow(after.len() as u32))
}

/// As a cost prints itself: plain digits, no trailing zeros.
fn shown(value: &Fraction) -> String {
    let scaled = value.abs() * Fraction::from_integer(BigInt::from(10).pow(18));
    assert!(scaled.is_integer());
    let digits = format!("{:0>19}", scaled.to_integer().to_string());
    let (before, after) = digits.split_at(digits.len() - 18);
    let after = after.trim_end_matches('0');
    let sign = if value.is_negative() { "-" } else { "" };
    if after.is_empty() { format!("{sign}{before}") } else { format!("{sign}{before}.{after}") }
}

fn round(value: &Fraction, settings: &Settings) -> i64 {
    let cents = value * whole(100);
    let below = cents.floor();
    let rest = &cents - &below;
    let half = Fraction::new(1.into(), 2.into());
    let below = below.to_integer().to_i64().unwrap();
    let up = match settings.state.rounding {
        chargeback::model::money::Rounding::HalfEven if rest == half => below % 2 != 0,
        // Away from zero: below zero the lower number is further away.
        chargeback::model::money::Rounding::HalfUp if rest == half => below >= 0,
        _ => rest > half,
    };
    below + i64::from(up)
}

/// Gives every item its share rounded down, then one cent more to the largest rests; equal rests in order.
fn hand_out(total: i64, exact_cents: &[Fraction]) -> Option<Vec<i64>> {
    let mut cents: Vec<i64> = exact_cents.iter().map(|share| share.floor().to_integer().to_i64().unwrap()).collect();
    let mut left = total - cents.iter().sum::<i64>();
    if left < 0 || left > cents.len() as i64 {
        return None;
    }
    let mut given = BTreeSet::new();
    while left > 0 {
        let mut best: Option<usize> = None;
        for item in 0..cents.len() {
            let rest = |item: usize| &exact_cents[item] - exact_cents[item].floor();
            if !given.contains(&item) && best.is_none_or(|best| rest(item) > rest(best)) {
                best = Some(item);
            }
        }
        let best = best.unwrap();
        given.insert(best);
        cents[best] += 1;
        left -= 1;
    }
    Some(cents)
}

fn share(total: i64, weights: &[Fraction]) -> Vec<i64> {
    let sum: Fraction = weights.iter().sum();
    let exact: Vec<Fraction> = weights.iter().map(|weight| whole(total.abs()) * weight / &sum).collect();
    let cents = hand_out(total.abs(), &exact).unwrap();
    cents.into_iter().map(|cents| if total < 0 { -cents } else { cents }).collect()
}

// ---- rate ----------------------------------------------------------------------------------------------------------

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            let Some(rest) = text.strip_prefix(before) else { return false };
            (0..=rest.len()).any(|cut| glob(after, &rest[cut..]))
        }
    }
}

fn meets(row: &Row<'_>, conditions: &[Condition]) -> bool {
    conditions.iter().all(|condition| {
        let text = match &condition.field {
            Field::Dimension(dimension) => row.text(*dimension),
            Field::Tag(tag) => row.tag(tag),
        };
        glob(&condition.pattern.0.trim().to_lowercase(), &text.trim().to_lowercase())
    })
}

fn owner_of(row: &Row<'_>, made: &MadeUp) -> Destination {
    let day = row.day();
    let called = |name: &str| {
        let agency =
            made.settings.agencies.iter().find(|agency| {
                same(agency.code.as_str(), name) || agency.aliases.iter().any(|alias| same(alias, name))
            });
        agency.filter(|agency| agency.valid.covers(day)).map(|agency| Destination::Agency(agency.code.clone()))
    };
    let mut reason = None;
    for rule in &made.settings.owner_rules {
        if !rule.valid.covers(day) || !meets(row, &rule.conditions) {
            continue;
        }
        let found = match &rule.owner {
            OwnerResult::Agency(code) => {
                let reason = format!("rule {} names {code}, which is not in force", rule.id);
                Some(called(code.as_str()).unwrap_or(Destination::Suspense(reason)))
            }
            OwnerResult::AgencyOfTag(tag) => {
                let value = row.tag(tag);
                let found = if value.trim().is_empty() { None } else { called(value) };
                if found.is_none() && !value.trim().is_empty() {
                    reason.get_or_insert(format!("tag {tag} says {value:?}, which is no agency"));
                }
                found
            }
            OwnerResult::AgencyOfGroupTag(_) => panic!("no made-up month has groups"),
            OwnerResult::AgencyOfAccountTag(tag) => {
                let account = row.text(Dimension::SubAccountId);
                let of_account = made.roll_up.rows().filter(|other| other.text(Dimension::SubAccountId) == account);
                let agencies: BTreeSet<AgencyCode> = of_account
                    .filter_map(|other| match called(other.tag(tag)) {
                        Some(Destination::Agency(agency)) => Some(agency),
                        _ => None,
                    })
                    .collect();
                let named: Vec<&str> = agencies.iter().map(AgencyCode::as_str).collect();
                if agencies.len() > 1 {
                    reason.get_or_insert(format!("tag {tag} of account {account} says {}", named.join(", ")));
                }
                if agencies.len() == 1 { agencies.into_iter().next().map(Destination::Agency) } else { None }
            }
            OwnerResult::ServiceNow => match made.directory.accounts.get(row.text(Dimension::SubAccountId)) {
                Some(entry) if entry.departments.len() == 1 => {
                    let found = called(&entry.departments[0]);
                    if found.is_none() {
                        let name = &entry.departments[0];
                        reason.get_or_insert(format!(" row 0 says {name:?}, which is no agency"));
                    }
                    found
                }
                Some(entry) => {
                    reason.get_or_insert(format!("ServiceNow names several: {}", entry.departments.join(", ")));
                    None
                }
                None => None,
            },
            OwnerResult::Pool(pool) => Some(Destination::Pool(pool.clone())),
            OwnerResult::Central(reason) => Some(Destination::Central(reason.clone())),
            OwnerResult::Excluded(reason) => Some(Destination::Excluded(reason.clone())),
        };
        if let Some(found) = found {
            return found;
        }
    }
    Destination::Suspense(reason.unwrap_or_else(|| "no ownership rule matches".to_owned()))
}

fn service_of(row: &Row<'_>, settings: &Settings) -> Option<ServiceCode> {
    let takes = |service: &&chargeback::model::settings::Service| service.matches.iter().any(|way| meets(row, way));
    settings.services.iter().find(takes).map(|service| service.code.clone())
}

fn in_scope(card: &RateCard, agency: Option<&Agency>) -> bool {
    match (&card.scope, agency) {
        (Scope::All, _) => true,
        (Scope::Class(class), Some(agency)) => *class == agency.class,
        (Scope::Agency(code), Some(agency)) => *code == agency.code,
        _ => false,
    }
}

/// Places of the narrowest cards among those that fit.
fn narrowest(settings: &Settings, fitting: Vec<usize>) -> Vec<usize> {
    let narrow = |place: &usize| {
        let card = &settings.rate_cards[*place];
        let scope = match card.scope {
            Scope::All => 0,
            Scope::Class(_) => 1,
            Scope::Agency(_) => 2,
        };
        let fixed: usize =
            card.conditions.iter().map(|condition| condition.pattern.0.replace('*', "").chars().count()).sum();
        // A SKU is narrower than a service of the vendor's, and that than anything else.
        let named = card.conditions.iter().map(|condition| match condition.field {
            Field::Dimension(Dimension::SkuId | Dimension::SkuMeter) => 3,
            Field::Dimension(Dimension::ServiceCode | Dimension::ServiceName) => 2,
            _ => 1,
        });
        (scope, named.max().unwrap_or(0), card.conditions.len(), fixed)
    };
    let most = fitting.iter().map(narrow).max();
    fitting.into_iter().filter(|place| Some(narrow(place)) == most).collect()
}

fn cost_on(row: &Row<'_>, basis: CostBasis) -> Option<Fraction> {
    let sums = row.sums();
    let cost = match basis {
        CostBasis::Billed => Some(sums.billed),
        CostBasis::Effective => sums.effective,
        CostBasis::List => sums.list,
        CostBasis::Contracted => sums.contracted,
    };
    cost.map(|cost| of_text(&cost.to_string()))
}

fn rated_row(row: &Row<'_>, made: &MadeUp) -> Vec<PlainCharge> {
    let settings = &made.settings;
    let mut to = owner_of(row, made);
    let service = service_of(row, settings);
    if let Destination::Pool(pool) = &to
        && pool_in_month(settings, pool.as_str()).is_none()
    {
        to = Destination::Suspense(format!("pool {pool} is not defined for 2025-09"));
    }
    let fitting = |agency: Option<&Agency>| -> Vec<usize> {
        let places = (0..settings.rate_cards.len()).filter(|place| {
            let card = &settings.rate_cards[*place];
            Some(&card.service) == service.as_ref()
                && !matches!(card.model, RateModel::Percent { .. })
                && card.valid.covers(row.day())
                && in_scope(card, agency)
                && meets(row, &card.conditions)
        });
        narrowest(settings, places.collect())
    };
    let (mut basis, mut card, mut consumer) = (CostBasis::Billed, None, None);
    if let Destination::Agency(code) = to.clone() {
        let agency = settings.agencies.iter().find(|agency| agency.code == code);
        match (&service, fitting(agency).as_slice()) {
            (None, _) => to = Destination::Suspense("it belongs to no service".to_owned()),
            (Some(service), []) => to = Destination::Suspense(format!("service {service} has no rate")),
            (Some(_), [only]) => {
                card = Some(*only);
                match &settings.rate_cards[*only].model {
                    RateModel::PassThrough { basis: asked } if cost_on(row, *asked).is_some() => basis = *asked,
                    RateModel::PassThrough { .. } => {}
                    other => {
                        let unit = other.counted().map_or("", |counted| counted.unit);
                        let id = &settings.rate_cards[*only].rate_id;
                        to = Destination::Central(format!("recovered by rate {id}"));
                        let used = !row.sums().quantity.is_zero();
                        consumer = (used && same(unit, row.text(Dimension::ConsumedUnit))).then_some(code);
                    }
                }
            }
            (Some(service), _) => to = Destination::Suspense(format!("service {service} has two rates")),
        }
    } else if service.is_some()
        && let [only] = fitting(None).as_slice()
        && let RateModel::PassThrough { basis: asked } = &settings.rate_cards[*only].model
        && cost_on(row, *asked).is_some()
    {
        basis = *asked;
    }
    let billed = cost_on(row, CostBasis::Billed).unwrap();
    let cost = cost_on(row, basis).unwrap();
    let rest = &billed - &cost;
    let charge = |to: Destination, cost: Fraction, consumer: Option<AgencyCode>| PlainCharge {
        row: row.number,
        to,
        service: service.clone(),
        card,
        consumer,
        basis,
        cost,
        cents: 0,
    };
    let mut charges = vec![charge(to, cost, consumer)];
    if !rest.is_zero() {
        let to = match basis {
            CostBasis::Effective => "prepaid".to_owned(),
            other => format!("billed less {} cost", format!("{other:?}").to_lowercase()),
        };
        charges.push(charge(Destination::Central(to), rest, None));
    }
    charges
}

fn days_of_month() -> Vec<NaiveDate> {
    september().first_day().iter_days().take(30).collect()
}

fn pool_in_month<'a>(settings: &'a Settings, id: &str) -> Option<&'a Pool> {
    let first = september().first_day();
    let of_id = || settings.pools.iter().filter(move |pool| pool.id.as_str() == id);
    let on_first = of_id().find(|pool| pool.valid.covers(first));
    on_first.or_else(|| of_id().find(|pool| pool.valid.from.is_some_and(|from| september().contains(from))))
}

// ---- pools ----------------------------------------------------------------------------------------------------------

struct Turn<'m> {
    pool: &'m Pool,
    places: Vec<usize>,
    cents: i64,
    is_first: bool,
    is_broken: bool,
}

enum Plan {
    Share(BTreeMap<Recipient, Fraction>),
    Kept(Destination),
}

/// Why there are no weights.
enum No {
    Zero,
    Broken,
}

fn used(
    settings: &Settings,
    pool: &Pool,
    driver: &str,
    targets: &[Recipient],
) -> Result<BTreeMap<Recipient, Fraction>, No> {
    let before = september().previous();
    let months = match pool.sharing.period {
        DriverPeriod::Same => vec![september()],
        DriverPeriod::Prior => vec![before],
        DriverPeriod::Trailing(2) => vec![before, september()],
        DriverPeriod::Frozen(month) => vec![month],
        DriverPeriod::Trailing(other) => panic!("no made-up month has {other}"),
    };
    let mut weights: BTreeMap<Recipient, Fraction> = BTreeMap::new();
    for month in months {
        let of_agencies = settings.drivers.iter().filter(|row| row.driver == driver && row.month == month);
        let of_agencies = of_agencies.map(|row| (Recipient::Agency(row.agency.clone()), row.value));
        let of_pools = settings.pool_drivers.iter().filter(|row| row.driver == driver && row.month == month);
        let of_pools = of_pools.map(|row| (Recipient::Pool(row.pool.clone()), row.value));
        let rows: Vec<_> = of_agencies.chain(of_pools).collect();
        if rows.is_empty() {
            return Err(No::Broken);
        }
        for (to, value) in rows {
            let counts = !(pool.sharing.agencies_only && matches!(to, Recipient::Pool(_)));
            if targets.contains(&to) && counts {
                *weights.entry(to).or_insert_with(Fraction::zero) += of_text(&value.to_string());
            }
        }
    }
    if weights.values().all(Fraction::is_zero) { Err(No::Zero) } else { Ok(weights) }
}

/// What each pool of a turn gives to whom, in cents; none where limits cannot be kept or nothing ever leaves.
fn given_out(now: &[Turn<'_>], plans: &[BTreeMap<Recipient, Fraction>]) -> Option<Vec<Vec<(Recipient, i64)>>> {
    let shares: Vec<BTreeMap<Recipient, Fraction>> = if now[0].pool.sharing.group.is_none() {
        vec![levelled(now[0].pool, now[0].cents, &plans[0])?]
    } else {
        together(now, plans)?
    };
    let total: i64 = now.iter().map(|turn| turn.cents).sum();
    let exact: Vec<Fraction> = shares.iter().flat_map(|shares| shares.values().cloned()).collect();
    let first = exact.iter().find(|share| !share.is_zero());
    let sign = if total < 0 || (total == 0 && first.is_some_and(Fraction::is_negative)) { -1 } else { 1 };
    let turned: Vec<Fraction> = exact.iter().map(|share| share * whole(sign)).collect();
    let mut cents = hand_out(total * sign, &turned).unwrap();
    if let Some(named) = &now[0].pool.sharing.residual {
        let to = Recipient::Agency(named.clone());
        let place = shares[0].iter().position(|(of, share)| *of == to && !share.is_zero());
        if let Some(place) = place {
            cents = turned.iter().map(|share| share.floor().to_integer().to_i64().unwrap()).collect();
            cents[place] += total * sign - cents.iter().sum::<i64>();
        }
    }
    let mut left = cents.into_iter().map(|cents| cents * sign);
    Some(shares.into_iter().map(|shares| shares.into_keys().map(|to| (to, left.next().unwrap())).collect()).collect())
}

/// Exact shares in cents within floor and cap: the level at which they add up to the pool, found between the points where
/// a share meets a limit.
fn levelled(pool: &Pool, cents: i64, weights: &BTreeMap<Recipient, Fraction>) -> Option<BTreeMap<Recipient, Fraction>> {
    let whole_pool = whole(cents.abs());
    let sign = whole(if cents < 0 { -1 } else { 1 });
    let sum: Fraction = weights.values().sum();
    let in_cents = |limit: Limit| match limit {
        Limit::Amount(amount) => whole(amount.cents()),
        Limit::Percent(percent) => of_text(&percent.to_string()) / whole(100) * &whole_pool,
    };
    let least = pool.sharing.de_minimis.map_or_else(Fraction::zero, in_cents);
    let big = |weight: &Fraction| !weight.is_zero() && &whole_pool * weight / &sum >= least;
    let any_big = weights.values().any(big);
    let counts = |weight: &Fraction| if any_big { big(weight) } else { !weight.is_zero() };
    let free: Vec<&Fraction> = weights.values().filter(|weight| counts(weight)).collect();
    let floor = pool.sharing.floor.map_or_else(Fraction::zero, in_cents);
    let cap = pool.sharing.cap.map_or_else(|| whole_pool.clone(), in_cents);
    let at = |level: &Fraction, weight: &Fraction| (level * weight).min(cap.clone()).max(floor.clone());
    let adds_up = |level: &Fraction| free.iter().map(|weight| at(level, weight)).sum::<Fraction>();
    let count = whole(free.len() as i64);
    if cents != 0 && (&floor * &count > whole_pool || &cap * &count < whole_pool) {
        return None;
    }
    let mut points: Vec<Fraction> = free.iter().flat_map(|weight| [&floor / *weight, &cap / *weight]).collect();
    points.sort();
    let level = if cents == 0 {
        Fraction::zero()
    } else {
        let below =
            points.iter().filter(|point| adds_up(point) <= whole_pool).max().cloned().unwrap_or_else(Fraction::zero);
        let above =
            points.iter().filter(|point| adds_up(point) >= whole_pool).min().cloned().unwrap_or_else(|| below.clone());
        let (low, high) = (adds_up(&below), adds_up(&above));
        if low == high { below } else { &below + (&above - &below) * (&whole_pool - &low) / (&high - &low) }
    };
    let share = |weight: &Fraction| {
        if cents == 0 || !counts(weight) { Fraction::zero() } else { at(&level, weight) * &sign }
    };
    Some(weights.iter().map(|(to, weight)| (to.clone(), share(weight))).collect())
}

/// Two pools that feed each other: x = (a + b q) / (1 - p q), where p goes from the first to the second and q back.
fn together(now: &[Turn<'_>], plans: &[BTreeMap<Recipient, Fraction>]) -> Option<Vec<BTreeMap<Recipient, Fraction>>> {
    let ids: Vec<Recipient> = now.iter().map(|turn| Recipient::Pool(turn.pool.id.clone())).collect();
    let fractions: Vec<BTreeMap<Recipient, Fraction>> = plans
        .iter()
        .zip(&ids)
        .map(|(weights, own)| {
            let others: BTreeMap<_, _> = weights.iter().filter(|(to, _)| *to != own).collect();
            let sum: Fraction = others.values().copied().sum();
            let part = |(to, weight): (&Recipient, &Fraction)| (to.clone(), weight / &sum);
            if sum.is_zero() { BTreeMap::new() } else { others.into_iter().map(part).collect() }
        })
        .collect();
    if fractions.iter().any(BTreeMap::is_empty) {
        return None;
    }
    let cents: Vec<Fraction> = now.iter().map(|turn| whole(turn.cents)).collect();
    let gross = match &cents[..] {
        [alone] => vec![alone.clone()],
        [a, b] => {
            let sent = |from: usize, to: usize| fractions[from].get(&ids[to]).cloned().unwrap_or_else(Fraction::zero);
            let (p, q) = (sent(0, 1), sent(1, 0));
            let left = whole(1) - &p * &q;
            if left.is_zero() {
                return None;
            }
            vec![(a + b * &q) / &left, (b + a * &p) / &left]
        }
        _ => panic!("no made-up group has three"),
    };
    let leaving = |(fractions, gross): (BTreeMap<Recipient, Fraction>, Fraction)| {
        let leaves = fractions.into_iter().filter(|(to, _)| !ids.contains(to));
        leaves.map(|(to, fraction)| (to, fraction * &gross)).collect()
    };
    Some(fractions.into_iter().zip(gross).map(leaving).collect())
}

// ---- allocate ------------------------------------------------------------------------------------------------------

fn mode_on(settings: &Settings, agency: &AgencyCode, service: &ServiceCode, day: NaiveDate) -> (Mode, String) {
    let mut best: Option<(bool, bool)> = None;
    let mut found = (Mode::Chargeback, String::new());
    for rule in &settings.modes {
        let fits = rule.valid.covers(day)
            && rule.agency.as_ref().is_none_or(|code| code == agency)
            && rule.service.as_ref().is_none_or(|code| code == service);
        let narrow = (rule.agency.is_some(), rule.service.is_some());
        if fits && best.is_none_or(|best| narrow > best) {
            best = Some(narrow);
            let fund = rule.absorbed_by.as_ref().filter(|_| rule.mode == Mode::Absorbed);
            found = (rule.mode, fund.map_or(String::new(), |fund| fund.to_string()));
        }
    }
    found
}

/// Funding rules in force for an agency and service that name this account, if any.
fn own_account(settings: &Settings, agency: &AgencyCode, service: &ServiceCode, account: &str) -> String {
    let own = settings.funding.iter().any(|rule| {
        rule.agency == *agency
            && rule.valid.covers(september().first_day())
            && rule.sub_account.as_deref() == Some(account)
            && rule.service.as_ref().is_none_or(|code| code == service)
    });
    if own { account.to_owned() } else { String::new() }
}

impl Plain {
    fn of(made: &MadeUp, vendors: &[VendorReconciliation]) -> Self {
        let mut plain = Self { charges: Vec::new(), lines: Vec::new(), central: BTreeMap::new() };
        for row in made.roll_up.rows() {
            if row.text(Dimension::BillingCurrency) == "USD" {
                plain.charges.extend(rated_row(&row, made));
            }
        }
        for vendor in vendors {
            plain.fit(made, vendor);
        }
        plain.central.retain(|_, cents| *cents != 0);
        plain.direct(made);
        plain.pools(made);
        plain.consumed(made);
        plain.driven(&made.settings);
        plain.fees(&made.settings);
        plain
    }

    fn fit(&mut self, made: &MadeUp, vendor: &VendorReconciliation) {
        let hundred = whole(100);
        let of_section: Vec<usize> = (0..self.charges.len())
            .filter(|&place| SectionKey::of(&made.roll_up.row(self.charges[place].row), "USD") == vendor.section)
            .collect();
        let mut groups: BTreeMap<Destination, Vec<usize>> = BTreeMap::new();
        for &place in &of_section {
            groups.entry(self.charges[place].to.clone()).or_default().push(place);
        }
        let outside: Fraction = vendor
            .items
            .iter()
            .filter(|item| !matches!(item.item_type, ItemType::Rounding | ItemType::Unexplained))
            .map(|item| of_text(&item.amount.to_string()))
            .sum();
        let half_up = Settings::default();
        let central = round(&outside, &half_up);
        let target = vendor.invoice_basis.cents() - central;
        let exact: Vec<Fraction> = groups
            .values()
            .map(|places| places.iter().map(|&place| &self.charges[place].cost * &hundred).sum::<Fraction>())
            .collect();
        let rounded = round(&(exact.iter().sum::<Fraction>() / &hundred), &made.settings);
        let (cents, left) = match hand_out(target, &exact) {
            Some(cents) if !exact.is_empty() => (cents, 0),
            _ => (hand_out(rounded, &exact).unwrap(), target - rounded),
        };
        *self.central.entry(vendor.section.clone()).or_default() += central + left;
        for (places, cents) in groups.values().zip(cents) {
            let mut services: BTreeMap<Option<ServiceCode>, Vec<usize>> = BTreeMap::new();
            for &place in places {
                services.entry(self.charges[place].service.clone()).or_default().push(place);
            }
            let exact_of = |charges: &[PlainCharge], places: &[usize]| -> Vec<Fraction> {
                places.iter().map(|&place| &charges[place].cost * &hundred).collect()
            };
            let sums: Vec<Fraction> =
                services.values().map(|places| exact_of(&self.charges, places).iter().sum::<Fraction>()).collect();
            for (places, cents) in services.values().zip(hand_out(cents, &sums).unwrap()) {
                let exact = exact_of(&self.charges, places);
                for (&place, cents) in places.iter().zip(hand_out(cents, &exact).unwrap()) {
                    self.charges[place].cents = cents;
                }
            }
        }
    }

    fn add(&mut self, line: PlainLine) {
        match self.lines.iter_mut().find(|known| known.key() == line.key()) {
            Some(known) => {
                known.cents += line.cents;
                line.days.into_iter().for_each(|(day, cents)| *known.days.entry(day).or_default() += cents);
            }
            None => self.lines.push(line),
        }
    }

    fn direct(&mut self, made: &MadeUp) {
        for place in 0..self.charges.len() {
            let charge = &self.charges[place];
            let Destination::Agency(agency) = charge.to.clone() else { continue };
            let row = made.roll_up.row(charge.row);
            let service = charge.service.clone().unwrap();
            let (mode, absorbed) = mode_on(&made.settings, &agency, &service, row.day());
            let line = PlainLine {
                kind: LineKind::Direct,
                provider: row.text(Dimension::Provider).to_owned(),
                rate_id: made.settings.rate_cards[charge.card.unwrap()].rate_id.clone(),
                account: own_account(&made.settings, &agency, &service, row.text(Dimension::SubAccountId)),
                basis: format!("{:?}", charge.basis).to_lowercase(),
                mode,
                absorbed,
                cents: charge.cents,
                days: BTreeMap::from([(row.day(), charge.cents)]),
                agency,
                service,
            };
            self.add(line);
        }
    }

    /// Stage by stage: a pool has its turn once those before it have given it what they give.
    fn pools(&mut self, made: &MadeUp) {
        let settings = &made.settings;
        let mut turns = self.turns(made);
        let mut sent: BTreeMap<String, i64> = BTreeMap::new();
        while let Some(first) = turns.first() {
            let group = first.pool.sharing.group.clone();
            let count = turns.iter().filter(|turn| group.is_some() && turn.pool.sharing.group == group).count().max(1);
            let mut now = Vec::new();
            for _ in 0..count {
                let next = turns.iter().position(|turn| now.is_empty() || turn.pool.sharing.group == group).unwrap();
                let mut turn = turns.remove(next);
                if turn.is_first {
                    turn.cents += sent.remove(turn.pool.id.as_str()).unwrap_or_default();
                }
                now.push(turn);
            }
            let plans: Vec<Plan> = now.iter().map(|turn| self.plan(settings, turn)).collect();
            if let Some(Plan::Kept(to)) = plans.iter().find(|plan| matches!(plan, Plan::Kept(_))) {
                let to = to.clone();
                now.iter().flat_map(|turn| &turn.places).for_each(|&place| self.charges[place].to = to.clone());
                continue;
            }
            let plans: Vec<BTreeMap<Recipient, Fraction>> = plans
                .into_iter()
                .map(|plan| match plan {
                    Plan::Share(weights) => weights,
                    Plan::Kept(_) => panic!("none is kept"),
                })
                .collect();
            let Some(given) = given_out(&now, &plans) else {
                let named: Vec<&str> = now.iter().map(|turn| turn.pool.id.as_str()).collect();
                let alone = format!("pool {} cannot be shared", named[0]);
                let together = format!("nothing leaves the pools {}", named.join(", "));
                let reason = if group.is_some() { together } else { alone };
                for &place in now.iter().flat_map(|turn| &turn.places) {
                    self.charges[place].to = Destination::Suspense(reason.clone());
                }
                continue;
            };
            for ((turn, weights), given) in now.iter().zip(&plans).zip(given) {
                for (to, cents) in given {
                    match to {
                        Recipient::Pool(id) => *sent.entry(id.to_string()).or_default() += cents,
                        Recipient::Agency(agency) if !weights[&Recipient::Agency(agency.clone())].is_zero() => {
                            let (service, version) = (turn.pool.service.clone(), turn.pool.version);
                            let from = format!("{} v{version}", turn.pool.id);
                            self.add(self.own_line(settings, agency, service, LineKind::Shared, &from, cents));
                        }
                        Recipient::Agency(_) => {}
                    }
                }
            }
        }
    }

    /// Each version of a pool with what its charges bring in; pools that others feed, too.
    fn turns<'m>(&mut self, made: &'m MadeUp) -> Vec<Turn<'m>> {
        let settings = &made.settings;
        let of_charge = |charge: &PlainCharge| match &charge.to {
            Destination::Pool(pool) => Some(pool.to_string()),
            _ => None,
        };
        let mut ids: BTreeSet<String> = self.charges.iter().filter_map(of_charge).collect();
        for _ in 0..3 {
            for id in ids.clone() {
                let pool = pool_in_month(settings, &id).unwrap();
                let lender = match &pool.sharing.on_zero_driver {
                    OnZeroDriver::Fallback(other) => pool_in_month(settings, other.as_str()),
                    _ => None,
                };
                let targets = pool.targets.iter().chain(lender.iter().flat_map(|pool| &pool.targets));
                let fed = targets.filter_map(|target| match target {
                    Target::Pool(id) => Some(id.to_string()),
                    _ => None,
                });
                ids.extend(fed.filter(|id| pool_in_month(settings, id).is_some()));
            }
        }
        let mut turns = Vec::new();
        for id in ids {
            let pool = pool_in_month(settings, &id).unwrap();
            let on = |day: NaiveDate| settings.pools.iter().find(|of| of.id == pool.id && of.valid.covers(day));
            let places: Vec<usize> = (0..self.charges.len())
                .filter(|&place| self.charges[place].to == Destination::Pool(pool.id.clone()))
                .collect();
            let day_of = |place: &usize| made.roll_up.row(self.charges[*place].row).day();
            // A driver speaks of all days of the month, other methods of those that have charges.
            let by_driver = matches!(pool.method, Method::Driver { .. } | Method::Index { .. }) && !places.is_empty();
            let days: Vec<NaiveDate> = if by_driver { days_of_month() } else { places.iter().map(day_of).collect() };
            let mut of_pool: Vec<Turn<'_>> = Vec::new();
            let is_broken = !days.iter().all(|day| on(*day).is_some());
            if !is_broken {
                for place in places {
                    let version = on(day_of(&place)).unwrap();
                    let alike =
                        |turn: &Turn<'_>| turn.pool.version == version.version || turn.pool.shares_like(version);
                    let known = of_pool.iter().position(alike).unwrap_or_else(|| {
                        of_pool.push(Turn {
                            pool: version,
                            places: Vec::new(),
                            cents: 0,
                            is_first: false,
                            is_broken: false,
                        });
                        of_pool.len() - 1
                    });
                    of_pool[known].cents += self.charges[place].cents;
                    of_pool[known].places.push(place);
                }
            } else {
                for place in places {
                    self.charges[place].to = Destination::Suspense(format!("pool {id} cannot be shared"));
                }
            }
            if of_pool.is_empty() {
                of_pool.push(Turn { pool, places: Vec::new(), cents: 0, is_first: false, is_broken: false });
            }
            of_pool.sort_by_key(|turn| turn.pool.valid.from);
            of_pool[0].is_first = true;
            of_pool[0].is_broken = is_broken;
            turns.extend(of_pool);
        }
        turns.sort_by_key(|turn| (turn.pool.stage, turn.pool.id.clone(), turn.pool.valid.from));
        turns
    }

    fn plan(&self, settings: &Settings, turn: &Turn<'_>) -> Plan {
        let (pool, id) = (turn.pool, &turn.pool.id);
        let suspense = |why: &str| Plan::Kept(Destination::Suspense(format!("pool {id} {why}")));
        if turn.is_broken {
            return suspense("cannot be shared");
        }
        if turn.cents < 0 && pool.sharing.negative == OnNegative::Hold {
            return suspense("is held: its credits exceed its charges");
        }
        match (self.weights(settings, pool), &pool.sharing.on_zero_driver) {
            (Ok(weights), _) => Plan::Share(weights),
            (Err(No::Broken), _) | (Err(No::Zero), OnZeroDriver::Error) => suspense("cannot be shared"),
            (Err(No::Zero), OnZeroDriver::Hold) => suspense("is held: its driver adds up to nothing"),
            (Err(No::Zero), OnZeroDriver::Central) => {
                Plan::Kept(Destination::Central(format!("pool {id} whose driver adds up to nothing")))
            }
            (Err(No::Zero), OnZeroDriver::Fallback(other)) => {
                let Some(rule) = pool_in_month(settings, other.as_str()) else { return suspense("cannot be shared") };
                let lent = Pool { id: id.clone(), stage: pool.stage, ..rule.clone() };
                self.weights(settings, &lent).map_or_else(|_| suspense("cannot be shared"), Plan::Share)
            }
        }
    }

    /// A line of our own making, treated as on the first day of the month.
    fn own_line(
        &self,
        settings: &Settings,
        agency: AgencyCode,
        service: ServiceCode,
        kind: LineKind,
        rate_id: &str,
        cents: i64,
    ) -> PlainLine {
        let (mode, absorbed) = mode_on(settings, &agency, &service, september().first_day());
        let (provider, account, basis) = (String::new(), String::new(), String::new());
        PlainLine {
            agency,
            service,
            kind,
            provider,
            rate_id: rate_id.to_owned(),
            account,
            basis,
            mode,
            absorbed,
            cents,
            days: BTreeMap::new(),
        }
    }

    fn by_cost(&self, targets: Vec<Recipient>, services: &[ServiceCode]) -> Result<BTreeMap<Recipient, Fraction>, No> {
        let cost_of = |to: &Recipient| -> i64 {
            let lines = self
                .lines
                .iter()
                .filter(|line| line.kind == LineKind::Direct && *to == Recipient::Agency(line.agency.clone()));
            let of = lines.filter(|line| services.is_empty() || services.contains(&line.service));
            of.map(|line| line.cents).sum()
        };
        let weights: BTreeMap<_, _> = targets.into_iter().map(|to| (to.clone(), whole(cost_of(&to)))).collect();
        if weights.values().any(Fraction::is_negative) {
            return Err(No::Broken);
        }
        if weights.values().all(Fraction::is_zero) { Err(No::Zero) } else { Ok(weights) }
    }

    fn weights(&self, settings: &Settings, pool: &Pool) -> Result<BTreeMap<Recipient, Fraction>, No> {
        let in_month = |agency: &Agency| {
            let mut days = september().first_day().iter_days().take(30);
            // An agency that exists on any day of the month takes part.
            days.any(|day| agency.valid.covers(day))
        };
        let takes_part = |agency: &&Agency| {
            let named = |targets: &[Target]| {
                targets.iter().any(|target| match target {
                    Target::All => true,
                    Target::Class(class) => *class == agency.class,
                    Target::Agency(code) => *code == agency.code,
                    Target::Pool(_) => false,
                })
            };
            let excluded = pool.exclude.contains(&agency.code) || named(&pool.sharing.exclude);
            named(&pool.targets) && in_month(agency) && !excluded
        };
        let mut targets: Vec<Recipient> =
            settings.agencies.iter().filter(takes_part).map(|agency| Recipient::Agency(agency.code.clone())).collect();
        for target in &pool.targets {
            let Target::Pool(id) = target else { continue };
            if *id == pool.id {
                continue;
            }
            let fed = pool_in_month(settings, id.as_str()).ok_or(No::Broken)?;
            let together = pool.sharing.group.is_some() && fed.sharing.group == pool.sharing.group;
            if fed.stage <= pool.stage && !together {
                return Err(No::Broken);
            }
            targets.push(Recipient::Pool(id.clone()));
        }
        match &pool.method {
            Method::Even if targets.is_empty() => Err(No::Zero),
            Method::Even => Ok(targets.into_iter().map(|to| (to, whole(1))).collect()),
            Method::Fixed { shares } => {
                let of_agencies = shares.iter().map(|(code, share)| (Recipient::Agency(code.clone()), share));
                let of_pools = pool.sharing.pool_shares.iter().map(|(id, share)| (Recipient::Pool(id.clone()), share));
                let shares: BTreeMap<_, _> =
                    of_agencies.chain(of_pools).map(|(to, share)| (to, of_text(&share.to_string()))).collect();
                if shares.values().sum::<Fraction>() != whole(100) {
                    return Err(No::Broken);
                }
                // By another pool's rule it may be among its own recipients, and gives itself nothing.
                Ok(shares.into_iter().filter(|(to, _)| *to != Recipient::Pool(pool.id.clone())).collect())
            }
            Method::ProportionalToCost { services } => self.by_cost(targets, services),
            Method::Driver { driver } => used(settings, pool, driver, &targets),
            Method::Index { parts } => {
                let mut weights: BTreeMap<Recipient, Fraction> = BTreeMap::new();
                for (driver, weight) in parts {
                    let of_driver = used(settings, pool, driver, &targets)?;
                    let sum: Fraction = of_driver.values().sum();
                    for (to, value) in of_driver {
                        *weights.entry(to).or_insert_with(Fraction::zero) +=
                            value / &sum * of_text(&weight.to_string());
                    }
                }
                Ok(weights)
            }
        }
    }

    /// Each line of consumed quantities is rounded once; where its mode changes, sums up to each part are rounded.
    fn consumed(&mut self, made: &MadeUp) {
        type Whole = (AgencyCode, ServiceCode, usize, String);
        type Used = Vec<(NaiveDate, Fraction)>;
        let mut wholes: BTreeMap<Whole, BTreeMap<(Mode, String), Used>> = BTreeMap::new();
        for charge in &self.charges {
            let Some(agency) = &charge.consumer else { continue };
            let row = made.roll_up.row(charge.row);
            let service = charge.service.clone().unwrap();
            let account = own_account(&made.settings, agency, &service, row.text(Dimension::SubAccountId));
            let treated = mode_on(&made.settings, agency, &service, row.day());
            let whole = wholes.entry((agency.clone(), service, charge.card.unwrap(), account)).or_default();
            whole.entry(treated).or_default().push((row.day(), of_text(&row.sums().quantity.to_string())));
        }
        for ((agency, service, card, account), parts) in wholes {
            let card = &made.settings.rate_cards[card];
            let RateModel::Unit { unit_price, price_per, .. } = &card.model else { panic!("{card:?}") };
            let price = of_text(&unit_price.to_string()) / of_text(&price_per.to_string());
            let (mut upto, mut before) = (Fraction::zero(), 0);
            for ((mode, absorbed), used) in parts {
                let mut line =
                    self.own_line(&made.settings, agency.clone(), service.clone(), LineKind::Unit, &card.rate_id, 0);
                for (day, quantity) in used {
                    upto += quantity * &price;
                    let cents = round(&upto, &made.settings);
                    line.cents += cents - before;
                    *line.days.entry(day).or_default() += cents - before;
                    before = cents;
                }
                (line.mode, line.absorbed, line.account) = (mode, absorbed, account.clone());
                self.add(line);
            }
        }
    }

    /// A month's hours have one price: a card that is not in force on each day prices only what is nothing.
    fn driven(&mut self, settings: &Settings) {
        let by_driver = |card: &&RateCard| matches!(&card.model, RateModel::Unit { measure: Measure::Driver(_), .. });
        let Some(card) = settings.rate_cards.iter().find(by_driver) else { return };
        let days = days_of_month().into_iter().filter(|day| card.valid.covers(*day)).count();
        for value in settings.drivers.iter().filter(|value| value.driver == "hours") {
            let is_agency = settings.agencies.iter().any(|agency| agency.code == value.agency);
            if is_agency && (days == 30 || (days > 0 && value.value.is_zero())) {
                let cents = round(&(of_text(&value.value.to_string()) * of_text("62.5")), settings);
                let (agency, service) = (value.agency.clone(), card.service.clone());
                self.lines.push(self.own_line(settings, agency, service, LineKind::Unit, &card.rate_id, cents));
            }
        }
    }

    fn fees(&mut self, settings: &Settings) {
        // FEE before TOP, which is taken on it; a TOP that is taken on itself is taken on nothing.
        for code in ["FEE", "TOP"] {
            let of_card = |card: &RateCard| match &card.model {
                RateModel::Percent { of, .. } if card.service.as_str() == code => Some(of.clone()),
                _ => None,
            };
            let bases: BTreeSet<Vec<ServiceCode>> = settings.rate_cards.iter().filter_map(of_card).collect();
            for of in bases.into_iter().filter(|of| !of.iter().any(|service| service.as_str() == code)) {
                let places = (0..settings.rate_cards.len())
                    .filter(|&place| of_card(&settings.rate_cards[place]).as_ref() == Some(&of));
                self.fee(settings, code, &of, &places.collect::<Vec<_>>());
            }
        }
    }

    /// Each day has its card; what has no day counts on the first. The fee is rounded once a card.
    fn fee(&mut self, settings: &Settings, code: &str, of: &[ServiceCode], cards: &[usize]) {
        let first = september().first_day();
        for agency in &settings.agencies {
            let service = ServiceCode::parse(code).unwrap();
            let own = mode_on(settings, &agency.code, &service, first);
            let mut by_card: BTreeMap<usize, BTreeMap<(Mode, String), i64>> = BTreeMap::new();
            for line in self.lines.iter().filter(|line| line.agency == agency.code && of.contains(&line.service)) {
                let of_line = (line.mode, line.absorbed.clone());
                let treated = if own.0 == Mode::Chargeback || of_line.0 < own.0 { of_line } else { own.clone() };
                let whole = BTreeMap::from([(first, line.cents)]);
                for (day, cents) in if line.days.is_empty() { &whole } else { &line.days } {
                    let fitting = cards.iter().copied().filter(|&place| {
                        let card = &settings.rate_cards[place];
                        card.valid.covers(*day) && in_scope(card, Some(agency))
                    });
                    if let [card] = narrowest(settings, fitting.collect())[..] {
                        *by_card.entry(card).or_default().entry(treated.clone()).or_default() += cents;
                    }
                }
            }
            for (card, parts) in by_card {
                let card = &settings.rate_cards[card];
                let RateModel::Percent { percent, .. } = &card.model else { panic!("{card:?}") };
                let (mut upto, mut before) = (0, 0);
                for ((mode, absorbed), cents) in parts {
                    upto += cents;
                    let fee = of_text(&percent.to_string()) / whole(100) * whole(upto) / whole(100);
                    let fee = round(&fee, settings);
                    let agency = agency.code.clone();
                    let mut line =
                        self.own_line(settings, agency, service.clone(), LineKind::Fee, &card.rate_id, fee - before);
                    before = fee;
                    (line.mode, line.absorbed) = (mode, absorbed);
                    self.lines.push(line);
                }
            }
        }
    }

    /// Fund and cents of each string that pays a line; nothing where rules are missing or wrong.
    fn funding(&self, settings: &Settings, line: &PlainLine) -> Vec<String> {
        match line.mode {
            Mode::Absorbed => return vec![format!("{} {}", line.absorbed, line.cents)],
            Mode::Chargeback => {}
            Mode::Visibility | Mode::Showback => return Vec::new(),
        }
        let applies = |rule: &&FundingRule| {
            rule.agency == line.agency
                && rule.valid.covers(september().first_day())
                && rule.service.as_ref().is_none_or(|service| *service == line.service)
                && rule.sub_account.as_ref().is_none_or(|account| !line.account.is_empty() && *account == line.account)
        };
        let narrow = |rule: &FundingRule| match (&rule.service, &rule.sub_account) {
            (Some(_), Some(_)) => 3,
            (None, Some(_)) => 2,
            (Some(_), None) => 1,
            (None, None) => 0,
        };
        let all: Vec<&FundingRule> = settings.funding.iter().filter(applies).collect();
        let most = all.iter().map(|rule| narrow(rule)).max();
        let mut rules: Vec<&FundingRule> = all.into_iter().filter(|rule| Some(narrow(rule)) == most).collect();
        rules.sort_by_key(|rule| rule.sequence);
        let places: BTreeSet<u32> = rules.iter().map(|rule| rule.sequence).collect();
        let weights: Vec<Fraction> = rules.iter().map(|rule| of_text(&rule.percent.to_string())).collect();
        if places.len() != rules.len() || weights.iter().sum::<Fraction>() != whole(100) {
            return Vec::new();
        }
        let mut cents = share(line.cents, &weights);
        let first = rules.iter().position(|rule| !rule.federal);
        if let (FundingResidual::NeverFederal, Some(first)) = (settings.state.funding_residual, first) {
            // Everyone's share rounded towards zero; what is left is the first other string's.
            for (paid, weight) in cents.iter_mut().zip(&weights) {
                *paid = (whole(line.cents) * weight / whole(100)).trunc().to_integer().to_i64().unwrap();
            }
            cents[first] += line.cents - cents.iter().sum::<i64>();
        }
        rules.iter().zip(cents).map(|(rule, cents)| format!("{} {cents}", rule.string.fund)).collect()
    }
}
