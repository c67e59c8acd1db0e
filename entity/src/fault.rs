//! What can be wrong with a field of a form: the words a service and a page share, so that the page
//! can say it in the reader's language.

use serde::{Deserialize, Serialize};

/// One wrong field. `field` is the name of the input on the form and of the parameter in the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFault {
    pub field: String,
    pub fault: Fault,
}

impl FieldFault {
    pub fn new(field: impl Into<String>, fault: Fault) -> Self {
        Self { field: field.into(), fault }
    }
}

/// Why a value was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Fault {
    /// Nothing was entered.
    Required,
    /// Longer than `max` characters (Unicode scalar values).
    TooLong { max: u32 },
    /// Shorter than `min` characters.
    TooShort { min: u32 },
    /// Not a whole number from `min` to `max`.
    OutOfRange { min: i64, max: i64 },
    /// Holds a character that is not allowed here (control characters, blanks in a code name).
    Character,
    /// What is stored already.
    Unchanged,
    /// Somebody else has it already; `id` is the holder where the asker may see it.
    Taken { id: Option<i64> },
    /// Names something that does not exist or that the asker may not see.
    Unknown,
    /// Several were named, and these do not exist or may not be seen.
    UnknownIds { ids: Vec<i32> },
    /// Not one of the choices.
    Choice,
    /// A job would start itself in the end: the names on the way from it back to it.
    Cycle { path: Vec<String> },
    /// More than `max` of them.
    TooMany { max: u32 },
    /// A line that cannot be read; `number` counts from 1.
    Line { number: u32, text: String },
    /// A calendar or blackouts leave no time of the schedule in the years to come.
    NothingLeft,
    /// A cron expression that cannot be read; `position` counts fields from 1.
    Cron { position: Option<u8>, detail: CronFault },
    /// Not a date and time of the form `2026-12-01 03:00:00`.
    DateTime,
    /// Not a time of day of the form `06:00`, up to `47:59`.
    TimeOfDay,
    /// A time that has passed already.
    Past,
    /// A time that has not come yet.
    Future,
    /// No time of the schedule lies there.
    NoTime,
    /// An end that is not later than the beginning.
    NotLater,
    /// A time zone that the IANA database does not know.
    Zone,
    /// Not an `http://` or `https://` address of an executor, or one that may not be called.
    Address,
    /// Not an `http://` or `https://` URL that the server may call.
    Url,
    /// The server has no mail server: the operator did not configure one.
    NoMailServer,
    /// Not a label `key=value`.
    Label { text: String },
    /// Neither a host, nor a host with its port, nor a label.
    Instance { text: String },
    /// A published default such as `default_token`, which miners scan for.
    KnownDefault,
    /// The two new passwords differ.
    Mismatch,
    /// The present password is wrong.
    WrongPassword,
    /// Not the code of the approval; so many may still be entered.
    WrongCode { left: i32 },
    /// Nothing keeps it while the change waits for approval.
    NotKept,
    /// The new password equals the old one or the user's name.
    Reused,
}

/// What is wrong with a cron expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "cron")]
pub enum CronFault {
    /// Six or seven fields are needed; `found` were given.
    FieldCount { found: u32 },
    /// A number outside the field's range.
    Range { value: String, min: u32, max: u32 },
    /// Something that the field does not know.
    Syntax { value: String },
    /// Day of month and day of week are both given, or both `?`: one of them must be `?`.
    DayConflict,
    /// Well written, but no time will ever match.
    Never,
}
