//! What the books' tables and settings say, checked. Stages read this and nothing else about configuration.

mod pools;

pub use super::card::{
    CardTerms, CountBy, CountWindow, Measure, OnChange, Proration, RateCard, RateModel, RecoveryClass, Scope, Tier, Use,
};

use super::adjustment::{Adjustment, Settlement};
use super::charge::Dimension;
use super::codes::{AccountCode, AgencyCode, FundCode, PoolId, ServiceCode};
use super::exchange::ExchangeRate;
use super::mapping::Mapping;
use super::money::{Exact, Money, Rounding};
use super::month::{Month, Validity};
use super::pricing::Counter;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use pools::{
    DriverPeriod, DriverValue, Limit, Method, OnNegative, OnZeroDriver, Pool, PoolDriverValue, Recipient, Sharing,
    Target,
};

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
    pub adjustments: Vec<Adjustment>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settlements: Vec<Settlement>,
}

/// `chargeback.toml`: the scalar settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    pub name: String,
    /// The one currency of these books.
    pub currency: String,
    pub fiscal_year_starts: u32,
    pub rounding: Rounding,
    /// The internal service fund and the agency that runs it.
    pub provider_fund: FundCode,
    pub provider_agency: AgencyCode,
    pub vendor_entries: VendorEntries,
    pub billing_sides: BillingSides,
    /// Who gets leftover cents of a funding split.
    pub funding_residual: FundingResidual,
    pub evidence: Evidence,
    pub gates: Gates,
    /// Tags that decide ownership or stand on bills: name, and the spellings that mean it, in order of preference.
    pub billing_tags: Vec<BillingTag>,
    /// Sources, by folder below `inbox/<month>/`.
    pub sources: Vec<SourceSetting>,
    /// Of `mappings/*.toml`: files that no source describes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mappings: Vec<Mapping>,
    /// Drivers that the inbox's own files tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<MeasureSetting>,
}

/// A driver made of what a month's files count, by the agencies that own it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureSetting {
    /// As pools and rates call it.
    pub name: String,
    /// The format whose rows count: `openai-usage`; all of them where it is blank.
    pub source: String,
    /// The meters that are added up; all of them when the list is empty.
    pub meters: Vec<String>,
    pub line: u64,
    #[serde(default, skip_serializing_if = "Counts::is_quantity")]
    pub counts: Counts,
    /// The services of the catalog whose charges count; all of them when the list is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceCode>,
}

/// What of its rows a measure adds up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counts {
    #[default]
    Quantity,
    /// Billed cost, in the currency of the books.
    Cost,
    /// How many charges there are.
    Charges,
    /// Different resources that have charges.
    Resources,
    /// Records of ServiceNow's tables of resources, with charges or without.
    Devices,
}

impl Counts {
    fn is_quantity(&self) -> bool {
        *self == Self::Quantity
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BillingTag {
    pub name: String,
    /// Compared without case, blanks, `-` and `_`. `costcategory/agency` names an AWS cost category.
    pub spellings: Vec<String>,
}

/// What is expected in one folder of the inbox.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SourceSetting {
    /// The folder below `inbox/<month>/`.
    pub folder: String,
    /// A format name, when recognition by content shall be overruled.
    pub format: Option<String>,
    /// A month without files is a finding.
    pub expected: bool,
    /// `windows-1252` where the source cannot do better; otherwise UTF-8.
    pub encoding: Option<String>,
    /// `month-first` or `day-first` where the file's dates need it.
    pub date_order: Option<String>,
    /// The currency of a file that does not say.
    pub currency: Option<String>,
    /// A file with a header and no rows is accepted.
    pub allow_empty: bool,
    /// Another source bills the same charges: none of this one's cost counts.
    pub usage_only: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gates {
    /// Suspense up to this much (sum of magnitudes) does not block.
    pub suspense_limit: Money,
    /// Something that has waited in suspense for more days than this blocks; none = it only warns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspense_days: Option<u32>,
    /// Savings plan negations may miss the usage they cancel by this much (sum of magnitudes) without blocking; the
    /// vendor's amounts then stand as they are.
    pub negation_limit: Money,
    /// Allowed difference of an invoice section from its charges.
    pub invoice_tolerance: Money,
    /// Close although the vendor has not issued invoices for all rows.
    pub accept_unfinal: bool,
    /// The same row more often than this in one file blocks.
    pub repeated_rows_limit: u64,
    /// An increase may be charged so many days after the agencies were told.
    #[serde(default, skip_serializing_if = "is_none")]
    pub notice_days: u32,
}

const fn is_none(days: &u32) -> bool {
    *days == 0
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            suspense_limit: Money::ZERO,
            suspense_days: None,
            negation_limit: Money::ZERO,
            invoice_tolerance: Money::from_cents(1),
            accept_unfinal: false,
            repeated_rows_limit: 1_000_000,
            notice_days: 0,
        }
    }
}

/// Which entries for the vendor's side we post; in most states the ERP's payables module vouchers the invoice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VendorEntries {
    None,
    #[default]
    AccrualOnly,
    Full,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BillingSides {
    #[default]
    Both,
    ProviderOnly,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FundingResidual {
    #[default]
    LargestRemainder,
    NeverFederal,
}

/// How raw inputs are kept as evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    #[default]
    Copy,
    /// Name and hash only.
    Reference,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agency {
    pub code: AgencyCode,
    pub name: String,
    pub class: CounterpartyClass,
    /// Other spellings that mean this agency: tag values, ServiceNow department names. Compared without case and blanks around.
    pub aliases: Vec<String>,
    pub contact: String,
    pub valid: Validity,
}

/// Chooses which receivable or payable a role resolves to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterpartyClass {
    SameFund,
    #[default]
    GovernmentalFund,
    ProprietaryFund,
    FiduciaryFund,
    ComponentUnit,
    OtherGovernment,
    External,
}

impl CounterpartyClass {
    /// Parties that keep books of their own: they get a receivable, and their side is not ours to post.
    pub const fn keeps_own_books(self) -> bool {
        matches!(self, Self::ComponentUnit | Self::OtherGovernment | Self::External)
    }
}

/// One ordered, dated rule of `owners.csv`; the first match wins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnerRule {
    pub id: String,
    pub sequence: u32,
    /// The line of the table, for findings.
    pub line: u64,
    pub valid: Validity,
    pub conditions: Vec<Condition>,
    pub owner: OwnerResult,
}

/// Text compared with a dimension or billing tag, without case; `*` stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub field: Field,
    pub pattern: Pattern,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Field {
    Dimension(Dimension),
    Tag(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern(pub String);

impl Pattern {
    /// Without case and blanks around; `*` stands for any run of characters.
    pub fn matches(&self, text: &str) -> bool {
        fn glob(pattern: &[u8], text: &[u8]) -> bool {
            let (mut p, mut t) = (0, 0);
            let mut star: Option<(usize, usize)> = None;
            while t < text.len() {
                if p < pattern.len() && pattern[p] == b'*' {
                    star = Some((p, t));
                    p += 1;
                } else if p < pattern.len() && pattern[p] == text[t] {
                    p += 1;
                    t += 1;
                } else if let Some((star_p, star_t)) = star {
                    p = star_p + 1;
                    t = star_t + 1;
                    star = Some((star_p, star_t + 1));
                } else {
                    return false;
                }
            }
            pattern[p..].iter().all(|&byte| byte == b'*')
        }
        let fold = |text: &str| text.trim().to_lowercase();
        glob(fold(&self.0).as_bytes(), fold(text).as_bytes())
    }

    /// How many characters are fixed: more is narrower.
    pub fn fixed(&self) -> usize {
        self.0.chars().filter(|&character| character != '*').count()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "to", content = "value")]
pub enum OwnerResult {
    /// This agency.
    Agency(AgencyCode),
    /// The agency whose code or alias is the value of this tag; no match goes on to the next rule.
    AgencyOfTag(String),
    /// The same, by what this tag says on other charges of the resource group.
    AgencyOfGroupTag(String),
    /// The same, by what this tag says on other charges of the account.
    AgencyOfAccountTag(String),
    /// The agency of the account or resource in ServiceNow; no match goes on to the next rule.
    ServiceNow,
    /// A shared pool.
    Pool(PoolId),
    /// Borne by the provider, with the reason.
    Central(String),
    /// Not of these books (retired connector, another payer), with the reason.
    Excluded(String),
}

/// A service of the catalog.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Service {
    pub code: ServiceCode,
    pub name: String,
    pub line: u64,
    /// Ways in which a charge belongs to this service: any of the lists, all conditions of one. None for services that
    /// no charge belongs to (fees, hours, pools). The first service in the table that matches takes the charge.
    pub matches: Vec<Vec<Condition>>,
    pub statement_text: String,
    pub order: u32,
    /// What becomes of a charge that no card prices.
    #[serde(default, skip_serializing_if = "WithoutRate::blocks")]
    pub without_rate: WithoutRate,
}

/// What becomes of an agency's charge that no card prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutRate {
    /// It blocks the close.
    #[default]
    Block,
    /// It waits in suspense.
    Hold,
    /// The provider bears it.
    Central,
    /// It is passed on as the vendor billed it.
    AtCost,
}

impl WithoutRate {
    pub fn blocks(&self) -> bool {
        *self == Self::Block
    }
}

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

impl Default for State {
    /// For tests and as the base that `chargeback.toml` fills; a real state names itself.
    fn default() -> Self {
        let code = "is valid";
        Self {
            name: "State".to_owned(),
            currency: "USD".to_owned(),
            fiscal_year_starts: 7,
            rounding: Rounding::HalfUp,
            provider_fund: FundCode::parse("7300").expect(code),
            provider_agency: AgencyCode::parse("DTS").expect(code),
            vendor_entries: VendorEntries::AccrualOnly,
            billing_sides: BillingSides::Both,
            funding_residual: FundingResidual::LargestRemainder,
            evidence: Evidence::Copy,
            gates: Gates::default(),
            billing_tags: Vec::new(),
            sources: Vec::new(),
            mappings: Vec::new(),
            measures: Vec::new(),
        }
    }
}

/// A percentage as a fraction of one.
pub fn fraction(percent: Decimal) -> Exact {
    let hundredth = Exact::from_decimal(Decimal::new(1, 2));
    Exact::from_decimal(percent).times(&hundredth)
}
