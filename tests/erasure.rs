//! Personal data whose term is over: erased by a sweep or of one line, with the chain of
//! the journal whole and everything that still refers to them open.

mod common;
mod inside;

use common::{
    Browser, anime,
    operator::{Operator, SAKURA, answering_or_not, internal_problem},
    portal::Household,
    unique,
};
use inside::{Inside, japan, serving::sample_line, wait};
use linepass::{
    domain::line::LineService,
    store::{Block, Stream},
};
use serde_json::{Value, json};

const ENDED: &str = "CAF0000600001";

/// Exit code, standard output, standard error.
fn run(operator: &Operator, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = operator.run(arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn sweep(inside: &Inside, more: &[&str]) -> Value {
    let fixed = ["retention", "sweep", "--reason", "monthly", "--json"];
    let (code, out, talk) = run(&inside.operator, &[&fixed[..], more].concat());
    assert_eq!(code, Some(0), "{talk}");
    serde_json::from_str(&out).expect("one object")
}

/// Each block names the one before it, and each event of the line stands in its block as it is.
fn assert_chain_is_whole(inside: &Inside, customer: &str) {
    let store = &inside.state().store;
    let mut previous = [0; 32];
    for number in 1..=store.durable_block() {
        let block = wait(store.block(number)).expect("it reads").expect("it is there");
        assert_eq!(block.previous, previous, "block {number}");
        previous = Block::hash(&block.encode());
    }
    let stream = Stream::Line(customer.parse().expect("an ID"));
    let rows = wait(store.events(&stream, 0, 256)).expect("each row is checked against its block");
    assert!(rows.len() > 3);
}

#[test]
fn an_ended_line_is_erased_after_its_term_and_the_chain_stays_whole_r_188() {
    let inside = Inside::start_at(japan("2026-11-10T10:00:00"), &[], |sample| {
        sample.lines.push(sample_line(ENDED, LineService::HikariNext, "kiku0001"));
    });
    let browser = Browser::new(&inside.issuer);
    let flow = browser.arrive(&inside.provider().push(Some(&anime(&unique()))));
    assert_eq!(browser.log_in(&flow, "kiku0001", inside.password("kiku0001")).status, 303);
    assert!(browser.buy(&flow).location().ends_with("/complete"));
    let home = Household::at(&inside.issuer);
    home.enter(ENDED, inside.access_key(ENDED));
    let typed = [("service", "廃止"), ("contact", "03-1234-5678"), ("text", "お願いします。")];
    home.step("inquiry", &typed, "inquiry/done");
    let body = json!({ "transfer": "termination", "reason": "order 9" });
    inside.operator.change("POST", &format!("/lines/{ENDED}/transfer"), &body);

    // Not billed yet: everything of it is kept, however long ago it ended.
    inside.set(japan("2031-12-31T10:00:00"));
    assert_eq!(
        sweep(&inside, &["--dry-run"])["rows"],
        json!([
            { "class": "applicant", "rows": 1 }, { "class": "credential", "rows": 1 },
            { "class": "inquiry", "rows": 1 }, { "class": "sign_in", "rows": 1 },
        ])
    );
    inside.close(ENDED, "2026-11".parse().expect("a month"));
    let path = format!("/lines/{ENDED}");
    let before = inside.operator.get(&path).json();
    let rehearsed = sweep(&inside, &["--dry-run"]);
    let classes = |told: &Value| -> Vec<(String, u64)> {
        let rows = told["rows"].as_array().expect("rows").iter();
        let row = |one: &Value| (one["class"].as_str().expect("one").into(), one["rows"].as_u64());
        rows.map(row).map(|(class, rows)| (class, rows.expect("a number"))).collect()
    };
    let expected = ["applicant", "credential", "inquiry", "passport_name", "record", "sign_in"];
    let expected: Vec<_> = expected.map(|class| (class.to_owned(), 1)).into();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(class, rows): (String, u64)| {
            let both = if class == "credential" { 2 } else { rows };
            (class, both)
        })
        .collect();
    assert_eq!(classes(&rehearsed), expected);
    assert_eq!(inside.operator.get(&path).json(), before, "a rehearsal changes nothing");

    let told = sweep(&inside, &[]);
    assert_eq!((classes(&told), &told["lines_erased"]), (expected, &json!(1)));
    let customer = ENDED.parse().expect("an ID");
    for row in (0..20).chain([u32::MAX]) {
        let row = wait(inside.state().store.personal(customer, row)).expect("it reads");
        assert!(row.is_none(), "nothing personal is left");
    }
    assert_chain_is_whole(&inside, ENDED);
    let nothing = sweep(&inside, &[]);
    assert_eq!((&nothing["rows"], &nothing["lines_erased"]), (&json!([]), &json!(0)));

    // What refers to it still opens; nobody has its IDs any more, which is no failure of ours.
    assert_eq!(inside.operator.get(&path).json()["ended_by"], "terminated");
    assert_eq!(inside.operator.get(&format!("{path}/inquiries")).json()["inquiries"], json!([]));
    assert_eq!(inside.operator.get(&format!("{path}/sign-ins")).json()["sign_ins"], json!([]));
    let refused = Household::at(&inside.issuer).sign_in(ENDED, inside.access_key(ENDED));
    let unknown = Household::at(&inside.issuer).sign_in("CAF0000099999", "key");
    assert_eq!(refused.status, unknown.status, "{refused:?}");
    let flow = browser.arrive(&inside.provider().push(Some(&anime(&unique()))));
    assert_eq!(browser.log_in(&flow, "kiku0001", inside.password("kiku0001")).status, 403);
}

/// The list of last sign-ins is a row that no event names; its entries have their term all the same.
#[test]
fn a_living_line_loses_the_sign_ins_whose_term_is_over_r_188() {
    let inside = Inside::start_at(japan("2026-11-10T10:00:00"), &[], |_| ());
    let sign_in = || {
        let (browser, flow) = inside.arrived();
        assert_eq!(browser.log_in(&flow, "sakura01", inside.password("sakura01")).status, 303);
    };
    let path = format!("/lines/{SAKURA}/sign-ins");
    let listed = |count: usize| {
        common::door::until("the list of sign-ins", || {
            let told = inside.operator.get(&path).json()["sign_ins"].clone();
            (told.as_array().map(Vec::len) == Some(count)).then_some(told)
        })
    };
    sign_in();
    listed(1);
    inside.set(japan("2027-05-01T10:00:00"));
    sign_in();
    let kept = listed(2)[0].clone();
    inside.set(japan("2027-05-10T10:00:00"));
    let rows = |told: &Value| {
        let rows = told["rows"].as_array().expect("rows");
        let one = rows.iter().find(|one| one["class"] == "sign_in");
        one.map_or(0, |one| one["rows"].as_u64().expect("a number"))
    };
    assert!(rows(&sweep(&inside, &["--dry-run"])) >= 1);
    listed(2);
    assert!(rows(&sweep(&inside, &[])) >= 1);
    assert_eq!(listed(1)[0], kept);
    assert_eq!(rows(&sweep(&inside, &[])), 0);
    // With the last of them the row goes.
    inside.set(japan("2028-05-10T10:00:00"));
    sweep(&inside, &[]);
    let customer = SAKURA.parse().expect("an ID");
    let row = wait(inside.state().store.personal(customer, u32::MAX)).expect("it reads");
    assert!(row.is_none());
}

#[test]
fn of_one_line_what_was_deleted_goes_and_the_rest_stays() {
    let inside = Inside::start_at(japan("2026-11-10T10:00:00"), &[], |_| ());
    let erase = |customer: &str, more: &[&str]| {
        let fixed = ["retention", "erase", customer, "--reason", "asked for it"];
        run(&inside.operator, &[&fixed[..], more].concat())
    };
    let body = json!({ "reason": "inquiry 12" });
    let path = format!("/lines/{SAKURA}/passports/2/delete");
    inside.operator.change("POST", &path, &body);
    let (code, out, _) = erase(SAKURA, &[]);
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "1 lines looked at, 0 with data whose term is over\n")
    );
    inside.set(japan("2027-11-11T10:00:00"));
    let (code, out, _) = erase(SAKURA, &["--dry-run"]);
    assert!(code == Some(0) && out.starts_with("Nothing was changed"), "{out}");
    let (_, out, _) = erase(SAKURA, &[]);
    assert!(
        out.contains("applicant       1 rows") && out.contains("credential      1 rows"),
        "{out}"
    );
    assert_eq!(erase("CAF0000099999", &[]).0, Some(4));
    assert_eq!(run(&inside.operator, &["retention", "sweep"]).0, Some(2), "a reason is needed");
    assert_chain_is_whole(&inside, SAKURA);
    // The other ID, and the household's pages, are as they were.
    let home = Household::at(&inside.issuer);
    home.enter(SAKURA, inside.access_key(SAKURA));
    home.see("statement?month=2026-11");
    let (browser, flow) = inside.arrived();
    assert_eq!(browser.log_in(&flow, "sakura01", inside.password("sakura01")).status, 303);
}

/// What was swept stays swept: whoever ran it must know that there is a rest.
#[test]
fn a_sweep_that_breaks_in_its_midst_fails_and_tells_how_far_it_came_r_188() {
    let inside = Inside::start_at(japan("2026-11-10T10:00:00"), &[], |_| ());
    let part = |seen: u64| {
        Some(
            json!({ "lines_seen": seen, "lines_erased": 1, "rows": [], "failed": [], "next": SAKURA }),
        )
    };
    let mut operator = inside.operator.clone();
    for (breaks, said) in [
        (Some(internal_problem()), "something of ours failed"),
        (None, "does not answer: the connection was closed before an answer"),
    ] {
        let answers = vec![part(500), part(300), breaks.clone()];
        operator.url = answering_or_not(answers.clone());
        let (code, out, talk) = run(&operator, &["retention", "sweep", "--reason", "monthly"]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "no sum of a part: {talk}");
        let (seen, why) = talk.split_once('\n').expect("two lines");
        assert_eq!(seen, "linepass: 800 lines were swept; run it again for the rest");
        assert!(why.contains(said), "{talk}");

        // Programs read the exit code and the problem; how far it came is talk.
        operator.url = answering_or_not(answers);
        let fixed = ["retention", "sweep", "--reason", "monthly", "--json"];
        let (code, out, talk) = run(&operator, &fixed);
        assert_eq!((code, out.is_empty()), (Some(1), breaks.is_none()), "{out}");
        assert!(talk.starts_with("linepass: 800 lines were swept;"), "{talk}");
    }
    // A refusal in the midst is no refusal of the whole.
    let refusal = json!({ "status": 422, "code": "invalid_request", "detail": "not taken" });
    for (answers, expected) in
        [(vec![part(500), Some(refusal.clone())], 1), (vec![Some(refusal)], 3)]
    {
        operator.url = answering_or_not(answers);
        let (code, _, talk) = run(&operator, &["retention", "sweep", "--reason", "monthly"]);
        assert_eq!(code, Some(expected), "{talk}");
    }
}
