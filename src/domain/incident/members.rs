//! Which incident an alert belongs to: joining, merging, taking back, letting go.

use super::record::Member;
use super::state::State;
use crate::domain::value::{AlertId, IncidentId};

/// How an incident sees an alert that has gone on to another one.
const GONE: Member = Member { firing: false, flapping: false, left: true };

impl State {
    /// An alert that belonged to this incident belongs to another one from here on.
    pub(super) fn leave(&mut self, id: IncidentId, alert: AlertId) {
        self.incidents.expect_mut(id).members.change(alert, |member| *member = GONE);
    }

    pub(super) fn move_members(&mut self, from: IncidentId, into: IncidentId) {
        let mut members = self.incidents.expect(from).members.clone();
        members.retain(|member| !member.left);
        for (id, _) in members.iter() {
            self.by_alert.set(id, into);
        }
        self.incidents.expect_mut(into).members.extend(&members);
    }

    /// Undoes a merge, through every incident that the other one was merged into meanwhile.
    pub(super) fn take_members_back(&mut self, id: IncidentId, from: IncidentId) {
        let mut members = self.incidents.expect(id).members.clone();
        let mut holders = vec![from];
        while let Some(into) =
            self.incidents.expect(holders[holders.len() - 1]).course().merged_into
        {
            holders.push(into);
        }
        let mut back = members.clone();
        back.retain(|member| !member.left);
        for holder in &holders {
            // The other incident knew better how the alert was doing.
            let known = self.incidents.expect_mut(*holder).members.let_go(&back);
            members.extend(&known);
        }
        for (alert, _) in back.iter() {
            let elsewhere = self.by_alert.first(alert).is_some_and(|it| !holders.contains(&it));
            if elsewhere {
                members.change(alert, |member| *member = GONE);
            } else {
                self.by_alert.set(alert, id);
                members.change(alert, |member| member.left = false);
            }
        }
        self.incidents.expect_mut(id).members = members;
    }

    /// Lets the alerts of an ended incident go: when they fire again they open another one.
    pub(super) fn let_go(&mut self, id: IncidentId) {
        for (alert, _) in self.incidents.expect(id).members.iter() {
            self.by_alert.remove(alert, id);
        }
    }
}
