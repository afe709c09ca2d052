//! Numbers and durations as Go writes them.

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// Without a precision `%g` writes an exponent from this one on.
const EXPONENT_MIN: i32 = 6;

/// `%v` of a float: the fewest digits that read back, with an exponent when it is far from one.
pub(super) fn shortest(value: f64) -> String {
    general(value, None)
}

/// A float as JSON has it: an exponent only for the very small and the very large.
pub(super) fn json(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}

/// `%g`: with a precision, so many significant digits; trailing zeros are left out.
pub(super) fn general(value: f64, precision: Option<usize>) -> String {
    if let Some(word) = special(value) {
        return word.to_owned();
    }
    let significant = precision.map(|digits| digits.max(1));
    let scientific = match significant {
        Some(digits) => format!("{value:.*e}", digits - 1),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = split_exponent(&scientific);
    let limit =
        significant.map_or(EXPONENT_MIN, |digits| i32::try_from(digits).unwrap_or(i32::MAX));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    if digits.is_empty() {
        return format!("{sign}0");
    }
    if exponent < -4 || exponent >= limit {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return format!("{sign}{first}{point}{rest}e{}", exponent_text(exponent));
    }
    if exponent < 0 {
        let zeros = "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0));
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = usize::try_from(exponent).unwrap_or(0) + 1;
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
}

/// `%f`.
pub(super) fn fixed(value: f64, precision: usize) -> String {
    special(value).map_or_else(|| format!("{value:.precision$}"), str::to_owned)
}

/// `%e`.
pub(super) fn scientific(value: f64, precision: usize) -> String {
    if let Some(word) = special(value) {
        return word.to_owned();
    }
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = split_exponent(&text);
    format!("{mantissa}e{}", exponent_text(exponent))
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        return Some("NaN");
    }
    value.is_infinite().then_some(if value > 0.0 { "+Inf" } else { "-Inf" })
}

fn split_exponent(text: &str) -> (&str, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    (mantissa, exponent.parse().unwrap_or(0))
}

fn exponent_text(exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{:02}", exponent.unsigned_abs())
}

/// Go's `time.Duration.String`: `1h2m3.5s`, `1.5ms`, `0s`.
pub(super) fn duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    if total == 0 {
        return "0s".to_owned();
    }
    if total < NANOSECONDS_PER_SECOND {
        let (unit, size) = match total {
            0..1_000 => ("ns", 1),
            1_000..1_000_000 => ("µs", 1_000),
            _ => ("ms", 1_000_000),
        };
        return format!("{sign}{}{unit}", with_fraction(total / size, total % size, size));
    }
    let (seconds, fraction) = (total / NANOSECONDS_PER_SECOND, total % NANOSECONDS_PER_SECOND);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    let seconds = with_fraction(seconds % 60, fraction, NANOSECONDS_PER_SECOND);
    if hours > 0 {
        return format!("{sign}{hours}h{minutes}m{seconds}s");
    }
    if minutes > 0 {
        return format!("{sign}{minutes}m{seconds}s");
    }
    format!("{sign}{seconds}s")
}

fn with_fraction(whole: u64, fraction: u64, size: u64) -> String {
    if fraction == 0 {
        return whole.to_string();
    }
    let width = size.ilog10() as usize;
    let digits = format!("{fraction:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// A length of time for people, from seconds: `1d 2h 3m 4s`, `2.5s`, `50ms`.
pub(super) fn humanized_duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds == 0.0 {
        return if seconds == 0.0 { "0s".to_owned() } else { general(seconds, Some(4)) };
    }
    let size = seconds.abs();
    if size < 1.0 {
        let (mut value, mut unit) = (seconds, "");
        for prefix in ["m", "u", "n", "p", "f", "a", "z", "y"] {
            if value.abs() >= 1.0 {
                break;
            }
            (value, unit) = (value * 1_000.0, prefix);
        }
        return format!("{}{unit}s", general(value, Some(4)));
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    let whole = whole_seconds(size);
    let (days, hours) = (whole / 86_400, whole / 3_600 % 24);
    let (minutes, rest) = (whole / 60 % 60, whole % 60);
    if days > 0 {
        return format!("{sign}{days}d {hours}h {minutes}m {rest}s");
    }
    if hours > 0 {
        return format!("{sign}{hours}h {minutes}m {rest}s");
    }
    if minutes > 0 {
        return format!("{sign}{minutes}m {rest}s");
    }
    format!("{sign}{}s", general(size, Some(4)))
}

/// Cuts the fraction off without a lossy cast; more than 18 digits become the largest number.
fn whole_seconds(seconds: f64) -> u64 {
    format!("{:.0}", seconds.trunc()).parse().unwrap_or(u64::MAX)
}

/// A whole number as the nearest float.
#[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
pub(super) fn float(number: i64) -> f64 {
    number as f64
}

/// Nanoseconds as seconds.
pub(super) fn seconds(nanoseconds: i64) -> f64 {
    float(nanoseconds) / 1e9
}
