//! Many rows in one statement, the same way on every backend: the rows travel as one JSON text
//! and become a table inside the statement.

use sea_orm::{DbBackend, Statement, Value};

/// What a column holds, as far as the statement has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers of up to 64 bits, and times.
    Number,
    Boolean,
}

/// A column of a rowset: its name is the name of the table's column it goes to.
pub type Column = (&'static str, Kind);

/// Rows for one statement: `columns` and a JSON array of arrays in their order.
pub struct Rowset {
    columns: &'static [Column],
    json: String,
}

impl Rowset {
    /// `rows` in the order of `columns`; booleans as JSON booleans.
    pub fn new(columns: &'static [Column], rows: &[serde_json::Value]) -> Self {
        Self { columns, json: serde_json::Value::from(rows.to_vec()).to_string() }
    }

    /// The statement `sql` with `{rows}` replaced by this rowset (bound as the first parameter) and
    /// every other parameter written as `?` bound to `more` in order.
    pub fn statement(self, backend: DbBackend, sql: &str, more: Vec<Value>) -> Statement {
        let sql = sql.replacen("{rows}", &self.source(backend), 1);
        let mut values = vec![Value::from(self.json)];
        values.extend(more);
        Statement::from_sql_and_values(backend, numbered(backend, &sql), values)
    }

    /// `(…) AS v`, a table with the rowset's columns.
    fn source(&self, backend: DbBackend) -> String {
        let list = |column: &dyn Fn(usize, Column) -> String| {
            let columns = self.columns.iter().enumerate().map(|(index, own)| column(index, *own));
            columns.collect::<Vec<_>>().join(", ")
        };
        match backend {
            DbBackend::Postgres => {
                let columns = list(&|index, (name, kind)| match kind {
                    Kind::Number => format!("(value ->> {index})::bigint AS {name}"),
                    Kind::Boolean => format!("(value ->> {index})::boolean AS {name}"),
                });
                format!("(SELECT {columns} FROM jsonb_array_elements(?::jsonb)) AS v")
            }
            DbBackend::MySql => {
                let columns = list(&|index, (name, kind)| {
                    let sql_type = match kind {
                        Kind::Number => "BIGINT",
                        Kind::Boolean => "TINYINT",
                    };
                    format!("{name} {sql_type} PATH '$[{index}]'")
                });
                format!("JSON_TABLE(?, '$[*]' COLUMNS ({columns})) AS v")
            }
            // jsonb_each parses the text once; json_each would parse every row again for each column.
            _ => {
                let columns = list(&|index, (name, _)| format!("value ->> {index} AS {name}"));
                format!("(SELECT {columns} FROM jsonb_each(?)) AS v")
            }
        }
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
