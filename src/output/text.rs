//! Text from files, made harmless for terminals, logs and spreadsheets.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Style;
use crate::model::AsOf;

/// Tells whether a character could hide, reorder or command: controls, bidirectional marks, characters
/// without width or shape, and code points that are no characters.
///
/// Source: Unicode's `Default_Ignorable_Code_Point`, `Bidi_Control` and `Noncharacter_Code_Point`.
pub fn is_unsafe(character: char) -> bool {
    let is_noncharacter = u32::from(character) & 0xfffe == 0xfffe;
    is_noncharacter
        || matches!(
            character,
            '\u{0}'..='\u{1f}'
                | '\u{7f}'..='\u{9f}'
                | '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fdd0}'..='\u{fdef}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Returns a text on one line in which every unsafe character is written out, such as `\u{202e}`.
///
/// What a build server would take for a command (`::error …::`, `##[…]`, `##vso[…]`) is broken in the
/// same way.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && byte != b'#' && byte != b':')
    {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (offset, character) in text.char_indices() {
        push_visible(&mut shown, text, offset, character);
    }
    Cow::Owned(shown)
}

/// Appends one character of a text as [`visible`] shows it.
pub(super) fn push_visible(shown: &mut String, text: &str, offset: usize, character: char) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        _ if is_unsafe(character) || begins_command(text, offset, character) => {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        }
        _ => shown.push(character),
    }
}

/// Tells whether a build server would read a command from here: `::name …::` at the start of a line,
/// or `##`, a word or none, and `[` anywhere.
fn begins_command(text: &str, offset: usize, character: char) -> bool {
    match character {
        ':' => {
            let rest = &text[offset..];
            text[..offset].trim().is_empty()
                && rest.strip_prefix("::").is_some_and(|rest| rest.contains("::"))
        }
        '#' => text[offset..].strip_prefix("##").is_some_and(|rest| {
            rest.trim_start_matches(|character: char| character.is_ascii_alphanumeric())
                .starts_with('[')
        }),
        _ => false,
    }
}

/// Returns a spreadsheet cell that no program takes for a formula, on one line.
///
/// Spaces and quotes before the sign, and the full-width signs, do not help the formula: programs
/// normalise them away.
pub fn formula_safe(text: &str) -> Cow<'_, str> {
    let begins_as_formula = text
        .trim_start_matches(|character: char| {
            character.is_whitespace()
                || is_unsafe(character)
                || "\"'`\u{2018}\u{2019}\u{201c}\u{201d}".contains(character)
        })
        .starts_with([
            '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\u{2212}', '\u{fe62}',
            '\u{fe63}', '\u{fe66}', '\u{fe6b}',
        ]);
    let begins_with_control = text.starts_with(['\t', '\r', '\n']);
    let shown = visible(text);
    if begins_as_formula || begins_with_control {
        Cow::Owned(format!("'{shown}"))
    } else {
        shown
    }
}

/// Counts the columns that a text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Returns a text of at most so many columns; where it is cut an ellipsis says so.
pub(super) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut left = columns.saturating_sub(1);
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        shown.push(character);
    }
    shown.push('…');
    Cow::Owned(shown)
}

/// The colours in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Paint {
    Bold,
    Faint,
    Red,
    Yellow,
    Cyan,
    Green,
}

/// Returns a text in a colour, where colours are understood.
pub(super) fn painted(style: Style, paint: Option<Paint>, text: &str) -> Cow<'_, str> {
    let code = match paint {
        Some(_) if !style.color => return Cow::Borrowed(text),
        None => return Cow::Borrowed(text),
        Some(Paint::Bold) => "1",
        Some(Paint::Faint) => "2",
        Some(Paint::Red) => "1;31",
        Some(Paint::Yellow) => "33",
        Some(Paint::Cyan) => "36",
        Some(Paint::Green) => "32",
    };
    Cow::Owned(format!("\u{1b}[{code}m{text}\u{1b}[0m"))
}

/// Returns the local day, with the time where it is not the day's end.
pub(super) fn minute(instant: DateTime<Utc>, as_of: AsOf) -> String {
    let zone = as_of.zone();
    let day = zone.day_of(instant);
    if zone.end_of_day(day) == instant {
        return day.to_string();
    }
    format!("{day} {}", instant.with_timezone(&zone.0).format("%H:%M"))
}

/// Returns the word of tables for a truth.
pub(super) fn yes_or_no(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
