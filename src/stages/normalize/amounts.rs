//! The costs of a row: what its cells say, and what its rule makes of them.

use super::plan::{Column, Plan, PlannedAmount, PlannedOwed};
use super::refusals::{self, Fault};
use crate::frame::delimited::{Cells, undoubled};
use crate::model::decimal::{self, Refusal};
use crate::model::money::{Cost, Overflow};

/// Why a row has no charges.
pub enum Stop {
    Fault(Fault),
    Overflow,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Overflow> for Stop {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}

/// What a row cost: as listed, and after private discounts where the version says so.
#[derive(Clone, Copy)]
pub struct VendorCost {
    pub gross: Cost,
    /// The outer is none where the version carries no net costs, the inner where the row's cell is blank.
    net: Option<Option<Cost>>,
}

impl VendorCost {
    pub fn read(plan: &Plan, cells: Cells<'_>) -> Result<Self, Fault> {
        let gross = needed(cells, plan.vendor_cost)?;
        let net = plan.net_cost.map(|column| optional(cells, column)).transpose()?;
        Ok(Self { gross, net })
    }

    /// What was invoiced.
    pub fn invoiced(&self) -> Cost {
        self.net.flatten().unwrap_or(self.gross)
    }

    /// The same of a discount: with net costs and a blank cell it is in the other rows already.
    fn discount(&self) -> Cost {
        match self.net {
            Some(net) => net.unwrap_or_default(),
            None => self.gross,
        }
    }
}

/// The amount of a cell that must hold one.
fn needed(cells: Cells<'_>, column: Column) -> Result<Cost, Fault> {
    let cell = cells.raw(column);
    decimal::parse(cell).map(Cost::from_units).map_err(|refusal| refusals::amount(column, &undoubled(cell), refusal))
}

/// The amount of a cell that may be blank.
pub fn optional(cells: Cells<'_>, column: Column) -> Result<Option<Cost>, Fault> {
    let cell = cells.raw(column);
    if cell.is_empty() {
        return Ok(None);
    }
    match decimal::parse(cell) {
        Ok(units) => Ok(Some(Cost::from_units(units))),
        Err(Refusal::Empty) => Ok(None),
        Err(refusal) => Err(refusals::amount(column, &undoubled(cell), refusal)),
    }
}

/// An amount that a rule names; none where the file cannot tell.
pub fn amount(planned: &PlannedAmount, cells: Cells<'_>, cost: &VendorCost) -> Result<Option<Cost>, Stop> {
    let cell = |column: Column| optional(cells, column);
    Ok(match *planned {
        PlannedAmount::Zero => Some(Cost::ZERO),
        PlannedAmount::Cost => Some(cost.invoiced()),
        PlannedAmount::Discount => Some(cost.discount()),
        PlannedAmount::Column(column) => cell(column)?,
        PlannedAmount::NetColumn(gross, net) => match net.map(cell).transpose()?.flatten() {
            Some(net) => Some(net),
            None => cell(gross)?,
        },
        PlannedAmount::Sum(first, second) => {
            let (first, second) = (cell(first)?, cell(second)?);
            Some(first.unwrap_or_default().checked_add(second.unwrap_or_default())?)
        }
        PlannedAmount::Difference(from, less) => match (cell(from)?, cell(less)?) {
            (None, None) => None,
            (from, less) => Some(from.unwrap_or_default().checked_sub(less.unwrap_or_default())?),
        },
        PlannedAmount::Unavailable => None,
    })
}

/// What the row says its commitment costs in the month.
pub fn owed(planned: PlannedOwed, cells: Cells<'_>, cost: &VendorCost) -> Result<Option<Cost>, Stop> {
    Ok(match planned {
        PlannedOwed::Nothing => None,
        PlannedOwed::Column(column) => optional(cells, column)?,
        PlannedOwed::CostAnd(column) => Some(cost.gross.checked_add(optional(cells, column)?.unwrap_or_default())?),
    })
}
