//! Scripts that come with a run.

use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use protocol::{RunMode, TriggerRequest};
use tokio::process::Command;

use crate::handler::{Context, HandlerResult};
use crate::process;

/// How the scripts of a language are carried out.
struct Language {
    /// Programs that can do it, the best first.
    interpreters: &'static [&'static str],
    suffix: &'static str,
}

fn language(mode: RunMode) -> Option<Language> {
    let (interpreters, suffix): (&'static [&'static str], _) = match mode {
        RunMode::Bean | RunMode::Groovy => return None,
        RunMode::Shell => (&["bash"], ".sh"),
        RunMode::Python => (&["python3", "python"], ".py"),
        RunMode::Python2 => (&["python2", "python"], ".py"),
        RunMode::Php => (&["php"], ".php"),
        RunMode::Nodejs => (&["node"], ".js"),
        RunMode::Powershell => (&["pwsh", "powershell"], ".ps1"),
    };
    Some(Language { interpreters, suffix })
}

/// Why scripts of this mode are refused, if they are.
pub(crate) fn refusal(mode: RunMode, allowed: bool) -> Option<String> {
    if language(mode).is_none() {
        return Some(format!("{mode} is not supported: only a Java executor can carry it out."));
    }
    (!allowed).then(|| {
        format!("{mode} is refused: this executor does not allow scripts (its operator can, with --allow-scripts).")
    })
}

/// Writes the script to `folder` and runs it with three arguments: parameter, shard index, shard total.
pub(crate) async fn run(folder: PathBuf, request: &TriggerRequest, ctx: &Context) -> HandlerResult {
    let language = language(request.glue_type).ok_or("not a script")?;
    let interpreter = interpreter(&language).ok_or_else(|| {
        format!(
            "{} needs {}, which this machine does not have.",
            request.glue_type,
            language.interpreters.join(" or ")
        )
    })?;
    let name = format!("{}_{}{}", request.job_id, request.glue_updated_at, language.suffix);
    let source = unix_lines(&request.glue_source);
    let file = tokio::task::spawn_blocking({
        let folder = folder.clone();
        move || write_script(&folder, &name, &source)
    })
    .await??;
    let mut command = Command::new(interpreter);
    command
        .arg(file)
        .arg(ctx.parameter())
        .arg(ctx.shard_index().to_string())
        .arg(ctx.shard_total().to_string())
        .current_dir(folder);
    process::run(ctx, command).await
}

/// The first of the language's interpreters found on the search path.
fn interpreter(language: &Language) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    language
        .interpreters
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|candidate| is_program(candidate))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Lines that were written in a browser on Windows end with `\r\n`, which shells take for part of the command.
fn unix_lines(source: &str) -> String {
    source.replace("\r\n", "\n")
}

/// Writes a script that only its owner may read. A version that is being carried out right now is replaced,
/// never changed under its reader.
fn write_script(folder: &Path, name: &str, source: &str) -> io::Result<PathBuf> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let folder = folder.canonicalize()?;
    let file = folder.join(name);
    if std::fs::read(&file).is_ok_and(|present| present == source.as_bytes()) {
        return Ok(file);
    }
    let next = folder.join(format!("{name}.next"));
    let mut options = std::fs::OpenOptions::new();
    let mut writer = options.write(true).create(true).truncate(true).mode(0o700).open(&next)?;
    io::Write::write_all(&mut writer, source.as_bytes())?;
    std::fs::rename(&next, &file)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_refused_with_a_reason_and_groovy_always() {
        for mode in RunMode::ALL.iter().filter(|mode| language(**mode).is_some()) {
            assert_eq!(refusal(*mode, true), None);
            assert!(refusal(*mode, false).unwrap().contains("does not allow scripts"), "{mode}");
        }
        assert!(refusal(RunMode::Groovy, true).unwrap().contains("not supported"));
    }

    #[test]
    fn a_new_version_replaces_a_script_without_touching_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = write_script(folder.path(), "1_2.sh", "one").unwrap();
        let reader = std::fs::File::open(&first).unwrap();
        assert_eq!(write_script(folder.path(), "1_2.sh", "two").unwrap(), first);
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "two");
        assert_eq!(io::read_to_string(reader).unwrap(), "one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_interpreter_is_not_found() {
        let fiction = Language { interpreters: &["no-such-interpreter"], suffix: ".x" };
        assert_eq!(interpreter(&fiction), None);
    }
}
