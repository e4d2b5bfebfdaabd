//! Closed books in the hands of somebody: whatever byte is changed, `verify` says so and names the file.

use crate::books::{Books, golden_small, request};
use chargeback::close;
use chargeback::io::fs::Disk;
use chargeback::ledger::Ledger;
use chargeback::model::exit::{Exit, Stop};
use chargeback::model::finding::{Code, Finding};
use std::collections::BTreeMap;
use std::fs;

const MONTH: &str = "2025-09";
/// Bytes of each file that are flipped, apart from its last; of small files all of them. CI flips more.
fn samples() -> usize {
    if std::env::var_os("CHARGEBACK_EVERY_FAULT").is_some() { 200 } else { 24 }
}

fn closed_books() -> (Books, BTreeMap<String, Vec<u8>>) {
    let books = golden_small();
    assert_eq!(books.run(&request(&books, MONTH)).exit, Exit::Done);
    let mut files = books.files("ledger");
    files.extend(books.files("out"));
    files.retain(|path, _| path != "ledger/lock");
    (books, files)
}

/// Hashes and records; that the month comes out the same again is another test.
fn verified(books: &Books) -> Vec<Finding> {
    Ledger::new(Disk::real(&books.path)).verify(true).unwrap().findings
}

fn names(findings: &[Finding], path: &str) -> bool {
    findings.iter().any(|finding| {
        let file = finding.place.file.raw();
        file == path || finding.why.contains(path) || path.starts_with(&format!("{file}/"))
    })
}

/// What a change of one file must be told by: its own name, or the name of what leads to it.
fn must_notice(books: &Books, path: &str, what: &str) {
    let findings = verified(books);
    assert!(!findings.is_empty(), "{what} of {path} was not noticed");
    let is_pointer = path == "ledger/HEAD" || path == "ledger/BOOKS" || path.starts_with("ledger/cache");
    assert!(is_pointer || names(&findings, path), "{what} of {path} was noticed and not named: {findings:#?}");
}

#[test]
fn sound_books_are_sound() {
    let (books, _) = closed_books();
    assert_eq!(close::verify(&books.path, false, None).unwrap(), []);
    assert_eq!(close::verify(&books.path, true, None).unwrap(), []);
}

#[test]
fn every_flipped_byte_is_noticed() {
    let (books, files) = closed_books();
    for (path, bytes) in &files {
        let step = (bytes.len() / samples()).max(1);
        let places = (0..bytes.len()).step_by(step).chain(bytes.len().checked_sub(1));
        for (number, place) in places.enumerate() {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << (number % 8);
            books.write(path, &flipped);
            must_notice(&books, path, &format!("a flipped bit at {place}"));
        }
        books.write(path, bytes);
    }
    assert_eq!(verified(&books), []);
}

#[test]
fn files_cut_emptied_lengthened_and_taken_away() {
    let (books, files) = closed_books();
    for (path, bytes) in &files {
        let longer = [bytes.as_slice(), b"\n"].concat();
        for (what, changed) in [("a cut", &bytes[..bytes.len() - 1]), ("emptying", &[]), ("an added line", &longer)] {
            books.write(path, changed);
            must_notice(&books, path, what);
        }
        fs::remove_file(books.path.join(path)).unwrap();
        must_notice(&books, path, "removal");
        books.write(path, bytes);
    }
}

#[test]
fn files_added_exchanged_and_linked() {
    let (books, files) = closed_books();
    let folder = files.keys().find(|path| path.contains("/journals/")).unwrap().rsplit_once('/').unwrap().0.to_owned();
    for path in
        [format!("{folder}/extra.csv"), "ledger/extra".into(), "ledger/objects/ab/cd".into(), "out/2025-09/x/y".into()]
    {
        books.write(&path, b"extra");
        must_notice(&books, &path, "a file in addition");
        fs::remove_file(books.path.join(&path)).unwrap();
    }
    fs::remove_dir_all(books.path.join("out/2025-09/x")).unwrap();
    let paths: Vec<&String> = files.keys().collect();
    for pair in paths.windows(2).filter(|pair| files[pair[0]] != files[pair[1]]) {
        books.write(pair[0], &files[pair[1]]);
        books.write(pair[1], &files[pair[0]]);
        assert!(!verified(&books).is_empty(), "{pair:?} exchanged");
        books.write(pair[0], &files[pair[0]]);
        books.write(pair[1], &files[pair[1]]);
    }
    for (path, bytes) in &files {
        let elsewhere = books.path.join("elsewhere");
        fs::write(&elsewhere, bytes).unwrap();
        let place = books.path.join(path);
        fs::remove_file(&place).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &place).unwrap();
        must_notice(&books, path, "a link in place");
        books.write(path, bytes);
    }
}

#[test]
fn a_close_that_was_taken_away_is_missed_by_its_id() {
    let (books, files) = closed_books();
    let run = books.run(&request(&books, MONTH)).run;
    assert_eq!(close::verify(&books.path, true, Some(&run)).unwrap(), []);
    for path in files.keys() {
        fs::remove_file(books.path.join(path)).unwrap();
    }
    fs::remove_dir_all(books.path.join("out")).unwrap();
    assert_eq!(close::verify(&books.path, true, None).unwrap(), [], "nothing is left that could tell");
    assert_eq!(close::verify(&books.path, true, Some(&run)).unwrap().len(), 1);
}

#[test]
fn damaged_books_are_not_closed_on() {
    let (books, files) = closed_books();
    let head = String::from_utf8(files["ledger/HEAD"].clone()).unwrap();
    let id = head.trim().rsplit(' ').next().unwrap();
    let path = format!("ledger/objects/{}/{}", &id[..2], &id[2..]);
    let mut flipped = files[&path].clone();
    flipped[100] ^= 1;
    books.write(&path, &flipped);
    let error = books.try_run(&request(&books, MONTH)).unwrap_err();
    let stop = error.downcast_ref::<Stop>().unwrap();
    assert_eq!(stop.exit, Exit::Integrity);
    assert!(stop.message.contains(&path), "{}", stop.message);
}

#[test]
fn an_altered_output_is_noticed_by_the_next_close() {
    let (books, files) = closed_books();
    let path = files.keys().find(|path| path.ends_with("/journal-2025-09.csv")).unwrap();
    let text = String::from_utf8(files[path].clone()).unwrap().replacen("6345.67", "6345.68", 1);
    books.write(path, text.as_bytes());
    let error = books.try_run(&request(&books, MONTH)).unwrap_err();
    assert_eq!(error.downcast_ref::<Stop>().unwrap().exit, Exit::Integrity);
}

#[test]
fn outputs_that_were_thrown_away_are_made_again() {
    let (books, _) = closed_books();
    let before = books.files("out");
    fs::remove_dir_all(books.path.join("out")).unwrap();
    let outcome = books.run(&request(&books, MONTH));
    assert_eq!((outcome.exit, outcome.state.as_str()), (Exit::Done, "unchanged"));
    assert_eq!(books.files("out"), before);
}

#[test]
fn a_missing_output_is_made_again_and_an_altered_one_never_written_over() {
    let (books, files) = closed_books();
    let before = books.files("out");
    let summary = files.keys().find(|path| path.ends_with("/summary.json")).unwrap();
    let folder = summary.rsplit_once('/').unwrap().0;
    fs::remove_file(books.path.join(summary)).unwrap();
    let found = verified(&books);
    assert!(found.iter().all(|finding| finding.code == Code::OutputAltered && !finding.fix.contains("backup")));
    let outcome = books.run(&request(&books, MONTH));
    assert_eq!((outcome.exit, outcome.state.as_str()), (Exit::Done, "unchanged"));
    assert!(outcome.message.contains("made again from the ledger: "), "{}", outcome.message);
    assert!(outcome.message.contains("summary.json"), "{}", outcome.message);
    assert_eq!(books.files("out"), before);

    books.write(summary, b"{}");
    let findings = fs::read_dir(books.path.join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let other = findings.into_iter().find(|path| path.ends_with("findings.csv")).unwrap();
    fs::remove_file(other).unwrap();
    let error = books.try_run(&request(&books, MONTH)).unwrap_err();
    let stop = error.downcast_ref::<Stop>().unwrap();
    assert_eq!(stop.exit, Exit::Integrity);
    assert!(stop.message.contains(summary) && stop.message.contains("delete the folder"), "{}", stop.message);
    assert_eq!(books.read(summary), b"{}", "never written over");
    assert!(verified(&books).iter().any(|finding| finding.fix.contains(&format!("delete the folder {folder}"))));
    fs::remove_dir_all(books.path.join(folder)).unwrap();
    assert_eq!(books.run(&request(&books, MONTH)).exit, Exit::Done);
    assert_eq!(books.files("out"), before);
    assert_eq!(verified(&books), []);
}

#[test]
fn books_of_a_newer_version_are_left_alone() {
    let (books, _) = closed_books();
    let text = String::from_utf8(books.read("ledger/BOOKS")).unwrap().replace("format 1", "format 2");
    books.write("ledger/BOOKS", text.as_bytes());
    let error = books.try_run(&request(&books, MONTH)).unwrap_err();
    let stop = error.downcast_ref::<Stop>().unwrap();
    assert_eq!(stop.exit, Exit::Integrity);
    assert!(stop.message.contains("newer version"), "{}", stop.message);
}

#[test]
fn a_link_planted_where_we_write_is_not_followed() {
    for name in ["ledger", "out"] {
        let books = golden_small();
        let elsewhere = books.path.join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, books.path.join(name)).unwrap();
        let error = books.try_run(&request(&books, MONTH)).unwrap_err();
        let stop = error.downcast_ref::<Stop>().unwrap_or_else(|| panic!("{name}: {error:#}"));
        assert_eq!(stop.exit, Exit::Integrity, "{name}");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "{name}");
    }
}

/// With `evidence = "reference"` the ledger keeps names and hashes, and the inbox is what a proof reads.
#[test]
fn inputs_that_are_only_referred_to() {
    let books = golden_small();
    let settings = String::from_utf8(books.read("chargeback.toml")).unwrap();
    let settings = settings.replacen("[posting]", "[posting]\nevidence = \"reference\"", 1);
    books.write("chargeback.toml", settings.as_bytes());
    let outcome = books.run(&request(&books, MONTH));
    assert_eq!(outcome.exit, Exit::Done, "{}", books.told(&outcome));
    assert_eq!(close::verify(&books.path, false, None).unwrap(), []);
    let part = books.files("inbox").into_keys().find(|path| path.ends_with(".csv.gz")).unwrap();
    let kept = books.files("ledger/objects").into_values().any(|bytes| bytes == books.read(&part));
    assert!(!kept);
    books.write(&part, b"something else");
    assert_eq!(close::verify(&books.path, true, None).unwrap(), []);
    assert!(names(&close::verify(&books.path, false, None).unwrap(), &part));
    // What can no longer be read is said where it would be shown; the charges themselves are in the ledger.
    let raw = |line: &str| {
        let explained = close::explain(&books.path, line, 3, true).unwrap();
        explained.charges.iter().map(|charge| charge.raw.raw().to_owned()).collect::<Vec<_>>()
    };
    let line = "DOT-2025-09-000001";
    assert!(raw(line).contains(&format!("({part} is no longer the file that was closed)")), "{:?}", raw(line));
    fs::remove_file(books.path.join(&part)).unwrap();
    assert!(raw(line).contains(&format!("({part} is no longer there)")), "{:?}", raw(line));
}
