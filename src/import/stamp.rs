//! Points in time as exports write them.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};

use crate::model::{DateOrder, Stamp};

/// A point in time as it is written, before the order of day and month is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Written {
    Sure(Stamp),
    /// Two numbers that may be day and month either way.
    Either {
        first: u32,
        second: u32,
        year: i32,
        time: Option<NaiveTime>,
    },
}

/// Reads the notations of exports; `None` for anything else.
///
/// These are RFC 3339, `2026-02-03 07:00`, `2026/02/03`, `05/13/2021 07:08:28` in either order,
/// `13.05.2021`, `Feb 03, 2026 07:00 AM`, `04 Feb 2026 10:00AM`, `Feb 9, 2024 10:48:42 UTC`,
/// `Wed Mar 23 14:31:51 2022` and `20131127T050242739`.
pub(super) fn read(text: &str) -> Option<Written> {
    let text = text.trim();
    if text.len() > 64 || !text.is_ascii() {
        return None;
    }
    let bytes = text.as_bytes();
    if bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && matches!(bytes[4], b'-' | b'/') {
        return read_year_first(text).map(Written::Sure);
    }
    if bytes.get(8) == Some(&b'T') && bytes[..8].iter().all(u8::is_ascii_digit) {
        return read_compact(text).map(Written::Sure);
    }
    if bytes
        .get(1..3)
        .is_some_and(|part| part.iter().any(|byte| b"/.-".contains(byte)))
    {
        return read_numbers(text);
    }
    read_words(text).map(Written::Sure)
}

/// Reads a count of seconds since 1970, as scanners write them.
pub(super) fn epoch(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let is_count = !text.is_empty() && text.len() <= 11 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| is_count)?;
    DateTime::from_timestamp(seconds, 0).map(Stamp::At)
}

/// Reads a count of seconds since 1970 with a fraction, from 1970 to 2100.
pub(super) fn epoch_seconds(seconds: f64) -> Option<Stamp> {
    let is_time = (0.0..4_102_444_800.0).contains(&seconds);
    let nanos = ((seconds.fract() * 1e6).round() * 1e3).min(999_999_000.0);
    is_time
        .then(|| DateTime::from_timestamp(seconds as i64, nanos as u32))
        .flatten()
        .map(Stamp::At)
}

/// Returns which order a date shows; `None` when it would be a date either way, or is the same either way.
pub(super) fn order_of(written: Written) -> Option<DateOrder> {
    match written {
        Written::Either { first, second, .. } if first > 12 && second <= 12 => Some(DateOrder::DayFirst),
        Written::Either { first, second, .. } if first <= 12 && second > 12 => Some(DateOrder::MonthFirst),
        Written::Either { .. } | Written::Sure(_) => None,
    }
}

/// Settles the order of day and month; `None` when there is no such day in that order.
pub(super) fn settle(written: Written, order: DateOrder) -> Option<Stamp> {
    match written {
        Written::Sure(stamp) => Some(stamp),
        Written::Either {
            first,
            second,
            year,
            time,
        } => {
            let (month, day) = match order {
                DateOrder::DayFirst => (second, first),
                DateOrder::MonthFirst => (first, second),
            };
            let date = NaiveDate::from_ymd_opt(year, month, day)?;
            Some(time.map_or(Stamp::Day(date), |time| Stamp::Wall(date.and_time(time))))
        }
    }
}

/// Gives a wall time the offset that the export states elsewhere.
pub(super) fn at_offset(stamp: Stamp, offset: Option<FixedOffset>) -> Stamp {
    match (stamp, offset) {
        (Stamp::Wall(wall), Some(offset)) => offset
            .from_local_datetime(&wall)
            .single()
            .map_or(stamp, |time| Stamp::At(time.with_timezone(&Utc))),
        (Stamp::At(_) | Stamp::Day(_), Some(_)) | (_, None) => stamp,
    }
}

/// Finds `GMT-0500` in a text, or `GMT` at its end; returns what stands before it and the offset.
pub(super) fn split_offset(text: &str) -> Option<(&str, FixedOffset)> {
    let (before, after) = text.split_once("GMT")?;
    let before = before.trim_end_matches(['(', ' ']);
    if !before.is_empty() && matches!(after.trim(), "" | ")") {
        return Some((before, FixedOffset::east_opt(0)?));
    }
    let digits: String = after
        .trim()
        .chars()
        .filter(char::is_ascii_digit)
        .take(4)
        .collect();
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..4)?.parse().ok()?;
    let sign = match after.trim().bytes().next()? {
        b'-' => -1,
        b'+' => 1,
        _ => return None,
    };
    let offset = FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))?;
    Some((before, offset))
}

/// Keeps the later of two times; those with an offset count over those without.
pub(super) fn keep_latest(kept: &mut Option<Stamp>, found: Stamp) {
    let key = |stamp: Stamp| match stamp {
        Stamp::At(instant) => (2, instant.naive_utc()),
        Stamp::Wall(wall) => (1, wall),
        Stamp::Day(day) => (0, day.and_time(NaiveTime::MIN)),
    };
    if kept.is_none_or(|kept| key(found) > key(kept)) {
        *kept = Some(found);
    }
}

fn read_year_first(text: &str) -> Option<Stamp> {
    let date = date_of(text.get(..4)?, text.get(5..7)?, text.get(8..10)?)?;
    if text.as_bytes()[7] != text.as_bytes()[4] {
        return None;
    }
    let rest = &text[10..];
    if rest.is_empty() {
        return Some(Stamp::Day(date));
    }
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    if let Some(clock) = clock
        .strip_suffix(['Z', 'z'])
        .or_else(|| clock.strip_suffix(" UTC"))
    {
        return Some(Stamp::At(date.and_time(read_time(clock)?).and_utc()));
    }
    let Some(sign) = clock.rfind(['+', '-']) else {
        return Some(Stamp::Wall(date.and_time(read_time(clock)?)));
    };
    let digits = clock[sign + 1..].replace(':', "");
    let hours: i32 = digits.get(..2).filter(|_| digits.len() == 4)?.parse().ok()?;
    let seconds = hours * 3600 + digits[2..].parse::<i32>().ok().filter(|minutes| *minutes < 60)? * 60;
    let offset = FixedOffset::east_opt(if clock.as_bytes()[sign] == b'-' {
        -seconds
    } else {
        seconds
    })?;
    let local = date.and_time(read_time(clock[..sign].trim_end())?);
    offset
        .from_local_datetime(&local)
        .single()
        .map(|time| Stamp::At(time.with_timezone(&Utc)))
}

/// Reads `20131127T050242` with any digits of a fraction after it, and a `Z` where there is one.
fn read_compact(text: &str) -> Option<Stamp> {
    let date = date_of(text.get(..4)?, text.get(4..6)?, text.get(6..8)?)?;
    let clock = &text[9..];
    let digits = clock.trim_end_matches('Z');
    let (hour, minute, second) = (digits.get(..2)?, digits.get(2..4)?, digits.get(4..6)?);
    let fraction = digits[6..].trim_start_matches('.');
    let time = read_time(&format!("{hour}:{minute}:{second}.{fraction}"))?;
    let wall = date.and_time(time);
    Some(match clock.len() - digits.len() {
        0 => Stamp::Wall(wall),
        1 => Stamp::At(wall.and_utc()),
        _ => return None,
    })
}

fn read_numbers(text: &str) -> Option<Written> {
    let (date, time) = text
        .split_once(' ')
        .map_or((text, None), |(date, time)| (date, Some(time)));
    let mark = date
        .as_bytes()
        .iter()
        .copied()
        .find(|byte| !byte.is_ascii_digit())?;
    let mut parts = date.split(char::from(mark));
    let (first, second, year) = (
        number(parts.next()?, 2)?,
        number(parts.next()?, 2)?,
        parts.next()?,
    );
    let year = number(year, 4).filter(|_| year.len() == 4)?.cast_signed();
    let time = match time {
        Some(time) => Some(read_time(time.trim().trim_start_matches("at ").trim())?),
        None => None,
    };
    if parts.next().is_some() || first == 0 || second == 0 || (first > 12 && second > 12) {
        return None;
    }
    let written = Written::Either {
        first,
        second,
        year,
        time,
    };
    if mark == b'.' || first == second {
        return settle(written, DateOrder::DayFirst).map(Written::Sure);
    }
    NaiveDate::from_ymd_opt(year, 1, first.max(second)).map(|_| written)
}

fn read_words(text: &str) -> Option<Stamp> {
    if let Some(text) = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")) {
        return match read_words(text)? {
            Stamp::Wall(wall) => Some(Stamp::At(wall.and_utc())),
            Stamp::At(_) | Stamp::Day(_) => None,
        };
    }
    let (mut month, mut day, mut year, mut time) = (None, None, None, None);
    let mut parts = text.split([' ', ',']).filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let slot_is_free = if part.contains(':') {
            let half =
                parts.next_if(|next| next.eq_ignore_ascii_case("AM") || next.eq_ignore_ascii_case("PM"));
            time.replace(read_time(&format!("{part}{}", half.unwrap_or_default()))?)
                .is_none()
        } else if part.bytes().all(|byte| byte.is_ascii_digit()) {
            let slot = if part.len() == 4 { &mut year } else { &mut day };
            slot.replace(number(part, 4)?).is_none()
        } else if let Some(number) = month_of(part) {
            month.replace(number).is_none()
        } else {
            WEEKDAYS.iter().any(|weekday| weekday.eq_ignore_ascii_case(part))
        };
        if !slot_is_free {
            return None;
        }
    }
    let date = NaiveDate::from_ymd_opt(year?.cast_signed(), month?, day?)?;
    Some(time.map_or(Stamp::Day(date), |time| {
        Stamp::Wall(NaiveDateTime::new(date, time))
    }))
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

fn month_of(word: &str) -> Option<u32> {
    (1..)
        .zip(MONTHS)
        .find(|(_, month)| month.eq_ignore_ascii_case(word))
        .map(|(number, _)| number)
}

fn date_of(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(number(year, 4)?.cast_signed(), number(month, 2)?, number(day, 2)?)
}

fn number(digits: &str, most: usize) -> Option<u32> {
    let is_number =
        !digits.is_empty() && digits.len() <= most && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

/// Reads `14:31`, `14:31:51`, `14:31:51.12031` and `07:00 AM`.
fn read_time(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    let half = text
        .len()
        .checked_sub(2)
        .and_then(|at| text.get(at..))
        .filter(|half| half.ends_with(['M', 'm']));
    let clock = half.map_or(text, |half| text[..text.len() - half.len()].trim_end());
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = whole.split(':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |second| number(second, 2))?;
    let hour = match half {
        None => hour,
        Some(_) if hour == 0 || hour > 12 => return None,
        Some(half) if half.eq_ignore_ascii_case("AM") => hour % 12,
        Some(half) if half.eq_ignore_ascii_case("PM") => hour % 12 + 12,
        Some(_) => return None,
    };
    let digits = fraction.get(..fraction.len().min(9))?;
    let is_number = parts.next().is_none() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let places = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = places.fold(0, |nanos, digit| nanos * 10 + u32::from(digit & 15));
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanos).filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::{Written, at_offset, epoch, order_of, read, settle, split_offset};
    use crate::model::{DateOrder, Stamp};

    fn show(stamp: Stamp) -> String {
        match stamp {
            Stamp::At(instant) => instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
            Stamp::Wall(wall) => wall.to_string(),
            Stamp::Day(day) => day.to_string(),
        }
    }

    #[test]
    fn notations_of_exports_are_read() {
        let rows = [
            ("2021-03-12T12:34:30.12031+00:00", "2021-03-12T12:34:30.120310Z"),
            ("2021-08-25T12:20:30.000000005Z", "2021-08-25T12:20:30.000000005Z"),
            ("2026-05-18T00:00:00+0000", "2026-05-18T00:00:00Z"),
            ("2026-01-01T00:30:00+02:00", "2025-12-31T22:30:00Z"),
            ("2024-09-16 04:00:30", "2024-09-16 04:00:30"),
            ("2024/09/16", "2024-09-16"),
            ("Wed Mar 23 14:31:51 2022", "2022-03-23 14:31:51"),
            ("Fri Dec  1 02:57:52 2009", "2009-12-01 02:57:52"),
            ("Feb 03, 2026 07:00 AM", "2026-02-03 07:00:00"),
            ("Feb 03, 2026 12:00 PM", "2026-02-03 12:00:00"),
            ("04 Feb 2026 12:05AM", "2026-02-04 00:05:00"),
            ("Feb 9, 2024 10:48:42 UTC", "2024-02-09T10:48:42Z"),
            ("20131127T050242739", "2013-11-27 05:02:42.739"),
            ("20131127T050242", "2013-11-27 05:02:42"),
            ("20131127T050242.5Z", "2013-11-27T05:02:42.500Z"),
            ("13.05.2021 07:08", "2021-05-13 07:08:00"),
            ("05/05/2021 07:08:28", "2021-05-05 07:08:28"),
        ];
        for (text, expected) in rows {
            let Some(Written::Sure(stamp)) = read(text) else {
                panic!("{text}")
            };
            assert_eq!(show(stamp), expected, "{text}");
        }
        assert_eq!(
            epoch("1648042311").map(show).as_deref(),
            Some("2022-03-23T13:31:51Z")
        );
        assert_eq!(
            super::epoch_seconds(1_648_042_311.25).map(show).as_deref(),
            Some("2022-03-23T13:31:51.250Z")
        );
        for junk in [-1.0, f64::NAN, 1e12] {
            assert_eq!(super::epoch_seconds(junk), None, "{junk}");
        }
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        let rows = [
            "",
            "-",
            "never",
            "2021-02-30",
            "20210230T050242",
            "20131127T0502",
            "20131127T050242739ZZ",
            "20131127T05024x",
            "Feb 9, 2024 10:48:42 EST",
            "Feb 9, 2024 10:48:42 UTC UTC",
            "Feb 9, 2024 UTC",
            "2021-2-3",
            "13/13/2021",
            "00/01/2021",
            "1/2/21",
            "1/2/3/2021",
            "32/01/2021",
            "2021-01-01T25:00:00Z",
            "2021-01-01Tx",
            "Feb 2026",
            "Feb 03 Feb 2026",
            "Foo 03, 2026",
            "Feb 03, 2026 13:00 AM",
            "2021-01/01",
            "01/01/2021 7",
            "1990-1sdfsdfsdfZ",
            "Feb 03, 2026 07:00 AM 08:00",
        ];
        for text in rows {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_order_of_day_and_month_is_never_guessed() {
        assert_eq!(
            order_of(read("05/13/2021 07:08:28").unwrap()),
            Some(DateOrder::MonthFirst)
        );
        assert_eq!(
            order_of(read("22/09/2022 13:01").unwrap()),
            Some(DateOrder::DayFirst)
        );
        let either = read("03/04/2022 13:01").unwrap();
        assert_eq!(order_of(either), None);
        assert_eq!(
            settle(either, DateOrder::DayFirst).map(show).as_deref(),
            Some("2022-04-03 13:01:00")
        );
        assert_eq!(
            settle(either, DateOrder::MonthFirst).map(show).as_deref(),
            Some("2022-03-04 13:01:00")
        );
        assert_eq!(settle(read("22/09/2022").unwrap(), DateOrder::MonthFirst), None);
    }

    #[test]
    fn an_offset_in_the_preamble_is_found() {
        let (before, offset) = split_offset("04 Feb 2026 10:00AM GMT-0500").unwrap();
        let Some(Written::Sure(wall)) = read(before) else {
            panic!("{before}")
        };
        assert_eq!(show(at_offset(wall, Some(offset))), "2026-02-04T15:00:00Z");
        assert_eq!(
            split_offset("10/01/2026 at 06:12:33 (GMT+0530)").unwrap().0,
            "10/01/2026 at 06:12:33"
        );
        let (before, offset) = split_offset("10/01/2026 at 06:12:33 (GMT)").unwrap();
        assert_eq!((before, offset.local_minus_utc()), ("10/01/2026 at 06:12:33", 0));
        assert!(split_offset("GMT").is_none());
        assert!(split_offset("the GMT report").is_none());
    }
}
