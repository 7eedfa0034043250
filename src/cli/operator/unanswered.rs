//! Why a server gave no answer, in the words of whoever runs a command.

use actix_http::error::ParseError;
use awc::error::{ConnectError, PayloadError, SendRequestError};
use std::io::ErrorKind;

/// Why nothing was answered to a request.
pub fn unanswered(error: &SendRequestError) -> String {
    match error {
        SendRequestError::Connect(error) => unconnected(error),
        SendRequestError::Send(error) => format!("the connection broke: {error}"),
        SendRequestError::Response(error) => unread(error),
        SendRequestError::Timeout => "no answer came in time".to_owned(),
        other => other.to_string(),
    }
}

fn unconnected(error: &ConnectError) -> String {
    match error {
        ConnectError::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            "nothing listens there (connection refused): is the server running?".to_owned()
        }
        ConnectError::Io(error) => format!("no connection: {error}"),
        ConnectError::Timeout => "no connection came about in time".to_owned(),
        ConnectError::Resolver(error) => format!("the host's name is not found: {error}"),
        ConnectError::NoRecords => "the host's name has no address".to_owned(),
        // So it is told too where the connection was there and is closed.
        ConnectError::Disconnected => "the connection was closed before an answer".to_owned(),
        other => other.to_string(),
    }
}

fn unread(error: &ParseError) -> String {
    match error {
        ParseError::Io(error) => format!("the connection broke: {error}"),
        ParseError::Timeout => "no answer came in time".to_owned(),
        ParseError::Incomplete => "the connection was closed within the answer".to_owned(),
        other => format!(
            "what listens there does not speak HTTP here ({other}); a listener with TLS has an https:// \
             address"
        ),
    }
}

/// Why the answer's body did not come to its end.
pub fn cut_short(error: &PayloadError) -> String {
    match error {
        PayloadError::Incomplete(_) => "the connection was closed within the answer".to_owned(),
        PayloadError::Overflow => "the answer is longer than any that is read".to_owned(),
        PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => {
            "the answer did not end in time".to_owned()
        }
        PayloadError::Io(error) => format!("the connection broke: {error}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Error;

    #[test]
    fn what_keeps_an_answer_away_is_told_in_plain_words() {
        let io = |kind: ErrorKind| Error::from(kind);
        let connect = SendRequestError::Connect;
        let table = [
            (connect(ConnectError::Io(io(ErrorKind::ConnectionRefused))), "is the server running?"),
            (connect(ConnectError::Io(io(ErrorKind::HostUnreachable))), "no connection: host"),
            (connect(ConnectError::Timeout), "no connection came about in time"),
            (connect(ConnectError::Resolver("nobody".into())), "name is not found: nobody"),
            (connect(ConnectError::NoRecords), "has no address"),
            (connect(ConnectError::Disconnected), "closed before an answer"),
            (SendRequestError::Send(io(ErrorKind::BrokenPipe)), "the connection broke: broken"),
            (SendRequestError::Timeout, "no answer came in time"),
            (SendRequestError::Response(ParseError::Timeout), "no answer came in time"),
            (SendRequestError::Response(ParseError::Incomplete), "closed within the answer"),
            (SendRequestError::Response(ParseError::Version), "has an https:// address"),
        ];
        for (error, words) in table {
            let told = unanswered(&error);
            assert!(told.contains(words) && !told.contains("Connect"), "{words}: {told}");
        }
        let lost = PayloadError::Incomplete(Some(io(ErrorKind::UnexpectedEof)));
        assert_eq!(cut_short(&lost), "the connection was closed within the answer");
        assert!(cut_short(&PayloadError::Io(io(ErrorKind::TimedOut))).contains("in time"));
        assert!(cut_short(&PayloadError::Overflow).contains("longer than"));
    }
}
