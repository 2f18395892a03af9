//! Opens an export: counts its bytes, unpacks it, recognises it, and hands it to its importer.

use std::io::{BufRead, Read};
use std::path::Path;
use std::sync::Arc;

use super::joined::Joined;
use super::unpack::{HEAD_BYTES, Meter, Raw, text};
use super::{Content, IMPORTERS, ImportError, Importer, Options, Part, Sink};
use crate::model::ScanSummary;

/// Where the bytes of an export are.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A file, or a folder or an archive whose files are all of one format.
    File(&'a Path),
    Bytes(&'a [u8]),
    Part(&'a Part),
}

/// What one export yielded.
#[derive(Debug)]
pub struct Imported {
    pub importer: &'static Importer,
    pub summary: ScanSummary,
    /// SHA-256 of the file as it lies on disk, in hex; of a folder over the lines that `sha256sum` writes of its files.
    pub sha256: String,
}

/// Reads an export once, from its first byte to its last.
pub fn import(input: Input<'_>, options: &Options<'_>, sink: &mut dyn Sink) -> Result<Imported, ImportError> {
    import_with(input, options, sink, &Meter::default())
}

/// Reads an export as [`import`] does, and counts the bytes that are read.
pub(super) fn import_with(
    input: Input<'_>,
    options: &Options<'_>,
    sink: &mut dyn Sink,
    meter: &Meter,
) -> Result<Imported, ImportError> {
    if let Some(part) = part(input, options)? {
        return import_part(&part, options, sink, meter);
    }
    let (inner, digest) = super::ahead::open(input)?;
    let (importer, summary) = read(Raw::new(inner, meter), options, sink)?;
    Ok(Imported {
        importer,
        summary,
        sha256: super::value::hex(&digest.finish()?),
    })
}

/// Tells which importer an export is for, by its first bytes.
pub fn recognise(input: Input<'_>, options: &Options<'_>) -> Result<&'static Importer, ImportError> {
    match part(input, options)? {
        Some(part) => Ok(part.importer()),
        None => recognise_raw(Raw::new(open(input)?, &Meter::default()), options),
    }
}

pub(super) fn recognise_raw(raw: Raw<'_>, options: &Options<'_>) -> Result<&'static Importer, ImportError> {
    let count = raw.count();
    choose(&read_head(&mut *text(raw, &count)?)?, options)
}

/// Returns the files of a folder or an archive; `None` for what is one file.
fn part(input: Input<'_>, options: &Options<'_>) -> Result<Option<Part>, ImportError> {
    let content = match input {
        Input::Part(part) => return Ok(Some(part.clone())),
        Input::File(path) => Content::File(path.to_owned()),
        Input::Bytes(bytes) if bytes.starts_with(b"PK") => Content::Bytes(Arc::from(bytes)),
        Input::Bytes(_) => return Ok(None),
    };
    Part::whole(&content, options)
}

fn import_part(
    part: &Part,
    options: &Options<'_>,
    sink: &mut dyn Sink,
    meter: &Meter,
) -> Result<Imported, ImportError> {
    let mut joined = Joined::new(sink);
    let ((), sha256) = part.with_sha256(|| {
        part.each(meter, |name, raw| {
            let (importer, summary) = read(raw, options, &mut joined)?;
            if importer.name != part.importer().name {
                let message = format!("it became another format, {}, while it was read", importer.name);
                return Err(ImportError::Foreign(message));
            }
            joined.end(name, summary);
            Ok(())
        })
    })?;
    Ok(Imported {
        importer: part.importer(),
        summary: joined.finish(),
        sha256,
    })
}

/// Reads one file to its end.
fn read(
    raw: Raw<'_>,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<(&'static Importer, ScanSummary), ImportError> {
    let count = raw.count();
    let mut reader = text(raw, &count)?;
    let head = read_head(&mut *reader)?;
    let importer = choose(&head, options)?;
    let mut whole = head.chain(&mut *reader);
    let summary = (importer.import)(&mut whole, options, sink)?;
    drain(&mut whole)?;
    Ok((importer, summary))
}

fn open(input: Input<'_>) -> Result<Box<dyn Read + '_>, ImportError> {
    Ok(match input {
        Input::File(path) => Box::new(std::fs::File::open(path)?),
        Input::Bytes(bytes) => Box::new(bytes),
        Input::Part(_) => Box::new(std::io::empty()),
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
            "an archive inside another or inside a folder; unpack it, or give it by itself".into(),
        ));
    }
    let found = match options.mapping {
        Some(profile) => {
            let name = match profile.states {
                _ if head.trim_ascii_start().starts_with(b"{") => "mapping-alerts",
                Some(_) => "mapping-deployment",
                None => "mapping",
            };
            IMPORTERS.iter().find(|importer| importer.name == name)
        }
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
