//! Cost before anyone rounded it, money in whole cents, and the only ways from one to the other.
//!
//! [`Cost`] has no `Into<Money>`. Cents are made from costs in two places: [`split`] and [`fit`] (largest remainder) and
//! [`Exact::round_half_up`] for our own rates on a bill line. Both work on exact rationals, so nothing is rounded twice.

mod division;
mod exact;

use super::decimal;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::ToPrimitive;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use thiserror::Error;

pub use division::{Division, DivisionRefusal, apportion, fit, installment, split};
pub use exact::{Exact, Rounding};

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

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
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
