//! Transcripts of `tests/cmd/` and in `docs/mappings.md`: question, command, answer. The whole help is among the goldens.
//!
//! A block of console text holds commands and what they print: results as they are, standard error behind `2> `, an exit
//! code other than 0 behind `? `. Commands of one file share a folder. `INSTA_UPDATE=always` writes the answers anew.

use chargeback::cli::{self, clock::Surroundings, console::Console};
use chrono::NaiveDate;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether goldens are to be written instead of compared.
pub fn writes_goldens() -> bool {
    std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always")
}

/// A fixed day, person and machine, long after the months of the tests.
pub fn surroundings() -> Surroundings {
    Surroundings {
        today: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(),
        now: "2026-01-05T08:00:00Z".to_owned(),
        person: "analyst".to_owned(),
        host: "office".to_owned(),
    }
}

/// Runs a command in this process: exit code, standard output, standard error.
pub fn run(arguments: &[&str], surroundings: &Surroundings) -> (u8, String, String) {
    let (mut results, mut messages) = (Vec::new(), Vec::new());
    let arguments = ["chargeback"].iter().chain(arguments).copied();
    let code = cli::run(arguments, &mut Console::plain(&mut results, &mut messages), surroundings);
    (code, String::from_utf8(results).unwrap(), String::from_utf8(messages).unwrap())
}

/// Ids and hashes change with the version of the rules and say nothing to a reader of a golden.
pub fn without_ids(text: &str) -> String {
    let hexadecimal = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let mut shown = String::new();
    for piece in text.split_inclusive(|character: char| !character.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
        let has_letter = word.bytes().any(|byte| byte.is_ascii_alphabetic());
        let name = match word.len() {
            // After a hyphen it is the end of a vendor's own id.
            12 if hexadecimal(word) && has_letter && (!shown.ends_with('-') || shown.ends_with("draft-")) => "RUN-ID",
            2 if hexadecimal(word) && shown.ends_with("objects/") => "HH",
            62 | 64 if hexadecimal(word) => "HASH",
            _ => word,
        };
        shown.push_str(name);
        shown.push_str(&piece[word.len()..]);
    }
    shown
}

/// How many bytes the outputs are changes with every word on a statement.
fn without_sizes(text: &str) -> String {
    let line = |line: &str| match line.split_once("  bytes ") {
        Some((before, size)) if size.bytes().all(|byte| byte.is_ascii_digit()) => format!("{before}  bytes N\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn help_of_every_verb() {
    let verbs = run(&["codes", "--help"], &surroundings());
    assert_eq!(verbs.0, 0);
    let mut reference = run(&["--help"], &surroundings()).1;
    for verb in [
        "init",
        "demo",
        "check",
        "rules",
        "rates",
        "whatif",
        "sniff",
        "map",
        "ingest",
        "normalize",
        "rate",
        "allocate",
        "reconcile",
        "export",
        "close",
        "status",
        "explain",
        "focus",
        "verify",
        "codes",
        "completions",
        "man",
    ] {
        let (code, help, _) = run(&[verb, "--help"], &surroundings());
        assert_eq!(code, 0, "{verb} --help");
        write!(reference, "\n# chargeback {verb} --help\n\n{help}").unwrap();
    }
    let trimmed: Vec<&str> = reference.lines().map(str::trim_end).collect();
    insta::assert_snapshot!("help", trimmed.join("\n"));
}

#[test]
fn completions_and_manual_pages_come_from_the_same_definition() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, _) = run(&["completions", shell], &surroundings());
        assert_eq!(code, 0);
        assert!(script.contains("reconcile"), "{shell} knows no reconcile");
    }
    let folder = tempfile::tempdir().unwrap();
    let (code, _, _) = run(&["man", folder.path().to_str().unwrap()], &surroundings());
    assert_eq!(code, 0);
    let page = fs::read_to_string(folder.path().join("chargeback-close.1")).unwrap();
    assert!(page.contains("accept\\-unfinal"), "{page}");
}

#[test]
fn transcripts() {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(root().join("tests/cmd")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.push(root().join("docs/mappings.md"));
    paths.sort();
    let mut wrong = Vec::new();
    for path in &paths {
        let written = fs::read_to_string(path).unwrap();
        let answered = replay(&written);
        if answered == written {
            continue;
        }
        if writes_goldens() {
            fs::write(path, answered).unwrap();
        } else {
            wrong.push(format!("{} now reads:\n{answered}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What the README tells a new user to type ends well, in its order, from the folder it says.
#[test]
fn the_commands_of_the_readme_work() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("examples"), &folder.path().join("examples"));
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut here = folder.path().to_owned();
    let mut ran = 0;
    for block in readme.split("```sh\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            let line = line.split('#').next().unwrap().trim().replace("cargo run --", "chargeback");
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["cd", into] => here.push(into),
                ["chargeback", arguments @ ..] => {
                    let output = program(arguments, &here);
                    let told = String::from_utf8_lossy(&output.stderr);
                    assert!(output.status.success(), "{line}: {}\n{told}", output.status);
                    ran += 1;
                }
                ["cargo", "test"] | [] => {}
                other => panic!("the README says {other:?}, which no test runs"),
            }
        }
    }
    assert!(ran >= 7, "the README runs {ran} commands");
}

/// The same transcript with the answers that the program gives now.
fn replay(transcript: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut answered = String::new();
    let mut in_block = false;
    for line in transcript.lines() {
        if line.starts_with("```") {
            in_block = line == "```console";
        } else if in_block {
            let Some(command) = line.strip_prefix("$ ") else { continue };
            writeln!(answered, "{line}").unwrap();
            answered.push_str(&answer(command, folder.path()));
            continue;
        }
        writeln!(answered, "{line}").unwrap();
    }
    answered
}

fn answer(command: &str, folder: &Path) -> String {
    // What stands in quotes is one argument.
    let words = command
        .split('"')
        .enumerate()
        .flat_map(|(place, part)| if place % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
    let mut words = words.collect::<Vec<&str>>().into_iter();
    let name = words.next().unwrap();
    let arguments: Vec<&str> = words.collect();
    if name == "cp" {
        copy(&root().join(arguments[0]), &folder.join(arguments[1]));
        return String::new();
    }
    assert_eq!(name, "chargeback", "a transcript runs chargeback, or cp to bring books: {command}");
    let output = program(&arguments, folder);
    let mut text = without_sizes(&without_ids(&String::from_utf8(output.stdout).unwrap()));
    for line in without_ids(&String::from_utf8(output.stderr).unwrap()).lines() {
        let marked = format!("2> {line}");
        writeln!(text, "{}", marked.trim_end()).unwrap();
    }
    match output.status.code() {
        Some(0) => {}
        Some(code) => writeln!(text, "? {code}").unwrap(),
        None => writeln!(text, "? ended by a signal").unwrap(),
    }
    text
}

fn program(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chargeback"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("CHARGEBACK_BOOKS")
        .env_remove("CHARGEBACK_FORMAT")
        .env_remove("CHARGEBACK_THREADS")
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

/// A folder with all in it, apart from what a close has left there: the README closes the example where it lies, and the
/// tests begin with open books.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let books = from.join("chargeback.toml").is_file();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if books && ["ledger", "out"].iter().any(|made| entry.file_name() == *made) {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
