//! The one test binary: linking polars once is slow enough.

// Tests make and damage books on the disk themselves, and what does not work in them is a failure.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used)]

mod added;
mod books;
mod books_cases;
mod books_months;
mod books_planted;
mod cards;
mod charges;
mod close;
mod cmd;
mod config;
mod containers;
mod crash;
mod damage;
mod deliveries;
mod erp;
mod errors;
mod exchange;
mod explained;
mod export;
mod focus;
mod fuzz;
mod golden;
mod golden_books;
mod golden_money;
mod ingest;
mod interruption;
mod mapped;
mod mid_month;
mod money_findings;
mod months;
mod normalize;
mod overlaps;
mod pages;
mod people;
mod plain_cards;
mod pools;
mod properties;
mod rate_book;
mod reference;
mod sniff;
mod tamper;
mod tidy;
mod trials;
mod usage;
mod usage_logs;
