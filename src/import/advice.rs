//! What readers of advisories share: names of vulnerabilities and products, remedies, times, and the limits.

use chrono::{DateTime, Utc};

use super::rows::{Refusal, id_of, text_time};
use super::tally::Tally;
use super::tree::Tree;
use super::value;
use crate::model::{Advice, ProductIdentity, Remedy, Stamp, Zone};

/// So many times one document may name a product; the largest honest ones do some fifty thousand times.
pub(super) const MAX_CLAIMS: usize = 200_000;
/// So many vulnerabilities or statements one document may have.
pub(super) const MAX_ENTRIES: u32 = 50_000;
/// A name, a purl or a CPE may have this many bytes.
const MAX_NAME: usize = 1000;
/// So many words of a remedy are looked through for the key of a patch.
const MAX_WORDS: usize = 200;

/// Names the vulnerability once more: a CVE among its CVEs, anything else among its further ids.
pub(super) fn name(advice: &mut Advice, tally: &mut Tally<'_>, id: &str) {
    let id = id.trim();
    let is_broken_cve = id
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("CVE-"));
    match value::cve(id) {
        Some(cve) if !advice.cves.contains(&cve) => advice.cves.push(cve),
        None if value::flaw_of_id(id).is_some() || is_broken_cve => tally.leave_out("not a CVE id"),
        None if !advice.aliases.iter().any(|known| known == id) => advice.aliases.push(id.to_owned()),
        Some(_) | None => {}
    }
}

/// Makes the id of another list its own: a bare number of a bug tracker means nothing without the tracker.
pub(super) fn id_of_list(list: &str, id: &str) -> String {
    if !list.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return id_of(&format!("{list}:{id}"));
    }
    id_of(id)
}

/// Reads a moment; one without an offset, which both formats ask for, is read as UTC.
pub(super) fn moment(name: &str, tree: &Tree) -> Result<Option<Stamp>, Refusal> {
    tree.text_of(name).map_or(Ok(None), |text| text_time(name, text))
}

/// Resolves a moment.
pub(super) fn instant(stamp: Option<Stamp>) -> Option<DateTime<Utc>> {
    stamp.map(|stamp| Zone(chrono_tz::UTC).instant(stamp))
}

/// Returns the text of an entry as one line without what cannot be seen, not too long; empty where there is none.
pub(super) fn line(tree: &Tree, name: &str) -> String {
    tree.text_of(name).map(value::remark).unwrap_or_default()
}

/// Takes a vector of CVSS once; what is none is counted.
pub(super) fn vector(advice: &mut Advice, tally: &mut Tally<'_>, vectors: &mut value::Vectors, text: &str) {
    match vectors.read(text) {
        Some(vector) if !advice.vectors.iter().any(|known| **known == *vector.text) => {
            advice.vectors.push(vector.text.to_string());
        }
        None => tally.leave_out("not a CVSS vector"),
        Some(_) => {}
    }
}

/// Adds a package URL, a CPE, or else a name; one that is too long is counted.
pub(super) fn identify(identity: &mut ProductIdentity, tally: &mut Tally<'_>, text: &str) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    if text.len() > MAX_NAME {
        tally.leave_out("a name of a product that is too long");
        return;
    }
    let list = if text.starts_with("pkg:") {
        &mut identity.purls
    } else if text.starts_with("cpe:") {
        &mut identity.cpes
    } else {
        &mut identity.names
    };
    if !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

/// Puts a remedy together; the address names its patch better than the words do.
pub(super) fn remedy(
    category: &str,
    details: &str,
    url: Option<&str>,
    date: Option<DateTime<Utc>>,
) -> Remedy {
    let mut key = None;
    let last = url.and_then(|url| url.trim().trim_end_matches('/').rsplit(['/', '=']).next());
    value::prefer(&mut key, last.and_then(value::advisory));
    if key.is_none() {
        for word in details.split_whitespace().take(MAX_WORDS) {
            let word = word.trim_matches(|letter: char| !letter.is_alphanumeric());
            value::prefer(&mut key, value::advisory(word));
        }
    }
    Remedy {
        category: value::remark(category),
        details: value::remark(details),
        url: url.map(value::remark).filter(|url| !url.is_empty()),
        key: key.map(|(_, key)| key),
        date,
    }
}

/// Counts what a document adds up to; an `Err` once that is more than is read.
#[derive(Default)]
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn spend(&mut self, claims: usize) -> Result<(), Refusal> {
        self.0 = self.0.saturating_add(claims);
        if self.0 > MAX_CLAIMS {
            let message = format!("its entries name products more than {MAX_CLAIMS} times");
            return Err(Refusal::OverLimit(message));
        }
        Ok(())
    }
}
