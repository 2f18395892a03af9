//! Characters that do not belong into a governed file.

use super::span::{FileId, Span};

/// A stretch of text that must not stand in a record, with the reason in words.
#[derive(Clone, Debug)]
pub struct TextFault {
    pub span: Span,
    pub message: String,
}

/// Names a character that could hide or reorder text; `None` for an ordinary one.
pub fn unsafe_character(character: char) -> Option<&'static str> {
    match character {
        '\t' | '\n' | '\r' => None,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Some("a control character"),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some("a bidirectional control character")
        }
        '\u{ad}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}' => Some("an invisible character"),
        '\u{2028}' | '\u{2029}' => Some("a line separator that editors show differently"),
        '\u{feff}' => Some("a byte order mark"),
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => Some("an invisible character"),
        _ => None,
    }
}

/// Finds every unsafe character of a text, at most ten.
pub fn find_unsafe_text(file: FileId, text: &str) -> Vec<TextFault> {
    if text
        .bytes()
        .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
    {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let (mut line, mut column) = (1, 1);
    for (offset, character) in text.char_indices() {
        if let Some(name) = unsafe_character(character) {
            let start = u32::try_from(offset).unwrap_or(u32::MAX);
            let end = start.saturating_add(u32::try_from(character.len_utf8()).unwrap_or(1));
            faults.push(TextFault {
                span: Span {
                    file,
                    start,
                    end,
                    line,
                    column,
                    end_line: line,
                    end_column: column + 1,
                },
                message: format!("{name}, U+{:04X}", u32::from(character)),
            });
            if faults.len() == 10 {
                break;
            }
        }
        if character == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    faults
}
