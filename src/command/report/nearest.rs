//! The known word that is nearest to a mistyped one.

/// The known word that is nearest to `word`, if it is near enough to be a mistyped one.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let most = (word.chars().count() / 3).max(1);
    let distances = known.into_iter().map(|known| {
        let other = known.to_lowercase();
        let is_part = word.len() > 3 && (other.contains(&word) || word.contains(&other));
        (if is_part { 0 } else { distance(&word, &other) }, known)
    });
    let best = distances.min_by_key(|(distance, _)| *distance)?;
    (best.0 <= most).then_some(best.1)
}

/// The clause of a message that names it.
pub(super) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|word| format!("; did you mean '{word}'?")).unwrap_or_default()
}

/// The number of characters to insert, remove, replace or swap with their neighbour (the optimal
/// string alignment distance).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, one) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(one != other);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *one == b[j - 1] && a[i - 1] == *other {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistyped_words_are_recognised() {
        for (word, known, meant) in [
            ("reop", &["rule", "repo", "path"][..], Some("repo")),
            ("ruel", &["rule", "path"], Some("rule")),
            ("Severty", &["severity", "verdict"], Some("severity")),
            ("access-key", &["aws-access-key", "aws-mws-key"], Some("aws-access-key")),
            ("xyz", &["rule", "path"], None),
            ("", &["rule"], None),
            ("rule", &[], None),
        ] {
            assert_eq!(nearest(word, known.iter().copied()), meant, "{word}");
        }
    }
}
