//! One table in every dress that people put tables into: packed, in another encoding, with other marks between the cells,
//! or saved as a workbook.

use crate::cmd::root;
use chargeback::io::fs::Disk;
use chargeback::io::inbox;
use chargeback::model::finding::Code;
use chargeback::model::month::Month;
use chargeback::model::settings::State;
use chargeback::stages::directory::directory;
use chargeback::stages::ingest::ingest;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use tempfile::TempDir;

type Rows = Vec<Vec<String>>;
/// The bytes of a table of this name.
type Dress = dyn Fn(&str, &Rows) -> Vec<u8>;

/// ServiceNow's tables of one rendering, by the names of their files.
fn servicenow(rendering: &str) -> BTreeMap<String, Rows> {
    let folder = root().join("tests/samples/servicenow").join(rendering);
    let mut tables = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(&path).unwrap();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        tables.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), rows);
    }
    tables
}

fn delimited(rows: &Rows, delimiter: u8) -> String {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn workbook(rows: &Rows) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    workbook.add_worksheet();
    let sheet = workbook.add_worksheet();
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            sheet.write_string(row as u32, column as u16, cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn put(folder: &TempDir, name: &str, bytes: &[u8]) {
    fs::create_dir_all(folder.path().join("inbox")).unwrap();
    fs::write(folder.path().join("inbox").join(name), bytes).unwrap();
}

/// Owners of accounts and resources by the tables, and what was told of the files.
fn owners(tables: &BTreeMap<String, Rows>, dress: &Dress) -> (String, Vec<Code>) {
    let folder = TempDir::new().unwrap();
    for (name, rows) in tables {
        put(&folder, &format!("{name}.bin"), &dress(name, rows));
    }
    let (disk, state) = (Disk::real(folder.path()), State::default());
    let (files, mut findings) = inbox::look_at_all(&disk, "inbox", &state, 2).unwrap();
    let ingested = ingest(&files, &state, Month::parse("2025-06").unwrap());
    findings.extend(ingested.findings);
    let mut read = Vec::new();
    for table in &ingested.intake.tables {
        let file = files.iter().find(|file| file.path == table.path).unwrap();
        let (rows, about) = inbox::read_table(&disk, "inbox", file, table).unwrap();
        read.push(rows);
        findings.extend(about);
    }
    let (directory, _) = directory(&read);
    let mut text = String::new();
    for (key, entry) in directory.accounts.iter().chain(&directory.resources) {
        text += &format!("{key} {:?} {} {:?}\n", entry.departments, entry.cost_center, entry.applications);
    }
    text += &format!("{:?}", directory.departments.keys().filter(|name| name.len() != 32).collect::<Vec<_>>());
    let mut codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    codes.dedup();
    (text, codes)
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn one_table_in_every_dress() {
    let tables = servicenow("default-display");
    let (plain, codes) = owners(&tables, &|_, rows| delimited(rows, b',').into_bytes());
    assert!(plain.contains("DPS") && codes.is_empty(), "{plain}\n{codes:?}");
    let dresses: [(&str, &Dress); 8] = [
        ("semicolons", &|_, rows| delimited(rows, b';').into_bytes()),
        ("bars", &|_, rows| delimited(rows, b'|').into_bytes()),
        ("a sep= line and a mark", &|_, rows| format!("\u{feff}sep=;\r\n{}", delimited(rows, b';')).into_bytes()),
        ("UTF-16 tab text", &|_, rows| utf16(&delimited(rows, b'\t'))),
        ("zstd", &|_, rows| zstd::encode_all(delimited(rows, b',').as_bytes(), 3).unwrap()),
        ("zip", &|name, rows| {
            zipped(&[("__MACOSX/._x", b"x"), (&format!("export/{name}.csv"), delimited(rows, b',').as_bytes())])
        }),
        ("zip of parts", &|name, rows| {
            let (first, rest) = rows.split_at(rows.len().min(3));
            let rest: Rows = rows[..1].iter().chain(rest).cloned().collect();
            let parts = [delimited(&rest, b','), delimited(&first.to_vec(), b',')];
            zipped(&[
                (&format!("{name}_10.csv"), parts[0].as_bytes()),
                (&format!("{name}_9.csv"), parts[1].trim_end().as_bytes()),
            ])
        }),
        ("a workbook", &|_, rows| workbook(rows)),
    ];
    for (dress, make) in dresses {
        assert_eq!(owners(&tables, make), (plain.clone(), Vec::new()), "{dress}");
    }
}

/// Display values cannot tell two machines of one name apart; in all else the renderings agree.
#[test]
fn the_renderings_of_servicenow_agree() {
    let (display, _) = owners(&servicenow("default-display"), &|_, rows| delimited(rows, b',').into_bytes());
    let folder = root().join("tests/samples/servicenow/labels-cp1252");
    let as_it_lies = move |name: &str, _: &Rows| fs::read(folder.join(format!("{name}.csv"))).unwrap();
    let (labels, codes) = owners(&servicenow("default-display"), &as_it_lies);
    assert_eq!((labels, codes), (display.clone(), vec![Code::FileEncoding]));
    let (raw, codes) = owners(&servicenow("raw-values"), &|_, rows| delimited(rows, b',').into_bytes());
    assert_eq!(codes, []);
    let of_accounts = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.contains("ramp") && !line.starts_with("i-")).map(str::to_owned).collect()
    };
    assert_eq!(of_accounts(&raw), of_accounts(&display));
}

#[test]
fn archives_that_could_be_one_month_twice_are_refused() {
    let rows = servicenow("default-display").remove("cmn_department").unwrap();
    let (text, other) = (delimited(&rows, b','), "name,id\nx,1\n");
    for (members, why) in [
        ([("actual.csv", text.as_str()), ("amortized.csv", text.as_str())], "not parts of one file"),
        ([("part-1.csv", text.as_str()), ("part-2.csv", other)], "another header"),
        ([("part-1.csv", text.as_str()), ("../part-2.csv", text.as_str())], "climbs out"),
    ] {
        let folder = TempDir::new().unwrap();
        let members = members.map(|(name, text)| (name, text.as_bytes()));
        put(&folder, "a.zip", &zipped(&members));
        let (_, findings) = inbox::look_at_all(&Disk::real(folder.path()), "inbox", &State::default(), 1).unwrap();
        assert_eq!(findings[0].code, Code::FileDamaged);
        assert!(findings[0].why.contains(why), "{}", findings[0]);
    }
}
