//! Bills: one rounded set of lines from which statements, journals and reports are written. No exporter computes money.

use super::adjustment::AdjustmentReference;
use super::charge::{CostBasis, Dimension};
use super::codes::{AgencyCode, FundCode, PoolId, ServiceCode};
use super::credits::CreditMove;
use super::finding::Finding;
use super::money::{Cost, Money, Overflow, Quantity};
use super::month::Month;
use super::pricing::Counter;
use super::roll_up::Row;
use super::settings::{AccountString, DriverValue, Mode};
use super::subsidy::{Counted, SubsidyPart};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use std::sync::Arc;

/// A place in the list of bill lines, bill numbers and roll-up rows of one month.
pub type LineNumber = usize;

/// Where every charge went: exactly one of these, and the five add up to what came in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Destination {
    Agency(AgencyCode),
    Pool(PoolId),
    /// Borne by the provider, with the reason (a unit rate recovers it, prepaid commitments, a decision).
    Central(String),
    Excluded(String),
    Suspense(String),
}

impl Destination {
    /// The reason under which the difference of billed and effective cost waits: its cents go to the role `prepaid`.
    pub const PREPAID: &'static str = "prepaid";

    pub fn prepaid() -> Self {
        Self::Central(Self::PREPAID.to_owned())
    }

    pub fn is_prepaid(&self) -> bool {
        matches!(self, Self::Central(reason) if reason == Self::PREPAID)
    }
}

/// Who owns a charge, what it is for, and what decided so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ruling {
    pub destination: Destination,
    /// None for a charge of no service that needs none, because no agency pays it by itself.
    pub service: Option<ServiceCode>,
    /// The agency that is billed the row's quantity at our own rate. The vendor's cost behind it is central.
    pub consumer: Option<AgencyCode>,
    /// Ids of what decided: the ownership rule, the rate card.
    pub owner_rule: String,
    pub rate: Option<RateReference>,
    pub basis: CostBasis,
    /// The section of the vendor's invoice it belongs to.
    pub section: SectionKey,
}

/// A roll-up row with its ruling, which it shares with all rows that are ruled alike: millions of rows, a few thousand
/// rulings. It reads as if it held the ruling: `charge.destination`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatedCharge {
    /// Row of the roll-up.
    pub row: usize,
    pub ruling: Arc<Ruling>,
    /// What is shared or passed on, before its cent is made. For a card on effective cost the rest of the billed cost
    /// goes on as a second rated charge of the same row, to `Central("prepaid")`.
    pub cost: Cost,
    /// Made by `fit`.
    pub amount: Money,
}

impl Deref for RatedCharge {
    type Target = Ruling;

    fn deref(&self) -> &Ruling {
        &self.ruling
    }
}

/// The charges of one ruling together.
#[derive(Clone, Copy, Debug)]
pub struct RulingSum<'a> {
    pub ruling: &'a Ruling,
    pub cost: Cost,
    pub amount: Money,
}

impl RatedCharge {
    /// Sums by ruling, in the order in which rulings first appear. Whatever depends on the ruling alone is quicker asked
    /// of these: there are a few thousand, and millions of charges.
    pub fn by_ruling(charges: &[Self]) -> Result<Vec<RulingSum<'_>>, Overflow> {
        let mut places: HashMap<*const Ruling, usize> = HashMap::new();
        let mut sums: Vec<RulingSum<'_>> = Vec::new();
        let mut last: Option<(&Arc<Ruling>, usize)> = None;
        for charge in charges {
            let place = match last.filter(|(before, _)| Arc::ptr_eq(before, &charge.ruling)) {
                Some((_, place)) => place,
                None => *places.entry(Arc::as_ptr(&charge.ruling)).or_insert_with(|| {
                    sums.push(RulingSum { ruling: &charge.ruling, cost: Cost::ZERO, amount: Money::ZERO });
                    sums.len() - 1
                }),
            };
            last = Some((&charge.ruling, place));
            let sum = &mut sums[place];
            sum.cost = sum.cost.checked_add(charge.cost)?;
            sum.amount = sum.amount.checked_add(charge.amount)?;
        }
        Ok(sums)
    }
}

/// What rate makes of a roll-up: every row in the currency of the books has its charges, in the order of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rated {
    pub charges: Vec<RatedCharge>,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RateReference {
    pub rate_id: String,
    pub version: u32,
}

/// What a vendor asks to be paid as one amount.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SectionKey {
    pub provider: String,
    pub billing_account_id: String,
    /// Blank where the vendor's rows carry none.
    pub invoice_id: String,
    /// Blank for the currency of the books: amounts of two currencies are never one section.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub currency: String,
}

impl SectionKey {
    pub fn of(row: &Row<'_>, books: &str) -> Self {
        let currency = row.text(Dimension::BillingCurrency);
        Self {
            currency: if currency == books { String::new() } else { currency.to_owned() },
            provider: row.text(Dimension::Provider).to_owned(),
            billing_account_id: row.text(Dimension::BillingAccountId).to_owned(),
            invoice_id: row.text(Dimension::InvoiceId).to_owned(),
        }
    }

    /// `AWS 111122223333 2045678901`: for people.
    pub fn in_words(&self) -> String {
        let parts = [&self.provider, &self.billing_account_id, &self.invoice_id, &self.currency];
        parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    }
}

/// Why a line is on a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    /// The agency's own charges at the vendor's cost.
    Direct,
    /// A share of a pool.
    Shared,
    /// Quantity times our rate.
    Unit,
    /// A percentage of other lines.
    Fee,
    /// An amount a month, or the installment of a yearly one.
    Fixed,
    /// Credits that were bought ahead, as they are used.
    Prepaid,
    /// What a fund pays of another line.
    Subsidy,
    /// What lines are short of a card's minimum.
    Shortfall,
    /// What lines have above a card's maximum: taken from one agency, asked of another.
    Excess,
    /// What was approved to put a closed month right.
    Adjustment,
}

/// One line of a bill: agency, service and kind in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillLine {
    /// `DOH-2025-09-000001`: agency, month, place on the bill.
    pub id: String,
    pub agency: AgencyCode,
    pub service: ServiceCode,
    pub month: Month,
    pub kind: LineKind,
    pub mode: Mode,
    /// The fund that absorbs it, for `Mode::Absorbed`.
    pub absorbed_by: Option<FundCode>,
    pub description: String,
    /// The vendor behind it (`AWS`), blank for our own services.
    pub provider: String,
    pub amount: Money,
    pub rate: Option<RateReference>,
    pub quantity: Option<Quantity>,
    pub unit: String,
    /// Decimal text of the price or percentage applied, as on the card.
    pub unit_price: String,
    pub share: Option<PoolShare>,
    /// The arithmetic, in the order it was done, in words and figures.
    pub arithmetic: Vec<String>,
    /// Other currencies than that of the books that its charges were converted from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub converted_from: Vec<String>,
    pub funding: Vec<FundingLine>,
    /// For [`LineKind::Adjustment`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<AdjustmentReference>,
    /// For [`LineKind::Subsidy`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsidy: Option<SubsidyPart>,
}

/// How an agency came to its part of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolShare {
    pub pool: PoolId,
    pub version: u32,
    pub method: String,
    pub pool_amount: Money,
    pub driver_value: String,
    pub driver_total: String,
    pub unit: String,
    /// The exact share before cents, as decimal text; `...` where it goes on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub exact: String,
    /// It received one of the leftover cents.
    pub received_cent: bool,
}

impl PoolShare {
    /// Whether it is a share of what this version of a pool gave out.
    pub fn is_of(&self, result: &PoolResult) -> bool {
        self.pool == result.pool && self.version == result.version
    }
}

/// The part of a bill line that one account string pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundingLine {
    pub string: AccountString,
    /// Decimal text, as in the rule.
    pub percent: String,
    pub federal: bool,
    pub amount: Money,
    /// Year whose appropriation pays.
    pub budget_fiscal_year: i32,
}

/// A roll-up row's cents on a bill line or in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillDetail {
    pub line: LineNumber,
    pub row: usize,
    pub amount: Money,
}

/// What a pool took in and gave out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolResult {
    pub pool: PoolId,
    pub version: u32,
    pub service: ServiceCode,
    pub description: String,
    pub taken_in: Money,
    /// Agency, driver value as text, cents.
    pub shares: Vec<(AgencyCode, String, Money)>,
    /// To agencies and to other pools.
    pub given_out: Money,
    pub method: String,
    /// What of `taken_in` came from other pools that were shared before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub received: Vec<(PoolId, Money)>,
    /// What of `given_out` went to pools that are shared later: pool, driver value as text, cents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_on: Vec<(PoolId, String, Money)>,
    /// What the pools of a group moved to this one, less what they moved away, when they were solved together: over the
    /// group it is nothing.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub exchanged: Money,
    /// What it received from other pools and could not give out.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub held: Money,
}

impl PoolResult {
    /// Whether it has nothing to do with other pools.
    pub fn is_plain(&self) -> bool {
        let moved = !self.exchanged.is_zero() || !self.held.is_zero();
        self.received.is_empty() && self.passed_on.is_empty() && !moved
    }

    /// What its own charges brought in.
    pub fn of_charges(&self) -> Result<Money, Overflow> {
        self.taken_in.checked_sub(Money::total(self.received.iter().map(|(_, amount)| *amount))?)
    }
}

fn is_nothing(amount: &Money) -> bool {
    amount.is_zero()
}

/// A cent that a division handed out, for the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Residual {
    /// `fit AWS 2045678901`, `pool SHR`, `funding DOH-2025-09-000001`.
    pub step: String,
    pub received_by: String,
    pub cents: Money,
}

/// What the provider bears that no charge stands behind: an item that is on the vendor's invoice alone, or a difference
/// within the tolerance that rounding cannot have made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CentralAmount {
    pub section: SectionKey,
    pub reason: String,
    pub amount: Money,
}

/// Everything the bills of a month say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bills {
    pub lines: Vec<BillLine>,
    pub details: Vec<BillDetail>,
    /// Detail of each pool: rows with their cents (`line` is the pool's place in `pools`).
    pub pool_details: Vec<BillDetail>,
    pub pools: Vec<PoolResult>,
    pub residuals: Vec<Residual>,
    pub central: Vec<CentralAmount>,
    /// What later months of the fiscal year go on counting with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<Counter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subsidised: Vec<Counted>,
    /// Prepaid credits: what of each grant was used, expired and is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<CreditMove>,
    /// What its measures counted: later months may be shared by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<DriverValue>,
}

impl Bills {
    pub fn of<'a>(&'a self, agency: &'a AgencyCode) -> impl Iterator<Item = &'a BillLine> {
        self.lines.iter().filter(move |line| &line.agency == agency)
    }

    /// Lines that reach the journals: those that ask for money, and those a central fund absorbs.
    pub fn posted(&self) -> impl Iterator<Item = &BillLine> {
        self.lines.iter().filter(|line| matches!(line.mode, Mode::Chargeback | Mode::Absorbed))
    }

    /// Lines that ask for money.
    pub fn charged(&self) -> impl Iterator<Item = &BillLine> {
        self.lines.iter().filter(|line| line.mode == Mode::Chargeback)
    }
}
