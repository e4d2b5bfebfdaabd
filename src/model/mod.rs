//! The words of the product as types: no polars, no files, no clock.
//!
//! Text becomes one of these at the door, once, or it becomes a finding; past the door nobody checks again.

pub mod adjustment;
pub mod approval;
pub mod bill;
pub mod bridge;
pub mod card;
pub mod charge;
pub mod codes;
pub mod credits;
pub mod decimal;
pub mod erp;
pub mod exchange;
pub mod exit;
pub mod finding;
pub mod intake;
pub mod journal_entry;
pub mod mapping;
pub mod money;
pub mod month;
pub mod month_end;
pub mod part_outcome;
pub mod past;
pub mod pricing;
pub mod proof;
pub mod roll_up;
pub mod secrets;
pub mod settings;
pub mod subsidy;
pub mod symbols;
pub mod untrusted;
pub mod usage_log;
