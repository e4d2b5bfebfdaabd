//! Cost before anyone rounded it, money in whole cents, and the only ways from one to the other.
//!
//! [`Cost`] has no `Into<Money>`. Cents are made from costs in two places: [`split`] and [`fit`] (largest remainder) and
//! [`Exact::round_half_up`] for our own rates on a bill line. Both work on exact rationals, so nothing is rounded twice.

use super::decimal;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use thiserror::Error;

/// Decimals that a [`Cost`] and a [`Quantity`] carry.
pub const SCALE: u32 = 18;
const UNIT: i128 = 1_000_000_000_000_000_000;
/// Units of a [`Cost`] in one cent.
const CENT: i128 = UNIT / 100;

/// A sum left the range of its type. The run stops: a wrapped total would be a lie.
#[derive(Debug, Error)]
#[error("an amount left the range that can be kept exactly")]
pub struct Overflow;

macro_rules! fixed_point {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i128);

        impl $name {
            pub const ZERO: Self = Self(0);

            /// From units of the eighteenth decimal, as polars keeps them.
            pub const fn from_units(units: i128) -> Self {
                Self(units)
            }

            pub const fn units(self) -> i128 {
                self.0
            }

            pub fn parse(text: &str) -> Result<Self, decimal::Refusal> {
                decimal::parse(text.as_bytes()).map(Self)
            }

            pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
                self.0.checked_add(other.0).map(Self).ok_or(Overflow)
            }

            pub fn checked_sub(self, other: Self) -> Result<Self, Overflow> {
                self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
            }

            pub fn negated(self) -> Self {
                Self(-self.0)
            }

            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            pub fn total(items: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
                items.into_iter().try_fold(Self::ZERO, Self::checked_add)
            }

            pub fn exact(self) -> Exact {
                Exact(BigRational::new(self.0.into(), UNIT.into()))
            }

            /// Writes it at the end of a text, as [`fmt::Display`] shows it.
            pub fn push(self, into: &mut String) {
                decimal::push_plain(into, self.0, SCALE);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&decimal::plain(self.0, SCALE))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

fixed_point! {
    /// What a charge cost before anyone rounded it: exact to eighteen decimals.
    Cost
}
fixed_point! {
    /// How much was consumed, in the unit that stands beside it: exact to eighteen decimals.
    Quantity
}

/// A sum of what was cut off behind the eighteenth decimal: exact to thirty-six decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Remainder(i128);

impl Remainder {
    /// From units of the thirty-sixth decimal.
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub fn exact(self) -> Exact {
        Exact(BigRational::new(self.0.into(), BigInt::from(UNIT) * BigInt::from(UNIT)))
    }
}

impl fmt::Display for Remainder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&decimal::plain(self.0, 2 * SCALE))
    }
}

impl Serialize for Remainder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Remainder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let long = decimal::parse_long(text.as_bytes()).map_err(serde::de::Error::custom)?;
        let units = long.whole.checked_mul(UNIT).and_then(|units| units.checked_add(long.tail));
        units.map(Self).ok_or_else(|| serde::de::Error::custom(Overflow))
    }
}

impl Quantity {
    pub const ONE: Self = Self(UNIT);

    /// So many times as much.
    pub fn checked_mul(self, number: i64) -> Result<Self, Overflow> {
        self.0.checked_mul(number.into()).map(Self).ok_or(Overflow)
    }
}

impl Cost {
    /// This many times as much, rounded half to even at the eighteenth decimal; none where it is out of range. Only for
    /// what a vendor gives as price and quantity and no row is billed by: list and contracted cost.
    pub fn times(self, quantity: Quantity) -> Option<Self> {
        let negative = (self.0 < 0) != (quantity.0 < 0);
        let product = BigInt::from(self.0.unsigned_abs()) * BigInt::from(quantity.0.unsigned_abs());
        let unit = BigInt::from(UNIT);
        let (whole, rest) = (&product / &unit, product % &unit);
        let (whole, rest) = (whole.to_i128()?, rest.to_i128()?);
        let up = rest * 2 > UNIT || rest * 2 == UNIT && whole % 2 == 1;
        let magnitude = whole.checked_add(i128::from(up))?;
        Some(Self(if negative { -magnitude } else { magnitude }))
    }
}

impl Cost {
    pub const fn from_money(money: Money) -> Self {
        Self(money.0 as i128 * CENT)
    }

    /// The same amount as money, if it is whole cents. Nothing is rounded.
    pub fn whole_cents(self) -> Option<Money> {
        (self.0 % CENT == 0).then(|| i64::try_from(self.0 / CENT).ok().map(Money)).flatten()
    }

    /// `1,234.5678`, all decimals and two at least, negatives in parentheses: for people, never for a machine feed.
    pub fn for_people(self) -> String {
        for_people(&self.to_string())
    }

    pub const fn magnitude(self) -> Self {
        Self(self.0.abs())
    }
}

/// Money an agency can be asked to pay: whole cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

impl Money {
    pub const ZERO: Self = Self(0);

    pub const fn from_cents(cents: i64) -> Self {
        Self(cents)
    }

    pub const fn cents(self) -> i64 {
        self.0
    }

    /// Takes `1234.5`, `-0.01`, `17` and nothing with more than two decimals, a comma or a symbol.
    pub fn parse(text: &str) -> Result<Self, decimal::Refusal> {
        let units = decimal::parse(text.as_bytes())?;
        if units % CENT != 0 {
            return Err(decimal::Refusal::MoreThanCents);
        }
        i64::try_from(units / CENT).map(Self).map_err(|_| decimal::Refusal::TooLarge)
    }

    pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    pub fn checked_sub(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    pub fn total(items: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
        items.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    pub const fn magnitude(self) -> Self {
        Self(self.0.abs())
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub fn exact(self) -> Exact {
        Exact(BigRational::new(self.0.into(), 100.into()))
    }

    /// `1,234.56`, negatives in parentheses: for people, never for a machine feed.
    pub fn for_people(self) -> String {
        for_people(&self.to_string())
    }
}

/// Decimal text with separators, with two decimals or more.
fn for_people(plain: &str) -> String {
    let (negative, plain) = plain.strip_prefix('-').map_or((false, plain), |plain| (true, plain));
    let (whole, decimals) = plain.split_once('.').unwrap_or((plain, ""));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if negative { format!("({grouped}.{decimals:0<2})") } else { format!("{grouped}.{decimals:0<2}") }
}

impl Money {
    /// Writes it at the end of a text, as [`fmt::Display`] shows it.
    pub fn push(self, into: &mut String) {
        let cents = self.0.unsigned_abs();
        if self.0 < 0 {
            into.push('-');
        }
        decimal::push_plain(into, i128::from(cents / 100), 0);
        into.extend(['.', char::from(b'0' + (cents / 10 % 10) as u8), char::from(b'0' + (cents % 10) as u8)]);
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(out, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// An amount as a fraction: what a product or a quotient is until its cent is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(BigRational);

impl Exact {
    pub fn zero() -> Self {
        Self(BigRational::zero())
    }

    pub fn from_decimal(value: rust_decimal::Decimal) -> Self {
        let denominator = BigInt::from(10).pow(value.scale());
        Self(BigRational::new(value.mantissa().into(), denominator))
    }

    pub fn from_integer(value: i64) -> Self {
        Self(BigRational::from_integer(value.into()))
    }

    pub fn plus(&self, other: &Self) -> Self {
        Self(&self.0 + &other.0)
    }

    pub fn minus(&self, other: &Self) -> Self {
        Self(&self.0 - &other.0)
    }

    pub fn times(&self, other: &Self) -> Self {
        Self(&self.0 * &other.0)
    }

    /// The quotient, or nothing when `other` is zero.
    pub fn divided_by(&self, other: &Self) -> Option<Self> {
        (!other.0.is_zero()).then(|| Self(&self.0 / &other.0))
    }

    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    pub fn is_negative(&self) -> bool {
        self.0.is_negative()
    }

    pub fn magnitude(&self) -> Self {
        Self(self.0.abs())
    }

    /// The next whole number, or itself where it is one: started packages are whole ones.
    pub fn ceiling(&self) -> Self {
        Self(self.0.ceil())
    }

    /// To cents, a half away from zero: 203.125 becomes 203.13 and -203.125 becomes -203.13.
    pub fn round_half_up(&self) -> Result<Money, Overflow> {
        self.round(Rounding::HalfUp)
    }

    pub fn round(&self, rounding: Rounding) -> Result<Money, Overflow> {
        let cents = self.0.abs() * BigInt::from(100);
        let whole = cents.floor();
        let rest = &cents - &whole;
        let half = BigRational::new(1.into(), 2.into());
        let odd = (whole.to_integer() % BigInt::from(2)) != BigInt::zero();
        let up = match rounding {
            Rounding::HalfUp => rest >= half,
            Rounding::HalfEven => rest > half || (rest == half && odd),
        };
        let magnitude = whole.to_integer() + BigInt::from(u8::from(up));
        let magnitude = magnitude.to_i64().ok_or(Overflow)?;
        Ok(Money(if self.0.is_negative() { -magnitude } else { magnitude }))
    }

    /// To the eighteenth decimal, a half to even: what a converted cost is kept as.
    pub fn to_cost(&self) -> Result<Cost, Overflow> {
        let units = (self.0.clone() * BigInt::from(10).pow(SCALE)).abs();
        let whole = units.floor();
        let rest = &units - &whole;
        let half = BigRational::new(1.into(), 2.into());
        let odd = (whole.to_integer() % BigInt::from(2)) != BigInt::zero();
        let up = rest > half || (rest == half && odd);
        let magnitude = (whole.to_integer() + BigInt::from(u8::from(up))).to_i128().ok_or(Overflow)?;
        Ok(Cost::from_units(if self.0.is_negative() { -magnitude } else { magnitude }))
    }

    /// As decimal text with at most `places` decimals, the rest cut off and marked `...`: for explanations only.
    pub fn shown(&self, places: u32) -> String {
        let factor = BigInt::from(10).pow(places);
        let scaled = self.0.abs() * &factor;
        let whole = scaled.floor();
        let cut = scaled != whole;
        let digits = whole.to_integer().to_string();
        format!("{}{}", decimal::placed(self.0.is_negative(), &digits, places), if cut { "..." } else { "" })
    }
}

/// How a half cent is rounded. Part of a month's frozen configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    #[default]
    HalfUp,
    HalfEven,
}

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
    fn half_cents() {
        for (exact, half_up, half_even) in [
            ("203.125", "203.13", "203.12"),
            ("-203.125", "-203.13", "-203.12"),
            ("46.875", "46.88", "46.88"),
            ("0.005", "0.01", "0.00"),
            ("0.0049999999", "0.00", "0.00"),
            ("307.75005", "307.75", "307.75"),
        ] {
            let exact = Cost::parse(exact).unwrap().exact();
            assert_eq!(exact.round(Rounding::HalfUp).unwrap().to_string(), half_up);
            assert_eq!(exact.round(Rounding::HalfEven).unwrap().to_string(), half_even);
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

    #[test]
    fn money_for_people_and_machines() {
        for (plain, people) in
            [("1234567.80", "1,234,567.80"), ("-0.05", "(0.05)"), ("999.00", "999.00"), ("0.00", "0.00")]
        {
            assert_eq!(money(plain).to_string(), plain);
            assert_eq!(money(plain).for_people(), people);
        }
        for (plain, people) in [("-1234.5", "(1,234.50)"), ("14416.416667", "14,416.416667"), ("600", "600.00")] {
            assert_eq!(Cost::parse(plain).unwrap().for_people(), people);
        }
        assert_eq!(Money::parse("1.005"), Err(decimal::Refusal::MoreThanCents));
        assert_eq!(Cost::parse("12.34").unwrap().whole_cents(), Some(money("12.34")));
        assert_eq!(Cost::parse("12.345").unwrap().whole_cents(), None);
        assert!(Money::from_cents(i64::MAX).checked_add(Money::from_cents(1)).is_err());
    }
}
