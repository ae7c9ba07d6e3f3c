//! What a schedule is about: the seed decides it before the first step.

use fastrand::Rng;

pub(crate) const PARTITIONS: usize = 2;

/// Records of a partition.
pub(crate) const RECORDS: usize = 4;

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// Its handler replies at once.
    Ready,
    /// Its handler waits for the world outside.
    Waits,
    /// Its handler never ends.
    Hangs,
    /// It cannot be read: an error reply, then a dead letter.
    Unreadable,
}

impl Fate {
    pub(crate) fn payload(self) -> &'static [u8] {
        match self {
            Self::Ready => br#"{"fate":"ready"}"#,
            Self::Waits => br#"{"fate":"waits"}"#,
            Self::Hangs => br#"{"fate":"hangs"}"#,
            Self::Unreadable => b"no JSON",
        }
    }
}

/// How an assignment ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// In good order: what has begun may finish.
    Revoked,
    /// The control thread loses its patience, as when the drain outlasts its deadline.
    Hasty,
    /// Another member has it already.
    Lost,
}

/// A mistake planted in what surrounds the runtime, to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mistake {
    /// The source commits one record too many.
    CommitAhead,
    /// An epoch comes back.
    EpochAgain,
    /// The control thread commits for assignments that have ended.
    NoFence,
    /// The last positions are thrown away.
    ForgetfulClose,
    /// Who closes does not listen to revocations any more.
    DeafClose,
}

/// What happens in a schedule, but for the order.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    fates: [[Fate; RECORDS]; PARTITIONS],
    /// Which assignments end, and how; each partition comes back.
    pub(crate) endings: Vec<(i32, Ending)>,
    /// Turns of the control thread before each of them.
    pub(crate) calm: u32,
    /// Steps before the connector is told to stop.
    pub(crate) stop_after: u32,
    pub(crate) mistake: Option<Mistake>,
}

impl Scene {
    pub(crate) fn new(rng: &mut Rng, mistake: Option<Mistake>) -> Self {
        let fate = |rng: &mut Rng| match rng.u32(..10) {
            0..4 => Fate::Ready,
            4..8 => Fate::Waits,
            8 => Fate::Unreadable,
            _ => Fate::Hangs,
        };
        let ending = |rng: &mut Rng| match rng.u32(..4) {
            0 => Ending::Hasty,
            1 => Ending::Lost,
            _ => Ending::Revoked,
        };
        let partitions = PARTITIONS as u32;
        Self {
            fates: [(); PARTITIONS].map(|()| [(); RECORDS].map(|()| fate(rng))),
            endings: (0..rng.u32(..4))
                .map(|_| (rng.u32(..partitions).cast_signed(), ending(rng)))
                .collect(),
            calm: rng.u32(..6),
            stop_after: rng.u32(..120),
            mistake,
        }
    }

    pub(crate) fn fate(&self, partition: i32, offset: i64) -> Fate {
        self.fates[partition as usize][offset as usize]
    }
}
