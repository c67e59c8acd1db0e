use super::*;

fn namespace(definitions: bool, switching: bool, runs: bool) -> namespace::Model {
    namespace::Model {
        id: 1,
        business: "finance".to_owned(),
        service: "settlement".to_owned(),
        remark: String::new(),
        approve_definitions: definitions,
        approve_switching: switching,
        approve_runs: runs,
        approval_channel_id: None,
        created_at: 0,
        version: 1,
        updated_at: 0,
        updated_by: None,
    }
}

fn waiting() -> Model {
    Model {
        id: 1,
        namespace_id: 1,
        state: ApprovalState::Waiting,
        noun: Noun::Job,
        verb: Verb::Edit,
        object_id: 7,
        object: "invoices".to_owned(),
        object_version: 3,
        request: String::new(),
        before: None,
        after: None,
        digest: String::new(),
        submitted_by: 5,
        submitter: "ada".to_owned(),
        submitted_at: 1_000,
        expires_at: 2_000,
        needs_code: false,
        alert_id: None,
        code_hash: None,
        tries: 0,
        decided_by: None,
        decider: String::new(),
        decided_at: None,
        remark: String::new(),
    }
}

#[test]
fn each_switch_covers_its_changes_and_no_others() {
    let changes = [
        (Noun::Job, Verb::Create),
        (Noun::Job, Verb::Edit),
        (Noun::Job, Verb::Delete),
        (Noun::Job, Verb::SaveSource),
        (Noun::Executor, Verb::Create),
        (Noun::Executor, Verb::Edit),
        (Noun::Executor, Verb::Delete),
        (Noun::Calendar, Verb::Edit),
        (Noun::Job, Verb::Start),
        (Noun::Job, Verb::Stop),
        (Noun::Job, Verb::Disable),
        (Noun::Job, Verb::Enable),
        (Noun::Job, Verb::Run),
        (Noun::Job, Verb::Backfill),
        (Noun::Job, Verb::Replay),
        (Noun::Run, Verb::Kill),
    ];
    let covered = |namespace: namespace::Model| -> Vec<bool> {
        changes.iter().map(|(noun, verb)| is_needed(&namespace, *noun, *verb)).collect()
    };
    let expected = |covers: std::ops::Range<usize>| -> Vec<bool> {
        (0..changes.len()).map(|at| covers.contains(&at)).collect()
    };
    assert_eq!(covered(namespace(true, false, false)), expected(0..8));
    assert_eq!(covered(namespace(false, true, false)), expected(8..12));
    assert_eq!(covered(namespace(false, false, true)), expected(12..16));
    assert_eq!(covered(namespace(false, false, false)), expected(0..0));
}

#[test]
fn approval_cannot_be_switched_off_without_approval() {
    for on in [namespace(true, false, false), namespace(false, true, false), namespace(false, false, true)] {
        assert!(is_needed(&on, Noun::Namespace, Verb::Edit));
    }
    assert!(!is_needed(&namespace(false, false, false), Noun::Namespace, Verb::Edit));
    // A token that leaked is replaced at once.
    assert!(!is_needed(&namespace(true, true, true), Noun::Executor, Verb::RotateToken));
    assert!(!is_needed(&namespace(true, true, true), Noun::Freeze, Verb::Start));
}

#[test]
fn another_person_decides_and_the_submitter_takes_back() {
    let approval = waiting();
    assert_eq!(check_decider(&approval, 6, 1_999), Ok(()));
    assert_eq!(check_decider(&approval, 5, 1_999), Err(Hindrance::Own));
    assert_eq!(check_submitter(&approval, 5, 1_999), Ok(()));
    assert_eq!(check_submitter(&approval, 6, 1_999), Err(Hindrance::NotOwn));
}

#[test]
fn nobody_decides_what_has_expired_or_ended() {
    assert_eq!(check_decider(&waiting(), 6, 2_000), Err(Hindrance::Expired));
    assert_eq!(check_submitter(&waiting(), 5, 2_000), Err(Hindrance::Expired));
    for state in [
        ApprovalState::Applied,
        ApprovalState::Rejected,
        ApprovalState::Cancelled,
        ApprovalState::Expired,
        ApprovalState::Void,
        ApprovalState::Locked,
    ] {
        let ended = Model { state, ..waiting() };
        assert_eq!(check_decider(&ended, 6, 1_500), Err(Hindrance::Decided(state)));
        assert_eq!(check_submitter(&ended, 5, 1_500), Err(Hindrance::Decided(state)));
    }
}
