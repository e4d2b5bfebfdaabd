use super::*;
use crate::model::codes::{PoolId, ServiceCode};
use crate::model::intake::DirectoryEntry;
use crate::model::month::Validity;
use crate::model::roll_up::Symbol;
use crate::model::settings::{
    Agency, CardTerms, Condition, CounterpartyClass, Field, Method, OwnerResult, OwnerRule, Pattern, Pool, Scope,
    Service, Sharing, Target,
};

const EC2: &str = "provider_name=AWS;sub_account_id=1111;service_code=AmazonEC2";

fn day(text: &str) -> NaiveDate {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap()
}

fn between(from: &str, to: &str) -> Validity {
    let date = |text: &str| (!text.is_empty()).then(|| day(text));
    Validity { from: date(from), to: date(to) }
}

fn conditions(text: &str) -> Vec<Condition> {
    let one = |part: &str| {
        let (field, pattern) = part.split_once('=').unwrap();
        let field = match field.strip_prefix("tag:") {
            Some(tag) => Field::Tag(tag.to_owned()),
            None => Field::Dimension(Dimension::named(field).unwrap()),
        };
        Condition { field, pattern: Pattern(pattern.to_owned()) }
    };
    text.split(';').filter(|part| !part.is_empty()).map(one).collect()
}

fn code(text: &str) -> AgencyCode {
    AgencyCode::parse(text).unwrap()
}

/// Rows of `day | field=value;... | billed | effective or - | quantity`.
fn charges(rows: &[&str]) -> RollUp {
    let mut roll_up = RollUp::new(vec!["agency".to_owned()]);
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len() + 1];
        key[Dimension::BillingCurrency as usize] = roll_up.symbols_mut().intern("USD");
        for Condition { field, pattern } in conditions(cells[1]) {
            let place = match field {
                Field::Dimension(dimension) => dimension as usize,
                Field::Tag(_) => Dimension::ALL.len(),
            };
            key[place] = roll_up.symbols_mut().intern(&pattern.0);
        }
        let effective = (cells[3] != "-").then(|| Cost::parse(cells[3]).unwrap());
        let sums = Sums {
            billed: Cost::parse(cells[2]).unwrap(),
            effective,
            quantity: crate::model::money::Quantity::parse(cells[4]).unwrap(),
            charges: 1,
            ..Sums::default()
        };
        roll_up.push(&key, day(cells[0]), sums);
    }
    roll_up
}

fn agency(text: &str, aliases: &[&str]) -> Agency {
    Agency {
        code: code(text),
        name: format!("{text} of the state"),
        class: CounterpartyClass::GovernmentalFund,
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        contact: String::new(),
        valid: Validity::default(),
    }
}

fn rule(sequence: u32, valid: Validity, when: &str, owner: OwnerResult) -> OwnerRule {
    let (id, line) = (format!("R{sequence}"), u64::from(sequence) + 1);
    OwnerRule { id, sequence, line, valid, conditions: conditions(when), owner }
}

fn service(line: u64, text: &str, when: &[&str]) -> Service {
    Service {
        code: ServiceCode::parse(text).unwrap(),
        name: text.to_owned(),
        line,
        matches: when.iter().map(|way| conditions(way)).collect(),
        statement_text: String::new(),
        order: 0,
        without_rate: Default::default(),
    }
}

fn card(line: u64, service: &str, valid: Validity, scope: Scope, when: &str, model: RateModel) -> RateCard {
    RateCard {
        rate_id: format!("{service}-{line}"),
        version: 1,
        file: "rates/cards.csv".to_owned(),
        line,
        service: ServiceCode::parse(service).unwrap(),
        description: String::new(),
        statement_text: String::new(),
        valid,
        authority: String::new(),
        approved_by: "controller".to_owned(),
        approved_on: None,
        scope,
        conditions: conditions(when),
        model,
        terms: CardTerms::default(),
    }
}

fn pass_through(basis: CostBasis) -> RateModel {
    RateModel::PassThrough { basis }
}

fn books() -> Settings {
    let always = Validity::default();
    Settings {
        agencies: vec![agency("DOH", &["health", "Public Health"]), agency("DOT", &[])],
        owner_rules: vec![
            rule(1, always, "service_code=AWSSupport", OwnerResult::Pool(PoolId::parse("SHR").unwrap())),
            rule(2, always, "", OwnerResult::AgencyOfTag("agency".to_owned())),
            rule(3, between("", "2025-09-12"), "sub_account_id=1111", OwnerResult::Agency(code("DOT"))),
            rule(4, between("2025-09-12", ""), "sub_account_id=1111", OwnerResult::Agency(code("DOH"))),
            rule(5, always, "", OwnerResult::ServiceNow),
        ],
        services: vec![service(2, "EC2", &["service_code=AmazonEC2*"]), service(3, "AWS", &["provider_name=AWS"])],
        rate_cards: vec![
            card(2, "EC2", always, Scope::All, "", pass_through(CostBasis::Effective)),
            card(3, "AWS", always, Scope::All, "", pass_through(CostBasis::Billed)),
        ],
        pools: vec![Pool {
            id: PoolId::parse("SHR").unwrap(),
            version: 1,
            line: 2,
            valid: always,
            service: ServiceCode::parse("SHR").unwrap(),
            stage: 1,
            method: Method::Even,
            targets: vec![Target::All],
            exclude: Vec::new(),
            reason: String::new(),
            statement_text: String::new(),
            sharing: Sharing::default(),
        }],
        ..Settings::default()
    }
}

fn rated(settings: &Settings, rows: &[&str]) -> Rated {
    rate(&charges(rows), &Directory::default(), settings, Month::parse("2025-09").unwrap())
}

/// `row destination service rate cost` of each charge.
fn told(rated: &Rated) -> Vec<String> {
    let mut told = Vec::new();
    for charge in &rated.charges {
        let destination = match &charge.destination {
            Destination::Agency(agency) => agency.to_string(),
            Destination::Pool(pool) => format!("pool {pool}"),
            Destination::Central(reason) => format!("central {reason}"),
            Destination::Excluded(reason) => format!("excluded {reason}"),
            Destination::Suspense(reason) => format!("suspense {reason}"),
        };
        let service = charge.service.as_ref().map_or("-", ServiceCode::as_str);
        let rate = charge.rate.as_ref().map_or("-", |rate| &rate.rate_id);
        told.push(format!("{} {destination}, {service} {rate} {}", charge.row, charge.cost));
    }
    told
}

fn codes(rated: &Rated) -> Vec<String> {
    rated.findings.iter().map(|finding| finding.code.to_string()).collect()
}

#[test]
fn the_first_rule_wins_by_the_day_of_use() {
    let rows = [
        &format!("2025-09-11|{EC2}|10|10|0"),
        &format!("2025-09-12|{EC2}|10|10|0"),
        &format!("2025-09-01|{EC2};tag:agency= HEALTH |10|10|0"),
        "2025-09-01|provider_name=AWS;service_code=AWSSupport;tag:agency=DOT|7|7|0",
    ];
    let rated = rated(&books(), &rows.map(|row| row as &str));
    assert_eq!(
        told(&rated),
        ["0 DOT, EC2 EC2-2 10", "1 DOH, EC2 EC2-2 10", "2 DOH, EC2 EC2-2 10", "3 pool SHR, AWS - 7"]
    );
    assert!(rated.findings.is_empty(), "{:?}", rated.findings);
    assert!(Arc::ptr_eq(&rated.charges[1].ruling, &rated.charges[1].ruling.clone()));
}

#[test]
fn the_unowned_wait_with_a_reason_and_their_dollars() {
    let rows = [
        "2025-09-01|provider_name=AWS;sub_account_id=9|10|10|0",
        "2025-09-02|provider_name=AWS;sub_account_id=9|-2.5|-2.5|0",
        "2025-09-02|provider_name=AWS;sub_account_id=9;tag:agency=Dept of Magic|4|4|0",
    ];
    let rated = rated(&books(), &rows);
    assert_eq!(
        told(&rated),
        [
            "0 suspense no ownership rule matches, AWS - 10",
            "1 suspense no ownership rule matches, AWS - -2.5",
            "2 suspense tag agency says \"Dept of Magic\", which is no agency, AWS - 4",
        ]
    );
    assert_eq!(codes(&rated), ["CB0404", "CB0401", "CB0402"]);
    assert_eq!(rated.findings[0].at_stake.as_ref().unwrap().0.to_string(), "16.5");
    assert_eq!(rated.findings[1].at_stake.as_ref().unwrap().0.to_string(), "7.5");
    assert!(rated.findings[1].why.contains("2 charges of 2025-09-01 to 2025-09-02 of AWS account 9"));
}

/// A tag of the resource group is the tag of what lies in it, unless it says several things or nothing.
#[test]
fn a_charge_inherits_the_tag_of_its_group_and_then_of_its_account() {
    let mut settings = books();
    let owners = [
        OwnerResult::AgencyOfTag("agency".to_owned()),
        OwnerResult::AgencyOfGroupTag("agency".to_owned()),
        OwnerResult::AgencyOfAccountTag("agency".to_owned()),
    ];
    let rules = owners.into_iter().enumerate();
    settings.owner_rules =
        rules.map(|(number, owner)| rule(number as u32 + 1, Validity::default(), "", owner)).collect();
    let row = |account: &str, group: &str, tag: &str| {
        format!("2025-09-01|provider_name=AWS;sub_account_id={account};resource_group={group};tag:agency={tag}|1|1|0")
    };
    let rows = [
        row("1", "web", ""),
        row("1", "web", "Health"),
        row("1", "data", "DOT"),
        row("1", "other", ""),
        row("2", "web", ""),
        row("2", "", "dot"),
        row("2", "new", "nobody"),
    ];
    let rated = rated(&settings, &rows.each_ref().map(String::as_str));
    assert_eq!(
        told(&rated),
        [
            "0 DOH, AWS AWS-3 1",
            "1 DOH, AWS AWS-3 1",
            "2 DOT, AWS AWS-3 1",
            "3 suspense tag agency of account 1 says DOH, DOT, AWS - 1",
            "4 DOT, AWS AWS-3 1",
            "5 DOT, AWS AWS-3 1",
            "6 DOT, AWS AWS-3 1",
        ]
    );
    let of_account = rated.findings.iter().find(|finding| finding.code == Code::OwnerAmbiguous).unwrap();
    assert_eq!(
        of_account.why,
        "Tag agency of account 1 says DOH, DOT, so 1 charge of 2025-09-01 without it has no certain owner."
    );
}

#[test]
fn service_now_owns_by_resource_then_account_and_never_by_half() {
    let entry = |departments: &[&str]| DirectoryEntry {
        departments: departments.iter().map(|id| (*id).to_owned()).collect(),
        file: "cmdb.csv".to_owned(),
        row: 3,
        ..DirectoryEntry::default()
    };
    let mut directory = Directory::default();
    directory.accounts.insert("77".to_owned(), entry(&["D0017"]));
    directory.accounts.insert("78".to_owned(), entry(&["D0017", "DOT"]));
    directory.resources.insert("i-0a".to_owned(), entry(&["dot"]));
    directory.departments.insert("public health".to_owned(), "D0017".to_owned());
    let rows = charges(&[
        "2025-09-01|provider_name=AWS;sub_account_id=77|1|1|0",
        "2025-09-01|provider_name=AWS;sub_account_id=77;resource_id=I-0A|1|1|0",
        "2025-09-01|provider_name=AWS;sub_account_id=78|1|1|0",
    ]);
    let rated = rate(&rows, &directory, &books(), Month::parse("2025-09").unwrap());
    let told = told(&rated);
    assert_eq!(told[0], "0 DOH, AWS AWS-3 1");
    assert_eq!(told[1], "1 DOT, AWS AWS-3 1");
    assert_eq!(told[2], "2 suspense ServiceNow names several: D0017, DOT, AWS - 1");
    assert_eq!(codes(&rated), ["CB0404", "CB0403"]);
}

#[test]
fn service_now_owns_by_person_and_by_the_last_part_of_an_id() {
    let entry = |department: &str| DirectoryEntry {
        departments: Some(department.to_owned()).filter(|id| !id.is_empty()).into_iter().collect(),
        concealed: department.is_empty(),
        file: "cmdb.csv".to_owned(),
        row: 3,
        ..DirectoryEntry::default()
    };
    let mut directory = Directory::default();
    directory.accounts.insert("proj_1".to_owned(), entry("DOT"));
    directory.people.insert("ana@doh.example.gov".to_owned(), entry("Clinics"));
    directory.people.insert("hidden".to_owned(), entry(""));
    directory.above.insert("Clinics".to_owned(), "Programs".to_owned());
    directory.above.insert("Programs".to_owned(), "D0017".to_owned());
    directory.departments.insert("public health".to_owned(), "D0017".to_owned());
    directory.resources.insert("web01".to_owned(), entry("DOT"));
    directory.resources.insert("arn:aws:ec2:us-east-1:1111:instance/i-0b".to_owned(), entry("DOT"));
    directory.resources.insert("/subscriptions/1/db".to_owned(), entry("DOT"));
    directory.resources.insert("/subscriptions/2/db".to_owned(), entry("DOH"));
    let rows = charges(&[
        "2025-09-01|provider_name=AWS;sub_account_id=proj_1;user_id=Ana@DOH.example.gov|1|1|0",
        "2025-09-01|provider_name=AWS;sub_account_id=proj_1;user_id=hidden|1|1|0",
        "2025-09-01|provider_name=AWS;sub_account_id=proj_2;user_id=hidden|8|1|0",
        "2025-09-01|provider_name=AWS;resource_id=i-0b|1|1|0",
        "2025-09-01|provider_name=Microsoft;resource_id=/subscriptions/1/web01|2|1|0",
        "2025-09-01|provider_name=Microsoft;resource_id=/subscriptions/2/web01|4|1|0",
        "2025-09-01|provider_name=Microsoft;resource_id=db|1|1|0",
    ]);
    let rated = rate(&rows, &directory, &books(), Month::parse("2025-09").unwrap());
    let owners: Vec<String> = told(&rated).iter().map(|line| line.split(", ").next().unwrap().to_owned()).collect();
    let several = "ServiceNow is not certain: the record only holds web01";
    assert_eq!(
        owners,
        [
            "0 DOH",
            "1 DOT",
            "2 suspense ServiceNow does not show the department",
            "3 DOT",
            &format!("4 suspense {several}"),
            &format!("5 suspense {several}"),
            "6 suspense ServiceNow is not certain: 2 records hold an id that ends with db",
        ]
    );
    let shown: Vec<String> =
        rated.findings.iter().filter(|finding| !finding.blocks()).map(ToString::to_string).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn a_used_commitment_leaves_the_rest_of_the_bill_in_prepaid() {
    let rated = rated(&books(), &[&format!("2025-09-11|{EC2}|0|0.0125|0"), &format!("2025-09-11|{EC2}|5|-|0")]);
    assert_eq!(told(&rated), ["0 DOT, EC2 EC2-2 0.0125", "0 central prepaid, EC2 EC2-2 -0.0125", "1 DOT, EC2 EC2-2 5"]);
    assert_eq!(codes(&rated), ["CB0322"]);
    assert!(rated.findings[0].blocks());
}

#[test]
fn one_card_prices_a_charge() {
    let (always, all) = (Validity::default(), Scope::All);
    let billed = pass_through(CostBasis::Billed);
    let unit = RateModel::Unit {
        unit: "Hrs".to_owned(),
        unit_price: 2.into(),
        price_per: 1.into(),
        measure: Measure::Consumed,
    };
    let row = format!("2025-09-11|{EC2};consumed_unit=hrs|10|10|3");
    for (case, cards, expected, code) in [
        ("none", vec![], "0 suspense service EC2 has no rate, EC2 - 10", "CB0501"),
        (
            "none on the day",
            vec![card(5, "EC2", between("2025-09-12", ""), all.clone(), "", billed.clone())],
            "0 suspense service EC2 has no rate, EC2 - 10",
            "CB0504",
        ),
        (
            "two alike",
            vec![
                card(5, "EC2", always, all.clone(), "", billed.clone()),
                card(6, "EC2", always, all.clone(), "", billed.clone()),
            ],
            "0 suspense service EC2 has two rates, EC2 - 10",
            "CB0502",
        ),
        (
            "the agency's before all",
            vec![
                card(5, "EC2", always, all.clone(), "region_id=*;sku_id=*", billed.clone()),
                card(6, "EC2", always, Scope::Agency(code_of_dot()), "", billed.clone()),
                card(7, "EC2", always, Scope::Class(CounterpartyClass::GovernmentalFund), "", billed.clone()),
            ],
            "0 DOT, EC2 EC2-6 10",
            "",
        ),
        (
            "more fixed characters",
            vec![
                card(5, "EC2", always, all.clone(), "service_code=Amazon*", billed.clone()),
                card(6, "EC2", always, all.clone(), "service_code=AmazonEC2", billed.clone()),
            ],
            "0 DOT, EC2 EC2-6 10",
            "",
        ),
        (
            "units",
            vec![card(5, "EC2", always, all.clone(), "", unit)],
            "0 central recovered by rate EC2-5, EC2 EC2-5 10",
            "",
        ),
    ] {
        let rated = rated(&Settings { rate_cards: cards, ..books() }, &[&row]);
        assert_eq!(told(&rated), [expected], "{case}");
        assert_eq!(codes(&rated).join(" "), code, "{case}");
        let consumer = (case == "units").then(code_of_dot);
        assert_eq!(rated.charges[0].consumer, consumer, "{case}");
    }
}

fn code_of_dot() -> AgencyCode {
    code("DOT")
}

#[test]
fn what_nobody_approved_is_not_charged() {
    let mut settings = books();
    settings.rate_cards[0].approved_by.clear();
    let rows = [&format!("2025-09-11|{EC2}|10|10|0") as &str];
    assert_eq!(codes(&rated(&settings, &rows)), ["CB0503"]);
    settings.modes.push(crate::model::settings::ModeRule {
        line: 2,
        agency: None,
        service: None,
        valid: Validity::default(),
        mode: Mode::Showback,
        absorbed_by: None,
    });
    assert_eq!(codes(&rated(&settings, &rows)), [] as [String; 0]);
}

#[test]
fn no_service_no_pool_other_unit_and_other_currency() {
    let mut settings = books();
    settings
        .owner_rules
        .insert(0, rule(0, Validity::default(), "sku_id=X", OwnerResult::Pool(PoolId::parse("GONE").unwrap())));
    settings.rate_cards[0].model = RateModel::Unit {
        unit: "Hrs".to_owned(),
        unit_price: 2.into(),
        price_per: 1.into(),
        measure: Measure::Consumed,
    };
    let rows = [
        "2025-09-11|provider_name=Microsoft;tag:agency=DOT|10|10|0",
        "2025-09-11|provider_name=AWS;sku_id=X|10|10|0",
        &format!("2025-09-11|{EC2};consumed_unit=GB|10|10|4"),
        &format!("2025-09-11|{EC2};billing_currency=EUR|10|10|4"),
    ];
    let rated = rated(&settings, &rows);
    assert_eq!(
        told(&rated),
        [
            "0 suspense it belongs to no service, - - 10",
            "1 suspense pool GONE is not defined for 2025-09, AWS - 10",
            "2 central recovered by rate EC2-2, EC2 EC2-2 10",
        ]
    );
    assert_eq!(codes(&rated), ["CB0406", "CB0505", "CB0606"]);
}
