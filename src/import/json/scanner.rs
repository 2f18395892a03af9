//! A scanner of JSON over a window that moves forward once.
//!
//! It takes what it is asked for and checks what it passes over: the grammar, the escapes, the depth, and, by the
//! window, that all of it is UTF-8. What it holds is one text at the most, whatever the size of the file.

use std::io::BufRead;

use super::super::window::Window;
use super::super::{ImportError, Place};
use super::{MAX_DEPTH, MAX_TEXT, Stop, text};

/// A document while it is read.
pub(in crate::import) struct Json<'r> {
    window: Window<'r>,
    /// So many bytes of what the window holds have been read.
    at: usize,
    depth: u32,
    /// Whether a list or an object was begun, and nothing of it was read.
    is_fresh: bool,
    /// A text that had escapes.
    unescaped: String,
}

impl<'r> Json<'r> {
    pub(super) fn new(input: &'r mut dyn BufRead) -> Self {
        Self {
            window: Window::new(input, MAX_TEXT),
            at: 0,
            depth: 0,
            is_fresh: false,
            unescaped: String::new(),
        }
    }

    /// Returns where it reads.
    pub(super) fn place(&self) -> Place {
        self.window.place(self.at)
    }

    /// Says what is wrong with the text where it is read.
    pub(in crate::import) fn malformed(&self, message: &str) -> Stop {
        Stop::Told(ImportError::Malformed {
            place: self.place(),
            message: message.to_owned(),
        })
    }

    fn truncated(&self, inside: &str) -> Stop {
        Stop::Told(ImportError::Truncated {
            place: self.place(),
            message: format!("the text ends inside {inside}"),
        })
    }

    /// Passes white space and returns the byte behind it, which is not passed; `None` at the end of the text.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            let rest = self.window.rest();
            let mut at = self.at;
            while let Some(byte) = rest.get(at) {
                match byte {
                    b' ' | b'\t' | b'\r' => at += 1,
                    b'\n' => {
                        at += 1;
                        // A line of a report that is written for people begins with spaces.
                        while rest.get(at..at + 8) == Some(b"        ") {
                            at += 8;
                        }
                    }
                    other => {
                        self.at = at;
                        return Ok(Some(*other));
                    }
                }
            }
            self.at = at;
            if !self.refill()? {
                return Ok(None);
            }
        }
    }

    /// Returns the first byte of a value, which is not passed.
    pub(in crate::import) fn value(&mut self) -> Result<u8, Stop> {
        self.peek()?.ok_or_else(|| self.truncated("a value"))
    }

    /// Begins an object at its brace.
    pub(super) fn begin_object(&mut self) -> Result<(), Stop> {
        self.begin()
    }

    /// Begins a list at its bracket.
    pub(super) fn begin_list(&mut self) -> Result<(), Stop> {
        self.begin()
    }

    fn begin(&mut self) -> Result<(), Stop> {
        self.at += 1;
        self.depth += 1;
        self.is_fresh = true;
        if self.depth > MAX_DEPTH {
            return Err(self.too_deep());
        }
        Ok(())
    }

    fn too_deep(&self) -> Stop {
        Stop::Told(ImportError::OverLimit {
            place: self.place(),
            message: format!("nested deeper than {MAX_DEPTH}"),
        })
    }

    /// Reads the name of the next entry and its colon, and returns what it means; `None` behind the last entry.
    pub(in crate::import) fn entry<F>(&mut self, mean: impl FnOnce(&str) -> F) -> Result<Option<F>, Stop> {
        let is_first = std::mem::take(&mut self.is_fresh);
        let byte = self.peek()?.ok_or_else(|| self.truncated("an object"))?;
        match byte {
            b'}' => {
                self.at += 1;
                self.depth -= 1;
                return Ok(None);
            }
            b'"' if is_first => {}
            b',' if !is_first => {
                self.at += 1;
                if self.peek()?.ok_or_else(|| self.truncated("an object"))? != b'"' {
                    return Err(self.malformed("a name must stand here, in quotes"));
                }
            }
            _ if is_first => return Err(self.malformed("a name must stand here, in quotes, or `}`")),
            _ => return Err(self.malformed("`,` or `}` must stand here")),
        }
        let meaning = mean(self.text()?);
        self.colon()?;
        Ok(Some(meaning))
    }

    fn colon(&mut self) -> Result<(), Stop> {
        match self.peek()? {
            Some(b':') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(self.malformed("`:` must stand here")),
            None => Err(self.truncated("an object")),
        }
    }

    /// Goes to the next member of a list; `false` behind the last one.
    pub(in crate::import) fn member(&mut self) -> Result<bool, Stop> {
        let is_first = std::mem::take(&mut self.is_fresh);
        match self.peek()?.ok_or_else(|| self.truncated("a list"))? {
            b']' => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            _ if is_first => Ok(true),
            b',' => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.malformed("`,` or `]` must stand here")),
        }
    }

    /// Reads a text at its quote; it is that of the window where it has no escape.
    pub(super) fn text(&mut self) -> Result<&str, Stop> {
        let (mut start, mut has_escape) = (self.at + 1, false);
        self.at = start;
        let end = loop {
            let rest = self.window.rest();
            match text::mark(&rest[self.at..]) {
                None => {
                    // What was read of the text stays in the window.
                    self.at = rest.len() - start;
                    self.window.pass(start);
                    start = 0;
                    if !self.window.more()? {
                        return Err(self.truncated("a text"));
                    }
                    continue;
                }
                Some(more) => self.at += more,
            }
            match self.window.rest()[self.at] {
                b'"' => break self.at,
                b'\\' => {
                    if !std::mem::replace(&mut has_escape, true) {
                        self.unescaped.clear();
                    }
                    self.keep(start)?;
                    let character = self.escape()?;
                    self.unescaped.push(character);
                    start = self.at;
                }
                _ => return Err(self.malformed("a control character stands in a text")),
            }
        };
        if has_escape {
            self.keep(start)?;
        }
        self.at = end + 1;
        if has_escape {
            return Ok(&self.unescaped);
        }
        let text = std::str::from_utf8(&self.window.rest()[start..end]);
        text.map_err(|_| self.malformed("not UTF-8 text"))
    }

    /// Keeps what was read of a text that has escapes.
    fn keep(&mut self, start: usize) -> Result<(), Stop> {
        let part = std::str::from_utf8(&self.window.rest()[start..self.at]);
        let part = part.map_err(|_| self.malformed("not UTF-8 text"))?;
        if self.unescaped.len() + part.len() > MAX_TEXT {
            return Err(Stop::Told(ImportError::OverLimit {
                place: self.place(),
                message: format!("one value has more than {MAX_TEXT} bytes"),
            }));
        }
        self.unescaped.push_str(part);
        Ok(())
    }

    /// Reads an escape at its backslash.
    fn escape(&mut self) -> Result<char, Stop> {
        let first = self.escaped()?;
        let Some(unit) = first.err() else {
            return first.map_err(|_| self.malformed("no escape"));
        };
        let lone = "an escape that is half a character";
        if !(0xd800..0xdc00).contains(&unit) {
            return char::from_u32(unit).ok_or_else(|| self.malformed(lone));
        }
        self.fill(2, "a text")?;
        if !self.window.rest()[self.at..].starts_with(b"\\u") {
            return Err(self.malformed(lone));
        }
        let Err(low @ 0xdc00..0xe000) = self.escaped()? else {
            return Err(self.malformed(lone));
        };
        let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        char::from_u32(code).ok_or_else(|| self.malformed(lone))
    }

    /// Reads an escape at its backslash: a character, or as an `Err` the number behind `\u`.
    fn escaped(&mut self) -> Result<Result<char, u32>, Stop> {
        self.fill(2, "a text")?;
        let letter = self.window.rest()[self.at + 1];
        if letter == b'u' {
            self.fill(6, "a text")?;
            let digits = &self.window.rest()[self.at + 2..self.at + 6];
            let number = text::hex(digits).ok_or_else(|| self.malformed("`\\u` without four hex digits"))?;
            self.at += 6;
            return Ok(Err(number));
        }
        let character =
            text::escaped(letter).ok_or_else(|| self.malformed("an escape that is none of JSON's"))?;
        self.at += 2;
        Ok(Ok(character))
    }

    /// Reads a number; its text is as the grammar has it.
    pub(super) fn number(&mut self) -> Result<&str, Stop> {
        let mut start = self.at;
        loop {
            let rest = self.window.rest();
            let of_number = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
            self.at += rest[self.at..].iter().take_while(of_number).count();
            if self.at < rest.len() {
                break;
            }
            self.at -= start;
            self.window.pass(start);
            start = 0;
            if !self.window.more()? {
                break;
            }
        }
        let number = &self.window.rest()[start..self.at];
        if !text::is_number(number) {
            let is_end = self.at == self.window.rest().len() && text::may_begin_number(number);
            return Err(if is_end {
                self.truncated("a number")
            } else {
                self.malformed("no number")
            });
        }
        std::str::from_utf8(number).map_err(|_| self.malformed("not UTF-8 text"))
    }

    /// Passes `null`, `true` or `false` at its first letter.
    pub(super) fn word(&mut self, word: &str) -> Result<(), Stop> {
        while self.window.rest().len() - self.at < word.len() && self.refill()? {}
        let rest = &self.window.rest()[self.at..];
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        Err(if word.as_bytes().starts_with(rest) {
            self.truncated("a value")
        } else {
            self.malformed("no value")
        })
    }

    /// Passes a value that nobody asks for.
    pub(in crate::import) fn skip(&mut self) -> Result<(), Stop> {
        // Of each list or object that was begun within the value, whether it is an object; the innermost is the last bit.
        let (mut objects, mut depth) = (0_u128, 0_u32);
        loop {
            match self.value()? {
                b'"' => self.skip_text()?,
                byte @ (b'{' | b'[') => {
                    self.at += 1;
                    if self.depth + depth >= MAX_DEPTH {
                        return Err(self.too_deep());
                    }
                    let end = if byte == b'{' { b'}' } else { b']' };
                    if self.value()? == end {
                        self.at += 1;
                    } else {
                        depth += 1;
                        objects = objects << 1 | u128::from(byte == b'{');
                        if byte == b'{' {
                            self.skip_name()?;
                        }
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number().map(drop)?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => return Err(self.malformed("no value")),
            }
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let is_object = objects & 1 == 1;
                match self.value()? {
                    b',' => {
                        self.at += 1;
                        if is_object {
                            self.skip_name()?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return Err(self.malformed("`,` or the end of a list or an object must stand here")),
                }
                self.at += 1;
                depth -= 1;
                objects >>= 1;
            }
        }
    }

    fn skip_name(&mut self) -> Result<(), Stop> {
        if self.value()? != b'"' {
            return Err(self.malformed("a name must stand here, in quotes"));
        }
        self.skip_text()?;
        self.colon()
    }

    /// Passes a text at its quote.
    fn skip_text(&mut self) -> Result<(), Stop> {
        self.at += 1;
        loop {
            let rest = self.window.rest();
            let Some(more) = text::mark(&rest[self.at..]) else {
                self.at = rest.len();
                if !self.refill()? {
                    return Err(self.truncated("a text"));
                }
                continue;
            };
            self.at += more;
            match rest[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => drop(self.escaped()?),
                _ => return Err(self.malformed("a control character stands in a text")),
            }
        }
    }

    /// Reads on, so that at least `count` bytes can be read.
    fn fill(&mut self, count: usize, inside: &str) -> Result<(), Stop> {
        while self.window.rest().len() - self.at < count {
            if !self.refill()? {
                return Err(self.truncated(inside));
            }
        }
        Ok(())
    }

    /// Reads on, without what was read before.
    fn refill(&mut self) -> Result<bool, Stop> {
        self.window.pass(std::mem::take(&mut self.at));
        Ok(self.window.more()?)
    }
}
