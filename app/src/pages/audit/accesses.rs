//! Who came, was turned away, or read the audit.

use super::words::event_word;
use crate::api::audit::{AccessLine, AccessLines};
use crate::components::pagination::Pagination;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;

#[component]
pub fn Accesses(lines: AccessLines) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, audit.actor)),
        Column::new(tu_string!(i18n, audit.what)).class("cw-5"),
        Column::new(tu_string!(i18n, audit.about)),
        Column::new(tu_string!(i18n, audit.at)).number().class("cw-5"),
        Column::new(tu_string!(i18n, audit.sealed_by)).number().class("cw-3"),
    ];
    let older = lines.next.as_deref().map(routes::audit_accesses);
    view! {
        <DataTable label=tu_string!(i18n, audit.accesses) columns>
            {lines.lines.into_iter().map(row).collect_view()}
        </DataTable>
        <Pagination newer=None older/>
    }
}

fn row(line: AccessLine) -> impl IntoView {
    view! {
        <tr>
            <td>
                <span class="name">{line.actor}</span>
                <span class="sub">{line.address}</span>
            </td>
            <td class="p1">{event_word(line.event)}</td>
            <td class="p2 mono muted wrap">{line.about}</td>
            <td class="p2 num muted"><Time at=line.at style=TimeStyle::Full/></td>
            <td class="num muted">{line.sealed_by}</td>
        </tr>
    }
}
