//! A job's code: its editor, its versions, and what differs between two of them.

use crate::api::may::May;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{error::Message, routes, ssr};
use entity::job::RunMode;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The `id` of the form.
pub const CODE_FORM: &str = "code";

/// A job's code with the list of its versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeView {
    pub id: i32,
    pub may: May,
    pub name: String,
    pub run_mode: RunMode,
    pub handler: String,
    pub source: String,
    pub executor_id: i32,
    pub app_name: String,
    /// Instances that are there, and how many of them cannot run it.
    pub online: usize,
    pub unable: usize,
    /// Newest first; the first is the source.
    pub versions: Vec<CodeVersion>,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeVersion {
    pub number: i32,
    pub run_mode: RunMode,
    /// Empty where it was not saved here.
    pub remark: String,
    /// The version that it brought back.
    pub restores: Option<i32>,
    pub created_at: i64,
    pub created_by: Option<String>,
}

/// What an address asks for beside the editor: a version, or two to compare; empty = nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeQuery {
    pub version: String,
    pub from: String,
    pub to: String,
}

/// What is shown beside the editor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    Version { number: i32, source: String },
    Difference(CodeDifference),
}

/// What leads from one version to another; without hunks where they are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDifference {
    pub from: i32,
    pub to: i32,
    pub hunks: Vec<Vec<DiffLine>>,
    pub added: usize,
    pub removed: usize,
    /// There are more lines than are told.
    pub is_cut: bool,
}

/// A line of a difference with its numbers in the old and the new text, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffLine {
    pub change: Change,
    pub old: Option<usize>,
    pub new: Option<usize>,
    pub text: String,
    /// The text ends here without a line end.
    pub is_open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Kept,
    Removed,
    Added,
}

/// As it is typed. `base` is the version that was opened; it stays with what was typed, so that somebody
/// else's version is noticed however often the form comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    pub base: String,
    pub source: String,
    pub remark: String,
}

impl CodeForm {
    /// By field name.
    pub fn values(&self) -> BTreeMap<String, String> {
        let Self { base, source, remark } = self.clone();
        let values = [("base", base), ("source", source), ("remark", remark)];
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl From<&CodeView> for CodeForm {
    fn from(view: &CodeView) -> Self {
        let base = view.versions.first().map_or(0, |newest| newest.number).to_string();
        Self { base, source: view.source.clone(), remark: String::new() }
    }
}

/// A job's code and the list of its versions.
#[server]
pub async fn job_code(id: i32) -> Result<CodeView, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let code = scheduler::job_sources::code(&services, &caller, id).await;
    code.map(|code| CodeView::new(code, &caller)).map_err(ssr::refuse)
}

/// A version of a job's code, or what differs between two; nothing where nothing is asked for.
#[server]
pub async fn shown_code(id: i32, query: CodeQuery) -> Result<Option<Shown>, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    query.read(&services, &caller, id).await.map_err(ssr::refuse)
}

/// Saves a version of a job's code, which the next run executes.
#[server]
pub async fn save_code(id: i32, form: CodeForm) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let base = form.base();
    match scheduler::job_sources::save(&services, &caller, id, base, form.draft()).await {
        Ok(_) => {
            ssr::flash(Message::new("code_saved").arg("n", base + 1));
            ssr::redirect(&routes::job_code(id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(CODE_FORM, &form, error).await),
    }
}

/// Makes a version of a job's code that is equal to an earlier one; `base` is the newest that was shown.
#[server]
pub async fn revert_code(id: i32, base: i32, number: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let reverted = scheduler::job_sources::revert(&services, &caller, id, base, number).await;
    reverted.map_err(ssr::refuse)?;
    ssr::flash(Message::new("code_saved").arg("n", base + 1));
    ssr::redirect(&routes::job_code(id));
    Ok(())
}

#[cfg(feature = "ssr")]
mod with_services {
    use super::{Change, CodeDifference, CodeForm, CodeQuery, CodeVersion, CodeView, DiffLine, May, Shown};
    use scheduler::authority::Caller;
    use scheduler::job_sources::{self, JobCode, SourceDraft, SourceLine};
    use scheduler::rules::source_diff;
    use scheduler::{Error, Services};

    impl CodeForm {
        /// The version that was shown; one that there never is where it is none.
        pub(super) fn base(&self) -> i32 {
            self.base.parse().unwrap_or(-1)
        }

        pub(super) fn draft(&self) -> SourceDraft {
            SourceDraft { source: self.source.clone(), remark: self.remark.clone() }
        }
    }

    impl CodeQuery {
        pub(super) async fn read(
            &self,
            services: &Services,
            caller: &Caller,
            id: i32,
        ) -> Result<Option<Shown>, Error> {
            let number = |text: &str| text.parse::<i32>().map_err(|_| Error::NotFound("version"));
            if !self.version.is_empty() {
                let number = number(&self.version)?;
                let source = job_sources::text(services, caller, id, number).await?;
                return Ok(Some(Shown::Version { number, source }));
            }
            if self.from.is_empty() || self.to.is_empty() {
                return Ok(None);
            }
            let (from, to) = (number(&self.from)?, number(&self.to)?);
            let found = job_sources::compare(services, caller, id, from, to).await?;
            let source_diff::SourceDiff { hunks, added, removed, is_cut } = found;
            let lines = |hunk: Vec<source_diff::DiffLine>| hunk.into_iter().map(DiffLine::from).collect();
            let hunks = hunks.into_iter().map(lines).collect();
            Ok(Some(Shown::Difference(CodeDifference { from, to, hunks, added, removed, is_cut })))
        }
    }

    impl CodeView {
        pub(super) fn new(code: JobCode, caller: &Caller) -> Self {
            Self {
                may: May::inside(caller, code.job.namespace_id),
                id: code.job.id,
                name: code.job.name,
                run_mode: code.job.run_mode,
                handler: code.job.handler,
                source: code.job.source,
                executor_id: code.job.executor_id,
                app_name: code.app_name,
                online: code.online,
                unable: code.unable,
                versions: code.versions.into_iter().map(CodeVersion::from).collect(),
            }
        }
    }

    impl From<SourceLine> for CodeVersion {
        fn from(line: SourceLine) -> Self {
            Self {
                number: line.number,
                run_mode: line.run_mode,
                remark: line.remark,
                restores: line.restores,
                created_at: line.created_at,
                created_by: line.created_by,
            }
        }
    }

    impl From<source_diff::DiffLine> for DiffLine {
        fn from(line: source_diff::DiffLine) -> Self {
            Self {
                change: match line.change {
                    source_diff::Change::Kept => Change::Kept,
                    source_diff::Change::Removed => Change::Removed,
                    source_diff::Change::Added => Change::Added,
                },
                old: line.old,
                new: line.new,
                text: line.text,
                is_open: line.is_open,
            }
        }
    }
}
