//! What AI vendors deliver: costs equal the expected totals to the last digit, and what has no cost is counted as written.

use super::samples::{amount, expected, same_groups};
use super::{Case, blocking, cost, parts, sample};
use chargeback::model::charge::{CostBasis, Dimension};
use chargeback::model::finding::Code;
use chargeback::model::intake::View;
use chargeback::model::money::Quantity;
use chargeback::sources::recognition::source_of;
use chargeback::stages::normalize::{ConcludedVersion, conclude_month};
use std::collections::BTreeMap;

fn case(source: &'static str, month: &'static str, path: &str) -> Case {
    Case { source, month, view: View::Only, currency: "USD", parts: parts(&[path]) }
}

/// Header and rows, read by another reader than ours.
fn table(path: &str) -> (Vec<String>, Vec<BTreeMap<String, String>>) {
    let text = sample(path);
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| header.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
    let rows = reader.records().map(|record| row(record.unwrap())).collect();
    (header, rows)
}

/// A column's sum.
fn sum(path: &str, column: &str) -> Quantity {
    let cells = table(path).1.into_iter().map(|row| row[column].clone()).filter(|cell| !cell.is_empty());
    Quantity::total(cells.map(|cell| Quantity::parse(&cell).unwrap())).unwrap()
}

/// What was counted, by meter and any other dimension.
fn counted(version: &ConcludedVersion, by: Dimension) -> BTreeMap<(String, String), Quantity> {
    let mut sums: BTreeMap<(String, String), Quantity> = BTreeMap::new();
    for row in version.roll_up.rows() {
        let key = (row.text(Dimension::SkuMeter).to_owned(), row.text(by).to_owned());
        let sum = sums.entry(key).or_default();
        *sum = sum.checked_add(row.sums().quantity).unwrap();
        assert_eq!((row.sums().billed, row.text(Dimension::BillingCurrency)), (cost("0"), ""));
    }
    sums
}

fn of_meter(version: &ConcludedVersion, meter: &str) -> Quantity {
    let of_meter = counted(version, Dimension::Source).into_iter().filter(|((found, _), _)| found == meter);
    Quantity::total(of_meter.map(|(_, sum)| sum)).unwrap()
}

const CREDITS: [&str; 2] = [
    "openai/chatgpt-enterprise-credits-2025-06.csv",
    "openai/third-party-openchargeback/chatgpt-edu-billing-format.csv",
];
const REQUESTS: &str = "github-copilot/third-party-report-viewer/premium-requests_rows_1-600.csv";

#[test]
fn files_are_told_by_their_headers() {
    for (path, source) in [
        ("openai/2025-06_costs.csv", "openai-costs"),
        ("openai/older-header-2024-11_costs.csv", "openai-costs"),
        ("openai/2025-06_completions_usage.csv", "openai-usage"),
        ("openai/older-header-2024-11_completions_usage.csv", "openai-usage"),
        (CREDITS[0], "chatgpt-credits"),
        (CREDITS[1], "chatgpt-credits"),
        ("anthropic/claude_api_2025_11_cost.csv", "anthropic-cost"),
        ("anthropic/claude_api_2025_11_tokens.csv", "anthropic-tokens"),
        ("github-copilot/2025-11_usage_detailed.csv", "github-usage"),
        ("github-copilot/2025-11_usage_summarized.csv", "github-usage"),
        ("github-copilot/2025-11_premium_requests.csv", "github-premium-requests"),
        (REQUESTS, "github-premium-requests"),
        ("github-copilot/2025-11_seat_activity.csv", "github-seats"),
        ("m365-copilot/usage-user-detail-2025-06.csv", "m365-copilot"),
        ("m365-copilot/usage-user-detail-concealed-names.csv", "m365-copilot"),
    ] {
        let (header, _) = table(path);
        assert_eq!(source_of(&header, &[]).map(|source| source.name), Some(source), "{path}");
    }
    for (header, source) in [
        ("date,username,model,quantity,exceeds_quota,total_monthly_quota", "github-premium-usage"),
        (
            "start_time,end_time,project_id,num_model_requests,user_id,api_key_id,model,input_tokens",
            "openai-embeddings-usage",
        ),
        ("usage_date_utc,cost_usd", "anthropic-cost"),
    ] {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        assert_eq!(source_of(&header, &[]).map(|source| source.name), Some(source));
    }
}

#[test]
fn costs_equal_the_expected_totals() {
    for (path, source, month, by) in [
        ("openai/2025-06_costs.csv", "openai-costs", "2025-06", "by_project_id"),
        ("openai/older-header-2024-11_costs.csv", "openai-costs", "2024-11", "by_project_id"),
        ("anthropic/claude_api_2025_11_cost.csv", "anthropic-cost", "2025-11", "by_workspace"),
        ("github-copilot/2025-11_usage_detailed.csv", "github-usage", "2025-11", "by_organization"),
        ("github-copilot/2025-11_usage_summarized.csv", "github-usage", "2025-11", "by_organization"),
        ("github-copilot/2025-11_premium_requests.csv", "github-premium-requests", "2025-11", "by_organization"),
        (REQUESTS, "github-premium-requests", "2025-10", "by_organization"),
    ] {
        let version = case(source, month, path).concluded();
        let (totals, wanted) = (&version.totals.totals, expected(path));
        assert_eq!(blocking(&version.findings), [], "{path}: {:#?}", version.findings);
        assert_eq!(totals.rows_read, wanted["rows"].as_u64().unwrap(), "{path}");
        let mut groups = wanted[by].clone();
        let empty = totals.rows_left_out.values().map(|(rows, _)| rows).sum::<u64>();
        assert_eq!(empty, u64::from(source == "openai-costs"), "{path}: the row that only has its times");
        if empty > 0 {
            assert_eq!(groups.as_object_mut().unwrap().remove("").unwrap()["rows"], 1);
        }
        let field = wanted["cost_column"].as_str().unwrap();
        same_groups(path, &groups, field, &totals.by_account, |_, group| group.billed);
        assert_eq!(totals.billed["USD"], amount(&wanted["total"]), "{path}");
        assert_eq!(version.roll_up.total(CostBasis::Billed).unwrap(), Some(amount(&wanted["total"])), "{path}");
        if let Some(gross) = wanted.get("gross_total") {
            assert_eq!(version.roll_up.total(CostBasis::List).unwrap(), Some(amount(gross)), "{path}");
        }
    }
}

#[test]
fn tokens_by_project_model_and_user() {
    let path = "openai/2025-06_completions_usage.csv";
    let version = case("openai-usage", "2025-06", path).concluded();
    assert_eq!(version.findings, [], "{:#?}", version.findings);
    assert_eq!(of_meter(&version, "output_tokens"), sum(path, "output_tokens"));
    assert_eq!(of_meter(&version, "cached_input_tokens"), sum(path, "input_cached_tokens"));
    assert_eq!(of_meter(&version, "uncached_input_tokens"), sum(path, "input_uncached_tokens"));
    assert_eq!(of_meter(&version, "requests"), sum(path, "num_model_requests"));
    let both = of_meter(&version, "cached_input_tokens").checked_add(of_meter(&version, "uncached_input_tokens"));
    assert_eq!(both.unwrap(), sum(path, "input_tokens"));
    let of_project = |project: &str| {
        let cells = table(path).1.into_iter().filter(|row| row["project_id"] == project);
        Quantity::total(cells.map(|row| Quantity::parse(&row["output_tokens"]).unwrap())).unwrap()
    };
    for ((meter, project), found) in counted(&version, Dimension::SubAccountId) {
        if meter == "output_tokens" {
            assert_eq!(found, of_project(&project), "{project}");
        }
    }
    assert!(counted(&version, Dimension::UserId).keys().all(|(_, user)| user.starts_with("user-")));
}

#[test]
fn a_spreadsheet_s_copy_of_the_usage_says_the_same() {
    let path = "openai/older-header-2024-11_completions_usage.csv";
    let text = String::from_utf8(sample(path)).unwrap();
    let plain = case("openai-usage", "2024-11", path).concluded();
    // Without the readable times, the seconds since 1970 say the day.
    let seconds = text.replace("start_time_iso", "other").replace('\n', "\r\n");
    let case = Case {
        parts: vec![("cloud/usage.csv".to_owned(), seconds.into_bytes())],
        ..case("openai-usage", "2024-11", path)
    };
    let copy = case.concluded();
    for meter in ["uncached_input_tokens", "cached_input_tokens", "output_tokens", "requests"] {
        assert_eq!(of_meter(&copy, meter), of_meter(&plain, meter), "{meter}");
    }
    assert_eq!(of_meter(&plain, "output_tokens"), sum(path, "output_tokens"));
}

#[test]
fn batches_are_told_apart() {
    let header = "start_time,project_id,num_model_requests,model,batch,input_tokens,output_tokens,input_cached_tokens";
    let rows =
        ["1748736000,p,2.0,m,TRUE,100.0,10.0,40.0", "1748736000,p,1.0,m,FALSE,7.0,0.0,", "1748736000,p,,m,FALSE,,,"];
    let text = [header].into_iter().chain(rows).collect::<Vec<_>>().join("\n");
    let case = Case {
        parts: vec![("cloud/u.csv".to_owned(), text.into_bytes())],
        ..case("openai-usage", "2025-06", "openai/2025-06_costs.csv")
    };
    let version = case.concluded();
    assert_eq!(version.totals.totals.rows_accepted, 3);
    let found: Vec<String> = counted(&version, Dimension::PricingCategory)
        .into_iter()
        .map(|((meter, pricing), sum)| format!("{meter} {pricing} {sum}"))
        .collect();
    assert_eq!(
        found,
        [
            "cached_input_tokens Batch 40",
            "output_tokens Batch 10",
            "requests Batch 2",
            "requests Standard 1",
            "uncached_input_tokens Batch 60",
            "uncached_input_tokens Standard 7"
        ]
    );
}

#[test]
fn credits_by_person_and_kind() {
    for (path, month) in CREDITS.into_iter().zip(["2025-06", "2026-01"]) {
        let version = case("chatgpt-credits", month, path).concluded();
        let wanted = expected(path);
        assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
        assert_eq!(version.totals.totals.rows_read, wanted["rows"].as_u64().unwrap());
        assert_eq!(of_meter(&version, "credits").to_string(), wanted["total"].as_str().unwrap());
        for (by, dimension) in [("by_email", Dimension::UserId), ("by_usage_type", Dimension::SkuId)] {
            let groups = wanted[by].as_object().unwrap();
            let wanted: BTreeMap<(String, String), Quantity> = groups
                .iter()
                .map(|(name, group)| {
                    (
                        ("credits".to_owned(), name.clone()),
                        Quantity::parse(group["usage_credits"].as_str().unwrap()).unwrap(),
                    )
                })
                .collect();
            assert_eq!(counted(&version, dimension), wanted, "{path}");
        }
    }
}

#[test]
fn anthropic_s_tokens_are_of_disjoint_classes() {
    let path = "anthropic/claude_api_2025_11_tokens.csv";
    let version = case("anthropic-tokens", "2025-11", path).concluded();
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    for (meter, columns) in [
        ("uncached_input_tokens", &["usage_input_tokens_no_cache"][..]),
        ("cache_write_tokens", &["usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write_1h"]),
        ("cached_input_tokens", &["usage_input_tokens_cache_read"]),
        ("output_tokens", &["usage_output_tokens"]),
        ("web_searches", &["web_search_count"]),
    ] {
        let wanted = Quantity::total(columns.iter().map(|column| sum(path, column))).unwrap();
        assert_eq!(of_meter(&version, meter), wanted, "{meter}");
    }
    assert!(counted(&version, Dimension::ResourceName).keys().any(|(_, key)| key == "dps, records"));
}

#[test]
fn seats_and_who_uses_them() {
    for (source, month, path, seats, active) in [
        ("github-seats", "2025-11", "github-copilot/2025-11_seat_activity.csv", 5, "Last Activity At"),
        ("m365-copilot", "2025-06", "m365-copilot/usage-user-detail-2025-06.csv", 3, "Last Activity Date"),
        ("m365-copilot", "2025-07", "m365-copilot/usage-user-detail-concealed-names.csv", 3, "Last Activity Date"),
    ] {
        let version = case(source, month, path).concluded();
        assert_eq!(of_meter(&version, "seats").to_string(), seats.to_string(), "{path}");
        let used = table(path).1.into_iter().filter(|row| !row[active].is_empty()).count();
        assert_eq!(of_meter(&version, "active_seats").to_string(), used.to_string(), "{path}");
        let told: Vec<Code> = version.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(told.contains(&Code::UserConcealed), path.contains("concealed"), "{:#?}", version.findings);
        assert_eq!(blocking(&version.findings), []);
    }
}

#[test]
fn a_user_has_one_seat() {
    let path = "m365-copilot/usage-user-detail-2025-06.csv";
    let mut text = String::from_utf8(sample(path)).unwrap();
    let last = text.trim_end().lines().last().unwrap().to_owned();
    text = format!("{}\n{}\n", text.trim_end(), last.replace("2025-06-12", ""));
    let parts = vec![("cloud/seats.csv".to_owned(), text.into_bytes())];
    let version = Case { parts, ..case("m365-copilot", "2025-06", path) }.concluded();
    assert_eq!(blocking(&version.findings), [Code::LineIdTwice]);
}

fn month_of(cases: &[Case]) -> Vec<Code> {
    let settings = super::settings("USD");
    let month = conclude_month(cases.iter().map(Case::concluded).collect(), &settings).unwrap();
    blocking(&month.findings)
}

#[test]
fn one_spend_in_two_files_is_refused_and_usage_beside_a_cost_adds_nothing() {
    let github = |source, name: &str| case(source, "2025-11", &format!("github-copilot/2025-11_{name}.csv"));
    let detailed = || github("github-usage", "usage_detailed");
    assert_eq!(month_of(&[detailed(), github("github-usage", "usage_summarized")]), [Code::SourceOverlap]);
    assert_eq!(month_of(&[detailed(), github("github-premium-requests", "premium_requests")]), [Code::SourceOverlap]);
    assert_eq!(month_of(&[detailed(), github("github-seats", "seat_activity")]), []);
    let seats = || github("github-seats", "seat_activity");
    assert_eq!(month_of(&[seats(), seats()]), [Code::SourceOverlap]);
    let openai = |source, name: &str| case(source, "2025-06", &format!("openai/2025-06_{name}.csv"));
    assert_eq!(month_of(&[openai("openai-costs", "costs"), openai("openai-usage", "completions_usage")]), []);
    // The same costs grouped by nothing but the day name no project.
    let by_day = "start_time,amount_value,amount_currency\n1748736000,24.639192425,usd\n";
    let by_day = Case { parts: vec![("cloud/c.csv".to_owned(), by_day.into())], ..openai("openai-costs", "costs") };
    assert_eq!(month_of(&[openai("openai-costs", "costs"), by_day]), [Code::SourceOverlap]);
    let seats = |path: &str| case("m365-copilot", "2025-06", path);
    let detail = "m365-copilot/usage-user-detail-2025-06.csv";
    assert_eq!(month_of(&[seats(detail), seats(detail)]), [Code::SourceOverlap]);
}

/// Model and token class of each cost: what rules and cards can ask for, and what bills show.
#[test]
fn a_cost_says_its_model_and_token_class() {
    let shown = |source, month, path: &str| -> BTreeMap<String, String> {
        let version = case(source, month, path).concluded();
        let text = |row: &chargeback::model::roll_up::Row<'_>, dimension| row.text(dimension).to_owned();
        version.roll_up.rows().map(|row| (text(&row, Dimension::SkuMeter), text(&row, Dimension::SkuId))).collect()
    };
    let anthropic = shown("anthropic-cost", "2025-11", "anthropic/claude_api_2025_11_cost.csv");
    assert_eq!(anthropic["Claude Sonnet 4.5, output"], "Claude Sonnet 4.5");
    assert_eq!(anthropic["web_search"], "");
    assert!(!anthropic.keys().any(|meter| meter.contains("token")), "{anthropic:?}");
    let openai = shown("openai-costs", "2025-06", "openai/2025-06_costs.csv");
    assert_eq!(openai["gpt-4o-2024-08-06, cached input"], "gpt-4o-2024-08-06");
}

#[test]
fn a_github_row_that_does_not_add_up_is_told_and_billed_as_it_says() {
    let path = "github-copilot/2025-11_usage_detailed.csv";
    let clean = case("github-usage", "2025-11", path).concluded();
    assert!(!clean.findings.iter().any(|finding| finding.code == Code::DiscountDiffers), "{:#?}", clean.findings);
    for (gross, discount, net, told) in [
        ("10", "4", "6", None),
        ("10", "", "10", None),
        // A sum of doubles.
        ("3.63", "0", "3.6300000000000003", None),
        ("10", "4", "6.01", Some("-0.01")),
        ("10", "0", "0", Some("10")),
        ("-10", "0", "10", Some("-20")),
    ] {
        let text = format!(
            "date,product,sku,quantity,unit_type,applied_cost_per_quantity,gross_amount,discount_amount,net_amount,username,organization,repository,workflow_path,cost_center_name\n\
             2025-11-03,actions,actions_linux,1,minutes,1,{gross},{discount},{net},ann,dot,r,,\n"
        );
        let mut case = case("github-usage", "2025-11", path);
        case.parts[0].1 = text.into_bytes();
        let version = case.concluded();
        let found = version.findings.iter().find(|finding| finding.code == Code::DiscountDiffers);
        let rest = found.map(|finding| finding.at_stake.as_ref().unwrap().0.to_string());
        assert_eq!(rest.as_deref(), told, "{gross} {discount} {net}: {:#?}", version.findings);
        assert_eq!(version.totals.totals.billed["USD"], cost(net), "{net}");
        assert_eq!(blocking(&version.findings), []);
    }
}
