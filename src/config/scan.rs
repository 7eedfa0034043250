//! Where keys stand in the text of a configuration file, and what its comments say of them.
//!
//! The parser that gives the values keeps no lines, so this reads the plain form that such files
//! have: `[section]`, then `key = value`. A key that is written in another way has no line in an
//! error, which is all that is lost.

/// A key in the text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// `section.key`.
    pub key: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The comment lines just above, without their `#`.
    pub comment: Vec<&'a str>,
}

/// All keys in the order of the file.
pub(super) fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut section = "";
    let mut comment = Vec::new();
    let mut found = Vec::new();
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if let Some(remark) = line.strip_prefix('#') {
            comment.push(remark.trim());
            continue;
        }
        let comment = std::mem::take(&mut comment);
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name.trim();
        } else if let Some((name, _)) = line.split_once('=') {
            let key = format!("{section}.{}", name.trim());
            found.push(Entry { key, line: index + 1, comment });
        }
    }
    found
}

/// The line of `key`, where it can be told.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    entries(text).into_iter().find(|entry| entry.key == key).map(|entry| entry.line)
}

/// What the comment of `key` in `text` says after "Allowed:".
pub(super) fn allowed(text: &str, key: &str) -> Option<String> {
    let entry = entries(text).into_iter().find(|entry| entry.key == key)?;
    let comment = entry.comment.join(" ");
    let (_, allowed) = comment.split_once("Allowed: ")?;
    let (allowed, _) = allowed.split_once(" Default: ")?;
    Some(allowed.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Top.\n\n[a]\n# One.\n# Allowed: 1 to 2. Default: 1.\nx = 1\n\ny = 2\n";

    #[test]
    fn keys_have_their_section_line_and_comment() {
        let found = entries(TEXT);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].key.as_str(), found[0].line), ("a.x", 6));
        assert_eq!(found[0].comment, ["One.", "Allowed: 1 to 2. Default: 1."]);
        assert_eq!((found[1].key.as_str(), found[1].comment.len()), ("a.y", 0));
    }

    #[test]
    fn what_is_allowed_comes_from_the_comment() {
        assert_eq!(allowed(TEXT, "a.x").as_deref(), Some("1 to 2"));
        assert_eq!(allowed(TEXT, "a.y"), None);
        assert_eq!(line_of(TEXT, "a.z"), None);
    }
}
