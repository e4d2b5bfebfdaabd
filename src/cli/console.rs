//! The two streams of a command, and what each may be shown.
//!
//! Whatever is written here is made harmless first, so no escape code of a file reaches a terminal even when a message was
//! put together carelessly. A stream whose reader has gone away takes no more and is no error: the work is done all the same.

use crate::model::untrusted::{harmless, harmless_json};
use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};

pub struct Console<'a> {
    results: Stream<'a>,
    messages: Stream<'a>,
    quiet: bool,
    /// Standard error is a terminal: progress may move.
    bars: bool,
    colour: bool,
    width: Option<usize>,
}

struct Stream<'a> {
    sink: &'a mut dyn Write,
    gone: bool,
}

/// How a word stands out. The word itself says the same without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    Plain,
    Bad,
    Careful,
    Good,
}

impl<'a> Console<'a> {
    /// Neither colour nor bars, a hundred columns: files, pipes and tests.
    pub fn plain(results: &'a mut dyn Write, messages: &'a mut dyn Write) -> Self {
        let stream = |sink| Stream { sink, gone: false };
        Self {
            results: stream(results),
            messages: stream(messages),
            quiet: false,
            bars: false,
            colour: false,
            width: Some(100),
        }
    }

    /// As the process was started: a terminal gets colour and bars, cron and pipes get neither.
    pub fn of_process(results: &'a mut dyn Write, messages: &'a mut dyn Write) -> Self {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let terminal = io::stderr().is_terminal() && !dumb;
        let forced = env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
        let console = Self::plain(results, messages);
        Self { bars: terminal, colour: !set("NO_COLOR") && (terminal || forced), width: None, ..console }
    }

    pub fn set_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
    }

    pub fn width(&self) -> Option<usize> {
        self.width
    }

    pub fn shows_bars(&self) -> bool {
        self.bars && !self.quiet
    }

    /// A part of the answer, with its line end.
    pub fn result(&mut self, text: &str) -> io::Result<()> {
        self.results.line(&harmless(text))
    }

    pub fn result_json(&mut self, json: &str) -> io::Result<()> {
        self.results.line(&harmless_json(json))
    }

    /// What somebody must read even when quiet was asked for.
    pub fn message(&mut self, text: &str) -> io::Result<()> {
        self.emphasized(Emphasis::Plain, "", text)
    }

    /// A message that opens with a word to notice. What was answered before stands before it on a terminal too.
    pub fn emphasized(&mut self, emphasis: Emphasis, opening: &str, rest: &str) -> io::Result<()> {
        let (on, off) = match (self.colour, emphasis) {
            (false, _) | (_, Emphasis::Plain) => ("", ""),
            (true, Emphasis::Bad) => ("\u{1b}[1;31m", "\u{1b}[0m"),
            (true, Emphasis::Careful) => ("\u{1b}[1;33m", "\u{1b}[0m"),
            (true, Emphasis::Good) => ("\u{1b}[1;32m", "\u{1b}[0m"),
        };
        self.results.flush()?;
        self.messages.line(&format!("{on}{}{off}{}", harmless(opening), harmless(rest)))
    }

    /// What helps and can be missed.
    pub fn hint(&mut self, text: &str) -> io::Result<()> {
        if self.quiet { Ok(()) } else { self.message(text) }
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Bytes that were made by this program alone: completions.
    pub fn result_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.results.write(bytes)
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.results.flush()?;
        self.messages.flush()
    }
}

impl Stream<'_> {
    fn line(&mut self, text: &str) -> io::Result<()> {
        let mut bytes = text.as_bytes().to_vec();
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        self.write(&bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let written = self.sink.write_all(bytes);
        self.unless_gone(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let flushed = self.sink.flush();
        self.unless_gone(flushed)
    }

    fn unless_gone(&mut self, result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct NoReader;

    impl Write for NoReader {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let mut messages = Vec::new();
        let mut gone = NoReader;
        let mut console = Console::plain(&mut gone, &mut messages);
        console.result("first").unwrap();
        console.result("second").unwrap();
        console.flush().unwrap();
    }

    #[test]
    fn nothing_of_a_file_moves_a_terminal() {
        let (mut results, mut messages) = (Vec::new(), Vec::new());
        let mut console = Console { colour: true, ..Console::plain(&mut results, &mut messages) };
        let hostile = "a\u{1b}[2Jb\u{9b}2J\u{202e}c\rd\u{7f}";
        console.result(hostile).unwrap();
        console.result_json(&serde_json::to_string(hostile).unwrap()).unwrap();
        console.emphasized(Emphasis::Plain, hostile, hostile).unwrap();
        let text = String::from_utf8([results, messages].concat()).unwrap();
        let obeyed = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
        assert!(!text.contains(obeyed), "{text:?}");
        let json = text.lines().nth(1).unwrap();
        assert_eq!(serde_json::from_str::<String>(json).unwrap(), hostile, "a reader of the JSON gets what was there");
    }
}
