//! Zip archives, read strictly: two readers of one archive must see the same files in it.
//!
//! `rawzip` finds the headers; what they may say is decided here. The directory at the end must be the whole
//! truth, and the header before each file must say the same.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result as IoResult};
use std::sync::Arc;

use flate2::read::DeflateDecoder;
use rawzip::{
    CompressionMethod, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder, ZipEntry, ZipFileHeaderRecord,
    ZipLocator,
};

use super::container::{Listing, MAX_MEMBERS, check_name, is_hidden, refused, too_many};
use super::unpack::{Bounded, Meter, Raw};
use super::{ImportError, Place};

/// A name and its extra fields have at most 65,535 bytes each.
const HEADER_BYTES: usize = 1 << 17;
/// A record of the directory: a name, extra fields and a comment.
const BUFFER_BYTES: usize = 3 << 16;

/// A signature, a checksum and two sizes of eight bytes.
const MAX_DESCRIPTOR: u64 = 24;

/// An archive whose headers were checked.
pub(super) struct Archive {
    archive: ZipArchive<Store>,
    bytes: u64,
    entries: Vec<(ZipArchiveEntryWayfinder, Method)>,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Archive")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Method {
    Stored,
    Deflated,
}

/// Where the bytes of an archive are.
enum Store {
    File(rawzip::FileReader),
    Bytes(Arc<[u8]>),
}

impl ReaderAt for Store {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> IoResult<usize> {
        match self {
            Self::File(file) => file.read_at(buffer, offset),
            Self::Bytes(bytes) => bytes.read_at(buffer, offset),
        }
    }
}

/// What one record of the directory says of a file or a folder.
struct Entry {
    /// As it is written, a folder's with `/` at its end.
    name: String,
    wayfinder: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    crc: u32,
    packed: u64,
    unpacked: u64,
    starts: u64,
    /// Neither a folder nor hidden.
    is_read: bool,
}

impl Archive {
    /// Tells by the first bytes: a file comes first, or an archive is empty.
    pub(super) fn is_magic(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
    }

    pub(super) fn of_file(file: File) -> Result<(Self, Listing), ImportError> {
        let bytes = file.metadata()?.len();
        Self::of(Store::File(file.into()), bytes)
    }

    pub(super) fn of_bytes(bytes: Arc<[u8]>) -> Result<(Self, Listing), ImportError> {
        let length = bytes.len() as u64;
        Self::of(Store::Bytes(bytes), length)
    }

    fn of(store: Store, bytes: u64) -> Result<(Self, Listing), ImportError> {
        let mut buffer = vec![0; BUFFER_BYTES];
        let archive = ZipLocator::new()
            .locate_in_reader(store, &mut buffer, bytes)
            .map_err(|(_, error)| broken(&error))?;
        if archive.end_offset() != bytes {
            return Err(whole("there are bytes after its end; pack it again"));
        }
        let entries = read_directory(&archive, &mut buffer)?;
        let mut ranges = Vec::new();
        for entry in &entries {
            ranges.push(check_header(&archive, entry, &mut buffer)?);
        }
        check_ranges(ranges, archive.directory_offset())?;
        let mut listing = Listing::default();
        let mut read = Vec::new();
        for entry in entries {
            if entry.is_read {
                read.push((entry.wayfinder, method(&entry)?));
                listing.files.push((entry.name, read.len() - 1, entry.packed));
            } else if is_hidden(&entry.name) {
                listing.passed_over.push(entry.name);
            }
        }
        let archive = Self {
            archive,
            bytes,
            entries: read,
        };
        Ok((archive, listing))
    }

    /// Hands out the bytes of a file, unpacked and held to the size and the checksum that the archive names.
    pub(super) fn read<T>(
        &self,
        entry: usize,
        meter: &Meter,
        take: impl FnOnce(Raw<'_>) -> Result<T, ImportError>,
    ) -> Result<T, ImportError> {
        let Some((wayfinder, method)) = self.entries.get(entry) else {
            return Err(whole("a file in it is gone"));
        };
        let entry = self
            .archive
            .get_entry(*wayfinder)
            .map_err(|error| broken(&error))?;
        let packed = Raw::new(Box::new(entry.reader()), meter);
        let count = packed.count();
        let unpacked: Box<dyn Read + '_> = match method {
            Method::Stored => Box::new(packed),
            Method::Deflated => Box::new(Bounded::new(DeflateDecoder::new(packed), &count)),
        };
        let checked = entry.verifying_reader(unpacked);
        take(Raw::unpacked(Box::new(checked), count))
    }

    /// Returns a reader of the archive as it lies.
    pub(super) fn whole(&self) -> impl Read + '_ {
        Whole {
            store: self.archive.get_ref(),
            at: 0,
        }
    }
}

struct Whole<'a> {
    store: &'a Store,
    at: u64,
}

impl Read for Whole<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        let read = self.store.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

fn read_directory(archive: &ZipArchive<Store>, buffer: &mut [u8]) -> Result<Vec<Entry>, ImportError> {
    let announced = archive.entries_hint();
    let mut entries = Vec::new();
    let mut names = BTreeSet::new();
    let mut listed = archive.entries(buffer);
    while let Some(record) = listed.next_entry().map_err(|error| broken(&error))? {
        if entries.len() == MAX_MEMBERS {
            return Err(too_many());
        }
        let raw = record.file_path();
        let Ok(name) = std::str::from_utf8(raw.as_bytes()) else {
            let name = String::from_utf8_lossy(raw.as_bytes());
            return Err(refused(&name, "its name is not UTF-8; pack the archive again"));
        };
        let is_folder = name.ends_with('/');
        let plain = name.strip_suffix('/').unwrap_or(name);
        check_name(plain)?;
        if !names.insert(plain.to_owned()) {
            return Err(refused(plain, "the archive holds it twice"));
        }
        check_record(plain, is_folder, &record)?;
        entries.push(Entry {
            name: name.to_owned(),
            wayfinder: record.wayfinder(),
            method: record.compression_method(),
            crc: record.crc32(),
            packed: record.compressed_size_hint(),
            unpacked: record.uncompressed_size_hint(),
            starts: record.local_header_offset(),
            is_read: !is_folder && !is_hidden(plain),
        });
    }
    if entries.len() as u64 != announced {
        return Err(whole(&format!(
            "it says that it holds {announced} files and folders, and lists {}",
            entries.len()
        )));
    }
    Ok(entries)
}

/// Refuses what is no plain file: links, devices, what is encrypted, folders with bytes in them.
fn check_record(name: &str, is_folder: bool, record: &ZipFileHeaderRecord<'_>) -> Result<(), ImportError> {
    const KIND: u32 = 0o170_000;
    const FILE: u32 = 0o100_000;
    const FOLDER: u32 = 0o040_000;
    let flags = record.flags();
    if flags.is_encrypted() || flags.bits() & (1 << 6 | 1 << 13) != 0 {
        return Err(refused(
            name,
            "it is encrypted; give the archive without a password",
        ));
    }
    // Only systems of Unix say it; the others leave zeros.
    let kind = record.external_attributes() >> 16 & KIND;
    let is_plain = if is_folder {
        [0, FOLDER].contains(&kind)
    } else {
        [0, FILE].contains(&kind)
    };
    if !is_plain {
        return Err(refused(
            name,
            "it is a link or a device, and only plain files are read",
        ));
    }
    if is_folder && record.uncompressed_size_hint() > 0 {
        return Err(refused(name, "it is a folder with bytes in it"));
    }
    Ok(())
}

/// Refuses a header before a file that says something else than the directory, and returns where both lie.
fn check_header(
    archive: &ZipArchive<Store>,
    entry: &Entry,
    buffer: &mut [u8],
) -> Result<(u64, u64, String), ImportError> {
    let name = &entry.name;
    let found = archive
        .get_entry(entry.wayfinder)
        .map_err(|error| broken(&error).within(name))?;
    let (_, ends) = found.compressed_data_range();
    let differs = difference(&found, entry, buffer).map_err(|error| broken(&error).within(name))?;
    match differs {
        None => Ok((entry.starts, ends, name.clone())),
        Some(what) => Err(refused(
            name,
            &format!("the header before it and the directory of the archive differ in its {what}"),
        )),
    }
}

fn difference(
    found: &ZipEntry<'_, Store>,
    entry: &Entry,
    buffer: &mut [u8],
) -> Result<Option<&'static str>, rawzip::Error> {
    let header = found.local_header(&mut buffer[..HEADER_BYTES])?;
    // A writer that streams puts zeros here and the sizes behind the file; then the directory alone names them.
    let is_later = header.flags().has_data_descriptor();
    let same = |local: u64, listed: u64| local == listed || (is_later && local == 0);
    Ok(if header.file_path().as_bytes() != entry.name.as_bytes() {
        Some("name")
    } else if header.compression_method() != entry.method {
        Some("method")
    } else if header.flags().is_encrypted() {
        Some("encryption")
    } else if !same(header.crc32().into(), entry.crc.into()) {
        Some("checksum")
    } else if !same(header.compressed_size_hint(), entry.packed)
        || !same(header.uncompressed_size_hint(), entry.unpacked)
    {
        Some("size")
    } else {
        None
    })
}

/// Refuses files that share bytes with another, by which a few bytes would become very many, and bytes of no file.
fn check_ranges(mut ranges: Vec<(u64, u64, String)>, directory: u64) -> Result<(), ImportError> {
    ranges.sort();
    let mut end = 0;
    let after = (directory, directory, String::new());
    for (starts, ends, name) in ranges.into_iter().chain([after]) {
        if starts < end || ends > directory {
            return Err(refused(
                &name,
                "its bytes belong to something else in the archive, too",
            ));
        }
        // Behind a file there may be its sizes once more.
        let room = if end == 0 { 0 } else { MAX_DESCRIPTOR };
        if starts - end > room {
            return Err(whole(&format!(
                "the bytes from {end} to {starts} belong to no file in it; pack it again"
            )));
        }
        end = ends;
    }
    Ok(())
}

fn method(entry: &Entry) -> Result<Method, ImportError> {
    match entry.method {
        CompressionMethod::STORE => Ok(Method::Stored),
        CompressionMethod::DEFLATE => Ok(Method::Deflated),
        other => {
            let why = format!(
                "it is packed by the method {}; stored and deflated files are read: pack the archive again",
                other
                    .name()
                    .map_or_else(|| other.as_u16().to_string(), str::to_owned)
            );
            Err(refused(&entry.name, &why))
        }
    }
}

fn whole(message: &str) -> ImportError {
    ImportError::Malformed {
        place: Place::Whole,
        message: format!("the archive cannot be trusted: {message}"),
    }
}

/// An archive that was cut off has no directory, since that comes last.
fn broken(error: &rawzip::Error) -> ImportError {
    let message = error.to_string();
    let io = if let rawzip::ErrorKind::IO(error) = error.kind() {
        error.raw_os_error()
    } else {
        None
    };
    if let Some(code) = io {
        return Error::from_raw_os_error(code).into();
    }
    let is_cut = matches!(
        error.kind(),
        rawzip::ErrorKind::MissingEndOfCentralDirectory | rawzip::ErrorKind::Eof
    ) || matches!(error.kind(), rawzip::ErrorKind::IO(error) if error.kind() == ErrorKind::UnexpectedEof);
    if is_cut {
        return ImportError::Truncated {
            place: Place::Whole,
            message: format!("the directory of the archive is not whole: {message}"),
        };
    }
    whole(&message)
}
