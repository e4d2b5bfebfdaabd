//! Charges as Parquet: what is written is what others read, and what is found again.

use chargeback::frame::charges::{ChargeBatch, ChargePlace, ChargeSink, ChargesWriter, Wanted, find};
use chargeback::model::charge::Dimension;
use chargeback::model::money::{Cost, Quantity};
use chargeback::model::month::Month;
use chargeback::model::roll_up::{Sums, Symbol, Symbols};
use polars::prelude::{AnyValue, DataFrame, DataType, ParquetReader, SerReader, TimeUnit};
use proptest::prelude::*;
use std::io::Cursor;

const DIMENSIONS: usize = Dimension::ALL.len();
const FILE: &str = "inbox/2025-04/aws/part \u{20ac}.csv.gz";

/// A charge as it is put in: one text for every dimension and the tag.
#[derive(Clone, Debug)]
struct Put {
    texts: Vec<String>,
    start: i64,
    row: u64,
    amounts: [Option<i128>; 5],
    description: String,
}

fn month() -> Month {
    Month::parse("2025-04").unwrap()
}

/// The charges as a Parquet file, in row groups of this many.
fn written(charges: &[Put], group: usize) -> Vec<u8> {
    let mut parquet = Vec::new();
    let mut writer = ChargesWriter::new(&mut parquet, &["agency".to_owned()], FILE, month()).unwrap();
    let mut symbols = Symbols::default();
    let mut batch = ChargeBatch::new(DIMENSIONS + 1);
    for charges in charges.chunks(group) {
        for charge in charges {
            let key: Vec<Symbol> = charge.texts.iter().map(|text| symbols.intern(text)).collect();
            let cost = |place: usize| charge.amounts[place].map(Cost::from_units);
            let sums = Sums {
                billed: cost(0).unwrap(),
                effective: cost(1),
                list: cost(2),
                contracted: cost(3),
                quantity: Quantity::from_units(charge.amounts[4].unwrap()),
                charges: 1,
            };
            let place = ChargePlace { start: charge.start, end: charge.start + 3_600_000, row: charge.row };
            batch.place(place);
            batch.values(&key, &[sums]);
            batch.descriptions.bytes.extend_from_slice(charge.description.as_bytes());
            batch.descriptions.end();
        }
        writer.take(&batch, &symbols).unwrap();
        batch.clear();
    }
    assert_eq!(writer.finish().unwrap(), charges.len() as u64);
    parquet
}

fn read(parquet: &[u8]) -> DataFrame {
    ParquetReader::new(Cursor::new(parquet)).finish().unwrap()
}

/// Every value of every charge, as polars reads it.
fn check(charges: &[Put], group: usize) {
    let frame = read(&written(charges, group));
    assert_eq!(frame.height(), charges.len());
    let texts = |name: &str| frame.column(name).unwrap().str().unwrap().clone();
    let expected = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let names = Dimension::ALL.iter().map(|dimension| dimension.focus()).chain(["x_Tag_agency"]);
    for (place, name) in names.enumerate() {
        let column = texts(name);
        for (row, charge) in charges.iter().enumerate() {
            assert_eq!(column.get(row).map(str::to_owned), expected(&charge.texts[place]), "{name}, row {row}");
        }
    }
    let amounts = ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity"];
    for (place, name) in amounts.into_iter().enumerate() {
        let column = frame.column(name).unwrap();
        assert_eq!(*column.dtype(), DataType::Decimal(38, 18));
        let column = column.decimal().unwrap().physical().clone();
        for (row, charge) in charges.iter().enumerate() {
            assert_eq!(column.get(row), charge.amounts[place], "{name}, row {row}");
        }
    }
    let (descriptions, files) = (texts("ChargeDescription"), texts("x_SourceFile"));
    let rows = frame.column("x_SourceRow").unwrap().u64().unwrap();
    let moments = |name: &str| frame.column(name).unwrap().datetime().unwrap().clone();
    let (starts, ends) = (moments("ChargePeriodStart"), moments("ChargePeriodEnd"));
    assert_eq!(starts.time_unit(), TimeUnit::Milliseconds);
    for (row, charge) in charges.iter().enumerate() {
        assert_eq!(descriptions.get(row).map(str::to_owned), expected(&charge.description));
        assert_eq!((files.get(row), rows.get(row)), (Some(FILE), Some(charge.row)));
        assert_eq!(starts.physical().get(row), Some(charge.start));
        assert_eq!(ends.physical().get(row), Some(charge.start + 3_600_000));
    }
    if !charges.is_empty() {
        // The first days of April and May of 2025, counted from 1970.
        for (name, day) in [("BillingPeriodStart", 20_179), ("BillingPeriodEnd", 20_209)] {
            assert_eq!(frame.column(name).unwrap().get(charges.len() - 1).unwrap(), AnyValue::Date(day));
        }
    }
}

fn put(text: impl Fn(usize) -> String, row: u64, amount: i128) -> Put {
    Put {
        texts: (0..=DIMENSIONS).map(text).collect(),
        start: 1_743_465_600_000 + i64::try_from(row).unwrap() / 5 * 3_600_000,
        row,
        amounts: [Some(amount); 5],
        description: String::new(),
    }
}

const LARGEST: i128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        3 => "[a-d]",
        1 => "\\PC{0,12}",
        1 => Just("\u{1f4b6} M\u{fc}nchen".repeat(40)),
    ]
}

fn any_amount() -> impl Strategy<Value = i128> {
    prop_oneof![3 => (0..4_i128).prop_map(|n| n * 10_i128.pow(16)), 1 => Just(LARGEST), 1 => Just(-LARGEST), 1 => any::<i64>().prop_map(i128::from)]
}

fn any_charge() -> impl Strategy<Value = Put> {
    let texts = prop::collection::vec(any_text(), DIMENSIONS + 1);
    let known = (any_amount(), any_amount());
    let unknown = prop::array::uniform3(prop::option::of(any_amount()));
    (texts, any_text(), known, unknown, 0..3_000_000_000_i64, 0..5_u64).prop_map(
        |(texts, description, (billed, quantity), [effective, list, contracted], start, row)| Put {
            texts,
            start: 1_743_465_600_000 + start,
            row,
            amounts: [Some(billed), effective, list, contracted, Some(quantity)],
            description,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn others_read_what_was_written(
        mut charges in prop::collection::vec(any_charge(), 0..90),
        group in prop_oneof![Just(1_usize), 7..100_usize],
    ) {
        let mut row = 1;
        for charge in &mut charges {
            row += charge.row;
            charge.row = row;
        }
        check(&charges, group);
    }
}

#[test]
fn texts_and_amounts_that_never_repeat_come_back() {
    let charges: Vec<Put> = (0..70_000_u64)
        .map(|row| {
            let mut charge =
                put(|place| if place == 10 { format!("resource {row}") } else { "one".to_owned() }, row + 2, 0);
            charge.amounts =
                [Some(i128::from(row) * 7), None, Some(-i128::from(row)), Some(5), Some(i128::from(row % 9))];
            charge.amounts[3] = charge.amounts[3].filter(|_| row % 3 == 0);
            charge.description = if row % 11 == 0 { String::new() } else { format!("$0.{row} per hour") };
            charge
        })
        .collect();
    check(&charges, 70_000);
}

#[test]
fn what_is_the_same_in_every_row_takes_no_room() {
    let same = |row: u64| Put { start: 0, ..put(|_| "the same".to_owned(), row + 2, 10) };
    let charges: Vec<Put> = (0..10_000).map(same).collect();
    let one = written(&charges[..1], 10_000).len();
    let all = written(&charges, 10_000).len();
    assert!(all < one + 500, "{one} bytes for one charge, {all} for ten thousand");
}

#[test]
fn a_charge_is_found_by_all_that_its_question_says() {
    let charges: Vec<Put> = (0..1_000_u64)
        .map(|row| {
            put(
                |place| match place {
                    10 if row % 7 == 0 => String::new(),
                    10 => format!("resource {}", row % 20),
                    13 => format!("service {}", row % 3),
                    _ => "x".to_owned(),
                },
                row + 2,
                i128::from(row),
            )
        })
        .collect();
    let parquet = written(&charges, 300);
    let ask = |resource: &str, service: &str, agency: &str| Wanted {
        dimensions: vec![(Dimension::ResourceId, resource.to_owned()), (Dimension::ServiceCode, service.to_owned())],
        tags: vec![("agency".to_owned(), agency.to_owned())],
        day: None,
    };
    let questions = [
        ask("resource 3", "service 1", "x"),
        ask("", "service 0", "x"),
        ask("resource 3", "service 1", "y"),
        ask("resource 21", "service 1", "x"),
        Wanted { day: chrono::NaiveDate::from_ymd_opt(2025, 4, 2), ..Wanted::default() },
    ];
    let says = |question: &Wanted, charge: &Put| {
        let texts = question.dimensions.iter().all(|(dimension, text)| charge.texts[*dimension as usize] == *text);
        let tags = question.tags.iter().all(|(_, text)| charge.texts[DIMENSIONS] == *text);
        let day = chrono::DateTime::from_timestamp_millis(charge.start).unwrap().date_naive();
        texts && tags && question.day.is_none_or(|wanted| wanted == day)
    };
    let found = find(Cursor::new(&parquet), &questions, 5).unwrap();
    for (place, question) in questions.iter().enumerate() {
        let rows: Vec<u64> = charges.iter().filter(|charge| says(question, charge)).map(|charge| charge.row).collect();
        assert_eq!(found.counts[place], rows.len() as u64, "{question:?}");
        let shown = found.charges.iter().filter(|(of, _)| *of == place);
        let shown: Vec<u64> = shown.map(|(_, charge)| charge.row).collect();
        assert_eq!(shown, rows[..rows.len().min(5)], "{question:?}");
        for (_, charge) in &found.charges {
            assert_eq!(charge.billed.units(), i128::from(charge.row) - 2);
            assert_eq!(charge.file, FILE);
        }
    }
    assert!(find(Cursor::new(&parquet[..parquet.len() / 2]), &questions, 5).is_err());
    assert!(find(Cursor::new(b"PAR1"), &questions, 5).is_err());
}
