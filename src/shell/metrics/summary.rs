//! A summary without quantiles, as Alertmanager has them: how many, and how long altogether.

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Metric, MetricFamily, MetricType, Summary as Sample};

/// A summary of nothing: what it would sum up does not happen here.
#[derive(Debug)]
pub(super) struct Summary {
    desc: Desc,
}

impl Summary {
    pub(super) fn new(name: &str, help: &str) -> Self {
        let desc =
            Desc::new(name.to_owned(), help.to_owned(), Vec::new(), std::iter::empty().collect());
        Self { desc: desc.expect("name and help are well-formed") }
    }
}

impl Collector for Summary {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut metric = Metric::default();
        metric.set_summary(Sample::default());
        let mut family = MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(MetricType::SUMMARY);
        family.set_metric(vec![metric]);
        vec![family]
    }
}
