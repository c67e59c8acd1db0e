//! The logs of runs, as far as a page shows them. Following and downloading are not server functions: see
//! `server/src/http/logs.rs`.

mod views;

pub use views::{LogFound, LogMatch, LogOf, LogPage, LogPiece, LogQuery};

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::ssr;
use leptos::prelude::*;

/// What a run wrote: the part that the address asks for, and what is found in it.
#[server]
pub async fn run_log(id: i64, query: LogQuery) -> Result<LogPage, AppError> {
    let (_, caller) = ssr::domain().map_err(ssr::refuse)?;
    let logs = ssr::logs().map_err(ssr::refuse)?;
    let view = logs.view(&caller, id, query.ask()).await.map_err(ssr::refuse)?;
    let found = match query.search() {
        Some(search) => {
            let found = logs.search(&caller, id, &search).await.map_err(ssr::refuse)?;
            Some(LogFound::new(search, found))
        }
        None => None,
    };
    Ok(LogPage::new(&query, view, found))
}
