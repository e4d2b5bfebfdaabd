//! A run that is asked to stop: one line, the exit code of its signal, and books that the next run closes as if nothing
//! had been.

#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn close(books: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chargeback"));
    command.args(["-C", books.to_str().unwrap(), "close", "--month", "2025-09", "--threads", "1"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

#[test]
fn a_run_that_is_stopped_says_so_and_the_next_one_closes() {
    let mut stopped = 0;
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        // A quick machine may be done before the signal comes: it is tried a little earlier each time.
        for milliseconds in [150, 80, 40, 20, 10] {
            let folder = tempfile::tempdir().unwrap();
            let books = folder.path().join("books");
            super::cmd::copy(Path::new("tests/closes/golden-september/in"), &books);
            let child = close(&books).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(milliseconds));
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
            let output = child.wait_with_output().unwrap();
            let messages = String::from_utf8(output.stderr).unwrap();
            let again = close(&books).output().unwrap();
            assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
            if output.status.code() == Some(code) {
                assert!(messages.contains(&format!("interrupted by SIG{signal}: ")), "{messages}");
                stopped += 1;
                break;
            }
        }
    }
    assert_eq!(stopped, 2, "each signal met a run at work");
}
