//! `rates/`: what a service costs.

use super::columns::parts;
use super::sheet::{Row, Sheet, named};
use crate::model::charge::CostBasis;
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::finding::{Code, Finding};
use crate::model::settings::{Measure, RateCard, RateModel, Scope};
use rust_decimal::Decimal;

pub fn rate_cards(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<RateCard> {
    sheet.sound().filter_map(|row| card(row, findings)).collect()
}

fn card(row: &Row, findings: &mut Vec<Finding>) -> Option<RateCard> {
    let service = row.parsed("service", ServiceCode::parse)?;
    let model = model(row, findings)?;
    if matches!(model, RateModel::Percent { .. }) && !row.conditions.is_empty() {
        let why = "A percentage is taken on bill lines, which have no charge to compare with.";
        findings.push(row.cell(Code::TableCell, "model", why, "Leave the conditions of the row blank."));
        return None;
    }
    Some(RateCard {
        rate_id: row.text("rate_id"),
        version: row.count("version")?,
        file: row.file.clone(),
        line: row.line,
        service,
        description: row.text("description"),
        statement_text: row.text("statement_text"),
        valid: row.validity(),
        authority: row.text("authority"),
        approved_by: row.text("approved_by"),
        approved_on: row.day("approved_on"),
        scope: scope(row),
        conditions: row.conditions.clone(),
        model,
    })
}

fn scope(row: &Row) -> Scope {
    match row.get("scope").split_once(':') {
        Some(("class", class)) => named(class.trim()).map_or(Scope::All, Scope::Class),
        Some((_, code)) => AgencyCode::parse(code.trim()).map_or(Scope::All, Scope::Agency),
        None => Scope::All,
    }
}

/// Columns that only one model reads: name, model, whether that model needs it.
const OF_MODELS: &[(&str, &str, bool)] = &[
    ("basis", "pass_through", false),
    ("percent", "percent", true),
    ("percent_of", "percent", true),
    ("unit", "unit", true),
    ("unit_price", "unit", true),
    ("price_per", "unit", false),
    ("measure", "unit", true),
];

fn model(row: &Row, findings: &mut Vec<Finding>) -> Option<RateModel> {
    let chosen = row.get("model");
    let before = findings.len();
    for (column, its_model, needed) in OF_MODELS {
        let filled = !row.get(column).is_empty();
        if filled && chosen != *its_model {
            let why = format!("The card has the model {chosen}, so nobody would read the cell.");
            findings.push(row.cell(
                Code::TableCell,
                column,
                why,
                format!("Leave it blank, or choose the model {its_model}."),
            ));
        } else if *needed && !filled && chosen == *its_model {
            let why = format!("The model {chosen} needs it.");
            findings.push(row.cell(Code::TableCell, column, why, "Fill the cell, or choose another model."));
        }
    }
    let price_per = row.decimal("price_per").unwrap_or(Decimal::ONE);
    if price_per.is_zero() {
        let why = "A price for 0 units is none.";
        findings.push(row.cell(
            Code::TableCell,
            "price_per",
            why,
            "Say for how many units the price is, as in 1 or 1000000.",
        ));
    }
    if findings.len() > before {
        return None;
    }
    Some(match chosen {
        "pass_through" => RateModel::PassThrough { basis: row.named("basis").unwrap_or(CostBasis::Billed) },
        "percent" => RateModel::Percent {
            percent: row.decimal("percent")?,
            of: parts(row.get("percent_of")).filter_map(|code| ServiceCode::parse(code).ok()).collect(),
        },
        _ => RateModel::Unit {
            unit: row.text("unit"),
            unit_price: row.decimal("unit_price")?,
            price_per,
            measure: match row.get("measure").strip_prefix("driver:") {
                Some(driver) => Measure::Driver(driver.trim().to_owned()),
                None => Measure::Consumed,
            },
        },
    })
}
