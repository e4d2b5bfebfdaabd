//! Fields as they are meant, however the bytes arrive, and what others swallow.

use super::*;
use proptest::prelude::*;

/// Gives a few bytes at a time, so that every border between blocks is tried.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn rows(text: &str) -> Result<Vec<Vec<String>>, String> {
    dripped(text, 3, 8, 1)
}

/// Some bytes at a time, into a block of some bytes, some rows at a time.
fn dripped(text: &str, drip: usize, block: usize, at_once: usize) -> Result<Vec<Vec<String>>, String> {
    let mut scanner = Scanner::new(Drip(text.as_bytes(), drip), b',');
    scanner.block = vec![0; block];
    let mut records: Vec<Record> = (0..at_once).map(|_| Record::default()).collect();
    let mut rows = Vec::new();
    loop {
        let count = scanner.next_rows(&mut records).map_err(|error| error.to_string())?;
        if count == 0 {
            return Ok(rows);
        }
        for record in &records[..count] {
            let field = |column| String::from_utf8(scanner.field(record, column).into_owned()).unwrap();
            assert_eq!(scanner.cells(record).is_ascii(), scanner.raw(record).is_ascii());
            rows.push((0..record.len()).map(field).collect());
            assert_eq!(record.row, rows.len() as u64);
        }
    }
}

proptest! {
    /// Whatever stands in the cells, and wherever the blocks end.
    #[test]
    fn what_was_written_is_read(
        written in prop::collection::vec(prop::collection::vec("[a-c,\"\n\té]{0,90}", 2..5), 1..12),
        quotes in any::<bool>(),
        end in prop_oneof![Just("\n"), Just("\r\n")],
        (drip, block, at_once) in (1usize..200, 4usize..300, 1usize..9),
    ) {
        let cell = |text: &String| match quotes || text.contains([',', '"', '\n']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text.clone(),
        };
        let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(",") + end;
        let text: String = written.iter().map(line).collect();
        prop_assert_eq!(dripped(&text, drip, block, at_once).unwrap(), written);
    }
}

#[test]
fn fields_as_they_are_meant() {
    for (text, expected) in [
        ("a,b\n1,2\n", vec![vec!["a", "b"], vec!["1", "2"]]),
        ("a,b\r\n1,2\r\n", vec![vec!["a", "b"], vec!["1", "2"]]),
        ("a,b\n1,2", vec![vec!["a", "b"], vec!["1", "2"]]),
        ("\"a\",\"b\"\r\n\"1\",\"2\"\r\n", vec![vec!["a", "b"], vec!["1", "2"]]),
        ("\"x \"\"y\"\"\",\"l1\nl2\"\n", vec![vec!["x \"y\"", "l1\nl2"]]),
        (",\n", vec![vec!["", ""]]),
        ("\"\",\"\"\n", vec![vec!["", ""]]),
        ("a\n\nb\n", vec![vec!["a"], vec![], vec!["b"]]),
        ("a,\"b,c\",d\n", vec![vec!["a", "b,c", "d"]]),
    ] {
        assert_eq!(rows(text).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn what_others_swallow_is_refused() {
    for (text, expected) in [
        ("a,b\n1,\"2\n3,4\n5,6\n", "a quote opens in row 2 and is never closed"),
        ("a,b\n1,\"2\"x\n", "text follows a closing quote in row 2, column 2"),
        ("a,b\n1,2\"\n", "a quote stands inside a cell without quotes in row 2, column 2"),
        ("a,b\n1,2\n\0\0\0", "row 3 holds a NUL byte"),
    ] {
        assert_eq!(rows(text).unwrap_err(), expected, "{text:?}");
    }
}
