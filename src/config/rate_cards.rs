//! `rates/`: what a service costs. A card with tiers has a row for each.

use super::columns::parts;
use super::sheet::{Row, Sheet, named};
use crate::model::card::block;
use crate::model::charge::CostBasis;
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::finding::{Code, Finding, Place};
use crate::model::settings::{CardTerms, CountBy, CountWindow, Measure, RateCard, RateModel, Scope, Tier};
use rust_decimal::Decimal;

pub fn rate_cards(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<RateCard> {
    let mut cards: Vec<Vec<&Row>> = Vec::new();
    for row in sheet.sound() {
        let is_same = |rows: &&mut Vec<&Row>| {
            let first = rows[0];
            first.get("rate_id") == row.get("rate_id") && first.get("version") == row.get("version")
        };
        match cards.iter_mut().find(is_same) {
            Some(rows) => rows.push(row),
            None => cards.push(vec![row]),
        }
    }
    let mut cards: Vec<RateCard> = cards.into_iter().filter_map(|rows| card(&rows, findings)).collect();
    supersede(&mut cards, findings);
    cards
}

/// A card ends where the one that supersedes it starts.
fn supersede(cards: &mut [RateCard], findings: &mut Vec<Finding>) {
    for place in 0..cards.len() {
        let card = cards[place].clone();
        let Some(superseded) = &card.terms.supersedes else { continue };
        let refuse = |why: String, fix: &str| {
            let place = Place::file(card.file.as_str()).row(card.line).column("supersedes").value(superseded.as_str());
            Finding::new(Code::TableReference, place, why, fix)
        };
        let earlier: Vec<usize> = (0..cards.len()).filter(|&other| cards[other].rate_id == *superseded).collect();
        let circle = || {
            let mut chain = vec![superseded];
            while let Some(next) = cards.iter().find(|other| other.rate_id == *chain[chain.len() - 1]) {
                match &next.terms.supersedes {
                    Some(next) if !chain.contains(&next) => chain.push(next),
                    Some(_) => return true,
                    None => break,
                }
            }
            chain.contains(&&card.rate_id)
        };
        let Some(from) = card.valid.from else {
            let why = "A rate that always held has none before it.".to_owned();
            findings.push(refuse(why, "Fill effective_from with the day on which it takes over."));
            continue;
        };
        if circle() {
            let why = "The rates supersede each other in a circle.".to_owned();
            findings.push(refuse(why, "Name the rate that this one really replaces, or leave the cell blank."));
        } else if earlier.is_empty() {
            let why = format!("There is no rate {superseded}.");
            findings.push(refuse(why, "Correct the rate_id, or leave the cell blank."));
        } else if let Some(other) =
            earlier.iter().map(|&other| &cards[other]).find(|other| other.service != card.service)
        {
            let why = format!("Rate {superseded} prices service {}, and this card {}.", other.service, card.service);
            findings.push(refuse(why, "Name a rate of the same service, or leave the cell blank."));
        } else {
            for other in earlier {
                let valid = &mut cards[other].valid;
                valid.to = Some(valid.to.map_or(from, |to| to.min(from)));
            }
        }
    }
}

fn card(rows: &[&Row], findings: &mut Vec<Finding>) -> Option<RateCard> {
    let row = rows[0];
    let before = findings.len();
    let service = row.parsed("service", ServiceCode::parse)?;
    rows[1..].iter().for_each(|further| further_row(row, further, findings));
    cells(row, findings);
    let tiers = tiers(rows, findings);
    let model = model(row, tiers)?;
    if matches!(model, RateModel::Percent { .. } | RateModel::Assessment { .. }) && !row.conditions.is_empty() {
        let why = match model {
            RateModel::Percent { .. } => "A percentage is taken on bill lines, which have no charge to compare with.",
            _ => "A yearly amount is asked of agencies and has no charge to compare with.",
        };
        findings.push(row.cell(Code::TableCell, "model", why, "Leave the conditions of the row blank."));
    }
    let terms = terms(row);
    agree(row, &model, &terms, findings);
    if findings.len() > before {
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
        terms,
    })
}

pub(super) fn scope(row: &Row) -> Scope {
    match row.get("scope").split_once(':') {
        Some(("class", class)) => named(class.trim()).map_or(Scope::All, Scope::Class),
        Some((_, code)) => AgencyCode::parse(code.trim()).map_or(Scope::All, Scope::Agency),
        None => Scope::All,
    }
}

const COUNTED: &[&str] = &["unit", "graduated", "volume", "package", "step"];
const TIERED: &[&str] = &["graduated", "volume"];

/// Columns that only some models read: name, models, whether they need it.
const OF_MODELS: &[(&str, &[&str], bool)] = &[
    ("basis", &["pass_through", "cost_plus"], false),
    ("percent", &["percent", "cost_plus"], true),
    ("percent_of", &["percent"], true),
    ("unit", COUNTED, true),
    ("unit_price", COUNTED, true),
    ("price_per", COUNTED, false),
    ("measure", COUNTED, true),
    ("tier_from", TIERED, true),
    ("tier_amount", TIERED, false),
    ("amount", &["flat", "assessment"], true),
    ("count_window", COUNTED, false),
    ("count_by", &["unit", "graduated", "volume", "package", "step", "flat"], false),
    ("included_quantity", COUNTED, false),
    ("on_change", COUNTED, false),
];

fn cells(row: &Row, findings: &mut Vec<Finding>) {
    let chosen = row.get("model");
    for (column, models, needed) in OF_MODELS {
        let filled = !row.get(column).is_empty();
        if filled && !models.contains(&chosen) {
            let why = format!("The card has the model {chosen}, so nobody would read the cell.");
            let choice = if models.len() == 1 { "the model" } else { "one of the models" };
            let fix = format!("Leave it blank, or choose {choice} {}.", models.join(", "));
            findings.push(row.cell(Code::TableCell, column, why, fix));
        } else if *needed && !filled && models.contains(&chosen) {
            let why = format!("The model {chosen} needs it.");
            findings.push(row.cell(Code::TableCell, column, why, "Fill the cell, or choose another model."));
        }
    }
    if row.decimal("price_per").is_some_and(|units| units.is_zero()) {
        let why = "A price for 0 units is none.";
        let fix = "Say for how many units the price is, as in 1 or 1000000.";
        findings.push(row.cell(Code::TableCell, "price_per", why, fix));
    }
}

/// A tier's row is the card's row with another tier: what it says otherwise would be read by nobody.
fn further_row(first: &Row, row: &Row, findings: &mut Vec<Finding>) {
    const OF_TIERS: [&str; 3] = ["tier_from", "unit_price", "tier_amount"];
    for (column, cell) in row.columns().filter(|(column, _)| !OF_TIERS.contains(&column.name)) {
        if !cell.is_empty() && cell != first.get(column.name) {
            let why =
                format!("It is a tier of the card on line {}, which says {:?}.", first.line, first.get(column.name));
            let fix = "Repeat the card's cell or leave it blank; for another card choose another version.";
            findings.push(row.cell(Code::TableCell, column.name, why, fix));
        }
    }
    if !row.conditions.is_empty() && row.conditions != first.conditions {
        let why = format!("It is a tier of the card on line {}, which has other conditions.", first.line);
        findings.push(row.cell(Code::TableCell, "tier_from", why, "Repeat the card's conditions or leave them blank."));
    }
}

fn tiers(rows: &[&Row], findings: &mut Vec<Finding>) -> Vec<Tier> {
    if !TIERED.contains(&rows[0].get("model")) {
        return Vec::new();
    }
    let mut tiers: Vec<Tier> = Vec::new();
    for row in rows {
        let Some(from) = row.decimal("tier_from") else { continue };
        let Some(unit_price) = row.decimal("unit_price") else {
            let why = "A tier without a price prices nothing.";
            findings.push(row.cell(
                Code::TableCell,
                "unit_price",
                why,
                "Write the price of a unit in the tier, 0 if none.",
            ));
            continue;
        };
        tiers.push(Tier { from, unit_price, amount: row.money("tier_amount") });
    }
    tiers.sort_by_key(|tier| tier.from);
    if tiers.first().is_some_and(|lowest| !lowest.from.is_zero()) {
        let why = "No tier begins at 0, so the first units would have no price.";
        findings.push(rows[0].cell(Code::TableCell, "tier_from", why, "Begin the lowest tier at 0."));
    }
    tiers
}

fn model(row: &Row, tiers: Vec<Tier>) -> Option<RateModel> {
    let unit = row.text("unit");
    let unit_price = row.decimal("unit_price");
    let price_per = row.decimal("price_per").unwrap_or(Decimal::ONE);
    let measure = match row.get("measure").strip_prefix("driver:") {
        Some(driver) => Measure::Driver(driver.trim().to_owned()),
        None => Measure::Consumed,
    };
    // The size of a package stands in its unit, or beside it.
    let (in_unit, single) = block(&unit);
    let size = row.decimal("price_per").unwrap_or(in_unit);
    let single = if row.get("price_per").is_empty() { single.to_owned() } else { unit.clone() };
    let basis = row.named("basis").unwrap_or(CostBasis::Billed);
    Some(match row.get("model") {
        "pass_through" => RateModel::PassThrough { basis },
        "cost_plus" => RateModel::CostPlus { basis, percent: row.decimal("percent")? },
        "percent" => RateModel::Percent {
            percent: row.decimal("percent")?,
            of: parts(row.get("percent_of")).filter_map(|code| ServiceCode::parse(code).ok()).collect(),
        },
        "graduated" => RateModel::Graduated { unit, price_per, measure, tiers },
        "volume" => RateModel::Volume { unit, price_per, measure, tiers },
        "package" => RateModel::Package { unit: single, size, unit_price: unit_price?, measure },
        "step" => RateModel::Step { unit: single, size, unit_price: unit_price?, measure },
        "flat" => RateModel::Flat { amount: row.money("amount")? },
        "assessment" => RateModel::Assessment { amount: row.money("amount")? },
        _ => RateModel::Unit { unit, unit_price: unit_price?, price_per, measure },
    })
}

fn terms(row: &Row) -> CardTerms {
    let supersedes = row.text("supersedes");
    CardTerms {
        supersedes: (!supersedes.is_empty()).then_some(supersedes),
        purpose: row.named("use").unwrap_or_default(),
        notice_on: row.day("notice_on"),
        window: row.named("count_window").unwrap_or_default(),
        count_by: row.named("count_by").unwrap_or_default(),
        included: row.decimal("included_quantity").filter(|units| !units.is_zero()),
        minimum: row.money("minimum"),
        maximum: row.money("maximum"),
        above_maximum_to: row.parsed("above_maximum_to", AgencyCode::parse),
        proration: row.named("proration").unwrap_or_default(),
        on_change: row.named("on_change").unwrap_or_default(),
        recovery: row.named("recovery_class"),
    }
}

/// Terms that cannot hold together.
fn agree(row: &Row, model: &RateModel, terms: &CardTerms, findings: &mut Vec<Finding>) {
    let mut refuse = |column: &str, why: &str, fix: &str| findings.push(row.cell(Code::TableCell, column, why, fix));
    if terms.minimum.zip(terms.maximum).is_some_and(|(least, most)| least > most) {
        refuse("minimum", "It is more than the maximum.", "Correct one of the two.");
    }
    for (column, bound) in [("minimum", terms.minimum), ("maximum", terms.maximum)] {
        if bound.is_some_and(|bound| bound.is_negative()) {
            refuse(column, "Nobody can be asked for less than nothing.", "Write an amount that is not negative.");
        }
    }
    match (terms.maximum, &terms.above_maximum_to) {
        (Some(_), None) => refuse(
            "above_maximum_to",
            "What is above the maximum must be paid by somebody, or it would disappear.",
            "Name the agency that pays it: the provider's own, if nobody else does.",
        ),
        (None, Some(_)) => refuse("maximum", "Without a maximum there is nothing to pay above it.", "Fill it in."),
        _ => {}
    }
    let Some(counted) = model.counted() else { return };
    if matches!(counted.measure, Measure::Driver(_)) {
        if !matches!(terms.count_by, CountBy::Agency | CountBy::State) {
            refuse(
                "count_by",
                "A driver table tells quantities by agency only.",
                "Write agency or state, or count charges.",
            );
        }
        if matches!(terms.window, CountWindow::Line | CountWindow::Day) {
            refuse("count_window", "A driver table tells quantities of a month.", "Write month or fiscal_year.");
        }
    }
}
