//! Prometheus' text format, and `OpenMetrics`, which is the same for whoever wants names, labels and
//! values.

use crate::domain::value::Labels;

/// A line that is no sample.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no sample in Prometheus' text format: {why}")]
pub struct InvalidExposition {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// A longer line is refused.
const LINE_BYTES_MAX: usize = 64 << 10;

/// Reads every sample; the name is the label `__name__`. Comments, timestamps and exemplars are
/// passed over. `take` gets each sample and says whether it wants more.
///
/// # Errors
/// At the first line that is no sample.
pub fn read(
    text: &str,
    mut take: impl FnMut(Labels, f64) -> bool,
) -> Result<(), InvalidExposition> {
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line == "# EOF" {
            break;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (labels, value) =
            sample(line).map_err(|why| InvalidExposition { line: at + 1, why })?;
        if !take(labels, value) {
            break;
        }
    }
    Ok(())
}

fn sample(line: &str) -> Result<(Labels, f64), &'static str> {
    if line.len() > LINE_BYTES_MAX {
        return Err("it is too long");
    }
    let mut pairs: Vec<(String, String)> = Vec::new();
    let end = line.find(|c: char| c == '{' || c.is_whitespace()).ok_or("it has no value")?;
    let (name, mut rest) = line.split_at(end);
    if !name.is_empty() {
        pairs.push(("__name__".to_owned(), name.to_owned()));
    }
    rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = labels(inside, &mut pairs)?;
    }
    if pairs.iter().all(|(name, _)| name != "__name__") {
        return Err("it has no name");
    }
    let value = rest.split_whitespace().next().ok_or("it has no value")?;
    let value = number(value).ok_or("its value is no number")?;
    Ok((Labels::new(pairs), value))
}

/// Reads `a="b",c="d"}`; a text alone is the metric's name, which is how names stand there that are
/// no words. Returns what is behind the brace.
fn labels<'a>(
    mut rest: &'a str,
    pairs: &mut Vec<(String, String)>,
) -> Result<&'a str, &'static str> {
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if let Some(behind) = rest.strip_prefix('}') {
            return Ok(behind);
        }
        let name;
        if let Some(quoted) = rest.strip_prefix('"') {
            (name, rest) = text(quoted)?;
            rest = rest.trim_start();
            if !rest.starts_with('=') {
                pairs.push(("__name__".to_owned(), name));
                continue;
            }
        } else {
            let end = rest.find(['=', '}', '"']).ok_or("its labels do not end")?;
            name = rest[..end].trim().to_owned();
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('=').ok_or("a label has no value")?.trim_start();
        let (value, behind) = text(rest.strip_prefix('"').ok_or("a label's value has no quotes")?)?;
        rest = behind;
        pairs.push((name, value));
    }
}

/// Reads a text up to its closing quote.
fn text(rest: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &rest[at + 1..])),
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('\\' | '"'))) => value.push(c),
                Some((_, c)) => value.extend(['\\', c]),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err("a text has no closing quote")
}

fn number(text: &str) -> Option<f64> {
    match text {
        "NaN" | "nan" => Some(f64::NAN),
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let mut samples = Vec::new();
        let read = read(body, |labels, value| {
            samples.push(format!("{labels} {value}"));
            true
        });
        let found = read.map_or_else(|error| error.to_string(), |()| samples.join("\n"));
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn samples_have_names_labels_and_values() {
        check(
            "# HELP queue_length Jobs that wait.\n# TYPE queue_length gauge\n\
             queue_length 7\nqueue_length{queue=\"mail\",} 3.5 1772366400000\n\n\
             up_total{a=\"x\", b = \"y\"} +Inf # {trace_id=\"1\"} 0.5\nnothing NaN\n",
            "{__name__=\"queue_length\"} 7\n{__name__=\"queue_length\", queue=\"mail\"} 3.5\n\
             {__name__=\"up_total\", a=\"x\", b=\"y\"} inf\n{__name__=\"nothing\"} NaN",
        );
        check(r#"a{path="C:\\x \"y\"}{,=\n"} 1"#, r#"{__name__="a", path="C:\\x \"y\"}{,=\n"} 1"#);
        check(
            r#"{"disk.free","mount.point"="/"} 1"#,
            r#"{__name__="disk.free", mount.point="/"} 1"#,
        );
        check("a 1\n# EOF\nb 2", r#"{__name__="a"} 1"#);
        check("a\t1\r\n", r#"{__name__="a"} 1"#);
        check("", "");
    }

    #[test]
    fn what_is_no_sample_is_told_with_its_line() {
        let error =
            |line, why| format!("line {line} is no sample in Prometheus' text format: {why}");
        check("a 1\n<html>", &error(2, "it has no value"));
        check("a", &error(1, "it has no value"));
        check("a{b=\"c\" 1", &error(1, "its labels do not end"));
        check("a{b=\"c} 1", &error(1, "a text has no closing quote"));
        check("a{b=c} 1", &error(1, "a label's value has no quotes"));
        check("a{b} 1", &error(1, "a label has no value"));
        check("{b=\"c\"} 1", &error(1, "it has no name"));
        check("a{} one", &error(1, "its value is no number"));
    }
}
