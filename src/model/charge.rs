//! FOCUS in types: the columns that name a charge, and the values that the stages act on.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! dimensions {
    ($($(#[$about:meta])* $name:ident, $column:literal, $focus:literal;)*) => {
        /// What tells one charge from another in the roll-up: everything that can change who pays, how much, or what
        /// the bill shows. Billing tags follow these, in the order of the settings.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Dimension { $($(#[$about])* $name,)* }

        impl Dimension {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name inside: lower snake case.
            pub const fn column(self) -> &'static str {
                match self { $(Self::$name => $column,)* }
            }

            /// The name in files we hand out.
            pub const fn focus(self) -> &'static str {
                match self { $(Self::$name => $focus,)* }
            }

            pub fn named(column: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|dimension| dimension.column() == column)
            }
        }
    };
}

dimensions! {
    /// `AWS`, `Microsoft`: who provides the service.
    Provider, "provider_name", "ProviderName";
    /// The format the charge was read from, as `sources` names it: `aws-cur`, `azure-ea`.
    Source, "source", "x_Source";
    InvoiceIssuer, "invoice_issuer_name", "InvoiceIssuerName";
    /// The section of the bill: `AWS`, `AWS Marketplace`; Azure's publisher type.
    BillingEntity, "billing_entity", "x_BillingEntity";
    BillingAccountId, "billing_account_id", "BillingAccountId";
    InvoiceId, "invoice_id", "InvoiceId";
    SubAccountId, "sub_account_id", "SubAccountId";
    SubAccountName, "sub_account_name", "SubAccountName";
    InvoiceSection, "invoice_section", "x_InvoiceSectionName";
    ResourceGroup, "resource_group", "x_ResourceGroupName";
    ResourceId, "resource_id", "ResourceId";
    ResourceName, "resource_name", "ResourceName";
    /// The person or key that used it, where the vendor says so.
    UserId, "user_id", "x_UserId";
    /// The vendor's short code: `AmazonEC2`, `Microsoft.Compute`.
    ServiceCode, "service_code", "x_ServiceCode";
    ServiceName, "service_name", "ServiceName";
    Publisher, "publisher_name", "PublisherName";
    SkuId, "sku_id", "SkuId";
    /// The usage type or meter name.
    SkuMeter, "sku_meter", "SkuMeter";
    RegionId, "region_id", "RegionId";
    ChargeCategory, "charge_category", "ChargeCategory";
    ChargeClass, "charge_class", "ChargeClass";
    /// The vendor's own charge type, as written.
    ChargeType, "charge_type", "x_ChargeType";
    ChargeFrequency, "charge_frequency", "ChargeFrequency";
    PricingCategory, "pricing_category", "PricingCategory";
    CommitmentDiscountId, "commitment_discount_id", "CommitmentDiscountId";
    CommitmentDiscountStatus, "commitment_discount_status", "CommitmentDiscountStatus";
    BillingCurrency, "billing_currency", "BillingCurrency";
    ConsumedUnit, "consumed_unit", "ConsumedUnit";
    CostCenter, "cost_center", "x_CostCenter";
}

impl fmt::Display for Dimension {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.column())
    }
}

/// FOCUS ChargeCategory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ChargeCategory {
    Usage,
    Purchase,
    Tax,
    Credit,
    Adjustment,
}

impl ChargeCategory {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Usage => "Usage",
            Self::Purchase => "Purchase",
            Self::Tax => "Tax",
            Self::Credit => "Credit",
            Self::Adjustment => "Adjustment",
        }
    }
}

/// A view of what a charge cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CostBasis {
    #[default]
    Billed,
    Effective,
    List,
    Contracted,
}
