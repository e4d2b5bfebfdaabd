//! Prepaid credits: what agencies used of them, at the cost of the oldest that could be used; and what expired.

use super::Books;
use super::lines::Draft;
use crate::model::bill::{Bills, LineKind};
use crate::model::codes::AgencyCode;
use crate::model::credits::{CreditGrant, CreditMove};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Exact, Money, Overflow, Quantity, split};
use crate::model::settings::DriverValue;
use std::collections::{BTreeMap, BTreeSet};

/// A line for each agency that used credits, and one for whoever pays those that expired.
pub(super) fn lines(books: Books<'_>, bills: &mut Bills, findings: &mut Vec<Finding>) -> Result<Vec<Draft>, Overflow> {
    let mut drafts = Vec::new();
    let drivers: BTreeSet<&str> = books.settings.credits.iter().map(|grant| grant.driver.as_str()).collect();
    for driver in drivers {
        let grants: Vec<&CreditGrant> = books.settings.credits.iter().filter(|grant| grant.driver == driver).collect();
        let values: Vec<&DriverValue> = books.settings.driver(driver, books.month).collect();
        let mut used: BTreeMap<&AgencyCode, Quantity> = BTreeMap::new();
        for value in &values {
            let sum = used.entry(&value.agency).or_default();
            *sum = sum.checked_add(value.value)?;
        }
        let unit = values.first().map_or("credits", |value| value.unit.as_str());
        let all = Quantity::total(used.values().copied())?;
        if used.values().any(|used| used.is_negative()) {
            findings.push(not_covered(grants[0], "Some agency used fewer credits than none.".to_owned()));
            continue;
        }
        let (moves, said, short) = first_in_first_out(books, &grants, all)?;
        if !short.is_zero() {
            let why = format!(
                "{all} {unit} were used in {} and {short} of them nobody had bought: no grant that can be used has them.",
                books.month
            );
            findings.push(not_covered(grants[0], why));
            continue;
        }
        let spent = Money::total(moves.iter().map(|of| of.cost))?;
        if !all.is_zero() {
            drafts.extend(shared(books, grants[0], (&used, all, unit), (spent, &said))?);
        }
        drafts.extend(expired(books, &grants, &moves));
        bills.credits.extend(moves);
    }
    Ok(drafts)
}

/// The oldest that can be used first. What is left over at the end could not be covered.
fn first_in_first_out(
    books: Books<'_>,
    grants: &[&CreditGrant],
    all: Quantity,
) -> Result<(Vec<CreditMove>, Vec<String>, Quantity), Overflow> {
    let rounding = books.settings.state.rounding;
    let (mut moves, mut said, mut need) = (Vec::new(), Vec::new(), all);
    for grant in grants.iter().filter(|grant| grant.bought_on <= books.month.last_day()) {
        let gone = books.settings.credits_gone.iter().filter(|gone| gone.grant == grant.id);
        let before = Quantity::total(gone.map(|gone| gone.credits))?;
        let opening = grant.credits.checked_sub(before)?;
        if opening.is_zero() {
            continue;
        }
        let used = if grant.is_usable(books.month) { need.min(opening) } else { Quantity::ZERO };
        need = need.checked_sub(used)?;
        let cost = grant.cost_of(before, used, rounding)?;
        let (gone, rest) = (before.checked_add(used)?, opening.checked_sub(used)?);
        let expired = if grant.expires_within(books.month) { rest } else { Quantity::ZERO };
        let expired_cost = grant.cost_of(gone, expired, rounding)?;
        let left = rest.checked_sub(expired)?;
        let left_cost = grant.cost_of(gone.checked_add(expired)?, left, rounding)?;
        if !used.is_zero() {
            said.push(format!(
                "grant {} of {}: {before} of {} were gone before; {used} x {} / {} = {cost}, by rounded sums",
                grant.id, grant.bought_on, grant.credits, grant.cost, grant.credits
            ));
        }
        let (grant, service) = (grant.id.clone(), grant.service.clone());
        moves.push(CreditMove { grant, service, opening, used, cost, expired, expired_cost, left, left_cost });
    }
    Ok((moves, said, need))
}

fn shared(
    books: Books<'_>,
    grant: &CreditGrant,
    (used, all, unit): (&BTreeMap<&AgencyCode, Quantity>, Quantity, &str),
    (spent, said): (Money, &[String]),
) -> Result<Vec<Draft>, Overflow> {
    let weights: Vec<Exact> = used.values().map(|used| used.exact()).collect();
    let division = split(spent, &weights).map_err(|_| Overflow)?;
    let mut drafts = Vec::new();
    for (place, (agency, own)) in used.iter().enumerate().filter(|(_, (_, own))| !own.is_zero()) {
        let mut draft = line(books, grant, agency);
        let cents = division.cents[place];
        let part = own.exact().divided_by(&all.exact()).unwrap_or_else(Exact::zero);
        let exact = spent.exact().times(&part).shown(6);
        let cent = if division.received.contains(&place) { "with a leftover cent" } else { "cut to" };
        draft.line.quantity = Some(*own);
        draft.line.unit = unit.to_owned();
        draft.line.unit_price = "first in first out".to_owned();
        draft.line.arithmetic = said.to_vec();
        draft.line.arithmetic.push(format!("{spent} x {own} / {all} {unit} = {exact}, {cent} {cents}"));
        draft.line.amount = cents;
        drafts.push(draft);
    }
    Ok(drafts)
}

fn expired(books: Books<'_>, grants: &[&CreditGrant], moves: &[CreditMove]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for of in moves.iter().filter(|of| !of.expired.is_zero()) {
        let Some(grant) = grants.iter().find(|grant| grant.id == of.grant) else { continue };
        let Some(payer) = &grant.expired_to else { continue };
        let mut draft = line(books, grant, payer);
        draft.line.quantity = Some(of.expired);
        draft.line.unit = "expired".to_owned();
        draft.line.arithmetic.push(format!(
            "grant {}: {} of its {} credits expired unused; {} was paid for them: {}",
            grant.id, of.expired, grant.credits, of.expired_cost, of.expired_cost
        ));
        draft.line.amount = of.expired_cost;
        drafts.push(draft);
    }
    drafts
}

fn line(books: Books<'_>, grant: &CreditGrant, agency: &AgencyCode) -> Draft {
    let treatment = books.treatment(agency, &grant.service, books.month.first_day());
    books.draft(agency, &grant.service, LineKind::Prepaid, treatment)
}

fn not_covered(grant: &CreditGrant, why: String) -> Finding {
    let fix = "Add the purchase to credits.csv with the day on which it could first be used; or correct the driver.";
    let place = Place::file("credits.csv").row(grant.line).column("driver").value(grant.driver.as_str());
    Finding::new(Code::CreditsOverdrawn, place, why, fix)
}
