//! The one form of a bundle as `.tar`: plain ustar, sorted, one time, no owner.

use std::io::{self, Read, Write};

use anyhow::{Context, Result, bail};
use tar::{Archive, Builder, EntryType, Header};

use super::contents::{Contents, Problem};
use crate::source::write::Files;

/// Checks that every path fits an archive's header, without writing anything.
pub(super) fn check_archivable(files: &Files) -> Result<()> {
    files.keys().try_for_each(|path| header_of(path, 0, 0).map(drop))
}

/// Writes the archive; the same files and time give the same bytes.
///
/// `modified` is in seconds since 1970.
pub(super) fn write_archive(files: &Files, modified: u64, output: impl Write) -> io::Result<()> {
    let mut builder = Builder::new(output);
    for (path, bytes) in files {
        let header = header_of(path, bytes.len() as u64, modified).map_err(io::Error::other)?;
        builder.append(&header, bytes.as_slice())?;
    }
    builder.into_inner()?.flush()
}

fn header_of(path: &str, size: u64, modified: u64) -> Result<Header> {
    let mut header = Header::new_ustar();
    if header.set_path(path).is_err() || header.path_bytes() != path.as_bytes() {
        bail!(
            "path `{}` does not fit an archive: no name over 100 bytes, no folder over 155",
            path.escape_debug()
        );
    }
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(modified);
    header.set_size(size);
    header.set_device_major(0)?;
    header.set_device_minor(0)?;
    header.set_cksum();
    Ok(header)
}

/// Reads the plain files of an archive into `contents`; everything else in it is a problem.
pub(super) fn read_archive(input: impl Read, contents: &mut Contents) -> Result<()> {
    let mut archive = Archive::new(input);
    // Raw: an extension that renames or links the entry behind it is an entry like any other, and refused.
    let entries = archive
        .entries()
        .context("could not begin to read the archive")?
        .raw(true);
    let mut last = None;
    for entry in entries {
        let Ok(mut entry) = entry else {
            contents.problems.push(Problem::damaged_after(last.as_deref()));
            return Ok(());
        };
        let raw_name = entry.path_bytes().into_owned();
        let name = String::from_utf8_lossy(&raw_name).into_owned();
        if entry.header().entry_type() != EntryType::Regular {
            contents
                .problems
                .push(Problem::entry(&name, "is no plain file in the archive"));
        } else if std::str::from_utf8(&raw_name).is_err() {
            contents
                .problems
                .push(Problem::entry(&name, "has a name that is not UTF-8"));
        } else if contents.read_file(&name, &mut entry)? != entry.size() {
            contents.problems.push(Problem::damaged_after(Some(&name)));
            return Ok(());
        }
        last = Some(name);
    }
    Ok(())
}

/// Whether `input` is, byte for byte, the archive of these files.
pub(super) fn is_archive_of(files: &Files, modified: u64, input: impl Read) -> bool {
    let mut comparison = Comparison { expected: input };
    write_archive(files, modified, &mut comparison).is_ok()
        && matches!(comparison.expected.read(&mut [0]), Ok(0))
}

/// A place to write to that fails at the first byte which differs from what it reads.
struct Comparison<R> {
    expected: R,
}

impl<R: Read> Write for Comparison<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut expected = [0; 8192];
        let length = bytes.len().min(expected.len());
        let (given, wanted) = (&bytes[..length], &mut expected[..length]);
        self.expected.read_exact(wanted)?;
        if given == wanted {
            Ok(length)
        } else {
            Err(io::Error::other("differs"))
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
