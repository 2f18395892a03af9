//! SSH's wire format and base64, read strictly: one text for one meaning, and nothing to spare.
//!
//! Source: RFC 4251, section 5; RFC 4648, section 4.

/// Why bytes are not what SSH would write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WireFault(pub(super) &'static str);

const TOO_EARLY: WireFault = WireFault("it ends too early");

/// Numbers with the highest byte first, and strings with their length of four bytes before them.
#[derive(Clone, Copy)]
pub(super) struct Wire<'a>(pub(super) &'a [u8]);

impl<'a> Wire<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], WireFault> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(TOO_EARLY)?;
        self.0 = tail;
        Ok(head)
    }

    pub(super) fn byte(&mut self) -> Result<u8, WireFault> {
        let (head, tail) = self.0.split_first().ok_or(TOO_EARLY)?;
        self.0 = tail;
        Ok(*head)
    }

    pub(super) fn number(&mut self) -> Result<u32, WireFault> {
        let bytes = self.take(4)?.iter();
        Ok(bytes.fold(0, |number, byte| (number << 8) | u32::from(*byte)))
    }

    pub(super) fn long(&mut self) -> Result<u64, WireFault> {
        let bytes = self.take(8)?.iter();
        Ok(bytes.fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    pub(super) fn string(&mut self) -> Result<&'a [u8], WireFault> {
        let length = usize::try_from(self.number()?).map_err(|_| TOO_EARLY)?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, WireFault> {
        std::str::from_utf8(self.string()?).map_err(|_| WireFault("a name in it is not text"))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn end(self) -> Result<(), WireFault> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(WireFault("it has bytes to spare"))
        }
    }
}

/// Writes a string with its length before it.
pub(super) fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    // Nothing that is read here is longer than a few megabytes.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend(length.to_be_bytes());
    out.extend(bytes);
}

/// Encodes as padded base64.
pub fn encode_base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let held = (0..3).fold(0, |held, at| {
            held << 8 | usize::from(part.get(at).copied().unwrap_or(0))
        });
        for at in 0..4 {
            if at <= part.len() {
                text.push(char::from(DIGITS[held >> (18 - 6 * at) & 63]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// Decodes padded base64; `None` for anything that an encoder would not have written.
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text
        .iter()
        .rev()
        .take(2)
        .take_while(|byte| **byte == b'=')
        .count();
    let digits = text.get(..text.len() - padding)?;
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for digit in digits {
        held = (held << 6) | u32::from(base64_value(*digit)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    // Bits that no byte uses must be zero, or two texts would mean the same signature.
    (held == 0).then_some(bytes)
}

fn base64_value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
