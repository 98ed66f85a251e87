//! Limits the length of answers.
//!
//! An endpoint, or a server in its place, may send without end. An answer of AWS has less than 2
//! KiB. Compressed bodies are never unpacked: AWS does not send them, and the limit applies to the
//! bytes as sent. Every client of the SDK uses this interceptor.

use std::error::Error;
use std::mem;

use aws_sdk_sts::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::BoxError;
use aws_smithy_types::body::SdkBody;
use http_body_util::{LengthLimitError, Limited};

/// Limit in bytes of an answer.
pub(super) const LONGEST: usize = 64 << 10;

/// Truncates the body of every answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounded;

impl Intercept for Bounded {
    fn name(&self) -> &'static str {
        "Bounded"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let whole = mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(Limited::new(whole, LONGEST));
        Ok(())
    }
}

/// True if an answer was rejected because it is too long.
pub(super) fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
