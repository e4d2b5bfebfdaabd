//! Our journals as an ERP takes them: by file, by journal, and cut where every fund is balanced.

use crate::model::erp::{GroupBy, Grouping};
use crate::model::journal_entry::{JournalEntry, Posting, Side};
use crate::model::month::{FiscalPeriod, Month};

/// What is handed over at once.
pub struct Batch<'a> {
    pub id: &'a str,
    pub standing: &'static str,
    pub month: Month,
    pub period: FiscalPeriod,
    pub state: &'a str,
    pub currency: &'a str,
    /// In the order of their ids.
    pub entries: Vec<&'a JournalEntry>,
}

#[derive(Clone, Copy)]
pub struct ErpLine<'a> {
    pub entry: &'a JournalEntry,
    /// The line within our journal, from 1.
    pub place: usize,
    pub posting: &'a Posting,
}

/// A journal of the ERP; never without lines.
#[derive(Clone)]
pub struct ErpJournal<'a> {
    pub lines: Vec<ErpLine<'a>>,
}

impl ErpJournal<'_> {
    pub fn period(&self) -> FiscalPeriod {
        self.lines.first().map_or(FiscalPeriod { year: 0, period: 0 }, |line| line.entry.period())
    }
}

pub struct ErpFile<'a> {
    pub journals: Vec<ErpJournal<'a>>,
}

impl ErpLine<'_> {
    fn key(&self, by: &[GroupBy]) -> Vec<String> {
        let part = |by: &GroupBy| match by {
            GroupBy::JournalId => self.entry.id().to_owned(),
            GroupBy::JournalType => self.entry.journal_type().text().to_owned(),
            GroupBy::Fund => self.posting.string.fund.clone(),
        };
        by.iter().map(part).collect()
    }
}

/// All files of a batch, or the journal that cannot be cut as short as the ERP wants it.
pub fn files<'a>(batch: &Batch<'a>, grouping: &Grouping) -> Result<Vec<ErpFile<'a>>, ErpLine<'a>> {
    let mut lines = Vec::new();
    let types = &grouping.journal_types;
    let wanted = |entry: &&&JournalEntry| types.is_empty() || types.iter().any(|of| of == entry.journal_type().text());
    for &entry in batch.entries.iter().filter(wanted) {
        let of_entry = |(place, posting)| ErpLine { entry, place: place + 1, posting };
        lines.extend(entry.postings().iter().enumerate().map(of_entry));
    }
    let mut files = Vec::new();
    for of_file in grouped(lines, &grouping.file_per) {
        let mut journals = Vec::new();
        for lines in grouped(of_file, &grouping.journal_per) {
            journals.extend(cut(lines, grouping.max_lines_per_journal)?);
        }
        files.push(ErpFile { journals });
    }
    Ok(files)
}

/// Lines of one key together, in the order in which the keys first stand.
fn grouped<'a>(lines: Vec<ErpLine<'a>>, by: &[GroupBy]) -> Vec<Vec<ErpLine<'a>>> {
    let mut groups: Vec<(Vec<String>, Vec<ErpLine<'a>>)> = Vec::new();
    for line in lines {
        let key = line.key(by);
        match groups.iter_mut().rev().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(line),
            None => groups.push((key, vec![line])),
        }
    }
    groups.into_iter().map(|(_, lines)| lines).collect()
}

/// A journal in pieces of at most `most` lines, each balanced in every fund. Lines of a fund come together for that.
fn cut<'a>(lines: Vec<ErpLine<'a>>, most: usize) -> Result<Vec<ErpJournal<'a>>, ErpLine<'a>> {
    if most == 0 || lines.len() <= most {
        return Ok(vec![ErpJournal { lines }]);
    }
    let mut pieces: Vec<ErpJournal<'a>> = Vec::new();
    for of_fund in grouped(lines, &[GroupBy::Fund]) {
        for balanced in balanced(&of_fund) {
            if balanced.len() > most {
                return Err(balanced[0]);
            }
            match pieces.last_mut().filter(|piece| piece.lines.len() + balanced.len() <= most) {
                Some(piece) => piece.lines.extend(balanced),
                None => pieces.push(ErpJournal { lines: balanced.to_vec() }),
            }
        }
    }
    Ok(pieces)
}

/// The shortest runs of a fund's lines whose debits are their credits.
fn balanced<'a, 'b>(lines: &'b [ErpLine<'a>]) -> Vec<&'b [ErpLine<'a>]> {
    let (mut runs, mut from, mut net) = (Vec::new(), 0, 0i128);
    for (place, line) in lines.iter().enumerate() {
        let cents = i128::from(line.posting.amount.cents());
        net += if line.posting.side == Side::Debit { cents } else { -cents };
        if net == 0 {
            runs.push(&lines[from..=place]);
            from = place + 1;
        }
    }
    if from < lines.len() {
        runs.push(&lines[from..]);
    }
    runs
}
