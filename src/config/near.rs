//! The word that was probably meant.

/// The candidate within two changes of the text, or a third of its length; the first of equally near ones.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = text.to_lowercase();
    let most = (folded.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (changes(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove or replace to get from one text to the other.
fn changes(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut previous: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.chars().enumerate() {
        let mut current = vec![row + 1];
        for (place, other) in to.iter().enumerate() {
            let replace = previous[place] + usize::from(letter != *other);
            current.push(replace.min(previous[place + 1] + 1).min(current[place] + 1));
        }
        previous = current;
    }
    previous[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_near_miss() {
        let keys = ["currency", "rounding", "provider_fund"];
        assert_eq!(nearest("curency", keys), Some("currency"));
        assert_eq!(nearest("Rounding", keys), Some("rounding"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("DOTT", ["DOH", "DOT"]), Some("DOT"));
    }
}
