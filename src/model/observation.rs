//! What scanners and inventories say, in our words and beside it in theirs. Nothing is judged in here.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::cvss::CvssVector;
use super::severity::Severity;

/// A point in time as an export writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stamp {
    /// With its offset.
    At(DateTime<Utc>),
    /// Without one; the source's zone is needed.
    Wall(NaiveDateTime),
    /// A day only.
    Day(NaiveDate),
}

impl Stamp {
    /// Writes it so that [`Stamp::parse`] reads it.
    pub fn text(self) -> String {
        match self {
            Self::At(instant) => super::time::utc_text(instant),
            Self::Wall(wall) => wall.format("%Y-%m-%dT%H:%M:%S").to_string(),
            Self::Day(day) => day.to_string(),
        }
    }

    /// Returns it without its zone: an order for the times of one export.
    pub fn naive(self) -> NaiveDateTime {
        match self {
            Self::At(instant) => instant.naive_utc(),
            Self::Wall(wall) => wall,
            Self::Day(day) => day.and_time(chrono::NaiveTime::MIN),
        }
    }

    /// Reads `2026-09-01T12:00:00Z`, the same without a zone, or a day; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let instant = super::time::parse_instant(text).map(|instant| Self::At(instant.utc()));
        let wall = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").map(Self::Wall);
        let day = || super::time::parse_date(text).map(|day| Self::Day(day.0));
        instant.or_else(|| wall().ok()).or_else(day)
    }
}

/// Whether an inventory calls a host in use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum HostStatus {
    Active,
    Retired,
    /// The export does not say.
    #[default]
    Unknown,
}

/// How well a scanner saw a host; ordered, the best last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Quality {
    /// Inferred from an advisory, not seen.
    Advisory,
    /// Read off a banner or a version.
    Banner,
    Unauthenticated,
    Authenticated,
    Agent,
}

/// A machine, image or repository as one export names it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Host {
    /// The name as given; empty when the export names none.
    pub name: String,
    /// Lower case, without a trailing dot.
    pub fqdn: Option<String>,
    pub hostname: Option<String>,
    pub ips: Vec<String>,
    /// Lower case, with colons.
    pub macs: Vec<String>,
    /// BIOS UUID, lower case.
    pub uuid: Option<String>,
    pub serial: Option<String>,
    /// The scanner's or agent's own id.
    pub agent: Option<String>,
    /// The cloud's instance id.
    pub cloud_id: Option<String>,
    pub os: Option<String>,
    pub status: HostStatus,
    /// How well this host was seen in this run; `None` where the export does not say.
    pub quality: Option<Quality>,
    /// When this host was scanned; the run's own time where the export does not say.
    pub scanned_at: Option<Stamp>,
    /// Further names that mean this host.
    pub aliases: Vec<String>,
    /// The columns of an inventory that expressions may name.
    pub fields: BTreeMap<String, String>,
}

/// What a scanner says of a vulnerability's life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ObservationState {
    /// Seen in this run; formats of a single scan say no more.
    Seen,
    /// Called fixed.
    Fixed,
    /// Seen again after it was fixed.
    Reopened,
}

/// What is known of an exploit; ordered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Exploit {
    #[default]
    None,
    /// A proof of concept or better exists.
    Poc,
    /// It is used in attacks.
    Active,
}

impl Quality {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Advisory => "advisory",
            Self::Banner => "banner",
            Self::Unauthenticated => "unauthenticated",
            Self::Authenticated => "authenticated",
            Self::Agent => "agent",
        }
    }
}

impl Exploit {
    /// Returns the word of SSVC.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Poc => "poc",
            Self::Active => "active",
        }
    }
}

/// The id of a vulnerability: a CVE, or a scanner's own as `family:id`.
pub type VulnId = std::sync::Arc<str>;

/// The SHA-256 of what a scanner found, by which two results are told apart; written as `sha256:` with hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    const PREFIX: &'static str = "sha256:";

    /// Reads what [`Display`](std::fmt::Display) writes; `None` for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(Self::PREFIX)?.as_bytes();
        let (pairs, []) = digits.as_chunks::<2>() else {
            return None;
        };
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = value(*high)? << 4 | value(*low)?;
        }
        Some(Self(bytes))
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 64];
        for ([high, low], byte) in digits.as_chunks_mut().0.iter_mut().zip(&self.0) {
            *high = DIGITS[usize::from(byte >> 4)];
            *low = DIGITS[usize::from(byte & 15)];
        }
        formatter.write_str(Self::PREFIX)?;
        formatter.write_str(std::str::from_utf8(&digits).unwrap_or_default())
    }
}

/// What one scanner said once about one check on one host.
#[derive(Clone, PartialEq, Debug)]
pub struct Observation {
    /// The family of ids that the scanner's belongs to, such as `nessus`, `qualys` or `trivy`.
    pub family: &'static str,
    /// The scanner's own id, without the family.
    pub id: String,
    /// CVEs, upper case, each once.
    pub cves: Vec<String>,
    /// Other ids of the same vulnerability, such as `GHSA-…`.
    pub aliases: Vec<String>,
    pub title: String,
    /// The scanner's own word, verbatim.
    pub severity_given: String,
    /// The scanner's scale in our words; `None` when the scanner itself says that it does not know.
    pub severity: Option<Severity>,
    pub vectors: Vec<CvssVector>,
    /// Port, protocol, path or package; several instances are one finding.
    pub instance: String,
    pub state: ObservationState,
    pub first_seen: Option<Stamp>,
    pub last_seen: Option<Stamp>,
    pub last_fixed: Option<Stamp>,
    /// The key of the patch that remedies it, such as `KB5043050`.
    pub remediation: Option<String>,
    /// Whether the export names a fixed version or a patch date; `None` where it does not say.
    pub fix_available: Option<bool>,
    pub exploit: Exploit,
    pub patch_published: Option<NaiveDate>,
    /// Of the scanner's result text.
    pub fingerprint: Option<Fingerprint>,
    /// Whether the scanner itself calls it unconfirmed.
    pub potential: bool,
    /// Why the scanner hides it, when it does.
    pub suppressed: Option<String>,
}

impl Observation {
    /// Returns an observation that says nothing yet.
    pub fn blank(family: &'static str) -> Self {
        Self {
            family,
            id: String::new(),
            cves: Vec::new(),
            aliases: Vec::new(),
            title: String::new(),
            severity_given: String::new(),
            severity: None,
            vectors: Vec::new(),
            instance: String::new(),
            state: ObservationState::Seen,
            first_seen: None,
            last_seen: None,
            last_fixed: None,
            remediation: None,
            fix_available: None,
            exploit: Exploit::None,
            patch_published: None,
            fingerprint: None,
            potential: false,
            suppressed: None,
        }
    }

    /// Takes back all that it says, and keeps the memory for the next one.
    pub fn clear(&mut self) {
        let mut kept = std::mem::replace(self, Self::blank(self.family));
        for text in [
            &mut kept.id,
            &mut kept.title,
            &mut kept.severity_given,
            &mut kept.instance,
        ] {
            text.clear();
        }
        kept.cves.clear();
        kept.aliases.clear();
        kept.vectors.clear();
        let Self {
            id,
            cves,
            aliases,
            title,
            severity_given,
            vectors,
            instance,
            ..
        } = kept;
        *self = Self {
            id,
            cves,
            aliases,
            title,
            severity_given,
            vectors,
            instance,
            ..Self::blank(self.family)
        };
    }
}

/// Rows or values that became nothing, with the reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    pub reason: String,
    pub rows: u64,
}

/// What the import of one file yielded.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ScanSummary {
    /// When the scan ran, by the export itself.
    pub run_at: Option<Stamp>,
    /// Machines, images, repositories: each counts once, named or not.
    pub hosts: u64,
    /// Rows that the scanner rates above informational.
    pub observations: u64,
    pub informational: u64,
    pub skipped: Vec<Skipped>,
    /// Values that could not be read, such as a junk CVE, and were left out of rows that were kept.
    pub left_out: Vec<Skipped>,
    /// Why the export is not whole; `None` when it is.
    pub incomplete: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written_and_in_no_other_way() {
        let bytes = std::array::from_fn(|place| (place as u8).wrapping_mul(9));
        let text = Fingerprint(bytes).to_string();
        assert!(
            text.starts_with("sha256:0009121b24") && text.len() == 71,
            "{text}"
        );
        assert_eq!(Fingerprint::read(&text), Some(Fingerprint(bytes)));
        for other in [
            "",
            "sha256:",
            &text[7..],
            &text[..70],
            &format!("{text}0"),
            &format!("{text}00"),
            &format!("sha256:{}", text[7..].to_uppercase()),
            &text.replace('9', "g"),
            &text.replace("sha256", "sha512"),
        ] {
            assert_eq!(Fingerprint::read(other), None, "{other}");
        }
    }
}
