//! What a close proves: control totals of every input, tie-outs with both sides, and the state of each vendor's invoice.

use super::bill::SectionKey;
use super::exchange::ExchangeRate;
use super::money::{Cost, Exact, Money, Overflow, Quantity, Remainder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sums over every row of one version of one source, kept to compare with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlTotals {
    pub rows_read: u64,
    pub rows_accepted: u64,
    pub rows_rejected: u64,
    /// Rows whose money another view of the same month carries, with the reason.
    pub rows_left_out: BTreeMap<String, (u64, Cost)>,
    /// What the manifest says, where there is one.
    pub rows_expected: Option<u64>,
    /// The vendor's cost column over all rows read, by currency.
    pub vendor_cost: BTreeMap<String, Cost>,
    pub billed: BTreeMap<String, Cost>,
    /// None where effective cost is not available.
    pub effective: Option<BTreeMap<String, Cost>>,
    pub by_charge_type: BTreeMap<String, Subtotal>,
    pub by_account: BTreeMap<String, Subtotal>,
    pub by_invoice: BTreeMap<String, Subtotal>,
    /// Covered usage that negations cancel, taken out of billed on both sides: what it came to, by currency.
    #[serde(default)]
    pub netted: BTreeMap<String, Cost>,
    /// Amounts written with more decimals than are kept, by column. Of the vendor's cost over all rows read, of other
    /// columns over the rows that became charges.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cut_off: BTreeMap<String, CutOff>,
    /// Quantities without money, by meter: what measures may count of this version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counted: BTreeMap<String, Quantity>,
}

/// Cells of one column that have more decimals than are kept: summed as they are written and as they are kept, so that
/// `kept + remainder = whole + tail` proves that nothing was rounded unseen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutOff {
    pub cells: u64,
    /// As written: up to the eighteenth decimal, and behind it.
    pub whole: Cost,
    pub tail: Remainder,
    /// Rounded half to even at the eighteenth decimal, and what that takes away.
    pub kept: Cost,
    pub remainder: Remainder,
}

impl CutOff {
    /// The exact sum, from what is kept.
    pub fn as_kept(&self) -> Exact {
        self.kept.exact().plus(&self.remainder.exact())
    }

    /// The exact sum, from what is written.
    pub fn as_written(&self) -> Exact {
        self.whole.exact().plus(&self.tail.exact())
    }

    pub fn add(&mut self, other: &Self) -> Result<(), Overflow> {
        self.cells += other.cells;
        self.whole = self.whole.checked_add(other.whole)?;
        self.tail = self.tail.checked_add(other.tail)?;
        self.kept = self.kept.checked_add(other.kept)?;
        self.remainder = self.remainder.checked_add(other.remainder)?;
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subtotal {
    pub rows: u64,
    pub vendor_cost: Cost,
    pub billed: Cost,
    pub effective: Cost,
}

impl Subtotal {
    pub fn add(&mut self, other: &Self) -> Result<(), Overflow> {
        self.rows += other.rows;
        self.vendor_cost = self.vendor_cost.checked_add(other.vendor_cost)?;
        self.billed = self.billed.checked_add(other.billed)?;
        self.effective = self.effective.checked_add(other.effective)?;
        Ok(())
    }
}

impl ControlTotals {
    /// Adds the totals of another part of the same version.
    pub fn add(&mut self, other: &Self) -> Result<(), Overflow> {
        self.rows_read += other.rows_read;
        self.rows_accepted += other.rows_accepted;
        self.rows_rejected += other.rows_rejected;
        for (why, (rows, cost)) in &other.rows_left_out {
            let sum = self.rows_left_out.entry(why.clone()).or_default();
            *sum = (sum.0 + rows, sum.1.checked_add(*cost)?);
        }
        add_costs(&mut self.vendor_cost, &other.vendor_cost)?;
        add_costs(&mut self.billed, &other.billed)?;
        add_costs(&mut self.netted, &other.netted)?;
        for (meter, quantity) in &other.counted {
            let sum = self.counted.entry(meter.clone()).or_default();
            *sum = sum.checked_add(*quantity)?;
        }
        for (column, cut) in &other.cut_off {
            self.cut_off.entry(column.clone()).or_default().add(cut)?;
        }
        self.effective = match (self.effective.take(), &other.effective) {
            (Some(mut sums), Some(others)) => {
                add_costs(&mut sums, others)?;
                Some(sums)
            }
            _ => None,
        };
        let groups = [
            (&mut self.by_charge_type, &other.by_charge_type),
            (&mut self.by_account, &other.by_account),
            (&mut self.by_invoice, &other.by_invoice),
        ];
        for (sums, others) in groups {
            for (name, subtotal) in others {
                sums.entry(name.clone()).or_default().add(subtotal)?;
            }
        }
        Ok(())
    }
}

/// Adds sums by name, currency for one.
pub fn add_costs(sums: &mut BTreeMap<String, Cost>, others: &BTreeMap<String, Cost>) -> Result<(), Overflow> {
    for (name, cost) in others {
        let sum = sums.entry(name.clone()).or_default();
        *sum = sum.checked_add(*cost)?;
    }
    Ok(())
}

/// Two totals that must be equal. Amounts are decimal text: some are costs, some money, some counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TieOut {
    /// `T4`.
    pub id: String,
    pub about: String,
    pub left_name: String,
    pub left: String,
    pub right_name: String,
    pub right: String,
    pub difference: String,
    pub passes: bool,
    /// What the two sides are made of, named.
    pub parts: Vec<(String, String)>,
}

/// A law of the money, checked again on what the stages left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LawResult {
    /// Its number in the list of laws.
    pub law: u8,
    pub about: String,
    pub left_name: String,
    pub left: String,
    pub right_name: String,
    pub right: String,
    pub passes: bool,
}

/// What must hold before a month is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    pub name: String,
    pub passes: bool,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VendorState {
    Matched,
    MatchedWithItems,
    Unmatched,
    AccruedNoInvoice,
}

/// Why an invoice section and its charges differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemType {
    InvoiceOnly,
    UsageOnly,
    CreditTiming,
    PeriodCutOff,
    Currency,
    Rounding,
    Unexplained,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcilingItem {
    pub item_type: ItemType,
    pub description: String,
    pub amount: Cost,
}

/// One section of a vendor's invoice beside the charges it bills.
///
/// All amounts are in its own currency, because the vendor's invoice is; only `invoice_basis` is in that of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorReconciliation {
    pub section: SectionKey,
    pub currency: String,
    /// None in the currency of the books.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeRate>,
    pub usage: Cost,
    /// Positive charges, and credits, refunds and discounts, of which usage is the sum.
    pub charges: Cost,
    pub credits: Cost,
    pub invoice: Option<Money>,
    /// What the vendor's cost is in cents: the invoice with all its items, or usage rounded while there is none.
    pub invoice_basis: Money,
    /// Invoice less usage; zero while there is no invoice.
    pub difference: Cost,
    pub items: Vec<ReconcilingItem>,
    pub state: VendorState,
}

impl VendorState {
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::MatchedWithItems => "matched with items",
            Self::Unmatched => "unmatched",
            Self::AccruedNoInvoice => "accrued, no invoice",
        }
    }
}

impl VendorReconciliation {
    /// An amount of the section in the currency of the books.
    pub fn in_books(&self, cost: Cost) -> Result<Cost, Overflow> {
        self.exchange.as_ref().map_or(Ok(cost), |rate| rate.convert(cost))
    }

    /// What stands on the invoice and is in no charge.
    pub fn invoice_only(&self) -> Result<Cost, Overflow> {
        let outside = |item: &&ReconcilingItem| item.item_type.is_outside_charges();
        Cost::total(self.items.iter().filter(outside).map(|item| item.amount))
    }
}

impl ItemType {
    /// An amount of the invoice that the charges do not hold, as against one that only explains their rounding.
    pub const fn is_outside_charges(self) -> bool {
        !matches!(self, Self::Rounding | Self::Unexplained)
    }
}

/// The journals as the written feed says them: re-read from its bytes, to be compared with the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// By journal and fund, in their order.
    pub sides: Vec<FeedSides>,
    /// Why the feed could not be read whole; nothing it says counts then.
    pub unreadable: Option<String>,
}

/// What the feed says of one journal in one fund.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedSides {
    pub journal: String,
    pub fund: String,
    pub lines: u64,
    pub debits: Money,
    pub credits: Money,
}
