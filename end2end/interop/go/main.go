// An executor on the unmodified xxl-job-executor-go, with the handlers that every interoperability client has.
//
// Environment: SERVER (base URL), APP_NAME, TOKEN, PORT, RELEASES.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	xxl "github.com/xxl-job/xxl-job-executor-go"
)

// The library keeps no logs: what it answers about them is its application's.
type logs struct {
	mutex sync.Mutex
	lines map[int64][]string
}

func (l *logs) add(run int64, line string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.lines[run] = append(l.lines[run], line)
}

func (l *logs) serve(request *xxl.LogReq) *xxl.LogRes {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	lines := l.lines[request.LogID]
	from := min(max(request.FromLineNum, 1), len(lines)+1)
	return &xxl.LogRes{Code: xxl.SuccessCode, Content: xxl.LogResContent{
		FromLineNum: from,
		ToLineNum:   len(lines),
		LogContent:  strings.Join(lines[from-1:], "\n"),
		IsEnd:       true,
	}}
}

func main() {
	kept := &logs{lines: map[int64][]string{}}
	executor := xxl.NewExecutor(
		xxl.ServerAddr(os.Getenv("SERVER")+"/xxl-job-admin"),
		xxl.AccessToken(os.Getenv("TOKEN")),
		xxl.ExecutorIp("127.0.0.1"),
		xxl.ExecutorPort(os.Getenv("PORT")),
		xxl.RegistryKey(os.Getenv("APP_NAME")),
	)
	executor.Init()
	executor.LogHandler(kept.serve)
	executor.RegTask("ok", func(_ context.Context, run *xxl.RunReq) string {
		kept.add(run.LogID, "first line")
		kept.add(run.LogID, "second line")
		return "done"
	})
	executor.RegTask("fail", func(context.Context, *xxl.RunReq) string {
		panic("failed on purpose")
	})
	executor.RegTask("echo", func(_ context.Context, run *xxl.RunReq) string {
		kept.add(run.LogID, "parameter: "+run.ExecutorParams)
		return run.ExecutorParams
	})
	slow := func(ctx context.Context, run *xxl.RunReq) string {
		kept.add(run.LogID, "going to sleep")
		return sleep(ctx, run)
	}
	executor.RegTask("slow", slow)
	executor.RegTask("long", slow)
	executor.RegTask("held", func(ctx context.Context, run *xxl.RunReq) string {
		kept.add(run.LogID, "held")
		return hold(ctx, filepath.Join(os.Getenv("RELEASES"), run.ExecutorParams))
	})
	executor.RegTask("shard", func(_ context.Context, run *xxl.RunReq) string {
		return fmt.Sprintf("shard %d of %d", run.BroadcastIndex, run.BroadcastTotal)
	})
	if err := executor.Run(); err != nil {
		log.Fatal(err)
	}
}

func sleep(ctx context.Context, run *xxl.RunReq) string {
	seconds, err := strconv.Atoi(run.ExecutorParams)
	if err != nil {
		seconds = 1
	}
	select {
	case <-ctx.Done():
		return fmt.Sprint(ctx.Err())
	case <-time.After(time.Duration(seconds) * time.Second):
		return "slept"
	}
}

// hold returns when the file is there.
func hold(ctx context.Context, release string) string {
	for {
		if _, err := os.Stat(release); err == nil {
			return "released"
		}
		select {
		case <-ctx.Done():
			return fmt.Sprint(ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
