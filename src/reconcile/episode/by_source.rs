//! What is known of each source of one life: few, and by their number.

/// Sorted by number; mostly there is one.
pub(super) struct BySource<T>(Vec<(u32, T)>);

impl<T> Default for BySource<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> BySource<T> {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get_mut(&mut self, source: u32) -> Option<&mut T> {
        let place = self.0.binary_search_by_key(&source, |(known, _)| *known).ok()?;
        self.0.get_mut(place).map(|(_, of_source)| of_source)
    }

    /// Returns what is known of a source; what is given where nothing is yet.
    pub(super) fn or_insert(&mut self, source: u32, of_source: T) -> &mut T {
        let place = self.0.partition_point(|(known, _)| *known < source);
        if self.0.get(place).is_none_or(|(known, _)| *known != source) {
            self.0.insert(place, (source, of_source));
        }
        &mut self.0[place].1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.0.iter().map(|(source, of_source)| (*source, of_source))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, of_source)| of_source)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, of_source)| of_source)
    }
}
