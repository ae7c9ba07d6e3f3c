//! Mistakes planted on purpose: a check that finds none of them is decoration.

/// One mistake of a source or a sink, or one that looks to the checks like the runtime's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The sink says that an answer is written before it is.
    AcknowledgedBeforeWritten,
    /// The sink forgets a delivery report.
    AcknowledgementLost,
    /// The sink reports the delivery of another record than the one that was written.
    AcknowledgementOfAnother,
    /// The sink writes a record twice.
    WrittenTwice,
    /// The sink loses the last header that was received.
    HeaderLost,
    /// The sink lets two records of one partition change places.
    AnswersReordered,
    /// The source takes commits of assignments that have ended.
    CommitUnfenced,
    /// The source commits one record too many.
    CommitTooFar,
    /// The source commits what was read when partitions are taken away, not what is finished.
    CommitOfTheRead,
    /// The source leaves out a record.
    RecordSkipped,
    /// The source lets two records of one partition change places.
    RecordsReordered,
    /// The source hands out a record twice in one assignment.
    RecordTwice,
    /// The source gives a new assignment the name of the one before, so nothing fences it.
    EpochReused,
    /// The source does not say that there is something to read.
    SilentSource,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::AcknowledgedBeforeWritten,
        Self::AcknowledgementLost,
        Self::AcknowledgementOfAnother,
        Self::WrittenTwice,
        Self::HeaderLost,
        Self::AnswersReordered,
        Self::CommitUnfenced,
        Self::CommitTooFar,
        Self::CommitOfTheRead,
        Self::RecordSkipped,
        Self::RecordsReordered,
        Self::RecordTwice,
        Self::EpochReused,
        Self::SilentSource,
    ];
}
