//! Whether a version that a System lists is among those that an advisory names.
//!
//! Only numbers with dots have an order here. Whatever else cannot be compared is said to be so, and stays a
//! suspicion.

use std::cmp::Ordering;

/// How the listed version and those of the advisory agree; ordered, the surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum VersionMatch {
    /// The advisory names this version.
    Exact,
    /// The advisory names the series of it, such as 3.0 for 3.0.7.
    Series,
    /// It is in a range of the advisory.
    Range,
    /// The advisory names the product without a version.
    Every,
    /// It may be among them, or not.
    NotCompared,
}

impl VersionMatch {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Series => "series",
            Self::Range => "range",
            Self::Every => "every",
            Self::NotCompared => "not_compared",
        }
    }

    /// Returns it as a reader sees it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Exact => "this version",
            Self::Series => "the series of this version",
            Self::Range => "version in the range",
            Self::Every => "every version",
            Self::NotCompared => "version not compared",
        }
    }
}

/// Words by which a text is no single version.
const SEVERAL: &[&str] = &[
    "above", "after", "all", "and", "any", "before", "below", "earlier", "from", "later", "lower", "newer",
    "older", "or", "prior", "since", "than", "through", "to", "until", "up", "version", "versions", "x",
];

/// Compares a listed version with one that an advisory names; `None` where it is another one.
pub(super) fn of_version(listed: Option<&str>, named: &str) -> Option<VersionMatch> {
    let named = named.trim();
    if is_every(named) {
        return Some(VersionMatch::Every);
    }
    if named.contains(['<', '>', '=', '|']) || named.starts_with("vers:") {
        return of_range(listed, named);
    }
    let Some(listed) = listed.map(str::trim).filter(|listed| !listed.is_empty()) else {
        return Some(VersionMatch::NotCompared);
    };
    let (one, other) = (plain(listed), plain(named));
    if one == other {
        return Some(VersionMatch::Exact);
    }
    if let (Some(listed), Some(named)) = (numbers(&one), numbers(&other)) {
        return match () {
            () if order(&listed, &named) == Ordering::Equal => Some(VersionMatch::Exact),
            () if listed.starts_with(&named) => Some(VersionMatch::Series),
            () if named.starts_with(&listed) => Some(VersionMatch::NotCompared),
            () => None,
        };
    }
    let is_part = begins(&one, &other) || begins(&other, &one);
    (is_part || is_several(&one) || is_several(&other)).then_some(VersionMatch::NotCompared)
}

/// Compares a listed version with a range; `None` where it is outside.
pub(super) fn of_range(listed: Option<&str>, range: &str) -> Option<VersionMatch> {
    let range = range.trim();
    if is_every(range) {
        return Some(VersionMatch::Every);
    }
    let listed = listed.map(plain).filter(|listed| !listed.is_empty());
    let (Some(listed), Some(bounds)) = (listed, bounds(range)) else {
        return Some(VersionMatch::NotCompared);
    };
    if bounds
        .iter()
        .any(|bound| bound.holds_equal && bound.text == listed)
    {
        return Some(VersionMatch::Range);
    }
    let ordered: Option<Vec<(&Bound, Vec<u64>)>> = bounds
        .iter()
        .map(|bound| numbers(&bound.text).map(|numbers| (bound, numbers)))
        .collect();
    let (Some(version), Some(mut ordered)) = (numbers(&listed), ordered) else {
        return Some(VersionMatch::NotCompared);
    };
    ordered.sort_by(|(_, one), (_, other)| order(one, other));
    if is_within(&version, &ordered) {
        return Some(VersionMatch::Range);
    }
    // `3.0` in a record may stand for any version of that series.
    let is_coarse =
        |(_, bound): &(&Bound, Vec<u64>)| bound.len() > version.len() && bound.starts_with(&version);
    ordered.iter().any(is_coarse).then_some(VersionMatch::NotCompared)
}

/// One comparison of a range.
struct Bound {
    /// Whether the version itself is within.
    holds_equal: bool,
    side: Side,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    Above,
    Only,
    Not,
}

/// Tells whether a version is within bounds that are sorted. Source: the algorithm of the version range specifier
/// (VERS), "Checking if a version is contained within a range".
fn is_within(version: &[u64], bounds: &[(&Bound, Vec<u64>)]) -> bool {
    for (bound, of_bound) in bounds {
        if order(version, of_bound) == Ordering::Equal {
            return bound.holds_equal;
        }
    }
    let sides: Vec<(Side, &Vec<u64>)> = bounds
        .iter()
        .map(|(bound, numbers)| (bound.side, numbers))
        .filter(|(side, _)| matches!(side, Side::Below | Side::Above))
        .collect();
    let is_below = |bound: &[u64]| order(version, bound) == Ordering::Less;
    let (Some(first), Some(last)) = (sides.first(), sides.last()) else {
        return bounds.iter().all(|(bound, _)| bound.side == Side::Not);
    };
    first.0 == Side::Below && is_below(first.1)
        || last.0 == Side::Above && !is_below(last.1)
        || sides.windows(2).any(|pair| {
            matches!(pair, [(Side::Above, from), (Side::Below, to)] if !is_below(from) && is_below(to))
        })
}

/// Reads `vers:generic/>=3.0.0|<3.0.8`, or the same in words such as `>= 3.0 and < 3.0.8`; `None` for other words.
fn bounds(range: &str) -> Option<Vec<Bound>> {
    let is_vers = range.starts_with("vers:");
    let text = match range.strip_prefix("vers:") {
        Some(rest) => decoded(rest.split_once('/')?.1),
        None => format!(" {range} ")
            .to_ascii_lowercase()
            .replace(" and ", "|")
            .replace(" or ", "|"),
    };
    let mut parts: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for letter in text.chars() {
        let is_comparator = |letter: char| matches!(letter, '<' | '>' | '=' | '!');
        let begins = is_comparator(letter) && !is_comparator(before);
        if begins || matches!(letter, '|' | ',' | '&') {
            parts.push(String::new());
        }
        if !matches!(letter, '|' | ',' | '&')
            && let Some(part) = parts.last_mut()
        {
            part.push(letter);
        }
        before = letter;
    }
    let parts = parts
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty());
    let bounds: Option<Vec<Bound>> = parts.map(|part| bound(part, is_vers)).collect();
    bounds.filter(|bounds| !bounds.is_empty())
}

fn bound(part: &str, is_vers: bool) -> Option<Bound> {
    const COMPARATORS: [(&str, Side, bool); 7] = [
        (">=", Side::Above, true),
        ("<=", Side::Below, true),
        ("!=", Side::Not, false),
        ("==", Side::Only, true),
        (">", Side::Above, false),
        ("<", Side::Below, false),
        ("=", Side::Only, true),
    ];
    let found = COMPARATORS.iter().find_map(|(comparator, side, holds_equal)| {
        let rest = part.strip_prefix(comparator)?;
        Some((rest, *side, *holds_equal))
    });
    let (rest, side, holds_equal) = found.unwrap_or((part, Side::Only, true));
    let text = plain(rest);
    let is_version =
        !text.is_empty() && (is_vers || !text.contains(char::is_whitespace) && !is_several(&text));
    is_version.then_some(Bound {
        holds_equal,
        side,
        text,
    })
}

fn is_every(text: &str) -> bool {
    let text = text.trim().trim_start_matches("vers:all/").to_ascii_lowercase();
    let is_any = text.starts_with("vers:") && text.ends_with("/*");
    is_any
        || matches!(
            &*text,
            "" | "*" | "-" | "all" | "any" | "all versions" | "any version" | "vers:all"
        )
}

/// Lower case, without the `v` and the epoch that some write before it.
fn plain(version: &str) -> String {
    let version = version.trim().to_ascii_lowercase();
    let starts_with_digit = |rest: &str| rest.starts_with(|letter: char| letter.is_ascii_digit());
    let version = match version.strip_prefix('v') {
        Some(rest) if starts_with_digit(rest.trim_start_matches(['.', ' '])) => {
            rest.trim_start_matches(['.', ' '])
        }
        Some(_) | None => &version,
    };
    match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) && !rest.is_empty() => {
            rest.to_owned()
        }
        Some(_) | None => version.to_owned(),
    }
}

/// Reads numbers with dots.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let parts = version.split('.');
    let is_short = parts.clone().count() <= 16;
    let number = |part: &str| {
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u64>().ok().filter(|_| is_number)
    };
    is_short.then(|| parts.map(number).collect()).flatten()
}

/// Compares as if the shorter one went on with zeros.
fn order(one: &[u64], other: &[u64]) -> Ordering {
    let at = |numbers: &[u64], place: usize| numbers.get(place).copied().unwrap_or(0);
    (0..one.len().max(other.len()))
        .map(|place| at(one, place).cmp(&at(other, place)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Tells whether a text begins with another that ends where a part of a version does.
fn begins(text: &str, start: &str) -> bool {
    let rest = text.strip_prefix(start).filter(|_| !start.is_empty());
    rest.is_some_and(|rest| rest.starts_with(|letter: char| !letter.is_alphanumeric()))
}

fn is_several(text: &str) -> bool {
    text.contains('*')
        || text
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(|word| SEVERAL.contains(&word))
}

/// Undoes `%3E`; what is no such escape stays.
pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut all = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                all.push(escaped);
                at += 3;
            }
            None => {
                all.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{VersionMatch, of_range, of_version};

    fn check(listed: &str, named: &str, expected: Option<VersionMatch>) {
        let listed = Some(listed).filter(|listed| !listed.is_empty());
        let found = of_version(listed, named);
        assert_eq!(found, expected, "{listed:?} against {named:?}");
    }

    #[test]
    fn versions_are_compared_as_far_as_they_can_be() {
        use VersionMatch::{Every, Exact, NotCompared, Series};
        for (listed, named, expected) in [
            ("3.0.7", "3.0.7", Some(Exact)),
            ("3.0.7", "v3.0.7", Some(Exact)),
            ("3.0", "3.0.0", Some(Exact)),
            ("3.0.7", "3.0", Some(Series)),
            ("3.0.7", "3.0.8", None),
            ("3.10", "3.1", None),
            ("3.0", "3.0.7", Some(NotCompared)),
            ("", "3.0.7", Some(NotCompared)),
            ("3.0.7", "*", Some(Every)),
            ("3.0.7", "All Versions", Some(Every)),
            ("3.0.7", "3.0.8 and earlier", Some(NotCompared)),
            ("3.0.7", "3.x", Some(NotCompared)),
            ("1.1.1k", "1.1.1k", Some(Exact)),
            ("1.1.1k", "1.1.1j", None),
            ("1.1.1k", "1:1.1.1k-5.el8", Some(NotCompared)),
            ("2012 R2", "2012", Some(NotCompared)),
            ("2012 R2", "2022", None),
        ] {
            check(listed, named, expected);
        }
    }

    #[test]
    fn ranges_of_numbers_are_compared_and_others_are_not() {
        use VersionMatch::{Every, NotCompared, Range};
        for (listed, range, expected) in [
            ("3.0.7", "vers:generic/>=3.0.0|<3.0.8", Some(Range)),
            ("3.0.8", "vers:generic/>=3.0.0|<3.0.8", None),
            ("2.9", "vers:generic/>=3.0.0|<3.0.8", None),
            ("3.0.7", "vers:generic/%3E%3D3.0.0|%3C3.0.8", Some(Range)),
            ("1.5", "vers:semver/<1.2|>=1.4|<1.6|2.0", Some(Range)),
            ("1.3", "vers:semver/<1.2|>=1.4|<1.6|2.0", None),
            ("2.0", "vers:semver/<1.2|>=1.4|<1.6|2.0", Some(Range)),
            ("1.1", "vers:semver/<1.2|!=1.1", None),
            ("3.0", "vers:semver/!=3.1", Some(Range)),
            ("9", "vers:all/*", Some(Every)),
            ("9", "vers:deb/*", Some(Every)),
            ("3.0.7", ">= 3.0, < 3.0.8", Some(Range)),
            ("3.0.7", ">=3.0 and <3.0.8", Some(Range)),
            ("3.0.9", ">=3.0 and <3.0.8", None),
            ("3.0.7", "<=3.0.7", Some(Range)),
            ("3.1", ">3.0", Some(Range)),
            ("3.0", "vers:generic/>=3.0.5|<3.0.8", Some(NotCompared)),
            ("1.1.1k", "vers:generic/<1.1.1l", Some(NotCompared)),
            ("3.0.7", "vers:generic/>=3.0.0-alpha|<3.0.8", Some(NotCompared)),
            ("3.0.7", "< the fixed one", Some(NotCompared)),
            ("3.0.7", "vers:", Some(NotCompared)),
        ] {
            let found = of_range(Some(listed), range);
            assert_eq!(found, expected, "{listed:?} in {range:?}");
        }
        assert_eq!(of_range(None, "<3"), Some(NotCompared));
    }
}
