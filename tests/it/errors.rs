//! Bad input, case by case: `tests/errors/*.case` say what is done to good books, what is run, and the exact answer.
//!
//! `tests/errors/README.md` explains the form. A changed answer is a changed promise: `INSTA_UPDATE=always` writes the
//! answers anew, and the review reads them.

use crate::cmd::{copy, root, run, surroundings, without_ids, writes_goldens};
use crate::damage::damage;
use chargeback::cli::clock::Surroundings;
use chargeback::model::finding::Code;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// One case: `== C01 R the cost is a word`, steps, and the answer as it was reviewed.
struct Case {
    name: String,
    verdict: String,
    heading: String,
    steps: Vec<String>,
    answer: String,
}

/// What the program said.
struct Answer {
    code: u8,
    results: String,
    messages: String,
}

fn case_files() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(root().join("tests/errors")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "case"));
    paths.sort();
    paths
}

/// The text before the first case, and the cases.
fn read(path: &Path) -> (String, Vec<Case>) {
    let text = fs::read_to_string(path).unwrap();
    let mut parts = text.split("\n== ");
    let preface = parts.next().unwrap().to_owned();
    let case = |part: &str| {
        let (heading, rest) = part.split_once('\n').unwrap_or((part, ""));
        let mut words = heading.split(' ');
        let (name, verdict) = (words.next().unwrap().to_owned(), words.next().unwrap_or_default().to_owned());
        let mut steps = Vec::new();
        let mut answer = String::new();
        let mut asked = false;
        for line in rest.lines() {
            if asked {
                writeln!(answer, "{line}").unwrap();
            } else if !line.is_empty() {
                asked = line.starts_with("$ ");
                steps.push(line.to_owned());
            }
        }
        Case { name, verdict, heading: heading.to_owned(), steps, answer: answer.trim_end().to_owned() }
    };
    (preface, parts.map(case).collect())
}

fn ask(books: &Path, command: &str, today: Option<&str>) -> Answer {
    let usual = surroundings();
    let today = today.map_or(usual.today, |day| day.parse().unwrap());
    let folder = books.to_str().unwrap();
    let arguments: Vec<&str> = ["-C", folder].into_iter().chain(command.split(' ')).collect();
    let (code, results, messages) = run(&arguments, &Surroundings { today, ..usual });
    let shown = |text: &str| without_ids(&text.replace(folder, "BOOKS"));
    Answer { code, results: shown(&results), messages: shown(&messages) }
}

impl Answer {
    /// As it stands in a case file: exit code, results behind `> `, messages as they are; of what the clean books are told
    /// as well, only that it is so.
    fn text(&self, clean: &Self) -> String {
        let mut text = format!("exit {}\n", self.code);
        let tables = self.tables();
        if !tables.is_empty() && tables == clean.tables() {
            text.push_str("> the tables of the clean books\n");
        } else {
            self.results.lines().for_each(|line| text.push_str(&format!("{}\n", format!("> {line}").trim_end())));
        }
        let known = paragraphs(&clean.messages);
        for paragraph in paragraphs(&self.messages).iter().filter(|told| !known.contains(told)) {
            paragraph.lines().for_each(|line| text.push_str(&format!("{}\n", line.trim_end())));
        }
        text.trim_end().to_owned()
    }

    /// The tables of a close that went through, without the folder they were written to.
    fn tables(&self) -> Vec<&str> {
        self.results.lines().filter(|line| !line.starts_with("outputs")).collect()
    }
}

/// A line with those below it that are indented.
fn paragraphs(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        match found.last_mut() {
            Some(last) if line.starts_with(' ') => last.push_str(&format!("\n{line}")),
            _ => found.push(line.to_owned()),
        }
    }
    found
}

/// Books closed as they lie: what accepted input must come to.
fn clean(books: &str) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join(books), folder.path());
    let month = if books == GOLDEN { "2025-09" } else { "2025-06" };
    ask(folder.path(), &format!("close --month {month}"), None)
}

const GOLDEN: &str = "tests/closes/golden-september/in";

impl Case {
    /// The books it begins with.
    fn books(&self) -> &str {
        self.steps.iter().find_map(|step| step.strip_prefix("books ")).unwrap_or(GOLDEN)
    }

    /// The day on which it is asked, where that matters.
    fn today(&self) -> Option<&str> {
        self.steps.iter().find_map(|step| step.strip_prefix("today "))
    }
}

fn play(case: &Case, books: &Path) -> Answer {
    copy(&root().join(case.books()), books);
    for step in case.steps.iter().filter(|step| !step.starts_with("books ") && !step.starts_with("today ")) {
        if let Some(command) = step.strip_prefix("$ chargeback ") {
            return ask(books, command, case.today());
        } else if let Some(command) = step.strip_prefix("first chargeback ") {
            let answer = ask(books, command, case.today());
            assert_eq!(answer.code, 0, "{}: {command}\n{}", case.name, answer.messages);
        } else {
            damage(books, step).unwrap_or_else(|why| panic!("{}: {step}: {why}", case.name));
        }
    }
    panic!("{} asks nothing", case.name)
}

/// What cases write into texts and nobody may be shown.
const SECRETS: [&str; 2] = ["AKIAIOSFODNN7EXAMPLE", "123-45-6789"];

/// What must hold of an answer whatever its words are.
fn judge(case: &Case, answer: &Answer, clean: &Answer) -> Result<(), String> {
    let closes = case.steps.last().is_some_and(|step| step.starts_with("$ chargeback close"));
    let same = || !closes || answer.tables() == clean.tables();
    let fine = match case.verdict.as_str() {
        "R" => answer.code != 0,
        "S" | "C" => answer.code == 0 && same(),
        "RS" => answer.code != 0 || same(),
        // Shown in suspense, or exact whatever it is: the golden text is the judge.
        "Q" | "E" => true,
        other => return Err(format!("{other:?} is not a verdict")),
    };
    if !fine {
        return Err(format!("{} asks for {}, and it ended in {}", case.heading, case.verdict, answer.code));
    }
    if matches!(answer.code, 1 | 101 | 134) {
        return Err(format!("ended in {}, which is always a fault of ours", answer.code));
    }
    let harmless =
        |c: char| c == '\n' || !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !answer.results.chars().chain(answer.messages.chars()).all(harmless) {
        return Err("a control character of a file reached the terminal".to_owned());
    }
    if SECRETS.iter().any(|secret| answer.results.contains(secret) || answer.messages.contains(secret)) {
        return Err("a key or a personal number reached the terminal".to_owned());
    }
    Ok(())
}

/// Nothing that is handed out runs anywhere: no control characters, no cell that a spreadsheet takes for a formula, no key.
fn outputs_are_harmless(books: &Path) -> Result<(), String> {
    let mut folders = vec![books.join("out")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let bad = |c: char| c.is_control() && c != '\n' && c != '\r' || matches!(c, '\u{202a}'..='\u{202e}');
            let secret = SECRETS.iter().any(|secret| text.contains(secret));
            let runs = path.extension().is_some_and(|end| end == "csv")
                && csv::Reader::from_reader(text.as_bytes())
                    .records()
                    .any(|row| row.unwrap().iter().any(|cell| cell.trim_start().starts_with(['=', '@', '\u{ff1d}'])));
            if text.contains(bad) || secret || runs {
                return Err(format!("{} holds what should not be handed out", path.display()));
            }
        }
    }
    Ok(())
}

fn check(file: &str) {
    let path = root().join("tests/errors").join(file);
    let (preface, cases) = read(&path);
    let mut cleans: BTreeMap<String, Answer> = BTreeMap::new();
    let mut written = preface;
    let mut wrong = Vec::new();
    for case in &cases {
        let clean = cleans.entry(case.books().to_owned()).or_insert_with(|| clean(case.books()));
        assert!(clean.code == 0 || writes_goldens(), "the books as they lie must close:\n{}", clean.messages);
        let folder = tempfile::tempdir().unwrap();
        let books = folder.path().join("books");
        let answer = play(case, &books);
        let text = answer.text(clean);
        let first = case.steps.iter().any(|step| step.starts_with("first "));
        let harmless = match answer.code {
            0 if case.verdict == "C" => outputs_are_harmless(&books),
            0 => Ok(()),
            _ if first || !books.join("out").exists() && !books.join("ledger/HEAD").exists() => Ok(()),
            _ => Err("it was refused, and something was written all the same".to_owned()),
        };
        if let Err(why) = judge(case, &answer, clean).and(harmless) {
            wrong.push(format!("{}: {why}\n{text}", case.name));
        } else if text != case.answer && !writes_goldens() {
            wrong
                .push(format!("{} was answered otherwise:\n{text}\n-- and the case says:\n{}", case.name, case.answer));
        }
        write!(written, "\n== {}\n{}\n{text}\n", case.heading, case.steps.join("\n")).unwrap();
    }
    if writes_goldens() {
        fs::write(&path, written).unwrap();
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

macro_rules! chapters {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(concat!(stringify!($name), ".case")); })*

        #[test]
        fn every_case_file_is_run() {
            let run: BTreeSet<&str> = [$(stringify!($name)),*].into();
            let there: BTreeSet<String> =
                case_files().iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
            assert_eq!(run, there.iter().map(String::as_str).collect());
        }
    };
}

chapters! { adjustments bytes cards structure amounts dates identity exchange hostile files doubles rules pools tampering usage westmark }

#[test]
fn there_are_at_least_a_hundred_and_no_name_twice() {
    let names: Vec<String> = case_files().iter().flat_map(|path| read(path).1).map(|case| case.name).collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "a case name stands twice");
    assert!(names.len() >= 100, "{} cases", names.len());
}

/// Codes that no input can raise by itself, or none of these books, each with the reason.
const NOT_SHOWN: [(Code, &str); 12] = [
    (Code::RateBackDated, "needs a close before it: the tests of the close do that"),
    (Code::FileChanged, "needs a file that changes while it is read: the tests of the inbox do that"),
    (Code::VersionRestated, "not raised yet: a month delivered again is told by its close"),
    (Code::SuspenseAged, "needs a closed month before: the tests of trials close one"),
    (Code::PoolDriverNegative, "the table refuses the cell before a pool sees it"),
    (Code::UnitPriceDiffers, "not raised yet"),
    (Code::PoolShares, "the table refuses the cell before a pool sees it"),
    (Code::InvoiceLate, "needs a close before it: the tests of the close do that"),
    (Code::TieOutFails, "a fault of ours, planted by the tests of the close"),
    (Code::ConservationFails, "a fault of ours, planted by the tests of the close"),
    (Code::JournalFails, "a fault of ours, planted by the tests of the close"),
    (Code::ReadBackFails, "a fault of ours, planted by the tests of the close"),
];

#[test]
fn every_code_has_a_case() {
    let mut answers: String =
        case_files().iter().flat_map(|path| read(path).1).map(|case| case.answer + "\n").collect();
    answers.push_str(&clean("examples/westmark").messages);
    let excused = |code: &Code| NOT_SHOWN.iter().any(|(excused, _)| excused == code);
    let missing: Vec<String> = Code::ALL
        .iter()
        .filter(|code| !excused(code) && !answers.contains(&code.to_string()))
        .map(|code| format!("{code} {}", code.title()))
        .collect();
    assert!(missing.is_empty(), "no case shows\n{}", missing.join("\n"));
    let needless: Vec<String> = Code::ALL
        .iter()
        .filter(|code| excused(code) && answers.contains(&code.to_string()))
        .map(Code::to_string)
        .collect();
    assert!(needless.is_empty(), "excused although a case shows it: {}", needless.join(", "));
}
