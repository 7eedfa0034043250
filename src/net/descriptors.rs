//! How many connections the system's limit of open files leaves room for.
//!
//! Past that limit no connection can be accepted, the operators' neither, and no file can be opened. So
//! the limit is raised as far as the system lets it, and clients get what is left beside the server's
//! own files: their connections wait to be accepted, and everything else goes on.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files that are not clients' connections: the operators' (256), the store's and the log's, each
/// thread's, mails' and webhooks' connections.
const OWN: u64 = 384;
/// So many connections there are in any case.
const LEAST: u64 = 16;

/// Raises the limit of open files to what so many connections take, and tells how many there may be.
pub fn connections(wanted: usize) -> usize {
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let needed = wanted.saturating_add(OWN);
    let raised = raised(current, maximum, needed);
    let in_force = match raised {
        Some(raised) => {
            let limit = Rlimit { current: Some(raised), maximum };
            // Where even that is not allowed, what stands stays.
            if setrlimit(Resource::Nofile, limit).is_ok() { Some(raised) } else { current }
        }
        None => current,
    };
    let connections = room(in_force, wanted);
    if connections < wanted {
        tracing::warn!(
            open_files = in_force,
            needed,
            connections,
            "the limit of open files leaves room for fewer connections than server.max_connections"
        );
    }
    usize::try_from(connections).unwrap_or(usize::MAX)
}

/// The limit to set, where another than the current one helps; `None` in a limit is no limit.
fn raised(current: Option<u64>, maximum: Option<u64>, needed: u64) -> Option<u64> {
    let current = current?;
    let possible = maximum.map_or(needed, |maximum| maximum.min(needed));
    (possible > current).then_some(possible)
}

/// How many connections a limit leaves room for.
fn room(limit: Option<u64>, wanted: u64) -> u64 {
    limit.map_or(wanted, |limit| wanted.min(limit.saturating_sub(OWN).max(LEAST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_helps_and_may_be() {
        for (current, maximum, needed, expected) in [
            (Some(1_024), Some(524_288), 10_384, Some(10_384)),
            (Some(1_024), None, 10_384, Some(10_384)),
            (Some(1_024), Some(4_096), 10_384, Some(4_096)),
            (Some(1_024), Some(1_024), 10_384, None),
            (Some(20_000), Some(524_288), 10_384, None),
            (None, None, 10_384, None),
        ] {
            assert_eq!(raised(current, maximum, needed), expected, "{current:?} {maximum:?}");
        }
    }

    #[test]
    fn connections_get_what_the_servers_own_files_leave() {
        for (limit, expected) in
            [(Some(10_384), 10_000), (Some(1_024), 640), (Some(100), 16), (None, 10_000)]
        {
            assert_eq!(room(limit, 10_000), expected, "{limit:?}");
        }
        assert_eq!(room(Some(1_024), 16), 16);
    }
}
