package object

import (
	"net/netip"
	"strings"
	"testing"
)

// The parsers are tested from inside: what they hand on is not visible from
// outside until it has reached an origin.

func FuzzObjectReference(f *testing.F) {
	for _, seed := range []string{
		"https/bucket.s3.eu-central-1.amazonaws.com/a%20b?X-Amz-Signature=ab%2Fcd", "/http/127.0.0.1:9000/blob",
		"http/[::1]:80/x", "https/a.example/%2e%2e/x", "https/a.example//x", "https/user@a.example/x", "http/127.1/x", "https/a.example/\r\n",
	} {
		path, query, _ := strings.Cut(seed, "?")
		f.Add(path, query)
	}
	list := newAllowList(Config{Hosts: []string{"*.example.com", "127.0.0.1:9000/public/"}, Schemes: []string{"http", "https"}})
	f.Fuzz(func(t *testing.T, path, query string) {
		ref, err := parseReference(Ref{Path: path, RawQuery: query})
		if err != nil {
			return
		}
		line := ref.path + ref.query
		if strings.ContainsAny(line+ref.authority, " \t\r\n\x00\\@#") && strings.ContainsAny(line, " \t\r\n\x00\\#") || strings.Contains(ref.authority, "@") {
			t.Fatalf("accepted %q %q as %+v", path, query, ref)
		}
		if got := ref.scheme + "/" + ref.authority + ref.path; got != strings.TrimPrefix(path, "/") {
			t.Fatalf("%q became %q: not forwarded as written", path, got)
		}
		for segment := range strings.SplitSeq(ref.path, "/") {
			if segment == ".." || strings.EqualFold(segment, "%2e%2e") {
				t.Fatalf("accepted a climbing path %q", ref.path)
			}
		}
		if list.allows(ref) && !strings.HasSuffix(ref.host, ".example.com") && !strings.HasPrefix(line, "/public/") {
			t.Fatalf("allowed %+v", ref)
		}
	})
}

func FuzzResponseHead(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2", "HTTP/1.0 304", "HTTP/1.1 206 x\r\nTransfer-Encoding: chunked\r\nConnection: close",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked", "HTTP/1.1 200 OK\r\n folded: x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		head, err := parseHead(text)
		if err != nil {
			return
		}
		if head.status < 100 || head.status > 599 || head.length < -1 || head.chunked && head.length >= 0 {
			t.Fatalf("parseHead(%q) = %+v", text, head)
		}
		for name, value := range head.fields {
			if strings.ContainsAny(name+value, "\r\n\x00") {
				t.Fatalf("parseHead(%q) kept %q: %q", text, name, value)
			}
		}
	})
}

func TestAddressPolicy(t *testing.T) {
	t.Parallel()
	refused := []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
		"100.127.255.255", "169.254.169.254", "169.254.170.2", "192.0.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "2002:a00:1::", "2001:0:1::",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
		"100.100.100.200", "168.63.129.16",
	}
	policy := addressPolicy{}
	for _, text := range refused {
		if err := policy.check(netip.MustParseAddr(text)); err == nil {
			t.Errorf("check(%s) = nil, want it refused", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "52.219.75.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a05:d07a::1", "::ffff:8.8.8.8", "64:ff9b::808:808"} {
		if err := policy.check(netip.MustParseAddr(text)); err != nil {
			t.Errorf("check(%s) = %v", text, err)
		}
	}
	wide := addressPolicy{allow: prefixes("0.0.0.0/0", "::/0")}
	for _, text := range []string{"169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.170.2", "0.0.0.0", "224.0.0.1", "100.100.100.200", "168.63.129.16"} {
		if err := wide.check(netip.MustParseAddr(text)); err == nil {
			t.Errorf("check(%s) = nil with everything allowed, want it refused", text)
		}
	}
	if err := (addressPolicy{allow: prefixes("10.1.0.0/16")}).check(netip.MustParseAddr("::ffff:10.1.2.3")); err != nil {
		t.Errorf("an allowed private address in its mapped form: %v", err)
	}
}
