package org.orrery.interop;

import com.xxl.job.core.context.XxlJobHelper;
import com.xxl.job.core.executor.impl.XxlJobSimpleExecutor;
import com.xxl.job.core.handler.annotation.XxlJob;
import java.io.File;
import java.util.Collections;
import java.util.concurrent.CountDownLatch;

/**
 * An executor on the unmodified xxl-job-core, without any framework, with the handlers that every
 * interoperability client has. The same source compiles against 2.x and 3.x.
 *
 * <p>Environment: SERVER (base URL), APP_NAME, TOKEN, PORT, LOG_DIR, RELEASES.
 */
public final class Main {
    /** What the executor offers. */
    public static final class Handlers {
        @XxlJob("ok")
        public void ok() {
            XxlJobHelper.log("first line");
            XxlJobHelper.log("second line");
        }

        @XxlJob("fail")
        public void fail() {
            throw new IllegalStateException("failed on purpose");
        }

        @XxlJob("echo")
        public void echo() {
            String parameter = XxlJobHelper.getJobParam();
            XxlJobHelper.log("parameter: {}", parameter);
            XxlJobHelper.handleSuccess(parameter);
        }

        @XxlJob("slow")
        public void slow() throws InterruptedException {
            XxlJobHelper.log("going to sleep");
            String parameter = XxlJobHelper.getJobParam();
            Thread.sleep(1000L * (parameter == null || parameter.isEmpty() ? 1 : Long.parseLong(parameter)));
        }

        @XxlJob("long")
        public void tooLong() throws InterruptedException {
            slow();
        }

        @XxlJob("held")
        public void held() throws InterruptedException {
            XxlJobHelper.log("held");
            File release = new File(System.getenv("RELEASES"), XxlJobHelper.getJobParam());
            while (!release.exists()) {
                Thread.sleep(100);
            }
        }

        @XxlJob("shard")
        public void shard() {
            XxlJobHelper.handleSuccess(
                    "shard " + XxlJobHelper.getShardIndex() + " of " + XxlJobHelper.getShardTotal());
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        XxlJobSimpleExecutor executor = new XxlJobSimpleExecutor();
        executor.setAdminAddresses(System.getenv("SERVER") + "/xxl-job-admin");
        executor.setAccessToken(System.getenv("TOKEN"));
        executor.setAppname(System.getenv("APP_NAME"));
        executor.setIp("127.0.0.1");
        executor.setPort(Integer.parseInt(System.getenv("PORT")));
        executor.setLogPath(System.getenv("LOG_DIR"));
        executor.setLogRetentionDays(3);
        executor.setXxlJobBeanList(Collections.singletonList(new Handlers()));
        Runtime.getRuntime().addShutdownHook(new Thread(executor::destroy));
        executor.start();
        new CountDownLatch(1).await();
    }

    private Main() {}
}
