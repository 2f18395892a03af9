//! A name that goes from one machine to another.
//!
//! The same name with another serial is a new machine: the old one keeps what was found on it, and is not
//! found by its name from then on. Two machines that answer under one name in turn, or in one run, have
//! it both, so that a look that reads no numbers is ambiguous.

use chrono::{DateTime, Utc};

use super::keys::{Bearer, FQDN, HOST_NAME, IP, Keys, keys_of};
use super::machine::{Likeness, Machine};
use super::{Identities, Replaced, note};

impl Identities {
    /// Tells whether a look may find a host by a name or an address: by its own numbers always, by the name alone
    /// only while it has it.
    pub(super) fn may_be_named(&self, index: usize, machine: &Machine, at: DateTime<Utc>) -> bool {
        let known = &self.hosts[index];
        let has_it = at >= known.since && known.replaced.is_none_or(|replaced| at < replaced.at);
        has_it || known.machine.compare(machine) == Likeness::Same
    }

    /// Gives a machine the names under which it answers with its own numbers, and takes them from those before it.
    pub(super) fn succeed(&mut self, index: usize, keys: &Keys, look: (DateTime<Utc>, usize)) {
        self.come_back(index, look.0);
        for rival in self.rivals(index, keys) {
            let other = &self.hosts[rival];
            if other.replaced.is_some() || other.is_contested || self.hosts[index].is_contested {
                continue;
            }
            if other.last_read.is_some_and(|(_, run)| run == look.1) {
                self.contest(index, rival);
            } else {
                self.replace(rival, index, look.0);
            }
        }
        self.hosts[index].last_read = Some(look);
    }

    /// One that was replaced and is seen again is there beside the other; one that was never seen is the newer one.
    fn come_back(&mut self, index: usize, at: DateTime<Utc>) {
        let Some(replaced) = self.hosts[index].replaced.take() else {
            return;
        };
        if self.hosts[index].last_read.is_some() {
            self.contest(index, replaced.by);
        } else {
            self.hosts[index].since = at;
        }
    }

    fn contest(&mut self, one: usize, other: usize) {
        self.hosts[one].is_contested = true;
        self.hosts[other].is_contested = true;
    }

    /// Finds the machines with other numbers under one of the names.
    fn rivals(&self, index: usize, keys: &Keys) -> Vec<usize> {
        let machine = &self.hosts[index].machine;
        let of_class = |class: usize| {
            let hosts = keys[class]
                .iter()
                .filter_map(move |key| self.keys[class].get(key));
            hosts.flatten().copied()
        };
        let has_fqdn = |rival: usize| {
            let known = &self.hosts[rival];
            known.host.fqdn.is_some() || known.host.name.contains('.')
        };
        // One short name in two domains is two names.
        let by_short_name = of_class(HOST_NAME).filter(|&rival| keys[FQDN].is_empty() || !has_fqdn(rival));
        let mut rivals: Vec<usize> = of_class(FQDN)
            .chain(by_short_name)
            .filter(|&rival| rival != index)
            .filter(|&rival| self.hosts[rival].machine.compare(machine) == Likeness::Other)
            .collect();
        rivals.sort_unstable();
        rivals.dedup();
        rivals
    }

    fn replace(&mut self, old: usize, new: usize, at: DateTime<Utc>) {
        self.hosts[old].replaced = Some(Replaced { at, by: new });
        let bearer = if self.hosts[old].is_known {
            Bearer::Known
        } else {
            Bearer::Stranger
        };
        let mut handed_on = keys_of(&self.hosts[old].host, bearer);
        for class in [FQDN, HOST_NAME, IP] {
            for key in std::mem::take(&mut handed_on[class]) {
                note(self.keys[class].entry(key).or_default(), new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::super::Identities;
    use crate::model::{Host, Zone};

    const ZONE: Zone = Zone(chrono_tz::UTC);

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
    }

    fn machine(name: &str, serial: Option<&str>) -> Host {
        Host {
            name: name.into(),
            serial: serial.map(Into::into),
            ..Host::default()
        }
    }

    fn inventory(name: &str, serial: Option<&str>) -> Host {
        let mut host = machine(name, serial);
        host.fqdn = Some("web01.example.org".into());
        host.fields.insert("name".into(), name.into());
        host
    }

    /// Looks at `web01.example.org`, each by its day and the serial that it read; the ids of what they came to.
    fn told(rows: &[Host], looks: &[(i64, Option<&str>)]) -> (Vec<String>, Identities) {
        let mut identities = Identities::default();
        for row in rows {
            identities.add_known(row, ZONE);
        }
        let told = looks.iter().enumerate().map(|(run, (at, serial))| {
            let resolved = identities.resolve(&machine("web01.example.org", *serial), day(*at), run);
            let id = identities.hosts[resolved.index].id.to_string();
            if resolved.others.is_empty() {
                id
            } else {
                format!("{id} or another")
            }
        });
        let told = told.collect();
        (told, identities)
    }

    #[test]
    fn a_name_goes_to_the_machine_that_answers_under_it() {
        let (old, new) = ("web01", "web01.example.org#S2");
        type Row<'a> = (&'a str, Vec<Host>, Vec<(i64, Option<&'a str>)>, Vec<&'a str>);
        let rows: Vec<Row<'_>> = vec![
            (
                "another serial than the inventory's",
                vec![inventory("web01", Some("S1"))],
                vec![(1, Some("S1")), (3, Some("s2")), (5, Some("S2"))],
                vec![old, "web01.example.org#s2", "web01.example.org#s2"],
            ),
            (
                "the inventory knows no serial: who came first has the name",
                vec![inventory("web01", None)],
                vec![(1, Some("S1")), (3, Some("S2")), (4, None)],
                vec![old, new, new],
            ),
            (
                "what reads no number belongs to whoever has the name then",
                vec![inventory("web01", Some("S1"))],
                vec![(1, None), (3, Some("S2")), (5, None)],
                vec![old, new, new],
            ),
            (
                "two that answer in turn",
                vec![inventory("web01", Some("S1"))],
                vec![(1, Some("S1")), (3, Some("S2")), (5, Some("S1")), (7, None)],
                vec![old, new, old, "web01 or another"],
            ),
            (
                "the inventory is ahead of the scanners",
                vec![inventory("web01", Some("S2"))],
                vec![(1, Some("S1")), (3, Some("S2")), (5, None)],
                vec!["web01.example.org#S1", old, old],
            ),
            (
                "the inventory has both",
                vec![inventory("web01", Some("S1")), inventory("web01b", Some("S2"))],
                vec![(1, Some("S1")), (3, Some("S2")), (5, None)],
                vec![old, "web01b", "web01b"],
            ),
            (
                "two rows of one name and two numbers are two machines",
                vec![inventory("web01", Some("S2")), inventory("web01", Some("S1"))],
                vec![(1, Some("S1")), (3, Some("S2"))],
                vec!["web01#S1", old],
            ),
        ];
        for (case, rows, looks, expected) in rows {
            assert_eq!(told(&rows, &looks).0, expected, "{case}");
        }
    }

    #[test]
    fn machines_that_answer_in_one_run_do_not_replace_each_other() {
        let mut identities = Identities::default();
        identities.add_known(&inventory("web01", Some("S1")), ZONE);
        for (serial, run) in [("S1", 0), ("S2", 0), ("S2", 1)] {
            identities.resolve(&machine("web01.example.org", Some(serial)), day(1), run);
        }
        assert!(identities.hosts.iter().all(|known| known.replaced.is_none()));
    }

    #[test]
    fn what_a_tool_says_goes_to_whoever_had_the_name_then() {
        let (_, identities) = told(
            &[inventory("web01", Some("S1"))],
            &[(1, Some("S1")), (3, Some("S2"))],
        );
        let found = |at| identities.find(&machine("web01.example.org", None), day(at));
        assert_eq!((found(2), found(4)), (Some(0), Some(1)));
    }
}
