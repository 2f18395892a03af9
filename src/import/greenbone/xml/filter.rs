//! By what the results of a report were chosen, in the words of the console.

/// Words that choose how results are shown, and not which.
const NEUTRAL: [&str; 14] = [
    "apply_overrides",
    "autofp",
    "delta_states",
    "first",
    "ignore_pagination",
    "notes",
    "notes_details",
    "overrides",
    "overrides_details",
    "result_hosts_only",
    "rows",
    "sort",
    "sort-reverse",
    "timezone",
];
/// The console's own limit: results of less certain detections are hidden in every report that nobody asked otherwise.
const USUAL_QUALITY: u32 = 70;

/// Returns the first word of a filter that leaves out results which the console shows by itself.
///
/// Pages (`first`, `rows`) are told by the counts of the report, and a word that nobody knows may leave out anything.
pub(super) fn narrowing(term: &str) -> Option<&str> {
    term.split_whitespace().find(|word| {
        let Some((name, value)) = word.split_once('=') else {
            return true;
        };
        match name {
            "levels" => !['h', 'm', 'l'].iter().all(|level| value.contains(*level)),
            "min_qod" => value.parse().map_or(true, |least: u32| least > USUAL_QUALITY),
            _ => !NEUTRAL.contains(&name),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::narrowing;

    #[test]
    fn what_leaves_results_out_is_told() {
        for (term, word) in [
            ("", None),
            (
                "apply_overrides=0 levels=hml rows=-1 min_qod=70 first=1 sort-reverse=severity\n notes=1 overrides=1",
                None,
            ),
            ("levels=chmlg min_qod=30 timezone=Europe/Berlin", None),
            ("rows=100 levels=h min_qod=70", Some("levels=h")),
            ("levels=hm", Some("levels=hm")),
            ("levels=", Some("levels=")),
            ("min_qod=71", Some("min_qod=71")),
            ("min_qod=many", Some("min_qod=many")),
            ("levels=hml severity>6.9", Some("severity>6.9")),
            ("levels=hml host=192.0.2.1", Some("host=192.0.2.1")),
            ("~openssl levels=hml", Some("~openssl")),
            ("openssl", Some("openssl")),
        ] {
            assert_eq!(narrowing(term), word, "{term}");
        }
    }
}
