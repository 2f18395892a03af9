//! A time stamp over `SHA256SUMS`, as far as it can be judged without trusting its authority.
//!
//! Source: RFC 3161 (TimeStampResp, TSTInfo) and RFC 5652 (SignedData). Read here is what was stamped, and when;
//! whether the authority's signature and certificate are good is for `openssl ts -verify`.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

use super::manifest::{SUMS, TIME_STAMP, digest_of};

/// The most bytes that a time stamp may have; real ones have some thousand.
pub const MAX_TIME_STAMP_BYTES: u64 = 1 << 20;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const FIRST: u8 = 0xa0;

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

/// What a time stamp says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStamp {
    /// The SHA-256 of what was stamped, in hex.
    pub sha256: String,
    /// When its authority says to have seen that.
    pub at: DateTime<Utc>,
}

impl TimeStamp {
    /// Reads a response of an authority, as `openssl ts -reply` writes it.
    pub fn parse(bytes: &[u8]) -> Result<TimeStamp, String> {
        if bytes.len() as u64 > MAX_TIME_STAMP_BYTES {
            return Err(format!("has more than {MAX_TIME_STAMP_BYTES} bytes"));
        }
        read(bytes)
    }

    /// Reads a response, and refuses one that is over something else than these bytes of `SHA256SUMS`.
    pub fn over(bytes: &[u8], sums: &[u8]) -> Result<TimeStamp, String> {
        let stamp = TimeStamp::parse(bytes)?;
        let digest = digest_of(sums);
        if stamp.sha256 == digest {
            return Ok(stamp);
        }
        Err(format!(
            "is over other bytes: it stamps the SHA-256 {}, and that of {SUMS} is {digest}",
            stamp.sha256
        ))
    }

    /// Says what the time stamp shows, and what it does not.
    pub(super) fn line(&self) -> String {
        format!(
            "time stamp: {SUMS} was there on {}, says the authority behind `{TIME_STAMP}`; whether to believe it is \
             for `openssl ts -verify` to judge",
            self.at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
        )
    }
}

fn read(bytes: &[u8]) -> Result<TimeStamp, String> {
    let mut whole = Der(bytes);
    let mut response = Der(whole.take(SEQUENCE)?);
    whole.end()?;
    if response.0.first() == Some(&OBJECT) {
        return Err(
            "is a time stamp without its response; make one of it with `openssl ts -reply`".to_owned(),
        );
    }
    let mut status = Der(response.take(SEQUENCE)?);
    if !matches!(status.take(INTEGER)?, [0 | 1]) {
        return Err("is a refusal: its authority did not grant a time stamp".to_owned());
    }
    let mut token = Der(response.take(SEQUENCE)?);
    response.end()?;
    token.object(SIGNED_DATA)?;
    let mut explicit = Der(token.take(FIRST)?);
    token.end()?;
    let mut signed = Der(explicit.take(SEQUENCE)?);
    explicit.end()?;
    signed.take(INTEGER)?;
    signed.take(SET)?;
    let mut content = Der(signed.take(SEQUENCE)?);
    content.object(TST_INFO)?;
    let mut explicit = Der(content.take(FIRST)?);
    content.end()?;
    let mut octets = Der(explicit.take(OCTETS)?);
    explicit.end()?;
    let info = Der(octets.take(SEQUENCE)?);
    octets.end()?;
    read_info(info)
}

fn read_info(mut info: Der<'_>) -> Result<TimeStamp, String> {
    if info.take(INTEGER)? != [1] {
        return Err("is of a version that is not known".to_owned());
    }
    info.take(OBJECT)?;
    let mut imprint = Der(info.take(SEQUENCE)?);
    let mut algorithm = Der(imprint.take(SEQUENCE)?);
    if algorithm.take(OBJECT)? != SHA_256 {
        return Err("stamps another digest than SHA-256; ask with `openssl ts -query -sha256`".to_owned());
    }
    let digest = imprint.take(OCTETS)?;
    imprint.end()?;
    if digest.len() != 32 {
        return Err(MALFORMED.to_owned());
    }
    info.take(INTEGER)?;
    let time = std::str::from_utf8(info.take(TIME)?).map_err(|_| MALFORMED)?;
    let at = NaiveDateTime::parse_from_str(time, "%Y%m%d%H%M%S%.fZ").map_err(|_| MALFORMED)?;
    Ok(TimeStamp {
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        at: at.and_utc(),
    })
}

const MALFORMED: &str = "is no time stamp response in DER";

/// Values of DER, one after the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Takes the value of a tag; any other tag, or a length that is not the shortest, is refused.
    fn take(&mut self, tag: u8) -> Result<&'a [u8], String> {
        let (found, rest) = self.0.split_first().ok_or(MALFORMED)?;
        let (length, rest) = read_length(rest).ok_or(MALFORMED)?;
        if *found != tag {
            return Err(MALFORMED.to_owned());
        }
        let (value, rest) = rest.split_at_checked(length).ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(value)
    }

    fn object(&mut self, expected: &[u8]) -> Result<(), String> {
        if self.take(OBJECT)? == expected {
            Ok(())
        } else {
            Err(MALFORMED.to_owned())
        }
    }

    fn end(&self) -> Result<(), String> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(MALFORMED.to_owned())
        }
    }
}

fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), rest));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(*first & 0x7f))?;
    // None at all is a length that is not told, which DER does not know.
    let is_shortest = digits
        .first()
        .is_some_and(|first| *first >= 0x80 || (digits.len() > 1 && *first > 0));
    if !is_shortest || digits.len() > 4 {
        return None;
    }
    let length = digits
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte));
    Some((length, rest))
}
