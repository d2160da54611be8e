//! Room that is used again.
//!
//! Jobs are read by one thread, run on another, and let go by the one that writes. The system's allocator makes threads wait for
//! each other when one frees what another has made, and for larger pieces that takes longer than all the rest.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Room of what is over, a [`Box`] or an [`Arc`], for what comes.
#[derive(Debug)]
pub struct Pool<P> {
    rooms: Mutex<Vec<P>>,
    most: usize,
}

impl<P> Pool<P> {
    /// Makes a pool that keeps so many rooms at most.
    pub const fn new(most: usize) -> Self {
        Self { rooms: Mutex::new(Vec::new()), most }
    }

    /// Takes the latest room, if there is any.
    pub fn take(&self) -> Option<P> {
        self.rooms().pop()
    }

    /// Keeps rooms that have been cleared.
    pub fn keep(&self, mut cleared: Vec<P>) {
        let mut rooms = self.rooms();
        let free = self.most.saturating_sub(rooms.len());
        rooms.extend(cleared.drain(..free.min(cleared.len())));
    }

    fn rooms(&self) -> MutexGuard<'_, Vec<P>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Pool<Arc<T>> {
    /// Puts a value where another one was, if there is such room.
    pub fn put(&self, value: T) -> Arc<T> {
        let Some(mut room) = self.take() else { return Arc::new(value) };
        match Arc::get_mut(&mut room) {
            Some(place) => {
                *place = value;
                room
            }
            None => Arc::new(value),
        }
    }

    /// Keeps the room of those that nobody else has any more, once they are cleared.
    pub fn let_go(&self, values: impl IntoIterator<Item = Arc<T>>, clear: impl Fn(&mut T)) {
        let cleared = |mut value: Arc<T>| {
            clear(Arc::get_mut(&mut value)?);
            Some(value)
        };
        self.keep(values.into_iter().filter_map(cleared).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_that_nobody_else_has_is_used_again_and_holds_nothing() {
        let pool = Pool::new(2);
        let held = Arc::new("held".to_owned());
        let others = ["a", "b", "c"].map(|text| Arc::new(text.to_owned()));
        let places = others.each_ref().map(Arc::as_ptr);
        pool.let_go([Arc::clone(&held)].into_iter().chain(others), String::clear);
        assert_eq!(*held, "held");
        assert!(pool.rooms().iter().all(|room| room.is_empty()) && pool.rooms().len() == 2);

        let [second, first, new] = ["x", "y", "z"].map(|text| pool.put(text.to_owned()));
        assert_eq!([&**first, &**second, &**new], ["y", "x", "z"]);
        assert_eq!([Arc::as_ptr(&first), Arc::as_ptr(&second)], [places[0], places[1]]);
        assert_eq!(pool.rooms().len(), 0);
    }
}
