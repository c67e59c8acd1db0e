//! JavaScript that only some pages need: each file of `app/scripts` is bundled to `/scripts/<name>.js`.
//!
//! The page's policy lets a script that it trusts add further ones, so nothing here needs a nonce. A
//! script defines a custom element (`<code-editor>`): whatever stands on the page, and on those visited
//! later, then takes effect without a call. Without scripts the element is what it contains.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::{HtmlScriptElement, Node};

/// Marks a script that has been run.
const READY: &str = "data-ready";

/// Loads `/scripts/<name>.js` in the browser, once the page is alive; a document runs it once.
#[component]
pub fn ScriptModule(name: &'static str) -> impl IntoView {
    use_script_module(name);
}

/// The same, telling when the script has been run.
pub fn use_script_module(name: &'static str) -> ReadSignal<bool> {
    let (is_ready, set_ready) = signal(false);
    // Not before: what a script does to the page must not be in the way of hydration.
    Effect::new(move || {
        let Some(script) = loaded(name).or_else(|| load(name)) else { return };
        if script.has_attribute(READY) {
            set_ready.set(true);
            return;
        }
        let target: web_sys::EventTarget = script.clone().into();
        let on_load = move |_: web_sys::Event| {
            drop(script.set_attribute(READY, ""));
            // The page may be gone by now.
            set_ready.try_set(true);
        };
        let on_load = leptos::wasm_bindgen::prelude::Closure::once_into_js(on_load);
        drop(target.add_event_listener_with_callback("load", on_load.unchecked_ref()));
    });
    is_ready
}

fn address(name: &str) -> String {
    format!("/scripts/{name}.js")
}

/// The script, if the document has it already.
fn loaded(name: &str) -> Option<HtmlScriptElement> {
    let found = document().query_selector(&format!("script[src=\"{}\"]", address(name))).ok()??;
    found.dyn_into().ok()
}

fn load(name: &str) -> Option<HtmlScriptElement> {
    let script: HtmlScriptElement = document().create_element("script").ok()?.dyn_into().ok()?;
    script.set_type("module");
    script.set_src(&address(name));
    document().head()?.append_child(script.unchecked_ref::<Node>()).ok()?;
    Some(script)
}
