//! The engine and the readers on a simulated disk.

use super::{disk::Disk, fate::Fate};
use linepass::store::{
    StoreError,
    engine::{Engine, Pair, Readers, Rows},
};
use std::{io, ops::Bound, time::Duration};

/// Keeps rows on a simulated disk, as sled keeps them on a real one.
pub struct SimEngine {
    pub disk: Disk,
    pub fate: Fate,
}

fn failed(error: io::Error) -> StoreError {
    StoreError::Engine(error.to_string())
}

impl SimEngine {
    /// One operation of the engine; a failed one leaves it unusable.
    fn operate(
        &self,
        what: &str,
    ) -> Result<std::sync::MutexGuard<'_, super::disk::State>, StoreError> {
        self.disk.state().is_usable().map_err(failed)?;
        self.disk.operate(what).map_err(|error| {
            self.disk.state().poison();
            failed(error)
        })
    }
}

impl Engine for SimEngine {
    type Bytes = Vec<u8>;
    type Scan = Scan;

    fn apply(&self, rows: Rows) -> Result<(), StoreError> {
        self.operate(&format!("apply {} rows", rows.len()))?.apply(rows);
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.operate("flush")?.flush();
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        match self.operate("sync") {
            Ok(mut state) => {
                state.sync();
                Ok(())
            }
            Err(error) => {
                let lost = self.fate.percent(50);
                self.disk.state().fail_sync(lost);
                Err(error)
            }
        }
    }

    async fn disk_time(&self) {
        tokio::time::sleep(Duration::from_millis(self.disk.sync_ms())).await;
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.disk.state();
        state.is_usable().map_err(failed)?;
        Ok(state.visible().get(key).cloned())
    }

    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.get(key)?.is_some())
    }

    fn range(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Scan {
        let (from, to) = (from.map(<[u8]>::to_vec), to.map(<[u8]>::to_vec));
        Scan { disk: self.disk.clone(), from, to }
    }
}

/// Rows of a range as they are when each is looked at.
pub struct Scan {
    disk: Disk,
    from: Bound<Vec<u8>>,
    to: Bound<Vec<u8>>,
}

impl Scan {
    fn is_over(&self) -> bool {
        match (&self.from, &self.to) {
            (Bound::Included(from), Bound::Included(to)) => from > to,
            (
                Bound::Included(from) | Bound::Excluded(from),
                Bound::Included(to) | Bound::Excluded(to),
            ) => from >= to,
            _ => false,
        }
    }

    fn look(&self, last: bool) -> Option<Pair<Vec<u8>>> {
        if self.is_over() {
            return None;
        }
        let state = self.disk.state();
        if let Err(error) = state.is_usable() {
            return Some(Err(failed(error)));
        }
        let mut rows = state.visible().range((self.from.clone(), self.to.clone()));
        let row = if last { rows.next_back() } else { rows.next() };
        row.map(|(key, row)| Ok((key.clone(), row.clone())))
    }
}

impl Iterator for Scan {
    type Item = Pair<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.look(false)?;
        if let Ok((key, _)) = &row {
            self.from = Bound::Excluded(key.clone());
        }
        Some(row)
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Self::Item> {
        let row = self.look(true)?;
        if let Ok((key, _)) = &row {
            self.to = Bound::Excluded(key.clone());
        }
        Some(row)
    }
}

/// Reads after a while that the seed says, on the one thread there is.
pub struct SimReaders(pub Fate);

impl Readers for SimReaders {
    async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.wait_below(3).await;
        read()
    }
}
