//! An amount as a fraction, and how it becomes a cent.

use super::super::decimal;
use super::{Cost, Money, Overflow, SCALE};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use serde::{Deserialize, Serialize};

/// An amount as a fraction: what a product or a quotient is until its cent is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(pub(super) BigRational);

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
