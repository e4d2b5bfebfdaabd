//! The only door to the disk.

pub mod fs;
