//! Namespaces, users, sessions, and the guard against guessing passwords.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, namespace()).await?;
        index(manager, "namespace", &["business", "service"], true).await?;
        create(manager, user()).await?;
        index(manager, "user", &["name"], true).await?;
        index(manager, "user", &["email"], true).await?;
        create(manager, session(manager)).await?;
        index(manager, "session", &["user_id"], false).await?;
        index(manager, "session", &["expires_at"], false).await?;
        create(manager, sign_in_guard()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["sign_in_guard", "session", "user", "namespace"]).await
    }
}

fn namespace() -> TableCreateStatement {
    table("namespace")
        .col(id())
        .col(string("business", 64))
        .col(string("service", 64))
        .col(string("remark", 512))
        .col(big("created_at"))
        .take()
}

fn user() -> TableCreateStatement {
    table("user")
        .col(id())
        .col(string("name", 64))
        .col(nullable(string("email", 254)))
        .col(string("password_hash", 255))
        .col(string("role", 16))
        .col(boolean("must_change_password"))
        .col(big("created_at"))
        .col(big("password_changed_at"))
        .col(nullable(big("last_sign_in_at")))
        .take()
}

fn session(manager: &SchemaManager) -> TableCreateStatement {
    table("session")
        .col(string("id_hash", 64).primary_key().take())
        .col(nullable(integer("user_id")))
        .col(long_text(manager, "data").not_null().take())
        .col(big("created_at"))
        .col(big("expires_at"))
        .take()
}

fn sign_in_guard() -> TableCreateStatement {
    table("sign_in_guard")
        .col(string("subject", 255).primary_key().take())
        .col(integer("failures"))
        .col(big("counted_since"))
        .col(nullable(big("locked_until")))
        .take()
}
