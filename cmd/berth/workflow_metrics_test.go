package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/berth-project/berth/work/client"
)

func TestMetricsOfAnEngineAreForAdministrators(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free
	if err != nil {
		t.Fatal(err)
	}
	apart := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	near, _ := serveForGuide(t)
	far, key := serveForGuide(t, "--listen", "0.0.0.0:0", "--metrics", apart)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(far, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	far = "http://127.0.0.1:" + port
	for _, c := range []struct {
		name, url, key string
		want           int
	}{
		{"on a loopback address", near + "/metrics", "", 200},
		{"from elsewhere without a key", far + "/metrics", "", 401},
		{"from elsewhere with a forged key", far + "/metrics", "berth_aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbb", 401},
		{"from elsewhere with a key of a tenant", far + "/metrics", keyOf(t, far, key, `{"name":"acme","tenants":{"acme":["run:read"]}}`), 403},
		{"from elsewhere with an administrator's key", far + "/metrics", key, 200},
		{"on an address of their own", "http://" + apart + "/metrics", "", 200},
		{"health", far + "/healthz", "", 200},
		{"liveness", far + "/livez", "", 200},
		{"readiness", far + "/readyz", "", 200},
		{"liveness where metrics are", "http://" + apart + "/livez", "", 200},
		{"readiness where metrics are", "http://" + apart + "/readyz", "", 200},
		{"the API where metrics are", "http://" + apart + "/api/v1/me", key, 404},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.key != "" {
			req.Header.Set("Authorization", "Bearer "+c.key)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("%s: GET %s = %d, want %d", c.name, c.url, res.StatusCode, c.want)
		}
	}
}

// keyOf makes a key with an administrator's.
func keyOf(t *testing.T, url, admin, body string) string {
	t.Helper()
	e, err := client.New(url, admin)
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ Key string }
	if err := e.Do(t.Context(), http.MethodPost, "/keys", nil, json.RawMessage(body), &made); err != nil {
		t.Fatal(err)
	}
	return made.Key
}
