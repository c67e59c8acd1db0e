//! What the demonstration consists of. A job stands before those that it starts.

use entity::job::{Routing, RunMode, ScheduleKind};

/// An executor.
pub struct ExecutorPlan {
    pub namespace: (&'static str, &'static str),
    pub app_name: &'static str,
    pub title: &'static str,
    pub hosts: &'static [&'static str],
    pub max_parallel: i32,
}

/// A job, and how its runs went.
pub struct JobPlan {
    pub app_name: &'static str,
    pub name: &'static str,
    pub owner: &'static str,
    pub kind: ScheduleKind,
    pub schedule: &'static str,
    pub run_mode: RunMode,
    /// The handler, or the script.
    pub what: &'static str,
    pub routing: Routing,
    pub retries: i32,
    pub timeout_s: i32,
    pub is_stopped: bool,
    /// Names of the jobs that its success starts.
    pub starts: &'static [&'static str],
    /// Milliseconds that a run usually takes.
    pub takes_ms: i64,
    /// Of a thousand runs so many fail.
    pub fails: u32,
    /// What it says then.
    pub fault: &'static str,
}

/// The job that somebody wishes to change.
pub const CHANGED: &str = "Reconciliation";

const FINANCE: (&str, &str) = ("finance", "settlement");
const WAREHOUSE: (&str, &str) = ("dw", "warehouse");
const GROWTH: (&str, &str) = ("crm", "growth");

const fn executor(
    namespace: (&'static str, &'static str),
    app_name: &'static str,
    title: &'static str,
    hosts: &'static [&'static str],
    max_parallel: i32,
) -> ExecutorPlan {
    ExecutorPlan { namespace, app_name, title, hosts, max_parallel }
}

pub const EXECUTORS: [ExecutorPlan; 6] = [
    executor(FINANCE, "settle-core", "Settlement", &["10.8.3.21", "10.8.3.22", "10.8.3.23", "10.8.3.24"], 24),
    executor(FINANCE, "fx-rates", "Exchange rates", &["10.8.3.31", "10.8.3.32"], 0),
    executor(WAREHOUSE, "dw-spark", "Warehouse", &["10.8.4.6", "10.8.4.7", "10.8.4.8", "10.8.4.9"], 24),
    executor(WAREHOUSE, "dw-quality", "Data quality", &["10.8.4.16", "10.8.4.17"], 0),
    executor(GROWTH, "growth-push", "Campaigns", &["10.8.7.4", "10.8.7.5"], 8),
    executor(GROWTH, "crm-sync", "CRM", &["10.8.7.14"], 0),
];

/// A handler of the usual kind, to be changed where it differs.
const fn cron(
    app_name: &'static str,
    name: &'static str,
    what: &'static str,
    schedule: &'static str,
) -> JobPlan {
    JobPlan {
        app_name,
        name,
        owner: "Wang Min",
        kind: ScheduleKind::Cron,
        schedule,
        run_mode: RunMode::Handler,
        what,
        routing: Routing::Round,
        retries: 0,
        timeout_s: 0,
        is_stopped: false,
        starts: &[],
        takes_ms: 8_000,
        fails: 2,
        fault: "no connection to the database",
    }
}

/// One that only another job's success starts.
const fn child(app_name: &'static str, name: &'static str, what: &'static str) -> JobPlan {
    JobPlan { kind: ScheduleKind::Manual, ..cron(app_name, name, what, "") }
}

/// One that fires every so many seconds.
const fn rate(
    app_name: &'static str,
    name: &'static str,
    what: &'static str,
    seconds: &'static str,
) -> JobPlan {
    JobPlan { kind: ScheduleKind::FixedRate, takes_ms: 900, ..cron(app_name, name, what, seconds) }
}

const fn script(
    app_name: &'static str,
    name: &'static str,
    source: &'static str,
    schedule: &'static str,
) -> JobPlan {
    JobPlan { run_mode: RunMode::Shell, takes_ms: 2_400, ..cron(app_name, name, source, schedule) }
}

const BACKUP: &str = "#!/bin/sh\nset -e\necho \"verifying the backup of $(date +%F)\"\n";
const COMPACT: &str = "#!/bin/sh\nset -e\necho compacting partitions\n";
const PURGE: &str = "#!/bin/sh\nset -e\necho removing what is older than a month\n";
const REPORT: &str = "print('report of the day')\n";

pub const JOBS: [JobPlan; 40] = [
    JobPlan {
        starts: &["Ledger balance check", "Statement archive"],
        takes_ms: 21_000,
        ..cron("settle-core", "Bank statement pull", "bankStatementPull", "0 0/30 * * * ?")
    },
    JobPlan {
        starts: &["T+1 settlement file"],
        takes_ms: 47_000,
        ..child("settle-core", "Ledger balance check", "ledgerBalance")
    },
    JobPlan { takes_ms: 95_000, ..child("settle-core", "T+1 settlement file", "settlementFile") },
    JobPlan { takes_ms: 6_000, ..child("settle-core", "Statement archive", "statementArchive") },
    JobPlan {
        starts: &["Payout receipts"],
        takes_ms: 20_000,
        fails: 45,
        retries: 2,
        fault: "exit 3: SFTP upload refused: 550 /in no such directory",
        ..cron("settle-core", "Payout file upload", "payoutUpload", "0 29 * * * ?")
    },
    child("settle-core", "Payout receipts", "payoutReceipts"),
    JobPlan {
        takes_ms: 3_000,
        ..cron("settle-core", "Limit usage recalculation", "limitUsage", "0 0/15 * * * ?")
    },
    JobPlan {
        timeout_s: 600,
        takes_ms: 240_000,
        fails: 20,
        fault: "the limit of 600 s has passed",
        ..cron("settle-core", "Interest accrual", "interestAccrual", "0 20 1 * * ?")
    },
    JobPlan { takes_ms: 38_000, ..cron("settle-core", "Reconciliation", "reconcile", "0 40 2 * * ?") },
    JobPlan { is_stopped: true, ..cron("settle-core", "Year-end closing", "yearEnd", "0 0 3 31 12 ?") },
    JobPlan {
        starts: &["Fund NAV publication"],
        owner: "Li Na",
        takes_ms: 4_000,
        ..cron("fx-rates", "FX closing rates", "fxClosing", "0 5 * * * ?")
    },
    JobPlan { owner: "Li Na", takes_ms: 12_000, ..child("fx-rates", "Fund NAV publication", "navPublish") },
    JobPlan { owner: "Li Na", fails: 6, ..rate("fx-rates", "Quote snapshot", "quoteSnapshot", "300") },
    JobPlan { owner: "Li Na", ..rate("fx-rates", "Spread watch", "spreadWatch", "600") },
    script("fx-rates", "Purge old quotes", PURGE, "0 30 4 * * ?"),
    JobPlan {
        starts: &["Orders to DWD", "Table statistics"],
        owner: "Chen Jie",
        takes_ms: 65_000,
        ..cron("dw-spark", "Orders to ODS", "ordersOds", "0 10 * * * ?")
    },
    JobPlan {
        starts: &["GMV by hour", "Executive dashboard"],
        owner: "Chen Jie",
        takes_ms: 245_000,
        fails: 8,
        retries: 1,
        fault: "OutOfMemoryError: Java heap space",
        ..child("dw-spark", "Orders to DWD", "ordersDwd")
    },
    JobPlan { owner: "Chen Jie", takes_ms: 30_000, ..child("dw-spark", "GMV by hour", "gmv") },
    JobPlan { owner: "Chen Jie", takes_ms: 18_000, ..child("dw-spark", "Executive dashboard", "dashboard") },
    JobPlan {
        owner: "Chen Jie",
        takes_ms: 9_000,
        ..child("dw-spark", "Table statistics", "tableStatistics")
    },
    JobPlan {
        owner: "Chen Jie",
        takes_ms: 52_000,
        ..cron("dw-spark", "Clickstream to ODS", "clickstreamOds", "0 0/30 * * * ?")
    },
    JobPlan {
        routing: Routing::Broadcast,
        owner: "Chen Jie",
        takes_ms: 130_000,
        fails: 10,
        ..cron("dw-spark", "Partition refresh", "partitionRefresh", "0 15 0/6 * * ?")
    },
    script("dw-spark", "Partition compaction", COMPACT, "0 0 3 * * ?"),
    JobPlan { takes_ms: 1_500, ..cron("dw-spark", "Watermark check", "watermark", "0 0/15 * * * ?") },
    JobPlan {
        starts: &["Quality report"],
        owner: "Chen Jie",
        takes_ms: 14_000,
        fails: 25,
        retries: 1,
        fault: "17 rows without a customer",
        ..cron("dw-quality", "Quality rules", "qualityRules", "0 50 * * * ?")
    },
    JobPlan { run_mode: RunMode::Python, takes_ms: 5_000, ..child("dw-quality", "Quality report", REPORT) },
    JobPlan { takes_ms: 2_000, ..rate("dw-quality", "Freshness of tables", "freshness", "900") },
    script("dw-quality", "Backup verification", BACKUP, "0 10 5 * * ?"),
    JobPlan {
        starts: &["Daily digest push"],
        owner: "Zhao Lei",
        takes_ms: 540_000,
        ..cron("growth-push", "CRM contact sync", "contactSync", "0 0 0/4 * * ?")
    },
    JobPlan {
        owner: "Zhao Lei",
        takes_ms: 75_000,
        ..child("growth-push", "Daily digest push", "digestPush")
    },
    JobPlan {
        owner: "Zhao Lei",
        takes_ms: 2_500,
        fails: 5,
        fault: "502 from the push gateway",
        ..rate("growth-push", "Push queue drain", "pushDrain", "600")
    },
    JobPlan {
        owner: "Zhao Lei",
        takes_ms: 30_000,
        ..cron("growth-push", "Coupon expiry sweep", "couponSweep", "0 25 * * * ?")
    },
    JobPlan {
        owner: "Zhao Lei",
        takes_ms: 42_000,
        ..cron("growth-push", "Audience refresh", "audience", "0 35 0/2 * * ?")
    },
    JobPlan {
        owner: "Zhao Lei",
        is_stopped: true,
        ..cron("growth-push", "Double Eleven warm-up", "warmUp", "0 0 20 10 11 ?")
    },
    JobPlan { owner: "Zhao Lei", ..rate("crm-sync", "Order status refresh", "orderStatus", "300") },
    JobPlan {
        owner: "Zhao Lei",
        takes_ms: 11_000,
        fails: 12,
        retries: 3,
        fault: "429 from the CRM: too many requests",
        ..cron("crm-sync", "Lead import", "leadImport", "0 0/30 * * * ?")
    },
    JobPlan {
        owner: "Zhao Lei",
        takes_ms: 7_000,
        ..cron("crm-sync", "Lead scoring", "leadScoring", "0 45 * * * ?")
    },
    JobPlan { owner: "Zhao Lei", ..cron("crm-sync", "Duplicate finder", "duplicates", "0 15 2 * * ?") },
    script("crm-sync", "Purge bounced mails", PURGE, "0 20 3 ? * MON"),
    JobPlan {
        kind: ScheduleKind::Manual,
        owner: "Zhao Lei",
        ..cron("crm-sync", "Export for audit", "auditExport", "")
    },
];
