use super::*;
use crate::model::roll_up::Sums;
use chrono::NaiveDate;

/// Rows of `day invoice account type billed effective`, in a currency.
fn charges(currency: &str, rows: &[&str]) -> RollUp {
    let mut roll_up = RollUp::new(Vec::new());
    for row in rows {
        let cells: Vec<&str> = row.split_whitespace().collect();
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len()];
        let named = [
            (Dimension::BillingCurrency, currency),
            (Dimension::InvoiceId, cells[1]),
            (Dimension::SubAccountId, cells[2]),
            (Dimension::ChargeType, cells[3]),
        ];
        for (dimension, text) in named {
            key[dimension as usize] = roll_up.symbols_mut().intern(text);
        }
        let sums = Sums {
            billed: Cost::parse(cells[4]).unwrap(),
            effective: Some(Cost::parse(cells[5]).unwrap()),
            charges: 1,
            ..Sums::default()
        };
        roll_up.push(&key, NaiveDate::parse_from_str(cells[0], "%Y-%m-%d").unwrap(), sums);
    }
    roll_up
}

const ROWS: [&str; 6] = [
    "2025-09-01 INV1 A Usage 100.003 90",
    "2025-09-02 INV1 B Usage 50.25 40",
    "2025-09-30 INV1 B Tax 7.50 7.50",
    "2025-10-01 INV1 A Usage 3.10 3.10",
    "2025-09-05 INV2 C Fee 20.00 9.15",
    "2025-09-06 INV1 A Credit -2.00 -2.00",
];

fn told(invoice: &str) -> (bool, Vec<String>) {
    let month = Month::parse("2025-09").unwrap();
    let versions = [(month, charges("USD", &ROWS)), (month, charges("CAD", &["2025-09-01 X Z Usage 5 5"]))];
    let all = at_hand(&versions, Some((Money::parse(invoice).unwrap(), "USD"))).unwrap();
    assert_eq!(all.iter().map(|one| one.currency.as_str()).collect::<Vec<_>>(), ["CAD", "USD"]);
    assert_eq!((all[0].invoice, all[0].difference), (None, None));
    assert_eq!(all[1].billed.to_string(), "178.853");
    (all[1].matches, all[1].explanations.clone())
}

#[test]
fn an_invoice_in_cents_is_the_charges() {
    assert_eq!(told("178.85"), (true, Vec::new()));
}

#[test]
fn what_the_difference_is() {
    for (invoice, expected) in [
        ("171.35", "The invoice is without charge type Tax: 7.5."),
        ("175.75", "The invoice is without what was used outside the month of its file: 3.1."),
        ("147.75", "The invoice is the effective cost of these charges, 147.75, and not their billed cost."),
        ("20.00", "The invoice is invoice id INV2 alone: 20. The other charges are not on it."),
        ("186.35", "The invoice has charge type Tax twice: once more 7.5."),
        ("151.35", "The invoice is without charge type Fee (20) and charge type Tax (7.5): 27.5."),
    ] {
        let (matches, told) = told(invoice);
        assert!(!matches);
        assert!(told.iter().any(|one| one == expected), "{invoice}: {told:#?}");
    }
    assert_eq!(told("999.99"), (false, Vec::new()));
    let near = "Nothing is the difference to the cent. Nearest to the invoice is invoice id INV2: 20, 0.01 apart.";
    assert_eq!(told("20.01"), (false, vec![near.to_owned()]));
}

#[test]
fn parts_add_up_to_the_charges() {
    let month = Month::parse("2025-09").unwrap();
    let all = at_hand(&[(month, charges("USD", &ROWS)), (month, charges("USD", &ROWS))], None).unwrap();
    assert_eq!(all[0].billed.to_string(), "357.706");
    for group in &all[0].groups {
        assert_eq!(Cost::total(group.parts.iter().map(|part| part.billed)).unwrap(), all[0].billed, "{}", group.by);
    }
    assert_eq!(all[0].groups[0].parts[0].name, "INV1");
}
