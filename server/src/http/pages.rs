//! The console: pages and server functions, with everything that stands between them and a browser.

use crate::http::{access, again, assets, audit, logs, security, sessions};
use crate::state::ServerState;
use app::ssr::{ApiDocs, PublicUrl};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderValue, Method, StatusCode, header};
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{
    AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list, handle_server_fns_with_context,
};
use std::sync::{Arc, LazyLock};
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;

/// Pages at their addresses, server functions below `/rpc/`.
pub fn router(state: &ServerState) -> Router<ServerState> {
    let options = state.leptos.clone();
    let parts = Arc::new(assets::part_files());
    let context = provide_services(state.clone());
    let functions = {
        let context = context.clone();
        post(move |request: Request| handle_server_fns_with_context(context, request))
    };
    let page_context = move || {
        context();
        set_page_policy();
    };
    Router::new()
        .route("/rpc/{*function}", functions)
        .merge(audit::router())
        .merge(logs::router())
        .leptos_routes_with_context(state, ROUTES.clone(), page_context, move || {
            app::shell(options.clone(), &parts)
        })
        // Read from below: the last layer is the outermost.
        .layer(middleware::from_fn(again::until_it_counts))
        .layer(middleware::from_fn_with_state(state.clone(), open_visit))
        .layer(middleware::from_fn_with_state(state.clone(), access::guard))
        .layer(sessions::layer(state.services.clone(), state.settings.cookies_are_secure()))
        .layer(RequestBodyLimitLayer::new(state.settings.http.form_limit_bytes))
        .layer(middleware::from_fn_with_state(state.clone(), security::refuse_cross_site))
        .layer(middleware::from_fn_with_state(state.clone(), bound))
        .layer(CompressionLayer::new())
}

/// The pages' addresses, found out once: while Leptos looks for them, no page of the whole process loads what it
/// shows, and one that another server of the process is sending would wait for ever.
pub static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(find_routes);

/// Rendered on a runtime that is never driven: the application's effects would run after the rendering for
/// the list has been disposed of.
fn find_routes() -> Vec<AxumRouteListing> {
    let list = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let _entered = runtime.enter();
        std::io::Result::Ok(generate_route_list(app::App))
    });
    match list.join() {
        Ok(Ok(routes)) => routes,
        Ok(Err(error)) => panic!("no thread's runtime for the list of pages: {error}"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// What pages and server functions find in their context.
fn provide_services(state: ServerState) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        provide_context(state.services.clone());
        provide_context(state.engine.clone());
        provide_context(state.logs.clone());
        provide_context(state.alerts.clone());
        if state.settings.http.api_docs {
            let executor_prefixes = state.settings.executor_api.prefixes.clone();
            provide_context(ApiDocs { session_functions: &access::SESSION_FUNCTIONS, executor_prefixes });
        }
        if let Some(url) = &state.settings.public_url {
            provide_context(PublicUrl(url.clone()));
        }
    }
}

/// The page's own policy, with the nonce that its scripts carry.
fn set_page_policy() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    if let Ok(policy) = HeaderValue::from_str(&security::page_policy(&nonce)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

async fn open_visit(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    app::ssr::open_visit(state.services.clock.now(), request, next).await
}

/// Bounds the time of a request and the number of pages rendered at the same time.
async fn bound(State(state): State<ServerState>, request: Request<Body>, next: Next) -> Response {
    let is_page = request.method() == Method::GET;
    let work = async {
        // The semaphore is never closed; a permit is held until the page is rendered.
        let _permit = if is_page { state.renders.acquire().await.ok() } else { None };
        next.run(request).await
    };
    match tokio::time::timeout(state.settings.http.request_timeout(), work).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!("the request took too long");
            (StatusCode::SERVICE_UNAVAILABLE, "this took too long; try again\n").into_response()
        }
    }
}
