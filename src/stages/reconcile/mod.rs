//! Reconcile: compares any two things that must agree, and says what each side is made of.

mod asked;
mod invoice;

pub use invoice::vendors;
