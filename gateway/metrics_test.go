package gateway_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/berth-project/berth/gateway"
)

func TestMetrics_CountByRouteMethodAndCode(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	w := newWorld(t, echo, change{deps: func(d *gateway.Dependencies) { d.Registry = reg }})
	w.do("GET", "/public/a", "")
	w.do("GET", "/public/a", "")
	w.do("BREW", "/public/a", "")
	w.do("BREW-TWO", "/public/a", "")
	w.do("GET", "/nowhere", "", alice)
	w.do("GET", "/", "", "Host: evil.example")
	w.do("GET", gateway.LivePath, "")
	w.record(6)
	want := `
# HELP berth_gateway_requests_total Requests answered, by route, method and status; code 0 is a connection closed without an answer.
# TYPE berth_gateway_requests_total counter
berth_gateway_requests_total{code="000",method="GET",route="none"} 1
berth_gateway_requests_total{code="200",method="GET",route="web"} 2
berth_gateway_requests_total{code="200",method="OTHER",route="web"} 2
berth_gateway_requests_total{code="403",method="GET",route="none"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "berth_gateway_requests_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(reg, "berth_gateway_request_duration_seconds", "berth_gateway_body_bytes_total", "berth_gateway_in_flight_requests"); err != nil || n != 5 {
		t.Errorf("%d further series, %v; want 5", n, err)
	}
	if _, err := gateway.New(gateway.Dependencies{Registry: reg}); err == nil {
		t.Error("a second gateway took the same registry")
	}
}
