//! The clients: what each needs, how it is built once per machine, how it is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{paths, process, site, tools};

/// An executor on a library of others, or on our own.
pub struct Client {
    /// Also its appname.
    pub name: &'static str,
    /// As people know it.
    pub library: &'static str,
    /// Folder in `end2end/interop/`.
    folder: &'static str,
    pub version: &'static str,
    /// Whether it is always tested, and not only with all.
    pub is_quick: bool,
    pub habits: Habits,
    /// Says what is missing on this machine, if anything.
    pub missing: fn(&Client) -> Result<(), String>,
    /// Builds it unless that is done; returns the command that starts it.
    pub prepare: fn(&Client) -> Result<Command>,
}

/// What its library does, as far as libraries differ.
#[derive(Clone, Copy)]
pub struct Habits {
    /// Whether it sends the text that a handler returns; one drops it when the run succeeded.
    pub returns_text: bool,
    /// Whether it reads parameters as JSON, and returns it.
    pub takes_json: bool,
    /// Whether what a handler logs can be read at its `/log`.
    pub serves_log: bool,
    /// How a run ends that is longer than its limit.
    pub over_limit: &'static str,
    /// Whether it stops a run that is killed.
    pub stops_on_kill: bool,
    /// Whether a run waits there for the one before it; else it is refused.
    pub queues: bool,
    /// How a run ends whose place a later one takes, and the later one, as their pages have it.
    pub covered: &'static str,
    pub covering: &'static str,
    /// Whether it says so when it is told to end.
    pub signs_off: bool,
    /// Whether the server finds out that a restarted one has forgotten a run.
    pub is_missed: bool,
    /// Whether it runs scripts that jobs carry, and Java or Groovy sources.
    pub runs_scripts: bool,
    pub runs_groovy: bool,
}

/// What the protocol's own executors do.
const USUAL: Habits = Habits {
    returns_text: true,
    takes_json: false,
    serves_log: true,
    over_limit: "timed_out",
    stops_on_kill: true,
    queues: true,
    covered: "Failed",
    covering: "Succeeded",
    signs_off: true,
    is_missed: true,
    runs_scripts: false,
    runs_groovy: false,
};

/// What xxl-job-core does, whose protocol it is.
const JAVA: Habits = Habits { runs_scripts: true, runs_groovy: true, ..USUAL };

/// What npm's libraries do with a run while another of its job runs.
const REFUSES: Habits =
    Habits { over_limit: "failed", queues: false, covered: "Succeeded", covering: "Failed", ..USUAL };

/// The libraries that we promise to work with, at the versions that people use.
pub const CLIENTS: &[Client] = &[
    Client {
        name: "pyxxl",
        library: "pyxxl (PyPI)",
        folder: "pyxxl",
        version: "0.4.8",
        is_quick: true,
        habits: Habits { over_limit: "failed", ..USUAL },
        missing: python_missing,
        prepare: python,
    },
    Client {
        name: "npm-xxl-job",
        library: "xxl-job (npm)",
        folder: "npm-xxl-job",
        version: "0.1.7",
        is_quick: true,
        habits: REFUSES,
        missing: node_missing,
        prepare: node,
    },
    Client {
        name: "npm-dalongrong",
        library: "@dalongrong/xxl-job-executor (npm)",
        folder: "npm-dalongrong",
        version: "0.0.1",
        is_quick: false,
        habits: Habits { takes_json: true, stops_on_kill: false, is_missed: false, ..REFUSES },
        missing: node_missing,
        prepare: node,
    },
    Client {
        name: "xxljob-sdk-rs",
        library: "xxljob-sdk-rs (crates.io)",
        folder: "xxljob-sdk-rs",
        version: "0.1.4",
        is_quick: true,
        habits: Habits {
            returns_text: false,
            serves_log: false,
            stops_on_kill: false,
            covered: "Succeeded",
            signs_off: false,
            ..USUAL
        },
        missing: nothing_missing,
        prepare: rust,
    },
    Client {
        name: "xxl-job-executor-go",
        library: "xxl-job-executor-go",
        folder: "go",
        version: "1.2.0",
        is_quick: false,
        habits: Habits { over_limit: "succeeded", queues: false, covered: "Lost", ..USUAL },
        missing: go_missing,
        prepare: go,
    },
    Client {
        // It brings Groovy 3.0.3, which cannot read the classes of Java 17.
        habits: Habits { runs_groovy: false, ..JAVA },
        ..java_client("xxl-job-core-2-2", "2.2.0", false)
    },
    java_client("xxl-job-core-2-3", "2.3.1", false),
    java_client("xxl-job-core-2-4", "2.4.2", true),
    java_client("xxl-job-core-2-5", "2.5.0", false),
    java_client("xxl-job-core-3-2", "3.2.0", false),
    java_client("xxl-job-core-3-3", "3.3.2", true),
    Client {
        name: "orrery-sdk",
        library: "orrery-executor (this repository)",
        folder: "orrery-sdk",
        version: env!("CARGO_PKG_VERSION"),
        is_quick: true,
        habits: Habits { runs_scripts: true, ..USUAL },
        missing: nothing_missing,
        prepare: own,
    },
];

const fn java_client(name: &'static str, version: &'static str, is_quick: bool) -> Client {
    let library = "com.xuxueli:xxl-job-core (Java)";
    let (missing, prepare) = (java_missing as fn(&Client) -> _, java as fn(&Client) -> _);
    Client { name, library, folder: "java", version, is_quick, habits: JAVA, missing, prepare }
}

impl Client {
    /// The client's sources.
    fn sources(&self) -> PathBuf {
        paths::repository().join("end2end/interop").join(self.folder)
    }

    /// Where it is built.
    fn built(&self) -> Result<PathBuf> {
        tools::folder(&format!("interop-{}-{}", self.name, self.version))
    }

    fn announcement(&self, what: &str, usual: &str) -> String {
        format!(
            "{what} for the {} {} executor, a real client to test against; takes {usual} ...",
            self.name, self.version
        )
    }
}

fn nothing_missing(_: &Client) -> Result<(), String> {
    Ok(())
}

fn python_missing(_: &Client) -> Result<(), String> {
    let usable = process::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]));
    usable
        .then_some(())
        .ok_or_else(|| "Python 3 with venv is needed (Debian: apt-get install python3-venv)".to_owned())
}

/// A virtual environment of its own.
fn python(client: &Client) -> Result<Command> {
    let built = client.built()?;
    let requirements = client.sources().join("requirements.txt");
    let version = fs::read_to_string(&requirements).context("no requirements.txt")?;
    let announcement = client.announcement("making a Python environment", "20 seconds");
    tools::complete(&built, &version, &announcement, || {
        process::run("python3 -m venv", Command::new("python3").args(["-m", "venv", "--clear"]).arg(&built))?;
        let mut pip = Command::new(built.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&requirements);
        process::run("pip install", &mut pip)
    })?;
    let mut command = Command::new(built.join("bin/python"));
    command.arg(client.sources().join("main.py"));
    Ok(command)
}

fn node_missing(_: &Client) -> Result<(), String> {
    tools::check_node().map_err(|error| format!("{error:#}"))
}

fn node(client: &Client) -> Result<Command> {
    tools::install_packages(&client.sources(), "they hold a real client to test against")?;
    let mut command = Command::new("node");
    command.arg(client.sources().join("main.mjs"));
    Ok(command)
}

/// A cargo project outside the workspace, because its library wants other versions of everything.
fn rust(client: &Client) -> Result<Command> {
    let target = paths::cache()?.join("interop-target");
    let mut cargo = tools::cargo()?;
    cargo
        .args(["build", "--locked", "--quiet"])
        .current_dir(client.sources())
        .env("CARGO_TARGET_DIR", &target);
    println!("{}", client.announcement("compiling", "2 minutes on 2 cores the first time"));
    process::run("cargo build", &mut cargo)?;
    Ok(Command::new(target.join("debug/interop-xxljob-sdk-rs")))
}

/// Our own SDK, a member of the workspace.
fn own(_: &Client) -> Result<Command> {
    site::build_helper("interop-orrery-sdk").map(Command::new)
}

fn go_missing(_: &Client) -> Result<(), String> {
    let go = paths::find_on_path(&["go"]);
    go.map(drop).ok_or_else(|| "Go 1.21 or later is needed (Debian: apt-get install golang-go)".to_owned())
}

fn go(client: &Client) -> Result<Command> {
    let built = client.built()?.join("executor");
    let mut go = Command::new("go");
    go.args(["build", "-mod=readonly", "-o"]).arg(&built).current_dir(client.sources());
    println!("{}", client.announcement("compiling", "a quarter of a minute the first time"));
    process::run("go build", &mut go)?;
    Ok(Command::new(built))
}

/// The major version that `java -version` tells, on standard error.
fn java_version() -> Option<u32> {
    let output = Command::new("java").arg("-version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let version = text.split('"').nth(1)?;
    let mut parts = version.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    // Java 8 calls itself 1.8.
    match (parts.next()?, parts.next()) {
        (1, Some(minor)) => Some(minor),
        (major, _) => Some(major),
    }
}

fn java_missing(client: &Client) -> Result<(), String> {
    let oldest = if client.version.starts_with('3') { 17 } else { 8 };
    if java_version().is_none_or(|version| version < oldest) {
        return Err(format!(
            "Java {oldest} or later is needed (Debian: apt-get install openjdk-17-jdk-headless)"
        ));
    }
    let maven = paths::find_on_path(&["mvn"]);
    maven.map(drop).ok_or_else(|| "Maven is needed (Debian: apt-get install maven)".to_owned())
}

/// One project, built once for each version of the library.
fn java(client: &Client) -> Result<Command> {
    let built = client.built()?;
    let sources = client.sources();
    // The oldest has an interface of its own.
    let code = if client.version.starts_with("2.2") { "src/2.2/java" } else { "src/main/java" };
    let version = java_inputs(&sources, code)?;
    tools::complete(
        &built,
        &version,
        &client.announcement("fetching and compiling Java", "half a minute"),
        || {
            let mut maven = Command::new("mvn");
            maven.args(["--quiet", "--batch-mode", "compile", "dependency:copy-dependencies"]);
            maven.arg(format!("-Dxxl-job.version={}", client.version));
            maven.arg(format!("-DbuildFolder={}", built.display())).arg(format!("-Dsources={code}"));
            maven.current_dir(&sources);
            process::run("mvn", &mut maven)
        },
    )?;
    let mut command = Command::new("java");
    let classpath = format!("{0}/classes:{0}/dependency/*", built.display());
    command.args(["-Xmx128m", "-cp", &classpath, "org.orrery.interop.Main"]);
    Ok(command)
}

/// What a build depends on: a change makes it stale.
fn java_inputs(sources: &Path, code: &str) -> Result<String> {
    let files = ["pom.xml".to_owned(), format!("{code}/org/orrery/interop/Main.java")];
    files
        .iter()
        .map(|file| fs::read_to_string(sources.join(file)).with_context(|| format!("cannot read {file}")))
        .collect()
}
