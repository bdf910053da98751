package egress_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/berth-project/berth/work/internal/egress"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	p := egress.Policy{
		Hosts:    []string{"api.example.org", "*.below.example.org", "port.example.org:8443", "any.example.org:*"},
		Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")},
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"https://api.example.org/x":         true,
		"http://API.example.org.":           true,
		"https://api.example.org:443":       true,
		"https://api.example.org:8443":      false,
		"https://api.example.org:80":        false,
		"https://xapi.example.org":          false,
		"https://api.example.org.evil.test": false,
		"https://a.b.below.example.org":     true,
		"https://below.example.org":         false,
		"https://xbelow.example.org":        false,
		"https://.below.example.org":        false,
		"https://port.example.org:8443":     true,
		"https://port.example.org":          false,
		"http://any.example.org:1":          true,
		"http://10.1.2.3:8080":              true,
		"http://10.2.2.3":                   false,
		"http://[::ffff:10.1.2.3]":          true,
		"http://[fd00::1]:9":                true,
		"http://[fe80::1]":                  false,
		"http://127.0.0.1":                  false,
		"http://0x7f000001":                 false,
		"http://169.254.169.254/latest":     false,
		"http://localhost":                  false,
		"ftp://api.example.org":             false,
		"https://":                          false,
		"https://user@api.example.org":      false,
		"https://api.example.org@evil.test": false,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(u); (err == nil) != want {
			t.Errorf("Check(%q) = %v, want allowed: %v", text, err, want)
		}
	}
	if err := (egress.Policy{}).Check(&url.URL{Scheme: "https", Host: "example.org"}); !errors.Is(err, egress.ErrRefused) {
		t.Errorf("Check() of the zero policy = %v, want it refused", err)
	}
}

func TestPoliciesThatCannotBeUnderstoodAreRefused(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"", "https://a", "a.*", "*a.org", "a:", "a/b", "**"} {
		if err := (egress.Policy{Hosts: []string{host}}).Validate(); err == nil {
			t.Errorf("Validate() of host %q = nil", host)
		}
	}
	if err := (egress.Policy{Hosts: []string{"*", "*.a.org:*", "a:1"}}).Validate(); err != nil {
		t.Errorf("Validate() = %v", err)
	}
	if err := (egress.Policy{Networks: make([]netip.Prefix, 1)}).Validate(); err == nil {
		t.Error("Validate() of no network = nil")
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"1.1.1.1": true, "93.184.216.34": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.0.0.1": false, "172.31.255.255": false, "172.32.0.1": true, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false,
		"::1": false, "::": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false, "fe80::1": false, "fd12::1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:0:1::": false, "ff02::1": false, "198.18.0.1": false,
		"::ffff:0:169.254.169.254": false, "64:ff9b:1::1": false, "100::1": false, "4000::1": false, "5f00::1": false, "fec0::1": false, "3fff::1": false,
		"168.63.129.16": false, "168.63.129.17": true,
		"192.0.0.170": false, "192.0.2.1": false, "192.88.99.1": false, "198.51.100.1": false, "203.0.113.1": false, "240.0.0.1": false, "2001:db8::1": false,
	} {
		if got := egress.Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("Public(%s) = %v, want %v", text, got, want)
		}
	}
}

func TestAddressesAreLookedAtWhenDialed(t *testing.T) {
	t.Parallel()
	reached := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	t.Cleanup(server.Close)
	// A name of the public internet could resolve to this address as well.
	byName := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	closed := egress.Policy{Hosts: []string{"*:*"}}
	u, _ := url.Parse(byName)
	if err := closed.Check(u); err != nil {
		t.Fatalf("Check(%s) = %v: the address was to be refused, not the name", byName, err)
	}
	if _, err := closed.Client().Get(byName); !errors.Is(err, egress.ErrRefused) || reached != 0 {
		t.Errorf("Get(%s) = %v, want it refused before it is dialed", byName, err)
	}
	open := egress.Policy{Hosts: []string{"localhost:*"}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	resp, err := open.Client().Get(byName)
	if err != nil || reached != 1 {
		t.Fatalf("Get(%s) = %v, want it allowed", byName, err)
	}
	_ = resp.Body.Close()
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	t.Cleanup(server.Close)
	p := egress.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	resp, err := p.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusFound {
		t.Errorf("Get() = %d, want the redirect itself", resp.StatusCode)
	}
}
