//! Shared pools and what they are shared by.

use super::Settings;
use crate::model::codes::{AgencyCode, PoolId, ServiceCode};
use crate::model::money::{Exact, Money, Quantity};
use crate::model::month::{Month, Validity};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A shared pool and how it is shared. Versions of one pool are dated rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pool {
    pub id: PoolId,
    pub version: u32,
    pub line: u64,
    pub valid: Validity,
    /// The service its shares are billed under.
    pub service: ServiceCode,
    pub stage: u32,
    pub method: Method,
    /// Who takes part; `*` or a class means all such agencies, and pools only where they are named.
    pub targets: Vec<Target>,
    pub exclude: Vec<AgencyCode>,
    pub reason: String,
    pub statement_text: String,
    #[serde(default, skip_serializing_if = "Sharing::is_plain")]
    pub sharing: Sharing,
}

impl Pool {
    /// Whether two versions give the same shares to the same targets under the same service.
    pub fn shares_like(&self, other: &Self) -> bool {
        let of = |pool: &Self| {
            (
                pool.method.clone(),
                pool.targets.clone(),
                pool.exclude.clone(),
                pool.service.clone(),
                pool.sharing.clone(),
            )
        };
        self.stage == other.stage && of(self) == of(other)
    }

    /// Whether what an agency or pool used in the month decides its part.
    pub const fn has_driver(&self) -> bool {
        matches!(self.method, Method::Driver { .. } | Method::Index { .. })
    }

    /// Pools that are among its targets.
    pub fn feeds(&self) -> impl Iterator<Item = &PoolId> {
        let named = self.targets.iter().filter_map(|target| match target {
            Target::Pool(pool) => Some(pool),
            _ => None,
        });
        named.filter(|pool| !self.sharing.exclude.contains(&Target::Pool((*pool).clone())))
    }
}

/// What a pool's row says beyond its method. Blank cells are the defaults, and books of earlier versions have no others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Sharing {
    /// Pools of one group may feed each other; they are solved together (the reciprocal method).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Rows of the driver that are about pools do not count (the direct method).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub agencies_only: bool,
    /// Fixed shares of pools; those of agencies are in [`Method::Fixed`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pool_shares: BTreeMap<PoolId, Decimal>,
    pub period: DriverPeriod,
    /// The least that a target with a part pays, and the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<Limit>,
    /// A smaller share than this is not billed; the others take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub de_minimis: Option<Limit>,
    pub on_zero_driver: OnZeroDriver,
    pub negative: OnNegative,
    /// Who receives all leftover cents; the largest remainders where nobody is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residual: Option<AgencyCode>,
    /// Classes and pools that take no part; agencies are in [`Pool::exclude`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Target>,
}

impl Sharing {
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Target {
    All,
    Class(super::CounterpartyClass),
    Agency(AgencyCode),
    Pool(PoolId),
}

/// Who gets a share: an agency, on its bill, or another pool, which shares it on. Agencies come first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Recipient {
    Agency(AgencyCode),
    Pool(PoolId),
}

impl fmt::Display for Recipient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agency(agency) => agency.fmt(out),
            Self::Pool(pool) => write!(out, "pool {pool}"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "method")]
pub enum Method {
    Even,
    /// Percentages by agency, which add up to exactly 100, those of pools included.
    Fixed {
        shares: BTreeMap<AgencyCode, Decimal>,
    },
    /// By the agencies' own direct cost in these services (all pass-through services when the list is empty).
    ProportionalToCost {
        services: Vec<ServiceCode>,
    },
    /// By a driver table.
    Driver {
        driver: String,
    },
    /// By several drivers at once: each has its weight, and a target's part of each counts by it.
    Index {
        parts: Vec<(String, Decimal)>,
    },
}

/// Which months' driver rows count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "of", content = "value")]
pub enum DriverPeriod {
    /// The month that is shared.
    #[default]
    Same,
    /// The month before it.
    Prior,
    /// So many months that end with it, added up.
    Trailing(u32),
    /// This month, whichever is shared.
    Frozen(Month),
}

impl DriverPeriod {
    /// The months whose rows count, earliest first.
    pub fn months(self, month: Month) -> Vec<Month> {
        match self {
            Self::Same => vec![month],
            Self::Prior => vec![month.previous()],
            Self::Frozen(frozen) => vec![frozen],
            Self::Trailing(count) => {
                let mut months: Vec<Month> =
                    std::iter::successors(Some(month), |month| Some(month.previous())).take(count as usize).collect();
                months.reverse();
                months
            }
        }
    }

    /// `2025-09`, or `2025-07 to 2025-09`.
    pub fn in_words(self, month: Month) -> String {
        match self.months(month)[..] {
            [] => String::new(),
            [only] => only.to_string(),
            [first, .., last] => format!("{first} to {last}"),
        }
    }
}

/// A floor, a cap or a least amount: money, or a percentage of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "as", content = "value")]
pub enum Limit {
    Amount(Money),
    Percent(Decimal),
}

impl Limit {
    /// In dollars, for a pool of this magnitude.
    pub fn of(self, pool: Money) -> Exact {
        match self {
            Self::Amount(amount) => amount.exact(),
            Self::Percent(percent) => pool.exact().times(&super::fraction(percent)),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Amount(amount) => amount.fmt(out),
            Self::Percent(percent) => write!(out, "{} percent of the pool", percent.normalize()),
        }
    }
}

/// What becomes of a pool whose driver adds up to nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", content = "value")]
pub enum OnZeroDriver {
    /// The close is blocked.
    #[default]
    Error,
    /// It is shared as this pool is.
    Fallback(PoolId),
    /// It waits in suspense, by name.
    Hold,
    /// The provider bears it.
    Central,
}

/// What becomes of a pool whose credits exceed its charges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnNegative {
    /// Its shares are credits.
    #[default]
    Share,
    /// It waits in suspense, by name.
    Hold,
}

/// One row of `drivers/*.csv`: what an agency used in a month, measured outside the charges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriverValue {
    pub driver: String,
    pub month: Month,
    pub agency: AgencyCode,
    pub value: Quantity,
    pub unit: String,
    pub file: String,
    pub line: u64,
}

/// One row of `drivers/*.csv` about a pool: what the service behind it used of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolDriverValue {
    pub driver: String,
    pub month: Month,
    pub pool: PoolId,
    pub value: Quantity,
    pub unit: String,
    pub file: String,
    pub line: u64,
}

impl Settings {
    pub fn pool_on(&self, id: &PoolId, day: NaiveDate) -> Option<&Pool> {
        self.pools.iter().filter(|pool| &pool.id == id && pool.valid.covers(day)).max_by_key(|pool| pool.version)
    }

    /// The first version of a pool that is in force in a month.
    pub fn pool(&self, id: &PoolId, month: Month) -> Option<&Pool> {
        let starts = |pool: &&Pool| &pool.id == id && pool.valid.from.is_some_and(|from| month.contains(from));
        self.pool_on(id, month.first_day()).or_else(|| {
            let first = self.pools.iter().filter(starts).min_by_key(|pool| pool.valid.from)?.valid.from?;
            self.pool_on(id, first)
        })
    }

    pub fn driver(&self, driver: &str, month: Month) -> impl Iterator<Item = &DriverValue> {
        self.drivers.iter().filter(move |value| value.driver == driver && value.month == month)
    }

    pub fn pool_driver(&self, driver: &str, month: Month) -> impl Iterator<Item = &PoolDriverValue> {
        self.pool_drivers.iter().filter(move |value| value.driver == driver && value.month == month)
    }
}
