//! The only door to the disk.

mod archive;
pub mod container;
pub mod digest;
pub mod fs;
pub mod inbox;
pub mod look;
pub mod read_ahead;
pub mod seen;
pub mod spreadsheet;
