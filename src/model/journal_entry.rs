//! Journal entries that balance by fund, because an entry that does not cannot be made.

use super::money::{Money, Overflow};
use super::month::{FiscalPeriod, Month};
use super::settings::{AccountString, Role};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum JournalType {
    Vend,
    Accr,
    Rev,
    Prep,
    Bill,
    Adj,
    Setl,
    /// What a fund gives so that agencies pay less.
    Xfer,
}

impl JournalType {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Vend => "VEND",
            Self::Accr => "ACCR",
            Self::Rev => "REV",
            Self::Prep => "PREP",
            Self::Bill => "BILL",
            Self::Adj => "ADJ",
            Self::Setl => "SETL",
            Self::Xfer => "XFER",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Debit,
    Credit,
}

/// One line: an amount above zero on one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// What the line is for. The account follows from it, but not it from the account: a chart may give two roles one account.
    pub role: Role,
    pub string: AccountString,
    pub account_name: String,
    pub side: Side,
    pub amount: Money,
    pub affiliate_fund: String,
    pub affiliate_agency: String,
    pub budget_fiscal_year: i32,
    pub description: String,
    /// Bill line, bill or invoice behind it.
    pub reference: String,
    pub service: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    id: String,
    journal_type: JournalType,
    posting_date: NaiveDate,
    period: FiscalPeriod,
    service_period: Month,
    reversing_date: Option<NaiveDate>,
    reversal_of: Option<String>,
    postings: Vec<Posting>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum EntryRefusal {
    #[error("journal {id}: fund {fund} has debits {debits} and credits {credits}")]
    Unbalanced { id: String, fund: String, debits: Money, credits: Money },
    #[error("journal {id}: a posting of {amount} to account {account}; amounts are above zero")]
    NotPositive { id: String, account: String, amount: Money },
    #[error("journal {0} has no postings")]
    Empty(String),
    #[error("journal {0}: an amount left the range that can be kept exactly")]
    Overflow(String),
}

/// What identifies an entry apart from its postings.
#[derive(Clone, Debug)]
pub struct EntryHead {
    pub id: String,
    pub journal_type: JournalType,
    pub posting_date: NaiveDate,
    pub period: FiscalPeriod,
    pub service_period: Month,
    pub reversing_date: Option<NaiveDate>,
    pub reversal_of: Option<String>,
}

impl JournalEntry {
    /// Refuses unless debits equal credits in every fund and every amount is above zero.
    pub fn new(head: EntryHead, postings: Vec<Posting>) -> Result<Self, EntryRefusal> {
        let EntryHead { id, journal_type, posting_date, period, service_period, reversing_date, reversal_of } = head;
        if postings.is_empty() {
            return Err(EntryRefusal::Empty(id));
        }
        for posting in &postings {
            if posting.amount <= Money::ZERO {
                let account = posting.string.account.clone();
                return Err(EntryRefusal::NotPositive { id, account, amount: posting.amount });
            }
        }
        let entry =
            Self { id, journal_type, posting_date, period, service_period, reversing_date, reversal_of, postings };
        let sides = entry.by_fund().map_err(|Overflow| EntryRefusal::Overflow(entry.id.clone()))?;
        for (fund, (debits, credits)) in sides {
            if debits != credits {
                return Err(EntryRefusal::Unbalanced { id: entry.id, fund, debits, credits });
            }
        }
        Ok(entry)
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn journal_type(&self) -> JournalType {
        self.journal_type
    }

    pub fn posting_date(&self) -> NaiveDate {
        self.posting_date
    }

    pub fn period(&self) -> FiscalPeriod {
        self.period
    }

    pub fn service_period(&self) -> Month {
        self.service_period
    }

    pub fn reversing_date(&self) -> Option<NaiveDate> {
        self.reversing_date
    }

    pub fn reversal_of(&self) -> Option<&str> {
        self.reversal_of.as_deref()
    }

    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// Debits and credits of each fund.
    pub fn by_fund(&self) -> Result<BTreeMap<String, (Money, Money)>, Overflow> {
        let mut sides: BTreeMap<String, (Money, Money)> = BTreeMap::new();
        for posting in &self.postings {
            let (debits, credits) = sides.entry(posting.string.fund.clone()).or_default();
            match posting.side {
                Side::Debit => *debits = debits.checked_add(posting.amount)?,
                Side::Credit => *credits = credits.checked_add(posting.amount)?,
            }
        }
        Ok(sides)
    }
}
