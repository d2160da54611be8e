//! The dashboard in a real browser.

mod accessibility;
mod acting;
mod first;
mod hostile;
mod keys;
mod large;
mod live;
mod login;
mod rows;
mod schedules;
mod screenshots;
mod theme;
mod troubles;
mod without_script;
mod zooming;
