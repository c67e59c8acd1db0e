//! A job's parameter as a type of the program.

use serde::de::DeserializeOwned;

/// The parameter is not what the handler takes. The text names the field and the place.
#[derive(Debug, thiserror::Error)]
pub enum ParameterError {
    /// Nothing was typed, and the handler needs something.
    #[error("the parameter is empty; this handler needs JSON: {0}")]
    Empty(String),
    /// It is no JSON, or not of this shape.
    #[error("the parameter is not what this handler takes: {0}")]
    Whole(String),
    /// One of its fields.
    #[error("the parameter's {path}: {problem}")]
    Field {
        /// From the outermost field inwards: `items[1].price`.
        path: String,
        /// What is wrong with it, with line and column.
        problem: String,
    },
}

/// Reads a parameter from JSON. An empty one is `null`, so that an `Option` is `None`.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, ParameterError> {
    if text.trim().is_empty() {
        return serde_json::from_value(serde_json::Value::Null)
            .map_err(|error| ParameterError::Empty(error.to_string()));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, problem) = (error.path().to_string(), error.inner().to_string());
        match path.as_str() {
            "." => ParameterError::Whole(problem),
            _ => ParameterError::Field { path, problem },
        }
    })?;
    json.end().map_err(|error| ParameterError::Whole(error.to_string()))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Order {
        tenant: String,
        #[serde(default)]
        items: Vec<Item>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Item {
        price: f64,
    }

    fn problem(text: &str) -> String {
        read::<Order>(text).expect_err("this is no order").to_string()
    }

    #[test]
    fn a_parameter_that_cannot_be_read_is_told_by_field_and_place() {
        assert_eq!(
            problem(r#"{"tenant":"a","items":[{"price":1},{"price":"x"}]}"#),
            "the parameter's items[1].price: invalid type: string \"x\", expected f64 at line 1 column 47"
        );
        assert_eq!(
            problem(r#"{"items":[]}"#),
            "the parameter is not what this handler takes: missing field `tenant` at line 1 column 12"
        );
        assert!(
            problem("nonsense").ends_with("expected ident at line 1 column 2"),
            "{}",
            problem("nonsense")
        );
        assert!(problem(r#"{"tenant":"a"} more"#).contains("trailing characters"));
        assert!(problem(" ").starts_with("the parameter is empty; this handler needs JSON"));
    }

    #[test]
    fn an_empty_parameter_is_nothing_where_nothing_will_do() {
        assert_eq!(read::<Option<Order>>("").unwrap(), None);
        assert_eq!(read::<Option<Order>>(r#"{"tenant":"a"}"#).unwrap().unwrap().tenant, "a");
        assert_eq!(read::<Vec<u8>>("[1,2]").unwrap(), [1, 2]);
    }
}
