//! Text that a program of an older kind has saved: one byte a letter, as Windows-1252 has it.
//!
//! Such text is read only where the bytes can mean nothing else. What looks like UTF-8 that was broken, or holds a byte that
//! no name ends in, stays an error: there the text is not certain, and somebody has to look.

use encoding_rs::WINDOWS_1252;

/// The text, where the bytes are not UTF-8 and are Windows-1252.
pub fn of_older_encoding(bytes: &[u8]) -> Option<String> {
    (std::str::from_utf8(bytes).is_err() && is_windows_1252(bytes))
        .then(|| WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned())
}

/// Whether no byte speaks against it.
pub fn is_windows_1252(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| !byte.is_ascii() || *byte == 0x7f) {
        rest = &rest[at..];
        if !is_letter_or_mark(rest[0]) || begins_like_utf8(rest) {
            return false;
        }
        rest = &rest[1..];
    }
    true
}

/// Five bytes mean nothing, and 0xFF (a `y` with two dots, which begins no name) is what a broken file is full of.
fn is_letter_or_mark(byte: u8) -> bool {
    !matches!(byte, 0x7f | 0x81 | 0x8d | 0x8f | 0x90 | 0x9d | 0xff)
}

/// A first byte of UTF-8 with as many following bytes as it announces: of text that was UTF-8 once.
fn begins_like_utf8(bytes: &[u8]) -> bool {
    let following = match bytes[0] {
        0xc2..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf4 => 3,
        _ => return false,
    };
    bytes.get(1..=following).is_some_and(|rest| rest.iter().all(|byte| (0x80..=0xbf).contains(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_windows_1252_and_what_is_none() {
        for (bytes, expected) in [
            (&b"caf\xe9"[..], Some("café")),
            (b"Stra\xdfe; \x80 2", Some("Straße; € 2")),
            (b"GR\xd6\xdfE", Some("GRÖßE")),
            (b"an \x93order\x94 \x96 two", Some("an “order” – two")),
            (b"disk", None),
            ("café".as_bytes(), None),
            (b"disk \xff", None),
            (b"caf\xe9 and caf\xc3\xa9", None),
            (b"a surrogate \xed\xa0\x80", None),
            (b"nothing \x81", None),
        ] {
            assert_eq!(of_older_encoding(bytes).as_deref(), expected, "{bytes:x?}");
        }
    }
}
