//! Parts in any order, shuffled columns and rows, bytes there and back.

use super::{Case, cost, june};
use chargeback::frame::charges::{ChargesWriter, Wanted, find};
use chargeback::frame::roll_up::{RunFile, from_parquet, to_parquet, write_run};
use chargeback::model::charge::{CostBasis, Dimension};
use chargeback::model::money::Cost;
use chargeback::model::month::Month;
use chargeback::model::roll_up::{RollUp, merge};
use chargeback::stages::normalize::{HeldPart, PartKeeper, Scratch, normalize_part_into};

fn bytes_of(case: &Case) -> Vec<u8> {
    to_parquet(&case.concluded().roll_up).unwrap()
}

/// The table with its columns, or its rows, in another order.
fn shuffled(text: &[u8], columns: bool) -> Vec<u8> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    let mut rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    if columns {
        rows = rows.iter().map(|row| row.iter().rev().collect()).collect();
    } else {
        rows[1..].reverse();
    }
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}

#[test]
fn order_and_dress_change_no_byte_of_the_roll_up() {
    let case = Case::aws("2025-06", june(3, 2));
    let plain = bytes_of(&case);
    let mut parts = june(3, 2);
    parts.reverse();
    assert_eq!(bytes_of(&Case::aws("2025-06", parts)), plain, "parts in another order");
    for columns in [true, false] {
        let parts = june(3, 2).into_iter().map(|(path, text)| (path, shuffled(&text, columns))).collect();
        assert_eq!(bytes_of(&Case::aws("2025-06", parts)), plain, "columns {columns}");
    }
    let parts = june(3, 2);
    let mut joined = parts[0].1.clone();
    let second = &parts[1].1;
    let after_header = second.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    joined.extend_from_slice(&second[after_header..]);
    assert_eq!(bytes_of(&Case::aws("2025-06", vec![("cloud/one.csv".to_owned(), joined)])), plain, "one part");
}

fn written(roll_up: &RollUp) -> Vec<u8> {
    write_run(roll_up, Vec::new()).unwrap()
}

fn read_again(bytes: Vec<u8>) -> RunFile {
    RunFile::new(std::io::Cursor::new(bytes)).unwrap()
}

#[test]
fn a_roll_up_comes_back_from_its_bytes() {
    let case = Case::aws("2025-06", june(3, 2));
    let mut nothing = chargeback::frame::charges::NoSink;
    let tags = vec!["agency".to_owned(), "application".to_owned()];
    let parts: Vec<_> = (0..2).map(|place| case.part(place, &mut nothing)).collect();
    let bytes: Vec<Vec<u8>> = parts.iter().map(|part| written(&part.roll_up)).collect();
    for (part, bytes) in parts.iter().zip(&bytes) {
        let run = read_again(bytes.clone());
        assert_eq!(run.tags(), part.roll_up.tags());
        let back = merge(vec![run], tags.clone()).unwrap();
        assert!(written(&back) == *bytes);
        assert!(to_parquet(&back).unwrap() == to_parquet(&part.roll_up).unwrap());
    }
    let kept = merge(bytes.into_iter().map(read_again).collect(), tags.clone()).unwrap();
    let held = RollUp::merge(parts.into_iter().map(|part| part.roll_up), tags).unwrap();
    assert!(to_parquet(&held).unwrap() == to_parquet(&kept).unwrap());
    let again = from_parquet(&to_parquet(&kept).unwrap()).unwrap();
    assert!(to_parquet(&again).unwrap() == to_parquet(&kept).unwrap());
}

/// Keeps roll-ups of few rows.
#[derive(Default)]
struct Small(HeldPart);

impl PartKeeper for Small {
    fn scratch(&mut self) -> std::io::Result<Box<dyn Scratch>> {
        self.0.scratch()
    }

    fn roll_up(&mut self, run: RollUp) -> anyhow::Result<()> {
        self.0.roll_up(run)
    }

    fn row_id(&mut self, id: u64) -> std::io::Result<()> {
        self.0.row_id(id)
    }

    fn most_rows(&self) -> usize {
        40
    }
}

#[test]
fn a_part_that_is_too_large_to_be_held_comes_out_the_same() {
    let case = Case::aws("2025-06", june(3, 2));
    let mut nothing = chargeback::frame::charges::NoSink;
    let whole = case.part(0, &mut nothing);
    let mut small = Small::default();
    let outcome =
        case.with_job(0, |job, mut text| normalize_part_into(job, &mut text, &mut nothing, &mut small).unwrap());
    assert!(small.0.runs.len() > 3, "{} runs", small.0.runs.len());
    assert_eq!((&outcome.totals, &outcome.findings), (&whole.totals, &whole.findings));
    assert_eq!(outcome.content, whole.content);
    assert_eq!(small.0.row_ids, whole.row_ids);
    let merged = RollUp::merge(small.0.runs, whole.roll_up.tags().to_vec()).unwrap();
    assert!(to_parquet(&merged).unwrap() == to_parquet(&whole.roll_up).unwrap());
}

#[test]
fn a_roll_up_that_was_cut_off_is_refused() {
    let case = Case::aws("2025-06", june(3, 2));
    let part = case.part(0, &mut chargeback::frame::charges::NoSink);
    let tags = part.roll_up.tags().to_vec();
    let whole = written(&part.roll_up);
    for length in (0..whole.len()).step_by(97) {
        let cut = RunFile::new(std::io::Cursor::new(whole[..length].to_vec()));
        assert!(cut.is_err() || merge(vec![cut.unwrap()], tags.clone()).is_err(), "{length} bytes");
    }
}

#[test]
fn merging_parts_is_reading_them_as_one() {
    let case = Case::aws("2025-06", june(2, 2));
    let mut nothing = chargeback::frame::charges::NoSink;
    let tags = vec!["agency".to_owned(), "application".to_owned()];
    let roll_ups: Vec<RollUp> = (0..2).map(|place| case.part(place, &mut nothing).roll_up).collect();
    let there = RollUp::merge(roll_ups.clone(), tags.clone()).unwrap();
    let back = RollUp::merge(roll_ups.into_iter().rev(), tags).unwrap();
    assert_eq!(to_parquet(&there).unwrap(), to_parquet(&back).unwrap());
}

#[test]
fn every_row_of_the_roll_up_finds_its_charges() {
    let case = Case::aws("2025-06", june(3, 2));
    let month = Month::parse("2025-06").unwrap();
    let tags = ["agency".to_owned(), "application".to_owned()];
    let mut written = Vec::new();
    let mut writer = ChargesWriter::new(&mut written, &tags, "inbox/2025-06/part.csv", month).unwrap();
    let part = case.part(0, &mut writer);
    let charges = writer.finish().unwrap();
    let roll_up = &part.roll_up;
    assert_eq!(charges, roll_up.rows().map(|row| row.sums().charges).sum::<u64>());
    let found = |wanted: Wanted, limit| find(std::io::Cursor::new(&written), &[wanted], limit).unwrap();
    assert_eq!(found(Wanted::default(), 0).counts, [charges]);
    // A few rows over the whole roll-up: reading a file in the development profile is slow.
    for row in roll_up.rows().step_by(roll_up.len() / 7) {
        let wanted = Wanted {
            dimensions: Dimension::ALL.iter().map(|&dimension| (dimension, row.text(dimension).to_owned())).collect(),
            tags: tags.iter().map(|tag| (tag.clone(), row.tag(tag).to_owned())).collect(),
            day: Some(row.day()),
        };
        let found = found(wanted, usize::MAX);
        assert_eq!(found.counts, [row.sums().charges]);
        let found: Vec<_> = found.charges.into_iter().map(|(_, charge)| charge).collect();
        assert_eq!(Cost::total(found.iter().map(|charge| charge.billed)).unwrap(), row.sums().billed);
        let effective = Cost::total(found.iter().map(|charge| charge.effective.unwrap())).unwrap();
        assert_eq!(Some(effective), row.sums().effective);
        assert!(found.iter().all(|charge| charge.row > 1 && charge.file == "inbox/2025-06/part.csv"));
    }
    assert_eq!(roll_up.total(CostBasis::Billed).unwrap(), Some(part.totals.billed["USD"]));
    assert!(part.totals.billed["USD"] > cost("1"));
}
