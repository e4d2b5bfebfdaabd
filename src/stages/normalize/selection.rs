//! Which rule a row falls under. Each condition of the source's rules is one bit; a distinct text of a selector column
//! is looked at once and from then on is a mask, so choosing a rule costs a few comparisons a row.

use super::dictionary::{Memo, is_null};
use super::plan::{Column, Plan};
use crate::frame::delimited::Cells;
use crate::sources::Is;

type Mask = u128;

struct Selector {
    /// A column that is not there is blank in every row.
    column: Option<Column>,
    conditions: Vec<(Is, Mask)>,
    known: Memo<Mask>,
}

pub struct Selection {
    selectors: Vec<Selector>,
    /// What each rule needs, in the order of the plan; the last rule needs nothing.
    needs: Vec<Mask>,
    last: Option<(Mask, usize)>,
}

impl Selection {
    pub fn new(plan: &Plan) -> Self {
        let mut selectors: Vec<Selector> = plan
            .selectors
            .iter()
            .map(|&column| Selector { column, conditions: Vec::new(), known: Memo::default() })
            .collect();
        let mut bits = 0u32;
        let mut needs = Vec::new();
        for rule in &plan.rules {
            let mut need = 0;
            for &(place, is) in rule.rule.map_or(&[][..], |rule| rule.when) {
                let bit: Mask = 1 << bits;
                bits += 1;
                selectors[place].conditions.push((is, bit));
                need |= bit;
            }
            needs.push(need);
        }
        Self { selectors, needs, last: None }
    }

    /// The place of the row's rule in [`Plan::rules`].
    pub fn rule(&mut self, cells: Cells<'_>) -> usize {
        let mut mask = 0;
        for selector in &mut self.selectors {
            let cell = selector.column.map_or(&b""[..], |column| cells.raw(column));
            let conditions = &selector.conditions;
            mask |= selector.known.get(cell, |text| {
                conditions.iter().filter(|(is, _)| holds(*is, text)).fold(0, |mask, (_, bit)| mask | bit)
            });
        }
        match self.last {
            Some((last, rule)) if last == mask => rule,
            _ => {
                let rule = self.needs.iter().position(|&need| mask & need == need).unwrap_or(self.needs.len() - 1);
                self.last = Some((mask, rule));
                rule
            }
        }
    }
}

fn holds(is: Is, text: &str) -> bool {
    let text = text.trim();
    let same = |wanted: &str| {
        if wanted.is_empty() { is_null(text) } else { text.eq_ignore_ascii_case(wanted) }
    };
    match is {
        Is::Text(wanted) => same(wanted),
        Is::OneOf(choices) => choices.iter().any(|wanted| same(wanted)),
        Is::Blank => is_null(text),
        Is::Present => !is_null(text),
        Is::Containing(part) => text.contains(part),
        Is::Concealed => is.holds(text),
    }
}
