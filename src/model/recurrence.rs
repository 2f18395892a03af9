//! Days that come again: the part of RFC 5545's recurrence rules that names days, read once and bounded.
//!
//! A rule names local days and never times: a window has its own `at`, so that a rule is expanded in UTC and no
//! clock change can move a day.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime, TimeZone as _};
use rrule::{RRule, RRuleSet, Tz, Unvalidated};
use serde::Deserialize;

use super::time::Date;

/// The longest text of a rule, in bytes.
const MAX_LENGTH: usize = 200;
/// The parts that a rule may have beside `FREQ`.
const PARTS: [&str; 10] = [
    "BYDAY",
    "BYMONTH",
    "BYMONTHDAY",
    "BYSETPOS",
    "BYWEEKNO",
    "BYYEARDAY",
    "COUNT",
    "INTERVAL",
    "UNTIL",
    "WKST",
];
const FREQUENCIES: [&str; 4] = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];
/// More than a century of days: no walk along a rule is longer.
const MOST_DAYS: usize = 40_000;
/// Where the search for a first day begins; a leap year with every weekday on every date within 28 years.
const SEARCH_FROM: i32 = 2000;

/// A rule by which days come again, such as `FREQ=WEEKLY;BYDAY=SU`.
#[derive(Clone, PartialEq, Debug)]
pub struct Recurrence {
    text: String,
    /// Without its end, which is kept apart.
    rule: RRule<Unvalidated>,
    /// The last day that it may name.
    until: Option<Date>,
    counts_from: bool,
}

impl Recurrence {
    /// Reads a rule; the message says what is wrong and what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = split(text)?;
        let until = parts.remove("UNTIL").map(until).transpose()?;
        if until.is_some() && parts.contains_key("COUNT") {
            return Err("it has both `UNTIL` and `COUNT`; keep one of them".into());
        }
        let joined: Vec<String> = parts
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let rule: RRule<Unvalidated> = joined
            .join(";")
            .parse()
            .map_err(|error: rrule::RRuleError| error.to_string())?;
        if rule.get_interval() == 0 {
            return Err("`INTERVAL=0` never moves on; write 1 or more".into());
        }
        if rule.get_count() == Some(0) {
            return Err("`COUNT=0` names no day; write 1 or more".into());
        }
        let recurrence = Self {
            text: text.to_owned(),
            counts_from: counts_from(&parts),
            rule,
            until,
        };
        if recurrence.names_a_day()? {
            Ok(recurrence)
        } else {
            Err("it names no day at all, such as 30 February; write a rule that some day fits".into())
        }
    }

    /// Returns the rule as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Tells whether the days depend on where the rule begins: an interval, a count, or no day of its own.
    pub fn counts_from(&self) -> bool {
        self.counts_from
    }

    /// Returns the last day that the rule itself allows.
    pub fn until(&self) -> Option<Date> {
        self.until
    }

    /// Returns the days of the rule from `first` to `last`, both included, by date.
    ///
    /// `from` is where it begins; without it the rule has no beginning. A rule that counts from a day and has
    /// none, which loading refuses, counts from 1 January of the year before `first`.
    pub fn days(&self, from: Option<Date>, first: Date, last: Date) -> Vec<Date> {
        let Some(new_year) = NaiveDate::from_ymd_opt(first.year() - 1, 1, 1) else {
            return Vec::new();
        };
        let start = from.unwrap_or(Date(new_year));
        let last = self.until.map_or(last, |until| until.min(last));
        if last < start || last < first {
            return Vec::new();
        }
        let rule = self.rule.clone().until(midnight(last));
        let Ok(rule) = rule.validate(midnight(start)) else {
            return Vec::new();
        };
        set(start, rule)
            .into_iter()
            .take(MOST_DAYS)
            .map(|moment| Date(moment.date_naive()))
            .skip_while(|day| *day < first)
            .take_while(|day| *day <= last)
            .collect()
    }

    fn names_a_day(&self) -> Result<bool, String> {
        let start = NaiveDate::from_ymd_opt(SEARCH_FROM, 1, 1).map_or(Date(NaiveDate::MIN), Date);
        let rule = self.rule.clone().validate(midnight(start));
        let rule = rule.map_err(|error| error.to_string())?;
        Ok(set(start, rule).into_iter().next().is_some())
    }
}

fn midnight(day: Date) -> chrono::DateTime<Tz> {
    Tz::UTC.from_utc_datetime(&day.0.and_time(NaiveTime::MIN))
}

/// The limit stops a walk on which no day fits.
fn set(start: Date, rule: RRule) -> RRuleSet {
    RRuleSet::new(midnight(start)).rrule(rule).limit()
}

fn split(text: &str) -> Result<BTreeMap<&str, &str>, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("it is longer than {MAX_LENGTH} bytes"));
    }
    let mut parts: BTreeMap<&str, &str> = BTreeMap::new();
    for part in text.split(';') {
        let plain = part
            .split_once('=')
            .filter(|(name, value)| is_plain(name) && is_plain(value));
        let Some((name, value)) = plain else {
            let part = part.escape_debug();
            return Err(format!(
                "`{part}` is not `NAME=VALUE` in capital letters and digits"
            ));
        };
        if matches!(name, "BYHOUR" | "BYMINUTE" | "BYSECOND") {
            return Err(format!(
                "`{name}` names a time; a rule names days, the time is `at`"
            ));
        }
        if name != "FREQ" && !PARTS.contains(&name) {
            return Err(format!(
                "`{name}` is no part of a rule here; parts are FREQ, {}",
                PARTS.join(", ")
            ));
        }
        if name.starts_with("BY") && value.split(',').any(is_nought) {
            return Err(format!("`{name}` counts from 1, or from -1 at the end"));
        }
        if parts.insert(name, value).is_some() {
            return Err(format!("`{name}` is there twice"));
        }
    }
    let chooses = parts.contains_key("BYSETPOS");
    let is_choice = |name: &&str| name.starts_with("BY") && *name != "BYSETPOS";
    if chooses && !parts.keys().any(is_choice) {
        return Err("`BYSETPOS` chooses among days that nothing names; add `BYDAY` or `BYMONTHDAY`".into());
    }
    let frequency = parts.get("FREQ").copied().unwrap_or_default();
    if !FREQUENCIES.contains(&frequency) {
        return Err(format!(
            "`FREQ` is `{frequency}`; it is one of {}",
            FREQUENCIES.join(", ")
        ));
    }
    Ok(parts)
}

fn is_nought(number: &str) -> bool {
    number.parse::<i64>().is_ok_and(|number| number == 0)
}

fn is_plain(value: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b',' | b'+' | b'-');
    !value.is_empty() && value.bytes().all(allowed)
}

/// Reads `20271231` or `20271231T220000Z`; of a moment the day in UTC counts.
fn until(text: &str) -> Result<Date, String> {
    let fault = || format!("`UNTIL={text}` is no day; write it as `UNTIL=20271231`");
    let day = text.get(..8).ok_or_else(fault)?;
    let rest = &text[8..];
    let is_moment = rest.len() == 8
        && rest.starts_with('T')
        && rest.ends_with('Z')
        && rest[1..7].bytes().all(|byte| byte.is_ascii_digit());
    if !(rest.is_empty() || is_moment) || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault());
    }
    NaiveDate::parse_from_str(day, "%Y%m%d")
        .map(Date)
        .map_err(|_| fault())
}

fn counts_from(parts: &BTreeMap<&str, &str>) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| parts.contains_key(name));
    let names_days = match parts.get("FREQ").copied() {
        Some("WEEKLY") => has(&["BYDAY"]),
        Some("MONTHLY") => has(&["BYDAY", "BYMONTHDAY"]),
        Some("YEARLY") => has(&["BYDAY", "BYMONTHDAY", "BYYEARDAY"]),
        _ => true,
    };
    let steps = parts.get("INTERVAL").is_some_and(|interval| *interval != "1");
    steps || parts.contains_key("COUNT") || !names_days
}

impl std::fmt::Display for Recurrence {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Recurrence {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .map_err(|fault| serde::de::Error::custom(format!("the rule cannot be used: {fault}")))
    }
}

impl schemars::JsonSchema for Recurrence {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Recurrence".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX_LENGTH })
    }
}

/// A time of day on the wall, written `HH:MM`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TimeOfDay(pub NaiveTime);

impl TimeOfDay {
    const PATTERN: &'static str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";

    /// Reads `HH:MM` and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let is_form = text.len() == 5 && text.as_bytes()[2] == b':';
        let (hours, minutes) = text.split_once(':').filter(|_| is_form)?;
        let digits = |part: &str| {
            part.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| part.parse().ok())?
        };
        NaiveTime::from_hms_opt(digits(hours)?, digits(minutes)?, 0).map(Self)
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0.format("%H:%M"))
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no time of day; write `01:00`")))
    }
}

impl schemars::JsonSchema for TimeOfDay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": Self::PATTERN })
    }
}

/// A span of time, written as ISO 8601 does: `PT4H`, `PT90M`, `PT1H30M`, `P1D`; a day is 24 hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Duration {
    minutes: u32,
}

impl Duration {
    const PATTERN: &'static str = "^P([1-7]D)?(T([0-9]{1,3}H)?([0-9]{1,4}M)?)?$";
    /// A window of more than a week is none.
    const MOST_MINUTES: u32 = 7 * 24 * 60;

    /// Reads a span of at least a minute and at most seven days.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('P')?;
        let (days, times) = rest.split_once('T').unwrap_or((rest, ""));
        if rest.ends_with('T') {
            return None;
        }
        let (days, left) = amount(days, 'D')?;
        let (hours, times) = amount(times, 'H')?;
        let (minutes, ending) = amount(times, 'M')?;
        if !left.is_empty() || !ending.is_empty() {
            return None;
        }
        let minutes = days * 24 * 60 + hours * 60 + minutes;
        (1..=Self::MOST_MINUTES)
            .contains(&minutes)
            .then_some(Self { minutes })
    }

    /// Returns the minutes that pass.
    pub fn minutes(self) -> u32 {
        self.minutes
    }
}

/// Reads a number of at most four digits before a letter; nothing is nought.
fn amount(text: &str, unit: char) -> Option<(u32, &str)> {
    let Some((number, rest)) = text.split_once(unit) else {
        return Some((0, text));
    };
    let is_number = (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Some((number.parse().ok()?, rest)))?
}

impl std::fmt::Display for Duration {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.minutes / 60, self.minutes % 60) {
            (hours, 0) => write!(formatter, "PT{hours}H"),
            (0, minutes) => write!(formatter, "PT{minutes}M"),
            (hours, minutes) => write!(formatter, "PT{hours}H{minutes}M"),
        }
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is no duration; write `PT4H` or `PT90M`, at least a minute and at most `P7D`"
            ))
        })
    }
}

impl schemars::JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": Self::PATTERN })
    }
}
