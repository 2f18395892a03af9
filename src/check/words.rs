//! Lists and numbers in messages.

/// Writes words as a list, each between backticks: `a`, `b` and `c`.
pub(super) fn listed<T: std::fmt::Display>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words.into_iter().map(quoted).collect();
    match words.as_slice() {
        [] => "none".into(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Writes at most `most` words as a list and says how many more there are.
pub(super) fn listed_up_to<T: std::fmt::Display>(most: usize, words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<T> = words.into_iter().collect();
    let more = words.len().saturating_sub(most);
    let shown = words.into_iter().take(most);
    if more == 0 {
        return listed(shown);
    }
    let shown: Vec<String> = shown.map(quoted).collect();
    format!("{} and {more} more", shown.join(", "))
}

fn quoted(word: impl std::fmt::Display) -> String {
    format!("`{}`", excerpt(&word.to_string()))
}

/// Cuts foreign text for a message and escapes what would break a line.
pub(super) fn excerpt(text: &str) -> String {
    const MOST: usize = 140;
    let mut cut: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        cut.push('…');
    }
    cut
}
