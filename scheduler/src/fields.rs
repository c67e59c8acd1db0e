//! Collecting what is wrong with a form: every wrong field at once, each under its own name.

use crate::{Error, Result};
use entity::fault::{Fault, FieldFault};

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FieldFault>);

impl Faults {
    /// Only the first fault of a field counts: the others often follow from it.
    pub fn add(&mut self, field: &str, fault: Fault) {
        self.add_all([FieldFault::new(field, fault)]);
    }

    pub fn add_all(&mut self, faults: impl IntoIterator<Item = FieldFault>) {
        for fault in faults {
            if self.0.iter().all(|known| known.field != fault.field) {
                self.0.push(fault);
            }
        }
    }

    /// A text on one line: trimmed, at most `max` characters, without control characters.
    pub fn line(&mut self, field: &str, text: &str, max: u32) -> String {
        let text = text.trim();
        if text.chars().count() > max as usize {
            self.add(field, Fault::TooLong { max });
        } else if text.chars().any(char::is_control) {
            self.add(field, Fault::Character);
        }
        text.to_owned()
    }

    /// Like [`Faults::line`], and not empty.
    pub fn required_line(&mut self, field: &str, text: &str, max: u32) -> String {
        if text.trim().is_empty() {
            self.add(field, Fault::Required);
        }
        self.line(field, text, max)
    }

    /// A text of several lines, with line feeds alone (browsers send carriage returns, too), of at
    /// most `max` bytes and without the character that PostgreSQL cannot store.
    pub fn text(&mut self, field: &str, text: &str, max: u32) -> String {
        let text = text.replace("\r\n", "\n");
        if text.len() > max as usize {
            self.add(field, Fault::TooLong { max });
        } else if text.contains('\0') {
            self.add(field, Fault::Character);
        }
        text
    }

    pub fn range(&mut self, field: &str, value: i64, min: i64, max: i64) {
        if !(min..=max).contains(&value) {
            self.add(field, Fault::OutOfRange { min, max });
        }
    }

    /// `Ok` when nothing was found.
    pub fn into_result(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

/// Whether the database refused a row because a unique value is taken.
pub(crate) fn is_taken(error: &sea_orm::DbErr) -> bool {
    matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}
