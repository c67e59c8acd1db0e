use super::*;

const OWN: i32 = 7;
const FOREIGN: i32 = 8;
const ACTIONS: [Action; 12] = [
    Action::View,
    Action::OperateJobs,
    Action::ManageJobs,
    Action::ManageExecutors,
    Action::Approve,
    Action::ManageAlerts,
    Action::ManageUsers,
    Action::ManageNamespaces,
    Action::ManageRetention,
    Action::ManageServers,
    Action::ChangePassword,
    Action::ManageTokens,
];

fn somebody(role: Option<Role>) -> Caller {
    let grants = role.into_iter().map(|role| (OWN, role)).collect();
    Caller { user_id: 3, role: UserRole::Ordinary, grants, ..Caller::operator() }
}

fn inside(caller: &Caller, action: Action, id: i32) -> Result<()> {
    authorise(caller, action, Scope::Namespace { id, noun: "job" })
}

fn allowed(caller: &Caller, id: i32) -> Vec<Action> {
    ACTIONS.into_iter().filter(|action| inside(caller, *action, id).is_ok()).collect()
}

#[test]
fn each_role_may_do_what_its_name_says_and_nothing_elsewhere() {
    let view = Action::View;
    let edit = [view, Action::OperateJobs, Action::ManageJobs, Action::ManageExecutors];
    assert_eq!(allowed(&somebody(None), OWN), []);
    assert_eq!(allowed(&somebody(Some(Role::Viewer)), OWN), [view]);
    assert_eq!(allowed(&somebody(Some(Role::Operator)), OWN), [view, Action::OperateJobs]);
    assert_eq!(allowed(&somebody(Some(Role::Editor)), OWN), edit);
    assert_eq!(allowed(&somebody(Some(Role::Approver)), OWN), [view, Action::Approve]);
    assert_eq!(allowed(&somebody(Some(Role::Owner)), OWN), ACTIONS[..6]);
    for role in Role::ALL {
        assert_eq!(allowed(&somebody(Some(role)), FOREIGN), []);
    }
}

#[test]
fn what_is_foreign_is_not_found_and_a_role_that_is_too_small_is_told_which_it_takes() {
    let viewer = somebody(Some(Role::Viewer));
    assert!(matches!(inside(&viewer, Action::ManageJobs, OWN), Err(Error::RoleNeeded(Role::Editor))));
    assert!(matches!(inside(&viewer, Action::View, FOREIGN), Err(Error::NotFound("job"))));
    assert!(matches!(inside(&viewer, Action::ManageUsers, OWN), Err(Error::Forbidden)));
    let platform = authorise(&somebody(Some(Role::Owner)), Action::ManageNamespaces, Scope::Platform);
    assert!(matches!(platform, Err(Error::Forbidden)));
}

#[test]
fn a_password_and_tokens_are_their_owners_only() {
    let root = Caller { user_id: 1, ..Caller::operator() };
    for action in [Action::ChangePassword, Action::ManageTokens] {
        assert!(authorise(&root, action, Scope::Account { user_id: 1 }).is_ok());
        assert!(matches!(authorise(&root, action, Scope::Account { user_id: 3 }), Err(Error::Forbidden)));
    }
}

#[test]
fn a_token_leaves_what_its_user_and_its_limits_both_allow() {
    let limit = |role, namespaces: Option<&[i32]>| {
        Some(Limit { role, namespaces: namespaces.map(|ids| ids.iter().copied().collect()) })
    };
    let operator = Caller { limit: limit(Role::Operator, Some(&[OWN])), ..Caller::operator() };
    assert_eq!(allowed(&operator, OWN), [Action::View, Action::OperateJobs]);
    assert_eq!(allowed(&operator, FOREIGN), []);
    assert_eq!(visible(&operator).unwrap(), Visible::Only(vec![OWN]));
    assert!(matches!(authorise(&operator, Action::ManageUsers, Scope::Platform), Err(Error::Forbidden)));
    let own = Scope::Account { user_id: 0 };
    assert!(authorise(&operator, Action::View, own).is_ok());
    assert!(matches!(authorise(&operator, Action::ChangePassword, own), Err(Error::Forbidden)));
    assert!(matches!(authorise(&operator, Action::ManageTokens, own), Err(Error::Forbidden)));

    let viewer = Caller { limit: limit(Role::Owner, None), ..somebody(Some(Role::Viewer)) };
    assert_eq!(allowed(&viewer, OWN), [Action::View], "a token is never more than its user");
    let elsewhere = Caller { limit: limit(Role::Owner, Some(&[FOREIGN])), ..somebody(Some(Role::Owner)) };
    assert_eq!(allowed(&elsewhere, OWN), []);
    assert_eq!(visible(&elsewhere).unwrap(), Visible::Only(Vec::new()));
}

#[test]
fn what_leads_to_a_new_thing_is_shown_to_whoever_may_make_it_somewhere() {
    assert!(is_allowed_somewhere(&somebody(Some(Role::Editor)), Action::ManageJobs));
    assert!(!is_allowed_somewhere(&somebody(Some(Role::Operator)), Action::ManageJobs));
    assert!(!is_allowed_somewhere(&somebody(None), Action::View));
    assert!(is_allowed_somewhere(&Caller::operator(), Action::ManageNamespaces));
    assert!(!is_allowed_somewhere(&somebody(Some(Role::Owner)), Action::ManageNamespaces));
    for namespaces in [None, Some([OWN].into())] {
        let limit = Some(Limit { role: Role::Editor, namespaces });
        let by_token = Caller { limit, ..Caller::operator() };
        assert!(is_allowed_somewhere(&by_token, Action::ManageJobs));
        assert!(!is_allowed_somewhere(&by_token, Action::ManageAlerts));
        assert!(!is_allowed_somewhere(&by_token, Action::ManageNamespaces));
    }
}
