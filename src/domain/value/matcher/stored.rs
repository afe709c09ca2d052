//! Matchers in facts and pages: name, operator and value, so that what was stored needs no
//! grammar to be read.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Matcher, Operator};

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.name, self.operator().symbol(), &self.value).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, symbol, value) = <(String, String, String)>::deserialize(deserializer)?;
        let operator = Operator::ALL.into_iter().find(|operator| operator.symbol() == symbol);
        let operator = operator.ok_or_else(|| D::Error::custom("no operator of a matcher"))?;
        Self::new(&name, operator, &value).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_comes_back() {
        for (operator, value) in [
            (Operator::Equal, "a\n\"b\""),
            (Operator::NotEqual, ""),
            (Operator::Like, "(a|b).*"),
            (Operator::NotLike, "x\\d+"),
        ] {
            let matcher = Matcher::new("näme", operator, value).unwrap();
            let stored = serde_json::to_string(&matcher).unwrap();
            assert_eq!(serde_json::from_str::<Matcher>(&stored).unwrap(), matcher, "{stored}");
        }
        for broken in [r#"["a","~","b"]"#, r#"["a","=~","("]"#, r#"["a"]"#] {
            assert!(serde_json::from_str::<Matcher>(broken).is_err(), "{broken}");
        }
    }
}
