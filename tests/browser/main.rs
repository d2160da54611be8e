//! The dashboard in a real browser.

mod accessibility;
mod first;
mod hostile;
mod large;
mod live;
mod screenshots;
mod without_script;
