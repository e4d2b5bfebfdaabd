//! Cards, pools and funding rules that change within a month: split by the day of use where it is known, and otherwise
//! told, never guessed.

use crate::golden_money::{agency, card, decimal, driver, run, september, service, settings};
use chargeback::model::bill::{BillLine, Destination, LineKind};
use chargeback::model::charge::Dimension;
use chargeback::model::finding::{Code, Finding};
use chargeback::model::money::Cost;
use chargeback::model::month::Validity;
use chargeback::model::roll_up::{RollUp, Sums, Symbol};
use chargeback::model::settings::{Method, RateCard, RateModel, Settings};
use chargeback::stages::allocate::Allocated;
use std::collections::BTreeMap;

/// Account, day, cost: 100 and 200 of DOH, 50 of DOT, and 30 for the pool, late in the month.
const ROWS: [(&str, u64, &str); 4] =
    [("doh", 5, "100.00"), ("doh", 20, "200.00"), ("dot", 11, "50.00"), ("shared", 20, "30.00")];

fn roll_up() -> RollUp {
    let mut roll_up = RollUp::new(Vec::new());
    for (account, day, billed) in ROWS {
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len()];
        for (dimension, text) in [
            (Dimension::Provider, "AWS"),
            (Dimension::BillingAccountId, "111122223333"),
            (Dimension::InvoiceId, "2045678901"),
            (Dimension::SubAccountId, account),
            (Dimension::ChargeCategory, "Usage"),
            (Dimension::BillingCurrency, "USD"),
        ] {
            key[dimension as usize] = roll_up.symbols_mut().intern(text);
        }
        let billed = Cost::parse(billed).unwrap();
        let sums = Sums { billed, effective: Some(billed), charges: 1, ..Sums::default() };
        roll_up.push(&key, september().first_day() + chrono::Days::new(day - 1), sums);
    }
    roll_up
}

fn closed(change: impl FnOnce(&mut Settings)) -> Allocated {
    let mut settings = settings();
    settings.invoices.clear();
    change(&mut settings);
    run(&roll_up(), &settings).0
}

fn valid(from: &str, to: &str) -> Validity {
    let day = |text: &str| (!text.is_empty()).then(|| format!("2025-{text}").parse().unwrap());
    Validity { from: day(from), to: day(to) }
}

fn percent_card(settings: &mut Settings) -> &mut RateCard {
    let is_fee = |card: &&mut RateCard| card.service.as_str() == "FEE";
    settings.rate_cards.iter_mut().find(is_fee).unwrap()
}

/// A second version with another percentage.
fn next_version(settings: &mut Settings, percent: &str, validity: Validity) {
    let mut next = percent_card(settings).clone();
    let RateModel::Percent { of, .. } = next.model else { panic!("no percent card") };
    next.model = RateModel::Percent { percent: decimal(percent), of };
    (next.version, next.line, next.valid) = (2, 9, validity);
    settings.rate_cards.push(next);
}

fn fees(allocated: &Allocated) -> Vec<String> {
    let fees = allocated.bills.lines.iter().filter(|line| line.kind == LineKind::Fee);
    let shown = |line: &BillLine| {
        let version = line.rate.as_ref().unwrap().version;
        format!("{} v{version} {} percent {}", line.agency, line.unit_price, line.amount)
    };
    fees.map(shown).collect()
}

fn of_code(allocated: &Allocated, code: Code) -> Vec<&Finding> {
    allocated.findings.iter().filter(|finding| finding.code == code).collect()
}

#[test]
fn a_fee_that_changes_is_taken_by_day() {
    let allocated = closed(|settings| {
        percent_card(settings).valid = valid("01-01", "09-11");
        next_version(settings, "6", valid("09-11", ""));
    });
    // Shares of 10.00 count on the first of the month: 4.5 percent of 110.00 and 10.00, 6 percent of 200.00 and 50.00.
    let expected = [
        "DOH v1 4.5 percent 4.95",
        "DOH v2 6 percent 12.00",
        "DOT v1 4.5 percent 0.45",
        "DOT v2 6 percent 3.00",
        "DPS v1 4.5 percent 0.45",
    ];
    assert_eq!(fees(&allocated), expected);
    let told: Vec<&Vec<String>> = allocated
        .bills
        .lines
        .iter()
        .filter(|line| line.kind == LineKind::Fee && line.agency.as_str() == "DOH")
        .map(|line| &line.arithmetic)
        .collect();
    let expected = [
        [
            "4.5 percent of 110.00 (AWS 100.00, SHR 10.00) = 4.95, rounded half up to 4.95",
            "taken on what was used from 2025-09-01 to 2025-09-10; shares of pools and lines from driver tables count on the \
             first day of the month",
        ],
        [
            "6 percent of 200.00 (AWS 200.00) = 12, rounded half up to 12.00",
            "taken on what was used from 2025-09-11 to 2025-09-30; shares of pools and lines from driver tables count on the \
             first day of the month",
        ],
    ];
    assert_eq!(told, expected.iter().collect::<Vec<_>>());
    assert!(of_code(&allocated, Code::RateGap).is_empty());
}

#[test]
fn days_without_a_fee_card_are_told_with_their_dollars() {
    for (from, to, fee, gap) in [
        ("09-11", "", ["DOH v1 4.5 percent 9.00", "DOT v1 4.5 percent 2.25"].as_slice(), "130"),
        ("01-01", "09-11", &["DOH v1 4.5 percent 4.95", "DOT v1 4.5 percent 0.45", "DPS v1 4.5 percent 0.45"], "250"),
    ] {
        let allocated = closed(|settings| percent_card(settings).valid = valid(from, to));
        assert_eq!(fees(&allocated), fee);
        let told = of_code(&allocated, Code::RateGap);
        assert_eq!(told.len(), 1, "{:#?}", allocated.findings);
        assert!(told[0].blocks());
        assert_eq!(told[0].at_stake.as_ref().unwrap().0.to_string(), gap);
    }
    let all_month_without = closed(|settings| percent_card(settings).valid = valid("10-01", ""));
    assert!(fees(&all_month_without).is_empty());
    assert!(of_code(&all_month_without, Code::RateGap).is_empty());
}

#[test]
fn a_fee_on_a_fee_cannot_be_split_by_day() {
    let allocated = closed(|settings| {
        let model = RateModel::Percent { percent: decimal("1"), of: vec![service("FEE")] };
        settings.rate_cards.push(RateCard { valid: valid("09-11", ""), ..card("SNW", model) });
        settings.drivers.clear();
    });
    let told = of_code(&allocated, Code::RateWithinMonth);
    assert!(!told.is_empty() && told.iter().all(|finding| finding.blocks()), "{:#?}", allocated.findings);
    assert!(fees(&allocated).iter().all(|fee| fee.contains("4.5 percent")));
}

#[test]
fn hours_of_a_month_have_one_price() {
    let hours = |change: fn(&mut RateCard)| {
        closed(move |settings| {
            let is_hours = |card: &&mut RateCard| matches!(card.model, RateModel::Unit { .. });
            let first = settings.rate_cards.iter_mut().find(is_hours).unwrap();
            let mut next = first.clone();
            first.valid = valid("01-01", "09-11");
            (next.version, next.valid) = (2, valid("09-11", ""));
            change(&mut next);
            settings.rate_cards.push(next);
        })
    };
    let count = |allocated: &Allocated| allocated.bills.lines.iter().filter(|l| l.kind == LineKind::Unit).count();
    let dearer = hours(|next| {
        let RateModel::Unit { unit_price, .. } = &mut next.model else { panic!("no unit card") };
        *unit_price = decimal("99");
    });
    let told = of_code(&dearer, Code::RateWithinMonth);
    assert_eq!((told.len(), count(&dearer)), (3, 0));
    assert_eq!(
        told[0].to_string().lines().collect::<Vec<_>>(),
        [
            "CB0508 blocks the close: a rate changes within a month that cannot be told apart by day",
            "  rates/2026.csv, line 2, column \"effective_from\": \"2025-09-11\"",
            "  why  Rate SNW-2026 version 2 starts within 2025-09, and the 0.75 hours of agency DPS are not known by day, so \
             nobody can tell which part it prices. At stake: 74.25 USD.",
            "  fix  Let the change take effect on the first of a month: 2025-09-01, or 2025-10-01.",
        ]
    );
    let alike = hours(|next| next.approved_by = "another committee".to_owned());
    assert_eq!((of_code(&alike, Code::RateWithinMonth).len(), count(&alike)), (0, 3));
    let gap = hours(|next| next.valid = valid("09-12", ""));
    assert_eq!((of_code(&gap, Code::RateWithinMonth).len(), count(&gap)), (3, 0));
}

#[test]
fn a_pool_shares_its_charges_in_one_way() {
    let pool = |change: fn(&mut Settings)| closed(change);
    let shares = |allocated: &Allocated| allocated.bills.lines.iter().filter(|line| line.share.is_some()).count();
    let ended = pool(|settings| settings.pools[0].valid = valid("01-01", "09-16"));
    let told = of_code(&ended, Code::PoolWithinMonth);
    assert_eq!((told.len(), shares(&ended)), (1, 0));
    assert_eq!(
        told[0].to_string().lines().collect::<Vec<_>>(),
        [
            "CB0615 blocks the close: a pool changes within a month that cannot be told apart by day",
            "  pools.csv, line 2, column \"effective_to\": \"2025-09-16\"",
            "  why  No version of pool SHR is in force on 2025-09-20, a day that it has charges of; so the pool is not \
             shared. At stake: 30.00 USD.",
            "  fix  Let versions of the pool begin and end on the first of a month: 2025-09-01, or 2025-10-01.",
        ]
    );
    let waits = |to: &Destination| matches!(to, Destination::Suspense(_));
    assert_eq!(ended.charges.iter().filter(|charge| waits(&charge.destination)).count(), 1);

    // All charges of the pool are of days on which it is in force, and it is shared evenly.
    let started = pool(|settings| settings.pools[0].valid = valid("09-16", ""));
    assert_eq!((of_code(&started, Code::PoolWithinMonth).len(), shares(&started)), (0, 3));

    let by_driver = pool(|settings| {
        settings.pools[0].valid = valid("09-16", "");
        settings.pools[0].method = Method::Driver { driver: "devices".to_owned() };
        settings.drivers.push(driver("devices", "DOH", "3", "devices"));
    });
    let told = of_code(&by_driver, Code::PoolWithinMonth);
    assert_eq!((told.len(), shares(&by_driver)), (1, 0));
    assert!(told[0].to_string().contains("column \"effective_from\": \"2025-09-16\""), "{}", told[0]);

    let renewed = pool(|settings| {
        let mut next = settings.pools[0].clone();
        settings.pools[0].valid = valid("01-01", "09-16");
        (next.version, next.valid) = (2, valid("09-16", ""));
        next.method = Method::Fixed { shares: BTreeMap::from([(agency("DOH"), decimal("100"))]) };
        settings.pools.push(next);
    });
    // Its only charge is of the second version's days.
    assert_eq!((of_code(&renewed, Code::PoolWithinMonth).len(), shares(&renewed)), (0, 1));
}

#[test]
fn a_funding_rule_that_starts_later_is_named() {
    let allocated = closed(|settings| {
        let of_dot = settings.funding.iter_mut().filter(|rule| rule.agency.as_str() == "DOT");
        of_dot.for_each(|rule| rule.valid = valid("09-20", ""));
    });
    let told = of_code(&allocated, Code::FundingMissing);
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].to_string().lines().collect::<Vec<_>>(),
        [
            "CB0608 blocks the close: a bill line without funding",
            "  funding.csv, line 1, column \"effective_from\": \"2025-09-20\"",
            "  why  No funding rule says who pays 4 lines (AWS, SHR, FEE, SNW) of agency DOT. The rule of line 1 starts on \
             2025-09-20; who pays a month is decided by its first day, 2025-09-01. At stake: 156.45 USD.",
            "  fix  Let the rule begin on 2025-09-01, or add a rule that is in force on that day.",
        ]
    );
}

#[test]
fn what_is_not_invoiced_is_an_accrual() {
    let allocated = closed(|_| {});
    let direct = allocated.bills.lines.iter().filter(|line| line.kind == LineKind::Direct);
    assert!(direct.clone().count() > 0);
    for line in direct {
        assert!(line.arithmetic[1].contains("fitted to the accrual"), "{:?}", line.arithmetic);
        assert!(line.arithmetic[1].ends_with(&line.amount.to_string()), "{:?}", line.arithmetic);
    }
}
