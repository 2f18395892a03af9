//! Makes small worlds out of a number, the same one each time.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use countersign::model::{Quality, Severity};

use super::world::{
    Agreement, Case, Claim, Cover, Finds, Incident, Kev, Listing, Row, Run, Says, Scanner, Sort, Span, Start,
    Target, Unit, Verdict, Vuln,
};

/// The generator SplitMix64: small, and the same on every machine.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True `percent` times in a hundred.
    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        let index = self.below(of.len() as u64) as usize;
        of[index].clone()
    }

    fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }
}

/// The days of a world: where they begin, and how many there are.
#[derive(Clone, Copy)]
struct Season {
    first: NaiveDate,
    count: u64,
}

/// Hours of the day in UTC, many of them near midnight in one of the zones.
const HOURS: [(u32, u32); 12] = [
    (0, 0),
    (3, 59),
    (4, 0),
    (4, 59),
    (5, 0),
    (8, 0),
    (12, 0),
    (21, 59),
    (22, 0),
    (22, 59),
    (23, 0),
    (23, 59),
];

impl Season {
    fn day(self, dice: &mut Dice) -> NaiveDate {
        let days = dice.below(self.count);
        self.first + Days::new(days)
    }

    fn moment(self, dice: &mut Dice) -> DateTime<Utc> {
        let (hour, minute) = dice.pick(&HOURS);
        let second = dice.pick(&[0, 0, 0, 1, 59]);
        let time = NaiveTime::from_hms_opt(hour, minute, second).unwrap();
        self.day(dice).and_time(time).and_utc()
    }
}

/// Makes the world of a number.
pub(super) fn generate(seed: u64) -> Case {
    let dice = &mut Dice::new(seed);
    let first = dice.pick(&[(2026, 3, 1), (2026, 10, 1), (2026, 10, 14), (2026, 6, 1)]);
    let days = Season {
        first: NaiveDate::from_ymd_opt(first.0, first.1, first.2).unwrap(),
        count: dice.pick(&[12, 30, 60]),
    };
    let hosts: Vec<String> = ["app01", "app02", "app03"][..dice.between(1, 3) as usize]
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut case = Case {
        zone: dice.pick(&[
            chrono_tz::Europe::Berlin,
            chrono_tz::America::New_York,
            chrono_tz::UTC,
        ]),
        as_of: last_moment(dice, days),
        due_soon_days: dice.pick(&[0, 3, 7]),
        reopen_window: dice.pick(&[None, Some(3), Some(10)]),
        systems: systems(dice, days, &hosts),
        agreements: agreements(dice),
        vulns: vulns(dice, days),
        scanners: scanners(dice),
        runs: Vec::new(),
        listings: Vec::new(),
        covers: Vec::new(),
        triages: Vec::new(),
        incidents: Vec::new(),
        holidays: Vec::new(),
    };
    runs(dice, days, &hosts, &mut case);
    if dice.chance(30) {
        let vuln = dice.below(case.vulns.len() as u64) as usize;
        let added = match dice.below(3) {
            0 => days.first - Days::new(400),
            _ => days.day(dice),
        };
        let due = dice
            .pick(&[Some(1), Some(14), Some(21), None])
            .map(|days| added + Days::new(days));
        case.listings.push(Listing { vuln, added, due });
    }
    for number in 0..dice.pick(&[0, 1, 1, 2, 2, 3]) {
        let cover = cover(dice, days, &hosts, &case, number);
        case.covers.push(cover);
    }
    exclusion(dice, days, &mut case);
    for number in 0..dice.pick(&[0, 0, 1, 2]) {
        let verdict = verdict(dice, days, &hosts, &case, number);
        case.triages.push(verdict);
    }
    if dice.chance(30) {
        case.holidays = (0..dice.between(1, 5)).map(|_| days.day(dice)).collect();
        case.holidays.sort();
        case.holidays.dedup();
    }
    for number in 0..dice.pick(&[0, 0, 0, 1, 1, 2]) {
        let incident = incident(dice, days, &case, number);
        case.incidents.push(incident);
    }
    case
}

fn incident(dice: &mut Dice, days: Season, case: &Case, number: usize) -> Incident {
    let from = days.moment(dice);
    Incident {
        id: format!("inc-000{}", number + 1),
        vulns: (0..case.vulns.len()).filter(|_| dice.chance(60)).collect(),
        system: dice.pick(&["sys-one", "sys-one", "sys-two"]).into(),
        severity: dice.pick(&[
            Severity::High,
            Severity::High,
            Severity::Critical,
            Severity::Medium,
        ]),
        tier: dice.pick(&["tier1", "tier1", "tier2"]),
        hours: dice.between(4, 200) as u32,
        from,
        to: from + TimeDelta::hours(dice.between(1, 300) as i64),
        status: dice.pick(&["submitted", "submitted", "submitted", "closed", "draft"]),
        approvals: moments(dice, days),
    }
}

/// Mostly after the runs, at times at the very end of a local day or one second later.
fn last_moment(dice: &mut Dice, days: Season) -> DateTime<Utc> {
    let later = Season {
        first: days.first + Days::new(days.count / 2),
        count: days.count,
    };
    later.moment(dice)
}

fn systems(dice: &mut Dice, days: Season, hosts: &[String]) -> Vec<Unit> {
    let mut units = Vec::new();
    let cut = if hosts.len() > 1 && dice.chance(50) {
        1
    } else {
        hosts.len()
    };
    // The last host belongs to no System at times.
    let end = if hosts.len() > cut && dice.chance(30) {
        hosts.len() - 1
    } else {
        hosts.len()
    };
    for (index, part) in [&hosts[..cut], &hosts[cut..end.max(cut)]].into_iter().enumerate() {
        if part.is_empty() {
            continue;
        }
        let is_old = dice.chance(20);
        units.push(Unit {
            id: format!("sys-{}", ["one", "two"][index]),
            tier: dice.pick(&["tier1", "tier1", "tier2"]),
            hosts: part.to_vec(),
            out_of_scope: dice.chance(8).then_some(None),
            end_of_life: is_old.then(|| {
                if dice.chance(50) {
                    days.day(dice)
                } else {
                    days.first - Days::new(200)
                }
            }),
            extended_support: (is_old && dice.chance(30)).then(|| days.day(dice)),
            retired_on: dice.chance(8).then(|| days.day(dice)),
            is_regulated: dice.chance(15),
        });
    }
    units
}

fn agreements(dice: &mut Dice) -> Vec<Agreement> {
    let tiers: &[&'static str] = dice.pick(&[&["tier1", "tier2"][..], &["tier1", "tier2"], &["tier1"], &[]]);
    let mut agreements = Vec::new();
    for tier in tiers {
        let mut cells = [Span::Days(0); 4];
        for (index, cell) in cells.iter_mut().enumerate() {
            let days = dice.between(1, 6) as u32 * (index as u32 + 1);
            *cell = match dice.below(6) {
                0 => Span::Business(days),
                1 => Span::Hours(days * 24 - dice.below(20) as u32),
                _ => Span::Days(days),
            };
        }
        agreements.push(Agreement {
            id: format!("sla-{tier}"),
            tier,
            cells,
            start: dice.pick(&[
                Start::FirstDetected,
                Start::FirstDetected,
                Start::FirstDetected,
                Start::PatchReleased,
                Start::Earliest,
                Start::Latest,
            ]),
            kev: dice.chance(70).then(|| Kev {
                days: dice.pick(&[None, Some(2), Some(5)]),
                min_days: dice.pick(&[None, Some(1), Some(3)]),
                floor_hours: dice.pick(&[None, None, Some(48)]),
            }),
            exploited_days: dice.chance(40).then(|| dice.between(1, 4) as u32),
        });
    }
    agreements
}

fn vulns(dice: &mut Dice, days: Season) -> Vec<Vuln> {
    (1..=dice.between(1, 3))
        .map(|number| {
            let has_cve = number < 3;
            let check = format!("{}", number * 100);
            Vuln {
                id: if has_cve {
                    format!("CVE-2026-000{number}")
                } else {
                    format!("nessus:{check}")
                },
                check,
                has_cve,
                patch: format!("KB{number}"),
                patch_published: dice.chance(30).then(|| days.day(dice)),
            }
        })
        .collect()
}

fn scanners(dice: &mut Dice) -> Vec<Scanner> {
    (0..dice.between(1, 3) as usize)
        .map(|index| Scanner {
            id: format!("src-{}", ["one", "two", "three"][index]),
            quality: dice.pick(&[
                Quality::Agent,
                Quality::Authenticated,
                Quality::Authenticated,
                Quality::Unauthenticated,
            ]),
            absence_means_fixed: dice.chance(80),
            is_retired: dice.chance(12),
            zone: dice.pick(&[
                chrono_tz::UTC,
                chrono_tz::Europe::Berlin,
                chrono_tz::America::New_York,
            ]),
        })
        .collect()
}

fn runs(dice: &mut Dice, days: Season, hosts: &[String], case: &mut Case) {
    for number in 0..dice.between(1, 8) {
        let scanner = dice.below(case.scanners.len() as u64) as usize;
        // A minute apart, so that no two are at one moment.
        let at = days.moment(dice) + TimeDelta::seconds(number as i64 * 7);
        let mut run = Run {
            scanner,
            at,
            is_complete: dice.chance(85),
            targets: Vec::new(),
            rows: Vec::new(),
        };
        for host in hosts {
            if dice.chance(15) {
                continue;
            }
            run.targets.push(Target {
                host: host.clone(),
                quality: dice.chance(15).then(|| {
                    dice.pick(&[
                        Quality::Agent,
                        Quality::Authenticated,
                        Quality::Unauthenticated,
                        Quality::Banner,
                    ])
                }),
            });
            for vuln in 0..case.vulns.len() {
                if dice.chance(60) {
                    let has_patch = case.vulns[vuln].patch_published.is_some();
                    run.rows.push(row(dice, days, host, vuln, at, has_patch));
                }
            }
        }
        case.runs.push(run);
    }
}

fn row(dice: &mut Dice, days: Season, host: &str, vuln: usize, at: DateTime<Utc>, has_patch: bool) -> Row {
    let says = match dice.below(12) {
        0 => Says::Fixed(None),
        1 => Says::Fixed(Some(at - TimeDelta::hours(dice.between(1, 120) as i64))),
        2 => Says::Reopened,
        _ => Says::Open,
    };
    let claimed = days.moment(dice);
    let first = match dice.below(10) {
        0 | 1 if claimed <= at => Some(Claim::At(claimed)),
        2 if claimed <= at => Some(Claim::Wall(claimed.naive_utc())),
        3 if claimed <= at => Some(Claim::Day(claimed.date_naive())),
        _ => None,
    };
    Row {
        host: host.into(),
        vuln,
        says,
        severity: dice.pick(&[
            Severity::High,
            Severity::High,
            Severity::High,
            Severity::Medium,
            Severity::Critical,
        ]),
        first,
        fingerprint: dice.pick(&[None, Some('a'), Some('a'), Some('b')]),
        // An export that names the patch's date names the fix.
        fix_available: if has_patch {
            Some(true)
        } else {
            dice.pick(&[None, Some(true), Some(false), Some(false)])
        },
        is_exploited: dice.chance(6),
    }
}

fn moments(dice: &mut Dice, days: Season) -> Vec<DateTime<Utc>> {
    let mut moments: Vec<_> = (0..dice.pick(&[0, 1, 1, 1, 1, 2, 2]))
        .map(|_| days.moment(dice))
        .collect();
    moments.sort();
    moments
}

fn cover(dice: &mut Dice, days: Season, hosts: &[String], case: &Case, number: usize) -> Cover {
    let starts = days.day(dice) - Days::new(dice.below(10));
    let system = case
        .systems
        .first()
        .map_or("sys-one".into(), |_| dice.pick(&case.systems).id);
    let sort = match dice.below(10) {
        0..=5 => Sort::Exception,
        6 | 7 => Sort::Acceptance,
        _ => Sort::Unsupported,
    };
    let mut vulns: Vec<usize> = (0..case.vulns.len()).filter(|_| dice.chance(70)).collect();
    if vulns.is_empty() {
        vulns.push(0);
    }
    let mut frozen: Vec<String> = hosts.iter().filter(|_| dice.chance(80)).cloned().collect();
    if frozen.is_empty() {
        frozen.push(hosts[0].clone());
    }
    // One renews the one before it, of its own kind.
    let renews = case
        .covers
        .last()
        .filter(|other| (other.sort == Sort::Exception) == (sort == Sort::Exception) && dice.chance(35))
        .map(|other| other.id.clone());
    Cover {
        id: format!(
            "{}-000{}",
            if sort == Sort::Exception { "exc" } else { "rac" },
            number + 1
        ),
        sort,
        vulns,
        by_patch: dice.chance(25),
        hosts: frozen,
        system,
        starts,
        expires: starts + Days::new(dice.between(1, 25)),
        covers_exploited: dice.chance(40),
        renews,
        status: dice.pick(&[
            "submitted",
            "submitted",
            "submitted",
            "submitted",
            "submitted",
            "submitted",
            "draft",
            "closed",
            "revoked",
            "superseded",
        ]),
        approvals: moments(dice, days),
        revoked: dice.chance(6).then(|| days.moment(dice)),
    }
}

/// Gives a System that is out of scope an acceptance, mostly.
fn exclusion(dice: &mut Dice, days: Season, case: &mut Case) {
    for index in 0..case.systems.len() {
        if case.systems[index].out_of_scope.is_none() || dice.chance(30) {
            continue;
        }
        let id = format!("rac-scope-{index}");
        case.systems[index].out_of_scope = Some(Some(id.clone()));
        let starts = days.first - Days::new(5);
        case.covers.push(Cover {
            id,
            sort: Sort::ScopeExclusion,
            vulns: Vec::new(),
            by_patch: false,
            hosts: Vec::new(),
            system: case.systems[index].id.clone(),
            starts,
            expires: starts + Days::new(dice.between(1, 90)),
            covers_exploited: false,
            renews: None,
            status: dice.pick(&["submitted", "submitted", "draft", "closed"]),
            approvals: moments(dice, days),
            revoked: None,
        });
    }
}

fn verdict(dice: &mut Dice, days: Season, hosts: &[String], case: &Case, number: usize) -> Verdict {
    let finds = match dice.below(8) {
        0 | 1 => Finds::FalsePositive,
        2 => Finds::NotAffected,
        3..=5 => Finds::Rated(dice.pick(&Severity::ALL)),
        6 => Finds::Exploited(days.day(dice).min(case.as_of.date_naive() - Days::new(1))),
        _ => Finds::UnderInvestigation,
    };
    let is_frozen = case.systems.is_empty() || dice.chance(60);
    Verdict {
        id: format!("tri-000{}", number + 1),
        vuln: dice.below(case.vulns.len() as u64) as usize,
        hosts: if is_frozen {
            vec![dice.pick(hosts)]
        } else {
            Vec::new()
        },
        system: if is_frozen {
            String::new()
        } else {
            dice.pick(&case.systems).id
        },
        finds,
        fingerprint: dice.pick(&[None, None, Some('a')]),
        expires: days.day(dice) + Days::new(5),
        approvals: moments(dice, days),
    }
}
