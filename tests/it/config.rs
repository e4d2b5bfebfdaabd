//! The configuration of the books: what loads, and what is told about what does not.

use chargeback::config;
use chargeback::io::fs::Disk;
use chargeback::model::money::Money;

fn load(folder: &str) -> config::Loaded {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    config::load(&Disk::real(root)).unwrap()
}

fn told(loaded: &config::Loaded) -> String {
    let mut findings = loaded.findings.clone();
    findings.extend(config::check(loaded));
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_golden_books_say_what_they_mean() {
    let loaded = load("tests/closes/golden-september/in");
    assert_eq!(told(&loaded), "");
    let settings = &loaded.settings;
    assert_eq!(settings.agencies.len(), 3);
    assert_eq!(settings.owner_rules.len(), 9);
    assert_eq!(settings.rate_cards.len(), 4);
    assert_eq!(settings.invoices[0].amount, Money::from_cents(1_059_975));
    assert!(settings.funding.iter().filter(|rule| rule.federal).all(|rule| rule.string.fund == "2100"));
    assert_eq!(loaded.files.len(), 13);
}

#[test]
fn the_example_of_westmark_has_nothing_to_complain_about() {
    let loaded = load("examples/westmark");
    assert_eq!(told(&loaded), "");
    assert_eq!(loaded.settings.services.len(), 8);
    assert_eq!(loaded.settings.rate_cards.len(), 14);
}
