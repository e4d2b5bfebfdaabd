//! People to agencies: seats and tokens go to the department that ServiceNow names for who used them.

use crate::books::{Books, golden, request};
use chargeback::close::Outcome;
use chargeback::model::exit::Exit;

const SETTINGS: &str = "
[[measure]]
name = \"copilot_seats\"
source = \"m365-copilot\"
meters = [\"seats\"]
";

const USERS: &str = "\
\"user_name\",\"name\",\"email\",\"department\",\"active\",\"sys_id\"
\"areyes\",\"Ana Reyes\",\"Ana.Reyes@dot.example.gov\",\"Bridges\",\"true\",\"7a27bec8083dc8b7caceb71e52608eb6\"
\"jnunez\",\"José Núñez\",\"jose.nunez@doh.example.gov\",\"Department of Health\",\"false\",\"bff582a143c85f1dfaed1d370f30facd\"
\"lpark\",\"Lee Park\",\"lee.park@dps.example.gov\",\"(restricted)\",\"true\",\"e85270f541cb02e520807bae2925a67a\"
";

const DEPARTMENTS: &str = "\
\"name\",\"id\",\"dept_head\",\"parent\",\"sys_id\"
\"Department of Transportation\",\"DOT\",\"\",\"\",\"7245c0544e85938671b5dd39589f0831\"
\"Bridges\",\"4410\",\"\",\"Department of Transportation\",\"7245c0544e85938671b5dd39589f0832\"
\"Department of Health\",\"DOH\",\"\",\"\",\"8249b9c9fe3b1762fe1b7ff928468cf3\"
";

const SEATS: &str = "\
Report Refresh Date,Report Period,User Principal Name,Display Name,Last Activity Date,Copilot Chat Last Activity Date
2025-09-30,30,ana.reyes@DOT.example.gov,Ana Reyes,2025-09-12,2025-09-12
2025-09-30,30,jose.nunez@doh.example.gov,José Núñez,,
2025-09-30,30,lee.park@dps.example.gov,Lee Park,2025-09-12,2025-09-12
2025-09-30,30,0B0C61B1A3E5F3D8C1A2B3C4D5E6F708,0B0C61B1A3E5F3D8C1A2B3C4D5E6F708,,
";

fn edit(books: &Books, path: &str, change: impl FnOnce(String) -> String) {
    let text = String::from_utf8(books.read(path)).unwrap();
    books.write(path, change(text).as_bytes());
}

/// September with the pool of the gateway shared by seats, and a rule that asks ServiceNow last.
fn with_seats() -> Outcome {
    let books = golden();
    edit(&books, "chargeback.toml", |text| text + SETTINGS);
    edit(&books, "owners.csv", |text| {
        let columns = text.lines().find(|line| line.starts_with("rule")).unwrap().split(',').count();
        format!("{text}people,,,servicenow,{}\n", ",".repeat(columns - 5))
    });
    edit(&books, "pools.csv", |text| text.replace("ai_tokens", "copilot_seats"));
    edit(&books, "drivers/2025-09.csv", |text| {
        text.lines().filter(|line| !line.starts_with("ai_tokens")).map(|line| format!("{line}\n")).collect()
    });
    books.write("inbox/2025-09/seats/copilot.csv", SEATS.as_bytes());
    books.write("inbox/2025-09/servicenow/sys_user.csv", USERS.as_bytes());
    books.write("inbox/2025-09/servicenow/cmn_department.csv", DEPARTMENTS.as_bytes());
    books.run(&request(&books, "2025-09"))
}

#[test]
fn seats_go_to_the_department_of_who_has_them() {
    let outcome = with_seats();
    let told: Vec<String> = outcome.findings.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    assert_eq!(outcome.exit, Exit::Done, "{told}");
    insta::assert_snapshot!(told);
    let due: Vec<String> = outcome.bills.iter().map(|bill| format!("{} {}", bill.agency, bill.showback)).collect();
    // 845.67 by one seat to one, as nobody knows whose the other two are.
    assert_eq!(due, ["DOH 422.84", "DOT 422.83", "DPS 0.00"]);
}
