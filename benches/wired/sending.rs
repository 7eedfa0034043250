//! Requests that were made beforehand, each sent once.

use super::{Answer, Connection};
use crate::figures::{Figures, Rate};
use std::{
    cell::RefCell,
    collections::VecDeque,
    time::{Duration, Instant},
};
use tokio_rustls::TlsConnector;

/// How they are sent.
#[derive(Debug, Clone, Copy)]
pub struct Sending {
    /// So many connections, each with one request under way.
    pub connections: usize,
    /// So many a second, timed from when each should have begun; `None` for the next one as soon as
    /// a connection is free, timed from when it began.
    pub rate: Option<f64>,
}

impl Sending {
    /// Sends all of them; each answer must be as it should, or say that there is no room.
    pub async fn send(
        self,
        (host, tls): (&str, &TlsConnector),
        requests: VecDeque<Vec<u8>>,
        is_right: fn(&Answer) -> bool,
    ) -> Figures {
        let open = (0..self.connections).map(|_| Connection::open(host, tls));
        let open = futures_util::future::join_all(open).await;
        let left = RefCell::new(requests.into_iter().zip(0_u32..));
        let rate = Rate::begin();
        let (queue, taken) = (&left, &rate);
        let sending = open.into_iter().map(|mut connection| async move {
            loop {
                let Some((request, number)) = queue.borrow_mut().next() else { return };
                let began = self.begin(taken.began, number).await;
                let answer = connection.ask(&request).await;
                if answer.status == 503 {
                    taken.turned_away(1);
                    continue;
                }
                taken.took(began.elapsed());
                assert!(is_right(&answer), "{} {}", answer.status, answer.text());
            }
        });
        futures_util::future::join_all(sending).await;
        rate.end()
    }

    /// Waits until it is this one's turn; when that was.
    async fn begin(self, start: Instant, number: u32) -> Instant {
        let Some(rate) = self.rate else { return Instant::now() };
        let intended = start + Duration::from_secs_f64(f64::from(number) / rate);
        tokio::time::sleep_until(intended.into()).await;
        intended
    }
}
