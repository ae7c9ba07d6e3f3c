//! What a client logs in with, while it lives.

use std::ffi::CStr;
use std::ptr;

use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use rdkafka::types::RDKafkaErrorCode;

use super::{answer, code};

/// Gives a client the login that it uses from its next connection on. It copies both.
///
/// # Errors
/// The client's mechanism has no password.
pub(in crate::kafka) fn set_credentials<C: ClientContext>(
    client: &Client<C>,
    name: &CStr,
    password: &CStr,
) -> Result<(), RDKafkaErrorCode> {
    // SAFETY: client and texts are alive during the call, which copies the texts; the error that it may
    // return is read and released right here.
    unsafe {
        let error = native::rd_kafka_sasl_set_credentials(
            client.native_ptr(),
            name.as_ptr(),
            password.as_ptr(),
        );
        let refused = code(error);
        if !error.is_null() {
            native::rd_kafka_error_destroy(error);
        }
        refused.map_or(Ok(()), Err)
    }
}

/// Gives a client the token that it logs in with until it expires, in milliseconds since 1970. It copies
/// all of it.
///
/// # Errors
/// The client has no use for a token, or does not take this one.
pub(in crate::kafka) fn set_token<C: ClientContext>(
    client: &Client<C>,
    token: &CStr,
    expires: i64,
    principal: &CStr,
) -> Result<(), RDKafkaErrorCode> {
    let mut said = [0; 256];
    // SAFETY: client and texts are alive during the call, which copies the texts; there are no
    // extensions, and the room for an error has the length that is said.
    let outcome = unsafe {
        native::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            token.as_ptr(),
            expires,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            said.as_mut_ptr(),
            said.len(),
        )
    };
    answer(outcome)
}
