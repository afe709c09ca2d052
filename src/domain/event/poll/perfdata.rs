//! What a Nagios plugin prints: a line for people, performance data behind `|`, more of both below.

/// What a plugin printed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PluginOutput {
    /// The first line, without performance data.
    pub text: String,
    /// The lines after it, without performance data.
    pub long_text: String,
    /// The performance data as it stood there, parted by spaces.
    pub perfdata: String,
    /// The values among it that are numbers.
    pub values: Vec<PerfValue>,
}

/// One value of performance data.
#[derive(Debug, Clone, PartialEq)]
pub struct PerfValue {
    /// What it is.
    pub label: String,
    /// How much.
    pub value: f64,
    /// In what, such as `ms` or `%`; may be empty.
    pub unit: String,
}

/// Values of one output that are read.
const VALUES_MAX: usize = 1_000;

impl PluginOutput {
    /// Reads what was printed (Nagios plugin API 3: the first line, then long text, then, from the
    /// next `|` on, only performance data).
    pub fn read(printed: &str) -> Self {
        let mut lines = printed.lines();
        let (text, perfdata) = part(lines.next().unwrap_or_default());
        let mut output =
            Self { text: text.to_owned(), perfdata: perfdata.to_owned(), ..Self::default() };
        let mut behind_bar = false;
        for line in lines {
            let (text, perfdata) = if behind_bar { ("", line) } else { part(line) };
            behind_bar |= line.contains('|');
            for (all, more, between) in
                [(&mut output.long_text, text, "\n"), (&mut output.perfdata, perfdata.trim(), " ")]
            {
                if !more.is_empty() {
                    all.push_str(if all.is_empty() { "" } else { between });
                    all.push_str(more);
                }
            }
        }
        output.values = values(&output.perfdata);
        output
    }
}

fn part(line: &str) -> (&str, &str) {
    let (text, perfdata) = line.split_once('|').unwrap_or((line, ""));
    (text.trim_end(), perfdata.trim())
}

/// Reads `'label'=value[unit];[warn];[crit];[min];[max]` again and again. A value of `U` is one that
/// the plugin could not find out; it and what is no value are left out.
fn values(perfdata: &str) -> Vec<PerfValue> {
    let mut values = Vec::new();
    let mut rest = perfdata.trim_start();
    while !rest.is_empty() && values.len() < VALUES_MAX {
        let (label, behind) = label(rest);
        let end = behind.find(char::is_whitespace).unwrap_or(behind.len());
        let (item, after) = behind.split_at(end);
        if let Some((value, unit)) = item.strip_prefix('=').and_then(number) {
            values.push(PerfValue { label, value, unit: unit.to_owned() });
        }
        rest = after.trim_start();
    }
    values
}

/// The label, in which two quotes stand for one, and what is behind it.
fn label(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('\'') else {
        let end = text.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut label = String::new();
    let mut rest = quoted;
    while let Some((before, behind)) = rest.split_once('\'') {
        label.push_str(before);
        match behind.strip_prefix('\'') {
            Some(after) => {
                label.push('\'');
                rest = after;
            }
            None => return (label, behind),
        }
    }
    (label + rest, "")
}

/// The number at the start of `12.5ms;20;30` and its unit. Some locales write a comma.
fn number(item: &str) -> Option<(f64, &str)> {
    let value = item.split(';').next().unwrap_or_default();
    let is_exponent = |at: usize| {
        let rest = value[at + 1..].trim_start_matches(['+', '-']);
        rest.starts_with(|c: char| c.is_ascii_digit())
    };
    let end = value
        .char_indices()
        .find(|(at, c)| match c {
            '0'..='9' | '.' | ',' | '+' | '-' => false,
            'e' | 'E' => *at == 0 || !is_exponent(*at),
            _ => true,
        })
        .map_or(value.len(), |(at, _)| at);
    let (number, unit) = value.split_at(end);
    let number: f64 = number.replace(',', ".").parse().ok()?;
    number.is_finite().then_some((number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(perfdata: &str, expected: &[(&str, f64, &str)]) {
        let read = values(perfdata);
        let read: Vec<(&str, f64, &str)> =
            read.iter().map(|one| (one.label.as_str(), one.value, one.unit.as_str())).collect();
        assert_eq!(read, expected, "{perfdata}");
    }

    #[test]
    fn performance_data_is_labels_numbers_and_units() {
        check("time=0.02s;1;2;0;10 size=512B;;;0", &[("time", 0.02, "s"), ("size", 512.0, "B")]);
        check("'free space'=12% 'it''s'=3", &[("free space", 12.0, "%"), ("it's", 3.0, "")]);
        check("/=-2.5MB;@5:10;~:3", &[("/", -2.5, "MB")]);
        check("a=1e3c b=2E-1 c=5EB", &[("a", 1000.0, "c"), ("b", 0.2, ""), ("c", 5.0, "EB")]);
        check("a=1,5ms", &[("a", 1.5, "ms")]);
        check("a=U b c= d=x e=7", &[("e", 7.0, "")]);
        check("'open=1", &[]);
        check("", &[]);
    }

    #[test]
    fn lines_are_for_people_until_the_bar() {
        let read = PluginOutput::read(
            "DISK WARNING - 12% free | /=88%;80;90\n/ is 88% full\n/var is fine | /var=20%\n\
             /tmp=3%;80;90\n",
        );
        assert_eq!(read.text, "DISK WARNING - 12% free");
        assert_eq!(read.long_text, "/ is 88% full\n/var is fine");
        assert_eq!(read.perfdata, "/=88%;80;90 /var=20% /tmp=3%;80;90");
        let labels: Vec<&str> = read.values.iter().map(|one| one.label.as_str()).collect();
        assert_eq!(labels, ["/", "/var", "/tmp"]);
        assert_eq!(
            PluginOutput::read("OK"),
            PluginOutput { text: "OK".into(), ..Default::default() }
        );
        assert_eq!(PluginOutput::read(""), PluginOutput::default());
    }
}
