//! Feeds for ERPs: every template that is shipped, byte for byte, read again to the cent, and refused where it would lie.

use crate::cmd::{root, writes_goldens};
use crate::golden::{self, money};
use crate::golden_books::september;
use chargeback::config::erp::{shipped, template};
use chargeback::model::erp::Template;
use chargeback::model::journal_entry::{EntryHead, JournalEntry, JournalType, Posting, Side};
use chargeback::model::month::{FiscalPeriod, Month};
use chargeback::model::month_end::{MonthEnd, Standing};
use chargeback::model::proof::LawResult;
use chargeback::model::settings::{AccountString, Role};
use chargeback::stages::export::{NamedBytes, erp_problems, export, read_back};
use std::fs;

fn shipped_template(id: &str) -> Template {
    let (_, text) = shipped().into_iter().find(|(name, _)| name == id).unwrap();
    let (template, findings) = template(&format!("erp/{id}.toml"), text.as_bytes());
    assert_eq!(findings, [], "{id}");
    template.unwrap()
}

/// The worked September with feeds of these templates.
fn month(ids: &[&str]) -> MonthEnd {
    let mut end = september();
    end.standing = Standing::Final;
    end.settings.erp = ids.iter().map(|id| shipped_template(id)).collect();
    end
}

fn feeds(end: &MonthEnd) -> Vec<NamedBytes> {
    assert_eq!(erp_problems(end), []);
    let files = export(end).unwrap();
    files.into_iter().filter(|file| file.path.starts_with("journals/erp/")).collect()
}

fn laws(end: &MonthEnd, files: &[NamedBytes]) -> Vec<LawResult> {
    read_back(end, files).into_iter().filter(|law| law.about.starts_with("journals/erp/")).collect()
}

fn all() -> Vec<String> {
    shipped().into_iter().map(|(id, _)| id).collect()
}

fn text_of(files: &[NamedBytes], path: &str) -> String {
    let file = files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} was not written"));
    String::from_utf8(file.bytes.clone()).unwrap()
}

/// The line that the reference prints for Fusion and Munis: 7,637.28 due from fund 1000.
fn reference_line() -> MonthEnd {
    let mut end = month(&["oracle-fusion-fbdi", "tyler-munis"]);
    let string = |account: &str, program: &str| AccountString {
        fund: "7300".to_owned(),
        agency: "DTS".to_owned(),
        program: program.to_owned(),
        account: account.to_owned(),
        ..AccountString::default()
    };
    let posting = |role, side, account: &str, affiliate: &str, description: &str| Posting {
        role,
        string: string(account, "CLD"),
        account_name: String::new(),
        side,
        amount: money("7637.28"),
        affiliate_fund: affiliate.to_owned(),
        affiliate_agency: String::new(),
        budget_fiscal_year: 2026,
        description: description.to_owned(),
        reference: "2026-09-000123".to_owned(),
        service: String::new(),
    };
    let head = EntryHead {
        id: "BILL-202603-0001".to_owned(),
        journal_type: JournalType::Bill,
        posting_date: "2025-09-30".parse().unwrap(),
        period: FiscalPeriod { year: 2026, period: 3 },
        service_period: Month::parse("2025-09").unwrap(),
        reversing_date: None,
        reversal_of: None,
    };
    let due = posting(Role::DueFrom, Side::Debit, "1310", "1000", "Due from 1000 Sep 2025");
    let earned = posting(Role::Revenue, Side::Credit, "4310", "", "Charges for services");
    end.journals = vec![JournalEntry::new(head, vec![due, earned]).unwrap()];
    end
}

#[test]
fn the_rows_that_the_reference_prints() {
    let files = feeds(&reference_line());
    let fusion = text_of(&files, "journals/erp/oracle-fusion-fbdi/GlInterface.csv");
    let row = fusion.lines().next().unwrap();
    assert_eq!(
        row,
        "NEW,300000001234567,2025/09/30,Chargeback,Interfund Billing,USD,2025/10/03,A,7300,DTS,1310,CLD,0000,1000,\
         ,,,,,,,,,,,,,,,,,,,,,,,,7637.28,,,,BILL-202603-0001,Interfund billing FY2026 P03,,BILL-202603-0001 F7300,\
         Cloud services Sep 2025,,,,,Due from 1000 Sep 2025,2026-09-000123,,,,,,,,,,,,,,20260301,\
         ,,,,,,,,,,,,,,,,,,,,,,,,,,,END"
    );
    assert_eq!(row.split(',').count(), 95);
    let munis = text_of(&files, "journals/erp/tyler-munis/munis202603.txt");
    let row = munis.lines().next().unwrap();
    assert_eq!(
        row,
        "        1310                                          Cloud services Sep 2025       BILL202603CLOUD SEP25 \
         D0000000763728                   B"
    );
    assert_eq!(row.len(), 140);
}

/// Every template over the worked September. `INSTA_UPDATE=always` writes them anew; the review reads them.
#[test]
fn every_template_byte_for_byte() {
    let ids = all();
    let end = month(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let files = feeds(&end);
    for file in &files {
        if file.path.ends_with(".zip") || file.path.ends_with("control.json") || file.path.ends_with("listing.csv") {
            continue;
        }
        let golden = root().join("tests/erp").join(file.path.strip_prefix("journals/erp/").unwrap());
        if writes_goldens() {
            fs::create_dir_all(golden.parent().unwrap()).unwrap();
            fs::write(&golden, &file.bytes).unwrap();
        }
        let expected = fs::read(&golden).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&file.bytes), String::from_utf8_lossy(&expected), "{}", file.path);
    }
    for law in laws(&end, &export(&end).unwrap()) {
        assert!(law.passes, "{law:?}");
    }
}

/// The built-in feed and the template of the same layout are one file.
#[test]
fn the_generic_template_is_the_generic_feed() {
    let end = month(&["generic-csv"]);
    let files = export(&end).unwrap();
    let built_in = text_of(&files, "journals/journal-2025-09.csv");
    assert_eq!(text_of(&files, "journals/erp/generic-csv/journal-2025-09.csv"), built_in);
}

/// Of every feed: a line less, a line twice, a cent more and another fund are seen.
#[test]
fn what_is_missing_doubled_or_changed_in_a_feed_is_told() {
    for id in all() {
        let end = month(&[&id]);
        let files = export(&end).unwrap();
        let is_feed = |file: &&NamedBytes| {
            let name = file.path.rsplit('/').next().unwrap();
            file.path.starts_with("journals/erp/")
                && !name.ends_with(".zip")
                && name != "control.json"
                && name != "listing.csv"
        };
        let feed = files.iter().find(is_feed).unwrap();
        let text = String::from_utf8(feed.bytes.clone()).unwrap();
        let implied = id == "tyler-munis";
        let (amount, cent_more) = if implied { ("924975", "924976") } else { ("9249.75", "9249.76") };
        let line = text.lines().find(|line| line.contains(amount)).unwrap();
        let mut changed = vec![text.replacen(amount, cent_more, 1)];
        if !id.starts_with("cgi") {
            changed.push(text.replacen(&format!("{line}\n"), "", 1));
            changed.push(text.replacen(line, &format!("{line}\n{line}"), 1));
        }
        if !implied {
            changed.push(text.replacen(line, &line.replacen("7300", "7301", 1), 1));
        }
        for (place, changed) in changed.into_iter().enumerate().filter(|(_, changed)| *changed != text) {
            let mut planted = files.clone();
            planted.iter_mut().find(|file| file.path == feed.path).unwrap().bytes = changed.into_bytes();
            let told = laws(&end, &planted).into_iter().filter(|law| !law.passes).count();
            assert!(told > 0, "{id}: change {place} was not seen");
        }
    }
}

/// A code that does not fit stops the feed, with its journal line and dollars; a description is cut.
#[test]
fn a_code_that_does_not_fit_is_told_with_its_dollars() {
    let mut end = month(&["peoplesoft-gl"]);
    let mut postings = end.journals[0].postings().to_vec();
    for posting in &mut postings {
        posting.string.fund = "7300-LONG".to_owned();
        posting.description = "A, \"description\"\nof more than thirty characters = long".to_owned();
    }
    let entry = &end.journals[0];
    let head = EntryHead {
        id: entry.id().to_owned(),
        journal_type: entry.journal_type(),
        posting_date: entry.posting_date(),
        period: entry.period(),
        service_period: entry.service_period(),
        reversing_date: None,
        reversal_of: None,
    };
    end.journals = vec![JournalEntry::new(head, postings).unwrap()];
    let told: Vec<String> = erp_problems(&end).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn long_journals_are_cut_where_every_fund_balances() {
    let mut end = month(&["sap-s4-upload"]);
    end.settings.erp[0].grouping.max_lines_per_journal = 9;
    let files = feeds(&end);
    let text = text_of(&files, "journals/erp/sap-s4-upload/sap-journal-202603.csv");
    let headers = text.lines().filter(|line| line.starts_with("H,")).count();
    assert_eq!((headers, text.lines().count()), (4, 19 + 4 + 1 - 1), "{text}");
    end.settings.erp[0].grouping.max_lines_per_journal = 5;
    let told = erp_problems(&end);
    assert_eq!(told.len(), 1);
    assert!(told[0].why.contains("no place where its funds are balanced"), "{}", told[0]);
}

#[test]
fn a_draft_says_so_in_its_names() {
    let mut end = month(&["tyler-munis"]);
    end.standing = Standing::Draft;
    let names: Vec<String> = feeds(&end).into_iter().map(|file| file.path).collect();
    assert_eq!(names[0], "journals/erp/tyler-munis/DRAFT-munis202603.txt");
    assert!(golden::september().settings.erp.is_empty());
}

/// Templates that would lie are refused, each with the column and the reason.
#[test]
fn templates_that_cannot_be_proved_are_refused() {
    let munis = shipped().into_iter().find(|(id, _)| id == "tyler-munis").unwrap().1;
    let fusion = shipped().into_iter().find(|(id, _)| id == "oracle-fusion-fbdi").unwrap().1;
    let jv = shipped().into_iter().find(|(id, _)| id == "cgi-advantage-jv").unwrap().1;
    let mut told = String::new();
    for (what, text) in [
        ("overlap", munis.replace("start = 15", "start = 13")),
        ("no amount", munis.replace("from = \"line.amount\"", "from = \"line.fund\"")),
        ("no side", munis.replace("\"line.side\"", "\"line.number\"")),
        ("unknown source", munis.replace("\"line.account\"", "\"line.acount\"")),
        ("cut amount", munis.replace("fill = \"0\"", "fill = \"0\", on_overflow = \"truncate\"")),
        ("row too short", munis.replace("length = 140", "length = 120")),
        ("unknown constant", fusion.replace("const.ledger_id", "const.ledgers")),
        ("unknown table", fusion.replace("lookup('category'", "lookup('categories'")),
        ("fund of no journal", fusion.replace("[\"journal_id\", \"fund\"]", "[\"journal_id\"]")),
        ("bad day", fusion.replace("%Y/%m/%d", "%Y/%Q")),
        ("unknown key", fusion.replace("created_day", "creatd_day")),
        ("no TOML", fusion.replace("[format]", "[format")),
        ("no parent", jv.replace("AMS_DOCUMENT/JV_DOC_ACTG", "AMS_DOC/JV_DOC_ACTG")),
    ] {
        let (usable, findings) = template("erp/own.toml", text.as_bytes());
        assert!(usable.is_none(), "{what}");
        told.push_str(&format!("== {what}\n"));
        for finding in findings {
            told.push_str(&format!("{finding}\n"));
        }
    }
    insta::assert_snapshot!(told);
}

/// What a site compares with its own specification, for fixed rows with their scale.
#[test]
fn the_ruler_of_a_template() {
    let munis = chargeback::close::erp_template("tyler-munis").unwrap();
    insta::assert_snapshot!(munis.ruler);
    for (id, title) in chargeback::close::erp_templates() {
        let shown = chargeback::close::erp_template(&id).unwrap();
        assert!(shown.ruler.contains(&title) && shown.findings.is_empty(), "{id}");
        let confirms =
            shown.text.to_lowercase().contains("confirm with your controller") || shown.ruler.contains("confirm");
        assert!(confirms || ["generic-csv"].contains(&id.as_str()), "{id} names nothing to confirm");
    }
    assert!(chargeback::close::erp_template("nothing").is_err());
}
