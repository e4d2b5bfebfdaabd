//! Copies of the example books in temporary folders, and requests for them.

use chargeback::close::books::NoPlant;
use chargeback::close::{self, Invocation, Outcome, Progress, Request, Stage};
use chargeback::io::fs::Disk;
use chargeback::model::month::Month;
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub struct Books {
    _folder: Option<TempDir>,
    pub path: PathBuf,
}

pub fn golden() -> Books {
    copy_of("tests/closes/golden-september/in")
}

pub fn westmark() -> Books {
    copy_of("examples/westmark")
}

/// The golden month where memory plays the disk, if this computer has such a place: thousands of copies of it are made.
pub fn golden_small() -> Books {
    let memory = Path::new("/dev/shm");
    let temporary = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    copy_to("tests/closes/golden-september/in", temporary.unwrap())
}

pub fn copy_of(folder: &str) -> Books {
    copy_to(folder, TempDir::new().unwrap())
}

fn copy_to(folder: &str, temporary: TempDir) -> Books {
    let path = temporary.path().join("books");
    crate::cmd::copy(&crate::cmd::root().join(folder), &path);
    Books { _folder: Some(temporary), path }
}

pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &str) {}
    fn file(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// A close on the tenth of the following month.
pub fn request(books: &Books, month: &str) -> Request {
    Request {
        books: books.path.clone(),
        month: Month::parse(month).unwrap(),
        until: Stage::Close,
        draft: false,
        dry_run: false,
        accept_unfinal: false,
        allow_empty: Vec::new(),
        threads: 2,
        invocation: Invocation {
            today: NaiveDate::from_ymd_opt(2026, 1, 10).unwrap(),
            now: "2026-01-10T09:00:00Z".to_owned(),
            person: "ann".to_owned(),
            host: "finance-1".to_owned(),
        },
    }
}

impl Books {
    /// Books that another process has made and will remove.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { _folder: None, path: path.into() }
    }

    pub fn run(&self, request: &Request) -> Outcome {
        self.try_run(request).unwrap_or_else(|error| panic!("{error:#}"))
    }

    pub fn try_run(&self, request: &Request) -> anyhow::Result<Outcome> {
        close::run_on(&Disk::real(&self.path), request, &Silent, &NoPlant)
    }

    pub fn told(&self, outcome: &Outcome) -> String {
        outcome.findings.iter().map(|finding| format!("{finding}\n")).collect()
    }

    /// Every file below a folder of the books with its bytes.
    pub fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path.join(folder), folder, &mut files);
        files
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        fs::write(path, bytes).unwrap();
    }
}

fn collect(folder: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = format!("{name}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            collect(&path, &name, files);
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}
