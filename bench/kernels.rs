//! The three hottest loops by themselves, for a tool that counts instructions: `bench/kernels.sh`.
//!
//! A count is the same on a noisy machine, where a time is not. Each kernel runs as often as it is told; the difference of
//! two counts is what one more run costs.

use chargeback::frame::delimited::{Record, Scanner};
use chargeback::model::charge::Dimension;
use chargeback::model::decimal;
use chargeback::model::money::{Cost, Quantity};
use chargeback::model::roll_up::{RollUpBuilder, Sums, Symbol};
use chrono::NaiveDate;
use std::hint::black_box;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (kernel, runs) = (arguments.next(), arguments.next().and_then(|runs| runs.parse().ok()));
    match (kernel.as_deref(), runs) {
        (Some("split"), Some(runs)) => split(runs),
        (Some("decimal"), Some(runs)) => decimals(runs),
        (Some("roll-up"), Some(runs)) => roll_up(runs),
        // `cargo bench` asks without a kernel.
        _ => {}
    }
}

/// Rows of fifty cells and 560 bytes, four of the cells quoted.
fn split(rows: usize) {
    let mut row = String::new();
    for cell in 0..46 {
        row.push_str(["", "2025-04-01T05:00:00Z", "us-west-2", "0.0000123450"][cell % 4]);
        row.push(',');
    }
    row.push_str("\"Amazon Web Services, Inc.\",\"first \"\"10\"\" TB\",\"$0.10 per hour, on demand\",\"x\"\n");
    let text = row.repeat(rows);
    let mut scanner = Scanner::new(text.as_bytes(), b',');
    let mut records: [Record; 32] = std::array::from_fn(|_| Record::default());
    while scanner.next_rows(&mut records).is_ok_and(|count| black_box(count) > 0) {}
}

/// Amounts as reports write them.
fn decimals(amounts: usize) {
    const AMOUNTS: [&str; 8] =
        ["0.0000012345", "12.5000000000", "-0.0384000000", "0", "1000000", "0.096", "3.4E-7", "123456.7890123456"];
    for place in 0..amounts {
        let _ = black_box(decimal::parse(black_box(AMOUNTS[place % AMOUNTS.len()].as_bytes())));
    }
}

/// Charges of twelve hundred resources on thirty days.
fn roll_up(charges: usize) {
    let mut builder = RollUpBuilder::new(vec!["agency".to_owned()]);
    let resources: Vec<Symbol> =
        (0..1200).map(|resource| builder.symbols_mut().intern(&format!("resource-{resource}"))).collect();
    let first = NaiveDate::from_ymd_opt(2025, 4, 1).expect("a date");
    let days: Vec<NaiveDate> = first.iter_days().take(30).collect();
    let cost = Cost::from_units(1_234_500_000_000);
    let sums = Sums { billed: cost, effective: Some(cost), quantity: Quantity::ONE, charges: 1, ..Sums::default() };
    let mut key = vec![Symbol::EMPTY; Dimension::ALL.len() + 1];
    for charge in 0..charges {
        key[Dimension::ResourceId as usize] = resources[charge % resources.len()];
        if builder.add(&key, days[charge % days.len()], &sums).is_err() {
            return;
        }
    }
    black_box(builder.finish().is_ok());
}
