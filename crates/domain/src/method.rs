//! Which ways of proving identity are strong enough (R71).

use mydata_wire::Verification;

use crate::dataset::Dataset;

/// The strictest of what the datasets need, and the dataset that needs it. `None` when there is no dataset.
pub fn strictest<'a>(datasets: impl IntoIterator<Item = &'a Dataset>) -> Option<&'a Dataset> {
    datasets.into_iter().min_by_key(|d| d.weakest_verification)
}

/// Whether every dataset accepts `method`.
pub fn accepted<'a>(method: Verification, datasets: impl IntoIterator<Item = &'a Dataset>) -> bool {
    datasets.into_iter().all(|d| method.satisfies(d.weakest_verification))
}
