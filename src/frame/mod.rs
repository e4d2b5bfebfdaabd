//! Rows and columns: delimited text to rows, charges and roll-ups to polars frames and Parquet, and back.
//!
//! The only module that knows polars. polars stores, filters and sums here; it never multiplies, divides or rounds money.

pub mod charges;
mod columns;
pub mod delimited;
pub mod focus_parquet;
pub mod lines;
pub mod older_text;
pub mod parquet_pages;
pub mod parquet_text;
pub mod query;
pub mod roll_up;
