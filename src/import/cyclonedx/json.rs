//! The notation as JSON.

use std::io::BufRead;

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::super::json::{
    Array, Entries, Flaw, Listed, Members, Object, Outline, Report, Stop, Strict, Text, outline, read,
};
use super::super::rows::{Refusal, said};
use super::super::{ImportError, Importer, Options, Product, Sink};
use super::{Bill, Component, Rating, Vulnerability, affect};
use crate::model::ScanSummary;

pub(in crate::import) const IMPORTER: Importer = Importer {
    name: "cyclonedx-json",
    product: Product::Scan,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    matches!(outline(head), Outline::Object(names) if names.contains("bomFormat"))
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Listed::new(Reader {
        bill: Bill::new(options, sink),
        flaw: Flaw::default(),
        has_format: false,
        rows: 0,
    });
    read(input, &mut reader)?;
    Ok(reader.report.bill.tally.summary)
}

struct Reader<'s> {
    bill: Bill<'s>,
    flaw: Flaw,
    has_format: bool,
    rows: u64,
}

impl Reader<'_> {
    fn settle<E: serde::de::Error>(&mut self, result: Result<(), Refusal>, whose: &str) -> Result<(), E> {
        result.map_err(|refusal| refusal.stop(&mut self.flaw, whose))
    }
}

impl Report for Reader<'_> {
    const LIST: &'static str = "vulnerabilities";

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }

    fn begin(&mut self) {
        self.bill.has_vulnerabilities = true;
    }

    fn missing(&self) -> Option<String> {
        None
    }

    fn end(&mut self) -> Result<(), Stop> {
        if !self.has_format {
            return Err(self.flaw.malformed("`bomFormat` is not `CycloneDX`".into()));
        }
        let ended = self.bill.end();
        self.settle(ended, "")
    }

    fn other<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "bomFormat" => {
                self.has_format = values.next_value::<Text<'de>>()?.0 == "CycloneDX";
                Ok(())
            }
            "specVersion" => {
                let version = Bill::version(&values.next_value::<Text<'de>>()?.0);
                self.settle(version, "")
            }
            "metadata" => {
                let metadata: Option<Strict<Metadata<'de>>> = values.next_value()?;
                self.bill.has_metadata = true;
                let Some(Strict(metadata)) = metadata else {
                    return Ok(());
                };
                let made = self.bill.made_at(said(&metadata.timestamp).unwrap_or_default());
                self.settle(made, "")?;
                let Some(Strict(subject)) = metadata.component else {
                    return Ok(());
                };
                let taken = self.bill.subject(subject.own());
                self.settle(taken, "`metadata.component`")
            }
            "components" => values.next_value_seed(Array(&mut Components(self))),
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    component: Option<Strict<Named<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(rename = "bom-ref", borrow)]
    reference: Option<Text<'a>>,
    #[serde(borrow)]
    group: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
}

impl Named<'_> {
    fn own(&self) -> Component {
        let own = |text| said(text).unwrap_or_default().to_owned();
        Component {
            reference: own(&self.reference),
            group: own(&self.group),
            name: own(&self.name),
            version: own(&self.version),
        }
    }
}

/// A list of components, of which each may have such a list.
struct Components<'r, 's>(&'r mut Reader<'s>);

struct OneComponent<'r, 's> {
    reader: &'r mut Reader<'s>,
    own: Component,
}

impl Members for Components<'_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let mut component = OneComponent {
            reader: &mut *self.0,
            own: Component::default(),
        };
        if members.next_element_seed(Object(&mut component))?.is_none() {
            return Ok(false);
        }
        let own = component.own;
        let taken = self.0.bill.component(own);
        self.0.settle(taken, "`components`")?;
        Ok(true)
    }
}

impl Entries for OneComponent<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        let field = match name {
            "bom-ref" => &mut self.own.reference,
            "group" => &mut self.own.group,
            "name" => &mut self.own.name,
            "version" => &mut self.own.version,
            "components" => return values.next_value_seed(Array(&mut Components(self.reader))),
            _ => return values.next_value::<IgnoredAny>().map(drop),
        };
        let text: Option<Text<'de>> = values.next_value()?;
        *field = said(&text).unwrap_or_default().to_owned();
        Ok(())
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Row<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    references: Option<Vec<Strict<Reference<'a>>>>,
    #[serde(borrow)]
    ratings: Option<Vec<Strict<RatingRow<'a>>>>,
    #[serde(borrow)]
    analysis: Option<Strict<Analysis<'a>>>,
    #[serde(borrow)]
    affects: Option<Vec<Strict<Affected<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Reference<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct RatingRow<'a> {
    #[serde(borrow)]
    severity: Option<Text<'a>>,
    score: Option<f64>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    vector: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Analysis<'a> {
    #[serde(borrow)]
    state: Option<Text<'a>>,
    #[serde(borrow)]
    justification: Option<Text<'a>>,
    #[serde(borrow)]
    detail: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Affected<'a> {
    #[serde(rename = "ref", borrow)]
    reference: Option<Text<'a>>,
}

impl Row<'_> {
    fn own(&self) -> Result<Vulnerability, Refusal> {
        let own = |text| said(text).unwrap_or_default().to_owned();
        let mut affects = Vec::new();
        for Strict(affected) in self.affects.iter().flatten() {
            affect(&mut affects, said(&affected.reference).unwrap_or_default())?;
        }
        let references = self.references.iter().flatten();
        let ratings = self.ratings.iter().flatten();
        let analysis = self.analysis.as_ref().map(|Strict(analysis)| analysis);
        Ok(Vulnerability {
            id: own(&self.id),
            references: references
                .filter_map(|Strict(reference)| said(&reference.id).map(str::to_owned))
                .collect(),
            ratings: ratings
                .map(|Strict(rating)| Rating {
                    severity: own(&rating.severity),
                    score: rating.score.map(|score| score.to_string()).unwrap_or_default(),
                    method: own(&rating.method),
                    vector: own(&rating.vector),
                })
                .collect(),
            state: analysis.map(|analysis| own(&analysis.state)).unwrap_or_default(),
            justification: analysis
                .map(|analysis| own(&analysis.justification))
                .unwrap_or_default(),
            detail: analysis.map(|analysis| own(&analysis.detail)).unwrap_or_default(),
            affects,
        })
    }
}

impl Members for Reader<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(row)) = members.next_element::<Strict<Row<'de>>>()? else {
            return Ok(false);
        };
        self.rows += 1;
        let whose = format!("vulnerability {}", self.rows);
        let taken = row.own().and_then(|given| self.bill.vulnerability(&given));
        self.settle(taken, &whose)?;
        Ok(true)
    }
}
