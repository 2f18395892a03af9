//! A bundle is made: manifest, instructions and signature around files that others rendered, then written.

use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result, bail};
use chrono::{Timelike, Utc};

use super::archive::{check_archivable, write_archive};
use super::contents::{MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES, read_bundle};
use super::envelope;
use super::instructions::instructions;
use super::manifest::{
    ALLOWED_SIGNERS, ENVELOPE, INSTRUCTIONS, STATEMENT, SUMS, SUMS_SIGNATURE, StatedSigner, Statement,
    TIME_STAMP, is_exempt, parse_sums, sums_of,
};
use super::timestamp::TimeStamp;
use crate::trust::allowed_signers::{AllowedSigners, principal_of};
use crate::trust::signer::Signer;
use crate::trust::sshsig::{Namespace, PublicKey};

use crate::source::write::{Files, Place, check_paths, place, replace_folder, write_beside_with};

/// The files of a bundle before it is sealed.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// What it is of; who signs is written into it when it is sealed.
    pub statement: Statement,
    /// What is to be vouched for; a file `allowed_signers` among them is the bundle's own list of keys.
    pub files: Files,
    /// Markdown that goes behind the instructions in `VERIFY.md`; may be empty.
    pub more_instructions: String,
}

/// A bundle with its manifest, and its signature if it has one: nothing in it changes any more.
#[derive(Clone, Debug)]
pub struct SealedBundle {
    /// All files, those that vouch for the others included.
    pub files: Files,
    /// What `bundle.json` says.
    pub statement: Statement,
}

impl Bundle {
    /// The principal under whom the bundle's own list lets `key` sign at as-of; `None` when it does not.
    pub fn principal_of(&self, key: &PublicKey) -> Option<String> {
        let list = self
            .files
            .get(ALLOWED_SIGNERS)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())?;
        principal_of(
            &AllowedSigners::parse(list),
            key,
            Namespace::Bundle,
            self.statement.as_of.with_timezone(&Utc),
        )
    }

    /// Seals the bundle without a signature.
    pub fn seal(self) -> Result<SealedBundle> {
        self.seal_as(None)
    }

    /// Seals the bundle with a signature, whether or not its own list holds the key.
    pub fn seal_signed(self, signer: &Signer) -> Result<SealedBundle> {
        let principal = self.principal_of(signer.public_key());
        let mut sealed = self.seal_as(Some(StatedSigner::of(signer, principal)))?;
        let sums = sealed.files.get(SUMS).map(Vec::as_slice).unwrap_or_default();
        let signature = signer.sign(sums, Namespace::Bundle)?;
        let envelope = envelope::seal(&sealed.files, signer)?;
        sealed.files.insert(SUMS_SIGNATURE.to_owned(), signature);
        sealed.files.insert(ENVELOPE.to_owned(), envelope);
        Ok(sealed)
    }

    /// Seals the bundle as one that a signer is to sign: to compare with one that has the signature.
    pub fn seal_as(self, signer: Option<StatedSigner>) -> Result<SealedBundle> {
        let reserved = |path: &&String| {
            let folded = path.to_lowercase();
            is_exempt(&path.to_uppercase())
                || [STATEMENT, &INSTRUCTIONS.to_lowercase()].contains(&folded.as_str())
        };
        if let Some(path) = self.files.keys().find(reserved) {
            bail!("file `{path}` cannot go into a bundle: the bundle writes its own");
        }
        let as_of = self.statement.as_of;
        let statement = Statement {
            as_of: as_of.with_nanosecond(0).context("as-of is no instant")?,
            signer,
            ..self.statement
        };
        statement.modified()?;
        let mut files = self.files;
        files.insert(STATEMENT.to_owned(), statement.to_bytes()?);
        let text = instructions(&statement, &files, &self.more_instructions);
        files.insert(INSTRUCTIONS.to_owned(), text.into_bytes());
        files.insert(SUMS.to_owned(), sums_of(&files));
        check_paths(files.keys().map(String::as_str))?;
        check_archivable(&files)?;
        check_size(&files)?;
        Ok(SealedBundle { files, statement })
    }
}

/// Refuses to make what verification would refuse to read.
fn check_size(files: &Files) -> Result<()> {
    // Signatures and the time stamp are yet to come.
    if files.len() + 3 > MAX_FILES {
        bail!(
            "the bundle has {} files, and {MAX_FILES} is the limit",
            files.len()
        );
    }
    if let Some((path, bytes)) = files
        .iter()
        .find(|(_, bytes)| bytes.len() as u64 > MAX_FILE_BYTES)
    {
        bail!(
            "file `{path}` has {} bytes, and {MAX_FILE_BYTES} is the limit in a bundle",
            bytes.len()
        );
    }
    let total: u64 = files.values().map(|bytes| bytes.len() as u64).sum();
    if total > MAX_TOTAL_BYTES {
        bail!("the bundle has {total} bytes, and {MAX_TOTAL_BYTES} is the limit");
    }
    Ok(())
}

impl SealedBundle {
    /// Adds a time stamp over `SHA256SUMS`; one that is over something else is refused.
    pub fn add_time_stamp(&mut self, response: Vec<u8>) -> Result<TimeStamp> {
        let sums = self.files.get(SUMS).map(Vec::as_slice).unwrap_or_default();
        let stamp =
            TimeStamp::over(&response, sums).map_err(|why| anyhow::anyhow!("the time stamp {why}"))?;
        self.files.insert(TIME_STAMP.to_owned(), response);
        Ok(stamp)
    }

    /// Writes the bundle to `out`: an archive if the name ends in `.tar`, else a folder.
    ///
    /// A place that is free or empty is used, an earlier bundle is replaced as a whole, and anything else is
    /// refused. The bundle appears there complete or not at all.
    pub fn write(&self, out: &Path) -> Result<()> {
        check_destination(out)?;
        if is_archive_name(out) {
            let modified = self.statement.modified()?;
            write_beside_with(out, |file| {
                write_archive(&self.files, modified, BufWriter::new(file))
            })
        } else {
            replace_folder(out, &self.files)
        }
    }
}

/// Refuses a place at which a bundle would replace something other than a bundle; to be asked before the work.
pub fn check_destination(out: &Path) -> Result<()> {
    let name = out.display();
    match (place(out)?, is_archive_name(out)) {
        (Place::Free, true | false) | (Place::EmptyFolder, false) => Ok(()),
        (Place::EmptyFolder | Place::Folder, true) => {
            bail!("`{name}` is a folder, and an archive is to be written")
        }
        (Place::File, false) => {
            bail!("`{name}` is a file; name a folder that is new or empty, or a file that ends in `.tar`")
        }
        (Place::File, true) if out.metadata().is_ok_and(|found| found.len() == 0) => Ok(()),
        (Place::Folder, false) | (Place::File, true) => check_earlier_bundle(out),
    }
}

fn is_archive_name(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("tar"))
}

/// Refuses what is no earlier bundle, and an earlier bundle to which someone added a file.
fn check_earlier_bundle(out: &Path) -> Result<()> {
    let name = out.display();
    let contents = read_bundle(out)?;
    let is_bundle = contents
        .files
        .get(STATEMENT)
        .is_some_and(|bytes| Statement::parse(bytes).is_ok());
    let Some(sums) = contents.files.get(SUMS).filter(|_| is_bundle) else {
        bail!("`{name}` holds something else than an earlier bundle; name a place that is new or empty");
    };
    let (listed, _) = parse_sums(sums);
    let foreign = contents
        .files
        .keys()
        .find(|path| !listed.contains_key(*path) && !is_exempt(path));
    let foreign = foreign
        .map(String::as_str)
        .or_else(|| contents.problems.first().and_then(|problem| problem.path()));
    if let Some(path) = foreign {
        bail!(
            "`{name}` holds `{path}`, which is no part of the earlier bundle; move it away, or name another place"
        );
    }
    Ok(())
}
