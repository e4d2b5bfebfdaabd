//! Reconcile: compares any two things that must agree, and says what each side is made of.
//!
//! Three kinds of comparison: each vendor's invoice with its charges, before bills are made; the tie-outs, totals of
//! one stage beside totals of another; the laws, which are checked item by item. All read what the stages left and
//! compute their side anew: no total that a stage has written down is taken for true.

mod asked;
mod at_hand;
mod books;
mod bridge;
mod credits;
mod decided;
mod fees;
mod invoice;
mod laws;
mod own_prices;
mod past;
mod payers;
mod proof;
mod subsidies;
mod sums;
mod tie_outs;
mod usage_logs;

pub use at_hand::{AtHand, Grouped, at_hand};
pub use bridge::bridge;
pub use invoice::vendors;
pub use past::{carry, late, still_open};
pub use usage_logs::usage_logs;

use crate::model::month_end::MonthEnd;
use crate::model::proof::{Feed, LawResult, TieOut};
use proof::Proof;

/// Accounting's list. T10 to T12 need more than one month: the ledger of periods, settlements, schedules.
const TIE_OUTS: &[(&str, &str, tie_outs::Check)] = &[
    ("T1", "the rows that the vendors state are the rows that were read", tie_outs::control_totals),
    ("T2", "every row read is accepted, left out with a reason, or rejected and waived", tie_outs::rows),
    ("T3", "what the vendors ask is the normalised cost, rounded to cents", tie_outs::invoice_basis),
    ("T4", "what the vendors ask has gone to agencies, pools, the provider, or a list", tie_outs::destinations),
    ("T5", "every pool gives out what it took in", tie_outs::pools),
    ("T6", "what was passed on, shared and rated is on the bills", tie_outs::bills),
    ("T7", "the funding of every bill line adds up to it", tie_outs::funding),
    ("T8", "the journals earn, claim and spend what the bills ask", tie_outs::books),
    ("T9", "the written journals say what the ledger says", tie_outs::feed),
    ("T13", "every metered unit is rated or excluded", tie_outs::quantities),
];

pub fn tie_outs(month_end: &MonthEnd, feed: &Feed) -> Vec<TieOut> {
    TIE_OUTS.iter().map(|(id, about, check)| tie_outs::tie_out(id, about, *check, month_end, feed)).collect()
}

/// The laws that a month's own figures can prove. Two are proved elsewhere: that earlier closes are unchanged by the
/// ledger (here only that nothing is dated into them), and law 14, that written files read back, by export.
const LAWS: &[(u8, &str, proof::Check<MonthEnd>)] = &[
    (1, "every row read is accounted for", laws::rows),
    (2, "the vendors' costs add up to the roll-up", laws::vendor_costs),
    (3, "every row belongs to one live version", laws::versions),
    (4, "no join loses or makes a row", laws::joins),
    (5, "what is rated is cost, markup and rounding", laws::rated),
    (6, "a pool's shares are the pool", laws::pools),
    (7, "agencies, pools and lists are the invoice basis", laws::destinations),
    (8, "a bill is the sum of its lines", laws::bill_lines),
    (9, "journals balance by fund and say what the bills say", books::journals),
    (10, "a line's rows are its agency's", laws::agencies),
    (11, "bills are in one currency", laws::currency),
    (12, "each invoice is its charges within the tolerance", laws::invoices),
    (13, "nothing is dated outside the month", laws::dates),
];

pub fn laws(month_end: &MonthEnd) -> Vec<LawResult> {
    LAWS.iter().flat_map(|(law, about, check)| Proof::of(*law, about, *check, month_end)).collect()
}
