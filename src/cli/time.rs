//! Days, instants and periods as the command line writes them.

use chrono::{DateTime, NaiveDate, Utc};

use super::failure::Failure;
use crate::model::{AsOf, Date, Instant, Zone, parse_date, parse_instant};
use crate::reconcile::Period;

/// Reads `--as-of`; without it, now. A later local day than today is refused.
pub(super) fn as_of(text: Option<&str>, now: DateTime<Utc>, zone: Zone) -> Result<AsOf, Failure> {
    let Some(text) = text else {
        return Ok(AsOf::new(now, zone));
    };
    let as_of = match (
        parse_date(text),
        parse_instant(text).or_else(|| without_seconds(text)),
    ) {
        (Some(day), _) => AsOf::end_of(day, zone),
        (None, Some(instant)) => AsOf::new(instant.utc(), zone),
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
    let year: i32 = text.get(..4)?.parse().ok()?;
    let (first, months) = match text.get(4..)? {
        "" => (1, 12),
        "-Q1" => (1, 3),
        "-Q2" => (4, 3),
        "-Q3" => (7, 3),
        "-Q4" => (10, 3),
        month => (
            month
                .strip_prefix('-')
                .filter(|digits| digits.len() == 2)?
                .parse()
                .ok()?,
            1,
        ),
    };
    let from = NaiveDate::from_ymd_opt(year, first, 1)?;
    let next = from.checked_add_months(chrono::Months::new(months))?;
    Some((Date(from), Date(next.pred_opt()?)))
}

#[cfg(test)]
mod tests {
    use super::{as_of, period};
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
        ];
        for (text, expected) in rows {
            let found = period(text)
                .ok()
                .map(|period| format!("{}..{}", period.from, period.to));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
