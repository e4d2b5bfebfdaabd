//! What each fuzz target does with its bytes. The repository's own tests run the same functions over mutated seeds, so a
//! panic is seen without a fuzzer too.
//!
//! Whatever the bytes are, a target ends: with rows, with findings, or with an error. It must not panic, ask for memory
//! that the input does not pay for, or lose a row without saying so.

use chargeback::config::{invoices, mappings, sheet::Sheet, tables};
use chargeback::frame::charges::NoSink;
use chargeback::frame::delimited::{Record, Scanner};
use chargeback::io::container;
use chargeback::io::look::look;
use chargeback::model::decimal;
use chargeback::model::intake::{FileLook, View};
use chargeback::model::money::{Cost, Money, SCALE};
use chargeback::model::month::Month;
use chargeback::sources::SOURCES;
use chargeback::stages::ingest::month_of_rows;
use chargeback::stages::normalize::{PartJob, narrow_rows, normalize_part};
use std::io::{Cursor, Read};

type Target = fn(&[u8]);

/// Names of the targets and what they do.
pub const TARGETS: &[(&str, Target)] = &[
    ("delimited", delimited),
    ("packed", packed),
    ("source", source),
    ("amount", amount),
    ("mapping", mapping),
    ("sheet", sheet),
];

/// Unpacked bytes that are looked at.
const MOST: u64 = 1 << 22;

/// Rows and cells: the first byte is the delimiter.
pub fn delimited(bytes: &[u8]) {
    let Some((&first, text)) = bytes.split_first() else { return };
    let delimiter = [b',', b';', b'\t', b'|'][usize::from(first) % 4];
    let mut scanner = Scanner::new(text, delimiter);
    let mut record = Record::default();
    let mut cells = 0_usize;
    while scanner.next(&mut record).unwrap_or(false) {
        for column in 0..record.len() {
            cells += scanner.field(&record, column).len();
        }
    }
    assert!(cells <= text.len(), "cells have more bytes than their text");
}

/// A file as it is delivered: container, encoding, header, and its text to the end.
pub fn packed(bytes: &[u8]) {
    let bytes = bytes.to_vec();
    let open = || Ok(Box::new(Cursor::new(bytes.clone())) as container::Packed);
    let Ok((FileLook::Table { container, encoding, .. }, _)) = look("x.bin", None, &open) else { return };
    if let Ok(file) = open()
        && let Ok(text) = container::plain_text(file, container, encoding)
    {
        let _ = std::io::copy(&mut text.take(MOST), &mut std::io::sink());
    }
}

/// A vendor's reader: the first byte chooses the source, the second the view.
pub fn source(bytes: &[u8]) {
    let [first, second, text @ ..] = bytes else { return };
    let source = SOURCES[usize::from(*first) % SOURCES.len()];
    let views = [View::ActualAlone, View::AmortizedAlone, View::ActualOfPair, View::AmortizedOfPair];
    let view = if source.delivery.views.is_some() { views[usize::from(*second) % 4] } else { View::Only };
    let open = || Ok(Box::new(Cursor::new(text.to_vec())) as container::Packed);
    let Ok((FileLook::Table { delimiter, header, first_rows, .. }, _)) = look("x.csv", None, &open) else { return };
    let Ok(usual) = Month::parse("2025-06") else { return };
    let job = PartJob {
        source,
        file: "inbox/2025-06/x/x.csv",
        delimiter,
        row_width: narrow_rows(&header, &first_rows),
        month: month_of_rows(source, &header, &first_rows).unwrap_or(usual),
        view,
        net: second & 4 != 0,
        currency: "USD",
        convertible: Vec::new(),
        currency_of_file: (second & 8 != 0).then_some("USD"),
        date_order: None,
        about_dates: None,
        usage_only: second & 16 != 0,
        billing_tags: &[],
        repeated_rows_limit: 1000,
    };
    // What cannot be kept exactly is an error, and a defect of the text a finding.
    let Ok(outcome) = normalize_part(&job, &mut &text[..], &mut NoSink) else { return };
    let totals = &outcome.totals;
    let left_out: u64 = totals.rows_left_out.values().map(|(rows, _)| rows).sum();
    assert_eq!(totals.rows_read, totals.rows_accepted + totals.rows_rejected + left_out, "a row is lost");
    assert!(totals.rows_rejected == 0 || !outcome.findings.is_empty(), "a row is rejected in silence");
}

/// Amounts and what is written of them.
pub fn amount(bytes: &[u8]) {
    if let Ok(long) = decimal::parse_long(bytes) {
        let _ = long.rounded();
    }
    if let Ok(units) = decimal::parse(bytes) {
        let text = decimal::plain(units, SCALE);
        assert_eq!(decimal::parse(text.as_bytes()).ok(), Some(units), "{text}");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(cost) = Cost::parse(text) {
        assert_eq!(Cost::parse(&cost.to_string()).ok(), Some(cost), "{text}");
    }
    if let Ok(money) = Money::parse(text) {
        assert_eq!(Money::parse(&money.to_string()).ok(), Some(money), "{text}");
    }
}

/// A file of `mappings/`.
pub fn mapping(bytes: &[u8]) {
    let (mapping, findings) = mappings::mapping("mappings/x.toml", bytes);
    assert!(mapping.is_some() || !findings.is_empty(), "a mapping is left out in silence");
}

/// Tables that people keep, as text and as a workbook.
pub fn sheet(bytes: &[u8]) {
    for table in [tables::INVOICES, tables::DRIVERS] {
        let mut findings = Vec::new();
        Sheet::new(table).read("x.csv", bytes, &mut findings);
        if bytes.starts_with(b"PK") {
            invoices::read_workbook(&mut Sheet::new(table), "x.xlsx", bytes.to_vec(), &mut findings);
        }
    }
}
