package main

import (
	"strings"
	"testing"
	"time"
)

const wrkOutput = `Running 3s test @ http://127.0.0.1:18605/
  1 threads and 64 connections
  Latency Distribution
     50%  811.00us
     75%    1.02ms
     99%    6.29ms
  81690 requests in 3.00s, 101.57MB read
Requests/sec:  27230.12
`

func TestReadWrk(t *testing.T) {
	t.Parallel()
	s, requests, err := readWrk(wrkOutput)
	if err != nil || requests != 81690 || s.rate != 27230.12 || s.p50 != 811*time.Microsecond || s.p99 != 6290*time.Microsecond {
		t.Errorf("readWrk() = %+v, %v, %v", s, requests, err)
	}
	for _, line := range []string{"  Non-2xx or 3xx responses: 7\n", "  Socket errors: connect 0, read 1, write 0, timeout 0\n"} {
		if _, _, err := readWrk(wrkOutput + line); err == nil {
			t.Errorf("no error for %q", line)
		}
	}
	if _, _, err := readWrk("unable to connect"); err == nil {
		t.Error("no error for output without figures")
	}
}

func TestReportComparesWithTheFirst(t *testing.T) {
	t.Parallel()
	nginx, berth := &contender{name: "nginx"}, &contender{name: "berth"}
	var b strings.Builder
	report(&b, "small", []*contender{nginx, berth}, map[*contender][]sample{
		nginx: {{cpu: 10}, {cpu: 30}, {cpu: 12}},
		berth: {{cpu: 24}, {cpu: 18}, {cpu: 50}},
	})
	if !strings.Contains(b.String(), "| berth | 0 |  |  | 24.0 (18.0–50.0) | 2.00 |") {
		t.Errorf("report:\n%s", b.String())
	}
}
