//! The handlers of a program by name: given to the builder, or declared by `#[handler]`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::Location;

use protocol::native::{MOST_HANDLERS, is_handler_name};

use crate::handler::BoxedHandler;
use crate::settings::Error;

/// The handlers of an executor by name.
pub(crate) type Handlers = HashMap<String, BoxedHandler>;

/// What `#[handler]` leaves in the program.
pub struct Declared {
    pub name: &'static str,
    pub file: &'static str,
    pub line: u32,
    pub erase: fn() -> BoxedHandler,
}

inventory::collect!(Declared);

/// A handler with its name, and where in the program both were brought together.
pub(crate) struct Named {
    name: String,
    place: String,
    handler: BoxedHandler,
}

impl Named {
    pub fn given(name: String, place: &Location<'_>, handler: BoxedHandler) -> Self {
        Self { name, place: format!("{}:{}", place.file(), place.line()), handler }
    }

    /// All that this program declares, in any order.
    pub fn declared() -> impl Iterator<Item = Self> {
        inventory::iter::<Declared>.into_iter().map(|found| Self {
            name: found.name.to_owned(),
            place: format!("{}:{}", found.file, found.line),
            handler: (found.erase)(),
        })
    }
}

/// The handlers by their names.
///
/// # Errors
/// A name that no job can give, one that two handlers have, or too many of them.
pub(crate) fn by_name(named: impl IntoIterator<Item = Named>) -> Result<Handlers, Error> {
    let mut places: HashMap<String, String> = HashMap::new();
    let mut handlers = Handlers::new();
    for Named { name, place, handler } in named {
        if !is_handler_name(&name) {
            return Err(Error::HandlerName { name, place });
        }
        match places.entry(name.clone()) {
            Entry::Vacant(free) => drop(free.insert(place)),
            Entry::Occupied(first) => {
                return Err(Error::DuplicateHandler { name, first: first.get().clone(), second: place });
            }
        }
        handlers.insert(name, handler);
    }
    match handlers.len() > MOST_HANDLERS {
        true => Err(Error::TooManyHandlers),
        false => Ok(handlers),
    }
}
