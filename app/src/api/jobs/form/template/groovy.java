import com.xxl.job.core.context.XxlJobHelper;
import com.xxl.job.core.handler.IJobHandler;

public class Script extends IJobHandler {
    @Override
    public void execute() throws Exception {
        XxlJobHelper.log("parameter: {}", XxlJobHelper.getJobParam());
        XxlJobHelper.log("shard: {} of {}", XxlJobHelper.getShardIndex(), XxlJobHelper.getShardTotal());
        // An exception is a failure.
    }
}
