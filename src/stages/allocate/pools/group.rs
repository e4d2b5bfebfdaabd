//! Pools that feed each other, solved together: the reciprocal method, on fractions.
//!
//! A pool of the group gives out its own cost and what the others send it: x(i) = d(i) + the sum of p(j,i) x(j). The system
//! has one answer unless something goes round for ever, that is, unless nothing leaves some of the pools.

use super::parts::Parts;
use crate::model::codes::PoolId;
use crate::model::money::{Exact, Money};
use crate::model::settings::Recipient;
use std::collections::BTreeMap;

/// A pool of the group: what it holds before the others send it anything, and its parts.
pub(super) struct Member<'p> {
    pub id: PoolId,
    /// Its place in the table: the order of a plain step-down.
    pub line: u64,
    pub holds: Money,
    pub parts: &'p Parts,
}

/// What leaves the group, by pool and recipient, exact.
pub(super) type Leaving = Vec<BTreeMap<Recipient, Exact>>;

pub(super) struct Solved {
    /// What each pool gives out in all, to the group too.
    pub gross: Vec<Exact>,
    pub leaving: Leaving,
}

/// None where from some pool nothing ever leaves.
pub(super) fn solve(members: &[Member<'_>]) -> Option<Solved> {
    let fractions: Vec<BTreeMap<&Recipient, Exact>> =
        members.iter().map(|member| fractions(member, |_| true)).collect();
    if fractions.iter().any(BTreeMap::is_empty) {
        return None;
    }
    let size = members.len();
    // Row i says: x(i) - sum of p(j,i) x(j) = d(i).
    let mut rows: Vec<Vec<Exact>> = Vec::with_capacity(size);
    for (place, member) in members.iter().enumerate() {
        let own = Recipient::Pool(member.id.clone());
        let mut row: Vec<Exact> = (0..size)
            .map(|from| {
                let sent = fractions[from].get(&own).cloned().unwrap_or_else(Exact::zero);
                let unit = if from == place { Exact::from_integer(1) } else { Exact::zero() };
                unit.minus(&sent)
            })
            .collect();
        row.push(member.holds.exact());
        rows.push(row);
    }
    let gross = eliminate(rows)?;
    let is_member = |to: &Recipient| members.iter().any(|member| *to == Recipient::Pool(member.id.clone()));
    let leaving = fractions
        .iter()
        .zip(&gross)
        .map(|(fractions, gross)| {
            let leaves = fractions.iter().filter(|(to, _)| !is_member(to));
            leaves.map(|(to, fraction)| ((*to).clone(), gross.times(fraction))).collect()
        })
        .collect();
    Some(Solved { gross, leaving })
}

/// What a plain step-down would have given: each pool in the order of the table, and nothing goes back to one that is
/// closed. None where a pool would have nobody left to share with.
pub(super) fn step_down(members: &[Member<'_>]) -> Option<Leaving> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&place| (members[place].line, &members[place].id));
    let mut holds: Vec<Exact> = members.iter().map(|member| member.holds.exact()).collect();
    let mut leaving = vec![BTreeMap::new(); members.len()];
    for (turn, &place) in order.iter().enumerate() {
        let closed: Vec<Recipient> =
            order[..turn].iter().map(|&place| Recipient::Pool(members[place].id.clone())).collect();
        let fractions = fractions(&members[place], |to| !closed.contains(to));
        if fractions.is_empty() && !holds[place].is_zero() {
            return None;
        }
        for (to, fraction) in fractions {
            let share = holds[place].times(&fraction);
            match members.iter().position(|member| *to == Recipient::Pool(member.id.clone())) {
                Some(receiving) => holds[receiving] = holds[receiving].plus(&share),
                None => {
                    leaving[place].insert(to.clone(), share);
                }
            }
        }
    }
    Some(leaving)
}

/// The parts of those that may receive, as fractions of one; what a pool uses of itself costs it nothing.
fn fractions<'p>(member: &Member<'p>, may: impl Fn(&Recipient) -> bool) -> BTreeMap<&'p Recipient, Exact> {
    let own = Recipient::Pool(member.id.clone());
    let parts = member.parts.list.iter().filter(|part| part.to != own && may(&part.to));
    let total = parts.clone().fold(Exact::zero(), |sum, part| sum.plus(&part.weight));
    parts.filter_map(|part| Some((&part.to, part.weight.divided_by(&total)?))).collect()
}

/// Gauss and Jordan on fractions; none for a system without one answer.
fn eliminate(mut rows: Vec<Vec<Exact>>) -> Option<Vec<Exact>> {
    let size = rows.len();
    for column in 0..size {
        let pivot = (column..size).find(|&row| !rows[row][column].is_zero())?;
        rows.swap(column, pivot);
        let head = rows[column][column].clone();
        let scaled: Option<Vec<Exact>> = rows[column].iter().map(|cell| cell.divided_by(&head)).collect();
        let scaled = scaled?;
        for (_, row) in rows.iter_mut().enumerate().filter(|(place, _)| *place != column) {
            let factor = row[column].clone();
            if !factor.is_zero() {
                for (cell, of_pivot) in row.iter_mut().zip(&scaled) {
                    *cell = cell.minus(&factor.times(of_pivot));
                }
            }
        }
        rows[column] = scaled;
    }
    rows.into_iter().map(|row| row.last().cloned()).collect()
}
