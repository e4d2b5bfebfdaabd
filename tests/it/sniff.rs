//! What `sniff` says of every file of the samples: alone and under another name, and as it was delivered.

use crate::cmd::{copy, root, run, surroundings, writes_goldens};
use chargeback::close::{self, SniffedSet};
use chargeback::io::fs::Disk;
use chargeback::io::inbox;
use chargeback::model::decimal;
use chargeback::model::intake::{Container, FileLook};
use chargeback::model::money::Cost;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The table of all files, one row each; with `INSTA_UPDATE=always` it is written anew.
const TABLE: &str = "tests/sniffed.txt";

fn samples() -> PathBuf {
    root().join("tests/samples")
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// All files of the samples that somebody delivers: manifests only say what belongs together.
fn delivered() -> Vec<String> {
    let name = |path: PathBuf| path.strip_prefix(samples()).unwrap().to_str().unwrap().to_owned();
    let is_delivered = |name: &String| !name.to_lowercase().ends_with(".json") && name != "README.md";
    files_below(&samples()).into_iter().map(name).filter(is_delivered).collect()
}

pub fn sniffed(files: &[PathBuf]) -> BTreeMap<String, SniffedSet> {
    close::sniff(files, None, 2).unwrap()
}

/// A file's bytes under a name that says nothing, in a folder that says nothing.
pub fn alone(bytes: &[u8]) -> SniffedSet {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("x")).unwrap();
    let path = folder.path().join("x/x.bin");
    fs::write(&path, bytes).unwrap();
    let mut sets = sniffed(&[path]);
    assert_eq!(sets.len(), 1, "{sets:#?}");
    sets.pop_first().unwrap().1
}

fn expected() -> Value {
    serde_json::from_slice(&fs::read(samples().join("expected.json")).unwrap()).unwrap()
}

/// Of a file that lies here packed, and there not.
fn expected_of<'a>(all: &'a Value, key: &str) -> Option<&'a Value> {
    all.get(key).or_else(|| all.get(key.strip_suffix(".gz")?))
}

fn cost(amount: &Value) -> Cost {
    Cost::from_units(decimal::parse_long(amount.as_str().unwrap().as_bytes()).unwrap().rounded().0)
}

/// Rows and cost of groups, under the names that charges have: subscriptions without their path, nobody as nobody, a
/// charge type without what else it is split by.
fn groups(entry: &Value, kinds: &[(&str, &str)], name_of: fn(&str) -> String) -> Option<BTreeMap<String, (u64, Cost)>> {
    let (groups, field) = kinds.iter().find_map(|(groups, field)| Some((entry.get(*groups)?.as_object()?, *field)))?;
    let mut sums: BTreeMap<String, (u64, Cost)> = BTreeMap::new();
    for (name, group) in groups {
        let sum = sums.entry(name_of(name)).or_default();
        sum.0 += group["rows"].as_u64().unwrap();
        sum.1 = sum.1.checked_add(cost(&group[field])).unwrap();
    }
    Some(sums)
}

fn account(name: &str) -> String {
    const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
    let name = name.rsplit('/').next().unwrap().to_lowercase();
    if name == NOBODY || name == "null" { String::new() } else { name }
}

/// Everything that `expected.json` says of a set, to the last digit.
fn same_as_expected(key: &str, set: &SniffedSet, wanted: &Value) {
    assert_eq!(set.format, wanted["format"].as_str().unwrap(), "{key}");
    assert_eq!(set.rows, wanted["rows"].as_u64().unwrap(), "{key}");
    if let Some(columns) = wanted.get("columns") {
        assert_eq!(set.columns, columns.as_u64().unwrap(), "{key}");
    }
    if !set.counts {
        return;
    }
    // Of the amortized view billed cost is not known; its column is what the expected totals are of.
    let ours = set.billed_by_currency.as_ref().unwrap_or(&set.cost_by_currency);
    let currencies = ["billed_by_currency", "cost_by_currency"].iter().find_map(|name| wanted.get(*name)?.as_object());
    let of_focus = || wanted.get("by_currency")?.as_object();
    let theirs: BTreeMap<String, &str> = match (currencies, of_focus()) {
        (Some(sums), _) => sums.iter().map(|(name, sum)| (name.clone(), sum.as_str().unwrap())).collect(),
        (_, Some(sums)) => sums.iter().map(|(name, sum)| (name.clone(), sum["BilledCost"].as_str().unwrap())).collect(),
        _ => match wanted.get("total").filter(|_| !set.cost_by_currency.is_empty()) {
            Some(total) => BTreeMap::from([("USD".to_owned(), total.as_str().unwrap())]),
            None => BTreeMap::new(),
        },
    };
    let named = |name: String| if name.is_empty() { "USD".to_owned() } else { name };
    let theirs: BTreeMap<String, &str> = theirs.into_iter().map(|(name, sum)| (named(name), sum)).collect();
    let ours: BTreeMap<String, &str> = ours.iter().map(|(name, sum)| (name.clone(), sum.as_str())).collect();
    assert_eq!(ours, theirs, "{key}");
    let effective = ["effective_total_net_columns", "effective_total_gross_columns"];
    let aws = effective.iter().find_map(|name| wanted.get(*name)).map(|total| total.as_str());
    let focus = of_focus().and_then(|sums| sums.values().next()?.get("EffectiveCost")).map(|total| total.as_str());
    if let Some(wanted) = aws.or(focus) {
        assert_eq!(set.effective_total.as_deref(), wanted, "{key}");
    }
    let amortized = set.view == "amortized";
    let found = |groups: &BTreeMap<String, close::SniffedGroup>| -> BTreeMap<String, (u64, Cost)> {
        let amount = |group: &close::SniffedGroup| if amortized { group.cost } else { group.billed.unwrap() };
        groups.iter().map(|(name, group)| (name.clone(), (group.rows, amount(group)))).collect()
    };
    let accounts = [("by_account", "billed"), ("by_subscription", "cost"), ("by_sub_account", "BilledCost")];
    if let Some(wanted) = groups(wanted, &accounts, account) {
        assert_eq!(found(&set.by_account), wanted, "{key}");
    }
    let types = [
        ("by_charge_type", "billed"),
        ("by_charge_type_and_pricing_model", "cost"),
        ("by_charge_category_and_class", "BilledCost"),
    ];
    if let Some(wanted) = groups(wanted, &types, |name| name.split(" | ").next().unwrap().to_owned()) {
        assert_eq!(found(&set.by_charge_type), wanted, "{key}");
    }
}

/// Format, month, rows, and what it adds or why it does not count.
fn row(set: &SniffedSet) -> String {
    let month = set.month.map_or("-".to_owned(), |month| month.to_string());
    let refusal = set.findings.iter().find(|finding| finding.blocks()).or(set.findings.first());
    let verdict = match (set.counts, set.adds.first_key_value(), refusal) {
        (true, Some((currency, costs)), _) => format!("adds {} {currency}", costs.billed),
        (true, None, _) => "counts".to_owned(),
        (false, _, Some(finding)) => format!("refused {}", finding.code),
        (false, _, None) => format!("refused {}", set.reason),
    };
    let source = if set.source.is_empty() { &set.title } else { &set.source };
    format!("{source} | {month} | {} | {verdict}", set.rows)
}

#[test]
fn every_file_by_its_content_alone() {
    let all = expected();
    let mut table = String::new();
    for name in delivered() {
        let set = alone(&fs::read(samples().join(&name)).unwrap());
        writeln!(table, "{name} | {}", row(&set)).unwrap();
        if let Some(wanted) = expected_of(&all, &name) {
            same_as_expected(&name, &set, wanted);
        }
    }
    let path = root().join(TABLE);
    if writes_goldens() {
        fs::write(&path, &table).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(table, known, "what sniff says of a file has changed: see {TABLE}");
    assert!(table.lines().count() >= 102, "{} files", table.lines().count());
}

/// Versions, copies and views are only known from what lies beside a file.
#[test]
fn every_delivery_as_it_lies() {
    let all = expected();
    let folder = TempDir::new().unwrap();
    copy(&samples(), folder.path());
    let sets = sniffed(&[folder.path().to_owned()]);
    let inside = |key: &str| Path::new(key).strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
    let sets: BTreeMap<String, SniffedSet> = sets.into_iter().map(|(key, set)| (inside(&key), set)).collect();
    for (key, wanted) in all.as_object().unwrap() {
        let set = sets.get(key).or_else(|| sets.get(&format!("{key}.gz")));
        let set = set.unwrap_or_else(|| panic!("nothing is said of {key}"));
        same_as_expected(key, set, wanted);
    }
    let of = |part: &str| -> Vec<&SniffedSet> {
        sets.iter().filter(|(key, _)| key.contains(part)).map(|(_, set)| set).collect()
    };
    for (part, counts, why) in [
        ("aa0000000001/*", false, "says that version 0b6f3a52-1c11-4d5e-9f10-aa0000000003 counts"),
        ("aa0000000002/*", false, "says that version 0b6f3a52-1c11-4d5e-9f10-aa0000000003 counts"),
        ("aa0000000003/*", true, ""),
        ("ow-1 (1).csv.zip", false, "It holds the same rows as"),
        ("ow-1.csv.zip", true, ""),
        ("aaaa1111-0000-4000-8000-000000000001/*", false, "says that version bbbb2222"),
        ("bbbb2222-0000-4000-8000-000000000002/*", true, ""),
        ("202506150510/aaaaaaaa-0000-4000-8000-000000000006/*", false, "counts"),
        ("202507060512/bbbbbbbb-0000-4000-8000-000000000005/*", true, ""),
        ("202507060512/bbbbbbbb-0000-4000-8000-000000000006/*", true, ""),
        ("azure-price-sheet/ea-2025-06.csv", false, "nothing of it is added to a bill"),
    ] {
        let [set] = of(part)[..] else { panic!("{part}: {:?}", sets.keys()) };
        assert_eq!(set.counts, counts, "{part}: {}", set.reason);
        assert!(set.reason.contains(why), "{part}: {}", set.reason);
    }
    // Of a pair each view adds its own: together the actual file's billed and the amortized file's effective cost.
    let pair = of("202507060512/bbbbbbbb");
    let billed = Cost::total(pair.iter().map(|set| set.adds["USD"].billed)).unwrap();
    let effective = Cost::total(pair.iter().map(|set| set.adds["USD"].effective.unwrap())).unwrap();
    assert_eq!((billed.to_string(), effective.to_string()), ("986.5004251872".into(), "1072.07576765295376".into()));
    // One June of one payer, in three formats: nobody but a person knows which is to be left out.
    let cur = of("aa0000000003/*")[0];
    assert!(cur.same_money_as.iter().any(|other| other.contains("focus-1.0-aws")), "{:?}", cur.same_money_as);
}

#[test]
fn what_nothing_fits_is_told_with_the_three_nearest() {
    let set = alone(b"lineItem/UsageAccountId,SubscriptionId,Cost\n1,2,3\n");
    assert!(!set.counts && set.format == "unknown", "{set:#?}");
    let nearest: Vec<String> =
        set.nearest.iter().map(|near| format!("{}: {}", near.title, near.lacks.join(", "))).collect();
    insta::assert_snapshot!(format!("{}\n{}", set.reason, nearest.join("\n")));
    let set = alone(b"a,b\n1,2\n");
    assert_eq!((set.nearest.len(), set.counts), (3, false));
}

/// As a person and as a program see it.
#[test]
fn the_answer_in_text_and_as_json() {
    let folder = TempDir::new().unwrap();
    copy(&samples().join("azure-ea/create-new"), &folder.path().join("ea"));
    let path = folder.path().to_str().unwrap();
    let (code, text, message) = run(&["sniff", path], &surroundings());
    assert_eq!(code, 0);
    insta::assert_snapshot!(format!("{text}{message}").replace(path, "FOLDER"));
    let (code, json, _) = run(&["sniff", "--format", "json", path], &surroundings());
    assert_eq!(code, 0);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "chargeback.sniff/1");
    let sets = json["content"].as_object().unwrap();
    let actual = sets.iter().find(|(key, _)| key.ends_with("bbbbbbbb-0000-4000-8000-000000000006/*")).unwrap().1;
    let keys =
        ["format", "rows", "billed_by_currency", "effective_total", "by_charge_type", "by_account", "counts", "reason"];
    assert!(keys.iter().all(|key| actual.get(key).is_some()), "{actual:#}");
    assert_eq!(actual["billed_by_currency"]["USD"], "986.5004251872");
    let (code, csv, _) = run(&["sniff", "--format", "csv", path], &surroundings());
    assert_eq!((code, csv.lines().count()), (0, 5));
}

/// A script may ask whether a close would stop at what was delivered: older versions, tables and prices do not stop it.
#[test]
fn the_exit_code_says_whether_a_file_is_refused() {
    for (file, expected) in [
        ("azure-ea/create-new", 0),
        ("servicenow/default-display/cmn_department.csv", 0),
        ("azure-price-sheet", 0),
        ("README.md", 3),
    ] {
        let path = samples().join(file);
        let (code, text, _) = run(&["sniff", path.to_str().unwrap()], &surroundings());
        assert_eq!(code, expected, "{file}: {text}");
    }
}

/// With books their mappings are heeded, and without them the file is of no known format.
#[test]
fn a_mapped_file_is_known_to_its_books() {
    let folder = TempDir::new().unwrap();
    let books = folder.path().join("books");
    assert_eq!(run(&["init", books.to_str().unwrap()], &surroundings()).0, 0);
    let file = root().join("tests/mapped/telecom/september.csv");
    let (code, mapping, _) = run(&["map", file.to_str().unwrap()], &surroundings());
    assert_eq!(code, 0);
    let mapping = mapping.replace("\nprovider_name", "\nbilling_currency = \"USD\"\nprovider_name");
    fs::create_dir_all(books.join("mappings")).unwrap();
    fs::write(books.join("mappings/telecom.toml"), mapping).unwrap();
    let of_books =
        |books: Option<&Path>| close::sniff(std::slice::from_ref(&file), books, 1).unwrap().pop_first().unwrap().1;
    let set = of_books(Some(&books));
    assert_eq!((set.format.as_str(), set.rows, set.counts), ("mapped", 4, true), "{}", set.reason);
    assert_eq!(set.adds["USD"].billed.to_string(), "1232.45");
    assert_eq!(of_books(None).format, "unknown");
}

/// A file's cells, whatever it is packed in.
fn cells(bytes: &[u8]) -> Option<Vec<Vec<String>>> {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("x.bin"), bytes).unwrap();
    let disk = Disk::real(folder.path());
    let (file, _) = inbox::look(&disk, ".", "x.bin", None).unwrap();
    let FileLook::Table { delimiter, container, .. } = file.look else { return None };
    if matches!(container, Container::Parquet | Container::Workbook) {
        return None;
    }
    let text = inbox::open_text(&disk, ".", &file).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
    // Of an older encoding is a cell here and there.
    let cell = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    };
    Some(reader.byte_records().map(|row| row.unwrap().iter().map(cell).collect()).collect())
}

fn written(rows: &[Vec<String>], delimiter: u8, quotes: csv::QuoteStyle, end: csv::Terminator) -> String {
    let mut writer = csv::WriterBuilder::new();
    let mut writer =
        writer.flexible(true).delimiter(delimiter).quote_style(quotes).terminator(end).from_writer(Vec::new());
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn utf16(text: &str, mark: bool, big: bool) -> Vec<u8> {
    let units = mark.then_some('\u{feff}').into_iter().chain(text.chars()).collect::<String>();
    let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    units.encode_utf16().flat_map(bytes).collect()
}

/// Columns in another order, which the name of the file and the place of a column decide.
fn shuffled(rows: &[Vec<String>], seed: u64) -> Vec<Vec<String>> {
    let width = rows[0].len();
    let mut order: Vec<usize> = (0..width).collect();
    let mut state = seed | 1;
    for place in (1..width).rev() {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        order.swap(place, (state >> 33) as usize % (place + 1));
    }
    let turned = |row: &Vec<String>| order.iter().map(|&place| row[place].clone()).collect();
    rows.iter().map(turned).collect()
}

/// All that is said of a file's content; row numbers and messages are of its dress.
fn content(set: &SniffedSet) -> String {
    let mut codes: Vec<String> = set.findings.iter().map(|finding| finding.code.to_string()).collect();
    codes.sort();
    codes.dedup();
    let groups = |groups: &BTreeMap<String, close::SniffedGroup>| format!("{groups:?}");
    format!(
        "{} {:?} {} {} {} {:?} {:?} {:?} {} {} {:?} {:?} {:?}",
        set.source,
        set.month,
        set.view,
        set.columns,
        set.rows,
        set.cost_by_currency,
        set.billed_by_currency,
        set.effective_by_currency,
        groups(&set.by_charge_type),
        groups(&set.by_account),
        set.counted,
        set.counts,
        codes
    )
}

/// As many rows of a file as are dressed: more say the same.
const MOST_ROWS: usize = 60;

/// Columns shuffled, names in other letters, a mark, line ends, quotes everywhere, other delimiters, UTF-16 with and without
/// a mark, packed: of every file of the samples the same is said.
#[test]
fn every_file_in_every_dress() {
    use csv::{
        QuoteStyle::{Always, Necessary},
        Terminator::{Any, CRLF},
    };
    let mut dressed = 0;
    for name in delivered() {
        let bytes = fs::read(samples().join(&name)).unwrap();
        let Some(mut rows) = cells(&bytes) else { continue };
        rows.truncate(MOST_ROWS);
        let even = rows.iter().all(|row| row.len() == rows[0].len());
        let plain = |rows: &[Vec<String>]| written(rows, b',', Necessary, Any(b'\n'));
        let text = plain(&rows);
        let known = content(&alone(text.as_bytes()));
        let mut recased = rows.clone();
        let seed = name.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        for (place, column) in recased[0].iter_mut().enumerate() {
            *column = if place % 2 == 0 { column.to_uppercase() } else { column.to_lowercase() };
        }
        let gzip = {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
            writer.finish().unwrap()
        };
        let mut dresses: Vec<(&str, Vec<u8>)> = vec![
            ("a mark", format!("\u{feff}{text}").into_bytes()),
            ("CRLF", written(&rows, b',', Necessary, CRLF).into_bytes()),
            ("quotes everywhere", written(&rows, b',', Always, CRLF).into_bytes()),
            ("semicolons", written(&rows, b';', Necessary, CRLF).into_bytes()),
            ("a sep= line", format!("\u{feff}sep=;\r\n{}", written(&rows, b';', Necessary, CRLF)).into_bytes()),
            ("UTF-16 with a mark", utf16(&written(&rows, b'\t', Necessary, CRLF), true, false)),
            ("UTF-16 without a mark", utf16(&written(&rows, b'\t', Necessary, CRLF), false, false)),
            ("UTF-16, the greater byte first", utf16(&written(&rows, b'\t', Necessary, CRLF), false, true)),
            ("gzip", gzip),
            ("zstd", zstd::encode_all(text.as_bytes(), 1).unwrap()),
        ];
        if even {
            dresses.push(("columns shuffled", plain(&shuffled(&rows, seed)).into_bytes()));
        }
        // Tags and cost categories are told apart by their case alone, and then are one and a finding.
        let folded: BTreeSet<String> = rows[0].iter().map(|name| name.to_lowercase()).collect();
        if folded.len() == rows[0].len() {
            dresses.push(("names in other letters", plain(&recased).into_bytes()));
        }
        for (dress, bytes) in dresses {
            assert_eq!(content(&alone(&bytes)), known, "{name}: {dress}");
        }
        dressed += 1;
    }
    assert!(dressed > 100, "{dressed} files");
}
