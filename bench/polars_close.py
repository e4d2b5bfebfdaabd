"""The same work as duckdb_close.py with polars from Python: scan, cast to exact decimals, Parquet, roll-up, fee, shares, bills.

usage: polars_close.py OUT_DIR CUR.csv [CUR.csv ...]     (needs the polars package; threads = all cores)
"""
import hashlib, os, sys
import polars as pl

out, files = sys.argv[1], sys.argv[2:]
os.makedirs(out, exist_ok=True)
for f in files:
    with open(f, "rb") as fh:
        print(hashlib.file_digest(fh, "sha256").hexdigest(), os.path.basename(f))

COLUMNS = {
    "line_item_id": "identity/LineItemId", "invoice_id": "bill/InvoiceId", "invoice_issuer": "bill/BillingEntity",
    "billing_account_id": "bill/PayerAccountId", "billing_period_start": "bill/BillingPeriodStartDate",
    "sub_account_id": "lineItem/UsageAccountId", "charge_type": "lineItem/LineItemType", "service_code": "lineItem/ProductCode",
    "usage_type": "lineItem/UsageType", "operation": "lineItem/Operation", "availability_zone": "lineItem/AvailabilityZone",
    "resource_id": "lineItem/ResourceId", "consumed_unit": "pricing/unit", "billing_currency": "lineItem/CurrencyCode",
    "pricing_term": "pricing/term", "charge_description": "lineItem/LineItemDescription", "region_id": "product/region",
    "sku_id": "product/sku", "service_name": "product/ProductName", "instance_type": "product/instanceType",
    "reservation_id": "reservation/ReservationARN", "savings_plan_id": "savingsPlan/SavingsPlanARN",
    "tag_agency": "resourceTags/user:Agency", "tag_application": "resourceTags/user:Application",
    "tag_cost_center": "resourceTags/user:CostCenter", "tag_environment": "resourceTags/user:Environment",
}
D = pl.Decimal(38, 12)
amount = lambda name: pl.col(name).cast(D)
time = lambda name: pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ms")
kind = pl.col("lineItem/LineItemType")
effective = pl.coalesce(
    pl.when(kind == "DiscountedUsage").then(amount("reservation/EffectiveCost"))
    .when(kind == "SavingsPlanCoveredUsage").then(amount("savingsPlan/SavingsPlanEffectiveCost"))
    .when(kind == "SavingsPlanNegation").then(pl.lit(0).cast(D))
    .when(kind == "RIFee").then(amount("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod") + amount("reservation/UnusedRecurringFee"))
    .when(kind == "SavingsPlanRecurringFee").then(amount("savingsPlan/TotalCommitmentToDate") - amount("savingsPlan/UsedCommitment")),
    amount("lineItem/UnblendedCost"))
charges = f"{out}/charges.parquet"
pl.scan_csv(files, infer_schema=False, include_file_paths="source_file").select(
    pl.col("source_file"), *[pl.col(raw).alias(name) for name, raw in COLUMNS.items()],
    time("lineItem/UsageStartDate").alias("charge_period_start"), time("lineItem/UsageEndDate").alias("charge_period_end"),
    amount("lineItem/UsageAmount").alias("consumed_quantity"), amount("lineItem/UnblendedCost").alias("billed_cost"),
    effective.alias("effective_cost"), amount("pricing/publicOnDemandCost").alias("list_cost"),
).sink_parquet(charges, compression="zstd")

keys = ["tag_agency", "sub_account_id", "service_code", "usage_type", "resource_id", "charge_type", "invoice_id", "tag_cost_center"]
rollup = pl.scan_parquet(charges).group_by(*keys, pl.col("charge_period_start").dt.date().alias("day")).agg(
    pl.sum("billed_cost"), pl.sum("effective_cost"), pl.sum("consumed_quantity"), pl.len().alias("charges")).collect(engine="streaming")
rollup.write_parquet(f"{out}/rollup.parquet", compression="zstd")

agency = pl.col("tag_agency")
owned = rollup.filter(agency.is_not_null() & (agency != "")).group_by("tag_agency", "service_code").agg(pl.sum("billed_cost"))
total = rollup["billed_cost"].sum()
shared = total - owned["billed_cost"].sum()
by_agency = owned.group_by("tag_agency").agg(pl.sum("billed_cost"))
for name, cost in by_agency.sort("tag_agency").iter_rows():
    lines = owned.filter(agency == name).select("service_code", pl.col("billed_cost").round(2))
    extra = [("FEE", round(cost * 35 / 1000, 2)), ("SHARED", round(shared * cost / owned["billed_cost"].sum(), 2))]
    with open(f"{out}/bill_{name}.csv", "w") as bill:
        bill.writelines(f"{service},{money}\n" for service, money in [*lines.iter_rows(), *extra])
print("charges", rollup["charges"].sum(), total, rollup["effective_cost"].sum())
