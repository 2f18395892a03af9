//! The marks within texts and numbers of JSON.

/// Finds the first byte of a text that is not simply part of it: a quote, a backslash or a control character.
pub(super) fn mark(bytes: &[u8]) -> Option<usize> {
    const WIDE: usize = 32;
    let is_mark = |byte: u8| u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(byte < 0x20);
    // Most texts end within the first words; of a longer one, many bytes are compared at a time.
    let near = bytes.len().min(WIDE);
    if let Some(found) = mark_by_words(&bytes[..near]) {
        return Some(found);
    }
    let mut at = near;
    for wide in bytes[near..].chunks_exact(WIDE) {
        if wide.iter().fold(0, |found, byte| found | is_mark(*byte)) != 0 {
            break;
        }
        at += WIDE;
    }
    mark_by_words(&bytes[at..]).map(|found| at + found)
}

/// Compares eight bytes at a time. Source of the masks: "Determine if a word has a zero byte", Bit Twiddling Hacks.
fn mark_by_words(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zero_in = |word: u64| word.wrapping_sub(ONES) & !word;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = zero_in(word ^ (ONES * b'"' as u64));
        let backslash = zero_in(word ^ (ONES * b'\\' as u64));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        // The lowest mark is a true one; those above it may come of borrowing.
        let marks = (quote | backslash | control) & HIGH;
        if marks != 0 {
            return Some(index * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    let found = rest.iter().position(is_mark)?;
    Some(words.len() * 8 + found)
}

/// Returns what a letter behind a backslash means.
pub(super) fn escaped(letter: u8) -> Option<char> {
    Some(match letter {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => return None,
    })
}

/// Reads hex digits.
pub(super) fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        Some(number << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// Tells whether a text is a number as RFC 8259 writes it.
pub(super) fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, text) = split_digits(text);
    if whole.is_empty() || whole.len() > 1 && whole[0] == b'0' {
        return false;
    }
    let text = match text.strip_prefix(b".") {
        Some(fraction) => {
            let (digits, text) = split_digits(fraction);
            if digits.is_empty() {
                return false;
            }
            text
        }
        None => text,
    };
    match text {
        [] => true,
        [b'e' | b'E', exponent @ ..] => {
            let digits = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-"));
            let (digits, rest) = split_digits(digits.unwrap_or(exponent));
            !digits.is_empty() && rest.is_empty()
        }
        _ => false,
    }
}

/// Tells whether a text that is no number may become one by further digits.
pub(super) fn may_begin_number(text: &[u8]) -> bool {
    is_number(&[text, b"0"].concat())
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

#[cfg(test)]
mod tests {
    use super::{is_number, mark};

    #[test]
    fn the_first_mark_is_found_wherever_it_stands() {
        let is_mark = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
        for length in 0..90 {
            for at in 0..length {
                for first in [b'"', b'\\', b'\n', 0, 0x1f] {
                    let mut text = vec![b' '; length];
                    // What is near a mark, or above it in a word, is none.
                    text.iter_mut()
                        .zip([b'!', b'#', b'[', b']', 0x7f, 0xff, 0x80].iter().cycle())
                        .for_each(|(to, from)| *to = *from);
                    text[at] = first;
                    text[length - 1] = b'"';
                    assert_eq!(
                        mark(&text),
                        text.iter().position(is_mark),
                        "{length} {at} {first}"
                    );
                }
            }
            assert_eq!(mark(&vec![b'!'; length]), None);
        }
    }

    #[test]
    fn numbers_are_those_of_the_grammar() {
        for good in ["0", "-0", "10", "1.5", "-1.50e+07", "1E9", "1e-2", "0.0"] {
            assert!(is_number(good.as_bytes()), "{good}");
        }
        for bad in [
            "", "-", "01", "-01", "1.", ".5", "1e", "1e+", "+1", "1.e1", "1-2", "0x1", "1e1.5", "--1",
        ] {
            assert!(!is_number(bad.as_bytes()), "{bad}");
        }
    }
}
