//! What must hold for every input, however it came about.
//!
//! Each module is one target: `check` reads bytes as an input and panics if a property does not hold.
//! `.ci/fuzz` lets libFuzzer look for such bytes; the tests here try random ones and the seeds.

pub mod configuration;
pub mod dead_letter;
pub mod decode;
pub mod headers;
mod record;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    type Target = (&'static str, fn(&[u8]));

    const TARGETS: [Target; 4] = [
        ("configuration", super::configuration::check),
        ("dead_letter", super::dead_letter::check),
        ("decode", super::decode::check),
        ("headers", super::headers::check),
    ];

    #[test]
    fn every_property_holds_for_random_bytes() {
        for (_, check) in TARGETS {
            for seed in 0..5_000 {
                let mut rng = fastrand::Rng::with_seed(seed);
                let mut bytes = vec![0; rng.usize(..600)];
                rng.fill(&mut bytes);
                check(&bytes);
            }
        }
    }

    #[test]
    fn every_property_holds_for_the_seeds() {
        let mut seen = 0;
        for (name, check) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
            let Ok(files) = fs::read_dir(folder) else { continue };
            for file in files {
                check(&fs::read(file.unwrap().path()).unwrap());
                seen += 1;
            }
        }
        assert!(seen > 0, "the seeds are where they are looked for");
    }
}
