//! Rate cards: what a service costs, for whom, from when, by which arithmetic and within which bounds.

use super::bill::RateReference;
use super::charge::CostBasis;
use super::codes::{AgencyCode, ServiceCode};
use super::money::Money;
use super::month::Validity;
use super::settings::{Agency, Condition, CounterpartyClass, Field};
use crate::model::charge::Dimension;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One version of a rate; a change is a new row with a start date.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RateCard {
    pub rate_id: String,
    pub version: u32,
    /// The file below `rates/` and the line, for findings.
    pub file: String,
    pub line: u64,
    pub service: ServiceCode,
    pub description: String,
    pub statement_text: String,
    pub valid: Validity,
    pub authority: String,
    pub approved_by: String,
    pub approved_on: Option<NaiveDate>,
    pub scope: Scope,
    /// Which charges of the service; empty means all of them.
    pub conditions: Vec<Condition>,
    pub model: RateModel,
    /// Left out where the card has none, so that books without such terms read as they did before there were any.
    #[serde(default, skip_serializing_if = "CardTerms::is_plain")]
    pub terms: CardTerms,
}

/// Whom a card is for. Narrower goes first: agency, class, all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Scope {
    All,
    Class(CounterpartyClass),
    Agency(AgencyCode),
}

impl Scope {
    pub fn covers(&self, agency: &Agency) -> bool {
        match self {
            Self::All => true,
            Self::Class(class) => *class == agency.class,
            Self::Agency(code) => *code == agency.code,
        }
    }
}

/// The arithmetic of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "model")]
pub enum RateModel {
    /// The vendor's cost to the last digit.
    PassThrough { basis: CostBasis },
    /// A percentage of the net amounts of other services' bill lines.
    Percent { percent: Decimal, of: Vec<ServiceCode> },
    /// Quantity times price.
    Unit { unit: String, unit_price: Decimal, price_per: Decimal, measure: Measure },
    /// Each unit at the price of the tier it falls in.
    Graduated { unit: String, price_per: Decimal, measure: Measure, tiers: Vec<Tier> },
    /// All units at the price of the tier that their number falls in.
    Volume { unit: String, price_per: Decimal, measure: Measure, tiers: Vec<Tier> },
    /// A price for each started package of `size` units.
    Package { unit: String, size: Decimal, unit_price: Decimal, measure: Measure },
    /// An amount that steps up with each started `size` of units: a package that nobody takes home.
    Step { unit: String, size: Decimal, unit_price: Decimal, measure: Measure },
    /// An amount a month.
    Flat { amount: Money },
    /// An authorized yearly amount, in installments over the months that remain.
    Assessment { amount: Money },
    /// The vendor's cost, and a percentage of it as a line of its own.
    CostPlus { basis: CostBasis, percent: Decimal },
}

/// A row of a card with tiers: from its lower bound, inclusive, to that of the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub from: Decimal,
    pub unit_price: Decimal,
    /// Asked once where the tier is reached.
    pub amount: Option<Money>,
}

/// Where the quantity of a card comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Measure {
    /// The consumed quantity of the service's charges; the vendor's cost behind them is recovered by the rate.
    Consumed,
    /// A driver table, by agency.
    Driver(String),
}

/// What a card says besides its price.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardTerms {
    /// The rate that ends where this one starts.
    pub supersedes: Option<String>,
    #[serde(rename = "use")]
    pub purpose: Use,
    /// Since when the agencies know.
    pub notice_on: Option<NaiveDate>,
    pub window: CountWindow,
    pub count_by: CountBy,
    /// Units of each window that cost nothing.
    pub included: Option<Decimal>,
    /// Least and most that an agency pays in a month.
    pub minimum: Option<Money>,
    pub maximum: Option<Money>,
    /// Who pays what is above the maximum.
    pub above_maximum_to: Option<AgencyCode>,
    pub proration: Proration,
    pub on_change: OnChange,
    pub recovery: Option<RecoveryClass>,
}

impl CardTerms {
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

macro_rules! choices {
    ($($(#[$about:meta])* $name:ident { $first:ident, $($other:ident),* })*) => {
        $($(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { #[default] $first, $($other),* })*
    };
}

choices! {
    /// What a card may be used for.
    Use { Chargeback, Showback }
    /// What is counted together.
    CountWindow { Month, Line, Day, FiscalYear }
    /// Whose units are counted together.
    CountBy { Agency, Resource, User, Account, State }
    /// What becomes of an amount of a whole month in a part of one.
    Proration { None, Daily, Hourly }
    /// What becomes of the count when a card changes within a window.
    OnChange { Continue, Restart, ProrateBounds }
    /// Decides the revenue account.
    RecoveryClass { Direct, Overhead, PassThrough }
}

/// What is counted, for models that price a quantity.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    pub unit: &'a str,
    pub measure: &'a Measure,
}

impl RateModel {
    pub fn counted(&self) -> Option<Counted<'_>> {
        match self {
            Self::Unit { unit, measure, .. }
            | Self::Graduated { unit, measure, .. }
            | Self::Volume { unit, measure, .. }
            | Self::Package { unit, measure, .. }
            | Self::Step { unit, measure, .. } => Some(Counted { unit, measure }),
            _ => None,
        }
    }

    /// How many of the counted units are in one of those in which usage is told: `100 Hours` are a hundred hours to a card
    /// that asks for packages of hours. Any other card counts its own unit alone. None where it is something else.
    pub fn blocks_of(&self, used: &str) -> Option<i64> {
        let is_same = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
        let own = self.counted()?.unit;
        if is_same(own, used) {
            return Some(1);
        }
        let is_package = matches!(self, Self::Package { .. } | Self::Step { .. });
        let (size, used) = block(used);
        (is_package && is_same(own, used)).then(|| size.try_into().ok()).flatten()
    }

    /// Whether it prices charges one by one; a percentage is taken of bill lines.
    pub const fn prices_charges(&self) -> bool {
        !matches!(self, Self::Percent { .. })
    }

    /// The vendor's cost that it passes on.
    pub const fn passes_on(&self) -> Option<CostBasis> {
        match self {
            Self::PassThrough { basis } | Self::CostPlus { basis, .. } => Some(*basis),
            _ => None,
        }
    }

    /// As the tables write it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PassThrough { .. } => "pass_through",
            Self::Percent { .. } => "percent",
            Self::Unit { .. } => "unit",
            Self::Graduated { .. } => "graduated",
            Self::Volume { .. } => "volume",
            Self::Package { .. } => "package",
            Self::Step { .. } => "step",
            Self::Flat { .. } => "flat",
            Self::Assessment { .. } => "assessment",
            Self::CostPlus { .. } => "cost_plus",
        }
    }
}

impl RateCard {
    /// How narrow a card is: its scope, then the narrowest thing its conditions name, then how many conditions it has,
    /// then how many of their characters are fixed. The narrowest card that fits prices a charge; two equally narrow ones
    /// are a finding.
    pub fn narrowness(&self) -> (u8, u8, usize, usize) {
        let scope = match self.scope {
            Scope::All => 0,
            Scope::Class(_) => 1,
            Scope::Agency(_) => 2,
        };
        let fixed = self.conditions.iter().map(|condition| condition.pattern.fixed()).sum();
        let named = self.conditions.iter().map(|condition| level(&condition.field)).max().unwrap_or_default();
        (scope, named, self.conditions.len(), fixed)
    }

    pub fn is(&self, rate: &RateReference) -> bool {
        self.rate_id == rate.rate_id && self.version == rate.version
    }

    /// A card nobody has approved may be shown, never charged.
    pub fn is_approved(&self) -> bool {
        !self.approved_by.trim().is_empty()
    }

    /// `rate AWS-PT version 2 (rates/2025/aws.csv line 4)`: for findings.
    pub fn in_words(&self) -> String {
        format!("rate {} version {} ({} line {})", self.rate_id, self.version, self.file, self.line)
    }

    pub fn counts_from_drivers(&self) -> Option<&str> {
        match self.model.counted()?.measure {
            Measure::Driver(driver) => Some(driver),
            Measure::Consumed => None,
        }
    }

    /// The class of its revenue: as the card says, or as its model is.
    pub fn recovery(&self) -> RecoveryClass {
        self.terms.recovery.unwrap_or(match self.model {
            RateModel::PassThrough { .. } | RateModel::CostPlus { .. } => RecoveryClass::PassThrough,
            RateModel::Percent { .. } => RecoveryClass::Overhead,
            _ => RecoveryClass::Direct,
        })
    }
}

/// SKU and meter are narrower than the vendor's service, and that is narrower than anything else.
const fn level(field: &Field) -> u8 {
    match field {
        Field::Dimension(Dimension::SkuId | Dimension::SkuMeter) => 3,
        Field::Dimension(Dimension::ServiceCode | Dimension::ServiceName) => 2,
        _ => 1,
    }
}

/// `100 Hours` is a hundred of `Hours`: number and unit of a unit's text. `Hours` is one.
pub fn block(unit: &str) -> (Decimal, &str) {
    let unit = unit.trim();
    let Some((number, rest)) = unit.split_once(char::is_whitespace) else { return (Decimal::ONE, unit) };
    let (digits, thousands) = match number.as_bytes() {
        [.., b'K' | b'k'] => (&number[..number.len() - 1], 1_000),
        [.., b'M' | b'm'] => (&number[..number.len() - 1], 1_000_000),
        _ => (number, 1),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse::<u32>() {
        Ok(number) if is_number && number > 0 => (Decimal::from(number) * Decimal::from(thousands), rest.trim()),
        _ => (Decimal::ONE, unit),
    }
}
