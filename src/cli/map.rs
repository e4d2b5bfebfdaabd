//! The verb `map`.

use super::arguments::{Format, Global};
use super::console::Console;
use super::render;
use crate::close::{self, MapProposal};
use crate::model::exit::Exit;
use crate::model::finding::Finding;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Propose a mapping for a file of no known format: which column means what
///
/// Prints a mapping to save in mappings/ of the books; what it found, its first rows and control totals go to standard
/// error. Needs no books.
#[derive(Debug, Args)]
pub struct Map {
    /// A CSV or text file, packed or not, or a workbook
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Map {
    pub fn run(&self, global: &Global, console: &mut Console<'_>) -> Result<Exit> {
        let proposal = close::map(&self.file)?;
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.mapping/1", &proposal)?)?,
            Format::Csv => {
                let rows: Vec<Vec<String>> =
                    proposal.columns.iter().map(|(key, column)| vec![key.clone(), column.clone()]).collect();
                console.result(&render::csv(&["key", "column"], &rows)?)?;
            }
            Format::Text => text(&proposal, console)?,
        }
        if global.format != Format::Json {
            render::findings(&proposal.findings, console)?;
        }
        let unreadable = proposal.toml.is_empty() || proposal.findings.iter().any(Finding::blocks);
        Ok(if unreadable { Exit::Blocked } else { Exit::Done })
    }
}

fn text(proposal: &MapProposal, console: &mut Console<'_>) -> Result<()> {
    if proposal.toml.is_empty() {
        return Ok(());
    }
    let mut comments =
        format!("# Proposed for {}. Read it before you save it as mappings/<name>.toml.\n", proposal.file);
    for missing in &proposal.missing {
        comments.push_str(&format!("#   {missing}\n"));
    }
    if !proposal.unread.is_empty() {
        comments.push_str(&format!(
            "# Columns that nobody reads: {}\n",
            proposal.unread.join(", ").replace(['\n', '\r'], " ")
        ));
    }
    console.result(&format!("{comments}\n{}", proposal.toml))?;
    if let Some(first) = proposal.first_rows.first() {
        let header: Vec<&str> = first.iter().map(|(key, _)| key.as_str()).collect();
        let rows: Vec<Vec<String>> = proposal
            .first_rows
            .iter()
            .map(|row| row.iter().map(|(_, text)| text.chars().take(40).collect()).collect())
            .collect();
        console.hint(&render::table(&header, "", &rows))?;
    }
    for (currency, total) in &proposal.totals {
        let currency = if currency.is_empty() { "of no currency" } else { currency };
        console.hint(&format!("Total {total} {currency} in {} rows.", proposal.rows))?;
    }
    if proposal.rows_without_amount > 0 {
        console.hint(&format!("{} rows have no amount that can be read.", proposal.rows_without_amount))?;
    }
    if !proposal.month.is_empty() && proposal.month != "2000-01" {
        let message =
            format!("Of {} rows {} would be charges of {}.", proposal.rows, proposal.rows_accepted, proposal.month);
        console.hint(&message)?;
    }
    Ok(())
}
