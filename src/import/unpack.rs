//! From the bytes on the disk to text: counted, unpacked within bounds, decoded from UTF-16.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::utf16::{Utf16, byte_order};

/// Unpacked, no export may have more bytes than this.
const MAX_BYTES: u64 = 1 << 40;
/// Unpacked, a compressed export may have this many times its bytes and no more; text packs 5 to 40 times.
const MAX_RATIO: u64 = 400;
/// Until this many unpacked bytes the ratio is not judged.
const FREE_BYTES: u64 = 1 << 24;
pub(super) const HEAD_BYTES: usize = 64 * 1024;

/// How many bytes were read from the disk so far, of all exports that are read with it.
#[derive(Debug, Default)]
pub struct Meter(AtomicU64);

impl Meter {
    /// Returns the bytes that were read.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The bytes of one file as they lie on the disk.
pub(super) struct Raw<'a> {
    inner: Box<dyn Read + 'a>,
    /// `None` where a layer below has counted already.
    meter: Option<&'a Meter>,
    read: Rc<Cell<u64>>,
}

impl<'a> Raw<'a> {
    pub(super) fn new(inner: Box<dyn Read + 'a>, meter: &'a Meter) -> Self {
        Self {
            inner,
            meter: Some(meter),
            read: Rc::default(),
        }
    }

    /// Takes bytes that a layer below has unpacked, and its count of those on the disk.
    pub(super) fn unpacked(inner: Box<dyn Read + 'a>, read: Rc<Cell<u64>>) -> Self {
        Self {
            inner,
            meter: None,
            read,
        }
    }

    /// Returns the count of the bytes that were read, by which what they unpack to is bounded.
    pub(super) fn count(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.read)
    }
}

impl Read for Raw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(meter) = self.meter {
            self.read.set(self.read.get() + read as u64);
            meter.add(read as u64);
        }
        Ok(read)
    }
}

/// Unpacks one layer of gzip or zstd by its magic bytes, and decodes UTF-16 by its byte order mark.
///
/// `packed` counts the bytes on the disk, whatever layers lie between: by it what they unpack to is bounded.
pub(super) fn text<'a>(raw: impl Read + 'a, packed: &Rc<Cell<u64>>) -> Result<Box<dyn BufRead + 'a>> {
    let (magic, packed_reader) = peek(BufReader::with_capacity(HEAD_BYTES, raw))?;
    let plain: Box<dyn BufRead + 'a> = if magic.starts_with(b"\x1f\x8b") {
        let decoder = flate2::bufread::MultiGzDecoder::new(packed_reader);
        buffered(Bounded::new(decoder, packed))
    } else if is_zstd(magic) {
        buffered(Bounded::new(zstd::Decoder::with_buffer(packed_reader)?, packed))
    } else {
        Box::new(packed_reader)
    };
    let (start, plain) = peek(plain)?;
    Ok(match byte_order(&start) {
        Some(order) => Box::new(Utf16::new(plain, order)),
        None => Box::new(plain),
    })
}

pub(super) fn buffered<'a>(reader: impl Read + 'a) -> Box<dyn BufRead + 'a> {
    Box::new(BufReader::with_capacity(HEAD_BYTES, reader))
}

type Peeked<R> = std::io::Chain<std::io::Cursor<Vec<u8>>, R>;

/// Reads the first four bytes, zeros where there are fewer, and gives them back to the reader.
fn peek<R: BufRead>(mut reader: R) -> Result<([u8; 4], Peeked<R>)> {
    let mut start = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut start)?;
    let mut magic = [0; 4];
    magic[..start.len()].copy_from_slice(&start);
    Ok((magic, std::io::Cursor::new(start).chain(reader)))
}

/// RFC 8878: a frame, or one of the sixteen sorts of frame to be skipped, with which parallel writers begin.
fn is_zstd(magic: [u8; 4]) -> bool {
    magic == *b"\x28\xb5\x2f\xfd" || (magic[0] & 0xf0 == 0x50 && magic[1..] == *b"\x2a\x4d\x18")
}

/// Stops what unpacks to more than any honest export.
pub(super) struct Bounded<R> {
    inner: R,
    packed: Rc<Cell<u64>>,
    unpacked: u64,
}

impl<R> Bounded<R> {
    pub(super) fn new(inner: R, packed: &Rc<Cell<u64>>) -> Self {
        Self {
            inner,
            packed: Rc::clone(packed),
            unpacked: 0,
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self
            .inner
            .read(buffer)
            .map_err(|error| retell(error, self.unpacked))?;
        self.unpacked += read as u64;
        let over_ratio = self.unpacked > FREE_BYTES && self.unpacked / self.packed.get().max(1) > MAX_RATIO;
        if over_ratio || self.unpacked > MAX_BYTES {
            let message =
                format!("unpacks to more than {MAX_RATIO} times its size; this is no honest export");
            return Err(Error::new(ErrorKind::FileTooLarge, message));
        }
        Ok(read)
    }
}

/// Decoders say of damage whatever they like; what matters is where it is, and whether only the end is missing.
fn retell(error: Error, unpacked: u64) -> Error {
    let kind = error.kind();
    if kind == ErrorKind::UnexpectedEof {
        let message = format!("the compressed data ends early, after {unpacked} unpacked bytes");
        return Error::new(kind, message);
    }
    let is_told = error
        .get_ref()
        .is_some_and(|inner| inner.is::<super::error::Damage>());
    // What a layer below said of itself stays; an error of the disk has a number.
    if is_told || kind == ErrorKind::FileTooLarge || error.raw_os_error().is_some() {
        return error;
    }
    let message = format!("the compressed data is damaged after {unpacked} unpacked bytes: {error}");
    Error::new(ErrorKind::InvalidData, message)
}
