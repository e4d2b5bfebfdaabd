//! The verb `verify-template`.

use super::arguments::Global;
use super::console::Console;
use crate::close;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;

/// Show the layout that a journal feed for an ERP has, column by column, to compare with the ERP's own specification
///
/// Without a name it lists the templates that come with the program. A name is one of these, or a file. What has not been
/// checked in a published source is marked "confirm with your controller".
#[derive(Debug, Args)]
pub struct VerifyTemplate {
    /// A template that comes with the program, or a file
    #[arg(value_name = "TEMPLATE")]
    template: Option<String>,
    /// Print the template itself, to be kept in erp/ of the books and fitted to the site
    #[arg(long)]
    print: bool,
}

impl VerifyTemplate {
    pub fn run(&self, _: &Global, console: &mut Console<'_>) -> Result<Exit> {
        let Some(name) = &self.template else {
            let lines: Vec<String> =
                close::erp_templates().iter().map(|(id, title)| format!("{id:<20} {title}")).collect();
            console.result(&lines.join("\n"))?;
            return Ok(Exit::Done);
        };
        let shown = close::erp_template(name)?;
        if !shown.findings.is_empty() {
            for finding in &shown.findings {
                console.hint(&finding.to_string())?;
            }
            return Ok(Exit::Usage);
        }
        console.result(if self.print { shown.text.trim_end() } else { shown.ruler.trim_end() })?;
        Ok(Exit::Done)
    }
}
