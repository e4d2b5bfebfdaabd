//! The word that was probably meant.

/// The candidate within a third of its length in changes, three at most; the first of equally near ones.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = text.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (changes(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (folded.len().max(candidate.len()) / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove, replace or swap with their neighbour to get from one text to the other.
fn changes(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for (row, letter) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (place, other) in to.iter().enumerate() {
            let replaced = rows[row][place] + usize::from(letter != other);
            let mut least = replaced.min(rows[row][place + 1] + 1).min(current[place] + 1);
            if row > 0 && place > 0 && letter == &to[place - 1] && &from[row - 1] == other {
                least = least.min(rows[row - 1][place - 1] + 1);
            }
            current.push(least);
        }
        rows.push(current);
    }
    rows[from.len()][to.len()]
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
        assert_eq!(nearest("DSP", ["DOH", "DPS"]), Some("DPS"));
        assert_eq!(nearest("alias", ["name", "aliases"]), Some("aliases"));
    }
}
