//! "Did you mean": the nearest known name.

use rapidfuzz::distance::damerau_levenshtein;

/// The candidate nearest to `name`, if it is near enough to be a slip of the finger.
/// Ties go to the first candidate.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    let folded = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (damerau_levenshtein::distance(folded.chars(), candidate.to_lowercase().chars()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
