//! The host detection of the API: root `HOST_LIST_VM_DETECTION_OUTPUT`, or the same as CSV.
//!
//! It names checks by number alone; what they are stands in the knowledge base.

mod field;
mod table;

use std::io::BufRead;

use super::super::tally::Tally;
use super::super::xml::{Tag, Xml};
use super::super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use super::{Answer, FAMILY, MAX_TEXT, digest, is_root, unknown};
use crate::model::{Fingerprint, Observation, ScanSummary};
pub(super) use field::state;
use field::{HOST_FIELDS, Row, SEEN_FIELDS, Sort, Subject};

pub(super) const IMPORTER: Importer = Importer {
    name: "qualys-host-detection",
    product: Product::Scan,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    is_root(head, "HOST_LIST_VM_DETECTION_OUTPUT") || table::recognises(head)
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let tally = Tally::new(options, sink);
    if first_byte(input)? == Some(b'-') {
        return table::import(input, tally);
    }
    let mut reader = Reader {
        xml: Xml::new(input),
        tally,
        item: Observation::blank(FAMILY),
    };
    reader.document()?;
    Ok(reader.tally.summary)
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    tally: Tally<'s>,
    item: Observation,
}

impl<'r, 's> Answer<'r, 's> for Reader<'r, 's> {
    const WHAT: &'static str = "a host detection";
    const LIST: &'static [u8] = b"HOST_LIST";
    const ROW: &'static [u8] = b"HOST";

    fn parts(&mut self) -> (&mut Xml<'r>, &mut Tally<'s>) {
        (&mut self.xml, &mut self.tally)
    }

    fn row(&mut self) -> Result<(), ImportError> {
        self.host()
    }
}

impl Reader<'_, '_> {
    /// Reads one host. What names it comes before its detections; an export in which it does not is refused.
    fn host(&mut self) -> Result<(), ImportError> {
        let mut subject = Subject::default();
        let mut index = None;
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"DETECTION_LIST" => {
                    let known = match index {
                        Some(known) => known,
                        None => self.pour_host(std::mem::take(&mut subject))?,
                    };
                    index = Some(known);
                    while self.xml.next()? == Tag::Open {
                        if self.xml.name() == b"DETECTION" {
                            self.detection(known)?;
                        } else {
                            self.xml.skip()?;
                        }
                    }
                }
                b"DNS_DATA" => {
                    while self.xml.next()? == Tag::Open {
                        self.host_field(&mut subject, index.is_some())?;
                    }
                }
                _ => self.host_field(&mut subject, index.is_some())?,
            }
        }
        if index.is_none() {
            self.pour_host(subject)?;
        }
        Ok(())
    }

    fn host_field(&mut self, subject: &mut Subject, is_poured: bool) -> Result<(), ImportError> {
        let Some(field) = field::find(&HOST_FIELDS, self.xml.name()) else {
            return self.xml.skip();
        };
        if is_poured {
            return Err(self
                .xml
                .malformed(format!("`{field}` comes after the detections of its host")));
        }
        let text = self.xml.text(MAX_TEXT)?.trim();
        match subject.take(field, text) {
            Ok(junk) => {
                (0..junk).for_each(|_| self.tally.leave_out("not an IP address"));
                Ok(())
            }
            Err(message) => Err(unknown(&self.xml, message)),
        }
    }

    fn pour_host(&mut self, subject: Subject) -> Result<Option<HostIndex>, ImportError> {
        self.tally
            .host(&subject.host())
            .map_err(|flaw| self.xml.malformed(flaw))
    }

    fn detection(&mut self, host: Option<HostIndex>) -> Result<(), ImportError> {
        self.item.clear();
        let mut row = Row::default();
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"RESULTS" {
                self.item.fingerprint = digest(&mut self.xml)?.map(Fingerprint);
            } else if let Some(field) = field::find(&SEEN_FIELDS, self.xml.name()) {
                let text = self.xml.text(MAX_TEXT)?.trim();
                if let Err(message) = row.take(&mut self.item, field, text) {
                    return Err(unknown(&self.xml, message));
                }
            } else {
                self.xml.skip()?;
            }
        }
        match row.finish(&mut self.item) {
            Ok(Sort::Information) => self.tally.informational(),
            Ok(Sort::Confirmed | Sort::Potential) => self.tally.observation(host, &self.item),
            Err(flaw) => return Err(self.xml.malformed(flaw)),
        }
        Ok(())
    }
}

/// Returns the first byte that is no space: the parts of the table lie between marks such as `----BEGIN…`.
fn first_byte(input: &mut dyn BufRead) -> Result<Option<u8>, ImportError> {
    loop {
        match input.fill_buf()?.first().copied() {
            Some(byte) if byte.is_ascii_whitespace() => input.consume(1),
            byte => return Ok(byte),
        }
    }
}
