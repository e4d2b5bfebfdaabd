//! What people decide after a month is closed: adjustments of its bills, and payments of what they ask.

use super::codes::{AgencyCode, FundCode, ServiceCode};
use super::money::Money;
use super::month::Month;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// One row of `adjustments.csv`. Rows of one id are one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// In the table.
    pub line: u64,
    pub id: String,
    /// 1, 2, 3 within the document.
    pub place: u32,
    pub booked_on: NaiveDate,
    /// The closed month that it puts right.
    pub month: Month,
    pub agency: AgencyCode,
    pub service: ServiceCode,
    /// What the agency is to pay more.
    pub amount: Money,
    /// The bill line whose amount, and so whose funding, is corrected.
    pub corrects: Option<String>,
    pub paid_by: PaidBy,
    pub reason: String,
    pub requested_by: String,
    pub approved_by: String,
}

/// Who bears what an agency is forgiven.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaidBy {
    /// The provider's revenue is smaller.
    #[default]
    Provider,
    /// Another agency is asked for it, on its own bill.
    Agency(AgencyCode),
}

impl Adjustment {
    /// `A-17/2`: unique in the table.
    pub fn name(&self) -> String {
        format!("{}/{}", self.id, self.place)
    }
}

impl Settlement {
    /// Unique in the table.
    pub fn name(&self) -> String {
        let agency = self.agency.as_ref().map(AgencyCode::as_str).unwrap_or_default();
        format!("{}/{}/{agency}", self.id, self.fund)
    }
}

/// What a bill line knows of the adjustment that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustmentReference {
    pub id: String,
    pub place: u32,
    pub booked_on: NaiveDate,
    pub corrects: Option<String>,
}

/// One row of `settlements.csv`: what a fund paid of what it owes. Rows of one id are one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    pub line: u64,
    pub id: String,
    pub settled_on: NaiveDate,
    pub fund: FundCode,
    /// Where the fund alone does not say who owes.
    pub agency: Option<AgencyCode>,
    pub amount: Money,
    pub reference: String,
}
