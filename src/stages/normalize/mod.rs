//! Normalize: vendors' rows become FOCUS charges.

pub mod dictionary;
pub mod moment;
pub mod plan;
pub mod tags;
