//! What a decision changed of a line, field by field, before and after: for whoever looks at what
//! operators did.

use super::state::Line;
use serde::Serialize;
use serde_json::Value;

/// Fields that move with every entry, or only count: they tell nothing about what was changed.
const BOOKKEEPING: [&str; 2] = ["last_event_at", "next_row"];

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Which, as its path in the line's JSON: `barriers.restriction`.
    pub field: String,
    /// What stood there; null where there was nothing.
    pub before: Value,
    /// What stands there; null where nothing is left.
    pub after: Value,
}

/// The fields in which a line differs after a decision, in the order of the line's fields.
///
/// # Panics
/// Never: a line is JSON in its snapshot too.
pub fn difference(before: Option<&Line>, after: Option<&Line>) -> Vec<Changed> {
    let json = |line: Option<&Line>| {
        // A line that became nothing would look as if all of it had changed, or none.
        let mut line = serde_json::to_value(line).expect("our own types are always JSON");
        if let Value::Object(members) = &mut line {
            members.retain(|name, _| !BOOKKEEPING.contains(&name.as_str()));
        }
        line
    };
    let mut changed = Vec::new();
    compare(String::new(), json(before), json(after), &mut changed);
    changed
}

/// Objects are looked into; everything else is compared whole. What is new or gone is told whole.
fn compare(field: String, before: Value, after: Value, changed: &mut Vec<Changed>) {
    match (before, after) {
        (Value::Object(mut before), Value::Object(after)) => {
            let below = |name: &str| {
                if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") }
            };
            for (name, after) in after {
                let before = before.remove(&name).unwrap_or_default();
                compare(below(&name), before, after, changed);
            }
            for (name, before) in before {
                compare(below(&name), before, Value::Null, changed);
            }
        }
        (before, after) if before != after => changed.push(Changed { field, before, after }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        calendar::Instant,
        line::{Event, evolve},
    };
    use serde_json::json;

    fn at(second: i64) -> Instant {
        Instant::from_micros(1_790_000_000_000_000 + second * 1_000_000)
    }

    fn after(line: Option<Line>, event: &str, second: i64) -> Option<Line> {
        evolve(line, &serde_json::from_str::<Event>(event).expect(event), at(second))
    }

    fn line() -> Option<Line> {
        let reference = |row| format!(r#"{{"row":{row},"commitment":"{}"}}"#, "ab".repeat(32));
        let (record, key) = (reference(0), reference(1));
        let opened = format!(
            r#"{{"event":"line_opened","customer":"CAF0000012573","service":"hikari_next","line_limit":30000,"record":{record},"access_key":{key}}}"#
        );
        after(None, &opened, 0)
    }

    #[test]
    fn a_restriction_is_one_field_before_and_after() {
        let before = line();
        let raised = r#"{"event":"barrier_raised","barrier":"company_stop"}"#;
        let barred = after(before.clone(), raised, 5);
        let since = serde_json::to_value(at(5)).expect("JSON");
        let field = || "barriers.company_stop".to_owned();
        let changed = Changed { field: field(), before: Value::Null, after: since.clone() };
        assert_eq!(difference(before.as_ref(), barred.as_ref()), [changed]);
        let lifted = r#"{"event":"barrier_lifted","barrier":"company_stop"}"#;
        let open = after(barred.clone(), lifted, 9);
        let changed = Changed { field: field(), before: since, after: Value::Null };
        assert_eq!(difference(barred.as_ref(), open.as_ref()), [changed]);
    }

    #[test]
    fn a_value_is_told_before_and_after_and_a_line_that_is_new_is_told_whole() {
        let before = line();
        let set = r#"{"event":"line_limit_set","line_limit":50000}"#;
        let raised = after(before.clone(), set, 5);
        let changed = difference(before.as_ref(), raised.as_ref());
        let field = "line_limit".to_owned();
        assert_eq!(changed, [Changed { field, before: json!(30_000), after: json!(50_000) }]);
        let opened = difference(None, before.as_ref());
        assert_eq!((opened.len(), &opened[0].before), (1, &Value::Null));
        assert_eq!(opened[0].after["customer"], "CAF0000012573");
        assert_eq!(difference(before.as_ref(), before.as_ref()), []);
    }

    #[test]
    fn what_is_gone_is_told() {
        let mut changed = Vec::new();
        let (before, after) = (json!({"a": {"b": 1, "c": [1]}}), json!({"a": {"c": [2]}}));
        compare(String::new(), before, after, &mut changed);
        let told: Vec<_> = changed.iter().map(|one| (&*one.field, &one.before)).collect();
        assert_eq!(told, [("a.c", &json!([1])), ("a.b", &json!(1))]);
    }
}
