//! Thresholds: `>= 0.85`, in the comparisons of PromQL.

use std::str::FromStr;

use serde::Deserialize;

/// A comparison with a number, written `>= 0.85`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Threshold {
    /// How to compare.
    pub op: Op,
    /// What to compare with.
    pub value: f64,
}

/// The comparisons of PromQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

/// Text that is no threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a threshold like '>= 0.85' (one of > >= < <= == != and a number)")]
pub struct InvalidThreshold(String);

impl Op {
    const ALL: [(&'static str, Self); 6] = [
        // The longer ones first: `>=` begins with `>`.
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        (">", Self::Above),
        ("<", Self::Below),
    ];
}

impl FromStr for Threshold {
    type Err = InvalidThreshold;

    fn from_str(text: &str) -> Result<Self, InvalidThreshold> {
        let read = Op::ALL.iter().find_map(|(sign, op)| {
            let value: f64 = text.trim().strip_prefix(sign)?.trim().parse().ok()?;
            Some(Self { op: *op, value }).filter(|_| value.is_finite())
        });
        read.ok_or_else(|| InvalidThreshold(text.chars().take(64).collect()))
    }
}

impl TryFrom<String> for Threshold {
    type Error = InvalidThreshold;

    fn try_from(text: String) -> Result<Self, InvalidThreshold> {
        text.parse()
    }
}

impl Threshold {
    /// Tells whether a value lies beyond. What is not a number lies nowhere.
    #[expect(clippy::float_cmp, reason = "`==` and `!=` mean what they mean in PromQL")]
    pub fn holds(self, value: f64) -> bool {
        match self.op {
            Op::Above => value > self.value,
            Op::AtLeast => value >= self.value,
            Op::Below => value < self.value,
            Op::AtMost => value <= self.value,
            Op::Equal => value == self.value,
            Op::NotEqual => value != self.value && !value.is_nan(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_compare_as_promql_does() {
        for (text, below, same, above) in [
            ("> 1.5", false, false, true),
            (">=1.5", false, true, true),
            (" < 1.5 ", true, false, false),
            ("<= 1.5e0", true, true, false),
            ("== 1.5", false, true, false),
            ("!= 1.5", true, false, true),
        ] {
            let threshold: Threshold = text.parse().unwrap();
            let holds = [1.0, 1.5, 2.0].map(|value| threshold.holds(value));
            assert_eq!(holds, [below, same, above], "{text}");
            assert!(!threshold.holds(f64::NAN), "{text}");
        }
        for text in ["", "1.5", ">", "> high", "=> 1", "= 1", "> NaN", "> inf", ">> 1"] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
