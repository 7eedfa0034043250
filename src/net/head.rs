//! Line feeds without carriage returns in HTTP/1 heads (security.md 70).
//!
//! RFC 9112 section 2.2 lets a server take a bare line feed as a line's end, and the parser below
//! does. A proxy in front that does not sees other requests in the same bytes, which is what
//! request smuggling lives on. So a bare line feed of a head becomes a NUL, which no head may hold:
//! the parser answers 400 and closes.

/// The longest head line's beginning that is looked at: `content-length: 18446744073709551615`
/// fits.
const REMEMBERED: usize = 48;

/// Reads along with the parser, head by head.
#[derive(Debug)]
pub struct HeadScanner {
    part: Part,
    last_was_cr: bool,
    line: [u8; REMEMBERED],
    line_bytes: usize,
    any_line: bool,
    body_bytes: u64,
    is_chunked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    Body(u64),
    /// What follows cannot be told from a body: the connection ends with this request, as
    /// `web::limits` sees to.
    Rest,
}

impl Default for HeadScanner {
    fn default() -> Self {
        Self {
            part: Part::Head,
            last_was_cr: false,
            line: [0; REMEMBERED],
            line_bytes: 0,
            any_line: false,
            body_bytes: 0,
            is_chunked: false,
        }
    }
}

impl HeadScanner {
    /// Looks at bytes that came, and spoils each bare line feed of a head.
    pub fn scan(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty()) {
            match self.part {
                Part::Rest => return,
                Part::Body(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    let left = left.saturating_sub(here as u64);
                    self.part = if left == 0 { Part::Head } else { Part::Body(left) };
                    at += here;
                }
                Part::Head => {
                    if let Some(byte) = rest.first_mut() {
                        self.head_byte(byte);
                    }
                    at += 1;
                }
            }
        }
    }

    fn head_byte(&mut self, byte: &mut u8) {
        match (*byte, self.last_was_cr) {
            (b'\n', true) if self.end_line() => {}
            (b'\n', _) => *byte = 0,
            (b'\r', _) => {}
            (b' ' | b'\t', _) if self.is_before_value() => {}
            (other, _) => {
                if let Some(place) = self.line.get_mut(self.line_bytes) {
                    *place = other.to_ascii_lowercase();
                }
                self.line_bytes = self.line_bytes.saturating_add(1);
            }
        }
        self.last_was_cr = *byte == b'\r';
    }

    /// Whether what came of the line ends in a colon; the blanks after it are no part of a value.
    fn is_before_value(&self) -> bool {
        let last = self.line_bytes.checked_sub(1).and_then(|last| self.line.get(last));
        last == Some(&b':')
    }

    /// Whether the line is understood just as the parser does.
    fn end_line(&mut self) -> bool {
        let length = std::mem::take(&mut self.line_bytes);
        if length == 0 {
            // Empty lines before a request line are passed over (RFC 9112 section 2.2).
            if self.any_line {
                self.end_head();
            }
            return true;
        }
        self.any_line = true;
        let line = self.line.get(..length.min(REMEMBERED)).unwrap_or_default();
        if line.starts_with(b"transfer-encoding:") {
            self.is_chunked = true;
        } else if let Some(value) = line.strip_prefix(b"content-length:") {
            let Some(bytes) = body_bytes(value).filter(|_| length <= REMEMBERED) else {
                return false;
            };
            self.body_bytes = bytes;
        }
        true
    }

    fn end_head(&mut self) {
        self.part = match (self.is_chunked, self.body_bytes) {
            (true, _) => Part::Rest,
            (false, 0) => Part::Head,
            (false, bytes) => Part::Body(bytes),
        };
        (self.any_line, self.body_bytes, self.is_chunked) = (false, 0, false);
    }
}

/// The value of `content-length`, which is digits and blanks after them, nothing else.
fn body_bytes(value: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(value).ok()?.trim_end_matches([' ', '\t']);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str, piece: usize) -> String {
        let mut scanner = HeadScanner::default();
        let mut bytes = text.as_bytes().to_vec();
        bytes.chunks_mut(piece).for_each(|chunk| scanner.scan(chunk));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn bare_line_feeds_of_heads_are_spoilt_and_nothing_else() {
        let table = [
            ("GET / HTTP/1.1\r\nhost: x\r\n\r\n", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
            ("\r\nGET / HTTP/1.1\r\nhost: x\n\r\n", "\r\nGET / HTTP/1.1\r\nhost: x\0\r\n"),
            ("GET / HTTP/1.1\nhost: x\n\n", "GET / HTTP/1.1\0host: x\0\0"),
            // A body is the client's own; what comes after it is a head again.
            (
                "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na\nb\nGET / HTTP/1.1\n\r\n",
                "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na\nb\nGET / HTTP/1.1\0\r\n",
            ),
            (
                "GET / HTTP/1.1\r\nh: x\r\n\r\nGET / HTTP/1.1\nh: x\r\n\r\n",
                "GET / HTTP/1.1\r\nh: x\r\n\r\nGET / HTTP/1.1\0h: x\r\n\r\n",
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\n",
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\n",
            ),
        ];
        for (given, expected) in table {
            for piece in 1..=given.len() {
                assert_eq!(scanned(given, piece), expected, "{given:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_length_is_read_as_the_parser_reads_it_or_spoilt() {
        let next = "GET / HTTP/1.1\n";
        let read = [
            ("content-length:5".to_owned(), "a\nb\nc"),
            (format!("content-length:{}5", " ".repeat(40)), "a\nb\nc"),
            (format!("content-length:{}10", " ".repeat(32)), "a\nb\nc\nd\nef"),
            (format!("Content-Length:\t{}2 \t", " \t".repeat(400)), "\n\n"),
            ("content-length: 00002".to_owned(), "\n\n"),
        ];
        for (line, body) in read {
            let head = format!("POST / HTTP/1.1\r\n{line}\r\n\r\n");
            let given = [&head, body, next].concat();
            let expected = [&head, body, "GET / HTTP/1.1\0"].concat();
            for piece in 1..=given.len() {
                assert_eq!(scanned(&given, piece), expected, "{given:?} in pieces of {piece}");
            }
        }
        let spoilt = [
            String::new(),
            format!("{}5", "0".repeat(40)),
            format!("5{}", " ".repeat(40)),
            format!("5{}5", " ".repeat(40)),
            "18446744073709551616".to_owned(),
            "+5".to_owned(),
            "5, 5".to_owned(),
            ": 5".to_owned(),
        ];
        for value in spoilt {
            let head = format!("POST / HTTP/1.1\r\ncontent-length: {value}\r");
            let given = format!("{head}\n\r\n{next}");
            let expected = format!("{head}\0\r\nGET / HTTP/1.1\0");
            assert_eq!(scanned(&given, given.len()), expected, "{given:?}");
            assert_eq!(scanned(&given, 1), expected, "{given:?}");
        }
    }
}
