//! Whole months of every vendor's files as they are delivered: from the inbox to bills, journal and tie-outs.
//!
//! Each row of the table makes small books around one delivery of the samples, gives its accounts to three agencies in
//! turn, and closes. What is billed must be the control totals of `expected.json`, account by account, to the cent; what
//! is billed on effective cost must be the effective total.

use crate::books::{Books, request};
use crate::cmd::{copy, root};
use chargeback::close::{Outcome, Stage};
use chargeback::model::decimal;
use chargeback::model::exit::Exit;
use chargeback::model::finding::Code;
use chargeback::model::money::{Cost, Money};
use chargeback::model::proof::VendorState;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

const AGENCIES: [&str; 3] = ["DOH", "DOT", "DPS"];

const TABLES: &[(&str, &str)] = &[
    (
        "agencies.csv",
        "agency,name,class\nDOH,Health,governmental_fund\nDOT,Transportation,governmental_fund\nDPS,Public Safety,governmental_fund\n",
    ),
    ("services.csv", "service,name,provider_name\nALL,Everything,*\n"),
    (
        "funding.csv",
        "agency,service,sequence,percent,fund,account,federal\nDOH,,1,100,1000,6530,no\nDOT,,1,100,2200,6530,no\nDPS,,1,100,1000,6530,no\n",
    ),
    (
        "accounts.csv",
        "role,service,class,account,name\ncash,,,1010,Cash\ndue_from,,,1310,Due from\nap_vendor,,,2010,Payable\naccrued_liability,,,2020,Accrued\ndue_to,,,2110,Due to\nrevenue,,,4310,Revenue\nprepaid,,,1410,Prepaid\nexpense_operating,,,5310,Expense\nagency_expenditure,,,6530,Expenditure\n",
    ),
    (
        "chart/funds.csv",
        "fund,name,class,federal\n1000,General,governmental_fund,no\n2200,Highways,governmental_fund,no\n7300,Services,proprietary_fund,no\n",
    ),
];

/// A delivery, and what of it is in `expected.json`.
struct Delivery {
    /// A file or folder of the samples.
    path: &'static str,
    month: &'static str,
    currency: &'static str,
    /// The entry whose totals are billed.
    key: &'static str,
    /// None where the files cannot tell it.
    effective: Option<&'static str>,
    /// A further line of the source's settings.
    said: &'static str,
}

const DOLLARS: &str = "currency = \"USD\"";

const fn file(path: &'static str, month: &'static str, key: &'static str, effective: &'static str) -> Delivery {
    let effective = if effective.is_empty() { None } else { Some(effective) };
    Delivery { path, month, currency: "USD", key, effective, said: "" }
}

fn expected(key: &str) -> Value {
    let bytes = fs::read(root().join("tests/samples/expected.json")).unwrap();
    let all: Value = serde_json::from_slice(&bytes).unwrap();
    all.get(key).unwrap_or_else(|| panic!("{key} is not in expected.json")).clone()
}

/// Rounded at the eighteenth decimal, where the file itself has more.
fn cost(amount: &Value) -> Cost {
    Cost::from_units(decimal::parse_long(amount.as_str().unwrap().as_bytes()).unwrap().rounded().0)
}

/// What is billed of each account by its entry, whoever the vendor is.
fn by_account(entry: &Value) -> BTreeMap<String, Cost> {
    let (groups, field) = [("by_account", "billed"), ("by_subscription", "cost"), ("by_sub_account", "BilledCost")]
        .into_iter()
        .find_map(|(groups, field)| Some((entry.get(groups)?.as_object()?, field)))
        .unwrap();
    const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
    let mut accounts = BTreeMap::new();
    for (name, group) in groups {
        let name = name.rsplit('/').next().unwrap().to_lowercase();
        let name = if name == NOBODY || name == "null" { String::new() } else { name };
        let sum: &mut Cost = accounts.entry(name).or_default();
        *sum = sum.checked_add(cost(&group[field])).unwrap();
    }
    accounts
}

/// Books of three agencies and one service at cost, with these source settings. Accounts go to the agencies in turn.
pub fn small_books(currency: &str, sources: &str, accounts: &BTreeMap<String, Cost>, basis: &str) -> (TempDir, Books) {
    let folder = TempDir::new().unwrap();
    let books = Books::at(folder.path());
    for (path, text) in TABLES {
        books.write(path, text.as_bytes());
    }
    let settings = format!(
        "[state]\nname = \"Westmark\"\ncurrency = \"{currency}\"\nfiscal_year_starts = 7\nprovider_fund = \"7300\"\nprovider_agency = \"DTS\"\n\n\
         [posting]\nvendor_entries = \"full\"\n\n[gates]\naccept_unfinal = true\n\n{sources}"
    );
    books.write("chargeback.toml", settings.as_bytes());
    let rate = format!(
        "rate_id,version,service,approved_by,approved_on,scope,model,basis\nCOST,1,ALL,Board,2020-01-01,all,pass_through,{basis}\n"
    );
    books.write("rates/cost.csv", rate.as_bytes());
    let mut owners = "rule,assign,value,sub_account_id\n".to_owned();
    for (number, account) in accounts.keys().enumerate().filter(|(_, account)| has_rule(account)) {
        owners += &format!("rule-{number},agency,{},{account}\n", AGENCIES[number % 3]);
    }
    books.write("owners.csv", format!("{owners}rest,agency,DPS,\n").as_bytes());
    (folder, books)
}

fn books(delivery: &Delivery, accounts: &BTreeMap<String, Cost>, basis: &str) -> (TempDir, Books) {
    let sources = format!("[[source]]\nfolder = \"vendor\"\n{}\n", delivery.said);
    let (folder, books) = small_books(delivery.currency, &sources, accounts, basis);
    let from = root().join("tests/samples").join(delivery.path);
    let to = format!("inbox/{}/vendor", delivery.month);
    if from.is_dir() {
        // Its own folder comes along where it names the month.
        let name = from.file_name().unwrap().to_str().unwrap();
        let below = if name.starts_with(|first: char| first.is_ascii_digit()) { name } else { "" };
        copy(&from, &books.path.join(to).join(below));
    } else {
        books.write(&format!("{to}/x.bin"), &fs::read(from).unwrap());
    }
    (folder, books)
}

/// Accounts of digits that are none of AWS are of files that somebody made anonymous: DPS has them.
fn has_rule(account: &str) -> bool {
    !account.is_empty() && (account.len() == 12 || account.bytes().any(|byte| !byte.is_ascii_digit()))
}

fn bills(outcome: &Outcome) -> BTreeMap<&str, Money> {
    outcome.bills.iter().map(|bill| (bill.agency.as_str(), bill.due)).collect()
}

fn sum(costs: impl IntoIterator<Item = Cost>) -> Cost {
    Cost::total(costs).unwrap()
}

pub fn total<'a>(outcome: &'a Outcome, name: &str) -> Option<&'a str> {
    let of_name = |(total, amount): &'a (String, String)| (total == name).then_some(amount.as_str());
    outcome.stages.iter().find(|stage| stage.stage == Stage::Normalize)?.totals.iter().find_map(of_name)
}

fn closed(delivery: &Delivery, accounts: &BTreeMap<String, Cost>, basis: &str) -> Outcome {
    let (_folder, books) = books(delivery, accounts, basis);
    let outcome = books.run(&request(&books, delivery.month));
    let what = format!("{} on {basis} cost", delivery.path);
    if basis == "effective" && delivery.effective.is_none() {
        let refused =
            outcome.findings.iter().any(|finding| finding.code == Code::EffectiveUnavailable && finding.blocks());
        assert!(refused && outcome.exit == Exit::Blocked, "{what}: {}", books.told(&outcome));
        return outcome;
    }
    assert_eq!(outcome.exit, Exit::Done, "{what}: {}", books.told(&outcome));
    assert!(outcome.tie_outs.iter().all(|tie| tie.passes), "{what}: {:#?}", outcome.tie_outs);
    outcome
}

fn check(deliveries: &[Delivery]) {
    for delivery in deliveries {
        let accounts = by_account(&expected(delivery.key));
        let outcome = closed(delivery, &accounts, "billed");
        let what = delivery.path;
        let billed = sum(accounts.values().copied());
        assert_eq!(total(&outcome, "billed"), Some(billed.to_string().as_str()), "{what}");
        assert_eq!(total(&outcome, "effective"), delivery.effective, "{what}");
        let mut due: BTreeMap<&str, Cost> = BTreeMap::new();
        for (number, (account, cost)) in accounts.iter().enumerate() {
            let agency = if has_rule(account) { AGENCIES[number % 3] } else { "DPS" };
            let sum: &mut Cost = due.entry(agency).or_default();
            *sum = sum.checked_add(*cost).unwrap();
        }
        // Cents that rounding leaves over go to one agency or another, so that the bills come to the vendor's sections.
        let billed = bills(&outcome);
        for (agency, cost) in due {
            let bill = Cost::from_money(billed.get(agency).copied().unwrap_or_default());
            let off = bill.checked_sub(cost).unwrap().magnitude();
            assert!(off < Cost::parse("0.01").unwrap(), "{what}: {agency} is billed {bill} of {cost}");
        }
        let outcome = closed(delivery, &accounts, "effective");
        if let Some(effective) = delivery.effective {
            let due = sum(outcome.bills.iter().map(|bill| Cost::from_money(bill.due)));
            let off = due.checked_sub(Cost::parse(effective).unwrap()).unwrap().magnitude();
            // Half a cent for each agency.
            assert!(off <= Cost::parse("0.015").unwrap(), "{what}: {due} of {effective}");
        }
    }
}

/// Two overwritten and two kept versions; a zip that was downloaded twice is the month once.
#[test]
fn months_of_aws() {
    check(&[
        file(
            "aws-cur-legacy/westmark-create-new/cur/westmark-cur/20250601-20250701",
            "2025-06",
            "aws-cur-legacy/westmark-create-new/cur/westmark-cur/20250601-20250701/0b6f3a52-1c11-4d5e-9f10-aa0000000003/*",
            "2797.112483664",
        ),
        file(
            "aws-cur-legacy/westmark-create-new/cur/westmark-cur/20250701-20250801",
            "2025-07",
            "aws-cur-legacy/westmark-create-new/cur/westmark-cur/20250701-20250801/0b6f3a52-1c11-4d5e-9f10-aa0000000004/*",
            "1713.1710555216",
        ),
        file(
            "aws-cur-legacy/westmark-overwrite",
            "2025-05",
            "aws-cur-legacy/westmark-overwrite/cur/ow/20250501-20250601/ow-1.csv.zip",
            "2603.5268621728",
        ),
        file(
            "aws-cur-legacy/variants/bom-crlf-quoted-all.csv",
            "2025-04",
            "aws-cur-legacy/variants/bom-crlf-quoted-all.csv",
            "1468.7608118648",
        ),
        file(
            "aws-cur-legacy/variants/no-tags-no-cost-categories.csv",
            "2025-04",
            "aws-cur-legacy/variants/no-tags-no-cost-categories.csv",
            "1468.7608118648",
        ),
        file(
            "aws-cur-legacy/variants/scientific-notation.csv",
            "2025-04",
            "aws-cur-legacy/variants/scientific-notation.csv",
            "1468.7608118648",
        ),
        file(
            "aws-cur-legacy/variants/net-columns-no-discount-rows.csv",
            "2025-04",
            "aws-cur-legacy/variants/net-columns-no-discount-rows.csv",
            "1474.0229118648",
        ),
    ]);
}

#[test]
fn months_of_aws_data_exports() {
    check(&[
        file(
            "aws-cur2/overwrite",
            "2025-06",
            "aws-cur2/overwrite/exports/westmark-cur2/data/BILLING_PERIOD=2025-06/*",
            "2816.706483664",
        ),
        file(
            "aws-cur2/create-new",
            "2025-07",
            "aws-cur2/create-new/exports/westmark-cur2v/data/BILLING_PERIOD=2025-07/20250721T093000Z-bbbb2222-0000-4000-8000-000000000002/*",
            "1598.3382364328",
        ),
        file(
            "aws-cur2/variants/discount-rows-colon-tags.csv",
            "2025-04",
            "aws-cur2/variants/discount-rows-colon-tags.csv",
            "1509.3719848944",
        ),
        file("aws-cur2/variants/selected-columns.csv.gz", "2025-04", "aws-cur2/variants/selected-columns.csv.gz", ""),
        file(
            "aws-cur2/third-party-aws-cur-anonymize/sample-cur20.csv",
            "2025-01",
            "aws-cur2/third-party-aws-cur-anonymize/sample-cur20.csv",
            "",
        ),
        file(
            "aws-focus/focus-1.0-aws",
            "2025-06",
            "aws-focus/focus-1.0-aws/data/BILLING_PERIOD=2025-06/*",
            "2797.590483664",
        ),
        file("aws-focus/focus-1.2-aws-short.csv", "2025-04", "aws-focus/focus-1.2-aws-short.csv", "1512.6309848944"),
    ]);
}

#[test]
fn months_of_azure_enterprise_agreements() {
    check(&[
        file(
            "azure-ea/create-new",
            "2025-06",
            "azure-ea/create-new/exports/westmark-actual/20250601-20250630/202507060512/bbbbbbbb-0000-4000-8000-000000000006/*",
            "1072.07576765295376",
        ),
        file(
            "azure-ea/create-new/exports/westmark-actual",
            "2025-06",
            "azure-ea/create-new/exports/westmark-actual/20250601-20250630/202507060512/bbbbbbbb-0000-4000-8000-000000000006/*",
            "",
        ),
        file(
            "azure-ea/older-header",
            "2025-05",
            "azure-ea/older-header/westmark-ea/20250501-20250531/westmark-ea_7d0c1f5e-0000-4000-8000-000000000001.csv",
            "",
        ),
        file("azure-ea/excel-resaved-utf16.txt", "2025-04", "azure-ea/excel-resaved-utf16.txt", ""),
        file(
            "azure-ea/third-party-finops-toolkit/EA_ActualCost_Small.csv",
            "2023-09",
            "azure-ea/third-party-finops-toolkit/EA_ActualCost_Small.csv",
            "5.2950077867419368",
        ),
    ]);
}

#[test]
fn months_of_azure_customer_and_partner_agreements() {
    check(&[
        Delivery {
            currency: "EUR",
            ..file(
                "azure-mca/overwrite",
                "2025-06",
                "azure-mca/overwrite/exports/mca-actual/20250601-20250630/cccccccc-0000-4000-8000-000000000006/*",
                "999.80736675989071",
            )
        },
        Delivery {
            currency: "EUR",
            ..file("azure-mca/open-month-no-invoice.csv.gz", "2025-07", "azure-mca/open-month-no-invoice.csv", "")
        },
        file(
            "azure-mca/third-party-koku/camel_azure_version_2.csv",
            "2023-08",
            "azure-mca/third-party-koku/camel_azure_version_2.csv",
            "0.0000262412",
        ),
        file("azure-csp/csp-2025-06.csv.gz", "2025-06", "azure-csp/csp-2025-06.csv", ""),
    ]);
}

/// The newer header is that of an enterprise agreement; here are the older one, translated and narrow.
#[test]
fn months_of_azure_pay_as_you_go() {
    check(&[
        file(
            "azure-payg-legacy/third-party-koku/azure_camelCased.csv",
            "2019-07",
            "azure-payg-legacy/third-party-koku/azure_camelCased.csv",
            "0.00011016",
        ),
        file(
            "azure-payg-legacy/third-party-koku/costreport_a243c6f2-199f-4074-9a2c-40e671cf1584.csv",
            "2019-07",
            "azure-payg-legacy/third-party-koku/costreport_a243c6f2-199f-4074-9a2c-40e671cf1584.csv",
            "0.00011016",
        ),
        file(
            "azure-payg-legacy/third-party-opencost/German.csv",
            "2021-02",
            "azure-payg-legacy/third-party-opencost/German.csv",
            "0.075",
        ),
        file(
            "azure-payg-legacy/third-party-opencost/PayAsYouGo.csv",
            "2021-02",
            "azure-payg-legacy/third-party-opencost/PayAsYouGo.csv",
            "0.075",
        ),
        Delivery {
            said: DOLLARS,
            ..file(
                "azure-payg-legacy/third-party-opencost/MissingBrackets.csv",
                "2021-02",
                "azure-payg-legacy/third-party-opencost/MissingBrackets.csv",
                "4",
            )
        },
    ]);
}

#[test]
fn months_of_focus() {
    check(&[
        file(
            "azure-focus/create-new",
            "2025-06",
            "azure-focus/create-new/exports/westmark-focus/20250601-20250630/202507060520/dddddddd-0000-4000-8000-000000000001/*",
            "1072.07576765295376",
        ),
        file("azure-focus/ea-1.0-preview.csv.gz", "2025-05", "azure-focus/ea-1.0-preview.csv", "556.415006765295376"),
        Delivery {
            currency: "EUR",
            ..file(
                "azure-focus/mca-eur-1.2-preview.csv.gz",
                "2025-06",
                "azure-focus/mca-eur-1.2-preview.csv.gz",
                "603.917091507970857192",
            )
        },
        Delivery {
            said: DOLLARS,
            ..file("focus-other/minimal-columns.csv", "2025-06", "focus-other/minimal-columns.csv", "12.5")
        },
        file("focus-other/saas-credits-1.2.csv", "2025-06", "focus-other/saas-credits-1.2.csv", "516.804"),
        file(
            "focus-other/third-party-focus-sample-data/focus_sample_rows_1-300.csv.gz",
            "2024-09",
            "focus-other/third-party-focus-sample-data/focus_sample_rows_1-300.csv",
            "3",
        ),
    ]);
}

/// Files that are damaged, of no currency or a copy with rows twice: nothing of them is billed, and why is said.
#[test]
fn deliveries_that_are_refused() {
    const CUR: &str = "aws-cur-legacy/third-party-";
    for (path, month, code) in [
        (format!("{CUR}aws-cur-anonymize/sample-legacy-csv.csv"), "2025-01", Code::HeaderColumnMissing),
        (format!("{CUR}koku/2022-07-01-alt-columns.csv"), "2022-07", Code::CellAccount),
        (format!("{CUR}koku/2023-06-01-not-final.csv"), "2023-06", Code::CurrencyMixed),
        (format!("{CUR}koku/2023-06-01.csv"), "2023-06", Code::CurrencyMixed),
        (format!("{CUR}koku/test_cur.csv"), "2018-06", Code::CellAccount),
        (format!("{CUR}koku/test_cur.csv.gz"), "2018-06", Code::CellAccount),
        ("aws-cur-legacy/variants/duplicated-rows.csv".to_owned(), "2025-04", Code::LineIdTwice),
        (
            "azure-ea/third-party-finops-toolkit/EA_AmortizedCost_Small.csv".to_owned(),
            "2023-09",
            Code::BilledUnavailable,
        ),
        ("azure-ea/third-party-finops-toolkit/EA_NoRows.csv".to_owned(), "2023-09", Code::FileHeaderOnly),
        ("azure-ea/third-party-koku/azure_version_2.csv".to_owned(), "2020-09", Code::CellCurrency),
        ("azure-payg-legacy/third-party-opencost/BOM.csv".to_owned(), "2022-11", Code::CellMissing),
        ("azure-payg-legacy/third-party-opencost/MissingBrackets.csv".to_owned(), "2021-02", Code::CellMissing),
        ("focus-other/minimal-columns.csv".to_owned(), "2025-06", Code::CellMissing),
        ("azure-mca/open-month-no-invoice.csv.gz".to_owned(), "2025-07", Code::CurrencyMixed),
    ] {
        let delivery = Delivery { path: Box::leak(path.into_boxed_str()), ..file("", month, "", "") };
        let (_folder, books) = books(&delivery, &BTreeMap::new(), "billed");
        let outcome = books.run(&request(&books, month));
        assert_eq!(outcome.exit, Exit::Blocked, "{}: {}", delivery.path, outcome.message);
        let refused = outcome.findings.iter().any(|finding| finding.code == code && finding.blocks());
        assert!(refused, "{}: {}", delivery.path, books.told(&outcome));
    }
}

/// Maps, doubles and moments instead of texts.
#[test]
fn a_month_in_parquet() {
    let delivery = file("aws-cur2/variants/parquet-maps.snappy.parquet", "2025-06", "", "");
    let (_folder, books) = books(&delivery, &BTreeMap::new(), "billed");
    let outcome = books.run(&request(&books, "2025-06"));
    assert_eq!(outcome.exit, Exit::Done, "{}", books.told(&outcome));
    assert_eq!(total(&outcome, "billed"), Some("6939.608919596"));
    assert!(outcome.tie_outs.iter().all(|tie| tie.passes));
}

/// A home-made file names no vendor: it is called as its folder, and its invoice can be listed so.
#[test]
fn a_vendor_without_a_name_is_called_as_its_folder() {
    const MINIMAL: &str = "focus-other/minimal-columns.csv";
    let delivery = Delivery { said: DOLLARS, ..file(MINIMAL, "2025-06", MINIMAL, "12.5") };
    let (_folder, books) = books(&delivery, &BTreeMap::new(), "billed");
    books.write("invoices/2025-06.csv", b"provider,billing_account_id,month,amount\nvendor,,2025-06,12.50\n");
    let outcome = books.run(&request(&books, "2025-06"));
    assert_eq!(outcome.exit, Exit::Done, "{}", books.told(&outcome));
    let vendors: Vec<_> =
        outcome.vendors.iter().map(|vendor| (vendor.section.provider.as_str(), vendor.state)).collect();
    assert_eq!(vendors, [("vendor", VendorState::Matched)]);
}

/// Azure writes the month first; a program has turned the dates of a whole file round.
#[test]
fn the_whole_column_decides_whether_the_day_stands_first() {
    const PATH: &str =
        "azure-ea/older-header/westmark-ea/20250501-20250531/westmark-ea_7d0c1f5e-0000-4000-8000-000000000001.csv";
    let text = fs::read_to_string(root().join("tests/samples").join(PATH)).unwrap();
    let turned = |line: &str| {
        let cell = |cell: &str| match cell.split('/').collect::<Vec<_>>().as_slice() {
            [month, day, year] if year.len() == 4 => format!("{day}/{month}/{year}"),
            _ => cell.to_owned(),
        };
        line.split(',').map(cell).collect::<Vec<_>>().join(",")
    };
    let day_first: Vec<String> = text.lines().map(turned).collect();
    let date = text.split(',').position(|name| name == "Date").unwrap();
    let early = |line: &String| {
        let day = line.split(',').nth(date).unwrap().split('/').next().unwrap();
        day.parse::<u32>().is_ok_and(|day| day <= 12) || day == "Date"
    };
    let without_ends = |line: &String| line.replacen(",31/05/2025", ",", 1);
    let first_days: Vec<String> = day_first.iter().map(without_ends).filter(early).collect();
    let mut mixed = day_first.clone();
    mixed[292] = mixed[292].replacen("01/05/2025", "05/01/2025", 1);
    for (what, lines, said, exit, told) in [
        ("proved", &day_first, "", Exit::Done, Some((Code::DatesDayFirst, false))),
        ("declared", &day_first, "date_order = \"day-first\"", Exit::Done, None),
        ("declared wrongly", &day_first, "date_order = \"month-first\"", Exit::Blocked, Some((Code::MonthOther, true))),
        ("open", &first_days, "", Exit::Blocked, Some((Code::DateOrderOpen, true))),
        ("open and declared", &first_days, "date_order = \"day-first\"", Exit::Done, None),
        ("of both kinds", &mixed, "", Exit::Blocked, Some((Code::MonthOther, true))),
    ] {
        let delivery = Delivery { said, ..file(PATH, "2025-05", PATH, "") };
        let (_folder, books) = books(&delivery, &BTreeMap::new(), "billed");
        books.write("inbox/2025-05/vendor/x.bin", lines.join("\r\n").as_bytes());
        let outcome = books.run(&request(&books, "2025-05"));
        assert_eq!(outcome.exit, exit, "{what}: {}", books.told(&outcome));
        let about_dates: Vec<(Code, bool)> = outcome
            .findings
            .iter()
            .filter(|finding| matches!(finding.code, Code::DatesDayFirst | Code::DateOrderOpen | Code::MonthOther))
            .map(|finding| (finding.code, finding.blocks()))
            .collect();
        assert_eq!(about_dates.first().copied(), told, "{what}: {}", books.told(&outcome));
        if what == "proved" {
            assert_eq!(total(&outcome, "billed"), Some("992.06868269344"));
        }
    }
}
