//! `POST /api/registry` and `/api/registryRemove`: an instance announces itself, or leaves.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::BodyError;
use crate::json;
use crate::native::Announcement;

/// Who registers, and under which address it can be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistryRequest {
    /// `EXECUTOR` in practice; `ADMIN` exists and is unused.
    pub registry_group: String,
    /// The executor's application name.
    pub registry_key: String,
    /// The base address under which the server reaches this instance.
    pub registry_value: String,
    /// `key=value` with commas between, by which jobs are kept to some instances; no field of XXL-JOB's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub labels: String,
    /// Names the process, for executors that understand [`crate::native`]; no field of XXL-JOB's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub life: String,
    /// What the program says of itself; no field of XXL-JOB's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announces: Option<Announcement>,
}

impl RegistryRequest {
    /// The registration of an executor's instance.
    pub fn executor(app_name: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            registry_group: "EXECUTOR".to_owned(),
            registry_key: app_name.into(),
            registry_value: address.into(),
            labels: String::new(),
            life: String::new(),
            announces: None,
        }
    }

    /// Whether all three fields say something; if not, the answer is [`crate::words::TEXT_ILLEGAL_ARGUMENT`].
    pub fn is_complete(&self) -> bool {
        ![&self.registry_group, &self.registry_key, &self.registry_value].iter().any(|text| text.is_empty())
    }

    /// The address in the one form that identifies the instance, see [`normal_address`].
    pub fn instance_address(&self) -> &str {
        normal_address(&self.registry_value)
    }
}

/// An address without surrounding blanks and trailing slashes: `http://h:9/` and `http://h:9` are one
/// instance. A path (`http://h:9/job`) is kept.
pub fn normal_address(address: &str) -> &str {
    address.trim().trim_end_matches('/')
}

/// Reads a registration. Texts are trimmed; missing ones are empty, see [`RegistryRequest::is_complete`].
///
/// # Errors
/// The body is no JSON object, or what the program says of itself is not an [`Announcement`].
pub fn parse_registry(body: &[u8]) -> Result<RegistryRequest, BodyError> {
    let object = json::parse_object(body)?;
    let field = |name| json::text_field(&object, name).trim().to_owned();
    Ok(RegistryRequest {
        registry_group: field("registryGroup"),
        registry_key: field("registryKey"),
        registry_value: field("registryValue"),
        labels: field("labels"),
        life: field("life"),
        announces: announcement(object.get("announces"))?,
    })
}

fn announcement(found: Option<&Value>) -> Result<Option<Announcement>, BodyError> {
    let wrong = |error: serde_json::Error| BodyError::Field { name: "announces", problem: error.to_string() };
    match found {
        None | Some(Value::Null) => Ok(None),
        Some(found) => Announcement::deserialize(found).map(Some).map_err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_survives_the_wire() {
        let request = RegistryRequest::executor("billing-worker", "http://10.0.4.17:9999/");
        let body = serde_json::to_vec(&request).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&body),
            r#"{"registryGroup":"EXECUTOR","registryKey":"billing-worker","registryValue":"http://10.0.4.17:9999/"}"#
        );
        assert_eq!(parse_registry(&body), Ok(request));
    }

    #[test]
    fn labels_are_read_where_they_are_sent_and_not_sent_where_there_are_none() {
        let body = r#"{"registryGroup":"EXECUTOR","registryKey":"a","registryValue":"http://h:9","labels":" zone=a "}"#;
        assert_eq!(parse_registry(body.as_bytes()).unwrap().labels, "zone=a");
        let plain = serde_json::to_string(&RegistryRequest::executor("a", "http://h:9")).unwrap();
        assert!(!plain.contains("labels"));
    }

    #[test]
    fn what_a_program_says_of_itself_is_read_where_it_is_sent_and_wrong_by_name() {
        let about = Announcement { workers: 8, handlers: vec!["a".to_owned()], ..Announcement::default() };
        let request =
            RegistryRequest { announces: Some(about), ..RegistryRequest::executor("a", "http://h:9") };
        let body = serde_json::to_vec(&request).unwrap();
        assert_eq!(parse_registry(&body), Ok(request));
        let newer = br#"{"registryKey":"a","announces":{"handlers":[],"colour":"red"}}"#;
        assert_eq!(parse_registry(newer).unwrap().announces, Some(Announcement::default()));
        let none = br#"{"registryKey":"a","announces":null}"#;
        assert_eq!(parse_registry(none).unwrap().announces, None);
        let wrong = br#"{"registryKey":"a","announces":{"workers":"many"}}"#;
        assert!(parse_registry(wrong).unwrap_err().to_string().starts_with("announces: "));
    }

    #[test]
    fn an_address_with_and_without_slash_is_one_instance_and_its_path_stays() {
        for (address, normal) in [
            ("http://h:9/", "http://h:9"),
            ("http://h:9", "http://h:9"),
            (" http://h:9// ", "http://h:9"),
            ("http://h:9/job", "http://h:9/job"),
        ] {
            assert_eq!(RegistryRequest::executor("a", address).instance_address(), normal);
        }
    }

    #[test]
    fn a_blank_missing_or_null_field_makes_it_incomplete() {
        for body in [
            r#"{"registryGroup":"EXECUTOR","registryKey":"","registryValue":"http://h:9"}"#,
            r#"{"registryGroup":"EXECUTOR","registryKey":"  ","registryValue":"http://h:9"}"#,
            r#"{"registryGroup":"EXECUTOR","registryKey":"a","registryValue":null}"#,
            r#"{"registryKey":"a","registryValue":"http://h:9"}"#,
            "{}",
        ] {
            assert!(!parse_registry(body.as_bytes()).unwrap().is_complete(), "{body}");
        }
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        for body in ["", "[]", "7", "{"] {
            assert!(parse_registry(body.as_bytes()).is_err(), "{body}");
        }
    }
}
