//! What a report knows of a check: its name, vectors, CVEs and solution.

use super::super::super::ImportError;
use super::super::super::value;
use super::super::super::xml::Tag;
use super::super::{take_solution, title};
use super::{MAX_TEXT, Parts, Reader};
use crate::model::Exploit;

/// Tags hold the vector among long texts; so many bytes of them are looked at.
const TAGS_BYTES: usize = 256 * 1024;
const MAX_VECTORS: usize = 64;

impl Reader<'_, '_> {
    pub(super) fn nvt(&mut self, parts: &mut Parts) -> Result<(), ImportError> {
        self.item.id = self.attribute("oid")?;
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"name" => {
                    self.item.title = title(self.xml.text(MAX_TEXT)?);
                }
                b"cvss_base" => self.short(&mut parts.base)?,
                b"solution" => {
                    let kind = self.attribute("type")?;
                    take_solution(&kind, &mut self.item, &mut self.tally);
                    self.xml.skip()?;
                }
                b"tags" => self.tags()?,
                b"severities" => self.severities()?,
                b"refs" => self.references()?,
                b"cve" => {
                    let mut list = String::new();
                    self.short(&mut list)?;
                    for part in value::list(&list).filter(|part| *part != "NOCVE") {
                        self.cve(part)?;
                    }
                }
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    /// Takes vector and kind of solution out of `name=text|name=text`.
    fn tags(&mut self) -> Result<(), ImportError> {
        let mut start = Vec::new();
        self.xml.content(|chunk| {
            let room = TAGS_BYTES.saturating_sub(start.len());
            start.extend_from_slice(&chunk[..chunk.len().min(room)]);
        })?;
        for tag in String::from_utf8_lossy(&start).split('|') {
            match tag.trim_start().split_once('=') {
                Some(("cvss_base_vector", vector)) => self.vector(vector)?,
                Some(("solution_type", kind)) if self.item.fix_available.is_none() => {
                    take_solution(kind, &mut self.item, &mut self.tally);
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    fn severities(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            if self.xml.name() != b"severity" {
                self.xml.skip()?;
                continue;
            }
            while self.xml.next()? == Tag::Open {
                if self.xml.name() == b"value" {
                    let mut text = String::new();
                    self.short(&mut text)?;
                    self.vector(&text)?;
                } else {
                    self.xml.skip()?;
                }
            }
        }
        Ok(())
    }

    /// Takes a vector once, though a result writes it in several places.
    fn vector(&mut self, text: &str) -> Result<(), ImportError> {
        let text = text.trim();
        match self.vectors.read(text) {
            Some(vector) if self.item.vectors.contains(&vector) => {}
            Some(_) if self.item.vectors.len() >= MAX_VECTORS => {
                return Err(ImportError::OverLimit {
                    place: self.xml.place(),
                    message: format!("a result has more than {MAX_VECTORS} vectors"),
                });
            }
            Some(vector) => self.item.vectors.push(vector),
            None if matches!(text, "" | "NONE") => {}
            None => self.tally.leave_out("not a CVSS vector"),
        }
        Ok(())
    }

    fn references(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let (kind, id) = (self.attribute("type")?, self.attribute("id")?);
            match kind.to_ascii_lowercase().as_str() {
                "cve" => self.cve(&id)?,
                "cisa" if id.contains("Known Exploited") => self.item.exploit = Exploit::Active,
                _ => {}
            }
            self.xml.skip()?;
        }
        Ok(())
    }

    fn cve(&mut self, text: &str) -> Result<(), ImportError> {
        if self.item.cves.len() >= value::MAX_CVES {
            return Err(ImportError::OverLimit {
                place: self.xml.place(),
                message: format!("a result has more than {} CVEs", value::MAX_CVES),
            });
        }
        match value::cve(text) {
            Some(cve) => self.item.cves.push(cve),
            None => self.tally.leave_out("not a CVE id"),
        }
        Ok(())
    }
}
