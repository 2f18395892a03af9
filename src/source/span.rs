//! Places in text.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

/// The number of a file in [`Sources`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u32);

/// A stretch of one file: bytes for frames, lines and columns for messages.
///
/// Lines and columns count from 1, columns in characters; the end column is exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

impl Span {
    /// Returns the very beginning of a file, for what has no better place.
    pub fn start_of(file: FileId) -> Self {
        Self {
            file,
            start: 0,
            end: 0,
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
        }
    }
}

/// A value together with the place that it was read from.
#[derive(Clone, Copy, Debug)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: std::fmt::Display> std::fmt::Display for Spanned<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.value.fmt(formatter)
    }
}

impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for Spanned<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// One text file, kept for frames.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Relative to the governed root, with `/`.
    pub path: Arc<str>,
    pub text: Arc<str>,
}

/// Every text file that was read, by number; sorted by path.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Takes the files; the number of a file is its index.
    pub fn new(files: Vec<SourceFile>) -> Self {
        Self { files }
    }

    /// Returns a file by its number.
    pub fn get(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file.0 as usize)
    }

    /// Returns the path of a file, or an empty one for a number that is not here.
    pub fn path(&self, file: FileId) -> &str {
        self.get(file).map_or("", |file| &file.path)
    }

    /// Finds a file by its path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files
            .iter()
            .position(|file| &*file.path == path)
            .and_then(|index| u32::try_from(index).ok())
            .map(FileId)
    }

    /// Adds paths that have no text here, such as those that a change removed, so that they can be pointed at.
    ///
    /// A path that is known already stays as it is.
    pub fn add<'a>(&mut self, paths: impl IntoIterator<Item = &'a Arc<str>>) {
        let known: BTreeSet<Arc<str>> = self.files.iter().map(|file| Arc::clone(&file.path)).collect();
        let new = paths.into_iter().filter(|path| !known.contains(*path));
        let new: BTreeSet<&Arc<str>> = new.collect();
        self.files.extend(new.into_iter().map(|path| SourceFile {
            path: Arc::clone(path),
            text: "".into(),
        }));
    }

    /// Returns all files in order.
    pub fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }
}
