//! `/api-docs`

mod call;
mod endpoint;
mod executors;

use crate::api::api_docs::{EndpointLine, Endpoints, list_endpoints};
use crate::components::at_once::TakenAtOnce;
use crate::components::copy_button::CopyBlock;
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::filter_bar::{FilterBar, SearchFilter};
use crate::components::page_title::{PageTitle, Section};
use crate::components::resource::resource;
use crate::i18n::*;
use crate::routes;
use endpoint::{Endpoint, Marks, curl};
use executors::ExecutorCalls;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The list, or the endpoint that the address names.
#[component]
pub fn ApiDocs() -> impl IntoView {
    let address = use_query_map();
    let name = Memo::new(move |_| address.read().get("endpoint").unwrap_or_default());
    move || match name.get() {
        name if name.is_empty() => view! { <List/> }.at_once(),
        name => view! { <Endpoint name/> }.at_once(),
    }
}

#[component]
fn List() -> impl IntoView {
    let found = resource(|| (), |()| list_endpoints());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match found.await {
                    Ok(found) => view! { <Content found/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Content(found: Endpoints) -> impl IntoView {
    let i18n = use_i18n();
    let Endpoints { base, lines, executors } = found;
    let (all, address) = (lines.len(), use_query_map());
    let wanted = Memo::new(move |_| address.read().get("q").unwrap_or_default().trim().to_lowercase());
    let lines = StoredValue::new(lines);
    let shown = move || lines.with_value(|lines| groups(lines, &wanted.read()));
    let (name, nothing) = ("query[q]".to_owned(), String::new());
    let example = curl(&format!("{base}/rpc/app/api/jobs/list_jobs"), &[(name, nothing)]);
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, api.title)>
                <span class="muted t13">{tu_string!(i18n, api.count, n = all)}</span>
            </PageTitle>
            <p class="mt-1 max-w-140 text-muted t13">{with_code(tu_string!(i18n, api.how))}</p>
            <p class="mt-1 max-w-140 text-muted t13">
                {tu_string!(i18n, api.token)} " "
                <a class="act" href=routes::account()>{tu_string!(i18n, api.to_tokens)}</a>
            </p>
            <div class="mt-3 max-w-180"><CopyBlock text=example/></div>
            <FilterBar action=routes::api_docs()>
                <SearchFilter label=tu_string!(i18n, api.search)/>
            </FilterBar>
            {move || {
                let shown = shown();
                if shown.is_empty() {
                    let (title, text) = (tu_string!(i18n, api.none), tu_string!(i18n, api.none_text));
                    return view! { <Empty title text/> }.at_once();
                }
                shown.into_iter().map(group).collect_view().at_once()
            }}
            <ExecutorCalls calls=executors/>
        </div>
    }
}

/// Those that go by the text, by the file they stand in.
fn groups(lines: &[EndpointLine], text: &str) -> Vec<(String, Vec<EndpointLine>)> {
    let goes_by = |line: &&EndpointLine| line.name.contains(text) || line.text.to_lowercase().contains(text);
    let mut groups: Vec<(String, Vec<EndpointLine>)> = Vec::new();
    for line in lines.iter().filter(goes_by) {
        let file = line.name.rsplit_once('/').map_or("", |(file, _)| file);
        match groups.last_mut() {
            Some((last, lines)) if last == file => lines.push(line.clone()),
            _ => groups.push((file.to_owned(), vec![line.clone()])),
        }
    }
    groups
}

fn group((file, lines): (String, Vec<EndpointLine>)) -> impl IntoView {
    view! {
        <Section title=file>
            <ul class="endpoints">{lines.into_iter().map(row).collect_view()}</ul>
        </Section>
    }
}

fn row(line: EndpointLine) -> impl IntoView {
    let href = routes::api_endpoint(&line.name);
    view! {
        <li>
            <p>
                <span class="method">{line.method.clone()}</span>
                <a class="mono" href=href>{line.path.clone()}</a>
                <Marks line=line.clone()/>
            </p>
            <p class="muted">{with_code(&line.text)}</p>
        </li>
    }
}

/// A text in which what stands between backticks is code.
fn with_code(text: &str) -> impl IntoView + use<> {
    let part = |(index, part): (usize, &str)| match index % 2 {
        0 => part.to_owned().at_once(),
        _ => view! { <code class="mono">{part.to_owned()}</code> }.at_once(),
    };
    text.split('`').enumerate().map(part).collect_view()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::api_docs::Reach;

    #[test]
    fn endpoints_stand_under_the_file_they_are_in_and_go_by_path_and_text() {
        let line = |name: &str, text: &str| EndpointLine {
            name: name.to_owned(),
            path: format!("/rpc/app/api/{name}"),
            method: "POST".to_owned(),
            text: text.to_owned(),
            reach: Reach::Token,
            changes: false,
        };
        let lines =
            [line("jobs/code/job_code", "A job's code."), line("jobs/job", "One."), line("runs/run", "One.")];
        let files = |text: &str| groups(&lines, text).into_iter().map(|(file, _)| file).collect::<Vec<_>>();
        assert_eq!(files(""), ["jobs/code", "jobs", "runs"]);
        assert_eq!(files("run"), ["runs"]);
        assert_eq!(files("one."), ["jobs", "runs"]);
    }
}
