//! The use cases on a real SQLite file, each rule as one test. The clock stands still until a test
//! moves it.

#[cfg(test)]
mod services {
    mod executors;
    mod instances;
    mod job_list;
    mod jobs;
    mod namespaces;
    mod runs;
    mod sessions;
    mod sign_in;
    mod support;
    mod users;
}
