//! Who may call what: every server function, page and endpoint, as everybody, with the objects of the own
//! namespace and those of another one. What is not in the table of `expected` fails the test.

#[path = "matrix/expected.rs"]
mod expected;
#[path = "matrix/ground.rs"]
mod ground;

use crate::support::TestServer;
use entity::grant::Role;
use expected::{FUNCTIONS, Needs, PAGES};
use ground::{FOREIGN_WORD, Ground, Persona, Place};
use http::StatusCode;
use reqwest::Response;
use scheduler::authority::Action;
use server::http::access::{FUNCTIONS as RPC, SESSION_FUNCTIONS};
use server::http::pages::ROUTES;
use server_fn::axum::server_fn_paths;
use std::collections::BTreeSet;

/// What is answered, as far as it is about rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Allowed,
    Unauthenticated,
    /// To another page: to sign in, or to change the password.
    SentAway,
    Forbidden,
    NotFound,
    /// The object that the form names is unknown.
    UnknownField,
}

/// What a persona is to get for an object of this place.
fn expected(needs: Needs, who: Persona, place: Place, is_page: bool) -> Verdict {
    let refused_first = match who {
        Persona::Nobody if is_page => Verdict::SentAway,
        Persona::Nobody => Verdict::Unauthenticated,
        _ if is_page => Verdict::SentAway,
        _ => Verdict::Forbidden,
    };
    match needs {
        Needs::Nothing => Verdict::Allowed,
        _ if who == Persona::Nobody => refused_first,
        Needs::OwnAccount => Verdict::Allowed,
        _ if who == Persona::MustChangePassword => refused_first,
        Needs::SignIn => Verdict::Allowed,
        Needs::NobodyElses => Verdict::NotFound,
        Needs::Platform if who == Persona::SuperAdmin => Verdict::Allowed,
        Needs::Platform => Verdict::Forbidden,
        Needs::Somewhere(action) if may(who, action, Place::Own) => Verdict::Allowed,
        Needs::Somewhere(_) => Verdict::Forbidden,
        Needs::Inside(action) | Needs::OnForm(action) if may(who, action, place) => Verdict::Allowed,
        Needs::Inside(_) | Needs::OnForm(_) if may(who, Action::View, place) => Verdict::Forbidden,
        Needs::Inside(_) => Verdict::NotFound,
        Needs::OnForm(_) => Verdict::UnknownField,
    }
}

/// Says on its own what each role may do, so that a change of the rule does not go unseen.
fn may(who: Persona, action: Action, place: Place) -> bool {
    let is_own = place == Place::Own;
    match (who, action) {
        (Persona::SuperAdmin, _) => true,
        (Persona::Owner, _) => is_own,
        (Persona::Viewer | Persona::Operator | Persona::Editor | Persona::Approver, Action::View) => is_own,
        (Persona::Operator | Persona::Editor, Action::OperateJobs) => is_own,
        (Persona::Editor, Action::ManageJobs | Action::ManageExecutors) => is_own,
        (Persona::Approver, Action::Approve) => is_own,
        _ => false,
    }
}

#[tokio::test]
async fn every_server_function_and_page_has_its_line() {
    let registered: BTreeSet<&str> =
        server_fn_paths().filter_map(|(path, _)| path.strip_prefix(&format!("{RPC}app/api/"))).collect();
    let listed: BTreeSet<&str> = FUNCTIONS.iter().map(|(path, ..)| *path).collect();
    assert_eq!(listed.len(), FUNCTIONS.len(), "a function is listed twice");
    assert_eq!(registered, listed, "what is new needs a line that says who may call it");
    let registered: BTreeSet<String> = ROUTES.iter().map(|route| shape(route.path())).collect();
    let listed: BTreeSet<String> = PAGES.iter().map(|(path, _)| shape(path)).collect();
    let endpoints =
        BTreeSet::from(["/audit/export", "/runs/*/log/events", "/runs/*/log/text"].map(str::to_owned));
    let pages: BTreeSet<String> = listed.difference(&endpoints).cloned().collect();
    assert_eq!(registered, pages, "what is new needs a line that says who may open it");
}

/// The address with a star for each of its variable parts.
fn shape(path: &str) -> String {
    let part = |part: &str| match part.starts_with([':', '{', '*']) {
        true => "*".to_owned(),
        false => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_server_function_is_open_to_whom_it_should_be_and_to_nobody_else() {
    let ground = Ground::new(TestServer::start().await).await;
    let mut wrong = Vec::new();
    for (path, needs, body) in FUNCTIONS {
        for (who, place) in cases(needs) {
            let filled = ground.filled(body, who, place).await;
            let request = ground.test.post(&format!("{RPC}app/api/{path}")).body(filled);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answer = ground.signed_in(request, who).await.send().await.unwrap();
            let found = verdict_of_function(needs, answer, who).await;
            note(&mut wrong, path, who, place, found, expected(needs, who, place, false));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whose token, limited to which role, and as whom it acts.
const TOKENS: [(Persona, Role, Persona); 6] = [
    (Persona::SuperAdmin, Role::Viewer, Persona::Viewer),
    (Persona::SuperAdmin, Role::Operator, Persona::Operator),
    (Persona::SuperAdmin, Role::Editor, Persona::Editor),
    (Persona::SuperAdmin, Role::Approver, Persona::Approver),
    (Persona::SuperAdmin, Role::Owner, Persona::Owner),
    // No token may more than its user.
    (Persona::Viewer, Role::Owner, Persona::Viewer),
];

#[tokio::test]
async fn a_token_opens_what_its_limits_and_its_user_open_and_nothing_that_takes_a_session() {
    let ground = Ground::new(TestServer::start().await).await;
    let mut wrong = Vec::new();
    for (user, role, acts_as) in TOKENS {
        let token = ground.token(user, role).await;
        for (path, needs, body) in FUNCTIONS {
            let takes_session = SESSION_FUNCTIONS.contains(&&*format!("{RPC}app/api/{path}"));
            for (_, place) in cases(needs).into_iter().filter(|(who, _)| *who == acts_as) {
                let filled = ground.filled(body, acts_as, place).await;
                let request = ground.test.post(&format!("{RPC}app/api/{path}")).body(filled);
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                let answer = request.bearer_auth(&token).send().await.unwrap();
                let found = verdict_of_function(needs, answer, acts_as).await;
                let expected = match takes_session {
                    true => Verdict::Forbidden,
                    false => expected(needs, acts_as, place, false),
                };
                note(&mut wrong, &format!("{path} by a token of {user:?}"), acts_as, place, found, expected);
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_page_and_endpoint_is_open_to_whom_it_should_be_and_to_nobody_else() {
    let ground = Ground::new(TestServer::start().await).await;
    let mut wrong = Vec::new();
    for (path, needs) in PAGES {
        for (who, place) in cases(needs) {
            let address = ground.filled(path, who, place).await;
            let request = ground.test.get(&address).header("accept", "text/html");
            let answer = ground.signed_in(request, who).await.send().await.unwrap();
            let found = match path.ends_with("/events") {
                // It goes on.
                true => Ok(verdict(answer.status())),
                false => told(answer, who).await.map(|(status, _)| verdict(status)),
            };
            note(&mut wrong, path, who, place, found, expected(needs, who, place, true));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn the_pages_of_alerts_offer_their_buttons_to_those_only_who_may_press_them() {
    let ground = Ground::new(TestServer::start().await).await;
    let pages: [(&str, &[&str]); 5] = [
        ("/settings/alerts", &["href=\"/settings/alerts/new\""]),
        ("/settings/alerts/{rule}", &["/silence_alert_rule", "/delete_alert_rule", ">Save<"]),
        ("/settings/channels", &["href=\"/settings/channels/new\""]),
        ("/settings/channels/{channel}", &["/test_channel", "/delete_channel", ">Save<"]),
        ("/settings/deliveries", &["/send_again"]),
    ];
    for (path, buttons) in pages {
        for who in [Persona::Viewer, Persona::Editor, Persona::Approver, Persona::Owner, Persona::SuperAdmin]
        {
            let address = ground.filled(path, who, Place::Own).await;
            let request = ground.test.get(&address).header("accept", "text/html");
            let page = ground.signed_in(request, who).await.send().await.unwrap().text().await.unwrap();
            for button in buttons {
                let is_offered = page.contains(button);
                let may_press = may(who, Action::ManageAlerts, Place::Own);
                assert_eq!(is_offered, may_press, "{button} on {address} as {who:?}");
            }
        }
    }
}

/// Everybody; where a line is about no namespace, the other one makes no difference.
fn cases(needs: Needs) -> Vec<(Persona, Place)> {
    let places: &[Place] = match needs {
        Needs::Inside(_) | Needs::OnForm(_) => &[Place::Own, Place::Foreign],
        _ => &[Place::Own],
    };
    Persona::ALL.into_iter().flat_map(|who| places.iter().map(move |place| (who, *place))).collect()
}

fn note(
    wrong: &mut Vec<String>,
    path: &str,
    who: Persona,
    place: Place,
    found: Result<Verdict, String>,
    expected: Verdict,
) {
    if found != Ok(expected) {
        wrong.push(format!("{path} as {who:?}, {place:?}: {found:?} instead of {expected:?}"));
    }
}

async fn verdict_of_function(needs: Needs, answer: Response, who: Persona) -> Result<Verdict, String> {
    let (status, body) = told(answer, who).await?;
    Ok(match (needs, verdict(status)) {
        // Whoever signs in with a wrong password is told so in the same way.
        (Needs::Nothing, Verdict::Unauthenticated) => Verdict::Allowed,
        (Needs::OnForm(_), Verdict::Allowed) if names_the_executor(&body) => Verdict::UnknownField,
        (_, verdict) => verdict,
    })
}

fn names_the_executor(body: &str) -> bool {
    body.contains("\"field\":\"executor_id\"")
}

/// Status and body; wrong where somebody reads of what is foreign, or where the server failed.
async fn told(answer: Response, who: Persona) -> Result<(StatusCode, String), String> {
    let status = answer.status();
    let body = answer.text().await.unwrap();
    if status.is_server_error() {
        return Err(format!("{status} {body}"));
    }
    if who != Persona::SuperAdmin && body.contains(FOREIGN_WORD) {
        return Err(format!("{status}, and it tells of what is foreign"));
    }
    Ok((status, body))
}

fn verdict(status: StatusCode) -> Verdict {
    match status {
        StatusCode::UNAUTHORIZED => Verdict::Unauthenticated,
        StatusCode::FORBIDDEN => Verdict::Forbidden,
        StatusCode::NOT_FOUND => Verdict::NotFound,
        StatusCode::SEE_OTHER => Verdict::SentAway,
        _ => Verdict::Allowed,
    }
}
