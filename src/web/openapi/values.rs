//! Single values: what parameters of addresses look like, and the bounds of numbers.

use super::{Shape, of};
use crate::domain::{
    calendar::Month,
    ids::{
        ContractNumber, CustomerId, OperatorName, PassportNumber, ProviderId, ReceiptNumber,
        ServiceCode,
    },
};
use schemars::Schema;
use serde_json::{Number, Value};

/// What stands in the place of an address's parameter. Who adds one adds its type here, which a test
/// asks for.
pub(super) fn of_path(name: &str) -> Shape {
    match name {
        "customer" => of::<CustomerId>,
        "month" => of::<Month>,
        "provider" => of::<ProviderId>,
        "service" => of::<ServiceCode>,
        "passport" => of::<PassportNumber>,
        "receipt_number" => of::<ReceiptNumber>,
        "contract" => of::<ContractNumber>,
        "token_name" => of::<OperatorName>,
        _ => of::<String>,
    }
}

/// Says in words that every reader knows what a number's `format` stands for: formats are notes, and
/// a number that fits no 64 bits is refused.
pub(super) fn bound(schema: &mut Schema) {
    let Some(format) = schema.get("format").and_then(Value::as_str) else { return };
    let (least, most): (Number, Number) = match format {
        "uint" | "uint64" => (0.into(), u64::MAX.into()),
        "uint32" => (0.into(), u32::MAX.into()),
        "int64" => (i64::MIN.into(), i64::MAX.into()),
        _ => return,
    };
    for (word, value) in [("minimum", least), ("maximum", most)] {
        if schema.get(word).is_none() {
            schema.insert(word.to_owned(), value.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::json_schema;

    #[test]
    fn a_number_has_the_bounds_of_its_type_where_it_has_none_of_its_own() {
        let mut page = json_schema!({ "type": "integer", "format": "uint", "maximum": 200 });
        bound(&mut page);
        assert_eq!(
            (&page.as_value()["minimum"], &page.as_value()["maximum"]),
            (&0.into(), &200.into())
        );
        let mut yen = json_schema!({ "type": "integer", "format": "int64" });
        bound(&mut yen);
        assert_eq!(yen.as_value()["minimum"], i64::MIN);
        assert_eq!(yen.as_value()["maximum"], i64::MAX);
        let mut text = json_schema!({ "type": "string", "format": "date" });
        bound(&mut text);
        assert!(text.get("minimum").is_none());
    }
}
