//! What a new job's script begins with.

use entity::job::RunMode;
use scheduler::jobs::JobDraft;

/// The draft with the template of its run mode where nothing was typed.
pub(in crate::api) fn with_template(draft: JobDraft) -> JobDraft {
    match draft.run_mode.has_source() && draft.source.trim().is_empty() {
        true => JobDraft { source: template(draft.run_mode).to_owned(), ..draft },
        false => draft,
    }
}

/// Writes its three arguments and succeeds.
fn template(mode: RunMode) -> &'static str {
    match mode {
        RunMode::Handler => "",
        RunMode::Shell => include_str!("template/shell.sh"),
        RunMode::Python => include_str!("template/python.py"),
        RunMode::Python2 => include_str!("template/python2.py"),
        RunMode::Php => include_str!("template/php.php"),
        RunMode::Node => include_str!("template/node.js"),
        RunMode::PowerShell => include_str!("template/powershell.ps1"),
        RunMode::Groovy => include_str!("template/groovy.java"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_with_source_has_a_template_and_what_was_typed_stays() {
        use RunMode::*;
        for mode in [Handler, Shell, Python, Python2, Php, Node, PowerShell, Groovy] {
            let draft = JobDraft { run_mode: mode, ..JobDraft::by_hand(1, "name", "handler") };
            let filled = with_template(draft.clone());
            assert_eq!(filled.source.is_empty(), !mode.has_source(), "{mode:?}");
            let typed = JobDraft { source: "typed".to_owned(), ..draft };
            assert_eq!(with_template(typed).source, "typed");
        }
    }
}
