//! A pull reader of XML for exports that may be larger than memory.
//!
//! It checks what it passes over (balance, names, attributes, references, one root) and keeps none of
//! it. No entity is ever declared or fetched: an external DTD is named by honest exports and is
//! ignored, an internal subset is refused. It is not a validating parser, and knows no namespaces.

mod grammar;
mod leaf;
mod rare;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2, memchr3};

use super::window::Window;
use super::{ImportError, Place};
use grammar::{attribute_at, character_reference, is_name, plain_tag_end, printable, skip_space, tag_end};

/// One tag may have this many bytes, its attributes included.
const MAX_TAG: usize = 1 << 20;
const MAX_DEPTH: usize = 64;
const MAX_ATTRIBUTES: usize = 256;
/// The longest reference, `&#x10FFFF;`, has ten bytes.
const MAX_REFERENCE: usize = 12;

/// What the reader has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tag {
    Open,
    Close,
    /// The end of a complete document.
    End,
}

pub(super) struct Xml<'r> {
    window: Window<'r>,
    /// The names of the open elements, one after the other.
    names: Vec<u8>,
    /// Where in `names` each open element's begins.
    starts: Vec<usize>,
    /// Name and value of each attribute of the present tag, as places in the window.
    attributes: Vec<(Range<usize>, Range<usize>)>,
    /// Bytes of the present tag.
    length: usize,
    /// Whether the present tag is `<a/>`, so that its close comes next.
    empty: bool,
    has_root: bool,
    has_text: bool,
    text: Vec<u8>,
}

impl<'r> Xml<'r> {
    pub(super) fn new(input: &'r mut dyn std::io::BufRead) -> Self {
        Self {
            window: Window::new(input, MAX_TAG),
            names: Vec::new(),
            starts: Vec::new(),
            attributes: Vec::new(),
            length: 0,
            empty: false,
            has_root: false,
            has_text: false,
            text: Vec::new(),
        }
    }

    /// Goes on to the next tag; text between is checked and dropped.
    pub(super) fn next(&mut self) -> Result<Tag, ImportError> {
        self.advance(&mut |_| ())
    }

    /// Returns the name of the innermost open element, with its prefix.
    pub(super) fn name(&self) -> &[u8] {
        &self.names[self.starts.last().copied().unwrap_or(0)..]
    }

    /// Returns the place of the present tag.
    pub(super) fn place(&self) -> Place {
        self.window.place(0)
    }

    /// Returns an attribute of the tag that was opened last, its references resolved.
    pub(super) fn attribute(&self, name: &str) -> Result<Option<Cow<'_, str>>, ImportError> {
        let rest = self.window.rest();
        let found = self
            .attributes
            .iter()
            .find(|(key, _)| &rest[key.clone()] == name.as_bytes());
        let Some((_, value)) = found else { return Ok(None) };
        let raw = std::str::from_utf8(&rest[value.clone()]).map_err(|_| self.malformed("not UTF-8 text"))?;
        if memchr3(b'\n', b'\t', b'&', raw.as_bytes()).is_none() {
            return Ok(Some(Cow::Borrowed(raw)));
        }
        let mut resolved = String::with_capacity(raw.len());
        let mut left = raw;
        while let Some(at) = left.find(['&', '\n', '\t', '\r']) {
            resolved.push_str(&left[..at]);
            let (character, length) = match left.as_bytes()[at] {
                b'&' => self.resolve(&left.as_bytes()[at..])?,
                _ => (' ', 1),
            };
            resolved.push(character);
            left = &left[at + length..];
        }
        resolved.push_str(left);
        Ok(Some(Cow::Owned(resolved)))
    }

    /// Passes over the element that was opened last, to its end.
    pub(super) fn skip(&mut self) -> Result<(), ImportError> {
        if self.leaf().is_some() {
            return Ok(());
        }
        let depth = self.starts.len();
        while self.starts.len() >= depth {
            self.next()?;
        }
        Ok(())
    }

    /// Pours the text of the element that was opened last, to its end, without that of its children.
    pub(super) fn content(&mut self, mut take: impl FnMut(&[u8])) -> Result<(), ImportError> {
        if let Some(leaf) = self.leaf() {
            return self.pour(leaf, &mut take);
        }
        loop {
            match self.advance(&mut take)? {
                Tag::Open => self.skip()?,
                Tag::Close | Tag::End => return Ok(()),
            }
        }
    }

    /// Returns the text of the element that was opened last, if it has at most `limit` bytes.
    pub(super) fn text(&mut self, limit: usize) -> Result<&str, ImportError> {
        let mut leaf = self.leaf();
        if let Some(found) = leaf.take_if(|leaf| leaf.length <= limit && !leaf.has_references) {
            let text = std::str::from_utf8(self.window.passed(found.length));
            return text.map_err(|_| self.malformed("not UTF-8 text"));
        }
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let mut is_over = false;
        let mut take = |chunk: &[u8]| {
            is_over |= text.len() + chunk.len() > limit;
            if !is_over {
                text.extend_from_slice(chunk);
            }
        };
        let result = match leaf {
            Some(leaf) => self.pour(leaf, &mut take),
            None => self.content(take),
        };
        self.text = text;
        result?;
        if is_over {
            let message = format!("a text has more than {limit} bytes");
            return Err(ImportError::OverLimit {
                place: self.place(),
                message,
            });
        }
        std::str::from_utf8(&self.text).map_err(|_| self.malformed("not UTF-8 text"))
    }

    /// Makes the error for the present tag.
    pub(super) fn malformed(&self, message: impl Into<String>) -> ImportError {
        ImportError::Malformed {
            place: self.place(),
            message: message.into(),
        }
    }

    fn advance(&mut self, take: &mut impl FnMut(&[u8])) -> Result<Tag, ImportError> {
        self.window.pass(std::mem::take(&mut self.length));
        self.attributes.clear();
        if std::mem::take(&mut self.empty) {
            self.pop();
            return Ok(Tag::Close);
        }
        loop {
            let rest = self.window.rest();
            let found = memchr2(b'<', b'&', rest);
            let text = &rest[..found.unwrap_or(rest.len())];
            if self.starts.is_empty() && !text.trim_ascii().is_empty() {
                return Err(self.malformed("text stands outside the root element"));
            }
            take(text);
            let length = text.len();
            let is_markup = found.is_some_and(|at| rest[at] == b'<');
            self.has_text |= length > 0;
            self.window.pass(length);
            if found.is_none() {
                if !self.window.more()? {
                    return self.end();
                }
            } else if !is_markup {
                self.reference(take)?;
            } else if let Some(tag) = self.markup(take)? {
                return Ok(tag);
            }
        }
    }

    fn end(&self) -> Result<Tag, ImportError> {
        if !self.starts.is_empty() {
            return Err(self.cut_off(format!("`<{}>` is never closed", printable(self.name()))));
        }
        if !self.has_root {
            return Err(self.cut_off("there is no element"));
        }
        Ok(Tag::End)
    }

    fn cut_off(&self, message: impl Into<String>) -> ImportError {
        let place = self.window.place(self.window.rest().len());
        ImportError::Truncated {
            place,
            message: message.into(),
        }
    }

    /// Reads on until `rest` has `count` bytes.
    fn need(&mut self, count: usize, what: &str) -> Result<(), ImportError> {
        if self.window.rest().len() >= count || self.window.fill_to(count)? {
            return Ok(());
        }
        Err(self.cut_off(format!("the export ends inside {what}")))
    }

    fn reference(&mut self, take: &mut impl FnMut(&[u8])) -> Result<(), ImportError> {
        if self.starts.is_empty() {
            return Err(self.malformed("text stands outside the root element"));
        }
        while memchr(
            b';',
            &self.window.rest()[..self.window.rest().len().min(MAX_REFERENCE)],
        )
        .is_none()
        {
            let have = self.window.rest().len();
            if have >= MAX_REFERENCE {
                break;
            }
            self.need(have + 1, "a reference")?;
        }
        let (character, length) = self.resolve(self.window.rest())?;
        take(character.encode_utf8(&mut [0; 4]).as_bytes());
        self.window.pass(length);
        Ok(())
    }

    /// Resolves the reference at the start of a text, and returns its length.
    fn resolve(&self, text: &[u8]) -> Result<(char, usize), ImportError> {
        resolved(text).ok_or_else(|| match memchr(b';', &text[..text.len().min(MAX_REFERENCE)]) {
            None => self.malformed("an `&` begins no reference; it must be written `&amp;`"),
            Some(end) => {
                let name = printable(&text[..=end]);
                self.malformed(format!(
                    "`{name}` is not allowed; only character references and the five of XML are"
                ))
            }
        })
    }

    /// Reads what begins with `<`; `None` for what is not a tag.
    fn markup(&mut self, take: &mut impl FnMut(&[u8])) -> Result<Option<Tag>, ImportError> {
        self.need(2, "a tag")?;
        match self.window.rest()[1] {
            b'/' => self.close().map(|()| Some(Tag::Close)),
            b'?' => self.instruction().map(|()| None),
            b'!' => self.declaration(take).map(|()| None),
            _ => self.open().map(|()| Some(Tag::Open)),
        }
    }

    fn close(&mut self) -> Result<(), ImportError> {
        let open = self.name();
        let rest = self.window.rest();
        let length = open.len() + 3;
        if !self.starts.is_empty()
            && rest.len() >= length
            && rest[2..length - 1] == *open
            && rest[length - 1] == b'>'
        {
            self.length = length;
            self.pop();
            return Ok(());
        }
        let end = self.find(|rest| memchr(b'>', rest), "a tag")?;
        let name = self.window.rest()[2..end].trim_ascii_end();
        if self.starts.is_empty() || name != self.name() {
            let expected = printable(self.name());
            return Err(self.malformed(format!("`</{}>` closes `<{expected}>`", printable(name))));
        }
        self.length = end + 1;
        self.pop();
        Ok(())
    }

    fn pop(&mut self) {
        if let Some(start) = self.starts.pop() {
            self.names.truncate(start);
        }
    }

    fn open(&mut self) -> Result<(), ImportError> {
        if self.starts.is_empty() && self.has_root {
            return Err(self.malformed("a second root element follows the first"));
        }
        if self.starts.len() >= MAX_DEPTH {
            let message = format!("elements are nested deeper than {MAX_DEPTH}");
            return Err(ImportError::OverLimit {
                place: self.place(),
                message,
            });
        }
        self.has_root = true;
        if let Some(end) = plain_tag_end(self.window.rest()) {
            self.enter(1..end);
            self.length = end + 1;
            return Ok(());
        }
        let end = self.find(tag_end, "a tag")?;
        let rest = self.window.rest();
        self.empty = rest[end - 1] == b'/';
        let stop = if self.empty { end - 1 } else { end };
        let name_end = rest[1..stop]
            .iter()
            .position(u8::is_ascii_whitespace)
            .map_or(stop, |at| at + 1);
        let name = &rest[1..name_end];
        if !is_name(name) {
            return Err(self.malformed(format!("`{}` is no element name", printable(name))));
        }
        self.enter(1..name_end);
        self.length = end + 1;
        if name_end < stop {
            self.read_attributes(name_end, stop)?;
        }
        Ok(())
    }

    fn enter(&mut self, name: Range<usize>) {
        self.starts.push(self.names.len());
        self.names.extend_from_slice(&self.window.rest()[name]);
    }

    /// Finds where markup ends, reading on as far as it takes.
    fn find(&mut self, end: impl Fn(&[u8]) -> Option<usize>, what: &str) -> Result<usize, ImportError> {
        loop {
            if let Some(at) = end(self.window.rest()) {
                return Ok(at);
            }
            self.need(self.window.rest().len() + 1, what)?;
        }
    }

    fn read_attributes(&mut self, from: usize, stop: usize) -> Result<(), ImportError> {
        let tag = &self.window.rest()[..stop];
        let mut attributes = std::mem::take(&mut self.attributes);
        let mut at = skip_space(tag, from);
        while at < stop {
            let (name, value, next) = attribute_at(tag, at).map_err(|message| self.malformed(message))?;
            if next < stop && !tag[next].is_ascii_whitespace() {
                return Err(self.malformed("no space between two attributes"));
            }
            if attributes
                .iter()
                .any(|(other, _)| tag[other.clone()] == tag[name.clone()])
            {
                return Err(self.malformed(format!("the attribute `{}` comes twice", printable(&tag[name]))));
            }
            if attributes.len() >= MAX_ATTRIBUTES {
                let message = format!("a tag has more than {MAX_ATTRIBUTES} attributes");
                return Err(ImportError::OverLimit {
                    place: self.place(),
                    message,
                });
            }
            self.check_value(&tag[value.clone()])?;
            attributes.push((name, value));
            at = skip_space(tag, next);
        }
        self.attributes = attributes;
        Ok(())
    }

    fn check_value(&self, value: &[u8]) -> Result<(), ImportError> {
        let mut left = value;
        while let Some(at) = memchr2(b'<', b'&', left) {
            if left[at] == b'<' {
                return Err(self.malformed("a `<` in an attribute; it must be written `&lt;`"));
            }
            let (_, length) = self.resolve(&left[at..])?;
            left = &left[at + length..];
        }
        Ok(())
    }
}

/// Resolves the reference at the start of a text, and returns its length; `None` where there is none.
fn resolved(text: &[u8]) -> Option<(char, usize)> {
    let end = memchr(b';', &text[..text.len().min(MAX_REFERENCE)])?;
    let character = match &text[1..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        name => character_reference(name)?,
    };
    Some((character, end + 1))
}

/// Returns the name of the root element of a document that may be cut off; an error when it is broken before.
pub(super) fn root_name(mut head: &[u8]) -> Result<Vec<u8>, ImportError> {
    let mut xml = Xml::new(&mut head);
    xml.next()?;
    Ok(xml.name().to_vec())
}
