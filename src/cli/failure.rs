//! A command that cannot go on: what it says and which exit code it ends in.

use super::console::{Console, Emphasis};
use crate::model::exit::{Exit, Stop};
use std::io;

/// Wrong arguments, or a question for help or the version, which clap reports the same way.
pub fn usage(refusal: &clap::Error, console: &mut Console<'_>) -> u8 {
    let text = refusal.render().to_string();
    let answered = if refusal.use_stderr() { console.message(&text) } else { console.result(&text) };
    match (answered, refusal.exit_code()) {
        (Err(_), _) => Exit::Disk as u8,
        (Ok(()), 0) => Exit::Done as u8,
        (Ok(()), _) => Exit::Usage as u8,
    }
}

/// One error with all its contexts, outermost first. A cause that the context before quotes already is not said again.
pub fn stopped(error: &anyhow::Error, console: &mut Console<'_>) -> u8 {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string).filter(|cause| !cause.is_empty()) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    let told = console.emphasized(Emphasis::Bad, "error", &text);
    match (told, exit_of(error)) {
        (_, Some(exit)) => exit as u8,
        // An error that nobody gave an exit code is a fault of ours, and 1 says so.
        (_, None) => 1,
    }
}

fn exit_of(error: &anyhow::Error) -> Option<Exit> {
    let stop = error.chain().find_map(|cause| cause.downcast_ref::<Stop>()).map(|stop| stop.exit);
    let disk = || error.chain().any(|cause| cause.is::<io::Error>()).then_some(Exit::Disk);
    stop.or_else(disk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn the_disks_own_words_are_said_once() {
        let denied = || io::Error::from_raw_os_error(13);
        let quoted = anyhow::Error::from(denied()).context(format!("cannot open ledger/HEAD: {}", denied()));
        let error = Err::<(), _>(quoted).context("looking for the newest close").unwrap_err();
        let (mut results, mut messages) = (Vec::new(), Vec::new());
        let exit = stopped(&error, &mut Console::plain(&mut results, &mut messages));
        let told = String::from_utf8(messages).unwrap();
        assert_eq!(exit, Exit::Disk as u8);
        assert_eq!(told.matches("os error").count(), 1, "{told}");
        assert!(told.contains("newest close: cannot open ledger/HEAD"), "{told}");
    }
}
