//! Databases on PostgreSQL and MySQL or MariaDB.

use crate::database::Fresh;
use scheduler::store::Databases;
use sea_orm::ConnectionTrait;

impl Fresh {
    /// A new database on the server of this URL.
    pub async fn on_server(server: &str) -> Self {
        let admin = Databases::connect(server).await.unwrap();
        let name = format!("orrery_test_{:x}", rand::random::<u64>());
        admin.web.reader().execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        let (base, query) = server.split_once('?').map_or((server, None), |(a, b)| (a, Some(b)));
        let (base, _) = base.rsplit_once('/').unwrap();
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Self::at(&format!("{base}/{name}{query}")).await
    }
}
