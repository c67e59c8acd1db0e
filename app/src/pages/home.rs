//! `/`: is anything wrong, what runs now, what comes next, how today compares.

mod broken;
mod first_step;
mod today;
mod under_way;
mod unreadable;
mod wrong;

use crate::api::home::{Overview, read_overview};
use crate::api::statistics::{TodayView, today};
use crate::components::at_once::TakenAtOnce;
use crate::components::error_page::ErrorPage;
use crate::components::live::{LiveSwitch, use_polled};
use crate::components::page_title::PageTitle;
use crate::components::resource::{Resource, resource};
use crate::components::time::full;
use crate::error::AppError;
use crate::i18n::*;
use crate::routes;
use crate::visit::{use_may, use_visit};
use broken::BrokenNotice;
use first_step::FirstSteps;
use leptos::prelude::*;
use today::Today;
use under_way::{NextFires, RunningNow};
use unreadable::UnreadableJobs;
use wrong::{WentWrong, WrongCounts};

#[component]
pub fn Home() -> impl IntoView {
    let overview = resource(|| (), |()| read_overview());
    let today = resource(|| (), |()| today());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match overview.await {
                    Ok(overview) => view! { <Content overview today/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Content(overview: Overview, today: Resource<Result<TodayView, AppError>>) -> impl IntoView {
    let i18n = use_i18n();
    let (present, live) = use_polled(overview, read_overview);
    let visit = use_visit();
    let date = full(visit.now, &visit.zone).chars().take(10).collect::<String>();
    let may_freeze = use_may().operate;
    let first_step = Memo::new(move |_| present.read().first_step);
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, common.home) actions=move || {
                view! {
                    {may_freeze.then(|| view! {
                        <a class="act" href=routes::freezes()>{tu_string!(i18n, freezes.freeze)}</a>
                    })}
                    <LiveSwitch live/>
                }
            }>
                <span class="muted t13">{date}</span>
            </PageTitle>
            {move || match first_step.get() {
                Some(step) => view! { <FirstSteps step/> }.at_once(),
                None => {
                    view! {
                        <BrokenNotice present/>
                        <UnreadableJobs present/>
                        <WrongCounts present/>
                        <WentWrong present/>
                        <div class="two">
                            <RunningNow present/>
                            <NextFires present/>
                        </div>
                        <Today found=today/>
                    }
                        .at_once()
                }
            }}
        </div>
    }
}
