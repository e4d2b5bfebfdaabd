//! A disk that fails, for the tests.

/// A call that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Read,
    Create,
    Write,
    Sync,
    Rename,
    Remove,
    MakeFolder,
    SyncFolder,
    Lock,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the call is made.
    None,
    /// The power is gone: this call and every later one fail, and the files stay as they are.
    Crash,
    /// A write puts down so many bytes, and then the power is gone.
    Tear(usize),
    /// The call fails and the run may go on: an error number such as 5 (EIO) or 28 (ENOSPC).
    Error(i32),
}

pub trait Faults: Send + Sync {
    fn before(&self, operation: Operation, path: &str, bytes: u64) -> Fault;
}
