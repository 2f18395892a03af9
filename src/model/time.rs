//! Dates, instants and the organisation's zone.
//!
//! Instants are UTC; a date is a local day in the organisation's zone and lasts to 23:59:59 of that
//! day. Source: reconciliation semantics, time rules.

use chrono::{
    DateTime, Datelike as _, Days, FixedOffset, LocalResult, Months, NaiveDate, NaiveDateTime, TimeDelta,
    TimeZone as _, Utc,
};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::observation::Stamp;

/// A local day, written `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct Date(pub NaiveDate);

impl Date {
    /// Counts the days from an earlier day to this one; negative when it lies before.
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).num_days()
    }

    /// Returns the day that lies `days` later; at the end of the calendar it stays there.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        let moved = if days >= 0 {
            self.0.checked_add_days(Days::new(days.unsigned_abs()))
        } else {
            self.0.checked_sub_days(Days::new(days.unsigned_abs()))
        };
        Self(moved.unwrap_or(if days >= 0 { NaiveDate::MAX } else { NaiveDate::MIN }))
    }

    /// Returns the month, 1 to 12.
    pub fn month(self) -> u32 {
        self.0.month()
    }

    /// Returns the first day of its month.
    pub fn first_of_month(self) -> Self {
        Self(self.0.with_day(1).unwrap_or(self.0))
    }

    /// Returns the day so many months later, the last of its month where the month is shorter.
    pub fn plus_months(self, months: u32) -> Self {
        Self(self.0.checked_add_months(Months::new(months)).unwrap_or(self.0))
    }

    /// Returns the year.
    pub fn year(self) -> i32 {
        self.0.year()
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = (self.0.year(), self.0.month(), self.0.day());
        // As chrono writes it: a year beyond four digits has its sign.
        if (0..=9999).contains(&year) {
            write!(formatter, "{year:04}-{month:02}-{day:02}")
        } else {
            write!(formatter, "{year:+05}-{month:02}-{day:02}")
        }
    }
}

/// Reads `YYYY-MM-DD` and nothing else.
pub fn parse_date(text: &str) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number: u32, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?).map(Date)
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_date(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a date; write `YYYY-MM-DD`")))
    }
}

impl JsonSchema for Date {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date" })
    }
}

/// A moment with its offset, as RFC 3339 writes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(transparent)]
pub struct Instant(pub DateTime<FixedOffset>);

impl Instant {
    /// Returns the moment in UTC.
    pub fn utc(self) -> DateTime<Utc> {
        self.0.with_timezone(&Utc)
    }
}

impl std::fmt::Display for Instant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

/// Reads an RFC 3339 instant with its offset and the letter `T`.
pub fn parse_instant(text: &str) -> Option<Instant> {
    if text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(Instant)
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_instant(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is not an instant; write `2026-09-30T12:00:00Z`"
            ))
        })
    }
}

impl JsonSchema for Instant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A zone of the IANA database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Zone(pub Tz);

impl Zone {
    /// Finds a zone by its name, such as `Europe/Berlin`.
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// Returns the local day of a moment.
    pub fn day_of(self, instant: DateTime<Utc>) -> Date {
        Date(instant.with_timezone(&self.0).date_naive())
    }

    /// Returns 23:59:59 of a local day.
    ///
    /// Where the clock jumps at midnight that wall time may come twice or never; the last second
    /// before the next local day begins is right in each case.
    pub fn end_of_day(self, day: Date) -> DateTime<Tz> {
        self.start_of_day(day.plus_days(1)) - TimeDelta::seconds(1)
    }

    /// Returns the first moment of a local day.
    pub fn start_of_day(self, day: Date) -> DateTime<Tz> {
        let midnight = day.0.and_time(chrono::NaiveTime::MIN);
        match self.0.from_local_datetime(&midnight) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant,
            LocalResult::None => self.after_gap(midnight),
        }
    }

    /// Reads a wall time in this zone; of a doubled hour the earlier one, of a skipped hour its end.
    pub fn resolve(self, wall: NaiveDateTime) -> DateTime<Utc> {
        match self.0.from_local_datetime(&wall) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant.with_timezone(&Utc),
            LocalResult::None => self.after_gap(wall).with_timezone(&Utc),
        }
    }

    /// Resolves a stamp of an export in this zone; a day begins at its first moment.
    pub fn instant(self, stamp: Stamp) -> DateTime<Utc> {
        match stamp {
            Stamp::At(instant) => instant,
            Stamp::Wall(wall) => self.resolve(wall),
            Stamp::Day(day) => self.start_of_day(Date(day)).with_timezone(&Utc),
        }
    }

    /// Writes a moment in whole seconds of this zone, with its offset.
    pub fn text(self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.0);
        local.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
    }

    /// A gap is never longer than a day; it is left in steps of a quarter of an hour.
    fn after_gap(self, wall: NaiveDateTime) -> DateTime<Tz> {
        (1..=100)
            .find_map(|step| {
                self.0
                    .from_local_datetime(&(wall + TimeDelta::minutes(15 * step)))
                    .earliest()
            })
            .unwrap_or_else(|| self.0.from_utc_datetime(&wall))
    }
}

/// Writes a moment as UTC in whole seconds, such as `2026-09-30T21:59:59Z`.
pub fn utc_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The moment for which everything is judged, in the organisation's zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AsOf {
    instant: DateTime<Utc>,
    zone: Zone,
}

impl AsOf {
    /// Judges at a moment.
    pub fn new(instant: DateTime<Utc>, zone: Zone) -> Self {
        Self { instant, zone }
    }

    /// Judges at the end of a local day.
    pub fn end_of(day: Date, zone: Zone) -> Self {
        Self {
            instant: zone.end_of_day(day).with_timezone(&Utc),
            zone,
        }
    }

    /// Returns the moment in UTC.
    pub fn instant(self) -> DateTime<Utc> {
        self.instant
    }

    /// Returns the organisation's zone.
    pub fn zone(self) -> Zone {
        self.zone
    }

    /// Writes a moment in whole seconds of the organisation's zone, with its offset.
    pub fn text(self, at: DateTime<Utc>) -> String {
        self.zone.text(at)
    }

    /// Returns the local day.
    pub fn day(self) -> Date {
        self.zone.day_of(self.instant)
    }

    /// Tells whether a day that lasts to its end has passed.
    pub fn is_past(self, day: Date) -> bool {
        self.day() > day
    }
}

impl std::fmt::Display for AsOf {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text(self.instant))
    }
}

#[cfg(test)]
mod tests {
    use super::{AsOf, Zone, parse_date, parse_instant};

    #[test]
    fn a_day_ends_at_the_last_second_before_the_next_in_every_zone() {
        let rows = [
            ("Europe/Berlin", "2026-09-30", "2026-09-30T23:59:59+02:00"),
            ("Europe/Berlin", "2026-10-25", "2026-10-25T23:59:59+01:00"),
            ("UTC", "2024-02-29", "2024-02-29T23:59:59+00:00"),
            ("Asia/Kathmandu", "2026-01-01", "2026-01-01T23:59:59+05:45"),
            // Midnight does not exist on the next day: the clock jumps from 00:00 to 01:00.
            ("Africa/Cairo", "2026-04-23", "2026-04-23T23:59:59+02:00"),
            // 23:00 to 24:00 comes twice; the day ends with the second one.
            ("Africa/Cairo", "2026-10-29", "2026-10-29T23:59:59+02:00"),
            ("Pacific/Apia", "2011-12-29", "2011-12-29T23:59:59-10:00"),
        ];
        for (zone, day, expected) in rows {
            let end = AsOf::end_of(parse_date(day).unwrap(), Zone::named(zone).unwrap());
            assert_eq!(end.to_string(), expected, "{zone} {day}");
        }
    }

    #[test]
    fn dates_and_instants_have_one_form() {
        for bad in [
            "2026-9-30",
            "2026-02-30",
            "20260930",
            "2026-09-30 ",
            "30.09.2026",
            "2026-09-30T00:00:00Z",
            "+026-01-01",
        ] {
            assert!(parse_date(bad).is_none(), "{bad}");
        }
        for bad in [
            "2026-09-30",
            "2026-09-30 10:00:00Z",
            "2026-09-30T10:00:00",
            "2026-09-30T25:00:00Z",
        ] {
            assert!(parse_instant(bad).is_none(), "{bad}");
        }
        assert!(parse_instant("2026-09-30T10:00:00.5+02:00").is_some());
    }
}
