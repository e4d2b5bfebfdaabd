//! The verb `check`.

use super::arguments::{Format, Global};
use super::console::Console;
use super::render;
use crate::close;
use crate::model::exit::Exit;
use crate::model::finding::Finding;
use anyhow::Result;
use clap::Args;

/// Check the settings and tables of the books, without reading a month
///
/// Reports every mistake at once: unknown names, overlapping dates, shares and funding that do not add up to 100 percent.
#[derive(Debug, Args)]
pub struct Check {}

impl Check {
    pub fn run(&self, global: &Global, console: &mut Console<'_>) -> Result<Exit> {
        let mut findings = close::check(&global.books()?)?;
        Finding::sort(&mut findings);
        let blocking = findings.iter().filter(|finding| finding.blocks()).count();
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.findings/1", &findings)?)?,
            Format::Csv => console.result(&render::findings_csv(&findings)?)?,
            Format::Text => render::findings(&findings, console)?,
        }
        if blocking > 0 {
            console.message(&format!(
                "The books cannot be used: {}.",
                render::count(blocking, "finding blocks", "findings block")
            ))?;
            return Ok(Exit::Usage);
        }
        if global.format == Format::Text {
            console.hint(match findings.len() {
                0 => "The settings and tables of these books are sound.",
                _ => "The books can be used; look at what is said above.",
            })?;
        }
        Ok(Exit::Done)
    }
}
