//! The browser's entry: brings the server-rendered console to life.

// The whole application is one type here: deeper than the compiler's usual limit.
#![recursion_limit = "256"]

use app::parts::Part;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script that loads this module. Where the page's own part of the program cannot be loaded,
/// the page stays as the server sent it, and works as without scripts.
#[wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    let path = leptos::prelude::location_pathname().unwrap_or_default();
    if let Some(part) = Part::of(&path)
        && !part.load().await
    {
        leptos::logging::error!("a part of the console could not be loaded");
        return;
    }
    leptos::mount::hydrate_body(app::App);
    // From now on clicks are heard: browser tests wait for this.
    if let Some(root) = leptos::prelude::document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
}
