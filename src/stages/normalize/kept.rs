//! Where a part's roll-up and row ids go while it is read: they may be too large to be held.

use crate::model::roll_up::RollUp;
use anyhow::Result;
use std::io::{self, Cursor, Read, Seek, Write};

/// Roll-up rows in memory: 100 MB of them.
const MOST_ROWS: usize = 1 << 18;

/// A file that nobody sees and that is gone when it is dropped.
pub trait Scratch: Read + Write + Seek + Send {}

impl<F: Read + Write + Seek + Send> Scratch for F {}

pub trait PartKeeper {
    /// Room for what does not fit into memory.
    fn scratch(&mut self) -> io::Result<Box<dyn Scratch>>;

    /// Takes a sorted roll-up of some rows: one of all rows, or several of a large part.
    fn roll_up(&mut self, run: RollUp) -> Result<()>;

    /// Takes the fingerprint of a row id: each once, in rising order, where the source has ids.
    fn row_id(&mut self, id: u64) -> io::Result<()>;

    /// Roll-up rows that are held while a part is read; from then on it is given away in pieces.
    fn most_rows(&self) -> usize {
        MOST_ROWS
    }
}

/// Holds everything: for files of known size.
#[derive(Default)]
pub struct HeldPart {
    pub runs: Vec<RollUp>,
    pub row_ids: Vec<u64>,
}

impl PartKeeper for HeldPart {
    fn scratch(&mut self) -> io::Result<Box<dyn Scratch>> {
        Ok(Box::new(Cursor::new(Vec::new())))
    }

    fn roll_up(&mut self, run: RollUp) -> Result<()> {
        self.runs.push(run);
        Ok(())
    }

    fn row_id(&mut self, id: u64) -> io::Result<()> {
        self.row_ids.push(id);
        Ok(())
    }
}
