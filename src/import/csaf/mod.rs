//! CSAF 2.0 and 2.1: security advisories and VEX of vendors.
//!
//! Products are defined once, in a tree, and named by ids from then on; both may come in any order, so that what is
//! said of them is held until the end. An id that is not defined refuses the document: nobody could tell what is
//! affected. None of it is a finding, and none closes one.

mod products;
mod vulnerability;

use std::io::BufRead;
use std::sync::Arc;

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use self::products::Products;
use self::vulnerability::{Held, held};
use super::advice::{Budget, MAX_ENTRIES, instant, line, moment};
use super::json::{Flaw, Listed, Members, Outline, Report, Stop, Text, outline, read};
use super::rows::{Refusal, unknown};
use super::tally::Tally;
use super::tree::Tree;
use super::value::Vectors;
use super::{ImportError, Importer, Options, Product, Sink};
use crate::model::{AdvisoryDocument, ScanSummary};

pub(super) const IMPORTER: Importer = Importer {
    name: "csaf",
    product: Product::Advisories,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    let Outline::Object(names) = outline(head) else {
        return false;
    };
    let has = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
    names.contains("document") && (names.contains("product_tree") || has("\"csaf_version\"") || has("/csaf/"))
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Listed::new(Reader {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        vectors: Vectors::default(),
        budget: Budget::default(),
        schema: String::new(),
        document: None,
        products: None,
        rows: 0,
        held: Vec::new(),
    });
    read(input, &mut reader)?;
    Ok(reader.report.tally.summary)
}

struct Reader<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    vectors: Vectors,
    budget: Budget,
    /// The address of the schema, which names the version, too.
    schema: String,
    document: Option<Tree>,
    products: Option<Products>,
    rows: u32,
    held: Vec<Held>,
}

impl Report for Reader<'_> {
    const LIST: &'static str = "vulnerabilities";

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }

    fn other<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        let is_known = match name {
            "document" => self.document.is_some(),
            "product_tree" => self.products.is_some(),
            _ => false,
        };
        if is_known {
            return Err(self.flaw.malformed(format!("`{name}` comes twice")));
        }
        match name {
            "$schema" => {
                let schema: Option<Text<'de>> = values.next_value()?;
                self.schema = schema.map(|schema| schema.0.into_owned()).unwrap_or_default();
            }
            "document" => self.document = Some(values.next_value()?),
            "product_tree" => {
                let tree: Tree = values.next_value()?;
                let products = Products::of(&tree, &mut self.tally);
                self.products =
                    Some(products.map_err(|refusal| refusal.stop(&mut self.flaw, "`product_tree`"))?);
            }
            _ => values.next_value::<IgnoredAny>().map(drop)?,
        }
        Ok(())
    }

    fn missing(&self) -> Option<String> {
        None
    }

    fn end(&mut self) -> Result<(), Stop> {
        let said = self.say();
        said.map_err(|refusal| refusal.stop(&mut self.flaw, ""))
    }
}

impl Members for Reader<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(row) = members.next_element::<Tree>()? else {
            return Ok(false);
        };
        self.rows += 1;
        let taken = self.vulnerability(&row);
        taken.map_err(|refusal| refusal.stop(&mut self.flaw, &format!("vulnerability {}", self.rows)))?;
        Ok(true)
    }
}

impl Reader<'_> {
    fn vulnerability(&mut self, row: &Tree) -> Result<(), Refusal> {
        if self.rows > MAX_ENTRIES {
            return Err(Refusal::OverLimit(format!(
                "more than {MAX_ENTRIES} vulnerabilities"
            )));
        }
        let held = held(row, self.rows - 1, &mut self.tally, &mut self.vectors)?;
        self.budget.spend(held.named())?;
        if held.advice.name().is_empty() {
            self.tally.skip("a vulnerability without `cve` and `ids`", 1);
            return Ok(());
        }
        self.tally.summary.observations += 1;
        self.held.push(held);
        Ok(())
    }

    /// Says of each product what was said of its id, and pours it.
    fn say(&mut self) -> Result<(), Refusal> {
        let document = Arc::new(self.head()?);
        let mut products = self.products.take().unwrap_or_default();
        let mut budget = Budget::default();
        for held in std::mem::take(&mut self.held) {
            let whose = held.advice.name().to_owned();
            let resolved = held.resolve(&document, &mut products, &mut budget);
            let advice = resolved.map_err(|refusal| refusal.within(&super::value::shown(&whose)))?;
            self.tally.sink.advice(advice);
        }
        Ok(())
    }

    /// Reads what the document says of itself.
    fn head(&mut self) -> Result<AdvisoryDocument, Refusal> {
        let missing = |name: &str| Refusal::Malformed(format!("`{name}` is missing"));
        let document = self.document.take().ok_or_else(|| missing("document"))?;
        let by_schema = if self.schema.contains("/v2.1/") { "2.1" } else { "" };
        let version = document.text_of("csaf_version").unwrap_or(by_schema);
        if !matches!(version, "2.0" | "2.1") {
            return Err(unknown("document.csaf_version", version, "`2.0` and `2.1`"));
        }
        let tracking = document
            .get("tracking")
            .ok_or_else(|| missing("document.tracking"))?;
        let issued = moment("current_release_date", tracking)?;
        self.tally.summary.run_at = issued;
        let id = line(tracking, "id");
        if id.is_empty() {
            return Err(missing("document.tracking.id"));
        }
        let of = |name: &str, entry: &str| document.get(name).map(|tree| line(tree, entry));
        let category = document.text_of("category").unwrap_or_default();
        Ok(AdvisoryDocument {
            id,
            publisher: of("publisher", "name").unwrap_or_default(),
            title: line(&document, "title"),
            is_vex: category == "csaf_vex",
            issued: instant(issued),
            severity_given: of("aggregate_severity", "text").unwrap_or_default(),
        })
    }
}
