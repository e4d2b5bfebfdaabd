//! Amounts that do not depend on use: flat ones and assessments.

use super::{Case, bills};

const FLAT: &str =
    "rate_id,version,service,effective_from,effective_to,approved_by,scope,model,amount,proration,count_by,sku_meter";

#[test]
fn flat_is_asked_of_everybody_in_scope() {
    let cards = &format!(
        "{FLAT}
        ALL,1,TAX,,,Board,all,flat,100.00,,,
        ONE,1,TAX,,,Board,agency:DOT,flat,55.55,,,"
    );
    bills(
        &Case { cards, ..Case::default() },
        "
        DOH fixed ALL v1 = 100.00
              100.00 = 100, rounded half up to 100.00
        DOT fixed ONE v1 = 55.55
        DPS fixed ALL v1 = 100.00",
    );
}

#[test]
fn flat_is_prorated_by_days_or_hours_of_the_whole_month() {
    for (proration, amount, said) in [
        ("", "100.00", "100.00 = 100, rounded half up to 100.00"),
        // From 14 September: 17 of 30 days.
        ("daily", "56.67", "100.00 x 17 / 30 days = 56.666666666666..., rounded half up to 56.67"),
        ("hourly", "56.67", "100.00 x 408 / 720 hours = 56.666666666666..., rounded half up to 56.67"),
    ] {
        let cards = &format!("{FLAT}\nALL,1,TAX,2025-09-14,,Board,agency:DOH,flat,100.00,{proration},,");
        bills(
            &Case { cards, ..Case::default() },
            &format!(
                "
            DOH fixed ALL v1 = {amount}
                  {said}"
            ),
        );
    }
    // 100.00 to the 14th, 130.00 from the 15th: 14 and 16 of 30 days.
    let cards = &format!(
        "{FLAT}
        ALL,1,TAX,,2025-09-15,Board,agency:DOH,flat,100.00,daily,,
        ALL,2,TAX,2025-09-15,,Board,agency:DOH,flat,130.00,daily,,"
    );
    bills(
        &Case { cards, ..Case::default() },
        "
        DOH fixed ALL v1 = 46.67
        DOH fixed ALL v2 = 69.33",
    );
}

#[test]
fn flat_for_each_resource_user_or_account() {
    for (by, doh, what) in
        [("resource", "75.00", "3 resources"), ("user", "50.00", "2 users"), ("account", "25.00", "1 accounts")]
    {
        let cards = &format!("{FLAT}\nSEAT,1,GO,,,Board,all,flat,25.00,,{by},");
        let used = "
            doh 1 5 h resource=a user=ann
            doh 2 5 h resource=a user=bob
            doh 3 5 h resource=b user=bob
            doh 9 0 h resource=c user=bob
            dot 9 1 h resource=a user=ann";
        bills(
            &Case { cards, used, ..Case::default() },
            &format!(
                "
            DOH fixed SEAT v1 = {doh}
                  25.00 x {what} = {}, rounded half up to {doh}
            DOT fixed SEAT v1 = 25.00",
                doh.trim_end_matches(".00")
            ),
        );
    }
}

const YEARLY: &str = "rate_id,version,service,effective_from,effective_to,approved_by,approved_on,scope,model,amount";

#[test]
fn an_assessment_approved_in_november_has_seven_installments() {
    let cards = &format!("{YEARLY}\nTAX,1,TAX,2025-07-01,,Board,2025-11-20,agency:DOH,assessment,100000.00");
    // December to June: 100,000.00 over 7 by cumulative rounding.
    for (month, amount) in [
        ("2025-11", ""),
        ("2025-12", "14285.71"),
        ("2026-01", "14285.72"),
        ("2026-02", "14285.71"),
        ("2026-03", "14285.72"),
        ("2026-04", "14285.71"),
        ("2026-05", "14285.72"),
        ("2026-06", "14285.71"),
        // The next fiscal year has twelve.
        ("2026-07", "8333.33"),
    ] {
        let expected = if amount.is_empty() { String::new() } else { format!("DOH fixed TAX v1 = {amount}") };
        bills(&Case { cards, month, ..Case::default() }, &expected);
    }
}

#[test]
fn an_assessment_that_is_raised_asks_for_the_rest_in_the_months_that_remain() {
    // 12,000.00 from July: 1,000.00 a month. From January 15,000.00: less 6,000.00, over six months: 1,500.00.
    let cards = &format!(
        "{YEARLY}
        TAX,1,TAX,2025-07-01,2026-01-01,Board,2025-06-01,agency:DOH,assessment,12000.00
        TAX,2,TAX,2026-01-01,,Board,2025-12-15,agency:DOH,assessment,15000.00"
    );
    bills(&Case { cards, month: "2025-12", ..Case::default() }, "DOH fixed TAX v1 = 1000.00");
    bills(
        &Case { cards, month: "2026-02", ..Case::default() },
        "
        DOH fixed TAX v2 = 1500.00
              installment 2 of 6 of 15000.00 less 6000.00 asked for before: 1500.00",
    );
}
