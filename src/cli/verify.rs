//! The verb `verify`.

use super::arguments::{Format, Global};
use super::console::{Console, Emphasis};
use super::render;
use crate::close;
use crate::model::exit::Exit;
use crate::model::finding::{Code, Finding};
use anyhow::Result;
use clap::Args;

/// Prove that no closed month, bill or journal has been altered
///
/// Hashes every file of the ledger and of the outputs and follows the chain of close records. What somebody removed
/// together with its record is found only by --expect: the close id is printed on every bill and by every close.
#[derive(Debug, Args)]
pub struct Verify {
    /// Compare records, names and sizes only; do not hash what they name
    #[arg(long)]
    quick: bool,
    /// A close id from a bill or a cron mail that must be in these books
    #[arg(long, value_name = "ID")]
    expect: Option<String>,
}

impl Verify {
    pub fn run(&self, global: &Global, console: &mut Console<'_>) -> Result<Exit> {
        let mut findings = close::verify(&global.books()?, self.quick, self.expect.as_deref())?;
        Finding::sort(&mut findings);
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.findings/1", &findings)?)?,
            Format::Csv => console.result(&render::findings_csv(&findings)?)?,
            Format::Text => render::findings(&findings, console)?,
        }
        if findings.iter().any(Finding::blocks) {
            let told = if findings.iter().all(|finding| finding.code == Code::OutputAltered) {
                ": outputs are not as they were written. The ledger can make them again: see above."
            } else {
                ": these books are not as they were closed. Restore the files named above from a copy."
            };
            console.emphasized(Emphasis::Bad, "altered", told)?;
            return Ok(Exit::Integrity);
        }
        if global.format == Format::Text && !console.is_quiet() {
            console.result("Nothing has been altered.")?;
        }
        Ok(Exit::Done)
    }
}
