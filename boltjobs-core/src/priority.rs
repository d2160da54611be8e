//! Priorities: higher goes first within a queue.

/// Checks a priority.
///
/// # Errors
/// Says that it is out of range.
pub fn legal(priority: i32) -> Result<i8, String> {
    let legal = i8::try_from(priority).ok().filter(|priority| (-100..=100).contains(priority));
    legal.ok_or_else(|| format!("priority {priority} is out of range; use -100 to 100, higher goes first"))
}
