//! The verb `query`.

use super::arguments::{Format, Global, MonthArgument};
use super::clock::Surroundings;
use super::console::Console;
use super::render;
use crate::close;
use crate::frame::query::Answer;
use crate::model::exit::Exit;
use crate::model::untrusted::Untrusted;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Ask a month's tables in SQL: charges, roll-up, bills, funding, pools, journals, invoices
///
/// Of the month as it was closed, or else of its newest draft; nothing is written but what is asked for, and nothing but one SELECT is
/// answered. Without a question it says which tables and columns there are. Sums of amounts are exact decimals.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  chargeback query --month 2025-06 \"select agency, sum(amount) as due from lines where mode = 'chargeback' group by agency order by due desc\""
)]
pub struct Query {
    #[command(flatten)]
    month: MonthArgument,
    /// The question
    #[arg(value_name = "SQL")]
    sql: Option<String>,
    /// Write the answer as a workbook, too
    #[arg(long, value_name = "FILE", requires = "sql")]
    xlsx: Option<PathBuf>,
}

impl Query {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        let (books, month) = (global.books()?, self.month.resolve(surroundings));
        let answer = match &self.sql {
            Some(sql) => close::query(&books, month, sql)?,
            None => told(&close::queried_tables(&books, month)?),
        };
        let header: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.query/1", &answer)?)?,
            Format::Csv => console.result(&render::csv(&header, &rows(&answer, true))?)?,
            Format::Text => {
                let is_number = |kind: &str| matches!(kind, "amount" | "number");
                let align: String =
                    answer.columns.iter().map(|column| if is_number(column.kind) { 'r' } else { 'l' }).collect();
                console.result(&render::table(&header, &align, &rows(&answer, false)))?;
            }
        }
        if let Some(file) = &self.xlsx {
            close::write_answer(&answer, month, file)?;
            console.hint(&format!("Written: {}.", file.display()))?;
        }
        Ok(Exit::Done)
    }
}

/// Tables and their columns, as an answer of its own.
fn told(tables: &[close::TableColumns]) -> Answer {
    let named = |name: &str| crate::frame::query::AnswerColumn { name: name.to_owned(), kind: "text" };
    let rows = tables.iter().flat_map(|table| {
        let cells = |column: &crate::frame::query::AnswerColumn| {
            vec![
                Some(table.name.to_owned()),
                Some(column.name.clone()),
                Some(column.kind.to_owned()),
                Some(table.about.to_owned()),
            ]
        };
        table.columns.iter().map(cells).collect::<Vec<_>>()
    });
    Answer { columns: ["table", "column", "kind", "the table holds"].map(named).into(), rows: rows.collect() }
}

fn rows(answer: &Answer, for_spreadsheet: bool) -> Vec<Vec<String>> {
    let shown = |(cell, kind): (&Option<String>, &str)| match cell {
        Some(text) if for_spreadsheet && kind == "text" => Untrusted::new(text.as_str()).for_human_csv(),
        Some(text) => text.clone(),
        None => String::new(),
    };
    let kinds: Vec<&str> = answer.columns.iter().map(|column| column.kind).collect();
    answer.rows.iter().map(|row| row.iter().zip(kinds.iter().copied()).map(shown).collect()).collect()
}
