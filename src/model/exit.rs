//! How a command ends. A finance cron job acts on these numbers, so they are permanent.

use thiserror::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Findings block: bad input, no rate, no owner, a gate.
    Blocked = 3,
    /// The month's state forbids it: closed, not approved, not final.
    Forbidden = 4,
    /// Ledger, outputs or audit chain altered or corrupt.
    Integrity = 5,
    /// The money does not tie.
    DoesNotTie = 6,
    /// Disk or I/O.
    Disk = 74,
    /// Try again later: another run holds the month, an input is still growing.
    TryAgain = 75,
}

/// What stops a command, with the exit code it ends in.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct Stop {
    pub exit: Exit,
    pub message: String,
}

impl Stop {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}
