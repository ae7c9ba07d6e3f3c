//! All handlers of a connector with their topics: in a defined order, none twice, no circles.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::bound::BoundHandler;
use super::policy::Policy;
use super::retry_topics::{self, RetryTopic};
use crate::config::handlers::HandlerOverrides;
use crate::message::topic::{Naming, Subscription, TopicSpec, is_side_topic};

/// A handler and the topics between which it works.
#[derive(Debug)]
pub struct Route {
    /// The handler.
    pub handler: BoundHandler,
    /// What it reads.
    pub subscription: Subscription,
    /// Where it answers; `None` if it sends nothing, not even a refusal.
    pub reply: Option<Arc<str>>,
    /// Where a request waits when its attempts are used up, the shortest delay first; mostly nowhere.
    pub retry_topics: Vec<RetryTopic>,
    /// How it is run.
    pub policy: Policy,
    /// Its place in the registry.
    pub index: usize,
}

impl Route {
    /// Name of the handler, unique in the connector.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.handler.name
    }

    /// Which of its retry topics this is; `None` if it is none of them.
    #[must_use]
    pub fn retry_topic(&self, topic: &str) -> Option<usize> {
        self.retry_topics.iter().position(|retry| *retry.topic == *topic)
    }

    /// Whether records of this topic come to it, fresh ones or on another try.
    #[must_use]
    pub fn reads(&self, topic: &str) -> bool {
        self.subscription.matches(topic) || self.retry_topic(topic).is_some()
    }

    /// The topic of its own that a record of `topic` belongs to: for one of its retry topics the
    /// topic itself, for one of its pattern that one.
    #[must_use]
    pub fn own_topic<'t>(&'t self, topic: &'t str) -> &'t str {
        match &self.subscription {
            Subscription::Exact(own) => own,
            Subscription::Prefix(_) => topic,
        }
    }

    /// A topic to send it an example on: its own; for a pattern, one that it matches.
    #[must_use]
    pub fn example_topic(&self, naming: &Naming) -> Arc<str> {
        match &self.subscription {
            Subscription::Exact(topic) => Arc::clone(topic),
            Subscription::Prefix(prefix) => format!("{prefix}example{}", naming.suffix).into(),
        }
    }

    /// All that it reads: its topic or pattern, and its retry topics.
    fn subscriptions(&self) -> impl Iterator<Item = Subscription> {
        let retries =
            self.retry_topics.iter().map(|retry| Subscription::Exact(Arc::clone(&retry.topic)));
        std::iter::once(self.subscription.clone()).chain(retries)
    }

    /// What of a topic's name the `*` of the handler's pattern stands for; `None` for a handler of
    /// one topic.
    #[must_use]
    pub fn matched<'t>(&self, topic: &'t str) -> Option<&'t str> {
        match &self.subscription {
            Subscription::Exact(_) => None,
            Subscription::Prefix(prefix) => topic.strip_prefix(&**prefix),
        }
    }
}

/// All handlers of a connector, ordered by topic, then by place in the source.
#[derive(Debug)]
pub struct Registry {
    routes: Vec<Arc<Route>>,
    exact: HashMap<Arc<str>, Arc<Route>>,
    naming: Naming,
    warnings: Vec<String>,
}

impl Registry {
    /// Gives every handler its topics and looks at all of them together.
    ///
    /// # Errors
    /// Everything that is wrong at once: illegal names, a name or a topic used twice, overlapping
    /// patterns, a reply without a topic, a circle of topics, an answer or dead letter that would
    /// land where it must not, retry topics of a handler that cannot have any.
    pub fn build(
        handlers: Vec<BoundHandler>,
        naming: Naming,
        overrides: &HandlerOverrides,
        group: &str,
        defaults: &Policy,
    ) -> Result<Self, Vec<String>> {
        let mut problems = unknown_names(&handlers, overrides);
        let mut routes = Vec::new();
        for handler in handlers {
            match route(handler, &naming, overrides, defaults) {
                Ok(route) => routes.push(route),
                Err(problem) => problems.push(problem),
            }
        }
        routes.sort_by(|a, b| order(a).cmp(&order(b)));
        let routes: Vec<Arc<Route>> =
            (0..).zip(routes).map(|(index, route)| Arc::new(Route { index, ..route })).collect();
        problems.extend(clashes(&routes));
        problems.extend(circles(&routes, &naming, group));
        problems.extend(misplaced_dead_letters(&routes, &naming, group));
        if !problems.is_empty() {
            return Err(problems);
        }
        let exact = routes
            .iter()
            .flat_map(|route| route.subscriptions().map(move |subscription| (subscription, route)))
            .filter_map(|(subscription, route)| match subscription {
                Subscription::Exact(topic) => Some((topic, Arc::clone(route))),
                Subscription::Prefix(_) => None,
            })
            .collect();
        let warnings = unread_replies(&routes, &naming);
        Ok(Self { routes, exact, naming, warnings })
    }

    /// The handlers in their order.
    pub fn routes(&self) -> impl ExactSizeIterator<Item = &Arc<Route>> {
        self.routes.iter()
    }

    /// The version of the package that the handlers come from; `None` if they come from several.
    #[must_use]
    pub fn version(&self) -> Option<&'static str> {
        let site = |route: &Arc<Route>| (route.handler.site.package, route.handler.site.version);
        let first = self.routes.first().map(site)?;
        self.routes.iter().all(|route| site(route) == first).then_some(first.1)
    }

    /// The handler of a topic, be it the handler's own or one of its retry topics.
    #[must_use]
    pub fn route(&self, topic: &str) -> Option<Arc<Route>> {
        self.exact
            .get(topic)
            .or_else(|| self.routes.iter().find(|route| route.subscription.matches(topic)))
            .cloned()
    }

    /// What all handlers together read, retry topics included.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.routes.iter().flat_map(|route| route.subscriptions()).collect()
    }

    /// The naming scheme of the topics.
    #[must_use]
    pub fn naming(&self) -> &Naming {
        &self.naming
    }

    /// What is legal and most likely not meant; one sentence each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// By topic, then by place in the source; a name for those that a macro put on one line.
fn order(route: &Route) -> (&Subscription, &str, u32, &str) {
    let site = &route.handler.site;
    (&route.subscription, site.file, site.line, route.handler.name)
}

fn route(
    handler: BoundHandler,
    naming: &Naming,
    overrides: &HandlerOverrides,
    defaults: &Policy,
) -> Result<Route, String> {
    let place = Place(&handler).to_string();
    let parse = |what: &str, written: &str| {
        TopicSpec::parse(written).map_err(|error| format!("{place}: {what} {error}"))
    };
    let set = overrides.get(handler.name);
    let topic =
        parse("its topic", set.and_then(|set| set.topic.as_deref()).unwrap_or(handler.topic))?;
    let written_reply = set.and_then(|set| set.reply.as_deref()).or(handler.reply);
    let reply = match written_reply {
        Some(written) => {
            let reply = parse("its reply topic", written)?;
            if reply.is_pattern() {
                return Err(format!(
                    "{place}: its reply topic `{written}` is a pattern; a reply goes to one topic"
                ));
            }
            Some(naming.full_name(&reply))
        }
        None if !handler.replies => None,
        None => Some(naming.default_reply(&topic).ok_or_else(|| {
            format!(
                "{place}: it replies, but its topic has no default reply topic: {}; add `reply = \"…\"`",
                if topic.is_pattern() {
                    "it is a pattern"
                } else {
                    "the engine itself reads it"
                }
            )
        })?),
    };
    let subscription = naming.subscription(&topic);
    let policy = defaults.of_handler(&handler.options, set);
    let retry_topics = retry_topics::of(&handler, set, &topic, &policy, naming)
        .map_err(|problem| format!("{place}: {problem}"))?;
    Ok(Route { handler, subscription, reply, retry_topics, policy, index: 0 })
}

fn unknown_names(handlers: &[BoundHandler], overrides: &HandlerOverrides) -> Vec<String> {
    let names: Vec<&str> = handlers.iter().map(|handler| handler.name).collect();
    overrides
        .unknown(&names)
        .map(|name| {
            let names = names.join("`, `");
            format!("something is configured for handler `{name}`, but there are only `{names}`")
        })
        .collect()
}

/// Two handlers of one name, or one topic that two handlers would read.
fn clashes(routes: &[Arc<Route>]) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, a) in routes.iter().enumerate() {
        for b in &routes[index + 1..] {
            let (first, second) = (Place(&a.handler), Place(&b.handler));
            if a.name() == b.name() {
                problems.push(format!(
                    "{second}: another handler has this name ({}); give one of them a `name = \"…\"`",
                    a.handler.site
                ));
            }
            let pairs =
                || a.subscriptions().flat_map(|a| b.subscriptions().map(move |b| (a.clone(), b)));
            if let Some((a, b)) = pairs().find(|(a, b)| a.overlaps(b)) {
                problems.push(format!(
                    "{second}: it reads `{b}`, which overlaps with `{a}` of {first}; a record goes to one handler"
                ));
            }
        }
    }
    problems
}

/// Ways on which a record could come back to a handler that it has passed.
fn circles(routes: &[Arc<Route>], naming: &Naming, group: &str) -> Vec<String> {
    let feeds: Vec<Vec<usize>> = routes
        .iter()
        .map(|from| {
            let fed = |to: &Arc<Route>| writes_to(from, to, naming, group);
            routes.iter().enumerate().filter(|(_, to)| fed(to)).map(|(index, _)| index).collect()
        })
        .collect();
    let mut problems = Vec::new();
    let mut reported = vec![false; routes.len()];
    for start in 0..routes.len() {
        if reported[start] {
            continue;
        }
        if let Some(way) = way_back(start, &feeds) {
            way.iter().for_each(|index| reported[*index] = true);
            let names: Vec<_> = way.iter().map(|index| routes[*index].name()).collect();
            let place = Place(&routes[start].handler);
            problems.push(format!(
                "{place}: what it sends comes back to it ({} → {}); send it to a topic that no handler here reads",
                names.join(" → "),
                names[0]
            ));
        }
    }
    problems
}

/// Whether `to` reads what `from` sends: its replies, or its dead letters. What waits on a retry
/// topic comes back to its own handler so many times and no more: that is no circle.
fn writes_to(from: &Route, to: &Route, naming: &Naming, group: &str) -> bool {
    let replies = from.reply.as_ref().is_some_and(|topic| to.reads(topic));
    let dead_letters = match (&from.subscription, &to.subscription) {
        (Subscription::Exact(topic), _) => to.reads(&naming.dead_letter(topic, group)),
        // Any topic of the pattern may have its dead letters, so only a name can read them.
        (pattern, Subscription::Exact(name)) => {
            name.strip_suffix(".dlq").is_some_and(|topic| pattern.matches(topic))
                || **name == *naming.dead_letter(&format!("{}x", prefix_of(pattern)), group)
        }
        (pattern, to) => {
            let topic = format!("{}x", prefix_of(pattern));
            to.matches(&naming.dead_letter(&topic, group))
        }
    };
    replies || dead_letters
}

fn prefix_of(subscription: &Subscription) -> &str {
    match subscription {
        Subscription::Exact(name) | Subscription::Prefix(name) => name,
    }
}

/// The shortest way from a handler back to itself.
fn way_back(start: usize, feeds: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut ways = std::collections::VecDeque::from([vec![start]]);
    let mut seen = vec![false; feeds.len()];
    while let Some(way) = ways.pop_front() {
        for next in &feeds[*way.last()?] {
            if *next == start {
                return Some(way);
            }
            if !std::mem::replace(&mut seen[*next], true) {
                ways.push_back([way.as_slice(), &[*next]].concat());
            }
        }
    }
    None
}

/// A dead letter that the platform would read as an answer.
fn misplaced_dead_letters(routes: &[Arc<Route>], naming: &Naming, group: &str) -> Vec<String> {
    routes
        .iter()
        .filter_map(|route| {
            let topic = match &route.subscription {
                Subscription::Exact(topic) => topic.to_string(),
                Subscription::Prefix(prefix) => format!("{prefix}x"),
            };
            let dead_letters = naming.dead_letter(&topic, group);
            naming.is_read_by_the_platform(&dead_letters).then(|| {
                let place = Place(&route.handler);
                format!(
                    "{place}: its dead letters would go to `{dead_letters}`, which the engine reads; set another topic prefix"
                )
            })
        })
        .collect()
}

fn unread_replies(routes: &[Arc<Route>], naming: &Naming) -> Vec<String> {
    routes
        .iter()
        .filter_map(|route| {
            let reply = route.reply.as_ref()?;
            let place = Place(&route.handler);
            if is_side_topic(reply) {
                return Some(format!("{place}: its reply topic `{reply}` looks like a side topic"));
            }
            (!naming.is_read_by_the_platform(reply)).then(|| {
                let pattern = naming.engine_pattern();
                format!(
                    "{place}: it replies on `{reply}`, outside `{pattern}`; the engine will not read it"
                )
            })
        })
        .collect()
}

/// A handler by its place in the source and its name.
struct Place<'a>(&'a BoundHandler);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: handler `{}`", self.0.site, self.0.name)
    }
}
