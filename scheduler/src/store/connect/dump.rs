//! The command by which the database's own program copies it: PostgreSQL and MariaDB do that better than we could.

use super::places::split;
use sqlx::mysql::MySqlConnectOptions;
use std::str::FromStr;

/// What to type in order to copy the database of this URL into a file; none for SQLite, which has no such program.
/// A password is left out: the program asks for it, or finds it where it usually does.
pub fn dump_command(url: &str, file: &str) -> Option<String> {
    match url.split(':').next() {
        Some("postgres" | "postgresql") => {
            let url = quoted(&without_password(url));
            Some(format!("pg_dump --format=custom --file={} {url}", quoted(file)))
        }
        Some("mysql" | "mariadb") => mariadb_dump(url, file),
        _ => None,
    }
}

/// Of several nodes the first: each has everything.
fn mariadb_dump(url: &str, file: &str) -> Option<String> {
    let first = split(&url.replacen("mariadb:", "mysql:", 1)).into_iter().next()?;
    let options = MySqlConnectOptions::from_str(&first).ok()?;
    let (host, port, user) = (options.get_host(), options.get_port(), options.get_username());
    let words = [
        "mariadb-dump --single-transaction".to_owned(),
        format!("--host={} --port={port} --user={} --password", quoted(host), quoted(user)),
        format!("--result-file={} {}", quoted(file), quoted(options.get_database()?)),
    ];
    Some(words.join(" "))
}

/// `scheme://user@host` of `scheme://user:password@host`.
fn without_password(url: &str) -> String {
    let taken_out = || {
        let (scheme, rest) = url.split_once("://")?;
        let (credentials, hosts) = rest.rsplit_once('@')?;
        let user = credentials.split(':').next()?;
        Some(format!("{scheme}://{user}@{hosts}"))
    };
    taken_out().unwrap_or_else(|| url.to_owned())
}

/// As one word of a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::dump_command;

    #[test]
    fn postgresql_gets_its_url_without_the_password() {
        let command = dump_command("postgres://orrery:s3cr3t@db.internal:5433/orrery", "orrery.dump");
        let expected = "pg_dump --format=custom --file=orrery.dump postgres://orrery@db.internal:5433/orrery";
        assert_eq!(command.as_deref(), Some(expected));
    }

    #[test]
    fn mariadb_gets_the_parts_of_the_first_host_without_the_password() {
        let command = dump_command("mariadb://me:s3cr3t@one:3307,two:3307/my%20jobs", "of today.sql");
        let expected = "mariadb-dump --single-transaction --host=one --port=3307 --user=me --password \
                        --result-file='of today.sql' 'my jobs'";
        assert_eq!(command.as_deref(), Some(expected));
    }

    #[test]
    fn what_a_shell_would_understand_is_quoted() {
        let command = dump_command("postgres://db/orrery?sslmode=require&x=$(y)", "it's").unwrap();
        assert!(
            command.ends_with(r"--file='it'\''s' 'postgres://db/orrery?sslmode=require&x=$(y)'"),
            "{command}"
        );
    }

    #[test]
    fn sqlite_has_no_such_program() {
        assert_eq!(dump_command("sqlite:data/orrery.db", "x"), None);
    }
}
