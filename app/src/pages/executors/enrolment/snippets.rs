//! What to write into a client's configuration, for the clients that people have.

/// What a client must know.
pub struct Connection {
    /// The server's base address without a trailing slash.
    pub server: String,
    /// `business:service`.
    pub namespace: String,
    pub app_name: String,
    pub token: String,
}

/// A text to copy.
pub struct Snippet {
    /// The name of its tab.
    pub client: &'static str,
    pub text: String,
}

/// Clients of XXL-JOB's protocol expect the server below `/xxl-job-admin`.
pub fn snippets(to: &Connection) -> Vec<Snippet> {
    vec![
        Snippet { client: "Spring Boot", text: spring_boot(to) },
        Snippet { client: "Python", text: python(to) },
        Snippet { client: "Node.js", text: node(to) },
        Snippet { client: "Go", text: go(to) },
        Snippet { client: "Rust", text: rust(to) },
        Snippet { client: "orrery-executor", text: program(to) },
    ]
}

fn spring_boot(Connection { server, app_name, token, .. }: &Connection) -> String {
    format!(
        "# application.properties, no other change
xxl.job.admin.addresses={server}/xxl-job-admin
xxl.job.accessToken={token}
xxl.job.executor.appname={app_name}
xxl.job.executor.port=9999"
    )
}

fn python(Connection { server, app_name, token, .. }: &Connection) -> String {
    format!(
        r#"# pip install pyxxl
from pyxxl import ExecutorConfig, PyxxlRunner

runner = PyxxlRunner(ExecutorConfig(
    xxl_admin_baseurl="{server}/xxl-job-admin/api/",
    executor_app_name="{app_name}",
    access_token="{token}",
))

@runner.register(name="hello")
async def hello():
    return "done"

runner.run_executor()"#
    )
}

fn node(Connection { server, app_name, token, .. }: &Connection) -> String {
    format!(
        r#"// npm install xxl-job express
import express from "express";
import {{ createXxlJobExecutor }} from "xxl-job";

// Otherwise a heartbeat that finds no server would end the process.
process.on("unhandledRejection", console.error);

const app = express();
app.use(express.json());
app.listen(9999, async () => {{
  const executor = createXxlJobExecutor({{
    app,
    appType: "express",
    jobHandlers: new Map([["hello", async () => "done"]]),
    logStorage: "local",
    accessToken: "{token}",
    baseUrl: "http://this-host:9999",
    executorKey: "{app_name}",
    scheduleCenterUrl: "{server}/xxl-job-admin",
  }});
  await executor.initialization();
}});"#
    )
}

fn go(Connection { server, app_name, token, .. }: &Connection) -> String {
    format!(
        r#"// go get github.com/xxl-job/xxl-job-executor-go
exec := xxl.NewExecutor(
    xxl.ServerAddr("{server}/xxl-job-admin"),
    xxl.AccessToken("{token}"),
    xxl.RegistryKey("{app_name}"),
    xxl.ExecutorPort("9999"),
)
exec.Init()
exec.RegTask("hello", func(ctx context.Context, param *xxl.RunReq) string {{
    return "done"
}})
log.Fatal(exec.Run())"#
    )
}

fn rust(Connection { server, namespace, app_name, token }: &Connection) -> String {
    format!(
        r#"// the crate orrery-executor
use orrery_executor::{{Context, Error, Executor, HandlerResult, handler}};

#[handler]
async fn hello(ctx: Context) -> HandlerResult {{
    Ok(format!("Hello, {{}}!", ctx.parameter()))
}}

#[tokio::main]
async fn main() -> Result<(), Error> {{
    Executor::builder()
        .server("{server}")
        .namespace("{namespace}")
        .app_name("{app_name}")
        .token("{token}")
        .declared_handlers()
        .build()?
        .run()
        .await
}}"#
    )
}

fn program(Connection { server, namespace, app_name, token }: &Connection) -> String {
    format!(
        "# handlers demo, sleep and http; scripts with --allow-scripts, requests with --http-allow HOST
export ORRERY_EXECUTOR_TOKEN='{token}'
orrery-executor \\
  --server {server} \\
  --namespace {namespace} \\
  --app-name {app_name}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_snippet_names_the_server_the_app_and_the_token() {
        let connection = Connection {
            server: "https://orrery.example".to_owned(),
            namespace: "finance:settlement".to_owned(),
            app_name: "settle-core".to_owned(),
            token: "s3cret".to_owned(),
        };
        for Snippet { client, text } in snippets(&connection) {
            for part in ["https://orrery.example", "settle-core", "s3cret"] {
                assert!(text.contains(part), "{client} lacks {part}");
            }
        }
    }
}
