//! How a statement compares with the months before: what changed and why, and the year as a row of bars.

use super::statement::Statement;
use super::statement_page::shown_text;
use crate::model::bridge::Step;
use crate::model::codes::ServiceCode;
use crate::model::money::{Exact, Money, Overflow};
use crate::model::settings::Mode;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The month before.
#[derive(Serialize)]
pub(super) struct Before {
    month: String,
    due: String,
    change: String,
    percent: String,
}

#[derive(Serialize)]
pub(super) struct Changes {
    sentence: String,
    services: Vec<Service>,
}

#[derive(Serialize)]
struct Service {
    name: String,
    before: String,
    now: String,
    change: String,
    steps: Vec<Reason>,
}

#[derive(Serialize)]
struct Reason {
    why: &'static str,
    amount: String,
}

/// One month of the row.
#[derive(Serialize)]
pub(super) struct Month {
    name: String,
    due: String,
    shown: String,
    /// Of the largest month, in thousandths.
    part: u64,
}

pub(super) fn before(statement: &Statement<'_>) -> Result<Option<Before>, Overflow> {
    let Some(month) = statement.before else { return Ok(None) };
    let was = statement.due_in(month)?;
    let change = statement.amount_due()?.checked_sub(was)?;
    Ok(Some(Before {
        month: month.in_words(),
        due: was.for_people(),
        change: change.for_people(),
        percent: percent(change, was).unwrap_or_default(),
    }))
}

/// `12.3`, without its sign; nothing where there was nothing before.
fn percent(change: Money, was: Money) -> Option<String> {
    let quotient = change.exact().times(&Exact::from_integer(100)).divided_by(&was.exact())?;
    Some(quotient.magnitude().shown(1).trim_end_matches('.').to_owned())
}

/// Amounts due by service, before and now.
type ByService<'a> = BTreeMap<&'a ServiceCode, (Money, Money)>;

fn by_service<'a>(statement: &'a Statement<'_>) -> Result<ByService<'a>, Overflow> {
    let mut services = ByService::new();
    let of_before = statement.billed.iter().filter(|(month, _)| Some(*month) == statement.before);
    for one in of_before.flat_map(|(_, billed)| billed).filter(|one| one.is_due()) {
        let (was, _) = services.entry(&one.service).or_default();
        *was = was.checked_add(one.amount)?;
    }
    for line in statement.due() {
        let (_, is) = services.entry(&line.service).or_default();
        *is = is.checked_add(line.amount)?;
    }
    Ok(services)
}

pub(super) fn changes(statement: &Statement<'_>) -> Result<Option<Changes>, Overflow> {
    let Some(month) = statement.before else { return Ok(None) };
    let mut services = Vec::new();
    for (code, (was, is)) in by_service(statement)? {
        services.push((code, was, is, is.checked_sub(was)?));
    }
    services.sort_by_key(|(.., change)| Reverse(change.cents().unsigned_abs()));
    let service = |(code, was, is, change): (&ServiceCode, Money, Money, Money)| Service {
        name: shown_text(statement.name_of_service(code)),
        before: was.for_people(),
        now: is.for_people(),
        change: change.for_people(),
        steps: largest_first(statement, |step| &step.service == code)
            .into_iter()
            .map(|step| Reason { why: step.effect.in_words(), amount: step.amount.for_people() })
            .collect(),
    };
    let change = statement.amount_due()?.checked_sub(statement.due_in(month)?)?;
    let sentence = sentence(statement, change, &month.in_words());
    Ok(Some(Changes { sentence, services: services.into_iter().map(service).collect() }))
}

fn largest_first<'a>(statement: &'a Statement<'_>, wanted: impl Fn(&Step) -> bool) -> Vec<&'a Step> {
    let mut steps: Vec<&Step> = statement.steps.iter().copied().filter(|step| wanted(step)).collect();
    steps.sort_by_key(|step| Reverse(step.amount.cents().unsigned_abs()));
    steps
}

/// What drove it, the two largest reasons first.
fn sentence(statement: &Statement<'_>, change: Money, before: &str) -> String {
    let size = |money: Money| Money::from_cents(money.cents().abs()).for_people();
    let mut text = match change {
        change if change.is_zero() => format!("You owe what you owed in {before}."),
        change if change.is_negative() => format!("You owe {} less than in {before}.", size(change)),
        change => format!("You owe {} more than in {before}.", size(change)),
    };
    let reasons: Vec<String> = largest_first(statement, |_| true)
        .into_iter()
        .take(2)
        .map(|step| {
            let way = if step.amount.is_negative() { "less" } else { "more" };
            let service = shown_text(statement.name_of_service(&step.service));
            format!("{service}, {}: {} {way}", step.effect.in_words(), size(step.amount))
        })
        .collect();
    if !reasons.is_empty() {
        text.push_str(&format!(" The largest reasons: {}.", reasons.join("; ")));
    }
    text
}

/// Closed months before this one, oldest first, and this one; nothing where there are none.
pub(super) fn months(statement: &Statement<'_>) -> Result<Vec<Month>, Overflow> {
    let mut rows = Vec::new();
    for (month, billed) in statement.billed.iter().filter(|(month, _)| *month < statement.month) {
        let of = |due: bool| billed.iter().filter(move |one| (one.mode == Mode::Chargeback) == due);
        let due = Money::total(of(true).map(|one| one.amount))?;
        rows.push((*month, due, Money::total(of(false).map(|one| one.amount))?));
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let shown = Money::total(statement.informing().map(|line| line.amount))?;
    rows.push((statement.month, statement.amount_due()?, shown));
    let largest = rows.iter().map(|(_, due, _)| due.cents()).max().unwrap_or_default().max(1);
    let part = |due: Money| u64::try_from(i128::from(due.cents().max(0)) * 1000 / i128::from(largest));
    let row = |(month, due, shown): (crate::model::month::Month, Money, Money)| Month {
        name: month.in_words(),
        due: due.for_people(),
        shown: shown.for_people(),
        part: part(due).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(row).collect())
}
