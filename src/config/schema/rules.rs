//! The keys of rule files.

use crate::config::shape::{Field, Shape};
use Shape::{Duration, Fields, List, Names, Template, Text, Truth, Whole, Word};

/// A rule file.
pub(in crate::config) const RULE_FILE: &[Field] = &[
    ("enrich", List(&Fields(ENRICH))),
    ("dedupe", List(&Fields(DEDUPE))),
    ("flap", List(&Fields(FLAP))),
    ("correlate", List(&Fields(CORRELATE))),
    ("incident", List(&Fields(INCIDENT))),
    ("problem", List(&Fields(PROBLEM))),
    ("resolve", List(&Fields(RESOLVE))),
    ("tests", List(&Fields(&[("name", Text), ("input", Text), ("expect", Text)]))),
];

const MODE: Shape = Word(&["active", "shadow", "disabled"]);
const SWITCH: Shape = Word(&["active", "disabled"]);

const ENRICH: &[Field] = &[
    ("name", Text),
    ("match", List(&Text)),
    ("mode", SWITCH),
    ("continue", Truth),
    ("set", Names(&Template)),
];

const DEDUPE: &[Field] = &[
    ("name", Text),
    ("match", List(&Text)),
    ("mode", SWITCH),
    ("continue", Truth),
    ("identity", List(&Text)),
    ("drop_labels", List(&Text)),
    ("same_as", Text),
];

const FLAP: &[Field] = &[
    ("name", Text),
    ("match", List(&Text)),
    ("mode", SWITCH),
    ("continue", Truth),
    ("transitions", Whole),
    ("within", Duration),
    ("quiet", Duration),
];

const CORRELATE: &[Field] = &[
    ("name", Text),
    ("match", List(&Text)),
    ("mode", MODE),
    ("continue", Truth),
    ("by", List(&Text)),
    ("window", Duration),
    ("max_span", Duration),
    ("threshold", Whole),
    ("create_on", Word(&["any", "all"])),
];

const INCIDENT: &[Field] = &[
    ("name", Text),
    ("match", List(&Text)),
    ("mode", SWITCH),
    ("continue", Truth),
    ("drop", Truth),
    ("pending_for", Duration),
    ("title", Template),
    ("category", Template),
    ("team", Template),
    ("impact", Whole),
    ("urgency", Whole),
    ("priority", Whole),
    ("kind", Word(&["outage", "degradation"])),
];

const PROBLEM: &[Field] = &[
    ("name", Text),
    ("match", List(&Text)),
    ("mode", Word(&["open", "propose", "disabled"])),
    ("continue", Truth),
    ("same", List(&Text)),
    ("count", Whole),
    ("within", Duration),
    ("min_gap", Duration),
    ("team", Text),
];

const RESOLVE: &[Field] = &[
    ("name", Text),
    ("match", List(&Text)),
    ("mode", SWITCH),
    ("continue", Truth),
    // A duration, or `never`.
    ("after", Text),
];
