//! Which incident an alert belongs to: joining, merging, taking back, letting go.

use super::record::Member;
use super::state::State;
use crate::domain::value::{AlertId, IncidentId};

impl State {
    /// An alert that belonged to this incident belongs to another one from here on.
    pub(super) fn leave(&mut self, id: IncidentId, alert: AlertId) {
        if let Some(member) = self.incidents.expect_mut(id).members.get_mut(&alert) {
            *member = Member { firing: false, flapping: false, left: true };
        }
    }

    pub(super) fn move_members(&mut self, from: IncidentId, into: IncidentId) {
        let mut members = self.incidents.expect(from).members.clone();
        members.retain(|_, member| !member.left);
        for id in members.keys() {
            self.by_alert.set(*id, into);
        }
        self.incidents.expect_mut(into).members.extend(members);
    }

    /// Undoes a merge, through every incident that the other one was merged into meanwhile.
    pub(super) fn take_members_back(&mut self, id: IncidentId, from: IncidentId) {
        let mut members = self.incidents.expect(id).members.clone();
        let mut holders = vec![from];
        while let Some(into) = self.incidents.expect(holders[holders.len() - 1]).merged_into {
            holders.push(into);
        }
        for (alert, member) in members.iter_mut().filter(|(_, member)| !member.left) {
            for holder in &holders {
                // The other incident knew better how the alert was doing.
                let known = self.incidents.expect_mut(*holder).members.remove(alert);
                *member = known.unwrap_or(*member);
            }
            let elsewhere = self.by_alert.first(*alert).is_some_and(|it| !holders.contains(&it));
            if elsewhere {
                *member = Member { firing: false, flapping: false, left: true };
            } else {
                self.by_alert.set(*alert, id);
                member.left = false;
            }
        }
        self.incidents.expect_mut(id).members = members;
    }

    /// Lets the alerts of an ended incident go: when they fire again they open another one.
    pub(super) fn let_go(&mut self, id: IncidentId) {
        for alert in self.incidents.expect(id).members.keys() {
            self.by_alert.remove(*alert, id);
        }
    }
}
