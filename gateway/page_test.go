package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/gateway"
)

func TestErrorPages_ComeAsTheClientLikes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{config: func(c *gateway.Config) { c.Service = "Ledger <&>" }})
	tests := []struct{ accept, want string }{
		{"", "application/problem+json"},
		{"Accept: */*", "application/problem+json"},
		{"Accept: application/json", "application/problem+json"},
		{"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"},
		{"Accept: text/html;q=0.5, application/json", "application/problem+json"},
		{"Accept: text/plain", "text/plain; charset=utf-8"},
		{"Accept: text/html;q=nonsense, */*;q=0.1", "application/problem+json"},
		{"Accept: image/png", "application/problem+json"},
	}
	for _, tt := range tests {
		t.Run(tt.accept, func(t *testing.T) {
			t.Parallel()
			res := w.do("GET", "/app/acme/x", "", bob, "X-A: 1", orNone(tt.accept))
			if got := res.header.Get("Content-Type"); res.status != 403 || got != tt.want {
				t.Errorf("%d %q, want 403 %q", res.status, got, tt.want)
			}
			for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Accept"} {
				if got := res.header.Get(name); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
			id := res.header.Get("X-Request-Id")
			for _, want := range []string{"forbidden", id, "tenant"} {
				if !strings.Contains(res.body, want) {
					t.Errorf("page lacks %q:\n%s", want, res.body)
				}
			}
			for _, leak := range []string{"bob", "berth_session", "<&>", "clerk", "127.0.0.1"} {
				if strings.Contains(res.body, leak) {
					t.Errorf("page has %q:\n%s", leak, res.body)
				}
			}
		})
	}
}

func orNone(header string) string {
	if header == "" {
		return "X-None: 1"
	}
	return header
}

func TestErrorPages_AreProblemDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	res := w.do("GET", "/members/", "")
	var got map[string]any
	if err := json.Unmarshal([]byte(res.body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"type": "about:blank", "title": "Sign-in required", "status": 401.0, "detail": "Sign in to see this.",
		"code": "sign_in_required", "request_id": res.header.Get("X-Request-Id"), "sign_in_url": "/.berth/sign-in",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problem (-want +got):\n%s", diff)
	}
	if got := res.header.Get("Www-Authenticate"); got != `Bearer realm="berth"` {
		t.Errorf("WWW-Authenticate = %q", got)
	}
	res = w.do("GET", "/members/", "", "Authorization: Bearer berth-x")
	if got := res.header.Get("Www-Authenticate"); got != `Bearer realm="berth", error="invalid_token"` {
		t.Errorf("WWW-Authenticate = %q", got)
	}
}

func TestErrorPages_AllowOnlyTheirOwnStyle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	res := w.do("GET", "/nowhere", "", "Accept: text/html", alice)
	csp := res.header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy = %q", csp)
	}
	for _, bad := range []string{"<script", "src=", "url(", "@import", "<link"} {
		if strings.Contains(res.body, bad) {
			t.Errorf("page has %q", bad)
		}
	}
}

func TestErrorPages_HaveNoBodyForHEAD(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	if res := w.do("HEAD", "/nowhere", "", alice); res.status != 403 || res.body != "" {
		t.Errorf("HEAD = %d with body %q", res.status, res.body)
	}
}
