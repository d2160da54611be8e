//! What the attributes registered, wherever in the program they stand.

use std::fmt;

use crate::handler::HandlerInfo;
use crate::provider::{HookInfo, ProviderInfo};
use crate::request::RequestInfo;

/// Where an attribute stands.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    pub module: &'static str,
    pub file: &'static str,
    pub line: u32,
}

impl Source {
    /// Returns the crate, by the name that code uses for it.
    pub fn krate(&self) -> &'static str {
        self.module.split("::").next().unwrap_or(self.module)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One thing that an attribute registered.
#[doc(hidden)]
#[derive(Debug)]
pub enum Registration {
    Request(&'static RequestInfo),
    Handler(&'static HandlerInfo),
    Provider(&'static ProviderInfo),
    Hook(&'static HookInfo),
}

inventory::collect!(Registration);
