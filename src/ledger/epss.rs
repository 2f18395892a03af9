//! Scores of exploit prediction, written densely: of a third of a million most change from day to day.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::line::EpssLine;

/// A line says at most so many scores.
const ON_A_LINE: usize = 1000;
/// A line ends before a gap of more numbers.
const WIDEST_GAP: u64 = 1000;
/// Scores are published with five digits.
const UNITS: f64 = 100_000.0;

/// A score that is new, or `None` where there is none any more.
pub(super) type Change = (Arc<str>, Option<f64>);

/// Writes changes, by year and number.
pub(super) fn lines(changes: Vec<Change>) -> Vec<EpssLine> {
    let mut numbered: Vec<(Option<(u32, u64)>, Change)> = changes
        .into_iter()
        .map(|change| (number_of(&change.0), change))
        .collect();
    numbered.sort_by(|one, other| (one.0, &one.1.0).cmp(&(other.0, &other.1.0)));
    let mut lines: Vec<EpssLine> = Vec::new();
    let mut last = None;
    let mut room = 0;
    for (number, (cve, score)) in numbered {
        let word = word(score);
        match (lines.last_mut(), gap(last, number)) {
            (Some(line), Some(gap)) if room > 0 => {
                if gap > 0 {
                    line.scores += &format!(" +{gap}");
                }
                line.scores += " ";
                line.scores += &word;
                room -= 1;
            }
            (_, _) => {
                lines.push(EpssLine {
                    cve: cve.to_string(),
                    scores: word,
                });
                room = ON_A_LINE - 1;
            }
        }
        last = number;
    }
    lines
}

/// Takes over the scores of a line; an error says what is wrong with it.
pub(super) fn take(scores: &mut BTreeMap<Arc<str>, f64>, line: &EpssLine) -> Result<(), String> {
    let mut next: Option<Arc<str>> = Some(line.cve.as_str().into());
    let mut at = number_of(&line.cve);
    for word in line.scores.split(' ') {
        if let Some(gap) = word.strip_prefix('+') {
            let passed = gap.parse().ok().filter(|gap| (1..=WIDEST_GAP).contains(gap));
            at = passed.and_then(|gap| step(at, gap));
            if at.is_none() {
                return Err(format!("nothing is `{word}` after `{}`", line.cve));
            }
            next = None;
            continue;
        }
        let cve = match (next.take(), at) {
            (Some(cve), _) => cve,
            (None, Some((year, number))) => text_of(year, number).into(),
            (None, None) => return Err(format!("there is no CVE after `{}`", line.cve)),
        };
        match score(word)? {
            Some(score) => scores.insert(cve, score),
            None => scores.remove(&cve),
        };
        at = step(at, 1);
    }
    Ok(())
}

/// Returns year and number of a CVE that is written as every other; others stand on lines of their own.
fn number_of(cve: &str) -> Option<(u32, u64)> {
    let (year, number) = cve.strip_prefix("CVE-")?.split_once('-')?;
    let (year, number) = (year.parse().ok()?, number.parse().ok()?);
    (text_of(year, number) == cve).then_some((year, number))
}

fn text_of(year: u32, number: u64) -> String {
    format!("CVE-{year:04}-{number:04}")
}

fn step(at: Option<(u32, u64)>, by: u64) -> Option<(u32, u64)> {
    let (year, number) = at?;
    Some((year, number.checked_add(by)?))
}

/// Counts the numbers between two of one year; `None` where the second is no neighbour.
fn gap(last: Option<(u32, u64)>, next: Option<(u32, u64)>) -> Option<u64> {
    let ((year, last), (other, next)) = (last?, next?);
    let between = next.checked_sub(last)?.checked_sub(1)?;
    (year == other && between <= WIDEST_GAP).then_some(between)
}

fn word(score: Option<f64>) -> String {
    let Some(score) = score else { return "-".into() };
    let units = (score * UNITS).round();
    if units / UNITS == score {
        format!("{units:.0}")
    } else {
        score.to_string()
    }
}

fn score(word: &str) -> Result<Option<f64>, String> {
    if word == "-" {
        return Ok(None);
    }
    let score = if word.contains('.') {
        word.parse().ok()
    } else {
        word.parse().ok().map(|units: u32| f64::from(units) / UNITS)
    };
    let score = score.filter(|score: &f64| (0.0..=1.0).contains(score));
    score.map(Some).ok_or_else(|| format!("`{word}` is no score"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::{lines, take};

    #[test]
    fn scores_come_back_as_they_were() {
        let mut was: BTreeMap<Arc<str>, f64> = BTreeMap::new();
        was.insert("CVE-2020-0005".into(), 0.5);
        let mut changes = vec![
            ("CVE-2021-9999", Some(0.97565)),
            ("CVE-2021-10000", Some(0.00043)),
            ("CVE-2021-10004", Some(0.000_431_27)),
            ("CVE-2021-010005", Some(1.0)),
            ("CVE-2021-18446744073709551615", Some(0.1)),
            ("CVE-2021-90000", Some(0.0)),
            ("CVE-2020-0005", None),
            ("CVE-2020-0006", Some(0.3)),
        ];
        changes.extend([("CVE-1999-0001", Some(0.1 + 0.2))]);
        let changes: Vec<(Arc<str>, Option<f64>)> = changes
            .into_iter()
            .map(|(cve, score)| (cve.into(), score))
            .collect();
        let written = lines(changes.clone());
        let found: Vec<(&str, &str)> = written.iter().map(|line| (&*line.cve, &*line.scores)).collect();
        assert!(
            found.contains(&("CVE-2021-9999", "97565 43 +3 0.00043127")),
            "{found:?}"
        );
        assert!(found.contains(&("CVE-2020-0005", "- 30000")), "{found:?}");
        let mut is = was.clone();
        for line in &written {
            take(&mut is, line).unwrap();
        }
        let mut expected = was;
        for (cve, score) in changes {
            match score {
                Some(score) => expected.insert(cve, score),
                None => expected.remove(&cve),
            };
        }
        assert_eq!(is, expected);
    }
}
