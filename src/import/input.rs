//! Opens an export: counts its bytes, unpacks it, recognises it, and hands it to its importer.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use super::{IMPORTERS, ImportError, Importer, Options, Sink};
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
    let (hashed, digest) = super::ahead::open(input)?;
    let mut reader = unpack(hashed)?;
    let head = read_head(&mut *reader)?;
    let importer = choose(&head, options)?;
    let summary = {
        let mut whole = head.chain(&mut *reader);
        let summary = (importer.import)(&mut whole, options, sink)?;
        drain(&mut whole)?;
        summary
    };
    drop(reader);
    Ok(Imported {
        importer,
        summary,
        sha256: super::value::hex(&digest.finish()?),
    })
}

/// Tells which importer an export is for, by its first bytes.
pub fn recognise(input: Input<'_>, options: &Options<'_>) -> Result<&'static Importer, ImportError> {
    choose(&read_head(&mut *unpack(open(input)?)?)?, options)
}

fn open(input: Input<'_>) -> Result<Box<dyn Read + '_>, ImportError> {
    Ok(match input {
        Input::File(path) => Box::new(std::fs::File::open(path)?),
        Input::Bytes(bytes) => Box::new(bytes),
    })
}

/// Reads the first bytes, however small the pieces in which they come, without a byte order mark.
fn read_head(reader: &mut dyn BufRead) -> Result<Head, ImportError> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    reader.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let skip = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    Ok(Head {
        bytes: head,
        at: skip,
    })
}

/// The first bytes of an export, given back to the reader of it.
struct Head {
    bytes: Vec<u8>,
    at: usize,
}

impl std::ops::Deref for Head {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.at..]
    }
}

impl Head {
    fn chain<'a>(&'a self, rest: &'a mut dyn BufRead) -> impl BufRead + 'a {
        Read::chain(&self.bytes[self.at..], rest)
    }
}

fn choose(head: &[u8], options: &Options<'_>) -> Result<&'static Importer, ImportError> {
    if head.starts_with(b"PK\x03\x04") {
        return Err(ImportError::Foreign(
            "a zip archive; unpack it and give the files in it".into(),
        ));
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Err(ImportError::Foreign(
            "UTF-16 text; save the export as UTF-8".into(),
        ));
    }
    let found = match options.mapping {
        Some(_) => IMPORTERS.iter().find(|importer| importer.name == "mapping"),
        None => IMPORTERS.iter().find(|importer| (importer.recognises)(head)),
    };
    found.ok_or_else(|| foreign(head))
}

fn foreign(head: &[u8]) -> ImportError {
    let known: Vec<&str> = IMPORTERS.iter().map(|importer| importer.name).collect();
    let start: String = String::from_utf8_lossy(&head[..head.len().min(60)])
        .escape_debug()
        .collect();
    let start = if head.is_empty() {
        "it is empty".into()
    } else {
        format!("it begins with `{start}`")
    };
    ImportError::Foreign(format!("{start}; known formats are {}", known.join(", ")))
}

/// Reads what an importer left, so that the digest is that of the whole file.
fn drain(reader: &mut dyn BufRead) -> Result<(), ImportError> {
    loop {
        let read = reader.fill_buf()?.len();
        if read == 0 {
            return Ok(());
        }
        reader.consume(read);
    }
}

/// Unpacks gzip by its magic bytes, with a bound on size and on ratio.
fn unpack<'a>(raw: Box<dyn Read + 'a>) -> Result<Box<dyn BufRead + 'a>, ImportError> {
    let mut reader = BufReader::with_capacity(HEAD_BYTES, raw);
    if !reader.fill_buf()?.starts_with(b"\x1f\x8b") {
        return Ok(Box::new(reader));
    }
    let packed = Rc::new(Cell::new(0));
    let counted = Counted {
        inner: reader,
        read: Rc::clone(&packed),
    };
    let bounded = Bounded {
        inner: flate2::read::MultiGzDecoder::new(counted),
        packed,
        unpacked: 0,
    };
    Ok(Box::new(BufReader::with_capacity(HEAD_BYTES, bounded)))
}

struct Counted<R> {
    inner: R,
    read: Rc<Cell<u64>>,
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
    packed: Rc<Cell<u64>>,
    unpacked: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self
            .inner
            .read(buffer)
            .map_err(|error| early_end(error, self.unpacked))?;
        self.unpacked += read as u64;
        let over_ratio = self.unpacked > (1 << 24) && self.unpacked / self.packed.get().max(1) > MAX_RATIO;
        if over_ratio || self.unpacked > MAX_BYTES {
            let message =
                format!("unpacks to more than {MAX_RATIO} times its size; this is no honest export");
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
        }
        Ok(read)
    }
}

fn early_end(error: std::io::Error, unpacked: u64) -> std::io::Error {
    if error.kind() != std::io::ErrorKind::UnexpectedEof {
        return error;
    }
    let message = format!("the compressed data ends early, after {unpacked} unpacked bytes");
    std::io::Error::new(std::io::ErrorKind::UnexpectedEof, message)
}
