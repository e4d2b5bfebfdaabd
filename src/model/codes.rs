//! Codes that name things in the books. Each is checked once, where text comes in, and is text from then on: a leading
//! zero is part of the code.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use thiserror::Error;

#[derive(Debug, Error, PartialEq, Eq)]
#[error("{kind} {text:?} is not a code: {why}")]
pub struct CodeRefusal {
    pub kind: &'static str,
    pub text: String,
    pub why: &'static str,
}

macro_rules! code {
    ($(#[$about:meta])* $name:ident, $kind:literal, $check:path) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, CodeRefusal> {
                let refused = |why| CodeRefusal { kind: $kind, text: text.to_owned(), why };
                $check(text).map_err(refused).map(|()| Self(text.to_owned()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

code! {
    /// An agency. It names folders and files, so it holds only what every file system takes.
    AgencyCode, "agency", file_safe
}
code! {
    /// A service of the catalog: what a bill line is for.
    ServiceCode, "service", file_safe
}
code! {
    /// A shared pool.
    PoolId, "pool", file_safe
}
code! {
    /// A fund: a self-balancing set of accounts.
    FundCode, "fund", account_part
}
code! {
    /// A GL account or object code.
    AccountCode, "account", account_part
}

/// Names a file or folder on any system: capital letters, digits, `_` and `-`, at most 32, and no name a device has.
fn file_safe(text: &str) -> Result<(), &'static str> {
    const RESERVED: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    let device = RESERVED.contains(&text)
        || ((text.starts_with("COM") || text.starts_with("LPT"))
            && text.len() == 4
            && text.as_bytes()[3].is_ascii_digit());
    match text {
        "" => Err("it is empty"),
        long if long.len() > 32 => Err("it is longer than 32 characters"),
        other if !other.bytes().all(allowed) => Err("only A-Z, 0-9, _ and - are allowed"),
        _ if device => Err("some computers reserve that name for a device"),
        _ => Ok(()),
    }
}

fn account_part(text: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    match text {
        "" => Err("it is empty"),
        long if long.len() > 20 => Err("it is longer than 20 characters"),
        other if !other.bytes().all(allowed) => Err("only letters, digits, _ - and . are allowed"),
        _ => Ok(()),
    }
}
