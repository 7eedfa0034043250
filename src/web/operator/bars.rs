//! What bars a line's new use: the customer's restriction, the company's stop (R-149,
//! R-182), and the bar of a line that cannot be billed.

use super::{
    access::Caller,
    ask,
    change::{Told, Wanted, change},
    lines::customer_id,
    problem::ProblemDetails,
};
use crate::{
    domain::{
        calendar::Month,
        line::{Command, command::StopCause, event::Barrier},
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What is asked for, to restrict.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LineRestriction", extend("oneOf" = [
    { "properties": {
        "kind": { "const": "customer" }, "cause": { "type": "null" }, "month": { "type": "null" },
    } },
    { "properties": {
        "kind": { "const": "company" },
        "cause": { "enum": ["misuse", null] },
        "month": { "type": "null" },
    } },
    {
        "required": ["cause", "month"],
        "properties": {
            "kind": { "const": "company" },
            "cause": { "const": "overdue" },
            "month": { "type": "string" },
        },
    },
]))]
pub(super) struct Restrict {
    /// Whose wish it is.
    kind: RestrictKind,
    /// Why the company stops use; none is misuse.
    cause: Option<Cause>,
    /// The month of the unpaid bill, with the cause `overdue` alone.
    month: Option<Month>,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Which of the two flags that an operator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LineRestrictionKind")]
enum RestrictKind {
    /// 利用規制, which the customer asked the desk for.
    Customer,
    /// The company's stop.
    Company,
}

/// Why the company stops use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CompanyStopCause")]
enum Cause {
    /// 不正利用.
    Misuse,
    /// An unpaid bill, from the day after its due date on.
    Overdue,
}

/// What is asked for, to lift.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LineLift")]
pub(super) struct Lift {
    /// Which of what bars the line.
    kind: LiftKind,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Which of the three flags is lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LineLiftKind")]
enum LiftKind {
    /// 利用規制.
    Customer,
    /// The company's stop.
    Company,
    /// The bar of a billing number that cannot be used.
    Unbillable,
}

impl LiftKind {
    const fn barrier(self) -> Barrier {
        match self {
            Self::Customer => Barrier::CustomerRestriction,
            Self::Company => Barrier::CompanyStop,
            Self::Unbillable => Barrier::Unbillable,
        }
    }
}

fn restriction(asked: &Restrict) -> Result<Command, ProblemDetails> {
    match (asked.kind, asked.cause, asked.month) {
        (RestrictKind::Customer, None, None) => {
            Ok(Command::RaiseBarrier(Barrier::CustomerRestriction))
        }
        (RestrictKind::Company, None | Some(Cause::Misuse), None) => {
            Ok(Command::StopUse(StopCause::Misuse))
        }
        (RestrictKind::Company, Some(Cause::Overdue), Some(month)) => {
            Ok(Command::StopUse(StopCause::Overdue(month)))
        }
        (RestrictKind::Customer, ..) => {
            Err(ProblemDetails::invalid("cause: goes with the kind company alone"))
        }
        (RestrictKind::Company, Some(Cause::Overdue), None) => {
            Err(ProblemDetails::invalid("month: the cause overdue names the month of the bill"))
        }
        (RestrictKind::Company, ..) => {
            Err(ProblemDetails::invalid("month: goes with the cause overdue alone"))
        }
    }
}

/// Restricts a line.
pub async fn restrict(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let asked: Restrict = ask::read(&body)?;
    let command = restriction(&asked)?;
    let by = (&caller, &*asked.reason, asked.dry_run);
    let wanted = Wanted::plain("restrict_line", customer, command, by)?;
    Ok(HttpResponse::Ok().json(Told::from(change(&context, state, wanted).await?)))
}

/// Lifts what bars a line.
pub async fn lift(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let asked: Lift = ask::read(&body)?;
    let command = Command::LiftBarrier(asked.kind.barrier());
    let by = (&caller, &*asked.reason, asked.dry_run);
    let wanted = Wanted::plain("lift_line", customer, command, by)?;
    Ok(HttpResponse::Ok().json(Told::from(change(&context, state, wanted).await?)))
}
