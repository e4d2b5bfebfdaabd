//! Months made up from a number: the same number, the same month. They hold what real ones do: rules and cards that
//! change within the month, credits, used commitments, pools that cannot be shared, invoices that do not match, unowned
//! charges, funding that is missing.

use crate::golden_money::{agency, decimal, pool, september, service};
use chargeback::model::charge::{CostBasis, Dimension};
use chargeback::model::codes::{AgencyCode, FundCode};
use chargeback::model::intake::{Directory, DirectoryEntry};
use chargeback::model::money::{Cost, Money, Quantity, Rounding};
use chargeback::model::month::Validity;
use chargeback::model::roll_up::{RollUp, Sums, Symbol};
use chargeback::model::settings::{
    AccountString, Agency, CardTerms, Condition, CounterpartyClass, DriverPeriod, DriverValue, Field, FundingResidual,
    FundingRule, Limit, Measure, Method, Mode, ModeRule, OnNegative, OnZeroDriver, OwnerResult, OwnerRule, Pattern,
    Pool, PoolDriverValue, RateCard, RateModel, Scope, Service, Settings, Sharing, Target, VendorInvoice,
};
use chrono::NaiveDate;
use std::collections::BTreeMap;

pub struct MadeUp {
    pub roll_up: RollUp,
    pub settings: Settings,
    pub directory: Directory,
}

/// Numbers that look random and are the same on every machine (splitmix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn cost(&mut self) -> String {
        let limit = if self.one_in(5) { 100_000 } else { 30 };
        let whole = self.below(limit);
        let places = self.below(12);
        let fraction: String = (0..places).map(|_| char::from(b'0' + self.below(10) as u8)).collect();
        let sign = if self.one_in(8) { "-" } else { "" };
        format!("{sign}{whole}.{fraction}0")
    }
}

const AGENCIES: [&str; 5] = ["AGR", "DOC", "DOH", "DOT", "DPS"];
const ACCOUNTS: [&str; 6] = ["100000000001", "100000000002", "100000000003", "sub-a", "sub-b", "sub-c"];
const VENDOR_SERVICES: [&str; 5] = ["AmazonEC2", "AmazonS3", "AWSSupport", "Microsoft.Compute", "Microsoft.Web"];
const PERCENTS: [&[&str]; 5] =
    [&["100"], &["60", "40"], &["33.333333", "33.333333", "33.333334"], &["12.5", "12.5", "75"], &["50", "49.99"]];

pub fn month(seed: u64, rows: usize) -> MadeUp {
    let mut dice = Dice::new(seed);
    let settings = settings(&mut dice);
    let roll_up = roll_up(&mut dice, rows);
    let mut directory = Directory::default();
    for account in ACCOUNTS {
        let mut departments = vec![dice.of(&AGENCIES).to_lowercase()];
        if dice.one_in(4) {
            departments.push("dot".to_owned());
        }
        if dice.one_in(2) {
            let entry = DirectoryEntry { departments, ..DirectoryEntry::default() };
            directory.accounts.insert(account.to_owned(), entry);
        }
    }
    let mut made = MadeUp { roll_up, settings, directory };
    made.settings.invoices = invoices(&mut dice, &made);
    made
}

fn day(dice: &mut Dice) -> NaiveDate {
    september().first_day() + chrono::Days::new(dice.below(30) as u64)
}

fn valid(dice: &mut Dice) -> Validity {
    match dice.below(6) {
        0 => Validity { from: Some(day(dice)), to: None },
        1 => Validity { from: None, to: Some(day(dice)) },
        _ => Validity::default(),
    }
}

fn when(parts: &[(Dimension, &str)]) -> Vec<Condition> {
    let one = |(dimension, pattern): &(Dimension, &str)| Condition {
        field: Field::Dimension(*dimension),
        pattern: Pattern((*pattern).to_owned()),
    };
    parts.iter().map(one).collect()
}

fn roll_up(dice: &mut Dice, rows: usize) -> RollUp {
    let tags = vec!["agency".to_owned()];
    let mut part = RollUp::new(tags.clone());
    for _ in 0..rows {
        let vendor_service = dice.of(&VENDOR_SERVICES);
        let provider = if vendor_service.starts_with('M') { "Microsoft" } else { "AWS" };
        let invoice = if provider == "AWS" { dice.of(&["", "900", "901"]) } else { "" };
        let account = if provider == "AWS" { &ACCOUNTS[..3] } else { &ACCOUNTS[3..] };
        let tag = dice.of(&["", "", "doh", "Health ", "DOT", "nobody"]);
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len()];
        for (dimension, text) in [
            (Dimension::Provider, provider),
            (Dimension::BillingAccountId, if provider == "AWS" { "111122223333" } else { "8608480" }),
            (Dimension::InvoiceId, invoice),
            (Dimension::SubAccountId, dice.of(account)),
            (Dimension::ServiceCode, vendor_service),
            (Dimension::ConsumedUnit, if dice.one_in(9) { "GB" } else { "Hrs" }),
            (Dimension::BillingCurrency, if dice.one_in(40) { "EUR" } else { "USD" }),
        ] {
            key[dimension as usize] = part.symbols_mut().intern(text);
        }
        key.push(part.symbols_mut().intern(tag));
        let billed = Cost::parse(&dice.cost()).unwrap();
        let effective = match dice.below(8) {
            0 => None,
            1 => Some(Cost::parse(&dice.cost()).unwrap()),
            _ => Some(billed),
        };
        let quantity = Quantity::parse(&dice.cost()).unwrap();
        let list = Some(Cost::parse(&dice.cost()).unwrap());
        let day = day(dice);
        part.push(&key, day, Sums { billed, effective, list, contracted: None, quantity, charges: 1 });
    }
    RollUp::merge([part], tags).unwrap()
}

fn settings(dice: &mut Dice) -> Settings {
    let mut settings = Settings::default();
    if dice.one_in(3) {
        settings.state.rounding = Rounding::HalfEven;
    }
    if dice.one_in(3) {
        settings.state.funding_residual = FundingResidual::NeverFederal;
    }
    for code in AGENCIES {
        let class = dice.of(&[CounterpartyClass::GovernmentalFund, CounterpartyClass::ProprietaryFund]);
        settings.agencies.push(Agency {
            code: agency(code),
            name: format!("Department {code}"),
            class,
            aliases: if code == "DOH" { vec!["health".to_owned()] } else { Vec::new() },
            contact: String::new(),
            valid: if dice.one_in(8) { valid(dice) } else { Validity::default() },
        });
    }
    settings.owner_rules = owner_rules(dice);
    settings.services = services(dice);
    settings.rate_cards = cards(dice);
    settings.pools = pools(dice);
    settings.drivers = drivers(dice);
    settings.pool_drivers = pool_drivers(dice);
    settings.modes = modes(dice);
    settings.funding = funding(dice);
    settings
}

fn owner_rules(dice: &mut Dice) -> Vec<OwnerRule> {
    use Dimension::{ServiceCode, SubAccountId};
    let mut rules = Vec::new();
    let mut add = |valid: Validity, conditions: Vec<Condition>, owner: OwnerResult| {
        let sequence = rules.len() as u32 + 1;
        let id = format!("R{sequence}");
        rules.push(OwnerRule { id, sequence, line: u64::from(sequence) + 1, valid, conditions, owner });
    };
    add(Validity::default(), when(&[(ServiceCode, "AWSSup*")]), OwnerResult::Pool(pool("SHR")));
    if dice.one_in(2) {
        add(valid(dice), when(&[(ServiceCode, "*.Web")]), OwnerResult::Pool(pool("NET")));
    }
    add(Validity::default(), Vec::new(), OwnerResult::AgencyOfTag("agency".to_owned()));
    if dice.one_in(4) {
        add(valid(dice), Vec::new(), OwnerResult::AgencyOfAccountTag("agency".to_owned()));
    }
    for account in ACCOUNTS {
        let owner = match dice.below(8) {
            0 => OwnerResult::Central("a decision".to_owned()),
            1 => OwnerResult::Excluded("another payer".to_owned()),
            2 => OwnerResult::Pool(pool(if dice.one_in(2) { "NET" } else { "GONE" })),
            3 => continue,
            _ => OwnerResult::Agency(agency(dice.of(&AGENCIES))),
        };
        add(valid(dice), when(&[(SubAccountId, account)]), owner);
    }
    if dice.one_in(2) {
        add(Validity::default(), Vec::new(), OwnerResult::ServiceNow);
    }
    add(valid(dice), Vec::new(), OwnerResult::Agency(agency(dice.of(&AGENCIES))));
    rules
}

fn services(dice: &mut Dice) -> Vec<Service> {
    use Dimension::{Provider, ServiceCode};
    let takes = [
        ("EC2", vec![when(&[(ServiceCode, "amazonec2")])]),
        ("AWS", vec![when(&[(Provider, "AWS")])]),
        ("AZU", vec![when(&[(ServiceCode, "*Compute")]), when(&[(ServiceCode, "*Web")])]),
        ("SHR", Vec::new()),
        ("NET", Vec::new()),
        ("FEE", Vec::new()),
        ("TOP", Vec::new()),
        ("SNW", Vec::new()),
    ];
    let mut services: Vec<Service> = Vec::new();
    for (order, (code, matches)) in takes.into_iter().enumerate() {
        let matches = if dice.one_in(15) { Vec::new() } else { matches };
        services.push(Service {
            code: service(code),
            name: code.to_owned(),
            line: order as u64,
            matches,
            statement_text: String::new(),
            order: dice.below(5) as u32,
            without_rate: Default::default(),
        });
    }
    services
}

fn cards(dice: &mut Dice) -> Vec<RateCard> {
    let mut cards: Vec<RateCard> = Vec::new();
    let mut add = |code: &str, valid: Validity, scope: Scope, conditions: Vec<Condition>, model: RateModel| {
        cards.push(RateCard {
            rate_id: format!("{code}-{}", cards.len()),
            version: 1,
            file: "rates/made-up.csv".to_owned(),
            line: cards.len() as u64,
            service: service(code),
            description: String::new(),
            statement_text: String::new(),
            valid,
            authority: String::new(),
            approved_by: "somebody".to_owned(),
            approved_on: None,
            scope,
            conditions,
            model,
            terms: CardTerms::default(),
        });
    };
    let consumed = RateModel::Unit {
        unit: "hrs".to_owned(),
        unit_price: decimal("1.234567"),
        price_per: decimal("10"),
        measure: Measure::Consumed,
    };
    for code in ["EC2", "AWS", "AZU"] {
        if dice.one_in(12) {
            continue;
        }
        let basis = dice.of(&[CostBasis::Billed, CostBasis::Effective, CostBasis::List, CostBasis::Effective]);
        let always = if dice.one_in(6) { valid(dice) } else { Validity::default() };
        add(code, always, Scope::All, Vec::new(), RateModel::PassThrough { basis });
        if dice.one_in(2) {
            let scope = Scope::Agency(agency(dice.of(&AGENCIES)));
            let model =
                if dice.one_in(2) { consumed.clone() } else { RateModel::PassThrough { basis: CostBasis::Billed } };
            add(code, valid(dice), scope, Vec::new(), model);
        }
        if dice.one_in(3) {
            let conditions = when(&[(Dimension::SubAccountId, dice.of(&ACCOUNTS))]);
            add(code, valid(dice), Scope::Class(CounterpartyClass::ProprietaryFund), conditions, consumed.clone());
        }
        if dice.one_in(8) {
            add(code, valid(dice), Scope::All, Vec::new(), RateModel::PassThrough { basis: CostBasis::Billed });
        }
    }
    let of = |codes: &[&str]| codes.iter().map(|code| service(code)).collect();
    let fee = RateModel::Percent { percent: decimal("4.5"), of: of(&["AWS", "EC2", "AZU", "SHR"]) };
    add("FEE", valid(dice), Scope::All, Vec::new(), fee);
    if dice.one_in(2) {
        let less = RateModel::Percent { percent: decimal("1.375"), of: of(&["AWS", "EC2", "AZU", "SHR"]) };
        add("FEE", valid(dice), Scope::Agency(agency(dice.of(&AGENCIES))), Vec::new(), less);
    }
    let of_top = if dice.one_in(6) { of(&["FEE", "TOP"]) } else { of(&["FEE", "NET", "SNW"]) };
    add("TOP", Validity::default(), Scope::All, Vec::new(), RateModel::Percent { percent: decimal("0.5"), of: of_top });
    let hours = RateModel::Unit {
        unit: "hours".to_owned(),
        unit_price: decimal("62.50"),
        price_per: decimal("1"),
        measure: Measure::Driver("hours".to_owned()),
    };
    add("SNW", valid(dice), Scope::All, Vec::new(), hours);
    cards
}

fn pools(dice: &mut Dice) -> Vec<Pool> {
    let mut pools = Vec::new();
    for (id, stage) in [("SHR", 2), ("NET", 1)] {
        let method = match dice.below(6) {
            0 => Method::Even,
            1 => {
                let percents = dice.of(&PERCENTS);
                let shares: BTreeMap<AgencyCode, _> =
                    AGENCIES.iter().zip(percents).map(|(code, percent)| (agency(code), decimal(percent))).collect();
                Method::Fixed { shares }
            }
            2 => Method::ProportionalToCost {
                services: if dice.one_in(2) { vec![service("AWS"), service("EC2")] } else { Vec::new() },
            },
            3 => Method::Index {
                parts: vec![("weights".to_owned(), decimal("2")), ("users".to_owned(), decimal("0.75"))],
            },
            _ => Method::Driver { driver: "weights".to_owned() },
        };
        let mut targets = vec![Target::All];
        if dice.one_in(3) {
            targets = vec![Target::Class(CounterpartyClass::GovernmentalFund), Target::Agency(agency("DPS"))];
        }
        pools.push(Pool {
            id: pool(id),
            version: 1,
            line: stage,
            valid: if dice.one_in(6) { valid(dice) } else { Validity::default() },
            service: service(id),
            stage: stage as u32,
            method,
            targets,
            exclude: if dice.one_in(3) { vec![agency("DOC")] } else { Vec::new() },
            reason: String::new(),
            statement_text: String::new(),
            sharing: Sharing::default(),
        });
    }
    let [shr, net] = &mut pools[..] else { panic!("two pools") };
    match dice.below(4) {
        0 => feed(net, "SHR"),
        1 => {
            shr.stage = 1;
            for pool in [&mut *shr, &mut *net] {
                pool.sharing.group = Some("core".to_owned());
            }
            feed(net, "SHR");
            if dice.one_in(2) {
                feed(shr, "NET");
            }
        }
        _ => {}
    }
    for pool in &mut pools {
        vary(pool, dice);
    }
    for place in 0..2 {
        if pools[place].sharing.group.is_none() && dice.one_in(4) {
            let change = day(dice);
            let mut next = pools[place].clone();
            pools[place].valid = Validity { from: None, to: Some(change) };
            (next.version, next.line) = (2, next.line + 10);
            next.valid = Validity { from: Some(change), to: None };
            next.exclude = vec![agency("DOH")];
            next.sharing.residual = None;
            pools.push(next);
        }
    }
    pools
}

/// Lets a pool give a part to another; by cost it cannot.
fn feed(pool: &mut Pool, to: &str) {
    match &mut pool.method {
        Method::Fixed { shares } => {
            *shares = BTreeMap::from([(agency("AGR"), decimal("40")), (agency("DPS"), decimal("27.5"))]);
            pool.sharing.pool_shares = BTreeMap::from([(crate::golden_money::pool(to), decimal("32.5"))]);
            pool.targets.push(Target::Pool(crate::golden_money::pool(to)));
        }
        Method::ProportionalToCost { .. } => {}
        _ => pool.targets.push(Target::Pool(crate::golden_money::pool(to))),
    }
}

fn vary(pool: &mut Pool, dice: &mut Dice) {
    let limit = |dice: &mut Dice, cents: usize, percent: usize| {
        if dice.one_in(2) {
            Limit::Amount(Money::from_cents(dice.below(cents) as i64))
        } else {
            Limit::Percent(decimal(&dice.below(percent).to_string()))
        }
    };
    let sharing = &mut pool.sharing;
    if sharing.group.is_none() {
        sharing.floor = dice.one_in(4).then(|| limit(dice, 500, 20));
        sharing.cap = dice.one_in(4).then(|| limit(dice, 500_000, 70));
        sharing.de_minimis = dice.one_in(4).then(|| limit(dice, 1_000, 25));
        sharing.residual = dice.one_in(4).then(|| agency(dice.of(&AGENCIES)));
    }
    sharing.agencies_only = matches!(pool.method, Method::Driver { .. }) && dice.one_in(4);
    sharing.period = match dice.below(6) {
        0 => DriverPeriod::Prior,
        1 => DriverPeriod::Trailing(2),
        2 => DriverPeriod::Frozen(september().previous()),
        _ => DriverPeriod::Same,
    };
    sharing.on_zero_driver = match dice.below(6) {
        0 => OnZeroDriver::Hold,
        1 => OnZeroDriver::Central,
        2 => OnZeroDriver::Fallback(crate::golden_money::pool(if pool.id.as_str() == "SHR" { "NET" } else { "SHR" })),
        _ => OnZeroDriver::Error,
    };
    if dice.one_in(4) {
        sharing.negative = OnNegative::Hold;
    }
    if dice.one_in(6) {
        sharing.exclude = vec![Target::Class(CounterpartyClass::ProprietaryFund)];
    }
}

/// What pools used of each other, and of themselves.
fn pool_drivers(dice: &mut Dice) -> Vec<PoolDriverValue> {
    let mut drivers = Vec::new();
    for (driver, month) in [("weights", september()), ("users", september()), ("weights", september().previous())] {
        for id in ["SHR", "NET"] {
            if dice.one_in(3) {
                continue;
            }
            drivers.push(PoolDriverValue {
                driver: driver.to_owned(),
                month,
                pool: pool(id),
                value: Quantity::parse(&dice.below(40).to_string()).unwrap(),
                unit: "hours".to_owned(),
                file: "drivers/made-up.csv".to_owned(),
                line: 100 + drivers.len() as u64,
            });
        }
    }
    drivers
}

fn drivers(dice: &mut Dice) -> Vec<DriverValue> {
    let mut drivers = Vec::new();
    let all_zero = dice.one_in(8);
    let before = september().previous();
    for (driver, month) in
        [("hours", september()), ("weights", september()), ("users", september()), ("weights", before)]
    {
        if dice.one_in(10) {
            continue;
        }
        for code in AGENCIES.iter().chain(&["ZZZ"]) {
            if dice.one_in(4) {
                continue;
            }
            let value = if all_zero { "0".to_owned() } else { format!("{}.{}", dice.below(50), dice.below(100)) };
            drivers.push(DriverValue {
                driver: driver.to_owned(),
                month,
                agency: agency(code),
                value: Quantity::parse(&value).unwrap(),
                unit: "hours".to_owned(),
                file: "drivers/made-up.csv".to_owned(),
                line: drivers.len() as u64,
            });
        }
    }
    drivers
}

fn modes(dice: &mut Dice) -> Vec<ModeRule> {
    let mut modes = Vec::new();
    for line in 0..dice.below(6) as u64 {
        let mode = dice.of(&[Mode::Visibility, Mode::Showback, Mode::Absorbed, Mode::Chargeback]);
        let codes = ["AWS", "AZU", "EC2", "SHR", "FEE", "SNW"];
        modes.push(ModeRule {
            line,
            agency: dice.one_in(2).then(|| agency(dice.of(&AGENCIES))),
            service: dice.one_in(2).then(|| service(dice.of(&codes))),
            valid: valid(dice),
            mode,
            absorbed_by: (mode == Mode::Absorbed).then(|| FundCode::parse(dice.of(&["7300", "1000"])).unwrap()),
        });
    }
    modes
}

fn funding(dice: &mut Dice) -> Vec<FundingRule> {
    let mut rules = Vec::new();
    for code in AGENCIES {
        if !dice.one_in(10) {
            add_split(dice, &mut rules, code, None, None);
        }
        if dice.one_in(3) {
            let of_service = dice.of(&["AWS", "AZU", "FEE"]);
            add_split(dice, &mut rules, code, Some(of_service), None);
        }
        if dice.one_in(3) {
            let account = dice.of(&ACCOUNTS);
            let of_service = dice.one_in(2).then_some("AWS");
            add_split(dice, &mut rules, code, of_service, Some(account));
        }
    }
    rules
}

fn add_split(
    dice: &mut Dice,
    rules: &mut Vec<FundingRule>,
    code: &str,
    of_service: Option<&str>,
    account: Option<&str>,
) {
    let whole = PERCENTS.len() - usize::from(!dice.one_in(12));
    let percents = PERCENTS[dice.below(whole)];
    let valid = valid(dice);
    for (sequence, percent) in percents.iter().enumerate() {
        let fund = dice.of(&["1000", "2100", "2200"]);
        rules.push(FundingRule {
            line: rules.len() as u64 + 2,
            agency: agency(code),
            service: of_service.map(service),
            sub_account: account.map(str::to_owned),
            sequence: if dice.one_in(40) { 1 } else { sequence as u32 + 1 },
            percent: decimal(percent),
            string: AccountString { fund: fund.to_owned(), ..AccountString::default() },
            federal: fund == "2100",
            valid,
        });
    }
}

/// Invoices for some sections: as the charges say, with an item of their own, a cent or a dollar apart.
fn invoices(dice: &mut Dice, made: &MadeUp) -> Vec<VendorInvoice> {
    let mut sums: BTreeMap<[&str; 3], Cost> = BTreeMap::new();
    for row in made.roll_up.rows().filter(|row| row.text(Dimension::BillingCurrency) == "USD") {
        let key = [Dimension::Provider, Dimension::BillingAccountId, Dimension::InvoiceId].map(|name| row.text(name));
        let sum = sums.entry(key).or_default();
        *sum = sum.checked_add(row.sums().billed).unwrap();
    }
    let mut invoices = Vec::new();
    for ([provider, account, invoice], sum) in sums {
        if dice.one_in(4) {
            continue;
        }
        let rounded = sum.exact().round_half_up().unwrap();
        let apart = dice.of(&[0, 0, 0, 0, 1, -1, 2, 100]);
        let mut add = |cents: i64, item_type: &str| {
            invoices.push(VendorInvoice {
                file: "invoices/made-up.csv".to_owned(),
                line: invoices.len() as u64 + 2,
                provider: provider.to_owned(),
                billing_account_id: account.to_owned(),
                invoice_id: invoice.to_owned(),
                month: september(),
                invoice_date: None,
                amount: Money::from_cents(cents),
                currency: "USD".to_owned(),
                item_type: item_type.to_owned(),
                description: String::new(),
            });
        };
        add(rounded.cents() + apart, "charges");
        if dice.one_in(3) {
            add(dice.below(50_000) as i64, "marketplace");
        }
    }
    invoices
}
