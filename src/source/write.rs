//! Outputs, written beside their place and renamed into it, so that a killed run leaves no half file.
//!
//! Everything is first written into a folder `<name>.partial-<process>-<n>` next to the output, flushed to
//! the disk, and renamed. A lock that the run holds on a file in there tells the next run whether the folder
//! is in use or was left behind; what was left behind is removed.
#![expect(
    clippy::disallowed_methods,
    reason = "this module is where outputs are written and removed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

pub use super::hold::{Hold, hold};
use super::undo::{self, steady};

/// Files of a folder by relative path with `/`, in the order of their names.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The length in bytes over which a relative path is refused; what an archive can hold.
const MAX_PATH_BYTES: usize = 255;

/// How many names are tried for a partial folder before giving up.
const MAX_ATTEMPTS: u32 = 1000;

const LOCK: &str = "lock";
const NEW: &str = "new";
const OLD: &str = "old";

/// Writes one file: whole or not at all; what is there is replaced.
///
/// A link is followed, and a device or a pipe (`/dev/stdout`) is written to as it is.
pub fn write_beside(path: &Path, bytes: &[u8]) -> Result<()> {
    write_beside_with(path, |file| file.write_all(bytes))
}

/// Writes one file as `write_beside` does, from a function that produces its bytes.
pub fn write_beside_with(path: &Path, produce: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<()> {
    let cannot = || format!("could not write `{}`", path.display());
    let target = match fs::metadata(path) {
        Ok(found) if found.is_dir() => bail!("`{}` is a folder, and a file is to be written", path.display()),
        Ok(found) if found.is_file() => fs::canonicalize(path).with_context(cannot)?,
        Ok(_) => {
            let mut file = OpenOptions::new().write(true).open(path).with_context(cannot)?;
            return produce(&mut file).with_context(cannot);
        }
        Err(_) => path.to_owned(),
    };
    let partial = Partial::beside(&target)?;
    let mut file = File::create(partial.path(NEW)).with_context(cannot)?;
    produce(&mut file).with_context(cannot)?;
    file.sync_all().with_context(cannot)?;
    drop(file);
    fs::rename(partial.path(NEW), &target).with_context(cannot)?;
    sync_folder(parent_of(&target))
}

/// Writes one file below a folder where none is, whole or not at all; `false` where something is there already.
///
/// Of two runs that want the same name at once one gets it. Links on the way are refused.
pub fn write_new(folder: &Path, path: &str, bytes: &[u8]) -> Result<bool> {
    check_path(path)?;
    let target = folder.join(path);
    if fs::symlink_metadata(&target).is_ok() {
        return Ok(false);
    }
    check_replaceable(folder, path)?;
    let cannot = || format!("could not write `{}`", target.display());
    let partial = Partial::beside(&target)?;
    let mut file = File::create_new(partial.path(NEW)).with_context(cannot)?;
    file.write_all(bytes).with_context(cannot)?;
    file.sync_all().with_context(cannot)?;
    drop(file);
    let _steady = steady();
    // A renaming would put the file over one that came meanwhile; a second name for it does not.
    match fs::hard_link(partial.path(NEW), &target) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        // A file system without second names: the name is claimed first, and then filled.
        Err(_) => match File::create_new(&target) {
            Ok(_) => fs::rename(partial.path(NEW), &target).with_context(cannot)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error).with_context(cannot),
        },
    }
    sync_folder(parent_of(&target))?;
    Ok(true)
}

/// Writes files into a folder, each whole or not at all; other files in it stay.
///
/// All bytes are on the disk before the first name changes. Only plain files are replaced, and a folder that
/// is the root of a git work tree is refused.
pub fn write_folder(folder: &Path, files: &Files) -> Result<()> {
    check_paths(files.keys().map(String::as_str))?;
    match place(folder)? {
        Place::Free | Place::EmptyFolder => return replace_folder(folder, files),
        Place::File => bail!("`{}` is a file, and a folder is to be written", folder.display()),
        Place::Folder => {}
    }
    if folder.join(".git").exists() {
        bail!(
            "`{}` is a git work tree, and outputs never go among sources; name another folder",
            folder.display()
        );
    }
    for path in files.keys() {
        check_replaceable(folder, path)?;
    }
    let partial = Partial::beside(folder)?;
    write_tree(&partial.path(NEW), files)?;
    let mut parents = BTreeSet::new();
    let steady = steady();
    for path in files.keys() {
        let target = folder.join(path);
        let parent = parent_of(&target).to_owned();
        fs::create_dir_all(&parent)
            .with_context(|| format!("could not make the folder `{}`", parent.display()))?;
        fs::rename(partial.path(NEW).join(path), &target)
            .with_context(|| format!("could not write `{}`", target.display()))?;
        parents.insert(parent);
    }
    drop(steady);
    parents.iter().try_for_each(|parent| sync_folder(parent))
}

/// Puts a folder of exactly these files in its place; what is there goes as a whole.
///
/// Whether what is there may go is for the caller to judge.
pub fn replace_folder(folder: &Path, files: &Files) -> Result<()> {
    check_paths(files.keys().map(String::as_str))?;
    let found = place(folder)?;
    let partial = Partial::beside(folder)?;
    write_tree(&partial.path(NEW), files)?;
    swap_in(folder, found, &partial)
}

/// Puts a folder in its place that `produce` fills; what is there stays unless `is_ours` knows it.
///
/// For what cannot be held as a set of files, such as a git repository.
pub fn make_folder(
    folder: &Path,
    is_ours: impl FnOnce(&Path) -> bool,
    produce: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let found = place(folder)?;
    let is_taken = match found {
        Place::Free | Place::EmptyFolder => false,
        Place::Folder => !is_ours(folder),
        Place::File => true,
    };
    if is_taken {
        bail!(
            "`{}` has something in it already; name a folder that is empty or not there yet",
            folder.display()
        );
    }
    let partial = Partial::beside(folder)?;
    let new = partial.path(NEW);
    fs::create_dir(&new).with_context(|| format!("could not write the folder `{}`", folder.display()))?;
    produce(&new)?;
    swap_in(folder, found, &partial)
}

/// Moves the new folder to its place and what was there aside; a swap that fails is undone.
fn swap_in(folder: &Path, found: Place, partial: &Partial) -> Result<()> {
    let cannot = || format!("could not write the folder `{}`", folder.display());
    let _steady = steady();
    match found {
        Place::Free => {}
        Place::EmptyFolder => fs::remove_dir(folder).with_context(cannot)?,
        Place::Folder => fs::rename(folder, partial.path(OLD)).with_context(cannot)?,
        Place::File => bail!("`{}` is a file, and a folder is to be written", folder.display()),
    }
    if let Err(error) = fs::rename(partial.path(NEW), folder) {
        if partial.path(OLD).exists() {
            fs::rename(partial.path(OLD), folder).with_context(cannot)?;
        }
        return Err(error).with_context(cannot);
    }
    sync_folder(parent_of(folder))
}

/// What stands where an output is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing.
    Free,
    /// A folder with nothing in it.
    EmptyFolder,
    /// A folder with something in it.
    Folder,
    /// A plain file.
    File,
}

/// Tells what stands at `path`, after a swap that was cut in the middle is undone; links and devices are refused.
pub fn place(path: &Path) -> Result<Place> {
    remove_abandoned(path);
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::Free),
        Err(error) => return Err(error).with_context(|| format!("could not look at `{}`", path.display())),
    };
    if found.is_file() {
        return Ok(Place::File);
    }
    if !found.is_dir() {
        bail!(
            "`{}` is neither a folder nor a plain file; name the place itself",
            path.display()
        );
    }
    let mut entries =
        fs::read_dir(path).with_context(|| format!("could not read the folder `{}`", path.display()))?;
    Ok(if entries.next().is_some() {
        Place::Folder
    } else {
        Place::EmptyFolder
    })
}

/// Refuses a set of relative paths that some system could not hold, or could hold elsewhere than meant.
pub fn check_paths<'a>(paths: impl Iterator<Item = &'a str>) -> Result<()> {
    // Every folder and file by its folded name, with the name as written and whether it is a file.
    let mut known: BTreeMap<String, (&str, bool)> = BTreeMap::new();
    for path in paths {
        check_path(path)?;
        let ends = path
            .match_indices('/')
            .map(|(index, _)| (index, false))
            .chain([(path.len(), true)]);
        for (end, is_file) in ends {
            let name = path.get(..end).unwrap_or(path);
            match known.insert(name.to_lowercase(), (name, is_file)) {
                Some((other, _)) if other != name => {
                    bail!("paths `{other}` and `{name}` differ in case only, which not every system can hold")
                }
                Some((_, was_file)) if was_file || is_file => {
                    bail!("path `{name}` is there twice, or is both a file and a folder")
                }
                Some(_) | None => {}
            }
        }
    }
    Ok(())
}

/// Refuses a relative path that is not plain: absolute, `..`, empty parts, backslashes, control characters.
pub fn check_path(path: &str) -> Result<()> {
    let shown = path.escape_debug();
    if path.len() > MAX_PATH_BYTES {
        bail!("path `{shown}` is longer than {MAX_PATH_BYTES} bytes");
    }
    if path.contains('\\') || path.chars().any(char::is_control) {
        bail!("path `{shown}` holds a backslash or a control character");
    }
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        bail!("path `{shown}` is not relative, or has an empty part, `.` or `..` in it");
    }
    let mut letters = path.chars();
    if letters.next().is_some_and(|letter| letter.is_ascii_alphabetic()) && letters.next() == Some(':') {
        bail!("path `{shown}` begins with a drive");
    }
    Ok(())
}

/// Refuses to write where a link, a device or a folder stands in the way.
fn check_replaceable(folder: &Path, path: &str) -> Result<()> {
    let mut place = folder.to_owned();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        let wants_folder = parts.peek().is_some();
        match fs::symlink_metadata(&place) {
            Ok(found) if wants_folder && found.is_dir() => {}
            Ok(found) if !wants_folder && found.is_file() => {}
            Ok(_) => bail!(
                "`{}` is in the way, and is not what this tool writes there",
                place.display()
            ),
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

/// Writes files and folders below `root`, flushed to the disk.
fn write_tree(root: &Path, files: &Files) -> Result<()> {
    let mut folders = BTreeSet::from([root.to_owned()]);
    fs::create_dir(root).with_context(|| format!("could not make the folder `{}`", root.display()))?;
    for (path, bytes) in files {
        let target = root.join(path);
        let cannot = || format!("could not write `{}`", target.display());
        let parent = parent_of(&target);
        if folders.insert(parent.to_owned()) {
            fs::create_dir_all(parent).with_context(cannot)?;
        }
        let mut file = File::create_new(&target).with_context(cannot)?;
        file.write_all(bytes).with_context(cannot)?;
        file.sync_all().with_context(cannot)?;
    }
    folders.iter().try_for_each(|folder| sync_folder(folder))
}

/// Flushes the names in a folder to the disk, where the system has such a thing.
fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder)
            .and_then(|opened| opened.sync_all())
            .with_context(|| format!("could not flush the folder `{}`", folder.display()))?;
    }
    Ok(())
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// A folder beside an output, in which it is written; gone when dropped.
struct Partial {
    folder: PathBuf,
    lock: Option<File>,
}

impl Partial {
    fn beside(target: &Path) -> Result<Partial> {
        let Some(Component::Normal(name)) = target.components().next_back() else {
            bail!(
                "`{}` cannot be replaced as a whole; give it a name",
                target.display()
            );
        };
        let parent = parent_of(target);
        fs::create_dir_all(parent)
            .with_context(|| format!("could not make the folder `{}`", parent.display()))?;
        remove_abandoned(target);
        for attempt in 0..MAX_ATTEMPTS {
            let mut own = partial_prefix(name);
            own.push(format!("{}-{attempt}", std::process::id()));
            if let Some(partial) = Partial::claim(parent.join(own))? {
                return Ok(partial);
            }
        }
        bail!(
            "`{}` has too many unfinished outputs beside it; remove those named `….partial-…`",
            target.display()
        )
    }

    /// Makes the folder and locks it; `None` if another run has the name, or took the folder for abandoned.
    fn claim(folder: PathBuf) -> Result<Option<Partial>> {
        undo::begin(&folder);
        match DirBuilder::new().create(&folder) {
            Ok(()) => {}
            Err(error) => {
                undo::end(&folder);
                if error.kind() == ErrorKind::AlreadyExists {
                    return Ok(None);
                }
                return Err(error)
                    .with_context(|| format!("could not make the folder `{}`", folder.display()));
            }
        }
        let Ok(lock) = File::create_new(folder.join(LOCK)) else {
            undo::end(&folder);
            return Ok(None);
        };
        // A file system without locks says so to every run, and none then takes the folder for abandoned.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) || !folder.join(LOCK).exists() {
            undo::end(&folder);
            return Ok(None);
        }
        Ok(Some(Partial {
            folder,
            lock: Some(lock),
        }))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.lock = None;
        // What cannot be removed now is removed by the next run.
        let _ = fs::remove_dir_all(&self.folder);
        undo::end(&self.folder);
    }
}

fn partial_prefix(name: &OsStr) -> OsString {
    let mut prefix = name.to_owned();
    prefix.push(".partial-");
    prefix
}

/// Removes what killed runs left beside `target`; what is in use, or cannot be removed, stays.
fn remove_abandoned(target: &Path) {
    let Some(prefix) = target.file_name().map(partial_prefix) else {
        return;
    };
    let Ok(entries) = fs::read_dir(parent_of(target)) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let rest = name
            .to_str()
            .zip(prefix.to_str())
            .and_then(|(name, prefix)| name.strip_prefix(prefix));
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && rest.is_some_and(is_partial_suffix) {
            remove_if_abandoned(target, &entry.path());
        }
    }
}

fn is_partial_suffix(rest: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    rest.split_once('-')
        .is_some_and(|(process, attempt)| is_number(process) && is_number(attempt))
}

fn remove_if_abandoned(target: &Path, folder: &Path) {
    let Ok(lock) = OpenOptions::new().write(true).open(folder.join(LOCK)) else {
        // Killed between the folder and its lock: only an empty folder goes.
        let _ = fs::remove_dir(folder);
        return;
    };
    if lock.try_lock().is_err() {
        return;
    }
    let old = folder.join(OLD);
    // Killed between the two renames of a swap: the former output goes back to its place.
    if old.exists() && !target.exists() && fs::rename(&old, target).is_err() {
        return;
    }
    let _ = fs::remove_dir_all(folder);
}

/// Removes a file; one that is not there is removed already.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}
