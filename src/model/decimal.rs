//! Decimal text to exact fixed-point numbers and back, with one grammar for every file.
//!
//! ASCII digits, at most one point, an optional sign in front, an optional exponent; blanks around are ignored. Whatever
//! cannot be kept exactly is refused with the reason: rounding a vendor's digits would be inventing money. Written by us
//! because every library parser tried rounds long fractions, takes `1_000`, or refuses exponents.

use super::money::SCALE;
use thiserror::Error;

/// Why a text is not an amount we can keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("the cell is empty")]
    Empty,
    #[error("it is not a number: digits, one point, a leading sign and an exponent are all that is allowed")]
    NotANumber,
    #[error("it has more than {SCALE} decimals")]
    TooPrecise,
    /// For [`parse_long`].
    #[error("it has more than {} decimals", 2 * SCALE)]
    FarTooPrecise,
    #[error("it is too large to be kept exactly")]
    TooLarge,
    #[error("it has more than two decimals")]
    MoreThanCents,
}

/// No single amount may reach this: ten million of the largest still add up inside 38 digits.
const LIMIT: i128 = 1_000_000_000_000_000_000 * 1_000_000_000_000_000_000;

/// Units of the eighteenth decimal.
pub fn parse(text: &[u8]) -> Result<i128, Refusal> {
    match short(text) {
        Some(units) => Ok(units),
        None => any(text),
    }
}

/// The usual spelling, in machine words: at most eighteen digits, a point, a minus. Anything else is for [`any`].
fn short(text: &[u8]) -> Option<i128> {
    let (negative, number) = match text {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    if number.is_empty() || number.len() > 19 {
        return None;
    }
    let point = number.iter().position(|&byte| byte == b'.').unwrap_or(number.len());
    let (whole, decimals) = (&number[..point], number.get(point + 1..).unwrap_or_default());
    if !(1..=18).contains(&(whole.len() + decimals.len())) {
        return None;
    }
    let mantissa = digits(digits(0, whole)?, decimals)?;
    let units = i128::from(mantissa) * i128::from(POWERS[18 - decimals.len()]);
    Some(if negative { -units } else { units })
}

/// A number with further digits behind it, eight of them at a time; they must fit.
#[inline]
fn digits(number: u64, text: &[u8]) -> Option<u64> {
    let (eights, rest) = text.as_chunks::<8>();
    let mut number = number;
    for eight in eights {
        number = number.wrapping_mul(100_000_000).wrapping_add(eight_digits(u64::from_le_bytes(*eight))?);
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    Some(number)
}

/// Eight bytes as digits, the first in the lowest byte: neighbours are joined to pairs, pairs to fours, fours to eight.
#[inline]
fn eight_digits(text: u64) -> Option<u64> {
    let values = text ^ 0x3030_3030_3030_3030;
    // A value past nine leaves its four bits by itself, or when six is added.
    if (values | values.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

const POWERS: [u64; 19] = {
    let mut powers = [1; 19];
    let mut place = 1;
    while place < powers.len() {
        powers[place] = powers[place - 1] * 10;
        place += 1;
    }
    powers
};

fn any(text: &[u8]) -> Result<i128, Refusal> {
    let text = text.trim_ascii();
    let (negative, digits) = match text {
        [] => return Err(Refusal::Empty),
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let mut mantissa: i128 = 0;
    let mut decimals: i32 = 0;
    let mut seen_digit = false;
    let mut seen_point = false;
    let mut trailing_zeros: i32 = 0;
    let mut place = 0;
    while let Some(&byte) = digits.get(place) {
        match byte {
            b'0' if seen_point => {
                seen_digit = true;
                trailing_zeros += 1;
            }
            b'0'..=b'9' => {
                seen_digit = true;
                for _ in 0..trailing_zeros {
                    mantissa = mantissa.checked_mul(10).ok_or(Refusal::TooPrecise)?;
                    decimals += 1;
                }
                trailing_zeros = 0;
                let overflow = if seen_point { Refusal::TooPrecise } else { Refusal::TooLarge };
                mantissa =
                    mantissa.checked_mul(10).and_then(|m| m.checked_add(i128::from(byte - b'0'))).ok_or(overflow)?;
                decimals += i32::from(seen_point);
            }
            b'.' if !seen_point => seen_point = true,
            b'e' | b'E' if seen_digit => {
                decimals = decimals.checked_sub(exponent(&digits[place + 1..])?).ok_or(Refusal::NotANumber)?;
                return scaled(mantissa, decimals, negative);
            }
            _ => return Err(Refusal::NotANumber),
        }
        place += 1;
    }
    if !seen_digit {
        return Err(Refusal::NotANumber);
    }
    scaled(mantissa, decimals, negative)
}

/// A number with more decimals than are kept, in two parts at the eighteenth: both have its sign, and nothing is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Long {
    /// Units of the eighteenth decimal.
    pub whole: i128,
    /// Units of the thirty-sixth decimal, less than one unit of the eighteenth.
    pub tail: i128,
}

/// Units of the thirty-sixth decimal in one of the eighteenth.
const TAIL: i128 = POWERS[18] as i128;

impl Long {
    /// The nearest number of eighteen decimals, a half to the even one, and what that takes away from the number.
    pub const fn rounded(self) -> (i128, i128) {
        let up = 2 * self.tail.abs() > TAIL || 2 * self.tail.abs() == TAIL && self.whole % 2 != 0;
        if up {
            (self.whole + self.tail.signum(), self.tail - self.tail.signum() * TAIL)
        } else {
            (self.whole, self.tail)
        }
    }
}

/// The same grammar for a vendor's cell with up to thirty-six decimals: what does not fit eighteen is told apart, so
/// that the caller can count it. Slower than [`parse`], and meant for what [`parse`] refuses.
pub fn parse_long(text: &[u8]) -> Result<Long, Refusal> {
    let text = text.trim_ascii();
    let (negative, number) = match text {
        [] => return Err(Refusal::Empty),
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let end = number.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, shift) = match end {
        Some(end) => (&number[..end], exponent(&number[end + 1..])?),
        None => (number, 0),
    };
    let point = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
    let digits = || mantissa.iter().enumerate().filter(move |(place, _)| *place != point);
    if digits().next().is_none() || digits().any(|(_, byte)| !byte.is_ascii_digit()) {
        return Err(Refusal::NotANumber);
    }
    let (mut whole, mut tail) = (0_i128, 0_i128);
    for (place, byte) in digits().filter(|(_, byte)| **byte != b'0') {
        let digit = i128::from(byte - b'0');
        let before_point = i64::try_from(point).unwrap_or(i64::MAX) - i64::try_from(place).unwrap_or(i64::MAX);
        // The digit's power of ten: those behind the point come one place later than they stand.
        let power = i64::from(shift) + before_point - i64::from(before_point > 0);
        let unit = |scale: i64| u32::try_from(power + scale).ok().map(|power| 10_i128.checked_pow(power));
        match (unit(18), unit(36)) {
            (Some(unit), _) => {
                let value = unit.and_then(|unit| unit.checked_mul(digit)).ok_or(Refusal::TooLarge)?;
                whole = whole.checked_add(value).filter(|whole| *whole < LIMIT).ok_or(Refusal::TooLarge)?;
            }
            (None, Some(Some(unit))) => tail += unit * digit,
            _ => return Err(Refusal::FarTooPrecise),
        }
    }
    Ok(if negative { Long { whole: -whole, tail: -tail } } else { Long { whole, tail } })
}

fn exponent(text: &[u8]) -> Result<i32, Refusal> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    if digits.is_empty() || digits.len() > 4 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::NotANumber);
    }
    let value = digits.iter().fold(0, |value, digit| value * 10 + i32::from(digit - b'0'));
    Ok(if negative { -value } else { value })
}

fn scaled(mantissa: i128, decimals: i32, negative: bool) -> Result<i128, Refusal> {
    if mantissa == 0 {
        return Ok(0);
    }
    let shift = SCALE as i32 - decimals;
    let mut units = mantissa;
    if shift >= 0 {
        let factor = 10_i128.checked_pow(shift.unsigned_abs()).ok_or(Refusal::TooLarge)?;
        units = units.checked_mul(factor).ok_or(Refusal::TooLarge)?;
    } else {
        for _ in 0..-shift {
            if units % 10 != 0 {
                return Err(Refusal::TooPrecise);
            }
            units /= 10;
        }
    }
    if units >= LIMIT {
        return Err(Refusal::TooLarge);
    }
    Ok(if negative { -units } else { units })
}

/// The shortest plain text: no exponent, no trailing zeros, no sign on zero.
pub fn plain(units: i128, scale: u32) -> String {
    let mut text = String::new();
    push_plain(&mut text, units, scale);
    text
}

/// The same at the end of a text that is already there: a table of a million rows has one for all its amounts.
pub fn push_plain(into: &mut String, units: i128, scale: u32) {
    let count = units.unsigned_abs();
    let Some((&power, whole)) =
        POWERS.get(scale as usize).and_then(|power| Some((power, u64::try_from(count / u128::from(*power)).ok()?)))
    else {
        into.push_str(&placed(units < 0, &count.to_string(), scale));
        return;
    };
    let mut decimals = (count % u128::from(power)) as u64;
    // From the last digit to the first: twenty of a whole, a point, eighteen decimals, a sign.
    let mut digits = [0; 40];
    let mut place = digits.len();
    let mut push = |digit: u8| {
        place -= 1;
        digits[place] = digit;
    };
    let mut shown = scale;
    while shown > 0 && decimals.is_multiple_of(10) {
        (decimals, shown) = (decimals / 10, shown - 1);
    }
    for _ in 0..shown {
        push(b'0' + (decimals % 10) as u8);
        decimals /= 10;
    }
    if shown > 0 {
        push(b'.');
    }
    let mut whole = whole;
    loop {
        push(b'0' + (whole % 10) as u8);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if units < 0 {
        push(b'-');
    }
    into.extend(digits[place..].iter().map(|&digit| char::from(digit)));
}

/// The same of a number's digits, whose last one has this many decimals.
pub fn placed(negative: bool, digits: &str, scale: u32) -> String {
    let sign = if negative { "-" } else { "" };
    let digits = format!("{digits:0>width$}", width = scale as usize + 1);
    let (whole, decimals) = digits.split_at(digits.len() - scale as usize);
    let decimals = decimals.trim_end_matches('0');
    if decimals.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{decimals}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The quick way and the thorough one never disagree.
        #[test]
        fn both_ways_read_the_same(text in "-?[0-9]{0,20}(\\.[0-9]{0,19})?|[0-9./:;, -]{0,12}|[\\PC]{0,20}") {
            if let Some(units) = short(text.as_bytes()) {
                prop_assert_eq!(Ok(units), super::any(text.as_bytes()));
            }
        }
    }

    #[test]
    fn spellings_of_numbers() {
        let unit = 1_000_000_000_000_000_000;
        for (text, expected) in [
            ("0", Ok(0)),
            ("-0.00", Ok(0)),
            ("12.5", Ok(12 * unit + unit / 2)),
            (" 7.5 ", Ok(7 * unit + unit / 2)),
            ("+5.00", Ok(5 * unit)),
            (".5", Ok(unit / 2)),
            ("12.", Ok(12 * unit)),
            ("1.81E-8", Ok(18_100_000_000)),
            ("9.4086E-05", Ok(94_086_000_000_000)),
            ("1e3", Ok(1000 * unit)),
            ("0.003835980000000000000000000000", Ok(3_835_980_000_000_000)),
            ("9007199254740993.01", Ok(9_007_199_254_740_993 * unit + unit / 100)),
            ("0.0000000000000000001", Err(Refusal::TooPrecise)),
            ("1e400", Err(Refusal::TooLarge)),
            ("1e-400", Err(Refusal::TooPrecise)),
            ("9999999999999999999999999999999999999999", Err(Refusal::TooLarge)),
            ("", Err(Refusal::Empty)),
            ("1,234.56", Err(Refusal::NotANumber)),
            ("1_000", Err(Refusal::NotANumber)),
            ("1e", Err(Refusal::NotANumber)),
            ("--5", Err(Refusal::NotANumber)),
            ("1.2.3", Err(Refusal::NotANumber)),
            ("NaN", Err(Refusal::NotANumber)),
            ("inf", Err(Refusal::NotANumber)),
            ("0x1F", Err(Refusal::NotANumber)),
            ("(12.34)", Err(Refusal::NotANumber)),
            (".", Err(Refusal::NotANumber)),
            ("-", Err(Refusal::NotANumber)),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
            assert_eq!(super::any(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_written_the_shortest_way() {
        let slow = |units: i128, scale| placed(units < 0, &units.unsigned_abs().to_string(), scale);
        let unit = 1_000_000_000_000_000_000;
        assert_eq!(plain(-12 * unit - unit / 2, 18), "-12.5");
        assert_eq!(plain(0, 18), "0");
        for units in [0, 1, 10, unit - 1, unit, 3 * unit / 2, 18 * unit + 1, 19 * unit, 1 << 70, i128::MAX, i128::MIN] {
            for scale in [0, 2, 17, 18, 36] {
                assert_eq!(plain(units, scale), slow(units, scale), "{units} {scale}");
                assert_eq!(plain(units.wrapping_neg(), scale), slow(units.wrapping_neg(), scale), "{units} {scale}");
            }
        }
    }

    #[test]
    fn numbers_with_more_decimals_than_are_kept() {
        let kept = |text: &str| {
            let (kept, cut) = parse_long(text.as_bytes())?.rounded();
            Ok((plain(kept, 18), plain(cut, 36)))
        };
        let ok = |kept: &str, cut: &str| Ok((kept.to_owned(), cut.to_owned()));
        for (text, expected) in [
            ("0.1234567890123456784", ok("0.123456789012345678", "0.0000000000000000004")),
            ("0.1234567890123456785", ok("0.123456789012345678", "0.0000000000000000005")),
            ("0.1234567890123456775", ok("0.123456789012345678", "-0.0000000000000000005")),
            ("-0.1234567890123456775", ok("-0.123456789012345678", "0.0000000000000000005")),
            ("-1.1234567890123456786", ok("-1.123456789012345679", "0.0000000000000000004")),
            ("0.9999999999999999999", ok("1", "-0.0000000000000000001")),
            ("1.5E-19", ok("0", "0.00000000000000000015")),
            ("+12345678901234567890123456789E-30", ok("0.012345678901234568", "-0.000000000000000000109876543211")),
            (
                "123456789.123456789012345678901234567890123456",
                ok("123456789.123456789012345679", "-0.000000000000000000098765432109876544"),
            ),
            ("7.500000000000000000000000000000000000000000", ok("7.5", "0")),
            ("12.", ok("12", "0")),
            ("0e9999", ok("0", "0")),
            ("0.0000000000000000000000000000000000001", Err(Refusal::FarTooPrecise)),
            ("1e-400", Err(Refusal::FarTooPrecise)),
            ("1e400", Err(Refusal::TooLarge)),
            ("9999999999999999999999999999999999999999", Err(Refusal::TooLarge)),
            ("", Err(Refusal::Empty)),
            ("1.2.3", Err(Refusal::NotANumber)),
            (".", Err(Refusal::NotANumber)),
            ("e5", Err(Refusal::NotANumber)),
            ("1,5", Err(Refusal::NotANumber)),
        ] {
            assert_eq!(kept(text), expected, "{text:?}");
        }
        for text in ["12.5", "-0.00", "1.81E-8", "9007199254740993.01", "1e3", ".5"] {
            assert_eq!(
                parse_long(text.as_bytes()).map(|long| (long.whole, long.tail)),
                parse(text.as_bytes()).map(|units| (units, 0)),
                "{text}"
            );
        }
    }
}
