//! The journals for `bean-check`: an independent program adds our books again.

use super::ledger_text::{Transaction, account, balances, dates, plain, signed, transactions, with_parts};
use super::outputs::Written;
use super::read_back::{Figures, compare};
use super::{NamedBytes, path, standing_in_words};
use crate::model::journal_entry::JournalEntry;
use crate::model::month_end::MonthEnd;
use crate::model::proof::LawResult;
use anyhow::Context;
use std::fmt::Write;

/// Beancount's own tolerance for a stated balance is two hundredths of a dollar wide; ours is below a cent.
const TOLERANCE: &str = "~ 0.001";

pub(super) fn write(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let state = &end.settings.state;
    let (first, _, after) = dates(end);
    let balances = balances(end)?;
    let mut text = String::new();
    writeln!(text, "; {} {} {}, run {}", plain(&state.name), end.month, standing_in_words(end), end.run)?;
    writeln!(text, "; One transaction for each journal and fund, so that every fund must balance by itself.")?;
    writeln!(text, "option \"title\" \"{} {} {}\"", plain(&state.name), end.month, standing_in_words(end))?;
    writeln!(text, "option \"operating_currency\" \"{}\"\n", state.currency)?;
    for (account, (name, _)) in &balances {
        writeln!(text, "{first} open {account} {}\n  name: \"{}\"", state.currency, plain(name))?;
    }
    for transaction in transactions(end) {
        text.push('\n');
        print(&mut text, &transaction, &state.currency)?;
    }
    text.push('\n');
    for account in balances.keys() {
        let balance = with_parts(&balances, account)?;
        writeln!(text, "{after} balance {account}  {balance} {TOLERANCE} {}", state.currency)?;
    }
    Ok(vec![NamedBytes { path: file(end), bytes: text.into_bytes() }])
}

fn print(text: &mut String, transaction: &Transaction<'_>, currency: &str) -> anyhow::Result<()> {
    let Transaction { entry, fund, fund_name, lines } = transaction;
    writeln!(text, "{} * \"{}\" \"fund {fund} {}\"", entry.posting_date(), entry.id(), plain(fund_name))?;
    writeln!(text, "  fiscal-period: \"{}\"", entry.period().compact())?;
    for line in lines {
        writeln!(text, "  {}  {} {currency}", line.account, line.amount)?;
        for (name, value) in [("reference", &line.posting.reference), ("about", &line.posting.description)] {
            if !value.is_empty() {
                writeln!(text, "    {name}: \"{}\"", plain(value))?;
            }
        }
    }
    Ok(())
}

fn file(end: &MonthEnd) -> String {
    path(end, "journals", "journal", "beancount")
}

pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Vec<LawResult> {
    let file = file(end);
    let currency = &end.settings.state.currency;
    vec![compare(&file, written.text(&file).and_then(|text| read(&text, currency)), in_ledger(end))]
}

/// Amounts by journal and account, and balances by account.
fn read(text: &str, currency: &str) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let mut journal = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [_date, "*", id, ..] => journal = id.trim_matches('"').to_owned(),
            [_date, "balance", account, amount, "~", _, unit] if *unit == currency => {
                figures.add_text(format!("balance {account}"), amount)?;
            }
            [account, amount, unit] if line.starts_with("  ") && account.contains(":F") && *unit == currency => {
                figures.add_text(format!("{journal} {account}"), amount)?;
            }
            [first, "balance", ..] | [first] if first.contains(":F") => {
                return Err(anyhow::anyhow!("{line:?}")).context("a line is not as it was written");
            }
            _ => {}
        }
    }
    Ok(figures)
}

pub(super) fn in_ledger(end: &MonthEnd) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for entry in &end.journals {
        for posting in JournalEntry::postings(entry) {
            figures.add_money(format!("{} {}", entry.id(), account(posting)), signed(posting))?;
        }
    }
    let balances = balances(end)?;
    for account in balances.keys() {
        figures.add_money(format!("balance {account}"), with_parts(&balances, account)?)?;
    }
    Ok(figures)
}
