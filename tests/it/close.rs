//! Whole months through `close::run`: what comes in, what must come out, and that nothing else decides it.

mod backdated;
mod counted;
mod determined;
mod months;
mod past;
mod planted;

use crate::books::{Books, request};
use chargeback::close::Outcome;
use chargeback::model::exit::Exit;
use serde_json::Value;
use std::collections::BTreeMap;

fn closed(books: &Books, month: &str) -> Outcome {
    let outcome = books.run(&request(books, month));
    assert_eq!(outcome.exit, Exit::Done, "{}\n{}", outcome.message, books.told(&outcome));
    assert_eq!(outcome.state, "closed");
    outcome
}

/// Outputs by their paths below the folder of the run.
fn outputs(books: &Books, outcome: &Outcome) -> BTreeMap<String, Vec<u8>> {
    let folder = outcome.outputs.as_ref().unwrap();
    let files = books.files(folder);
    files.into_iter().map(|(path, bytes)| (path[folder.len() + 1..].to_owned(), bytes)).collect()
}

fn journals(books: &Books, outcome: &Outcome) -> BTreeMap<String, Vec<u8>> {
    let mut files = outputs(books, outcome);
    files.retain(|path, _| path.starts_with("journals/"));
    assert!(files.len() >= 4, "{:?}", files.keys());
    files
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}
