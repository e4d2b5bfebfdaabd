//! Amounts as doubles: a workbook knows nothing else, and a double keeps fifteen digits.

use crate::model::money::Money;
use anyhow::Context;

/// The double nearest to a decimal of at most fifteen digits, which gives the same decimal back.
pub(super) fn to_double(decimal: &str) -> Option<f64> {
    let digits = decimal.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    let double = decimal.parse().ok()?;
    (digits <= 15 && same(&from_double(double), decimal)).then_some(double)
}

/// The shortest decimal that is this double.
pub(super) fn from_double(double: f64) -> String {
    double.to_string()
}

fn same(one: &str, other: &str) -> bool {
    let units = |text: &str| crate::model::decimal::parse(text.as_bytes());
    units(one).is_ok() && units(one) == units(other)
}

pub(super) fn double(money: Money) -> anyhow::Result<f64> {
    to_double(&money.to_string()).with_context(|| format!("{money} has more digits than a workbook can keep"))
}

/// A number of a sheet that is read, as the shortest decimal that is its double: what any program shows. Up to fifteen
/// digits its characters are that already.
pub(super) fn push_number(into: &mut String, text: &str) -> anyhow::Result<()> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    if plain && text.len() <= 15 {
        into.push_str(text);
    } else {
        into.push_str(&from_double(text.parse().with_context(|| format!("{text} is no number"))?));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_keeps_fifteen_digits_and_not_more() {
        for kept in ["0.01", "-0.01", "7349.77", "9999999999999.99", "-1234567890123.45", "0", "0.003334", "13"] {
            let double = to_double(kept).unwrap_or_else(|| panic!("{kept}"));
            assert!(same(&from_double(double), kept), "{kept}");
        }
        for refused in ["90071992547409.93", "0.1234567890123456", "x", ""] {
            assert_eq!(to_double(refused), None, "{refused}");
        }
    }
}
