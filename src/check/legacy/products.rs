//! When makers end the support of operating systems, as far as it is public and fixed by the day.
//!
//! Source: lifecycle pages of Microsoft, Red Hat, Debian (long-term support included), the CentOS project and
//! Canonical (standard support). What is not in here is not judged; a System may always record its own date.

use crate::model::{Date, parse_date};

/// A word that names a product, the beginning of its version, and the last day of support.
const ENDS: &[(&str, &str, &str)] = &[
    ("windows", "2003", "2015-07-14"),
    ("windows", "2008", "2020-01-14"),
    ("windows", "2012", "2023-10-10"),
    ("windows", "2016", "2027-01-12"),
    ("windows", "2019", "2029-01-09"),
    ("windows", "7", "2020-01-14"),
    ("windows", "8.1", "2023-01-10"),
    ("windows", "10", "2025-10-14"),
    ("rhel", "6", "2020-11-30"),
    ("rhel", "7", "2024-06-30"),
    ("rhel", "8", "2029-05-31"),
    ("centos", "6", "2020-11-30"),
    ("centos", "7", "2024-06-30"),
    ("centos", "8", "2021-12-31"),
    ("debian", "8", "2020-06-30"),
    ("debian", "9", "2022-06-30"),
    ("debian", "10", "2024-06-30"),
    ("debian", "11", "2026-08-31"),
    ("debian", "12", "2028-06-30"),
    ("ubuntu", "14.04", "2019-04-25"),
    ("ubuntu", "16.04", "2021-04-30"),
    ("ubuntu", "18.04", "2023-05-31"),
    ("ubuntu", "20.04", "2025-05-31"),
];

/// Editions whose support ends on days of their own.
const OTHER_EDITIONS: [&str; 4] = ["ltsc", "ltsb", "iot", "stream"];

/// Returns the last day of support of a product as an inventory, a scanner or a record names it.
pub(super) fn end_of_life(text: &str) -> Option<Date> {
    let text = text.to_lowercase().replace("red hat enterprise linux", "rhel");
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.')
        .filter(|word| !word.is_empty())
        .collect();
    if words.iter().any(|word| OTHER_EDITIONS.contains(word)) {
        return None;
    }
    let (_, _, end) = ENDS.iter().find(|(product, version, _)| {
        version_of(&words, product).is_some_and(|found| {
            found
                .strip_prefix(version)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    })?;
    parse_date(end)
}

/// Finds the number that follows a product's word, as in `debian 12.0`; `win2012r2` has both in one word.
fn version_of<'a>(words: &[&'a str], product: &str) -> Option<&'a str> {
    let starts_with_digit = |word: &str| word.starts_with(|letter: char| letter.is_ascii_digit());
    let joined = || {
        let mut short = words.iter().filter_map(|word| word.strip_prefix("win"));
        short
            .find(|rest| starts_with_digit(rest))
            .filter(|_| product == "windows")
    };
    let place = words.iter().position(|word| *word == product);
    let version = place
        .and_then(|place| {
            words[place + 1..]
                .iter()
                .find(|word| starts_with_digit(word))
                .copied()
        })
        .or_else(joined)?;
    let end = version.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    Some(&version[..end.unwrap_or(version.len())])
}

#[cfg(test)]
mod tests {
    use super::end_of_life;

    #[test]
    fn a_product_is_known_by_its_words() {
        let rows = [
            ("Microsoft Windows Server 2012 R2 Standard", Some("2023-10-10")),
            ("win2012r2", Some("2023-10-10")),
            ("Windows 10 Pro", Some("2025-10-14")),
            ("Windows 10 IoT Enterprise LTSC", None),
            ("Windows 11 IoT Enterprise", None),
            ("Windows Server 2022", None),
            ("Linux Kernel 6.1 on Debian 12.0", Some("2028-06-30")),
            ("Linux Kernel 8.1 on Debian 12.0", Some("2028-06-30")),
            ("Red Hat Enterprise Linux 7.9 (Maipo)", Some("2024-06-30")),
            ("RHEL 80", None),
            ("CentOS Stream 8", None),
            ("Ubuntu 18.04.6 LTS", Some("2023-05-31")),
            ("Ubuntu 18.10", None),
            ("", None),
            ("windows", None),
        ];
        for (text, expected) in rows {
            let end = end_of_life(text).map(|end| end.to_string());
            assert_eq!(end.as_deref(), expected, "{text}");
        }
    }
}
