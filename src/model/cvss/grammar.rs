//! The metrics of each version of CVSS, in the order of its specification.

/// The metrics of one version.
pub(super) struct Grammar {
    /// 20, 30, 31 or 40.
    pub(super) version: u8,
    prefix: &'static str,
    /// So many of the metrics are base metrics, which every vector has.
    base: usize,
    /// Whether the specification fixes the order in which they are written.
    is_ordered: bool,
    /// Each metric with its values; one that is not defined is not written, or has the last value.
    metrics: &'static [(&'static str, &'static [&'static str])],
}

const IMPACT: &[&str] = &["H", "L", "N"];
const MODIFIED_IMPACT: &[&str] = &["H", "L", "N", "X"];
const MODIFIED_SAFETY: &[&str] = &["S", "H", "L", "N", "X"];
const REQUIREMENT: &[&str] = &["H", "M", "L", "X"];
const REQUIREMENT_V2: &[&str] = &["L", "M", "H", "ND"];
const IMPACT_V2: &[&str] = &["N", "P", "C"];

const V2: Grammar = Grammar {
    version: 20,
    prefix: "",
    base: 6,
    is_ordered: true,
    metrics: &[
        ("AV", &["L", "A", "N"]),
        ("AC", &["H", "M", "L"]),
        ("Au", &["M", "S", "N"]),
        ("C", IMPACT_V2),
        ("I", IMPACT_V2),
        ("A", IMPACT_V2),
        ("E", &["U", "POC", "F", "H", "ND"]),
        ("RL", &["OF", "TF", "W", "U", "ND"]),
        ("RC", &["UC", "UR", "C", "ND"]),
        ("CDP", &["N", "L", "LM", "MH", "H", "ND"]),
        ("TD", &["N", "L", "M", "H", "ND"]),
        ("CR", REQUIREMENT_V2),
        ("IR", REQUIREMENT_V2),
        ("AR", REQUIREMENT_V2),
    ],
};

const V30: Grammar = Grammar {
    version: 30,
    prefix: "CVSS:3.0/",
    base: 8,
    is_ordered: false,
    metrics: &[
        ("AV", &["N", "A", "L", "P"]),
        ("AC", &["L", "H"]),
        ("PR", &["N", "L", "H"]),
        ("UI", &["N", "R"]),
        ("S", &["U", "C"]),
        ("C", IMPACT),
        ("I", IMPACT),
        ("A", IMPACT),
        ("E", &["H", "F", "P", "U", "X"]),
        ("RL", &["U", "W", "T", "O", "X"]),
        ("RC", &["C", "R", "U", "X"]),
        ("CR", REQUIREMENT),
        ("IR", REQUIREMENT),
        ("AR", REQUIREMENT),
        ("MAV", &["N", "A", "L", "P", "X"]),
        ("MAC", &["L", "H", "X"]),
        ("MPR", &["N", "L", "H", "X"]),
        ("MUI", &["N", "R", "X"]),
        ("MS", &["U", "C", "X"]),
        ("MC", MODIFIED_IMPACT),
        ("MI", MODIFIED_IMPACT),
        ("MA", MODIFIED_IMPACT),
    ],
};

const V31: Grammar = Grammar {
    version: 31,
    prefix: "CVSS:3.1/",
    ..V30
};

const V40: Grammar = Grammar {
    version: 40,
    prefix: "CVSS:4.0/",
    base: 11,
    is_ordered: true,
    metrics: &[
        ("AV", &["N", "A", "L", "P"]),
        ("AC", &["L", "H"]),
        ("AT", &["N", "P"]),
        ("PR", &["N", "L", "H"]),
        ("UI", &["N", "P", "A"]),
        ("VC", IMPACT),
        ("VI", IMPACT),
        ("VA", IMPACT),
        ("SC", IMPACT),
        ("SI", IMPACT),
        ("SA", IMPACT),
        ("E", &["A", "P", "U", "X"]),
        ("CR", REQUIREMENT),
        ("IR", REQUIREMENT),
        ("AR", REQUIREMENT),
        ("MAV", &["N", "A", "L", "P", "X"]),
        ("MAC", &["L", "H", "X"]),
        ("MAT", &["N", "P", "X"]),
        ("MPR", &["N", "L", "H", "X"]),
        ("MUI", &["N", "P", "A", "X"]),
        ("MVC", MODIFIED_IMPACT),
        ("MVI", MODIFIED_IMPACT),
        ("MVA", MODIFIED_IMPACT),
        ("MSC", MODIFIED_IMPACT),
        ("MSI", MODIFIED_SAFETY),
        ("MSA", MODIFIED_SAFETY),
        ("S", &["N", "P", "X"]),
        ("AU", &["N", "Y", "X"]),
        ("R", &["A", "U", "I", "X"]),
        ("V", &["D", "C", "X"]),
        ("RE", &["L", "M", "H", "X"]),
        ("U", &["Clear", "Green", "Amber", "Red", "X"]),
    ],
};

/// The metrics of a vector as they are written: the place in the grammar, and the value.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Metrics(Vec<(usize, &'static str)>);

/// Reads a vector by its prefix, else by a metric that only its version has; `None` when it breaks its grammar.
pub(super) fn read(text: &str) -> Option<(&'static Grammar, Metrics)> {
    let by_prefix = [&V30, &V31, &V40]
        .into_iter()
        .find_map(|grammar| Some((grammar, text.strip_prefix(grammar.prefix)?)));
    let (grammar, body) = match by_prefix {
        Some(found) => found,
        None if text.starts_with("CVSS2#") => (&V2, text.strip_prefix("CVSS2#")?),
        None if text.contains("/AT:") => (&V40, text),
        None if text.contains("/Au:") => (&V2, text),
        None if text.contains("/PR:") => (&V30, text),
        None => return None,
    };
    Some((grammar, Metrics::read(grammar, body)?))
}

impl Metrics {
    fn read(grammar: &Grammar, body: &str) -> Option<Self> {
        let mut found: Vec<(usize, &'static str)> = Vec::new();
        for part in body.split('/') {
            let (name, value) = part.split_once(':')?;
            let place = grammar.place(name)?;
            let is_known = found.iter().any(|(known, _)| *known == place);
            let is_late = found.last().is_some_and(|(last, _)| *last > place);
            if is_known || (grammar.is_ordered && is_late) {
                return None;
            }
            found.push((place, grammar.value(place, value)?));
        }
        let has_base = (0..grammar.base).all(|place| found.iter().any(|(known, _)| *known == place));
        has_base.then_some(Self(found))
    }

    /// Takes away all but the base metrics.
    pub(super) fn keep_base(&mut self, grammar: &Grammar) {
        self.0.retain(|(place, _)| *place < grammar.base);
    }

    /// Sets a metric; `false` where the version has none of that name, or not that value.
    pub(super) fn set(&mut self, grammar: &Grammar, name: &str, value: &str) -> bool {
        let found = grammar
            .place(name)
            .and_then(|place| Some((place, grammar.value(place, value)?)));
        let Some((place, value)) = found else {
            return false;
        };
        self.0.retain(|(known, _)| *known != place);
        let at = self
            .0
            .iter()
            .position(|(known, _)| *known > place)
            .unwrap_or(self.0.len());
        self.0.insert(at, (place, value));
        true
    }

    /// Returns the vector in the order of its specification.
    pub(super) fn text(&self, grammar: &Grammar) -> String {
        let mut sorted = self.clone();
        sorted.0.sort_unstable();
        sorted.as_written(grammar)
    }

    /// Returns the vector in the order in which it was written.
    pub(super) fn as_written(&self, grammar: &Grammar) -> String {
        let parts = self
            .0
            .iter()
            .filter_map(|(place, value)| Some(format!("{}:{value}", grammar.metrics.get(*place)?.0)));
        format!("{}{}", grammar.prefix, parts.collect::<Vec<_>>().join("/"))
    }
}

impl Grammar {
    fn place(&self, name: &str) -> Option<usize> {
        self.metrics.iter().position(|(known, _)| *known == name)
    }

    fn value(&self, place: usize, value: &str) -> Option<&'static str> {
        let (_, values) = self.metrics.get(place)?;
        values.iter().copied().find(|known| *known == value)
    }
}
