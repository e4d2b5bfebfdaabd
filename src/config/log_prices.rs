//! `log_prices.csv`: what a log of usage is on the provider's invoice.

use super::sheet::{Row, Sheet};
use crate::model::finding::{Code, Finding};
use crate::model::settings::Pattern;
use crate::model::usage_log::LogPrice;
use rust_decimal::Decimal;

pub fn log_prices(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<LogPrice> {
    let mut prices = Vec::new();
    for row in sheet.sound() {
        if row.decimal("price_per").is_some_and(|units| units.is_zero()) {
            let fix = "Say for how many units the price is, as in 1 or 1000000.";
            findings.push(row.cell(Code::TableCell, "price_per", "A price for 0 units is none.", fix));
            continue;
        }
        prices.extend(log_price(row));
    }
    prices
}

fn log_price(row: &Row) -> Option<LogPrice> {
    let pattern = |column: &str| {
        let text = row.text(column);
        Pattern(if text.is_empty() { "*".to_owned() } else { text })
    };
    let model = pattern("model");
    let billed_model = if row.get("billed_model").is_empty() { model.clone() } else { pattern("billed_model") };
    Some(LogPrice {
        line: row.line,
        log: row.text("log"),
        invoice: row.text("invoice"),
        model,
        billed_model,
        meter: pattern("meter"),
        billed_meter: pattern("billed_meter"),
        kind: row.text("kind"),
        valid: row.validity(),
        price: row.decimal("price")?,
        price_per: row.decimal("price_per").unwrap_or(Decimal::ONE),
    })
}
