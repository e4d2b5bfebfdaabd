//! Read-back: every written file is taken apart again by another reader, and each figure compared with the month's end.
//!
//! A figure has a name that both sides build on their own: the file's from the cells that say whose it is, the month's
//! end from its types. So a cent that moved from one line to another is seen although the total stayed.

use super::{EXPORTERS, NamedBytes};
use crate::model::decimal;
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month_end::MonthEnd;
use crate::model::proof::LawResult;
use std::collections::BTreeMap;

/// Law 14: what was written is read again by another reader and says the same.
const LAW: u8 = 14;

/// Proves that the files say what the month's end says, to the cent; one result or more for every file.
pub fn read_back(end: &MonthEnd, files: &[NamedBytes]) -> Vec<LawResult> {
    let written = Written(files);
    EXPORTERS.iter().flat_map(|exporter| (exporter.read_back)(end, &written)).collect()
}

/// The files as they were written, by path.
pub(super) struct Written<'a>(pub &'a [NamedBytes]);

impl Written<'_> {
    pub fn bytes(&self, path: &str) -> anyhow::Result<&[u8]> {
        let file = self.0.iter().find(|file| file.path == path);
        file.map(|file| file.bytes.as_slice()).ok_or_else(|| anyhow::anyhow!("the file was not written"))
    }

    pub fn text(&self, path: &str) -> anyhow::Result<&str> {
        Ok(std::str::from_utf8(self.bytes(path)?)?)
    }
}

/// Named amounts of one file or of the month's end. Amounts of one name are added.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Figures(BTreeMap<String, Cost>);

impl Figures {
    pub fn add(&mut self, name: impl Into<String>, amount: Cost) -> Result<(), Overflow> {
        let sum = self.0.entry(name.into()).or_default();
        *sum = sum.checked_add(amount)?;
        Ok(())
    }

    pub fn add_money(&mut self, name: impl Into<String>, amount: Money) -> Result<(), Overflow> {
        self.add(name, Cost::from_money(amount))
    }

    pub fn add_count(&mut self, name: impl Into<String>, count: usize) -> Result<(), Overflow> {
        self.add_text(name, &count.to_string()).map_err(|_| Overflow)
    }

    pub fn add_text(&mut self, name: impl Into<String>, amount: &str) -> anyhow::Result<()> {
        let name = name.into();
        let units = decimal::parse(amount.as_bytes()).map_err(|why| anyhow::anyhow!("{name}: {amount:?}: {why}"))?;
        Ok(self.add(name, Cost::from_units(units))?)
    }

    /// For what may be an amount or a word: a word that is no amount is no figure.
    pub fn add_if_amount(&mut self, name: impl Into<String>, text: &str) -> Result<(), Overflow> {
        match decimal::parse(text.as_bytes()) {
            Ok(units) => self.add(name, Cost::from_units(units)),
            Err(_) => Ok(()),
        }
    }
}

/// One file's figures beside the month's end's: equal in every name and amount, or the first that differs is told.
pub(super) fn compare(path: &str, in_file: anyhow::Result<Figures>, in_ledger: anyhow::Result<Figures>) -> LawResult {
    let law = |left: String, right: String, passes| LawResult {
        law: LAW,
        about: format!("{path}, read again, says what the ledger says"),
        left_name: "in the file".to_owned(),
        left,
        right_name: "in the ledger".to_owned(),
        right,
        passes,
    };
    let (file, ledger) = match (in_file, in_ledger) {
        (Ok(file), Ok(ledger)) => (file, ledger),
        (Err(why), Ok(_)) => return law(format!("cannot be read: {why:#}"), "figures".to_owned(), false),
        (_, Err(why)) => return law("figures".to_owned(), format!("cannot be added up: {why:#}"), false),
    };
    let names = file.0.keys().chain(ledger.0.keys());
    match names.into_iter().find(|name| file.0.get(*name) != ledger.0.get(*name)) {
        None => {
            let all = format!("{} figures", ledger.0.len());
            law(all.clone(), all, true)
        }
        Some(name) => {
            let side = |figures: &Figures| match figures.0.get(name) {
                Some(amount) => format!("{name}: {amount}"),
                None => format!("{name}: nothing"),
            };
            law(side(&file), side(&ledger), false)
        }
    }
}
