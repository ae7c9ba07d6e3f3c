//! Generated code survives a scope without a prelude in which the usual names mean something else.
#![deny(warnings)]

mod types {
    #[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
    pub struct Order {
        pub lines: u32,
    }
}

pub mod hostile {
    #![no_implicit_prelude]

    mod core {}
    mod std {}
    mod flowx_core {}
    mod inventory {}

    pub struct Option;
    pub struct Result;
    pub struct Some;
    pub struct None;
    pub struct Ok;
    pub struct Err;
    pub struct Send;
    #[allow(non_camel_case_types)]
    pub struct bool;
    #[allow(non_camel_case_types)]
    pub struct str;
    pub const VALUE: ::core::primitive::bool = false;
    #[allow(non_upper_case_globals)]
    pub const binder: () = ();
    #[allow(non_upper_case_globals)]
    pub const call: () = ();

    pub trait Hostile {
        fn take(&self) {}
        fn run(&self) {}
        fn clone(&self) {}
        fn failure(&self) {}
        fn codes(&self) {}
        fn add(&self) {}
        fn into(&self) {}
        fn to_string(&self) {}
    }
    impl<T: ?::core::marker::Sized> Hostile for T {}

    #[derive(::core::fmt::Debug, ::flowx_core::FlowxError)]
    pub enum CheckError {
        #[flowx(refuse = "LIMIT")]
        Limit,
        #[flowx(retry)]
        Silent { after: u32 },
        #[flowx(forward)]
        Inner(Inner),
        #[flowx(forward)]
        Named { source: Inner },
    }

    impl ::core::fmt::Display for CheckError {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.write_str("check")
        }
    }

    impl ::core::error::Error for CheckError {}

    #[derive(::core::fmt::Debug, ::flowx_core::FlowxError)]
    #[flowx(retry)]
    pub struct Inner;

    impl ::core::fmt::Display for Inner {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.write_str("inner")
        }
    }

    impl ::core::error::Error for Inner {}

    /// Checks.
    #[::flowx_core::flowx_handler(
        topic = "credit.check",
        refuses = ["LIMIT"],
        error_null = VALUE
    )]
    pub async fn check(
        order: super::types::Order,
        _headers: ::flowx_core::Headers,
        limit: ::flowx_core::State<u32>,
    ) -> ::core::result::Result<super::types::Order, CheckError> {
        match order.lines {
            0 => ::core::result::Result::Err(CheckError::Silent { after: 1 }),
            1 => ::core::result::Result::Err(CheckError::Inner(Inner)),
            2 => ::core::result::Result::Err(CheckError::Named { source: Inner }),
            lines if lines > *limit => ::core::result::Result::Err(CheckError::Limit),
            _ => ::core::result::Result::Ok(order),
        }
    }
}

fn main() {
    assert!(flowx_core::handler::entry::entries().any(|entry| entry.topic == "credit.check"));
}
