package service

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestTargetsOfEveryFormAreDialled(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"http://app":           "app:80",
		"https://app":          "app:443",
		"http://app:8000/":     "app:8000",
		"http://[::1]":         "[::1]:80",
		"http://[::1]:8000":    "[::1]:8000",
		"https://[2001:db8::]": "[2001:db8::]:443",
		"unix:/run/app.sock":   "/run/app.sock",
	} {
		if _, e, err := parseTarget(target); err != nil || e.Address != want {
			t.Errorf("parseTarget(%q) = %q, %v, want %q", target, e.Address, err, want)
		}
	}
}

// A group that did not change keeps its connections and what it knows of the
// health of its targets, also when it has authorities of its own.
func TestGroupsWithAuthoritiesAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ca.pem"), authority(t))
	opts := Options{Manifest: filepath.Join(dir, "berth.yaml"), Data: filepath.Join(dir, ".berth"), Mode: GatewayOnly, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	write(t, opts.Manifest, []byte(`
service: demo
domains: [demo.example.com]
gateway:
  upstreams:
    app: {targets: ["https://app.test"], ca: ca.pem}
  routes: [{path: /**, upstream: app}]
access: [{path: /**, allow: anyone}]
`))
	groups := newGroupSet(opts.Log, prometheus.NewRegistry())
	defer groups.close()
	group := func() *liveGroup {
		g, err := build(t.Context(), opts, groups, identity{})
		if err != nil {
			t.Fatal(err)
		}
		groups.start(t.Context(), g.groups)
		groups.adopt(g.groups)(t.Context())
		return g.groups[upstreamGroup("app")]
	}
	first := group()
	if group() != first {
		t.Error("the group was made again although nothing changed")
	}
	write(t, filepath.Join(dir, "ca.pem"), authority(t))
	if group() == first {
		t.Error("the group was kept although its authorities changed")
	}
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func authority(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
