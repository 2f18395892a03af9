//! Calendars laid over a span of days: working days, freezes, and when windows open.
//!
//! Days are local days of the organisation; a window has its own zone. No clock is asked in here.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, LocalResult, NaiveDate, TimeDelta, TimeZone as _, Utc, Weekday};

use super::kinds::{Calendar, ChangeType, Freeze, FreezeRule, System, Window};
use super::record::Record;
use super::time::{Date, Zone};
use super::vocabulary::system_value;

/// The most days that a timetable spans; what lies behind them is not expanded.
pub const MOST_DAYS: i64 = 3660;
/// A window lasts a week at most, so that one that opens earlier never reaches a day.
const LONGEST_WINDOW_DAYS: i64 = 8;

/// Calendars laid over a span of days.
#[derive(Clone, Debug)]
pub struct Timetable<'a> {
    zone: Zone,
    holidays: BTreeSet<Date>,
    openings: Vec<Opening<'a>>,
    freezes: Vec<Frozen<'a>>,
    last: Date,
}

/// One time at which a window is open.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    pub calendar: &'a Record<Calendar>,
    pub window: &'a Window,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// A freeze and the days of the span on which it is in force.
#[derive(Clone, Debug)]
struct Frozen<'a> {
    calendar: &'a Record<Calendar>,
    freeze: &'a Freeze,
    days: BTreeSet<Date>,
}

/// A freeze that is in force.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'a> {
    pub calendar: &'a Record<Calendar>,
    pub freeze: &'a Freeze,
}

impl<'a> Timetable<'a> {
    /// Lays calendars over the days from `first` to `last`; at most `MOST_DAYS` of them.
    ///
    /// Which calendars count is the caller's to say. The holidays of all of them are nobody's working day.
    pub fn new(
        calendars: impl IntoIterator<Item = &'a Record<Calendar>>,
        zone: Zone,
        first: Date,
        last: Date,
    ) -> Self {
        let calendars: Vec<&Record<Calendar>> = calendars.into_iter().collect();
        let last = last.min(first.plus_days(MOST_DAYS));
        let holidays = calendars.iter().flat_map(|calendar| &calendar.spec.holidays);
        let mut timetable = Self {
            zone,
            holidays: holidays.map(|day| day.value).collect(),
            openings: Vec::new(),
            freezes: Vec::new(),
            last,
        };
        for calendar in calendars {
            for freeze in &calendar.spec.freezes {
                let days = timetable.frozen_days(freeze, first.plus_days(-LONGEST_WINDOW_DAYS), last);
                timetable.freezes.push(Frozen {
                    calendar,
                    freeze,
                    days,
                });
            }
            for window in &calendar.spec.windows {
                timetable
                    .openings
                    .extend(openings(calendar, window, zone, first, last));
            }
        }
        timetable
            .openings
            .sort_by_key(|opening| (opening.start, opening.end, opening.window.id.value.clone()));
        timetable
    }

    /// Returns the last day that is laid out.
    pub fn last(&self) -> Date {
        self.last
    }

    /// Tells whether a day is neither Saturday, Sunday nor a holiday.
    pub fn is_working_day(&self, day: Date) -> bool {
        !matches!(day.0.weekday(), Weekday::Sat | Weekday::Sun) && !self.holidays.contains(&day)
    }

    /// Returns the working day that lies `days` working days after a day; after nought days the day itself.
    ///
    /// The day itself does not count, whether anybody works on it or not.
    pub fn plus_working_days(&self, day: Date, days: u32) -> Date {
        let mut found = day;
        for _ in 0..days {
            loop {
                let next = found.plus_days(1);
                // The calendar itself has an end.
                if next == found {
                    return found;
                }
                found = next;
                if self.is_working_day(found) {
                    break;
                }
            }
        }
        found
    }

    /// Returns the freezes that hold a System back on a day.
    pub fn freezes_on<'s>(
        &'s self,
        day: Date,
        system: &'s Record<System>,
    ) -> impl Iterator<Item = InForce<'a>> + 's {
        self.freezes
            .iter()
            .filter(move |frozen| frozen.days.contains(&day) && is_for(frozen.freeze, system))
            .map(|frozen| InForce {
                calendar: frozen.calendar,
                freeze: frozen.freeze,
            })
    }

    /// Lists the stretches of days on which freezes hold a System back: the first day and the last, by the first.
    pub fn stretches(&self, system: &Record<System>) -> Vec<(InForce<'a>, Date, Date)> {
        let mut found: Vec<(InForce<'a>, Date, Date)> = Vec::new();
        for frozen in self.freezes.iter().filter(|frozen| is_for(frozen.freeze, system)) {
            let in_force = InForce {
                calendar: frozen.calendar,
                freeze: frozen.freeze,
            };
            let mut stretch: Option<(Date, Date)> = None;
            for day in &frozen.days {
                match &mut stretch {
                    Some((_, last)) if last.plus_days(1) == *day => *last = *day,
                    Some((first, last)) => {
                        found.push((in_force, *first, *last));
                        stretch = Some((*day, *day));
                    }
                    None => stretch = Some((*day, *day)),
                }
            }
            found.extend(stretch.map(|(first, last)| (in_force, first, last)));
        }
        found.sort_by_key(|(_, first, last)| (*first, *last));
        found
    }

    /// Tells whether a System may be changed on a day by a Change of a type.
    pub fn is_free(&self, day: Date, system: &Record<System>, change: ChangeType) -> bool {
        self.freezes_on(day, system)
            .all(|in_force| in_force.freeze.exempt.contains(&change))
    }

    /// Returns the last day up to `due` on which a System may be changed; a due date never moves by a freeze.
    ///
    /// `None` where every day from `from` on is frozen.
    pub fn plan_by(
        &self,
        from: Date,
        due: Date,
        system: &Record<System>,
        change: ChangeType,
    ) -> Option<Date> {
        let days = due.days_since(from).min(MOST_DAYS);
        (0..=days)
            .map(|back| due.plus_days(-back))
            .find(|day| self.is_free(*day, system, change))
    }

    /// Walks the times at which a System may be changed, from a moment on, by their beginning.
    ///
    /// A window that is open at that moment has begun before it and is not among them. One that touches a frozen
    /// day is left out whole, unless the freeze exempts the type of Change.
    pub fn permitted<'s>(
        &'s self,
        system: &'s Record<System>,
        after: DateTime<Utc>,
        change: ChangeType,
    ) -> impl Iterator<Item = Opening<'a>> + 's {
        let begin = self.openings.partition_point(|opening| opening.start < after);
        self.openings[begin..]
            .iter()
            .copied()
            .filter(move |opening| opens_for(opening.window, system))
            .filter(move |opening| self.days_of(opening).all(|day| self.is_free(day, system, change)))
    }

    /// Tells whether any window is for a System.
    pub fn has_windows(&self, system: &Record<System>) -> bool {
        self.openings
            .iter()
            .any(|opening| opens_for(opening.window, system))
    }

    /// Tells whether a System may be changed at some time between two moments.
    pub fn is_open(
        &self,
        system: &Record<System>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        change: ChangeType,
    ) -> bool {
        // What opened before the first moment may be open still.
        let earliest =
            TimeDelta::try_days(LONGEST_WINDOW_DAYS).and_then(|days| from.checked_sub_signed(days));
        let mut permitted = self
            .permitted(system, earliest.unwrap_or(from), change)
            .take_while(|opening| opening.start < to);
        permitted.any(|opening| from < opening.end)
    }

    /// Returns the first time after a moment at which a System may be changed; `None` where the span has none.
    pub fn next_permitted(
        &self,
        system: &Record<System>,
        after: DateTime<Utc>,
        change: ChangeType,
    ) -> Option<Opening<'a>> {
        self.permitted(system, after, change).next()
    }

    /// The local days of the organisation that a window touches; its end is no longer part of it.
    fn days_of(&self, opening: &Opening<'_>) -> impl Iterator<Item = Date> + use<> {
        let first = self.zone.day_of(opening.start);
        let last = self.zone.day_of(opening.end - TimeDelta::seconds(1));
        (0..=last.days_since(first)).map(move |days| first.plus_days(days))
    }

    fn frozen_days(&self, freeze: &Freeze, first: Date, last: Date) -> BTreeSet<Date> {
        let mut days = BTreeSet::new();
        if let (Some(from), Some(to)) = (freeze.from, freeze.to) {
            let (from, to) = (from.value.max(first), to.value.min(last));
            days.extend((0..=to.days_since(from)).map(|count| from.plus_days(count)));
        }
        if let Some(rrule) = &freeze.rrule {
            days.extend(rrule.days(None, first, last));
        }
        if let Some(FreezeRule::LastWorkingDays) = freeze.rule {
            let count = freeze.count.unwrap_or(1);
            for month in months(first, last) {
                days.extend(self.last_working_days(month, count));
            }
            days.retain(|day| (first..=last).contains(day));
        }
        days
    }

    /// The last working days of the month that begins on a day.
    fn last_working_days(&self, month: Date, count: u32) -> Vec<Date> {
        let end = next_month(month).plus_days(-1);
        (0..=end.days_since(month))
            .map(|back| end.plus_days(-back))
            .filter(|day| self.is_working_day(*day))
            .take(usize::try_from(count).unwrap_or(usize::MAX))
            .collect()
    }
}

/// A freeze without a selector is for all.
fn is_for(freeze: &Freeze, system: &Record<System>) -> bool {
    let selector = freeze.systems.as_ref();
    selector.is_none_or(|selector| selector.0.holds(&|name| system_value(system, name)))
}

/// The window that a System names is its only one; without a name each counts whose selector holds.
fn opens_for(window: &Window, system: &Record<System>) -> bool {
    match &system.spec.window {
        Some(named) => named == window.id.as_str(),
        None => window
            .systems
            .as_ref()
            .is_some_and(|selector| selector.0.holds(&|name| system_value(system, name))),
    }
}

fn openings<'a>(
    calendar: &'a Record<Calendar>,
    window: &'a Window,
    zone: Zone,
    first: Date,
    last: Date,
) -> Vec<Opening<'a>> {
    let own = window.timezone.as_ref().map(|name| Zone::named(&name.value));
    // A zone that is none is an error of its own, and its window never opens.
    let Some(zone) = own.unwrap_or(Some(zone)) else {
        return Vec::new();
    };
    let from = window.from.map(|from| from.value);
    let days = window
        .rrule
        .days(from, first.plus_days(-LONGEST_WINDOW_DAYS), last);
    days.into_iter()
        .filter_map(|day| {
            let start = opens_at(zone, day, window)?;
            let end = start + TimeDelta::minutes(i64::from(window.duration.minutes()));
            Some(Opening {
                calendar,
                window,
                start,
                end,
            })
        })
        .collect()
}

/// The moment at which a window opens on a day.
///
/// Of a wall time that comes twice the first counts; one that a clock change skips is the end of the gap, to the
/// minute. `None` only where a zone skips more than a day.
fn opens_at(zone: Zone, day: Date, window: &Window) -> Option<DateTime<Utc>> {
    const MOST_MINUTES: i64 = 1500;
    let wall = day.0.and_time(window.at.0);
    (0..=MOST_MINUTES).find_map(|minutes| {
        match zone.0.from_local_datetime(&(wall + TimeDelta::minutes(minutes))) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => {
                Some(moment.with_timezone(&Utc))
            }
            LocalResult::None => None,
        }
    })
}

/// The first days of the months that a span touches.
fn months(first: Date, last: Date) -> Vec<Date> {
    let begin = first.0.with_day(1).map_or(first, Date);
    let count = usize::try_from(MOST_DAYS / 28).unwrap_or(usize::MAX);
    std::iter::successors(Some(begin), |month| Some(next_month(*month)))
        .take_while(|month| *month <= last)
        .take(count)
        .collect()
}

fn next_month(month: Date) -> Date {
    let (year, number) = match month.0.month() {
        12 => (month.year() + 1, 1),
        number => (month.year(), number + 1),
    };
    NaiveDate::from_ymd_opt(year, number, 1).map_or(Date(NaiveDate::MAX), Date)
}
