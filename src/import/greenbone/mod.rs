//! Greenbone, formerly OpenVAS: reports as XML and as CSV.
//!
//! Both rate a result, name its host and its patch in the same way; the rest is in a file each.

mod csv;
mod hosts;
mod rating;
mod xml;

pub(super) use csv::IMPORTER as CSV;
pub(super) use xml::IMPORTER as XML;

use super::tally::Tally;
use super::value;
use crate::model::Observation;
use rating::Rating;

/// Takes a port as `80/tcp`, `general/tcp` or `http (80/tcp)`.
fn instance(port: &str) -> &str {
    let port = port.trim();
    let inner = port.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    match inner {
        Some(inner) if inner.contains('/') => inner.trim(),
        Some(_) | None => port,
    }
}

/// Takes a title onto one line.
fn title(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes what a finding is rated; `false` for what is counted and is none.
fn take_rating(rating: Rating, item: &mut Observation, tally: &mut Tally<'_>) -> bool {
    match rating {
        Rating::Informational => tally.informational(),
        Rating::Error => tally.skip("an error of the scanner", 1),
        Rating::Finding {
            severity,
            given,
            suppressed,
        } => {
            item.severity = severity;
            item.severity_given = given;
            item.suppressed = suppressed;
            return true;
        }
    }
    false
}

/// Reads whether there is a fix by the kind of solution.
///
/// Source: the solution types of the Greenbone vulnerability tests.
fn take_solution(kind: &str, item: &mut Observation, tally: &mut Tally<'_>) {
    item.fix_available = match kind.trim() {
        "VendorFix" => Some(true),
        "NoneAvailable" | "WillNotFix" => Some(false),
        "Mitigation" | "Workaround" | "" => None,
        _ => {
            tally.leave_out("a kind of solution that is not known");
            None
        }
    };
}

/// Takes the CVE that is the check itself, as the scanner of CVEs writes it, and the key of the patch in the title.
fn finish(item: &mut Observation) {
    if let Some(cve) = value::cve(&item.id).or_else(|| value::cve(&item.title)) {
        item.cves.push(cve);
    }
    value::settle_cves(&mut item.cves);
    item.remediation = value::advisory_in_brackets(&item.title).map(|(_, key)| key);
}

#[cfg(test)]
mod tests {
    use super::instance;

    #[test]
    fn ports_are_written_in_many_ways() {
        let rows = [
            ("512/tcp", "512/tcp"),
            (" general/tcp ", "general/tcp"),
            ("http (80/tcp)", "80/tcp"),
            ("microsoft ds (445/tcp)", "445/tcp"),
            ("general (icmp)", "general (icmp)"),
            ("", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(instance(text), expected);
        }
    }
}
