//! A document before it has a number: amounts by line, netted.

use super::Books;
use super::accounts::MissingAccount;
use crate::model::codes::ServiceCode;
use crate::model::finding::{Code, Finding, Place};
use crate::model::journal_entry::{JournalType, Posting, Side};
use crate::model::money::{Money, Overflow};
use crate::model::month::Month;
use crate::model::settings::{AccountString, CounterpartyClass, Role};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// What makes two amounts one line, in the order of the lines: the provider's fund first, then customers by fund; in a
/// fund by role, then by service as the catalog orders them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineKey {
    pub is_customer: bool,
    fund: String,
    role: u8,
    pub service_order: u32,
    pub service: String,
    pub affiliate_fund: String,
    pub affiliate_agency: String,
    string: AccountString,
    pub budget_fiscal_year: i32,
}

impl LineKey {
    pub fn new(string: AccountString, role: Role, budget_fiscal_year: i32) -> Self {
        Self {
            is_customer: matches!(role, Role::AgencyExpenditure | Role::DueTo | Role::TransfersOut),
            fund: string.fund.clone(),
            role: place_of(role),
            service_order: 0,
            service: String::new(),
            affiliate_fund: String::new(),
            affiliate_agency: String::new(),
            string,
            budget_fiscal_year,
        }
    }
}

/// The order of roles within a fund: what is owned or spent before what is owed or earned, as an entry is read.
fn place_of(role: Role) -> u8 {
    match role {
        Role::Cash | Role::Prepaid => 0,
        Role::DueFrom | Role::UnbilledReceivable => 1,
        Role::ExpenseOperating | Role::AgencyExpenditure | Role::TransfersOut => 2,
        Role::ApVendor | Role::AccruedLiability | Role::DueTo => 3,
        Role::Revenue | Role::TransfersIn => 4,
    }
}

/// A line's net amount on its normal side, and what is said of it.
#[derive(Clone, Debug)]
pub struct Line {
    pub role: Role,
    pub account_name: String,
    pub normal: Side,
    pub net: Money,
    pub description: String,
    pub reference: String,
}

#[derive(Clone, Debug)]
pub struct Draft {
    pub journal_type: JournalType,
    /// Undone on the first day of the next month.
    pub reverses: bool,
    /// Where they are others than the month's: the day it is posted, and the month whose charges it is for.
    pub dated: Option<NaiveDate>,
    pub service_period: Option<Month>,
    lines: BTreeMap<LineKey, Line>,
    missing: BTreeMap<Role, MissingAccount>,
    overflow: bool,
    refused: Vec<Finding>,
}

impl Draft {
    pub fn new(journal_type: JournalType) -> Self {
        Self {
            journal_type,
            reverses: false,
            dated: None,
            service_period: None,
            lines: BTreeMap::new(),
            missing: BTreeMap::new(),
            overflow: false,
            refused: Vec::new(),
        }
    }

    /// Adds `line.net` to the line of this key.
    pub fn add(&mut self, key: LineKey, line: Line) {
        let net = line.net;
        let kept = self.lines.entry(key).or_insert_with(|| Line { net: Money::ZERO, ..line });
        match kept.net.checked_add(net) {
            Ok(sum) => kept.net = sum,
            Err(Overflow) => self.overflow = true,
        }
    }

    /// Notes that an amount has no account; the document will not be made.
    pub fn lacks(
        &mut self,
        role: Role,
        service: Option<&ServiceCode>,
        class: Option<CounterpartyClass>,
        amount: Money,
    ) {
        let missing = self.missing.entry(role).or_default();
        missing.services.extend(service.cloned());
        missing.classes.extend(class);
        let sum = &mut missing.amount;
        match sum.checked_add(amount.magnitude()) {
            Ok(more) => *sum = more,
            Err(Overflow) => self.overflow = true,
        }
    }

    pub fn too_large(&mut self) {
        self.overflow = true;
    }

    /// Notes any other reason why the document will not be made.
    pub fn refuse(&mut self, finding: Finding) {
        self.refused.push(finding);
    }

    /// The lines that have an amount, and why the document cannot be made, if so.
    pub fn postings(self, books: &Books<'_>, id: &str) -> (Vec<Posting>, Vec<Finding>) {
        let mut problems = self.refused;
        problems.extend(self.missing.iter().map(|(role, missing)| books.chart.role_finding(*role, missing, id)));
        if self.overflow {
            let fix = "Look for an amount of absurd size in the month's files.";
            let why = "A line left the range that can be kept exactly, so this document is not made.";
            problems.push(Finding::new(Code::JournalFails, Place::default().value(id), why, fix));
        }
        let mut refused = BTreeSet::new();
        let mut postings = Vec::new();
        for (key, line) in self.lines.into_iter().filter(|(_, line)| !line.net.is_zero()) {
            for (dimension, code, why) in books.chart.refused(&key.string) {
                if refused.insert((dimension, code.to_owned())) {
                    problems.push(books.chart.string_finding(dimension, code, why, id, line.net.magnitude()));
                }
            }
            postings.push(Posting {
                role: line.role,
                string: key.string,
                account_name: line.account_name,
                side: if line.net.is_negative() { other(line.normal) } else { line.normal },
                amount: line.net.magnitude(),
                affiliate_fund: key.affiliate_fund,
                affiliate_agency: key.affiliate_agency,
                budget_fiscal_year: key.budget_fiscal_year,
                description: printable(&line.description, 120),
                reference: printable(&line.reference, 40),
                service: key.service,
            });
        }
        (postings, problems)
    }
}

fn other(side: Side) -> Side {
    match side {
        Side::Debit => Side::Credit,
        Side::Credit => Side::Debit,
    }
}

/// Texts of the vendors stand in descriptions: what cannot be printed becomes a blank, and the rest is cut to its
/// column.
fn printable(text: &str, longest: usize) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(longest).collect()
}
