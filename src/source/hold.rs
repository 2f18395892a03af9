//! One run at a time in a folder.
#![expect(
    clippy::disallowed_methods,
    reason = "the lock of a folder is a file, which is removed with the hold"
)]

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::undo;

const LOCK: &str = ".lock";

/// A folder that one run at a time writes into; the others wait until it is given back.
#[derive(Debug)]
pub struct Hold {
    path: PathBuf,
    _file: File,
}

/// Takes a folder, which is made where it is missing, and waits while another run has it.
///
/// The lock is a file in it that is removed with the hold. One that a killed run left behind is free.
pub fn hold(folder: &Path) -> Result<Hold> {
    let cannot = || format!("could not take the folder `{}`", folder.display());
    if fs::symlink_metadata(folder).is_ok_and(|found| found.is_symlink()) {
        bail!("`{}` is a link, and links are not followed", folder.display());
    }
    fs::create_dir_all(folder).with_context(cannot)?;
    let path = folder.join(LOCK);
    loop {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(cannot)?;
        file.lock().with_context(cannot)?;
        // Whoever had it before has removed the file: then the lock is on one that nobody else will find.
        if is_still_there(&file, &path) {
            undo::begin(&path);
            return Ok(Hold { path, _file: file });
        }
    }
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(mine), Ok(there)) => (mine.dev(), mine.ino()) == (there.dev(), there.ino()),
        (_, _) => false,
    }
}

#[cfg(not(unix))]
fn is_still_there(_: &File, path: &Path) -> bool {
    path.exists()
}

impl Drop for Hold {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        undo::end(&self.path);
    }
}
