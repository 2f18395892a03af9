//! Red Hat Satellite and Katello: the errata of one host, `GET /api/hosts/:id/errata`.
//!
//! This is what the deployment tool says, not what a scanner saw: an erratum that is listed is a patch that the
//! host lacks. The body names no host and no time. One that is applicable but not installable waits for the
//! host's content view, which is the operator's to publish; its title says so.

use std::io::BufRead;

use memchr::memmem;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::json::{
    Array, Document, Entries, Flaw, Json, Members, Object, Outline, Stop, Strict, Text, outline,
};
use super::stamp::{self, Written};
use super::tally::Tally;
use super::value;
use super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use crate::model::{Host, Observation, ScanSummary, Severity, Stamp};

pub(super) const IMPORTER: Importer = Importer {
    name: "katello-errata",
    product: Product::Deployment,
    recognises,
    import,
};

/// Knows the list by its counts; those of other things have no `selectable` and no errata in them.
fn recognises(head: &[u8]) -> bool {
    match outline(head) {
        Outline::Object(names) => {
            let has = |name: &str| names.contains(name);
            has("subtotal")
                && (has("results") || has("per_page"))
                && (has("selectable") || memmem::find(head, b"\"errata_id\"").is_some())
        }
        Outline::ArrayOfObjects(_) | Outline::Null | Outline::Other => false,
    }
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut list = List {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("redhat"),
        host: None,
        has_results: false,
        rows: 0,
        total: None,
        subtotal: None,
        search: None,
    };
    super::json::read(input, &mut list)?;
    Ok(list.tally.summary)
}

/// The list, with what it says of its own length.
struct List<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    host: Option<HostIndex>,
    has_results: bool,
    rows: u64,
    total: Option<u64>,
    subtotal: Option<u64>,
    search: Option<String>,
}

impl Document for List<'_> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        let poured = self.tally.host(&Host::default());
        self.host = poured.map_err(|flaw| self.flaw.malformed::<Stop>(flaw))?;
        serde::de::DeserializeSeed::deserialize(Object(self), json)?;
        self.settle()
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }
}

impl Entries for List<'_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "total" => self.total = values.next_value()?,
            "subtotal" => self.subtotal = values.next_value()?,
            "search" => self.search = values.next_value()?,
            // What went wrong may be anything; that something did is enough.
            "error" => {
                if values.next_value::<Option<IgnoredAny>>()?.is_some() {
                    let message = "`error` is not null; ask the server again";
                    return Err(self.flaw.malformed(message.into()));
                }
            }
            "results" if self.has_results => {
                return Err(self.flaw.malformed("`results` comes twice".into()));
            }
            "results" => {
                self.has_results = true;
                values.next_value_seed(Array(self))?;
            }
            _ => values.next_value::<IgnoredAny>().map(drop)?,
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct Erratum<'a> {
    #[serde(borrow)]
    errata_id: Text<'a>,
    #[serde(rename = "type", borrow)]
    sort: Text<'a>,
    #[serde(borrow, default)]
    title: Option<Text<'a>>,
    #[serde(borrow, default)]
    severity: Option<Text<'a>>,
    #[serde(borrow, default)]
    issued: Option<Text<'a>>,
    #[serde(borrow, default)]
    cves: Option<Vec<Strict<Cve<'a>>>>,
    #[serde(borrow, default)]
    packages: Option<Vec<Text<'a>>>,
    #[serde(default)]
    installable: Option<bool>,
}

#[derive(serde::Deserialize)]
struct Cve<'a> {
    #[serde(borrow)]
    cve_id: Text<'a>,
}

impl Members for List<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(erratum)) = members.next_element::<Strict<Erratum<'de>>>()? else {
            return Ok(false);
        };
        self.rows += 1;
        let row = self.rows;
        if let Some(flaw) = value::flaw_of_id(erratum.errata_id.0.trim()) {
            return Err(self.flaw.malformed(format!("row {row}: `errata_id`: {flaw}")));
        }
        if erratum.sort.0 != "security" {
            self.tally.informational();
            return Ok(true);
        }
        self.item.clear();
        self.item.severity = severity(erratum.severity.as_ref())
            .map_err(|message| self.flaw.unknown(format!("row {row}: {message}")))?;
        self.item.patch_published = issued(erratum.issued.as_ref())
            .map_err(|message| self.flaw.unknown(format!("row {row}: {message}")))?;
        let cves = erratum.cves.as_deref().unwrap_or_default();
        if cves.len() > value::MAX_CVES {
            let message = format!("row {row}: `cves` has more than {} CVEs", value::MAX_CVES);
            return Err(self.flaw.over_limit(message));
        }
        for Strict(cve) in cves {
            match value::cve(&cve.cve_id.0) {
                Some(cve) => self.item.cves.push(cve),
                None => self.tally.leave_out("not a CVE id"),
            }
        }
        self.describe(&erratum);
        self.tally.observation(self.host, &self.item);
        Ok(true)
    }
}

impl List<'_> {
    fn describe(&mut self, erratum: &Erratum<'_>) {
        let item = &mut self.item;
        let id = erratum.errata_id.0.trim();
        item.id.push_str(id);
        item.aliases.push(id.to_owned());
        item.remediation = Some(value::advisory(id).map_or_else(|| id.to_owned(), |(_, key)| key));
        item.fix_available = Some(true);
        value::settle_cves(&mut item.cves);
        let text = |text: &Option<Text<'_>>| {
            text.as_ref()
                .map(|text| text.0.trim().to_owned())
                .unwrap_or_default()
        };
        item.severity_given = text(&erratum.severity);
        item.title = match text(&erratum.title) {
            title if title.is_empty() => id.to_owned(),
            title => title,
        };
        if erratum.installable == Some(false) {
            item.title.push_str(" (applicable, not installable)");
        }
        let packages = erratum.packages.iter().flatten();
        let packages: Vec<&str> = packages.map(|package| package.0.as_ref()).collect();
        item.instance = packages.join(" ");
        item.fingerprint = Some(value::fingerprint(item.instance.as_bytes()));
    }

    /// Holds the rows against the counts of the list.
    fn settle<E: serde::de::Error>(&mut self) -> Result<(), E> {
        let (Some(subtotal), true) = (self.subtotal, self.has_results) else {
            let message = "`subtotal` or `results` is missing, so that nothing shows the list is whole";
            return Err(self.flaw.malformed(message.into()));
        };
        if self.rows > subtotal {
            let message = format!("`subtotal` is {subtotal}, but there are {} errata", self.rows);
            return Err(self.flaw.malformed(message));
        }
        let all = subtotal.max(self.total.unwrap_or_default());
        if self.rows < all {
            let rows = self.rows;
            self.tally.incomplete(format!(
                "lists {rows} of {all} errata; ask with `per_page={all}` and no `search`"
            ));
        } else if let Some(search) = self.search.take().filter(|search| !search.trim().is_empty()) {
            self.tally
                .incomplete(format!("is narrowed by the search {}", value::shown(&search)));
        }
        Ok(())
    }
}

/// Reads the severity; `None` where the vendor gives none.
fn severity(given: Option<&Text<'_>>) -> Result<Option<Severity>, String> {
    match given.map_or("", |given| given.0.trim()) {
        "" | "None" => Ok(None),
        "Critical" => Ok(Some(Severity::Critical)),
        "Important" => Ok(Some(Severity::High)),
        "Moderate" => Ok(Some(Severity::Medium)),
        "Low" => Ok(Some(Severity::Low)),
        other => Err(format!(
            "`severity` is {}; `Critical`, `Important`, `Moderate`, `Low` and `None` are known",
            value::shown(other)
        )),
    }
}

fn issued(given: Option<&Text<'_>>) -> Result<Option<chrono::NaiveDate>, String> {
    let Some(given) = given
        .map(|given| given.0.trim())
        .filter(|given| !given.is_empty())
    else {
        return Ok(None);
    };
    match stamp::read(given) {
        Some(Written::Sure(Stamp::Day(day))) => Ok(Some(day)),
        Some(Written::Sure(Stamp::At(instant))) => Ok(Some(instant.date_naive())),
        Some(Written::Sure(Stamp::Wall(wall))) => Ok(Some(wall.date())),
        Some(Written::Either { .. }) | None => {
            Err(format!("`issued` is {}, which is no date", value::shown(given)))
        }
    }
}
