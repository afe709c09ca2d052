//! The alerts of an incident, in a few bytes each: a storm has a hundred thousand.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};
use smallvec::SmallVec;

use super::record::Member;
use crate::domain::value::{AlertId, Short};

/// The alerts of an incident with how it sees them, oldest first. Alerts mostly join in the order
/// of their numbers, which puts them at the end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roll(Entries);

/// Most incidents have one alert, which needs no allocation.
type Entries = SmallVec<[(Short, Marks); 2]>;

/// A [`Member`] in one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks(u8);

const FIRING: u8 = 1;
const FLAPPING: u8 = 2;
const LEFT: u8 = 4;

impl Roll {
    /// Every alert, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (AlertId, Member)> {
        self.0.iter().map(|(alert, marks)| (alert.id(), marks.member()))
    }

    /// How the incident sees an alert, if it is one of its own.
    pub fn get(&self, alert: AlertId) -> Option<Member> {
        let place = self.place(Short::of(alert)).ok()?;
        Some(self.0[place].1.member())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes an alert in, or sees one that is there in another way.
    pub(super) fn insert(&mut self, alert: AlertId, member: Member) {
        let (alert, marks) = (Short::of(alert), Marks::of(member));
        match self.place(alert) {
            Ok(place) => self.0[place].1 = marks,
            Err(place) => self.0.insert(place, (alert, marks)),
        }
    }

    /// Sees one of its alerts in another way; says whether it is one of them.
    pub(super) fn change(&mut self, alert: AlertId, change: impl FnOnce(&mut Member)) -> bool {
        let Ok(place) = self.place(Short::of(alert)) else { return false };
        let mut member = self.0[place].1.member();
        change(&mut member);
        self.0[place].1 = Marks::of(member);
        true
    }

    /// Takes many alerts in at once; what it is told of them counts.
    pub(super) fn extend(&mut self, others: &Self) {
        self.0.retain(|(alert, _)| others.place(*alert).is_err());
        self.0.extend_from_slice(&others.0);
        self.0.sort_unstable_by_key(|(alert, _)| *alert);
    }

    /// Lets those go that are `others`, too, and returns how it saw them.
    pub(super) fn let_go(&mut self, others: &Self) -> Self {
        let all = std::mem::take(&mut self.0).into_iter();
        let (gone, left) = all.partition(|(alert, _)| others.place(*alert).is_ok());
        self.0 = left;
        Self(gone)
    }

    /// Lets those go for which `keep` says no.
    pub(super) fn retain(&mut self, keep: impl Fn(Member) -> bool) {
        self.0.retain(|(_, marks)| keep(marks.member()));
    }

    fn place(&self, alert: Short) -> Result<usize, usize> {
        // Whoever joins is mostly the newest there is.
        if self.0.last().is_none_or(|(last, _)| *last < alert) {
            return Err(self.0.len());
        }
        self.0.binary_search_by_key(&alert, |(alert, _)| *alert)
    }
}

impl Marks {
    fn of(member: Member) -> Self {
        let Member { firing, flapping, left } = member;
        let mark = |is: bool, mark: u8| if is { mark } else { 0 };
        Self(mark(firing, FIRING) | mark(flapping, FLAPPING) | mark(left, LEFT))
    }

    fn member(self) -> Member {
        let has = |mark| self.0 & mark != 0;
        Member { firing: has(FIRING), flapping: has(FLAPPING), left: has(LEFT) }
    }
}

impl FromIterator<(AlertId, Member)> for Roll {
    fn from_iter<I: IntoIterator<Item = (AlertId, Member)>>(members: I) -> Self {
        let mut roll = Self::default();
        for (alert, member) in members {
            roll.insert(alert, member);
        }
        roll
    }
}

impl Serialize for Roll {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (alert, member) in self.iter() {
            map.serialize_entry(&alert, &member)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Roll {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = std::collections::BTreeMap::<AlertId, Member>::deserialize(deserializer)?;
        Ok(members.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(firing: bool) -> Member {
        Member { firing, flapping: !firing, left: false }
    }

    fn roll(alerts: &[u64], firing: bool) -> Roll {
        alerts.iter().map(|alert| (AlertId(*alert), member(firing))).collect()
    }

    #[test]
    fn alerts_stand_in_order_however_they_come() {
        let mut roll = roll(&[5, 9, 2, 9], true);
        assert_eq!(roll.iter().map(|(alert, _)| alert.0).collect::<Vec<_>>(), [2, 5, 9]);
        assert!(roll.change(AlertId(5), |member| member.firing = false));
        assert!(!roll.change(AlertId(6), |member| member.left = true));
        assert_eq!(roll.get(AlertId(5)).map(|member| member.firing), Some(false));
        assert_eq!((roll.get(AlertId(10)), roll.get(AlertId(9))), (None, Some(member(true))));
        let text = serde_json::to_string(&roll).unwrap();
        assert_eq!(text, r#"{"2":{"f":true},"5":{"f":false},"9":{"f":true}}"#);
        assert_eq!(serde_json::from_str::<Roll>(&text).unwrap(), roll);
    }

    #[test]
    fn rolls_are_joined_and_parted_at_once() {
        let (mut into, from) = (roll(&[1, 4, 7], true), roll(&[2, 4], false));
        into.extend(&from);
        assert_eq!(into.len(), 4);
        assert_eq!(into.get(AlertId(4)), Some(member(false)), "the newer word counts");
        assert_eq!(into.let_go(&from), from);
        assert_eq!(into, roll(&[1, 7], true));
        into.retain(|member| !member.firing);
        assert!(into.is_empty());
    }
}
