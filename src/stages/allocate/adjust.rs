//! Approved adjustments of closed months, as lines of the bills of the month in which they are booked.
//!
//! A line that corrects a closed one is paid by the strings that paid that one, each with the difference of what it pays
//! of the corrected amount and what it paid before: so that both together are the corrected split, which the split of a
//! difference is not. Any other line is paid by the rules of the month that it is for.

use super::Books;
use super::funding::{divided, fund};
use super::lines::Treatment;
use crate::model::adjustment::{Adjustment, AdjustmentReference, PaidBy};
use crate::model::bill::{BillLine, Bills, FundingLine, LineKind};
use crate::model::codes::AgencyCode;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month::Month;
use crate::model::past::Past;
use crate::model::pricing::Families;
use crate::model::roll_up::RollUp;
use crate::model::settings::Settings;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Adds the month's adjustments to its bills.
pub fn adjust(roll_up: &RollUp, bills: &mut Bills, past: &Past, settings: &Settings, month: Month) -> Vec<Finding> {
    let families = Families::of(&settings.rate_cards);
    let mut adjuster = Adjuster {
        roll_up,
        families: &families,
        past,
        settings,
        month,
        corrected: BTreeMap::new(),
        findings: Vec::new(),
    };
    if adjuster.all(bills).is_err() {
        let why = "Amounts or percentages of adjustments cannot be kept exactly.";
        adjuster.findings.push(Finding::new(Code::ConservationFails, Place::file(FILE), why, "Correct the amounts."));
    }
    adjuster.findings
}

const FILE: &str = "adjustments.csv";

struct Adjuster<'a> {
    roll_up: &'a RollUp,
    families: &'a Families<'a>,
    past: &'a Past,
    settings: &'a Settings,
    month: Month,
    /// What corrected lines come to, with all that was booked before.
    corrected: BTreeMap<&'a str, Money>,
    findings: Vec<Finding>,
}

impl<'a> Adjuster<'a> {
    fn all(&mut self, bills: &mut Bills) -> Result<(), Overflow> {
        let mut rows: Vec<&Adjustment> = self.settings.adjustments.iter().collect();
        rows.sort_by_key(|row| (row.booked_on, &row.id, row.place));
        for row in rows {
            if self.month.contains(row.booked_on) {
                self.book(row, bills)?;
            } else if self.was_missed(row) {
                let why = format!("It is dated {}, and the books are past that month without it.", row.booked_on);
                let fix = format!("Give it a day of {}, or of a later month.", self.month);
                self.refuse(row, "booked_on", row.booked_on.to_string(), why, fix);
            }
        }
        Ok(())
    }

    fn was_missed(&self, row: &Adjustment) -> bool {
        let carried = &self.past.carried;
        carried.is_behind(Month::containing(row.booked_on), self.month) && !carried.adjustments.contains(&row.name())
    }

    fn refuse(&mut self, row: &Adjustment, column: &'static str, value: String, why: String, fix: impl Into<String>) {
        let place = Place::file(FILE).row(row.line).column(column).value(value);
        let finding = Finding::new(Code::AdjustmentRefused, place, why, fix.into());
        self.findings.push(finding.at_stake(Cost::from_money(row.amount), self.settings.state.currency.clone()));
    }

    fn book(&mut self, row: &'a Adjustment, bills: &mut Bills) -> Result<(), Overflow> {
        let line = match &row.corrects {
            Some(id) => {
                let Some(before) = self.before(row, id) else { return Ok(()) };
                self.correction(row, before)?
            }
            None => self.charge(row, &row.agency, row.amount)?,
        };
        let Some(line) = line else { return Ok(()) };
        add(bills, self.month, line);
        if let PaidBy::Agency(payer) = &row.paid_by
            && let Some(line) = self.charge(row, payer, row.amount.negated())?
        {
            add(bills, self.month, line);
        }
        Ok(())
    }

    /// The closed line that is corrected.
    fn before(&mut self, row: &Adjustment, id: &str) -> Option<&'a BillLine> {
        let found = self.past.corrected.iter().find(|line| line.id == id);
        let why = match found {
            None => format!("No closed month before {} has this bill line.", self.month),
            Some(line) if (&line.agency, &line.service) != (&row.agency, &row.service) => {
                format!("It is of agency {}, service {}.", line.agency, line.service)
            }
            Some(line) if line.month != row.month => {
                format!("It is of {}, and this row is for {}.", line.month, row.month)
            }
            Some(_) => return found,
        };
        let fix = "Enter the id as it stands on the statement, with its agency, service and month.";
        self.refuse(row, "corrects", id.to_owned(), why, fix);
        None
    }

    fn correction(&mut self, row: &'a Adjustment, before: &'a BillLine) -> Result<Option<BillLine>, Overflow> {
        let booked = self.past.carried.adjusted.get(&before.id).copied().unwrap_or_default();
        let was = match self.corrected.get(before.id.as_str()) {
            Some(sum) => *sum,
            None => before.amount.checked_add(booked)?,
        };
        let is = was.checked_add(row.amount)?;
        self.corrected.insert(&before.id, is);
        let part = |part: &FundingLine| Ok((part.percent.parse::<Decimal>().map_err(|_| Overflow)?, part.federal));
        let parts = before.funding.iter().map(part).collect::<Result<Vec<_>, Overflow>>()?;
        let treatment = Treatment { mode: before.mode, absorbed_by: before.absorbed_by.clone() };
        let mut line = self.line(row, &before.agency, treatment);
        line.provider.clone_from(&before.provider);
        if !parts.is_empty() {
            let (old, new) = (divided(self.settings, was, &parts)?, divided(self.settings, is, &parts)?);
            for ((part, old), new) in before.funding.iter().zip(old.cents).zip(new.cents) {
                line.funding.push(FundingLine { amount: new.checked_sub(old)?, ..part.clone() });
            }
        }
        line.arithmetic.insert(0, format!("{} was {} and is {}", before.id, was.for_people(), is.for_people()));
        Ok(Some(line))
    }

    /// A line that corrects none: the rules of its month say who pays it.
    fn charge(&mut self, row: &Adjustment, agency: &AgencyCode, amount: Money) -> Result<Option<BillLine>, Overflow> {
        let books = self.books(row);
        let mut line = self.line(row, agency, books.treatment(agency, &row.service, row.month.first_day()));
        line.amount = amount;
        if *agency != row.agency {
            line.arithmetic.insert(0, format!("paid for agency {}", row.agency));
            line.adjustment.iter_mut().for_each(|adjustment| adjustment.corrects = None);
        }
        let mut alone = Bills { lines: vec![line], ..Bills::default() };
        fund(books, &mut alone, &[String::new()], &mut self.findings)?;
        Ok(alone.lines.pop())
    }

    fn line(&self, row: &Adjustment, agency: &AgencyCode, treatment: Treatment) -> BillLine {
        let mut line = self.books(row).draft(agency, &row.service, LineKind::Adjustment, treatment).line;
        line.description = format!("Adjustment {} of {}: {}", row.id, row.month, row.reason);
        line.arithmetic = vec![format!("asked for by {}, approved by {}", row.requested_by, row.approved_by)];
        line.amount = row.amount;
        line.adjustment = Some(AdjustmentReference {
            id: row.id.clone(),
            place: row.place,
            booked_on: row.booked_on,
            corrects: row.corrects.clone(),
        });
        line
    }

    /// The books in the month that is put right.
    fn books(&self, row: &Adjustment) -> Books<'a> {
        Books { roll_up: self.roll_up, families: self.families, settings: self.settings, month: row.month }
    }
}

/// After the last line of the agency's bill.
fn add(bills: &mut Bills, month: Month, mut line: BillLine) {
    let number = bills.of(&line.agency).count() + 1;
    line.id = format!("{}-{month}-{number:06}", line.agency);
    bills.lines.push(line);
}
