//! Many rows in one statement, the same way on every backend: the rows travel as one JSON text
//! and become a table inside the statement; or they are gathered into one inside the database, for each row
//! that is handed over by itself costs several times what it takes to read it.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};
use serde::de::DeserializeOwned;
use std::fmt::Write;

/// What a column holds, as far as the statement has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers of up to 64 bits, and times.
    Number,
    Boolean,
}

/// A column of a rowset: its name is the name of the table's column it goes to.
pub type Column = (&'static str, Kind);

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    Null,
    Number(i64),
    Boolean(bool),
}

/// With so many rows, a column in which all are alike travels once. Fewer are not worth a statement of
/// their own, which databases keep by its text.
const WORTH_A_STATEMENT: usize = 16;

/// Rows for one statement, with their values in the order of `columns`.
pub struct Rowset<const N: usize> {
    columns: &'static [Column; N],
    rows: Vec<[Cell; N]>,
    wanted: [bool; N],
}

impl<const N: usize> Rowset<N> {
    pub fn new(columns: &'static [Column; N], rows: impl IntoIterator<Item = [Cell; N]>) -> Self {
        Self { columns, rows: rows.into_iter().collect(), wanted: [true; N] }
    }

    /// Leaves out the columns that the statement does not name.
    pub fn only(mut self, is_wanted: impl Fn(&str) -> bool) -> Self {
        for (wanted, (name, _)) in self.wanted.iter_mut().zip(self.columns) {
            *wanted = is_wanted(name);
        }
        self
    }

    /// The statement `sql` with `{rows}` replaced by this rowset (bound as the first parameters) and
    /// every other parameter written as `?` bound to `more` in order.
    pub fn statement(&self, backend: DbBackend, sql: &str, more: Vec<Value>) -> Statement {
        let common: [Option<Cell>; N] = std::array::from_fn(|column| self.common(column));
        let sql = sql.replacen("{rows}", &self.source(backend, &common), 1);
        let alike = (0..N).filter(|column| self.wanted[*column]).filter_map(|column| {
            let (_, kind) = self.columns[column];
            common[column].map(|cell| cell.bound(kind))
        });
        let mut values: Vec<Value> = alike.collect();
        values.push(Value::from(self.json(&common)));
        values.extend(more);
        Statement::from_sql_and_values(backend, numbered(backend, &sql), values)
    }

    /// What all rows have in this column, where that is worth the difference.
    fn common(&self, column: usize) -> Option<Cell> {
        let first = self.rows.first()?[column];
        let is_common =
            self.rows.len() >= WORTH_A_STATEMENT && self.rows.iter().all(|row| row[column] == first);
        is_common.then_some(first)
    }

    /// The columns that travel with each row.
    fn varying(&self, common: &[Option<Cell>; N]) -> impl Iterator<Item = usize> {
        (0..N).filter(|column| self.wanted[*column] && common[*column].is_none())
    }

    /// An array of arrays.
    fn json(&self, common: &[Option<Cell>; N]) -> String {
        let varying: Vec<usize> = self.varying(common).collect();
        let mut json = String::with_capacity(self.rows.len() * (varying.len() * 12 + 3) + 2);
        json.push('[');
        for (position, row) in self.rows.iter().enumerate() {
            json.push_str(if position == 0 { "[" } else { ",[" });
            for (position, column) in varying.iter().enumerate() {
                if position > 0 {
                    json.push(',');
                }
                row[*column].write(&mut json);
            }
            json.push(']');
        }
        json.push(']');
        json
    }

    /// `(…) AS v`, a table with the wanted columns.
    fn source(&self, backend: DbBackend, common: &[Option<Cell>; N]) -> String {
        let mut place = 0;
        let mut selected = Vec::with_capacity(N);
        let mut extracted = Vec::new();
        for column in (0..N).filter(|column| self.wanted[*column]) {
            let (name, kind) = self.columns[column];
            if common[column].is_some() {
                selected.push(format!("{} AS {name}", cast(backend, "?", kind)));
                continue;
            }
            match backend {
                DbBackend::MySql => {
                    let sql_type = if kind == Kind::Boolean { "TINYINT" } else { "BIGINT" };
                    extracted.push(format!("{name} {sql_type} PATH '$[{place}]'"));
                    selected.push(format!("r.{name}"));
                }
                _ => selected
                    .push(format!("{} AS {name}", cast(backend, &format!("(value ->> {place})"), kind))),
            }
            place += 1;
        }
        let selected = selected.join(", ");
        match backend {
            DbBackend::Postgres => format!("(SELECT {selected} FROM jsonb_array_elements(?::jsonb)) AS v"),
            DbBackend::MySql if extracted.is_empty() => {
                format!("(SELECT {selected} FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY)) AS r) AS v")
            }
            DbBackend::MySql => format!(
                "(SELECT {selected} FROM JSON_TABLE(?, '$[*]' COLUMNS ({})) AS r) AS v",
                extracted.join(", ")
            ),
            // jsonb_each parses the text once; json_each would parse every row again for each column.
            _ => format!("(SELECT {selected} FROM jsonb_each(?)) AS v"),
        }
    }
}

impl Cell {
    fn write(self, json: &mut String) {
        // Writing to a string does not fail.
        let _ = match self {
            Self::Null => write!(json, "null"),
            Self::Number(number) => write!(json, "{number}"),
            Self::Boolean(truth) => write!(json, "{truth}"),
        };
    }

    /// As a parameter of a statement.
    fn bound(self, kind: Kind) -> Value {
        match (self, kind) {
            (Self::Number(number), _) => Value::from(number),
            (Self::Boolean(truth), _) => Value::from(truth),
            (Self::Null, Kind::Number) => Value::from(None::<i64>),
            (Self::Null, Kind::Boolean) => Value::from(None::<bool>),
        }
    }
}

/// PostgreSQL has to be told what a value is.
fn cast(backend: DbBackend, value: &str, kind: Kind) -> String {
    match (backend, kind) {
        (DbBackend::Postgres, Kind::Number) => format!("{value}::bigint"),
        (DbBackend::Postgres, Kind::Boolean) => format!("{value}::boolean"),
        _ => value.to_owned(),
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for Cell {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<i16> for Cell {
    fn from(number: i16) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Cell {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}

/// An update of `table` by the rows that `found` (a condition over the table and `v`) joins to it:
/// each of `columns` is written from the column of the same name.
pub fn update(backend: DbBackend, table: &str, found: &str, columns: &[&str]) -> String {
    let written = |prefix: &str| {
        let set = columns.iter().map(|column| format!("{prefix}{column} = v.{column}"));
        set.collect::<Vec<_>>().join(", ")
    };
    match backend {
        DbBackend::MySql => {
            format!("UPDATE {table} JOIN {{rows}} ON {found} SET {}", written(&format!("{table}.")))
        }
        _ => format!("UPDATE {table} SET {} FROM {{rows}} WHERE {found}", written("")),
    }
}

/// An insert into `table`; a row whose key is there already is left out.
pub fn insert_missing(backend: DbBackend, table: &str, columns: &[Column]) -> String {
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let values = columns.iter().map(|(name, _)| format!("v.{name}")).collect::<Vec<_>>().join(", ");
    match backend {
        DbBackend::MySql => format!("INSERT IGNORE INTO {table} ({names}) SELECT {values} FROM {{rows}}"),
        // Without a WHERE, SQLite would read ON as the beginning of a join's condition.
        _ => format!(
            "INSERT INTO {table} ({names}) SELECT {values} FROM {{rows}} WHERE true ON CONFLICT DO NOTHING"
        ),
    }
}

/// So many rows of a few numbers are gathered at most: MariaDB cuts the text off at 1 MB.
pub const MOST_GATHERED: i64 = 10_000;

/// The columns of a table's rows as one JSON text, an array of arrays; null or none where there is no row.
/// `which` is the condition.
pub fn gather(backend: DbBackend, table: &str, columns: &[&str], which: &str) -> String {
    let columns = columns.join(", ");
    let text = match backend {
        DbBackend::Postgres => format!("json_agg(json_build_array({columns}))::text"),
        DbBackend::MySql => format!("CAST(JSON_ARRAYAGG(JSON_ARRAY({columns})) AS CHAR)"),
        _ => format!("json_group_array(json_array({columns}))"),
    };
    numbered(backend, &format!("SELECT {text} AS gathered FROM {table} WHERE {which}"))
}

/// The rows that a statement by [`gather`] yields, with their values in the order of its columns.
pub async fn gathered<T: DeserializeOwned>(
    conn: &impl ConnectionTrait,
    statement: Statement,
) -> Result<Vec<T>, DbErr> {
    let row = conn.query_one_raw(statement).await?;
    let text: Option<String> = row.map(|row| row.try_get("", "gathered")).transpose()?.flatten();
    let rows: Option<Vec<T>> = serde_json::from_str(text.as_deref().unwrap_or("null"))
        .map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(rows.unwrap_or_default())
}

/// PostgreSQL numbers its parameters.
fn numbered(backend: DbBackend, sql: &str) -> String {
    if backend != DbBackend::Postgres {
        return sql.to_owned();
    }
    let mut pieces = sql.split('?');
    let mut numbered = pieces.next().unwrap_or_default().to_owned();
    for (index, piece) in pieces.enumerate() {
        numbered.push_str(&format!("${}", index + 1));
        numbered.push_str(piece);
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [("id", Kind::Number), ("state", Kind::Number), ("is_late", Kind::Boolean)];

    fn rows(count: i64) -> Rowset<3> {
        Rowset::new(&COLUMNS, (0..count).map(|id| [id.into(), None::<i64>.into(), true.into()]))
    }

    fn values(statement: &Statement) -> Vec<Value> {
        statement.values.clone().map(|values| values.0).unwrap_or_default()
    }

    #[test]
    fn few_rows_travel_whole() {
        let statement =
            rows(2).statement(DbBackend::Sqlite, "SELECT * FROM {rows} WHERE id > ?", vec![7.into()]);
        assert_eq!(
            statement.sql,
            "SELECT * FROM (SELECT (value ->> 0) AS id, (value ->> 1) AS state, (value ->> 2) AS is_late \
             FROM jsonb_each(?)) AS v WHERE id > ?"
        );
        assert_eq!(values(&statement), ["[[0,null,true],[1,null,true]]".into(), Value::from(7)]);
    }

    #[test]
    fn what_many_rows_have_in_common_travels_once() {
        let statement =
            rows(16).statement(DbBackend::Postgres, "SELECT * FROM {rows} WHERE id > ?", vec![7.into()]);
        assert_eq!(
            statement.sql,
            "SELECT * FROM (SELECT (value ->> 0)::bigint AS id, $1::bigint AS state, $2::boolean AS is_late \
             FROM jsonb_array_elements($3::jsonb)) AS v WHERE id > $4"
        );
        let json = (0..16).map(|id| format!("[{id}]")).collect::<Vec<_>>().join(",");
        let expected = [Value::from(None::<i64>), true.into(), format!("[{json}]").into(), 7.into()];
        assert_eq!(values(&statement), expected);
    }

    #[test]
    fn columns_that_nobody_names_stay_away() {
        let statement = rows(1).only(|name| name != "state").statement(DbBackend::MySql, "{rows}", vec![]);
        assert_eq!(
            statement.sql,
            "(SELECT r.id, r.is_late FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]', \
             is_late TINYINT PATH '$[1]')) AS r) AS v"
        );
        assert_eq!(values(&statement), ["[[0,true]]".into()]);
    }
}
