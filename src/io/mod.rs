//! The only door to the disk.

pub mod container;
pub mod digest;
pub mod fs;
pub mod inbox;
pub mod look;
