//! Which host a row is about.

use super::super::ImportError;
use super::super::stamp;
use super::super::value;
use super::Reader;
use super::columns::{Dialect, Field};
use crate::model::{Host, Quality};

impl Reader<'_, '_> {
    /// Finds the row's host, or pours it where it is new; rows of a host need not stand together.
    pub(super) fn settle_host(&mut self) -> Result<(), ImportError> {
        let fields: &[Field] = match self.dialect {
            Dialect::Summary => return Ok(()),
            Dialect::Nessus | Dialect::Classic => &[Field::Asset, Field::Host],
            Dialect::Explore if !self.header.raw(&self.rows, Field::Asset as usize).is_empty() => {
                &[Field::Asset]
            }
            Dialect::Explore => &[Field::AssetName, Field::Fqdn, Field::Ip],
            Dialect::SecurityCenter => &[
                Field::Repository,
                Field::Agent,
                Field::HostId,
                Field::Fqdn,
                Field::Netbios,
                Field::Ip,
            ],
        };
        let cells = || {
            let raw = fields
                .iter()
                .map(|field| self.header.raw(&self.rows, *field as usize));
            raw.flat_map(|cell| cell.iter().chain(b"\x1f")).copied()
        };
        if !self.key.is_empty() && self.key.iter().copied().eq(cells()) {
            return Ok(());
        }
        let key: Vec<u8> = cells().collect();
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
        let mut host = Host {
            fqdn: value::fqdn(&self.cell(Field::Fqdn)),
            hostname: [Field::HostName, Field::Netbios]
                .into_iter()
                .filter_map(|field| value::hostname(&self.cell(field)))
                .find(|name| value::ip(name).is_none()),
            agent: [Field::Agent, Field::Asset, Field::HostId]
                .into_iter()
                .map(|field| self.cell(field).into_owned())
                .find(|id| !id.is_empty()),
            os: Some(self.cell(Field::Os).into_owned()).filter(|os| !os.is_empty()),
            ..Host::default()
        };
        self.addresses(&mut host);
        let target = self.cell(Field::Host);
        let target = without_port(&target);
        if let Some(ip) = value::ip(target).filter(|ip| !host.ips.contains(ip)) {
            host.ips.push(ip);
        }
        let names = [
            Some(target.to_owned()).filter(|name| !name.is_empty()),
            host.fqdn.clone(),
            host.hostname.clone(),
            Some(self.cell(Field::AssetName).into_owned()).filter(|name| !name.is_empty()),
            Some(self.cell(Field::Ip).into_owned()).filter(|name| !name.is_empty()),
            host.ips.first().cloned(),
            host.agent.clone(),
        ];
        host.name = names.into_iter().flatten().next().unwrap_or_default();
        self.looked_at(&mut host)?;
        Ok(host)
    }

    fn addresses(&mut self, host: &mut Host) {
        for field in [Field::Ip, Field::Ipv6] {
            for part in value::list(&self.header.cell(&self.rows, field as usize)) {
                match value::ip(part) {
                    Some(ip) => host.ips.push(ip),
                    None => self.tally.leave_out("not an address"),
                }
            }
        }
        for part in value::list(&self.header.cell(&self.rows, Field::Mac as usize)) {
            match value::mac(part) {
                Some(mac) => host.macs.push(mac),
                None => self.tally.leave_out("not an address"),
            }
        }
    }

    /// Notes when and how well a host was seen, by its first row.
    fn looked_at(&self, host: &mut Host) -> Result<(), ImportError> {
        let authenticated = self.stamp(Field::Authenticated)?;
        let mut last_results = self.stamp(Field::Unauthenticated)?;
        if let Some(authenticated) = authenticated {
            stamp::keep_latest(&mut last_results, authenticated);
        }
        let by_results = last_results.map(|last| {
            if authenticated == Some(last) {
                Quality::Authenticated
            } else {
                Quality::Unauthenticated
            }
        });
        let has_agent = !self.cell(Field::Agent).is_empty();
        host.quality = has_agent.then_some(Quality::Agent).or(by_results);
        host.scanned_at = last_results;
        for field in [Field::HostEnd, Field::Last, Field::Fixed] {
            if let Some(stamp) = self.stamp(field)? {
                stamp::keep_latest(&mut host.scanned_at, stamp);
            }
        }
        Ok(())
    }
}

/// Takes away the port that older exports put behind the host.
fn without_port(target: &str) -> &str {
    match target.split_once(':') {
        Some((host, port))
            if !host.is_empty() && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            host
        }
        _ => target,
    }
}

#[cfg(test)]
mod tests {
    use super::without_port;

    #[test]
    fn a_port_is_no_part_of_a_name() {
        let rows = [
            ("192.0.2.1:443", "192.0.2.1"),
            ("web01.example:8443", "web01.example"),
            ("2001:db8::1", "2001:db8::1"),
            ("::1", "::1"),
            ("web01", "web01"),
            (":443", ":443"),
        ];
        for (target, host) in rows {
            assert_eq!(without_port(target), host);
        }
    }
}
