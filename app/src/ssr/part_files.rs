//! The files of the browser's program that a page needs, so that browsers ask for them at once and not one
//! after the other.

use crate::parts::Part;
use axum::http::request::Parts;
use leptos::prelude::use_context;
use std::collections::HashMap;

/// The names of the files, without `.wasm`, by part of the program; nothing where it is one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartFiles(pub HashMap<String, Vec<String>>);

impl PartFiles {
    /// Those of the page that is asked for.
    pub(crate) fn of_request(&self) -> &[String] {
        let part = use_context::<Parts>().and_then(|request| Part::of(request.uri.path()));
        part.and_then(|part| self.0.get(part.name())).map_or(&[], Vec::as_slice)
    }
}
