//! Which host a row is about.

use std::borrow::Cow;

use super::super::ImportError;
use super::super::qualys::{is_domain_name, is_plain_name, name_of_host};
use super::super::value;
use super::columns::{Dialect, Field};
use super::{Reader, cell};
use crate::model::{Host, Quality};

impl Reader<'_, '_> {
    /// Finds the row's host, or pours it where it is new.
    pub(super) fn settle_host(&mut self) -> Result<(), ImportError> {
        let fields: &[Field] = match self.columns.dialect {
            Dialect::Report | Dialect::Pci => &[Field::Ip, Field::Network, Field::Dns, Field::Netbios],
            Dialect::Vmdr => &[Field::AssetId, Field::AssetName, Field::Ip, Field::Ipv6],
        };
        let cells = || {
            fields.iter().map(|field| {
                self.columns
                    .index(*field)
                    .map_or(&[][..], |index| self.rows.raw(index))
            })
        };
        if !self.key.is_empty()
            && self
                .key
                .iter()
                .eq(cells().flat_map(|cell| cell.iter().chain(b"\x1f")))
        {
            return Ok(());
        }
        let key: Vec<u8> = cells()
            .flat_map(|cell| cell.iter().chain(b"\x1f"))
            .copied()
            .collect();
        self.host = match self.hosts.get(&key) {
            Some(known) => *known,
            None => {
                let host = self.describe_host()?;
                let malformed = |message| ImportError::Malformed {
                    place: self.rows.place(""),
                    message,
                };
                let index = self.tally.host(&host).map_err(malformed)?;
                self.hosts.insert(key.clone(), index);
                index
            }
        };
        self.key = key;
        Ok(())
    }

    fn describe_host(&mut self) -> Result<Host, ImportError> {
        let mut host = Host::default();
        for field in [Field::Ip, Field::Ipv6] {
            let cell = cell(&self.rows, &self.columns, field);
            for part in value::list(&cell) {
                match value::ip(part) {
                    Some(ip) => host.ips.push(ip),
                    None => self.tally.leave_out("not an IP address"),
                }
            }
        }
        let dns = self.cell(Field::Dns);
        let dns = if dns.eq_ignore_ascii_case("No registered hostname") {
            Cow::Borrowed("")
        } else {
            dns
        };
        let given = [
            dns,
            self.cell(Field::AssetName),
            self.cell(Field::Fqdn),
            self.cell(Field::Netbios),
            self.cell(Field::Ip),
        ];
        host.name = given
            .iter()
            .find(|name| !name.is_empty())
            .map(|name| name.to_string())
            .unwrap_or_default();
        host.fqdn = given[..3]
            .iter()
            .find(|name| is_domain_name(name))
            .and_then(|name| value::fqdn(name));
        host.hostname = value::hostname(&given[3]).or_else(|| {
            given[..2]
                .iter()
                .find(|name| is_plain_name(name))
                .and_then(|name| value::hostname(name))
        });
        let said = |field| Some(self.cell(field).into_owned()).filter(|text| !text.is_empty());
        host.agent = said(Field::AgentId).or_else(|| said(Field::AssetId));
        host.cloud_id = said(Field::CloudId);
        host.aliases = said(Field::HostId).iter().map(|id| name_of_host(id)).collect();
        host.os = said(Field::Os);
        let is_agent = self.cell(Field::Tracking).to_ascii_uppercase().contains("AGENT");
        host.quality = is_agent.then_some(Quality::Agent);
        if self.columns.dialect == Dialect::Pci {
            host.scanned_at = self.stamp(Field::Last)?;
        }
        Ok(host)
    }
}
