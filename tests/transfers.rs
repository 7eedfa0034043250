//! All 24 cells of the guide's table of transfers on 2026-12-15, each for a line that
//! holds a monthly contract since November: over the API, by the command, on the pages.

mod common;
mod inside;

use common::{
    Browser, Flow, anime,
    operator::{Operator, SAKURA},
    order,
    portal::Household,
    unique,
};
use inside::{Inside, japan, serving::sample_line};
use linepass::{
    cli::demo::sample::{Kind, Sample, SampleService},
    domain::line::LineService,
};
use serde_json::{Value, json};

const SERVICES: [(LineService, &str); 3] = [
    (LineService::HikariNext, "○×○××××○"),
    (LineService::HikariLight, "○×○××××○"),
    (LineService::HikariPremium, "—×—××××○"),
];
const COLUMNS: [&str; 8] = [
    "move_keeping_id",
    "move_with_new_id",
    "item_change_keeping_id",
    "item_change_with_new_id",
    "menu_change",
    "termination",
    "succession",
    "rename",
];
/// The customer ID that the carrier gives out after a ×.
const NEW: &str = "CAF0000777777";

/// The customer ID and the passport ID of a cell's line.
fn cell(row: usize, column: usize) -> (String, String) {
    (format!("CAF00005{row}00{column}0"), format!("cell{row}x{column}"))
}

fn with_24_lines(sample: &mut Sample) {
    let unit_price = Some(500);
    let (service, name) = ("monthly-1".to_owned(), "月額1".to_owned());
    let description = name.clone();
    let kind = Kind::Monthly;
    let monthly = SampleService { service, name, kind, unit_price, description };
    sample.providers[1].services.push(monthly);
    for (row, (service, _)) in SERVICES.into_iter().enumerate() {
        for column in 0..COLUMNS.len() {
            let (customer, id) = cell(row, column);
            sample.lines.push(sample_line(&customer, service, &id));
        }
    }
    sample.lines.push(sample_line(NEW, LineService::HikariNext, "newhome1"));
}

fn start() -> Inside {
    let env = [("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "100000")];
    Inside::start_at(japan("2026-11-10T10:00:00"), &env, with_24_lines)
}

/// A browser that is before the button of an order.
fn before_the_press(inside: &Inside, passport_id: &str, details: &str) -> (Browser, Flow) {
    let browser = Browser::new(&inside.issuer);
    let flow = browser.arrive(&inside.provider().push(Some(details)));
    let login = browser.log_in(&flow, passport_id, inside.password(passport_id));
    assert_eq!(login.status, 303, "{passport_id}: {login:?}");
    (browser, flow)
}

fn subscribe(inside: &Inside, passport_id: &str) {
    let (browser, flow) =
        before_the_press(inside, passport_id, &order(&unique(), "monthly-1", 1, 500));
    let bought = browser.buy(&flow);
    assert!(bought.location().ends_with("/complete"), "{bought:?}");
}

fn household(inside: &Inside, row: usize, customer: &str) -> Household {
    let base = if row == 2 { "/wso_v6" } else { "/wso" };
    let household = Household { base, ..Household::at(&inside.issuer) };
    household.enter(customer, inside.access_key(customer));
    household
}

fn line(operator: &Operator, customer: &str) -> Value {
    operator.get(&format!("/lines/{customer}")).json()
}

#[test]
fn each_of_the_24_cells_on_2026_12_15_r_160_to_r_168() {
    let inside = start();
    for row in 0..SERVICES.len() {
        for column in 0..COLUMNS.len() {
            subscribe(&inside, &cell(row, column).1);
        }
    }
    inside.set(japan("2026-12-15T10:00:00"));
    let mut counts = [0; 3];
    for (row, (_, signs)) in SERVICES.iter().enumerate() {
        for (column, sign) in signs.chars().enumerate() {
            let kind = "○×—".chars().position(|one| one == sign).expect("a sign");
            counts[kind] += 1;
            assert_cell(&inside, (row, column), &sign.to_string());
        }
    }
    assert_eq!(counts, [7, 15, 2]);

    // Whoever comes after sees nothing of it.
    let newcomer = household(&inside, 0, NEW);
    for month in ["2026-11", "2026-12"] {
        let page = newcomer.see(&format!("statement?month={month}"));
        for trace in ["cell0x6", "月額1", "500円", "K-"] {
            assert!(!page.body.contains(trace), "{trace}: {}", page.body);
        }
    }
    assert!(!newcomer.see("details").body.contains("cell"));
}

fn assert_cell(inside: &Inside, (row, column): (usize, usize), sign: &str) {
    let operator = &inside.operator;
    let (customer, id) = cell(row, column);
    let what = format!("{} {customer}", COLUMNS[column]);
    let (browser, flow) = before_the_press(inside, &id, &anime(&unique()));
    let home = household(inside, row, &customer);
    let before = line(operator, &customer);
    let path = format!("/lines/{customer}/transfer");
    let body = |dry_run: bool| json!({ "transfer": COLUMNS[column], "reason": "order 31", "dry_run": dry_run });

    let rehearsed = operator.send("POST", &path, &body(true).to_string());
    assert_eq!(line(operator, &customer), before, "a rehearsal changes nothing: {what}");
    let made = operator.send("POST", &path, &body(false).to_string());
    assert_eq!(made.status, rehearsed.status, "{what}");
    if sign == "—" {
        assert_eq!((made.status, &made.json()["code"]), (409, &json!("impossible_transfer")));
        assert_eq!(line(operator, &customer), before, "{what}");
        return;
    }
    let (told, after) = (made.json(), line(operator, &customer));
    assert_eq!((&told["sign"], &rehearsed.json()["sign"]), (&json!(sign), &json!(sign)), "{what}");
    let change = |key: &str| told[key].clone();
    assert_eq!(change("contracts_ended"), rehearsed.json()["contracts_ended"]);
    if sign == "○" {
        assert_eq!(
            (change("contracts_ended"), change("passport_ids_deleted")),
            (json!([]), json!([]))
        );
        assert_eq!(after, before, "everything goes on: {what}");
        home.see("statement");
        let bought = browser.buy(&flow);
        assert!(bought.location().ends_with("/complete"), "{what}: {bought:?}");
        return;
    }
    let ended = change("contracts_ended");
    assert_eq!(ended.as_array().map(Vec::len), Some(1), "{what}");
    // December is charged, January is not.
    assert_eq!(ended[0]["last_charge_month"], "2026-12", "{what}");
    assert_eq!(ended[0]["reason"], "line_ended", "{what}");
    assert_eq!(change("passport_ids_deleted"), json!([1]), "{what}");
    assert_eq!(
        (&after["ended"], &after["live_contracts"], &after["passport_ids"]),
        (&json!(true), &json!(0), &json!(0)),
        "{what}"
    );
    // security.md 20: whatever was open is over at once, on the pages and in the flow.
    let page = home.open("statement");
    assert!(page.status == 303 && page.location().contains("/login"), "{what}: {page:?}");
    let pressed = browser.confirmation(&flow);
    assert!(pressed.location().contains("/login?"), "{what}: {pressed:?}");
    let login = browser.log_in(&flow, &id, inside.password(&id));
    assert_eq!(login.status, 403, "{what}: {login:?}");
    let again = home.sign_in(&customer, inside.access_key(&customer));
    assert_ne!(again.status, 303, "{what}: {again:?}");
    let twice = operator.send("POST", &path, &body(false).to_string());
    assert_eq!((twice.status, &twice.json()["code"]), (409, &json!("line_ended")), "{what}");
}

/// Exit code, standard output, standard error.
fn run(operator: &Operator, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = operator.run(arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_command_tells_what_ends_and_asks_before_it() {
    let inside = start();
    let operator = &inside.operator;
    subscribe(&inside, &cell(0, 5).1);
    inside.set(japan("2026-12-15T10:00:00"));
    let (customer, _) = cell(0, 5);
    let transfer = |customer: &str, more: &[&str]| {
        let fixed = ["line", "transfer", customer, "--reason", "order 32"];
        run(operator, &[&fixed[..], more].concat())
    };
    let before = line(operator, &customer);

    // Without a terminal nobody can be asked.
    let (code, out, talk) = transfer(&customer, &["--kind", "termination"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{talk}");
    assert!(talk.starts_with("×") && talk.contains("--yes"), "{talk}");
    assert!(talk.contains("charged through 2026-12") && talk.contains("deletes passport ID 1"));
    let (code, out, _) = transfer(&customer, &["--kind", "termination", "--dry-run"]);
    assert!(
        code == Some(0) && out.starts_with("×") && out.contains("Nothing was changed"),
        "{out}"
    );
    for wrong in [
        &["--kind", "move"][..],
        &["--kind", "item"],
        &["--kind", "move", "--id-changes", "--id-stays"],
        &["--kind", "rename", "--id-stays"],
        &["--kind", "nothing"],
        &[],
    ] {
        assert_eq!(transfer(&customer, wrong).0, Some(2), "{wrong:?}");
    }
    assert_eq!(line(operator, &customer), before);
    // — is refused by the rule, whatever is said; an unknown line is none.
    let (premium, _) = cell(2, 0);
    let (code, _, talk) = transfer(&premium, &["--kind", "move", "--id-stays", "--yes"]);
    assert!(code == Some(3) && talk.contains('—'), "{talk}");
    let unknown = transfer("CAF0000099999", &["--kind", "termination", "--yes"]);
    assert_eq!(unknown.0, Some(4), "{unknown:?}");

    // ○ needs no word.
    let (code, out, talk) = transfer(SAKURA, &["--kind", "rename", "--json"]);
    assert_eq!(code, Some(0), "{talk}");
    let told: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!((&told["sign"], &told["transfer"]), (&json!("○"), &json!("rename")));
    let (code, out, _) = transfer(&customer, &["--kind", "termination", "--yes"]);
    assert!(code == Some(0) && out.contains("  ended\n"), "{out}");
    assert_eq!(line(operator, &customer)["ended_by"], "terminated");
    let (code, out, _) = run(operator, &["line", "show", &customer]);
    assert!(code == Some(0) && out.contains("(terminated)"), "{out}");

    // A move to NTT East is a 解約.
    let (other, _) = cell(1, 0);
    let (code, _, talk) = transfer(&other, &["--kind", "to-ntt-east", "--yes"]);
    assert_eq!(code, Some(0), "{talk}");
    assert_eq!(line(operator, &other)["ended_by"], "terminated");
}
