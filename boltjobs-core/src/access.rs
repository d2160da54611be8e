//! Who may do what in a dashboard, and what shows that it is them.

mod host;
mod token;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use host::Host;
pub use token::Token;

use crate::text::shown;

/// What somebody may do in a dashboard. Each role may do all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Role {
    /// Look. The default.
    #[default]
    Read,
    /// Requeue, delete, move and prioritize jobs, trigger, pause and resume recurring definitions, pause and resume queues.
    Operate,
    /// Remove recurring definitions.
    Administer,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Administer => "administer",
        })
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let roles = [Self::Read, Self::Operate, Self::Administer];
        let found = roles.into_iter().find(|role| role.to_string().eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("`{}` is no role; use read, operate or administer", shown(text)))
    }
}

/// Somebody who uses a dashboard: the name that the audit tells, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    name: Arc<str>,
    role: Role,
}

impl Identity {
    /// Names somebody who acts in a role.
    pub fn new(name: impl Into<Arc<str>>, role: Role) -> Self {
        Self { name: name.into(), role }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what they may do.
    pub fn role(&self) -> Role {
        self.role
    }
}

/// Whoever acts in a role and has no name of their own is called by the role.
impl From<Role> for Identity {
    fn from(role: Role) -> Self {
        Self::new(role.to_string(), role)
    }
}

/// What an app says of each action in a dashboard that a role allows: whether somebody may do it to something.
#[derive(Clone)]
pub struct Permit(Arc<Permitting>);

type Permitting = dyn Fn(&Identity, &str, &str) -> bool + Send + Sync;

impl Permit {
    /// Asks a fn.
    pub fn new(permit: impl Fn(&Identity, &str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(permit))
    }

    /// Says whether somebody may do something, as in `pause`, to something, as in `queue mail`.
    pub fn allows(&self, who: &Identity, action: &str, target: &str) -> bool {
        (self.0)(who, action, target)
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in [Role::Read, Role::Operate, Role::Administer] {
            assert_eq!(role.to_string().to_uppercase().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().unwrap_err().contains("use read, operate"));
        assert!(Role::Read < Role::Operate && Role::Operate < Role::Administer);
    }
}
