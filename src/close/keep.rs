//! Where the roll-up and the row ids of a part are kept: in the ledger, or in files nobody sees where nothing is written.

use crate::frame::roll_up::{RunFile, write_run};
use crate::io::fs::{Disk, DiskError};
use crate::ledger::{Ledger, NewObject, Object, StageManifest};
use crate::model::roll_up::{Held, MergeError, RollUp, merge};
use crate::stages::normalize::{PartKeeper, RowIds, Scratch};
use anyhow::Result;
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The role of the roll-up among the objects of a part; of a part with several, the others have a number.
const ROLL_UP: &str = "roll_up";
const ROW_IDS: &str = "row_ids";
/// Bytes of row ids that are written or read at once.
const BLOCK: usize = 1 << 16;
/// Roll-ups that are open at once; more are merged in groups first.
const MOST_OPEN: usize = 64;

/// Bytes of a part that lie somewhere.
#[derive(Clone)]
pub enum Stored {
    Object(Object),
    Scratch(Arc<Mutex<Box<dyn Scratch>>>, u64),
}

impl Stored {
    fn bytes(&self) -> u64 {
        match self {
            Self::Object(object) => object.bytes,
            Self::Scratch(_, bytes) => *bytes,
        }
    }
}

/// What a part left beside its charges and its outcome.
#[derive(Clone, Default)]
pub struct Kept {
    /// The key of the part; empty where it was read for a proof.
    pub key: String,
    pub runs: Vec<Stored>,
    pub row_ids: Option<Stored>,
}

impl Kept {
    /// Adds what lies in the ledger to the objects of a part.
    pub fn name(&self, objects: &mut BTreeMap<String, Object>) {
        for (place, run) in self.runs.iter().enumerate() {
            if let Stored::Object(object) = run {
                objects.insert(role(place), object.clone());
            }
        }
        if let Some(Stored::Object(object)) = &self.row_ids {
            objects.insert(ROW_IDS.to_owned(), object.clone());
        }
    }

    pub fn of(manifest: &StageManifest) -> Self {
        let runs = (0..).map_while(|place| manifest.objects.get(&role(place)));
        let row_ids = manifest.objects.get(ROW_IDS).cloned().map(Stored::Object);
        let key = manifest.key.clone();
        Self { key, runs: runs.cloned().map(Stored::Object).collect(), row_ids }
    }

    /// How many row ids it holds.
    pub fn ids(&self) -> u64 {
        self.row_ids.as_ref().map_or(0, |ids| ids.bytes() / 8)
    }
}

fn role(place: usize) -> String {
    if place == 0 { ROLL_UP.to_owned() } else { format!("{ROLL_UP} {place:04}") }
}

/// Keeps what comes of a part while it is read.
pub struct Keeper<'a> {
    /// None: nothing is to be written.
    ledger: Option<&'a Ledger>,
    disk: &'a Disk,
    ids: Vec<u8>,
    ids_to: Option<Sink>,
    kept: Kept,
}

enum Sink {
    Object(Box<NewObject>),
    Scratch(Box<dyn Scratch>),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Object(object) => object.write(bytes),
            Self::Scratch(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn finish(self) -> Result<Stored> {
        match self {
            Self::Object(object) => Ok(Stored::Object(object.finish()?)),
            Self::Scratch(mut file) => {
                let bytes = file.stream_position()?;
                Ok(Stored::Scratch(Arc::new(Mutex::new(file)), bytes))
            }
        }
    }
}

impl<'a> Keeper<'a> {
    pub fn new(disk: &'a Disk, ledger: Option<&'a Ledger>) -> Self {
        Self { ledger, disk, ids: Vec::new(), ids_to: None, kept: Kept::default() }
    }

    fn sink(&self) -> Result<Sink> {
        Ok(match self.ledger {
            Some(ledger) => Sink::Object(Box::new(ledger.new_object()?)),
            None => Sink::Scratch(Box::new(self.disk.scratch()?)),
        })
    }

    fn put_down(&mut self) -> io::Result<()> {
        if self.ids_to.is_none() {
            self.ids_to = Some(self.sink().map_err(as_io)?);
        }
        if let Some(sink) = &mut self.ids_to {
            sink.write_all(&self.ids)?;
        }
        self.ids.clear();
        Ok(())
    }

    pub fn finish(mut self) -> Result<Kept> {
        if !self.ids.is_empty() {
            self.put_down().map_err(unwritten)?;
        }
        self.kept.row_ids = self.ids_to.map(Sink::finish).transpose()?;
        Ok(self.kept)
    }
}

impl PartKeeper for Keeper<'_> {
    fn scratch(&mut self) -> io::Result<Box<dyn Scratch>> {
        Ok(Box::new(self.disk.scratch().map_err(|error| error.source)?))
    }

    fn roll_up(&mut self, run: RollUp) -> Result<()> {
        self.kept.runs.push(write_run(&run, self.sink()?).map_err(unwritten)?.finish()?);
        Ok(())
    }

    fn row_id(&mut self, id: u64) -> io::Result<()> {
        self.ids.extend_from_slice(&id.to_le_bytes());
        if self.ids.len() >= BLOCK { self.put_down() } else { Ok(()) }
    }
}

fn unwritten(error: io::Error) -> DiskError {
    crate::ledger::write_error("ledger/objects", error)
}

/// Keeps the number of the operating system, by which the disk's errors are told from others.
fn as_io(error: anyhow::Error) -> io::Error {
    let number = error.downcast_ref::<DiskError>().and_then(|error| error.source.raw_os_error());
    number.map_or_else(|| io::Error::other(error.to_string()), io::Error::from_raw_os_error)
}

/// Puts the roll-ups of many parts together.
pub fn merged(ledger: &Ledger, stored: &[Stored], tags: &[String]) -> Result<RollUp> {
    if stored.len() > MOST_OPEN {
        let groups = stored.chunks(MOST_OPEN).map(|group| merged(ledger, group, tags));
        let groups = groups.map(|group| Ok(Held::from(group?))).collect::<Result<Vec<Held>>>()?;
        return taken(merge(groups, tags.to_vec()));
    }
    let runs = stored.iter().map(|run| Ok(RunFile::new(open(ledger, run)?)?));
    taken(merge(runs.collect::<Result<Vec<RunFile>>>()?, tags.to_vec()))
}

/// Writes a roll-up as its rows.
pub fn kept_run(ledger: &Ledger, roll_up: &RollUp) -> Result<Object> {
    write_run(roll_up, ledger.new_object()?).map_err(unwritten)?.finish()
}

/// One roll-up as it was kept.
pub fn merged_one(ledger: &Ledger, object: &Object) -> Result<RollUp> {
    let run = RunFile::new(ledger.open_object(object)?)?;
    let tags = run.tags().to_vec();
    taken(merge(vec![run], tags))
}

fn taken(merged: Result<RollUp, MergeError>) -> Result<RollUp> {
    merged.map_err(|error| match error {
        MergeError::Overflow(overflow) => overflow.into(),
        MergeError::Read(error) => crate::ledger::read_error("ledger/objects", error).into(),
    })
}

fn open(ledger: &Ledger, stored: &Stored) -> Result<Box<dyn Read>> {
    Ok(match stored {
        Stored::Object(object) => Box::new(ledger.open_object(object)?),
        Stored::Scratch(file, _) => {
            file.lock().unwrap_or_else(PoisonError::into_inner).rewind()?;
            Box::new(Shared(file.clone()))
        }
    })
}

/// A scratch file that is read by one at a time.
struct Shared(Arc<Mutex<Box<dyn Scratch>>>);

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read(into)
    }
}

/// The row ids of a part, a block at a time. The file is opened anew for each: a month may have thousands of parts.
pub struct StoredIds<'a> {
    ledger: &'a Ledger,
    stored: Stored,
    at: u64,
    block: Vec<u8>,
    used: usize,
}

impl<'a> StoredIds<'a> {
    /// They are hashed first: nothing that was altered in the ledger is read.
    pub fn new(ledger: &'a Ledger, stored: &Stored) -> Result<Self> {
        if let Stored::Object(object) = stored {
            ledger.check_object(object)?;
        }
        Ok(Self { ledger, stored: stored.clone(), at: 0, block: Vec::new(), used: 0 })
    }

    fn next_block(&mut self) -> io::Result<()> {
        let count = usize::try_from(self.stored.bytes().saturating_sub(self.at)).map_or(BLOCK, |left| left.min(BLOCK));
        self.block.resize(count, 0);
        self.used = 0;
        let from = SeekFrom::Start(self.at);
        match &self.stored {
            Stored::Object(object) => {
                let mut file = self.ledger.disk().open(&object.path()).map_err(|error| error.source)?;
                file.seek(from)?;
                file.read_exact(&mut self.block)?;
            }
            Stored::Scratch(file, _) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(from)?;
                file.read_exact(&mut self.block)?;
            }
        }
        self.at += count as u64;
        Ok(())
    }
}

impl RowIds for StoredIds<'_> {
    fn up_to(&mut self, last: u64, into: &mut Vec<u64>) -> io::Result<()> {
        loop {
            let (ids, _) = self.block[self.used..].as_chunks::<8>();
            for id in ids {
                let id = u64::from_le_bytes(*id);
                if id > last {
                    return Ok(());
                }
                into.push(id);
                self.used += 8;
            }
            if self.at >= self.stored.bytes() {
                return Ok(());
            }
            self.next_block()?;
        }
    }
}
