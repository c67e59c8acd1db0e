//! How long functions and files are: a report, in which the tail matters.

use std::fs;

use anyhow::Result;

use super::files;
use super::source::{self, Function};
use crate::paths;
use crate::report::Counts;

const LONGEST_FUNCTION: usize = 80;
const LONGEST_VIEW: usize = 120;
const LONGEST_FILE: usize = 400;

/// Prints the figures and everything over the limits.
pub fn check() -> Result<Counts> {
    let mut function_lengths = Vec::new();
    let mut file_lengths = Vec::new();
    for file in files(&[".rs", ".ts"])? {
        let text = fs::read_to_string(paths::repository().join(&file))?;
        let length = text.lines().count();
        file_lengths.push(length);
        if length > LONGEST_FILE {
            println!("long file: {} ({length} lines)", file.display());
        }
        if file.extension().is_some_and(|extension| extension == "rs") {
            for function in source::functions(&source::code_only(&text)) {
                function_lengths.push(function.lines);
                if is_too_long(&function) {
                    let Function { name, line, lines, .. } = function;
                    println!("long function: {}:{line} {name} ({lines} lines)", file.display());
                }
            }
        }
    }
    print_figures("functions", &mut function_lengths);
    print_figures("files", &mut file_lengths);
    Ok(Counts::ONE)
}

fn is_too_long(function: &Function) -> bool {
    function.lines > if function.is_view { LONGEST_VIEW } else { LONGEST_FUNCTION }
}

fn print_figures(what: &str, lengths: &mut [usize]) {
    lengths.sort_unstable();
    let at = |share: usize| lengths.get(lengths.len() * share / 100).or(lengths.last()).copied().unwrap_or(0);
    println!("{} {what}: half ≤ {}, 90 % ≤ {}, longest {} lines", lengths.len(), at(50), at(90), at(100));
}
