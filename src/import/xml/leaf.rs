//! Elements that are passed in one step: those that hold a text alone, and those that were read before.

use memchr::{memchr, memchr2};

use super::super::ImportError;
use super::super::window::Mark;
use super::{Xml, resolved};

/// An element that held a text alone.
#[derive(Clone, Copy)]
pub(super) struct Leaf {
    /// Bytes of the text as it is written.
    pub(super) length: usize,
    pub(super) has_references: bool,
}

impl Xml<'_> {
    /// Marks the end of the present tag.
    pub(in super::super) fn mark(&self) -> Mark {
        self.window.mark(self.length)
    }

    /// Returns all between a mark and the present tag, where it is still there.
    pub(in super::super) fn since(&self, mark: Mark) -> Option<&[u8]> {
        self.window.since(mark)
    }

    /// Passes over what follows the present tag if it is these bytes, which were read once and are whole elements.
    pub(in super::super) fn pass_known(&mut self, known: &[u8]) -> bool {
        let follows = !self.empty
            && self
                .window
                .rest()
                .get(self.length..)
                .is_some_and(|rest| rest.starts_with(known));
        if follows {
            self.window.pass(std::mem::take(&mut self.length) + known.len());
            self.attributes.clear();
        }
        follows
    }

    /// Passes over an element that holds a text alone, to its closing tag.
    ///
    /// Nothing is passed where there is more to it, or a flaw, or where the window does not hold all of it.
    pub(super) fn leaf(&mut self) -> Option<Leaf> {
        let name = self.name();
        if self.empty || name.is_empty() {
            return None;
        }
        let rest = self.window.rest();
        let mut end = self.length;
        let mut has_references = false;
        loop {
            end += memchr2(b'<', b'&', rest.get(end..)?)?;
            if rest[end] == b'<' {
                break;
            }
            has_references = true;
            end += resolved(&rest[end..])?.1;
        }
        let close = rest.get(end..end + name.len() + 3)?;
        let inner = close.strip_prefix(b"</")?.strip_suffix(b">")?;
        if inner != name {
            return None;
        }
        let leaf = Leaf {
            length: end - self.length,
            has_references,
        };
        self.length = close.len();
        self.window.pass(end);
        self.attributes.clear();
        self.pop();
        Some(leaf)
    }

    /// Pours the text of the element that was passed last.
    pub(super) fn pour(&self, leaf: Leaf, take: &mut impl FnMut(&[u8])) -> Result<(), ImportError> {
        let mut text = self.window.passed(leaf.length);
        while let Some(at) = leaf.has_references.then(|| memchr(b'&', text)).flatten() {
            take(&text[..at]);
            let (character, length) = self.resolve(&text[at..])?;
            take(character.encode_utf8(&mut [0; 4]).as_bytes());
            text = &text[at + length..];
        }
        take(text);
        Ok(())
    }
}
