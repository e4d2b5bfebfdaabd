//! SIGINT and SIGTERM: one line, and out.
//!
//! Nothing needs to be undone, because a month's outputs appear together or not at all; the next run sweeps what a
//! stopped one has begun.

use std::io::Write;

/// Ends the process with 130 or 143 when a signal asks for it. Where the system has no such signals, its own way stays.
pub fn watch() {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGINT, SIGTERM};
        // Without the watcher the system's own way remains: the process ends, and nobody is told.
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
                let line = format!(
                    "\ninterrupted by {name}: the month is as it was, or closed; `chargeback status` tells which.\n"
                );
                drop(std::io::stderr().write_all(line.as_bytes()));
                std::process::exit(128 + signal);
            }
        });
    }
}
