//! Tags: from columns or JSON text to the values of the billing tags.

use super::dictionary::is_null;
use crate::model::settings::BillingTag;
use crate::sources::fold_tag;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// Tags on one charge.
const MOST_TAGS: usize = 200;
/// Characters of one value.
const LONGEST_VALUE: usize = 1000;

/// What one text of tags says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagValues {
    /// In the order of the settings; empty where the tag is not there.
    pub values: Vec<String>,
    /// Two spellings of one tag with different values: the billing tag's place.
    pub disagree: Option<usize>,
}

/// A value no longer than a value may be.
pub fn cut(value: &str) -> &str {
    value.char_indices().nth(LONGEST_VALUE).map_or(value, |(end, _)| &value[..end])
}

/// Picks the billing tags out of keys and values, in the settings' order of spellings.
pub fn pick<'a>(wanted: &[BillingTag], found: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> TagValues {
    let mut picked = TagValues { values: vec![String::new(); wanted.len()], disagree: None };
    for (place, tag) in wanted.iter().enumerate() {
        for spelling in &tag.spellings {
            let spelling = fold_tag(spelling);
            for (_, value) in found.clone().filter(|(key, value)| *key == spelling && !value.trim().is_empty()) {
                let value = value.trim();
                if picked.values[place].is_empty() {
                    picked.values[place] = cut(value).to_owned();
                } else if picked.values[place].to_lowercase() != value.to_lowercase() {
                    picked.disagree = Some(place);
                }
            }
        }
    }
    picked
}

/// Reads a JSON object of tags, also without its braces. `folded` says which tag a key means.
pub fn from_json(
    text: &str,
    wanted: &[BillingTag],
    folded: impl Fn(&str) -> String,
) -> Result<TagValues, &'static str> {
    let Some(tags) = object(text) else {
        return Err("The tags are not a JSON object, so the charge counts as untagged.");
    };
    if tags.len() > MOST_TAGS {
        return Err("The charge has more than 200 tags.");
    }
    let pairs: Vec<(String, String)> = tags.into_iter().map(|(key, value)| (folded(&key), text_of(value))).collect();
    Ok(pick(wanted, pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))))
}

/// The entry of a JSON object, by its folded key; nothing where there is none.
pub fn entry(text: &str, wanted: &str, folded: impl Fn(&str) -> String) -> String {
    let found = object(text).unwrap_or_default().into_iter().find(|(key, _)| folded(key) == folded(wanted));
    found.map(|(_, value)| text_of(value)).unwrap_or_default()
}

fn object(text: &str) -> Option<Vec<(String, Value)>> {
    let text = text.trim();
    if is_null(text) {
        return Some(Vec::new());
    }
    let braced = if text.starts_with('{') { text.to_owned() } else { format!("{{{text}}}") };
    serde_json::from_str(&braced).ok().map(|Pairs(pairs)| pairs)
}

fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Keys and values as they stand: a map would keep the last of two equal keys without a word.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object of tags")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Vec<BillingTag> {
        vec![BillingTag { name: "agency".to_owned(), spellings: vec!["agency".to_owned(), "org".to_owned()] }]
    }

    #[test]
    fn spellings_of_one_tag() {
        for (text, value, disagree) in [
            (r#""Agency": "DOT","env": "prod""#, "DOT", None),
            (r#"{"AGENCY": " DPS "}"#, "DPS", None),
            (r#"{"org": "DOH"}"#, "DOH", None),
            (r#"{"agency": "DOT", "org": "DOH"}"#, "DOT", Some(0)),
            (r#"{"agency": "DOT", "Agency": "dot"}"#, "DOT", None),
            (r#""note": "quote \" and \\ slash, comma", "agency": "X""#, "X", None),
            (r#"{"agency": "DOT", "agency": "DOH"}"#, "DOT", Some(0)),
            ("", "", None),
            ("{}", "", None),
        ] {
            let tags = from_json(text, &wanted(), fold_tag).unwrap();
            assert_eq!(tags.disagree, disagree, "{text}");
            assert_eq!(tags.values[0].to_uppercase(), value, "{text}");
        }
        assert!(from_json("{\"a\":", &wanted(), fold_tag).is_err());
        assert!(from_json(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), &wanted(), fold_tag).is_err());
    }
}
