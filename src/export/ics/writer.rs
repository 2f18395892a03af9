//! Writes events of whole days as iCalendar. Source: RFC 5545, sections 3.1, 3.3.11 and 3.6.1.
//!
//! The few lines that are needed are written here: the crate of that name ends an event of a day on the day on
//! which it begins, which the standard forbids, and stamps it with the clock.

use chrono::{DateTime, Utc};

use crate::document::visible;
use crate::model::Date;

/// The most octets of a line, its end aside.
const MAX_OCTETS: usize = 75;

/// One day.
pub(super) struct Event {
    pub(super) uid: String,
    pub(super) day: Date,
    pub(super) summary: String,
    /// Several lines.
    pub(super) description: String,
    pub(super) category: &'static str,
}

/// Writes a calendar with its name and the version of the tool, stamped with a moment.
pub(super) fn calendar((name, tool): (&str, &str), at: DateTime<Utc>, events: &[Event]) -> String {
    let mut out = String::new();
    let stamp = at.format("%Y%m%dT%H%M%SZ").to_string();
    put(&mut out, "BEGIN:VCALENDAR");
    put(&mut out, "VERSION:2.0");
    put(
        &mut out,
        &format!("PRODID:-//Countersign//countersign {}//EN", text(tool)),
    );
    put(&mut out, "CALSCALE:GREGORIAN");
    put(&mut out, "METHOD:PUBLISH");
    put(&mut out, &format!("X-WR-CALNAME:{}", text(name)));
    for event in events {
        put(&mut out, "BEGIN:VEVENT");
        put(&mut out, &format!("UID:{}", event.uid));
        put(&mut out, &format!("DTSTAMP:{stamp}"));
        put(&mut out, &format!("DTSTART;VALUE=DATE:{}", basic(event.day)));
        put(
            &mut out,
            &format!("DTEND;VALUE=DATE:{}", basic(event.day.plus_days(1))),
        );
        put(&mut out, &format!("SUMMARY:{}", text(&event.summary)));
        put(&mut out, &format!("DESCRIPTION:{}", text(&event.description)));
        put(&mut out, &format!("CATEGORIES:{}", text(event.category)));
        put(&mut out, "TRANSP:TRANSPARENT");
        put(&mut out, "END:VEVENT");
    }
    put(&mut out, "END:VCALENDAR");
    out
}

fn basic(day: Date) -> String {
    day.0.format("%Y%m%d").to_string()
}

/// Returns a value of the type TEXT. Lines stay lines; whatever else could hide or command is shown.
fn text(value: &str) -> String {
    let lines: Vec<String> = value.lines().map(|line| visible(line).into_owned()).collect();
    let mut escaped = String::with_capacity(value.len());
    for character in lines.join("\n").chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(character);
            }
            plain => escaped.push(plain),
        }
    }
    escaped
}

/// Appends a line, folded so that no part is longer than the standard allows and no character is cut.
fn put(out: &mut String, line: &str) {
    let mut octets = 0;
    for character in line.chars() {
        if octets + character.len_utf8() > MAX_OCTETS {
            out.push_str("\r\n ");
            octets = 1;
        }
        out.push(character);
        octets += character.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::{put, text};

    #[test]
    fn values_are_escaped_and_never_end_a_line() {
        for (value, expected) in [
            ("a,b;c\\d", "a\\,b\\;c\\\\d"),
            ("one\r\ntwo\nEND:VEVENT", "one\\ntwo\\nEND:VEVENT"),
            ("x\u{202e}y\u{7}", "x‹U+202E›y‹U+0007›"),
            ("a\rb\u{2028}c", "a b‹U+2028›c"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn lines_are_folded_between_characters() {
        let mut out = String::new();
        put(&mut out, &format!("SUMMARY:{}", "ü€😀".repeat(40)));
        let parts: Vec<&str> = out.split_inclusive("\r\n").collect();
        assert!(parts.len() > 4);
        assert!(parts.iter().all(|part| part.trim_end_matches("\r\n").len() <= 75));
        assert_eq!(
            out.replace("\r\n ", "").trim_end(),
            format!("SUMMARY:{}", "ü€😀".repeat(40))
        );
    }
}
