//! The end of a run: outputs are staged, the record is committed, and the folder appears in `out/` by one rename.

use super::audit::Event;
use super::objects::json;
use super::record::{Close, CloseBody, Settled, draft_pointer};
use super::{Actor, Ledger, STAGING};
use crate::model::month::Month;
use anyhow::Result;

/// The prefix of a draft's folder in `out/<month>/`.
const DRAFT: &str = "draft-";

/// Where the outputs of a run stand once it is done.
pub fn outputs_folder(month: Month, run: &str, draft: bool) -> String {
    let prefix = if draft { DRAFT } else { "" };
    format!("out/{month}/{prefix}{run}")
}

pub(super) fn staged(folder: &str) -> String {
    format!("{STAGING}/{}", folder.rsplit('/').next().unwrap_or(folder))
}

/// Whether outputs are on disk as a record lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    Whole,
    Absent,
    /// These files are missing, and all others are as they were written.
    Incomplete(Vec<String>),
    /// These files are not as they were written, or nobody wrote them.
    Altered(Vec<String>),
}

impl Ledger {
    /// Moves staged outputs to their place.
    fn publish(&self, folder: &str) -> Result<()> {
        let parent = folder.rsplit_once('/').map_or("out", |(parent, _)| parent);
        self.disk().make_dir(parent)?;
        self.disk().remove(folder)?;
        self.disk().rename(&staged(folder), folder)?;
        self.disk().sync_dir(parent)?;
        Ok(self.disk().sync_dir(STAGING)?)
    }

    /// Compares what is in a folder of `out/` with what a record says: hashes, nothing missing, nothing more.
    pub fn published(&self, body: &CloseBody) -> Result<Published> {
        let folder = &body.outputs_folder;
        if !self.disk().exists(folder) {
            return Ok(Published::Absent);
        }
        let odd = super::verify::compare_outputs(self, body)?;
        let paths = |missing: bool| -> Vec<String> {
            odd.iter().filter(|output| output.missing == missing).map(|output| output.path.clone()).collect()
        };
        let (missing, altered) = (paths(true), paths(false));
        Ok(match (missing.is_empty(), altered.is_empty()) {
            (true, true) => Published::Whole,
            (false, true) => Published::Incomplete(missing),
            (_, false) => Published::Altered(altered),
        })
    }

    /// Commits a close: record, HEAD, outputs. Before HEAD moves nothing has happened; after it the next run can finish.
    pub fn commit_close(&self, body: &CloseBody, actor: &Actor) -> Result<Close> {
        let announced = Event::new("close-begins", body.month, &body.run, &body.previous, actor);
        let audit = self.audit(&announced)?;
        let close = self.attest(body, &audit, actor)?;
        self.move_head(&close)?;
        self.finish_close(&close, actor)?;
        Ok(close)
    }

    fn finish_close(&self, close: &Close, actor: &Actor) -> Result<()> {
        if !self.disk().exists(&close.body.outputs_folder) {
            self.publish(&close.body.outputs_folder)?;
        }
        self.audit(&Event::new("closed", close.body.month, &close.body.run, &close.id, actor))?;
        self.remove_draft(close.body.month)
    }

    /// Puts the outputs of a closed month back: made again, and equal to what its record says.
    pub fn republish(&self, close: &Close, actor: &Actor) -> Result<()> {
        self.publish(&close.body.outputs_folder)?;
        self.audit(&Event::new("outputs-rebuilt", close.body.month, &close.body.run, &close.id, actor))?;
        Ok(())
    }

    /// Makes a draft the newest of its month; the one before goes.
    pub fn commit_draft(&self, body: &CloseBody, actor: &Actor) -> Result<()> {
        self.audit(&Event::new("draft", body.month, &body.run, "", actor))?;
        let object = self.put(&json(body)?)?;
        let pointer = draft_pointer(body.month);
        self.publish(&body.outputs_folder)?;
        self.disk().write(&pointer, format!("{}\n", object.sha256).as_bytes())?;
        self.sweep_drafts(body.month, Some(&body.outputs_folder))
    }

    fn remove_draft(&self, month: Month) -> Result<()> {
        let pointer = draft_pointer(month);
        if self.disk().exists(&pointer) {
            self.disk().remove(&pointer)?;
            self.disk().sync_dir("ledger/drafts")?;
        }
        self.sweep_drafts(month, None)
    }

    fn sweep_drafts(&self, month: Month, keep: Option<&str>) -> Result<()> {
        for name in self.disk().folders(&format!("out/{month}"))? {
            let folder = format!("out/{month}/{name}");
            if name.starts_with(DRAFT) && Some(folder.as_str()) != keep {
                self.disk().remove(&folder)?;
            }
        }
        Ok(())
    }

    /// Brings the disk to the state HEAD speaks of, whatever a dead run left. Only under the lock.
    pub fn recover(&self, settled: &Settled, actor: &Actor) -> Result<()> {
        let head = settled.head();
        let unfinished = head.filter(|close| !self.disk().exists(&close.body.outputs_folder));
        let keep = unfinished.map(|close| staged(&close.body.outputs_folder));
        self.sweep(keep.as_deref().and_then(|path| path.rsplit('/').next()))?;
        let log = self.audit_log()?;
        if log.torn {
            self.disk().truncate(super::audit::AUDIT, log.whole_bytes)?;
        }
        if let Some(close) = head.filter(|close| !log.tells("closed", &close.id)) {
            let staged = staged(&close.body.outputs_folder);
            if self.disk().exists(&close.body.outputs_folder) || self.disk().exists(&staged) {
                self.finish_close(close, actor)?;
            } else {
                self.audit(&Event::new("closed", close.body.month, &close.body.run, &close.id, actor))?;
                self.remove_draft(close.body.month)?;
            }
        }
        for month in self.disk().folders("out")? {
            if let Ok(month) = Month::parse(&month) {
                let keep = self.draft(month)?.map(|(_, body)| body.outputs_folder);
                self.sweep_drafts(month, keep.as_deref())?;
            }
        }
        Ok(())
    }
}
