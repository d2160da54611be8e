//! What the tests in a browser share: the browser, its pages, and servers with something to show.

mod axe;
mod browser;
mod driver;
mod endpoint;
mod offers;
mod office;
mod outcome;
mod pages;
mod picture;
mod story;
mod visitor;

pub use axe::Axe;
pub use browser::{Browser, Look, says};
pub use office::Office;
pub use pages::{BEGINNING, FOR_ADMINISTRATORS, LOGIN, MISHAPS, PAGES, Page};
pub use picture::small;
pub use visitor::Visitor;
