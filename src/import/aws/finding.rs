//! The parts of a finding of the ASFF that are needed.

use super::super::json::{Strict, Text};
use super::super::rows::When;
use super::Details;

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Finding<'a> {
    #[serde(borrow)]
    pub(super) generator_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) title: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) types: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) severity: Option<Strict<Rated<'a>>>,
    #[serde(borrow)]
    pub(super) finding_provider_fields: Option<Strict<OfProvider<'a>>>,
    #[serde(borrow)]
    pub(super) first_observed_at: Option<When<'a>>,
    #[serde(borrow)]
    pub(super) last_observed_at: Option<When<'a>>,
    #[serde(borrow)]
    pub(super) updated_at: Option<When<'a>>,
    #[serde(borrow)]
    pub(super) workflow: Option<Strict<Stated<'a>>>,
    #[serde(borrow)]
    pub(super) compliance: Option<Strict<Stated<'a>>>,
    #[serde(borrow)]
    pub(super) record_state: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) note: Option<Strict<Note<'a>>>,
    #[serde(borrow)]
    pub(super) product_fields: Option<Strict<ProductFields<'a>>>,
    #[serde(borrow)]
    pub(super) vulnerabilities: Option<Vec<Strict<Vulnerability<'a>>>>,
    #[serde(borrow)]
    pub(super) resources: Option<Vec<Strict<Resource<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Rated<'a> {
    #[serde(borrow)]
    pub(super) label: Option<Text<'a>>,
    pub(super) normalized: Option<u8>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct OfProvider<'a> {
    #[serde(borrow)]
    pub(super) severity: Option<Strict<Rated<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Stated<'a> {
    #[serde(borrow)]
    pub(super) status: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Note<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct ProductFields<'a> {
    #[serde(rename = "aws/inspector/FindingStatus", borrow)]
    pub(super) inspector_status: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) related_vulnerabilities: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) cvss: Option<Vec<Strict<Score<'a>>>>,
    #[serde(borrow)]
    pub(super) vulnerable_packages: Option<Vec<Strict<Vulnerable<'a>>>>,
    #[serde(borrow)]
    pub(super) fix_available: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) exploit_available: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Score<'a> {
    #[serde(borrow)]
    pub(super) base_vector: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Vulnerable<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) version: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) file_path: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) details: Option<Strict<ResourceDetails<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ResourceDetails<'a> {
    #[serde(borrow)]
    pub(super) aws_ec2_instance: Option<Strict<Instance<'a>>>,
    #[serde(borrow)]
    pub(super) other: Option<Strict<Other<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Instance<'a> {
    #[serde(rename = "IpV4Addresses", borrow)]
    pub(super) ipv4: Option<Vec<Text<'a>>>,
    #[serde(rename = "IpV6Addresses", borrow)]
    pub(super) ipv6: Option<Vec<Text<'a>>>,
}

/// What the ASFF template of Trivy writes, which knows no `Vulnerabilities`.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Other<'a> {
    #[serde(rename = "CVE ID", borrow)]
    pub(super) cve: Option<Text<'a>>,
    #[serde(rename = "PkgName", borrow)]
    pub(super) package: Option<Text<'a>>,
    #[serde(rename = "Installed Package", borrow)]
    pub(super) installed: Option<Text<'a>>,
    #[serde(rename = "Patched Package", borrow)]
    pub(super) patched: Option<Text<'a>>,
    #[serde(rename = "NvdCvssVectorV3", borrow)]
    pub(super) v3: Option<Text<'a>>,
    #[serde(rename = "NvdCvssVectorV2", borrow)]
    pub(super) v2: Option<Text<'a>>,
}

impl Resource<'_> {
    pub(super) fn other(&self) -> Option<&Other<'_>> {
        let Strict(details) = self.details.as_ref()?;
        details.other.as_ref().map(|Strict(other)| other)
    }

    pub(super) fn details(&self) -> Details<'_> {
        let details = self.details.as_ref().map(|Strict(details)| details);
        let instance = details.and_then(|details| details.aws_ec2_instance.as_ref());
        let lists = instance.map(|Strict(instance)| [&instance.ipv4, &instance.ipv6]);
        let texts = lists.into_iter().flatten().flatten().flatten();
        Details {
            addresses: texts.map(|text| &*text.0).collect(),
            ..Details::default()
        }
    }
}
