//! Rate: says of every charge who owns it, which service it is, and what our card makes of its cost.
//!
//! In     [`RollUp`]    charges summed by everything that can change who pays
//! Out    [`Rated`]     the same rows, each with its [`Ruling`]; costs exact, no cents yet
//! Needs  ownership rules, services, rate cards, the ServiceNow directory
//! Tells  CB04xx  charges without a certain owner or service
//!        CB05xx  charges without a certain rate
//!
//! Millions of rows are ruled by a few thousand different combinations of what the rules read, so each combination is
//! ruled once and its ruling is shared. What a row cannot be ruled for goes to suspense with the reason, and its dollars
//! into a finding: nothing is guessed and nothing is left out.

mod card;
mod inherited;
mod matching;
mod measures;
mod ownership;
mod problem;
mod service_now;
mod services;
mod trace;

pub use measures::{counted, measures};
pub use trace::{Step, Traced, trace};

use crate::model::bill::{Destination, RateReference, Rated, RatedCharge, Ruling, SectionKey};
use crate::model::charge::{CostBasis, Dimension};
use crate::model::codes::AgencyCode;
use crate::model::exchange::Exchange;
use crate::model::finding::{Code, Finding, Place};
use crate::model::intake::Directory;
use crate::model::money::{Cost, Overflow};
use crate::model::month::Month;
use crate::model::roll_up::{RollUp, Row, Sums};
use crate::model::settings::{Measure, Mode, RateCard, RateModel, Settings, WithoutRate};
use card::{Cards, Choice};
use chrono::NaiveDate;
use hashbrown::HashMap;
use matching::Reads;
use ownership::Owners;
use problem::{Problem, Problems, Unrated};
use service_now::ServiceNow;
use services::Services;
use std::rc::Rc;
use std::sync::Arc;

/// Rules every row in the currency of the books, or in one with a rate for the month. Rows in another currency are
/// normalize's finding.
pub fn rate(roll_up: &RollUp, directory: &Directory, settings: &Settings, month: Month) -> Rated {
    let mut desk = Desk::new(roll_up, directory, settings, month);
    let mut charges = Vec::with_capacity(roll_up.len());
    for row in roll_up.rows() {
        if !desk.exchange.keeps(row.text(Dimension::BillingCurrency)) {
            continue;
        }
        let verdict = desk.verdict(&row);
        if let Err(Overflow) = desk.apply(verdict, &row, &mut charges) {
            desk.problems.out_of_range = true;
        }
    }
    let mut findings = desk.problems.findings(settings);
    findings.extend(suspense_limit(desk.unowned, settings));
    Finding::sort(&mut findings);
    Rated { charges, findings }
}

/// What is decided about all rows that the rules cannot tell apart.
struct Verdict {
    ruling: Arc<Ruling>,
    /// Where the billed cost goes that a card on another basis leaves over.
    rest: Option<Arc<Ruling>>,
    is_owned: bool,
    problems: Vec<usize>,
}

/// Everything a ruling needs, prepared once.
struct Desk<'a> {
    settings: &'a Settings,
    month: Month,
    exchange: Exchange<'a>,
    owners: Owners<'a>,
    services: Services<'a>,
    cards: Cards<'a>,
    reads: Reads<'a>,
    verdicts: Vec<Verdict>,
    known: HashMap<Box<[u32]>, usize>,
    rulings: HashMap<Ruling, Arc<Ruling>>,
    problems: Problems,
    /// Costs of charges without an owner, credits counted as positive.
    unowned: Cost,
}

impl<'a> Desk<'a> {
    fn new(roll_up: &'a RollUp, directory: &'a Directory, settings: &'a Settings, month: Month) -> Self {
        let service_now = Rc::new(ServiceNow::new(directory, roll_up));
        Self {
            settings,
            month,
            exchange: Exchange::new(settings, month),
            owners: Owners::new(settings, service_now.clone(), roll_up),
            services: Services::new(settings, roll_up.tags()),
            cards: Cards::new(settings, roll_up.tags()),
            reads: Reads::new(settings, service_now, roll_up.tags()),
            verdicts: Vec::new(),
            known: HashMap::new(),
            rulings: HashMap::new(),
            problems: Problems::default(),
            unowned: Cost::ZERO,
        }
    }

    fn verdict(&mut self, row: &Row<'_>) -> usize {
        let key = self.reads.of(row);
        if let Some(&known) = self.known.get(key) {
            return known;
        }
        let key: Box<[u32]> = key.into();
        let verdict = self.decide(row);
        let number = self.verdicts.len();
        self.verdicts.push(verdict);
        self.known.insert(key, number);
        number
    }

    /// Appends what the verdict makes of the row: one charge, and a second where the basis leaves billed cost over.
    fn apply(&mut self, verdict: usize, row: &Row<'_>, charges: &mut Vec<RatedCharge>) -> Result<(), Overflow> {
        let Verdict { ruling, rest, is_owned, problems } = &self.verdicts[verdict];
        let sums = row.sums();
        let amount = crate::model::money::Money::ZERO;
        let in_books = |cost| self.exchange.in_books(row.text(Dimension::BillingCurrency), cost);
        let cost = in_books(sums.basis(ruling.basis).unwrap_or(sums.billed))?;
        charges.push(RatedCharge { row: row.number, ruling: ruling.clone(), cost, amount });
        if !is_owned {
            self.unowned = self.unowned.checked_add(cost.magnitude())?;
        }
        if let Some(rest) = rest {
            let cost = in_books(sums.billed)?.checked_sub(cost)?;
            if !cost.is_zero() {
                charges.push(RatedCharge { row: row.number, ruling: rest.clone(), cost, amount });
            }
        }
        for &problem in problems {
            let at_stake = in_books(at_stake(&sums, ruling.basis))?;
            self.problems.count(problem, row.day(), at_stake, sums.charges)?;
        }
        Ok(())
    }

    fn decide(&mut self, row: &Row<'_>) -> Verdict {
        let day = row.day();
        let mut problems = Vec::new();
        let owned = self.owners.owner(row, day);
        for problem in owned.problems {
            problems.push(self.problems.number(Problem::Owner(problem)));
        }
        let is_owned = !matches!(owned.destination, Destination::Suspense(_));
        let service = self.services.of(row);
        let mut ruling = Ruling {
            destination: owned.destination,
            service: service.map(|service| service.code.clone()),
            consumer: None,
            owner_rule: owned.rule,
            rate: None,
            basis: CostBasis::Billed,
            section: SectionKey::of(row, &self.settings.state.currency),
        };
        if let Destination::Pool(pool) = &ruling.destination
            && self.settings.pool(pool, self.month).is_none()
        {
            problems.push(self.unrated(Unrated::NoPool(pool.clone())));
            ruling.destination = Destination::Suspense(format!("pool {pool} is not defined for {}", self.month));
        }
        match ruling.destination.clone() {
            Destination::Agency(agency) => self.price(row, &agency, &mut ruling, &mut problems),
            // A pool or the provider takes a commitment's cost as it is used when the service's card does.
            _ => self.adopt_basis(row, &mut ruling),
        }
        let rest = self.rest_of(&ruling);
        Verdict { ruling: self.share(ruling), rest: rest.map(|rest| self.share(rest)), is_owned, problems }
    }

    /// The card of an agency's charge. Without a certain one the charge waits in suspense and blocks the close.
    fn price(&mut self, row: &Row<'_>, agency: &AgencyCode, ruling: &mut Ruling, problems: &mut Vec<usize>) {
        let day = row.day();
        let mut hold = |desk: &mut Self, ruling: &mut Ruling, problem: Unrated, reason: String| {
            problems.push(desk.unrated(problem));
            ruling.destination = Destination::Suspense(reason);
        };
        let Some(service) = ruling.service.clone() else {
            let text = |dimension| row.text(dimension).to_owned();
            let problem = Unrated::NoService {
                provider: text(Dimension::Provider),
                service_code: text(Dimension::ServiceCode),
                service_name: text(Dimension::ServiceName),
            };
            return hold(self, ruling, problem, "it belongs to no service".to_owned());
        };
        let holder = self.settings.agency(agency);
        let card = match self.cards.choose(&service, holder, row) {
            Choice::One(card) => card,
            Choice::None { elsewhere } => {
                let reason = format!("service {service} has no rate");
                let instead = self.settings.service(&service).map(|service| service.without_rate).unwrap_or_default();
                let problem = Unrated::NoRate { service, day_without: elsewhere, instead };
                match instead {
                    WithoutRate::Block | WithoutRate::Hold => hold(self, ruling, problem, reason),
                    WithoutRate::Central | WithoutRate::AtCost => {
                        problems.push(self.unrated(problem));
                        if instead == WithoutRate::Central {
                            ruling.destination = Destination::Central(reason);
                        }
                    }
                }
                return;
            }
            Choice::Several(first, second) => {
                let reason = format!("service {service} has two rates");
                let problem = Unrated::TwoRates { service, first, second };
                return hold(self, ruling, problem, reason);
            }
        };
        let mode = self.settings.mode(agency, &service, day).0;
        let notice = self.settings.state.gates.notice_days;
        if matches!(mode, Mode::Chargeback | Mode::Absorbed)
            && let Some(why) = card.shown_only(&self.settings.rate_cards, notice, day)
        {
            problems.push(self.unrated(Unrated::ShownOnly(self.cards.number(card), why)));
        }
        ruling.rate = Some(RateReference { rate_id: card.rate_id.clone(), version: card.version });
        if let Some(basis) = card.model.passes_on() {
            ruling.basis = basis;
            if row.sums().basis(basis).is_none() {
                ruling.basis = CostBasis::Billed;
                problems.push(self.unrated(Unrated::NoBasis(self.cards.number(card), basis)));
            }
        } else {
            ruling.destination = Destination::Central(format!("recovered by rate {}", card.rate_id));
            self.consume(row, card, agency, ruling, problems);
        }
    }

    /// Whose quantity a row is. A card for the month or for a driver table counts no charges.
    fn consume(
        &mut self,
        row: &Row<'_>,
        card: &RateCard,
        agency: &AgencyCode,
        ruling: &mut Ruling,
        problems: &mut Vec<usize>,
    ) {
        let Some(counted) = card.model.counted() else {
            if matches!(card.model, RateModel::Flat { .. }) {
                ruling.consumer = Some(agency.clone());
            }
            return;
        };
        if *counted.measure != Measure::Consumed || row.sums().quantity.is_zero() {
            return;
        }
        let used = row.text(Dimension::ConsumedUnit);
        if card.model.blocks_of(used).is_some() {
            ruling.consumer = Some(agency.clone());
        } else {
            let problem = Unrated::OtherUnit(self.cards.number(card), used.to_owned());
            problems.push(self.unrated(problem));
        }
    }

    fn adopt_basis(&mut self, row: &Row<'_>, ruling: &mut Ruling) {
        let Some(service) = &ruling.service else { return };
        if let Choice::One(card) = self.cards.choose(service, None, row)
            && let Some(basis) = card.model.passes_on()
            && row.sums().basis(basis).is_some()
        {
            ruling.basis = basis;
        }
    }

    /// Billed cost that is not passed on waits: used commitments in prepaid, other bases under their own name.
    fn rest_of(&self, ruling: &Ruling) -> Option<Ruling> {
        let destination = match ruling.basis {
            CostBasis::Billed => return None,
            CostBasis::Effective => Destination::prepaid(),
            CostBasis::List => Destination::Central("billed less list cost".to_owned()),
            CostBasis::Contracted => Destination::Central("billed less contracted cost".to_owned()),
        };
        Some(Ruling { destination, consumer: None, ..ruling.clone() })
    }

    fn unrated(&mut self, problem: Unrated) -> usize {
        self.problems.number(Problem::Rate(problem))
    }

    fn share(&mut self, ruling: Ruling) -> Arc<Ruling> {
        if let Some(shared) = self.rulings.get(&ruling) {
            return shared.clone();
        }
        let shared = Arc::new(ruling.clone());
        self.rulings.insert(ruling, shared.clone());
        shared
    }
}

/// The dollars of a row that a finding is about: what it would have been passed on for.
fn at_stake(sums: &Sums, basis: CostBasis) -> Cost {
    sums.basis(basis).unwrap_or(sums.billed)
}

/// What has an owner and yet waits (no service, no rate) blocks by its own finding.
fn suspense_limit(unowned: Cost, settings: &Settings) -> Option<Finding> {
    let (limit, currency) = (settings.state.gates.suspense_limit, settings.state.currency.as_str());
    (unowned > Cost::from_money(limit)).then(|| {
        let (shown, limit) = (unowned.for_people(), limit.for_people());
        let why = format!(
            "Charges of {shown} {currency} (credits counted as positive) have no owner; the gate allows {limit}. Nobody is \
             billed for them, so the provider would bear them unseen."
        );
        let fix = "Give each charge an owner; the findings about owners say where. Or raise `suspense_limit` in \
                   chargeback.toml, with the controller's consent.";
        Finding::new(Code::SuspenseLimit, Place::file("chargeback.toml").column("suspense_limit"), why, fix)
            .at_stake(unowned, currency)
    })
}

/// First and last day on which something was seen.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: NaiveDate,
    last: NaiveDate,
}

#[cfg(test)]
mod tests;
