//! The costs and the quantity of one charge of a row.

use super::amounts::{self, Cuts, Stop, VendorCost};
use super::refusals::{self, Fault};
use super::{Notebook, Plan, PlannedAmount, PlannedCharge};
use crate::frame::charges::ChargeBatch;
use crate::frame::delimited::{Cells, push_undoubled, undoubled};
use crate::model::mapping::MappedQuantity;
use crate::model::money::{Cost, Quantity, SCALE};
use crate::model::roll_up::Sums;

/// The costs of one charge of a row.
pub fn sums_of(
    plan: &Plan,
    charge: &PlannedCharge,
    cells: Cells<'_>,
    cost: &VendorCost,
    currency: &str,
    (notebook, cuts): (&mut Notebook, &mut Cuts),
) -> Result<Option<Sums>, Stop> {
    if let Some((column, told)) = charge.told {
        notebook.note(refusals::watched(column, &undoubled(cells.raw(column)), told), cells.row(), None);
    }
    if let Some(counts) = &charge.counts {
        let quantity = amounts::count(counts, cells, cuts)?;
        let nothing = Some(Cost::ZERO);
        let sums =
            Sums { billed: Cost::ZERO, effective: nothing, list: nothing, contracted: nothing, quantity, charges: 1 };
        return Ok(Some(sums).filter(|_| !quantity.is_zero()));
    }
    if matches!(charge.billed, PlannedAmount::Unavailable) {
        // The sums need a number; the finding blocks, so nobody is billed by it.
        let cell = plan.vendor_cost.map_or(&b""[..], |column| cells.raw(column));
        notebook.note(refusals::billed_unknown(plan.vendor_cost, cell), cells.row(), Some((cost.invoiced(), currency)));
    }
    let billed = amounts::amount(&charge.billed, cells, cost, cuts)?.unwrap_or_default();
    let mut quantity = Quantity::ZERO;
    if let Some(column) = plan.quantity.filter(|_| charge.made.quantity) {
        let cell = cells.raw(column);
        quantity = amounts::quantity(cells, column, cuts)?;
        if quantity.is_negative() && !billed.is_negative() && !billed.is_zero() {
            notebook.note(refusals::quantity_sign(column, cell), cells.row(), None);
        }
    }
    if charge.made.quantity && plan.source.mapping().is_some_and(|mapping| mapping.quantity == MappedQuantity::EachRow)
    {
        quantity = Quantity::from_units(10_i128.pow(SCALE));
    }
    let effective = amounts::amount(&charge.effective, cells, cost, cuts)?;
    // List and contracted cost are only shown, so text in their cells costs nobody anything.
    let mut shown = |planned: &PlannedAmount| match amounts::amount(planned, cells, cost, cuts) {
        Err(Stop::Fault(Fault { column: Some(column), .. })) => {
            notebook.note(refusals::list_cost(column, &undoubled(cells.raw(column))), cells.row(), None);
            Ok(None)
        }
        other => other,
    };
    let list = shown(&charge.list)?;
    let contracted = shown(&charge.contracted)?;
    Ok(Some(Sums { billed, effective, list, contracted, quantity, charges: 1 }))
}

/// The description of the charge that was pushed last, as it is to be shown where something is masked in it.
pub fn describe(batch: &mut ChargeBatch, plan: &Plan, cells: Cells<'_>, shown: Option<&str>) {
    let texts = &mut batch.descriptions;
    match (plan.description, shown) {
        (_, Some(shown)) => texts.bytes.extend_from_slice(shown.as_bytes()),
        (Some(column), None) => push_undoubled(cells.raw(column), &mut texts.bytes),
        (None, None) => {}
    }
    texts.end();
}
