//! Whether software that a System lists is a product that an advisory names: by package URL, by CPE, else by name.

use std::collections::BTreeSet;

use super::version::{VersionMatch, decoded, of_range, of_version};
use crate::model::{AdvisoryProduct, ProductIdentity, Software};

/// Software of a System, taken apart once.
pub(super) struct Listed {
    version: Option<String>,
    purl: Option<Package>,
    cpe: Option<Platform>,
    /// Folded, each with the version that the name itself ends in.
    names: Vec<Reading>,
}

/// A folded name, and the version that was taken off its end.
type Reading = (String, Option<String>);

/// A package URL without its qualifiers.
struct Package {
    /// Type, namespace and name, lower case.
    path: String,
    name: String,
    version: Option<String>,
}

/// The first fields of a CPE.
struct Platform {
    /// Part, vendor and product, lower case.
    path: String,
    vendor: String,
    product: String,
    version: Option<String>,
}

impl Listed {
    pub(super) fn new(software: &Software) -> Self {
        let purl = software.purl.as_deref().and_then(package);
        let cpe = software.cpe.as_deref().and_then(platform);
        let own = Some(software.product.as_str());
        let mut names: Vec<Reading> = own.into_iter().flat_map(readings).collect();
        names.extend(purl.iter().map(|purl| (folded(&purl.name), None)));
        names.extend(cpe.iter().flat_map(Platform::names).map(|name| (name, None)));
        names.retain(|(name, _)| !name.is_empty());
        let stated = software
            .version
            .clone()
            .or_else(|| purl.as_ref()?.version.clone());
        Self {
            version: stated.or_else(|| cpe.as_ref()?.version.clone()),
            purl,
            cpe,
            names,
        }
    }

    /// Returns the folded names by which an advisory may find it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| name.as_str())
    }

    /// Tells how its version agrees with those that a product has; `None` where it is another product or version.
    pub(super) fn matched(&self, product: &AdvisoryProduct) -> Option<VersionMatch> {
        let found = product.identities.iter().filter_map(|identity| self.is(identity));
        found.min()
    }

    fn is(&self, identity: &ProductIdentity) -> Option<VersionMatch> {
        let mut is_another = false;
        if let (Some(own), false) = (&self.purl, identity.purls.is_empty()) {
            let all = identity.purls.iter().filter_map(|purl| package(purl));
            let same: Vec<Package> = all.filter(|purl| purl.path == own.path).collect();
            if !same.is_empty() {
                let named = same.iter().map(|purl| purl.version.as_deref());
                let named: Vec<Option<&str>> = named.collect();
                return by_version(self.version.as_deref(), identity, &named);
            }
            is_another = true;
        }
        if let (Some(own), false) = (&self.cpe, identity.cpes.is_empty()) {
            let all = identity.cpes.iter().filter_map(|cpe| platform(cpe));
            let same: Vec<Platform> = all.filter(|cpe| cpe.path == own.path).collect();
            if !same.is_empty() {
                let named = same.iter().map(|cpe| cpe.version.as_deref());
                let named: Vec<Option<&str>> = named.collect();
                return by_version(self.version.as_deref(), identity, &named);
            }
            is_another = true;
        }
        if is_another {
            return None;
        }
        self.by_name(identity)
    }

    fn by_name(&self, identity: &ProductIdentity) -> Option<VersionMatch> {
        let packages: Vec<Package> = identity.purls.iter().filter_map(|purl| package(purl)).collect();
        let platforms: Vec<Platform> = identity.cpes.iter().filter_map(|cpe| platform(cpe)).collect();
        let versions = packages.iter().map(|one| one.version.as_deref());
        let versions = versions.chain(platforms.iter().map(|one| one.version.as_deref()));
        let versions: Vec<Option<&str>> = versions.collect();
        let own_names = identity.names.iter().flat_map(|name| readings(name));
        let packages = packages.iter().map(|one| (folded(&one.name), None));
        let platforms = platforms
            .iter()
            .flat_map(Platform::names)
            .map(|name| (name, None));
        let named: Vec<Reading> = own_names.chain(packages).chain(platforms).collect();
        let pairs = || {
            let pairs = named
                .iter()
                .flat_map(|one| self.names.iter().map(move |own| (own, one)));
            pairs.filter(|((own, _), (name, _))| own == name)
        };
        // A name that is the same as a whole decides, whatever it ends in.
        if pairs().any(|((_, in_own), (_, in_name))| in_own.is_none() && in_name.is_none()) {
            let has_own = self.version.is_some() || identity.range.is_some() || identity.version.is_some();
            // `Example Linux 9` against an id of version 9.
            let in_name = self.names.iter().find_map(|(_, version)| version.as_deref());
            let own = self.version.as_deref().or(in_name.filter(|_| !has_own));
            return by_version(own, identity, &versions);
        }
        let of_pair = |((_, in_own), (_, in_name)): (&Reading, &Reading)| match in_name {
            Some(in_name) => self.by_version_in_name(identity, in_own.as_deref(), in_name),
            // The record writes the version into the name, the advisory does not.
            None => by_version(in_own.as_deref(), identity, &versions),
        };
        pairs().filter_map(of_pair).min()
    }

    /// Compares where the advisory's name ends in a version, such as `Windows Server 2019`: what the branch says
    /// beside it is the version of something else.
    fn by_version_in_name(
        &self,
        identity: &ProductIdentity,
        in_own: Option<&str>,
        in_name: &str,
    ) -> Option<VersionMatch> {
        let has_further = identity.range.is_some() || identity.version.is_some();
        match of_version(in_own.or(self.version.as_deref()), in_name) {
            Some(_) if has_further => Some(VersionMatch::NotCompared),
            Some(found) => Some(found),
            None if in_own.is_none() && has_further => by_version(self.version.as_deref(), identity, &[]),
            None => None,
        }
    }
}

/// Compares with the range, else with the version of the branch, else with those of the ids.
fn by_version(
    own: Option<&str>,
    identity: &ProductIdentity,
    of_ids: &[Option<&str>],
) -> Option<VersionMatch> {
    if let Some(range) = &identity.range {
        return of_range(own, range);
    }
    if let Some(version) = &identity.version {
        return of_version(own, version);
    }
    let of_id =
        |named: &Option<&str>| named.map_or(Some(VersionMatch::Every), |named| of_version(own, named));
    if of_ids.is_empty() {
        return Some(VersionMatch::Every);
    }
    of_ids.iter().filter_map(of_id).min()
}

/// Returns the folded names by which software may find a product.
pub(super) fn names_of(product: &AdvisoryProduct) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for identity in &product.identities {
        let readings = identity.names.iter().flat_map(|name| readings(name));
        names.extend(readings.map(|(name, _)| name));
        names.extend(
            identity
                .purls
                .iter()
                .filter_map(|purl| package(purl))
                .map(|one| folded(&one.name)),
        );
        let platforms = identity.cpes.iter().filter_map(|cpe| platform(cpe));
        names.extend(platforms.flat_map(|one| one.names().collect::<Vec<_>>()));
    }
    names
}

/// Reads a name whole, and as a name with a version at its end.
fn readings(name: &str) -> impl Iterator<Item = Reading> + use<> {
    let whole = (folded(name), None);
    let split = name
        .trim()
        .rsplit_once(char::is_whitespace)
        .and_then(|(start, last)| {
            let last = last.trim_start_matches(['v', 'V', '(']).trim_end_matches(')');
            let is_version = last.starts_with(|letter: char| letter.is_ascii_digit());
            (is_version && !folded(start).is_empty()).then(|| (folded(start), Some(last.to_owned())))
        });
    std::iter::once(whole).chain(split)
}

/// Lower case, with one space for whatever is neither letter nor digit.
fn folded(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn package(text: &str) -> Option<Package> {
    let rest = text.trim().strip_prefix("pkg:")?.trim_start_matches('/');
    let rest = rest.split(['?', '#']).next()?;
    let (path, name) = rest.rsplit_once('/')?;
    let (name, version) = match name.rsplit_once('@') {
        Some((name, version)) => (name, Some(decoded(version))),
        None => (name, None),
    };
    let name = decoded(name);
    Some(Package {
        path: format!("{}/{}", decoded(path), name).to_lowercase(),
        name,
        version: version.filter(|version| !version.is_empty()),
    })
}

fn platform(text: &str) -> Option<Platform> {
    let text = text.trim();
    let fields: Vec<String> = match text.strip_prefix("cpe:2.3:") {
        Some(rest) => fields_of(rest),
        None => text.strip_prefix("cpe:/")?.split(':').map(decoded).collect(),
    };
    let field = |place: usize| {
        fields
            .get(place)
            .map(|field| field.to_lowercase())
            .unwrap_or_default()
    };
    let (vendor, product, version) = (field(1), field(2), field(3));
    if product.is_empty() || product == "*" {
        return None;
    }
    Some(Platform {
        path: format!("{}:{vendor}:{product}", field(0)),
        vendor,
        product,
        version: Some(version).filter(|version| !matches!(&**version, "" | "*" | "-")),
    })
}

/// Splits at colons that no backslash stands before.
fn fields_of(text: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_escaped = false;
    for letter in text.chars() {
        match letter {
            '\\' if !is_escaped => is_escaped = true,
            ':' if !is_escaped => fields.push(String::new()),
            letter => {
                is_escaped = false;
                if let Some(field) = fields.last_mut() {
                    field.push(letter);
                }
            }
        }
    }
    fields
}

impl Platform {
    fn names(&self) -> impl Iterator<Item = String> {
        let product = folded(&self.product);
        let both = folded(&format!("{} {}", self.vendor, self.product));
        [product, both].into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::version::VersionMatch;
    use super::Listed;
    use crate::model::{AdvisoryProduct, ProductIdentity, Software};

    /// Software as `product|version|purl or cpe`, a product as `name|version|range|purl or cpe`.
    fn check(listed: &str, named: &str, expected: Option<VersionMatch>) {
        let part = |text: &str, place: usize| text.split('|').nth(place).unwrap_or_default().to_owned();
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let id = |text: &str, place: usize, start: &str| {
            some(part(text, place)).filter(|id| id.starts_with(start))
        };
        let software = Software {
            product: part(listed, 0),
            version: some(part(listed, 1)),
            purl: id(listed, 2, "pkg:"),
            cpe: id(listed, 2, "cpe:"),
        };
        let identity = ProductIdentity {
            names: some(part(named, 0)).into_iter().collect(),
            version: some(part(named, 1)),
            range: some(part(named, 2)),
            purls: id(named, 3, "pkg:").into_iter().collect(),
            cpes: id(named, 3, "cpe:").into_iter().collect(),
        };
        let product = AdvisoryProduct {
            text: named.into(),
            identities: vec![identity],
        };
        assert_eq!(
            Listed::new(&software).matched(&product),
            expected,
            "{listed} against {named}"
        );
    }

    #[test]
    fn products_are_found_by_id_before_name() {
        use VersionMatch::{Every, Exact, NotCompared, Range, Series};
        for (listed, named, expected) in [
            ("OpenSSL|3.0.7", "openssl|3.0.7", Some(Exact)),
            ("OpenSSL|3.0.7", "OpenSSL 3.0", Some(Series)),
            ("OpenSSL 3.0.7", "openssl|3.0.7", Some(Exact)),
            ("OpenSSL|3.0.7", "openssl||<3.0.8", Some(Range)),
            ("OpenSSL|3.0.7", "openssl", Some(Every)),
            ("OpenSSL", "openssl|3.0.7", Some(NotCompared)),
            ("OpenSSL|3.0.7", "LibreSSL|3.0.7", None),
            ("OpenSSL|3.0.7", "openssl|3.0.8", None),
            ("Windows Server|2019", "Windows Server 2019", Some(Exact)),
            ("Windows Server|2019", "Windows Server 2022", None),
            (
                "Windows Server|2019",
                "Windows Server 2019||<10.0.17763.6189",
                Some(NotCompared),
            ),
            ("Windows Server|2019", "Windows Server 2022||<10.0.20348.1", None),
            ("Windows Server 2019", "Windows Server 2022", None),
            (
                "OpenSSL|3.0.7|pkg:generic/openssl",
                "||| pkg:generic/openssl".trim(),
                None,
            ),
            (
                "x|3.0.7|pkg:generic/openssl",
                "|||pkg:generic/openssl@3.0.7?arch=x",
                Some(Exact),
            ),
            (
                "x||pkg:generic/openssl@3.0.7",
                "|||pkg:generic/OpenSSL",
                Some(Every),
            ),
            (
                "openssl|3.0.7|pkg:generic/openssl",
                "openssl|||pkg:rpm/redhat/openssl",
                None,
            ),
            ("openssl|3.0.7", "|||pkg:rpm/redhat/openssl@3.0.7", Some(Exact)),
            (
                "x||cpe:2.3:a:openssl:openssl:3.0.7:*:*:*:*:*:*:*",
                "|||cpe:/a:openssl:openssl:3.0.7",
                Some(Exact),
            ),
            (
                "x|1|cpe:2.3:a:v\\:w:p:1:*:*:*:*:*:*:*",
                "|||cpe:2.3:a:v\\:w:p:2:*:*:*:*:*:*:*",
                None,
            ),
            (
                "Apache Tomcat|10.1",
                "|||cpe:2.3:a:apache:tomcat:10.1.5:*:*:*:*:*:*:*",
                Some(NotCompared),
            ),
            (
                "Example Linux 9",
                "Example Linux 9|||cpe:/o:example:linux:9",
                Some(Exact),
            ),
            (
                "Windows Server 2019",
                "Windows Server 2019||<10.0.17763.6189",
                Some(NotCompared),
            ),
            ("left-pad|1.0", "|||pkg:npm/%40scope/left-pad@1.0", Some(Exact)),
        ] {
            check(listed, named, expected);
        }
    }
}
