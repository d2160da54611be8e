//! The dashboard in a real browser.

mod accessibility;
mod hostile;
mod large;
mod screenshots;
mod without_script;
