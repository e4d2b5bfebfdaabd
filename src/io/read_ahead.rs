//! Reading and unpacking on a thread of their own, a few blocks ahead of whoever parses.
//!
//! Parts are read side by side, a core each; where only one is left, as of a month in one file, unpacking would wait for
//! parsing and parsing for unpacking. Bytes and errors arrive as they would without it, in their places; a block is a
//! megabyte and at most four exist. Whoever stops in the middle drops it, and the thread ends at its next block.

use super::container::Bytes;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

const BLOCK: usize = 1 << 20;
const AHEAD: usize = 2;

pub struct ReadAhead {
    /// None once it was dropped, so that the thread sees nobody waiting.
    blocks: Option<Receiver<io::Result<Vec<u8>>>>,
    /// Blocks that were read go back to be filled again.
    spent: Sender<Vec<u8>>,
    block: Vec<u8>,
    used: usize,
    at_end: bool,
    thread: Option<JoinHandle<()>>,
}

impl ReadAhead {
    pub fn new(text: Bytes) -> io::Result<Self> {
        let (sender, blocks) = sync_channel(AHEAD);
        let (spent, empty) = channel();
        let thread = std::thread::Builder::new().spawn(move || fill(text, &sender, &empty))?;
        let blocks = Some(blocks);
        Ok(Self { blocks, spent, block: Vec::new(), used: 0, at_end: false, thread: Some(thread) })
    }

    fn next(&mut self) -> io::Result<()> {
        let next = self.blocks.as_ref().map(Receiver::recv);
        let Some(Ok(next)) = next else { return Err(io::Error::other("the thread that reads has ended")) };
        let spent = std::mem::replace(&mut self.block, next?);
        self.used = 0;
        self.at_end = self.block.is_empty();
        // Where it has ended nobody needs the block.
        let _ = self.spent.send(spent);
        Ok(())
    }
}

/// Sends block after block; an empty one is the end.
fn fill(mut text: Bytes, blocks: &SyncSender<io::Result<Vec<u8>>>, spent: &Receiver<Vec<u8>>) {
    loop {
        let mut block = spent.try_recv().unwrap_or_default();
        block.clear();
        block.reserve_exact(BLOCK);
        let read = text.by_ref().take(BLOCK as u64).read_to_end(&mut block);
        let at_end = matches!(read, Ok(0));
        let unheard = (at_end || !block.is_empty()) && blocks.send(Ok(block)).is_err();
        if unheard || at_end {
            return;
        }
        if let Err(error) = read {
            // What was read before the error has been sent before it.
            let _ = blocks.send(Err(error));
            return;
        }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.used == self.block.len() && !self.at_end && !into.is_empty() {
            self.next()?;
        }
        let count = into.len().min(self.block.len() - self.used);
        into[..count].copy_from_slice(&self.block[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        self.blocks = None;
        if let Some(thread) = self.thread.take() {
            // A panic over there has shown itself as an error over here.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Gives so many bytes, in small and odd pieces, and then an error or the end; counts what was asked of it.
    struct Bytewise {
        left: usize,
        error: Option<i32>,
        given: Arc<AtomicUsize>,
    }

    impl Read for Bytewise {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.left == 0 {
                return self.error.take().map_or(Ok(0), |number| Err(io::Error::from_raw_os_error(number)));
            }
            let count = into.len().min(self.left).min(4099);
            for (place, byte) in into[..count].iter_mut().enumerate() {
                *byte = ((self.left - place) % 251) as u8;
            }
            self.left -= count;
            self.given.fetch_add(count, Ordering::SeqCst);
            Ok(count)
        }
    }

    fn text(left: usize, error: Option<i32>) -> (Bytes, Arc<AtomicUsize>) {
        let given = Arc::new(AtomicUsize::new(0));
        (Box::new(Bytewise { left, error, given: given.clone() }), given)
    }

    #[test]
    fn bytes_come_as_they_are() {
        for size in [0, 1, 4099, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 17] {
            let (mut plain, mut ahead) = (Vec::new(), Vec::new());
            text(size, None).0.read_to_end(&mut plain).unwrap();
            ReadAhead::new(text(size, None).0).unwrap().read_to_end(&mut ahead).unwrap();
            assert!(plain == ahead, "{size} bytes");
        }
    }

    #[test]
    fn an_error_comes_in_its_place() {
        for size in [0, 10, BLOCK, 3 * BLOCK + 5] {
            let mut ahead = ReadAhead::new(text(size, Some(5)).0).unwrap();
            let mut bytes = Vec::new();
            let error = ahead.read_to_end(&mut bytes).unwrap_err();
            assert_eq!((bytes.len(), error.raw_os_error()), (size, Some(5)));
        }
    }

    #[test]
    fn dropped_in_the_middle_it_ends_and_has_read_little_ahead() {
        let (endless, given) = text(usize::MAX, None);
        let mut ahead = ReadAhead::new(endless).unwrap();
        let mut few = [0; 10];
        ahead.read_exact(&mut few).unwrap();
        drop(ahead);
        let read = given.load(Ordering::SeqCst);
        assert!(read <= (AHEAD + 3) * BLOCK, "{read} bytes");
    }
}
