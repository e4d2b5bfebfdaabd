//! Who may be charged by a card: approval, use and notice; and what becomes of charges without one.

use super::{Case, bills, close};
use chargeback::model::settings::Role;

const CARD: &str = "rate_id,version,service,effective_from,effective_to,approved_by,model,unit,unit_price,measure,use,notice_on,sku_meter,recovery_class";

/// Findings about rates: code, at stake, why.
fn told(case: &Case<'_>) -> Vec<String> {
    let end = close(case);
    let of_rates = end.findings.iter().filter(|found| (500..600).contains(&found.code.number()));
    of_rates
        .map(|found| {
            let verdict = if found.blocks() { "blocks" } else { "tells" };
            let stake = found.at_stake.as_ref().map_or(String::new(), |(cost, _)| format!(" {cost}"));
            format!("{} {verdict}{stake}: {}", found.code, found.why)
        })
        .collect()
}

#[test]
fn a_raise_inside_its_notice_period_is_for_showback_only() {
    let cards = |notice: &str, price: &str| {
        format!(
            "{CARD}
            GO,1,GO,,2025-09-15,Board,unit,GB,1.00,consumed,,,,
            GO,2,GO,2025-09-15,,Board,unit,GB,{price},consumed,,{notice},,"
        )
    };
    let used = "doh 3 10 GB\ndoh 15 10 GB 4.00\ndoh 20 10 GB 5.00";
    let check = |notice: &str, price: &str, modes: &str, expected: &[&str]| {
        let case = Case { cards: &cards(notice, price), used, modes, notice_days: 30, ..Case::default() };
        assert_eq!(told(&case), expected, "{notice} {price}");
    };
    // Told on 20 August: 30 days are over on 19 September, so the 15th is inside and the 20th is not.
    check(
        "2025-08-20",
        "1.10",
        "",
        &[
            "CB0510 blocks 4: Rate GO version 2 prices 1 charge of 2025-09-15 that is charged. It is a raise, and its notice of 30 days is over on 2025-09-19 only; until then it is for showback.",
        ],
    );
    check("2025-08-16", "1.10", "", &[]);
    check(
        "",
        "1.10",
        "",
        &[
            "CB0510 blocks 9: Rate GO version 2 prices 2 charges of 2025-09-15 to 2025-09-20 that are charged. It is a raise that asks for a notice of 30 days, and nobody was told of it.",
        ],
    );
    // A cut needs none, and what is only shown may be raised at once.
    check("", "0.90", "", &[]);
    check("", "1.10", "agency,service,mode\n,GO,showback", &[]);
}

#[test]
fn a_card_for_showback_is_never_charged() {
    let cards = &format!("{CARD}\nGO,1,GO,,,Board,unit,GB,1.00,consumed,showback,,,");
    let used = "doh 3 10 GB 7.50";
    let expected = "CB0509 blocks 7.5: Rate GO version 1 prices 1 charge of 2025-09-03 that is charged, and by its own word it is for showback only.";
    assert_eq!(told(&Case { cards, used, ..Case::default() }), [expected]);
    let modes = "agency,service,mode\n,GO,showback";
    bills(&Case { cards, used, modes, ..Case::default() }, "DOH unit GO v1 10 GB = 10.00");
}

#[test]
fn an_amount_nobody_approved_is_not_charged() {
    let cards = "rate_id,version,service,model,amount\nTAX,1,TAX,flat,10.00";
    let told = told(&Case { cards, ..Case::default() });
    assert_eq!(told.len(), 3);
    assert_eq!(
        told[0],
        "CB0503 blocks 10: Rate TAX version 1 makes a line of service TAX for agency DOH, and nobody has approved it."
    );
}

#[test]
fn charges_without_a_rate_go_where_the_service_says() {
    let cards = &format!("{CARD}\nGO,1,GO,,,Board,unit,GB,1.00,consumed,,,known*,");
    let used = "doh 3 10 GB 7.50 meter=known-1\ndoh 4 5 GB 2.25 meter=other";
    let why = "Service GO has no rate that fits 1 charge of 2025-09-04.";
    for (without_rate, verdict, more, lines) in [
        ("", "blocks", "", ""),
        ("hold", "tells", " By services.csv what has no rate waits in suspense.", "DOH unit GO v1 10 GB = 10.00"),
        ("central", "tells", " By services.csv the provider bears what has no rate.", "DOH unit GO v1 10 GB = 10.00"),
        (
            "at_cost",
            "tells",
            " By services.csv what has no rate is passed on at the vendor's cost.",
            "DOH direct = 2.25\nDOH unit GO v1 10 GB = 10.00",
        ),
    ] {
        let case = Case { cards, used, without_rate, ..Case::default() };
        assert_eq!(told(&case), [format!("CB0501 {verdict} 2.25: {why}{more}")], "{without_rate}");
        if !without_rate.is_empty() {
            bills(&case, lines);
        }
    }
}

#[test]
fn what_a_card_recovers_decides_its_revenue_account() {
    // accounts.csv: overhead to 4320, pass-through to 4330; direct recovery has the account of all, 4310.
    let cards = "rate_id,version,service,approved_by,model,percent,percent_of,amount,recovery_class
        GO,1,GO,Board,pass_through,,,,
        FEE,1,FEE,Board,percent,10,GO,,
        TAX,1,TAX,Board,flat,,,8.00,
        OWN,1,SNW,Board,flat,,,4.00,overhead";
    let end = close(&Case { cards, used: "doh 3 1 GB 50.00", recovers: true, ..Case::default() });
    let postings =
        end.journals.iter().flat_map(|entry| entry.postings()).filter(|posting| posting.role == Role::Revenue);
    let mut found: Vec<String> =
        postings.map(|posting| format!("{} {} {}", posting.service, posting.string.account, posting.amount)).collect();
    found.sort();
    assert_eq!(found, ["FEE 4320 5.00", "GO 4330 50.00", "SNW 4320 12.00", "TAX 4310 24.00"]);
}
