//! Which columns a list of jobs has: those that its link names, else those that the browser keeps, else those of everybody.

use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use boltjobs_core::text::shown;

use crate::actions::{Fields, Sent, answer};
use crate::choices::{ABSOLUTE, COMPACT, DENSITY, TIMES};
use crate::cookie;
use crate::refused::Refused;
use crate::routes::Asked;

/// What a column tells of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    State,
    What,
    Why,
    Since,
    Due,
    Queue,
    Request,
    Attempt,
    Priority,
    Created,
    Tags,
    Waited,
    Ran,
    Server,
    Error,
}

/// Every column with its name in a link and its title, in the order of the form.
pub(crate) const ALL: [(Column, &str, &str); 15] = [
    (Column::State, "state", "State"),
    (Column::What, "what", "What"),
    (Column::Why, "why", "Why"),
    (Column::Since, "since", "Since"),
    (Column::Due, "due", "Due"),
    (Column::Queue, "queue", "Queue"),
    (Column::Request, "request", "Request"),
    (Column::Attempt, "attempt", "Attempts"),
    (Column::Priority, "priority", "Priority"),
    (Column::Created, "created", "Enqueued"),
    (Column::Tags, "tags", "Tags"),
    (Column::Waited, "waited", "Waited"),
    (Column::Ran, "ran", "Ran"),
    (Column::Server, "server", "Server"),
    (Column::Error, "error", "Error"),
];

/// The columns of whoever has chosen none.
const DEFAULT: &str = "state,what,since,queue,request,attempt";

/// The columns of one list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) shown: Vec<(Column, &'static str, &'static str)>,
    /// What the links of the list say of them; nothing where its own did not.
    pub(crate) named: String,
}

impl Columns {
    /// Says whether there is a column.
    pub(crate) fn has(&self, column: Column) -> bool {
        self.shown.iter().any(|(shown, _, _)| *shown == column)
    }

    /// Returns those that a link names, else those that the browser keeps.
    pub(crate) fn of(named: &str, headers: &HeaderMap) -> Result<Self, Refused> {
        if !named.is_empty() {
            return Ok(Self { shown: read(named).map_err(Refused::Illegal)?, named: named.to_owned() });
        }
        // A cookie is whatever anybody has put there: what can't be used is let go.
        let kept = cookie::columns(headers).find_map(|kept| read(kept).ok());
        let shown = kept.map_or_else(|| read(DEFAULT), Ok).map_err(Refused::Illegal)?;
        Ok(Self { shown, named: String::new() })
    }
}

/// Reads names with commas between them; one that stands twice counts once.
fn read(names: &str) -> Result<Vec<(Column, &'static str, &'static str)>, String> {
    let mut columns = Vec::new();
    for name in names.split(',') {
        let unknown = || {
            let all = ALL.map(|(_, name, _)| format!("`{name}`")).join(", ");
            format!("There is no column `{}`; use {all}, with commas between them.", shown(name))
        };
        let column = ALL.into_iter().find(|(_, known, _)| *known == name.trim()).ok_or_else(unknown)?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(columns)
}

/// Has a browser keep the columns that were chosen, how close the rows are and how times are shown, and leads back to the list.
/// Without any column it has those of everybody.
pub(crate) async fn choose(asked: Asked, headers: HeaderMap, fields: Fields) -> Response {
    let done = || {
        let form = Sent::read(&asked, fields)?;
        let names = form.all("columns").collect::<Vec<_>>().join(",");
        if !names.is_empty() {
            read(&names).map_err(Refused::Illegal)?;
        }
        let chosen = |name: &str, known: &'static str| match form.field(name) {
            "" => Ok(""),
            text if text == known => Ok(known),
            other => {
                Err(Refused::Illegal(format!("`{}` is no choice; use `{known}`, or nothing.", shown(other))))
            }
        };
        let set = [
            cookie::keep_columns(&headers, asked.base(), &names),
            cookie::keep_choice(asked.base(), DENSITY, chosen("density", COMPACT)?),
            cookie::keep_choice(asked.base(), TIMES, chosen("times", ABSOLUTE)?),
        ];
        let page =
            asked.base().query("/jobs", &[("q", form.field("q")), ("columns", &names), ("did", "columns")]);
        let set = AppendHeaders(set.map(|cookie| (SET_COOKIE, cookie)));
        Ok((set, Redirect::to(&page)).into_response())
    };
    answer(&asked, done())
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;

    fn of(named: &str, cookie: &str) -> Result<Vec<&'static str>, Refused> {
        let headers = [(COOKIE, cookie.parse().unwrap())].into_iter().collect();
        Columns::of(named, &headers)
            .map(|columns| columns.shown.into_iter().map(|(_, name, _)| name).collect())
    }

    #[test]
    fn columns_are_those_of_the_link_then_of_the_browser_then_of_everybody() {
        let kept = "boltjobs-columns=tags,error";
        assert_eq!(of("ran, state,ran", kept).unwrap(), ["ran", "state"]);
        assert_eq!(of("", kept).unwrap(), ["tags", "error"]);
        for other in ["", "boltjobs-columns=", "boltjobs-columns=<script>", "boltjobs-columns_1=tags"] {
            assert_eq!(of("", other).unwrap().join(","), DEFAULT, "{other}");
        }
    }

    #[test]
    fn an_unknown_column_is_told_with_those_that_there_are() {
        for named in ["state,colour", "colour", "state,,colour"] {
            let Err(Refused::Illegal(why)) = of(named, "") else { panic!("{named} is no column") };
            assert!(why.contains("use `state`, `what`, `why`, `since`, `due`, `queue`"), "{why}");
        }
        let Err(Refused::Illegal(why)) = of("state,colour", "") else { panic!() };
        assert!(why.starts_with("There is no column `colour`; "), "{why}");
    }
}
