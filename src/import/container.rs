//! A folder or an archive whose files are one run: what is in it, which files belong together, its digest.
//!
//! Nothing is ever written out of an archive: its files are read where they lie.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

use super::unpack::{Meter, Raw};
use super::value::hex;
use super::zip::Archive;
use super::{Content, Export, ImportError, Importer, Input, Place, ahead, input};
use crate::source::write::check_path;

/// A folder or an archive may hold this many files, those that are passed over included.
pub(super) const MAX_MEMBERS: usize = 10_000;
/// The files of a folder lie at most this many folders deep.
const MAX_DEPTH: usize = 16;

/// A folder or an archive, listed.
#[derive(Debug)]
pub(super) struct Container {
    kind: Kind,
    /// In the order of their names.
    members: Vec<Member>,
    passed_over: Vec<String>,
    /// SHA-256 of it, in hex, once it is known.
    sha256: OnceLock<String>,
}

#[derive(Debug)]
enum Kind {
    Folder(PathBuf),
    Zip(Archive),
}

/// A file in a folder or an archive.
#[derive(Debug)]
struct Member {
    /// Relative, with `/`.
    name: String,
    /// Its place in the archive's directory.
    entry: usize,
    bytes: u64,
    /// SHA-256 of it as it lies in a folder, once it is known.
    sha256: OnceLock<[u8; 32]>,
}

/// The files of a container that one importer reads: they are one run.
#[derive(Clone, Debug)]
pub struct Part {
    container: Arc<Container>,
    importer: &'static Importer,
    members: Vec<usize>,
}

/// Splits an export that is a folder or an archive into one for each format in it; any other stays as it is.
///
/// A file in it that no importer knows refuses the whole. Where there is one format the name stays, else each
/// bears that of its format, such as `exports (tenable-vm)`.
pub fn unfold(export: Export) -> Result<Vec<Export>, ImportError> {
    let Some(container) = Container::of(&export.content)? else {
        return Ok(vec![export]);
    };
    let parts = parts(&Arc::new(container), &export.options())?;
    let is_mixed = parts.len() > 1;
    let named = |part: Part| Export {
        file: if is_mixed {
            format!("{} ({})", export.file, part.importer.name)
        } else {
            export.file.clone()
        },
        content: Content::Part(part),
        ..export.clone()
    };
    Ok(parts.into_iter().map(named).collect())
}

/// Returns SHA-256 of an export as it lies, in hex: of a folder over the lines that `sha256sum` writes of its files.
pub fn sha256_of(path: &Path) -> Result<String, ImportError> {
    if !path.is_dir() {
        return Ok(hex(&hash(std::fs::File::open(path)?)?));
    }
    Container::new(Kind::Folder(path.to_owned()), list_folder(path)?)?.sha256()
}

/// Groups the files by their importers, in the order in which each comes first.
fn parts(container: &Arc<Container>, options: &super::Options<'_>) -> Result<Vec<Part>, ImportError> {
    let mut parts: Vec<Part> = Vec::new();
    for (index, member) in container.members.iter().enumerate() {
        let importer = container.read(member, &Meter::default(), |raw| {
            input::recognise_raw(raw, options)
        })?;
        match parts.iter_mut().find(|part| part.importer.name == importer.name) {
            Some(part) => part.members.push(index),
            None => parts.push(Part {
                container: Arc::clone(container),
                importer,
                members: vec![index],
            }),
        }
    }
    Ok(parts)
}

impl Part {
    /// Returns the importer of all its files.
    pub fn importer(&self) -> &'static Importer {
        self.importer
    }

    /// Tells whether the first file of all is of it.
    pub fn is_first(&self) -> bool {
        self.members.first() == Some(&0)
    }

    /// Returns the bytes on the disk that are read for it.
    pub fn bytes(&self) -> u64 {
        let members = self
            .members
            .iter()
            .filter_map(|index| self.container.members.get(*index));
        members.map(|member| member.bytes).sum()
    }

    /// Returns the files that are passed over, since they are hidden; they are not part of the digest of a folder.
    pub fn passed_over(&self) -> &[String] {
        &self.container.passed_over
    }

    /// Reads each file in the order of their names; `take` is given its name and its bytes, and takes all of them.
    pub(super) fn each(
        &self,
        meter: &Meter,
        mut take: impl FnMut(&str, Raw<'_>) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let members = &self.container.members;
        for member in self.members.iter().filter_map(|index| members.get(*index)) {
            let mut read = |raw: Raw<'_>| take(&member.name, raw);
            match &self.container.kind {
                Kind::Folder(root) => member.read_hashed(root, meter, &mut read)?,
                Kind::Zip(_) => self.container.read(member, meter, &mut read)?,
            }
        }
        Ok(())
    }

    /// Reads all that is in it, and returns its digest with what came of that.
    ///
    /// The files of a folder are hashed as they are read. An archive is hashed as it lies, beside the reading where
    /// there is a core for it.
    pub(super) fn with_sha256<T>(
        &self,
        read: impl FnOnce() -> Result<T, ImportError>,
    ) -> Result<(T, String), ImportError> {
        let container = &*self.container;
        let is_archive = matches!(container.kind, Kind::Zip(_));
        // The parts of one archive have one digest.
        if !(is_archive && self.is_first() && ahead::is_worth(self.bytes())) {
            return Ok((read()?, container.sha256()?));
        }
        std::thread::scope(|scope| {
            let hash = || container.sha256();
            let beside = std::thread::Builder::new().spawn_scoped(scope, hash)?;
            let whole = read()?;
            let ended = || std::io::Error::other("the hashing of it stopped before its end");
            Ok((whole, beside.join().map_err(|_| ended())??))
        })
    }

    /// Opens a folder or an archive all of whose files are of one format.
    pub(super) fn whole(
        content: &Content,
        options: &super::Options<'_>,
    ) -> Result<Option<Self>, ImportError> {
        let Some(container) = Container::of(content)? else {
            return Ok(None);
        };
        let mut parts = parts(&Arc::new(container), options)?;
        match (parts.pop(), parts.is_empty()) {
            (Some(part), true) => Ok(Some(part)),
            (last, _) => {
                let names: Vec<&str> = parts.iter().chain(&last).map(|part| part.importer.name).collect();
                Err(ImportError::Foreign(format!(
                    "it holds exports of several formats, {}; give each by itself",
                    names.join(", ")
                )))
            }
        }
    }
}

impl Member {
    /// Hands out the bytes of a file in a folder, all of which are taken, and keeps their digest.
    fn read_hashed(
        &self,
        root: &Path,
        meter: &Meter,
        take: impl FnOnce(Raw<'_>) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let path = root.join(&self.name);
        let read = || {
            let (inner, digest) = ahead::open(Input::File(&path))?;
            take(Raw::new(inner, meter))?;
            Ok(digest.finish()?)
        };
        let digest = read().map_err(|error: ImportError| error.within(&self.name))?;
        // Where it was read twice it was the same, or the digest is that of the first time.
        let _ = self.sha256.set(digest.into());
        Ok(())
    }
}

impl Container {
    fn of(content: &Content) -> Result<Option<Self>, ImportError> {
        let (kind, listing) = match content {
            Content::File(path) if path.is_dir() => (Kind::Folder(path.clone()), list_folder(path)?),
            Content::File(path) => {
                let mut file = std::fs::File::open(path)?;
                let mut magic = Vec::new();
                file.by_ref().take(4).read_to_end(&mut magic)?;
                if !Archive::is_magic(&magic) {
                    return Ok(None);
                }
                let (archive, listing) = Archive::of_file(file)?;
                (Kind::Zip(archive), listing)
            }
            Content::Bytes(bytes) if Archive::is_magic(bytes) => {
                let (archive, listing) = Archive::of_bytes(Arc::clone(bytes))?;
                (Kind::Zip(archive), listing)
            }
            Content::Bytes(_) | Content::Part(_) => return Ok(None),
        };
        Self::new(kind, listing).map(Some)
    }

    fn new(kind: Kind, listing: Listing) -> Result<Self, ImportError> {
        let Listing {
            mut files,
            mut passed_over,
        } = listing;
        if files.is_empty() {
            let hidden = if passed_over.is_empty() {
                ""
            } else {
                " but hidden ones"
            };
            return Err(ImportError::Foreign(format!("there are no files in it{hidden}")));
        }
        files.sort();
        passed_over.sort();
        let member = |(name, entry, bytes)| Member {
            name,
            entry,
            bytes,
            sha256: OnceLock::new(),
        };
        Ok(Self {
            kind,
            members: files.into_iter().map(member).collect(),
            passed_over,
            sha256: OnceLock::new(),
        })
    }

    /// Hands out the bytes of a file; what is wrong with them is told with its name.
    fn read<T>(
        &self,
        member: &Member,
        meter: &Meter,
        take: impl FnOnce(Raw<'_>) -> Result<T, ImportError>,
    ) -> Result<T, ImportError> {
        let read = || match &self.kind {
            Kind::Folder(root) => {
                let file = std::fs::File::open(root.join(&member.name))?;
                take(Raw::new(Box::new(file), meter))
            }
            Kind::Zip(archive) => archive.read(member.entry, meter, take),
        };
        read().map_err(|error: ImportError| error.within(&member.name))
    }

    /// Returns SHA-256 of an archive; of a folder over the lines that `sha256sum` writes of its files, in their order.
    fn sha256(&self) -> Result<String, ImportError> {
        if let Some(digest) = self.sha256.get() {
            return Ok(digest.clone());
        }
        let digest = match &self.kind {
            Kind::Folder(root) => self.sha256_of_lines(root)?,
            Kind::Zip(archive) => hash(archive.whole())?,
        };
        Ok(self.sha256.get_or_init(|| hex(&digest)).clone())
    }

    fn sha256_of_lines(&self, root: &Path) -> Result<[u8; 32], ImportError> {
        let mut lines = Sha256::new();
        for member in &self.members {
            let digest = match member.sha256.get() {
                Some(digest) => *digest,
                None => hash(std::fs::File::open(root.join(&member.name))?)?,
            };
            lines.update(format!("{}  {}\n", hex(&digest), member.name));
        }
        Ok(lines.finalize().into())
    }
}

fn hash(mut bytes: impl std::io::Read) -> std::io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    std::io::copy(&mut bytes, &mut hash)?;
    Ok(hash.finalize().into())
}

/// What lies in a container, in any order.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The name, the place in the archive's directory, and the bytes on the disk of each file.
    pub(super) files: Vec<(String, usize, u64)>,
    pub(super) passed_over: Vec<String>,
}

/// Tells what systems leave beside files for themselves.
pub(super) fn is_hidden(name: &str) -> bool {
    name.split('/')
        .any(|part| part.starts_with('.') || part == "__MACOSX")
}

/// Refuses a name that is not plain, or that could not be shown.
pub(super) fn check_name(name: &str) -> Result<(), ImportError> {
    check_path(name).map_err(|error| refused(name, &error.to_string()))
}

pub(super) fn refused(name: &str, why: &str) -> ImportError {
    let name: String = name.escape_debug().take(300).collect();
    ImportError::Malformed {
        place: Place::Within(name, Box::new(Place::Whole)),
        message: why.to_owned(),
    }
}

pub(super) fn too_many() -> ImportError {
    ImportError::OverLimit {
        place: Place::Whole,
        message: format!("it holds more than {MAX_MEMBERS} files"),
    }
}

fn list_folder(root: &Path) -> Result<Listing, ImportError> {
    let mut listing = Listing::default();
    let mut folders = vec![(root.to_owned(), String::new(), 0)];
    let mut seen = 0;
    while let Some((folder, prefix, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            seen += 1;
            if seen > MAX_MEMBERS {
                return Err(too_many());
            }
            let name = format!("{prefix}{}", name_of(&entry)?);
            check_name(&name)?;
            let kind = entry.file_type()?;
            if is_hidden(&name) {
                listing.passed_over.push(name);
            } else if kind.is_file() {
                listing.files.push((name, 0, entry.metadata()?.len()));
            } else if kind.is_dir() && depth < MAX_DEPTH {
                folders.push((entry.path(), format!("{name}/"), depth + 1));
            } else if kind.is_dir() {
                return Err(refused(
                    &name,
                    &format!("it lies more than {MAX_DEPTH} folders deep"),
                ));
            } else {
                let why = "it is a link or a device, and only plain files are read";
                return Err(refused(&name, why));
            }
        }
    }
    Ok(listing)
}

fn name_of(entry: &std::fs::DirEntry) -> Result<String, ImportError> {
    let name = entry.file_name();
    name.into_string()
        .map_err(|name| refused(&name.to_string_lossy(), "its name is not UTF-8"))
}
