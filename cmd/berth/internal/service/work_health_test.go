package service

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/health"
)

func TestEngineInTroubleIsReportedAndRequestsGoOn(t *testing.T) {
	t.Parallel()
	r := health.NewRegistry(time.Now)
	noteWork(r, []string{"the store does not answer: disk full", "shard 0 cannot write: disk full"})
	got := r.Snapshot()
	if got.State != health.Failing || !got.Ready || !strings.Contains(got.Checks[0].Message, "disk full; shard 0") {
		t.Errorf("Snapshot() = %+v, want failing with the reasons, and ready", got)
	}
	noteWork(r, nil)
	if got := r.Snapshot(); got.State != health.OK || len(got.Problems()) > 0 {
		t.Errorf("Snapshot() = %+v, want ok once the engine is", got)
	}
}

func TestServiceReportsItsEngine(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo+"work: {}\n")
	r.eventually("the report has the engine", func() bool {
		resp, err := http.Get(r.Admin + "/.berth/health/ready") //nolint:noctx // a test of this machine
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var report health.Report
		if err := json.NewDecoder(resp.Body).Decode(&report); err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(report.Checks, func(c health.Check) bool { return c.Name == checkWork && c.State == health.OK })
	})
}
