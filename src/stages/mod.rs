//! The stages: pure functions, one module each; none knows another, a file or the clock.

pub mod allocate;
pub mod directory;
pub mod export;
pub mod focus;
pub mod ingest;
pub mod journal;
pub mod normalize;
pub mod rate;
pub mod reconcile;
