//! Did you mean …? The known word nearest to a mistyped one.

/// The known word with the fewest edits from `given`, if they are few enough for it to be a slip.
pub fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let most = (given.len() / 3).max(1);
    let distances = known.iter().map(|word| (edits(given, word), *word));
    distances.filter(|(edits, _)| *edits <= most).min().map(|(_, word)| word)
}

/// The Levenshtein distance in bytes.
fn edits(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in right.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_but_does_not_guess() {
        let known = ["listen", "public_url", "roles"];
        assert_eq!(nearest("lisen", &known), Some("listen"));
        assert_eq!(nearest("public-url", &known), Some("public_url"));
        assert_eq!(nearest("bucket", &known), None);
        assert_eq!(edits("kitten", "sitting"), 3);
    }
}
