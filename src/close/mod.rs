//! The order of stages, the gates between them, and what is committed when. Nothing else knows it.

pub mod api;

pub use api::*;
