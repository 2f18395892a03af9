//! The register as people read it.

use countersign::model::{Disposition, Finding};
use countersign::output::Style;
use countersign::output::register::Format;

use super::output_register::{finding, register, repository, shop, written};

#[test]
fn people_see_the_worst_first_with_figures_and_exclusions() {
    let repository = repository();
    let register = register(&repository, shop());
    let expected = "\
Register as of 2026-09-30T23:59:59+02:00, period 2025-10-01 to 2026-09-30

Imports
SOURCE      FORMAT     RUN               HOSTS  OBSERVATIONS  INFORMATIONAL  SKIPPED  STATE                      FILE
src-nessus  nessus-v2  2026-09-30 06:00  3      340           1210           2        complete                   imports/src-nessus/2026-09-30.nessus
unknown     nessus-v2  not said          3      340           1210           0        ignored: newer than as-of  later.csv

Findings
HOST       VULNERABILITY  SEVERITY       FIRST SEEN  DUE               BECAUSE OF                DISPOSITION    COVERAGE  SYSTEM
web01      CVE-2026-1111  critical, KEV  2026-09-01  2026-09-15        accelerator exploited     overdue 15 d             sys-web-shop
日本-host  nessus:10      low            2026-09-01  2026-10-02 08:00  strictest SLA, no system  due soon                 none
app01      CVE-2026-2222  high           2026-09-01  2026-10-31        SLA high/tier1            deferred       exc-0014  sys-web-shop
app01      CVE-2026-3333  medium         2026-09-01  2026-09-15        accelerator exploited     fixed in time            sys-web-shop

Totals
4 findings: overdue 1, due soon 1, deferred 1, fixed in time 1
by severity: critical 1, high 1, medium 1, low 1

Figures
FIGURE             VALUE   COUNTED           WHAT
sla_rate_strict    93.3 %  28 of 30          in time, of all
sla_rate_net       90.0 %  9 of 10, small n  in time, of those undecided
sla_rate_governed  96.6 %  29 of 30          in time or decided, of all
host_compliance    n/a     0 of 0            good hosts, of all

Left out, or not to be seen
out of scope    0 findings, 0 hosts not counted (out of scope or retired)
not applicable  0 findings removed by triage
unsupported     0 findings without a decision, left out of the rates; 0 findings accepted; 0 systems past the end of support
unknown         1 host of no single system, in no host rate, with 1 finding, in the finding rates; 0 of ambiguous identity
not scanned     2 of 2 hosts without any qualifying scan
stale           1 finding not seen by the newest run and not closed by it
freezes         0 due dates moved by freezes that pause the clock
exports         1 newer than as-of and ignored, 0 incomplete; 2 rows skipped: no plugin id
earlier terms   agreements and systems count as they were then, by their history
";
    assert_eq!(written(&register, Format::Human, Style::plain()), expected);
}

#[test]
fn a_narrow_terminal_gets_fewer_columns_and_is_told_so() {
    let repository = repository();
    let register = register(&repository, shop());
    let text = written(
        &register,
        Format::Human,
        Style {
            color: false,
            width: 80,
        },
    );
    let table: Vec<&str> = text
        .lines()
        .skip_while(|line| *line != "Findings")
        .skip(1)
        .take(6)
        .collect();
    let expected = "\
HOST       VULNERABILITY  SEVERITY       DUE               DISPOSITION    COVERAGE
web01      CVE-2026-1111  critical, KEV  2026-09-15        overdue 15 d
日本-host  nessus:10      low            2026-10-02 08:00  due soon
app01      CVE-2026-2222  high           2026-10-31        deferred       exc-0014
app01      CVE-2026-3333  medium         2026-09-15        fixed in time
no room for FIRST SEEN, BECAUSE OF, SYSTEM";
    assert_eq!(table.join("\n"), expected);
    let wide = written(
        &register,
        Format::Human,
        Style {
            color: false,
            width: 100,
        },
    );
    let line = wide.lines().find(|line| line.starts_with("web01")).unwrap();
    assert_eq!(
        line,
        "web01      CVE-2026-1111  critical, KEV  2026-09-15        overdue 15 d             sys-web-shop"
    );
}

#[test]
fn colour_marks_what_the_word_says_already() {
    let repository = repository();
    let register = register(&repository, shop());
    let text = written(
        &register,
        Format::Human,
        Style {
            color: true,
            width: usize::MAX,
        },
    );
    assert!(text.contains("\u{1b}[1;31moverdue 15 d\u{1b}[0m"), "{text}");
    assert!(text.contains("\u{1b}[33mdue soon\u{1b}[0m"), "{text}");
}

#[test]
fn long_lists_are_cut_for_people_only_and_never_lose_the_worst() {
    let repository = repository();
    let mut findings: Vec<Finding> = (0..150)
        .map(|number| finding(&format!("a{number:03}"), "CVE-2026-1", Disposition::Open))
        .collect();
    findings.push(finding("zzz", "CVE-2026-9", Disposition::Overdue));
    let register = register(&repository, findings);
    let text = written(&register, Format::Human, Style::plain());
    assert!(
        text.contains("… and 51 more; `--format json`, `jsonl` and `csv` have all"),
        "{text}"
    );
    assert!(
        text.contains("HOST") && text.contains("\nzzz   CVE-2026-9"),
        "{text}"
    );
    assert_eq!(
        written(&register, Format::Jsonl, Style::plain()).lines().count(),
        151
    );
    assert_eq!(
        written(&register, Format::Csv, Style::plain()).lines().count(),
        152
    );
}

#[test]
fn nothing_read_is_said_to_be_nothing_known() {
    let repository = repository();
    let mut register = register(&repository, vec![]);
    register.imports.clear();
    let text = written(&register, Format::Human, Style::plain());
    assert!(
        text.contains("no export was read, so that nothing is known of any host"),
        "{text}"
    );
    assert!(
        text.contains("Findings\nnone\n") && text.contains("0 findings\n"),
        "{text}"
    );
}
