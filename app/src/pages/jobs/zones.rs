//! Time zones to choose from while typing one.

use leptos::prelude::*;

/// The `id` of the list, for an input's `list`.
pub const ZONES: &str = "zones";

/// Offered by the server. Any name of the IANA database may be typed.
const USUAL: [&str; 44] = [
    "UTC",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Lima",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Phoenix",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Toronto",
    "Asia/Bangkok",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Asia/Ho_Chi_Minh",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Taipei",
    "Asia/Tokyo",
    "Asia/Urumqi",
    "Australia/Perth",
    "Australia/Sydney",
    "Europe/Amsterdam",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Moscow",
    "Europe/Paris",
    "Europe/Zurich",
    "Pacific/Auckland",
];

/// The list for inputs of time zones: the usual ones, and where scripts run all that the browser knows.
#[component]
pub fn ZoneList() -> impl IntoView {
    let zones = RwSignal::new(USUAL.map(str::to_owned).to_vec());
    Effect::new(move || {
        if let Some(all) = known_to_browser() {
            zones.set(all);
        }
    });
    view! {
        <datalist id=ZONES>
            {move || zones.get().into_iter().map(|zone| view! { <option value=zone></option> }).collect_view()}
        </datalist>
    }
}

/// `Intl.supportedValuesOf("timeZone")`, which lacks UTC; older browsers do not have it.
fn known_to_browser() -> Option<Vec<String>> {
    use js_sys::{Array, Function, Reflect};
    use wasm_bindgen::JsCast;
    let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let list: Function = Reflect::get(&intl, &"supportedValuesOf".into()).ok()?.dyn_into().ok()?;
    let zones: Array = list.call1(&intl, &"timeZone".into()).ok()?.dyn_into().ok()?;
    let names = zones.iter().filter_map(|zone| zone.as_string());
    Some(std::iter::once("UTC".to_owned()).chain(names).collect())
}
