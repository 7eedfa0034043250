//! Long looks at the store by the operator API: whoever asked for one is told of it, whatever else goes on.

mod common;
mod inside;

use actix::prelude::*;
use common::{
    door::until,
    operator::{Operator, assert_problem},
};
use inside::Inside;
use linepass::actors::walk::Walks;
use serde_json::{Value, json};

/// Has one made that never ends, as long as this thread's System is there; its number.
fn hold_open<P: Clone + 'static, R: 'static>(walks: &Walks<P, R>) -> u64 {
    walks.begin("a look that a test holds open", |_| std::future::pending())
}

fn told(operator: &Operator, path: &str) -> Value {
    let answer = operator.get(path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

#[test]
fn whoever_asked_for_a_look_is_told_of_it_while_another_goes_on() {
    let server = Inside::start(&[]);
    let (operator, state) = (&server.operator, server.state());
    let held: [(&str, &dyn Fn() -> u64); 2] = [
        ("/audit/verify", &|| hold_open(state.audits.walks())),
        ("/verify", &|| hold_open(state.verifies.walks())),
    ];
    for (path, hold_open) in held {
        assert_eq!(told(operator, path), json!({ "state": "never" }));
        let begun = operator.change("POST", path, &json!({ "reason": "every morning" }));
        assert_eq!(begun["asked"], 1, "{path}: {begun}");
        let first = until("the first look", || {
            Some(told(operator, path)).filter(|told| told["state"] == "done")
        });
        assert_eq!((&first["look"], &first["whole"]), (&json!(1), &json!(true)), "{path}: {first}");
        System::new().block_on(async {
            assert_eq!(hold_open(), 2, "{path}");
            // How the last one stands, where nobody says which.
            let last = told(operator, path);
            assert_eq!((&last["state"], &last["look"]), (&json!("running"), &json!(2)), "{path}");
            // Who asked for the first has its report; who asked for the second waits.
            assert_eq!(told(operator, &format!("{path}?look=1")), first, "{path}");
            for later in [2, 3] {
                assert_eq!(told(operator, &format!("{path}?look={later}")), last, "{path}");
            }
            // Who asks meanwhile is answered by the one after it.
            let asked = operator.change("POST", path, &json!({ "reason": "once more" }));
            assert_eq!((&asked["asked"], &asked["state"]), (&json!(3), &json!("running")));
        });
    }
}

#[test]
fn a_look_is_asked_for_by_a_number_and_nothing_else() {
    let server = Inside::start(&[]);
    for path in ["/audit/verify", "/verify"] {
        for query in ["look=x", "look=-1", "look=", "look=1&more=1"] {
            let refused = server.operator.get(&format!("{path}?{query}"));
            assert_problem(&refused, 422, "invalid_request");
        }
    }
}
