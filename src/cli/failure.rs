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

/// One error with all its contexts, outermost first.
pub fn stopped(error: &anyhow::Error, console: &mut Console<'_>) -> u8 {
    let told = console.emphasized(Emphasis::Bad, "error", &format!(": {error:#}"));
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
