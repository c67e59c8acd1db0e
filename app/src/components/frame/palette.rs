//! The command palette: by Ctrl-K (⌘K on a Mac) or the control in the bar, to everything that has a name. Without
//! scripts the control leads to the search page.
//!
//! A modal dialog around a combobox whose list is always open: the focus stays in the field, and
//! `aria-activedescendant` says which option Enter takes.

use crate::api::search::{Found, search};
use crate::components::found::{Entry, Group, groups};
use crate::components::icon::{Icon, IconName};
use crate::components::pulse::use_scripts;
use crate::error::Message;
use crate::i18n::*;
use crate::routes;
use crate::words::sentence;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

/// How long nothing has to be typed before the server is asked.
const REST: Duration = Duration::from_millis(150);
const LIST: &str = "palette-list";

#[component]
pub fn Palette() -> impl IntoView {
    let i18n = use_i18n();
    let scripts = use_scripts();
    let dialog = NodeRef::<html::Dialog>::new();
    let is_open = RwSignal::new(false);
    let close = Callback::new(move |()| {
        // Its event says that it is closed, also where Escape does it; the focus returns by itself.
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    });
    let open = move || {
        if let Some(dialog) = dialog.get_untracked().filter(|dialog| !dialog.open()) {
            is_open.set(true);
            // What is not open can be shown.
            drop(dialog.show_modal());
        }
    };
    Effect::new(move || {
        let keys = window_event_listener(leptos::ev::keydown, move |event| {
            if is_shortcut(&event) {
                event.prevent_default();
                match is_open.get_untracked() {
                    true => close.run(()),
                    false => open(),
                }
            }
        });
        on_cleanup(move || keys.remove());
    });
    let shortcut = move || if is_mac() { "⌘K" } else { "Ctrl K" };
    let find = tu_string!(i18n, search.find);
    view! {
        <form class="find" action=routes::search("") method="get">
            <button
                aria-label=find
                aria-haspopup=move || scripts.get().then_some("dialog")
                aria-keyshortcuts=move || scripts.get().then_some("Control+K Meta+K")
                on:click=move |event| {
                    event.prevent_default();
                    open();
                }
            >
                <Icon name=IconName::Search/>
                <span>{find}</span>
                {move || scripts.get().then(|| view! { <kbd>{shortcut()}</kbd> })}
            </button>
        </form>
        <dialog
            class="palette"
            aria-label=find
            node_ref=dialog
            on:close=move |_| is_open.set(false)
            on:click=move |event| {
                // On the dialog itself, hence beside what stands in it.
                if event.target() == event.current_target() {
                    close.run(());
                }
            }
        >
            {move || is_open.get().then(|| view! { <Panel close/> })}
        </dialog>
    }
}

/// What the server said: to which text, and what, or why not.
#[derive(Clone, Default, PartialEq)]
struct Answer {
    text: String,
    found: Found,
    trouble: Option<Message>,
}

#[component]
fn Panel(close: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let (text, set_text) = signal(String::new());
    let (chosen, set_chosen) = signal(0_usize);
    let answer = RwSignal::new(Answer::default());
    let options = Memo::new(move |_| options(&answer.read(), &text.read()));
    let count = Memo::new(move |_| options.read().iter().map(|group| group.entries.len()).sum::<usize>());
    let field = NodeRef::<html::Input>::new();
    let leave = NodeRef::<html::Button>::new();
    Effect::new(move || {
        if let Some(field) = field.get() {
            drop(field.focus());
        }
    });
    let asked = StoredValue::new(0_u32);
    let typed = move |new: String| {
        set_text.set(new.clone());
        set_chosen.set(0);
        asked.update_value(|asked| *asked += 1);
        ask_later(new, asked, answer);
    };
    let choose = move |index: usize| {
        set_chosen.set(index);
        if let Some(option) = document().get_element_by_id(&option_id(index)) {
            let nearest = ScrollIntoViewOptions::new();
            nearest.set_block(ScrollLogicalPosition::Nearest);
            option.scroll_into_view_with_scroll_into_view_options(&nearest);
        }
    };
    let key = move |event: KeyboardEvent| {
        // While an input method composes, its keys are its own.
        if event.is_composing() {
            return;
        }
        let (chosen, count) = (chosen.get_untracked(), count.get_untracked().max(1));
        match event.key().as_str() {
            "ArrowDown" => choose((chosen + 1) % count),
            "ArrowUp" => choose((chosen + count - 1) % count),
            "Enter" => take(chosen),
            "Tab" => drop(leave.get_untracked().map(|leave| leave.focus())),
            _ => return,
        }
        event.prevent_default();
    };
    let back = move |event: KeyboardEvent| {
        if event.key() == "Tab" {
            drop(field.get_untracked().map(|field| field.focus()));
            event.prevent_default();
        }
    };
    let list = move || {
        let mut first = 0;
        let shown = options.get().into_iter().map(|group| {
            let from = first;
            first += group.entries.len();
            group_view(group, from, chosen, set_chosen)
        });
        shown.collect_view()
    };
    view! {
        <div class="palette-top">
            <Icon name=IconName::Search/>
            <input
                type="text"
                role="combobox"
                aria-expanded="true"
                aria-controls=LIST
                aria-autocomplete="list"
                aria-activedescendant=move || option_id(chosen.get())
                aria-label=tu_string!(i18n, search.label)
                placeholder=tu_string!(i18n, search.label)
                autocomplete="off"
                spellcheck="false"
                maxlength="100"
                node_ref=field
                on:input=move |event| typed(event_target_value(&event))
                on:keydown=key
            />
            <button
                type="button"
                class="palette-close"
                aria-label=tu_string!(i18n, common.close)
                node_ref=leave
                on:keydown=back
                on:click=move |_| close.run(())
            >
                "Esc"
            </button>
        </div>
        <div
            class="palette-list"
            id=LIST
            role="listbox"
            aria-label=tu_string!(i18n, search.results)
            on:click=move |event| {
                // In a tab of its own: whoever does that goes on here.
                if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                    close.run(());
                }
            }
        >
            {list}
        </div>
        <div class="palette-foot">
            <p class="palette-keys" aria-hidden="true">
                <span><kbd>"↑"</kbd> <kbd>"↓"</kbd> {tu_string!(i18n, search.keys_move)}</span>
                <span><kbd>"↵"</kbd> {tu_string!(i18n, search.keys_open)}</span>
            </p>
            <p class="cut" role="status">{move || status(&answer.read(), &text.read())}</p>
        </div>
    }
}

fn group_view(
    group: Group,
    from: usize,
    chosen: ReadSignal<usize>,
    set_chosen: WriteSignal<usize>,
) -> impl IntoView {
    let id = format!("palette-group-{from}");
    let option = move |(index, entry): (usize, Entry)| {
        let is_chosen = move || chosen.get() == index;
        view! {
            <a
                id=option_id(index)
                role="option"
                tabindex="-1"
                href=entry.href
                aria-selected=move || is_chosen().to_string()
                on:mousemove=move |_| {
                    if !is_chosen() {
                        set_chosen.set(index);
                    }
                }
            >
                <Icon name=entry.icon/>
                <span class="cut">{entry.label}</span>
                <span class="note cut">{entry.note}</span>
            </a>
        }
    };
    view! {
        <div role="group" aria-labelledby=id.clone()>
            <p id=id.clone()>{group.title}</p>
            {(from..).zip(group.entries).map(option).collect_view()}
        </div>
    }
}

/// All that goes by the text; at the end, the page that searches for it.
fn options(answer: &Answer, text: &str) -> Vec<Group> {
    let i18n = use_i18n();
    let text = text.trim();
    let found = match answer.text == text {
        true => answer.found.clone(),
        false => answer.found.clone().narrowed(text),
    };
    let mut options = groups(&found, text);
    if !text.is_empty() {
        let label = tu_string!(i18n, search.all_for, text = text.to_owned());
        let all = Entry { href: routes::search(text), icon: IconName::Search, label, note: String::new() };
        options.push(Group { title: tu_string!(i18n, common.search), entries: vec![all] });
    }
    options
}

/// How much was found, once the server has answered.
fn status(answer: &Answer, text: &str) -> String {
    let i18n = use_i18n();
    let text = text.trim();
    if text.is_empty() || answer.text != text {
        return String::new();
    }
    if let Some(trouble) = &answer.trouble {
        return sentence(i18n.get_locale_untracked(), trouble);
    }
    match groups(&answer.found, text).iter().map(|group| group.entries.len()).sum::<usize>() {
        0 => tu_string!(i18n, search.none, text = text.to_owned()),
        n => tu_string!(i18n, search.found_n, n = n),
    }
}

/// Asks once nothing more was typed for a moment; an answer to what has been typed over is dropped.
fn ask_later(text: String, asked: StoredValue<u32>, answer: RwSignal<Answer>) {
    let Some(mine) = asked.try_get_value() else { return };
    let is_last = move || asked.try_get_value() == Some(mine);
    set_timeout(
        move || {
            if !is_last() {
                return;
            }
            leptos::task::spawn_local(async move {
                let text = text.trim().to_owned();
                let (found, trouble) = match search(text.clone()).await {
                    Ok(found) => (found, None),
                    Err(error) => (Found::default(), Some(error.sentence())),
                };
                if is_last() {
                    answer.try_set(Answer { text, found, trouble });
                }
            });
        },
        REST,
    );
}

fn option_id(index: usize) -> String {
    format!("palette-{index}")
}

/// Goes where the option leads, as a click on it does.
fn take(index: usize) {
    let option = document().get_element_by_id(&option_id(index));
    if let Some(option) = option.and_then(|option| option.dyn_into::<HtmlElement>().ok()) {
        option.click();
    }
}

/// On a Mac, Ctrl-K deletes to the end of the line.
fn is_shortcut(event: &KeyboardEvent) -> bool {
    let (wanted, other) = match is_mac() {
        true => (event.meta_key(), event.ctrl_key()),
        false => (event.ctrl_key(), event.meta_key()),
    };
    let is_plain = wanted && !other && !event.alt_key() && !event.shift_key();
    is_plain && event.key().eq_ignore_ascii_case("k") && !event.default_prevented()
}

fn is_mac() -> bool {
    window()
        .navigator()
        .platform()
        .is_ok_and(|platform| ["Mac", "iP"].iter().any(|apple| platform.starts_with(apple)))
}
