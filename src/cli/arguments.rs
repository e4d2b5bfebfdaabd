//! Arguments that several verbs share, and how they are read.

use super::clock::Surroundings;
use crate::model::exit::{Exit, Stop};
use crate::model::month::Month;
use clap::{Args, ValueEnum};
use std::env;
use std::path::{Path, PathBuf};
use std::thread;

/// The file by which a folder is known to be books.
pub const SETTINGS: &str = "chargeback.toml";

#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// The books to work on; without it, the nearest folder upward that has a chargeback.toml
    #[arg(
        short = 'C',
        long = "books",
        value_name = "DIR",
        global = true,
        env = "CHARGEBACK_BOOKS",
        hide_env_values = true
    )]
    books: Option<PathBuf>,
    /// How results are written to standard output
    #[arg(long, value_enum, default_value_t, global = true, env = "CHARGEBACK_FORMAT", hide_env_values = true)]
    pub format: Format,
    /// Print only what blocks: no results, hints or progress
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Threads to use; the results are the same with any number [default: all cores]
    #[arg(long, value_name = "N", global = true, env = "CHARGEBACK_THREADS", hide_env_values = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// Everything there is to say, findings included
    Json,
    /// The table of the answer, for a spreadsheet
    Csv,
}

/// A month as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonthChoice {
    Given(Month),
    Last,
}

impl MonthChoice {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "last" => Ok(Self::Last),
            other => Month::parse(other).map(Self::Given).map_err(|refusal| refusal.to_string()),
        }
    }

    pub fn resolve(self, surroundings: &Surroundings) -> Month {
        match self {
            Self::Given(month) => month,
            Self::Last => surroundings.last_month(),
        }
    }
}

#[derive(Debug, Args)]
pub struct MonthArgument {
    /// The month, as in 2025-06; `last` is the one before the current
    #[arg(long, value_name = "YYYY-MM", value_parser = MonthChoice::parse)]
    month: MonthChoice,
}

impl MonthArgument {
    pub fn resolve(&self, surroundings: &Surroundings) -> Month {
        self.month.resolve(surroundings)
    }
}

#[derive(Debug, Args)]
pub struct OptionalMonth {
    /// One month, as in 2025-06; without it, all there are
    #[arg(long, value_name = "YYYY-MM", value_parser = MonthChoice::parse)]
    month: Option<MonthChoice>,
}

impl OptionalMonth {
    pub fn resolve(&self, surroundings: &Surroundings) -> Option<Month> {
        self.month.map(|month| month.resolve(surroundings))
    }
}

impl Global {
    /// The folder of the books: as given, or found upward from where the command runs.
    pub fn books(&self) -> Result<PathBuf, Stop> {
        match &self.books {
            Some(given) => {
                are_books(given).then(|| given.clone()).ok_or_else(|| not_books(&format!("in {}", given.display())))
            }
            None => {
                let here = env::current_dir().map_err(|error| Stop::new(Exit::Disk, error.to_string()))?;
                let found = here.ancestors().find(|folder| are_books(folder)).map(Path::to_owned);
                found.ok_or_else(|| not_books("here, nor in a folder above"))
            }
        }
    }

    /// The folder of the books, for a verb that needs none: only as given.
    pub fn books_if_given(&self) -> Result<Option<PathBuf>, Stop> {
        self.books.as_ref().map(|_| self.books()).transpose()
    }

    pub fn threads(&self) -> usize {
        let all = || thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(all, usize::from)
    }
}

fn are_books(folder: &Path) -> bool {
    folder.join(SETTINGS).is_file()
}

fn not_books(place: &str) -> Stop {
    let message = format!(
        "there are no books {place}: no {SETTINGS}. Name them with -C DIR, start new ones with `chargeback init DIR`, or \
         look at an example with `chargeback demo DIR`"
    );
    Stop::new(Exit::Usage, message)
}
