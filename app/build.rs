//! Turns `locales/` into code: the typed texts of the pages by `leptos_i18n`, and a table of the
//! texts that are chosen at run time by their code (errors and notices).

use leptos_i18n_parser::parse_locales::options::{Config, ParseOptions};
use serde_json::{Map, Value};
use std::{env, error::Error, fmt::Write, fs, path::Path, path::PathBuf};

/// The first is the default.
const LOCALES: [&str; 2] = ["en", "zh-CN"];
/// Files whose keys are used in code as `namespace.key`.
const NAMESPACES: [&str; 9] =
    ["common", "account", "auth", "executors", "home", "jobs", "runs", "states", "time"];
/// Files whose keys are codes known only at run time.
const CODED: [&str; 2] = ["errors", "notices"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    generate_typed_texts(&out)?;
    fs::write(out.join("coded_texts.rs"), coded_texts(Path::new("locales"))?)?;
    Ok(())
}

/// Writes the module `i18n`; a key missing in one language is reported as an error.
fn generate_typed_texts(out: &Path) -> Result<(), Box<dyn Error>> {
    let config = Config::new(LOCALES[0])?
        .add_locales(&LOCALES[1..])?
        .add_namespaces(NAMESPACES)?
        .locales_path("./locales")
        // Interpolated texts are wanted as strings too, for attributes and properties.
        .parse_options(ParseOptions::default().interpolate_display(true));
    let parsed = leptos_i18n_parser::parse_locales::parse_locales(None, config)?;
    for problem in parsed.diag.errors().iter() {
        println!("cargo::error={problem}");
    }
    for gap in parsed.diag.warnings().iter() {
        println!("cargo::error={gap}");
    }
    let code = leptos_i18n_codegen::gen_code(&parsed, None, false, None, false)?;
    fs::write(out.join("i18n.rs"), code.to_string())?;
    Ok(())
}

/// A function from locale and code to the text with its `{{ placeholders }}`.
fn coded_texts(locales: &Path) -> Result<String, Box<dyn Error>> {
    let mut code = String::from(
        "fn template(locale: Locale, code: &str) -> Option<&'static str> {\n    match (locale, code) {\n",
    );
    for file in CODED {
        let reference = read(locales, LOCALES[0], file)?;
        for locale in LOCALES {
            let texts = read(locales, locale, file)?;
            for key in reference.keys().filter(|key| !texts.contains_key(*key)) {
                println!("cargo::error=locales/{locale}/{file}.json lacks \"{key}\"");
            }
            let variant = locale.replace('-', "_");
            for (key, text) in texts {
                let text = text.as_str().ok_or_else(|| format!("{file}.{key} is not a string"))?;
                writeln!(code, "        (Locale::{variant}, {key:?}) => Some({text:?}),")?;
            }
        }
    }
    code.push_str("        _ => None,\n    }\n}\n");
    Ok(code)
}

fn read(locales: &Path, locale: &str, file: &str) -> Result<Map<String, Value>, Box<dyn Error>> {
    let path = locales.join(locale).join(format!("{file}.json"));
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?)
}
