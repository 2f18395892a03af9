//! Amazon Web Services: findings of Inspector and of Security Hub.
//!
//! Both name a resource by its ARN. An instance is known by its own id, which is a key of the cloud; an image or
//! a function has nothing better than the ARN.

mod asff;
mod finding;
mod inspector2;

use super::json::Text;
use super::rows::{Refusal, said, unknown};
use super::value;
use crate::model::{Host, Severity, Stamp};

pub(super) use asff::IMPORTER as ASFF;
pub(super) use inspector2::IMPORTER as INSPECTOR2;

/// Takes the id of an instance out of what names it; `None` for anything else.
fn instance_id(id: &str) -> Option<&str> {
    let own = id.rsplit_once(":instance/").map_or(id, |(_, own)| own);
    own.strip_prefix("i-")
        .filter(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .map(|_| own)
}

/// What is told of a resource beside its id.
#[derive(Default)]
struct Details<'a> {
    addresses: Vec<&'a str>,
    os: Option<&'a str>,
    /// The repository and the tags of an image.
    repository: Option<&'a str>,
    tags: Vec<&'a str>,
}

/// Names the host of a resource, and counts what is no address of it.
fn host_of(id: &str, details: &Details<'_>, seen: Option<Stamp>) -> (Host, u64) {
    let ips: Vec<String> = details
        .addresses
        .iter()
        .filter_map(|text| value::ip(text))
        .collect();
    let junk = details.addresses.len() - ips.len();
    let cloud_id = instance_id(id).map(str::to_owned);
    let named = details.repository.into_iter();
    let host = Host {
        name: cloud_id.clone().unwrap_or_else(|| id.to_owned()),
        cloud_id,
        ips,
        os: details.os.map(str::to_owned),
        aliases: named
            .flat_map(|repository| details.tags.iter().map(move |tag| format!("{repository}:{tag}")))
            .take(64)
            .collect(),
        scanned_at: seen,
        ..Host::default()
    };
    (host, junk as u64)
}

/// Reads a severity of either service; `None` within for one that is informational.
fn severity(name: &str, given: &str) -> Result<Option<Severity>, Refusal> {
    match given {
        "INFORMATIONAL" => Ok(None),
        _ => Severity::from_word(given).map(Some).ok_or_else(|| {
            let known = "`CRITICAL`, `HIGH`, `MEDIUM`, `LOW` and `INFORMATIONAL`";
            unknown(name, given, known)
        }),
    }
}

/// A package that is named in a finding.
struct Package<'a> {
    name: &'a Option<Text<'a>>,
    version: &'a Option<Text<'a>>,
    path: &'a Option<Text<'a>>,
}

impl Package<'_> {
    fn text(&self) -> String {
        let name = said(self.name).unwrap_or_default();
        let mut text = super::rows::package(name, said(self.version).unwrap_or_default());
        if let Some(path) = said(self.path) {
            text.push(' ');
            text.push_str(path);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::instance_id;

    #[test]
    fn an_instance_is_known_by_its_own_id() {
        for (id, own) in [
            ("i-0abc12", Some("i-0abc12")),
            (
                "arn:aws:ec2:eu-west-1:123456789012:instance/i-0abc12",
                Some("i-0abc12"),
            ),
            ("arn:aws:lambda:eu-west-1:123456789012:function:i-0abc", None),
            ("i-", None),
            ("i-a b", None),
            ("repository/i-0abc12", None),
        ] {
            assert_eq!(instance_id(id), own, "{id}");
        }
    }
}
