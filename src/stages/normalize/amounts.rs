//! The costs of a row: what its cells say, and what its rule makes of them.

use super::dictionary::is_null;
use super::plan::{Column, Plan, PlannedAmount, PlannedCount, PlannedOwed};
use super::refusals::{self, Fault};
use crate::frame::delimited::{Cells, undoubled};
use crate::model::decimal::{self, Refusal};
use crate::model::mapping::Mapping;
use crate::model::money::{Cost, Overflow, Quantity, Remainder};
use crate::model::proof::CutOff;
use std::collections::BTreeMap;

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
    pub fn read(plan: &Plan, cells: Cells<'_>, cuts: &mut Cuts) -> Result<Self, Fault> {
        let gross = plan.vendor_cost.map(|column| needed(cells, column, cuts)).transpose()?;
        let net = plan.net_cost.map(|column| optional(cells, column, cuts)).transpose()?;
        Ok(Self { gross: gross.unwrap_or_default(), net })
    }

    /// What was invoiced.
    pub fn invoiced(&self) -> Cost {
        self.net.flatten().unwrap_or(self.gross)
    }

    /// The same of a discount: with net costs and a blank cell it is in the other rows already.
    pub fn discount(&self) -> Cost {
        match self.net {
            Some(net) => net.unwrap_or_default(),
            None => self.gross,
        }
    }
}

/// Reads numbers, and keeps cells with more decimals than are kept, counted once a row however many charges read them.
#[derive(Default)]
pub struct Cuts {
    /// How the file spells its numbers, where a mapping says so.
    spelling: Option<&'static Mapping>,
    of_row: Vec<(Column, CutOff)>,
    columns: BTreeMap<Column, CutOff>,
}

impl Cuts {
    pub fn of(plan: &Plan) -> Self {
        Self { spelling: plan.source.mapping(), ..Self::default() }
    }

    /// A cost, with its sign turned where the file writes what is to be paid with a minus.
    fn cost(&mut self, column: Column, cell: &[u8]) -> Result<Cost, Refusal> {
        let units = self.parse(column, cell)?;
        Ok(Cost::from_units(if self.spelling.is_some_and(|mapping| mapping.reversed) { -units } else { units }))
    }

    /// Units of the eighteenth decimal, the last of them rounded half to even where the cell says more.
    pub fn parse(&mut self, column: Column, cell: &[u8]) -> Result<i128, Refusal> {
        match self.spelling.map(|mapping| &mapping.numbers).filter(|numbers| !numbers.is_plain()) {
            None => self.plain(column, cell),
            Some(_) if cell.trim_ascii().is_empty() => Err(Refusal::Empty),
            Some(numbers) => {
                let plain = numbers.plain(&String::from_utf8_lossy(&undoubled(cell))).ok_or(Refusal::NotANumber)?;
                self.plain(column, plain.as_bytes())
            }
        }
    }

    fn plain(&mut self, column: Column, cell: &[u8]) -> Result<i128, Refusal> {
        match decimal::parse(cell) {
            Err(Refusal::TooPrecise | Refusal::TooLarge) => self.long(column, cell),
            usual => usual,
        }
    }

    #[cold]
    fn long(&mut self, column: Column, cell: &[u8]) -> Result<i128, Refusal> {
        let long = decimal::parse_long(cell)?;
        let (kept, remainder) = long.rounded();
        if long.tail != 0 && self.of_row.iter().all(|(known, _)| *known != column) {
            let cut = CutOff {
                cells: 1,
                whole: Cost::from_units(long.whole),
                tail: Remainder::from_units(long.tail),
                kept: Cost::from_units(kept),
                remainder: Remainder::from_units(remainder),
            };
            self.of_row.push((column, cut));
        }
        Ok(kept)
    }

    /// Adds the row's cells to the sums, as far as they count.
    pub fn end_row(&mut self, counts: impl Fn(Column) -> bool) -> Result<(), Overflow> {
        for (column, cut) in self.of_row.drain(..) {
            if counts(column) {
                self.columns.entry(column).or_default().add(&cut)?;
            }
        }
        Ok(())
    }

    pub fn by_name(&self, plan: &Plan) -> BTreeMap<String, CutOff> {
        self.columns.iter().map(|(&column, &cut)| (plan.name(column).to_owned(), cut)).collect()
    }
}

/// The amount of a cell that must hold one.
pub fn needed(cells: Cells<'_>, column: Column, cuts: &mut Cuts) -> Result<Cost, Fault> {
    let cell = cells.raw(column);
    cuts.cost(column, cell).map_err(|refusal| refusals::amount(column, &undoubled(cell), refusal))
}

/// The amount of a cell that may be blank.
pub fn optional(cells: Cells<'_>, column: Column, cuts: &mut Cuts) -> Result<Option<Cost>, Fault> {
    let cell = cells.raw(column);
    if cell.is_empty() {
        return Ok(None);
    }
    match cuts.cost(column, cell) {
        Ok(cost) => Ok(Some(cost)),
        Err(Refusal::Empty) => Ok(None),
        Err(_) if is_null(&String::from_utf8_lossy(cell)) => Ok(None),
        Err(refusal) => Err(refusals::amount(column, &undoubled(cell), refusal)),
    }
}

/// The quantity of a cell, zero where it is blank.
pub fn quantity(cells: Cells<'_>, column: Column, cuts: &mut Cuts) -> Result<Quantity, Fault> {
    let cell = cells.raw(column);
    match cuts.parse(column, cell) {
        Ok(units) => Ok(Quantity::from_units(units)),
        Err(Refusal::Empty) => Ok(Quantity::ZERO),
        Err(_) if is_null(&String::from_utf8_lossy(cell)) => Ok(Quantity::ZERO),
        Err(refusal) => Err(refusals::quantity(column, &undoubled(cell), refusal)),
    }
}

pub fn count(planned: &PlannedCount, cells: Cells<'_>, cuts: &mut Cuts) -> Result<Quantity, Stop> {
    Ok(match planned {
        PlannedCount::One => Quantity::ONE,
        PlannedCount::Sum(columns) => {
            let mut sum = Quantity::ZERO;
            for &column in columns {
                sum = sum.checked_add(quantity(cells, column, cuts)?)?;
            }
            sum
        }
        PlannedCount::Difference(from, less) => {
            let less = less.map_or(Ok(Quantity::ZERO), |less| quantity(cells, less, cuts))?;
            quantity(cells, *from, cuts)?.checked_sub(less)?
        }
    })
}

/// An amount that a rule names; none where the file cannot tell.
pub fn amount(
    planned: &PlannedAmount,
    cells: Cells<'_>,
    cost: &VendorCost,
    cuts: &mut Cuts,
) -> Result<Option<Cost>, Stop> {
    let mut cell = |column: Column| optional(cells, column, cuts);
    Ok(match *planned {
        PlannedAmount::Zero => Some(Cost::ZERO),
        PlannedAmount::Cost => Some(cost.invoiced()),
        PlannedAmount::Discount => Some(cost.discount()),
        PlannedAmount::Column(column) => cell(column)?,
        PlannedAmount::NetColumn(gross, net) => match net.map(&mut cell).transpose()?.flatten() {
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
        PlannedAmount::Price(column) => cell(column)?.filter(|price| !price.is_zero()),
        PlannedAmount::Times(price, of, rate) => {
            let price = cell(price)?.filter(|price| !price.is_zero());
            let rate = rate.map_or(Ok(Some(Quantity::ONE)), |rate| factor(&mut cell, rate))?;
            let of = factor(&mut cell, of)?;
            price.zip(of).zip(rate).and_then(|((price, of), rate)| price.times(of)?.times(rate))
        }
        PlannedAmount::Unavailable => None,
    })
}

fn factor(
    cell: &mut impl FnMut(Column) -> Result<Option<Cost>, Fault>,
    column: Column,
) -> Result<Option<Quantity>, Fault> {
    Ok(cell(column)?.map(|number| Quantity::from_units(number.units())))
}

/// What the row says its commitment costs in the month.
pub fn owed(planned: PlannedOwed, cells: Cells<'_>, cost: &VendorCost, cuts: &mut Cuts) -> Result<Option<Cost>, Stop> {
    Ok(match planned {
        PlannedOwed::Nothing => None,
        PlannedOwed::Column(column) => optional(cells, column, cuts)?,
        PlannedOwed::CostAnd(column) => {
            Some(cost.gross.checked_add(optional(cells, column, cuts)?.unwrap_or_default())?)
        }
    })
}
