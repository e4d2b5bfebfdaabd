//! What the two plain-text ledgers have in common: names of accounts, one transaction for each journal and fund, and the
//! balance every account must have at the end.
//!
//! Both checkers balance a transaction and know no fund, so a journal is written as one transaction a fund: a cent that
//! moves between funds leaves two transactions out of balance. A cent that moves on both sides leaves them balanced;
//! that is what the balances at the end are for, which come from the ledger and not from the transactions.

use super::journal_csv::sorted;
use crate::model::journal_entry::{JournalEntry, Posting, Side};
use crate::model::money::{Money, Overflow};
use crate::model::month_end::MonthEnd;
use crate::model::settings::Role;
use crate::model::untrusted::Untrusted;
use chrono::{Days, NaiveDate};
use std::collections::BTreeMap;

/// What one journal does in one fund.
pub(super) struct Transaction<'a> {
    pub entry: &'a JournalEntry,
    pub fund: &'a str,
    pub fund_name: &'a str,
    pub lines: Vec<Line<'a>>,
}

pub(super) struct Line<'a> {
    pub account: String,
    /// Debits above zero, credits below.
    pub amount: Money,
    pub posting: &'a Posting,
}

/// By posting date, then journal, then fund: both checkers want dates in order.
pub(super) fn transactions(end: &MonthEnd) -> Vec<Transaction<'_>> {
    let mut entries = sorted(end);
    entries.sort_by_key(|entry| entry.posting_date());
    let mut transactions = Vec::new();
    for entry in entries {
        let mut funds: BTreeMap<&str, Vec<Line<'_>>> = BTreeMap::new();
        for posting in entry.postings() {
            let line = Line { account: account(posting), amount: signed(posting), posting };
            funds.entry(&posting.string.fund).or_default().push(line);
        }
        for (fund, lines) in funds {
            let named = end.settings.funds.iter().find(|named| named.code.as_str() == fund);
            let fund_name = named.map_or("", |named| named.name.as_str());
            transactions.push(Transaction { entry, fund, fund_name, lines });
        }
    }
    transactions
}

pub(super) fn signed(posting: &Posting) -> Money {
    match posting.side {
        Side::Debit => posting.amount,
        Side::Credit => posting.amount.negated(),
    }
}

/// `Income:F7300:A4310:Agency-DTS:Service-AWS`: every fund has accounts of its own, and what both checkers call a part
/// of a name starts with a capital and holds letters, digits and hyphens.
pub(super) fn account(posting: &Posting) -> String {
    let string = &posting.string;
    let mut name = format!("{}:F{}:A{}", kind(posting.role), part(&string.fund), part(&string.account));
    for (word, code) in [("Agency", &string.agency), ("Service", &posting.service), ("Fund", &posting.affiliate_fund)] {
        if !code.is_empty() {
            name.push_str(&format!(":{word}-{}", part(code)));
        }
    }
    name
}

fn kind(role: Role) -> &'static str {
    match role {
        Role::Cash | Role::DueFrom | Role::UnbilledReceivable | Role::Prepaid => "Assets",
        Role::ApVendor | Role::AccruedLiability | Role::DueTo => "Liabilities",
        Role::Revenue | Role::TransfersIn => "Income",
        Role::ExpenseOperating | Role::AgencyExpenditure | Role::TransfersOut => "Expenses",
    }
}

/// No two codes give one part: what is not a letter or digit is spelled out behind a hyphen.
fn part(code: &str) -> String {
    let mut part = String::new();
    for character in code.chars() {
        match character {
            plain if plain.is_ascii_alphanumeric() => part.push(plain),
            '-' => part.push_str("--"),
            '.' => part.push_str("-D"),
            '_' => part.push_str("-U"),
            other => part.push_str(&format!("-X{:X}-", u32::from(other))),
        }
    }
    part
}

/// Every account with its name in the state's chart and its balance once all journals are posted.
pub(super) fn balances(end: &MonthEnd) -> Result<BTreeMap<String, (String, Money)>, Overflow> {
    let mut balances: BTreeMap<String, (String, Money)> = BTreeMap::new();
    for posting in end.journals.iter().flat_map(JournalEntry::postings) {
        let start = || (posting.account_name.clone(), Money::ZERO);
        let (_, balance) = balances.entry(account(posting)).or_insert_with(start);
        *balance = balance.checked_add(signed(posting))?;
    }
    Ok(balances)
}

/// The balance of an account and of those below it, as beancount reads a balance.
pub(super) fn with_parts(balances: &BTreeMap<String, (String, Money)>, account: &str) -> Result<Money, Overflow> {
    let below = |name: &str| name.strip_prefix(account).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
    Money::total(balances.iter().filter(|(name, _)| below(name)).map(|(_, (_, balance))| *balance))
}

/// First and last posting date, and the day after.
pub(super) fn dates(end: &MonthEnd) -> (NaiveDate, NaiveDate, NaiveDate) {
    let dates = || end.journals.iter().map(JournalEntry::posting_date);
    let first = dates().min().unwrap_or_else(|| end.month.first_day());
    let last = dates().max().unwrap_or_else(|| end.month.last_day());
    (first, last, last.checked_add_days(Days::new(1)).unwrap_or(last))
}

/// Printable ASCII that neither checker gives a meaning: both read tags and dates out of free text.
pub(super) fn plain(text: &str) -> String {
    let harmless =
        |c: char| if matches!(c, ':' | '[' | ']' | '#' | '^' | '\\' | '{' | '}' | '@' | '=') { ' ' } else { c };
    Untrusted::new(text).for_journal(100).chars().map(harmless).collect::<String>().trim().to_owned()
}
