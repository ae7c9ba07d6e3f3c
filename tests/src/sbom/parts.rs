//! The C code that crates bring along, which no lock file names.

/// Where the version of a part stands in the sources of its crate.
#[derive(Clone, Copy, Debug)]
pub(super) enum Version {
    /// Behind the `+` of the crate's own version.
    OfCrate,
    /// `#define NAME 0x020c01ff`: a byte for each of major, minor and revision.
    Hex(&'static str, &'static str),
    /// One `#define` for each number.
    Numbers(&'static str, &'static [&'static str]),
    /// `#define NAME "…"`, behind this beginning.
    Text(&'static str, &'static str, &'static str),
    /// `* Version 1.1` in a comment.
    Comment(&'static str),
    /// The commit that it was taken from, as its licence says: the only number of 40 hexadecimal digits.
    Commit(&'static str),
    /// Nobody has written it down.
    Unknown,
}

/// Something that is compiled with a crate and has a name, makers and a licence of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The crate that brings it.
    pub(super) within: &'static str,
    pub(super) name: &'static str,
    pub(super) version: Version,
    /// As SPDX writes it.
    pub(super) licence: &'static str,
    /// Where it comes from, as a package URL without the version.
    pub(super) source: &'static str,
    /// What stands before a version in `source`'s tags.
    pub(super) tag: &'static str,
    /// Vendor and product, as lists of vulnerabilities name them.
    pub(super) cpe: Option<(&'static str, &'static str)>,
    /// The file in the crate that shows that it is there: its licence, or its own header.
    pub(super) file: &'static str,
}

const RDKAFKA: &str = "rdkafka-sys";

/// A part of librdkafka's own sources.
const fn of_librdkafka(
    name: &'static str,
    version: Version,
    licence: &'static str,
    source: &'static str,
    file: &'static str,
) -> Part {
    Part { within: RDKAFKA, name, version, licence, source, tag: "", cpe: None, file }
}

/// All parts of all crates that this workspace and its connectors may be built with.
pub(super) const PARTS: &[Part] = &[
    Part {
        tag: "v",
        cpe: Some(("confluent", "librdkafka")),
        ..of_librdkafka(
            "librdkafka",
            Version::Hex("librdkafka/src/rdkafka.h", "RD_KAFKA_VERSION"),
            "BSD-2-Clause",
            "pkg:github/confluentinc/librdkafka",
            "librdkafka/LICENSE",
        )
    },
    Part {
        tag: "v",
        cpe: Some(("davegamble", "cjson")),
        ..of_librdkafka(
            "cJSON",
            Version::Numbers(
                "librdkafka/src/cJSON.h",
                &["CJSON_VERSION_MAJOR", "CJSON_VERSION_MINOR", "CJSON_VERSION_PATCH"],
            ),
            "MIT",
            "pkg:github/DaveGamble/cJSON",
            "librdkafka/LICENSE.cjson",
        )
    },
    Part {
        tag: "v",
        cpe: Some(("lz4_project", "lz4")),
        ..of_librdkafka(
            "lz4",
            Version::Numbers(
                "librdkafka/src/lz4.h",
                &["LZ4_VERSION_MAJOR", "LZ4_VERSION_MINOR", "LZ4_VERSION_RELEASE"],
            ),
            "BSD-2-Clause",
            "pkg:github/lz4/lz4",
            "librdkafka/LICENSE.lz4",
        )
    },
    Part {
        tag: "v",
        ..of_librdkafka(
            "xxHash",
            Version::Numbers(
                "librdkafka/src/rdxxhash.h",
                &["XXH_VERSION_MAJOR", "XXH_VERSION_MINOR", "XXH_VERSION_RELEASE"],
            ),
            "BSD-2-Clause",
            "pkg:github/Cyan4973/xxHash",
            "librdkafka/src/rdxxhash.h",
        )
    },
    of_librdkafka(
        "snappy-c",
        Version::Commit("librdkafka/LICENSE.snappy"),
        "BSD-3-Clause",
        "pkg:github/andikleen/snappy-c",
        "librdkafka/LICENSE.snappy",
    ),
    of_librdkafka(
        "nanopb",
        Version::Text("librdkafka/src/nanopb/pb.h", "NANOPB_VERSION", "nanopb-"),
        "Zlib",
        "pkg:github/nanopb/nanopb",
        "librdkafka/LICENSE.nanopb",
    ),
    of_librdkafka(
        "opentelemetry-proto",
        Version::Commit("librdkafka/LICENSE.opentelemetry"),
        "Apache-2.0",
        "pkg:github/open-telemetry/opentelemetry-proto",
        "librdkafka/LICENSE.opentelemetry",
    ),
    of_librdkafka(
        "hdrhistogram",
        Version::Commit("librdkafka/LICENSE.hdrhistogram"),
        "MIT",
        "pkg:github/codahale/hdrhistogram",
        "librdkafka/LICENSE.hdrhistogram",
    ),
    of_librdkafka(
        "minilibs-regexp",
        Version::Commit("librdkafka/LICENSE.regexp"),
        "LicenseRef-public-domain",
        "pkg:github/ccxvii/minilibs",
        "librdkafka/LICENSE.regexp",
    ),
    of_librdkafka(
        "tinycthread",
        Version::Numbers(
            "librdkafka/src/tinycthread.h",
            &["TINYCTHREAD_VERSION_MAJOR", "TINYCTHREAD_VERSION_MINOR"],
        ),
        "Zlib",
        "pkg:github/tinycthread/tinycthread",
        "librdkafka/LICENSE.tinycthread",
    ),
    of_librdkafka(
        "crc32c",
        Version::Comment("librdkafka/LICENSE.crc32c"),
        "Zlib",
        "pkg:generic/crc32c",
        "librdkafka/LICENSE.crc32c",
    ),
    of_librdkafka(
        "fnv1a",
        Version::Unknown,
        "LicenseRef-public-domain",
        "pkg:generic/fnv1a",
        "librdkafka/LICENSE.fnv1a",
    ),
    of_librdkafka(
        "murmur2",
        Version::Unknown,
        "LicenseRef-public-domain",
        "pkg:github/abrandoned/murmur2",
        "librdkafka/LICENSE.murmur2",
    ),
    of_librdkafka(
        "pycrc",
        Version::Unknown,
        "MIT",
        "pkg:generic/pycrc",
        "librdkafka/LICENSE.pycrc",
    ),
    of_librdkafka(
        "bsd-sys-queue",
        Version::Unknown,
        "BSD-3-Clause",
        "pkg:generic/bsd-sys-queue",
        "librdkafka/LICENSE.queue",
    ),
    Part {
        within: "libz-sys",
        name: "zlib",
        version: Version::Text("src/zlib/zlib.h", "ZLIB_VERSION", ""),
        licence: "Zlib",
        source: "pkg:github/madler/zlib",
        tag: "v",
        cpe: Some(("zlib", "zlib")),
        file: "src/zlib/zlib.h",
    },
    Part {
        within: "tikv-jemalloc-sys",
        name: "jemalloc",
        version: Version::OfCrate,
        licence: "BSD-2-Clause",
        source: "pkg:github/jemalloc/jemalloc",
        tag: "",
        cpe: None,
        file: "jemalloc/COPYING",
    },
    Part {
        within: "ring",
        name: "boringssl",
        version: Version::Unknown,
        licence: "ISC",
        source: "pkg:generic/boringssl",
        tag: "",
        cpe: None,
        file: "crypto/curve25519/curve25519.c",
    },
    Part {
        within: "openssl-src",
        name: "openssl",
        version: Version::OfCrate,
        licence: "Apache-2.0",
        source: "pkg:github/openssl/openssl",
        tag: "openssl-",
        cpe: Some(("openssl", "openssl")),
        file: "openssl/LICENSE.txt",
    },
];

/// Licences beside librdkafka's sources of what is not compiled here, each with the reason.
pub const NOT_COMPILED: &[(&str, &str)] = &[("LICENSE.wingetopt", "only on Windows")];

/// Crates that name a library to the linker and bring no code of others, each with the reason.
pub(super) const WITHOUT_PARTS: &[(&str, &str)] = &[
    ("openssl-sys", "OpenSSL is the system's, or that of `openssl-src`"),
    ("prettyplease", "the name is there so that it is linked once"),
    ("rayon-core", "the name is there so that it is linked once"),
];
