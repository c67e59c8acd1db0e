"""An executor on the unmodified library pyxxl, with the handlers that every interoperability client has.

Environment: SERVER (base URL), APP_NAME, TOKEN, PORT, LOG_DIR, RELEASES.
"""

import asyncio
import os

from pyxxl import ExecutorConfig, PyxxlRunner
from pyxxl.ctx import g

port = int(os.environ["PORT"])
log_dir = os.environ["LOG_DIR"]
os.makedirs(log_dir, exist_ok=True)

runner = PyxxlRunner(
    ExecutorConfig(
        xxl_admin_baseurl=os.environ["SERVER"] + "/xxl-job-admin/api/",
        executor_app_name=os.environ["APP_NAME"],
        access_token=os.environ["TOKEN"],
        executor_listen_host="127.0.0.1",
        executor_listen_port=port,
        executor_log_path=os.path.join(log_dir, "executor.log"),
        log_local_dir=log_dir,
        dotenv_try=False,
    )
)


@runner.register(name="ok")
async def ok():
    g.logger.info("first line")
    g.logger.info("second line")
    return "done"


@runner.register(name="fail")
async def fail():
    raise ValueError("failed on purpose")


@runner.register(name="echo")
async def echo():
    parameter = g.xxl_run_data.executorParams
    g.logger.info("parameter: %s", parameter)
    return parameter


@runner.register(name="slow")
@runner.register(name="long")
async def slow():
    g.logger.info("going to sleep")
    await asyncio.sleep(float(g.xxl_run_data.executorParams or 1))
    return "slept"


@runner.register(name="held")
async def held():
    g.logger.info("held")
    while not os.path.exists(os.path.join(os.environ["RELEASES"], g.xxl_run_data.executorParams)):
        await asyncio.sleep(0.1)
    return "released"


@runner.register(name="shard")
async def shard():
    return f"shard {g.xxl_run_data.broadcastIndex} of {g.xxl_run_data.broadcastTotal}"


if __name__ == "__main__":
    runner.run_executor()
