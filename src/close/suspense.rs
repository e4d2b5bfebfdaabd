//! Suspense grows old: what has had no owner since an earlier month, and still has none.
//!
//! A close may leave a little in suspense (`suspense_limit`). What waits there month after month is nobody's, so each close
//! says since when, with the dollars of all its months, and `suspense_days` blocks it at an age.

use super::Outcome;
use crate::ledger::{Ledger, Settled};
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::money::{Cost, Overflow};
use crate::model::month::Month;
use crate::model::month_end::MonthEnd;
use anyhow::Result;

/// Findings about charges that nobody owns.
const UNOWNED: &[Code] =
    &[Code::OwnerMissing, Code::OwnerUnknownAgency, Code::OwnerAmbiguous, Code::DirectoryConcealed];

/// What the same has waited for: an account, a tag's value, an agency that is not in force.
#[derive(PartialEq, Eq)]
struct Waiting {
    code: Code,
    value: String,
    /// By month, the newest first.
    months: Vec<(Month, Cost)>,
}

/// Findings for the month's end; the closes of the months before it are asked as far back as something waits.
pub fn aged(ledger: &Ledger, settled: &Settled, end: &MonthEnd) -> Result<Vec<Finding>> {
    let mut open = waiting(&end.findings, end.month)?;
    let mut done = Vec::new();
    let mut month = end.month.previous();
    while !open.is_empty() {
        let Some(close) = settled.of(month) else { break };
        let outcome: Outcome = ledger.get_json(&close.body.outcome.sha256)?;
        let before = waiting(&outcome.findings, month)?;
        for mut one in std::mem::take(&mut open) {
            match before.iter().find(|was| was.code == one.code && was.value == one.value) {
                Some(was) => {
                    one.months.extend(was.months.iter().copied());
                    open.push(one);
                }
                None => done.push(one),
            }
        }
        month = month.previous();
    }
    done.extend(open);
    let old = done.into_iter().filter(|one| one.months.len() > 1);
    Ok(old.map(|one| tell(&one, end)).collect::<Result<Vec<Finding>, Overflow>>()?)
}

/// The month's unowned charges by what they have in common. What has no name of its own has no age.
fn waiting(findings: &[Finding], month: Month) -> Result<Vec<Waiting>, Overflow> {
    let mut waiting: Vec<Waiting> = Vec::new();
    for finding in findings.iter().filter(|finding| UNOWNED.contains(&finding.code)) {
        let (Some(value), Some((cost, _))) = (&finding.place.value, &finding.at_stake) else { continue };
        let is_same = |one: &&mut Waiting| one.code == finding.code && one.value == value.raw();
        match waiting.iter_mut().find(is_same) {
            Some(one) => one.months[0].1 = one.months[0].1.checked_add(*cost)?,
            None => {
                let value = value.raw().to_owned();
                waiting.push(Waiting { code: finding.code, value, months: vec![(month, *cost)] });
            }
        }
    }
    Ok(waiting)
}

fn tell(one: &Waiting, end: &MonthEnd) -> Result<Finding, Overflow> {
    let since = one.months.last().map_or(end.month, |(month, _)| *month);
    let days = (end.month.last_day() - since.last_day()).num_days();
    let amounts: Vec<String> =
        one.months.iter().rev().map(|(month, cost)| format!("{month} {}", cost.for_people())).collect();
    let limit = end.settings.state.gates.suspense_days;
    let allowed = limit.map_or_else(String::new, |limit| format!(" The gate allows {limit}."));
    let why = format!(
        "What is told of it as {} has had no owner since the close of {since}, {days} days before the end of {}: {}.{allowed}",
        one.code,
        end.month,
        amounts.join(", ")
    );
    let fix = "Give it an owner; what the closed months left in suspense is put right by an adjustment. Or raise \
               `suspense_days` in chargeback.toml, with the controller's consent.";
    let mut finding = Finding::new(Code::SuspenseAged, Place::file("owners.csv").value(one.value.as_str()), why, fix);
    if limit.is_some_and(|limit| days > i64::from(limit)) {
        finding.severity = Severity::Blocks;
    }
    let all = Cost::total(one.months.iter().map(|(_, cost)| *cost))?;
    Ok(finding.at_stake(all, end.settings.state.currency.as_str()))
}
