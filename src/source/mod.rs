//! Bytes and places: a folder or a git tree, and YAML text as a tree of nodes that know where they stand.
//!
//! Nothing of compliance is in here: no record, no rule, no date.

mod commit;
mod content;
mod database;
mod decode;
mod digest;
mod git;
mod history;
mod hold;
mod json;
mod node;
mod objects;
mod pack;
mod renames;
mod span;
mod stamp;
mod text;
mod tree;
pub mod undo;
pub mod write;
mod yaml;

pub use commit::{read_commit, read_commit_within};
pub use content::{ContentId, ContentReader, content_id_of, read_content};
pub use decode::{DecodeError, decode};
pub use digest::{sha256_hex, sha256_of_parts};
pub use git::{GitFacts, committed_at, facts, merge_bases, resolve_day, resolve_revision, work_tree_around};
pub use history::{Commit, History, PathChange, ReusedPath, read_history, read_history_within, reused_paths};
pub use json::YamlJson;
pub use node::{Key, Node, NodeValue, Path, PathPart};
pub use objects::Identity;
pub use pack::{GitBundle, check_git_bundle, git_bundle_head, make_git_bundle, why_no_git_bundle};
pub use span::{FileId, SourceFile, Sources, Span, Spanned};
pub use stamp::stamp;
pub use text::{TextFault, find_unsafe_text, unsafe_character};
pub use tree::{Bounds, Entry, EntryKind, Tree, read_file, read_folder};
pub use yaml::{Limits, YamlFault, parse};
