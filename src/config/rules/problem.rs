//! The stage problem.

use super::count;
use crate::config::check::Check;
use crate::config::node::Node;
use crate::domain::problem::rules::{ProblemMode, ProblemRule};

#[expect(clippy::unnecessary_wraps, reason = "every stage reads its rules through one signature")]
pub(super) fn problem(check: &mut Check, node: &Node) -> Option<ProblemRule> {
    let otherwise = ProblemRule::default();
    let same = match node.get("same") {
        Some(_) => node.texts_at("same"),
        None => otherwise.same,
    };
    if let Some(list) = node.get("same")
        && same.is_empty()
    {
        check
            .error(list.place, "`same` is empty: every incident would be of one kind; name labels");
    }
    let count = count(check, node, "count", 2).and_then(|number| usize::try_from(number).ok());
    Some(ProblemRule {
        same,
        count: count.unwrap_or(otherwise.count),
        within: node.span_at("within").unwrap_or(otherwise.within),
        min_gap: node.span_at("min_gap").unwrap_or(otherwise.min_gap),
        mode: match node.text_at("mode") {
            Some("propose") => ProblemMode::Propose,
            Some(_) | None => ProblemMode::Open,
        },
        team: node.text_at("team").map(str::to_owned),
    })
}
