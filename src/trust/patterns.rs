//! OpenSSH's patterns of names, as match.c of OpenSSH has them.

/// Whether `text` matches a list of patterns: one of them, and none of those behind `!`.
pub(super) fn matches_list(text: &str, patterns: &str) -> bool {
    let mut matched = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(excluded) if matches_pattern(text.as_bytes(), excluded.as_bytes()) => return false,
            Some(_) => {}
            None => matched |= matches_pattern(text.as_bytes(), pattern.as_bytes()),
        }
    }
    matched
}

/// Whether `text` matches a pattern of `*` (any bytes) and `?` (one byte); takes the product of both lengths.
fn matches_pattern(text: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut wanted) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(at) {
        match pattern.get(wanted) {
            Some(b'*') => {
                star = Some((at, wanted));
                wanted += 1;
            }
            Some(expected) if *expected == b'?' || expected == byte => {
                at += 1;
                wanted += 1;
            }
            Some(_) | None => match star {
                // The last star takes one byte more, and the rest is tried again.
                Some((begin, position)) => {
                    star = Some((begin + 1, position));
                    at = begin + 1;
                    wanted = position + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(wanted..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}
