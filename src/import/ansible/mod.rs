//! Ansible: facts of hosts, and what a playbook did, by its callbacks for JSON.
//!
//! Both are what the tool that deploys says, and no scan. A host that could not be reached is a gap: the export is
//! not whole. What is hidden by `no_log` stays so, and no output is kept.

mod callback;
mod facts;

use std::io::{BufRead, Read as _};

use super::json::{Document, Flaw, Json, Outline, Stop, outline};
use super::tree::Tree;
use super::{ImportError, Importer, Place, Product};

pub(super) const FACTS: Importer = Importer {
    name: "ansible-facts",
    product: Product::Deployment,
    recognises: facts::recognises,
    import: facts::import,
};

pub(super) const CALLBACK: Importer = Importer {
    name: "ansible-callback",
    product: Product::Deployment,
    recognises: callback::recognises,
    import: callback::import,
};

/// One line, or the document of one host, may have this many bytes.
const MAX_TEXT: u64 = 64 << 20;
/// Warnings and other lines before the JSON; more of them are no export.
const MAX_NOISE: u64 = 100_000;

/// Outlines the first object of a text, whatever lines stand before it.
fn outline_behind_noise(head: &[u8]) -> Outline {
    let mut rest = head;
    loop {
        if rest.trim_ascii_start().starts_with(b"{") {
            return outline(rest);
        }
        match memchr::memchr(b'\n', rest) {
            Some(end) => rest = &rest[end + 1..],
            None => return Outline::Other,
        }
    }
}

/// Lines of a text, with their number.
struct Lines<'r> {
    input: &'r mut dyn BufRead,
    line: u64,
}

impl<'r> Lines<'r> {
    fn new(input: &'r mut dyn BufRead) -> Self {
        Self { input, line: 0 }
    }

    /// Reads the next line with its end; `None` at the end of the text.
    fn next(&mut self) -> Result<Option<String>, ImportError> {
        let mut bytes = Vec::new();
        self.line += 1;
        self.input.take(MAX_TEXT + 1).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.len() as u64 > MAX_TEXT {
            return Err(ImportError::OverLimit {
                place: Place::Line(self.line),
                message: format!("a line has more than {MAX_TEXT} bytes"),
            });
        }
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| ImportError::Malformed {
                place: Place::Line(self.line),
                message: "not UTF-8 text".into(),
            })
    }
}

/// Reads one document as a tree; `before` lines stand before it.
fn tree(text: &str, before: u64) -> Result<Tree, ImportError> {
    struct Whole {
        flaw: Flaw,
        tree: Tree,
    }
    impl Document for Whole {
        fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
            self.tree = serde::Deserialize::deserialize(json)?;
            Ok(())
        }

        fn flaw(&mut self) -> &mut Flaw {
            &mut self.flaw
        }
    }
    let mut whole = Whole {
        flaw: Flaw::default(),
        tree: Tree::Null,
    };
    super::json::read(&mut text.as_bytes(), &mut whole).map_err(|error| shifted(error, before))?;
    Ok(whole.tree)
}

/// Moves the place of an error by the lines that stand before the text that was read.
fn shifted(error: ImportError, before: u64) -> ImportError {
    error.moved(|place| match place {
        Place::Line(line) => Place::Line(line + before),
        place @ (Place::Byte(_) | Place::Row(..) | Place::Within(..) | Place::Whole) => place,
    })
}
