//! The door struck at every call.

use super::*;
use std::sync::Mutex;

/// Counts calls and strikes at one of them.
struct Strike {
    at: usize,
    with: Fault,
    seen: Mutex<usize>,
}

impl Faults for Strike {
    fn before(&self, operation: Operation, _: &str, _: u64) -> Fault {
        if operation == Operation::Read {
            return Fault::None;
        }
        let mut seen = self.seen.lock().unwrap();
        *seen += 1;
        if *seen == self.at { self.with } else { Fault::None }
    }
}

#[test]
fn a_file_is_old_or_new_whatever_strikes() {
    for with in [Fault::Crash, Fault::Tear(3), Fault::Error(5), Fault::Error(28)] {
        let mut at = 1;
        loop {
            let folder = tempfile::tempdir().unwrap();
            Disk::real(folder.path()).write("a/b.txt", b"old").unwrap();
            let strike = Arc::new(Strike { at, with, seen: Mutex::new(0) });
            let outcome = Disk::with_faults(folder.path(), strike.clone()).write("a/b.txt", b"newer");
            let left = Disk::real(folder.path()).read("a/b.txt").unwrap();
            assert!(left == b"old" || left == b"newer", "{with:?} at {at}");
            assert_eq!(outcome.is_err(), *strike.seen.lock().unwrap() >= at, "{with:?} at {at}");
            if outcome.is_ok() {
                assert_eq!(left, b"newer");
                break;
            }
            at += 1;
        }
        assert!(at > 4, "create, write, sync, rename and the folder's sync were all struck");
    }
}

#[test]
fn an_error_leaves_no_temporary_file_and_a_crash_leaves_it() {
    for (with, left) in [(Fault::Error(28), 0), (Fault::Tear(2), 1)] {
        let folder = tempfile::tempdir().unwrap();
        let strike = Arc::new(Strike { at: 2, with, seen: Mutex::new(0) });
        let error = Disk::with_faults(folder.path(), strike).write("x.csv", b"12345").unwrap_err();
        assert_eq!(Disk::real(folder.path()).list("").unwrap().len(), left, "{error}");
    }
}

#[test]
fn a_full_disk_says_how_much_was_to_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let strike = Arc::new(Strike { at: 2, with: Fault::Error(28), seen: Mutex::new(0) });
    let error = Disk::with_faults(folder.path(), strike).write("x.csv", b"12345").unwrap_err();
    assert!(error.to_string().contains("5 bytes were to be written there"), "{error}");
}

#[test]
fn no_path_leaves_the_root_and_no_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::real(folder.path().join("books"));
    disk.below("").unwrap();
    fs::create_dir(folder.path().join("books")).unwrap();
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    for path in ["../x", "a/../../x", "/etc/passwd", "a\\b"] {
        assert!(disk.write(path, b"x").is_err(), "{path}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), folder.path().join("books/link")).unwrap();
        assert!(disk.write("link/x", b"x").is_err());
        assert!(disk.open("link").is_err());
        assert_eq!(disk.list("").unwrap()[0].kind, EntryKind::Link);
    }
}

#[test]
fn a_lock_is_taken_once_and_names_its_holder() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::real(folder.path());
    let held = disk.lock("lock", "ann on ledger-1").unwrap();
    assert!(matches!(disk.lock("lock", "bob").unwrap(), Lock::HeldBy(text) if text == "ann on ledger-1"));
    drop(held);
    assert!(matches!(disk.lock("lock", "bob").unwrap(), Lock::Taken(_)));
}

#[test]
#[cfg(unix)]
fn a_date_that_is_set_back_shows_in_the_signature() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::real(folder.path());
    disk.write("a.csv", b"id,cost\n1,2\n").unwrap();
    let place = folder.path().join("a.csv");
    let (before, date) = (disk.signature("a.csv").unwrap(), fs::metadata(&place).unwrap().modified().unwrap());
    assert_eq!(disk.signature("a.csv").unwrap(), before);
    // The kernel counts time in ticks.
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::write(&place, "id,cost\n1,9\n").unwrap();
    File::options().write(true).open(&place).unwrap().set_modified(date).unwrap();
    assert_eq!(fs::metadata(&place).unwrap().modified().unwrap(), date);
    assert_ne!(disk.signature("a.csv").unwrap(), before);
}
