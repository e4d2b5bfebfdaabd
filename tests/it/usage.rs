//! Files that only say how much was used: they share a pool and fill a unit rate, and add nothing to any bill.

use crate::books::{Books, golden, request};
use crate::cmd::{run, surroundings};
use chargeback::close::{self, Outcome};
use chargeback::model::exit::Exit;
use chargeback::model::finding::{Code, Finding};
use chargeback::model::money::Money;

const MEASURE: &str = "\n[[source]]\nfolder = \"openai\"\n\n[[measure]]\nname = \"gateway_tokens\"\nsource = \"openai-usage\"\nmeters = [\"uncached_input_tokens\", \"cached_input_tokens\", \"output_tokens\"]\n";

const OWNERS: &str = "\
doh-tokens,,,agency,DOH,OpenAI,proj_doh,,
dot-tokens,,,agency,DOT,OpenAI,proj_dot*,,
dps-tokens,,,agency,DPS,OpenAI,proj_dps,,
";

/// September with the tokens of the gateway in OpenAI's own file instead of a driver table: 1,200,000, 600,000 and
/// 200,000 as there, in several days, keys, models and classes.
const USAGE: &str = "\
start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens
1756684800,1756771200,2025-09-01T00:00:00+00:00,2025-09-02T00:00:00+00:00,proj_doh,10.0,user-1,key_1,gpt-4o,FALSE,default,700000.0,100000.0,650000.0,50000.0
1757980800,1758067200,2025-09-16T00:00:00+00:00,2025-09-17T00:00:00+00:00,proj_doh,10.0,user-2,key_1,gpt-5,TRUE,default,399999.5,0.5,,399999.5
1757980800,1758067200,2025-09-16T00:00:00+00:00,2025-09-17T00:00:00+00:00,proj_dot01,10.0,user-3,key_2,gpt-5,FALSE,default,250000.0,50000.0,0.0,250000.0
1759190400,1759276800,2025-09-30T00:00:00+00:00,2025-10-01T00:00:00+00:00,proj_dot02,10.0,user-3,key_3,gpt-5,FALSE,default,200000.0,100000.0,0.0,200000.0
1759190400,1759276800,2025-09-30T00:00:00+00:00,2025-10-01T00:00:00+00:00,proj_dps,10.0,user-4,key_4,gpt-5,FALSE,default,150000.0,50000.0,0.0,150000.0
";

fn edit(books: &Books, path: &str, change: impl FnOnce(String) -> String) {
    let text = String::from_utf8(books.read(path)).unwrap();
    books.write(path, change(text).as_bytes());
}

fn with_usage(usage: &[u8]) -> Books {
    let books = golden();
    edit(&books, "chargeback.toml", |text| text + MEASURE);
    edit(&books, "owners.csv", |text| text.replace("by-tag", &format!("{OWNERS}by-tag")));
    edit(&books, "pools.csv", |text| text.replace("ai_tokens", "gateway_tokens"));
    let is_kept = |line: &&str| !line.starts_with("ai_tokens");
    edit(&books, "drivers/2025-09.csv", |text| text.lines().filter(is_kept).map(|line| format!("{line}\n")).collect());
    books.write("inbox/2025-09/openai/usage.csv", usage);
    books
}

fn bills(outcome: &Outcome) -> Vec<(String, Money, Money)> {
    outcome.bills.iter().map(|bill| (bill.agency.to_string(), bill.due, bill.showback)).collect()
}

fn closed(books: &Books) -> Outcome {
    let outcome = books.run(&request(books, "2025-09"));
    assert_eq!(outcome.exit, Exit::Done, "{}\n{}", outcome.message, books.told(&outcome));
    outcome
}

#[test]
fn an_azure_openai_pool_is_shared_by_the_tokens_of_a_usage_file() {
    let by_table = bills(&closed(&golden()));
    let utf16 = |text: String| {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect::<Vec<u8>>()
    };
    let without_iso = USAGE.replace("start_time_iso", "bucket").replace("end_time_iso", "bucket_end");
    for (what, usage) in [
        ("as exported", USAGE.as_bytes().to_vec()),
        ("saved by a spreadsheet", utf16(USAGE.replace(',', "\t").replace('\n', "\r\n"))),
        ("without readable times", without_iso.into_bytes()),
    ] {
        let books = with_usage(&usage);
        let outcome = closed(&books);
        assert_eq!(bills(&outcome), by_table, "{what}: {}", books.told(&outcome));
        assert!(outcome.tie_outs.iter().all(|tie| tie.passes), "{what}");
    }
}

#[test]
fn what_nobody_owns_is_told_and_a_rule_away_from_its_agency() {
    let books = with_usage(USAGE.replace("proj_dps", "proj_lab").as_bytes());
    let outcome = closed(&books);
    let told: Vec<String> = outcome
        .findings
        .iter()
        .filter(|finding| finding.code == Code::PoolDriverUnmatched)
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    let due: Vec<String> =
        bills(&outcome).into_iter().map(|(agency, _, showback)| format!("{agency} {showback}")).collect();
    // 845.67 by 1,200,000 to 600,000.
    assert_eq!(due, ["DOH 563.78", "DOT 281.89", "DPS 0.00"]);
}

#[test]
fn a_closed_month_is_made_again_from_its_usage() {
    let books = with_usage(USAGE.as_bytes());
    closed(&books);
    assert_eq!(close::verify(&books.path, true, None).unwrap(), []);
    let again = books.run(&request(&books, "2025-09"));
    assert_eq!(again.exit, Exit::Done, "{}", again.message);
}

#[test]
fn credits_are_billed_at_the_contract_s_rate() {
    let books = golden();
    edit(&books, "chargeback.toml", |text| text + "\n[[measure]]\nname = \"credits\"\nsource = \"chatgpt-credits\"\n");
    edit(&books, "owners.csv", |text| {
        let rows: Vec<String> = text
            .lines()
            .map(|line| {
                format!(
                    "{line}{}",
                    if line.starts_with('#') {
                        ""
                    } else if line.starts_with("rule") {
                        ",user_id"
                    } else {
                        ","
                    }
                )
            })
            .collect();
        rows.join("\n") + "\nby-address,,,agency,DOT,OpenAI,,,,*@dot.example.gov\n"
    });
    edit(&books, "services.csv", |text| text + "GPT,ChatGPT,By credits,7,\n");
    edit(&books, "rates/2026.csv", |text| {
        text + "CREDIT,1,GPT,Pool price by pool size,By credits,2025-07-01,,Contract 12,Rate board,2025-05-14,all,unit,,,,credits,20,1000,driver:credits\n"
    });
    books.write(
        "inbox/2025-09/chatgpt/credits.csv",
        "\u{feff}date_partition,account_id,account_user_id,email,name,public_id,usage_type,usage_credits,usage_quantity,usage_units\n\
         9/1/2025,acct-1,u-0,ana.reyes@dot.example.gov,Ana Reyes,user-0,codex,195.45,2,counts\n\
         9/30/2025,acct-1,u-1,,,user-1,chat_tool.imagegen,10,2,counts\n"
            .as_bytes(),
    );
    let outcome = books.run(&request(&books, "2025-09"));
    let told = books.told(&outcome);
    assert!(told.contains("10 credits of sub_account_id acct-1 are owned by no agency"), "{told}");
    assert_eq!(outcome.exit, Exit::Done, "{told}");
    // 195.45 credits at 20 dollars a thousand are 3.909.
    let dot = bills(&outcome).into_iter().find(|(agency, ..)| agency == "DOT").unwrap();
    assert_eq!(dot.1, Money::parse("5124.76").unwrap());
}

#[test]
fn settings_that_measure_nothing_are_told() {
    for (setting, code) in [
        ("[[measure]]\nname = \"t\"\nsource = \"openai-tokens\"\n", Code::SettingInvalid),
        ("[[measure]]\nname = \"servicenow_hours\"\nsource = \"openai-usage\"\n", Code::TableDuplicate),
        ("[[measure]]\nname = \"t\"\nsource = \"openai-usage\"\n", Code::UnitMixed),
    ] {
        let books = with_usage(USAGE.as_bytes());
        edit(&books, "chargeback.toml", |text| format!("{text}\n{setting}"));
        let outcome = books.run(&request(&books, "2025-09"));
        assert_eq!(outcome.exit, Exit::Blocked, "{setting}");
        assert!(outcome.findings.iter().any(|finding| finding.code == code), "{setting}: {}", books.told(&outcome));
    }
}

#[test]
fn usage_of_another_month_is_refused() {
    let books = with_usage(
        USAGE.replace("2025-09-30T00:00:00+00:00,2025-10-01", "2025-10-01T00:00:00+00:00,2025-10-02").as_bytes(),
    );
    let outcome = books.run(&request(&books, "2025-09"));
    assert!(outcome.findings.iter().any(|finding| finding.code == Code::MonthOther && finding.blocks()));
}

/// The detailed and the summarized report are one spend, wherever they lie; without either, neither is billed.
#[test]
fn two_reports_of_one_month_are_refused_together() {
    let report = |name: &str| {
        let path = format!("tests/samples/github-copilot/2025-11_usage_{name}.csv");
        let text = std::fs::read_to_string(crate::cmd::root().join(path)).unwrap();
        text.replace("2025-11-", "2025-09-").into_bytes()
    };
    for (second, code) in [("github", Code::ManifestMissing), ("github-2", Code::SourceOverlap)] {
        let books = golden();
        books.write("inbox/2025-09/github/detailed.csv", &report("detailed"));
        books.write(&format!("inbox/2025-09/{second}/summarized.csv"), &report("summarized"));
        let outcome = books.run(&request(&books, "2025-09"));
        assert_eq!(outcome.exit, Exit::Blocked);
        let refused = |finding: &Finding| finding.code == code && finding.blocks();
        assert!(outcome.findings.iter().any(refused), "{second}: {}", books.told(&outcome));
    }
}

/// The share of the pool is driven by a measure, so its rows are behind the line beside the pool's own charges.
#[test]
fn explain_lists_the_usage_rows_that_drove_a_share() {
    let books = with_usage(USAGE.as_bytes());
    closed(&books);
    let path = books.path.to_str().unwrap();
    let mut told = None;
    for number in 1..=9 {
        let line = format!("DOT-2025-09-{number:06}");
        let (exit, results, messages) = run(&["explain", &line, "--books", path], &surroundings());
        assert!(exit == 0 || told.is_some(), "{messages}");
        if results.contains("gateway_tokens") || results.contains("Counted for this line") {
            told = Some(results);
        }
    }
    insta::assert_snapshot!(told.unwrap());
}

/// What a measure counted is in the record of its month's close, so later months can be shared by it.
#[test]
fn pools_are_shared_by_what_a_measure_counted_in_closed_months() {
    let books = with_usage(USAGE.as_bytes());
    let mapping = "source = \"deployment\"\nfolder = \"deployment\"\n\n[columns]\nbilled_cost = \"cost\"\ncharge_date = \"day\"\n\n\
                   [constants]\nprovider_name = \"Deployment\"\nbilling_currency = \"USD\"\n";
    books.write("mappings/deployment.toml", mapping.as_bytes());
    edit(&books, "owners.csv", |text| text.replace("by-tag", "deployment,,,pool,LATER,Deployment,,,\nby-tag"));
    edit(&books, "pools.csv", |text| {
        let rows = text
            .lines()
            .map(|line| format!("{line}{}\n", if line.starts_with("pool,") { ",driver_period" } else { "," }));
        let header = text.lines().find(|line| line.starts_with("pool,")).unwrap();
        let pool: Vec<&str> = header
            .split(',')
            .map(|column| match column {
                "pool" => "LATER",
                "version" | "stage" => "1",
                "service" => "SHR",
                "method" => "driver",
                "driver" => "gateway_tokens",
                "targets" => "*",
                _ => "",
            })
            .collect();
        format!("{}{},prior\n", rows.collect::<String>(), pool.join(","))
    });
    closed(&books);
    edit(&books, "chargeback.toml", |text| {
        text.replace("folder = \"a", "expected = false\nfolder = \"a")
            .replace("folder = \"openai\"", "folder = \"openai\"\nexpected = false")
    });
    let hours = "driver,month,agency,value,unit\nservicenow_hours,2025-10,DOH,0,hour\n";
    books.write("drivers/2025-10.csv", hours.as_bytes());
    books.write("inbox/2025-10/deployment/cost.csv", b"day,cost\n2025-10-05,1000.00\n");
    let october = books.run(&request(&books, "2025-10"));
    assert_eq!(october.exit, Exit::Done, "{}\n{}", october.message, books.told(&october));
    // 1,200,000, 600,000 and 200,000 tokens of September.
    let line = (1..9).find_map(|number| {
        let line = close::explain(&books.path, &format!("DOT-2025-10-{number:06}"), 10, false).ok()?;
        (line.line.service.as_str() == "SHR").then_some(line)
    });
    let line = line.unwrap();
    assert_eq!(line.line.amount, Money::parse("300.00").unwrap(), "{:?}", line.arithmetic);
    assert!(line.arithmetic.iter().any(|said| said.contains("gateway_tokens of 2025-09")), "{:?}", line.arithmetic);
    assert_eq!(close::verify(&books.path, true, None).unwrap(), []);
    // The month before the first close counted nothing, and nobody guesses what it would have.
    edit(&books, "pools.csv", |text| text.replace(",prior", ",frozen:2025-08"));
    books.write("inbox/2025-11/deployment/cost.csv", b"day,cost\n2025-11-05,1000.00\n");
    books.write("drivers/2025-11.csv", hours.replace("2025-10", "2025-11").as_bytes());
    let november = books.run(&request(&books, "2025-11"));
    assert!(books.told(&november).contains("this one has none"), "{}", books.told(&november));
}
