//! Floors, caps and shares too small to bill: what they cut off the others take, by their parts, until every share keeps
//! every limit. All of it in fractions, on the magnitude of the pool, so that a credit is shared as its charge was.

use super::parts::Part;
use crate::model::money::{Exact, Money};
use crate::model::settings::{Limit, Sharing};

/// A target's share before cents, with its sign.
pub(super) struct Share {
    pub part: Part,
    /// By the parts alone.
    pub plain: Exact,
    pub exact: Exact,
    /// What a limit did to it, in words; blank where none did.
    pub said: String,
}

/// No shares keep all limits: the reason as a sentence.
pub(super) struct Unmet(pub String);

pub(super) fn shares(taken_in: Money, parts: Vec<Part>, sharing: &Sharing) -> Result<Vec<Share>, Unmet> {
    let whole = taken_in.magnitude();
    let total = parts.iter().fold(Exact::zero(), |sum, part| sum.plus(&part.weight));
    let plain = |part: &Part| whole.exact().times(&part.weight).divided_by(&total).unwrap_or_else(Exact::zero);
    let plain: Vec<Exact> = parts.iter().map(plain).collect();
    let mut level = Level { whole, parts: &parts, shares: plain.clone(), said: vec![String::new(); parts.len()] };
    if !whole.is_zero() {
        level.keep(sharing)?;
    }
    let Level { shares, said, .. } = level;
    let signed = |exact: Exact| if taken_in.is_negative() { Exact::zero().minus(&exact) } else { exact };
    let shares = plain.into_iter().zip(shares).zip(said);
    Ok(parts
        .into_iter()
        .zip(shares)
        .map(|(part, ((plain, exact), said))| Share { part, plain: signed(plain), exact: signed(exact), said })
        .collect())
}

struct Level<'a> {
    whole: Money,
    parts: &'a [Part],
    shares: Vec<Exact>,
    said: Vec<String>,
}

impl Level<'_> {
    fn keep(&mut self, sharing: &Sharing) -> Result<(), Unmet> {
        let mut free: Vec<usize> = (0..self.parts.len()).filter(|&place| !self.parts[place].weight.is_zero()).collect();
        let before = self.shares.clone();
        if let Some(least) = sharing.de_minimis {
            free = self.drop_small(free, least);
        }
        let limits = (sharing.floor.map(|floor| floor.of(self.whole)), sharing.cap.map(|cap| cap.of(self.whole)));
        self.can_be_met(free.len(), sharing, &limits)?;
        let free = self.settle(free, sharing, &limits);
        for place in free {
            if self.shares[place] != before[place] {
                self.said[place] = format!("with what limits of others move, {}", self.shares[place].shown(6));
            }
        }
        Ok(())
    }

    /// Shares below the least go to the others. Where all are below it, nobody would be left to take them.
    fn drop_small(&mut self, free: Vec<usize>, least: Limit) -> Vec<usize> {
        let bound = least.of(self.whole);
        let (small, kept): (Vec<usize>, Vec<usize>) = free.iter().partition(|&&place| self.shares[place] < bound);
        if kept.is_empty() {
            return free;
        }
        for place in small {
            self.said[place] = format!("less than {least}, the least that is billed: the others take it");
            self.shares[place] = Exact::zero();
        }
        self.share_out(&kept, self.whole.exact());
        kept
    }

    fn can_be_met(
        &self,
        count: usize,
        sharing: &Sharing,
        (floor, cap): &(Option<Exact>, Option<Exact>),
    ) -> Result<(), Unmet> {
        let all = |limit: &Exact| limit.times(&Exact::from_integer(count as i64));
        let (whole, targets) = (self.whole.exact(), if count == 1 { "target" } else { "targets" });
        match (floor, sharing.floor) {
            (Some(floor), Some(limit)) if all(floor) > whole => {
                return Err(Unmet(format!(
                    "A floor of {limit} for {count} {targets} is more than the pool of {}.",
                    self.whole
                )));
            }
            _ => {}
        }
        match (cap, sharing.cap) {
            (Some(cap), Some(limit)) if all(cap) < whole => {
                Err(Unmet(format!("A cap of {limit} for {count} {targets} is less than the pool of {}.", self.whole)))
            }
            _ => Ok(()),
        }
    }

    /// Sets shares to their limits, always those that the final level cannot free again, until the rest keeps them.
    fn settle(
        &mut self,
        mut free: Vec<usize>,
        sharing: &Sharing,
        (floor, cap): &(Option<Exact>, Option<Exact>),
    ) -> Vec<usize> {
        let mut rest = self.whole.exact();
        loop {
            let beyond = |place: usize| {
                let share = &self.shares[place];
                let short = floor.as_ref().filter(|floor| share < floor).map(|floor| floor.minus(share));
                let over = cap.as_ref().filter(|cap| share > cap).map(|cap| share.minus(cap));
                (short.unwrap_or_else(Exact::zero), over.unwrap_or_else(Exact::zero))
            };
            let (mut short, mut over) = (Exact::zero(), Exact::zero());
            for &place in &free {
                let (one, other) = beyond(place);
                (short, over) = (short.plus(&one), over.plus(&other));
            }
            if short.is_zero() && over.is_zero() {
                return free;
            }
            let (at_floor, at_cap) = (short >= over, over >= short);
            let (fixed, left): (Vec<usize>, Vec<usize>) = free.iter().partition(|&&place| {
                let (short, over) = beyond(place);
                at_floor && !short.is_zero() || at_cap && !over.is_zero()
            });
            for place in fixed {
                let is_short = floor.as_ref().is_some_and(|floor| self.shares[place] < *floor);
                let (limit, said) =
                    if is_short { (floor, "raised to the floor of") } else { (cap, "held at the cap of") };
                let of = if is_short { sharing.floor } else { sharing.cap };
                if let (Some(limit), Some(of)) = (limit, of) {
                    self.said[place] = format!("{said} {of}");
                    self.shares[place] = limit.clone();
                    rest = rest.minus(limit);
                }
            }
            free = left;
            self.share_out(&free, rest.clone());
        }
    }

    fn share_out(&mut self, free: &[usize], rest: Exact) {
        let total = free.iter().fold(Exact::zero(), |sum, &place| sum.plus(&self.parts[place].weight));
        for &place in free {
            let share = rest.times(&self.parts[place].weight).divided_by(&total);
            self.shares[place] = share.unwrap_or_else(Exact::zero);
        }
    }
}
