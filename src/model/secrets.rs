//! Keys and personal numbers that somebody wrote into a text: masked in everything that is handed out.

use memchr::memchr2_iter;
use std::borrow::Cow;

/// Whether a key or a number may be in it: what nearly every text is spared of with one look.
pub fn is_suspicious(text: &[u8]) -> bool {
    memchr2_iter(b'-', b'I', text).any(|place| match text[place] {
        b'-' => text.get(place + 3) == Some(&b'-') && place.checked_sub(1).is_some_and(|at| text[at].is_ascii_digit()),
        _ => place >= 2 && text[place - 2] == b'A' && matches!(text[place - 1], b'K' | b'S'),
    })
}

/// The text with every cloud key and personal number masked; none where there is none in it.
pub fn masked(text: &str) -> Option<String> {
    if !is_suspicious(text.as_bytes()) {
        return None;
    }
    let (mut shown, mut taken) = (String::new(), 0);
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        match mask_at(bytes, start) {
            Some((keep, mask, end)) => {
                shown.push_str(&text[taken..start + keep]);
                shown.push_str(mask);
                taken = end;
                start = end;
            }
            None => start += 1,
        }
    }
    (taken > 0).then(|| shown + &text[taken..])
}

/// The same, and the text itself where nothing is to be masked.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    masked(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// What begins here: how many bytes of it are shown, the mask for the rest, and where it ends.
fn mask_at(bytes: &[u8], start: usize) -> Option<(usize, &'static str, usize)> {
    let (keep, mask, length) = match bytes[start] {
        b'A' if is_key(bytes.get(start..start + 20)?) => (4, "****************", 20),
        byte if byte.is_ascii_digit() && is_personal(bytes.get(start..start + 11)?) => (0, "***-**-****", 11),
        _ => return None,
    };
    let end = start + length;
    let alone = (start == 0 || !bytes[start - 1].is_ascii_alphanumeric())
        && bytes.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    alone.then_some((keep, mask, end))
}

fn is_key(text: &[u8]) -> bool {
    (text.starts_with(b"AKIA") || text.starts_with(b"ASIA"))
        && text.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn is_personal(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(place, byte)| match place {
        3 | 6 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        for (text, shown) in [
            ("key AKIAIOSFODNN7EXAMPLE", Some("key AKIA****************")),
            ("ssn 123-45-6789 x", Some("ssn ***-**-**** x")),
            (
                "arn:aws:s3:::AKIAIOSFODNN7EXAMPLE/123-45-6789/ASIAIOSFODNN7EXAMPLE",
                Some("arn:aws:s3:::AKIA****************/***-**-****/ASIA****************"),
            ),
            ("case 1234567", None),
            ("9123-45-6789", None),
            ("AKIA", None),
            ("", None),
            ("\u{e9}123-45-6789\u{e9}", Some("\u{e9}***-**-****\u{e9}")),
        ] {
            assert_eq!(masked(text).as_deref(), shown, "{text}");
        }
    }
}
