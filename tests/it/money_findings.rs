//! What rate and allocate tell when settings are wrong: September with one thing changed, and the finding word for word.

use crate::golden_money::{
    agency, card, conditions, decimal, driver, funding, mode, owner, pool, roll_up_of_september, run, service, settings,
};
use chargeback::model::bill::Destination;
use chargeback::model::charge::CostBasis;
use chargeback::model::month::Validity;
use chargeback::model::settings::{Measure, Method, Mode, OwnerResult, RateModel, Scope, Settings, Target};
use std::collections::BTreeMap;

type Change = fn(&mut Settings);

fn pass_through() -> RateModel {
    RateModel::PassThrough { basis: CostBasis::Billed }
}

fn driven(name: &str) -> RateModel {
    let measure = Measure::Driver(name.to_owned());
    RateModel::Unit { unit: "hours".to_owned(), unit_price: decimal("10"), price_per: decimal("1"), measure }
}

fn from(day: &str) -> Validity {
    Validity { from: Some(day.parse().unwrap()), to: None }
}

fn pool_is(settings: &mut Settings, method: Method) {
    settings.pools[0].method = method;
}

fn shares(parts: &[(&str, &str)]) -> Method {
    let shares: BTreeMap<_, _> = parts.iter().map(|(code, percent)| (agency(code), decimal(percent))).collect();
    Method::Fixed { shares }
}

const OWNERS_AND_RATES: [(&str, Change); 12] = [
    ("an account nobody owns", |settings| settings.owner_rules.retain(|rule| rule.sequence != 10)),
    ("a rule that names no agency", |settings| {
        settings.owner_rules.insert(0, owner(0, "sub_account_id=doh", OwnerResult::Agency(agency("DOX"))));
    }),
    ("a rule that names no pool", |settings| {
        settings.owner_rules.insert(0, owner(0, "sub_account_id=doh", OwnerResult::Pool(pool("GONE"))));
    }),
    ("no service", |settings| settings.services.retain(|known| known.code.as_str() != "AZU")),
    ("no rate", |settings| settings.rate_cards.retain(|card| card.service.as_str() != "AZU")),
    ("a rate that starts on the second day", |settings| settings.rate_cards[1].valid = from("2025-09-02")),
    ("two equal rates", |settings| settings.rate_cards.push(card("AZU", pass_through()))),
    ("a rate nobody approved", |settings| settings.rate_cards[1].approved_by.clear()),
    ("a cost nobody knows", |settings| {
        settings.rate_cards[1].model = RateModel::PassThrough { basis: CostBasis::Contracted };
        settings.rate_cards[1].conditions = conditions("sku_meter=SQL");
        settings.rate_cards.push(card("AZU", pass_through()));
    }),
    ("two equal unit rates", |settings| {
        let mut other = card("SNW", driven("hours"));
        other.rate_id = "OTHER".to_owned();
        settings.rate_cards.push(other);
    }),
    ("a rate whose table has no rows", |settings| settings.rate_cards.push(card("SNW", driven("licences")))),
    ("fees on each other", |settings| {
        let of = |code: &str| RateModel::Percent { percent: decimal("1"), of: vec![service(code)] };
        settings.rate_cards.push(card("SNW", of("TOP")));
        settings.rate_cards.push(card("TOP", of("SNW")));
    }),
];

const UNITS_AND_POOLS: [(&str, Change); 13] = [
    ("hours of an unknown agency", |settings| settings.drivers.push(driver("hours", "DOX", "2", "hours"))),
    ("hours in another unit", |settings| settings.drivers[0].unit = "days".to_owned()),
    ("hours of an agency without a rate", |settings| {
        settings.rate_cards[3].scope = Scope::Agency(agency("DOH"));
        settings.drivers.remove(2);
    }),
    ("negative hours", |settings| settings.drivers[0] = driver("hours", "DOH", "-1", "hours")),
    ("a pool without a driver table", |settings| {
        pool_is(settings, Method::Driver { driver: "devices".to_owned() });
    }),
    ("a driver of zeros", |settings| {
        pool_is(settings, Method::Driver { driver: "devices".to_owned() });
        settings.drivers.extend(["DOH", "DOT", "DPS"].map(|code| driver("devices", code, "0", "devices")));
    }),
    ("a negative driver", |settings| {
        pool_is(settings, Method::Driver { driver: "devices".to_owned() });
        settings.drivers.extend(["DOH", "DOT", "DPS"].map(|code| driver("devices", code, "-1", "devices")));
    }),
    ("a driver row that reaches nobody", |settings| {
        settings.pools[1].targets = ["DOT", "DPS"].map(|code| Target::Agency(agency(code))).into();
    }),
    ("a target without a driver row", |settings| settings.drivers.truncate(5)),
    ("an unknown target", |settings| settings.pools[0].targets.push(Target::Agency(agency("DOX")))),
    ("shares of 99.99 percent", |settings| pool_is(settings, shares(&[("DOH", "50"), ("DOT", "49.99")]))),
    ("a share for nobody", |settings| pool_is(settings, shares(&[("DOH", "50"), ("DOX", "50")]))),
    ("a pool by a cost that nobody has", |settings| {
        pool_is(settings, Method::ProportionalToCost { services: vec![service("SNW")] });
    }),
];

const FUNDING: [(&str, Change); 4] = [
    ("no funding", |settings| settings.funding.retain(|rule| rule.agency.as_str() != "DPS")),
    ("funding of 99.99 percent", |settings| settings.funding[1].percent = decimal("39.99")),
    ("funding twice", |settings| settings.funding.push(funding("DOT", 1, "100", "1000"))),
    ("absorbed by nobody", |settings| settings.modes.push(mode("SNW", Mode::Absorbed))),
];

fn told(cases: &[(&str, Change)]) -> String {
    let mut told = String::new();
    for (case, change) in cases {
        let mut settings = settings();
        change(&mut settings);
        let (allocated, vendors) = run(&roll_up_of_september(), &settings);
        let lost = chargeback::stages::allocate::conserve(&allocated.charges, &allocated.bills, &vendors).unwrap();
        assert!(lost.is_empty(), "{case}: {lost:?}");
        told.push_str(&format!("# {case}\n"));
        for finding in allocated.findings.iter().filter(|finding| finding.code.number() != 702) {
            told.push_str(&format!("{finding}\n"));
        }
        let suspense = |to: &Destination| matches!(to, Destination::Suspense(_));
        let waiting = allocated.charges.iter().filter(|charge| suspense(&charge.destination));
        let waiting = chargeback::model::money::Money::total(waiting.map(|charge| charge.amount)).unwrap();
        told.push_str(&format!("  in suspense {waiting}\n\n"));
    }
    told
}

#[test]
fn owners_and_rates() {
    insta::assert_snapshot!(told(&OWNERS_AND_RATES));
}

#[test]
fn units_and_pools() {
    insta::assert_snapshot!(told(&UNITS_AND_POOLS));
}

#[test]
fn strings_that_pay() {
    insta::assert_snapshot!(told(&FUNDING));
}
