//! Foreign text made harmless for each back end. Every value of a document passes through here.

use std::borrow::Cow;

use crate::source::unsafe_character;

/// Tells whether a character could hide, reorder or imitate something on a page.
///
/// Characters for private use are among them, so that no value can write a placeholder.
fn is_hidden(character: char) -> bool {
    unsafe_character(character).is_some()
        || matches!(
            character,
            '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}'
                | '\u{e000}'..='\u{f8ff}' | '\u{fffe}' | '\u{ffff}' | '\u{f0000}'..='\u{10ffff}'
        )
}

/// Returns the text on one line, with hidden characters shown as code points, such as `‹U+202E›`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let is_plain = |character: char| !matches!(character, '\n' | '\r' | '\t') && !is_hidden(character);
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.trim_end_matches(['\n', '\r', '\t', ' ']).chars() {
        match character {
            '\n' | '\r' | '\t' if shown.ends_with(' ') => {}
            '\n' | '\r' | '\t' => shown.push(' '),
            hidden if is_hidden(hidden) => shown.push_str(&format!("‹U+{:04X}›", u32::from(hidden))),
            plain => shown.push(plain),
        }
    }
    Cow::Owned(shown)
}

/// Appends text so that Markdown reads every character of it as itself.
///
/// Addresses are broken up too: readers of Markdown turn bare ones into links.
pub(crate) fn escape_markdown(text: &str, out: &mut String) {
    let text = visible(text);
    for (index, character) in text.char_indices() {
        let starts_block = index == 0 && matches!(character, '-' | '+' | '=');
        let ends_number = matches!(character, '.' | ')')
            && index > 0
            && text[..index].bytes().all(|byte| byte.is_ascii_digit())
            && !text[index + 1..].starts_with(|next| next != ' ');
        let makes_address = character == ':' && text[index..].starts_with("://")
            || character == '.' && text[..index].to_ascii_lowercase().ends_with("www");
        let is_markup = matches!(
            character,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' | '!' | '$'
        );
        if is_markup || starts_block || ends_number || makes_address {
            out.push('\\');
        }
        out.push(character);
    }
}

/// Appends text so that HTML and XML read it as text, within an element or a quoted attribute.
pub(super) fn escape_html(text: &str, out: &mut String) {
    let text = visible(text);
    let mut rest = &*text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// Appends a text field of a delimited file: quoted, and never the start of a formula.
pub(super) fn escape_csv(text: &str, out: &mut String) {
    let is_padding = |character: char| {
        matches!(
            character,
            ' ' | '\u{a0}' | '\u{3000}' | '\'' | '"' | '`' | '‘' | '’' | '“' | '”' | '«' | '»'
        )
    };
    let first = text.trim_start_matches(is_padding).chars().next();
    let is_formula = first.is_some_and(|first| {
        matches!(
            first,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'
        )
    });
    out.push('"');
    if is_formula {
        out.push('\'');
    }
    out.push_str(&visible(text).replace('"', "\"\""));
    out.push('"');
}

/// Rewrites hidden characters of a JSON text as escapes; they can stand in strings only.
pub(crate) fn escape_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if character > '~' && is_hidden(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(escape: fn(&str, &mut String), text: &str) -> String {
        let mut out = String::new();
        escape(text, &mut out);
        out
    }

    #[test]
    fn hidden_characters_are_shown_and_lines_joined() {
        let rows = [
            ("plain ümläut – ok", "plain ümläut – ok"),
            ("two\r\nlines\n", "two lines"),
            ("a\u{202e}b\u{200b}c\u{1b}[31m", "a‹U+202E›b‹U+200B›c‹U+001B›[31m"),
            ("\u{e000}table:x\u{e001}", "‹U+E000›table:x‹U+E001›"),
        ];
        for (text, expected) in rows {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn markdown_reads_every_character_as_itself() {
        let rows = [
            ("a|b`c`*d*_e_", "a\\|b\\`c\\`\\*d\\*\\_e\\_"),
            ("[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"),
            ("<script>&amp;", "\\<script\\>\\&amp;"),
            ("# no\n- heading", "\\# no - heading"),
            ("- item", "\\- item"),
            ("12. item", "12\\. item"),
            ("12)", "12\\)"),
            ("3.2.0", "3.2.0"),
            (
                "see https://x.example, www.x.example",
                "see https\\://x.example, www\\.x.example",
            ),
            ("exc-0014, 2026-09-30", "exc-0014, 2026-09-30"),
        ];
        for (text, expected) in rows {
            assert_eq!(made(escape_markdown, text), expected);
        }
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for text in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\"=1", " '=1", "＝1", "＋1", "－1",
            "＠1", "\u{a0}=1",
        ] {
            assert!(made(escape_csv, text).starts_with("\"'"), "{text:?}");
        }
        assert_eq!(made(escape_csv, "say \"hi\", a=b"), "\"say \"\"hi\"\", a=b\"");
    }

    #[test]
    fn hidden_characters_stand_in_json_as_escapes() {
        assert_eq!(
            escape_json("\"a\u{202e}\u{e0001}ü\""),
            "\"a\\u202e\\udb40\\udc01ü\""
        );
    }
}
