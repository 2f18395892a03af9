//! Text in UTF-16, as Windows tools save it, becomes UTF-8 while it is read.

use std::io::{BufRead, Read, Result};

use super::error::Damage;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

/// Tells by the byte order mark; without one UTF-16 is not guessed at.
pub(super) fn byte_order(start: &[u8]) -> Option<ByteOrder> {
    if start.starts_with(b"\xff\xfe") {
        Some(ByteOrder::Little)
    } else if start.starts_with(b"\xfe\xff") {
        Some(ByteOrder::Big)
    } else {
        None
    }
}

/// A reader of UTF-8 over one of UTF-16.
pub(super) struct Utf16<R> {
    inner: R,
    order: ByteOrder,
    /// Bytes of UTF-16 that were read.
    at: u64,
    /// The first byte of a unit whose second has not come yet.
    half: Option<u8>,
    /// The first unit of a pair whose second has not come yet.
    high: Option<u16>,
    /// What was decoded, and how much of it was taken.
    text: Vec<u8>,
    taken: usize,
}

impl<R: BufRead> Utf16<R> {
    /// Begins before the byte order mark, which is left out of the text.
    pub(super) fn new(inner: R, order: ByteOrder) -> Self {
        Self {
            inner,
            order,
            at: 0,
            half: None,
            high: None,
            text: Vec::new(),
            taken: 0,
        }
    }

    /// Decodes the next piece, until there is text or the end.
    fn decode(&mut self) -> Result<()> {
        self.text.clear();
        self.taken = 0;
        while self.text.is_empty() {
            let piece = self.inner.fill_buf()?;
            let length = piece.len();
            if length == 0 {
                return self.finish();
            }
            let mut units = Units {
                order: self.order,
                at: self.at,
                half: self.half,
                high: self.high,
            };
            for byte in piece {
                units.take(*byte, &mut self.text)?;
            }
            (self.at, self.half, self.high) = (units.at, units.half, units.high);
            self.inner.consume(length);
        }
        Ok(())
    }

    fn finish(&self) -> Result<()> {
        if self.half.is_none() && self.high.is_none() {
            return Ok(());
        }
        Err(Damage::cut(self.at, "the UTF-16 text ends inside a character"))
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let text = self.fill_buf()?;
        let count = text.len().min(buffer.len());
        buffer[..count].copy_from_slice(&text[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Utf16<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.taken == self.text.len() {
            self.decode()?;
        }
        Ok(&self.text[self.taken..])
    }

    fn consume(&mut self, count: usize) {
        self.taken = (self.taken + count).min(self.text.len());
    }
}

/// Where the decoder stands.
struct Units {
    order: ByteOrder,
    at: u64,
    half: Option<u8>,
    high: Option<u16>,
}

impl Units {
    fn take(&mut self, byte: u8, text: &mut Vec<u8>) -> Result<()> {
        self.at += 1;
        let Some(first) = self.half.take() else {
            self.half = Some(byte);
            return Ok(());
        };
        let unit = match self.order {
            ByteOrder::Little => u16::from_le_bytes([first, byte]),
            ByteOrder::Big => u16::from_be_bytes([first, byte]),
        };
        let is_mark = self.at == 2;
        if is_mark {
            return Ok(());
        }
        let character = match (self.high.take(), unit) {
            (None, 0xd800..=0xdbff) => {
                self.high = Some(unit);
                return Ok(());
            }
            (Some(high), 0xdc00..=0xdfff) => {
                let scalar = 0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(unit) - 0xdc00);
                char::from_u32(scalar)
            }
            (Some(_), _) => None,
            (None, _) => char::from_u32(u32::from(unit)),
        };
        let Some(character) = character else {
            let message =
                format!("the UTF-16 unit {unit:#06x} is half of a character whose other half is missing");
            return Err(Damage::at(self.at - 2, message));
        };
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }
}
