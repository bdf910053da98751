package access_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/access"
)

// fiftyRules are what a service of some size has: public pages, trees of
// tenants, methods, a host, and at the end the rule for everything else.
func fiftyRules() []string {
	lines := []string{"/  anyone", "/static/**  GET anyone", "/.well-known/**  anyone"}
	for i := len(lines); i < 47; i++ {
		lines = append(lines, fmt.Sprintf("/section%d/{tenant}/**  role manager|owner|teller of tenant", i))
	}
	return append(lines,
		"/app/{tenant}/premium/**  GET plan premium of tenant",
		"/app/{tenant}/**  role manager|teller of tenant",
		"/**  signed-in",
	)
}

func benchRequest(tb testing.TB) access.Request {
	caller := corpusCallers(tb, []string{"anna: abc=owner acme=auditor,teller+basic,premium zeta=manager"})["anna"]
	if caller == nil {
		tb.Fatal("no caller")
	}
	return access.Request{
		Method: "GET", Host: "www.example.com:443", Path: "/app/acme/accounts/17/edit", Session: caller,
		Client: netip.MustParseAddr("192.0.2.7"), Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, tc := range []struct{ name, path string }{
		{"role", "/app/acme/accounts/17/edit"},
		{"plan", "/app/acme/premium/x"},
		{"public", "/static/css/main.css"},
		{"signed_in", "/nowhere/in/particular"},
		{"deep", strings.Repeat("/segment", 200)},
	} {
		b.Run(tc.name, func(b *testing.B) {
			p, req := compileLines(b, fiftyRules()...), benchRequest(b)
			req.Path = tc.path
			b.ReportAllocs()
			for b.Loop() {
				if !p.Decide(&req).Allowed {
					b.Fatal("refused")
				}
			}
		})
	}
}

func BenchmarkDecideExpression(b *testing.B) {
	p := compileLines(b, append([]string{`/app/{tenant}/**  when user.email.endsWith("@example.com") && "teller" in roles`}, fiftyRules()...)...)
	req := benchRequest(b)
	b.ReportAllocs()
	for b.Loop() {
		if !p.Decide(&req).Allowed {
			b.Fatal("refused")
		}
	}
}

func BenchmarkDecideTenThousandRules(b *testing.B) {
	lines := make([]string, 0, access.MaxRules)
	for i := range access.MaxRules - 1 {
		lines = append(lines, fmt.Sprintf("/r%d/{tenant}/**  role manager of tenant", i))
	}
	p := compileLines(b, append(lines, "/app/{tenant}/**  role teller of tenant")...)
	req := benchRequest(b)
	b.ReportAllocs()
	for b.Loop() {
		if !p.Decide(&req).Allowed {
			b.Fatal("refused")
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	lines := fiftyRules()
	b.ReportAllocs()
	for b.Loop() {
		compileLines(b, lines...)
	}
}

// Not parallel: it counts the allocations of the whole process.
func TestDecideAllocatesNothing(t *testing.T) {
	p := compileLines(t, append(fiftyRules()[:49], "/combined/{tenant}  all(signed-in; any(role owner of tenant; plan gold|premium of tenant); not(role banned of tenant))", "/**  signed-in")...)
	req := benchRequest(t)
	anonymous := req
	anonymous.Session = nil
	for _, path := range []string{"/app/acme/x", "/combined/acme", "/static/x", "/nowhere", "/a/../b", "//"} {
		for _, r := range []access.Request{req, anonymous} {
			r.Path = path
			allocs := testing.AllocsPerRun(100, func() { p.Decide(&r) })
			if allocs != 0 {
				t.Errorf("Decide(%q, anonymous %v) allocates %v times", path, r.Session.Anonymous(), allocs)
			}
		}
	}
}
