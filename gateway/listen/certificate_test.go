package listen_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/berth-project/berth/gateway/listen"
)

func writePair(t *testing.T, dir, name string) listen.CertificatePair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pair := listen.CertificatePair{Certificate: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key")}
	write := func(path, kind string, b []byte) {
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(pair.Certificate, "CERTIFICATE", der)
	write(pair.Key, "PRIVATE KEY", keyDER)
	return pair
}

func TestCertificateFiles_ChangeWithoutANewListener(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pair := writePair(t, dir, "one.example")
	source := listen.NewCertificateFiles([]listen.CertificatePair{pair}, quiet())
	if _, err := source.Certificate(&tls.ClientHelloInfo{}); err == nil {
		t.Error("a certificate before any was read")
	}
	if err := source.Reload(); err != nil {
		t.Fatal(err)
	}
	w := start(t, ok, func(c *listen.Config) { c.Listen[0].TLS, c.Certificates = true, source })
	name := func() string {
		c, err := tls.Dial("tcp", w.addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].DNSNames[0]
	}
	if got := name(); got != "one.example" {
		t.Fatalf("certificate of %q", got)
	}
	writePair(t, dir, "two.example")
	if err := source.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := name(); got != "two.example" {
		t.Errorf("after Reload: certificate of %q", got)
	}
	if err := os.WriteFile(pair.Key, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := source.Reload(); err == nil {
		t.Error("Reload() of a broken pair succeeded")
	} else if strings.Contains(err.Error(), "half a key") {
		t.Errorf("error tells the key: %v", err)
	}
	if got := name(); got != "two.example" {
		t.Errorf("after a broken pair: certificate of %q", got)
	}
}

func TestCertificateFiles_NoticeAChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := listen.NewCertificateFiles([]listen.CertificatePair{writePair(t, dir, "one.example")}, quiet())
	if err := source.Reload(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- source.Run(ctx) }()
		writePair(t, dir, "another.example")
		time.Sleep(time.Minute) // of the bubble's clock
		cert, err := source.Certificate(&tls.ClientHelloInfo{})
		if err != nil || cert.Leaf.DNSNames[0] != "another.example" {
			t.Errorf("certificate of %v, %v", cert.Leaf.DNSNames, err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
}

func TestSelfSigned_IsRenewedInTime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	source := listen.NewSelfSigned([]string{"example.com", ".internal.example", "10.0.0.1", "*"}, func() time.Time { return now })
	first, err := source.Certificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"example.com", "internal.example", "a.internal.example", "10.0.0.1", "localhost", "127.0.0.1", "::1"} {
		if err := first.Leaf.VerifyHostname(host); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if err := first.Leaf.VerifyHostname("other.example"); err == nil {
		t.Error("it is good for any name")
	}
	now = now.Add(19 * 24 * time.Hour)
	if again, _ := source.Certificate(nil); again != first {
		t.Error("renewed too early")
	}
	now = now.Add(24 * time.Hour)
	if again, _ := source.Certificate(nil); again == first {
		t.Error("not renewed after two thirds of its life")
	}
}
