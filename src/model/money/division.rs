//! Cents out of exact amounts: largest remainder, and nowhere else is a cent given or taken.

use super::{CENT, Cost, Exact, Money, Overflow};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use thiserror::Error;

/// What a division into cents did, for the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// The cents of each item, in the order the items were given.
    pub cents: Vec<Money>,
    /// Items that received one of the leftover cents.
    pub received: Vec<usize>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum DivisionRefusal {
    #[error("the weights add up to nothing, so there is no way to share")]
    NoWeight,
    #[error("a weight is negative")]
    NegativeWeight,
    #[error("{leftover} cents are left over for {items} items: that is a difference, not rounding")]
    NotRounding { leftover: String, items: usize },
    #[error("an amount left the range that can be kept exactly")]
    Overflow,
}

/// Shares cents by weights, largest remainder; ties go to the earlier item. `split(-t)` is exactly `-split(t)`.
pub fn split(total: Money, weights: &[Exact]) -> Result<Division, DivisionRefusal> {
    if weights.iter().any(Exact::is_negative) {
        return Err(DivisionRefusal::NegativeWeight);
    }
    let sum = weights.iter().fold(BigRational::zero(), |sum, weight| sum + &weight.0);
    if sum.is_zero() {
        return Err(DivisionRefusal::NoWeight);
    }
    let magnitude = BigRational::from_integer(total.0.abs().into());
    let raw: Vec<BigRational> = weights.iter().map(|weight| &magnitude * &weight.0 / &sum).collect();
    let mut division = largest_remainder(total.0.abs().into(), &raw)?;
    if total.0 < 0 {
        division.cents.iter_mut().for_each(|share| *share = share.negated());
    }
    Ok(division)
}

/// Rounds costs to cents so that they add up to a known total; refuses a difference that rounding cannot explain.
pub fn fit(total: Money, costs: &[Cost]) -> Result<Division, DivisionRefusal> {
    let mut cents = Vec::with_capacity(costs.len());
    let mut remainders = Vec::with_capacity(costs.len());
    let mut floored: i128 = 0;
    for cost in costs {
        let floor = cost.0.div_euclid(CENT);
        remainders.push(cost.0.rem_euclid(CENT));
        floored = floored.checked_add(floor).ok_or(DivisionRefusal::Overflow)?;
        cents.push(i64::try_from(floor).map_err(|_| DivisionRefusal::Overflow)?);
    }
    let leftover = i128::from(total.0) - floored;
    let refusal = || DivisionRefusal::NotRounding { leftover: leftover.to_string(), items: costs.len() };
    let leftover = usize::try_from(leftover).map_err(|_| refusal())?;
    if leftover > costs.len() {
        return Err(refusal());
    }
    let received = largest(&remainders, leftover);
    received.iter().for_each(|&item| cents[item] += 1);
    Ok(Division { cents: cents.into_iter().map(Money).collect(), received })
}

/// Rounds exact amounts of either sign that add up to whole cents, largest remainder; ties go to the earlier item. With
/// all signs turned, all cents are turned.
pub fn apportion(total: Money, amounts: &[Exact]) -> Result<Division, DivisionRefusal> {
    let first = amounts.iter().find(|amount| !amount.is_zero());
    let turned = total.is_negative() || (total.is_zero() && first.is_some_and(Exact::is_negative));
    let sign = BigRational::from_integer(if turned { -100 } else { 100 }.into());
    let raw: Vec<BigRational> = amounts.iter().map(|amount| &amount.0 * &sign).collect();
    let goal = BigInt::from(total.0) * if turned { -1 } else { 1 };
    let leftover: BigInt = &goal - raw.iter().map(|share| share.floor().to_integer()).sum::<BigInt>();
    if leftover.is_negative() || leftover > BigInt::from(amounts.len()) {
        return Err(DivisionRefusal::NotRounding { leftover: leftover.to_string(), items: amounts.len() });
    }
    let mut division = largest_remainder(goal, &raw)?;
    if turned {
        division.cents.iter_mut().for_each(|share| *share = share.negated());
    }
    Ok(division)
}

fn largest_remainder(total: BigInt, raw: &[BigRational]) -> Result<Division, DivisionRefusal> {
    let floors: Vec<BigInt> = raw.iter().map(|share| share.floor().to_integer()).collect();
    let remainders: Vec<BigRational> = raw.iter().map(|share| share - share.floor()).collect();
    let leftover = total - floors.iter().sum::<BigInt>();
    let leftover = leftover.to_usize().ok_or(DivisionRefusal::Overflow)?;
    let received = largest(&remainders, leftover);
    let mut cents = Vec::with_capacity(floors.len());
    for floor in &floors {
        cents.push(Money(floor.to_i64().ok_or(DivisionRefusal::Overflow)?));
    }
    received.iter().for_each(|&item| cents[item].0 += 1);
    Ok(Division { cents, received })
}

/// The places of the `count` largest values; of equal ones the earlier. In ascending order.
fn largest<T: Ord>(values: &[T], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].cmp(&values[a]).then(a.cmp(&b)));
    order.truncate(count);
    order.sort_unstable();
    order
}

/// The k-th of n installments of a yearly amount, by cumulative rounding, so that all of them add up to it.
pub fn installment(total: Money, k: u32, n: u32) -> Result<Money, Overflow> {
    let part = |upto: u32| {
        let share = Exact(BigRational::new(upto.into(), n.max(1).into()));
        total.exact().times(&share).round_half_up()
    };
    part(k)?.checked_sub(part(k.saturating_sub(1))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    fn weights(text: &str) -> Vec<Exact> {
        text.split_whitespace().map(|weight| Cost::parse(weight).unwrap().exact()).collect()
    }

    fn shown(cents: &[Money]) -> String {
        cents.iter().map(Money::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn exact_amounts_become_cents_that_add_up() {
        for (total, by, expected) in [
            ("1.00", "0.333 0.333 0.334", "0.33 0.33 0.34"),
            ("0.00", "0.005 -0.005", "0.01 -0.01"),
            ("-1.00", "-1.505 0.505", "-1.51 0.51"),
            ("1.00", "1.505 -0.505", "1.51 -0.51"),
        ] {
            let amounts = weights(by);
            let turned: Vec<Exact> = amounts.iter().map(|amount| Exact::zero().minus(amount)).collect();
            let cents = apportion(money(total), &amounts).unwrap().cents;
            assert_eq!(shown(&cents), expected, "{total} {by}");
            let minus: Vec<Money> = cents.into_iter().map(Money::negated).collect();
            assert_eq!(apportion(money(total).negated(), &turned).unwrap().cents, minus);
        }
        assert!(apportion(money("1.00"), &weights("0.5 0.4")).is_err());
    }

    #[test]
    fn shares_of_a_total() {
        for (total, by, expected) in [
            ("100.00", "1 1 1", "33.34 33.33 33.33"),
            ("-100.00", "1 1 1", "-33.34 -33.33 -33.33"),
            ("2183.33", "1 1 1", "727.78 727.78 727.77"),
            ("0.01", "33.333333 33.333333 33.333334", "0.00 0.00 0.01"),
            ("0.01", "1 1 1", "0.01 0.00 0.00"),
            ("0.00", "60 40", "0.00 0.00"),
            ("7349.77", "60 40", "4409.86 2939.91"),
            ("203.13", "50 30 20", "101.56 60.94 40.63"),
            ("171.88", "50 30 20", "85.94 51.56 34.38"),
            ("-31.25", "50 30 20", "-15.63 -9.37 -6.25"),
            ("222.58", "7349.77 5120.85 4697.38", "95.29 66.39 60.90"),
            ("845.67", "1200000 600000 200000", "507.40 253.70 84.57"),
            ("5.00", "100", "5.00"),
            ("5.00", "0 1 0", "0.00 5.00 0.00"),
        ] {
            assert_eq!(shown(&split(money(total), &weights(by)).unwrap().cents), expected, "{total} by {by}");
        }
        assert_eq!(split(money("1.00"), &weights("0 0")), Err(DivisionRefusal::NoWeight));
        assert_eq!(split(money("1.00"), &[]), Err(DivisionRefusal::NoWeight));
        assert_eq!(split(money("1.00"), &weights("2 -1")), Err(DivisionRefusal::NegativeWeight));
    }

    #[test]
    fn costs_fitted_to_an_invoice() {
        for (total, costs, expected) in [
            ("5000.00", "4321.123456 678.876544", Ok("4321.12 678.88")),
            ("2749.50", "2468.135790 531.364210 -250", Ok("2468.14 531.36 -250.00")),
            ("0.01", "0.004 0.004", Ok("0.01 0.00")),
            ("-0.01", "-0.004 -0.006", Ok("0.00 -0.01")),
            ("10.01", "10", Ok("10.01")),
            ("10.02", "10", Err("2")),
            ("9.99", "10", Err("-1")),
            ("0.00", "", Ok("")),
            ("0.01", "", Err("1")),
        ] {
            let costs: Vec<Cost> = costs.split_whitespace().map(|cost| Cost::parse(cost).unwrap()).collect();
            match (fit(money(total), &costs), expected) {
                (Ok(division), Ok(expected)) => assert_eq!(shown(&division.cents), expected),
                (Err(DivisionRefusal::NotRounding { leftover, .. }), Err(expected)) => assert_eq!(leftover, expected),
                (found, _) => panic!("{total} of {costs:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn installments_of_a_year() {
        let all = |total: &str, n: u32| {
            let parts: Vec<Money> = (1..=n).map(|k| installment(money(total), k, n).unwrap()).collect();
            shown(&parts)
        };
        assert_eq!(all("100000.00", 7), "14285.71 14285.72 14285.71 14285.72 14285.71 14285.72 14285.71");
        assert_eq!(
            all("12345.67", 12),
            "1028.81 1028.80 1028.81 1028.80 1028.81 1028.81 1028.80 1028.81 1028.80 1028.81 1028.80 1028.81"
        );
    }
}
