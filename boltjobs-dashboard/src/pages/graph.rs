//! What hangs together, drawn: what comes after something stands to the right of it.

use std::collections::{BTreeMap, BTreeSet};

use boltjobs_core::JobState;
use boltjobs_core::continuation::ParentId;
use maud::{Markup, html};

use super::frame::View;
use crate::kin::Member;
use crate::text::{clip, counted};

/// The most that stand above each other; more are drawn as one for each state.
const HIGH: usize = 12;

/// The size of a node, and the room between two, in pixels.
const WIDTH: usize = 190;
const HEIGHT: usize = 42;
const BESIDE: usize = 44;
const BELOW: usize = 12;

/// The most characters of a title that have room.
const TITLE: usize = 24;

/// Something that is drawn.
#[derive(Debug, PartialEq, Eq)]
struct Node {
    /// How many columns are before it, and how many nodes above it.
    column: usize,
    row: usize,
    /// Its members, by their places; several for those of one state.
    members: Vec<usize>,
}

impl Node {
    fn left(&self) -> usize {
        self.column * (WIDTH + BESIDE)
    }

    fn top(&self) -> usize {
        self.row * (HEIGHT + BELOW)
    }
}

/// Where everything stands, and what is joined.
#[derive(Debug)]
struct Layout {
    nodes: Vec<Node>,
    edges: BTreeSet<(usize, usize)>,
}

impl Layout {
    fn of(members: &[Member]) -> Self {
        let places: BTreeMap<ParentId, usize> =
            members.iter().enumerate().map(|(at, member)| (member.id, at)).collect();
        let before = |at: usize| members[at].after.iter().filter_map(|id| places.get(id)).copied();
        let columns = columns(members.len(), before);
        let (mut nodes, mut node_of): (Vec<Node>, _) = (Vec::new(), vec![0; members.len()]);
        for column in 0..=columns.iter().copied().max().unwrap_or(0) {
            let here: Vec<usize> = (0..members.len()).filter(|at| columns[*at] == column).collect();
            let mut groups: Vec<Vec<usize>> = if here.len() > HIGH {
                let mut by_state: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
                for at in here {
                    by_state.entry(rank(members[at].state)).or_default().push(at);
                }
                by_state.into_values().collect()
            } else {
                here.into_iter().map(|at| vec![at]).collect()
            };
            // Beside what they come after, so that few lines cross.
            let height = |group: &Vec<usize>| {
                let rows: Vec<_> = before(group[0]).map(|at| nodes[node_of[at]].row).collect();
                rows.iter().sum::<usize>() * 100 / rows.len().max(1)
            };
            groups.sort_by_cached_key(height);
            for (row, members) in groups.into_iter().enumerate() {
                for at in &members {
                    node_of[*at] = nodes.len();
                }
                nodes.push(Node { column, row, members });
            }
        }
        let edges = (0..members.len()).flat_map(|at| before(at).map(move |before| (before, at)));
        let edges = edges.map(|(from, to)| (node_of[from], node_of[to]));
        let edges = edges.filter(|(from, to)| nodes[*from].column < nodes[*to].column).collect();
        Self { nodes, edges }
    }

    fn size(&self) -> (usize, usize) {
        let right = self.nodes.iter().map(|node| node.left() + WIDTH).max().unwrap_or(0);
        let bottom = self.nodes.iter().map(|node| node.top() + HEIGHT).max().unwrap_or(0);
        (right + 2, bottom + 2)
    }
}

/// Returns the column of each: one behind the last that it comes after.
fn columns<I: Iterator<Item = usize>>(many: usize, before: impl Fn(usize) -> I) -> Vec<usize> {
    let mut columns = vec![0; many];
    // Nothing comes after itself, so it ends by then; were it otherwise, it would end all the same.
    for _ in 0..many {
        let mut moved = false;
        for at in 0..many {
            let column = before(at).map(|before| columns[before] + 1).max().unwrap_or(0);
            if column > columns[at] && column < many {
                (columns[at], moved) = (column, true);
            }
        }
        if !moved {
            break;
        }
    }
    columns
}

fn rank(state: Option<JobState>) -> usize {
    JobState::ALL.iter().position(|known| Some(*known) == state).unwrap_or(JobState::ALL.len())
}

/// Draws them. `here` is marked; `group` leads to those of a state where they are drawn as one.
pub(super) fn graph(
    view: &View,
    members: &[Member],
    here: Option<ParentId>,
    group: impl Fn(Option<JobState>) -> Option<String>,
) -> Markup {
    let layout = Layout::of(members);
    let (width, height) = layout.size();
    let label = format!("Graph of {}; the list below says the same", counted(members.len() as u64, "node"));
    html! {
        div class="wide" tabindex="0" role="region" aria-label="Graph" {
            svg class="graph" role="group" aria-label=(label) width=(width) height=(height) viewBox=(format!("-1 -1 {width} {height}")) {
                @for (from, to) in &layout.edges { (edge(&layout.nodes[*from], &layout.nodes[*to])) }
                @for node in &layout.nodes {
                    @match &*node.members {
                        [at] => {
                            @let member = &members[*at];
                            (drawn(node, Some(member.id) == here, member.state, &member.title, Some(link(view, member.id))))
                        }
                        several => {
                            @let state = members[several[0]].state;
                            (drawn(node, false, state, &counted(several.len() as u64, "job"), group(state)))
                        }
                    }
                }
            }
        }
    }
}

/// Draws how many there are of each state, below each other.
pub(super) fn by_state(held: &[(JobState, u64)], link: &impl Fn(JobState) -> String) -> Markup {
    let held: Vec<_> = held.iter().filter(|(_, jobs)| *jobs > 0).collect();
    let height = held.len() * (HEIGHT + BELOW);
    html! {
        svg class="graph" role="group" aria-label="Jobs by state; the table below says the same"
            width=(WIDTH + 2) height=(height) viewBox=(format!("-1 -1 {} {height}", WIDTH + 2)) {
            @for (row, (state, jobs)) in held.into_iter().enumerate() {
                @let node = Node { column: 0, row, members: Vec::new() };
                (drawn(&node, false, Some(*state), &counted(*jobs, "job"), Some(link(*state))))
            }
        }
    }
}

fn edge(from: &Node, to: &Node) -> Markup {
    let (x1, y1) = (from.left() + WIDTH, from.top() + HEIGHT / 2);
    let (x2, y2) = (to.left(), to.top() + HEIGHT / 2);
    let bend = BESIDE / 2;
    let path = format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend);
    html! { path class="edge" d=(path) {} }
}

/// Draws a node: the title, and below it the sign and the word of its state.
fn drawn(node: &Node, here: bool, state: Option<JobState>, title: &str, link: Option<String>) -> Markup {
    let word = word(state);
    let name = word.to_lowercase();
    let class = format!("node {name}{}", if here { " here" } else { "" });
    // What stands in an SVG of its own can't leave it.
    let inner = html! {
        svg x=(node.left()) y=(node.top()) width=(WIDTH) height=(HEIGHT) {
            title { (clip(title, 300)) }
            rect x="1" y="1" width=(WIDTH - 2) height=(HEIGHT - 2) rx="6" {}
            text x="10" y="17" { (short(title)) }
            @if state.is_some() {
                svg class="icon" x="10" y="23" width="13" height="13" aria-hidden="true" { use href=(format!("#i-{name}")) {} }
            }
            text class="word" x="28" y="34" { (word) }
        }
    };
    html! {
        @if let Some(link) = link {
            a class=(class) href=(link) { (inner) }
        } @else { g class=(class) { (inner) } }
    }
}

/// Returns the word for a state.
pub(super) fn word(state: Option<JobState>) -> &'static str {
    state.map_or("Gone", JobState::as_str)
}

/// Leads to a job or a batch.
pub(super) fn link(view: &View, id: ParentId) -> String {
    match id {
        ParentId::Job(id) => view.base.item("/jobs/", &id.to_string()),
        ParentId::Batch(id) => view.base.item("/batches/", &id.to_string()),
    }
}

fn short(title: &str) -> String {
    match title.char_indices().nth(TITLE) {
        None => title.to_owned(),
        Some((end, _)) => format!("{}…", &title[..end]),
    }
}

#[cfg(test)]
mod tests {
    use boltjobs_core::{JobId, Timestamp};

    use super::*;

    fn id(n: u128) -> ParentId {
        JobId::from_parts(Timestamp::EPOCH, n).into()
    }

    fn member(n: u128, after: &[u128]) -> Member {
        let after = after.iter().map(|n| id(*n)).collect();
        Member { id: id(n), title: n.to_string(), state: Some(JobState::Awaiting), after, when: Vec::new() }
    }

    fn places(members: &[Member]) -> Vec<(usize, usize)> {
        Layout::of(members).nodes.iter().map(|node| (node.column, node.row)).collect()
    }

    #[test]
    fn what_comes_after_something_is_to_the_right_of_it() {
        // A diamond, and something beside it, with a parent that is not there.
        let members = [member(4, &[2, 3]), member(2, &[1]), member(3, &[1]), member(1, &[]), member(5, &[9])];
        let layout = Layout::of(&members);
        let column = |at: usize| layout.nodes.iter().find(|node| node.members == [at]).unwrap().column;
        assert_eq!([3, 1, 2, 0, 4].map(column), [0, 1, 1, 2, 0]);
        assert_eq!(layout.edges.len(), 4);
        let places: BTreeSet<_> = places(&members).into_iter().collect();
        assert_eq!(places.len(), members.len(), "no two stand in one place");
    }

    #[test]
    fn what_is_many_is_drawn_by_state_and_a_circle_ends() {
        let mut many: Vec<_> = (0..50).map(|n| member(n, &[])).collect();
        many[7].state = Some(JobState::Failed);
        many.push(member(99, &[1, 7]));
        let layout = Layout::of(&many);
        let sizes: Vec<_> = layout.nodes.iter().map(|node| node.members.len()).collect();
        assert_eq!((sizes, layout.edges.len()), (vec![49, 1, 1], 2));
        assert_eq!(places(&[member(1, &[2]), member(2, &[1])]).len(), 2);
    }
}
