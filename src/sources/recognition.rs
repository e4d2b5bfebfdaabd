//! How a vendor's file is told from all others, and how the vendor says which version of a month counts: as tables, so
//! that a further source is rows in its own file and no branch elsewhere.

use super::{Is, Names, SOURCES, SourceDefinition, fold};
use serde::Serialize;
use std::collections::BTreeSet;

/// What a header must and must not hold. Names are compared folded.
pub struct Recognition {
    /// Columns that this format has, each in one of its spellings, and how many of them settle it. Not all: a file that
    /// lacks its cost column shall be named for what it is, and the column that it lacks with it.
    pub marks: &'static [Names],
    pub least: usize,
    /// Columns of other formats; with one of them the file is not of this one.
    pub never: Names,
    /// The same, where only a value in the first rows proves it.
    pub never_filled: Names,
}

/// How versions and parts of a month come.
pub struct Delivery {
    pub manifest: Option<&'static ManifestShape>,
    /// None where the source has one view of a month.
    pub views: Option<&'static Views>,
}

/// Where a manifest says what, as JSON pointers. An empty pointer: it does not say.
pub struct ManifestShape {
    pub name: &'static str,
    /// A JSON file with all of these is such a manifest.
    pub tells: &'static [&'static str],
    pub export: &'static str,
    pub version: &'static str,
    pub period_start: &'static str,
    /// The billing account or subscription that the export is of, and where in that text the export's own name begins.
    pub scope: &'static str,
    pub scope_ends: &'static str,
    pub kind: &'static str,
    pub parts: Parts,
    pub count: &'static str,
    pub rows: &'static str,
    pub bytes: &'static str,
    pub newest: Newest,
}

/// The list of parts, and within one element of it its name, rows and bytes. Without a name the element is the name.
pub struct Parts {
    pub list: &'static str,
    pub name: &'static str,
    pub rows: &'static str,
    pub bytes: &'static str,
}

/// Which of several versions of a month counts.
pub enum Newest {
    /// The one whose manifest lies above the versions' own folders.
    ManifestAbove,
    /// The one with the greatest value here: a time, as text of one form.
    Latest(&'static str),
}

/// The two views of one month's money.
pub struct Views {
    pub actual: Side,
    pub amortized: Side,
}

pub struct Side {
    /// As the manifest spells it.
    pub kind: &'static str,
    /// Parts of file and folder names, lower case.
    pub in_name: Names,
    /// A row like one of these proves the side.
    pub proofs: &'static [Proof],
}

/// A row for which all conditions hold, and whose cost is zero or not, where that is part of the proof.
pub struct Proof {
    pub when: &'static [(Names, Is)],
    pub cost_is_zero: Option<bool>,
}

/// A file of a known format that tells about charges and has none: all of its columns, and what people call it.
const INFORMATION: &[(&str, Names)] = &[
    (
        "a price sheet of an Azure enterprise agreement",
        &["EnrollmentNumber", "MeterId", "UnitPrice", "EffectiveStartDate"],
    ),
    (
        "a price sheet of an Azure customer agreement",
        &["TierMinimumUnits", "MeterId", "UnitPrice", "EffectiveStartDate"],
    ),
    ("a list of Azure reservation details", &["ReservationOrderId", "UsedHours"]),
    ("a list of Azure reservation transactions", &["ReservationOrderId", "EventType", "Amount"]),
];

/// What a file tells that is information and never charges.
pub fn information_in(header: &[String]) -> Option<&'static str> {
    let columns = Columns::of(header, &[]);
    INFORMATION.iter().find(|(_, names)| names.iter().all(|name| columns.has(name))).map(|(title, _)| *title)
}

/// The source whose rows these are.
pub fn source_of(header: &[String], first_rows: &[Vec<String>]) -> Option<&'static SourceDefinition> {
    let columns = Columns::of(header, first_rows);
    SOURCES
        .iter()
        .copied()
        .find(|source| columns.marks_of(source) >= source.recognition.least && columns.foreign_to(source).is_none())
}

/// A header's folded names, and its first rows.
struct Columns<'a> {
    folded: Vec<String>,
    names: BTreeSet<String>,
    rows: &'a [Vec<String>],
}

impl<'a> Columns<'a> {
    fn of(header: &[String], rows: &'a [Vec<String>]) -> Self {
        let folded: Vec<String> = header.iter().map(|name| fold(name)).collect();
        Self { names: folded.iter().cloned().collect(), folded, rows }
    }

    fn has(&self, name: &str) -> bool {
        self.names.contains(&fold(name))
    }

    fn is_filled(&self, name: &str) -> bool {
        let column = self.folded.iter().position(|folded| *folded == fold(name));
        column.is_some_and(|column| self.rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.is_empty())))
    }

    fn marks_of(&self, source: &SourceDefinition) -> usize {
        source.recognition.marks.iter().filter(|spellings| spellings.iter().any(|name| self.has(name))).count()
    }

    /// A column that a source never has.
    fn foreign_to(&self, source: &SourceDefinition) -> Option<&'static str> {
        let rule = &source.recognition;
        let there = rule.never.iter().find(|name| self.has(name));
        there.or_else(|| rule.never_filled.iter().find(|name| self.is_filled(name))).copied()
    }
}

/// Why a table is of no format that is read: what it looks like, and what the nearest formats have that it lacks.
pub fn why_not(header: &[String], first_rows: &[Vec<String>]) -> String {
    let columns = Columns::of(header, first_rows);
    let mut alike = SOURCES.iter().filter(|source| columns.marks_of(source) >= source.recognition.least);
    if let Some((source, name)) = alike.find_map(|source| Some((source, columns.foreign_to(source)?))) {
        return format!("It has the columns of {} and also {name}, which that format never has.", source.title);
    }
    let nearest = ranked(&columns).filter(|(near, marks)| near.lacks.len() < *marks).map(|(near, _)| near);
    let nearest: Vec<String> =
        nearest.take(3).map(|near| format!("{} (lacks {})", near.title, near.lacks.join(", "))).collect();
    if nearest.is_empty() {
        return "Its header has no column of any format that is known here.".to_owned();
    }
    format!("Its header is of no format that is known here. The nearest are {}.", nearest.join("; "))
}

/// A format that a file is not of, and what it lacks of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Near {
    pub title: &'static str,
    pub lacks: Vec<&'static str>,
}

/// The three formats that a header is nearest to, even where it is near to none.
pub fn nearest(header: &[String]) -> Vec<Near> {
    ranked(&Columns::of(header, &[])).map(|(near, _)| near).take(3).collect()
}

/// All formats with their number of marks, the nearest first. One with few marks would be near to everything, so what
/// counts is how much of it is there.
fn ranked(columns: &Columns<'_>) -> impl Iterator<Item = (Near, usize)> {
    let near = |source: &&'static SourceDefinition| {
        let marks = source.recognition.marks;
        let is_missing = |spellings: &&Names| !spellings.iter().any(|name| columns.has(name));
        let lacks: Vec<&str> = marks.iter().filter(is_missing).map(|spellings| spellings[0]).collect();
        (Near { title: source.title, lacks }, marks.len())
    };
    let mut all: Vec<(Near, usize)> = SOURCES.iter().map(near).collect();
    all.sort_by_cached_key(|(near, marks)| (1000 * near.lacks.len() / marks, near.title, near.lacks.join(", ")));
    all.into_iter()
}

impl Views {
    /// What the first rows prove: the amortized side, the actual side, or neither.
    pub fn proved_by(&self, cost: Names, header: &[String], rows: &[Vec<String>]) -> Option<&Side> {
        let folded: Vec<String> = header.iter().map(|name| fold(name)).collect();
        let cell = |row: &'_ [String], names: Names| {
            let column = folded.iter().position(|name| names.iter().any(|wanted| fold(wanted) == *name));
            column.and_then(|column| row.get(column)).cloned().unwrap_or_default()
        };
        let proves = |proof: &Proof, row: &[String]| {
            proof.when.iter().all(|(names, is)| is.holds(&cell(row, names)))
                && proof.cost_is_zero.is_none_or(|zero| is_zero(&cell(row, cost)) == zero)
        };
        [&self.amortized, &self.actual]
            .into_iter()
            .find(|side| rows.iter().any(|row| side.proofs.iter().any(|proof| proves(proof, row))))
    }
}

/// Whether an amount has no digit but zeros before its exponent.
fn is_zero(amount: &str) -> bool {
    let digits = amount.split(['e', 'E']).next().unwrap_or_default();
    !digits.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

impl Is {
    pub fn holds(&self, text: &str) -> bool {
        match self {
            Self::Text(wanted) => text == *wanted,
            Self::OneOf(choices) => choices.contains(&text),
            Self::Blank => text.is_empty(),
            Self::Present => !text.is_empty(),
            Self::Containing(part) => text.contains(part),
            Self::Concealed => text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        }
    }
}
