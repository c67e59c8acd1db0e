//! Calling an endpoint from its page, and what came of it.

use super::endpoint::Sent;
use crate::components::page_title::Section;
use crate::i18n::*;
use crate::routes::percent_encode;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};

/// Characters of an answer that are shown.
const SHOWN: usize = 100_000;

/// What was answered; none is that nothing was.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    status: Option<u16>,
    ms: i64,
    text: String,
}

/// Sends it as the person who is signed in, as a program does.
pub async fn call(path: &str, sent: &Sent) -> Answer {
    let began = js_sys::Date::now();
    let said = fetch(path, &body(sent)).await;
    let ms = (js_sys::Date::now() - began) as i64;
    match said {
        Ok((status, text)) => Answer { status: Some(status), ms, text: pretty(&text) },
        Err(_) => Answer { status: None, ms, text: String::new() },
    }
}

async fn fetch(path: &str, body: &str) -> Result<(u16, String), JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", "application/x-www-form-urlencoded")?;
    // As programs do: what asks for a page is led to one.
    headers.set("accept", "application/json")?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(&body.into());
    let response = JsFuture::from(window().fetch_with_str_and_init(path, &request)).await?;
    let response: Response = response.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.status(), text.as_string().unwrap_or_default()))
}

fn body(sent: &Sent) -> String {
    let pair =
        |(name, value): &(String, String)| format!("{}={}", percent_encode(name), percent_encode(value));
    sent.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// JSON in lines; anything else as it is.
fn pretty(text: &str) -> String {
    let parsed = js_sys::JSON::parse(text).ok();
    let lines = parsed.and_then(|value| {
        js_sys::JSON::stringify_with_replacer_and_space(&value, &JsValue::NULL, &2.into()).ok()
    });
    lines.map_or_else(|| text.to_owned(), String::from)
}

/// The status and the text, once there is an answer.
#[component]
pub fn AnswerView(answer: RwSignal<Option<Answer>>) -> impl IntoView {
    let i18n = use_i18n();
    let status = move || {
        answer.get().map(|answer| match answer.status {
            Some(status) => tu_string!(i18n, api.answered, status = status, ms = answer.ms),
            None => tu_string!(i18n, api.unanswered).to_owned(),
        })
    };
    let text = move || {
        let answer = answer.get().filter(|answer| !answer.text.is_empty())?;
        let is_cut = answer.text.chars().nth(SHOWN).is_some();
        let shown: String = answer.text.chars().take(SHOWN).collect();
        let cut = is_cut.then(|| view! { <p class="muted t13">{tu_string!(i18n, api.cut)}</p> });
        Some(view! { <div class="code"><pre class="answer" tabindex="0">{shown}</pre></div> {cut} })
    };
    view! {
        <div hidden=move || answer.read().is_none()>
            <Section title=tu_string!(i18n, api.answer)>
                <p class="t13 mb-2" role="status">{status}</p>
                {text}
            </Section>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_cannot_break_out_of_its_field() {
        let sent = vec![("form[name]".to_owned(), "a&b=1".to_owned()), ("id".to_owned(), String::new())];
        assert_eq!(body(&sent), "form%5Bname%5D=a%26b%3D1&id=");
    }
}
