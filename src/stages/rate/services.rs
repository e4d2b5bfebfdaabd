//! Which service of the catalog a charge belongs to: the first in the table that takes it.

use super::matching::Tests;
use crate::model::roll_up::Row;
use crate::model::settings::{Service, Settings};

pub(super) struct Services<'a> {
    /// In the order of the table; of each service its ways to match.
    services: Vec<(&'a Service, Vec<Tests>)>,
}

impl<'a> Services<'a> {
    pub fn new(settings: &'a Settings, tags: &[String]) -> Self {
        let mut services: Vec<&Service> = settings.services.iter().collect();
        services.sort_by_key(|service| service.line);
        let ways = |service: &Service| service.matches.iter().map(|way| Tests::new(way, tags)).collect();
        Self { services: services.into_iter().map(|service| (service, ways(service))).collect() }
    }

    pub fn of(&mut self, row: &Row<'_>) -> Option<&'a Service> {
        let takes = |ways: &mut Vec<Tests>| ways.iter_mut().any(|way| way.pass(row));
        self.services.iter_mut().find_map(|(service, ways)| takes(ways).then_some(*service))
    }
}
