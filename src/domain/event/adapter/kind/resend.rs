//! Which kinds of sources repeat what holds, and so lose nothing where they are told to slow down.

/// Kinds whose senders tell a firing alert again and again by default, or try again whatever
/// answers 429. Of any other kind it is taken that each thing is told once: AWS SNS, Sentry, Uptime
/// Kuma and the like drop what was refused, or count a refusal as an error of the endpoint.
pub(super) const RESENDING: &[&str] =
    &["alertmanager", "grafana", "otlp", "pagerduty", "prometheus"];
