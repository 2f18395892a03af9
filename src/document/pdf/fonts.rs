//! The fonts that a PDF embeds, and text in the characters that they have.

use std::fmt::Write as _;
use std::sync::LazyLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook, FontStyle};
use typst::utils::LazyHash;

use super::super::text::visible;

/// The families that the page names; each is asked for what the other does not have.
const FAMILIES: [&str; 2] = ["Libertinus Serif", "DejaVu Sans Mono"];

/// Every font, and what is known of each.
pub(super) struct Fonts {
    pub(super) fonts: Vec<Font>,
    pub(super) book: LazyHash<FontBook>,
}

/// The fonts of the binary; those of the machine are never looked at, so that every machine makes the same bytes.
pub(super) static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let fonts: Vec<Font> = typst_assets::fonts()
        .flat_map(|bytes| Font::iter(Bytes::new(bytes)))
        .filter(|font| FAMILIES.contains(&font.info().family.as_str()))
        .collect();
    let book = LazyHash::new(FontBook::from_fonts(&fonts));
    Fonts { fonts, book }
});

impl Fonts {
    /// Tells whether a character can be shown, by itself and next to any other.
    ///
    /// Scripts whose letters change with their neighbours, run from right to left or stack upon each other
    /// are left out even where a font has some of their letters: an archive must not hold a glyph that
    /// stands for no character.
    fn have(&self, character: char) -> bool {
        let is_simple = matches!(
            character,
            ' '..='~'
                | '\u{a0}'..='\u{ac}'
                | '\u{ae}'..='\u{2ff}'
                | '\u{370}'..='\u{482}'
                | '\u{48a}'..='\u{556}'
                | '\u{10d0}'..='\u{10ff}'
                | '\u{1d00}'..='\u{1dbf}'
                | '\u{1e00}'..='\u{1eff}'
                | '\u{2000}'..='\u{200a}'
                | '\u{2010}'..='\u{2027}'
                | '\u{202f}'..='\u{205f}'
                | '\u{2070}'..='\u{20c0}'
                | '\u{2100}'..='\u{27ff}'
                | '\u{2900}'..='\u{2bff}'
                | '\u{2c60}'..='\u{2c7f}'
        );
        let code = u32::from(character);
        is_simple
            && (character.is_ascii()
                || character.is_whitespace()
                || FAMILIES.iter().any(|family| self.family_has(family, code)))
    }

    /// Tells whether all upright faces of a family have a character; for a slope they stand in.
    fn family_has(&self, family: &str, code: u32) -> bool {
        let infos = self
            .fonts
            .iter()
            .map(Font::info)
            .filter(|info| info.family == family);
        let mut upright = infos.filter(|info| info.variant.style == FontStyle::Normal);
        upright.all(|info| info.coverage.contains(code))
    }

    /// Returns foreign text on one line; what cannot be shown stands as code points, such as `‹U+4E2D U+6587›`.
    pub(super) fn shown(&self, text: &str) -> String {
        self.covered(&visible(text))
    }

    /// Returns text with what the fonts do not have as code points.
    pub(super) fn covered(&self, text: &str) -> String {
        if text.is_ascii() {
            return text.to_owned();
        }
        let mut shown = String::with_capacity(text.len() + 16);
        let mut is_within = false;
        for character in text.chars() {
            match (self.have(character) || character == '\n', is_within) {
                (true, false) => {}
                (true, true) => shown.push('›'),
                (false, false) => shown.push('‹'),
                (false, true) => shown.push(' '),
            }
            is_within = !(self.have(character) || character == '\n');
            if is_within {
                let _ = write!(shown, "U+{:04X}", u32::from(character));
            } else {
                shown.push(character);
            }
        }
        if is_within {
            shown.push('›');
        }
        shown
    }
}

/// Returns the beginning of a text that stands on every page, where a long one would leave no room for anything else.
pub(super) fn beginning(text: &str) -> String {
    match text.char_indices().nth(MAX_REPEATED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Characters of a text that stands on every page.
const MAX_REPEATED: usize = 120;

/// Cuts text at places where a line may end, so that no piece is longer than so many characters.
///
/// Words that fit stay whole. The pieces together are the text, so that it can be copied and found as it is.
pub(super) fn pieces(text: &str, most: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let is_long = word.chars().count() > most;
        let mut length = 0;
        for character in word.chars() {
            if let Some(last) = pieces.last_mut() {
                last.push(character);
            }
            length += 1;
            let is_gap =
                length > 3 && matches!(character, '/' | '-' | '_' | '.' | ':' | '@' | ',' | '=' | '+');
            if is_long && (length >= most || is_gap) {
                pieces.push(String::new());
                length = 0;
            }
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Reckons the width of text, in parts of the size of its letters.
///
/// The widths are those of Libertinus Serif rounded up by class of letter; a column is laid out by them.
pub(super) fn width(text: &str) -> f64 {
    let widths = text.chars().map(|character| match character {
        '\'' | '|' | ',' | '.' | ';' | ':' | ' ' | 'l' | 'i' | 'j' | '!' => 0.28,
        'I' | 'J' | '(' | ')' | '[' | ']' | '{' | '}' | 'f' | 't' | 'r' | 's' | '/' | '\\' | '-' | '"' => {
            0.37
        }
        'a' | 'b' | 'c' | 'e' | 'x' | 'z' | '0'..='9' | 'F' | 'S' | '_' | '?' | '#' | '$' | '~' => 0.49,
        'M' | 'W' | 'H' | 'm' | '@' | '%' => 0.85,
        'w' | 'N' | 'D' | 'O' | 'Q' | 'G' | 'A' | 'X' | 'U' | 'C' | 'V' | 'K' | '&' => 0.73,
        _ if character.is_ascii() => 0.57,
        '\u{a0}'..='\u{17f}' | '\u{2010}'..='\u{203a}' => 0.62,
        _ => 0.9,
    });
    widths.sum()
}

/// Reckons the width of text in letters of one width.
pub(super) fn width_of_code(text: &str) -> f64 {
    text.chars().count() as f64 * 0.602 * CODE_SIZE
}

/// The size of code beside that of the text around it; the page has the same number.
pub(super) const CODE_SIZE: f64 = 0.82;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_fonts_do_not_have_stands_as_code_points() {
        let rows = [
            ("plain ümläut – «ok» Ωмега ✓", "plain ümläut – «ok» Ωмега ✓"),
            ("中文 title", "‹U+4E2D U+6587› title"),
            ("a😀", "a‹U+1F600›"),
            ("e\u{301}", "e‹U+0301›"),
            ("שלום", "‹U+05E9 U+05DC U+05D5 U+05DD›"),
            ("a\u{202e}b", "a‹U+202E›b"),
        ];
        for (text, expected) in rows {
            assert_eq!(FONTS.shown(text), expected);
        }
    }

    #[test]
    fn long_words_may_end_a_line_and_stay_whole_when_copied() {
        let digest = "0123456789abcdef".repeat(4);
        let made = pieces(&format!("sha256 {digest} of imports/a.csv"), 16);
        assert_eq!(made.concat(), format!("sha256 {digest} of imports/a.csv"));
        assert!(made.iter().all(|piece| piece.len() <= 16 + 7), "{made:?}");
        assert_eq!(pieces("a plain sentence of short words", 16).len(), 1);
        assert!(pieces("", 16).is_empty());
    }
}
