//! An agency's statement as one page: for reading, on any screen and on paper, without a network.
//!
//! Every value goes through the escaping of the template. The page's own policy lets nothing in from anywhere and lets run
//! only the script whose hash it names, so a text of a vendor's file stays a text. It is read without scripts; with them,
//! lines can be looked through.

use super::outputs::Written;
use super::read_back::{Figures, compare};
use super::statement::{Statement, account_string};
use super::statement_page::{Page, charged, credits};
use super::statement_people::people;
use crate::model::money::Money;
use crate::model::month::Month;
use crate::model::proof::LawResult;
use anyhow::ensure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use sha2::{Digest, Sha256};
use std::io::Write;

const TEMPLATE: &str = include_str!("pages/statement.html");
const STYLE: &str = include_str!("pages/statement.css");
const SCRIPT: &str = include_str!("pages/statement.js");
/// Names the figure that an element shows.
const FIGURE: &str = "data-figure";

pub(super) fn path(statement: &Statement<'_>) -> String {
    statement.path("statement", "html")
}

pub(super) fn write(statement: &Statement<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The ending of the name turns escaping on.
    environment.add_template("statement.html", TEMPLATE)?;
    let template = environment.get_template("statement.html")?;
    let page = Page::of(statement)?;
    let safe = |text: &str| Value::from_safe_string(text.to_owned());
    let frame = context! { style => safe(STYLE), script => safe(SCRIPT), policy => policy() };
    let text = template.render(context! { ..Value::from(Serde(&page)), ..frame })?;
    Ok(out.write_all(text.as_bytes())?)
}

/// Nothing from any server, no other style and no other script than these.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

pub(super) fn read_back(statement: &Statement<'_>, written: &Written<'_>) -> LawResult {
    let path = path(statement);
    compare(&path, written.text(&path).and_then(|page| read(&page)), in_ledger(statement))
}

/// Every element that names a figure, with the text a reader sees in it.
fn read(page: &str) -> anyhow::Result<Figures> {
    let mut reader = Reader::from_str(page);
    reader.config_mut().check_end_names = true;
    let mut figures = Figures::default();
    let mut open: Option<(String, String)> = None;
    loop {
        match reader.read_event()? {
            Event::Start(element) => {
                ensure!(open.is_none(), "a figure has an element inside");
                open = figure_of(&element)?.map(|name| (name, String::new()));
            }
            Event::Text(text) => {
                if let Some((_, shown)) = &mut open {
                    shown.push_str(&text);
                }
            }
            Event::End(_) => {
                if let Some((name, shown)) = open.take() {
                    figures.add_text(name, &plain(&shown))?;
                }
            }
            Event::Eof => return Ok(figures),
            _ => {}
        }
    }
}

fn figure_of(element: &BytesStart<'_>) -> anyhow::Result<Option<String>> {
    let Some(attribute) = element.try_get_attribute(FIGURE)? else { return Ok(None) };
    Ok(Some(quick_xml::escape::unescape(&attribute.value)?.into_owned()))
}

/// `(1,234.56)` as `-1234.56`.
fn plain(shown: &str) -> String {
    let digits: String = shown.trim().chars().filter(|character| !matches!(character, ',' | '(' | ')')).collect();
    if shown.contains('(') { format!("-{digits}") } else { digits }
}

fn in_ledger(statement: &Statement<'_>) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let due = statement.amount_due()?;
    let shown = Money::total(statement.informing().map(|line| line.amount))?;
    figures.add_money("due", due)?;
    figures.add_money("shown", shown)?;
    if statement.due().next().is_some() {
        figures.add_money("due by service", due)?;
        figures.add_money("due by string", due)?;
    }
    if statement.informing().next().is_some() {
        figures.add_money("shown below", shown)?;
    }
    for line in statement.due() {
        figures.add_money(format!("service {}", line.service), line.amount)?;
        for part in &line.funding {
            figures.add_money(format!("string {}", account_string(&part.string)), part.amount)?;
        }
    }
    for line in &statement.lines {
        figures.add_money(format!("line {}", line.id), line.amount)?;
        for part in &line.funding {
            figures.add_money(format!("funding {}", line.id), part.amount)?;
        }
        if line.share.is_some() {
            figures.add_money(format!("shared {}", line.id), line.amount)?;
        }
    }
    if let Some(before) = statement.before {
        let was = statement.due_in(before)?;
        figures.add_money("before", was)?;
        let change = due.checked_sub(was)?;
        let had = statement.billed.iter().any(|(month, all)| *month == before && all.iter().any(|one| one.is_due()));
        let has_services = had || statement.due().next().is_some();
        let has_reasons = !(statement.steps.is_empty() && change.is_zero());
        let shown = [("change by service", has_services), ("change by reason", has_reasons)];
        for (name, _) in [("change", true), ("change below", true)].into_iter().chain(shown).filter(|(_, is)| *is) {
            figures.add_money(name, change)?;
        }
    }
    months(statement, (due, shown), &mut figures)?;
    for (id, amount) in charged(statement)? {
        figures.add_money(format!("charges {id}"), amount)?;
    }
    for (name, amount) in [("credits", credits(statement)?), ("people", people(statement)?)] {
        if let Some(amount) = amount {
            figures.add_money(name, amount)?;
        }
    }
    Ok(figures)
}

fn months(statement: &Statement<'_>, (due, shown): (Money, Money), figures: &mut Figures) -> anyhow::Result<()> {
    let mut months: Vec<(Month, Money, Money)> = Vec::new();
    for (month, billed) in statement.billed.iter().filter(|(month, _)| *month < statement.month) {
        let all = Money::total(billed.iter().map(|one| one.amount))?;
        let due = statement.due_in(*month)?;
        months.push((*month, due, all.checked_sub(due)?));
    }
    if !months.is_empty() {
        months.push((statement.month, due, shown));
    }
    for (month, due, shown) in months {
        figures.add_money(format!("due in {}", month.in_words()), due)?;
        figures.add_money(format!("shown in {}", month.in_words()), shown)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_people_see_them() {
        assert_eq!(plain(" (1,234.56)"), "-1234.56");
        assert_eq!(plain("0.00"), "0.00");
    }
}
