//! What a row of a charge type becomes: which charges, and which of the row's amounts are their costs.

use super::{Names, Watched};
use crate::model::charge::ChargeCategory;
use crate::model::intake::View;

/// What a charge type does to each cost.
#[derive(Debug)]
pub struct ChargeRule {
    /// All must hold: place in `selectors`, and what its text must be.
    pub when: &'static [(usize, Is)],
    /// The views it is for; empty means every view.
    pub views: &'static [View],
    /// One or two charges; none when `left_out` says why the row's money is not counted.
    pub charges: &'static [ChargeMade],
    pub left_out: &'static str,
    /// What the row says its commitment costs in this month.
    pub owed: Owed,
}

/// Where a row says what its commitment costs in the month.
#[derive(Clone, Copy, Debug)]
pub enum Owed {
    Nothing,
    Column(Names),
    /// The row's cost and this column.
    CostAnd(Names),
}

#[derive(Clone, Copy, Debug)]
pub enum Is {
    Text(&'static str),
    OneOf(Names),
    Blank,
    Present,
    /// Contains this text.
    Containing(&'static str),
    /// Thirty-two hexadecimal digits instead of a name: the vendor hides who it is.
    Concealed,
}

/// One FOCUS charge that a row becomes.
#[derive(Clone, Copy, Debug)]
pub struct ChargeMade {
    pub category: ChargeCategory,
    /// `Correction` always; otherwise only when the usage lies before the billed month.
    pub correction: bool,
    pub frequency: &'static str,
    pub pricing: &'static str,
    pub commitment_status: &'static str,
    pub billed: Amount,
    pub effective: Amount,
    pub list: Amount,
    pub contracted: Amount,
    pub quantity: bool,
    /// A quantity without money, under a meter of its own.
    pub counts: Option<Counts>,
    /// What is told of every such row, at this column.
    pub told: Option<&'static Watched>,
}

/// A quantity that a row tells and nobody is billed for: what measures, and through them pools and unit rates, count.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Becomes the charge's `sku_meter`: `output_tokens`.
    pub meter: &'static str,
    pub unit: &'static str,
    pub count: Count,
}

/// Where a counted quantity stands. Blank cells are zero, and zero makes no charge.
#[derive(Clone, Copy, Debug)]
pub enum Count {
    /// Each row is one.
    One,
    Column(Names),
    /// Those of the columns that the file has.
    Sum(&'static [Names]),
    Difference(Names, Names),
}

impl Count {
    pub(super) fn columns(self) -> Vec<&'static str> {
        match self {
            Self::One => Vec::new(),
            Self::Column(names) => names.to_vec(),
            Self::Sum(columns) => columns.iter().copied().flatten().copied().collect(),
            Self::Difference(a, b) => a.iter().chain(b).copied().collect(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Amount {
    Zero,
    /// The vendor's cost of the row: gross, or net where the version carries net costs.
    Cost,
    /// The same of a discount's row: a version with net costs has taken it off already where the net cell is blank.
    Discount,
    Column(Names),
    /// The same; a file without such a column has nothing better than the vendor's cost, which a finding says.
    ColumnOrCost(Names),
    /// The second after private discounts, where the version carries net costs and it has a value.
    NetColumn(Names, Names),
    Sum(Names, Names),
    /// Net forms of both, as above.
    NetSum([Names; 2], [Names; 2]),
    Difference(Names, Names),
    /// The column, where zero means that the vendor has no such price.
    Price(Names),
    /// A price for each of a quantity, where zero means the same. A file that has the third column has prices in another
    /// currency than its bill.
    Times(Names, Names, Names),
    /// The same, times the rate by which prices are turned into the currency of the bill.
    TimesAtRate(Names, Names, Names),
    /// The first of which the file has the columns.
    First(&'static [Amount]),
    /// The file cannot tell.
    Unavailable,
}

impl Amount {
    pub(super) fn columns(self) -> Vec<&'static str> {
        let read: &[Names] = match self {
            Self::Column(column) | Self::ColumnOrCost(column) | Self::Price(column) => &[column],
            Self::NetColumn(a, b) | Self::Sum(a, b) | Self::Difference(a, b) | Self::Times(a, b, _) => &[a, b],
            Self::TimesAtRate(a, b, c) => &[a, b, c],
            Self::NetSum([a, b], [c, d]) => &[a, b, c, d],
            Self::First(amounts) => return amounts.iter().flat_map(|amount| amount.columns()).collect(),
            Self::Zero | Self::Cost | Self::Discount | Self::Unavailable => &[],
        };
        read.iter().copied().flatten().copied().collect()
    }
}

/// The usual charge: usage at its cost.
pub const USAGE: ChargeMade = ChargeMade {
    category: ChargeCategory::Usage,
    correction: false,
    frequency: "Usage-Based",
    pricing: "Standard",
    commitment_status: "",
    billed: Amount::Cost,
    effective: Amount::Cost,
    list: Amount::Unavailable,
    contracted: Amount::Unavailable,
    quantity: true,
    counts: None,
    told: None,
};

/// What becomes of a row that no rule describes: its money stays in the total.
pub const UNKNOWN: ChargeMade = ChargeMade {
    category: ChargeCategory::Adjustment,
    frequency: "One-Time",
    pricing: "",
    list: Amount::Zero,
    quantity: false,
    ..USAGE
};
