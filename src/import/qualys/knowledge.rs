//! The knowledge base, root `KNOWLEDGE_BASE_VULN_LIST_OUTPUT`: what is known of each check, and no host.

use std::io::BufRead;

use super::super::tally::Tally;
use super::super::value::Vectors;
use super::super::xml::{Tag, Xml};
use super::super::{ImportError, Importer, Options, Product, Sink};
use super::details::{Details, Tools};
use super::{Answer, flaw_of_qid, is_root, text, unknown};
use crate::model::ScanSummary;

pub(super) const IMPORTER: Importer = Importer {
    name: "qualys-kb",
    product: Product::Knowledge,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    is_root(head, "KNOWLEDGE_BASE_VULN_LIST_OUTPUT")
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        xml: Xml::new(input),
        tally: Tally::new(options, sink),
        vectors: Vectors::default(),
    };
    reader.document()?;
    Ok(reader.tally.summary)
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    tally: Tally<'s>,
    vectors: Vectors,
}

impl<'r, 's> Answer<'r, 's> for Reader<'r, 's> {
    const WHAT: &'static str = "a knowledge base";
    const LIST: &'static [u8] = b"VULN_LIST";
    const ROW: &'static [u8] = b"VULN";

    fn parts(&mut self) -> (&mut Xml<'r>, &mut Tally<'s>) {
        (&mut self.xml, &mut self.tally)
    }

    fn row(&mut self) -> Result<(), ImportError> {
        self.check()
    }
}

impl Reader<'_, '_> {
    /// Reads one check. Entries that only inform are taken too, for a host detection may call them otherwise.
    fn check(&mut self) -> Result<(), ImportError> {
        let mut details = Details::default();
        let mut qid = None;
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"QID" {
                let given = text(&mut self.xml)?;
                if let Some(flaw) = flaw_of_qid(&given) {
                    return Err(unknown(&self.xml, flaw));
                }
                if qid.replace(given).is_some() {
                    return Err(self.xml.malformed("a `VULN` with two QIDs"));
                }
            } else {
                let mut tools = Tools {
                    tally: &mut self.tally,
                    vectors: &mut self.vectors,
                };
                details.child(&mut self.xml, &mut tools)?;
            }
        }
        let qid = qid.ok_or_else(|| self.xml.malformed("a `VULN` without a `QID`"))?;
        self.tally.summary.observations += 1;
        self.tally.sink.knowledge(details.into_check(&qid));
        Ok(())
    }
}
