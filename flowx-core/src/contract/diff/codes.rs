//! Which codes error replies may carry.

use super::handler::Notes;
use super::{Change, Place, Verdict};
use crate::contract::model::{CodeContract, HandlerContract};

/// Changes of the codes; all are safe, see [`Verdict`] for why.
pub(super) fn changes(ours: &HandlerContract, theirs: &HandlerContract) -> Vec<Change> {
    let mut notes = Notes::new(theirs);
    let has = |codes: &[CodeContract], code: &str| codes.iter().any(|known| known.code == code);
    for code in theirs.codes.iter().filter(|code| !has(&ours.codes, &code.code)) {
        notes.add(
            Place::Codes,
            format!("The code `{}` is new.", code.code),
            Verdict::Safe,
            "Gateways do not know it and take their branch for any other error; add a branch where it \
             should be told apart.",
        );
    }
    for code in ours.codes.iter().filter(|code| !has(&theirs.codes, &code.code)) {
        notes.add(
            Place::Codes,
            format!("The code `{}` is gone.", code.code),
            Verdict::Safe,
            "A branch for it is never taken any more.",
        );
    }
    match (ours.codes_open, theirs.codes_open) {
        (false, true) => notes.add(
            Place::Codes,
            "There may be codes that are not listed.".to_owned(),
            Verdict::Safe,
            "Gateways take their branch for any other error; declare the codes with `refuses`, so that \
             designers see them.",
        ),
        (true, false) => notes.add(
            Place::Codes,
            "All codes are listed now.".to_owned(),
            Verdict::Safe,
            "None comes that could not come before.",
        ),
        _ => {}
    }
    notes.into_changes()
}
