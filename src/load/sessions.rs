//! Households that are signed in beforehand: of no line more than the server keeps at once, for each more
//! would end one of those that were prepared before it.

use super::random::Random;
use std::collections::HashMap;

/// Sessions, by line. `S` is what is known of one.
pub struct Sessions<S> {
    lines: HashMap<String, OfLine<S>>,
    /// The lines as often as they were drawn: the popular ones are asked for more often here too.
    drawn: Vec<String>,
}

/// The sessions of a line.
struct OfLine<S> {
    /// Those that stand or are being opened.
    begun: u64,
    there: Vec<S>,
}

impl<S> Default for Sessions<S> {
    fn default() -> Self {
        Self { lines: HashMap::new(), drawn: Vec::new() }
    }
}

impl<S: Clone> Sessions<S> {
    /// How many households they stand for.
    pub const fn len(&self) -> usize {
        self.drawn.len()
    }

    /// Whether nobody is signed in.
    pub const fn is_empty(&self) -> bool {
        self.drawn.is_empty()
    }

    /// Whether a line that was drawn is to be signed in, which [`Self::ended`] tells the end of. Where it
    /// has `most` sessions already, those stand for this household too.
    pub fn begin(&mut self, line: &str, most: u64) -> bool {
        let nobody = || OfLine { begun: 0, there: Vec::new() };
        let of_line = self.lines.entry(line.to_owned()).or_insert_with(nobody);
        let has_room = of_line.begun < most;
        if has_room {
            of_line.begun += 1;
        } else {
            self.drawn.push(line.to_owned());
        }
        has_room
    }

    /// A line was signed in, or could not be.
    pub fn ended(&mut self, line: &str, session: Option<S>) {
        let Some(of_line) = self.lines.get_mut(line) else { return };
        if let Some(session) = session {
            of_line.there.push(session);
            self.drawn.push(line.to_owned());
        } else {
            of_line.begun -= 1;
        }
    }

    /// A session of the line that is drawn; none where nobody is signed in.
    pub fn draw(&self, random: &mut Random) -> Option<S> {
        let (before, after) = self.drawn.split_at(random.place(self.drawn.len()));
        // Of a line whose sessions all failed there is none, however often it was drawn meanwhile.
        let there = after.iter().chain(before).find_map(|line| {
            let there = &self.lines.get(line)?.there;
            (!there.is_empty()).then_some(there)
        })?;
        there.get(random.place(there.len())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_line_has_no_more_sessions_than_the_server_keeps_and_is_asked_for_as_often_as_it_was_drawn()
    {
        let mut sessions = Sessions::default();
        let mut number = 0;
        let mut draw = |sessions: &mut Sessions<(String, u32)>, line: &str| {
            let is_begun = sessions.begin(line, 2);
            if is_begun {
                number += 1;
                sessions.ended(line, Some((line.to_owned(), number)));
            }
            is_begun
        };
        let begun = ["a", "a", "a", "a", "a", "a", "b", "b"].map(|line| draw(&mut sessions, line));
        assert_eq!(begun, [true, true, false, false, false, false, true, true]);
        assert_eq!(sessions.len(), 8);
        let mut random = Random::new(1, 0);
        let mut counts = BTreeMap::new();
        for _ in 0..8_000 {
            *counts.entry(sessions.draw(&mut random).expect("a session")).or_insert(0) += 1;
        }
        let a = counts.range(("a".to_owned(), 0)..("b".to_owned(), 0)).map(|(_, count)| *count);
        assert_eq!(counts.len(), 4, "{counts:?}");
        assert!((5_800..6_200).contains(&a.sum::<i32>()), "{counts:?}");
        assert!(counts.values().all(|count| *count > 800), "each is used: {counts:?}");
    }

    #[test]
    fn a_sign_in_that_failed_leaves_its_room_and_nobody_is_drawn_of_a_line_without_any() {
        let mut sessions = Sessions::default();
        let mut random = Random::new(1, 0);
        assert_eq!(sessions.draw(&mut random), None);
        assert!(sessions.begin("a", 1) && !sessions.begin("a", 1));
        sessions.ended("a", None);
        assert_eq!((sessions.draw(&mut random), sessions.len()), (None, 1));
        assert!(sessions.begin("b", 1));
        sessions.ended("b", Some(7));
        assert!((0..20).all(|_| sessions.draw(&mut random) == Some(7)));
        assert!(sessions.begin("a", 1), "its room is free again");
    }
}
