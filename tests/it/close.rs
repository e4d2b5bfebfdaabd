//! Whole months through `close::run`: what comes in, what must come out, and that nothing else decides it.

use crate::books::{Books, golden, request, westmark};
use chargeback::close::Outcome;
use chargeback::model::exit::Exit;

fn closed(books: &Books, month: &str) -> Outcome {
    let outcome = books.run(&request(books, month));
    assert_eq!(outcome.exit, Exit::Done, "{}\n{}", outcome.message, books.told(&outcome));
    assert_eq!(outcome.state, "closed");
    outcome
}

#[test]
fn september_closes() {
    let books = golden();
    closed(&books, "2025-09");
}

#[test]
fn westmark_closes() {
    let books = westmark();
    closed(&books, "2025-06");
}
