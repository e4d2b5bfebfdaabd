//! The arithmetic of every bill line, worked out again from its own words: each sentence is true, and what it comes to is
//! the amount on the bill.

use crate::books::{request, westmark};
use chargeback::close::{self, Explanation};
use chargeback::model::exit::Exit;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed;
use std::collections::BTreeMap;

type Fraction = BigRational;

fn number(text: &str) -> Option<Fraction> {
    let text = text.trim_end_matches([',', ';', ':', '.']);
    let plain = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = format!("{whole}{decimals}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = Fraction::new(digits.parse().ok()?, BigInt::from(10).pow(decimals.len() as u32));
    Some(if text.starts_with('-') { -value } else { value })
}

/// `562.5 GB-Mo x 0.0275`, `382.23 x 331.12 / 1644.22 USD`, `3.25 percent of 409.15`, `373.04 less 54.57`, `1 and 0.5`: words
/// that are neither numbers nor one of these are units and names.
fn worth(words: &str) -> Option<Fraction> {
    let mut value: Option<Fraction> = None;
    let mut operator = "";
    for word in words.split_whitespace() {
        match word {
            "x" | "/" | "per" | "less" | "and" | "+" => operator = word,
            "percent" => {
                value = value.map(|value| value / Fraction::from_integer(100.into()));
                operator = "x";
            }
            _ => {
                let Some(next) = number(word) else { continue };
                value = Some(match (value, operator) {
                    (Some(value), "x") => value * next,
                    (Some(value), "/" | "per") => value / next,
                    (Some(value), "less") => value - next,
                    (Some(value), "and" | "+") => value + next,
                    (None, _) => next,
                    (Some(_), _) => return None,
                });
                operator = "";
            }
        }
    }
    value
}

/// Whether a shown result is a value: cut off where `...` says so.
fn is_shown(value: &Fraction, shown: &str) -> bool {
    let first = shown.split([' ', ',']).next().unwrap();
    match first.strip_suffix("...") {
        None => number(first).is_some_and(|shown| shown == *value),
        Some(cut) => {
            let shown = number(cut).unwrap();
            let places = cut.split_once('.').map_or(0, |(_, decimals)| decimals.len()) as u32;
            let apart = (value - shown).abs();
            apart < Fraction::new(1.into(), BigInt::from(10).pow(places))
        }
    }
}

/// Checks a sentence of the form `... = result`, and that rounded to cents it is what the sentence ends with.
fn is_true(sentence: &str) -> bool {
    let Some((before, after)) = sentence.split_once(" = ") else { return true };
    let before = before.rsplit("; ").next().unwrap().split(" (").next().unwrap();
    let Some(value) = worth(before) else { return true };
    if !is_shown(&value, after) {
        return false;
    }
    let Some((_, cents)) = after.rsplit_once(" to ").or_else(|| after.rsplit_once(" cent ")) else { return true };
    let apart = (number(cents).unwrap() - value).abs();
    let most = if after.contains("half up") {
        Fraction::new(1.into(), 200.into())
    } else {
        Fraction::new(1.into(), 100.into())
    };
    apart <= most
}

/// `212 charges of AWS at effective cost = 318.474197136`: the rows that are listed come to that.
fn rows_come_to(explanation: &Explanation, sentence: &str) -> bool {
    let Some((said, sum)) = sentence.split_once(" cost = ") else { return false };
    let costs = explanation.charges.iter().map(|charge| match said.contains("effective") {
        true if !charge.effective.is_empty() => number(&charge.effective).unwrap(),
        _ => number(&charge.billed).unwrap(),
    });
    said.starts_with(&explanation.charges.len().to_string()) && number(sum) == Some(costs.sum())
}

fn result(explanation: &Explanation) -> String {
    let last = explanation.arithmetic.iter().rev().find(|said| said.contains(['=', ':'])).unwrap();
    last.rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn sentences_are_judged() {
    for (sentence, holds) in [
        ("562.5 GB-Mo x 0.0275 = 15.46875, rounded half up to 15.47", true),
        ("562.5 GB-Mo x 0.0275 = 15.46875, rounded half up to 15.46", false),
        ("562.5 GB-Mo x 0.0265 = 15.46875, rounded half up to 15.47", false),
        ("382.23 x 331.12 / 1644.22 USD = 76.975099..., with a leftover cent 76.98", true),
        ("382.23 x 331.13 / 1644.22 USD = 76.975099..., with a leftover cent 76.98", false),
        ("3.25 percent of 409.15 (AWS 318.47, AZURE 12.65) = 13.297375, rounded half up to 13.30", true),
        ("charges 373.04 less credits 54.57 = 318.47", true),
        ("charges 373.04 less credits 54.57 = 318.48", false),
        ("318.474197136 less 0.004197136, fitted to the vendor's invoice = 318.47", true),
    ] {
        assert_eq!(is_true(sentence), holds, "{sentence}");
    }
}

#[test]
fn the_arithmetic_of_every_line_of_westmark_is_its_amount() {
    let books = westmark();
    let outcome = books.run(&request(&books, "2025-06"));
    assert_eq!(outcome.exit, Exit::Done, "{}", books.told(&outcome));
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for agency in ["DHHS", "DOT", "DPS", "REV"] {
        for number_of_line in 1.. {
            let id = format!("{agency}-2025-06-{number_of_line:06}");
            let Ok(explanation) = close::explain(&books.path, &id, 10_000, false) else { break };
            let line = &explanation.line;
            if let Some(quantity) = &line.quantity {
                assert_eq!(explanation.decided_by[0], format!("quantity {quantity} {}", line.unit));
            }
            for sentence in &explanation.arithmetic {
                let holds = if sentence.contains(" charge") && sentence.contains(" cost = ") {
                    rows_come_to(&explanation, sentence)
                } else {
                    is_true(sentence)
                };
                assert!(holds, "{id}: {sentence}");
            }
            assert_eq!(result(&explanation), line.amount.to_string(), "{id}: {:?}", explanation.arithmetic);
            if line.share.is_none() {
                assert!(explanation.decided_by.iter().any(|said| said.starts_with("rate ")), "{id}");
            } else {
                assert!(explanation.decided_by.iter().any(|said| said.starts_with("driver value ")), "{id}");
            }
            *seen.entry(agency).or_default() += 1;
        }
    }
    let lines: BTreeMap<&str, usize> = [("DHHS", 7), ("DOT", 7), ("DPS", 8), ("REV", 1)].into();
    assert_eq!(seen, lines, "the test must meet every line");
}
