//! What rules take, and which rule takes a charge.

use super::{csv, table, text_cell};
use crate::close::{RuleTrace, RuleUse, RulesUsed};
use anyhow::Result;

pub fn rules(told: &RulesUsed) -> String {
    if told.rules.is_empty() {
        return format!("{}: no rule can be tried, see the findings.", told.month);
    }
    let row = |rule: &RuleUse| {
        let place = format!("{} {}", rule.file, rule.line);
        let (charges, cost) = (rule.charges.to_string(), rule.cost.for_people());
        vec![rule.kind.clone(), rule.id.clone(), place, charges, cost, rule.remark.clone()]
    };
    let rows: Vec<Vec<String>> = told.rules.iter().map(row).collect();
    let covered: Vec<Vec<String>> =
        told.covered.iter().map(|of| vec![of.to.clone(), of.cost.for_people(), format!("{} %", of.percent)]).collect();
    let parts = [
        format!("{}, what each rule takes", told.month),
        table(&["kind", "rule", "file and line", "charges", "cost", ""], "lllrrl", &rows),
        table(&["cost goes to", "cost, credits as positive", "part"], "lrr", &covered),
    ];
    parts.join("\n\n")
}

pub fn rules_csv(told: &RulesUsed) -> Result<String> {
    let row = |rule: &RuleUse| {
        let texts = [&rule.kind, &rule.id, &rule.file].map(|text| text_cell(text));
        let numbers = [rule.line.to_string(), rule.charges.to_string(), rule.cost.to_string()];
        texts.into_iter().chain(numbers).chain([text_cell(&rule.remark)]).collect()
    };
    csv(&["kind", "rule", "file", "line", "charges", "cost", "remark"], &told.rules.iter().map(row).collect::<Vec<_>>())
}

pub fn trace(told: &RuleTrace) -> String {
    let rows: Vec<Vec<String>> =
        told.steps.iter().map(|step| vec![step.rule.clone(), step.line.to_string(), step.said.clone()]).collect();
    let ending: Vec<Vec<String>> =
        [("goes to", &told.destination), ("service", &told.service), ("rate", &told.rate), ("mode", &told.mode)]
            .into_iter()
            .filter(|(_, said)| !said.is_empty())
            .map(|(what, said)| vec![what.to_owned(), said.clone()])
            .collect();
    [
        format!("a charge of {}", told.day),
        table(&["rule", "line", "what it says"], "lrl", &rows),
        table(&["decided", ""], "ll", &ending),
    ]
    .join("\n\n")
}

pub fn trace_csv(told: &RuleTrace) -> Result<String> {
    let row = |step: &crate::close::TraceStep| {
        let takes = if step.takes { "yes" } else { "no" };
        vec![text_cell(&step.rule), step.line.to_string(), text_cell(&step.said), takes.to_owned()]
    };
    csv(&["rule", "line", "said", "takes"], &told.steps.iter().map(row).collect::<Vec<_>>())
}
