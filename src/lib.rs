//! The financial sub-ledger between the clouds and the state's ERP.
//!
//! Files come in, bills and journals go out, and every cent on a bill walks back to the vendor's row:
//!
//! ```text
//! inbox -> ingest -> normalize -> roll-up -> rate -> allocate -> bills -> journal -> export
//! ```
//!
//! Imports point one way: `cli -> close -> stages -> sources -> frame -> model`; `close -> ledger -> io -> frame`;
//! `config -> io, model`. `cli` may use all but `io`. Stages know no other stage, no ledger, config or io; sources know no
//! stage. A test keeps these arrows.

pub mod cli;
pub mod close;
pub mod config;
pub mod frame;
pub mod io;
pub mod ledger;
pub mod model;
pub mod sources;
pub mod stages;
