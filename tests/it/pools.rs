//! Pools worked out by hand: every method, policy and limit, two pools that feed each other, and a ring of three.
//!
//! A table on the left says what a pool is made of, on the right what each agency pays. Each can be checked with a pencil.

use crate::golden_money::{agency, decimal, driver, pool, september, settings, shared};
use chargeback::model::bill::{BillLine, Destination, PoolResult};
use chargeback::model::charge::Dimension;
use chargeback::model::finding::{Code, Finding};
use chargeback::model::intake::Directory;
use chargeback::model::money::{Cost, Money, Quantity};
use chargeback::model::month::{Month, Validity};
use chargeback::model::roll_up::{RollUp, Sums, Symbol};
use chargeback::model::settings::{
    DriverPeriod, Limit, Method, OnNegative, OnZeroDriver, OwnerResult, Pool, PoolDriverValue, Settings, Sharing,
    Target,
};
use chargeback::stages::allocate::{Allocated, allocate};
use chargeback::stages::rate::rate;
use chargeback::stages::reconcile::vendors;

/// Pool, day of the month, cost.
type Charges<'a> = &'a [(&'a str, u64, &'a str)];

fn roll_up(charges: Charges<'_>) -> RollUp {
    let mut roll_up = RollUp::new(Vec::new());
    for (to, day, billed) in charges {
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len()];
        for (dimension, text) in [
            (Dimension::Provider, "AWS"),
            (Dimension::BillingAccountId, "111122223333"),
            (Dimension::SubAccountId, to),
            (Dimension::ChargeCategory, "Usage"),
            (Dimension::BillingCurrency, "USD"),
        ] {
            key[dimension as usize] = roll_up.symbols_mut().intern(text);
        }
        let billed = Cost::parse(billed).unwrap();
        let sums = Sums { billed, effective: Some(billed), charges: 1, ..Sums::default() };
        roll_up.push(&key, september().first_day() + chrono::Days::new(day - 1), sums);
    }
    RollUp::merge([roll_up], Vec::new()).unwrap()
}

/// Three agencies DOH, DOT, DPS; no fees, no invoices, one string each; an account named as a pool belongs to it.
fn books(pools: Vec<Pool>) -> Settings {
    let mut settings = settings();
    settings.invoices.clear();
    settings.drivers.clear();
    settings.rate_cards.retain(|card| card.service.as_str() == "AWS");
    settings.owner_rules.retain(|rule| matches!(rule.owner, OwnerResult::Agency(_)));
    for (place, shared) in pools.iter().enumerate() {
        let when = format!("sub_account_id={}", shared.id);
        settings.owner_rules.push(crate::golden_money::owner(
            100 + place as u32,
            &when,
            OwnerResult::Pool(shared.id.clone()),
        ));
        if !settings.services.iter().any(|service| service.code == shared.service) {
            let mut service = settings.services[2].clone();
            service.code = shared.service.clone();
            service.order = 20 + place as u32;
            settings.services.push(service);
        }
    }
    settings.pools = pools;
    settings
}

fn allocated(settings: &Settings, charges: Charges<'_>) -> Allocated {
    let roll_up = roll_up(charges);
    let rated = rate(&roll_up, &Directory::default(), settings, september());
    let (vendors, mut findings) = vendors(&roll_up, &rated, settings, september());
    let mut made = allocate(&roll_up, rated, &vendors, settings, september());
    findings.append(&mut made.findings);
    findings.retain(|finding| finding.code != Code::InvoiceMissing);
    Allocated { findings, ..made }
}

fn shares(made: &Allocated) -> Vec<String> {
    let of_pool = made.bills.lines.iter().filter(|line| line.share.is_some());
    of_pool.map(|line| format!("{} {} {}", line.share.as_ref().unwrap().pool, line.agency, line.amount)).collect()
}

fn line<'a>(made: &'a Allocated, id: &str, code: &str) -> &'a BillLine {
    let is_meant = |line: &&BillLine| {
        line.agency.as_str() == code && line.share.as_ref().is_some_and(|share| share.pool.as_str() == id)
    };
    made.bills.lines.iter().find(is_meant).unwrap_or_else(|| panic!("{code} has no share of {id}"))
}

fn result<'a>(made: &'a Allocated, id: &str) -> &'a PoolResult {
    made.bills.pools.iter().find(|result| result.pool.as_str() == id).unwrap()
}

fn codes(made: &Allocated) -> Vec<String> {
    made.findings.iter().map(|finding| finding.code.to_string()).collect()
}

fn by(name: &str) -> Method {
    Method::Driver { driver: name.to_owned() }
}

fn amount(text: &str) -> Limit {
    Limit::Amount(Money::parse(text).unwrap())
}

fn used(name: &str, values: [&str; 3]) -> Vec<chargeback::model::settings::DriverValue> {
    ["DOH", "DOT", "DPS"]
        .iter()
        .zip(values)
        .filter(|(_, value)| *value != "-")
        .map(|(code, value)| driver(name, code, value, "unit"))
        .collect()
}

fn of_pool(name: &str, id: &str, value: &str) -> PoolDriverValue {
    PoolDriverValue {
        driver: name.to_owned(),
        month: september(),
        pool: pool(id),
        value: Quantity::parse(value).unwrap(),
        unit: "unit".to_owned(),
        file: format!("drivers/{name}.csv"),
        line: 9,
    }
}

fn with(sharing: Sharing, method: Method) -> Pool {
    Pool { sharing, ..shared("SHR", method) }
}

/// One pool of so much, shared by what DOH, DOT and DPS used; `-` is no row.
fn check(total: &str, values: [&str; 3], sharing: Sharing, expected: [&str; 3]) -> Allocated {
    let mut settings = books(vec![with(sharing, by("units"))]);
    settings.drivers = used("units", values);
    let made = allocated(&settings, &[("SHR", 3, total)]);
    let of = |code: &&str| {
        let share = made.bills.lines.iter().find(|line| line.agency.as_str() == *code && line.share.is_some());
        share.map_or("-".to_owned(), |line| line.amount.to_string())
    };
    let found: Vec<String> = ["DOH", "DOT", "DPS"].iter().map(of).collect();
    assert_eq!(found, expected, "{total} {values:?}: {:#?}", made.findings);
    made
}

#[test]
fn thirds_and_credits() {
    let plain = Sharing::default;
    check("100.00", ["1", "1", "1"], plain(), ["33.34", "33.33", "33.33"]);
    check("-100.00", ["1", "1", "1"], plain(), ["-33.34", "-33.33", "-33.33"]);
    check("0.02", ["1", "1", "1"], plain(), ["0.01", "0.01", "0.00"]);
    check("100.00", ["1", "2", "0"], plain(), ["33.33", "66.67", "-"]);
    let held = Sharing { negative: OnNegative::Hold, ..plain() };
    let made = check("-100.00", ["1", "1", "1"], held.clone(), ["-", "-", "-"]);
    assert_eq!(codes(&made), ["CB0618"]);
    assert!(matches!(&made.charges[0].destination, Destination::Suspense(why) if why.contains("credits exceed")));
    check("100.00", ["1", "1", "1"], held, ["33.34", "33.33", "33.33"]);
}

#[test]
fn leftover_cents_go_to_whom_the_pool_names() {
    let to = |code: &str| Sharing { residual: Some(agency(code)), ..Sharing::default() };
    // 0.05 in thirds: a cent each, and two are left over.
    check("0.05", ["1", "1", "1"], to("DPS"), ["0.01", "0.01", "0.03"]);
    check("-0.05", ["1", "1", "1"], to("DPS"), ["-0.01", "-0.01", "-0.03"]);
    // Whoever has no part gets no cent.
    check("0.05", ["1", "1", "0"], to("DPS"), ["0.03", "0.02", "-"]);
    let made = check("0.05", ["1", "1", "1"], to("DPS"), ["0.01", "0.01", "0.03"]);
    let said = line(&made, "SHR", "DPS").arithmetic.last().unwrap();
    assert_eq!(said, "0.05 x 1 / 3 unit = 0.016666..., with 2 leftover cents 0.03");
    assert_eq!(
        made.bills.residuals.iter().filter(|cent| cent.received_by == "DPS" && cent.step == "pool SHR").count(),
        2
    );
}

#[test]
fn a_driver_of_zero_under_each_policy() {
    let policy = |on_zero_driver| Sharing { on_zero_driver, ..Sharing::default() };
    let nobody = ["-", "-", "-"];
    let zero = ["0", "0", "0"];
    let error = check("100.00", zero, policy(OnZeroDriver::Error), nobody);
    assert_eq!(codes(&error), ["CB0602"]);
    assert!(error.findings[0].blocks());

    let held = check("100.00", zero, policy(OnZeroDriver::Hold), nobody);
    assert!(!held.findings[0].blocks() && held.findings[0].fix.contains("waits in suspense"), "{:#?}", held.findings);
    assert!(
        matches!(&held.charges[0].destination, Destination::Suspense(why) if why == "pool SHR is held: its driver adds up to nothing")
    );

    let central = check("100.00", zero, policy(OnZeroDriver::Central), nobody);
    assert!(!central.findings[0].blocks());
    assert!(matches!(&central.charges[0].destination, Destination::Central(_)));

    // As pool NET: evenly among DOT and DPS.
    let mut net = shared("NET", Method::Even);
    net.targets = vec![Target::Agency(agency("DOT")), Target::Agency(agency("DPS"))];
    let mut settings = books(vec![with(policy(OnZeroDriver::Fallback(pool("NET"))), by("units")), net]);
    settings.drivers = used("units", zero);
    let made = allocated(&settings, &[("SHR", 3, "100.01")]);
    assert_eq!(shares(&made), ["SHR DOT 50.01", "SHR DPS 50.00"]);
    assert_eq!(line(&made, "SHR", "DOT").arithmetic[0], "pool SHR took in 100.01, shared as pool NET is, even");
    assert_eq!((made.findings.len(), made.findings[0].blocks()), (1, false), "{:#?}", made.findings);
    // A table without rows for the month was forgotten, whatever the policy says.
    settings.drivers.clear();
    assert_eq!(codes(&allocated(&settings, &[("SHR", 3, "100.01")])), ["CB0601"]);
}

/// By the rule of another pool it may be among its own recipients: what it uses of itself costs it nothing.
#[test]
fn a_rule_that_is_lent_gives_a_pool_nothing_of_itself() {
    let fixed = Method::Fixed { shares: [(agency("DOH"), decimal("30")), (agency("DOT"), decimal("20"))].into() };
    let mut net = shared("NET", fixed);
    net.sharing.pool_shares = [(pool("SHR"), decimal("50"))].into();
    net.targets.push(Target::Pool(pool("SHR")));
    let policy = OnZeroDriver::Fallback(pool("NET"));
    let mut shr = with(Sharing { on_zero_driver: policy, ..Sharing::default() }, by("units"));
    shr.stage = 2;
    let mut settings = books(vec![net, shr]);
    settings.drivers = used("units", ["0", "0", "0"]);
    let made = allocated(&settings, &[("NET", 3, "100.00"), ("SHR", 3, "10.00")]);
    // 60.00 of SHR by 30 and 20 of 50.
    assert_eq!(shares(&made), ["SHR DOH 36.00", "NET DOH 30.00", "SHR DOT 24.00", "NET DOT 20.00"]);
    assert_eq!(codes(&made), ["CB0602"]);
}

#[test]
fn floors_caps_and_small_shares_with_their_waterfall() {
    let plain = Sharing::default;
    // 100 by 1, 4, 95. A floor of 10 takes 9 + 6 from DPS.
    let floor = Sharing { floor: Some(amount("10.00")), ..plain() };
    let made = check("100.00", ["1", "4", "95"], floor.clone(), ["10.00", "10.00", "80.00"]);
    assert_eq!(
        line(&made, "SHR", "DOH").arithmetic[1..],
        ["100.00 x 1 / 100 unit = 1", "raised to the floor of 10.00, cut to 10.00"]
    );
    assert_eq!(
        line(&made, "SHR", "DPS").arithmetic[1..],
        ["100.00 x 95 / 100 unit = 95", "with what limits of others move, 80, cut to 80.00"]
    );
    // 100 by 1, 10, 89 and a floor of 9: what DOH takes leaves DOT and DPS 91 by 10 and 89, of which DOT's 9.19 keeps it.
    check("100.00", ["1", "10", "89"], Sharing { floor: Some(amount("9.00")), ..plain() }, ["9.00", "9.19", "81.81"]);
    // The floor that DOH takes pushes DOT below it, too: 100 - 9.50 = 90.50 by 10 and 89 is 9.14 for DOT.
    check("100.00", ["1", "10", "89"], Sharing { floor: Some(amount("9.50")), ..plain() }, ["9.50", "9.50", "81.00"]);
    // A cap of 50: 45 of DPS go to DOH and DOT as 1 to 4.
    let cap = Sharing { cap: Some(amount("50.00")), ..plain() };
    check("100.00", ["1", "4", "95"], cap.clone(), ["10.00", "40.00", "50.00"]);
    // As a percentage of the pool, and for a credit alike.
    check(
        "200.00",
        ["1", "4", "95"],
        Sharing { cap: Some(Limit::Percent(decimal("50"))), ..plain() },
        ["20.00", "80.00", "100.00"],
    );
    check("-100.00", ["1", "4", "95"], cap, ["-10.00", "-40.00", "-50.00"]);
    check("-100.00", ["1", "4", "95"], floor, ["-10.00", "-10.00", "-80.00"]);
    // 1.00 is too small to bill: 4 and 95 of 99 take it; the line stays, with nothing on it.
    let small = Sharing { de_minimis: Some(amount("2.00")), ..plain() };
    let made = check("100.00", ["1", "4", "95"], small.clone(), ["0.00", "4.04", "95.96"]);
    assert_eq!(
        line(&made, "SHR", "DOH").arithmetic[2],
        "less than 2.00, the least that is billed: the others take it, cut to 0.00"
    );
    // Nobody would be left: it does not apply.
    check("3.00", ["1", "1", "1"], small, ["1.00", "1.00", "1.00"]);
    // Both at once: floor 10, cap 60. DPS gives 35, DOH and DOT need 15 for their floors and share the rest 20 as 1 to 4.
    let both = Sharing { floor: Some(amount("10.00")), cap: Some(amount("60.00")), ..plain() };
    check("100.00", ["1", "4", "95"], both, ["10.00", "30.00", "60.00"]);
    // Who used nothing pays no floor.
    check("100.00", ["0", "5", "95"], Sharing { floor: Some(amount("10.00")), ..plain() }, ["-", "10.00", "90.00"]);
    for (limits, said) in [
        (
            Sharing { floor: Some(amount("40.00")), ..plain() },
            "A floor of 40.00 for 3 targets is more than the pool of 100.00.",
        ),
        (
            Sharing { cap: Some(amount("30.00")), ..plain() },
            "A cap of 30.00 for 3 targets is less than the pool of 100.00.",
        ),
    ] {
        let made = check("100.00", ["1", "4", "95"], limits, ["-", "-", "-"]);
        assert_eq!(codes(&made), ["CB0617"]);
        assert!(made.findings[0].why.ends_with(said), "{}", made.findings[0].why);
    }
}

#[test]
fn an_index_weighs_several_drivers() {
    let index = Method::Index { parts: vec![("users".to_owned(), decimal("3")), ("devices".to_owned(), decimal("1"))] };
    let mut settings = books(vec![shared("SHR", index)]);
    settings.drivers = used("users", ["10", "30", "0"]);
    settings.drivers.extend(used("devices", ["0", "1", "3"]));
    // Of 4 points DOH has 10/40 x 3 = 0.75, DOT 30/40 x 3 + 1/4 = 2.5, DPS 3/4.
    let made = allocated(&settings, &[("SHR", 3, "1000.00")]);
    assert_eq!(shares(&made), ["SHR DOH 187.50", "SHR DOT 625.00", "SHR DPS 187.50"]);
    assert_eq!(
        line(&made, "SHR", "DOT").arithmetic,
        [
            "pool SHR took in 1000.00, shared by index of users 3, devices 1",
            "users 30 / 40 x 3 + devices 1 / 4 x 1 = 2.5",
            "1000.00 x 2.5 / 4 index points = 625, cut to 625.00",
        ]
    );
    // A part that nobody used is a driver of zero.
    settings.drivers.retain(|row| row.driver == "users");
    settings.drivers.extend(used("devices", ["0", "0", "0"]));
    assert_eq!(codes(&allocated(&settings, &[("SHR", 3, "1000.00")])), ["CB0602"]);
}

#[test]
fn whose_months_count() {
    let months = |period| Sharing { period, ..Sharing::default() };
    let mut settings = books(vec![with(Sharing::default(), by("units"))]);
    for (month, values) in [("2025-07", ["1", "0", "0"]), ("2025-08", ["1", "3", "0"]), ("2025-09", ["1", "1", "2"])] {
        let month = Month::parse(month).unwrap();
        settings.drivers.extend(
            used("units", values).into_iter().map(|row| chargeback::model::settings::DriverValue { month, ..row }),
        );
    }
    for (period, expected, said) in [
        (DriverPeriod::Same, ["25.00", "25.00", "50.00"].as_slice(), "by driver units"),
        (DriverPeriod::Prior, &["25.00", "75.00"], "by driver units of 2025-08"),
        (DriverPeriod::Trailing(3), &["33.33", "44.45", "22.22"], "by driver units of 2025-07 to 2025-09"),
        (DriverPeriod::Frozen(Month::parse("2025-07").unwrap()), &["100.00"], "by driver units of 2025-07"),
    ] {
        settings.pools[0].sharing = months(period);
        let made = allocated(&settings, &[("SHR", 3, "100.00")]);
        let amounts: Vec<String> =
            made.bills.lines.iter().filter(|line| line.share.is_some()).map(|line| line.amount.to_string()).collect();
        assert_eq!(amounts, expected, "{period:?}");
        assert_eq!(result(&made, "SHR").method, said);
    }
    // A month of the window without rows would let the others count for more.
    settings.pools[0].sharing = months(DriverPeriod::Trailing(4));
    let made = allocated(&settings, &[("SHR", 3, "100.00")]);
    assert_eq!(codes(&made), ["CB0601"]);
    assert!(made.findings[0].why.ends_with("has no rows for 2025-06."), "{}", made.findings[0].why);
}

/// Step-down: the network of stage 1 is used by DOH and by the security pool, which stage 2 gives to DOT and DPS.
#[test]
fn a_pool_gives_to_a_pool_of_a_later_stage() {
    let mut net = shared("NET", by("ports"));
    net.targets = vec![Target::All, Target::Pool(pool("SEC"))];
    let mut sec = shared("SEC", Method::Even);
    (sec.stage, sec.line) = (2, 3);
    sec.targets = vec![Target::Agency(agency("DOT")), Target::Agency(agency("DPS"))];
    let mut settings = books(vec![net, sec]);
    settings.drivers = used("ports", ["6", "0", "0"]);
    settings.pool_drivers = vec![of_pool("ports", "SEC", "4")];
    let made = allocated(&settings, &[("NET", 3, "100.00"), ("SEC", 3, "10.01")]);
    // 40 of the network's 100 go on with the 10.01: 50.01 in halves.
    assert_eq!(shares(&made), ["NET DOH 60.00", "SEC DOT 25.01", "SEC DPS 25.00"]);
    assert_eq!(result(&made, "NET").passed_on, [(pool("SEC"), "4".to_owned(), Money::parse("40.00").unwrap())]);
    let sec = result(&made, "SEC");
    assert_eq!(
        (sec.taken_in.to_string(), sec.of_charges().unwrap().to_string()),
        ("50.01".to_owned(), "10.01".to_owned())
    );
    assert!(made.findings.is_empty(), "{:#?}", made.findings);
    // Without charges of its own the second pool still gives on what it receives.
    let made = allocated(&settings, &[("NET", 3, "100.00")]);
    assert_eq!(shares(&made), ["NET DOH 60.00", "SEC DOT 20.00", "SEC DPS 20.00"]);
    // The direct method: what pools use of each other does not count.
    settings.pools[0].sharing.agencies_only = true;
    settings.pools[0].targets = vec![Target::All];
    let made = allocated(&settings, &[("NET", 3, "100.00"), ("SEC", 3, "10.01")]);
    assert_eq!(shares(&made), ["NET DOH 100.00", "SEC DOT 5.01", "SEC DPS 5.00"]);
    assert_eq!(result(&made, "NET").method, "directly by driver ports");
}

#[test]
fn a_closed_pool_cannot_receive() {
    let mut net = shared("NET", Method::Even);
    net.stage = 2;
    net.targets = vec![Target::All, Target::Pool(pool("SEC"))];
    let settings = books(vec![net, shared("SEC", Method::Even)]);
    let made = allocated(&settings, &[("NET", 3, "100.00")]);
    assert_eq!(codes(&made), ["CB0616"]);
    assert!(made.findings[0].why.contains("is closed and cannot receive"), "{}", made.findings[0].why);
}

/// What a held pool received from another stays with it by name: it is in no bill, and in no charge of its own.
#[test]
fn a_pool_that_cannot_give_on_holds_what_it_received() {
    let mut net = shared("NET", Method::Even);
    net.targets = vec![Target::Agency(agency("DOH")), Target::Pool(pool("SEC"))];
    let mut sec = shared("SEC", by("ports"));
    sec.stage = 2;
    sec.sharing.on_zero_driver = OnZeroDriver::Hold;
    let mut settings = books(vec![net, sec]);
    settings.drivers = used("ports", ["0", "0", "0"]);
    let made = allocated(&settings, &[("NET", 3, "100.00"), ("SEC", 3, "10.00")]);
    assert_eq!(shares(&made), ["NET DOH 50.00"]);
    assert_eq!(
        (result(&made, "SEC").held.to_string(), result(&made, "SEC").given_out),
        ("50.00".to_owned(), Money::ZERO)
    );
    assert_eq!(codes(&made), ["CB0602"]);
}

/// Building, network and data base use each other. Shares are percentages:
///
/// ```text
///         BLD  NET  DBA  DOH  DOT  DPS     own cost
///   BLD    -    20   10   40   20   10      1000.00
///   NET    10   -    30   10   30   20      2000.00
///   DBA    5    15   -    20   20   40       500.00
/// ```
///
/// With b, n, d what each gives out in all: b = 1000 + n/10 + d/20, n = 2000 + b/5 + 3d/20, d = 500 + b/10 + 3n/10. Cramer's
/// rule, with 1851/2000 as the determinant: b = 2435000/1851, n = 4570000/1851, d = 2540000/1851.
fn ring() -> Settings {
    let pools = [
        ("BLD", [("NET", "20"), ("DBA", "10")], ["40", "20", "10"]),
        ("NET", [("BLD", "10"), ("DBA", "30")], ["10", "30", "20"]),
        ("DBA", [("BLD", "5"), ("NET", "15")], ["20", "20", "40"]),
    ];
    let made = pools.into_iter().enumerate().map(|(place, (id, to_pools, to_agencies))| {
        let by_agency = ["DOH", "DOT", "DPS"].into_iter().zip(to_agencies);
        let shares = by_agency.map(|(code, share)| (agency(code), decimal(share))).collect();
        let mut of = shared(id, Method::Fixed { shares });
        of.line = 2 + place as u64;
        of.sharing.group = Some("core".to_owned());
        of.sharing.pool_shares = to_pools.into_iter().map(|(id, share)| (pool(id), decimal(share))).collect();
        of.targets = ["DOH", "DOT", "DPS"].into_iter().map(|code| Target::Agency(agency(code))).collect();
        of.targets.extend(of.sharing.pool_shares.keys().cloned().map(Target::Pool));
        of
    });
    books(made.collect())
}

const RING: Charges<'static> = &[("BLD", 3, "1000.00"), ("NET", 3, "2000.00"), ("DBA", 3, "500.00")];

#[test]
fn a_ring_of_three_is_solved_exactly() {
    let made = allocated(&ring(), RING);
    // b x 40 percent = 974000/1851 = 526.2020..., and so on. Floors add up to 3499.97; the cents go to .714, .624 and .624.
    let expected = [
        ("BLD", ["526.20", "263.10", "131.55"]),
        ("NET", ["246.89", "740.68", "493.79"]),
        ("DBA", ["274.45", "274.45", "548.89"]),
    ];
    for (id, amounts) in expected {
        let found = ["DOH", "DOT", "DPS"].map(|code| line(&made, id, code).amount.to_string());
        assert_eq!(found, amounts, "{id}");
    }
    let moved = ["BLD", "NET", "DBA"].map(|id| result(&made, id).exchanged.to_string());
    assert_eq!(moved, ["-79.15", "-518.64", "597.79"]);
    assert_eq!(
        line(&made, "NET", "DPS").arithmetic,
        [
            "pool NET took in 2000.00, shared fixed",
            "solved together with group core: with what the others send it, it gives out 2468.93571...",
            "2468.93571... x 20 / 100 percent = 493.787142..., with a leftover cent 493.79",
            "a plain step-down in the order BLD, NET, DBA would have given 488.888888...",
        ]
    );
    assert_eq!(codes(&made), ["CB0619"]);
    assert_eq!(
        made.findings[0].why,
        "Group core is solved exactly, so that pools also pay for what they use of each other. A plain step-down in the order \
         BLD, NET, DBA would have given otherwise: DOH 1,047.54 and not 977.78; DOT 1,278.23 and not 1,266.67; DPS 1,174.23 \
         and not 1,255.56."
    );
}

#[test]
fn a_ring_of_credits_is_the_ring_turned() {
    let credits: Vec<(&str, u64, String)> =
        RING.iter().map(|(id, day, cost)| (*id, *day, format!("-{cost}"))).collect();
    let credits: Vec<(&str, u64, &str)> = credits.iter().map(|(id, day, cost)| (*id, *day, cost.as_str())).collect();
    let (made, turned) = (allocated(&ring(), RING), allocated(&ring(), &credits));
    for (one, other) in made.bills.lines.iter().zip(&turned.bills.lines) {
        assert_eq!(one.amount.negated(), other.amount, "{}", one.id);
    }
}

#[test]
fn what_goes_round_for_ever_is_refused() {
    let mut settings = ring();
    for of in &mut settings.pools {
        let next = match of.id.as_str() {
            "BLD" => "NET",
            "NET" => "DBA",
            _ => "BLD",
        };
        of.method = Method::Fixed { shares: [].into() };
        of.sharing.pool_shares = [(pool(next), decimal("100"))].into();
        of.targets = vec![Target::Pool(pool(next))];
    }
    let made = allocated(&settings, RING);
    assert_eq!(codes(&made), ["CB0605"]);
    assert_eq!(made.findings[0].at_stake.as_ref().unwrap().0.to_string(), "3500");
    assert!(made.charges.iter().all(|charge| matches!(charge.destination, Destination::Suspense(_))));
}

#[test]
fn two_versions_in_a_month_share_by_day() {
    let day = |text: &str| Some(text.parse().unwrap());
    let mut first = shared("SHR", Method::Even);
    first.valid = Validity { from: None, to: day("2025-09-16") };
    let mut second = with(Sharing::default(), by("units"));
    (second.version, second.line) = (2, 3);
    second.valid = Validity { from: day("2025-09-16"), to: None };
    let mut settings = books(vec![first]);
    settings.pools.push(second);
    settings.drivers = used("units", ["1", "3", "0"]);
    let made = allocated(&settings, &[("SHR", 15, "100.00"), ("SHR", 16, "200.00")]);
    let told: Vec<String> = made
        .bills
        .lines
        .iter()
        .map(|line| format!("{} v{} {}", line.agency, line.share.as_ref().unwrap().version, line.amount))
        .collect();
    assert_eq!(told, ["DOH v1 33.34", "DOH v2 50.00", "DOT v1 33.33", "DOT v2 150.00", "DPS v1 33.33"]);
    assert!(made.findings.is_empty(), "{:#?}", made.findings);
    // A driver speaks of the whole month; where no version is in force on some of its days, nobody knows what it means.
    settings.pools[1].valid.to = day("2025-09-20");
    settings.pools[0].method = by("units");
    let made = allocated(&settings, &[("SHR", 15, "100.00"), ("SHR", 16, "200.00")]);
    assert_eq!(codes(&made), ["CB0615"]);
}

#[test]
fn the_order_of_rows_and_targets_decides_no_cent() {
    let mut settings = ring();
    settings.pools[0].sharing.pool_shares.clear();
    settings.pools[0].sharing.group = None;
    settings.pools[0].stage = 2;
    settings.pools[0].method = by("units");
    settings.pools[0].targets = vec![Target::All];
    settings.drivers = used("units", ["1", "1", "1"]);
    let one = allocated(&settings, RING);
    settings.pools.reverse();
    settings.drivers.reverse();
    settings.agencies.reverse();
    settings.pools.iter_mut().for_each(|pool| pool.targets.reverse());
    let rows: Vec<_> = RING.iter().rev().copied().collect();
    let other = allocated(&settings, &rows);
    assert_eq!(shares(&one), shares(&other));
    let lines = |made: &Allocated| made.bills.lines.iter().map(|line| line.arithmetic.clone()).collect::<Vec<_>>();
    assert_eq!(lines(&one), lines(&other));
}

fn told(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{} {}", finding.code, finding.why)).collect()
}

#[test]
fn who_is_missing_on_either_side_is_told_with_its_dollars() {
    let made = {
        let mut settings = books(vec![with(Sharing::default(), by("units"))]);
        settings.pools[0].targets = vec![Target::Agency(agency("DOH")), Target::Agency(agency("DPS"))];
        settings.drivers = used("units", ["3", "1", "-"]);
        settings.pool_drivers = vec![of_pool("units", "NET", "4")];
        allocated(&settings, &[("SHR", 3, "80.00")])
    };
    assert_eq!(
        told(&made.findings),
        [
            "CB0613 Driver units counts 1 unit of DOT, which pool SHR does not reach; the others share its part.",
            "CB0613 Driver units counts 4 unit of pool NET, which pool SHR does not reach; the others share its part.",
            "CB0614 Driver units has no row for DPS, so they get nothing of pool SHR.",
        ]
    );
    let stakes: Vec<String> =
        made.findings.iter().map(|finding| finding.at_stake.as_ref().unwrap().0.to_string()).collect();
    assert_eq!(stakes, ["10", "40", "80"]);
}

/// DOH buys a reservation for 100.00; DOT uses 60.00 of it and DOH itself nothing, so 40.00 are idle.
fn reservation() -> RollUp {
    let mut roll_up = RollUp::new(Vec::new());
    for (account, category, status, billed, effective) in [
        ("doh", "Purchase", "", "100", "0"),
        ("dot", "Usage", "Used", "0", "60"),
        ("doh", "Usage", "Unused", "0", "40"),
    ] {
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len()];
        for (dimension, text) in [
            (Dimension::Provider, "AWS"),
            (Dimension::BillingAccountId, "111122223333"),
            (Dimension::SubAccountId, account),
            (Dimension::ChargeCategory, category),
            (Dimension::CommitmentDiscountStatus, status),
            (Dimension::BillingCurrency, "USD"),
        ] {
            key[dimension as usize] = roll_up.symbols_mut().intern(text);
        }
        let (billed, effective) = (Cost::parse(billed).unwrap(), Some(Cost::parse(effective).unwrap()));
        let sums = Sums { billed, effective, charges: 1, ..Sums::default() };
        roll_up.push(&key, september().first_day(), sums);
    }
    RollUp::merge([roll_up], Vec::new()).unwrap()
}

fn lines_of_reservation(settings: &Settings) -> Vec<String> {
    let (made, _) = crate::golden_money::run(&reservation(), settings);
    let lines = made.bills.lines.iter().map(|line| format!("{} {} {}", line.agency, line.service, line.amount));
    lines.filter(|line| !line.ends_with(" 0.00")).collect()
}

/// Who gets the benefit of a commitment is a choice of tables, and what nobody used is a line of its own.
#[test]
fn a_commitment_benefits_the_user_the_buyer_or_a_pool() {
    use crate::golden_money::{card, conditions, owner, service};
    use chargeback::model::charge::CostBasis;
    use chargeback::model::settings::RateModel;
    let mut settings = books(vec![shared("SHR", Method::Even)]);
    let mut idle = settings.services[0].clone();
    (idle.code, idle.order) = (service("IDLE"), 0);
    idle.matches = vec![conditions("commitment_discount_status=Unused")];
    settings.services.insert(0, idle);
    let effective = RateModel::PassThrough { basis: CostBasis::Effective };
    // The user: each pays what was used; the buyer has the idle rest on a line of its own; the purchase waits in prepaid.
    settings.rate_cards = vec![card("AWS", effective.clone()), card("IDLE", effective)];
    assert_eq!(lines_of_reservation(&settings), ["DOH IDLE 40.00", "DOT AWS 60.00"]);
    // The same with idle capacity in a pool, by a rule before those of the accounts.
    let rule = owner(1, "commitment_discount_status=Unused", OwnerResult::Pool(pool("SHR")));
    settings.owner_rules.push(rule);
    assert_eq!(lines_of_reservation(&settings), ["DOH SHR 13.34", "DOT AWS 60.00", "DOT SHR 13.33", "DPS SHR 13.33"]);
    settings.owner_rules.pop();
    // The buyer: the fee as it is billed, and covered use costs nothing.
    let billed = RateModel::PassThrough { basis: CostBasis::Billed };
    settings.rate_cards = vec![card("AWS", billed.clone()), card("IDLE", billed)];
    assert_eq!(lines_of_reservation(&settings), ["DOH AWS 100.00"]);
    // A pool: the fee is shared by all.
    settings.owner_rules.push(owner(1, "charge_category=Purchase", OwnerResult::Pool(pool("SHR"))));
    assert_eq!(lines_of_reservation(&settings), ["DOH SHR 33.34", "DOT SHR 33.33", "DPS SHR 33.33"]);
}

/// Records of ServiceNow, each once however many spellings its id has, whose department says who has it.
#[test]
fn devices_are_counted_from_servicenow() {
    use chargeback::model::intake::DirectoryEntry;
    use chargeback::model::settings::{Counts, MeasureSetting};
    use chargeback::stages::rate::measures;
    let mut settings = books(vec![shared("SHR", by("machines"))]);
    settings.state.measures = vec![MeasureSetting {
        name: "machines".to_owned(),
        source: String::new(),
        meters: Vec::new(),
        line: 7,
        counts: Counts::Devices,
        services: Vec::new(),
    }];
    let mut directory = Directory::default();
    for (id, department, row) in
        [("i-1", "doh", 2), ("machine-1", "doh", 2), ("i-2", "DOH", 3), ("i-3", "dot", 4), ("i-4", "nobody", 5)]
    {
        let (departments, file) = (vec![department.to_owned()], "servicenow/machines.csv".to_owned());
        let entry = DirectoryEntry { departments, file, row, ..DirectoryEntry::default() };
        directory.resources.insert(id.to_owned(), entry);
    }
    let (values, findings) = measures(&roll_up(&[]), &directory, &settings, september());
    let told: Vec<String> = values.iter().map(|of| format!("{} {} {}", of.agency, of.value, of.unit)).collect();
    assert_eq!(told, ["DOH 2 devices", "DOT 1 devices"]);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(findings[0].why.starts_with("1 devices of resource i-4 ("), "{}", findings[0].why);
    settings.drivers = values;
    let made = allocated(&settings, &[("SHR", 3, "100.00")]);
    assert_eq!(shares(&made), ["SHR DOH 66.67", "SHR DOT 33.33"]);
}
