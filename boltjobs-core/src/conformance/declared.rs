//! Definitions that the code of a program declares.

use super::Fixture;
use super::lab::{Lab, at, id};
use super::recurring::{HOUR, definition};
use crate::recurring::Definition;
use crate::store::RecurringCommand;

fn declared(name: &str, by: &str) -> Definition {
    Definition { declared_by: Some(by.into()), ..definition(name, "@hourly") }
}

impl Lab<'_> {
    fn ids(&self) -> Vec<String> {
        self.definitions().iter().map(|found| found.definition.id.to_string()).collect()
    }
}

/// C6: those that were made at run time stay, and so do those of crates that are not in this program.
pub fn a_declared_definition_goes_with_its_code(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(definition("by hand", "@hourly"), at(0));
    let all = vec![declared("a", "school"), declared("b", "school"), declared("c", "library")];
    assert!(lab.declare(all, &["school", "library"], at(0)).is_empty());
    assert_eq!(lab.ids(), ["a", "b", "by hand", "c"]);
    // A program without the library, whose school has one definition less.
    let gone = lab.declare(vec![declared("b", "school")], &["school", "web"], at(1));
    assert_eq!(gone.iter().map(|id| &**id).collect::<Vec<_>>(), ["a"]);
    assert_eq!(lab.ids(), ["b", "by hand", "c"]);
    // One that only enqueues and links none of them.
    assert!(lab.declare(Vec::new(), &["web"], at(2)).is_empty());
    assert_eq!(lab.ids(), ["b", "by hand", "c"]);
    lab.fire(at(HOUR));
    assert_eq!(lab.fired(), [at(HOUR); 3]);
}

/// C5, C6: nothing is written, and what a client did in the meantime is undone but for a pause.
pub fn declaring_again_changes_nothing_but_what_differs(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    let declare = |now| lab.declare(vec![declared("a", "school")], &["school"], now);
    declare(at(0));
    let before = lab.definitions();
    declare(at(10));
    assert_eq!(lab.definitions(), before);
    lab.steer("a", RecurringCommand::Pause, at(20));
    declare(at(30));
    assert!(lab.definitions()[0].paused, "a pause is kept");
    lab.steer("a", RecurringCommand::Remove, at(40));
    declare(at(50));
    assert_eq!((lab.ids(), lab.definitions()[0].created_at), (vec!["a".to_owned()], at(50)));
    lab.put(definition("a", "@daily"), at(60));
    declare(at(70));
    assert_eq!(lab.definitions()[0].definition, declared("a", "school"));
}

/// C5, C6: who says it is part of what it says, and nothing else of it changes.
pub fn a_definition_keeps_its_past_when_the_code_takes_it_over(fixture: &dyn Fixture) {
    let lab = Lab::new(fixture);
    lab.put(definition("a", "@hourly"), at(0));
    lab.steer("a", RecurringCommand::Trigger(id(1)), at(1));
    lab.steer("a", RecurringCommand::Pause, at(2));
    let before = lab.definitions().remove(0);
    for (now, by) in [(10, "school"), (20, "library")] {
        assert!(lab.declare(vec![declared("a", by)], &["school", "library"], at(now)).is_empty());
        let after = lab.definitions().remove(0);
        assert_eq!((after.definition, after.updated_at), (declared("a", by), at(now)));
        assert_eq!(
            (after.created_at, after.paused, after.runs),
            (before.created_at, true, before.runs.clone())
        );
    }
    // Now it is the code's, and goes with it.
    assert_eq!(lab.declare(Vec::new(), &["library"], at(30)).len(), 1);
    assert!(lab.definitions().is_empty());
}
