//! The account of every request of a run, and what is wrong with it.

use std::collections::HashMap;

use flowx_core::message::record::Record;

use crate::classes::{CLASSES, End};
use crate::compare::{Answer, Kind, Place, answer, differences};
use crate::draft::{Fate, NUMBER, Requests};
use crate::scene::Scene;

/// How many things that are wrong are told in words.
const EXAMPLES: usize = 20;

/// The account of one request.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) fate: Fate,
    /// Where it stands and when the broker took it; known when its topic has been read.
    pub(crate) stands: Option<(Place, i64)>,
    /// When the broker took the last of its answers.
    pub(crate) finished: i64,
    /// How many answers there are of each kind.
    pub(crate) counts: [u32; 3],
    /// What the answers say where it stands.
    named: Option<Place>,
    pub(crate) is_wrong: bool,
}

impl Account {
    /// How many answers of each kind there must be.
    pub(crate) fn due(&self) -> [u32; 3] {
        match self.fate.end {
            End::Served => [1, 0, 0],
            End::Refused(_) | End::Pointed(_) => [0, u32::from(!self.fate.is_anonymous), 1],
        }
    }
}

/// All accounts, by number.
#[derive(Debug)]
pub(crate) struct Books {
    requests: Requests,
    scene: Scene,
    pub(crate) accounts: Vec<Account>,
    /// Answers that must come for what was sent so far, and those that came.
    due: u64,
    came: u64,
    /// Dead letters that do not carry the number of their request.
    unnamed: Vec<Record>,
    /// What is wrong, in words: the first examples.
    pub(crate) examples: Vec<String>,
}

impl Books {
    pub(crate) fn open(requests: &Requests, scene: &Scene) -> Self {
        Self {
            requests: requests.clone(),
            scene: scene.clone(),
            accounts: Vec::new(),
            due: 0,
            came: 0,
            unnamed: Vec::new(),
            examples: Vec::new(),
        }
    }

    /// Notes the next request.
    pub(crate) fn sent(&mut self, fate: Fate) {
        let account = Account {
            fate,
            stands: None,
            finished: 0,
            counts: [0; 3],
            named: None,
            is_wrong: false,
        };
        self.due += u64::from(account.due().iter().sum::<u32>());
        self.accounts.push(account);
    }

    /// Whether as many answers came as must come for what was sent.
    pub(crate) fn is_even(&self) -> bool {
        self.came >= self.due
    }

    /// Notes an answer.
    pub(crate) fn received(&mut self, record: Record) {
        self.came += 1;
        let number = record.headers.text(NUMBER).and_then(|text| text.parse().ok());
        match number {
            Some(number) => self.enter(number, &record),
            None => self.unnamed.push(record),
        }
    }

    /// Notes where a request stands.
    pub(crate) fn stands(&mut self, record: &Record) {
        let number = record.headers.text(NUMBER).and_then(|text| text.parse::<usize>().ok());
        let handler = self.scene.handler(&record.at.topic);
        let (Some(number), Some(handler)) = (number, handler) else { return };
        if let Some(account) = self.accounts.get_mut(number) {
            let place = (handler, record.at.partition, record.at.offset);
            account.stands = Some((place, record.timestamp.unwrap_or(i64::MAX)));
        }
    }

    /// Balances every account when all has been read.
    pub(crate) fn close(&mut self) {
        let by_place: HashMap<Place, usize> = (self.accounts.iter().enumerate())
            .filter_map(|(number, account)| Some((account.stands?.0, number)))
            .collect();
        for record in std::mem::take(&mut self.unnamed) {
            let place = answer(&record, &self.scene).place;
            match place.and_then(|place| by_place.get(&place)) {
                Some(number) => self.enter(*number, &record),
                None => self.wrong(None, &format!("{} answers no request", record.at)),
            }
        }
        for number in 0..self.accounts.len() {
            let account = &self.accounts[number];
            let (counts, due) = (account.counts, account.due());
            if counts != due {
                let what = format!(
                    "has {counts:?} replies, error replies and dead letters instead of {due:?}"
                );
                self.wrong(Some(number), &what);
            } else if account.stands.map(|(place, _)| place) != account.named {
                self.wrong(Some(number), "its answers name another place than its own");
            }
        }
    }

    fn enter(&mut self, number: usize, record: &Record) {
        if number >= self.accounts.len() {
            return self.wrong(None, &format!("{} answers what was never sent", record.at));
        }
        let request = self.requests.request(number as u64);
        let Answer { kind, place, at } = answer(record, &self.scene);
        let different = differences(record, kind, &request, &self.scene);
        let account = &mut self.accounts[number];
        account.counts[match kind {
            Kind::Reply => 0,
            Kind::ErrorReply => 1,
            Kind::DeadLetter => 2,
        }] += 1;
        account.finished = account.finished.max(at);
        let contradicts = account.named.is_some() && account.named != place;
        account.named = place;
        if contradicts {
            self.wrong(Some(number), "its answers name different places");
        }
        if !different.is_empty() {
            self.wrong(Some(number), &format!("{} differs: {different}", record.at));
        }
    }

    /// Something is wrong, with a request or with the whole.
    pub(crate) fn wrong(&mut self, number: Option<usize>, what: &str) {
        let who = match number {
            None => String::new(),
            Some(number) => {
                self.accounts[number].is_wrong = true;
                format!("{}: ", self.title(number))
            }
        };
        if self.examples.len() < EXAMPLES {
            self.examples.push(format!("{who}{what}"));
        }
    }

    /// A request by its number and kind.
    pub(crate) fn title(&self, number: usize) -> String {
        let kind = match self.accounts[number].fate.class {
            None => "good".to_owned(),
            Some((class, variant)) => CLASSES[class].title(variant),
        };
        format!("request {number} ({kind})")
    }
}
