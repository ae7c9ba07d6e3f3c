//! Dead letters and what was done about them, read from their topics.

use std::collections::HashMap;

use super::filter::Filter;
use super::letter::DeadLetter;
use super::mark::{Kind, Mark};
use crate::message::record::Record;

/// What the marks of a dead letter say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replay {
    /// It was not sent again, or that was taken back.
    #[default]
    None,
    /// A run began to send it, at this time, and its end is not known.
    Unfinished(i64),
    /// It was sent again, at this time.
    Done(i64),
}

/// A dead letter with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The dead letter; of several copies the first that is whole.
    pub letter: DeadLetter,
    /// How many records hold it: a connector that crashed can have written it twice.
    pub copies: usize,
    /// What its marks say.
    pub replay: Replay,
}

/// The dead letters of one connector that fit a filter, in the order of their topics.
///
/// It holds what they say of themselves, never what they carry.
#[derive(Debug)]
pub struct Journal {
    group: String,
    filter: Filter,
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
    marks: HashMap<String, Replay>,
    foreign: usize,
    illegible: usize,
}

impl Journal {
    /// An empty one, for the dead letters of this consumer group.
    #[must_use]
    pub fn new(group: &str, filter: Filter) -> Self {
        Self {
            group: group.to_owned(),
            filter,
            entries: Vec::new(),
            index: HashMap::new(),
            marks: HashMap::new(),
            foreign: 0,
            illegible: 0,
        }
    }

    /// Takes note of the next record of a dead-letter topic.
    pub fn note(&mut self, record: &Record) {
        if let Some(mark) = Mark::read(record) {
            self.mark(&mark);
            return;
        }
        let Some(letter) = DeadLetter::read(record) else {
            self.illegible += 1;
            return;
        };
        if letter.group != self.group {
            self.foreign += 1;
            return;
        }
        if let Some(first) = self.index.get(letter.id.as_str()) {
            let entry = &mut self.entries[*first];
            entry.copies += 1;
            let replied = entry.letter.replied || letter.replied;
            if entry.letter.truncated && !letter.truncated {
                entry.letter = letter;
            }
            entry.letter.replied = replied;
        } else if self.filter.fits(&letter) {
            self.index.insert(letter.id.as_str().to_owned(), self.entries.len());
            self.entries.push(Entry { letter, copies: 1, replay: Replay::None });
        }
    }

    /// A copy of a dead letter may stand on another partition than a mark of it; what was done is done.
    fn mark(&mut self, mark: &Mark) {
        let replay = self.marks.entry(mark.id.as_str().to_owned()).or_default();
        *replay = match (*replay, mark.kind) {
            (Replay::Done(at), _) => Replay::Done(at),
            (_, Kind::Replayed) => Replay::Done(mark.at),
            (_, Kind::Begun) => Replay::Unfinished(mark.at),
            (_, Kind::Withdrawn) => Replay::None,
        };
    }

    /// Ends the reading: every dead letter has what its marks say.
    #[must_use]
    pub fn finished(mut self) -> Self {
        for entry in &mut self.entries {
            entry.replay = self.marks.get(entry.letter.id.as_str()).copied().unwrap_or_default();
        }
        self
    }

    /// The dead letters, once each.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many dead letters of other consumer groups stand on the same topics.
    #[must_use]
    pub fn foreign(&self) -> usize {
        self.foreign
    }

    /// How many records there are no dead letters of flowx, or of a later layout.
    #[must_use]
    pub fn illegible(&self) -> usize {
        self.illegible
    }
}

#[cfg(test)]
mod tests {
    use super::super::letter::tests::written;
    use super::super::mark;
    use super::*;
    use crate::message::record::{Coordinates, Outbound};

    fn stands(outbound: Outbound, offset: i64) -> Record {
        let Outbound { topic, key, headers, payload, .. } = outbound;
        let at = Coordinates { topic, partition: 0, offset };
        Record { at, timestamp: None, key, headers, payload }
    }

    fn journal(records: &[Record]) -> Journal {
        let mut journal = Journal::new("numbers", Filter::default());
        records.iter().for_each(|record| journal.note(record));
        journal.finished()
    }

    #[test]
    fn the_last_mark_counts_but_what_was_done_stays_done() {
        use Kind::{Begun, Replayed, Withdrawn};
        for (kinds, expected) in [
            (&[][..], Replay::None),
            (&[Begun], Replay::Unfinished(0)),
            (&[Begun, Withdrawn], Replay::None),
            (&[Begun, Withdrawn, Begun], Replay::Unfinished(2)),
            (&[Begun, Replayed], Replay::Done(1)),
            (&[Begun, Replayed, Begun], Replay::Done(1)),
            (&[Replayed, Withdrawn], Replay::Done(0)),
        ] {
            let record = written(0, |_, _| ());
            let letter = DeadLetter::read(&record).expect("a dead letter");
            let mut records = vec![record.clone()];
            for (time, kind) in (0..).zip(kinds) {
                let mark = mark::of(&letter, record.key.as_deref(), *kind, time);
                records.push(stands(mark, 1 + time));
            }
            assert_eq!(journal(&records).entries()[0].replay, expected, "{kinds:?}");
        }
    }

    #[test]
    fn a_copy_is_the_same_letter_and_says_at_least_as_much() {
        let first = written(0, |_, _| ());
        let mut second = first.clone();
        second.at.offset = 1;
        second.headers.push_text("dlq-replied", "true");
        let journal = journal(&[first, second]);
        let [entry] = journal.entries() else { panic!("{journal:?}") };
        assert_eq!((entry.copies, entry.letter.at.offset, entry.letter.replied), (2, 0, true));
    }

    #[test]
    fn what_is_anothers_or_illegible_is_counted_and_left_alone() {
        let foreign = written(0, |cause, _| cause.group = "others");
        let mut alien = written(1, |_, _| ());
        alien.headers.push_text("dlq-version", "2");
        let journal = journal(&[foreign, alien]);
        assert_eq!(journal.entries(), []);
        assert_eq!((journal.foreign(), journal.illegible()), (1, 1));
    }

    #[test]
    fn a_request_cannot_bring_a_mark_along() {
        let letter = DeadLetter::read(&written(0, |_, _| ())).expect("a dead letter");
        let forged = mark::of(&letter, None, Kind::Replayed, 7).headers;
        let record = written(0, |_, request| {
            forged.iter().for_each(|(name, value)| request.headers.push(name, value));
        });
        assert_eq!(journal(&[record]).entries()[0].replay, Replay::None);
    }
}
