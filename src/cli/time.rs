//! Days, instants and periods as the command line writes them.

use chrono::{DateTime, NaiveDate, Timelike as _, Utc};

use super::failure::Failure;
use crate::model::{AsOf, Date, Instant, Zone, parse_date, parse_instant};
use crate::reconcile::Period;

/// Reads `--as-of`; without it, now. A later local day than today is refused.
pub(super) fn as_of(text: Option<&str>, now: DateTime<Utc>, zone: Zone) -> Result<AsOf, Failure> {
    // A bundle names its moment in whole seconds, and is made again from that name.
    let whole = |instant: DateTime<Utc>| instant.with_nanosecond(0).unwrap_or(instant);
    let Some(text) = text else {
        return Ok(AsOf::new(whole(now), zone));
    };
    let as_of = match (
        parse_date(text),
        parse_instant(text).or_else(|| without_seconds(text)),
    ) {
        (Some(day), _) => AsOf::end_of(day, zone),
        (None, Some(instant)) => AsOf::new(whole(instant.utc()), zone),
        (None, None) => {
            return Err(Failure::usage(format!(
                "`--as-of {text}` is neither a day nor an instant; write `2026-09-30` or `2026-09-30T12:00:00Z`"
            )));
        }
    };
    let today = zone.day_of(now);
    if as_of.day() > today {
        return Err(Failure::usage(format!(
            "`--as-of {text}` lies in the future: today is {today} in the organisation's zone, and nobody can judge later days"
        )));
    }
    Ok(as_of)
}

/// Chooses the moment to judge at: as asked, else the end of the period, else the day of the commit, else now.
///
/// Nobody can judge a later day than today, or records by a later day than the one they were asked for: of a period that has not
/// ended by then as much is judged as there is.
pub(super) fn moment(
    (asked, commit_day, period): (Option<&str>, Option<&str>, Option<Period>),
    now: DateTime<Utc>,
    zone: Zone,
) -> Result<AsOf, Failure> {
    let latest = as_of(asked.or(commit_day), now, zone)?;
    let Some(period) = period else {
        return Ok(latest);
    };
    let moment = if asked.is_none() && period.to <= latest.day() {
        AsOf::end_of(period.to, zone)
    } else {
        latest
    };
    if period.from > moment.day() {
        return Err(Failure::usage(format!(
            "the period begins on {}, after the day to judge at, {}: nothing of it can be judged yet",
            period.from,
            moment.day()
        )));
    }
    Ok(moment)
}

/// People leave the seconds out: `2026-09-30T12:00Z` is 12:00:00.
fn without_seconds(text: &str) -> Option<Instant> {
    let (minutes, offset) = (text.get(..16)?, text.get(16..)?);
    parse_instant(&format!("{minutes}:00{offset}"))
}

/// Reads a period: a year, a quarter, a month, or two days with `..` between.
pub(super) fn period(text: &str) -> Result<Period, Failure> {
    let parsed = match text.split_once("..") {
        Some((from, to)) => parse_date(from).zip(parse_date(to)),
        None => named_period(text),
    };
    let (from, to) = parsed.ok_or_else(|| {
        Failure::usage(format!(
            "`--period {text}` is no period; write `2026`, `2026-Q3`, `2026-09` or `2026-07-01..2026-09-30`"
        ))
    })?;
    if from > to {
        return Err(Failure::usage(format!("`--period {text}` ends before it begins")));
    }
    Ok(Period { from, to })
}

fn named_period(text: &str) -> Option<(Date, Date)> {
    let number = |digits: &str| {
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|_| is_number)
    };
    let year = i32::try_from(number(text.get(..4)?)?).ok()?;
    let (first, months) = match text.get(4..)? {
        "" => (1, 12),
        "-Q1" => (1, 3),
        "-Q2" => (4, 3),
        "-Q3" => (7, 3),
        "-Q4" => (10, 3),
        month => (
            number(month.strip_prefix('-').filter(|digits| digits.len() == 2)?)?,
            1,
        ),
    };
    let from = NaiveDate::from_ymd_opt(year, first, 1)?;
    let next = from.checked_add_months(chrono::Months::new(months))?;
    Some((Date(from), Date(next.pred_opt()?)))
}

#[cfg(test)]
mod tests {
    use super::{as_of, moment, period};
    use crate::model::Zone;

    #[test]
    fn today_is_the_last_day_that_can_be_judged() {
        let now = "2026-09-30T22:30:00Z".parse().unwrap();
        let berlin = Zone::named("Europe/Berlin").unwrap();
        // In Berlin it is already the first of October.
        let rows = [
            ("2026-10-01", Some("2026-10-01T23:59:59+02:00")),
            ("2026-09-30", Some("2026-09-30T23:59:59+02:00")),
            ("2026-09-30T23:30:00+02:00", Some("2026-09-30T23:30:00+02:00")),
            ("2026-09-30T23:30+02:00", Some("2026-09-30T23:30:00+02:00")),
            ("2026-10-02", None),
            ("2026-10-02T00:00:00+02:00", None),
            ("tomorrow", None),
            ("2026-13-01", None),
        ];
        for (text, expected) in rows {
            let found = as_of(Some(text), now, berlin).ok().map(|as_of| as_of.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        assert_eq!(
            as_of(None, now, berlin).unwrap().to_string(),
            "2026-10-01T00:30:00+02:00"
        );
    }

    #[test]
    fn a_period_is_judged_at_its_end_or_as_far_as_it_has_come() {
        let now = "2026-10-15T10:00:00Z".parse().unwrap();
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let rows = [
            (None, None, "2026-09", Some("2026-09-30T23:59:59+02:00")),
            (None, None, "2025", Some("2025-12-31T23:59:59+01:00")),
            // The last day is today, and today is judged to its end.
            (
                None,
                None,
                "2026-10-01..2026-10-15",
                Some("2026-10-15T23:59:59+02:00"),
            ),
            (None, None, "2026-Q4", Some("2026-10-15T12:00:00+02:00")),
            (None, None, "2026-11", None),
            (
                Some("2026-10-02"),
                None,
                "2026-09",
                Some("2026-10-02T23:59:59+02:00"),
            ),
            (
                Some("2026-09-10"),
                None,
                "2026-09",
                Some("2026-09-10T23:59:59+02:00"),
            ),
            (Some("2026-08-31"), None, "2026-09", None),
            (
                None,
                Some("2026-10-02"),
                "2026-09",
                Some("2026-09-30T23:59:59+02:00"),
            ),
            (
                None,
                Some("2026-09-10"),
                "2026-09",
                Some("2026-09-10T23:59:59+02:00"),
            ),
            (None, Some("2026-08-31"), "2026-09", None),
        ];
        for (asked, commit_day, text, expected) in rows {
            let period = period(text).ok();
            let found = moment((asked, commit_day, period), now, berlin).ok();
            let found = found.map(|as_of| as_of.to_string());
            assert_eq!(found.as_deref(), expected, "{asked:?} {commit_day:?} {text}");
        }
    }

    #[test]
    fn periods_have_names() {
        let rows = [
            ("2026", Some("2026-01-01..2026-12-31")),
            ("2026-Q1", Some("2026-01-01..2026-03-31")),
            ("2026-02", Some("2026-02-01..2026-02-28")),
            ("2026-07-01..2026-07-02", Some("2026-07-01..2026-07-02")),
            ("2026-07-02..2026-07-01", None),
            ("2026-13", None),
            ("2026-7", None),
            ("26", None),
            ("2026-+9", None),
            ("+026-09", None),
            ("2026-Q5", None),
        ];
        for (text, expected) in rows {
            let found = period(text)
                .ok()
                .map(|period| format!("{}..{}", period.from, period.to));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
