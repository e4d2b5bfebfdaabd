//! One run of a month: the stages in their order, the gates, and the commit.

use super::books::{self, NoPlant, Opened, Plant};
use super::commit::{self, Made};
use super::delivery::{self, Delivered};
use super::outcome::{empty, outcome, rows_read, stage_reports};
use super::outputs::{Kept, Proved};
use super::parts::Stamps;
use super::session::{Session, StageLeft, actor, key, report};
use super::{Outcome, Progress, Request, Stage, StageReport};
use super::{backdated, closed, corrected, gates, late, parts, replay, suspense};
use crate::config::{self, Loaded};
use crate::io::fs::{Disk, DiskError};
use crate::ledger::{Event, Ledger, NamedHash, Object, Options, Settled, Staging, damaged, outputs_folder};
use crate::model::bill::BillLine;
use crate::model::exit::{Exit, Stop};
use crate::model::finding::{Code, Finding};
use crate::model::intake::{Directory, InboxFile};
use crate::model::month::Month;
use crate::model::month_end::{MonthEnd, Normalized, Standing};
use crate::model::settings::Settings;
use crate::model::untrusted::Untrusted;
use anyhow::Result;
use serde::{Deserialize, Serialize};

/// The books on a given disk: the tests bring one that fails, and plant wrong cents.
pub fn run_on(disk: &Disk, request: &Request, progress: &dyn Progress, plant: &dyn Plant) -> Result<Outcome> {
    run_month(disk, request, progress, plant).map_err(as_damage)
}

/// A link or something stranger where only the program writes is no failure of the disk.
fn as_damage(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<DiskError>() {
        Some(refused) if refused.source.raw_os_error().is_none() && is_ours(&refused.path) => {
            damaged(&refused.path, &refused.source).into()
        }
        _ => error,
    }
}

fn is_ours(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    first == "ledger" || first == "out"
}

fn run_month(disk: &Disk, request: &Request, progress: &dyn Progress, plant: &dyn Plant) -> Result<Outcome> {
    if !disk.exists("chargeback.toml") {
        let folder = disk.root().display();
        let message =
            format!("There are no books in {folder}: it has no chargeback.toml. `chargeback init` starts books.");
        return Err(Stop::new(Exit::Usage, message).into());
    }
    let ledger = Ledger::with_threads(disk.clone(), request.threads);
    ledger.books_id()?;
    let _held = if request.dry_run { None } else { Some(ledger.lock(&actor(request))?) };
    let settled = ledger.settled()?;
    if !request.dry_run {
        ledger.recover(&settled, &actor(request))?;
    }
    Run { session: Session { disk, ledger, request, progress }, settled, plant }.month()
}

pub fn run(request: &Request, progress: &dyn Progress) -> Result<Outcome> {
    run_on(&Disk::real(&request.books), request, progress, &NoPlant)
}

struct Run<'a> {
    session: Session<'a>,
    settled: Settled,
    plant: &'a dyn Plant,
}

/// All that decides what a run makes.
pub struct Sources {
    pub loaded: Loaded,
    pub settings: Object,
    pub options: Options,
    pub delivered: Delivered,
    pub stamps: Stamps,
    /// What the close before left to this month.
    pub carried: Option<Object>,
    /// Closed bill lines that its adjustments correct.
    pub corrected: Vec<BillLine>,
}

/// The settings as the stages read them, with what was found about them: kept as one object.
#[derive(Serialize, Deserialize)]
pub struct Configured {
    pub settings: Settings,
    pub findings: Vec<Finding>,
}

/// What normalize left, and the name of the run it belongs to.
struct Charged {
    normalized: Normalized,
    run: String,
    stages: Vec<StageLeft>,
}

impl Run<'_> {
    /// What came of it is told in the log, too, where a commit has not told it.
    fn month(&self) -> Result<Outcome> {
        let request = self.session.request;
        let mut outcome = self.made()?;
        if outcome.state == "open" && self.settled.of(request.month).is_some() {
            outcome.state = "closed".to_owned();
        }
        let is_refused = outcome.exit != Exit::Done && outcome.state != "draft";
        if self.session.writes() && (request.until < Stage::Export || is_refused) {
            let what = if is_refused { "refused".to_owned() } else { format!("{:?}", request.until).to_lowercase() };
            self.session.ledger.audit(&Event::new(&what, request.month, &outcome.run, "", &self.session.actor()))?;
        }
        Ok(outcome)
    }

    fn made(&self) -> Result<Outcome> {
        let request = self.session.request;
        let mut loaded = config::load(self.session.disk)?;
        let of_settings = |finding: &Finding| finding.place.file.raw() == "chargeback.toml";
        if loaded.findings.iter().any(|finding| finding.blocks() && (of_settings(finding) || self.is_hole(finding))) {
            return Ok(self.stopped(loaded.findings));
        }
        let options = self.decide(&mut loaded.settings)?;
        let ledger = &self.session.ledger;
        loaded.findings.extend(backdated::findings(ledger, &self.settled, &loaded.settings, request.month)?);
        let configured = Configured { settings: loaded.settings.clone(), findings: loaded.findings.clone() };
        let settings = self.session.keep_json(&configured)?;
        let stamps = self.stamps()?;
        let (files, found) = delivery::look(&self.session, &loaded.settings.state)?;
        if request.until >= Stage::Export
            && let Some(outcome) = self.done_before(&files, &loaded, &settings, &options)?
        {
            return Ok(outcome);
        }
        let delivered = delivery::deliver(&self.session, &loaded.settings.state, files, found)?;
        let mut reports = vec![delivered.report.clone()];
        let mut findings = loaded.findings.clone();
        findings.extend(delivered.delivery.findings.iter().cloned());
        if request.until == Stage::Ingest {
            return Ok(self.ended(findings, reports));
        }
        let carried = self.settled.left_to(request.month).cloned();
        let corrected = corrected::corrected(&self.session.ledger, &self.settled, &loaded.settings, request.month)?;
        let sources = Sources { loaded, settings, options, delivered, stamps, carried, corrected };
        let charged = self.charge(&sources, &mut reports)?;
        let stages = charged.stages.clone();
        let (mut end, reached) = self.settle(&sources, charged, findings)?;
        reports.extend(stage_reports(&end, reached)?);
        self.ease(&mut end)?;
        if request.until < Stage::Export {
            return self.shown(end, reports);
        }
        if let Some(close) = self.settled.of(request.month) {
            return late::judge(&self.session, close, &sources, end);
        }
        self.publish(&sources, &stages, end, reports)
    }

    fn stamps(&self) -> Result<Stamps> {
        let mut stamps = Stamps::new();
        for entry in self.session.disk.list(&self.session.inbox())? {
            stamps.insert(entry.path.clone(), self.session.disk.stamp(&entry.path)?);
        }
        Ok(stamps)
    }

    /// What the command line decided goes into the settings, and is kept beside them.
    fn decide(&self, settings: &mut Settings) -> Result<Options> {
        let request = self.session.request;
        let known = |name: &String| settings.state.sources.iter().any(|source| &source.folder == name);
        if let Some(unknown) = request.allow_empty.iter().find(|name| !known(name)) {
            let shown = Untrusted::new(unknown.as_str()).for_terminal();
            let sources: Vec<&str> = settings.state.sources.iter().map(|source| source.folder.as_str()).collect();
            let message =
                format!("--allow-empty {shown} names no source. chargeback.toml has: {}.", sources.join(", "));
            return Err(Stop::new(Exit::Usage, message).into());
        }
        for source in &mut settings.state.sources {
            source.allow_empty |= request.allow_empty.contains(&source.folder);
        }
        settings.state.gates.accept_unfinal |= request.accept_unfinal;
        let mut allow_empty = request.allow_empty.clone();
        allow_empty.sort();
        Ok(Options { accept_unfinal: request.accept_unfinal, allow_empty })
    }

    /// A month whose inputs, settings and decisions are those of its close or newest draft is done already.
    fn done_before(
        &self,
        files: &[InboxFile],
        loaded: &Loaded,
        settings: &Object,
        options: &Options,
    ) -> Result<Option<Outcome>> {
        let inputs = delivery::inputs(&self.session.inbox(), files);
        let request = self.session.request;
        if let Some(close) = self.settled.of(request.month) {
            return closed::same(&self.session, close, &inputs, loaded, settings);
        }
        if request.draft || request.until == Stage::Export {
            let decided = Decided { settings, options, carried: self.settled.left_to(request.month) };
            return closed::same_draft(&self.session, &inputs, decided);
        }
        Ok(None)
    }

    fn charge(&self, sources: &Sources, reports: &mut Vec<StageReport>) -> Result<Charged> {
        let delivery = &sources.delivered.delivery;
        let read = parts::normalize(&self.session, &sources.loaded.settings, delivery, &sources.stamps)?;
        let Sources { settings, options, carried, .. } = sources;
        let decided = Decided { settings, options, carried: carried.as_ref() };
        let run = run_id(self.session.request.month, &read.roll_up, &delivery.directory, decided)?;
        let normalized = read.normalized;
        let mut done =
            report(Stage::Normalize, read.unchanged, rows_read(&normalized), normalized.roll_up.len() as u64);
        done.totals = books::cost_totals(&normalized.roll_up, &sources.loaded.settings.state.currency)?;
        reports.push(done);
        let stages = [sources.delivered.left.clone()].into_iter().chain(read.left).collect();
        Ok(Charged { normalized, run, stages })
    }

    fn settle(&self, sources: &Sources, charged: Charged, mut findings: Vec<Finding>) -> Result<(MonthEnd, Stage)> {
        let request = self.session.request;
        findings.extend(gates::needless(&sources.options.allow_empty, request.month, &findings));
        findings.extend(gates::not_over(request.month, request.invocation.today));
        let opened = Opened {
            month: request.month,
            run: charged.run,
            standing: self.standing(),
            settings: sources.loaded.settings.clone(),
            configuration: sources.settings.sha256.clone(),
            directory: sources.delivered.delivery.directory.clone(),
            normalized: charged.normalized,
            carried: replay::carried(&self.session.ledger, sources.carried.as_ref())?,
            corrected: sources.corrected.clone(),
            findings,
        };
        self.session.progress.stage("books");
        let end = books::settle(opened, request.until, self.plant);
        self.session.progress.end();
        end
    }

    fn standing(&self) -> Standing {
        let request = self.session.request;
        if request.until == Stage::Close && !request.draft { Standing::Final } else { Standing::Draft }
    }

    fn ease(&self, end: &mut MonthEnd) -> Result<()> {
        let accept_unfinal = end.settings.state.gates.accept_unfinal;
        gates::ease(&mut end.findings, self.standing() == Standing::Draft, accept_unfinal);
        if self.standing() == Standing::Final && self.settled.of(end.month).is_none() {
            end.findings.extend(closed::out_of_order(&self.session, &self.settled));
        }
        end.findings.extend(suspense::aged(&self.session.ledger, &self.settled, end)?);
        Finding::sort(&mut end.findings);
        end.gates = gates::gates(end);
        Ok(())
    }

    /// Export and close: the outputs where nobody looks first, proved; then one commit.
    fn publish(
        &self,
        sources: &Sources,
        stages: &[StageLeft],
        mut end: MonthEnd,
        mut reports: Vec<StageReport>,
    ) -> Result<Outcome> {
        let is_final = self.standing() == Standing::Final;
        // A close goes through with every gate open; a draft shows what there is, unless a stage could not be run.
        let exit = gates::exit_of(&end.findings, &end.gates);
        let too_wide = end.findings.iter().any(|finding| finding.code == Code::JournalTooWide);
        let hopeless = too_wide || end.bills.lines.is_empty() && exit != Exit::Done;
        if hopeless || (is_final && exit != Exit::Done) {
            return self.shown(end, reports);
        }
        self.session.progress.stage("export");
        let staging = if self.session.writes() {
            Some(self.session.ledger.staging(&outputs_folder(end.month, &end.run, !self.closes()))?)
        } else {
            None
        };
        let nowhere = Proved::default();
        let outputs: &dyn Kept = staging.as_ref().map_or(&nowhere, |staging| staging);
        let published = books::publish(&mut end, self.plant, outputs, self.session.threads())?;
        let mut done = report(Stage::Export, false, end.bills.lines.len() as u64, published.files);
        done.totals = vec![("bytes".to_owned(), published.bytes.to_string())];
        reports.push(done);
        if end.laws.iter().any(|law| !law.passes)
            || (is_final && gates::exit_of(&end.findings, &end.gates) != Exit::Done)
        {
            staging.map_or(Ok(()), Staging::discard)?;
            self.session.progress.end();
            return self.shown(end, reports);
        }
        let outputs = staging.map_or(Ok(Vec::new()), Staging::seal)?;
        self.session.progress.end();
        let mut outcome = outcome(&end, reports)?;
        outcome.run.clone_from(&end.run);
        outcome.exit = gates::exit_of(&end.findings, &end.gates);
        self.commit(sources, stages, &end, outputs, outcome)
    }

    /// Whether this run shuts the month, if nothing stops it.
    fn closes(&self) -> bool {
        self.standing() == Standing::Final && self.session.request.until == Stage::Close
    }

    fn commit(
        &self,
        sources: &Sources,
        stages: &[StageLeft],
        end: &MonthEnd,
        outputs: Vec<NamedHash>,
        mut outcome: Outcome,
    ) -> Result<Outcome> {
        let is_final = self.closes();
        let folder = outputs_folder(end.month, &end.run, !is_final);
        outcome.state = if is_final { "closed" } else { "draft" }.to_owned();
        outcome.outputs = Some(folder.clone());
        outcome.message = match (is_final, self.session.writes()) {
            (true, true) => format!("{} is closed. Close id {}; the outputs are in {folder}.", end.month, end.run),
            (false, true) => format!("The draft of {} is in {folder}. Nothing was posted or closed.", end.month),
            (true, false) => format!("{} would be closed as {}. Nothing was written.", end.month, end.run),
            (false, false) => format!("A draft of {} would be written to {folder}. Nothing was written.", end.month),
        };
        if outcome.exit != Exit::Done {
            outcome.message.push_str(" It cannot be closed as it stands: see the findings.");
        }
        if self.session.writes() {
            let made = Made { sources, stages, end, outcome: &outcome, folder: &folder };
            commit::commit(&self.session, &self.settled, &made, outputs, is_final)?;
        }
        Ok(outcome)
    }

    /// Nothing more was asked for, or nothing more can be done.
    fn shown(&self, mut end: MonthEnd, reports: Vec<StageReport>) -> Result<Outcome> {
        end.gates = gates::gates(&end);
        let mut outcome = outcome(&end, reports)?;
        outcome.exit = gates::exit_of(&end.findings, &[]);
        if self.session.request.until >= Stage::Reconcile {
            outcome.exit = gates::exit_of(&end.findings, &end.gates);
        }
        outcome.message = self.sentence(outcome.exit, &outcome.findings);
        Ok(outcome)
    }

    fn sentence(&self, exit: Exit, findings: &[Finding]) -> String {
        let month = self.session.request.month;
        if exit == Exit::Done {
            let state = if self.settled.of(month).is_some() { "closed" } else { "open" };
            return format!("{month} is {state}; no stage found anything that blocks.");
        }
        let blocking = findings.iter().filter(|finding| finding.blocks()).count();
        let findings = if blocking == 1 { "1 finding blocks".to_owned() } else { format!("{blocking} findings block") };
        if self.settled.of(month).is_some() {
            return format!("{findings} what lies in the books now. {month} is closed, and its close stands.");
        }
        format!("{findings} the close of {month}. Nothing was written.")
    }

    fn ended(&self, mut findings: Vec<Finding>, reports: Vec<StageReport>) -> Outcome {
        Finding::sort(&mut findings);
        let exit = gates::exit_of(&findings, &[]);
        let message = self.sentence(exit, &findings);
        empty(self.session.request, exit, message, findings, reports)
    }

    /// Whether it leaves a hole in the settings: a table, a row or a cell is not there, so a later stage would miss an
    /// agency or a rule and tell of charges what is true of the table. Ingest reads no table.
    fn is_hole(&self, finding: &Finding) -> bool {
        const JUDGED: std::ops::RangeInclusive<u16> = 400..=799;
        self.session.request.until > Stage::Ingest && !JUDGED.contains(&finding.code.number())
    }

    /// Only what is wrong with the settings is told: everything else could follow from it.
    fn stopped(&self, findings: Vec<Finding>) -> Outcome {
        let mut outcome = self.ended(findings, Vec::new());
        let month = self.session.request.month;
        outcome.message.push_str(&format!(" {month} was not read, because the settings cannot be."));
        outcome
    }
}

/// What decides a run beside its charges and their owners.
#[derive(Clone, Copy)]
pub struct Decided<'a> {
    pub settings: &'a Object,
    pub options: &'a Options,
    pub carried: Option<&'a Object>,
}

/// The name of a run, and the id of a close: charges, owners, settings, decisions and rules decide it. How the files were
/// packed and in which order their rows stood does not.
pub fn run_id(month: Month, roll_up: &Object, directory: &Directory, decided: Decided<'_>) -> Result<String> {
    let Decided { settings, options, carried } = decided;
    let (owners, options) = (serde_json::to_string(&owners(directory))?, serde_json::to_string(options)?);
    let month = month.to_string();
    let mut parts = vec![month.as_str(), &roll_up.sha256, &owners, &settings.sha256, &options];
    parts.extend(carried.map(|object| object.sha256.as_str()));
    let run = key("run", &parts);
    Ok(run[..12].to_owned())
}

/// What the tables say about owners, without the file and row where they say it.
fn owners(directory: &Directory) -> Directory {
    let mut owners = directory.clone();
    let Directory { accounts, resources, people, .. } = &mut owners;
    for entry in accounts.values_mut().chain(resources.values_mut()).chain(people.values_mut()) {
        entry.file.clear();
        entry.row = 0;
    }
    owners
}
