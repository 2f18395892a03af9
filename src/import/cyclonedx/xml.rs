//! The notation as XML. Names are taken without their prefix.

use std::io::BufRead;

use memchr::memmem;

use super::super::rows::Refusal;
use super::super::xml::{Tag, Xml, root_name};
use super::super::{ImportError, Importer, Options, Product, Sink};
use super::{Bill, Component, Rating, Vulnerability, affect};
use crate::model::ScanSummary;

pub(in crate::import) const IMPORTER: Importer = Importer {
    name: "cyclonedx-xml",
    product: Product::Scan,
    recognises,
    import,
};

/// The longest of the texts that are needed.
const MAX_TEXT: usize = 64 * 1024;
const SCHEMA: &[u8] = b"cyclonedx.org/schema/bom";

fn recognises(head: &[u8]) -> bool {
    let is_bill = root_name(head).is_ok_and(|name| local(&name) == b"bom");
    is_bill && memmem::find(head, SCHEMA).is_some()
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        xml: Xml::new(input),
        bill: Bill::new(options, sink),
    };
    reader.document()?;
    Ok(reader.bill.tally.summary)
}

/// Returns a name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    let colon = name.iter().rposition(|byte| *byte == b':');
    colon.map_or(name, |colon| &name[colon + 1..])
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    bill: Bill<'s>,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<(), ImportError> {
        self.xml.next()?;
        if let Some(namespace) = self.xml.attribute("xmlns")? {
            let version = namespace.rsplit('/').next().unwrap_or_default();
            Bill::version(version).map_err(|refusal| refusal.at(self.xml.place()))?;
        }
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"metadata" => self.metadata()?,
                b"components" => self.components()?,
                b"vulnerabilities" => self.vulnerabilities()?,
                _ => self.xml.skip()?,
            }
        }
        self.xml.next()?;
        let ended = self.bill.end();
        self.settle(ended)
    }

    fn settle(&self, result: Result<(), Refusal>) -> Result<(), ImportError> {
        result.map_err(|refusal| refusal.at(self.xml.place()))
    }

    fn text(&mut self) -> Result<String, ImportError> {
        self.xml.text(MAX_TEXT).map(|text| text.trim().to_owned())
    }

    fn attribute(&self, name: &str) -> Result<String, ImportError> {
        let value = self.xml.attribute(name)?;
        Ok(value.map(|value| value.trim().to_owned()).unwrap_or_default())
    }

    fn metadata(&mut self) -> Result<(), ImportError> {
        self.bill.has_metadata = true;
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"timestamp" => {
                    let timestamp = self.text()?;
                    let made = self.bill.made_at(&timestamp);
                    self.settle(made)?;
                }
                b"component" => {
                    let component = self.component()?;
                    let taken = self.bill.subject(component);
                    self.settle(taken)?;
                }
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    fn components(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            if local(self.xml.name()) == b"component" {
                let component = self.component()?;
                let taken = self.bill.component(component);
                self.settle(taken)?;
            } else {
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    /// Reads a component; its reader of XML bounds how deep they nest.
    fn component(&mut self) -> Result<Component, ImportError> {
        let mut component = Component {
            reference: self.attribute("bom-ref")?,
            ..Component::default()
        };
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"group" => component.group = self.text()?,
                b"name" => component.name = self.text()?,
                b"version" => component.version = self.text()?,
                b"components" => self.components()?,
                b"vulnerabilities" => {
                    // They refer to the component that they stand in, whose name is known by now.
                    let known = Component {
                        reference: component.reference.clone(),
                        group: component.group.clone(),
                        name: component.name.clone(),
                        version: component.version.clone(),
                    };
                    let taken = self.bill.component(known);
                    self.settle(taken)?;
                    self.vulnerabilities()?;
                }
                _ => self.xml.skip()?,
            }
        }
        Ok(component)
    }

    fn vulnerabilities(&mut self) -> Result<(), ImportError> {
        self.bill.has_vulnerabilities = true;
        while self.xml.next()? == Tag::Open {
            if local(self.xml.name()) == b"vulnerability" {
                let given = self.vulnerability()?;
                let taken = self.bill.vulnerability(&given);
                self.settle(taken)?;
            } else {
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    fn vulnerability(&mut self) -> Result<Vulnerability, ImportError> {
        let mut given = Vulnerability::default();
        let reference = self.attribute("ref")?;
        if !reference.is_empty() {
            given.affects.push(reference);
        }
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"id" => given.id = self.text()?,
                b"references" => self.references(&mut given)?,
                b"ratings" => self.ratings(&mut given)?,
                b"analysis" => self.analysis(&mut given)?,
                b"affects" => self.affects(&mut given)?,
                _ => self.xml.skip()?,
            }
        }
        Ok(given)
    }

    fn references(&mut self, given: &mut Vulnerability) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            while self.xml.next()? == Tag::Open {
                if local(self.xml.name()) == b"id" {
                    given.references.push(self.text()?);
                } else {
                    self.xml.skip()?;
                }
            }
        }
        Ok(())
    }

    fn ratings(&mut self, given: &mut Vulnerability) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let mut rating = Rating::default();
            while self.xml.next()? == Tag::Open {
                match local(self.xml.name()) {
                    b"severity" => rating.severity = self.text()?,
                    b"score" => rating.score = self.text()?,
                    b"method" => rating.method = self.text()?,
                    b"vector" => rating.vector = self.text()?,
                    _ => self.xml.skip()?,
                }
            }
            given.ratings.push(rating);
        }
        Ok(())
    }

    fn analysis(&mut self, given: &mut Vulnerability) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"state" => given.state = self.text()?,
                b"justification" => given.justification = self.text()?,
                b"detail" => given.detail = self.text()?,
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    fn affects(&mut self, given: &mut Vulnerability) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            while self.xml.next()? == Tag::Open {
                if local(self.xml.name()) == b"ref" {
                    let reference = self.text()?;
                    let added = affect(&mut given.affects, &reference);
                    self.settle(added)?;
                } else {
                    self.xml.skip()?;
                }
            }
        }
        Ok(())
    }
}
