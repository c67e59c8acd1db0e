//! A change that waits, in a namespace that asks for approval only while it is submitted.

use super::{Persona, person};
use scheduler::authority::Caller;
use scheduler::namespaces::{self, NamespaceEdit};
use scheduler::{Error, Services, runs, sessions};

/// Somebody's wish to run this job; its number.
pub async fn approval(services: &Services, word: &str, namespace: i32, job: i32) -> i32 {
    let asker = person(services, &format!("{word}-asker"), Persona::SuperAdmin).await;
    let asker = sessions::caller(services, asker).await.unwrap();
    switch(services, namespace, true).await;
    let Err(Error::Held(id)) = runs::run_now(services, &asker, job, None).await else {
        panic!("not held back")
    };
    switch(services, namespace, false).await;
    id
}

async fn switch(services: &Services, id: i32, approve_runs: bool) {
    let root = Caller::operator();
    let namespace = namespaces::get(services, &root, id).await.unwrap();
    let edit = NamespaceEdit { remark: namespace.remark.clone(), approve_runs, ..Default::default() };
    namespaces::edit(services, &root, id, namespace.version, &edit).await.unwrap();
}
