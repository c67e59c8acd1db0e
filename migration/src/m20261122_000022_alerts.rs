//! What is told to whom, and what became of it.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, alert_rule()).await?;
        index(manager, "alert_rule", &["namespace_id", "name"], true).await?;
        create(manager, alert(manager)).await?;
        // One at a time gathers for a rule; empty ones do not meet.
        index(manager, "alert", &["gathers_for"], true).await?;
        index(manager, "alert", &["created_at"], false).await?;
        create(manager, alert_run()).await?;
        index(manager, "alert_run", &["alert_id"], false).await?;
        create(manager, incident()).await?;
        create(manager, delivery()).await?;
        index(manager, "delivery", &["alert_id", "channel_id"], true).await?;
        index(manager, "delivery", &["namespace_id", "id"], false).await?;
        index_where_present(manager, "delivery", &["next_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["delivery", "incident", "alert_run", "alert", "alert_rule"]).await
    }
}

fn alert_rule() -> TableCreateStatement {
    table("alert_rule")
        .col(id())
        .col(integer("namespace_id"))
        .col(string("name", 120))
        .col(nullable(integer("executor_id")))
        .col(nullable(integer("job_id")))
        .col(string("events", 255))
        .col(integer("late_s"))
        .col(integer("long_s"))
        .col(string("channels", 500))
        .col(integer("group_s"))
        .col(boolean("recovery"))
        .col(integer("escalate_s"))
        .col(nullable(integer("escalate_channel")))
        .col(nullable(big("silent_until")))
        .col(big("since"))
        .col(integer("version"))
        .col(big("created_at"))
        .col(big("updated_at"))
        .col(nullable(integer("updated_by")))
        .take()
}

fn alert(manager: &SchemaManager) -> TableCreateStatement {
    table("alert")
        .col(id())
        .col(integer("namespace_id"))
        .col(nullable(integer("rule_id")))
        .col(nullable(integer("gathers_for")))
        .col(big("due_at"))
        .col(long_text(manager, "content").not_null().take())
        .col(big("created_at"))
        .take()
}

fn alert_run() -> TableCreateStatement {
    table("alert_run")
        .col(big("run_id"))
        .col(integer("rule_id"))
        .col(small("event"))
        .col(integer("alert_id"))
        .primary_key(&mut primary_key(&["run_id", "rule_id", "event"]))
        .take()
}

fn incident() -> TableCreateStatement {
    table("incident")
        .col(integer("rule_id"))
        .col(small("subject"))
        .col(integer("subject_id"))
        .col(big("since"))
        .col(big("last_at"))
        .col(integer("alert_id"))
        .col(boolean("escalated"))
        .primary_key(&mut primary_key(&["rule_id", "subject", "subject_id"]))
        .take()
}

fn delivery() -> TableCreateStatement {
    table("delivery")
        .col(id())
        .col(integer("namespace_id"))
        .col(integer("alert_id"))
        .col(integer("channel_id"))
        .col(small("state"))
        .col(integer("attempts"))
        .col(nullable(big("next_at")))
        .col(string("title", 500))
        .col(string("answer", 1000))
        .col(big("created_at"))
        .col(nullable(big("tried_at")))
        .take()
}
