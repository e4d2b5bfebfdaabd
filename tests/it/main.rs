//! The one test binary: linking polars once is slow enough.

// Tests make and damage books on the disk themselves.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod cmd;
mod config;
mod export;
mod golden;
mod golden_books;
mod golden_money;
mod ingest;
mod tidy;
