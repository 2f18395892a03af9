//! XCCDF results, alone or in a report: root `Benchmark`, `TestResult` or `asset-report-collection`.
//!
//! Only `fail` is a finding, and `fixed` is the tool's word that one was remedied; both are poured. A `fail` that
//! somebody has overridden is a finding that is hidden. In a report, results of OVAL beside those of XCCDF are how
//! a rule was decided, and are passed over.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use super::super::stamp::{self, Written};
use super::super::tally::Tally;
use super::super::value::{self, Remediation};
use super::super::xml::{Tag, Xml};
use super::super::{HostIndex, ImportError, Options, Sink};
use super::host::{Keys, asset};
use super::{FAMILY, attribute, local, text, unknown};
use crate::model::{Observation, ObservationState, Quality, ScanSummary, Severity, Stamp};

/// More rules, assets or reports than any content has.
const MAX_ENTRIES: usize = 1 << 20;

pub(super) fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        xml: Xml::new(input),
        tally: Tally::new(options, sink),
        item: Observation::blank(FAMILY),
        rules: HashMap::new(),
        assets: BTreeMap::new(),
        about: BTreeMap::new(),
        report: String::new(),
        results: 0,
        not_evidenced: BTreeMap::new(),
    };
    reader.document()?;
    Ok(reader.tally.summary)
}

/// What the benchmark says of a rule.
struct Rule {
    title: String,
    idents: Vec<String>,
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    tally: Tally<'s>,
    item: Observation,
    rules: HashMap<String, Rule>,
    /// By the id in the report.
    assets: BTreeMap<String, Keys>,
    /// The asset that a report is about.
    about: BTreeMap<String, String>,
    /// The id of the present report.
    report: String,
    /// Test results that were read.
    results: u64,
    /// Rules that could not be decided, by the word for why.
    not_evidenced: BTreeMap<&'static str, u64>,
}

/// One `TestResult`, before and while its rules are read.
#[derive(Default)]
struct Test {
    keys: Keys,
    at: Option<Stamp>,
    quality: Option<Quality>,
    is_openscap: bool,
    host: Option<Option<HostIndex>>,
}

/// One `rule-result`.
#[derive(Default)]
struct RuleResult {
    id: String,
    severity: Option<String>,
    at: Option<Stamp>,
    word: Option<String>,
    idents: Vec<String>,
    instance: String,
    /// Who made it another than `fail`, and why.
    overridden: Option<String>,
}

impl Reader<'_, '_> {
    /// Goes through all that leads to rules, assets and results, and passes over the rest.
    fn document(&mut self) -> Result<(), ImportError> {
        loop {
            match self.xml.next()? {
                Tag::Open => self.element()?,
                Tag::Close => {}
                Tag::End => break,
            }
        }
        if self.results == 0 {
            let message = "SCAP content without a `TestResult`; export the results of a scan";
            return Err(ImportError::Foreign(message.into()));
        }
        self.say_what_is_not_evidenced();
        Ok(())
    }

    fn element(&mut self) -> Result<(), ImportError> {
        match local(self.xml.name()) {
            b"asset-report-collection"
            | b"relationships"
            | b"report-requests"
            | b"report-request"
            | b"content"
            | b"data-stream-collection"
            | b"component"
            | b"assets"
            | b"reports"
            | b"Benchmark"
            | b"Group" => Ok(()),
            b"report" => {
                self.report = attribute(&self.xml, "id")?;
                Ok(())
            }
            b"relationship" => self.relationship(),
            b"asset" => self.asset(),
            b"Rule" => self.rule(),
            b"TestResult" => self.test_result(),
            _ => self.xml.skip(),
        }
    }

    fn relationship(&mut self) -> Result<(), ImportError> {
        let subject = attribute(&self.xml, "subject")?;
        let is_about = attribute(&self.xml, "type")?.ends_with("isAbout");
        while self.xml.next()? == Tag::Open {
            if is_about && local(self.xml.name()) == b"ref" {
                let asset = text(&mut self.xml)?;
                self.bound(self.about.len())?;
                self.about.entry(subject.clone()).or_insert(asset);
            } else {
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    fn asset(&mut self) -> Result<(), ImportError> {
        if self.results > 0 {
            return Err(self
                .xml
                .malformed("an `asset` comes after the first `TestResult`"));
        }
        let id = attribute(&self.xml, "id")?;
        let keys = asset(&mut self.xml)?;
        self.bound(self.assets.len())?;
        self.assets.insert(id, keys);
        Ok(())
    }

    /// Keeps a rule's title and the ids that name vulnerabilities; its long texts are passed over.
    fn rule(&mut self) -> Result<(), ImportError> {
        let id = attribute(&self.xml, "id")?;
        let mut rule = Rule {
            title: String::new(),
            idents: Vec::new(),
        };
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"title" if rule.title.is_empty() => rule.title = text(&mut self.xml)?,
                b"ident" => self.ident(&mut rule.idents)?,
                _ => self.xml.skip()?,
            }
        }
        self.bound(self.rules.len())?;
        self.rules.insert(id, rule);
        Ok(())
    }

    fn ident(&mut self, idents: &mut Vec<String>) -> Result<(), ImportError> {
        let ident = text(&mut self.xml)?;
        if idents.len() >= value::MAX_CVES {
            let message = format!("a rule has more than {} idents", value::MAX_CVES);
            return Err(ImportError::OverLimit {
                place: self.xml.place(),
                message,
            });
        }
        idents.push(ident);
        Ok(())
    }

    fn bound(&self, known: usize) -> Result<(), ImportError> {
        if known < MAX_ENTRIES {
            return Ok(());
        }
        Err(ImportError::OverLimit {
            place: self.xml.place(),
            message: format!("more than {MAX_ENTRIES} rules, assets or reports"),
        })
    }

    fn test_result(&mut self) -> Result<(), ImportError> {
        self.results += 1;
        let mut test = Test {
            at: self.time("end-time")?.or(self.time("start-time")?),
            is_openscap: attribute(&self.xml, "test-system")?.contains("openscap"),
            ..Test::default()
        };
        if let Some(asset) = self.about.get(&self.report).and_then(|id| self.assets.get(id)) {
            test.keys.join(asset);
        }
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"rule-result" => {
                    let host = self.host_of(&mut test)?;
                    self.rule_result(host)?;
                }
                b"target" | b"target-address" | b"target-facts" | b"target-id-ref" | b"identity"
                    if test.host.is_some() =>
                {
                    let message = "what names the target comes after the first `rule-result`";
                    return Err(self.xml.malformed(message));
                }
                _ => self.of_target(&mut test)?,
            }
        }
        self.host_of(&mut test).map(drop)
    }

    /// Takes one element that says whose result it is; others are passed over.
    fn of_target(&mut self, test: &mut Test) -> Result<(), ImportError> {
        match local(self.xml.name()) {
            b"target" => {
                let name = text(&mut self.xml)?;
                test.keys.add_name(&name);
            }
            b"target-address" => {
                if !test.keys.add_ip(&text(&mut self.xml)?) {
                    self.tally.leave_out("not an IP address");
                }
            }
            b"target-facts" => self.facts(test)?,
            b"target-id-ref" => {
                if let Some(asset) = self.assets.get(&attribute(&self.xml, "name")?) {
                    test.keys.join(asset);
                }
                self.xml.skip()?;
            }
            b"identity" => {
                // OpenSCAP writes `false` whoever runs it, so from it the word says nothing.
                test.quality = match attribute(&self.xml, "authenticated")?.as_str() {
                    "true" | "1" => Some(Quality::Authenticated),
                    "false" | "0" if !test.is_openscap => Some(Quality::Unauthenticated),
                    "false" | "0" | "" => None,
                    other => {
                        let known = "`true` and `false` are known";
                        return Err(unknown(&self.xml, "authenticated", other, known));
                    }
                };
                self.xml.skip()?;
            }
            _ => self.xml.skip()?,
        }
        Ok(())
    }

    fn facts(&mut self, test: &mut Test) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let name = attribute(&self.xml, "name")?;
            let fact = text(&mut self.xml)?;
            if !test.keys.add_fact(&name, &fact) {
                self.tally.leave_out("neither an IP nor a MAC address");
            }
        }
        Ok(())
    }

    fn host_of(&mut self, test: &mut Test) -> Result<Option<HostIndex>, ImportError> {
        if let Some(host) = test.host {
            return Ok(host);
        }
        let mut host = test.keys.host();
        host.scanned_at = test.at;
        host.quality = test.quality;
        if let Some(at) = test.at {
            stamp::keep_latest(&mut self.tally.summary.run_at, at);
        }
        let poured = self.tally.host(&host).map_err(|flaw| self.xml.malformed(flaw))?;
        test.host = Some(poured);
        Ok(poured)
    }

    fn rule_result(&mut self, host: Option<HostIndex>) -> Result<(), ImportError> {
        let mut result = RuleResult {
            id: attribute(&self.xml, "idref")?,
            severity: Some(attribute(&self.xml, "severity")?).filter(|word| !word.is_empty()),
            at: self.time("time")?,
            ..RuleResult::default()
        };
        if let Some(flaw) = value::flaw_of_id(&result.id) {
            return Err(self.xml.malformed(format!("`idref`: {flaw}")));
        }
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"result" if result.word.is_some() => {
                    return Err(self.xml.malformed("a `rule-result` with two results"));
                }
                b"result" => result.word = Some(text(&mut self.xml)?),
                b"ident" => self.ident(&mut result.idents)?,
                b"instance" => result.instance = text(&mut self.xml)?,
                b"override" => self.overriding(&mut result)?,
                _ => self.xml.skip()?,
            }
        }
        self.judge(host, &result)
    }

    /// Reads who changed the result; it is a finding that is hidden where it was `fail`.
    fn overriding(&mut self, result: &mut RuleResult) -> Result<(), ImportError> {
        let authority = attribute(&self.xml, "authority")?;
        let (mut was, mut remark) = (String::new(), String::new());
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"old-result" => was = text(&mut self.xml)?,
                b"remark" => remark = text(&mut self.xml)?,
                _ => self.xml.skip()?,
            }
        }
        if was == "fail" {
            result.overridden = Some(format!("overridden by {authority}: {remark}"));
        }
        Ok(())
    }

    /// Counts a result by its word; the nine are those of NISTIR 7275, 6.6.4.2.
    fn judge(&mut self, host: Option<HostIndex>, result: &RuleResult) -> Result<(), ImportError> {
        let undecided = match result.word.as_deref() {
            Some("fail") => return self.finding(host, result, ObservationState::Seen),
            Some(_) if result.overridden.is_some() => {
                return self.finding(host, result, ObservationState::Seen);
            }
            Some("fixed") => return self.finding(host, result, ObservationState::Fixed),
            Some("pass" | "informational") => {
                self.tally.informational();
                return Ok(());
            }
            Some("notapplicable") => {
                self.tally
                    .skip("`notapplicable`: the rule is not about this host", 1);
                return Ok(());
            }
            Some("notselected") => {
                self.tally
                    .skip("`notselected`: the profile leaves the rule out", 1);
                return Ok(());
            }
            Some("error") => "error",
            Some("unknown") => "unknown",
            Some("notchecked") => "notchecked",
            Some(other) => {
                let known = "`pass`, `fail`, `error`, `unknown`, `notapplicable`, `notchecked`, `notselected`, \
                             `informational` and `fixed` are known";
                return Err(unknown(&self.xml, "result", other, known));
            }
            None => {
                let message = format!("the `rule-result` of `{}` has no `result`", result.id);
                return Err(self.xml.malformed(message));
            }
        };
        *self.not_evidenced.entry(undecided).or_default() += 1;
        self.tally.skip(&format!("`{undecided}`: not evidenced"), 1);
        Ok(())
    }

    fn finding(
        &mut self,
        host: Option<HostIndex>,
        result: &RuleResult,
        state: ObservationState,
    ) -> Result<(), ImportError> {
        let given = result.severity.as_deref().unwrap_or("unknown");
        let severity = match given {
            "info" => {
                self.tally.informational();
                return Ok(());
            }
            given => severity(given).ok_or_else(|| {
                let known = "`unknown`, `info`, `low`, `medium` and `high` are known";
                unknown(&self.xml, "severity", given, known)
            })?,
        };
        let rule = self.rules.get(&result.id);
        let item = &mut self.item;
        item.clear();
        item.id.push_str(&result.id);
        item.severity = severity;
        item.severity_given.push_str(given);
        item.instance.push_str(&result.instance);
        item.state = state;
        item.last_fixed = result.at.filter(|_| state == ObservationState::Fixed);
        item.suppressed.clone_from(&result.overridden);
        let title = rule.map_or("", |rule| &rule.title);
        item.title
            .push_str(if title.is_empty() { &result.id } else { title });
        let of_rule = rule.into_iter().flat_map(|rule| &rule.idents);
        let mut remediation = named_advisory(title);
        for ident in result.idents.iter().chain(of_rule) {
            take_ident(item, &mut remediation, ident);
        }
        value::settle_cves(&mut item.cves);
        item.fix_available = remediation.is_some().then_some(true);
        item.remediation = remediation.map(|(_, key)| key);
        self.tally.observation(host, &self.item);
        Ok(())
    }

    fn time(&self, name: &str) -> Result<Option<Stamp>, ImportError> {
        let given = attribute(&self.xml, name)?;
        match stamp::read(&given) {
            _ if given.is_empty() => Ok(None),
            Some(Written::Sure(stamp)) => Ok(Some(stamp)),
            Some(Written::Either { .. }) | None => Err(unknown(&self.xml, name, &given, "it is no time")),
        }
    }

    fn say_what_is_not_evidenced(&mut self) {
        let words = self.not_evidenced.iter();
        let words: Vec<String> = words.map(|(word, rules)| format!("{rules} `{word}`")).collect();
        if !words.is_empty() {
            self.tally
                .incomplete(format!("rules could not be decided: {}", words.join(", ")));
        }
    }
}

/// Reads the severity of a rule; `None` inside where the author gives none. Source: NISTIR 7275, `severityEnumType`.
fn severity(given: &str) -> Option<Option<Severity>> {
    match given {
        "unknown" => Some(None),
        "low" => Some(Some(Severity::Low)),
        "medium" => Some(Some(Severity::Medium)),
        "high" => Some(Some(Severity::High)),
        _ => None,
    }
}

/// Finds the advisory with which generated rules begin their title, such as `RHSA-2026:0117: openssl update`.
fn named_advisory(title: &str) -> Option<Remediation> {
    let first = title.split([' ', '(']).next()?;
    value::advisory(first.trim_end_matches(':'))
}

/// Sorts an ident: a CVE, an advisory, the number of a configuration; what many rules share is no id of this one.
fn take_ident(item: &mut Observation, remediation: &mut Option<Remediation>, ident: &str) {
    if let Some(cve) = value::cve(ident) {
        item.cves.push(cve);
    } else if let Some(advisory) = value::advisory(ident) {
        value::prefer(remediation, Some(advisory));
    } else if ident.starts_with("CCE-")
        && value::flaw_of_id(ident).is_none()
        && !item.aliases.iter().any(|one| one == ident)
    {
        item.aliases.push(ident.to_owned());
    }
}
