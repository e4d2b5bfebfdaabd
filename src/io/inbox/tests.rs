//! Files with something wrong, each with its exact answer. The letters are those of the list of bad inputs that the
//! project keeps: A bytes and containers, B structure, G files.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Read, Write};

const ROWS: &str = "id,cost\n1,2.50\n2,3.50\n";

struct Inbox {
    disk: Disk,
    _folder: tempfile::TempDir,
}

fn inbox() -> Inbox {
    let folder = tempfile::tempdir().unwrap();
    Inbox { disk: Disk::real(folder.path()), _folder: folder }
}

impl Inbox {
    fn put(&self, path: &str, bytes: &[u8]) {
        self.disk.write(&format!("inbox/{path}"), bytes).unwrap();
    }

    /// What one file is, and its text if it has one.
    fn tell(&self, path: &str, setting: Option<&SourceSetting>) -> String {
        let (file, findings) = look(&self.disk, "inbox", path, setting).unwrap();
        if !findings.is_empty() {
            return findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        }
        let FileLook::Table { container, encoding, delimiter, header, first_rows } = &file.look else {
            return format!("{:?}", file.look);
        };
        let mut text = String::new();
        let read = open_text(&self.disk, "inbox", &file).unwrap().read_to_string(&mut text);
        let read = read.map_or_else(|error| damage_in_words(&error), |_| format!("{text:?}"));
        let delimiter = char::from(*delimiter);
        format!("{container:?} {encoding:?} {delimiter:?} {} columns, {} rows: {read}", header.len(), first_rows.len())
    }
}

fn told(bytes: &[u8]) -> String {
    let inbox = inbox();
    inbox.put("f.csv", bytes);
    inbox.tell("f.csv", None)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn utf16(text: &str, mark: bool, big: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[test]
fn a01_to_a16_encodings_that_are_read() {
    let plain = "Plain Utf8 ',' 2 columns, 2 rows: \"id,cost\\n1,2.50\\n2,3.50\\n\"";
    assert_eq!(told(ROWS.as_bytes()), plain);
    assert_eq!(told(format!("\u{feff}{ROWS}").as_bytes()), plain);
    assert_eq!(told(format!("sep=,\n{ROWS}").as_bytes()), plain);
    assert_eq!(told(&utf16(ROWS, true, false)), plain.replace("Utf8", "Utf16LittleEndian"));
    assert_eq!(told(&utf16(ROWS, true, true)), plain.replace("Utf8", "Utf16BigEndian"));
    assert_eq!(told(&utf16(ROWS, false, false)), plain.replace("Utf8", "Utf16LittleEndian"));
    assert_eq!(told(&utf16(ROWS, false, true)), plain.replace("Utf8", "Utf16BigEndian"));
    assert_eq!(told(&gzip(ROWS.as_bytes())), plain.replace("Plain", "Gzip"));
    assert_eq!(told(&zstd::encode_all(ROWS.as_bytes(), 1).unwrap()), plain.replace("Plain", "Zstd"));
    assert_eq!(told(&zip(&[("x.csv", ROWS.as_bytes())])), plain.replace("Plain", "Zip"));
    let with_rubbish = zip(&[("__MACOSX/._x.csv", b"x"), ("x.csv", ROWS.as_bytes()), (".DS_Store", b"x")]);
    assert_eq!(told(&with_rubbish), plain.replace("Plain", "Zip"));
    // A19: both members of a gzip file are read.
    let two = [gzip(b"id,cost\n1,2.50\n"), gzip(b"2,3.50\n")].concat();
    assert_eq!(told(&two), plain.replace("Plain", "Gzip"));
    // B10, B11: other delimiters.
    assert!(told(ROWS.replace(',', ";").as_bytes()).starts_with("Plain Utf8 ';' 2 columns"));
    assert!(told(ROWS.replace(',', "\t").as_bytes()).starts_with("Plain Utf8 '\\t' 2 columns"));
}

#[test]
fn a02_to_a30_files_that_nobody_can_read() {
    let packed = gzip("id,cost\n1,2.50\n".repeat(2000).as_bytes());
    let mut wrong_sum = packed.clone();
    let sum = wrong_sum.len() - 8;
    wrong_sum[sum] ^= 1;
    let mut wrong_zip = zip(&[("x.csv", &b"id,cost\n1,2.50\n".repeat(50))]);
    wrong_zip[60] ^= 4;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("A03 every other byte is NUL", utf16(ROWS, false, true).iter().map(|byte| byte & 1).collect()),
        ("A08 carriage returns", ROWS.replace('\n', "\r").into_bytes()),
        ("A11 Latin-1", b"Stra\xdfe,cost\n1,2\n".to_vec()),
        ("A12 blank lines", b"\n\nid,cost\n1,2\n".to_vec()),
        ("A17 truncated gzip", packed[..packed.len() / 2].to_vec()),
        ("A18 wrong sum", wrong_sum),
        ("A20 rubbish after gzip", [packed.as_slice(), b"rubbish"].concat()),
        ("A22 empty", Vec::new()),
        ("A23 blanks", b"  \n \t\n".to_vec()),
        ("A25 HTML", b"<!DOCTYPE html><html>Sign in</html>".to_vec()),
        ("A26 XML", b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".to_vec()),
        ("A27 workbook", zip(&[("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")])),
        ("A28 random bytes", (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()),
        ("A29 two members", zip(&[("a.csv", ROWS.as_bytes()), ("b.csv", ROWS.as_bytes())])),
        ("A29 climbing member", zip(&[("../x.csv", ROWS.as_bytes())])),
        ("A30 damaged zip", wrong_zip),
        ("A30 cut zip", zip(&[("x.csv", ROWS.as_bytes())])[..60].to_vec()),
        ("P02 Parquet", b"PAR1....PAR1".to_vec()),
        ("B25 columns", vec![b','; 20_000]),
        ("B25 columns with names", "c,".repeat(20_000).into_bytes()),
        ("B26 header without end", vec![b'x'; 3 << 20]),
    ];
    let all: Vec<String> = cases.iter().map(|(name, bytes)| format!("# {name}\n{}", told(bytes))).collect();
    insta::assert_snapshot!("unreadable_files", all.join("\n"));
}

#[test]
fn a11_a_declared_encoding() {
    let inbox = inbox();
    inbox.put("f.csv", b"Stra\xdfe,cost\nK\xf6ln,\x80 2\n");
    let setting = SourceSetting { encoding: Some("windows-1252".to_owned()), ..SourceSetting::default() };
    assert_eq!(
        inbox.tell("f.csv", Some(&setting)),
        "Plain Windows1252 ',' 2 columns, 1 rows: \"Straße,cost\\nKöln,€ 2\\n\""
    );
}

#[test]
fn a17_damage_behind_the_first_rows_shows_at_the_end_of_the_text() {
    let rows: String = (0..200_000_u32).map(|n| format!("{n},{}\n", n.wrapping_mul(2_654_435_761))).collect();
    let packed = gzip(format!("id,cost\n{rows}").as_bytes());
    let cut = told(&packed[..packed.len() - 100]);
    assert!(cut.ends_with("The compressed file ends too early: it was cut off, and rows are missing."), "{cut}");
    let mut wrong = packed.clone();
    let sum = wrong.len() - 6;
    wrong[sum] ^= 1;
    assert!(told(&wrong).contains("cannot be unpacked"));
    let mut wrong = zip(&[("x.csv", format!("id,cost\n{rows}").as_bytes())]);
    let middle = wrong.len() / 2;
    wrong[middle] ^= 16;
    assert!(told(&wrong).contains("cannot be unpacked"), "{}", &told(&wrong)[..200]);
}

#[test]
fn a21_a30_bombs_are_stopped_by_their_ratio() {
    for bomb in [gzip(&vec![b'x'; 90 << 20]), zip(&[("x.csv", &vec![b'x'; 90 << 20])])] {
        assert!(bomb.len() < 2 << 20);
        let inbox = inbox();
        inbox.put("f.csv", &bomb);
        let (mut file, _) = look(&inbox.disk, "inbox", "f.csv", None).unwrap();
        let container =
            if bomb[0] == b'P' { crate::model::intake::Container::Zip } else { crate::model::intake::Container::Gzip };
        // The look refuses the header; whoever reads on regardless is stopped too.
        file.look = FileLook::Table {
            container,
            encoding: TextEncoding::Utf8,
            delimiter: b',',
            header: Vec::new(),
            first_rows: Vec::new(),
        };
        let mut text = open_text(&inbox.disk, "inbox", &file).unwrap();
        let error = std::io::copy(&mut text, &mut std::io::sink()).unwrap_err();
        assert_eq!(
            damage_in_words(&error),
            "The compressed file cannot be unpacked (it unpacks to more than 200 times its size)."
        );
    }
}

#[test]
fn g09_g23_manifests() {
    assert_eq!(told("\u{feff}{\"a\": 1}".as_bytes()), "Json(\"{\\\"a\\\": 1}\")");
    assert_eq!(told(&gzip(b"{\"a\": 1}")), "Json(\"{\\\"a\\\": 1}\")");
}

#[cfg(unix)]
#[test]
fn g11_to_g15_what_is_no_file_is_not_opened() {
    let inbox = inbox();
    inbox.put("aws/a.csv", ROWS.as_bytes());
    inbox.put("aws/folder.csv/b.csv", ROWS.as_bytes());
    inbox.put("aws/.DS_Store", b"x");
    inbox.put("aws/~$a.xlsx", b"x");
    let at = |name: &str| inbox.disk.root().join("inbox/aws").join(name);
    std::os::unix::fs::symlink("a.csv", at("link.csv")).unwrap();
    std::os::unix::fs::symlink("gone.csv", at("dangling.csv")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", at("zero.csv")).unwrap();
    std::os::unix::fs::symlink("/etc", at("etc")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(at("pipe.csv")).status().unwrap();
    assert!(made.success());
    let (files, findings) = look_at_all(&inbox.disk, "inbox", &State::default(), 2).unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["aws/a.csv", "aws/folder.csv/b.csv"]);
    let all: Vec<String> = findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    CB0105 blocks the close: not a regular file
      aws/dangling.csv
      why  It is a symbolic link. What it leads to can change without anybody noticing.
      fix  Put a copy of the file itself here.
    CB0105 blocks the close: not a regular file
      aws/etc
      why  It is a symbolic link. What it leads to can change without anybody noticing.
      fix  Put a copy of the file itself here.
    CB0105 blocks the close: not a regular file
      aws/link.csv
      why  It is a symbolic link. What it leads to can change without anybody noticing.
      fix  Put a copy of the file itself here.
    CB0105 blocks the close: not a regular file
      aws/pipe.csv
      why  It is a pipe, a device or a socket, or its name is not text. Nothing can be kept of it as evidence.
      fix  Put a regular file with a plain name here.
    CB0105 blocks the close: not a regular file
      aws/zero.csv
      why  It is a symbolic link. What it leads to can change without anybody noticing.
      fix  Put a copy of the file itself here.
    CB0114 note: a file that is not read
      aws/~$a.xlsx
      why  A temporary file of another program; nothing in it counts.
      fix  Nothing needs to be done.
    "#);
}

#[test]
fn g18_odd_names() {
    let inbox = inbox();
    for name in ["a b.csv", "-rf.csv", "line\nbreak.csv", "Größe.csv", "\u{202e}vsc.csv"] {
        inbox.put(&format!("aws/{name}"), ROWS.as_bytes());
    }
    inbox.put("aws/\u{1b}[31mempty.csv", b"");
    let (files, findings) = look_at_all(&inbox.disk, "inbox", &State::default(), 3).unwrap();
    assert_eq!(files.len(), 6);
    insta::assert_snapshot!(findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r#"
    CB0102 blocks the close: the file is empty
      aws/<U+001B>[31mempty.csv
      why  The file has no bytes, so nobody can say whether charges are missing.
      fix  Download the file again, or remove it from the inbox.
    "#);
}

#[test]
fn g17_a_file_that_grows_is_refused() {
    // A disk whose file grows while it is first read.
    struct Grows(std::path::PathBuf, AtomicUsize);
    impl crate::io::fs::Faults for Grows {
        fn before(&self, operation: crate::io::fs::Operation, path: &str, _: u64) -> crate::io::fs::Fault {
            let early = self.1.fetch_add(1, Ordering::SeqCst) < 3;
            if early && operation == crate::io::fs::Operation::Read && path.ends_with(".csv") {
                let mut file = std::fs::OpenOptions::new().append(true).open(self.0.join(path)).unwrap();
                file.write_all(b"\n").unwrap();
            }
            crate::io::fs::Fault::None
        }
    }
    let plain = inbox();
    plain.put("f.csv", ROWS.as_bytes());
    let root = plain.disk.root().to_path_buf();
    let disk = Disk::with_faults(root.clone(), std::sync::Arc::new(Grows(root, AtomicUsize::new(0))));
    let (file, findings) = look(&disk, "inbox", "f.csv", None).unwrap();
    assert_eq!(file.look, FileLook::Unreadable);
    insta::assert_snapshot!(findings[0].to_string(), @r#"
    CB0108 blocks the close: the file changed while it was read
      f.csv
      why  It changed while it was read: most likely a download or a copy is still under way.
      fix  Wait until the file is complete and run again.
    "#);
}

#[test]
fn g16_what_the_disk_refuses_stops_the_run() {
    struct Broken;
    impl crate::io::fs::Faults for Broken {
        fn before(&self, _: crate::io::fs::Operation, path: &str, _: u64) -> crate::io::fs::Fault {
            if path.ends_with("f.csv") { crate::io::fs::Fault::Error(13) } else { crate::io::fs::Fault::None }
        }
    }
    let plain = inbox();
    plain.put("f.csv", ROWS.as_bytes());
    let disk = Disk::with_faults(plain.disk.root(), std::sync::Arc::new(Broken));
    let error = look_at_all(&disk, "inbox", &State::default(), 1).unwrap_err();
    assert!(error.downcast_ref::<DiskError>().is_some(), "{error:?}");
    assert_eq!(error.to_string(), "cannot open inbox/f.csv: Permission denied (os error 13)");
}

#[test]
fn tables_are_read_whole_and_their_bad_rows_named() {
    let read = |bytes: &[u8]| {
        let inbox = inbox();
        inbox.put("f.csv", bytes);
        let (file, _) = look(&inbox.disk, "inbox", "f.csv", None).unwrap();
        let table = TableFile { path: file.path.clone(), sha256: file.sha256.clone(), table: "t".to_owned() };
        let (rows, findings) = read_table(&inbox.disk, "inbox", &file, &table).unwrap();
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        (rows.rows, findings.join("\n"))
    };
    let (rows, findings) = read(b"name,note\n\"a\",\"line 1\nline \"\"2\"\"\"\nb,\n\n");
    assert_eq!(
        rows,
        [(2, vec!["a".to_owned(), "line 1\nline \"2\"".to_owned()]), (3, vec!["b".to_owned(), String::new()])]
    );
    assert_eq!(findings, "");
    let (rows, findings) =
        read(&[b"name,note\n", b"d,ok\n".repeat(500).as_slice(), b"a,1,2\nb\nc,\xff\ne,\"open\n"].concat());
    assert_eq!(rows.len(), 501);
    insta::assert_snapshot!(findings, @r#"
    CB0201 blocks the close: a row has another number of cells than the header
      f.csv, line 502
      why  It has 3 cells, the header has 2: values may have moved.
      fix  Export the table again.
    CB0201 blocks the close: a row has another number of cells than the header
      f.csv, line 503
      why  It has 1 cells, the header has 2: values may have moved.
      fix  Export the table again.
    CB0106 note: the text encoding is not allowed here
      f.csv, line 504, column "note"
      why  Byte 1 of the cell (hexadecimal FF) is not UTF-8. This cell and others like it are read as Windows-1252, in which people save tables.
      fix  Look whether names with accents are right; export as UTF-8 to be certain.
    CB0202 blocks the close: a quote is out of place
      f.csv, line 505
      why  From here on nobody can say where a row ends: a quote opens in row 505 and is never closed.
      fix  Export the table again; do not edit it by hand.
    "#);
}
