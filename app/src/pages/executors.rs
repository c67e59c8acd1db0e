//! `/executors` and below.

pub mod detail;
pub mod edit;
mod enrolment;
mod form;
mod gauges;
mod handlers;
mod history;
mod instances;
pub mod list;
pub mod new;
mod queue;
mod turned_away;

use crate::i18n::*;
use entity::executor::Registration;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// How instances become known, in words.
fn registration_word(registration: Registration) -> &'static str {
    let i18n = use_i18n();
    match registration {
        Registration::Automatic => tu_string!(i18n, executors.automatic),
        Registration::Manual => tu_string!(i18n, executors.manual),
    }
}

/// The executor's id in the address. What is no number is nobody's id.
fn use_executor_id() -> Memo<i32> {
    let params = use_params_map();
    Memo::new(move |_| params.read().get("id").and_then(|id| id.parse().ok()).unwrap_or(0))
}
