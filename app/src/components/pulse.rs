//! What happens again and again while somebody looks.

use leptos::prelude::*;
use std::time::Duration;

/// Calls `tick` every `period` while the page is in sight; from the first effect on, hence only where
/// scripts run. Ends with the component.
pub fn while_visible(period: Duration, tick: impl Fn() + 'static) {
    let tick = std::rc::Rc::new(tick);
    Effect::new(move || {
        let tick = tick.clone();
        let timer = set_interval_with_handle(
            move || {
                if !document().hidden() {
                    tick();
                }
            },
            period,
        );
        on_cleanup(move || {
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
}

/// Whether scripts run here: false in what the server sends, true from the first effect on.
pub fn use_scripts() -> ReadSignal<bool> {
    let (scripts, set_scripts) = signal(false);
    Effect::new(move || set_scripts.set(true));
    scripts
}
