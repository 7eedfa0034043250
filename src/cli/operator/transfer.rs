//! `linepass line transfer` and `billing`.

use super::{
    Request,
    args::life::{BillingArgs, TransferArgs},
    asked, change_body, line, refused, run as ask, text, told,
};
use crate::{
    cli::exit::Exit,
    domain::{ids::CustomerId, transfer::BillingChange},
};
use serde_json::{Value, json};
use std::io::{self, BufRead, IsTerminal, Read, Write};

/// The most of a file with a number that is read, in bytes.
const LONGEST_NUMBER_FILE: u64 = 1_024;

/// Tells what a transfer would do, asks before a ×, and does it.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(args: &TransferArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<Exit> {
    let Some(transfer) = args.transfer() else {
        writeln!(
            talk,
            "linepass: --kind move and item need --id-changes or --id-stays; the others take neither"
        )?;
        return Ok(Exit::Usage);
    };
    let server = &args.change.server;
    let request = |dry_run: bool| {
        let mut body = change_body(&args.change, json!({ "transfer": transfer }));
        body["dry_run"] = json!(dry_run);
        let path = format!("/lines/{}/transfer", args.customer);
        Request { method: "POST", path, body: Some(body) }
    };
    let preview = match asked(server, &request(true)) {
        Ok(preview) => preview,
        Err(error) => return refused(server, error, out, talk),
    };
    if args.change.dry_run {
        return told(server, &preview, transferred, out);
    }
    write!(talk, "{}", transferred(&preview))?;
    if text(&preview, "/sign") == "×" && !args.yes {
        let typed = io::stdin();
        let terminal = typed.is_terminal();
        match confirmed(args.customer, terminal, &mut typed.lock(), talk)? {
            Exit::Done => {}
            exit => return Ok(exit),
        }
    }
    ask(server, &request(false), transferred, out, talk)
}

/// Asks for the customer ID to be typed; nobody can be asked where there is no terminal.
fn confirmed(
    customer: CustomerId,
    terminal: bool,
    typed: &mut impl BufRead,
    talk: &mut impl Write,
) -> io::Result<Exit> {
    if !terminal {
        writeln!(talk, "linepass: a × ends the line: --yes is needed where there is no terminal")?;
        return Ok(Exit::Usage);
    }
    write!(talk, "This cannot be undone. Type the customer ID to go on: ")?;
    talk.flush()?;
    let mut answer = String::new();
    typed.take(64).read_line(&mut answer)?;
    if answer.trim() == customer.as_str() {
        return Ok(Exit::Done);
    }
    writeln!(talk, "linepass: that is not the customer ID; nothing was changed")?;
    Ok(Exit::Failed)
}

fn transferred(answer: &Value) -> String {
    let sign = text(answer, "/sign");
    let meaning = match sign {
        "○" => "everything goes on",
        _ => "contracts, passport IDs and sessions end, and the customer ID is over",
    };
    format!("{sign}  {meaning}\n{}", line::changed(answer))
}

/// Changes the billing number.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn change_billing(
    args: &BillingArgs,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> io::Result<Exit> {
    let number = match args.number_file.as_deref().map(read_number).transpose() {
        Ok(number) => number,
        Err(error) => {
            writeln!(talk, "linepass: --number-file: {error}")?;
            return Ok(Exit::Failed);
        }
    };
    let fields = json!({
        "change": BillingChange::from(args.row),
        "same_name_and_place": args.same_name_and_place,
        "number": number,
    });
    let body = change_body(&args.change, fields);
    let path = format!("/lines/{}/billing", args.customer);
    let request = Request { method: "POST", path, body: Some(body) };
    ask(&args.change.server, &request, billed, out, talk)
}

/// The file's text; `-` is standard input.
fn read_number(path: &std::path::Path) -> io::Result<String> {
    let mut number = String::new();
    if path.as_os_str() == "-" {
        io::stdin().lock().take(LONGEST_NUMBER_FILE).read_to_string(&mut number)?;
    } else {
        std::fs::File::open(path)?.take(LONGEST_NUMBER_FILE).read_to_string(&mut number)?;
    }
    Ok(number.trim_start_matches('\u{feff}').trim().to_owned())
}

fn billed(answer: &Value) -> String {
    let goes_on = match answer["continues"].as_bool() {
        Some(true) => "まとめて支払い goes on",
        _ => "まとめて支払い cannot go on: contracts end, the passport IDs stay",
    };
    format!("{goes_on}\n{}", line::changed(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_by_its_typed_customer_id_alone() {
        let customer: CustomerId = "CAF0000012573".parse().expect("an ID");
        let asked = |terminal, typed: &str| {
            let mut talk = Vec::new();
            let exit = confirmed(customer, terminal, &mut typed.as_bytes(), &mut talk);
            (exit.expect("writes"), String::from_utf8(talk).expect("text"))
        };
        assert_eq!(asked(true, "CAF0000012573\n").0, Exit::Done);
        for typed in ["", "\n", "y\n", "CAF0000012574\n", "caf0000012573\n"] {
            let (exit, talk) = asked(true, typed);
            assert_eq!(exit, Exit::Failed, "{typed:?}");
            assert!(talk.contains("nothing was changed"), "{talk}");
        }
        let (exit, talk) = asked(false, "CAF0000012573\n");
        assert!(exit == Exit::Usage && talk.contains("--yes"), "{talk}");
    }
}
