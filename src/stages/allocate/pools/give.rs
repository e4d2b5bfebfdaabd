//! Cents of shares, the bill lines that carry them, and what the pool's result remembers.

use super::super::fit::one_cent;
use super::super::lines::Draft;
use super::limits::Share;
use super::{Desk, Intake};
use crate::model::bill::{LineKind, PoolResult, PoolShare};
use crate::model::money::{Division, Exact, Money, Overflow, apportion};
use crate::model::settings::{Pool, Recipient};

/// A pool whose shares are known to the last digit.
pub(super) struct Given<'p> {
    pub pool: &'p Pool,
    pub taken_in: Money,
    /// What the parts are parts of, as text: what was taken in, or what a pool of a group gives out in all.
    pub gross: String,
    /// The first sentences of the arithmetic.
    pub opening: Vec<String>,
    pub method: String,
    pub total: String,
    pub unit: String,
    pub shares: Vec<Share>,
    /// What another method would have given, by place; empty where there is nothing to compare with.
    pub instead: Vec<String>,
}

impl Given<'_> {
    /// Cents of the exact shares; leftover cents go to whom the pool names, or to the largest remainders.
    pub fn divide(&self) -> Result<Division, Overflow> {
        let exact: Vec<Exact> = self.shares.iter().map(|share| share.exact.clone()).collect();
        let mut division = apportion(self.taken_in, &exact).map_err(|_| Overflow)?;
        let named = self.pool.sharing.residual.as_ref();
        let is_named = |share: &Share| named.is_some_and(|named| share.part.to == Recipient::Agency(named.clone()));
        if let Some(place) = self.shares.iter().position(|share| is_named(share) && !share.exact.is_zero()) {
            let cent = Money::from_cents(if self.taken_in.is_negative() { -1 } else { 1 });
            let received = std::mem::take(&mut division.received);
            for from in received {
                division.cents[from] = division.cents[from].checked_sub(cent)?;
                division.cents[place] = division.cents[place].checked_add(cent)?;
                division.received.push(place);
            }
        }
        Ok(division)
    }

    fn arithmetic(&self, place: usize, cents: Money, leftover: usize) -> Vec<String> {
        let share = &self.shares[place];
        let of = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let is_credit = cents.is_negative() || (cents.is_zero() && self.taken_in.is_negative());
        let cent = match (leftover, is_credit) {
            (0, _) => "cut to".to_owned(),
            (1, false) => "with a leftover cent".to_owned(),
            (1, true) => "with a leftover cent of the credit".to_owned(),
            (several, false) => format!("with {several} leftover cents"),
            (several, true) => format!("with {several} leftover cents of the credit"),
        };
        let mut lines = self.opening.clone();
        if !share.part.made_of.is_empty() {
            lines.push(share.part.made_of.clone());
        }
        let plain = format!("{} x {} / {}{of} = {}", self.gross, share.part.shown, self.total, share.plain.shown(6));
        if share.said.is_empty() {
            lines.push(format!("{plain}, {cent} {cents}"));
        } else {
            lines.push(plain);
            lines.push(format!("{}, {cent} {cents}", share.said));
        }
        lines.extend(self.instead.get(place).filter(|said| !said.is_empty()).cloned());
        lines
    }
}

impl Desk<'_, '_> {
    pub fn give_out(
        &mut self,
        intake: &Intake<'_>,
        given: Given<'_>,
        division: Result<Division, Overflow>,
        exchanged: Money,
    ) -> Result<(), Overflow> {
        let Division { cents, received } = division?;
        self.details(&intake.members);
        let pool = given.pool;
        let (currencies, told): (Vec<String>, Vec<String>) = self.converted(intake)?.into_iter().unzip();
        let (mut shares, mut passed_on) = (Vec::new(), Vec::new());
        for (place, (share, &amount)) in given.shares.iter().zip(&cents).enumerate() {
            let leftover = received.iter().filter(|&&to| to == place).count();
            let shown = share.part.shown.clone();
            for _ in 0..leftover {
                self.bills.residuals.push(one_cent(&format!("pool {}", pool.id), share.part.to.to_string()));
            }
            match &share.part.to {
                Recipient::Pool(to) => {
                    passed_on.push((to.clone(), shown, amount));
                    self.sent.entry(to.clone()).or_default().push((pool.id.clone(), amount));
                }
                Recipient::Agency(agency) => {
                    shares.push((agency.clone(), shown, amount));
                    if !share.part.weight.is_zero() {
                        let mut draft = self.line(pool, agency);
                        draft.line.arithmetic = given.arithmetic(place, amount, leftover);
                        // Behind the sentence that says what the pool took in.
                        draft.line.arithmetic.splice(1..1, told.iter().cloned());
                        draft.line.converted_from.clone_from(&currencies);
                        draft.line.amount = amount;
                        draft.line.share = Some(PoolShare {
                            pool: pool.id.clone(),
                            version: pool.version,
                            method: given.method.clone(),
                            pool_amount: given.taken_in,
                            driver_value: share.part.shown.clone(),
                            driver_total: given.total.clone(),
                            unit: given.unit.clone(),
                            exact: share.exact.shown(6),
                            received_cent: leftover > 0,
                        });
                        self.drafts.push(draft);
                    }
                }
            }
        }
        let given_out = Money::total(cents)?;
        self.bills.pools.push(PoolResult {
            pool: pool.id.clone(),
            version: pool.version,
            service: pool.service.clone(),
            description: pool.statement_text.clone(),
            taken_in: given.taken_in,
            shares,
            given_out,
            method: given.method,
            received: intake.received.clone(),
            passed_on,
            exchanged,
            held: Money::ZERO,
        });
        Ok(())
    }

    fn line(&self, pool: &Pool, agency: &crate::model::codes::AgencyCode) -> Draft {
        let treatment = self.books.treatment(agency, &pool.service, self.books.month.first_day());
        let mut draft = self.books.draft(agency, &pool.service, LineKind::Shared, treatment);
        if !pool.statement_text.is_empty() {
            draft.line.description.clone_from(&pool.statement_text);
        }
        draft
    }
}
