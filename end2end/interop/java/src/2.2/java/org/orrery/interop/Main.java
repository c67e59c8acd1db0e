package org.orrery.interop;

import com.xxl.job.core.biz.model.ReturnT;
import com.xxl.job.core.executor.XxlJobExecutor;
import com.xxl.job.core.handler.IJobHandler;
import com.xxl.job.core.log.XxlJobLogger;
import com.xxl.job.core.util.ShardingUtil;
import java.io.File;
import java.util.concurrent.CountDownLatch;

/**
 * An executor on the unmodified xxl-job-core 2.2.0, the oldest generation that is spoken, without any framework. Its
 * handlers take their parameter and return how they ended, which later releases have no more.
 *
 * <p>Environment: SERVER (base URL), APP_NAME, TOKEN, PORT, LOG_DIR, RELEASES.
 */
public final class Main {
    private interface Handler {
        ReturnT<String> run(String parameter) throws Exception;
    }

    private static void register(String name, Handler handler) {
        XxlJobExecutor.registJobHandler(name, new IJobHandler() {
            @Override
            public ReturnT<String> execute(String parameter) throws Exception {
                return handler.run(parameter);
            }
        });
    }

    public static void main(String[] arguments) throws Exception {
        register("ok", parameter -> {
            XxlJobLogger.log("first line");
            XxlJobLogger.log("second line");
            return ReturnT.SUCCESS;
        });
        register("fail", parameter -> {
            throw new IllegalStateException("failed on purpose");
        });
        register("echo", parameter -> {
            XxlJobLogger.log("parameter: {}", parameter);
            return new ReturnT<>(ReturnT.SUCCESS_CODE, parameter);
        });
        Handler slow = parameter -> {
            XxlJobLogger.log("going to sleep");
            Thread.sleep(1000L * (parameter == null || parameter.isEmpty() ? 1 : Long.parseLong(parameter)));
            return ReturnT.SUCCESS;
        };
        register("slow", slow);
        register("long", slow);
        register("held", parameter -> {
            XxlJobLogger.log("held");
            File release = new File(System.getenv("RELEASES"), parameter);
            while (!release.exists()) {
                Thread.sleep(100);
            }
            return ReturnT.SUCCESS;
        });
        register("shard", parameter -> {
            ShardingUtil.ShardingVO shard = ShardingUtil.getShardingVo();
            String text = "shard " + shard.getIndex() + " of " + shard.getTotal();
            return new ReturnT<>(ReturnT.SUCCESS_CODE, text);
        });
        XxlJobExecutor executor = new XxlJobExecutor();
        executor.setAdminAddresses(System.getenv("SERVER") + "/xxl-job-admin");
        executor.setAccessToken(System.getenv("TOKEN"));
        executor.setAppname(System.getenv("APP_NAME"));
        executor.setIp("127.0.0.1");
        executor.setPort(Integer.parseInt(System.getenv("PORT")));
        executor.setLogPath(System.getenv("LOG_DIR"));
        executor.setLogRetentionDays(3);
        Runtime.getRuntime().addShutdownHook(new Thread(executor::destroy));
        executor.start();
        new CountDownLatch(1).await();
    }

    private Main() {}
}
