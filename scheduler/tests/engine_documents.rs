//! The documents that state what the code does.

use scheduler::rules::run_state;

#[test]
fn the_document_about_run_states_has_the_code_s_transitions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/run-states.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (_, rest) = document.split_once("<!-- transitions -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- /transitions -->").unwrap();
    assert_eq!(table, run_state::render());
}
