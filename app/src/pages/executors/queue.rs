//! What waits for an executor, in the order in which it goes.

use crate::api::executors::{MoveToFront, QueueLine, QueueView, queue};
use crate::api::may::May;
use crate::components::at_once::TakenAtOnce;
use crate::components::live::{LiveSwitch, use_polled};
use crate::components::page_title::Section;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::components::toast::show_errors;
use crate::i18n::*;
use crate::pages::runs::words::reason_words;
use crate::routes;
use leptos::prelude::*;

/// Runs that are out, of how many that may be; and those that wait. Nothing where nothing waits and
/// nothing is limited.
#[component]
pub fn Queue(executor_id: i32, may: May, queue: QueueView, max_parallel: String) -> impl IntoView {
    let i18n = use_i18n();
    let front = ServerAction::<MoveToFront>::new();
    show_errors(front);
    let (present, live) = use_polled(queue, move || self::queue(executor_id));
    let is_limited = !max_parallel.is_empty();
    let out = move || {
        let out = present.read().out;
        match is_limited {
            true => tu_string!(i18n, executors.out_of, n = out, most = max_parallel.clone()),
            false => tu_string!(i18n, executors.out, n = out),
        }
    };
    let note = Signal::derive(out);
    let is_shown = Memo::new(move |_| is_limited || !present.read().lines.is_empty());
    move || {
        is_shown.get().then(|| {
            view! {
                <Section
                    title=tu_string!(i18n, executors.queue)
                    actions=move || view! { <span>{note}</span><LiveSwitch live/> }
                >
                    {move || lines(&present.read(), may, front)}
                </Section>
            }
        })
    }
}

fn lines(queue: &QueueView, may: May, front: ServerAction<MoveToFront>) -> AnyView {
    let i18n = use_i18n();
    if queue.lines.is_empty() {
        return view! { <p class="muted t13 py-2">{tu_string!(i18n, executors.queue_empty)}</p> }.at_once();
    }
    let columns = vec![
        Column::new(tu_string!(i18n, executors.job)),
        Column::new(tu_string!(i18n, executors.queue_why)),
        Column::new(tu_string!(i18n, executors.queue_due)).class("cw-4").number(),
        Column::new(tu_string!(i18n, executors.to_front)).actions().class("cw-3"),
    ];
    let rows = queue
        .lines
        .iter()
        .enumerate()
        .map(|(place, line)| row(may.operate && place > 0, line.clone(), front));
    let rows: Vec<_> = rows.collect();
    let more = queue.more.then(|| tu_string!(i18n, executors.queue_more));
    view! {
        <DataTable label=tu_string!(i18n, executors.queue) columns inner=true>{rows}</DataTable>
        {more.map(|text| view! { <p class="muted t12 py-2">{text}</p> })}
    }
    .at_once()
}

fn row(may_move: bool, line: QueueLine, front: ServerAction<MoveToFront>) -> impl IntoView {
    let i18n = use_i18n();
    let name = line.job_name.unwrap_or_else(|| tu_string!(i18n, runs.deleted_job, id = line.job_id));
    let why = reason_words(i18n, line.reason).unwrap_or(tu_string!(i18n, executors.queue_not_due));
    let to_front = may_move.then(|| {
        view! {
            <ActionForm action=front>
                <input type="hidden" name="run_id" value=line.run_id/>
                <button class="act">{tu_string!(i18n, executors.to_front)}</button>
            </ActionForm>
        }
    });
    view! {
        <tr>
            <td>
                <a class="name" href=routes::run(line.run_id)>{name}</a>
                <span class="sub tn">{line.run_id}</span>
            </td>
            <td class="p2 muted">{why}</td>
            <td class="p1 num muted"><Time at=line.due_at style=TimeStyle::Short/></td>
            <td class="num">{to_front}</td>
        </tr>
    }
}
