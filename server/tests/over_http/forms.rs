//! Forms as they are drawn here, and as a browser without scripts sends them.

use crate::support::TestServer;
use app::components::field::{Choice, SelectField};
use app::components::form::PlainForm;
use app::i18n::I18nContextProvider;
use entity::user::UserRole;
use http::StatusCode;
use leptos::prelude::*;

/// A page may be drawn twice, when what it shows is there before it is asked for; a field outside of the form was
/// taken for one of it then.
#[tokio::test]
async fn a_form_is_unknown_to_what_is_beside_it_however_often_both_are_drawn() {
    let _server = TestServer::start().await;
    let draw = || {
        let choices = || vec![Choice::new("1", "one")];
        view! {
            <SelectField name="beside" label="Beside" options=choices()/>
            <PlainForm id="around" action="/somewhere">
                <SelectField name="within" label="Within" options=choices()/>
            </PlainForm>
        }
    };
    let twice = move || {
        drop(draw());
        draw()
    };
    let page = || {
        view! {
            <I18nContextProvider set_lang_attr_on_html=false set_dir_attr_on_html=false enable_cookie=false>
                {twice()}
            </I18nContextProvider>
        }
    };
    let html = Owner::new().with(|| page().to_html());
    assert!(html.contains("id=\"field-beside\"") && html.contains("id=\"around-within\""), "{html}");
}

/// It was shown as JSON.
#[tokio::test]
async fn what_a_function_cannot_read_leads_back_to_the_form_which_says_so() {
    let server = TestServer::start().await;
    let cookie = server.signed_in("ada", UserRole::SuperAdmin).await;
    let request = server.post("/rpc/app/api/alert_rules/silence_alert_rule").body("id=1");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("cookie", &cookie).header("accept", "text/html");
    let answer = request.header("referer", server.url("/settings/alerts/1")).send().await.unwrap();
    let headers = answer.headers();
    assert_eq!(
        (answer.status(), headers["location"].as_bytes()),
        (StatusCode::FOUND, &b"/settings/alerts/1"[..])
    );
    let set: Vec<&str> =
        headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()).collect();
    assert!(set.iter().any(|value| value.starts_with("flash=") && value.contains("hours")), "{set:?}");
}
