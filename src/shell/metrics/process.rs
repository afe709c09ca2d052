//! What Alertmanager says of its process: the collector of the library, and what that leaves out.

use prometheus::Registry;
use prometheus::process_collector::ProcessCollector;

use super::make::{float, register};

const LIMITS: &str = "/proc/self/limits";

/// Registers all of it.
pub(super) fn expose(r: &Registry) {
    register(r, ProcessCollector::for_self());
    let limits = std::fs::read_to_string(LIMITS).unwrap_or_default();
    float(r, "process_virtual_memory_max_bytes", "Address space that the process may use.")
        .set(address_space_max(&limits));
}

/// The soft limit on address space; no limit is the largest number that the kernel can say.
fn address_space_max(limits: &str) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "Prometheus' clients say it in a float, too")]
    let unlimited = u64::MAX as f64;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"));
    let soft = line.and_then(|rest| rest.split_whitespace().next());
    soft.and_then(|soft| soft.parse().ok()).unwrap_or(unlimited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_counts() {
        let text = |soft: &str| {
            format!(
                "Limit  Soft Limit  Hard Limit  Units\nMax address space  {soft}  unlimited  bytes\n"
            )
        };
        for (soft, expected) in [("4294967296", 4_294_967_296.0), ("unlimited", 2.0_f64.powi(64))] {
            let found = address_space_max(&text(soft));
            assert!((found - expected).abs() < 1.0, "{soft}: {found}");
        }
    }
}
