//! Ids that come out the same each time: UUIDs named after what they stand for, IRIs, tokens.

use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};

use super::Request;
use super::text::organisation;
use crate::model::utc_text;

/// A UUID of version 5. Source: RFC 9562, section 5.5.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Uuid([u8; 16]);

/// The namespace of everything that is exported; made once, at random.
const ROOT: Uuid = Uuid([
    0x6b, 0x1d, 0x0c, 0x5e, 0x3a, 0x94, 0x4f, 0x27, 0x9c, 0x61, 0xe8, 0x0f, 0x52, 0xb7, 0xd4, 0x13,
]);

impl Uuid {
    /// Names something within a namespace.
    fn named(self, name: &str) -> Self {
        let mut hash = Sha1::new();
        hash.update(self.0);
        hash.update(name.as_bytes());
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x50;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }
}

impl std::fmt::Display for Uuid {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                formatter.write_char('-')?;
            }
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl Request<'_> {
    /// Returns the UUID of the organisation.
    pub(super) fn organisation_uuid(&self) -> Uuid {
        ROOT.named(&organisation(self.register))
    }

    /// Returns the UUID of a thing of the organisation; the same in every export, whatever is said of the thing.
    pub(super) fn uuid(&self, name: &[&str]) -> Uuid {
        self.organisation_uuid().named(&name.join("\0"))
    }

    /// Returns the UUID of a file; another as soon as records, exports, moment, period or tool are others.
    pub(super) fn document_uuid(&self, name: &str) -> Uuid {
        let (register, provenance) = (self.register, self.provenance);
        let moment = utc_text(register.as_of.instant());
        let period = format!("{}..{}", register.period.from, register.period.to);
        let mut parts = vec!["document", name, &provenance.tree_digest, &moment, &period];
        parts.push(&provenance.tool_version);
        let mut exports: Vec<&str> = register.imports.iter().map(|line| &*line.sha256).collect();
        exports.sort_unstable();
        parts.extend(exports);
        self.uuid(&parts)
    }
}

/// Returns the IRI of a host; within it every character that has a meaning in IRIs is encoded.
pub(super) fn host_iri(host: &str) -> String {
    let mut iri = "urn:countersign:host:".to_owned();
    for byte in host.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            iri.push(char::from(byte));
        } else {
            let _ = write!(iri, "%{byte:02X}");
        }
    }
    iri
}

/// Returns a token that begins with a word of ours; what a token cannot hold is written as its code point.
pub(super) fn token(prefix: &str, text: &str) -> String {
    let mut token = prefix.to_owned();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || matches!(character, '-' | '.') {
            token.push(character);
        } else {
            let _ = write!(token, "_{:x}_", u32::from(character));
        }
    }
    token
}

#[cfg(test)]
mod tests {
    use super::{Uuid, host_iri, token};

    #[test]
    fn uuids_are_those_of_the_standard() {
        // RFC 9562, appendix A.4: `www.example.com` in the namespace of names of the DNS.
        let dns = 0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8_u128;
        let uuid = Uuid(dns.to_be_bytes()).named("www.example.com");
        assert_eq!(uuid.to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }

    #[test]
    fn ids_hold_no_character_that_means_something() {
        assert_eq!(host_iri("web01.x_y"), "urn:countersign:host:web01.x_y");
        assert_eq!(host_iri("a b/ü?"), "urn:countersign:host:a%20b%2F%C3%BC%3F");
        assert_eq!(token("a-", "8.28"), "a-8.28");
        assert_ne!(token("c-", "a b"), token("c-", "a_20_b"));
    }
}
