//! The journals for `hledger check -s ordereddates`: a second independent program, which also refuses accounts and
//! currencies that nobody declared.

use super::ledger_text::{Transaction, account, balances, dates, plain, signed, transactions};
use super::outputs::Written;
use super::read_back::{Figures, compare};
use super::{NamedBytes, path, standing_in_words};
use crate::model::month_end::MonthEnd;
use crate::model::proof::LawResult;
use std::fmt::Write;

pub(super) fn write(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let state = &end.settings.state;
    let (_, last, _) = dates(end);
    let balances = balances(end)?;
    let mut text = String::new();
    writeln!(text, "; {} {} {}, run {}", plain(&state.name), end.month, standing_in_words(end), end.run)?;
    writeln!(text, "; One transaction for each journal and fund, so that every fund must balance by itself.\n")?;
    writeln!(text, "commodity 1000.00 {}\n", state.currency)?;
    for (account, (name, _)) in &balances {
        writeln!(text, "account {account}  ; {}", plain(name))?;
    }
    for transaction in transactions(end) {
        text.push('\n');
        print(&mut text, &transaction, &state.currency)?;
    }
    if !balances.is_empty() {
        writeln!(text, "\n{last} * (BALANCES) what the ledger says each account holds")?;
    }
    for (account, (_, balance)) in &balances {
        writeln!(text, "    {account}  0.00 {currency} = {balance} {currency}", currency = state.currency)?;
    }
    Ok(vec![NamedBytes { path: file(end), bytes: text.into_bytes() }])
}

fn print(text: &mut String, transaction: &Transaction<'_>, currency: &str) -> anyhow::Result<()> {
    let Transaction { entry, fund, fund_name, lines } = transaction;
    writeln!(text, "{} * ({}) fund {fund} {}", entry.posting_date(), entry.id(), plain(fund_name))?;
    for line in lines {
        let about = [&line.posting.reference, &line.posting.description].map(|text| plain(text)).join(" ");
        let about = about.trim();
        let comment = if about.is_empty() { String::new() } else { format!("  ; {about}") };
        writeln!(text, "    {}  {} {currency}{comment}", line.account, line.amount)?;
    }
    Ok(())
}

fn file(end: &MonthEnd) -> String {
    path(end, "journals", "journal", "hledger")
}

pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Vec<LawResult> {
    let file = file(end);
    vec![compare(&file, written.text(&file).and_then(|text| read(&text)), in_ledger(end))]
}

/// Amounts by journal and account, and balances by account.
fn read(text: &str) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let mut journal = String::new();
    for line in text.lines() {
        let content = line.split(';').next().unwrap_or_default();
        let words: Vec<&str> = content.split_whitespace().collect();
        match words.as_slice() {
            [_date, "*", id, ..] => journal = id.trim_matches(['(', ')']).to_owned(),
            [account, amount, _, "=", balance, _] => {
                figures.add_text(format!("balance {account}"), balance)?;
                figures.add_text(format!("balance {account}, posted"), amount)?;
            }
            [account, amount, _] if line.starts_with("    ") => {
                figures.add_text(format!("{journal} {account}"), amount)?;
            }
            _ if line.starts_with("    ") => anyhow::bail!("a line is not as it was written: {line:?}"),
            _ => {}
        }
    }
    Ok(figures)
}

fn in_ledger(end: &MonthEnd) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for entry in &end.journals {
        for posting in entry.postings() {
            figures.add_money(format!("{} {}", entry.id(), account(posting)), signed(posting))?;
        }
    }
    for (account, (_, balance)) in balances(end)? {
        figures.add_money(format!("balance {account}, posted"), crate::model::money::Money::ZERO)?;
        figures.add_money(format!("balance {account}"), balance)?;
    }
    Ok(figures)
}
