//! What an objective asks of a figure, such as `>= 95`.

/// What a target asks of a figure; the number in millionths of its unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    comparison: Comparison,
    number: i128,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comparison {
    AtLeast,
    Above,
    AtMost,
    Below,
}

/// Digits before and after the point that a target may have.
const DIGITS: usize = 6;

impl Target {
    /// Reads `>= 95`, `< 2.5 %` and the like; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let words = [
            (">=", Comparison::AtLeast),
            ("<=", Comparison::AtMost),
            (">", Comparison::Above),
            ("<", Comparison::Below),
        ];
        let (rest, comparison) = words
            .into_iter()
            .find_map(|(word, comparison)| Some((text.strip_prefix(word)?, comparison)))?;
        let number = rest.trim();
        let number = number.strip_suffix('%').unwrap_or(number).trim_end();
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits = |text: &str| {
            !text.is_empty() && text.len() <= DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_digits(whole) || !is_digits(part) {
            return None;
        }
        let digits = format!("{whole}{part:0<DIGITS$}");
        Some(Self {
            comparison,
            number: digits.parse().ok()?,
        })
    }

    /// Tells whether a figure is as good as asked, without rounding either.
    pub fn is_met(self, numerator: u64, denominator: u64) -> bool {
        let is = i128::from(numerator) * 1_000_000;
        let asked = self.number * i128::from(denominator);
        match self.comparison {
            Comparison::AtLeast => is >= asked,
            Comparison::Above => is > asked,
            Comparison::AtMost => is <= asked,
            Comparison::Below => is < asked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_rate_is_compared_without_rounding() {
        let rows = [
            (28, 30, ">= 95", Some(false)),
            (28, 30, ">=93.3", Some(true)),
            (28, 30, ">= 93.34 %", Some(false)),
            (95, 100, ">= 95", Some(true)),
            (95, 100, "> 95", Some(false)),
            (4, 190, "<= 2.1", Some(false)),
            (4, 190, "< 2.2", Some(true)),
            (1, 2, "95", None),
            (1, 2, ">= many", None),
            (1, 2, ">= -1", None),
            (1, 2, ">= 1.", None),
        ];
        for (numerator, denominator, text, expected) in rows {
            let met = Target::parse(text).map(|target| target.is_met(numerator * 100, denominator));
            assert_eq!(met, expected, "{numerator}/{denominator} {text}");
        }
    }
}
