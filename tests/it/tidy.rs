//! What a reviewer should not have to look for: the direction of imports, the size of files, what belongs in one place.

use crate::cmd::{root, run, surroundings, writes_goldens};
use chargeback::model::finding::Code;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who may use whom, apart from itself. The order is that of `lib.rs`.
const ARROWS: [(&str, &[&str]); 9] = [
    ("model", &[]),
    ("frame", &["model"]),
    ("sources", &["frame", "model"]),
    ("stages", &["sources", "frame", "model"]),
    ("io", &["frame", "model"]),
    ("config", &["io", "model"]),
    ("ledger", &["io", "frame", "model"]),
    ("close", &["stages", "sources", "frame", "model", "ledger", "io", "config"]),
    ("cli", &["close", "stages", "sources", "frame", "model", "ledger", "config"]),
];

const LONGEST_FILE: usize = 800;

/// A source file without its unit tests, which stand at its end or in a file `tests.rs`.
struct Source {
    path: PathBuf,
    /// `["stages", "rate", "card"]`.
    module: Vec<String>,
    code: String,
    lines: usize,
}

fn sources() -> Vec<Source> {
    let base = root().join("src");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let relative = path.strip_prefix(&base).unwrap().with_extension("");
        let mut module: Vec<String> =
            relative.components().map(|part| part.as_os_str().to_str().unwrap().to_owned()).collect();
        module.retain(|part| part != "mod" && part != "lib" && part != "main");
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
        Source { module, code, lines: text.lines().count(), path }
    };
    let is_code = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs");
    files_below(&base).into_iter().filter(is_code).map(read).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every file that belongs to the repository, with its text where it is text.
fn tracked() -> Vec<(String, String)> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let names = match output {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        _ => return Vec::new(),
    };
    let read = |name: &str| fs::read_to_string(root().join(name)).ok().map(|text| (name.to_owned(), text));
    names.split('\0').filter(|name| !name.is_empty()).filter_map(read).collect()
}

fn lines_without_comments(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().map(|(place, line)| (place + 1, line.split("//").next().unwrap_or_default()))
}

/// The modules that a line names by `crate::a::b` or `super::b`, as paths from the root.
fn named(line: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        for rest in alternatives(&line[at + "crate::".len()..]) {
            found.push(rest);
        }
    }
    for (at, _) in line.match_indices("super::") {
        if line[..at].ends_with("super::") {
            continue;
        }
        let (mut rest, mut up) = (&line[at..], 0);
        while let Some(shorter) = rest.strip_prefix("super::") {
            (rest, up) = (shorter, up + 1);
        }
        let parent = &module[..module.len().saturating_sub(up)];
        for tail in alternatives(rest) {
            found.push(parent.iter().cloned().chain(tail).collect());
        }
    }
    found.into_iter().filter(|path: &Vec<String>| !path.is_empty()).collect()
}

/// `a::b::C` is one path; `{a::B, c}` is two.
fn alternatives(text: &str) -> Vec<Vec<String>> {
    let path = |text: &str| -> Vec<String> {
        let word = |part: &&str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
        };
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
        text[..end].split("::").take_while(word).map(str::to_owned).collect()
    };
    match text.strip_prefix('{') {
        Some(list) => list.split('}').next().unwrap_or_default().split(',').map(|part| path(part.trim())).collect(),
        None => vec![path(text)],
    }
}

#[test]
fn imports_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(own) = source.module.first() else { continue };
        let may = allowed.get(own.as_str()).unwrap_or_else(|| panic!("src/{own} is not in the list of modules"));
        for (number, line) in lines_without_comments(&source.code) {
            for path in named(line, &source.module) {
                let there = path[0].as_str();
                let known = allowed.contains_key(there);
                let other_stage = own == "stages"
                    && there == "stages"
                    && path.len() > 1
                    && source.module.get(1).is_some_and(|stage| stage != &path[1]);
                if known && there != own && !may.contains(&there) || other_stage {
                    wrong.push(format!("{}:{number} may not use {}", source.path.display(), path.join("::")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_arrows_are_seen_in_every_spelling() {
    let module: Vec<String> = ["stages", "rate", "card"].map(str::to_owned).into();
    let paths = |line| named(line, &module).into_iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(paths("use crate::io::fs::Disk;"), ["io::fs"]);
    assert_eq!(paths("use crate::{io::fs, model};"), ["io::fs", "model"]);
    assert_eq!(paths("use super::super::allocate::Pool;"), ["stages::allocate"]);
    assert_eq!(paths("let disk = crate::ledger::open();"), ["ledger::open"]);
}

#[test]
fn files_are_short() {
    let long = |source: &Source| source.lines > LONGEST_FILE;
    let named: Vec<String> =
        sources().iter().filter(|s| long(s)).map(|s| format!("{}: {} lines", s.path.display(), s.lines)).collect();
    assert!(named.is_empty(), "longer than {LONGEST_FILE} lines, look for the seam:\n{}", named.join("\n"));
}

/// A word that belongs in some folders only.
fn only_in(folders: &[&str], words: &[&str]) {
    let mut wrong = Vec::new();
    for source in sources() {
        let place = source.module.join("/");
        if folders.iter().any(|folder| place == *folder || place.starts_with(&format!("{folder}/"))) {
            continue;
        }
        for (number, line) in lines_without_comments(&source.code) {
            for word in words.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{}:{number}: {word} belongs in {}", source.path.display(), folders.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_io_touches_the_disk() {
    only_in(&["io"], &["std::fs", "fs::File", "OpenOptions"]);
}

#[test]
fn only_frame_knows_polars() {
    only_in(&["frame"], &["polars::", "use polars"]);
}

#[test]
fn only_the_clock_reads_the_clock() {
    only_in(&["cli/clock"], &["Utc::now", "Local::now", "SystemTime::now", "Instant::now"]);
}

#[test]
fn only_the_command_line_prints() {
    // The empty path is `main.rs`, which hands the two streams over.
    only_in(&["cli", ""], &["println!", "print!(", "stdout()", "stderr()", "dbg!("]);
}

#[test]
fn vendors_columns_are_named_in_sources_alone() {
    let columns = [
        "\"lineItem/",
        "\"line_item_",
        "\"bill/",
        "\"bill_",
        "\"savingsPlan/",
        "\"reservation/",
        "\"CostInBillingCurrency",
        "\"PreTaxCost",
        "\"SubscriptionId\"",
        "\"UsageDateTime\"",
    ];
    only_in(&["sources"], &columns);
}

#[test]
fn every_test_file_is_listed() {
    let main = fs::read_to_string(root().join("tests/it/main.rs")).unwrap();
    let mut missing = Vec::new();
    for entry in fs::read_dir(root().join("tests/it")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_module = path.extension().is_some_and(|end| end == "rs") || path.join("mod.rs").is_file();
        if is_module && name != "main" && !main.lines().any(|line| line == format!("mod {name};")) {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "tests/it/main.rs does not list {}", missing.join(", "));
}

/// What the checklist of formats says is tested by a test that is there.
#[test]
fn the_checklist_of_formats_names_tests() {
    let list = fs::read_to_string(root().join("tests/checklist.md")).unwrap();
    let named: Vec<(&str, &str)> = list.split('`').filter_map(|span| span.split_once(": ")).collect();
    let named: Vec<_> = named.into_iter().filter(|(file, _)| file.contains('/') && !file.contains(' ')).collect();
    let is_there = |file: &str, name: &str| {
        let text = fs::read_to_string(root().join("tests").join(file)).unwrap_or_default();
        text.contains(&format!("\nfn {name}(")) || text.contains(&format!("\n== {name} "))
    };
    let missing: Vec<String> = named
        .iter()
        .filter(|(file, name)| !is_there(file, name))
        .map(|(file, name)| format!("{file}: {name}"))
        .collect();
    assert!(
        named.len() > 30 && missing.is_empty(),
        "tests/checklist.md names what is not there:\n{}",
        missing.join("\n")
    );
}

#[test]
fn the_repository_names_no_machine() {
    // Written apart, so that this file does not name them.
    let places =
        [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), ["/tmp/", "team"].concat(), ["/home/", "runner"].concat()];
    let names = |text: &str| places.iter().find(|place| text.contains(place.as_str())).cloned();
    let wrong: Vec<String> =
        tracked().iter().filter_map(|(name, text)| names(text).map(|place| format!("{name}: {place}"))).collect();
    assert!(wrong.is_empty(), "a path of one machine:\n{}", wrong.join("\n"));
}

#[test]
fn codes_are_unique_and_in_order_of_their_chapters() {
    let numbers: Vec<u16> = Code::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len(), "a number is given twice");
    assert!(numbers.is_sorted(), "codes are listed by number");
}

/// `docs/findings.md` is what `codes` says, so that a code can be looked up without the program.
#[test]
fn the_list_of_findings_is_up_to_date() {
    let (_, csv, _) = run(&["codes", "--format", "csv"], &surroundings());
    let mut page = String::from(
        "# Findings\n\nEvery finding there is, with what it does to a close. Codes are permanent. `chargeback codes` prints \
         the same list; `tests/errors/` shows each with its exact text.\n\n| code | does | says |\n|---|---|---|\n",
    );
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.splitn(3, ',').collect();
        page.push_str(&format!("| {} | {} | {} |\n", cells[0], cells[1], cells[2].trim_matches('"')));
    }
    let path = root().join("docs/findings.md");
    if writes_goldens() {
        fs::write(&path, &page).unwrap();
    }
    let same = fs::read_to_string(&path).unwrap_or_default() == page;
    assert!(same, "docs/findings.md is not what `codes` says; INSTA_UPDATE=always writes it anew");
}
