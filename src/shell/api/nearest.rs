//! Guesses what somebody meant who mistyped a word.

/// Words less alike than this are not worth proposing (Jaro-Winkler, 1 is equal).
const LIKENESS_MIN: f64 = 0.75;

/// The longest text that is worth comparing.
const TEXT_BYTES_MAX: usize = 128;

/// The known word nearest to what was typed, if any comes near.
pub(super) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if typed.len() > TEXT_BYTES_MAX {
        return None;
    }
    let typed = typed.to_lowercase();
    let rated = known.into_iter().map(|word| (strsim::jaro_winkler(&typed, word), word));
    let best = rated.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 >= LIKENESS_MIN).then_some(best.1)
}

/// ` (did you mean …?)`, or what there is.
pub(super) fn hint<'a>(typed: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(word) = nearest(typed, known.clone()) {
        return format!("; did you mean `{word}`?");
    }
    let mut words: Vec<&str> = known.into_iter().take(20).collect();
    words.sort_unstable();
    match words.as_slice() {
        [] => "; there are none".to_owned(),
        words => format!("; there are: {}", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_nonsense_is_not() {
        let known = ["priority", "service", "state", "team"];
        for (typed, expected) in
            [("prioritty", Some("priority")), ("States", Some("state")), ("xyz", None), ("", None)]
        {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
        assert_eq!(hint("xyz", known), "; there are: priority, service, state, team");
    }
}
