//! Sums of roll-up rows in 48 bytes each instead of 144.
//!
//! Vendors write ten decimals and we keep eighteen, so eight zeros end most sums: without them they fit into 64 bits up to
//! hundreds of millions. A row in which one does not is kept whole beside the others.

use super::Sums;
use crate::model::money::{Cost, Quantity};

/// Zeros that may be taken off.
const SHIFTS: [u8; 3] = [8, 6, 0];
const WIDE: u8 = u8::MAX;

const NO_EFFECTIVE: u8 = 1;
const NO_LIST: u8 = 2;
const NO_CONTRACTED: u8 = 4;

#[derive(Clone, Debug, Default)]
pub struct Amounts {
    rows: Vec<Packed>,
    wide: Vec<Sums>,
}

/// Billed, effective, list and contracted cost and quantity, each without `shift` zeros.
#[derive(Clone, Copy, Debug, Default)]
pub struct Packed {
    pub numbers: [i64; 5],
    pub charges: u32,
    pub shift: u8,
    pub unknown: u8,
}

impl Packed {
    /// None when one of the sums does not fit.
    pub fn new(sums: &Sums) -> Option<Self> {
        let of = |cost: Option<Cost>| cost.map_or(0, Cost::units);
        let units =
            [sums.billed.units(), of(sums.effective), of(sums.list), of(sums.contracted), sums.quantity.units()];
        let unknown = [(sums.effective, NO_EFFECTIVE), (sums.list, NO_LIST), (sums.contracted, NO_CONTRACTED)];
        let unknown = unknown.into_iter().filter(|(cost, _)| cost.is_none()).fold(0, |bits, (_, bit)| bits | bit);
        let charges = u32::try_from(sums.charges).ok()?;
        SHIFTS.into_iter().find_map(|shift| {
            let mut numbers = [0; 5];
            for (number, units) in numbers.iter_mut().zip(units) {
                *number = without_zeros(units, shift)?;
            }
            Some(Self { numbers, charges, shift, unknown })
        })
    }

    #[inline]
    pub fn sums(&self) -> Sums {
        let factor = 10_i64.pow(u32::from(self.shift));
        // Two numbers of 64 bits: their product cannot overflow, and so it need not be looked at.
        let whole = |number: i64| i128::from(number).wrapping_mul(i128::from(factor));
        let [billed, effective, list, contracted, quantity] = self.numbers.map(whole);
        let known = |units, bit| (self.unknown & bit == 0).then(|| Cost::from_units(units));
        Sums {
            billed: Cost::from_units(billed),
            effective: known(effective, NO_EFFECTIVE),
            list: known(list, NO_LIST),
            contracted: known(contracted, NO_CONTRACTED),
            quantity: Quantity::from_units(quantity),
            charges: u64::from(self.charges),
        }
    }
}

fn without_zeros(units: i128, shift: u8) -> Option<i64> {
    let factor = 10_i64.pow(u32::from(shift));
    match i64::try_from(units) {
        Ok(units) => (units % factor == 0).then_some(units / factor),
        Err(_) => {
            let factor = i128::from(factor);
            (units % factor == 0).then(|| i64::try_from(units / factor).ok()).flatten()
        }
    }
}

impl Amounts {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    fn packed(&mut self, sums: &Sums) -> Packed {
        Packed::new(sums).unwrap_or_else(|| {
            self.wide.push(*sums);
            let place = self.wide.len() as i64 - 1;
            Packed { numbers: [place, 0, 0, 0, 0], charges: 0, shift: WIDE, unknown: 0 }
        })
    }

    pub fn push(&mut self, sums: &Sums) {
        let packed = self.packed(sums);
        self.rows.push(packed);
    }

    #[inline]
    pub fn get(&self, row: usize) -> Sums {
        let packed = &self.rows[row];
        match packed.shift {
            WIDE => self.wide[packed.numbers[0] as usize],
            _ => packed.sums(),
        }
    }

    pub fn set(&mut self, row: usize, sums: &Sums) {
        let packed = self.packed(sums);
        self.rows[row] = packed;
    }

    pub fn shrink(&mut self) {
        self.rows.shrink_to_fit();
        self.wide.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units() -> impl Strategy<Value = i128> {
        let exponent = 0_u32..38;
        prop_oneof![
            Just(0),
            (any::<i64>(), 0_u32..12).prop_map(|(number, zeros)| i128::from(number) * 10_i128.pow(zeros)),
            exponent.prop_map(|exponent| 10_i128.pow(exponent)),
            any::<i64>().prop_map(|number| i128::from(number) * i128::from(i64::MAX)),
        ]
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            rows in prop::collection::vec((units(), prop::option::of(units()), prop::option::of(units()), any::<u64>()), 1..20)
        ) {
            let sums = |&(billed, effective, list, charges): &(i128, Option<i128>, Option<i128>, u64)| Sums {
                billed: Cost::from_units(billed),
                effective: effective.map(Cost::from_units),
                list: list.map(Cost::from_units),
                contracted: effective.or(list).map(Cost::from_units),
                quantity: Quantity::from_units(billed),
                charges,
            };
            let mut amounts = Amounts::default();
            rows.iter().for_each(|row| amounts.push(&sums(row)));
            for (place, row) in rows.iter().enumerate() {
                prop_assert_eq!(amounts.get(place), sums(row));
            }
            amounts.set(0, &sums(&rows[rows.len() - 1]));
            prop_assert_eq!(amounts.get(0), sums(&rows[rows.len() - 1]));
        }
    }
}
