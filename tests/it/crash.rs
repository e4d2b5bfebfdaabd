//! A disk that fails at every call of a small close: the books are old or new each time, and the next run ends in the
//! state that an undisturbed one reaches, byte for byte.
//!
//! There are some 1,300 such disks, each with two closes: minutes. `CHARGEBACK_EVERY_FAULT=1` tries them all, as CI does;
//! without it every third, fifth or seventh call is struck.

use crate::books::{Books, Silent, golden_small, request};
use chargeback::close::books::NoPlant;
use chargeback::close::{self, Outcome};
use chargeback::io::fs::{Disk, Fault, Faults, Operation};
use chargeback::ledger::Ledger;
use chargeback::model::exit::Exit;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const MONTH: &str = "2025-09";

/// Strikes at one call; counts those that concern it.
struct Strike {
    at: usize,
    with: Fault,
    /// Which calls are counted.
    concerns: fn(Operation) -> bool,
    seen: AtomicUsize,
    last: Mutex<String>,
}

impl Strike {
    fn new(at: usize, with: Fault, concerns: fn(Operation) -> bool) -> Arc<Self> {
        Arc::new(Self { at, with, concerns, seen: AtomicUsize::new(0), last: Mutex::default() })
    }
}

impl Faults for Strike {
    fn before(&self, operation: Operation, path: &str, _: u64) -> Fault {
        if !(self.concerns)(operation) || self.seen.fetch_add(1, Ordering::SeqCst) + 1 != self.at {
            return Fault::None;
        }
        *self.last.lock().unwrap() = format!("{operation:?} {path}");
        self.with
    }
}

fn changes(operation: Operation) -> bool {
    operation != Operation::Read
}

fn writes(operation: Operation) -> bool {
    operation == Operation::Write
}

fn reads(operation: Operation) -> bool {
    operation == Operation::Read
}

fn close_on(books: &Books, faults: Arc<Strike>) -> anyhow::Result<Outcome> {
    let mut request = request(books, MONTH);
    request.threads = 1;
    close::run_on(&Disk::with_faults(&books.path, faults), &request, &Silent, &NoPlant)
}

fn undisturbed() -> Arc<Strike> {
    Strike::new(0, Fault::None, changes)
}

/// Everything that must be the same: all but the log, which tells what happened, and the lock.
fn state(books: &Books) -> BTreeMap<String, Vec<u8>> {
    let mut files = books.files("ledger");
    files.extend(books.files("out"));
    files.retain(|path, _| path != "ledger/audit.log" && path != "ledger/lock");
    // HEAD names the attest record, which names a line of the log.
    files
}

/// What a reader of the books sees: closes and outputs.
struct Seen {
    closed: bool,
    outputs: BTreeMap<String, Vec<u8>>,
}

fn seen(books: &Books) -> Seen {
    let settled = Ledger::new(Disk::real(&books.path)).settled().unwrap();
    Seen { closed: settled.head().is_some(), outputs: books.files("out") }
}

/// Runs a close into every fault of one kind, and the next run after each. Gives how many there were.
fn strike_everywhere(with: Fault, concerns: fn(Operation) -> bool, step: usize) -> usize {
    let step = if std::env::var_os("CHARGEBACK_EVERY_FAULT").is_some() { 1 } else { step };
    let whole = golden_small();
    let count = Strike::new(0, Fault::None, concerns);
    assert_eq!(close_on(&whole, count.clone()).unwrap().exit, Exit::Done);
    let (calls, after) = (count.seen.load(Ordering::SeqCst), state(&whole));
    let outputs = whole.files("out");
    let next = AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(step, Ordering::SeqCst);
                    if at > calls {
                        break;
                    }
                    strike_once(at, with, concerns, &after, &outputs);
                }
            });
        }
    });
    calls
}

fn strike_once(
    at: usize,
    with: Fault,
    concerns: fn(Operation) -> bool,
    after: &BTreeMap<String, Vec<u8>>,
    outputs: &BTreeMap<String, Vec<u8>>,
) {
    let books = golden_small();
    let strike = Strike::new(at, with, concerns);
    let struck = close_on(&books, strike.clone());
    let place = format!("{with:?} at call {at}, {}", strike.last.lock().unwrap());
    let seen = seen(&books);
    match &struck {
        Ok(outcome) => {
            assert_eq!(outcome.exit, Exit::Done, "{place}");
            assert!(seen.closed, "{place}: it said that it was done");
        }
        Err(error) => assert!(error.chain().any(|cause| cause.is::<std::io::Error>()), "{place}: {error:#}"),
    }
    let as_after = seen.outputs == *outputs;
    assert!(seen.outputs.is_empty() || as_after, "{place}: half of the outputs are published");
    assert!(!as_after || seen.closed, "{place}: outputs without a close");
    let again = close_on(&books, undisturbed()).unwrap_or_else(|error| panic!("{place}: {error:#}"));
    assert_eq!(again.exit, Exit::Done, "{place}");
    let found = state(&books);
    for (path, bytes) in after {
        if is_told_by_the_log(path, bytes, after) {
            continue;
        }
        assert!(found.get(path) == Some(bytes), "{place}: {path} differs after the next run");
    }
    assert_eq!(books.files("out"), *outputs, "{place}");
    let leftovers: Vec<&String> =
        found.keys().filter(|path| path.contains(".part") || path.contains("staging")).collect();
    assert!(leftovers.is_empty(), "{place}: {leftovers:?}");
    let findings = close::verify(&books.path, true, None).unwrap();
    assert!(findings.is_empty(), "{place}: {findings:#?}");
}

/// HEAD and the attest record hold the hash of a line of the log, and the log tells of the disturbance.
fn is_told_by_the_log(path: &str, bytes: &[u8], after: &BTreeMap<String, Vec<u8>>) -> bool {
    let head = String::from_utf8_lossy(&after["ledger/HEAD"]).trim().rsplit(' ').next().unwrap().to_owned();
    path == "ledger/HEAD" || path == format!("ledger/objects/{}/{}", &head[..2], &head[2..]) && !bytes.is_empty()
}

#[test]
fn stopped_before_every_change() {
    let calls = strike_everywhere(Fault::Crash, changes, 3);
    assert!(calls > 100, "{calls}");
}

#[test]
fn every_write_torn() {
    strike_everywhere(Fault::Tear(1), writes, 3);
}

#[test]
fn every_change_refused_by_a_broken_disk() {
    strike_everywhere(Fault::Error(5), changes, 7);
}

#[test]
fn every_change_refused_by_a_full_disk() {
    strike_everywhere(Fault::Error(28), changes, 5);
}

#[test]
fn reads_that_fail_change_nothing() {
    strike_everywhere(Fault::Error(5), reads, 17);
}

/// Stopped, and stopped again while the next run clears up and goes on: the third ends as if nothing had been.
#[test]
fn stopped_twice() {
    let whole = golden_small();
    assert_eq!(close_on(&whole, undisturbed()).unwrap().exit, Exit::Done);
    let (after, outputs) = (state(&whole), whole.files("out"));
    for (first, second) in [(60, 3), (150, 20), (250, 1), (290, 9), (320, 2), (330, 1), (335, 4), (340, 1), (345, 2)] {
        let books = golden_small();
        let _ = close_on(&books, Strike::new(first, Fault::Crash, changes));
        let _ = close_on(&books, Strike::new(second, Fault::Crash, changes));
        assert_eq!(close_on(&books, undisturbed()).unwrap().exit, Exit::Done);
        assert_eq!(books.files("out"), outputs, "{first} {second}");
        let found = state(&books);
        for (path, bytes) in after.iter().filter(|(path, bytes)| !is_told_by_the_log(path, bytes, &after)) {
            assert!(found.get(path) == Some(bytes), "{first} {second}: {path}");
        }
        assert_eq!(close::verify(&books.path, true, None).unwrap(), []);
    }
}
