//! Text that came from a file. It has no `Display`: each place it can go has its own way of making it harmless.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Text of unknown intent.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

/// Longest text shown to a person in a message.
const SHOWN: usize = 80;
/// A path is only of use if it is whole; vendors' folders are deep.
const SHOWN_OF_PATH: usize = 1000;

impl Untrusted {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it was, for comparing and for storing. Never for printing.
    pub fn raw(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Quoted, at most 80 characters, controls, bidirectional marks and invisible characters written as code points.
    pub fn for_terminal(&self) -> String {
        format!("\"{}\"", shown(&self.0, SHOWN))
    }

    /// A path within a sentence: as above, without quotes and long enough to be found again.
    pub fn for_terminal_path(&self) -> String {
        shown(&self.0, SHOWN_OF_PATH)
    }

    /// For a CSV a person opens: an apostrophe before whatever a spreadsheet would run, no control characters.
    pub fn for_human_csv(&self) -> String {
        human_csv(&self.0).into_owned()
    }

    /// For a workbook's string cell: text stays text there, only control characters go.
    pub fn for_xlsx(&self) -> String {
        xlsx(&self.0).into_owned()
    }

    /// For a machine feed: printable ASCII without quotes, delimiters or line breaks, at most `longest` characters.
    pub fn for_journal(&self, longest: usize) -> String {
        let printable =
            |c: char| if c.is_ascii_graphic() && !matches!(c, '"' | ',' | ';' | '|') || c == ' ' { c } else { ' ' };
        self.0.chars().map(printable).take(longest).collect::<String>().trim().to_owned()
    }
}

/// [`Untrusted::for_human_csv`] of a text that most often is harmless as it is.
pub fn human_csv(text: &str) -> Cow<'_, str> {
    let cleaned = without_controls(text);
    if starts_formula(&cleaned) { Cow::Owned(format!("'{cleaned}")) } else { cleaned }
}

/// [`Untrusted::for_xlsx`] of a text that most often is harmless as it is.
pub fn xlsx(text: &str) -> Cow<'_, str> {
    const MOST: usize = 32_000;
    let cleaned = without_controls(text);
    if cleaned.len() > MOST { Cow::Owned(cleaned.chars().take(MOST).collect()) } else { cleaned }
}

fn without_controls(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect())
}

/// Text inside a web page, where no letter of it can begin a tag or end an attribute.
pub fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

/// A text of ours that may quote a file's: line breaks stay, every other control or invisible character becomes its code
/// point. The last door before a terminal, for what was put together from harmless parts and perhaps one that was not.
pub fn harmless(text: &str) -> String {
    let shown = |character: char| if character == '\n' { character.to_string() } else { without_effect(character) };
    text.chars().map(shown).collect()
}

/// JSON that a terminal can be shown: inside its strings, characters that JSON allows and a terminal obeys are written as
/// `\uXXXX`, which any reader turns back.
pub fn harmless_json(json: &str) -> String {
    json.chars()
        .map(|character| match character {
            '\n' => character.to_string(),
            hidden if is_hidden(hidden) => format!("\\u{:04x}", u32::from(hidden)),
            plain => plain.to_string(),
        })
        .collect()
}

fn without_effect(character: char) -> String {
    if is_hidden(character) { format!("<U+{:04X}>", u32::from(character)) } else { character.to_string() }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.for_terminal())
    }
}

fn shown(text: &str, longest: usize) -> String {
    let mut shown: String = text.chars().take(longest).map(visible).collect();
    if text.chars().nth(longest).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Whether a spreadsheet would take a text for a formula.
pub fn starts_formula(text: &str) -> bool {
    text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}

/// Controls, bidirectional marks and characters without width: what makes a text look like another.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn visible(character: char) -> String {
    match character {
        '"' => "\\\"".to_owned(),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        '\r' => "\\r".to_owned(),
        other => without_effect(other),
    }
}
