//! In which direction a field gets looser.

use super::Effect;

/// The severities, the strictest first.
pub(super) const SEVERITIES: &[&str] = &["critical", "high", "medium", "low"];
/// The severities as a limit on what may be approved, the strictest first.
pub(super) const SEVERITY_LIMITS: &[&str] = &["low", "medium", "high", "critical"];

/// In which direction a value gets looser; the number or place in it stands for a missing value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Looser {
    /// A larger number.
    Larger(f64),
    /// A smaller number.
    Smaller(f64),
    /// A later day; without one there is no end.
    Later,
    /// An earlier day.
    Earlier,
    /// A word further down the list; the place is that of a missing one.
    Further(&'static [&'static str], usize),
    /// A tier further down the list of the Isms.
    LowerTier,
    /// One entry more.
    Added,
    /// One entry less.
    Removed,
    /// `true`; a missing value is `false`.
    True,
    /// `false`; a missing value is `false`.
    False,
    /// Any other value.
    Any,
    /// No value at all: it is a matter of words.
    Nothing,
}

impl Looser {
    /// Says what became of a value, both as JSON; what cannot be compared weakens.
    pub fn effect(self, before: Option<&str>, after: Option<&str>, tiers: &[&str]) -> Effect {
        if before == after {
            return Effect::Neutral;
        }
        match self {
            Self::Larger(missing) => by_order(number(before, missing), number(after, missing)),
            Self::Smaller(missing) => by_order(number(after, missing), number(before, missing)),
            Self::Later => by_order(day(before, "9999-12-31"), day(after, "9999-12-31")),
            Self::Earlier => by_order(day(after, "0000-01-01"), day(before, "0000-01-01")),
            Self::Further(words, missing) => {
                by_order(place(words, before, missing), place(words, after, missing))
            }
            Self::LowerTier => by_order(
                place(tiers, before, tiers.len()),
                place(tiers, after, tiers.len()),
            ),
            Self::Added => of_entry(before, after),
            Self::Removed => of_entry(after, before),
            Self::True => of_flag(before, after, "true"),
            Self::False => of_flag(before, after, "false"),
            Self::Any => Effect::Weakens,
            Self::Nothing => Effect::Neutral,
        }
    }
}

/// The first is the value before; a greater one after weakens, and so does one that cannot be compared.
fn by_order<T: PartialOrd>(before: Option<T>, after: Option<T>) -> Effect {
    let (Some(before), Some(after)) = (before, after) else {
        return Effect::Weakens;
    };
    match before.partial_cmp(&after) {
        Some(std::cmp::Ordering::Greater) => Effect::Tightens,
        Some(std::cmp::Ordering::Equal) => Effect::Neutral,
        Some(std::cmp::Ordering::Less) | None => Effect::Weakens,
    }
}

fn of_entry(before: Option<&str>, after: Option<&str>) -> Effect {
    match (before, after) {
        (Some(_), None) => Effect::Tightens,
        (_, _) => Effect::Weakens,
    }
}

fn of_flag(before: Option<&str>, after: Option<&str>, looser: &str) -> Effect {
    let before = before.unwrap_or("false");
    let after = after.unwrap_or("false");
    match (before == after, after == looser) {
        (true, _) => Effect::Neutral,
        (false, true) => Effect::Weakens,
        (false, false) => Effect::Tightens,
    }
}

fn number(value: Option<&str>, missing: f64) -> Option<f64> {
    value.map_or(Some(missing), |value| value.parse().ok())
}

fn day<'a>(value: Option<&'a str>, missing: &'a str) -> Option<&'a str> {
    Some(value.map_or(missing, plain))
}

fn place(words: &[&str], value: Option<&str>, missing: usize) -> Option<usize> {
    value.map_or(Some(missing), |value| {
        words.iter().position(|word| *word == plain(value))
    })
}

/// Returns the text of a JSON string.
pub(super) fn plain(json: &str) -> &str {
    json.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(json)
}

#[cfg(test)]
mod tests {
    use super::{Effect, Looser, SEVERITIES};

    #[test]
    fn each_direction_has_its_opposite_and_its_missing_value() {
        use Effect::{Neutral, Tightens, Weakens};
        let tiers = ["tier0", "tier1"];
        let rows = [
            (Looser::Larger(f64::INFINITY), Some("7"), Some("14"), Weakens),
            (Looser::Larger(f64::INFINITY), Some("14"), Some("7"), Tightens),
            (Looser::Larger(f64::INFINITY), Some("14"), None, Weakens),
            (Looser::Larger(0.0), None, Some("14"), Weakens),
            (Looser::Larger(24.0), None, Some("24"), Neutral),
            (Looser::Larger(0.0), Some("7"), Some("\"x\""), Weakens),
            (Looser::Smaller(f64::NAN), None, Some("3"), Weakens),
            (Looser::Smaller(f64::NAN), Some("2"), Some("3"), Tightens),
            (
                Looser::Later,
                Some("\"2026-10-09\""),
                Some("\"2026-11-30\""),
                Weakens,
            ),
            (Looser::Later, Some("\"2026-10-09\""), None, Weakens),
            (Looser::Later, None, Some("\"2026-10-09\""), Tightens),
            (
                Looser::Earlier,
                Some("\"2026-10-09\""),
                Some("\"2026-10-01\""),
                Weakens,
            ),
            (
                Looser::Further(SEVERITIES, 4),
                Some("\"high\""),
                Some("\"low\""),
                Weakens,
            ),
            (
                Looser::Further(SEVERITIES, 4),
                Some("\"high\""),
                Some("\"odd\""),
                Weakens,
            ),
            (Looser::LowerTier, Some("\"tier0\""), Some("\"tier1\""), Weakens),
            (Looser::LowerTier, Some("\"tier1\""), Some("\"tier0\""), Tightens),
            (Looser::Added, None, Some("1"), Weakens),
            (Looser::Added, Some("1"), None, Tightens),
            (Looser::Removed, Some("1"), None, Weakens),
            (Looser::True, None, Some("true"), Weakens),
            (Looser::True, None, Some("false"), Neutral),
            (Looser::False, Some("true"), None, Weakens),
            (Looser::Nothing, Some("1"), None, Neutral),
        ];
        for (looser, before, after, expected) in rows {
            let found = looser.effect(before, after, &tiers);
            assert_eq!(found, expected, "{looser:?} {before:?} {after:?}");
        }
    }
}
