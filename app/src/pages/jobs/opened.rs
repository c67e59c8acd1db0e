//! The job that an address names.

use crate::api::jobs::{self, JobView};
use crate::components::at_once::TakenAtOnce;
use crate::components::error_page::ErrorPage;
use crate::components::resource::resource;
use crate::error::{AppError, ErrorKind};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// Shows the page for the job of `/jobs/:id…`, or why there is none.
pub fn opened<V: IntoView + 'static>(page: fn(JobView) -> V) -> impl IntoView {
    let params = use_params_map();
    let job = resource(
        move || params.read().get("id").unwrap_or_default(),
        |id| async move {
            let id = id.parse().map_err(|_| AppError::new(ErrorKind::NotFound))?;
            jobs::job(id).await
        },
    );
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match job.await {
                    Ok(view) => page(view).at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}
