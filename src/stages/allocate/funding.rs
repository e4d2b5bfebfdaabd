//! Which account strings pay a bill line: the most specific rules in force, split by largest remainder.
//!
//! Each line is split, not the bill: only so can a string be followed from the journal to a line.

use super::Books;
use super::fit::one_cent;
use crate::model::bill::{BillLine, Bills, FundingLine, Residual};
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Division, Exact, Money, Overflow, split};
use crate::model::month::{FiscalPeriod, Month};
use crate::model::settings::{AccountString, FundingResidual, FundingRule, Mode, Settings};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Accounts that have a funding rule of their own: their charges stand on lines of their own.
pub(super) struct Accounts<'a>(BTreeMap<&'a AgencyCode, Vec<&'a FundingRule>>);

impl<'a> Accounts<'a> {
    pub fn new(settings: &'a Settings, month: Month) -> Self {
        let mut accounts: BTreeMap<&AgencyCode, Vec<&FundingRule>> = BTreeMap::new();
        for rule in in_force(settings, month).filter(|rule| rule.sub_account.is_some()) {
            accounts.entry(&rule.agency).or_default().push(rule);
        }
        Self(accounts)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The account, if a rule for it applies to the agency and service; otherwise blank.
    pub fn own(&self, agency: &AgencyCode, service: &ServiceCode, account: &str) -> String {
        let applies = |rule: &&FundingRule| {
            rule.sub_account.as_deref().is_some_and(|own| is_same(own, account))
                && rule.service.as_ref().is_none_or(|own| own == service)
        };
        let rules = self.0.get(agency);
        rules.and_then(|rules| rules.iter().copied().find(applies)).map_or_else(String::new, |_| account.to_owned())
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// The service month's first day counts: a change within a month takes effect with the next.
fn in_force(settings: &Settings, month: Month) -> impl Iterator<Item = &FundingRule> {
    settings.funding.iter().filter(move |rule| rule.valid.covers(month.first_day()))
}

pub(super) fn fund(
    books: Books<'_>,
    bills: &mut Bills,
    accounts: &[String],
    findings: &mut Vec<Finding>,
) -> Result<(), Overflow> {
    let mut by_agency: BTreeMap<&AgencyCode, Vec<&FundingRule>> = BTreeMap::new();
    for rule in in_force(books.settings, books.month) {
        by_agency.entry(&rule.agency).or_default().push(rule);
    }
    let mut troubles: BTreeMap<Trouble, Unpaid> = BTreeMap::new();
    for (line, account) in bills.lines.iter_mut().zip(accounts) {
        let rules = by_agency.get(&line.agency).map_or(&[] as &[_], Vec::as_slice);
        let paid = match line.mode {
            Mode::Absorbed => absorb(books, line),
            Mode::Chargeback => match rules_of(rules, line, account) {
                Ok(rules) => {
                    bills.residuals.extend(pay(books, line, &rules)?);
                    Ok(())
                }
                Err(trouble) => Err(trouble),
            },
            // A line that is only shown is paid by nobody.
            Mode::Visibility | Mode::Showback => Ok(()),
        };
        if let Err(trouble) = paid {
            troubles.entry(trouble).or_default().add(line)?;
        }
    }
    findings.extend(troubles.into_iter().map(|(trouble, unpaid)| tell(books, trouble, &unpaid)));
    Ok(())
}

/// Why lines are not paid. Rules are named by their lines in the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Missing(AgencyCode),
    /// Two rules of one key have the same place.
    Overlap(u64, u64, u32),
    Incomplete(u64, Exact),
    AbsorbedByNobody(AgencyCode),
}

/// Lines with the same trouble: how many, for which services, of how much.
#[derive(Default)]
struct Unpaid {
    lines: usize,
    services: Vec<String>,
    amount: Money,
}

impl Unpaid {
    fn add(&mut self, line: &BillLine) -> Result<(), Overflow> {
        self.lines += 1;
        if !self.services.contains(&line.service.to_string()) {
            self.services.push(line.service.to_string());
        }
        self.amount = self.amount.checked_add(line.amount)?;
        Ok(())
    }

    /// `5 lines (AWS, AZU)`
    fn in_words(&self) -> String {
        let lines = if self.lines == 1 { "1 line".to_owned() } else { format!("{} lines", self.lines) };
        format!("{lines} ({})", self.services.join(", "))
    }
}

/// The most specific key's rules, in their order: account and service, account, service, agency.
fn rules_of<'a>(rules: &[&'a FundingRule], line: &BillLine, account: &str) -> Result<Vec<&'a FundingRule>, Trouble> {
    let applies = |rule: &&&FundingRule| {
        rule.service.as_ref().is_none_or(|service| *service == line.service)
            && rule.sub_account.as_deref().is_none_or(|own| !account.is_empty() && is_same(own, account))
    };
    let specificity = |rule: &FundingRule| (rule.sub_account.is_some(), rule.service.is_some());
    let most = rules
        .iter()
        .filter(applies)
        .map(|rule| specificity(rule))
        .max()
        .ok_or_else(|| Trouble::Missing(line.agency.clone()))?;
    let mut chosen: Vec<&FundingRule> =
        rules.iter().filter(applies).copied().filter(|rule| specificity(rule) == most).collect();
    chosen.sort_by_key(|rule| (rule.sequence, rule.line));
    if let Some(pair) = chosen.windows(2).find(|pair| pair[0].sequence == pair[1].sequence) {
        return Err(Trouble::Overlap(pair[0].line, pair[1].line, pair[0].sequence));
    }
    let sum = chosen.iter().fold(Exact::zero(), |sum, rule| sum.plus(&Exact::from_decimal(rule.percent)));
    let is_negative = chosen.iter().any(|rule| rule.percent.is_sign_negative() && !rule.percent.is_zero());
    if sum != Exact::from_integer(100) || is_negative {
        return Err(Trouble::Incomplete(chosen[0].line, sum));
    }
    Ok(chosen)
}

fn pay(books: Books<'_>, line: &mut BillLine, rules: &[&FundingRule]) -> Result<Vec<Residual>, Overflow> {
    let parts: Vec<(Decimal, bool)> = rules.iter().map(|rule| (rule.percent, rule.federal)).collect();
    let division = divided(books.settings, line.amount, &parts)?;
    let budget_fiscal_year = budget_year(books);
    let paid = rules.iter().zip(&division.cents).map(|(rule, &amount)| FundingLine {
        string: rule.string.clone(),
        percent: rule.percent.normalize().to_string(),
        federal: rule.federal,
        amount,
        budget_fiscal_year,
    });
    line.funding = paid.collect();
    let step = format!("funding {}", line.id);
    let fund = |&place: &usize| one_cent(&step, format!("fund {}", rules[place].string.fund));
    Ok(division.received.iter().map(fund).collect())
}

/// Cents of an amount by percentages, and whether each is of federal money.
pub(super) fn divided(settings: &Settings, total: Money, parts: &[(Decimal, bool)]) -> Result<Division, Overflow> {
    let weights: Vec<Exact> = parts.iter().map(|(percent, _)| Exact::from_decimal(*percent)).collect();
    let division = split(total, &weights).map_err(|_| Overflow)?;
    match settings.state.funding_residual {
        FundingResidual::LargestRemainder => Ok(division),
        FundingResidual::NeverFederal => never_federal(total, division, parts),
    }
}

/// Leftover cents go to the first string without federal money. Where all are federal, largest remainder stays.
fn never_federal(total: Money, mut division: Division, parts: &[(Decimal, bool)]) -> Result<Division, Overflow> {
    let Some(first) = parts.iter().position(|(_, federal)| !federal) else { return Ok(division) };
    let cent = Money::from_cents(if total.is_negative() { -1 } else { 1 });
    for place in std::mem::take(&mut division.received) {
        division.cents[place] = division.cents[place].checked_sub(cent)?;
        division.cents[first] = division.cents[first].checked_add(cent)?;
        division.received.push(first);
    }
    Ok(division)
}

/// The central fund that absorbs a line pays all of it, for the agency.
fn absorb(books: Books<'_>, line: &mut BillLine) -> Result<(), Trouble> {
    let fund = line.absorbed_by.as_ref().ok_or_else(|| Trouble::AbsorbedByNobody(line.agency.clone()))?;
    let string = AccountString { fund: fund.to_string(), agency: line.agency.to_string(), ..AccountString::default() };
    let federal = books.settings.funds.iter().any(|known| known.code == *fund && known.federal);
    let (percent, budget_fiscal_year) = ("100".to_owned(), budget_year(books));
    line.funding = vec![FundingLine { string, percent, federal, amount: line.amount, budget_fiscal_year }];
    Ok(())
}

fn budget_year(books: Books<'_>) -> i32 {
    FiscalPeriod::of(books.month, books.settings.state.fiscal_year_starts).year
}

/// Who pays is decided by the month's first day, so a rule that starts later does not pay yet: it is named.
fn missing(books: Books<'_>, agency: &AgencyCode, lines: &str) -> Finding {
    let place = Place::file("funding.csv");
    let mut why = format!("No funding rule says who pays {lines} of agency {agency}.");
    let rules = books.settings.funding.iter().filter(|rule| rule.agency == *agency);
    let later =
        rules.filter_map(|rule| Some((rule.valid.from?, rule.line))).filter(|(from, _)| books.month.contains(*from));
    let Some((from, line)) = later.min() else {
        let fix = "Add a rule for the agency to funding.csv.";
        return Finding::new(Code::FundingMissing, place.column("agency").value(agency.as_str()), why, fix);
    };
    let first = books.month.first_day();
    why.push_str(&format!(
        " The rule of line {line} starts on {from}; who pays a month is decided by its first day, {first}."
    ));
    let fix = format!("Let the rule begin on {first}, or add a rule that is in force on that day.");
    let place = place.row(line).column("effective_from").value(from.to_string());
    Finding::new(Code::FundingMissing, place, why, fix)
}

fn tell(books: Books<'_>, trouble: Trouble, unpaid: &Unpaid) -> Finding {
    let place = Place::file("funding.csv");
    let lines = unpaid.in_words();
    let finding = match trouble {
        Trouble::Missing(agency) => missing(books, &agency, &lines),
        Trouble::Overlap(one, other, sequence) => {
            let why = format!(
                "The rules of lines {one} and {other} have the same key and sequence {sequence}, so {lines} would be paid \
                 twice over."
            );
            let fix = "End one of them, or give the strings of one split different sequences.";
            Finding::new(Code::FundingOverlap, place.row(other).column("sequence"), why, fix)
        }
        Trouble::Incomplete(line, sum) => {
            let why = format!("The strings of this key add up to {} percent, so {lines} are not paid.", sum.shown(6));
            let fix = "Correct the percentages; those of one key and date add up to exactly 100.";
            Finding::new(Code::FundingIncomplete, place.row(line).column("percent"), why, fix)
        }
        Trouble::AbsorbedByNobody(agency) => {
            let why = format!("Agency {agency} has {lines} to be absorbed, and no rule says by which fund.");
            let fix = "Name the fund in absorbed_by of the rule in modes.csv.";
            Finding::new(Code::FundingMissing, Place::file("modes.csv").column("absorbed_by"), why, fix)
        }
    };
    finding.at_stake(Cost::from_money(unpaid.amount), books.settings.state.currency.as_str())
}
