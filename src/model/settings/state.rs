//! `chargeback.toml`: the scalar settings.

use super::super::codes::{AgencyCode, FundCode, ServiceCode};
use super::super::mapping::Mapping;
use super::super::money::{Money, Rounding};
use serde::{Deserialize, Serialize};

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
