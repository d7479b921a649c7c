//! Many short lists in one vector.

/// Lists by position: list `i` is `items[ends[i - 1]..ends[i]]`.
#[derive(Debug)]
pub(super) struct Csr<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy> Csr<T> {
    /// `count` lists from pairs of list and item; items keep their order.
    pub(super) fn new(count: usize, pairs: impl IntoIterator<Item = (usize, T)>) -> Self {
        let mut pairs: Vec<(usize, T)> = pairs.into_iter().collect();
        pairs.sort_by_key(|(list, _)| *list);
        let mut ends = vec![0_u32; count];
        for (list, _) in &pairs {
            ends[*list] += 1;
        }
        let mut total = 0;
        for end in &mut ends {
            total += *end;
            *end = total;
        }
        Self { ends, items: pairs.into_iter().map(|(_, item)| item).collect() }
    }

    /// A list; empty if there is none at this position.
    pub(super) fn get(&self, list: usize) -> &[T] {
        let Some(end) = self.ends.get(list) else { return &[] };
        let start = list.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[start as usize..*end as usize]
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        self.ends.len() * 4 + self.items.len() * size_of::<T>()
    }
}
