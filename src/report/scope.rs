//! Campaigns within a part of the rows: a label or a role.

use super::run::{Campaigns, MessageRow};
use std::collections::BTreeMap;

/// Sizes of all campaigns in several parts of the rows.
pub(super) struct Scopes {
    /// The campaign of each row.
    campaign_of: Vec<usize>,
    campaigns: usize,
    /// For each scope the messages of each campaign.
    sizes: Vec<Vec<u32>>,
}

impl Scopes {
    /// Numbers the campaigns. A row without a cluster is a campaign of its own.
    pub(super) fn new(rows: &[MessageRow]) -> Self {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let mut campaigns = 0;
        let mut next = || {
            campaigns += 1;
            campaigns - 1
        };
        let campaign_of = rows
            .iter()
            .map(|row| match &row.cluster {
                Some(cluster) => *known.entry(cluster).or_insert_with(&mut next),
                None => next(),
            })
            .collect();
        Self { campaign_of, campaigns, sizes: Vec::new() }
    }

    /// Adds a scope of some rows.
    pub(super) fn add(&mut self, rows: impl Iterator<Item = usize>) {
        let mut sizes = vec![0; self.campaigns];
        rows.for_each(|row| sizes[self.campaign_of[row]] += 1);
        self.sizes.push(sizes);
    }

    /// The campaigns of a scope, of which some rows are hit.
    pub(super) fn campaigns(&self, scope: usize, hits: &[usize]) -> Campaigns {
        let sizes = &self.sizes[scope];
        let of = sizes.iter().filter(|size| **size > 0).count() as u64;
        let mut hit: BTreeMap<usize, u32> = BTreeMap::new();
        hits.iter().for_each(|row| *hit.entry(self.campaign_of[*row]).or_default() += 1);
        let share = |(campaign, hits): (&usize, &u32)| f64::from(*hits) / f64::from(sizes[*campaign].max(1));
        // An empty sum of floats is minus zero.
        let sum = hit.iter().map(share).fold(0.0, |sum, share| sum + share);
        Campaigns { hit: hit.len() as u64, of, weighted_rate: if of == 0 { 0.0 } else { sum / of as f64 } }
    }
}
