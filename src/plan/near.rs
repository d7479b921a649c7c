//! Texts at a small edit distance, by lookup: two texts are at most `k` edits apart only if the
//! same text arises from both by deleting at most `k` characters (symmetric deletion).

/// Longest constant that is indexed, in characters.
pub(super) const MAX_CHARS: usize = 20;
/// Most edits.
pub(super) const MAX_EDITS: usize = 2;

/// Calls `visit` with every text that arises from `chars` by deleting up to `edits` characters,
/// some perhaps twice. `buffer` is scratch.
pub fn each_deletion(chars: &[char], edits: usize, buffer: &mut String, visit: &mut impl FnMut(&str)) {
    let mut without = |skip: [usize; 2]| {
        buffer.clear();
        buffer.extend(chars.iter().enumerate().filter(|(index, _)| !skip.contains(index)).map(|(_, c)| *c));
        visit(buffer);
    };
    let none = chars.len();
    without([none, none]);
    if edits > 0 {
        (0..chars.len()).for_each(|first| without([first, none]));
    }
    if edits > 1 {
        for first in 0..chars.len() {
            (first + 1..chars.len()).for_each(|second| without([first, second]));
        }
    }
}
