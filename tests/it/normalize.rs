//! The vendors' files read through the engine, against totals that a separate tool computed.

mod ai;
mod aws;
mod azure;
mod commitments;
mod focus;
mod long;
mod parts;
mod rows;
mod samples;
mod speed;

use chargeback::frame::charges::{ChargeSink, NoSink};
use chargeback::frame::delimited::{Record, Scanner};
use chargeback::model::finding::{Code, Finding};
use chargeback::model::intake::{Part, SourceVersion, View};
use chargeback::model::money::Cost;
use chargeback::model::month::Month;
use chargeback::model::part_outcome::PartOutcome;
use chargeback::model::settings::{BillingTag, Settings, SourceSetting};
use chargeback::sources::named;
use chargeback::stages::normalize::{
    ConcludedVersion, PartJob, carries_net, conclude_version, narrow_rows, normalize_part, place_of,
};
use std::io::Read;
use std::path::Path;

/// One version as these tests read it: its parts' plain texts by path.
struct Case {
    source: &'static str,
    month: &'static str,
    view: View,
    currency: &'static str,
    parts: Vec<(String, Vec<u8>)>,
}

fn settings(currency: &str) -> Settings {
    let tag = |name: &str, spellings: &[&str]| BillingTag {
        name: name.to_owned(),
        spellings: spellings.iter().map(|&spelling| spelling.to_owned()).collect(),
    };
    let mut settings = Settings::default();
    settings.state.currency = currency.to_owned();
    settings.state.billing_tags = vec![tag("agency", &["agency", "org"]), tag("application", &["application", "app"])];
    settings.state.sources = vec![SourceSetting { folder: "cloud".to_owned(), ..SourceSetting::default() }];
    settings
}

impl Case {
    fn aws(month: &'static str, parts: Vec<(String, Vec<u8>)>) -> Self {
        Self { source: "aws-cur", month, view: View::Only, currency: "USD", parts }
    }

    fn of(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    fn azure(month: &'static str, view: View, parts: Vec<(String, Vec<u8>)>) -> Self {
        Self { source: "azure-ea", month, view, currency: "USD", parts }
    }

    fn version(&self) -> SourceVersion {
        let part = |path: &String| Part { path: path.clone(), sha256: String::new(), rows_expected: None };
        SourceVersion {
            source: self.source.to_owned(),
            folder: "cloud".to_owned(),
            export: format!("{:?}", self.view),
            version: String::new(),
            month: Month::parse(self.month).unwrap(),
            view: self.view,
            parts: self.parts.iter().map(|(path, _)| part(path)).collect(),
            rows_expected: None,
            manifest: None,
        }
    }

    fn net(&self) -> bool {
        let source = named(self.source).unwrap();
        self.parts.iter().any(|(_, text)| carries_net(source, delimiter(text), &mut text.as_slice()).unwrap())
    }

    fn part(&self, place: usize, sink: &mut dyn ChargeSink) -> PartOutcome {
        self.part_with(place, |_| {}, sink)
    }

    /// The same where the settings say something else.
    fn part_with(&self, place: usize, change: impl FnOnce(&mut PartJob<'_>), sink: &mut dyn ChargeSink) -> PartOutcome {
        self.with_job(place, |job, mut text| {
            change(job);
            normalize_part(job, &mut text, sink).unwrap()
        })
    }

    fn with_job<R>(&self, place: usize, read: impl FnOnce(&mut PartJob<'_>, &[u8]) -> R) -> R {
        let settings = settings(self.currency);
        let month = Month::parse(self.month).unwrap();
        let (path, text) = &self.parts[place];
        let mut job = PartJob {
            source: named(self.source).unwrap(),
            file: &place_of(month, path),
            delimiter: delimiter(text),
            row_width: narrow(text),
            month,
            view: self.view,
            net: self.net(),
            currency: self.currency,
            convertible: Vec::new(),
            currency_of_file: None,
            date_order: None,
            about_dates: None,
            usage_only: false,
            billing_tags: &settings.state.billing_tags,
            repeated_rows_limit: settings.state.gates.repeated_rows_limit,
        };
        read(&mut job, text)
    }

    fn concluded(&self) -> ConcludedVersion {
        let parts = (0..self.parts.len()).map(|place| self.part(place, &mut NoSink)).collect();
        conclude_version(&self.version(), parts, &settings(self.currency)).unwrap()
    }
}

/// Tabs in the header are what a spreadsheet writes.
/// As the look at the file's first rows tells it.
fn narrow(text: &[u8]) -> Option<usize> {
    let mut scanner = Scanner::new(text, delimiter(text));
    let mut record = Record::default();
    let mut rows: Vec<Vec<String>> = Vec::new();
    while rows.len() <= 50 && scanner.next(&mut record).unwrap_or(false) {
        rows.push(vec![String::new(); record.len()]);
    }
    let (header, rows) = rows.split_first()?;
    narrow_rows(header, rows)
}

fn delimiter(text: &[u8]) -> u8 {
    let header = text.split(|&byte| byte == b'\n').next().unwrap();
    if header.contains(&b'\t') { b'\t' } else { b',' }
}

/// A sample's text: unpacked, without byte order mark. Large ones lie packed here whose names in `expected.json` are not.
fn sample(path: &str) -> Vec<u8> {
    let mut path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(path);
    if !path.exists() {
        path.as_mut_os_string().push(".gz");
    }
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut text).unwrap();
    } else {
        text = bytes;
    }
    if let Some(units) = text.strip_prefix(b"\xff\xfe") {
        let units: Vec<u16> = units.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16(&units).unwrap().into_bytes();
    }
    text.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(text)
}

fn parts(paths: &[&str]) -> Vec<(String, Vec<u8>)> {
    paths.iter().map(|path| (format!("cloud/{path}"), sample(path))).collect()
}

fn cost(text: &str) -> Cost {
    Cost::parse(text).unwrap()
}

fn blocking(findings: &[Finding]) -> Vec<Code> {
    findings.iter().filter(|finding| finding.blocks()).map(|finding| finding.code).collect()
}

const JUNE: &str =
    "aws-cur-legacy/westmark-create-new/cur/westmark-cur/20250601-20250701/0b6f3a52-1c11-4d5e-9f10-aa000000000";

/// The parts of one of the three deliveries of June.
fn june(version: u8, parts_of_it: u8) -> Vec<(String, Vec<u8>)> {
    let paths: Vec<String> =
        (1..=parts_of_it).map(|part| format!("{JUNE}{version}/westmark-cur-0000{part}.csv.gz")).collect();
    parts(&paths.iter().map(String::as_str).collect::<Vec<_>>())
}
