use super::*;
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::settings::Mode;
use proptest::prelude::*;

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

fn one(kind: LineKind, amount: &str) -> Billed {
    Billed {
        agency: AgencyCode::parse("DOH").unwrap(),
        service: ServiceCode::parse("CLOUD").unwrap(),
        kind,
        mode: Mode::Chargeback,
        by: String::new(),
        amount: money(amount),
        quantity: None,
        unit: String::new(),
        unit_price: String::new(),
        whole: None,
        meters: Vec::new(),
    }
}

fn used(meters: &[(&str, &str, &str, &str)]) -> Billed {
    let meters: Vec<MeterUse> = meters
        .iter()
        .map(|(meter, unit, used, amount)| MeterUse {
            meter: (*meter).to_owned(),
            unit: (*unit).to_owned(),
            quantity: quantity(used),
            amount: money(amount),
        })
        .collect();
    let amount = Money::total(meters.iter().map(|one| one.amount)).unwrap();
    Billed { amount, meters, ..one(LineKind::Direct, "0.00") }
}

fn told(before: &[Billed], now: &[Billed]) -> Vec<(Effect, String)> {
    steps(before, now).unwrap().into_iter().map(|step| (step.effect, step.amount.to_string())).collect()
}

fn expected(steps: &[(Effect, &str)]) -> Vec<(Effect, String)> {
    steps.iter().map(|(effect, amount)| (*effect, (*amount).to_owned())).collect()
}

#[test]
fn hours_and_their_price() {
    // 100 hours at 68.40, then 120 at 70.00: 20 hours more at 68.40 are 1,368.00, and 120 times 1.60 are 192.00.
    let hours = |count: &str, amount: &str| Billed {
        quantity: Some(quantity(count)),
        unit: "hour".to_owned(),
        ..one(LineKind::Unit, amount)
    };
    let found = told(&[hours("100", "6840.00")], &[hours("120", "8400.00")]);
    assert_eq!(found, expected(&[(Effect::Volume, "1368.00"), (Effect::Price, "192.00")]));
}

#[test]
fn at_one_price_the_cents_of_rounding_are_no_price() {
    // 3.25 hours at 62.50 are 203.125, so 203.13; 5 hours are 312.50.
    let hours = |count: &str, amount: &str| Billed {
        quantity: Some(quantity(count)),
        unit: "hour".to_owned(),
        unit_price: "62.50".to_owned(),
        ..one(LineKind::Unit, amount)
    };
    assert_eq!(told(&[hours("3.25", "203.13")], &[hours("5", "312.50")]), expected(&[(Effect::Volume, "109.37")]));
}

#[test]
fn a_pool_and_the_part_of_it() {
    // A quarter of 1,000 is 250. The pool grew by 200, of which a quarter is 50; the rest is a larger part.
    let share = |whole: &str, amount: &str| Billed { whole: Some(money(whole)), ..one(LineKind::Shared, amount) };
    let found = told(&[share("1000.00", "250.00")], &[share("1200.00", "360.00")]);
    assert_eq!(found, expected(&[(Effect::Pool, "50.00"), (Effect::Share, "60.00")]));
}

#[test]
fn a_fee_follows_its_base_and_its_percentage() {
    // 3 percent of 1,000, then 4 percent of 1,500: at 3 percent it would have been 45.
    let fee = |percent: &str, amount: &str| Billed { unit_price: percent.to_owned(), ..one(LineKind::Fee, amount) };
    let found = told(&[fee("3", "30.00")], &[fee("4", "60.00")]);
    assert_eq!(found, expected(&[(Effect::Volume, "15.00"), (Effect::Price, "15.00")]));
}

#[test]
fn meters_by_volume_mix_and_price() {
    // Twenty hours cost 110 before, 5.50 on average; five more are 27.50. They were of the cheap machine, so the bill
    // fell by 40 all the same: the mix is -67.50. Then the dear one's price doubles: 50 more.
    let before = used(&[("small", "hour", "10", "10.00"), ("large", "hour", "10", "100.00")]);
    let now = used(&[("small", "hour", "20", "20.00"), ("large", "hour", "5", "100.00")]);
    let found = told(&[before], &[now]);
    let steps = [(Effect::Volume, "27.50"), (Effect::Price, "50.00"), (Effect::Mix, "-67.50")];
    assert_eq!(found, expected(&steps));
}

#[test]
fn what_is_new_what_ended_and_what_has_no_quantity() {
    let before = used(&[("old", "GB", "3", "3.00"), ("credit", "", "0", "-5.00")]);
    let now = used(&[("fresh", "GB", "2", "8.00"), ("credit", "", "0", "-1.00")]);
    let found = told(&[before], &[now]);
    let steps = [(Effect::New, "8.00"), (Effect::Ended, "-3.00"), (Effect::Other, "4.00")];
    assert_eq!(found, expected(&steps));
}

#[test]
fn lines_that_come_go_are_corrected_or_only_shown() {
    let other = |by: &str, kind, amount: &str| Billed { by: by.to_owned(), ..one(kind, amount) };
    let shown = |by: &str, amount: &str| Billed { mode: Mode::Showback, ..other(by, LineKind::Direct, amount) };
    let before = [
        other("A", LineKind::Fixed, "10.00"),
        shown("B", "20.00"),
        other("", LineKind::Adjustment, "-1.00"),
        other("C", LineKind::Direct, "40.00"),
    ];
    let now = [other("B", LineKind::Direct, "25.00"), other("D", LineKind::Fixed, "7.00"), shown("C", "41.00")];
    let steps =
        [(Effect::New, "7.00"), (Effect::Ended, "-10.00"), (Effect::Treatment, "-15.00"), (Effect::Adjustment, "1.00")];
    assert_eq!(told(&before, &now), expected(&steps));
}

#[test]
fn the_smallest_meters_of_very_many_are_one() {
    let many: Vec<MeterUse> = (1..=MOST_METERS as i64 + 3)
        .map(|cents| MeterUse {
            meter: format!("m{cents:04}"),
            unit: "h".to_owned(),
            quantity: Quantity::ONE,
            amount: Money::from_cents(cents),
        })
        .collect();
    let all = Money::total(many.iter().map(|one| one.amount)).unwrap();
    let kept = largest(many).unwrap();
    assert_eq!(kept.len(), MOST_METERS + 1);
    assert_eq!((kept[0].meter.as_str(), kept[0].amount), ("", money("0.06")));
    assert_eq!(Money::total(kept.iter().map(|one| one.amount)).unwrap(), all);
}

fn any_billed() -> impl Strategy<Value = Billed> {
    let kind = prop::sample::select(vec![LineKind::Direct, LineKind::Shared, LineKind::Unit, LineKind::Fee]);
    let meter = (0..4u8, 0..2u8, 0..500i64, -50_000..500_000i64);
    let fields = (kind, 0..3u8, prop::bool::weighted(0.8), -1_000_000..9_000_000i64, 1..5i64);
    (fields, prop::collection::vec(meter, 0..6)).prop_map(|((kind, by, is_due, cents, price), meters)| {
        let meters: BTreeMap<(u8, u8), (i64, i64)> =
            meters.into_iter().map(|(meter, unit, count, cents)| ((meter, unit), (count, cents))).collect();
        let meters = meters.into_iter().map(|((meter, unit), (count, cents))| MeterUse {
            meter: meter.to_string(),
            unit: unit.to_string(),
            quantity: quantity(&count.to_string()),
            amount: Money::from_cents(cents),
        });
        let meters: Vec<MeterUse> = if kind == LineKind::Direct { meters.collect() } else { Vec::new() };
        let whole = (kind == LineKind::Shared).then(|| Money::from_cents(cents * 3));
        let of_meters = Money::total(meters.iter().map(|one| one.amount)).unwrap();
        Billed {
            by: by.to_string(),
            mode: if is_due { Mode::Chargeback } else { Mode::Showback },
            amount: if meters.is_empty() { Money::from_cents(cents) } else { of_meters },
            quantity: (kind == LineKind::Unit).then(|| quantity(&price.to_string())),
            unit_price: price.to_string(),
            whole,
            meters,
            ..one(kind, "0.00")
        }
    })
}

fn distinct(mut all: Vec<Billed>) -> Vec<Billed> {
    all.sort_by(|a, b| (a.key(), a.mode).cmp(&(b.key(), b.mode)));
    all.dedup_by(|a, b| a.key() == b.key() && a.mode == b.mode);
    all
}

proptest! {
    #[test]
    fn the_steps_are_the_change_to_the_cent(
        before in prop::collection::vec(any_billed(), 0..8),
        now in prop::collection::vec(any_billed(), 0..8),
    ) {
        let (before, now) = (distinct(before), distinct(now));
        let due = |all: &[Billed]| {
            Money::total(all.iter().filter(|one| one.is_due()).map(|one| one.amount)).unwrap()
        };
        let steps = steps(&before, &now).unwrap();
        let sum = Money::total(steps.iter().map(|step| step.amount)).unwrap();
        prop_assert_eq!(sum, due(&now).checked_sub(due(&before)).unwrap());
    }
}
