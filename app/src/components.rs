//! What the pages are made of. One noun, one file; the look is `style/`.
//!
//! Texts reach a component translated (`tu_string!(use_i18n(), jobs.title)`): a component has words
//! of its own only where they are the same everywhere.

pub mod at_once;
pub mod button;
pub mod chart;
pub mod confirm;
pub mod copy_button;
pub mod empty;
pub mod error_page;
pub mod facts;
pub mod field;
pub mod filter_bar;
pub mod form;
pub mod found;
pub mod frame;
pub mod icon;
pub mod live;
pub mod log_view;
pub mod page_title;
pub mod pagination;
pub mod pulse;
pub mod quantity;
pub mod resource;
pub mod script_module;
pub mod source_diff;
pub mod sparkline;
pub mod state;
pub mod state_chart;
pub mod table;
pub mod time;
pub mod timeline;
pub mod toast;
