//! Values that several formats share: CVEs, addresses, names, advisory keys, vectors.

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use sha2::{Digest as _, Sha256};

use crate::model::{CvssVector, Fingerprint, Host};

/// A host name or an id may have this many bytes.
const MAX_NAME: usize = 1024;
/// One row may name this many CVEs; the longest honest list has a few hundred.
pub(super) const MAX_CVES: usize = 8192;
const MAX_VECTORS: usize = 4096;
/// A remark is shown with this many characters.
const MAX_REMARK: usize = 200;

/// Returns bytes as lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    push_hex(&mut text, bytes);
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 64];
    for piece in bytes.chunks(digits.len() / 2) {
        let digits = &mut digits[..piece.len() * 2];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(piece) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        text.push_str(std::str::from_utf8(digits).unwrap_or_default());
    }
}

/// Returns the fingerprint of a text.
pub(super) fn fingerprint(text: &[u8]) -> Fingerprint {
    fingerprint_of(Sha256::new_with_prefix(text))
}

/// Returns the fingerprint of what was hashed.
pub(super) fn fingerprint_of(hash: Sha256) -> Fingerprint {
    Fingerprint(hash.finalize().into())
}

/// Reads a CVE id in any case; `None` for anything else.
pub(super) fn cve(text: &str) -> Option<String> {
    let bytes = text.trim().as_bytes();
    let is_cve = bytes.len() >= 13
        && bytes.len() <= 24
        && bytes[..4].eq_ignore_ascii_case(b"CVE-")
        && bytes[4..8].iter().all(u8::is_ascii_digit)
        && bytes[8] == b'-'
        && bytes[9..].iter().all(u8::is_ascii_digit);
    is_cve.then(|| text.trim().to_ascii_uppercase())
}

/// Finds the CVEs within a text such as `CVE-2026-1111-libssl`.
pub(super) fn cves_in(text: &str) -> Vec<String> {
    let upper = text.to_ascii_uppercase();
    let found = upper.match_indices("CVE-").filter_map(|(at, _)| {
        let rest = &upper[at..];
        let digits = rest.get(9..)?.bytes().take_while(u8::is_ascii_digit).count();
        cve(rest.get(..9 + digits)?)
    });
    found.take(MAX_CVES).collect()
}

/// Finds the GitHub advisory within a text such as `GHSA-aaaa-bbbb-cccc-libssl`.
pub(super) fn ghsa_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("GHSA-")?;
    let id = rest.get(..14)?;
    let is_id = id.bytes().enumerate().all(|(at, byte)| {
        if at % 5 == 4 {
            byte == b'-'
        } else {
            byte.is_ascii_alphanumeric()
        }
    });
    is_id.then(|| format!("GHSA-{id}"))
}

/// Leaves each CVE once; sorts only where a list is long.
pub(super) fn settle_cves(cves: &mut Vec<String>) {
    if cves.len() > 16 {
        cves.sort_unstable();
        cves.dedup();
        return;
    }
    let mut kept = 0;
    for at in 0..cves.len() {
        if !cves[..kept].contains(&cves[at]) {
            cves.swap(kept, at);
            kept += 1;
        }
    }
    cves.truncate(kept);
}

/// Splits a cell that holds a list by comma, semicolon or space.
pub(super) fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([',', ';', ' ', '\n', '\r', '\t'])
        .filter(|part| !part.is_empty())
}

/// Says what is wrong with a host name; `None` when nothing is.
///
/// Names are compared, printed and written into records: what cannot be seen in them is refused.
pub(super) fn flaw_of_name(name: &str) -> Option<String> {
    if name.len() > MAX_NAME {
        return Some(format!(
            "a name of {} bytes; at most {MAX_NAME} are allowed",
            name.len()
        ));
    }
    let bad = name.chars().find(|character| is_invisible(*character))?;
    let shown: String = name.chars().take(80).flat_map(char::escape_debug).collect();
    Some(format!(
        "the name `{shown}` holds U+{:04X}, which cannot be seen; mend it where it comes from",
        u32::from(bad)
    ))
}

/// Says what is wrong with a scanner's id; `None` when nothing is.
pub(super) fn flaw_of_id(id: &str) -> Option<String> {
    let is_good = !id.is_empty() && id.len() <= 256 && id.bytes().all(|byte| byte.is_ascii_graphic());
    if is_good {
        return None;
    }
    let shown: String = id.chars().take(80).flat_map(char::escape_debug).collect();
    Some(format!(
        "`{shown}` is no id; 1 to 256 printable characters without spaces are allowed"
    ))
}

/// Shows a value in a message, however long it is and whatever is in it.
pub(super) fn shown(text: &str) -> String {
    let start: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    format!("`{start}`")
}

/// Takes what a person wrote in the scanner for a message: one line without what cannot be seen, not too long.
pub(super) fn remark(text: &str) -> String {
    let visible = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(is_invisible, "");
    match visible.char_indices().nth(MAX_REMARK) {
        Some((end, _)) => format!("{}…", &visible[..end]),
        None => visible,
    }
}

/// Finds the key of a patch in the brackets of a title, such as `Multiple Vulnerabilities (KB5043050)`.
pub(super) fn advisory_in_brackets(title: &str) -> Option<Remediation> {
    let mut found = None;
    for part in title.split('(').skip(1) {
        prefer(
            &mut found,
            part.split_once(')').and_then(|(key, _)| advisory(key)),
        );
    }
    found
}

/// Controls, zero-width characters and those that turn the direction of writing.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Says which of a host's names must be refused; `None` when none must.
pub(super) fn flaw_of_host(host: &Host) -> Option<String> {
    let single = [
        &host.fqdn,
        &host.hostname,
        &host.uuid,
        &host.serial,
        &host.agent,
        &host.cloud_id,
    ];
    let names = std::iter::once(&host.name)
        .chain(single.into_iter().flatten())
        .chain(&host.aliases);
    names.into_iter().find_map(|name| flaw_of_name(name))
}

/// Reads a domain name: lower case, without a trailing dot; `None` when nothing is left.
pub(super) fn fqdn(text: &str) -> Option<String> {
    let name = text.trim().trim_end_matches('.');
    (!name.is_empty()).then(|| name.to_lowercase())
}

/// Reads a `DOMAIN\HOST` or plain host name.
pub(super) fn hostname(text: &str) -> Option<String> {
    let name = text.trim().rsplit('\\').next().unwrap_or_default().trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Reads an IP address into its shortest form; `None` for what is none, such as `192.168.1.1001`.
pub(super) fn ip(text: &str) -> Option<String> {
    text.trim()
        .parse::<std::net::IpAddr>()
        .ok()
        .map(|address| address.to_string())
}

/// Reads a MAC address in any common notation: lower case, with colons.
pub(super) fn mac(text: &str) -> Option<String> {
    let digits: Vec<char> = text
        .trim()
        .chars()
        .filter(|character| !matches!(character, ':' | '-' | '.'))
        .collect();
    if digits.len() != 12 || !digits.iter().all(char::is_ascii_hexdigit) {
        return None;
    }
    let pairs: Vec<String> = digits
        .chunks(2)
        .map(|pair| pair.iter().collect::<String>().to_ascii_lowercase())
        .collect();
    Some(pairs.join(":"))
}

/// Advisories whose id is the key of a patch; the first of an item's is taken in this order.
const ADVISORIES: [&str; 16] = [
    "KB",
    "RHSA",
    "RHBA",
    "RHEA",
    "ELSA",
    "ALAS",
    "CESA",
    "SUSE-SU",
    "OPENSUSE-SU",
    "USN",
    "DSA",
    "DLA",
    "GLSA",
    "VMSA",
    "APSB",
    "CISCO-SA",
];

/// The key of a patch and how well it names one; the lowest rank is the best.
pub(super) type Remediation = (usize, String);

/// Reads a vendor's reference such as `KB5003169` or `RHSA-2021:1234` as the key of a patch.
pub(super) fn advisory(text: &str) -> Option<Remediation> {
    let text = text.trim();
    if text.len() > 64
        || !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-:._".contains(&byte))
    {
        return None;
    }
    let upper = text.to_ascii_uppercase();
    let digits_follow = |rest: &str| rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    if let Some(number) = upper.strip_prefix("KB") {
        let is_number = number.len() >= 4 && number.bytes().all(|byte| byte.is_ascii_digit());
        return is_number.then_some((0, upper));
    }
    if let Some(rest) = upper
        .strip_prefix("MS")
        .filter(|rest| rest.len() >= 6 && rest.as_bytes()[2] == b'-')
    {
        return digits_follow(rest).then_some((ADVISORIES.len(), upper));
    }
    let rank = ADVISORIES.iter().position(|name| {
        upper.strip_prefix(name).is_some_and(|rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit())
                .starts_with('-')
        })
    })?;
    let key = if ADVISORIES[rank] == "CISCO-SA" {
        text.to_ascii_lowercase()
    } else {
        upper
    };
    Some((rank, key))
}

/// Reads a reference written as `FAMILY:id`, such as `MSKB:5043050` or `RHSA:2021:1234`.
pub(super) fn advisory_of_family(text: &str) -> Option<Remediation> {
    let (family, id) = text.trim().split_once(':')?;
    let id = id.trim();
    match family {
        "MSKB" => advisory(id).or_else(|| advisory(&format!("KB{id}"))),
        "MSFT" | "SUSE" => advisory(id),
        family => advisory(id)
            .filter(|(rank, _)| *rank > 0)
            .or_else(|| advisory(&format!("{family}-{id}"))),
    }
}

/// Keeps the better of two keys, the earlier of two equal ones.
pub(super) fn prefer(kept: &mut Option<Remediation>, found: Option<Remediation>) {
    if let Some(found) = found
        && kept.as_ref().is_none_or(|(rank, _)| found.0 < *rank)
    {
        *kept = Some(found);
    }
}

thread_local! {
    /// Vectors that this thread has read before; the exports of one run repeat a few thousand of them a million times.
    static KNOWN: RefCell<HashMap<Box<str>, Option<CvssVector>, RandomState>> = RefCell::default();
}

/// Reads vectors, each of them once.
#[derive(Default)]
pub(super) struct Vectors(());

impl Vectors {
    /// Reads a vector; `None` when no version of CVSS accepts it.
    pub(super) fn read(&mut self, text: &str) -> Option<CvssVector> {
        if text.len() > 512 {
            return None;
        }
        KNOWN.with_borrow_mut(|known| {
            if let Some(vector) = known.get(text) {
                return vector.clone();
            }
            if known.len() >= MAX_VECTORS {
                known.clear();
            }
            let vector = CvssVector::parse(text);
            known.insert(text.into(), vector.clone());
            vector
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        advisory, advisory_in_brackets, advisory_of_family, cve, cves_in, flaw_of_id, flaw_of_name, ghsa_in,
        hostname, ip, mac, remark, settle_cves,
    };

    #[test]
    fn cves_are_upper_case_and_whole() {
        assert_eq!(cve(" cve-2021-44228 ").as_deref(), Some("CVE-2021-44228"));
        for junk in [
            "CVE-2021-442",
            "CVE-YYYY-fjiewof",
            "C",
            "",
            "CVE-2021-44228x",
            "CAN-2001-0001",
            "CVE-2021–44228",
        ] {
            assert!(cve(junk).is_none(), "{junk}");
        }
        assert_eq!(
            cves_in("cve-2026-1111-libssl CVE-2026-12345, CVE-1-2 CVE-"),
            ["CVE-2026-1111", "CVE-2026-12345"]
        );
        assert_eq!(
            ghsa_in("x GHSA-aaaa-bb2b-cccc-libssl").as_deref(),
            Some("GHSA-aaaa-bb2b-cccc")
        );
        assert_eq!(ghsa_in("GHSA-aaaa-bbbb"), None);
        let mut cves: Vec<String> = ["B", "A", "B", "C", "A"].map(String::from).to_vec();
        settle_cves(&mut cves);
        assert_eq!(cves, ["B", "A", "C"]);
    }

    #[test]
    fn remarks_are_one_visible_line() {
        assert_eq!(remark(" by\tboard\r\n\u{1b}[2J 2026 "), "by board [2J 2026");
        assert_eq!(remark(&"ä".repeat(300)), format!("{}…", "ä".repeat(200)));
    }

    #[test]
    fn titles_name_patches_in_brackets() {
        let rows = [
            ("Multiple (two) Vulnerabilities (KB5043050)", Some("KB5043050")),
            ("Ubuntu: Security Advisory (USN-5310-1)", Some("USN-5310-1")),
            ("An RCE (CVE-2026-1111)", None),
            ("KB5043050", None),
            ("open (KB5043050", None),
        ];
        for (title, key) in rows {
            let found = advisory_in_brackets(title).map(|(_, key)| key);
            assert_eq!(found.as_deref(), key, "{title}");
        }
    }

    #[test]
    fn names_that_hide_something_are_refused() {
        for name in [
            "web01",
            "Größe",
            "10.0.0.1",
            "DOMAIN\\web01",
            "two words",
            "registry/app:1.0",
        ] {
            assert!(flaw_of_name(name).is_none(), "{name}");
        }
        for name in [
            "web\u{0}01",
            "web\u{1b}[2J",
            "web\u{200b}01",
            "web\u{202e}10",
            "web\u{9b}",
            "a\nb",
        ] {
            assert!(flaw_of_name(name).is_some(), "{name:?}");
        }
        assert!(flaw_of_id("10287").is_none());
        assert!(flaw_of_id("").is_some());
        assert!(flaw_of_id("1 2").is_some());
    }

    #[test]
    fn addresses_have_one_form() {
        assert_eq!(ip("192.168.1.1001"), None);
        assert_eq!(ip(" 2001:DB8:0::1 ").as_deref(), Some("2001:db8::1"));
        for text in [
            "00:50:56:AA:bb:0C",
            "00-50-56-aa-BB-0c",
            "0050.56aa.bb0c",
            "005056AABB0C",
        ] {
            assert_eq!(mac(text).as_deref(), Some("00:50:56:aa:bb:0c"), "{text}");
        }
        assert_eq!(mac("00:50:56"), None);
        assert_eq!(hostname("CORP\\SRV01").as_deref(), Some("SRV01"));
    }

    #[test]
    fn advisories_are_keys_of_patches() {
        let rows = [
            ("MSKB:5043050", Some("KB5043050")),
            ("MSKB:KB5043050", Some("KB5043050")),
            ("RHSA:2021:1234", Some("RHSA-2021:1234")),
            ("USN:5310-1", Some("USN-5310-1")),
            ("SUSE:SUSE-SU-2021:0001-1", Some("SUSE-SU-2021:0001-1")),
            ("CISCO-SA:cisco-sa-iox-yuXQ6hFj", Some("cisco-sa-iox-yuxq6hfj")),
            ("MSFT:MS17-010", Some("MS17-010")),
            ("IAVA:2021-A-0001", None),
            ("CWE:79", None),
            ("CISA-KNOWN-EXPLOITED:2022/05/03", None),
            ("OSVDB:123", None),
        ];
        for (text, key) in rows {
            assert_eq!(
                advisory_of_family(text).map(|(_, key)| key).as_deref(),
                key,
                "{text}"
            );
        }
        for text in [
            "Microsoft ASP.NET End of Life",
            "KB",
            "KB12x",
            "USN",
            "usnews",
            "MSomething",
        ] {
            assert!(advisory(text).is_none(), "{text}");
        }
        assert_eq!(
            advisory("ALAS2-2021-001").map(|(_, key)| key).as_deref(),
            Some("ALAS2-2021-001")
        );
    }
}
