//! `POST /api/registry` and `/api/registryRemove`: an instance announces itself, or leaves.

use serde::Serialize;

use crate::BodyError;
use crate::json;

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
pub fn parse_registry(body: &[u8]) -> Result<RegistryRequest, BodyError> {
    let object = json::parse_object(body)?;
    let field = |name| json::text_field(&object, name).trim().to_owned();
    Ok(RegistryRequest {
        registry_group: field("registryGroup"),
        registry_key: field("registryKey"),
        registry_value: field("registryValue"),
        labels: field("labels"),
        life: field("life"),
    })
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
