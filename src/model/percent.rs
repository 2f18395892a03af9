//! A share of a whole, shown so that it never looks better than it is.

use serde::Serialize;

/// A numerator over a denominator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Rate {
    pub numerator: u64,
    pub denominator: u64,
}

impl Rate {
    /// Returns the percentage, rounded down to one decimal, or `n/a` over nothing.
    pub fn percent(self) -> String {
        if self.denominator == 0 {
            return "n/a".into();
        }
        let tenths = u128::from(self.numerator) * 1000 / u128::from(self.denominator);
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn percentages_are_rounded_down() {
        for (numerator, denominator, expected) in [
            (28, 30, "93.3"),
            (9996, 10_000, "99.9"),
            (9, 10, "90.0"),
            (1, 1, "100.0"),
            (0, 7, "0.0"),
            (0, 0, "n/a"),
        ] {
            assert_eq!(
                Rate {
                    numerator,
                    denominator
                }
                .percent(),
                expected
            );
        }
    }
}
