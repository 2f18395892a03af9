//! One item of a host: read, or known by its bytes.

use sha2::Sha256;

use super::super::value::{self, Remediation};
use super::super::xml::Tag;
use super::super::{HostIndex, ImportError};
use super::Reader;
use super::known::Said;
use crate::model::Observation;

/// What is known of an item only at its end.
#[derive(Default)]
pub(super) struct Details {
    pub(super) remediation: Option<Remediation>,
    pub(super) output: Option<Sha256>,
    /// The id of a compliance check; all checks of one file share a plugin.
    pub(super) check: Option<String>,
}

impl Details {
    /// Completes an item; its output is another matter.
    fn settle(&self, item: &mut Observation) {
        if let Some(check) = &self.check {
            item.id.push('/');
            item.id.push_str(check);
        }
        value::settle_cves(&mut item.cves);
        item.remediation = self.remediation.as_ref().map(|(_, key)| key.clone());
    }
}

/// Leaves out the prefix of a name.
pub(super) fn local(name: &[u8]) -> &[u8] {
    let colon = memchr::memchr(b':', name);
    colon.map_or(name, |colon| &name[colon + 1..])
}

fn is_output(name: &[u8]) -> bool {
    matches!(local(name), b"plugin_output" | b"compliance-actual-value")
}

impl Reader<'_, '_> {
    pub(super) fn report_item(&mut self, host: Option<HostIndex>) -> Result<(), ImportError> {
        let Some((severity, word)) = self.severity()? else {
            self.tally.informational();
            return self.pass_informational();
        };
        self.item.clear();
        self.item.severity = Some(severity);
        self.item.severity_given.push_str(word);
        self.item_attributes()?;
        self.plugin.clone_from(&self.item.id);
        if let Some(place) = self.known.find(&self.plugin)
            && let Some(known) = self.known.get(place)
            && known.said.as_ref().is_some_and(|said| said.is_of(&self.item))
            && self.xml.pass_known(&known.body)
        {
            let number = known.number;
            return self.known_item(host, place, number);
        }
        let details = self.new_item()?;
        self.pour_item(host, details)
    }

    /// Passes over an informational item, and learns its body.
    fn pass_informational(&mut self) -> Result<(), ImportError> {
        self.plugin.clear();
        if let Some(plugin) = self.xml.attribute("pluginID")? {
            self.plugin.push_str(plugin.trim());
        }
        if let Some(place) = self.known.find(&self.plugin)
            && let Some(known) = self.known.get(place)
            && self.xml.pass_known(&known.body)
        {
            return self.xml.skip();
        }
        let start = self.xml.mark();
        loop {
            let is_open = self.xml.next()? == Tag::Open;
            if !is_open || is_output(self.xml.name()) {
                if let Some(body) = self.xml.since(start)
                    && self.known.comes_again(&self.plugin)
                {
                    self.known.keep(&self.plugin, body, None);
                }
                if is_open {
                    self.xml.skip()?;
                    self.xml.skip()?;
                }
                return Ok(());
            }
            self.xml.skip()?;
        }
    }

    /// Reads an item, and learns what its body says.
    fn new_item(&mut self) -> Result<Details, ImportError> {
        let start = self.xml.mark();
        let left_out = self.tally.left_out();
        let mut details = Details::default();
        let mut is_learnt = false;
        self.title.clone_from(&self.item.title);
        loop {
            let is_open = self.xml.next()? == Tag::Open;
            if !is_learnt && (!is_open || is_output(self.xml.name())) {
                is_learnt = true;
                if let Some(body) = self.xml.since(start)
                    && left_out == self.tally.left_out()
                    && self.known.comes_again(&self.plugin)
                {
                    let said = said(&self.item, &self.title, &details);
                    if let Some(said) = said {
                        self.known.keep(&self.plugin, body, Some(said));
                    }
                }
            }
            if !is_open {
                return Ok(details);
            }
            self.item_child(&mut details)?;
        }
    }

    /// Takes an item whose body is known.
    fn known_item(
        &mut self,
        host: Option<HostIndex>,
        place: usize,
        number: usize,
    ) -> Result<(), ImportError> {
        self.exchange(place);
        let mut details = Details::default();
        let mut is_other = false;
        while self.xml.next()? == Tag::Open {
            if !is_other && !is_output(self.xml.name()) {
                is_other = true;
                self.reopen(place, &mut details);
            }
            self.item_child(&mut details)?;
        }
        if is_other {
            return self.pour_item(host, details);
        }
        self.item.fingerprint = details.output.map(value::fingerprint_of);
        self.tally.repeated(host, &self.item, number);
        self.exchange(place);
        Ok(())
    }

    /// Exchanges the present item with the known one, but for what is the present one's own.
    fn exchange(&mut self, place: usize) {
        if let Some(said) = self.known.get(place).and_then(|known| known.said.as_mut()) {
            let (item, other) = (&mut self.item, &mut said.item);
            std::mem::swap(item, other);
            std::mem::swap(&mut item.severity, &mut other.severity);
            std::mem::swap(&mut item.severity_given, &mut other.severity_given);
            std::mem::swap(&mut item.instance, &mut other.instance);
        }
    }

    /// Makes the present item one that is still being read, for more follows its output; it is then known no more.
    fn reopen(&mut self, place: usize, details: &mut Details) {
        self.item.id.clone_from(&self.plugin);
        self.item.remediation = None;
        self.item.fingerprint = None;
        if let Some(said) = self.known.forget(place) {
            details.remediation = said.remediation;
            details.check = said.check;
        }
    }

    fn pour_item(&mut self, host: Option<HostIndex>, details: Details) -> Result<(), ImportError> {
        details.settle(&mut self.item);
        if let Some(flaw) = value::flaw_of_id(&self.item.id) {
            return Err(self.xml.malformed(flaw));
        }
        self.item.fingerprint = details.output.map(value::fingerprint_of);
        self.tally.observation(host, &self.item);
        Ok(())
    }
}

/// Makes what is kept of an item that was read as far as its output; `None` where more could change it.
fn said(item: &Observation, title: &str, details: &Details) -> Option<Said> {
    let mut settled = item.clone();
    details.settle(&mut settled);
    (settled.cves == item.cves).then(|| Said {
        item: settled,
        title: title.to_owned(),
        check: details.check.clone(),
        remediation: details.remediation.clone(),
    })
}
