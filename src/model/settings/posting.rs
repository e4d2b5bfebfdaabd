//! What becomes of a line: its mode, the strings that pay, the accounts and the chart.

use super::super::card::RecoveryClass;
use super::super::codes::{AccountCode, AgencyCode, FundCode, ServiceCode};
use super::super::money::Money;
use super::super::month::Validity;
use super::owners::CounterpartyClass;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What happens to a line of an agency and a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Charges are listed, no rates.
    Visibility,
    /// A full statement marked "not a bill"; nothing is posted.
    Showback,
    /// Full value, net zero, booked to a named central fund.
    Absorbed,
    #[default]
    Chargeback,
}

/// One row of `modes.csv`; the narrowest match in force wins, chargeback where none matches.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModeRule {
    pub line: u64,
    pub agency: Option<AgencyCode>,
    pub service: Option<ServiceCode>,
    pub valid: Validity,
    pub mode: Mode,
    pub absorbed_by: Option<FundCode>,
}

/// One string of a funding rule: rules of one key and date add up to exactly 100 percent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FundingRule {
    pub line: u64,
    pub agency: AgencyCode,
    /// Narrower than the agency: a service, an account.
    pub service: Option<ServiceCode>,
    pub sub_account: Option<String>,
    pub sequence: u32,
    pub percent: Decimal,
    pub string: AccountString,
    pub federal: bool,
    pub valid: Validity,
}

/// Where money sits in the state's chart. All text, any may be empty except fund and account.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountString {
    pub fund: String,
    pub agency: String,
    pub appropriation: String,
    pub program: String,
    pub cost_center: String,
    pub project: String,
    pub grant: String,
    pub activity: String,
    pub account: String,
    pub location: String,
    pub user1: String,
    pub user2: String,
    pub user3: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fund {
    pub code: FundCode,
    pub name: String,
    pub class: CounterpartyClass,
    pub federal: bool,
}

/// Role to account; the narrowest match wins (service, then class, then neither).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountRole {
    pub line: u64,
    pub role: Role,
    pub service: Option<ServiceCode>,
    pub class: Option<CounterpartyClass>,
    /// Revenue: narrower still, of cards of this class only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoveryClass>,
    pub account: AccountCode,
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Cash,
    DueFrom,
    UnbilledReceivable,
    Prepaid,
    ApVendor,
    AccruedLiability,
    Revenue,
    ExpenseOperating,
    AgencyExpenditure,
    DueTo,
    /// A subsidy, in the provider's fund: no operating revenue (GASB 103).
    TransfersIn,
    /// The same in the fund that gives it.
    TransfersOut,
}

impl AccountString {
    /// The parts by the names that the chart of accounts gives them.
    pub fn dimensions(&self) -> [(&'static str, &str); 13] {
        [
            ("fund", &self.fund),
            ("agency", &self.agency),
            ("appropriation", &self.appropriation),
            ("program", &self.program),
            ("cost_center", &self.cost_center),
            ("project", &self.project),
            ("grant", &self.grant),
            ("activity", &self.activity),
            ("account", &self.account),
            ("location", &self.location),
            ("user1", &self.user1),
            ("user2", &self.user2),
            ("user3", &self.user3),
        ]
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodeValue {
    pub line: u64,
    pub dimension: String,
    pub code: String,
    pub name: String,
    pub valid: Validity,
    pub postable: bool,
    pub federal: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Budget {
    pub line: u64,
    pub fiscal_year: i32,
    pub agency: AgencyCode,
    pub service: Option<ServiceCode>,
    pub fund: String,
    pub amount: Money,
    pub as_of: Option<NaiveDate>,
}
