//! A second opinion on rate cards: months made up from a number, whose cards have every model, window, change and bound,
//! rated again slowly and obviously, in fractions, without a line of the stages. It agrees to the cent, line by line.
//!
//! [`crate::reference`] does the same for ownership, vendors' costs, pools and funding; here vendors' costs are whole cents,
//! so that only cards can be wrong.

use crate::golden_money::{agency, card, conditions, decimal, owner, run, september, service};
use crate::months::Dice;
use chargeback::model::bill::LineKind;
use chargeback::model::charge::{CostBasis, Dimension};
use chargeback::model::codes::{AgencyCode, FundCode};
use chargeback::model::money::{Cost, Money, Quantity};
use chargeback::model::month::Validity;
use chargeback::model::pricing::Counter;
use chargeback::model::roll_up::{RollUp, Sums, Symbol};
use chargeback::model::settings::{
    Agency, CountBy, CountWindow, CounterpartyClass, DriverValue, Measure, Mode, ModeRule, OnChange, OwnerResult,
    Proration, RateCard, RateModel, Scope, Service, Settings, Tier,
};
use chargeback::model::subsidy::{Counted, LimitBy, Subsidy};
use chrono::{Datelike, Days, NaiveDate};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use std::collections::{BTreeMap, BTreeSet};

type Fraction = BigRational;

const AGENCIES: [&str; 4] = ["AGR", "DOH", "DOT", "DPS"];

#[test]
fn both_agree_on_a_thousand_made_up_months() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..1_000 {
        compare(seed, &mut seen);
    }
    let expected = "AGR DOH DOT DPS Unit Direct Fee Fixed Subsidy Shortfall Excess chargeback showback absorbed continued cut tiers included limited \
                    graduated volume package step unit flat assessment cost_plus pass_through percent";
    let missing: Vec<&str> = expected.split_whitespace().filter(|what| !seen.contains_key(*what)).collect();
    assert!(missing.is_empty(), "never seen: {missing:?}; seen: {seen:#?}");
}

struct Made {
    roll_up: RollUp,
    settings: Settings,
}

// ---- months --------------------------------------------------------------------------------------------------------

fn day(number: u64) -> NaiveDate {
    september().first_day() + Days::new(number)
}

fn tiers(dice: &mut Dice) -> Vec<Tier> {
    let mut from = 0;
    (0..1 + dice.below(3))
        .map(|number| {
            if number > 0 {
                from += 1 + dice.below(90);
            }
            let amount = if dice.below(4) == 0 { Some(Money::from_cents(dice.below(2_000) as i64)) } else { None };
            Tier { from: from.into(), unit_price: decimal(&format!("0.{:03}", dice.below(900))), amount }
        })
        .collect()
}

fn model(dice: &mut Dice, measure: &Measure) -> RateModel {
    let (unit, measure) = ("h".to_owned(), measure.clone());
    let price = decimal(&format!("{}.{:02}", dice.below(20), dice.below(100)));
    let per = decimal(["1", "10", "7", "1000"][dice.below(4)]);
    match dice.below(5) {
        0 => RateModel::Unit { unit, unit_price: price, price_per: per, measure },
        1 => RateModel::Graduated { unit, price_per: per, measure, tiers: tiers(dice) },
        2 => RateModel::Volume { unit, price_per: per, measure, tiers: tiers(dice) },
        3 => RateModel::Package { unit, size: per, unit_price: price, measure },
        _ => RateModel::Step { unit, size: per, unit_price: price, measure },
    }
}

fn with_terms(dice: &mut Dice, mut card: RateCard, is_driven: bool) -> RateCard {
    let windows = [CountWindow::Month, CountWindow::FiscalYear, CountWindow::Day, CountWindow::Line];
    let by = [CountBy::Agency, CountBy::State, CountBy::Resource, CountBy::User, CountBy::Account];
    let terms = &mut card.terms;
    terms.window = windows[dice.below(if is_driven { 2 } else { 4 })];
    terms.count_by = by[dice.below(if is_driven { 2 } else { 5 })];
    if card.model.counted().is_some() {
        terms.included = [None, None, Some(decimal("12.5")), Some(decimal("40"))][dice.below(4)];
        terms.on_change = [OnChange::Continue, OnChange::Restart, OnChange::ProrateBounds][dice.below(3)];
    }
    bounds(dice, &mut card);
    card
}

fn bounds(dice: &mut Dice, card: &mut RateCard) {
    let terms = &mut card.terms;
    terms.proration = [Proration::None, Proration::Daily, Proration::Hourly][dice.below(3)];
    (terms.minimum, terms.maximum) = (None, None);
    if dice.below(3) == 0 {
        terms.minimum = Some(Money::from_cents(dice.below(3_000) as i64));
    }
    if dice.below(3) == 0 {
        let least = terms.minimum.map_or(0, Money::cents);
        terms.maximum = Some(Money::from_cents(least + dice.below(6_000) as i64));
        terms.above_maximum_to = Some(agency("DPS"));
    }
}

fn cards(dice: &mut Dice) -> Vec<RateCard> {
    let mut cards = Vec::new();
    let change = day(1 + dice.below(29) as u64);
    let (until, from) = (Validity { from: None, to: Some(change) }, Validity { from: Some(change), to: None });
    let named = |id: &str, version: u32, valid: Validity, mut card: RateCard| {
        (card.rate_id, card.version, card.valid) = (id.to_owned(), version, valid);
        card
    };
    // The service whose charges are counted: for all, with a change; and for some narrower ones.
    let mut first = card("GO", model(dice, &Measure::Consumed));
    first = with_terms(dice, first, false);
    let mut second = card("GO", model(dice, &Measure::Consumed));
    second.terms = first.terms.clone();
    second = if dice.below(2) == 0 { with_terms(dice, second, false) } else { second };
    let id = if dice.below(3) == 0 { "NEW" } else { "GO" };
    if id == "NEW" {
        second.terms.supersedes = Some("GO".to_owned());
    }
    if dice.below(4) == 0 {
        cards.push(named("GO", 1, Validity::default(), first));
    } else {
        cards.push(named("GO", 1, until, first));
        cards.push(named(id, 2, from, second));
    }
    if dice.below(2) == 0 {
        let narrow = match dice.below(4) {
            0 => RateModel::PassThrough { basis: CostBasis::Billed },
            1 => RateModel::CostPlus { basis: CostBasis::Billed, percent: decimal("7.25") },
            2 => RateModel::Flat { amount: Money::from_cents(dice.below(9_000) as i64) },
            _ => model(dice, &Measure::Consumed),
        };
        let mut own = card("GO", narrow);
        let is_class = dice.below(2) == 0;
        own.scope =
            if is_class { Scope::Class(CounterpartyClass::ProprietaryFund) } else { Scope::Agency(agency("DOH")) };
        own = with_terms(dice, own, false);
        if matches!(own.model, RateModel::Flat { .. }) {
            own.terms.count_by = [CountBy::Resource, CountBy::User, CountBy::Account][dice.below(3)];
        }
        let valid = if dice.below(3) == 0 { from } else { Validity::default() };
        cards.push(named("OWN", 1, valid, own));
    }
    let measure = Measure::Driver("units".to_owned());
    let driven = card("SNW", model(dice, &measure));
    cards.push(named("SNW", 1, Validity::default(), with_terms(dice, driven, true)));
    let mut flat = card("TAX", RateModel::Flat { amount: Money::from_cents(dice.below(9_000) as i64) });
    bounds(dice, &mut flat);
    cards.push(named("FLAT", 1, if dice.below(2) == 0 { from } else { Validity::default() }, flat));
    let mut yearly = card("TAX", RateModel::Assessment { amount: Money::from_cents(dice.below(900_000) as i64) });
    yearly.scope = Scope::Agency(agency("AGR"));
    yearly.approved_on =
        Some(NaiveDate::from_ymd_opt(2025, 5 + dice.below(5) as u32, 1 + dice.below(28) as u32).unwrap());
    cards.push(named("YEAR", 1, Validity::default(), yearly));
    let mut fee = card("FEE", RateModel::Percent { percent: decimal("4.5"), of: vec![service("GO"), service("SNW")] });
    bounds(dice, &mut fee);
    cards.push(named("FEE", 1, Validity::default(), fee));
    cards
}

fn made(seed: u64) -> Made {
    let dice = &mut Dice::new(seed.wrapping_mul(7919));
    let mut settings = Settings::default();
    for (number, code) in AGENCIES.into_iter().enumerate() {
        let class =
            if code == "DOT" { CounterpartyClass::ProprietaryFund } else { CounterpartyClass::GovernmentalFund };
        let from = if dice.below(9) == 0 { Some(day(dice.below(20) as u64)) } else { None };
        settings.agencies.push(Agency {
            code: agency(code),
            name: code.to_owned(),
            class,
            aliases: Vec::new(),
            contact: String::new(),
            valid: Validity { from, to: None },
        });
        let when = format!("sub_account_id={code}*");
        settings.owner_rules.push(owner(number as u32 + 1, &when, OwnerResult::Agency(agency(code))));
    }
    for (order, (code, takes)) in
        [("GO", "provider_name=Cloud"), ("SNW", ""), ("TAX", ""), ("FEE", "")].into_iter().enumerate()
    {
        settings.services.push(Service {
            code: service(code),
            name: code.to_owned(),
            line: order as u64,
            matches: if takes.is_empty() { Vec::new() } else { vec![conditions(takes)] },
            statement_text: String::new(),
            order: order as u32,
            without_rate: Default::default(),
        });
    }
    settings.rate_cards = cards(dice);
    for _ in 0..dice.below(3) {
        let mode = [Mode::Showback, Mode::Absorbed, Mode::Chargeback][dice.below(3)];
        settings.modes.push(ModeRule {
            line: settings.modes.len() as u64,
            agency: (dice.below(2) == 0).then(|| agency(AGENCIES[dice.below(4)])),
            service: (dice.below(2) == 0).then(|| service(["GO", "FEE", "TAX"][dice.below(3)])),
            valid: Validity { from: Some(day(dice.below(30) as u64)), to: None },
            mode,
            absorbed_by: (mode == Mode::Absorbed).then(|| FundCode::parse("7300").unwrap()),
        });
    }
    for code in &AGENCIES[..dice.below(5)] {
        settings.drivers.push(DriverValue {
            driver: "units".to_owned(),
            month: september(),
            agency: agency(code),
            value: Quantity::parse(&quantity(dice, false)).unwrap(),
            unit: "h".to_owned(),
            file: "drivers/units.csv".to_owned(),
            line: 2,
        });
    }
    for (id, holder) in
        [("GO", "agency DOH"), ("GO", "state"), ("SNW", "agency AGR"), ("NEW", "agency DOT"), ("GO", "resource r1")]
    {
        if dice.below(2) == 0 {
            let (rate_id, holder) = (id.to_owned(), holder.to_owned());
            let version = if id == "NEW" { 2 } else { 1 };
            settings.counters.push(Counter {
                rate_id,
                version,
                holder,
                quantity: Quantity::parse(&quantity(dice, false)).unwrap(),
            });
        }
    }
    let roll_up = roll_up(dice);
    subsidies(dice, &mut settings);
    Made { roll_up, settings }
}

/// One for everybody, or for an agency beside it, with and without a limit of which closed months have used a part.
fn subsidies(dice: &mut Dice, settings: &mut Settings) {
    for (id, scope) in [("ALL", Scope::All), ("OWN", Scope::Agency(agency("DOT")))] {
        if dice.below(2) == 0 {
            continue;
        }
        let limit_by = [LimitBy::Agency, LimitBy::State][dice.below(2)];
        settings.subsidies.push(Subsidy {
            id: id.to_owned(),
            version: 1,
            line: 2,
            valid: Validity::default(),
            services: ["GO", "SNW", "TAX", "FEE"][dice.below(4)..].iter().map(|code| service(code)).collect(),
            scope,
            percent: decimal(["100", "75", "50", "33.333333", "0"][dice.below(5)]),
            yearly_limit: (dice.below(3) > 0).then(|| Money::from_cents(dice.below(9_000) as i64)),
            limit_by,
            paid_by: FundCode::parse("1000").unwrap(),
            statement_text: String::new(),
            approved_by: "Council".to_owned(),
            reason: String::new(),
        });
        let holder = if limit_by == LimitBy::State { "state" } else { "agency DOT" };
        settings.subsidised.push(Counted {
            subsidy: id.to_owned(),
            holder: holder.to_owned(),
            amount: Money::from_cents(dice.below(9_000) as i64 - 1_000),
        });
    }
}

fn quantity(dice: &mut Dice, may_be_negative: bool) -> String {
    let sign = if may_be_negative && dice.below(9) == 0 { "-" } else { "" };
    format!("{sign}{}.{}", dice.below(70), ["0", "5", "125", "333"][dice.below(4)])
}

fn roll_up(dice: &mut Dice) -> RollUp {
    let mut part = RollUp::new(Vec::new());
    for _ in 0..dice.below(30) {
        let code = AGENCIES[dice.below(4)];
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len()];
        for (dimension, text) in [
            (Dimension::Provider, "Cloud".to_owned()),
            (Dimension::SubAccountId, format!("{code}-{}", dice.below(2))),
            (Dimension::ResourceId, format!("r{}", dice.below(5))),
            (Dimension::UserId, format!("u{}", dice.below(3))),
            (Dimension::ConsumedUnit, "h".to_owned()),
            (Dimension::BillingCurrency, "USD".to_owned()),
        ] {
            key[dimension as usize] = part.symbols_mut().intern(&text);
        }
        let billed = Cost::parse(&format!("{}.{:02}", dice.below(300), dice.below(100))).unwrap();
        let quantity = Quantity::parse(&quantity(dice, true)).unwrap();
        let at = day(dice.below(30) as u64);
        part.push(
            &key,
            at,
            Sums { billed, effective: Some(billed), list: None, contracted: None, quantity, charges: 1 },
        );
    }
    RollUp::merge([part], Vec::new()).unwrap()
}

// ---- the second opinion --------------------------------------------------------------------------------------------

fn whole(number: i64) -> Fraction {
    Fraction::from_integer(number.into())
}

fn of_text(text: impl ToString) -> Fraction {
    let text = text.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |digits| (-1, digits));
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let number: BigInt = format!("{before}{after}").parse().unwrap();
    Fraction::new(number * sign, BigInt::from(10).pow(after.len() as u32))
}

/// Half a cent away from zero.
fn round(dollars: &Fraction) -> i64 {
    let cents = dollars.abs() * whole(100) + Fraction::new(1.into(), 2.into());
    let cents = cents.floor().to_integer().to_i64().unwrap();
    if dollars.is_negative() { -cents } else { cents }
}

/// A row that a card counts.
#[derive(Clone)]
struct Used {
    code: AgencyCode,
    card: usize,
    /// Line of the bill within a card and agency: the mode on the day.
    treated: (Mode, String),
    day: NaiveDate,
    row: usize,
    holder: String,
    quantity: Fraction,
    price: Fraction,
    /// Windows are priced in an order, by which a line's cents come to its rows.
    window: String,
}

/// Agency, kind, rate, version, mode, and who absorbs.
type Key = (String, String, String, u32, String, String);

struct Plain<'a> {
    settings: &'a Settings,
    lines: BTreeMap<Key, i64>,
}

fn mode_on(settings: &Settings, code: &AgencyCode, of: &str, day: NaiveDate) -> (Mode, String) {
    let mut best = (Mode::Chargeback, String::new());
    let mut narrow = (false, false);
    let mut any = false;
    for rule in &settings.modes {
        let fits = rule.valid.covers(day)
            && rule.agency.as_ref().is_none_or(|own| own == code)
            && rule.service.as_ref().is_none_or(|own| own.as_str() == of);
        let this = (rule.agency.is_some(), rule.service.is_some());
        if fits && (!any || this > narrow) {
            let fund = rule.absorbed_by.as_ref().map_or(String::new(), |fund| fund.to_string());
            (best, narrow, any) = ((rule.mode, fund), this, true);
        }
    }
    best
}

fn covers(card: &RateCard, holder: &Agency) -> bool {
    match &card.scope {
        Scope::All => true,
        Scope::Class(class) => *class == holder.class,
        Scope::Agency(code) => *code == holder.code,
    }
}

fn width(card: &RateCard) -> u8 {
    match card.scope {
        Scope::All => 0,
        Scope::Class(_) => 1,
        Scope::Agency(_) => 2,
    }
}

impl<'a> Plain<'a> {
    fn add(&mut self, code: &AgencyCode, kind: &str, card: usize, treated: &(Mode, String), cents: i64) {
        let card = &self.settings.rate_cards[card];
        let mode = format!("{:?}", treated.0).to_lowercase();
        let key = (code.to_string(), kind.to_owned(), card.rate_id.clone(), card.version, mode, treated.1.clone());
        *self.lines.entry(key).or_default() += cents;
    }

    fn card_of(&self, holder: &Agency, of: &str, day: NaiveDate) -> Option<usize> {
        let cards = &self.settings.rate_cards;
        let fits = |place: &usize| {
            let card = &cards[*place];
            card.service.as_str() == of && card.valid.covers(day) && covers(card, holder)
        };
        (0..cards.len()).filter(fits).max_by_key(|place| width(&cards[*place]))
    }

    fn root(&self, place: usize) -> &'a str {
        let card = &self.settings.rate_cards[place];
        if card.rate_id == "NEW" { "GO" } else { &card.rate_id }
    }

    fn rows(&mut self, made: &Made) -> Vec<Used> {
        let mut used = Vec::new();
        let mut flats: BTreeMap<(AgencyCode, usize), BTreeSet<String>> = BTreeMap::new();
        for row in made.roll_up.rows() {
            let code = agency(row.text(Dimension::SubAccountId).split('-').next().unwrap());
            let holder = self.settings.agencies.iter().find(|holder| holder.code == code).unwrap();
            if !holder.valid.covers(row.day()) {
                continue;
            }
            let Some(place) = self.card_of(holder, "GO", row.day()) else { continue };
            let card = &self.settings.rate_cards[place];
            let treated = mode_on(self.settings, &code, "GO", row.day());
            let text = |dimension| row.text(dimension).to_owned();
            let by = match card.terms.count_by {
                CountBy::Agency => format!("agency {code}"),
                CountBy::State => "state".to_owned(),
                CountBy::Resource => format!("resource {}", text(Dimension::ResourceId)),
                CountBy::User => format!("user {}", text(Dimension::UserId)),
                CountBy::Account => format!("account {}", text(Dimension::SubAccountId)),
            };
            match &card.model {
                RateModel::PassThrough { .. } | RateModel::CostPlus { .. } => {
                    let cents = round(&of_text(row.sums().billed));
                    self.add(&code, "Direct", place, &treated, cents);
                }
                RateModel::Flat { .. } => {
                    flats.entry((code, place)).or_default().insert(by);
                }
                _ if row.sums().quantity.is_zero() => {}
                _ => used.push(Used {
                    code,
                    card: place,
                    treated,
                    day: row.day(),
                    row: row.number,
                    holder: by,
                    quantity: of_text(row.sums().quantity),
                    price: Fraction::zero(),
                    window: String::new(),
                }),
            }
        }
        for ((code, place), things) in flats {
            self.flat(&code, place, things.len() as i64, None);
        }
        used
    }

    /// Amount, number of things, part of the month's days.
    fn flat(&mut self, code: &AgencyCode, place: usize, things: i64, days: Option<i64>) {
        let card = &self.settings.rate_cards[place];
        let RateModel::Flat { amount } = &card.model else { panic!("{card:?}") };
        let days = days.unwrap_or_else(|| self.days(code, card));
        let mut dollars = whole(amount.cents() * things) / whole(100);
        if card.terms.proration != Proration::None {
            dollars = dollars * whole(days) / whole(30);
        }
        let treated = mode_on(self.settings, code, card.service.as_str(), day(0));
        self.add(code, "Fixed", place, &treated, round(&dollars));
    }

    fn days(&self, code: &AgencyCode, card: &RateCard) -> i64 {
        let holder = self.settings.agencies.iter().find(|holder| holder.code == *code).unwrap();
        (0..30).filter(|&number| card.valid.covers(day(number)) && holder.valid.covers(day(number))).count() as i64
    }

    /// Prices each row: what the count comes to with it, less what it came to without, would depend on the order; so the
    /// rows of one card in one window share what they cost together.
    fn price(&self, used: &mut [Used]) {
        let mut windows: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, row) in used.iter_mut().enumerate() {
            let window = match self.settings.rate_cards[row.card].terms.window {
                CountWindow::Line => format!("0 {:09}", row.row),
                CountWindow::Day => format!("1 {}", row.day),
                CountWindow::Month => "2".to_owned(),
                CountWindow::FiscalYear => "3".to_owned(),
            };
            row.window = format!("{} {window} {}", self.root(row.card), row.holder);
            windows.entry(row.window.clone()).or_default().push(place);
        }
        for places in windows.into_values() {
            let mut cards: Vec<usize> = places.iter().map(|&place| used[place].card).collect();
            cards.sort_by_key(|&card| self.settings.rate_cards[card].valid.from);
            cards.dedup();
            let sum = |used: &[Used], card: usize| -> Fraction {
                places.iter().filter(|&&place| used[place].card == card).map(|&place| &used[place].quantity).sum()
            };
            let sums: Vec<Fraction> = cards.iter().map(|&card| sum(used, card)).collect();
            for (number, &card) in cards.iter().enumerate() {
                let first = &used[places[0]];
                let amount = self.segment(card, &first.holder, number, &sums);
                for &place in places.iter().filter(|&&place| used[place].card == card).collect::<Vec<_>>() {
                    let all = &sums[number];
                    let part = &used[place].quantity;
                    used[place].price = if all.is_zero() { Fraction::zero() } else { &amount * part / all };
                }
            }
        }
    }

    fn segment(&self, place: usize, holder: &str, number: usize, sums: &[Fraction]) -> Fraction {
        let card = &self.settings.rate_cards[place];
        let counts_on = card.terms.on_change == OnChange::Continue;
        let mut closed = Fraction::zero();
        if card.terms.window == CountWindow::FiscalYear {
            for counter in self.settings.counters.iter().filter(|counter| counter.holder == holder) {
                let of_root = if counter.rate_id == "NEW" { "GO" } else { &counter.rate_id };
                let own = counter.rate_id == card.rate_id && counter.version == card.version;
                let known = self.settings.rate_cards.iter().any(|card| card.rate_id == counter.rate_id);
                if own || (counts_on && known && of_root == self.root(place)) {
                    closed += of_text(counter.quantity);
                }
            }
        }
        let earlier: Fraction = if counts_on { sums[..number].iter().sum() } else { Fraction::zero() };
        let later: Fraction = sums[number + 1..].iter().sum();
        let before = &closed + earlier;
        let after = &before + &sums[number];
        let total = &after + later;
        let (bounds, included) = self.scales(place);
        let free = card.terms.included.map_or(Fraction::zero(), |units| of_text(units) * included);
        // Beyond what is included; a negative count mirrors a positive one.
        let pay = |count: &Fraction| {
            let rest = count.abs() - &free;
            if rest.is_negative() { Fraction::zero() } else { rest * count.signum() }
        };
        let (before, after, total, closed) = (pay(&before), pay(&after), pay(&total), pay(&closed));
        match &card.model {
            RateModel::Unit { unit_price, price_per, .. } => {
                (after - before) * of_text(unit_price) / of_text(price_per)
            }
            RateModel::Package { size, unit_price, .. } | RateModel::Step { size, unit_price, .. } => {
                let begun = |count: &Fraction| (count.abs() / of_text(size)).ceil() * count.signum();
                (begun(&after) - begun(&before)) * of_text(unit_price)
            }
            RateModel::Graduated { price_per, tiers, .. } => {
                let cost = |count: &Fraction| climb(tiers, &of_text(price_per), &bounds, count);
                cost(&after) - cost(&before)
            }
            RateModel::Volume { price_per, tiers, .. } => {
                let in_tier =
                    |count: &Fraction| tiers.iter().rfind(|tier| of_text(tier.from) * &bounds <= count.abs()).unwrap();
                let once = |count: &Fraction| {
                    let amount = in_tier(count).amount.map_or(0, Money::cents);
                    whole(amount) / whole(100) * count.signum()
                };
                let units = &after - &before;
                let of_window = once(&total) - once(&closed);
                let all = &total - &closed;
                let share = if all.is_zero() { Fraction::zero() } else { of_window * &units / all };
                units * of_text(in_tier(&total).unit_price) / of_text(price_per) + share
            }
            other => panic!("{other:?}"),
        }
    }

    /// What bounds, and included units, are cut to where a card or its rate holds for a part of the window.
    fn scales(&self, place: usize) -> (Fraction, Fraction) {
        let card = &self.settings.rate_cards[place];
        let days: Vec<NaiveDate> = match card.terms.window {
            CountWindow::Line | CountWindow::Day => return (whole(1), whole(1)),
            CountWindow::Month => (0..30).map(day).collect(),
            CountWindow::FiscalYear => NaiveDate::from_ymd_opt(2025, 7, 1).unwrap().iter_days().take(365).collect(),
        };
        let part = |held: usize| Fraction::new(held.into(), days.len().into());
        let own = days.iter().filter(|day| card.valid.covers(**day)).count();
        match card.terms.on_change {
            OnChange::ProrateBounds => (part(own), part(own)),
            OnChange::Continue if card.terms.proration != Proration::None => {
                let of_rate: Vec<usize> =
                    (0..self.settings.rate_cards.len()).filter(|&other| self.root(other) == self.root(place)).collect();
                let held =
                    |day: &&NaiveDate| of_rate.iter().any(|&card| self.settings.rate_cards[card].valid.covers(**day));
                (whole(1), part(days.iter().filter(held).count()))
            }
            _ => (whole(1), whole(1)),
        }
    }

    /// A line's rows are rounded up to each, in the order of their windows and days, its modes one after the other.
    fn lines(&mut self, used: &[Used]) {
        type ByMode<'u> = BTreeMap<(Mode, String), Vec<&'u Used>>;
        let mut bills: BTreeMap<(AgencyCode, usize), ByMode<'_>> = BTreeMap::new();
        for row in used {
            let bill = bills.entry((row.code.clone(), row.card)).or_default();
            bill.entry(row.treated.clone()).or_default().push(row);
        }
        for ((code, card), modes) in bills {
            let (mut upto, mut before) = (Fraction::zero(), 0);
            for (treated, rows) in modes {
                upto += rows.iter().map(|row| &row.price).sum::<Fraction>();
                let cents = round(&upto);
                self.add(&code, "Unit", card, &treated, cents - before);
                before = cents;
            }
        }
    }

    fn driven(&mut self) {
        let place = self.settings.rate_cards.iter().position(|card| card.rate_id == "SNW").unwrap();
        let by_state = self.settings.rate_cards[place].terms.count_by == CountBy::State;
        let values = self.settings.drivers.iter().enumerate();
        let mut used: Vec<Used> = values
            .map(|(row, value)| Used {
                code: value.agency.clone(),
                card: place,
                treated: mode_on(self.settings, &value.agency, "SNW", day(0)),
                day: day(0),
                row,
                holder: if by_state { "state".to_owned() } else { format!("agency {}", value.agency) },
                quantity: of_text(value.value),
                price: Fraction::zero(),
                window: String::new(),
            })
            .collect();
        self.price(&mut used);
        for row in used {
            self.add(&row.code, "Unit", place, &row.treated, round(&row.price));
        }
    }

    fn fixed(&mut self) {
        let place = |id: &str| self.settings.rate_cards.iter().position(|card| card.rate_id == id).unwrap();
        let (flat, year) = (place("FLAT"), place("YEAR"));
        for holder in &self.settings.agencies {
            let days = self.days(&holder.code, &self.settings.rate_cards[flat]);
            if days > 0 {
                self.flat(&holder.code, flat, 1, Some(days));
            }
        }
        let card = &self.settings.rate_cards[year];
        let RateModel::Assessment { amount } = &card.model else { panic!("{card:?}") };
        let approved = card.approved_on.unwrap();
        // The first month that begins when it is approved, and not before the fiscal year.
        let months_before = |day: NaiveDate| day.year() * 12 + day.month0() as i32 + i32::from(day.day() > 1);
        let first = months_before(approved).max(2025 * 12 + 6);
        let (this, end) = (2025 * 12 + 8, 2026 * 12 + 6);
        let holder = self.settings.agencies.iter().find(|holder| holder.code.as_str() == "AGR").unwrap();
        if first <= this && holder.valid.covers(day(0)) {
            let upto = |number: i32| {
                round(&(whole(amount.cents()) / whole(100) * Fraction::new(number.into(), (end - first).into())))
            };
            let treated = mode_on(self.settings, &holder.code, "TAX", day(0));
            self.add(&agency("AGR"), "Fixed", year, &treated, upto(this - first + 1) - upto(this - first));
        }
    }

    /// Fees of a service's lines under a treatment, rounded as one and cut.
    fn fee(&mut self, place: usize, percent: &Fraction, takes: &dyn Fn(&Key) -> bool) {
        let of = self.settings.rate_cards[place].service.as_str();
        for holder in &self.settings.agencies {
            let own = mode_on(self.settings, &holder.code, of, day(0));
            let mut parts: BTreeMap<(Mode, String), i64> = BTreeMap::new();
            let mut any = false;
            for (key, cents) in self.lines.iter().filter(|(key, _)| key.0 == holder.code.as_str() && takes(key)) {
                any = true;
                let mode = [Mode::Showback, Mode::Absorbed, Mode::Chargeback]
                    .into_iter()
                    .find(|mode| format!("{mode:?}").to_lowercase() == key.4)
                    .unwrap();
                let of_line = (mode, key.5.clone());
                let treated = if own.0 == Mode::Chargeback || of_line.0 < own.0 { of_line } else { own.clone() };
                *parts.entry(treated).or_default() += cents;
            }
            if !any {
                continue;
            }
            let (mut upto, mut before) = (0, 0);
            let mut fees = Vec::new();
            for (treated, cents) in parts {
                upto += cents;
                let fee = round(&(percent / whole(100) * whole(upto) / whole(100)));
                fees.push((treated, fee - before));
                before = fee;
            }
            for (treated, cents) in fees {
                self.add(&holder.code, "Fee", place, &treated, cents);
            }
        }
    }

    /// What funds pay of the lines so far: the percentage of each agency's lines, rounded once and given out by largest
    /// remainder, within what is left of the limit.
    fn subsidies(&mut self) {
        for (place, subsidy) in self.settings.subsidies.iter().enumerate() {
            let is_of = |key: &Key| {
                let service =
                    self.settings.rate_cards.iter().find(|card| card.rate_id == key.2).unwrap().service.clone();
                let narrower = place == 0
                    && key.0 == "DOT"
                    && self.settings.subsidies.get(1).is_some_and(|other| other.services.contains(&service));
                let is_meant =
                    subsidy.scope == Scope::All && !narrower || key.0 == "DOT" && subsidy.scope != Scope::All;
                key.1 != "Subsidy" && subsidy.services.contains(&service) && is_meant
            };
            let mut by_agency: BTreeMap<String, Vec<(Key, i64)>> = BTreeMap::new();
            for (key, cents) in self.lines.iter().filter(|(key, _)| is_of(key)) {
                by_agency.entry(key.0.clone()).or_default().push((key.clone(), *cents));
            }
            let (mut keys, mut wanted) = (Vec::new(), Vec::new());
            for lines in by_agency.values_mut() {
                lines.sort_by_key(|(key, _)| self.place_on_bill(key));
                let exact: Vec<Fraction> =
                    lines.iter().map(|(_, cents)| whole(*cents) * of_text(subsidy.percent) / whole(10_000)).collect();
                wanted.extend(handed_out(round(&exact.iter().sum()), &exact));
                keys.extend(lines.iter().map(|(key, _)| key.clone()));
            }
            let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (number, key) in keys.iter().enumerate() {
                let by_state = subsidy.limit_by == LimitBy::State;
                let holder = if by_state { "state".to_owned() } else { format!("agency {}", key.0) };
                groups.entry(holder).or_default().push(number);
            }
            for (holder, numbers) in groups {
                let sum: i64 = numbers.iter().map(|&number| wanted[number]).sum();
                let is_meant = |counted: &&Counted| counted.subsidy == subsidy.id && counted.holder == holder;
                let before: i64 =
                    self.settings.subsidised.iter().filter(is_meant).map(|counted| counted.amount.cents()).sum();
                let paid = subsidy
                    .yearly_limit
                    .map_or(sum, |limit| (before + sum).clamp(0, limit.cents()) - before.clamp(0, limit.cents()));
                let mut cents: Vec<i64> = numbers.iter().map(|&number| wanted[number]).collect();
                if paid != sum {
                    let exact: Vec<Fraction> =
                        cents.iter().map(|&cents| whole(cents * paid) / whole(sum) / whole(100)).collect();
                    cents = handed_out(paid, &exact);
                }
                for (number, cents) in numbers.into_iter().zip(cents) {
                    let (code, _, rate, version, mode, absorbed) = keys[number].clone();
                    let key = (code, "Subsidy".to_owned(), rate, version, mode, absorbed);
                    *self.lines.entry(key).or_default() -= cents;
                }
            }
        }
    }

    fn place_on_bill(&self, key: &Key) -> impl Ord + use<> {
        let place = |words: &[&str], word: &str| words.iter().position(|other| *other == word).unwrap();
        let service = &self.settings.rate_cards.iter().find(|card| card.rate_id == key.2).unwrap().service;
        (
            place(&["GO", "SNW", "TAX", "FEE"], service.as_str()),
            place(&["Direct", "Unit", "Fee", "Fixed"], &key.1),
            (key.2.clone(), key.3),
            place(&["showback", "absorbed", "chargeback"], &key.4),
            key.5.clone(),
        )
    }

    /// What an agency's lines of a rate are short of or have above.
    fn bounds(&mut self, roots: &[&str]) {
        for &root in roots {
            let of_root = |place: &usize| self.root(*place) == root;
            let all: Vec<usize> = (0..self.settings.rate_cards.len()).filter(of_root).collect();
            let is_bound = |place: &usize| {
                let terms = &self.settings.rate_cards[*place].terms;
                terms.minimum.is_some() || terms.maximum.is_some()
            };
            if !all.iter().any(is_bound) {
                continue;
            }
            // An excess that one agency pays for another is no part of what it is bound by.
            let before = self.lines.clone();
            for holder in &self.settings.agencies {
                let mut cards: Vec<&RateCard> = all.iter().map(|&place| &self.settings.rate_cards[place]).collect();
                cards.retain(|card| covers(card, holder) && self.days(&holder.code, card) > 0);
                cards.sort_by_key(|card| card.valid.from);
                let lines: Vec<i64> = before
                    .iter()
                    .filter(|(key, _)| {
                        key.0 == holder.code.as_str() && (key.2 == root || key.2 == "NEW" && root == "GO")
                    })
                    .map(|(_, cents)| *cents)
                    .collect();
                let has_own = all
                    .iter()
                    .filter(|place| is_bound(place))
                    .any(|&place| self.settings.rate_cards[place].scope == Scope::Agency(holder.code.clone()));
                let Some(last) = cards.last().copied() else { continue };
                if lines.is_empty() && !has_own {
                    continue;
                }
                let sum: i64 = lines.into_iter().sum();
                let place = self.settings.rate_cards.iter().position(|card| std::ptr::eq(card, last)).unwrap();
                let treated = |code: &AgencyCode| mode_on(self.settings, code, last.service.as_str(), day(0));
                let by_days = last.terms.proration != Proration::None;
                let bound = |of: &dyn Fn(&RateCard) -> Option<i64>| -> Option<i64> {
                    if !by_days {
                        return of(last);
                    }
                    let parts: Option<Vec<Fraction>> = cards
                        .iter()
                        .map(|card| Some(whole(of(card)? * self.days(&holder.code, card)) / whole(3_000)))
                        .collect();
                    parts.map(|parts| round(&parts.iter().sum()))
                };
                let least = if by_days && cards.iter().any(|card| card.terms.minimum.is_some()) {
                    bound(&|card| Some(card.terms.minimum.map_or(0, Money::cents)))
                } else {
                    bound(&|card| card.terms.minimum.map(Money::cents))
                };
                let most = bound(&|card| card.terms.maximum.map(Money::cents));
                if let Some(least) = least.filter(|least| sum < *least) {
                    self.add(&holder.code, "Shortfall", place, &treated(&holder.code), least - sum);
                } else if let (Some(most), Some(payer)) =
                    (most.filter(|most| sum > *most), &last.terms.above_maximum_to)
                {
                    self.add(&holder.code, "Excess", place, &treated(&holder.code), most - sum);
                    self.add(payer, "Excess", place, &treated(payer), sum - most);
                }
            }
        }
    }

    fn of(made: &'a Made) -> Self {
        let mut plain = Plain { settings: &made.settings, lines: BTreeMap::new() };
        let mut used = plain.rows(made);
        plain.price(&mut used);
        plain.lines(&used);
        plain.driven();
        plain.fixed();
        let own = made.settings.rate_cards.iter().position(|card| card.rate_id == "OWN");
        if let Some(place) = own
            && let RateModel::CostPlus { percent, .. } = &made.settings.rate_cards[place].model
        {
            plain.fee(place, &of_text(percent), &|key| key.1 == "Direct" && key.2 == "OWN");
        }
        let fee = made.settings.rate_cards.iter().position(|card| card.rate_id == "FEE").unwrap();
        plain.fee(fee, &of_text("4.5"), &|key| ["GO", "NEW", "OWN", "SNW"].contains(&key.2.as_str()));
        plain.subsidies();
        plain.bounds(&["GO", "OWN", "SNW", "FLAT", "YEAR", "FEE"]);
        plain
    }
}

/// Cents that add up to a total, from exact dollars: the largest remainders first, then the earlier; with all signs turned,
/// all cents are turned.
fn handed_out(total: i64, exact: &[Fraction]) -> Vec<i64> {
    let first = exact.iter().find(|amount| !amount.is_zero());
    let turned = total < 0 || total == 0 && first.is_some_and(Fraction::is_negative);
    let sign = if turned { -1 } else { 1 };
    let raw: Vec<Fraction> = exact.iter().map(|amount| amount * whole(100 * sign)).collect();
    let mut cents: Vec<i64> = raw.iter().map(|amount| amount.floor().to_integer().to_i64().unwrap()).collect();
    let mut order: Vec<usize> = (0..raw.len()).collect();
    order.sort_by_key(|&place| (-(&raw[place] - raw[place].floor()), place));
    let left = total * sign - cents.iter().sum::<i64>();
    for &place in order.iter().take(left.try_into().unwrap()) {
        cents[place] += 1;
    }
    cents.into_iter().map(|cents| cents * sign).collect()
}

/// What the units cost if they climb the tiers from the bottom, with the amount of each tier that is reached.
fn climb(tiers: &[Tier], per: &Fraction, scale: &Fraction, count: &Fraction) -> Fraction {
    let mut left = count.abs();
    let mut cost = Fraction::zero();
    if left.is_zero() {
        return cost;
    }
    for (number, tier) in tiers.iter().enumerate() {
        let from = of_text(tier.from) * scale;
        if count.abs() < from {
            break;
        }
        cost += whole(tier.amount.map_or(0, Money::cents)) / whole(100);
        let room = tiers.get(number + 1).map(|next| of_text(next.from) * scale - &from);
        let here = room.filter(|room| *room < left).unwrap_or_else(|| left.clone());
        cost += &here * of_text(tier.unit_price) / per;
        left -= here;
    }
    cost * count.signum()
}

fn compare(seed: u64, seen: &mut BTreeMap<String, usize>) {
    let made = made(seed);
    let allocated = run(&made.roll_up, &made.settings).0;
    let mut found: BTreeMap<Key, i64> = BTreeMap::new();
    let mut see = |what: &str| *seen.entry(what.to_owned()).or_default() += 1;
    for line in &allocated.bills.lines {
        let rate = line.rate.as_ref().unwrap();
        let absorbed = line.absorbed_by.as_ref().map_or(String::new(), |fund| fund.to_string());
        let mode = format!("{:?}", line.mode).to_lowercase();
        let kind = format!("{:?}", line.kind);
        see(line.agency.as_str());
        see(&kind);
        see(&mode);
        let card =
            made.settings.rate_cards.iter().find(|card| card.rate_id == rate.rate_id && card.version == rate.version);
        see(card.unwrap().model.name());
        for (what, words) in [
            ("continued", "counted before"),
            ("cut", "other modes"),
            ("tiers", "from 0:"),
            ("included", "included leave"),
            ("limited", "of the first"),
        ] {
            if line.arithmetic.iter().any(|said| said.contains(words)) {
                see(what);
            }
        }
        let key = (line.agency.to_string(), kind, rate.rate_id.clone(), rate.version, mode, absorbed);
        *found.entry(key).or_default() += line.amount.cents();
        let details: i64 = allocated.bills.lines.iter().position(|other| other.id == line.id).map_or(0, |place| {
            let rows = allocated.bills.details.iter().filter(|detail| detail.line == place);
            rows.map(|detail| detail.amount.cents()).sum()
        });
        if line.kind == LineKind::Unit && rate.rate_id != "SNW" {
            assert_eq!(details, line.amount.cents(), "seed {seed}: {line:?}");
        }
    }
    let expected = Plain::of(&made).lines;
    let cents = |lines: &BTreeMap<Key, i64>, key: &Key| lines.get(key).copied().unwrap_or_default();
    let apart: Vec<String> = found
        .keys()
        .chain(expected.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(|key| cents(&found, key) != cents(&expected, key))
        .map(|key| format!("{key:?}: {} and not {}", cents(&found, key), cents(&expected, key)))
        .collect();
    let cards = made.settings.rate_cards.iter();
    let cards: Vec<String> = cards
        .map(|card| {
            format!(
                "{} v{} {:?} {:?} {:?} {:?}",
                card.rate_id, card.version, card.valid, card.scope, card.model, card.terms
            )
        })
        .collect();
    assert!(apart.is_empty(), "seed {seed}:\n{}\n{}", apart.join("\n"), cards.join("\n"));
}
