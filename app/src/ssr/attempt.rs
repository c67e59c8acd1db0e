//! Of two transactions that meet the database gives up one, and nothing is changed by it. Nobody needs to be told: a
//! server function that ends so is carried out again, as its caller would do.

use http::request::Parts;
use leptos::prelude::use_context;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One carrying out of a request that is not the last: it goes along in the request's extensions.
#[derive(Clone, Debug, Default)]
pub struct Attempt(Arc<AtomicBool>);

impl Attempt {
    /// Whether it was given up, and its answer says nothing.
    pub fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Its answer is to be thrown away.
    pub fn give_up(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The one that is going on; none where there will be no other after it.
    pub(super) fn current() -> Option<Self> {
        use_context::<Parts>()?.extensions.get().cloned()
    }
}
