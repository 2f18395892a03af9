//! The list of keys that may sign, in OpenSSH's `allowed_signers` format, and its judgement.
//!
//! Read as `ssh-keygen -Y verify` reads it: a line that cannot be read lets nobody sign and leaves the others
//! as they are. Stricter in one thing: a time that no calendar has (30 February) is refused, not carried over.
//! Source: ssh-keygen(1), "ALLOWED SIGNERS"; sshsig.c and match.c of OpenSSH.

use std::iter::Peekable;
use std::str::Chars;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::patterns::matches_list;
use super::sshsig::{Namespace, PublicKey, Signature, Verified, VerifyError};

/// The size in bytes over which a list is refused.
pub const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// A line of the list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the allowed signers: {what}")]
pub struct ListError {
    /// The 1-based line.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// A time of a validity option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidTime {
    /// The instant; a time without `Z` is taken as UTC.
    pub instant: DateTime<Utc>,
    /// The time carries no `Z`, and OpenSSH would read it in the zone of whichever machine it runs on.
    pub zone_missing: bool,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedSigner {
    /// The 1-based line.
    pub line: usize,
    /// The patterns of principals, separated by commas, as written; `!` before one excludes.
    pub principals: String,
    /// The key stands for an authority whose certificates count; the key itself never signs.
    pub cert_authority: bool,
    /// The patterns of namespaces, separated by commas; `None` is good for all.
    pub namespaces: Option<String>,
    /// The first instant at which the key counts.
    pub valid_after: Option<ValidTime>,
    /// The last instant at which the key counts.
    pub valid_before: Option<ValidTime>,
    /// The key.
    pub key: PublicKey,
}

/// A list, in the order of its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedSigners {
    /// The lines that hold a key.
    pub entries: Vec<AllowedSigner>,
    /// The lines that could not be read; they let nobody sign.
    pub errors: Vec<ListError>,
}

/// Who signed, as a list tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBy {
    /// The principal: the name asked for, else the first in the line that the line itself admits.
    pub principal: String,
    /// The SHA-256 fingerprint of the key.
    pub fingerprint: String,
    /// The 1-based line of the list that decided.
    pub line: usize,
    /// The line bears a time without `Z`.
    pub zone_missing: bool,
    /// The SHA-256 fingerprint of the authority, where the key signed under a certificate.
    pub authority: Option<String>,
}

impl AllowedSigner {
    /// Whether a validity time of the line carries no `Z`.
    pub fn zone_missing(&self) -> bool {
        [self.valid_after, self.valid_before]
            .into_iter()
            .flatten()
            .any(|time| time.zone_missing)
    }

    /// Says why the line does not let its key sign for `namespace` at `at`.
    pub(super) fn refusal(&self, namespace: Namespace, at: DateTime<Utc>) -> Option<VerifyError> {
        let (line, fingerprint) = (self.line, self.key.fingerprint());
        if self
            .namespaces
            .as_ref()
            .is_some_and(|patterns| !matches_list(namespace.as_str(), patterns))
        {
            return Some(VerifyError::NotForNamespace {
                fingerprint,
                line,
                namespace,
            });
        }
        match (self.valid_after, self.valid_before) {
            (Some(from), _) if at.timestamp() < from.instant.timestamp() => Some(VerifyError::NotYetValid {
                fingerprint,
                line,
                at,
                from: from.instant,
            }),
            (_, Some(until)) if at.timestamp() > until.instant.timestamp() => Some(VerifyError::Expired {
                fingerprint,
                line,
                at,
                until: until.instant,
            }),
            (_, _) => None,
        }
    }

    /// The first name of the line that the line itself admits, so that `ssh-keygen -I` accepts it.
    fn first_principal(&self) -> Option<&str> {
        self.principals
            .split(',')
            .find(|name| !name.is_empty() && !name.starts_with('!') && matches_list(name, &self.principals))
    }

    /// Whether the line is about the signer: its own key, or the authority of its certificate.
    fn is_about(&self, signature: &Signature) -> bool {
        match signature.certificate() {
            Some(certificate) => self.cert_authority && self.key == certificate.authority,
            None => !self.cert_authority && &self.key == signature.key(),
        }
    }

    /// The name under which the line may know the signer: the one asked for, else the first that fits.
    fn name_for<'a>(&'a self, signature: &'a Signature, asked: Option<&'a str>) -> Option<&'a str> {
        match (asked, signature.certificate()) {
            (Some(name), _) => matches_list(name, &self.principals).then_some(name),
            (None, None) => self.first_principal(),
            (None, Some(certificate)) => certificate
                .principals
                .iter()
                .map(String::as_str)
                .find(|name| matches_list(name, &self.principals)),
        }
    }

    /// Lets the signer sign under `name`, or says why not; the line is known to be about the signer.
    fn admit(
        &self,
        signature: &Signature,
        name: &str,
        namespace: Namespace,
        at: DateTime<Utc>,
    ) -> Result<SignedBy, VerifyError> {
        let certificate = signature.certificate();
        if let Some(why) = certificate.and_then(|certificate| certificate.refusal(name, at)) {
            return Err(VerifyError::Certificate { line: self.line, why });
        }
        if let Some(error) = self.refusal(namespace, at) {
            return Err(error);
        }
        Ok(SignedBy {
            principal: name.to_owned(),
            fingerprint: signature.key().fingerprint(),
            line: self.line,
            zone_missing: self.zone_missing(),
            authority: certificate.map(|certificate| certificate.authority.fingerprint()),
        })
    }
}

impl AllowedSigners {
    /// Reads a list; a line that cannot be read lets nobody sign, and is told in `errors`.
    pub fn parse(text: &str) -> AllowedSigners {
        let mut list = AllowedSigners::default();
        if text.len() > MAX_LIST_BYTES {
            let what = format!("the list is larger than {MAX_LIST_BYTES} bytes, and none of it was read");
            list.errors.push(ListError { line: 1, what });
            return list;
        }
        for (index, line) in text.split('\n').enumerate() {
            let number = index + 1;
            let line = line.trim_start_matches([' ', '\t']);
            if line.trim_end_matches('\r').is_empty() || line.starts_with('#') {
                continue;
            }
            match parse_line(line, number) {
                Ok(entry) => list.entries.push(entry),
                Err(what) => list.errors.push(ListError { line: number, what }),
            }
        }
        list
    }

    /// The first line that admits the signature decides; if none does, the first about its key says why not.
    pub(super) fn judge(
        &self,
        verified: Verified<'_>,
        principal: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<SignedBy, VerifyError> {
        let Verified { signature, namespace } = verified;
        let mut refusal = None;
        for entry in self.entries.iter().filter(|entry| entry.is_about(signature)) {
            let Some(name) = entry.name_for(signature, principal) else {
                continue;
            };
            match entry.admit(signature, name, namespace, at) {
                Ok(signed_by) => return Ok(signed_by),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| VerifyError::NotListed {
            fingerprint: signature.key().fingerprint(),
            principal: principal.map(str::to_owned),
        }))
    }

    /// The lines that let `key` sign for `namespace` at `at`.
    fn lines_for(&self, key: &PublicKey, namespace: Namespace, at: DateTime<Utc>) -> Vec<&AllowedSigner> {
        let admitted = |entry: &&AllowedSigner| entry.refusal(namespace, at).is_none();
        self.lines_of(key).filter(admitted).collect()
    }

    /// The lines that hold `key` as a signer's own; authorities are not signers.
    pub(super) fn lines_of(&self, key: &PublicKey) -> impl Iterator<Item = &AllowedSigner> {
        self.entries
            .iter()
            .filter(move |entry| !entry.cert_authority && &entry.key == key)
    }
}

/// The principals of every line that lets `key` sign for `namespace` at `at`, as written, in the list's order.
///
/// `ssh-keygen -Y find-principals` prints those of the first such line, whatever its namespaces.
pub fn find_principals(
    signers: &AllowedSigners,
    key: &PublicKey,
    namespace: Namespace,
    at: DateTime<Utc>,
) -> Vec<String> {
    let mut principals: Vec<String> = Vec::new();
    for entry in signers.lines_for(key, namespace, at) {
        for name in entry.principals.split(',') {
            if !principals.iter().any(|known| known == name) {
                principals.push(name.to_owned());
            }
        }
    }
    principals
}

/// The principal under whom the list lets `key` sign for `namespace` at `at`.
pub fn principal_of(
    signers: &AllowedSigners,
    key: &PublicKey,
    namespace: Namespace,
    at: DateTime<Utc>,
) -> Option<String> {
    signers
        .lines_for(key, namespace, at)
        .into_iter()
        .find_map(AllowedSigner::first_principal)
        .map(str::to_owned)
}

/// Judges an armoured signature over `data`: whoever the list holds may have made it.
pub fn judge(
    signers: &AllowedSigners,
    signature: &[u8],
    data: &[u8],
    namespace: Namespace,
    at: DateTime<Utc>,
) -> Result<SignedBy, VerifyError> {
    let signature = Signature::parse(signature)?;
    signers.judge(signature.verify(data, namespace)?, None, at)
}

/// Judges an armoured signature over `data` that only `principal` may have made, as `ssh-keygen -Y verify -I`.
pub fn judge_as(
    signers: &AllowedSigners,
    principal: &str,
    signature: &[u8],
    data: &[u8],
    namespace: Namespace,
    at: DateTime<Utc>,
) -> Result<SignedBy, VerifyError> {
    let signature = Signature::parse(signature)?;
    signers.judge(signature.verify(data, namespace)?, Some(principal), at)
}

fn parse_line(line: &str, number: usize) -> Result<AllowedSigner, String> {
    let (principals, rest) = split_principals(line)?;
    let (options, rest) = match read_key(rest) {
        Ok(_) => ("", rest),
        // What is not a key is options, with the key behind them.
        Err(_) => split_options(rest)?,
    };
    let options = Options::parse(options)?;
    Ok(AllowedSigner {
        line: number,
        principals,
        cert_authority: options.cert_authority,
        namespaces: options.namespaces,
        valid_after: options.valid_after,
        valid_before: options.valid_before,
        key: read_key(rest)?,
    })
}

/// Splits the principals off; a quote may begin anywhere in them, and its end ends them.
fn split_principals(line: &str) -> Result<(String, &str), String> {
    let end = line
        .find(|letter| letter == '"' || BLANKS.contains(&letter))
        .ok_or("no key on this line")?;
    let (head, tail) = line.split_at(end);
    let (principals, rest) = match tail.strip_prefix('"') {
        Some(quoted) => {
            let (inside, rest) = quoted.split_once('"').ok_or("a quote does not end")?;
            (format!("{head}{inside}"), rest)
        }
        None => (head.to_owned(), tail),
    };
    Ok((principals, rest.trim_start_matches(BLANKS)))
}

/// Splits the options from the key behind them at the first blank outside of quotes.
fn split_options(text: &str) -> Result<(&str, &str), String> {
    let (mut quoted, mut escaped) = (false, false);
    for (index, letter) in text.char_indices() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            ' ' | '\t' if !quoted => {
                let (options, rest) = text.split_at(index);
                return Ok((options, rest.trim_start_matches([' ', '\t'])));
            }
            _ => {}
        }
        escaped = letter == '\\';
    }
    Err(if quoted {
        "a quote does not end"
    } else {
        "no key on this line"
    }
    .to_owned())
}

fn read_key(text: &str) -> Result<PublicKey, String> {
    PublicKey::from_line(text).map_err(|error| error.to_string())
}

/// The options of a line, as OpenSSH knows them; their names may be in any case.
#[derive(Default)]
struct Options {
    cert_authority: bool,
    namespaces: Option<String>,
    valid_after: Option<ValidTime>,
    valid_before: Option<ValidTime>,
}

impl Options {
    fn parse(text: &str) -> Result<Options, String> {
        let mut options = Options::default();
        let mut letters = text.chars().peekable();
        while letters.peek().is_some() {
            let mut name = String::new();
            while let Some(letter) = letters.next_if(|letter| *letter != ',' && *letter != '=') {
                name.push(letter.to_ascii_lowercase());
            }
            options.read(&name, &mut letters)?;
            match letters.next() {
                None => break,
                Some(',') if letters.peek().is_some() => {}
                Some(',') => return Err("the options end with a comma".to_owned()),
                Some(_) => return Err(format!("something follows the value of `{name}`")),
            }
        }
        match (options.valid_after, options.valid_before) {
            (Some(from), Some(until)) if until.instant <= from.instant => {
                Err("`valid-before` is not after `valid-after`".to_owned())
            }
            (_, _) => Ok(options),
        }
    }

    fn read(&mut self, name: &str, letters: &mut Peekable<Chars<'_>>) -> Result<(), String> {
        match name {
            "cert-authority" => {
                self.cert_authority = true;
                Ok(())
            }
            "namespaces" => set_once(&mut self.namespaces, name, quoted_value(name, letters)?),
            "valid-after" => set_once(
                &mut self.valid_after,
                name,
                parse_time(&quoted_value(name, letters)?)?,
            ),
            "valid-before" => set_once(
                &mut self.valid_before,
                name,
                parse_time(&quoted_value(name, letters)?)?,
            ),
            other => Err(format!(
                "`{}` is no known option; there are `cert-authority`, `namespaces`, `valid-after` and `valid-before` \
                 (or the key behind it cannot be read)",
                other.escape_debug()
            )),
        }
    }
}

fn set_once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("`{name}` stands twice")),
    }
}

/// Reads `="…"`, in which `\"` is a quote.
fn quoted_value(name: &str, letters: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    if letters.next() != Some('=') || letters.next() != Some('"') {
        return Err(format!("`{name}` needs a value in double quotes"));
    }
    let mut value = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Ok(value),
            '\\' if letters.next_if_eq(&'"').is_some() => value.push('"'),
            other => value.push(other),
        }
    }
    Err(format!("the value of `{name}` has no closing quote"))
}

/// Reads `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, each with `Z` for UTC.
fn parse_time(text: &str) -> Result<ValidTime, String> {
    let upper = text.to_ascii_uppercase();
    let stripped = upper.strip_suffix('Z').or_else(|| upper.strip_suffix("UTC"));
    let digits = stripped.unwrap_or(&upper);
    read_time(digits)
        // OpenSSH keeps zero for "no limit", and so refuses it and all before as a value.
        .filter(|time| time.and_utc().timestamp() > 0)
        .map(|time| ValidTime {
            instant: time.and_utc(),
            zone_missing: stripped.is_none(),
        })
        .ok_or_else(|| {
            format!(
                "`{}` is no time; write YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ",
                text.escape_debug()
            )
        })
}

fn read_time(digits: &str) -> Option<NaiveDateTime> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let day = NaiveDate::from_ymd_opt(i32::try_from(part(0, 4)?).ok()?, part(4, 6)?, part(6, 8)?)?;
    match digits.len() {
        8 => day.and_hms_opt(0, 0, 0),
        12 => day.and_hms_opt(part(8, 10)?, part(10, 12)?, 0),
        14 => day.and_hms_opt(part(8, 10)?, part(10, 12)?, part(12, 14)?),
        _ => None,
    }
}
