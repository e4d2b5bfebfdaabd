//! The one place that reads the clock and asks who runs this.
//!
//! None of it reaches an amount or an output: it is for the lock, the attest record and the audit log, and tells a month
//! that is over from one that is not.

use crate::close::Invocation;
use crate::model::month::Month;
use chrono::{NaiveDate, SecondsFormat};
use std::env;

/// Day, moment, person and machine, taken once when the command starts. Tests bring their own.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub today: NaiveDate,
    /// UTC, RFC 3339.
    pub now: String,
    pub person: String,
    pub host: String,
}

impl Surroundings {
    #[allow(clippy::disallowed_methods, reason = "the one place")]
    pub fn real() -> Self {
        let now = chrono::Utc::now();
        Self {
            today: now.date_naive(),
            now: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            person: first_of(&["CHARGEBACK_PERSON", "USER", "LOGNAME", "USERNAME"]),
            host: hostname::get().map_or_else(|_| "unknown".to_owned(), |name| name.to_string_lossy().into_owned()),
        }
    }

    pub fn invocation(&self) -> Invocation {
        Invocation { today: self.today, now: self.now.clone(), person: self.person.clone(), host: self.host.clone() }
    }

    /// The month before the one that is running: what `--month last` means.
    pub fn last_month(&self) -> Month {
        Month::containing(self.today).previous()
    }
}

fn first_of(variables: &[&str]) -> String {
    let set = |name: &&str| env::var(name).ok().filter(|value| !value.is_empty());
    variables.iter().find_map(set).unwrap_or_default()
}
