//! Pools that feed pools: what is fed must have its turn later, unless both are one group, and from every group something
//! must leave.

use super::tables;
use crate::model::codes::PoolId;
use crate::model::finding::{Code, Finding, Place};
use crate::model::settings::{OnZeroDriver, Pool, Settings, Target};
use std::collections::{BTreeMap, BTreeSet};

pub fn check(settings: &Settings, findings: &mut Vec<Finding>) {
    order(settings, findings);
    groups(settings, findings);
    fallbacks(settings, findings);
    services_of_measures(settings, findings);
}

fn place(pool: &Pool, column: &str, value: impl Into<String>) -> Place {
    Place::file(tables::POOLS.path).row(pool.line).column(column).value(value)
}

/// Versions of the fed pool that hold on some day of the feeding one, and have their turn too early.
fn closed<'a>(settings: &'a Settings, pool: &'a Pool) -> impl Iterator<Item = &'a Pool> {
    let of_group =
        |fed: &Pool| fed.id != pool.id && pool.sharing.group.is_some() && fed.sharing.group == pool.sharing.group;
    let fed = pool.feeds().flat_map(|id| settings.pools.iter().filter(move |fed| fed.id == *id));
    fed.filter(move |fed| fed.valid.overlaps(&pool.valid) && fed.stage <= pool.stage && !of_group(fed))
}

fn order(settings: &Settings, findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<BTreeSet<&PoolId>> = BTreeSet::new();
    for pool in &settings.pools {
        for fed in closed(settings, pool) {
            let Some(way) = way(settings, fed, &pool.id) else {
                let why = format!(
                    "Pool {} of stage {} gives to pool {} of stage {}, which is shared no later: it is closed by then. The path \
                     is {} -> {}.",
                    pool.id, pool.stage, fed.id, fed.stage, pool.id, fed.id
                );
                let fix = format!("Give pool {} a stage after {}.", fed.id, pool.stage);
                findings.push(Finding::new(Code::PoolClosed, place(pool, "targets", fed.id.as_str()), why, fix));
                continue;
            };
            if told.insert(way.iter().copied().collect()) {
                let path: Vec<&str> = [pool.id.as_str()].into_iter().chain(way.iter().map(|id| id.as_str())).collect();
                let why = format!("The pools feed each other, so none can be shared first: {}.", path.join(" -> "));
                let fix = "Declare them as one reciprocal group (method reciprocal, one group, one stage), or take one of \
                           these pools out of the other's targets.";
                findings.push(Finding::new(Code::PoolCycle, place(pool, "targets", fed.id.as_str()), why, fix));
            }
        }
    }
}

/// The shortest way from a pool to another over what each feeds, both ends included.
fn way<'a>(settings: &'a Settings, from: &'a Pool, to: &PoolId) -> Option<Vec<&'a PoolId>> {
    let mut ways = vec![vec![&from.id]];
    let mut seen: BTreeSet<&PoolId> = BTreeSet::from([&from.id]);
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = *way.last()?;
            if last == to {
                return Some(way);
            }
            for fed in settings.pools.iter().filter(|pool| pool.id == *last).flat_map(Pool::feeds) {
                if seen.insert(fed) {
                    longer.push(way.iter().copied().chain([fed]).collect());
                }
            }
        }
        ways = longer;
    }
    None
}

fn groups(settings: &Settings, findings: &mut Vec<Finding>) {
    let mut groups: BTreeMap<&str, Vec<&Pool>> = BTreeMap::new();
    for pool in &settings.pools {
        if let Some(group) = &pool.sharing.group {
            groups.entry(group).or_default().push(pool);
        }
    }
    for (name, pools) in groups {
        let first = pools[0];
        if let Some(other) = pools.iter().find(|pool| pool.stage != first.stage) {
            let why = format!(
                "Pool {} of the group is of stage {}, and pool {} on line {} of stage {}; a group has one turn.",
                other.id, other.stage, first.id, first.line, first.stage
            );
            let fix = "Give all pools of the group one stage.";
            findings.push(Finding::new(Code::PoolClosed, place(other, "stage", other.stage.to_string()), why, fix));
        }
        let is_member = |id: &PoolId| pools.iter().any(|pool| pool.id == *id);
        let leaves = |pool: &&Pool| {
            let outside = |target: &Target| !matches!(target, Target::Pool(id) if is_member(id));
            pool.targets.iter().any(outside)
        };
        if !pools.iter().any(leaves) {
            let why = format!(
                "The pools of group {name} share with nobody but each other, so their cost would go round for ever: {}.",
                pools.iter().map(|pool| pool.id.as_str()).collect::<Vec<_>>().join(" -> ")
            );
            let fix = "Let at least one of them also be shared with agencies.";
            findings.push(Finding::new(Code::PoolCycle, place(first, "group", name), why, fix));
        }
    }
}

fn fallbacks(settings: &Settings, findings: &mut Vec<Finding>) {
    for pool in &settings.pools {
        if let OnZeroDriver::Fallback(other) = &pool.sharing.on_zero_driver
            && *other == pool.id
        {
            let why = "The pool would fall back on itself.";
            let fix = "Name another pool, by whose rule it is shared then.";
            findings.push(Finding::new(Code::TableReference, place(pool, "on_zero_driver", other.as_str()), why, fix));
        }
    }
}

fn services_of_measures(settings: &Settings, findings: &mut Vec<Finding>) {
    for measure in &settings.state.measures {
        for service in measure.services.iter().filter(|code| settings.service(code).is_none()) {
            let why =
                format!("Measure {} counts charges of {service}, which is no service of services.csv.", measure.name);
            let place = Place::file("chargeback.toml").row(measure.line).column("services").value(service.as_str());
            findings.push(Finding::new(
                Code::TableReference,
                place,
                why,
                "Correct the code, or add the service there.",
            ));
        }
    }
}
