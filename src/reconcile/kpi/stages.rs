//! How long findings stood in each stage between the vendor's patch and the proof of the fix.

use chrono::Utc;

use super::episodes::fixed_in_period;
use super::{Frame, Kpi, Unit, number, quantile, seconds};
use crate::model::Finding;

/// One stage, over the findings that were fixed in the period and whose patch date an export says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stage {
    /// From what to what.
    pub title: &'static str,
    /// Whether it is the whole, to which the others add up.
    pub is_whole: bool,
    pub median: Kpi,
    /// Nine of ten findings took no longer.
    pub p90: Kpi,
    /// All findings together.
    pub sum: Kpi,
}

const TITLES: [&str; 5] = [
    "patch published to first seen by a scan",
    "first seen to installed, by a deployment tool",
    "installed to proved by a scan",
    "first seen to proved by a scan, where no deployment tool says when it was installed",
    "patch published to proved by a scan",
];

impl Stage {
    /// Measures each finding: its moments are put in order, so that its stages add up to its whole.
    pub(in crate::reconcile) fn all(findings: &[Finding], frame: Frame) -> [Self; 5] {
        let zone = frame.as_of.zone();
        let mut times: [Vec<u64>; 5] = Default::default();
        for finding in findings {
            let Some((closed, published)) = fixed_in_period(finding, frame).zip(finding.patch_published)
            else {
                continue;
            };
            let begin = zone.start_of_day(published).with_timezone(&Utc);
            let end = closed.max(begin);
            let seen = finding.first_seen.clamp(begin, end);
            times[0].push(seconds(begin, seen));
            match &finding.installed {
                Some(installed) => {
                    let at = installed.at.clamp(seen, end);
                    times[1].push(seconds(seen, at));
                    times[2].push(seconds(at, end));
                }
                None => times[3].push(seconds(seen, end)),
            }
            times[4].push(seconds(begin, end));
        }
        let mut titles = TITLES.into_iter();
        times.map(|times| Self::of(titles.next().unwrap_or_default(), times))
    }

    fn of(title: &'static str, mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let days = |value| Kpi::of(Unit::Days, title, value, number(times.len()));
        Self {
            title,
            is_whole: title == TITLES[4],
            median: days(quantile(&times, 5)),
            p90: days(quantile(&times, 9)),
            sum: Kpi::of(Unit::FindingDays, title, times.iter().sum(), number(times.len())),
        }
    }
}
