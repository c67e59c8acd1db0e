//! What a program says of itself when it registers, checked and as it is stored.

use super::digest::hex;
use protocol::native::{Announcement, MOST_HANDLERS, VERSION_LENGTH, is_handler_name};
use sha2::{Digest, Sha256};

/// Bytes of a digest: enough that two announcements never meet.
const DIGEST_BYTES: usize = 16;

/// An announcement as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Differs when anything else does.
    pub digest: String,
    pub version: String,
    /// 0 = any number.
    pub workers: i32,
    /// 0 = any number.
    pub queue_length: i32,
    /// One a line, sorted.
    pub handlers: String,
}

impl About {
    /// None where a name is none, or there is too much of something.
    pub fn of(announcement: &Announcement) -> Option<Self> {
        let Announcement { version, workers, queue_length, handlers } = announcement;
        let mut names: Vec<&str> = handlers.iter().map(|name| name.trim()).collect();
        names.sort_unstable();
        names.dedup();
        let version = version.trim().to_owned();
        let is_good = names.len() <= MOST_HANDLERS
            && names.iter().all(|name| is_handler_name(name))
            && version.chars().count() <= VERSION_LENGTH
            && !version.contains(char::is_control);
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        is_good.then(|| {
            let (workers, queue_length, handlers) =
                (number(*workers), number(*queue_length), names.join("\n"));
            let digest = digest(&format!("{version}\n{workers}\n{queue_length}\n{handlers}"));
            Self { digest, version, workers, queue_length, handlers }
        })
    }
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())[..DIGEST_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(handlers: &[&str]) -> Option<About> {
        let handlers = handlers.iter().map(|name| (*name).to_owned()).collect();
        About::of(&Announcement {
            version: " 1.4.0 ".to_owned(),
            workers: u32::MAX,
            handlers,
            queue_length: 5,
        })
    }

    #[test]
    fn the_order_of_handlers_does_not_matter_and_each_counts_once() {
        let one = about(&["b", "a", " b "]).unwrap();
        assert_eq!(Some(&one), about(&["a", "b"]).as_ref());
        assert_eq!((one.handlers.as_str(), one.version.as_str()), ("a\nb", "1.4.0"));
        assert_eq!((one.workers, one.digest.len()), (i32::MAX, 32));
        assert_ne!(one.digest, about(&["a"]).unwrap().digest);
    }

    #[test]
    fn names_that_no_job_can_give_are_not_taken() {
        let long = "x".repeat(256);
        for wrong in ["", "a b", "a\nb", &long] {
            assert_eq!(about(&["a", wrong]), None, "{wrong:?}");
        }
        let many: Vec<String> = (0..=MOST_HANDLERS).map(|n| n.to_string()).collect();
        assert_eq!(about(&many.iter().map(String::as_str).collect::<Vec<_>>()), None);
        let long = Announcement { version: "1".repeat(65), ..Announcement::default() };
        assert_eq!(About::of(&long), None);
    }
}
