import com.xxl.job.core.context.XxlJobHelper
import com.xxl.job.core.handler.IJobHandler

class SourceJob extends IJobHandler {
    @Override
    void execute() {
        XxlJobHelper.log("version one: {}", XxlJobHelper.jobParam)
        XxlJobHelper.handleSuccess("version one")
    }
}
