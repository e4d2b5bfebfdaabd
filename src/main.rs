//! Arguments in, exit code out.

use chargeback::cli::{self, clock::Surroundings, console::Console, interruption};
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    interruption::watch();
    // Standard error is not locked: the thread that moves the bars writes to it too.
    let (mut results, mut messages) = (io::BufWriter::new(io::stdout()), io::stderr());
    let mut console = Console::of_process(&mut results, &mut messages);
    let code = cli::run(env::args_os(), &mut console, &Surroundings::real());
    match console.flush() {
        Ok(()) => ExitCode::from(code),
        Err(error) => {
            drop(writeln!(io::stderr(), "error: standard output: {error}"));
            ExitCode::from(74)
        }
    }
}
