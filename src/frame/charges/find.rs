//! Finds charges again.
