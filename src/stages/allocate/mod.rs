//! Allocate: makes cents of costs, shares the pools, adds our own rates and fees, and says which string pays.
//!
//! In     [`Rated`]      every charge with its ruling; costs exact
//!        [`VendorReconciliation`]  what each invoice section is in cents
//! Out    [`Allocated`]  the same charges with their cents, and the bills of the month
//! Needs  pools, drivers, unit and percent cards, modes, funding rules
//! Tells  CB05xx  unit and percent cards that are missing, ambiguous, unapproved or in a circle
//!        CB06xx  pools that cannot be shared, lines without a whole funding
//!
//! Vendor cost becomes cents once, fitted to the invoice from the top: section, destination, row. Our own rates are
//! rounded once a line. From there on only whole cents move. The mode of a line is decided last and changes no amount.

mod adjust;
mod bounds;
mod cards;
mod conserve;
mod credits;
mod direct;
mod driven;
mod fees;
mod fit;
mod fixed;
mod funding;
mod lines;
mod pools;
mod subsidies;
mod unit;
mod windows;

pub use adjust::adjust;
pub use conserve::conserve;

use crate::model::bill::{Bills, Rated, RatedCharge};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::Overflow;
use crate::model::month::Month;
use crate::model::pricing::Families;
use crate::model::proof::VendorReconciliation;
use crate::model::roll_up::RollUp;
use crate::model::settings::Settings;

/// What allocate leaves. The findings of [`Rated`] come first.
#[derive(Clone, Debug, Default)]
pub struct Allocated {
    /// With the cents that `fit` made. Charges of a pool that cannot be shared have gone to suspense.
    pub charges: Vec<RatedCharge>,
    pub bills: Bills,
    pub findings: Vec<Finding>,
}

/// What every step reads.
#[derive(Clone, Copy)]
struct Books<'a> {
    roll_up: &'a RollUp,
    settings: &'a Settings,
    /// Rates that count together.
    families: &'a Families<'a>,
    month: Month,
}

pub fn allocate(
    roll_up: &RollUp,
    rated: Rated,
    vendors: &[VendorReconciliation],
    settings: &Settings,
    month: Month,
) -> Allocated {
    let families = Families::of(&settings.rate_cards);
    let books = Books { roll_up, settings, families: &families, month };
    let Rated { mut charges, mut findings } = rated;
    let bills = match bills(books, &mut charges, vendors, &mut findings) {
        Ok(bills) => bills,
        Err(Overflow) => {
            let why = "Amounts add up to more than can be kept exactly, so there are no bills.";
            let fix = "Look for absurd amounts in the vendors' files and the driver tables.";
            findings.push(Finding::new(Code::ConservationFails, Place::default(), why, fix));
            Bills::default()
        }
    };
    Finding::sort(&mut findings);
    Allocated { charges, bills, findings }
}

fn bills(
    books: Books<'_>,
    charges: &mut [RatedCharge],
    vendors: &[VendorReconciliation],
    findings: &mut Vec<Finding>,
) -> Result<Bills, Overflow> {
    let mut bills = Bills::default();
    fit::to_invoices(books, charges, vendors, &mut bills, findings)?;
    let mut drafts = direct::lines(books, charges, vendors)?;
    drafts.extend(pools::share(books, charges, &drafts, &mut bills, findings)?);
    drafts.extend(unit::consumed(books, charges)?);
    drafts.extend(windows::counted(books, charges, &mut bills.counted)?);
    drafts.extend(driven::lines(books, &mut bills.counted, findings)?);
    drafts.extend(credits::lines(books, &mut bills, findings)?);
    drafts.extend(fixed::lines(books, charges, findings)?);
    drafts.extend(fees::cost_plus(books, &drafts, findings)?);
    fees::add(books, &mut drafts, findings)?;
    subsidies::add(books, &mut drafts, &mut bills, findings)?;
    drafts.extend(bounds::apply(books, &drafts, findings)?);
    let accounts = lines::number(books, drafts, &mut bills);
    funding::fund(books, &mut bills, &accounts, findings)?;
    findings.extend(conserve(charges, &bills, vendors)?);
    Ok(bills)
}
