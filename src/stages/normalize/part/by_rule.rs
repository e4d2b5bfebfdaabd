//! What a rule writes into the key of each charge of its rows.

use super::{Cell, Dimension, Plan, Symbol};

/// What a rule writes into a charge's key.
pub struct RuleTexts {
    pub category: Symbol,
    pub frequency: Symbol,
    pub pricing: Symbol,
    pub status: Symbol,
    /// Meter and unit of a quantity without money.
    pub counts: Option<(Symbol, Symbol)>,
}

/// Which of the dimensions that rules know come from the rule in this file.
pub struct ByRule([(usize, bool); 5]);

impl ByRule {
    pub fn new(plan: &Plan) -> Self {
        let dimensions = [
            Dimension::ChargeCategory,
            Dimension::ChargeClass,
            Dimension::ChargeFrequency,
            Dimension::PricingCategory,
            Dimension::CommitmentDiscountStatus,
        ];
        let in_file = |wanted: Dimension| {
            plan.cells.iter().any(|(dimension, cell)| *dimension == wanted && !matches!(cell, Cell::Rule))
        };
        Self(dimensions.map(|dimension| (dimension as usize, !in_file(dimension))))
    }

    pub fn write(&self, key: &mut [Symbol], texts: [Symbol; 5]) {
        for (&(place, by_rule), text) in self.0.iter().zip(texts) {
            if by_rule {
                key[place] = text;
            }
        }
    }
}
