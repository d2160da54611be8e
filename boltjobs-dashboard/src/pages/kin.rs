//! What is before and after a job, as a graph and as lists in lists.

use std::collections::BTreeSet;

use boltjobs_core::continuation::ParentId;
use boltjobs_core::job::Job;
use maud::{Markup, html};

use super::frame::{LINE, View, state};
use super::graph::{graph, link, word};
use crate::kin::{Kin, Member, in_words};
use crate::text::clip;

/// Shows what a job comes after, and what comes after it.
pub(super) fn kin(view: &View, job: &Job, kin: &Kin) -> Markup {
    let here = ParentId::from(job.id);
    html! {
        @if kin.members.len() > 1 {
            h2 { "Before and after it" }
            (graph(view, &kin.members, Some(here), |_| None))
            @if kin.more { p class="quiet" { "There are more of them than are shown." } }
            (tree(view, kin, here, "Before it", &before))
            (tree(view, kin, here, "After it", &behind))
        }
    }
}

type Next = dyn Fn(&Kin, ParentId) -> Vec<ParentId>;

fn before(kin: &Kin, id: ParentId) -> Vec<ParentId> {
    kin.member(id).map(|member| member.after.clone()).unwrap_or_default()
}

fn behind(kin: &Kin, id: ParentId) -> Vec<ParentId> {
    let after = kin.members.iter().filter(|member| member.after.contains(&id));
    after.map(|member| member.id).collect()
}

fn tree(view: &View, kin: &Kin, root: ParentId, title: &str, next: &Next) -> Markup {
    let mut seen = BTreeSet::new();
    html! {
        @if !next(kin, root).is_empty() {
            h3 { (title) }
            (branch(view, kin, root, next, &mut seen))
        }
    }
}

/// Lists what is next to something, each with what is next to it. What is there twice is opened once.
fn branch(view: &View, kin: &Kin, of: ParentId, next: &Next, seen: &mut BTreeSet<ParentId>) -> Markup {
    let mut rows = Vec::new();
    for id in next(kin, of) {
        let Some(member) = kin.member(id) else { continue };
        // One of the two comes after the other.
        let when = member.when(of).or_else(|| kin.member(of)?.when(id));
        let further = if seen.insert(id) { next(kin, id).len() } else { 0 };
        let inner = if further > 0 { Some(branch(view, kin, id, next, seen)) } else { None };
        rows.push((member, when, further, inner));
    }
    html! {
        ul class="tree" {
            @for (member, when, further, inner) in rows {
                li {
                    (named(view, member))
                    @if let Some(when) = when { span class="quiet" { ", " (in_words(when)) } }
                    @if let Some(inner) = inner {
                        details { summary { (further) " more beyond it" } (inner) }
                    }
                }
            }
        }
    }
}

/// Shows how one stands, and leads to it.
pub(super) fn named(view: &View, member: &Member) -> Markup {
    html! {
        @match member.state {
            Some(known) => { (state(known)) " " a href=(link(view, member.id)) { (clip(&member.title, LINE)) } }
            None => { span class="badge" { (word(None)) } " " (clip(&member.title, LINE)) }
        }
    }
}
