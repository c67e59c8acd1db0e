//! Which crate may know which, and with which features.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::report::Counts;
use crate::{process, tools};

/// Crates of ours and the crates of ours that each may use outside its tests.
const MAY_USE: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("migration", &[]),
    ("entity", &["protocol"]),
    // `migration` only to bring a database to its schema.
    ("scheduler", &["entity", "migration", "protocol"]),
    ("app", &["entity", "scheduler"]),
    ("frontend", &["app"]),
    ("server", &["app", "entity", "migration", "protocol", "scheduler"]),
    ("orrery-executor", &["orrery-executor-macros", "protocol"]),
    ("orrery-executor-macros", &[]),
    ("xtask", &[]),
    ("bench-executor", &[]),
    ("chaos-executor", &[]),
    ("interop-orrery-sdk", &["orrery-executor"]),
];

/// Crates of others that one of ours must do without.
const MUST_NOT_USE: &[(&str, &[&str])] = &[
    ("protocol", &["sea-orm", "sqlx", "tokio", "axum", "leptos"]),
    ("entity", &["sqlx", "tokio", "axum", "leptos"]),
    ("scheduler", &["axum", "leptos", "leptos_axum", "tower-http"]),
    ("orrery-executor", &["sea-orm", "sqlx", "leptos"]),
    ("xtask", &["tokio"]),
];

/// What would make the browser download a server.
const NOT_IN_THE_BROWSER: &[&str] = &["sqlx", "sqlx-core", "tokio", "axum", "charming"];

/// Every dependency between our crates points downwards.
pub fn check_direction() -> Result<Counts> {
    let mut cargo = tools::cargo()?;
    let text =
        process::output("cargo metadata", cargo.args(["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let wrong: Vec<String> = packages.iter().flat_map(wrong_dependencies).collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(Counts::ONE)
}

fn wrong_dependencies(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
        return vec![format!("{name} is not in the list of crates in xtask's invariants")];
    };
    let forbidden = MUST_NOT_USE.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, list)| *list);
    let mut wrong = Vec::new();
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let used = dependency["name"].as_str().unwrap_or_default();
        let is_ours = MAY_USE.iter().any(|(known, _)| *known == used);
        let for_tests = dependency["kind"].as_str() == Some("dev");
        if !for_tests && (is_ours && !allowed.contains(&used) || forbidden.contains(&used)) {
            wrong.push(format!("{name} must not use {used}"));
        }
        if name == "app" && used == "scheduler" && dependency["optional"] != Value::Bool(true) {
            wrong.push("app may use scheduler only as an option".to_owned());
        }
    }
    wrong
}

/// Tests and programs ask for the same features of the crates that both use: cargo would compile one of which they do
/// not, and all that stands on it, once for each.
pub fn check_features() -> Result<Counts> {
    let (programs, all) = (features("no-dev")?, features("normal,build,dev")?);
    let differing: Vec<String> = programs
        .iter()
        .filter_map(|(name, own)| {
            let with_tests = all.get(name).filter(|with_tests| *with_tests != own)?;
            Some(format!("{name} has the features {own:?} in programs and {with_tests:?} in tests"))
        })
        .collect();
    ensure!(differing.is_empty(), "{}", differing.join("; "));
    Ok(Counts::ONE)
}

/// By crate and version, the features that it has with these kinds of dependencies, once for the machine that compiles
/// and once for the one that is compiled for, where those differ.
fn features(edges: &str) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut cargo = tools::cargo()?;
    cargo.args(["tree", "--workspace", "--exclude", "frontend", "--edges", edges]);
    cargo.args(["--prefix", "none", "--format", "{p}|{f}|"]);
    let text = process::output("cargo tree", &mut cargo)?;
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    for line in text.lines() {
        let mut fields = line.split('|');
        let (Some(name), Some(features)) = (fields.next(), fields.next()) else { continue };
        found.entry(name.to_owned()).or_default().insert(features.to_owned());
    }
    Ok(found)
}

/// No database, runtime, web server or maker of charts reaches the WebAssembly.
pub fn check_browser() -> Result<Counts> {
    tools::add_wasm_target()?;
    let mut counts = Counts::default();
    for unwanted in NOT_IN_THE_BROWSER {
        let mut cargo = tools::cargo()?;
        cargo.args([
            "tree",
            "--package",
            "frontend",
            "--target",
            "wasm32-unknown-unknown",
            "--edges",
            "normal",
        ]);
        match inverse_tree(cargo.args(["--invert", unwanted]))? {
            None => counts.passed += 1,
            Some(tree) => {
                eprintln!("{unwanted} reaches the browser:\n{tree}");
                counts.failed += 1;
            }
        }
    }
    Ok(counts)
}

/// The ways that lead to a crate, or nothing when the crate is not in the graph.
fn inverse_tree(cargo: &mut Command) -> Result<Option<String>> {
    let output = cargo.output()?;
    let (found, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        // With only optional ways to it, cargo succeeds and prints nothing.
        return Ok(Some(found.into_owned()).filter(|tree| !tree.trim().is_empty()));
    }
    if error.contains("did not match any packages") || error.contains("nothing to print") {
        return Ok(None);
    }
    bail!("cargo tree: {error}")
}
