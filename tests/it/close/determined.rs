//! What decides a bill, and what does not: folder, threads, clock zone, locale, order of rows, columns and parts, packing.

use super::{closed, journals, outputs};
use crate::books::{Books, golden_small, request, westmark};
use chargeback::model::finding::Code;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};
use std::process::Command;

#[test]
fn another_folder_and_another_number_of_threads() {
    let first = westmark();
    let expected = outputs(&first, &closed(&first, "2025-06"));
    for threads in [1, 4] {
        let books = westmark();
        let mut request = request(&books, "2025-06");
        request.threads = threads;
        let outcome = books.run(&request);
        assert_eq!(outputs(&books, &outcome), expected, "{threads} threads");
        for path in ["ledger/HEAD", "ledger/BOOKS", "ledger/audit.log"] {
            assert_eq!(books.read(path), first.read(path), "{path} with {threads} threads");
        }
    }
}

/// Closes the books that the environment names: run by the test below in a process of its own.
#[test]
#[ignore = "the test of time zones and locales starts it"]
fn closes_the_books_of_the_environment() {
    let books = Books::at(std::env::var_os("BOOKS_TO_CLOSE").unwrap());
    closed(&books, "2025-09");
}

#[test]
fn another_time_zone_and_locale() {
    let first = golden_small();
    let expected = outputs(&first, &closed(&first, "2025-09"));
    for (zone, locale) in [("Pacific/Kiritimati", "tr_TR.UTF-8"), ("America/Denver", "de_DE.UTF-8"), ("UTC", "C")] {
        let books = golden_small();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "close::determined::closes_the_books_of_the_environment", "--ignored"])
            .env_clear()
            .envs([("TZ", zone), ("LC_ALL", locale), ("LANG", locale)])
            .env("BOOKS_TO_CLOSE", &books.path)
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
        let outcome = books.run(&request(&books, "2025-09"));
        assert_eq!(outputs(&books, &outcome), expected, "{zone} {locale}");
        assert_eq!(books.read("ledger/HEAD"), first.read("ledger/HEAD"), "{zone} {locale}");
    }
}

type Rows = Vec<Vec<String>>;
type Change = fn(Rows) -> Rows;

/// Every delimited file of the inbox, changed in a way that is no change.
fn rewritten(books: &Books, change: fn(Rows) -> Rows, pack: Option<bool>) {
    for (path, bytes) in books.files("inbox") {
        if !path.contains(".csv") {
            continue;
        }
        let before = bytes.len();
        let was_packed = bytes.starts_with(&[0x1f, 0x8b]);
        let text = if was_packed { unpacked(&bytes) } else { bytes };
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_slice());
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in change(rows) {
            writer.write_record(row).unwrap();
        }
        let text = writer.into_inner().unwrap();
        let packed = pack.unwrap_or(was_packed) && path.contains("/aws/");
        let bytes = if packed { gzip(&text) } else { text };
        books.write(&path, &bytes);
        manifest_says(books, &path, before, bytes.len());
    }
}

/// A manifest beside the part that says how large it is, says so again.
fn manifest_says(books: &Books, part: &str, before: usize, after: usize) {
    let path = format!("{}/manifest.json", part.rsplit_once('/').unwrap().0);
    if before == after || !books.path.join(&path).exists() {
        return;
    }
    let mut manifest = super::json(&books.read(&path));
    let total = manifest["byteCount"].as_u64().unwrap() + after as u64 - before as u64;
    manifest["byteCount"] = total.into();
    for blob in manifest["blobs"].as_array_mut().unwrap() {
        if blob["byteCount"].as_u64() == Some(before as u64) {
            blob["byteCount"] = after.into();
        }
    }
    books.write(&path, manifest.to_string().as_bytes());
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut text).unwrap();
    text
}

fn gzip(text: &[u8]) -> Vec<u8> {
    // Two members, as a tool that joins parts leaves them.
    let half = text.len() / 2;
    let member = |text: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    [member(&text[..half]), member(&text[half..])].concat()
}

/// The same places in another order: each `step` places on.
fn shuffled<T: Clone>(items: &[T], step: usize) -> Vec<T> {
    let step = (step..).find(|step| items.is_empty() || gcd(*step, items.len()) == 1).unwrap();
    (0..items.len()).map(|place| items[(place * step + items.len() / 2) % items.len()].clone()).collect()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn columns(rows: Rows) -> Rows {
    rows.iter().map(|row| shuffled(row, 7)).collect()
}

fn rows(mut rows: Rows) -> Rows {
    let body = rows.split_off(1);
    rows.extend(shuffled(&body, 11));
    rows
}

fn unchanged(rows: Rows) -> Rows {
    rows
}

#[test]
fn columns_rows_and_packing_change_no_journal() {
    let first = westmark();
    let outcome = closed(&first, "2025-06");
    let expected = journals(&first, &outcome);
    let cases: [(&str, Change, Option<bool>); 4] = [
        ("columns in another order", columns, None),
        ("rows in another order", rows, None),
        ("plain instead of packed", unchanged, Some(false)),
        ("packed in two members", unchanged, Some(true)),
    ];
    for (name, change, pack) in cases {
        let books = westmark();
        rewritten(&books, change, pack);
        let again = closed(&books, "2025-06");
        assert_eq!(again.bills, outcome.bills, "{name}");
        let found = journals(&books, &again);
        for (path, bytes) in &expected {
            assert!(found.get(path) == Some(bytes), "{name}: {path} differs");
        }
    }
}

#[test]
fn parts_in_another_order_change_no_journal() {
    let first = westmark();
    let outcome = closed(&first, "2025-06");
    let books = westmark();
    let parts: Vec<String> = books
        .files("inbox")
        .into_keys()
        .filter(|path| path.contains("aa0000000003/westmark-cur-0000") && path.ends_with(".csv.gz"))
        .collect();
    let [one, two] = parts.as_slice() else { panic!("{parts:?}") };
    let (first_part, second_part) = (books.read(one), books.read(two));
    books.write(one, &second_part);
    books.write(two, &first_part);
    let again = closed(&books, "2025-06");
    assert_eq!(journals(&books, &again), journals(&first, &outcome));
}

/// The newest assembly of the AWS report in so many parts, of which only some have come.
struct Nights {
    folder: String,
    header: String,
    rows: Vec<String>,
}

impl Nights {
    fn of(books: &Books) -> Self {
        let parts: Vec<String> =
            books.files("inbox").into_keys().filter(|path| path.contains("aa0000000003/")).collect();
        let folder = parts[0].rsplit_once('/').unwrap().0.to_owned();
        let (mut header, mut rows) = (String::new(), Vec::new());
        for path in parts.iter().filter(|path| path.ends_with(".csv.gz")) {
            let text = String::from_utf8(unpacked(&books.read(path))).unwrap();
            std::fs::remove_file(books.path.join(path.trim_start_matches('/'))).unwrap();
            let (first, rest) = text.split_once('\n').unwrap();
            header = first.to_owned();
            rows.extend(rest.lines().map(str::to_owned));
        }
        Self { folder, header, rows }
    }

    /// `parts` are stretches of the rows.
    fn bring(&self, books: &Books, parts: &[std::ops::Range<usize>]) {
        let mut keys = Vec::new();
        for (number, part) in (1..).zip(parts) {
            let name = format!("westmark-cur-{number:05}.csv.gz");
            let text = format!("{}\n{}\n", self.header, self.rows[part.clone()].join("\n"));
            books.write(&format!("{}/{name}", self.folder), &gzip(text.as_bytes()));
            keys.push(format!("cur/westmark-cur/20250601-20250701/0b6f3a52-1c11-4d5e-9f10-aa0000000003/{name}"));
        }
        for manifest in [self.folder.as_str(), self.folder.rsplit_once('/').unwrap().0] {
            let path = format!("{manifest}/westmark-cur-Manifest.json");
            let mut json = super::json(&books.read(&path));
            json["reportKeys"] = keys.clone().into();
            books.write(&path, json.to_string().as_bytes());
        }
    }
}

#[test]
fn parts_that_come_night_by_night_make_the_month_that_they_make_at_once() {
    let rows = Nights::of(&westmark()).rows.len();
    let [a, b, c] = [rows / 4, rows / 2, rows / 4 * 3];
    let whole = [0..a, a..b, b..c, c..rows];
    let nights: [(&str, Vec<Vec<std::ops::Range<usize>>>); 4] = [
        ("one part more", vec![whole[..3].to_vec(), whole.to_vec()]),
        ("night by night", vec![whole[..1].to_vec(), whole[..2].to_vec(), whole[..3].to_vec(), whole.to_vec()]),
        ("a part that was another", vec![vec![0..a, a..b + 5, b + 5..c], whole.to_vec()]),
        ("a part with rows of another", vec![whole[..3].to_vec(), vec![0..a, a..b, b..c, c - 3..rows]]),
    ];
    for (name, nights) in nights {
        let run = |nights: &[Vec<std::ops::Range<usize>>]| {
            let books = westmark();
            let delivery = Nights::of(&books);
            let mut request = request(&books, "2025-06");
            request.draft = true;
            let mut outcome = None;
            for parts in nights {
                delivery.bring(&books, parts);
                outcome = Some(books.run(&request));
            }
            let outcome = outcome.unwrap();
            let files = outcome.outputs.is_some().then(|| outputs(&books, &outcome));
            (outcome.run.clone(), outcome.findings.clone(), files)
        };
        let (by_nights, at_once) = (run(&nights), run(&nights[nights.len() - 1..]));
        assert_eq!(by_nights.0, at_once.0, "{name}");
        assert_eq!(by_nights.1, at_once.1, "{name}");
        assert!(by_nights.2 == at_once.2, "{name}: the outputs differ");
        let twice = at_once.1.iter().any(|finding| finding.code == Code::LineIdTwice);
        assert_eq!(twice, name == "a part with rows of another", "{name}: {:#?}", at_once.1);
    }
}
