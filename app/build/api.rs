//! Reads what server functions take and what they are for out of their source, for the documentation of the API:
//! what it says is what is compiled.

use quote::ToTokens;
use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Attribute, Fields, File, FnArg, GenericArgument, Item, ItemFn, Meta, Pat, PathArguments, Type};

/// What an argument may be made of.
enum Known {
    /// Fields by name, and whether each may be left out.
    Struct(Vec<(String, Type, bool)>),
    /// The words for its variants.
    Choice(Vec<String>),
}

type Types = HashMap<String, Known>;

/// What is said in Chinese, by name; the English stands in the source.
type Chinese = serde_json::Map<String, serde_json::Value>;

/// The tables of the API as Rust. `api` holds the server functions, `types` are folders with what they take,
/// `protocol` says what executors and servers say to one another. What has no Chinese is an error, and what is said of
/// nothing, too.
pub fn tables(
    api: &Path,
    types: &[&Path],
    protocol: &Path,
    mut chinese: Chinese,
) -> Result<String, Box<dyn Error>> {
    let mut code = String::from("pub const SIGNATURES: &[Signature] = ");
    code += &functions(api, types, &mut chinese)?;
    code += ";\npub const CALLS: &[Call] = ";
    code += &calls(protocol, &mut chinese)?;
    code += ";\n";
    match chinese.keys().next() {
        Some(name) => Err(format!("locales/zh-CN/endpoints.json: there is no {name}").into()),
        None => Ok(code),
    }
}

fn functions(api: &Path, types: &[&Path], chinese: &mut Chinese) -> Result<String, Box<dyn Error>> {
    let mut known = Types::new();
    for folder in types {
        for (_, file) in sources(folder)? {
            file.items
                .iter()
                .filter_map(known_type)
                .for_each(|(name, found)| drop(known.insert(name, found)));
        }
    }
    let mut code = String::from("&[\n");
    for (path, file) in sources(api)? {
        let module = path.strip_prefix(api)?.with_extension("");
        let module = module.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>();
        for item in &file.items {
            if let Item::Fn(function) = item
                && function.attrs.iter().any(|attribute| attribute.path().is_ident("server"))
            {
                write_function(&mut code, &module.join("/"), function, &known, chinese)?;
            }
        }
    }
    code.push(']');
    Ok(code)
}

/// The constants of `pub mod path` in the protocol's words.
fn calls(protocol: &Path, chinese: &mut Chinese) -> Result<String, Box<dyn Error>> {
    let file = syn::parse_file(&fs::read_to_string(protocol)?)?;
    let is_path = |item: &&Item| matches!(item, Item::Mod(module) if module.ident == "path");
    let Some(Item::Mod(paths)) = file.items.iter().find(is_path) else {
        return Err(format!("{}: there is no module `path`", protocol.display()).into());
    };
    let mut code = String::from("&[\n");
    for item in paths.content.iter().flat_map(|(_, items)| items) {
        let Item::Const(constant) = item else { continue };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) = &*constant.expr else { continue };
        let (name, said) = (name.value(), doc(&constant.attrs));
        let (who, text) = said.split_once(": ").ok_or_else(|| format!("{name}: who says it to whom?"))?;
        let (to_server, ours) = (who.ends_with("server"), who.contains("of ours"));
        let text = text.split(", see [").next().unwrap_or(text);
        let text = both(text, &format!("executor/{name}"), chinese)?;
        writeln!(code, "Call {{ name: {name:?}, text: {text}, to_server: {to_server}, ours: {ours} }},")?;
    }
    code.push(']');
    Ok(code)
}

/// A text in each language.
fn both(english: &str, name: &str, chinese: &mut Chinese) -> Result<String, Box<dyn Error>> {
    let found = chinese.remove(name);
    let chinese = found.as_ref().and_then(|text| text.as_str());
    let chinese = chinese.ok_or_else(|| format!("locales/zh-CN/endpoints.json lacks {name:?}"))?;
    let first = english.chars().next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let english = format!("{first}{}", english.chars().skip(1).collect::<String>());
    Ok(format!("Text {{ en: {english:?}, zh: {chinese:?} }}"))
}

/// The Rust files below a folder, by name.
fn sources(folder: &Path) -> Result<Vec<(PathBuf, File)>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path)?;
            let file = syn::parse_file(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            found.push((path, file));
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

fn known_type(item: &Item) -> Option<(String, Known)> {
    match item {
        Item::Struct(found) => {
            let Fields::Named(fields) = &found.fields else { return None };
            let all = serde_says(&found.attrs, "default").is_some();
            let field = |field: &syn::Field| {
                let is_optional = all || serde_says(&field.attrs, "default").is_some();
                Some((field.ident.as_ref()?.to_string(), field.ty.clone(), is_optional))
            };
            Some((found.ident.to_string(), Known::Struct(fields.named.iter().filter_map(field).collect())))
        }
        Item::Enum(found) if found.variants.iter().all(|variant| variant.fields.is_empty()) => {
            let is_snake = serde_says(&found.attrs, "rename_all").is_some_and(|case| case == "snake_case");
            let word = |variant: &syn::Variant| match is_snake {
                true => snake_case(&variant.ident.to_string()),
                false => variant.ident.to_string(),
            };
            Some((found.ident.to_string(), Known::Choice(found.variants.iter().map(word).collect())))
        }
        _ => None,
    }
}

/// What `#[serde(key)]` or `#[serde(key = "value")]` says; empty where it is only there.
fn serde_says(attributes: &[Attribute], key: &str) -> Option<String> {
    let mut said = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // What is not understood here is for serde to refuse.
        let _ = attribute.parse_nested_meta(|meta| {
            let value = match meta.input.peek(syn::Token![=]) {
                true => meta.value()?.parse::<syn::LitStr>()?.value(),
                false => String::new(),
            };
            if meta.path.is_ident(key) {
                said = Some(value);
            }
            Ok(())
        });
    }
    said
}

fn snake_case(name: &str) -> String {
    let mut word = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(character.to_lowercase());
    }
    word
}

fn write_function(
    code: &mut String,
    module: &str,
    function: &ItemFn,
    known: &Types,
    chinese: &mut Chinese,
) -> Result<(), Box<dyn Error>> {
    let signature = &function.sig;
    let name = format!("{module}/{}", signature.ident);
    let text = both(&doc(&function.attrs), &name, chinese)?;
    let answer = match &signature.output {
        syn::ReturnType::Type(_, answer) => arguments(answer).into_iter().next(),
        syn::ReturnType::Default => None,
    };
    let answers =
        answer.as_ref().is_some_and(|answer| !matches!(answer, Type::Tuple(unit) if unit.elems.is_empty()));
    writeln!(code, "Signature {{ name: {name:?}, text: {text}, answers: {answers}, fields: &[")?;
    for input in &signature.inputs {
        let FnArg::Typed(argument) = input else { continue };
        let Pat::Ident(name) = &*argument.pat else { continue };
        let is_optional = argument.attrs.iter().any(is_server_default);
        write_fields(code, &name.ident.to_string(), &argument.ty, is_optional, known)?;
    }
    writeln!(code, "] }},")?;
    Ok(())
}

/// A field, or those of the structure that it is. A structure is there once one of its fields is: where none is
/// needed, its first text is sent all the same, maybe empty.
fn write_fields(
    code: &mut String,
    name: &str,
    kind: &Type,
    is_optional: bool,
    known: &Types,
) -> Result<(), Box<dyn Error>> {
    let (ident, inner) = (last_ident(kind), arguments(kind).into_iter().next());
    match (ident.as_str(), inner) {
        ("Option", Some(inner)) => return write_fields(code, name, &inner, true, known),
        ("Vec", Some(inner)) => return write_fields(code, &format!("{name}[]"), &inner, is_optional, known),
        _ => {}
    }
    let (kind, choices) = match (ident.as_str(), known.get(&ident)) {
        ("String", _) => ("Text", &[][..]),
        ("bool", _) => ("Boolean", &[][..]),
        ("f32" | "f64", _) => ("Number", &[][..]),
        ("i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" | "Millis", _) => {
            ("Integer", &[][..])
        }
        (_, Some(Known::Choice(words))) => ("Choice", &words[..]),
        (_, Some(Known::Struct(fields))) => {
            let needs_none = !is_optional
                && fields.iter().all(|(_, kind, optional)| *optional || last_ident(kind) == "Option");
            let first_text = fields.iter().position(|(_, kind, _)| last_ident(kind) == "String");
            for (index, (field, kind, optional)) in fields.iter().enumerate() {
                let is_sent = needs_none && Some(index) == first_text;
                let is_optional = (is_optional || *optional) && !is_sent;
                write_fields(code, &format!("{name}[{field}]"), kind, is_optional, known)?;
            }
            return Ok(());
        }
        (_, None) => {
            return Err(format!(
                "{name}: {} is a type that the API's documentation cannot describe",
                kind.to_token_stream()
            )
            .into());
        }
    };
    let required = !is_optional;
    writeln!(
        code,
        "  Field {{ name: {name:?}, kind: FieldKind::{kind}, choices: &{choices:?}, required: {required} }},"
    )?;
    Ok(())
}

fn last_ident(kind: &Type) -> String {
    match kind {
        Type::Path(path) => path.path.segments.last().map(|part| part.ident.to_string()).unwrap_or_default(),
        _ => String::new(),
    }
}

/// Those of a generic type: `Result<T, E>` has T and E.
fn arguments(kind: &Type) -> Vec<Type> {
    let Type::Path(path) = kind else { return Vec::new() };
    let Some(PathArguments::AngleBracketed(found)) = path.path.segments.last().map(|part| &part.arguments)
    else {
        return Vec::new();
    };
    let argument = |argument: &GenericArgument| match argument {
        GenericArgument::Type(kind) => Some(kind.clone()),
        _ => None,
    };
    found.args.iter().filter_map(argument).collect()
}

fn is_server_default(attribute: &Attribute) -> bool {
    let is_default = |meta: &syn::meta::ParseNestedMeta| meta.path.is_ident("default");
    let mut found = false;
    if attribute.path().is_ident("server") {
        // What is not understood here is for the macro to refuse.
        let _ = attribute.parse_nested_meta(|meta| {
            found |= is_default(&meta);
            Ok(())
        });
    }
    found
}

/// The comment above it, as one line.
fn doc(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => {
                Some(text.value().trim().to_owned())
            }
            _ => None,
        },
        _ => None,
    };
    attributes.iter().filter_map(line).collect::<Vec<_>>().join(" ")
}
