//! Tables of which all rows are at hand, in the order of one of their columns. The order is part of the link: `?sort=failed` has
//! the fewest first, `?sort=-failed` the most.

use std::cmp::Ordering;

use boltjobs_core::text::shown;
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::View;
use crate::refused::Refused;

/// What a link says of the order.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Sorted {
    #[serde(default)]
    pub(crate) sort: String,
}

/// A column by which a table can be sorted: its title, its name in a link, and which of two rows comes first.
pub(crate) struct By<T>(pub(super) &'static str, pub(super) &'static str, pub(super) fn(&T, &T) -> Ordering);

impl Sorted {
    /// Brings rows into the order; without one they stay as they are. Those that are alike keep their places.
    pub(crate) fn apply<T>(&self, rows: &mut [T], columns: &[By<T>]) -> Result<(), Refused> {
        let (name, down) = self.read();
        if name.is_empty() {
            return Ok(());
        }
        let unknown = || {
            let all = columns.iter().map(|By(_, name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            Refused::Illegal(format!(
                "There is no order `{}`; use {all}, or one of them behind a `-`.",
                shown(name)
            ))
        };
        let By(_, _, compare) = columns.iter().find(|By(_, known, _)| *known == name).ok_or_else(unknown)?;
        rows.sort_by(|one, other| if down { compare(other, one) } else { compare(one, other) });
        Ok(())
    }

    fn read(&self) -> (&str, bool) {
        self.sort.strip_prefix('-').map_or((&self.sort, false), |name| (name, true))
    }

    /// Makes the titles of a table: those of columns that sort it are links. The first press has the most first, and for the first
    /// column, which is a name, the first letter.
    pub(super) fn head<T>(&self, view: &View, path: &str, titles: &[&str], columns: &[By<T>]) -> Markup {
        let (current, down) = self.read();
        html! {
            @for (at, title) in titles.iter().enumerate() {
                @if let Some(By(_, name, _)) = columns.iter().find(|By(known, _, _)| known == title) {
                    @let is_current = *name == current;
                    @let next_down = if is_current { !down } else { at > 0 };
                    @let sort = if next_down { format!("-{name}") } else { (*name).to_owned() };
                    th scope="col" aria-sort=[is_current.then_some(if down { "descending" } else { "ascending" })] {
                        a href=(view.base.query(path, &[("sort", &sort)])) {
                            (title) @if is_current { @if down { " ↓" } @else { " ↑" } }
                        }
                    }
                } @else { th scope="col" { (title) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_by_a_known_column_and_those_alike_keep_their_places() {
        let columns = [By("Name", "name", |a: &(u8, u8), b: &(u8, u8)| a.0.cmp(&b.0))];
        let sorted = |sort: &str| {
            let mut rows = [(2, 1), (1, 2), (2, 3)];
            Sorted { sort: sort.to_owned() }
                .apply(&mut rows, &columns)
                .map(|()| rows)
                .map_err(|it| it.told().1)
        };
        assert_eq!(sorted(""), Ok([(2, 1), (1, 2), (2, 3)]));
        assert_eq!(sorted("name"), Ok([(1, 2), (2, 1), (2, 3)]));
        assert_eq!(sorted("-name"), Ok([(2, 1), (2, 3), (1, 2)]));
        assert!(sorted("--name").unwrap_err().contains("There is no order `-name`; use `name`, or"));
    }
}
