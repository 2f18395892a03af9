//! Items that were read before: what a plugin says of itself is the same on every host that it is found on.
//!
//! An item whose bytes are those of an earlier one means what that one meant, so it is compared and not
//! read again. What differs from host to host is never among those bytes: the tag itself, and the output.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use crate::model::Observation;

use super::super::value::Remediation;

/// All that is kept may have this many bytes; beyond it, it is forgotten and learnt anew.
const MAX_BYTES: usize = 48 << 20;
/// A longer body is read each time.
const MAX_BODY: usize = 64 << 10;
const MAX_PLUGIN: usize = 64;
/// So many plugins that came once are remembered.
const MAX_SEEN: usize = 1 << 16;

#[derive(Default)]
pub(super) struct Known {
    places: HashMap<Box<str>, usize, RandomState>,
    items: Vec<Item>,
    /// Plugins that came at least once; one that comes no more is not worth keeping.
    seen: HashSet<Box<str>, RandomState>,
    bytes: usize,
    /// How many items were ever kept.
    count: usize,
}

/// The last item of a plugin that was read.
pub(super) struct Item {
    /// What stood between the item's tag and its output, or its end.
    pub(super) body: Box<[u8]>,
    /// What it said; `None` of an informational one, whose body was checked and not read.
    pub(super) said: Option<Said>,
    /// No other item that is ever kept has it.
    pub(super) number: usize,
}

/// What the body of an item said.
pub(super) struct Said {
    /// The item as it was poured; instance and fingerprint are another one's.
    pub(super) item: Observation,
    /// The name in the tag, which the body may replace.
    pub(super) title: String,
    pub(super) check: Option<String>,
    pub(super) remediation: Option<Remediation>,
}

impl Said {
    /// Tells whether the tag of an item says the same of the plugin as the tag of this one did.
    pub(super) fn is_of(&self, item: &Observation) -> bool {
        self.title == item.title && self.item.severity == item.severity
    }
}

impl Known {
    /// Finds what is known of a plugin.
    pub(super) fn find(&self, plugin: &str) -> Option<usize> {
        let place = self.places.get(plugin).copied()?;
        let is_known = self.items.get(place).is_some_and(|item| !item.body.is_empty());
        is_known.then_some(place)
    }

    pub(super) fn get(&mut self, place: usize) -> Option<&mut Item> {
        self.items.get_mut(place)
    }

    /// Tells whether a plugin comes again, as one must whose item is to be kept.
    pub(super) fn comes_again(&mut self, plugin: &str) -> bool {
        if self.seen.contains(plugin) {
            return true;
        }
        if self.seen.len() >= MAX_SEEN {
            self.seen.clear();
        }
        if plugin.len() <= MAX_PLUGIN {
            self.seen.insert(plugin.into());
        }
        false
    }

    /// Keeps an item; a plugin's last one takes the place of the one before.
    pub(super) fn keep(&mut self, plugin: &str, body: &[u8], said: Option<Said>) {
        if body.is_empty() || body.len() > MAX_BODY || plugin.len() > MAX_PLUGIN {
            return;
        }
        if self.bytes + cost(body) > MAX_BYTES {
            *self = Self {
                count: self.count,
                seen: std::mem::take(&mut self.seen),
                ..Self::default()
            };
        }
        self.bytes += cost(body);
        self.count += 1;
        let item = Item {
            body: body.into(),
            said,
            number: self.count - 1,
        };
        let known = self
            .places
            .get(plugin)
            .and_then(|place| self.items.get_mut(*place));
        match known {
            Some(known) => {
                self.bytes -= cost(&known.body);
                *known = item;
            }
            None => {
                self.places.insert(plugin.into(), self.items.len());
                self.items.push(item);
            }
        }
    }

    /// Forgets an item, and returns what it said.
    pub(super) fn forget(&mut self, place: usize) -> Option<Said> {
        let item = self.items.get_mut(place)?;
        self.bytes -= cost(&std::mem::take(&mut item.body));
        self.bytes += cost(&[]);
        item.said.take()
    }
}

/// What keeping a body takes: itself, what it says at most, and what an item has beside.
fn cost(body: &[u8]) -> usize {
    2 * body.len() + 1024
}
