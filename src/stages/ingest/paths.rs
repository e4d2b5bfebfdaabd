//! What folder and file names tell. They never decide what a file is, only which files belong together.

use crate::model::month::Month;

pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

pub fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A name without the endings that say how it is packed.
pub fn unpacked_name(name: &str) -> &str {
    let ending = [".gz", ".zip", ".zst"].into_iter().find(|ending| name.to_lowercase().ends_with(ending));
    ending.map_or(name, |ending| &name[..name.len() - ending.len()])
}

/// The month in a folder's name: `20250601-20250701`, `20250601-20250630`, `BILLING_PERIOD=2025-06`.
pub fn month_of_folder(name: &str) -> Option<Month> {
    let digits = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((start, _)) = name.split_once('-').filter(|(start, end)| digits(start) && digits(end)) {
        return month_at(start);
    }
    let (key, value) = name.split_once('=')?;
    key.eq_ignore_ascii_case("billing_period").then(|| month_at(value)).flatten()
}

/// The month that a text begins with: `20250601T000000.000Z`, `2025-06-01T00:00:00`, `2025-06`.
pub fn month_at(text: &str) -> Option<Month> {
    let digits: String = text.chars().filter(|character| *character != '-').take(6).collect();
    let (year, month) = digits.split_at_checked(4)?;
    Month::parse(&format!("{year}-{month}")).ok()
}

/// The folder of a month on the way to a file: all below it are versions of one export's month.
pub fn month_folder(path: &str) -> Option<(&str, Month)> {
    let mut end = 0;
    for name in path.split('/') {
        end += name.len();
        if end < path.len()
            && let Some(month) = month_of_folder(name)
        {
            return Some((&path[..end], month));
        }
        end += 1;
    }
    None
}

pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether names are those of one file's parts: alike but for one number that counts from 0 or 1 without a gap. Days in
/// names (`1-15`, `1-31`) are not such a count.
pub fn are_parts(names: &[&str]) -> bool {
    let tokens: Vec<Vec<&str>> = names.iter().map(|name| runs(unpacked_name(name))).collect();
    let Some(first) = tokens.first() else { return false };
    if tokens.iter().any(|other| other.len() != first.len()) {
        return false;
    }
    let differing: Vec<usize> =
        (0..first.len()).filter(|&place| tokens.iter().any(|other| other[place] != first[place])).collect();
    let &[place] = differing.as_slice() else { return false };
    let mut numbers: Vec<u64> = tokens.iter().filter_map(|other| other[place].parse().ok()).collect();
    numbers.sort_unstable();
    numbers.len() == names.len()
        && matches!(numbers.first(), Some(0 | 1))
        && numbers.windows(2).all(|pair| pair[0] + 1 == pair[1])
}

/// The number that makes a name a part: the last in it.
pub fn last_number(name: &str) -> Option<u64> {
    runs(unpacked_name(name)).iter().rev().find_map(|run| run.parse().ok())
}

/// Runs of digits and of everything else.
fn runs(name: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut start = 0;
    let bytes = name.as_bytes();
    for at in 1..=bytes.len() {
        if at == bytes.len() || bytes[at].is_ascii_digit() != bytes[at - 1].is_ascii_digit() {
            runs.push(&name[start..at]);
            start = at;
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts() {
        for (names, expected) in [
            (vec!["r-00001.csv.gz", "r-00002.csv.gz"], true),
            (vec!["part_0_0001.csv", "part_1_0001.csv"], true),
            (vec!["r-2.csv.gz", "r-1.csv"], true),
            (vec!["june-1-15.csv", "june-1-31.csv"], false),
            (vec!["r-1.csv", "r-3.csv"], false),
            (vec!["r-2.csv", "r-3.csv"], false),
            (vec!["actual.csv", "amortized.csv"], false),
            (vec!["ow-1.csv.zip", "ow-1 (1).csv.zip"], false),
        ] {
            assert_eq!(are_parts(&names), expected, "{names:?}");
        }
    }

    #[test]
    fn months_in_paths() {
        for (path, expected) in [
            ("aws/cur/r/20250601-20250701/0b6f/r-1.csv.gz", Some(("aws/cur/r/20250601-20250701", "2025-06"))),
            ("azure/x/20250601-20250630/202507060512/g/p.csv", Some(("azure/x/20250601-20250630", "2025-06"))),
            ("aws/data/billing_period=2025-06/p.csv", Some(("aws/data/billing_period=2025-06", "2025-06"))),
            ("aws/june.csv", None),
            ("aws/20250601-20250701", None),
        ] {
            let found = month_folder(path).map(|(folder, month)| (folder, month.to_string()));
            assert_eq!(found, expected.map(|(folder, month)| (folder, month.to_owned())), "{path}");
        }
    }
}
