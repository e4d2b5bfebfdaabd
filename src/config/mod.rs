//! The books' tables and settings: reads them, checks every cell, every row and what they say about each other, and tells
//! all that is wrong at once. What comes out is `model::settings::Settings`, and nobody else reads a configuration file.

mod adjustments;
mod agencies;
mod chart;
pub mod check;
pub mod columns;
mod conflicts;
mod credits;
pub mod demo;
pub mod erp;
mod exchange;
pub mod folder;
mod funding;
pub mod invoices;
mod layers;
mod log_prices;
pub mod mapping_text;
pub mod mappings;
mod near;
mod pool_order;
mod pools;
mod rate_cards;
mod rate_table;
mod references;
mod services;
pub mod sheet;
mod subsidies;
pub mod tables;
pub mod templates;
mod terms;
mod toml_file;

pub use check::check;
pub use folder::{demo_in, init_in};
pub use templates::init;

use crate::io::fs::{Disk, DiskError, EntryKind};
use crate::model::erp::Template;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::mapping::Mapping;
use crate::model::settings::{Settings, State};
use columns::Table;
use layers::Layers;
use near::nearest;
use sha2::{Digest, Sha256};
use sheet::Sheet;
use tables::TABLES;

/// The configuration of the books, what it was read from and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// What could be built; complete only when no finding blocks.
    pub settings: Settings,
    /// Every file that was read, with the SHA-256 of its bytes, sorted by path.
    pub files: Vec<(String, String)>,
    pub findings: Vec<Finding>,
}

/// Reads and checks the configuration. Fails only when the disk does: whatever the files say is a finding.
pub fn load(disk: &Disk) -> Result<Loaded, DiskError> {
    load_layers(Layers { books: disk, over: None })
}

/// The same with a folder over the books: each of its files counts instead of the one of its path.
pub fn load_with(disk: &Disk, over: &Disk) -> Result<Loaded, DiskError> {
    load_layers(Layers { books: disk, over: Some(over) })
}

fn load_layers(disk: Layers<'_>) -> Result<Loaded, DiskError> {
    let mut reading = Reading { disk, files: Vec::new(), findings: Vec::new() };
    let mut sheets = Sheets(Vec::new());
    let mut state = reading.state()?;
    let mappings = reading.mappings()?;
    let erp = reading.erp()?;
    if let Some(state) = &mut state {
        state.mappings = mappings;
    }
    for table in TABLES {
        let mut sheet = Sheet::new(table);
        reading.table(&mut sheet)?;
        sheet.check_key(&mut reading.findings);
        sheets.0.push(sheet);
    }
    reading.unread()?;
    let mut findings = reading.findings;
    references::check(&mut sheets, state.as_ref(), &mut findings);
    let mut settings = build(&sheets, state.unwrap_or_default(), &mut findings);
    settings.erp = erp;
    funding::complete(&mut settings);
    conflicts::check(&settings, &sheets, &mut findings);
    pool_order::check(&settings, &mut findings);
    Finding::sort(&mut findings);
    reading.files.sort();
    Ok(Loaded { settings, files: reading.files, findings })
}

/// All tables, as read.
struct Sheets(Vec<Sheet>);

impl Sheets {
    fn of(&self, table: &Table) -> &Sheet {
        self.0.iter().find(|sheet| sheet.table.path == table.path).expect("every table has its sheet")
    }
}

fn build(sheets: &Sheets, state: State, findings: &mut Vec<Finding>) -> Settings {
    let currency = state.currency.clone();
    let exchange = exchange::rates(sheets.of(tables::EXCHANGE), &currency, findings);
    let (drivers, pool_drivers) = pools::drivers(sheets.of(tables::DRIVERS), findings);
    Settings {
        state,
        agencies: agencies::agencies(sheets.of(tables::AGENCIES)),
        owner_rules: agencies::owner_rules(sheets.of(tables::OWNERS), findings),
        services: services::services(sheets.of(tables::SERVICES), findings),
        rate_cards: rate_cards::rate_cards(sheets.of(tables::RATES), findings),
        pools: pools::pools(sheets.of(tables::POOLS), findings),
        drivers,
        pool_drivers,
        modes: services::modes(sheets.of(tables::MODES), findings),
        funding: funding::rules(sheets.of(tables::FUNDING), sheets.of(tables::FUNDS)),
        funds: chart::funds(sheets.of(tables::FUNDS)),
        account_roles: chart::account_roles(sheets.of(tables::ACCOUNTS)),
        code_values: chart::code_values(sheets.of(tables::CODE_VALUES)),
        budgets: chart::budgets(sheets.of(tables::BUDGETS)),
        invoices: invoices::invoices(sheets.of(tables::INVOICES), &currency, &exchange, findings),
        quarantine: chart::quarantine(sheets.of(tables::QUARANTINE)),
        exchange,
        counters: Vec::new(),
        subsidies: subsidies::subsidies(sheets.of(tables::SUBSIDIES), findings),
        subsidised: Vec::new(),
        credits: credits::grants(sheets.of(tables::CREDITS), findings),
        credits_gone: Vec::new(),
        log_prices: log_prices::log_prices(sheets.of(tables::LOG_PRICES), findings),
        adjustments: adjustments::adjustments(sheets.of(tables::ADJUSTMENTS), sheets.of(tables::AGENCIES), findings),
        settlements: adjustments::settlements(sheets.of(tables::SETTLEMENTS), findings),
        erp: Vec::new(),
    }
}

struct Reading<'a> {
    disk: Layers<'a>,
    files: Vec<(String, String)>,
    findings: Vec<Finding>,
}

impl Reading<'_> {
    /// `chargeback.toml`; none when it is absent or unreadable.
    fn state(&mut self) -> Result<Option<State>, DiskError> {
        let Some(bytes) = self.read(toml_file::FILE)? else {
            let why = "It names the state, its fund and what is expected in the inbox.";
            let fix = "Start from what `chargeback init` writes.";
            self.findings.push(Finding::new(Code::SettingInvalid, Place::file(toml_file::FILE), why, fix));
            return Ok(None);
        };
        let (state, findings) = toml_file::state(&bytes);
        self.findings.extend(findings);
        Ok(state)
    }

    /// `mappings/*.toml`, in the order of their names.
    fn mappings(&mut self) -> Result<Vec<Mapping>, DiskError> {
        let mut found = Vec::new();
        for (path, bytes) in self.toml_files(mappings::FOLDER, "mappings")? {
            let (mapping, findings) = mappings::mapping(&path, &bytes);
            self.findings.extend(findings);
            found.extend(mapping);
        }
        self.findings.extend(mappings::conflicts(&found));
        Ok(found)
    }

    /// `erp/*.toml`, in the order of their names.
    fn erp(&mut self) -> Result<Vec<Template>, DiskError> {
        let mut found = Vec::new();
        for (path, bytes) in self.toml_files(erp::FOLDER, "templates of feeds")? {
            let (template, findings) = erp::template(&path, &bytes);
            self.findings.extend(findings);
            found.extend(template);
        }
        self.findings.extend(erp::conflicts(&found));
        Ok(found)
    }

    /// Path and bytes of the files of a folder that holds nothing but one kind of TOML.
    fn toml_files(&mut self, folder: &str, what: &str) -> Result<Vec<(String, Vec<u8>)>, DiskError> {
        let mut found = Vec::new();
        for entry in self.disk.list(folder)? {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            if name.starts_with(['.', '~']) || name.ends_with(".md") {
                continue;
            }
            if entry.kind != EntryKind::File || !name.ends_with(".toml") {
                let why = format!("Only {what} are read from {folder}/, and their names end in .toml.");
                let fix = "Give it that ending if it is one, or move it elsewhere.";
                self.findings.push(Finding::new(Code::FileUnused, Place::file(entry.path), why, fix));
                continue;
            }
            if let Some(bytes) = self.read(&entry.path)? {
                found.push((entry.path, bytes));
            }
        }
        Ok(found)
    }

    fn table(&mut self, sheet: &mut Sheet) -> Result<(), DiskError> {
        let table = sheet.table;
        let Some(folder) = table.path.strip_suffix('/') else {
            match self.read(table.path)? {
                Some(bytes) => sheet.read(table.path, &bytes, &mut self.findings),
                None if table.needed => self.missing(table, table.path),
                None => {}
            }
            return Ok(());
        };
        let mut any = false;
        for entry in self.disk.list(folder)? {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            // Funds have a table of their own; what begins with a point belongs to editors and sync clients.
            if entry.path == tables::FUNDS.path || name.starts_with(['.', '~']) {
                continue;
            }
            let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
            let may_be_workbook = [tables::INVOICES.path, tables::DRIVERS.path].contains(&table.path);
            let workbook = may_be_workbook && matches!(ending.as_str(), "xlsx" | "xlsb");
            if entry.kind != EntryKind::File || !(ending == "csv" || workbook) {
                if ending != "md" {
                    let why = format!("Only tables are read from {}.", table.path);
                    let fix = "Save it as CSV, or move it elsewhere.";
                    self.findings.push(Finding::new(Code::FileUnused, Place::file(entry.path), why, fix));
                }
                continue;
            }
            any = true;
            let Some(bytes) = self.read(&entry.path)? else { continue };
            if workbook {
                invoices::read_workbook(sheet, &entry.path, bytes, &mut self.findings);
            } else {
                sheet.read(&entry.path, &bytes, &mut self.findings);
            }
        }
        if table.needed && !any {
            self.missing(table, &format!("{}*.csv", table.path));
        }
        Ok(())
    }

    /// Tables beside the others that nobody reads. One whose name is nearly right would be missed in silence.
    fn unread(&mut self) -> Result<(), DiskError> {
        for entry in self.disk.files("")? {
            let known = TABLES.iter().map(|table| table.path);
            if !entry.path.ends_with(".csv")
                || entry.path.starts_with('.')
                || known.clone().any(|path| path == entry.path)
            {
                continue;
            }
            let why = "No table of this name is read.";
            let place = Place::file(entry.path.clone());
            let near = nearest(&entry.path, known.filter(|path| path.ends_with(".csv")));
            self.findings.push(match near {
                Some(near) => {
                    let fix = format!("Did you mean {near}? Otherwise move the file elsewhere.");
                    Finding { severity: Severity::Blocks, ..Finding::new(Code::FileUnused, place, why, fix) }
                }
                None => Finding::new(Code::FileUnused, place, why, "Nothing, if that is meant."),
            });
        }
        Ok(())
    }

    fn missing(&mut self, table: &Table, path: &str) {
        let why = format!("The table is missing. It holds this: {}", table.about);
        let fix = "Start from what `chargeback init` writes.";
        self.findings.push(Finding::new(Code::TableUnreadable, Place::file(path), why, fix));
    }

    /// The bytes of a file and its hash on the list; none where it does not exist or cannot be a table.
    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
        if !self.disk.exists(path) {
            return Ok(None);
        }
        if self.disk.size(path)? > sheet::LARGEST {
            let why = "It is larger than 64 MB: no hand-made table is.";
            let fix = "Put vendors' exports into inbox/, and keep the table here.";
            self.findings.push(Finding::new(Code::FileTooLarge, Place::file(path), why, fix));
            return Ok(None);
        }
        let bytes = self.disk.read(path)?;
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        self.files.push((path.to_owned(), digest));
        Ok(Some(bytes))
    }
}
