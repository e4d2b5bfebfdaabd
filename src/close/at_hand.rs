//! Files that belong to no books, beside an invoice. Nothing is written.

use super::sniff::{self, SniffedSet};
use crate::model::exit::{Exit, Stop};
use crate::model::finding::Finding;
use crate::model::money::Money;
use crate::model::untrusted::Untrusted;
use crate::stages::reconcile::{self, AtHand};
use anyhow::Result;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What the files come to, and what was read for it.
#[derive(Clone, Debug, Serialize)]
pub struct Reconciled {
    pub files: Vec<FileAtHand>,
    pub currencies: Vec<AtHand>,
    /// Of the files that count.
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FileAtHand {
    pub name: String,
    pub title: String,
    pub rows: u64,
    pub counts: bool,
    /// Why it does not count.
    pub reason: String,
    /// A close would stop at it, so its charges are missing here.
    pub refused: bool,
}

impl Reconciled {
    /// An invoice that is not the charges in cents does not tie, and a file that blocks leaves the answer open.
    pub fn exit(&self) -> Exit {
        if self.findings.iter().any(Finding::blocks) || self.files.iter().any(|file| file.refused) {
            return Exit::Blocked;
        }
        if self.currencies.iter().any(|one| one.invoice.is_some() && !one.matches) {
            Exit::DoesNotTie
        } else {
            Exit::Done
        }
    }
}

/// `invoice` is in the one currency of the files, or in that which is named.
pub fn reconcile(
    asked: &[PathBuf],
    invoice: Option<Money>,
    currency: Option<&str>,
    books: Option<&Path>,
    threads: usize,
) -> Result<Reconciled> {
    let read = sniff::charges(asked, books, threads)?;
    if let Some((one, other)) = read.sets.iter().find_map(|(key, set)| Some((key, set.same_money_as.first()?))) {
        let [one, other] = [one, other].map(|path| Untrusted::new(path.as_str()).for_terminal_path());
        let message = format!(
            "{one} and {other} bill the same accounts in the same month: together everything would be there twice. Name one of them."
        );
        return Err(Stop::new(Exit::Blocked, message).into());
    }
    let mut files: Vec<FileAtHand> = read.sets.iter().map(|(key, set)| file(key, set)).collect();
    files.sort_by(|a, b| (!a.counts, &a.name).cmp(&(!b.counts, &b.name)));
    let mut findings: Vec<Finding> =
        read.sets.values().filter(|set| set.counts).flat_map(|set| set.findings.iter().cloned()).collect();
    Finding::sort(&mut findings);
    findings.dedup();
    let currencies = reconcile::at_hand(&read.versions, None)?;
    if currencies.is_empty() {
        let message = "no charges count among these files; `chargeback sniff` says of each why";
        return Err(Stop::new(Exit::Blocked, message).into());
    }
    let Some(invoice) = invoice else { return Ok(Reconciled { files, currencies, findings }) };
    let known: Vec<&str> = currencies.iter().map(|one| one.currency.as_str()).collect();
    let of = match (currency, known.as_slice()) {
        (Some(named), _) if known.contains(&named) => named.to_owned(),
        (None, [only]) => (*only).to_owned(),
        _ => {
            let message =
                format!("the charges are in {}: say with --currency which the invoice is in", known.join(", "));
            return Err(Stop::new(Exit::Usage, message).into());
        }
    };
    let currencies = reconcile::at_hand(&read.versions, Some((invoice, &of)))?;
    Ok(Reconciled { files, currencies, findings })
}

fn file(key: &str, set: &SniffedSet) -> FileAtHand {
    let SniffedSet { title, rows, counts, reason, .. } = set;
    let refused = set.is_refused();
    FileAtHand {
        name: key.to_owned(),
        title: title.clone(),
        rows: *rows,
        counts: *counts,
        reason: reason.clone(),
        refused,
    }
}
