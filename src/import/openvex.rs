//! OpenVEX: what its author says of vulnerabilities in products, statement by statement.
//!
//! Versions 0.0.x name vulnerability and products by texts, 0.2.0 by objects. A statement says something and proves
//! nothing: none of it is a finding, and none closes one.

use std::io::BufRead;
use std::sync::Arc;

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::advice::{Budget, MAX_ENTRIES, identify, instant, line, moment, name, remedy};
use super::json::{Flaw, Listed, Members, Outline, Report, Stop, Text, outline, read};
use super::rows::{Refusal, text_time, unknown};
use super::tally::Tally;
use super::tree::Tree;
use super::value;
use super::{ImportError, Importer, Options, Product, Sink, stamp};
use crate::model::{
    Advice, AdvisoryDocument, AdvisoryProduct, Claim, ClaimStatus, ProductIdentity, ScanSummary,
};

pub(super) const IMPORTER: Importer = Importer {
    name: "openvex",
    product: Product::Advisories,
    recognises,
    import,
};

/// The context of every version; the version follows it.
const CONTEXT: &str = "https://openvex.dev/ns";

fn recognises(head: &[u8]) -> bool {
    let is_vex = || memchr::memmem::find(head, CONTEXT.as_bytes()).is_some();
    matches!(outline(head), Outline::Object(names) if names.contains("@context") && is_vex())
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Listed::new(Reader {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        document: AdvisoryDocument {
            is_vex: true,
            ..AdvisoryDocument::default()
        },
        budget: Budget::default(),
        has_context: false,
        rows: 0,
        held: Vec::new(),
    });
    read(input, &mut reader)?;
    Ok(reader.report.tally.summary)
}

struct Reader<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    document: AdvisoryDocument,
    budget: Budget,
    has_context: bool,
    rows: u32,
    /// The author and the time may come after the statements.
    held: Vec<Advice>,
}

impl Report for Reader<'_> {
    const LIST: &'static str = "statements";

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }

    fn other<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "@context" => {
                let context: Text<'de> = values.next_value()?;
                self.has_context = true;
                version(&context.0).map_err(|refusal| refusal.stop(&mut self.flaw, ""))
            }
            "@id" | "author" => {
                let text: Option<Text<'de>> = values.next_value()?;
                let text = text.map(|text| value::remark(&text.0)).unwrap_or_default();
                if name == "@id" {
                    self.document.id = text;
                } else {
                    self.document.publisher = text;
                }
                Ok(())
            }
            "timestamp" | "last_updated" => {
                let text: Option<Text<'de>> = values.next_value()?;
                let text = text.as_ref().map_or("", |text| &text.0);
                let stamp = text_time(name, text).map_err(|refusal| refusal.stop(&mut self.flaw, ""))?;
                if let Some(stamp) = stamp {
                    stamp::keep_latest(&mut self.tally.summary.run_at, stamp);
                }
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }

    fn missing(&self) -> Option<String> {
        Some("`statements` is missing".into())
    }

    fn end(&mut self) -> Result<(), Stop> {
        for (is_there, name) in [
            (self.has_context, "@context"),
            (!self.document.id.is_empty(), "@id"),
        ] {
            if !is_there {
                return Err(self.flaw.malformed(format!("`{name}` is missing")));
            }
        }
        self.document.issued = instant(self.tally.summary.run_at);
        let document = Arc::new(std::mem::take(&mut self.document));
        for mut advice in std::mem::take(&mut self.held) {
            advice.document = Arc::clone(&document);
            self.tally.sink.advice(advice);
        }
        Ok(())
    }
}

impl Members for Reader<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(row) = members.next_element::<Tree>()? else {
            return Ok(false);
        };
        self.rows += 1;
        let taken = self.statement(&row);
        taken.map_err(|refusal| refusal.stop(&mut self.flaw, &format!("statement {}", self.rows)))?;
        Ok(true)
    }
}

impl Reader<'_> {
    fn statement(&mut self, row: &Tree) -> Result<(), Refusal> {
        if self.rows > MAX_ENTRIES {
            return Err(Refusal::OverLimit(format!("more than {MAX_ENTRIES} statements")));
        }
        let mut advice = Advice {
            document: Arc::default(),
            entry: self.rows - 1,
            cves: Vec::new(),
            aliases: Vec::new(),
            title: String::new(),
            vectors: Vec::new(),
            released: None,
            remedies: Vec::new(),
            claims: Vec::new(),
        };
        let status = status(row.text_of("status").unwrap_or_default())?;
        self.vulnerability(&mut advice, row);
        let at = moment("last_updated", row)?.or(moment("timestamp", row)?);
        if let Some(action) = row.text_of("action_statement") {
            let date = instant(moment("action_statement_timestamp", row)?);
            advice.remedies.push(remedy("action", action, None, date));
        }
        let note = [line(row, "impact_statement"), line(row, "status_notes")];
        let impact = note.into_iter().find(|note| !note.is_empty());
        let justification = Some(line(row, "justification")).filter(|text| !text.is_empty());
        let parts = row.get("subcomponents").map(Tree::members).unwrap_or_default();
        let products = row.get("products").map(Tree::members).unwrap_or_default();
        self.budget.spend(products.len())?;
        for product in products {
            advice.claims.push(Claim {
                product: Arc::new(self.product(product, parts)?),
                status,
                justification: justification.clone(),
                impact: impact.clone(),
                at: instant(at),
                remedies: (0..).take(advice.remedies.len()).collect(),
            });
        }
        let missing = if advice.name().is_empty() {
            Some("a statement that names no vulnerability")
        } else if advice.claims.is_empty() {
            Some("a statement that names no product")
        } else {
            None
        };
        if let Some(reason) = missing {
            self.tally.skip(reason, 1);
            return Ok(());
        }
        self.tally.summary.observations += 1;
        self.held.push(advice);
        Ok(())
    }

    fn vulnerability(&mut self, advice: &mut Advice, row: &Tree) {
        let Some(given) = row.get("vulnerability") else {
            return;
        };
        let address = given.text_of("@id").and_then(|id| id.rsplit('/').next());
        let own = given.text().or(given.text_of("name")).or(address);
        let aliases = given.get("aliases").map(Tree::members).unwrap_or_default();
        let all = own.into_iter().chain(aliases.iter().filter_map(Tree::text));
        for id in all.take(value::MAX_CVES) {
            name(advice, &mut self.tally, id);
        }
        advice.title = line(given, "description");
        if advice.title.is_empty() {
            advice.title = line(row, "vuln_description");
        }
    }

    /// Reads a product, and names what of it is meant.
    fn product(&mut self, given: &Tree, parts: &[Tree]) -> Result<AdvisoryProduct, Refusal> {
        let mut identity = ProductIdentity::default();
        let own = given.text().or(given.text_of("@id"));
        let listed = given.get("identifiers").map(Tree::entries).unwrap_or_default();
        for text in own
            .into_iter()
            .chain(listed.iter().filter_map(|(_, id)| id.text()))
        {
            identify(&mut identity, &mut self.tally, text);
        }
        let Some(called) = own.or(listed.iter().find_map(|(_, id)| id.text())) else {
            return Err(Refusal::Malformed("`products` has one without a name".into()));
        };
        let mut text = value::remark(called);
        let of_it = given.get("subcomponents").map(Tree::members).unwrap_or_default();
        let parts = of_it.iter().chain(parts);
        let parts: Vec<&str> = parts
            .filter_map(|part| part.text().or(part.text_of("@id")))
            .collect();
        if !parts.is_empty() {
            text = value::remark(&format!("{text}, in it {}", parts.join(", ")));
        }
        Ok(AdvisoryProduct {
            text,
            identities: vec![identity],
        })
    }
}

/// Refuses versions that are not known.
fn version(context: &str) -> Result<(), Refusal> {
    let known = context.trim().strip_prefix(CONTEXT).is_some_and(|version| {
        let version = version.trim_end_matches('/');
        let number = version.strip_prefix("/v").map(|number| number.split('.'));
        let number: Option<Vec<&str>> = number.map(Iterator::collect);
        version.is_empty() || matches!(number.as_deref(), Some(["0", "0" | "1" | "2", ..]))
    });
    if known {
        return Ok(());
    }
    Err(unknown(
        "@context",
        context,
        "`https://openvex.dev/ns`, with or without `/v0.0.x` to `/v0.2.x`,",
    ))
}

fn status(given: &str) -> Result<ClaimStatus, Refusal> {
    let found = ClaimStatus::ALL.into_iter().find(|status| status.word() == given);
    found.ok_or_else(|| {
        let known = "`not_affected`, `affected`, `fixed` and `under_investigation`";
        unknown("status", given, known)
    })
}
