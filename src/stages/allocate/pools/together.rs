//! A group of pools that feed each other: one turn, one system, and cents that add up over all of them.

use super::give::Given;
use super::group::{Leaving, Member, Solved, solve, step_down};
use super::limits::Share;
use super::parts::{Part, Parts};
use super::{Desk, Fate, Intake, at_stake, names};
use crate::model::codes::PoolId;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Division, Exact, Money, Overflow, apportion};
use crate::model::settings::Recipient;
use std::collections::BTreeMap;

impl<'a> Desk<'a, '_> {
    /// The shares of all pools become cents together, so that each is within a cent of exact. What the pools have moved to
    /// each other then follows: what a pool gives out less what it took in.
    pub fn together(&mut self, group: Vec<Intake<'a>>) -> Result<(), Overflow> {
        let mut ready: Vec<(Intake<'a>, Money, Parts)> = Vec::new();
        let mut fate = None;
        let mut waiting = Vec::new();
        for intake in group {
            let taken_in = self.taken_in(&intake)?;
            match self.shareable(&intake, taken_in)? {
                Ok(parts) => ready.push((intake, taken_in, parts)),
                Err(reason) => {
                    fate.get_or_insert(reason);
                    waiting.push(intake);
                }
            }
        }
        if waiting.is_empty()
            && let Some(twice) = twice(&ready)
        {
            self.findings.push(changes(self, &ready, &twice)?);
            fate = Some(Fate::Suspense(format!("pool {twice} cannot be shared")));
        }
        // A group is shared whole or not at all: what one holds, the others would have needed.
        if let Some(fate) = fate {
            waiting.extend(ready.into_iter().map(|(intake, ..)| intake));
            return waiting.into_iter().try_for_each(|intake| self.held(intake, &fate));
        }
        let members: Vec<Member<'_>> = ready
            .iter()
            .map(|(intake, holds, parts)| Member {
                id: intake.pool.id.clone(),
                line: intake.pool.line,
                holds: *holds,
                parts,
            })
            .collect();
        let total = Money::total(members.iter().map(|member| member.holds))?;
        let Some(solved) = solve(&members) else {
            self.findings.push(nothing_leaves(self, &members, total));
            let fate = Fate::Suspense(format!("nothing leaves the pools {}", names(members.iter().map(|m| &m.id))));
            drop(members);
            return ready.into_iter().try_for_each(|(intake, ..)| self.held(intake, &fate));
        };
        let instead = step_down(&members);
        let order = in_order(&members);
        drop(members);
        let exact: Vec<Exact> = solved.leaving.iter().flat_map(|leaving| leaving.values().cloned()).collect();
        let division = apportion(total, &exact).map_err(|_| Overflow)?;
        self.tell_step_down(&ready, (&solved, &division), instead.as_ref(), &order)?;
        self.give_group(ready, &division, &solved, instead.as_ref(), &order)
    }

    fn give_group(
        &mut self,
        ready: Vec<(Intake<'a>, Money, Parts)>,
        division: &Division,
        solved: &Solved,
        instead: Option<&Leaving>,
        order: &str,
    ) -> Result<(), Overflow> {
        let mut first = 0;
        for (place, (intake, taken_in, parts)) in ready.into_iter().enumerate() {
            let leaving = &solved.leaving[place];
            let count = leaving.len();
            let cents: Vec<Money> = division.cents[first..first + count].to_vec();
            let received = division.received.iter().filter(|&&item| (first..first + count).contains(&item));
            let received = received.map(|item| item - first).collect();
            first += count;
            let Parts { list, total, unit, method } = parts;
            let shares: Vec<Share> = leaving
                .iter()
                .filter_map(|(to, exact)| {
                    let of = list.iter().find(|part| part.to == *to)?;
                    let part = Part {
                        to: to.clone(),
                        weight: of.weight.clone(),
                        shown: of.shown.clone(),
                        made_of: of.made_of.clone(),
                    };
                    Some(Share { part, plain: exact.clone(), exact: exact.clone(), said: String::new() })
                })
                .collect();
            let would = |share: &Share| {
                let Some(amount) = instead.and_then(|instead| instead[place].get(&share.part.to)) else {
                    return String::new();
                };
                format!("a plain step-down in the order {order} would have given {}", amount.shown(6))
            };
            let gross = solved.gross[place].shown(6);
            let group = intake.pool.sharing.group.clone().unwrap_or_default();
            let given = Given {
                pool: intake.pool,
                taken_in,
                opening: vec![
                    format!("pool {} took in {taken_in}, shared {method}", intake.pool.id),
                    format!("solved together with group {group}: with what the others send it, it gives out {gross}"),
                ],
                gross,
                method: format!("{method}, reciprocal in group {group}"),
                total: without_own(&list, &intake.pool.id, total),
                unit,
                instead: shares.iter().map(would).collect(),
                shares,
            };
            let exchanged = Money::total(cents.iter().copied())?.checked_sub(taken_in)?;
            self.give_out(&intake, given, Ok(Division { cents, received }), exchanged)?;
        }
        Ok(())
    }

    /// What the group gives each agency, and what a plain step-down would have given: for whoever has to defend it.
    fn tell_step_down(
        &mut self,
        ready: &[(Intake<'a>, Money, Parts)],
        (solved, division): (&Solved, &Division),
        instead: Option<&Leaving>,
        order: &str,
    ) -> Result<(), Overflow> {
        let Some(instead) = instead else { return Ok(()) };
        let mut given: BTreeMap<&Recipient, Money> = BTreeMap::new();
        let recipients = solved.leaving.iter().flat_map(|leaving| leaving.keys());
        for (to, cents) in recipients.zip(&division.cents) {
            let sum = given.entry(to).or_default();
            *sum = sum.checked_add(*cents)?;
        }
        let mut said = Vec::new();
        for (to, given) in given {
            let parts = instead.iter().filter_map(|leaving| leaving.get(to));
            let would = parts.fold(Exact::zero(), |sum, part| sum.plus(part)).round_half_up()?;
            if given != would {
                said.push(format!("{to} {} and not {}", given.for_people(), would.for_people()));
            }
        }
        let Some((first, ..)) = ready.first() else { return Ok(()) };
        if !said.is_empty() {
            let group = first.pool.sharing.group.as_deref().unwrap_or_default();
            let why = format!(
                "Group {group} is solved exactly, so that pools also pay for what they use of each other. A plain step-down in \
                 the order {order} would have given otherwise: {}.",
                said.join("; ")
            );
            let place = Place::file("pools.csv").row(first.pool.line).column("group").value(group);
            self.findings.push(Finding::new(Code::PoolStepDown, place, why, "Nothing needs to be done."));
        }
        Ok(())
    }
}

/// What a pool uses of itself is not among what its parts are taken of.
fn without_own(list: &[Part], own: &PoolId, total: String) -> String {
    if !list.iter().any(|part| part.to == Recipient::Pool(own.clone())) {
        return total;
    }
    let others = list.iter().filter(|part| part.to != Recipient::Pool(own.clone()));
    others.fold(Exact::zero(), |sum, part| sum.plus(&part.weight)).shown(6)
}

/// The order of a plain step-down.
fn in_order(members: &[Member<'_>]) -> String {
    let mut ordered: Vec<&Member<'_>> = members.iter().collect();
    ordered.sort_by_key(|member| (member.line, &member.id));
    names(ordered.into_iter().map(|member| &member.id))
}

/// A pool of the group that two versions would share.
fn twice(ready: &[(Intake<'_>, Money, Parts)]) -> Option<PoolId> {
    let ids: Vec<&PoolId> = ready.iter().map(|(intake, ..)| &intake.pool.id).collect();
    ids.iter().enumerate().find(|(place, id)| ids[..*place].contains(id)).map(|(_, id)| (*id).clone())
}

fn changes(desk: &Desk<'_, '_>, ready: &[(Intake<'_>, Money, Parts)], id: &PoolId) -> Result<Finding, Overflow> {
    let of_pool = ready.iter().filter(|(intake, ..)| intake.pool.id == *id);
    let last = of_pool.clone().map(|(intake, ..)| intake.pool).max_by_key(|pool| pool.version);
    let amount = Money::total(of_pool.map(|(_, amount, _)| *amount))?;
    let line = last.map_or(0, |pool| pool.line);
    let why = format!(
        "Two versions of pool {id} share charges of {}, and a group of pools that feed each other is solved once a month.",
        desk.books.month
    );
    let fix = "Let versions of a pool of a group begin and end on the first of a month.";
    let place = Place::file("pools.csv").row(line).column("effective_from");
    Ok(at_stake(Finding::new(Code::PoolWithinMonth, place, why, fix), desk.books, amount))
}

fn nothing_leaves(desk: &Desk<'_, '_>, members: &[Member<'_>], total: Money) -> Finding {
    let why = format!(
        "The pools {} feed each other, and from some of them nothing ever reaches an agency or a later pool: their cost would \
         go round for ever.",
        names(members.iter().map(|member| &member.id))
    );
    let fix =
        "Let at least one pool of every circle also be shared with agencies; look at the driver rows of the month.";
    let line = members.iter().map(|member| member.line).min().unwrap_or_default();
    let place = Place::file("pools.csv").row(line).column("targets");
    at_stake(Finding::new(Code::PoolCycle, place, why, fix), desk.books, total)
}
