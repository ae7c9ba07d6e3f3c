//! Spans over OTLP, as the environment asks for them in OpenTelemetry's own variables.

use std::env;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::DynFilterFn;

use super::logs::Listener;

/// Either of them says where to, and that spans are exported at all.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
/// What is spoken.
const PROTOCOL: &str = "http/protobuf";

/// What exports the spans of this process, if anything does; an error says why not.
pub(super) struct Traces(Result<Option<SdkTracerProvider>, String>);

/// Begins to export, if the environment says where to; a command that handles no requests does not.
pub(super) fn start(serves: bool) -> Traces {
    let wanted = serves
        && first(&ENDPOINTS).is_some()
        && !is_set_to("OTEL_SDK_DISABLED", "true")
        && !is_set_to("OTEL_TRACES_EXPORTER", "none");
    Traces(if wanted { provider().map(Some) } else { Ok(None) })
}

impl Traces {
    /// Hears of all spans from level `info`, the handlers' own among them; events stay in the log.
    pub(super) fn listener(&self) -> Option<Listener> {
        let Ok(Some(provider)) = &self.0 else { return None };
        // It is asked anew each time. What all filters of a process want for good is told to their listeners
        // unasked, by what the filters said last, which may have been of something that was never told.
        let wanted = DynFilterFn::new(|metadata, _| {
            metadata.is_span()
                && *metadata.level() <= tracing::Level::INFO
                && metadata.target() != "flowx::request"
        });
        let wanted = wanted.with_max_level_hint(LevelFilter::INFO);
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("flowx"));
        let layer =
            layer.with_location(false).with_threads(false).with_target(false).with_level(false);
        Some(layer.with_tracked_inactivity(false).with_filter(wanted).boxed())
    }

    /// Says why nothing is exported although it should be. A connector serves without.
    pub(super) fn report(&self) {
        if let Err(reason) = &self.0 {
            tracing::error!(target: "flowx::trace_export", "no spans are exported: {reason}");
        }
    }

    /// Sends what has not been sent yet.
    pub(super) fn end(&self) {
        if let Ok(Some(provider)) = &self.0 {
            if let Err(error) = provider.shutdown() {
                tracing::warn!(target: "flowx::trace_export", %error, "the last spans may be lost");
            }
        }
    }
}

fn provider() -> Result<SdkTracerProvider, String> {
    if let Some((name, _)) = first(&PROTOCOLS).filter(|(_, value)| value != PROTOCOL) {
        return Err(format!(
            "`{name}` must be `{PROTOCOL}`, which is all that this build speaks; collectors take it at port 4318"
        ));
    }
    // Another one may have been chosen by the program itself.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder().with_http().build();
    let exporter = exporter.map_err(|error| {
        format!(
            "{error}; set `{}` to the address of a collector, as `http://localhost:4318`",
            ENDPOINTS[1]
        )
    })?;
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build())
}

/// Who exports: as the environment says, else by the name of the binary in kebab-case.
fn resource() -> Resource {
    let said = Resource::builder().build();
    let name = said.get(&"service.name".into()).map(|name| name.to_string());
    // What OpenTelemetry says where the environment names nothing.
    match name.as_deref().and_then(|name| name.strip_prefix("unknown_service:")) {
        Some(binary) => Resource::builder().with_service_name(binary.replace('_', "-")).build(),
        None => said,
    }
}

/// The first of these variables that is set, with its value.
fn first(names: &[&'static str]) -> Option<(&'static str, String)> {
    let set = |name: &&'static str| {
        let value = env::var(name).ok().filter(|value| !value.trim().is_empty())?;
        Some((*name, value.trim().to_owned()))
    };
    names.iter().find_map(set)
}

fn is_set_to(name: &str, value: &str) -> bool {
    env::var(name).is_ok_and(|set| set.trim().eq_ignore_ascii_case(value))
}
