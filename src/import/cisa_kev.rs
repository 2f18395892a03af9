//! CISA's catalogue of known exploited vulnerabilities, as JSON.

use std::io::BufRead;

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::json::{
    Array, Document, Entries, Flaw, Json, Members, Object, Outline, Stop, Strict, Text, outline,
};
use super::stamp::{self, Written};
use super::tally::Tally;
use super::value;
use super::{ImportError, Importer, Options, Product, Sink};
use crate::model::{Date, ScanSummary, parse_date};

pub(super) const IMPORTER: Importer = Importer {
    name: "cisa-kev",
    product: Product::Kev,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    match outline(head) {
        Outline::Object(names) => names.contains("catalogVersion") && names.contains("vulnerabilities"),
        Outline::ArrayOfObjects(_) | Outline::Null | Outline::Other => false,
    }
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut catalogue = Catalogue {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        count: None,
        entries: 0,
    };
    super::json::read(input, &mut catalogue)?;
    Ok(catalogue.tally.summary)
}

struct Catalogue<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    /// How many entries the catalogue says it has.
    count: Option<u64>,
    entries: u64,
}

impl Document for Catalogue<'_> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        serde::de::DeserializeSeed::deserialize(Object(self), json)?;
        self.tally.summary.observations = self.entries;
        match self.count {
            Some(count) if count == self.entries => Ok(()),
            Some(count) => Err(self.flaw.malformed(format!(
                "`count` is {count}, but there are {} vulnerabilities",
                self.entries
            ))),
            None => Err(self
                .flaw
                .malformed("`count` is missing, so that nothing shows the catalogue is whole".into())),
        }
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }
}

impl Entries for Catalogue<'_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "count" => self.count = Some(values.next_value()?),
            "dateReleased" => {
                let text: Text<'de> = values.next_value()?;
                match stamp::read(&text.0) {
                    Some(Written::Sure(stamp)) => self.tally.summary.run_at = Some(stamp),
                    Some(Written::Either { .. }) | None => {
                        return Err(self
                            .flaw
                            .unknown(format!("`dateReleased` is {:?}, which is no time", text.0)));
                    }
                }
            }
            "vulnerabilities" => values.next_value_seed(Array(self))?,
            _ => values.next_value::<IgnoredAny>().map(drop)?,
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct Entry<'a> {
    #[serde(rename = "cveID", borrow)]
    cve: Text<'a>,
    #[serde(rename = "dateAdded", borrow)]
    added: Text<'a>,
    #[serde(rename = "dueDate", borrow, default)]
    due: Option<Text<'a>>,
}

impl Members for Catalogue<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(entry)) = members.next_element::<Strict<Entry<'de>>>()? else {
            return Ok(false);
        };
        let cve = value::cve(&entry.cve.0).ok_or_else(|| {
            self.flaw
                .unknown(format!("`cveID` is {:?}, which is no CVE id", entry.cve.0))
        })?;
        let added = self.date("dateAdded", &entry.added.0)?;
        let due = match entry.due.filter(|due| !due.0.trim().is_empty()) {
            Some(due) => Some(self.date("dueDate", &due.0)?),
            None => None,
        };
        self.entries += 1;
        self.tally.sink.kev(&cve, added, due);
        Ok(true)
    }
}

impl Catalogue<'_> {
    fn date<E: serde::de::Error>(&mut self, name: &str, text: &str) -> Result<Date, E> {
        parse_date(text.trim()).ok_or_else(|| {
            self.flaw
                .unknown(format!("`{name}` is {text:?}, which is no date"))
        })
    }
}
