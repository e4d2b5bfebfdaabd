//! A new AI meter and a service that is no cloud are added to Westmark by files alone: a mapping, a row of the catalog, an
//! owner by tag, rate cards; and they stand on statements and in the journal.

use crate::books::{Books, request, westmark};
use chargeback::close::{self, Outcome};
use chargeback::model::exit::Exit;
use chargeback::model::money::Money;
use std::fs;

/// The gateway counts tokens by class and says nothing of money: the state's own prices do.
const GATEWAY: &str = r#"
source = "ai-gateway"
title = "Log of the AI gateway"
folder = "gateway"

[columns]
charge_date = "time"
user_id = "user"
sku_id = "model"
sku_meter = "class"
consumed_quantity = "tokens"
"tag:agency" = "department"

[constants]
provider_name = "AI gateway"
billing_currency = "USD"
consumed_unit = "tokens"
billed_cost = "0"
"#;

const GATEWAY_ROWS: &str = "time,user,model,class,tokens,department\n\
    2025-06-02T10:00:00Z,ana,large,input,1200000,DOT\n\
    2025-06-02T10:00:00Z,ana,large,cache_read,4000000,DOT\n\
    2025-06-20T11:30:00Z,bo,large,output,345678,DOT\n\
    2025-06-20T11:30:00Z,cy,large,input,100,Health and Human Services\n";

/// The print shop's list of jobs.
const PRINT: &str = r#"
source = "print-shop"
title = "Jobs of the print shop"
folder = "print"

[columns]
charge_date = "Done"
resource_id = "Job"
consumed_quantity = "Pages"
row_key = "Job"
"tag:agency" = "For"

[constants]
provider_name = "State print shop"
billing_currency = "USD"
consumed_unit = "Pages"
billed_cost = "0"

[dates]
format = "month-first"
"#;

const PRINT_ROWS: &str = "Job;Done;Pages;For\nJ-1;6/3/2025;12001;DOT\nJ-2;6/17/2025;999;DOT\nJ-3;6/18/2025;0;REV\n";

const CARDS: &str = "\
rate_id,version,service,statement_text,effective_from,authority,approved_by,approved_on,model,unit,unit_price,price_per,measure,sku_meter
CHAT-IN,1,CHAT,Input tokens,2025-01-01,Rate memo 7,Technology Rate Board,2024-12-12,unit,tokens,2.50,1000000,consumed,input
CHAT-CACHE,1,CHAT,Cached tokens,2025-01-01,Rate memo 7,Technology Rate Board,2024-12-12,unit,tokens,1.25,1000000,consumed,cache_read
CHAT-OUT,1,CHAT,Output tokens,2025-01-01,Rate memo 7,Technology Rate Board,2024-12-12,unit,tokens,10.00,1000000,consumed,output
PRINT-A,1,PRINT,Each started thousand pages,2025-01-01,Rate memo 7,Technology Rate Board,2024-12-12,package,1000 Pages,42.00,,consumed,
";

fn added() -> Books {
    let books = westmark();
    books.write("mappings/gateway.toml", GATEWAY.as_bytes());
    books.write("mappings/print.toml", PRINT.as_bytes());
    books.write("inbox/2025-06/gateway/june.csv", GATEWAY_ROWS.as_bytes());
    books.write("inbox/2025-06/print/jobs.csv", PRINT_ROWS.as_bytes());
    books.write("rates/added.csv", CARDS.as_bytes());
    let services = String::from_utf8(books.read("services.csv")).unwrap();
    let rows = "CHAT,Chat models,By token,9,AI gateway,,,,,\nPRINT,Print shop,By the thousand pages,10,State print shop,,,,,\n";
    books.write("services.csv", format!("{services}{rows}").as_bytes());
    books
}

fn closed(books: &Books) -> Outcome {
    let outcome = books.run(&request(books, "2025-06"));
    assert_eq!(outcome.exit, Exit::Done, "{}\n{}", outcome.message, books.told(&outcome));
    outcome
}

fn due(outcome: &Outcome, agency: &str) -> Money {
    outcome.bills.iter().find(|bill| bill.agency == agency).unwrap().due
}

#[test]
fn a_meter_and_a_service_are_added_by_files_alone() {
    let before = closed(&westmark());
    let books = added();
    let outcome = closed(&books);
    assert!(outcome.tie_outs.iter().all(|tie| tie.passes));
    // DOT: 1.2 x 2.50 = 3.00; 4 x 1.25 = 5.00; 0.345678 x 10 = 3.45678: 3.46. 13,000 pages are 13 packages of 42.00.
    // DHHS: 0.0001 x 2.50 rounds to nothing. REV: a job without pages is no package. Nobody else pays anything more.
    for (agency, more) in [("DOT", "557.46"), ("DHHS", "0.00"), ("DPS", "0.00"), ("REV", "0.00")] {
        let more = due(&before, agency).checked_add(Money::parse(more).unwrap()).unwrap();
        assert_eq!(due(&outcome, agency), more, "{agency}");
    }
    let mut told = Vec::new();
    for number in 1..40 {
        let Ok(line) = close::explain(&books.path, &format!("DOT-2025-06-{number:06}"), 10, false) else { break };
        if ["CHAT", "PRINT"].contains(&line.line.service.as_str()) {
            told.push(format!("{} {}: {}", line.line.service, line.line.amount, line.arithmetic.join("; ")));
            assert!(line.charges.iter().all(|charge| charge.file.starts_with("inbox/2025-06/")), "{line:?}");
        }
    }
    assert_eq!(
        told,
        [
            "CHAT 5.00: 4000000 tokens x 1.25 per 1000000 = 5, rounded half up to 5.00",
            "CHAT 3.00: 1200000 tokens x 2.5 per 1000000 = 3, rounded half up to 3.00",
            "CHAT 3.46: 345678 tokens x 10 per 1000000 = 3.45678, rounded half up to 3.46",
            "PRINT 546.00: 13000 Pages in packages of 1000: 13 started; 13 x 42 = 546; 546, rounded half up to 546.00",
        ]
    );
    in_documents(&books, &outcome);
    assert_eq!(close::verify(&books.path, false, None).unwrap(), []);
}

/// On DOT's own detail, and earned by service in the journal.
fn in_documents(books: &Books, outcome: &Outcome) {
    let folder = outcome.outputs.clone().unwrap();
    let files = books.files(&folder);
    let csv = |ending: &str| {
        let (_, bytes) = files.iter().find(|(path, _)| path.ends_with(ending)).unwrap_or_else(|| panic!("{ending}"));
        String::from_utf8(bytes.clone()).unwrap()
    };
    let detail = csv("/detail-DOT-2025-06.csv");
    assert!(detail.contains("J-1") && detail.contains("State print shop"), "{detail}");
    let journal = csv("/journal-2025-06.csv");
    let earned = |service: &str| -> Vec<String> {
        let mut reader = csv::Reader::from_reader(journal.as_bytes());
        let header = reader.headers().unwrap().clone();
        let at = |name: &str| header.iter().position(|column| column == name).unwrap();
        let (of, credit, kind) = (at("service_code"), at("credit"), at("journal_type"));
        let rows = reader.records().map(Result::unwrap).filter(|row| &row[of] == service && &row[kind] == "BILL");
        rows.map(|row| row[credit].to_owned()).collect()
    };
    assert_eq!((earned("CHAT"), earned("PRINT")), (vec!["11.46".to_owned()], vec!["546.00".to_owned()]));
    let statement =
        files.keys().find(|path| path.contains("statements/DOT/statement-DOT") && path.ends_with(".xlsx")).unwrap();
    let mut workbook: calamine::Xlsx<_> = calamine::open_workbook(books.path.join(statement)).unwrap();
    let range = calamine::Reader::worksheet_range(&mut workbook, "Services").unwrap();
    let cells: Vec<String> = range.cells().map(|(_, _, cell)| cell.to_string()).collect();
    assert!(["Each started thousand pages", "Output tokens"].iter().all(|text| cells.contains(&(*text).to_owned())));
    assert!(fs::metadata(books.path.join(statement)).unwrap().len() > 0);
}
