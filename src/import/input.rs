//! Opens an export: counts its bytes, unpacks it, recognises it, and hands it to its importer.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{IMPORTERS, ImportError, Importer, Options, Place, Sink};
use crate::model::ScanSummary;

/// Unpacked, no export may have more bytes than this.
const MAX_BYTES: u64 = 1 << 40;
/// Unpacked, a compressed export may have this many times its bytes and no more; text packs 5 to 40 times.
const MAX_RATIO: u64 = 400;
const HEAD_BYTES: usize = 64 * 1024;

/// Where the bytes of an export are.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    File(&'a Path),
    Bytes(&'a [u8]),
}

/// What one export yielded.
#[derive(Debug)]
pub struct Imported {
    pub importer: &'static Importer,
    pub summary: ScanSummary,
    /// SHA-256 of the file as it lies on disk, in hex.
    pub sha256: String,
}

/// Reads an export once, from its first byte to its last.
pub fn import(input: Input<'_>, options: &Options<'_>, sink: &mut dyn Sink) -> Result<Imported, ImportError> {
    with_reader(input, |reader, hasher| {
        let importer = choose(reader, options)?;
        let summary = (importer.import)(reader, options, sink)?;
        hasher(reader)?;
        Ok((importer, summary))
    })
    .map(|((importer, summary), sha256)| Imported { importer, summary, sha256 })
}

/// Tells which importer an export is for, by its first bytes.
pub fn recognise(input: Input<'_>, options: &Options<'_>) -> Result<&'static Importer, ImportError> {
    match input {
        Input::File(path) => choose(&mut *unpack(Box::new(std::fs::File::open(path)?))?, options),
        Input::Bytes(bytes) => choose(&mut *unpack(Box::new(bytes))?, options),
    }
}

fn choose(reader: &mut dyn BufRead, options: &Options<'_>) -> Result<&'static Importer, ImportError> {
    let head = reader.fill_buf()?;
    let skip = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let found = match options.mapping {
        Some(_) => IMPORTERS.iter().find(|importer| importer.name == "mapping"),
        None => IMPORTERS.iter().find(|importer| (importer.recognises)(&head[skip..])),
    };
    let importer = found.ok_or_else(|| foreign(&head[skip..]))?;
    reader.consume(skip);
    Ok(importer)
}

fn foreign(head: &[u8]) -> ImportError {
    let known: Vec<&str> = IMPORTERS.iter().map(|importer| importer.name).collect();
    let start: String = String::from_utf8_lossy(&head[..head.len().min(60)]).escape_debug().collect();
    let start = if head.is_empty() { "it is empty".into() } else { format!("it begins with `{start}`") };
    ImportError::Foreign(format!("{start}; known formats are {}", known.join(", ")))
}

type Drain<'a> = &'a dyn Fn(&mut dyn BufRead) -> Result<(), ImportError>;

fn with_reader<T>(
    input: Input<'_>,
    work: impl FnOnce(&mut dyn BufRead, Drain<'_>) -> Result<T, ImportError>,
) -> Result<(T, String), ImportError> {
    let hash = std::rc::Rc::new(std::cell::RefCell::new(Sha256::new()));
    let raw: Box<dyn Read + '_> = match input {
        Input::File(path) => Box::new(std::fs::File::open(path)?),
        Input::Bytes(bytes) => Box::new(bytes),
    };
    let hashed = Hashed { inner: raw, hash: std::rc::Rc::clone(&hash) };
    let drain = |reader: &mut dyn BufRead| -> Result<(), ImportError> {
        loop {
            let read = reader.fill_buf()?.len();
            if read == 0 {
                return Ok(());
            }
            reader.consume(read);
        }
    };
    let mut reader = unpack(Box::new(hashed))?;
    let result = work(&mut *reader, &drain)?;
    drop(reader);
    let digest = hash.borrow_mut().finalize_reset();
    Ok((result, digest.iter().map(|byte| format!("{byte:02x}")).collect()))
}

struct Hashed<'a> {
    inner: Box<dyn Read + 'a>,
    hash: std::rc::Rc<std::cell::RefCell<Sha256>>,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.borrow_mut().update(&buffer[..read]);
        Ok(read)
    }
}

/// Unpacks gzip by its magic bytes, with a bound on size and on ratio.
fn unpack<'a>(raw: Box<dyn Read + 'a>) -> Result<Box<dyn BufRead + 'a>, ImportError> {
    let mut reader = BufReader::with_capacity(HEAD_BYTES, raw);
    let head = reader.fill_buf()?;
    if head.starts_with(b"PK\x03\x04") {
        return Err(ImportError::Foreign("a zip archive; unpack it and give the files in it".into()));
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Err(ImportError::Foreign("UTF-16 text; save the export as UTF-8".into()));
    }
    if !head.starts_with(b"\x1f\x8b") {
        return Ok(Box::new(reader));
    }
    let packed = std::rc::Rc::new(std::cell::Cell::new(0));
    let counted = Counted { inner: reader, read: std::rc::Rc::clone(&packed) };
    let bounded = Bounded { inner: flate2::read::MultiGzDecoder::new(counted), packed, unpacked: 0 };
    Ok(Box::new(BufReader::with_capacity(HEAD_BYTES, bounded)))
}

struct Counted<R> {
    inner: R,
    read: std::rc::Rc<std::cell::Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

struct Bounded<R> {
    inner: R,
    packed: std::rc::Rc<std::cell::Cell<u64>>,
    unpacked: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        let over_ratio = self.unpacked > (1 << 24) && self.unpacked / self.packed.get().max(1) > MAX_RATIO;
        if over_ratio || self.unpacked > MAX_BYTES {
            let message = format!("unpacks to more than {MAX_RATIO} times its size; this is no honest export");
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
        }
        Ok(read)
    }
}

/// Makes the error for a text that does not read as UTF-8.
pub(super) fn not_utf8(place: Place) -> ImportError {
    ImportError::Malformed { place, message: "not UTF-8 text".into() }
}
