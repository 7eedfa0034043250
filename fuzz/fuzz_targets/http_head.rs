//! Heads of HTTP/1 (`net::head`) as they are handed to the parser: no bare line feed is left that it
//! would take for a line's end, and pieces do not matter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::net::head::HeadScanner;

fn scanned(bytes: &[u8], piece: usize) -> Vec<u8> {
    let (mut scanner, mut bytes) = (HeadScanner::default(), bytes.to_vec());
    bytes.chunks_mut(piece.max(1)).for_each(|piece| scanner.scan(piece));
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    let whole = scanned(bytes, usize::MAX);
    assert_eq!(whole, scanned(bytes, usize::from(*piece)), "pieces matter");
    for (after, before) in whole.iter().zip(bytes) {
        assert!(
            after == before || (*after, *before) == (0, b'\n'),
            "more than a line feed changed"
        );
    }
    let mut rest = whole.as_slice();
    // As long as both follow the same heads and bodies.
    while !rest.is_empty() {
        let mut headers = [httparse::EMPTY_HEADER; 96];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(httparse::Status::Complete(end)) = request.parse(rest) else { return };
        let head = &rest[..end];
        for (at, _) in head.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            assert!(at > 0 && head[at - 1] == b'\r', "the parser took a bare line feed: {head:?}");
        }
        let named = |name: &str| {
            let named =
                request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
            named.map(|field| field.value).collect::<Vec<_>>()
        };
        let body = match (named("content-length").as_slice(), named("transfer-encoding").is_empty())
        {
            ([], true) => 0,
            // As the parser behind reads it; what it refuses ends the connection.
            ([one], true) => {
                let text = std::str::from_utf8(one).unwrap_or_default().trim();
                match text.parse::<usize>() {
                    Ok(length) if text.bytes().all(|byte| byte.is_ascii_digit()) => length,
                    _ => return,
                }
            }
            _ => return,
        };
        let Some(next) = end.checked_add(body).and_then(|next| rest.get(next..)) else { return };
        // A body is handed on as it came.
        let begin = whole.len() - rest.len() + end;
        assert_eq!(whole[begin..begin + body], bytes[begin..begin + body], "a body was changed");
        rest = next;
    }
});
