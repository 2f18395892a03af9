//! What is held of a report until its end: tests that found something, and the texts that many of them share.

use std::collections::HashMap;
use std::rc::Rc;

use super::super::HostIndex;
use super::definitions::Definition;
use crate::model::{Fingerprint, Observation, Stamp};

/// A report may have this many tests that found something; each is held with about 80 bytes.
const MAX_TESTS: usize = 4_000_000;
/// The distinct texts that are held have this many bytes at the most.
const MAX_TEXT_BYTES: usize = 256 << 20;

/// The number of a text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct TextIndex(u32);

/// A test that found something. Its definition comes last, and the host's own element ends after it.
pub(super) struct Test {
    pub(super) host: Option<HostIndex>,
    /// The id of the definition, lower case.
    pub(super) check: TextIndex,
    pub(super) instance: TextIndex,
    /// The status by which the console hides it.
    pub(super) excepted: Option<TextIndex>,
    pub(super) is_potential: bool,
    pub(super) since: Option<Stamp>,
    /// SHA-256 of what proves it.
    pub(super) proof: Option<[u8; 32]>,
}

#[derive(Default)]
pub(super) struct Held {
    tests: Vec<Test>,
    places: HashMap<Rc<str>, TextIndex>,
    texts: Vec<Rc<str>>,
    text_bytes: usize,
    definitions: HashMap<TextIndex, Definition>,
}

/// Tests that are no whole finding.
#[derive(Default)]
pub(super) struct Others {
    pub(super) informational: u64,
    /// They were shown, but all that is known of the vulnerability is its id.
    pub(super) undefined: u64,
}

impl Held {
    /// Returns the number of a text, each of which is held once; an `Err` says which bound is passed.
    pub(super) fn text(&mut self, text: &str) -> Result<TextIndex, String> {
        if let Some(known) = self.places.get(text) {
            return Ok(*known);
        }
        self.text_bytes += text.len();
        let number = u32::try_from(self.texts.len()).ok();
        let number = number.filter(|_| self.text_bytes <= MAX_TEXT_BYTES);
        let index =
            TextIndex(number.ok_or_else(|| format!("more than {MAX_TEXT_BYTES} bytes of ids and keys"))?);
        let shared: Rc<str> = text.into();
        self.texts.push(Rc::clone(&shared));
        self.places.insert(shared, index);
        Ok(index)
    }

    /// Tells whether a test was held that needs this definition.
    pub(super) fn needs(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    /// Holds a test; an `Err` says which bound is passed.
    pub(super) fn push(&mut self, test: Test) -> Result<(), String> {
        if self.tests.len() >= MAX_TESTS {
            return Err(format!("more than {MAX_TESTS} tests that found something"));
        }
        self.tests.push(test);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.tests.len()
    }

    /// Says which host the tests from a place on are of.
    pub(super) fn settle(&mut self, from: usize, host: Option<HostIndex>) {
        for test in self.tests.iter_mut().skip(from) {
            test.host = host;
        }
    }

    /// Holds a definition; `false` where there is one of that id.
    pub(super) fn define(&mut self, id: &str, definition: Definition) -> Result<bool, String> {
        let index = self.text(id)?;
        Ok(self.definitions.insert(index, definition).is_none())
    }

    /// Shows each test with its definition, in the order of the report; counts those that it does not show.
    pub(super) fn pour(&self, mut take: impl FnMut(Option<HostIndex>, &Observation)) -> Others {
        let mut item = Observation::blank("nexpose");
        let mut others = Others::default();
        for test in &self.tests {
            let definition = self.definitions.get(&test.check);
            if definition.is_some_and(Definition::is_informational) {
                others.informational += 1;
                continue;
            }
            item.clear();
            item.id.push_str(self.text_of(test.check));
            item.instance.push_str(self.text_of(test.instance));
            item.potential = test.is_potential;
            item.first_seen = test.since;
            item.fingerprint = test.proof.map(Fingerprint);
            let excepted = test.excepted.map(|status| self.text_of(status));
            item.suppressed = excepted.map(|status| format!("`{status}` in Nexpose"));
            match definition {
                Some(definition) => definition.describe(&mut item),
                None => others.undefined += 1,
            }
            take(test.host, &item);
        }
        others
    }

    fn text_of(&self, index: TextIndex) -> &str {
        self.texts.get(index.0 as usize).map_or("", |text| text)
    }
}

#[cfg(test)]
mod tests {
    use super::Held;

    #[test]
    fn texts_are_held_once_and_not_without_end() {
        let mut held = Held::default();
        let one = held.text("80/tcp").unwrap();
        assert_eq!(held.text("80/tcp").unwrap(), one);
        assert_ne!(held.text("81/tcp").unwrap(), one);
        assert_eq!(held.text_bytes, 12);
        held.text_bytes = super::MAX_TEXT_BYTES;
        assert!(held.text("82/tcp").is_err());
        assert!(held.text("80/tcp").is_ok(), "what is held costs nothing");
    }
}
