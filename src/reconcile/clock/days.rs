//! Local days, working days and hours added to a moment.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, TimeDelta, Utc, Weekday};

use crate::model::{Date, MatrixCell, TimeUnit, Zone};

/// The organisation's zone and the days on which nobody works.
pub(in crate::reconcile) struct Almanac {
    pub(in crate::reconcile) zone: Zone,
    /// Beside Saturdays and Sundays.
    pub(in crate::reconcile) holidays: BTreeSet<Date>,
}

impl Almanac {
    pub(super) fn start_of(&self, day: Date) -> DateTime<Utc> {
        self.zone.start_of_day(day).with_timezone(&Utc)
    }

    pub(super) fn end_of(&self, day: Date) -> DateTime<Utc> {
        self.zone.end_of_day(day).with_timezone(&Utc)
    }

    pub(super) fn day_of(&self, at: DateTime<Utc>) -> Date {
        self.zone.day_of(at)
    }

    /// Adds local days and returns the end of the last.
    pub(super) fn after_days(&self, start: DateTime<Utc>, days: u32, unit: TimeUnit) -> DateTime<Utc> {
        let first = self.day_of(start);
        let last = match unit {
            TimeUnit::Calendar => first.plus_days(i64::from(days)),
            TimeUnit::Business => self.working_day_after(first, days),
        };
        self.end_of(last)
    }

    pub(super) fn after_cell(&self, start: DateTime<Utc>, cell: &MatrixCell) -> DateTime<Utc> {
        match (cell.days, cell.hours) {
            (_, Some(hours)) => start + TimeDelta::hours(i64::from(hours)),
            (Some(days), None) => self.after_days(start, days, cell.unit.unwrap_or(TimeUnit::Calendar)),
            (None, None) => start,
        }
    }

    fn working_day_after(&self, first: Date, days: u32) -> Date {
        let mut day = first;
        let mut left = days;
        // At the end of the calendar a day is its own next one.
        while left > 0 && day.plus_days(1) > day {
            day = day.plus_days(1);
            let is_weekend = matches!(day.0.weekday(), Weekday::Sat | Weekday::Sun);
            if !is_weekend && !self.holidays.contains(&day) {
                left -= 1;
            }
        }
        day
    }

    /// Moves a due date by local days: the end of a day stays one, any other moment keeps its distance.
    pub(super) fn moved(&self, due: DateTime<Utc>, days: i64) -> DateTime<Utc> {
        let day = self.day_of(due);
        if self.end_of(day) == due {
            self.end_of(day.plus_days(days))
        } else {
            TimeDelta::try_days(days)
                .and_then(|days| due.checked_add_signed(days))
                .unwrap_or(due)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AsOf, parse_date, parse_instant};

    fn almanac(zone: &str, holidays: &[&str]) -> Almanac {
        Almanac {
            zone: Zone::named(zone).unwrap(),
            holidays: holidays.iter().map(|day| parse_date(day).unwrap()).collect(),
        }
    }

    /// The zone, its holidays, the start, how many days of which unit, and the due date.
    type DueRow<'a> = (&'a str, &'a [&'a str], &'a str, u32, TimeUnit, &'a str);

    #[test]
    fn days_are_local_days_and_working_days_leave_out_holidays() {
        use TimeUnit::{Business, Calendar};
        let rows: &[DueRow<'_>] = &[
            // Summer time ends on 25 October and begins on 29 March.
            (
                "Europe/Berlin",
                &[],
                "2026-10-22T08:00:00Z",
                7,
                Calendar,
                "2026-10-29T23:59:59+01:00",
            ),
            (
                "Europe/Berlin",
                &[],
                "2026-03-26T22:30:00Z",
                7,
                Calendar,
                "2026-04-02T23:59:59+02:00",
            ),
            (
                "Europe/Berlin",
                &[],
                "2026-03-26T23:30:00Z",
                7,
                Calendar,
                "2026-04-03T23:59:59+02:00",
            ),
            // West of UTC the local day is still the one before.
            (
                "America/Los_Angeles",
                &[],
                "2026-10-30T03:00:00Z",
                3,
                Calendar,
                "2026-11-01T23:59:59-08:00",
            ),
            (
                "America/Los_Angeles",
                &[],
                "2026-10-30T08:00:00Z",
                3,
                Calendar,
                "2026-11-02T23:59:59-08:00",
            ),
            // Thursday, and five working days.
            (
                "Europe/Berlin",
                &[],
                "2026-10-01T08:00:00Z",
                5,
                Business,
                "2026-10-08T23:59:59+02:00",
            ),
            (
                "Europe/Berlin",
                &["2026-10-05"],
                "2026-10-01T08:00:00Z",
                5,
                Business,
                "2026-10-09T23:59:59+02:00",
            ),
            (
                "Europe/Berlin",
                &["2026-10-03"],
                "2026-10-01T08:00:00Z",
                5,
                Business,
                "2026-10-08T23:59:59+02:00",
            ),
            // From a Saturday one working day is the Monday.
            (
                "Europe/Berlin",
                &[],
                "2026-10-03T08:00:00Z",
                1,
                Business,
                "2026-10-05T23:59:59+02:00",
            ),
        ];
        for (zone, holidays, start, days, unit, expected) in rows {
            let almanac = almanac(zone, holidays);
            let start = parse_instant(start).unwrap().utc();
            let due = AsOf::new(almanac.after_days(start, *days, *unit), almanac.zone);
            assert_eq!(due.to_string(), *expected, "{zone} {start} {days}");
        }
    }

    #[test]
    fn a_moved_end_of_a_day_is_the_end_of_a_day_in_any_season() {
        let almanac = almanac("Europe/Berlin", &[]);
        for (due, days, expected) in [
            ("2026-10-20T21:59:59Z", 7, "2026-10-27T23:59:59+01:00"),
            ("2026-10-20T12:00:00Z", 7, "2026-10-27T13:00:00+01:00"),
        ] {
            let moved = almanac.moved(parse_instant(due).unwrap().utc(), days);
            assert_eq!(AsOf::new(moved, almanac.zone).to_string(), expected);
        }
    }
}
