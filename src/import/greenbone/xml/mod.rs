//! The report: results, and after them what is known of their hosts, which is added to those that were poured.

mod filter;
mod nvt;

use std::io::BufRead;

use memchr::memmem;
use sha2::{Digest as _, Sha256};

use super::super::stamp::{self, Written};
use super::super::tally::Tally;
use super::super::value::{self, Vectors};
use super::super::xml::{Tag, Xml, root_name};
use super::super::{ImportError, Importer, Options, Product, Sink};
use super::hosts::{Details, Hosts, Named};
use super::rating::{CONFIRMED, Rating, Said, quality_of_detection, rate, score};
use super::{finish, instance, take_rating};
use crate::model::{Observation, ScanSummary, Stamp};

pub(in crate::import) const IMPORTER: Importer = Importer {
    name: "openvas-xml",
    product: Product::Scan,
    recognises,
    import,
};

/// The longest of the short texts that are needed.
const MAX_TEXT: usize = 64 * 1024;
const MAX_MACS: usize = 256;

/// Knows the root, which others use as well, by an element that only these reports have.
fn recognises(head: &[u8]) -> bool {
    const OWN: [&[u8]; 6] = [
        b"<report_format",
        b"<scan_run_status>",
        b"<gmp>",
        b"<omp>",
        b"<nvt ",
        b"format_id=",
    ];
    match root_name(head) {
        Ok(name) if name == b"get_reports_response" => true,
        Ok(name) if name == b"report" => OWN.iter().any(|own| memmem::find(head, own).is_some()),
        Ok(_) | Err(_) => false,
    }
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        xml: Xml::new(input),
        tally: Tally::new(options, sink),
        hosts: Hosts::default(),
        item: Observation::blank("openvas"),
        vectors: Vectors::default(),
        has_results: false,
    };
    reader.document()?;
    Ok(reader.tally.summary)
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    tally: Tally<'s>,
    hosts: Hosts,
    item: Observation,
    vectors: Vectors,
    has_results: bool,
}

/// What a report says of itself.
#[derive(Default)]
struct Frame {
    results: u64,
    /// How many results the console counted for this report.
    counted: Option<u64>,
    printed: Option<Stamp>,
    start: Option<Stamp>,
    end: Option<Stamp>,
}

/// What is known of a result only at its end.
#[derive(Default)]
struct Parts {
    address: String,
    hostname: String,
    asset: String,
    name: String,
    word: String,
    score: String,
    original_word: String,
    original_score: String,
    base: String,
    quality: String,
    output: Option<Sha256>,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<(), ImportError> {
        self.xml.next()?;
        if self.xml.name() == b"report" {
            self.report()?;
        } else {
            while self.xml.next()? == Tag::Open {
                if self.xml.name() == b"report" {
                    self.report()?;
                } else {
                    self.xml.skip()?;
                }
            }
        }
        self.xml.next()?;
        if !self.has_results {
            self.tally
                .incomplete("holds no `results`; export the report with its details");
        }
        let place = self.xml.place();
        let malformed = |message| ImportError::Malformed { place, message };
        self.hosts.finish(&mut self.tally).map_err(malformed)
    }

    /// Reads a report; the outer one holds the one with the results.
    fn report(&mut self) -> Result<(), ImportError> {
        if self.xml.attribute("type")?.as_deref() == Some("delta") {
            return Err(self.delta());
        }
        let mut frame = Frame::default();
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"report" => self.report()?,
                b"results" => self.results(&mut frame)?,
                b"host" => self.host_details()?,
                b"result_count" => frame.counted = self.counted()?,
                b"filters" => self.filters()?,
                b"scan_run_status" => self.status()?,
                b"timestamp" => frame.printed = self.time("timestamp")?,
                b"scan_start" => frame.start = self.time("scan_start")?,
                b"scan_end" => frame.end = self.time("scan_end")?,
                b"delta" => return Err(self.delta()),
                _ => self.xml.skip()?,
            }
        }
        if let Some(found) = frame.end.or(frame.start).or(frame.printed) {
            stamp::keep_latest(&mut self.tally.summary.run_at, found);
        }
        if let Some(counted) = frame.counted.filter(|counted| *counted > frame.results) {
            let read = frame.results;
            self.tally
                .incomplete(format!("holds {read} of {counted} results"));
        }
        Ok(())
    }

    fn delta(&self) -> ImportError {
        ImportError::Foreign("a delta, which compares two reports; export each report itself".into())
    }

    fn status(&mut self) -> Result<(), ImportError> {
        let status = value::remark(self.xml.text(MAX_TEXT)?);
        if !matches!(status.as_str(), "Done" | "") {
            self.tally.incomplete(format!("the scan is `{status}`"));
        }
        Ok(())
    }

    /// Reads by what the results were chosen; what is left out may be open.
    fn filters(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            if self.xml.name() != b"term" {
                self.xml.skip()?;
                continue;
            }
            let narrowing = filter::narrowing(self.xml.text(MAX_TEXT)?).map(value::remark);
            if let Some(word) = narrowing {
                self.tally
                    .incomplete(format!("its filter leaves results out: `{word}`"));
            }
        }
        Ok(())
    }

    fn counted(&mut self) -> Result<Option<u64>, ImportError> {
        let mut counted = None;
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"filtered" {
                counted = self.xml.text(MAX_TEXT)?.trim().parse().ok();
            } else {
                self.xml.skip()?;
            }
        }
        Ok(counted)
    }

    fn results(&mut self, frame: &mut Frame) -> Result<(), ImportError> {
        self.has_results = true;
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"result" {
                frame.results += 1;
                self.result()?;
            } else {
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    fn result(&mut self) -> Result<(), ImportError> {
        let place = self.xml.place();
        self.item.clear();
        let mut parts = Parts::default();
        while self.xml.next()? == Tag::Open {
            self.result_child(&mut parts)?;
        }
        let unknown = |message| ImportError::UnknownValue {
            place: place.clone(),
            message,
        };
        let malformed = |message| ImportError::Malformed {
            place: place.clone(),
            message,
        };
        let named = Named {
            address: parts.address.trim(),
            hostname: &parts.hostname,
            asset: &parts.asset,
        };
        let host = self.hosts.settle(&named, &mut self.tally).map_err(malformed)?;
        let rating = parts.rating().map_err(unknown)?;
        if !take_rating(rating, &mut self.item, &mut self.tally) {
            return Ok(());
        }
        if let Some(flaw) = value::flaw_of_id(&self.item.id) {
            return Err(malformed(format!("the `oid` of a result: {flaw}")));
        }
        let quality = read("qod", &parts.quality, quality_of_detection).map_err(unknown)?;
        self.item.potential = quality.is_some_and(|percent| percent < CONFIRMED);
        if self.item.title.is_empty() {
            self.item.title = parts.name;
        }
        self.item.fingerprint = parts.output.map(value::fingerprint_of);
        finish(&mut self.item);
        self.tally.observation(host, &self.item);
        Ok(())
    }

    fn result_child(&mut self, parts: &mut Parts) -> Result<(), ImportError> {
        match self.xml.name() {
            b"host" => self.result_host(parts),
            b"nvt" => self.nvt(parts),
            b"port" => {
                self.item.instance = instance(self.xml.text(MAX_TEXT)?).to_owned();
                Ok(())
            }
            b"name" => self.short(&mut parts.name),
            b"threat" => self.short(&mut parts.word),
            b"severity" => self.short(&mut parts.score),
            b"original_threat" => self.short(&mut parts.original_word),
            b"original_severity" => self.short(&mut parts.original_score),
            b"qod" => {
                while self.xml.next()? == Tag::Open {
                    if self.xml.name() == b"value" {
                        self.short(&mut parts.quality)?;
                    } else {
                        self.xml.skip()?;
                    }
                }
                Ok(())
            }
            b"description" => {
                let hash = parts.output.get_or_insert_with(Sha256::new);
                self.xml.content(|chunk| hash.update(chunk))
            }
            b"delta" => Err(self.delta()),
            _ => self.xml.skip(),
        }
    }

    /// Reads the host of a result: its address as text, beside it the asset and the name.
    fn result_host(&mut self, parts: &mut Parts) -> Result<(), ImportError> {
        let mut address = Vec::new();
        while self.xml.next_with(|chunk| {
            let room = MAX_TEXT.saturating_sub(address.len());
            address.extend_from_slice(&chunk[..chunk.len().min(room)]);
        })? == Tag::Open
        {
            match self.xml.name() {
                b"asset" => parts.asset = self.attribute("asset_id")?,
                b"hostname" => {
                    self.short(&mut parts.hostname)?;
                    continue;
                }
                _ => {}
            }
            self.xml.skip()?;
        }
        parts.address = String::from_utf8_lossy(&address).trim().to_owned();
        Ok(())
    }

    fn host_details(&mut self) -> Result<(), ImportError> {
        let place = self.xml.place();
        let (mut ip, mut asset) = (String::new(), String::new());
        let mut details = Details::default();
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"ip" => self.short(&mut ip)?,
                b"asset" => {
                    asset = self.attribute("asset_id")?;
                    self.xml.skip()?;
                }
                b"start" => details.start = self.time("start")?,
                b"end" => details.end = self.time("end")?,
                b"detail" => self.detail(&mut details)?,
                _ => self.xml.skip()?,
            }
        }
        if ip.is_empty() {
            self.tally.skip("a host without an address", 1);
            return Ok(());
        }
        let named = Named {
            address: &ip,
            hostname: "",
            asset: &asset,
        };
        let malformed = |message| ImportError::Malformed { place, message };
        self.hosts
            .detail(&named, details, &mut self.tally)
            .map_err(malformed)
    }

    fn detail(&mut self, details: &mut Details) -> Result<(), ImportError> {
        let (mut name, mut value) = (String::new(), String::new());
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"name" => self.short(&mut name)?,
                b"value" => {
                    let mut start = Vec::new();
                    self.xml.content(|chunk| {
                        let room = MAX_TEXT.saturating_sub(start.len());
                        start.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    })?;
                    value = String::from_utf8_lossy(&start).trim().to_owned();
                }
                _ => self.xml.skip()?,
            }
        }
        let is_login = name.starts_with("Auth-");
        match name.as_str() {
            "hostname" => details.hostname = Some(value),
            "best_os_txt" => details.os = Some(value),
            "OS" if details.os.is_none() && !value.starts_with("cpe:") => details.os = Some(value),
            "MAC" if details.macs.len() < MAX_MACS => match value::mac(&value) {
                Some(mac) => details.macs.push(mac),
                None => self.tally.leave_out("not an address"),
            },
            _ if is_login && name.ends_with("-Success") => details.has_login = Some(true),
            _ if is_login && name.ends_with("-Failure") => {
                details.has_login.get_or_insert(false);
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads the short text of the present element.
    fn short(&mut self, text: &mut String) -> Result<(), ImportError> {
        text.clear();
        text.push_str(self.xml.text(MAX_TEXT)?.trim());
        Ok(())
    }

    fn attribute(&self, name: &str) -> Result<String, ImportError> {
        let found = self.xml.attribute(name)?;
        Ok(found.map(|text| text.trim().to_owned()).unwrap_or_default())
    }

    fn time(&mut self, name: &str) -> Result<Option<Stamp>, ImportError> {
        let place = self.xml.place();
        let text = self.xml.text(MAX_TEXT)?.trim();
        match stamp::read(text) {
            _ if text.is_empty() => Ok(None),
            Some(Written::Sure(stamp)) => Ok(Some(stamp)),
            Some(Written::Either { .. }) | None => Err(ImportError::UnknownValue {
                place,
                message: format!("`{name}` is {}, which is no time", value::shown(text)),
            }),
        }
    }
}

impl Parts {
    fn rating(&self) -> Result<Rating, String> {
        let said = Said {
            score: read("severity", &self.score, score)?,
            word: &self.word,
            original_score: read("original_severity", &self.original_score, score)?,
            original_word: &self.original_word,
            base: read("cvss_base", &self.base, score)?,
        };
        rate(&said).map_err(|known| format!("`threat` is {}; {known}", value::shown(&self.word)))
    }
}

/// Reads a part; the error says what is wrong with it.
fn read<T>(name: &str, text: &str, how: fn(&str) -> Result<T, String>) -> Result<T, String> {
    how(text).map_err(|known| format!("`{name}` is {}; {known}", value::shown(text)))
}
