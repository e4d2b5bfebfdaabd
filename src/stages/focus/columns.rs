//! The columns of the file: FOCUS 1.2 in the order of its names, then ours.
//!
//! Columns of FOCUS that no file of ours tells are left out where the specification lets them be (unit prices, currencies
//! of prices, capacity reservations, quantities of commitments), and are empty where it asks for them.

use super::services::category_of;
use super::{Charge, owner};
use crate::model::charge::Dimension;
use chrono::{NaiveDate, NaiveTime};
use std::borrow::Cow;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Milliseconds since 1970, UTC.
    Moment,
    /// Units of the eighteenth decimal.
    Amount,
    Count,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    None,
    Text(Cow<'a, str>),
    Moment(i64),
    Amount(i128),
    Count(u64),
}

pub struct FocusColumn {
    pub name: &'static str,
    pub kind: Kind,
    pub of: for<'a> fn(&Charge<'a>) -> Value<'a>,
}

const fn text(name: &'static str, of: for<'a> fn(&Charge<'a>) -> Value<'a>) -> FocusColumn {
    FocusColumn { name, kind: Kind::Text, of }
}

const fn moment(name: &'static str, of: for<'a> fn(&Charge<'a>) -> Value<'a>) -> FocusColumn {
    FocusColumn { name, kind: Kind::Moment, of }
}

const fn amount(name: &'static str, of: for<'a> fn(&Charge<'a>) -> Value<'a>) -> FocusColumn {
    FocusColumn { name, kind: Kind::Amount, of }
}

pub const COLUMNS: &[FocusColumn] = &[
    amount("BilledCost", |charge| Value::Amount(charge.billed.units())),
    text("BillingAccountId", |charge| said(charge.text(Dimension::BillingAccountId))),
    text("BillingAccountName", |_| Value::None),
    text("BillingAccountType", |charge| account_type(charge, Dimension::BillingAccountId, 0)),
    text("BillingCurrency", |charge| said(charge.text(Dimension::BillingCurrency))),
    moment("BillingPeriodEnd", |charge| day(charge.month.next().first_day())),
    moment("BillingPeriodStart", |charge| day(charge.month.first_day())),
    text("ChargeCategory", |charge| said(charge.text(Dimension::ChargeCategory))),
    text("ChargeClass", |charge| said(charge.text(Dimension::ChargeClass))),
    text("ChargeDescription", |charge| said(charge.group.description.text(charge.row))),
    text("ChargeFrequency", |charge| said(charge.text(Dimension::ChargeFrequency))),
    moment("ChargePeriodEnd", |charge| at(charge.group.ends[charge.row])),
    moment("ChargePeriodStart", |charge| at(charge.group.starts[charge.row])),
    text("CommitmentDiscountCategory", |charge| commitment(charge, 1)),
    text("CommitmentDiscountId", |charge| said(charge.text(Dimension::CommitmentDiscountId))),
    text("CommitmentDiscountName", |_| Value::None),
    text("CommitmentDiscountStatus", status),
    text("CommitmentDiscountType", |charge| commitment(charge, 2)),
    amount("ConsumedQuantity", consumed),
    text("ConsumedUnit", |charge| unit(charge, consumed(charge))),
    amount("ContractedCost", |charge| cost(charge.group.contracted[charge.row])),
    amount("EffectiveCost", |charge| cost(charge.group.effective[charge.row])),
    text("InvoiceId", |charge| said(charge.text(Dimension::InvoiceId))),
    text("InvoiceIssuerName", |charge| first_of(charge, &[Dimension::InvoiceIssuer, Dimension::Provider])),
    amount("ListCost", |charge| cost(charge.group.list[charge.row])),
    text("PricingCategory", pricing),
    amount("PricingQuantity", priced),
    text("PricingUnit", |charge| unit(charge, priced(charge))),
    text("ProviderName", |charge| first_of(charge, &[Dimension::Provider, Dimension::Source])),
    text("PublisherName", |charge| first_of(charge, &[Dimension::Publisher, Dimension::Provider, Dimension::Source])),
    text("RegionId", |charge| said(charge.text(Dimension::RegionId))),
    text("RegionName", |charge| said(charge.text(Dimension::RegionId))),
    text("ResourceId", |charge| said(charge.text(Dimension::ResourceId))),
    text("ResourceName", |charge| said(charge.text(Dimension::ResourceName))),
    text("ResourceType", |charge| said(resource_type(charge.text(Dimension::ResourceId)))),
    text("ServiceCategory", |charge| said(category_of(service_name(charge)))),
    text("ServiceName", |charge| said(service_name(charge))),
    text("ServiceSubcategory", |charge| {
        Value::Text(Cow::Owned(format!("Other ({})", category_of(service_name(charge)))))
    }),
    text("SkuId", |charge| unless_tax(charge, Dimension::SkuId)),
    text("SkuMeter", |charge| {
        if charge.text(Dimension::SkuId).is_empty() { Value::None } else { unless_tax(charge, Dimension::SkuMeter) }
    }),
    text("SkuPriceId", |_| Value::None),
    text("SubAccountId", |charge| said(charge.text(Dimension::SubAccountId))),
    text("SubAccountName", |charge| said(charge.text(Dimension::SubAccountName))),
    text("SubAccountType", |charge| account_type(charge, Dimension::SubAccountId, 1)),
    text("Tags", tags),
    text("x_Source", |charge| said(charge.text(Dimension::Source))),
    text("x_ChargeType", |charge| said(charge.text(Dimension::ChargeType))),
    text("x_BillingEntity", |charge| said(charge.text(Dimension::BillingEntity))),
    text("x_VendorServiceCode", |charge| said(charge.text(Dimension::ServiceCode))),
    text("x_Meter", |charge| said(charge.text(Dimension::SkuMeter))),
    text("x_InvoiceSection", |charge| said(charge.text(Dimension::InvoiceSection))),
    text("x_ResourceGroupName", |charge| said(charge.text(Dimension::ResourceGroup))),
    text("x_UserId", |charge| said(charge.text(Dimension::UserId))),
    text("x_CostCenter", |charge| said(charge.text(Dimension::CostCenter))),
    text("x_OwnerKind", |charge| charge.owner.map_or(Value::None, |rated| said(owner(&rated.destination).0))),
    text("x_Owner", |charge| charge.owner.map_or(Value::None, |rated| said(owner(&rated.destination).1))),
    text("x_OwnerRule", |charge| charge.owner.map_or(Value::None, |rated| said(&rated.owner_rule))),
    text("x_CatalogService", |charge| {
        let service = charge.owner.and_then(|rated| rated.service.as_ref());
        service.map_or(Value::None, |service| said(service.as_str()))
    }),
    text("x_SourceFile", |charge| said(charge.group.file.text(charge.row))),
    FocusColumn {
        name: "x_SourceRow",
        kind: Kind::Count,
        of: |charge| charge.group.row_numbers.get(charge.row).map_or(Value::None, |&row| Value::Count(row)),
    },
];

fn said(text: &str) -> Value<'_> {
    if text.is_empty() { Value::None } else { Value::Text(Cow::Borrowed(text)) }
}

/// What nobody named is called as its vendor.
fn service_name<'a>(charge: &Charge<'a>) -> &'a str {
    let names =
        [Dimension::ServiceName, Dimension::ServiceCode, Dimension::Publisher, Dimension::Provider, Dimension::Source];
    names.into_iter().map(|name| charge.text(name)).find(|name| !name.is_empty()).unwrap_or_default()
}

fn first_of<'a>(charge: &Charge<'a>, dimensions: &[Dimension]) -> Value<'a> {
    let texts = dimensions.iter().map(|&dimension| charge.text(dimension));
    said(texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default())
}

fn at(milliseconds: Option<i128>) -> Value<'static> {
    milliseconds.and_then(|at| i64::try_from(at).ok()).map_or(Value::None, Value::Moment)
}

fn day(day: NaiveDate) -> Value<'static> {
    Value::Moment(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis())
}

fn cost(units: Option<i128>) -> Value<'static> {
    units.map_or(Value::None, Value::Amount)
}

fn is_usage(charge: &Charge<'_>) -> bool {
    charge.text(Dimension::ChargeCategory) == "Usage"
}

/// Only what was used is measured; of an unused commitment nothing was.
fn consumed<'a>(charge: &Charge<'a>) -> Value<'a> {
    let unused = charge.text(Dimension::CommitmentDiscountStatus) == "Unused";
    if !is_usage(charge) || unused { Value::None } else { cost(charge.group.quantity[charge.row]) }
}

/// The vendor's quantity counts what its price is of: blocks, where it sells blocks.
fn priced<'a>(charge: &Charge<'a>) -> Value<'a> {
    let quantity = charge.group.quantity[charge.row].filter(|&quantity| quantity != 0);
    if is_usage(charge) { cost(charge.group.quantity[charge.row]) } else { cost(quantity.filter(|_| !is_tax(charge))) }
}

fn unit<'a>(charge: &Charge<'a>, quantity: Value<'_>) -> Value<'a> {
    if quantity == Value::None { Value::None } else { said(charge.text(Dimension::ConsumedUnit)) }
}

fn is_tax(charge: &Charge<'_>) -> bool {
    charge.text(Dimension::ChargeCategory) == "Tax"
}

fn unless_tax<'a>(charge: &Charge<'a>, dimension: Dimension) -> Value<'a> {
    if is_tax(charge) { Value::None } else { said(charge.text(dimension)) }
}

/// A purchase of a commitment is at its own price; only what it covers is committed.
fn pricing<'a>(charge: &Charge<'a>) -> Value<'a> {
    match (charge.text(Dimension::ChargeCategory), charge.text(Dimension::PricingCategory)) {
        ("Tax", _) => Value::None,
        ("Purchase", "" | "Committed") => said("Standard"),
        ("Usage", "") => said("Other"),
        (_, pricing @ ("Standard" | "Committed" | "Dynamic" | "Other")) => said(pricing),
        (_, "") => Value::None,
        _ => said("Other"),
    }
}

/// Only usage is used or unused.
fn status<'a>(charge: &Charge<'a>) -> Value<'a> {
    let named = !charge.text(Dimension::CommitmentDiscountId).is_empty();
    if is_usage(charge) && named { said(charge.text(Dimension::CommitmentDiscountStatus)) } else { Value::None }
}

/// Parts of the ids of commitments, what they commit to, and what the vendor calls them.
const COMMITMENTS: &[(&str, &str, &str)] = &[
    ("savingsplan", "Spend", "Savings Plan"),
    ("/microsoft.billingbenefits/", "Spend", "Savings Plan"),
    ("reserved-instances", "Usage", "Reserved Instance"),
    (":ri:", "Usage", "Reserved Node"),
    ("/microsoft.capacity/", "Usage", "Reservation"),
];

fn commitment<'a>(charge: &Charge<'a>, field: usize) -> Value<'a> {
    let id = charge.text(Dimension::CommitmentDiscountId).to_lowercase();
    if id.is_empty() {
        return Value::None;
    }
    let known = COMMITMENTS.iter().find(|(part, _, _)| id.contains(part));
    let (_, category, kind) = known.copied().unwrap_or(("", "Usage", "Commitment"));
    said(if field == 1 { category } else { kind })
}

/// Beginnings of the names of sources, and what they call a billing account and an account below it.
const ACCOUNTS: &[(&str, [&str; 2])] = &[
    ("aws", ["Payer Account", "Member Account"]),
    ("azure-ea", ["Enrollment", "Subscription"]),
    ("azure-mca", ["Billing Profile", "Subscription"]),
    ("azure-csp", ["Billing Profile", "Subscription"]),
    ("azure", ["Billing Account", "Subscription"]),
];

fn account_type<'a>(charge: &Charge<'a>, dimension: Dimension, place: usize) -> Value<'a> {
    if charge.text(dimension).is_empty() {
        return Value::None;
    }
    let source = charge.text(Dimension::Source);
    let known = ACCOUNTS.iter().find(|(begins, _)| source.starts_with(begins));
    said(known.map_or(["Billing Account", "Sub Account"], |(_, names)| *names)[place])
}

/// What the resource's own name says of its kind; `Resource` where it says nothing.
fn resource_type(id: &str) -> &str {
    if id.is_empty() {
        return "";
    }
    let lower = id.to_lowercase();
    if let Some(start) = lower.rfind("/providers/").map(|at| at + "/providers/".len()) {
        // `/providers/Microsoft.Compute/virtualMachines/vm-1`
        let kind = id.get(start..).unwrap_or_default();
        return kind.match_indices('/').nth(1).map_or(kind, |(end, _)| &kind[..end]);
    }
    if id.starts_with("arn:") {
        let mut parts = id.splitn(6, ':');
        let (service, rest) = (parts.nth(2).unwrap_or_default(), parts.nth(2).unwrap_or_default());
        let kind = rest.split_once(['/', ':']).map_or(service, |(kind, _)| kind);
        return if kind.is_empty() { "Resource" } else { kind };
    }
    "Resource"
}

/// The billing tags of the settings: others are not kept with the charges.
fn tags<'a>(charge: &Charge<'a>) -> Value<'a> {
    let first = Dimension::ALL.len();
    let values = charge.tags.iter().zip(&charge.group.keys[first..]);
    let tags: serde_json::Map<String, serde_json::Value> = values
        .map(|(tag, column)| (tag.clone(), column.text(charge.row)))
        .filter(|(_, text)| !text.is_empty())
        .map(|(tag, text)| (tag, text.into()))
        .collect();
    Value::Text(Cow::Owned(serde_json::Value::Object(tags).to_string()))
}

#[cfg(test)]
mod tests {
    use super::resource_type;

    #[test]
    fn what_a_resource_is() {
        for (id, kind) in [
            ("", ""),
            ("i-0abc", "Resource"),
            ("arn:aws:ec2:us-east-1:111122223333:instance/i-0abc", "instance"),
            ("arn:aws:s3:::bucket", "s3"),
            ("arn:aws:lambda:us-east-1:1:function:f", "function"),
            (
                "/subscriptions/1/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm",
                "Microsoft.Compute/virtualMachines",
            ),
            ("/subscriptions/1/providers/Microsoft.Storage", "Microsoft.Storage"),
        ] {
            assert_eq!(resource_type(id), kind, "{id}");
        }
    }
}
