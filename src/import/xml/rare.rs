//! What is neither tag nor text: instructions, comments, CDATA sections and the DOCTYPE.

use memchr::memmem;

use super::super::ImportError;
use super::Xml;
use super::grammar::{doctype_end, is_name};

impl Xml<'_> {
    /// Passes over `<?…?>`; the declaration must not name another encoding than UTF-8.
    pub(super) fn instruction(&mut self) -> Result<(), ImportError> {
        let is_first = !self.has_root && !self.has_text;
        if is_first && self.window.fill_to(6)? && self.window.rest().starts_with(b"<?xml ") {
            let end = self.find(|rest| memmem::find(rest, b"?>"), "the XML declaration")?;
            let declaration = String::from_utf8_lossy(&self.window.rest()[..end]).to_ascii_lowercase();
            let encoding = declaration
                .split_once("encoding")
                .map_or("utf-8", |(_, rest)| rest);
            let encoding = encoding.trim_matches(|c: char| c.is_whitespace() || "=\"'".contains(c));
            // What was UTF-16 is decoded by now; and some tools write this over UTF-8.
            if !["utf-8", "utf8", "us-ascii", "ascii", "utf-16"]
                .iter()
                .any(|known| encoding.starts_with(known))
            {
                return Err(self.malformed(format!("the encoding is {encoding:?}; save the export as UTF-8")));
            }
        }
        self.need(3, "an instruction")?;
        if !is_name(&self.window.rest()[2..3]) {
            return Err(self.malformed("an instruction without a name"));
        }
        self.window.pass(2);
        self.past(b"?>", "an instruction", &mut |_| ())
    }

    pub(super) fn declaration(&mut self, take: &mut impl FnMut(&[u8])) -> Result<(), ImportError> {
        self.need(3, "a declaration")?;
        match self.window.rest()[2] {
            b'-' => {
                self.expect(b"<!--")?;
                self.past(b"-->", "a comment", &mut |_| ())
            }
            b'[' if !self.starts.is_empty() => {
                self.expect(b"<![CDATA[")?;
                self.past(b"]]>", "a CDATA section", take)
            }
            b'D' if !self.has_root => {
                self.expect(b"<!DOCTYPE")?;
                let end = self.find(doctype_end, "the DOCTYPE")?;
                if self.window.rest()[end] == b'[' {
                    return Err(self.malformed("a DOCTYPE that declares entities or elements is refused"));
                }
                self.window.pass(end + 1);
                Ok(())
            }
            _ => Err(self.malformed("a declaration that is no comment, CDATA section or leading DOCTYPE")),
        }
    }

    fn expect(&mut self, start: &[u8]) -> Result<(), ImportError> {
        self.need(start.len(), "a declaration")?;
        if !self.window.rest().starts_with(start) {
            return Err(self.malformed("a declaration that is no comment, CDATA section or leading DOCTYPE"));
        }
        self.window.pass(start.len());
        Ok(())
    }

    /// Passes a closing mark and all before it, which is not held however long it is.
    fn past(&mut self, mark: &[u8], what: &str, take: &mut impl FnMut(&[u8])) -> Result<(), ImportError> {
        loop {
            let rest = self.window.rest();
            if let Some(at) = memmem::find(rest, mark) {
                take(&rest[..at]);
                self.window.pass(at + mark.len());
                return Ok(());
            }
            let whole = rest.len().saturating_sub(mark.len() - 1);
            take(&rest[..whole]);
            self.window.pass(whole);
            self.need(self.window.rest().len() + 1, what)?;
        }
    }
}
