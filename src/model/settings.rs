//! What the books' tables and settings say, checked. Stages read this and nothing else about configuration.

mod owners;
mod pools;
mod posting;
mod state;

pub use super::card::{
    CardTerms, CountBy, CountWindow, Measure, OnChange, Proration, RateCard, RateModel, RecoveryClass, Scope, Tier, Use,
};
pub use owners::{Agency, Condition, CounterpartyClass, Field, OwnerResult, OwnerRule, Pattern, Service, WithoutRate};
pub use pools::{
    DriverPeriod, DriverValue, Limit, Method, OnNegative, OnZeroDriver, Pool, PoolDriverValue, Recipient, Sharing,
    Target,
};
pub use posting::{AccountRole, AccountString, Budget, CodeValue, Fund, FundingRule, Mode, ModeRule, Role};
pub use state::{
    BillingSides, BillingTag, Counts, Evidence, FundingResidual, Gates, MeasureSetting, SourceSetting, State,
    VendorEntries,
};

use super::adjustment::{Adjustment, Settlement};
use super::codes::{AgencyCode, FundCode, ServiceCode};
use super::credits::{CreditGrant, CreditsGone};
use super::erp::Template;
use super::exchange::ExchangeRate;
use super::money::{Exact, Money};
use super::month::Month;
use super::pricing::Counter;
use super::subsidy::{Counted, Subsidy};
use super::usage_log::LogPrice;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Everything a close needs to know that is not a charge.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Settings {
    pub state: State,
    pub agencies: Vec<Agency>,
    pub owner_rules: Vec<OwnerRule>,
    pub services: Vec<Service>,
    pub rate_cards: Vec<RateCard>,
    pub pools: Vec<Pool>,
    pub drivers: Vec<DriverValue>,
    /// Rows of the driver tables that say what a pool used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pool_drivers: Vec<PoolDriverValue>,
    pub modes: Vec<ModeRule>,
    pub funding: Vec<FundingRule>,
    pub funds: Vec<Fund>,
    pub account_roles: Vec<AccountRole>,
    /// Codes that may stand in an account string, by dimension (`fund`, `account`, `program`, ...). A dimension that no
    /// row names is not checked.
    pub code_values: Vec<CodeValue>,
    pub budgets: Vec<Budget>,
    pub invoices: Vec<VendorInvoice>,
    pub quarantine: Vec<QuarantineWaiver>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchange: Vec<ExchangeRate>,
    /// What closed months of the fiscal year have counted, from their records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<Counter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subsidies: Vec<Subsidy>,
    /// What logs of usage are on the provider's invoice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log_prices: Vec<LogPrice>,
    /// Credits bought ahead, the oldest first, and what of them closed months have used or lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<CreditGrant>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits_gone: Vec<CreditsGone>,
    /// What subsidies have counted in closed months of the fiscal year, from their records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subsidised: Vec<Counted>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settlements: Vec<Settlement>,
    /// Feeds for the state's ERP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erp: Vec<Template>,
}

/// One section of a vendor's invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorInvoice {
    pub file: String,
    pub line: u64,
    /// As in [`Dimension::Provider`].
    pub provider: String,
    pub billing_account_id: String,
    /// Blank where the vendor's rows carry none (Azure EA): then the section is the account's month.
    pub invoice_id: String,
    pub month: Month,
    pub invoice_date: Option<NaiveDate>,
    pub amount: Money,
    pub currency: String,
    /// `charges`, or the type of an invoice-only item: `tax`, `support`, `marketplace`, `credit`; or of charges that are
    /// not on the invoice, as they stand among the charges: `usage-only`, `credit-timing`, `period-cut-off`.
    pub item_type: String,
    pub description: String,
}

/// Rejected rows that someone has looked at and taken out of the close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineWaiver {
    pub line: u64,
    pub file: String,
    pub row: u64,
    pub reason: String,
    pub approved_by: String,
}

impl Settings {
    pub fn agency(&self, code: &AgencyCode) -> Option<&Agency> {
        self.agencies.iter().find(|agency| &agency.code == code)
    }

    /// What kind of customer pays from a fund. A customer in the provider's own fund owes another agency, not another fund.
    /// Who keeps own books is an outsider whatever fund stands in the string; otherwise the fund decides before the agency.
    pub fn counterparty(&self, fund: &str, agency: &AgencyCode) -> CounterpartyClass {
        let of_agency = self.agency(agency).map(|agency| agency.class);
        let of_fund = self.funds.iter().find(|known| known.code.as_str() == fund).map(|known| known.class);
        match of_agency {
            Some(class) if class.keeps_own_books() => class,
            _ if fund == self.state.provider_fund.as_str() => CounterpartyClass::SameFund,
            _ => of_fund.or(of_agency).unwrap_or_default(),
        }
    }

    pub fn service(&self, code: &ServiceCode) -> Option<&Service> {
        self.services.iter().find(|service| &service.code == code)
    }

    /// The mode of a line: rules that name agency and service first, then the agency, then the service.
    pub fn mode(&self, agency: &AgencyCode, service: &ServiceCode, day: NaiveDate) -> (Mode, Option<&FundCode>) {
        self.modes
            .iter()
            .filter(|rule| rule.valid.covers(day))
            .filter(|rule| rule.agency.as_ref().is_none_or(|code| code == agency))
            .filter(|rule| rule.service.as_ref().is_none_or(|code| code == service))
            .max_by_key(|rule| (rule.agency.is_some(), rule.service.is_some(), std::cmp::Reverse(rule.line)))
            .map_or((Mode::Chargeback, None), |rule| (rule.mode, rule.absorbed_by.as_ref()))
    }
}

/// A percentage as a fraction of one.
pub fn fraction(percent: Decimal) -> Exact {
    let hundredth = Exact::from_decimal(Decimal::new(1, 2));
    Exact::from_decimal(percent).times(&hundredth)
}
