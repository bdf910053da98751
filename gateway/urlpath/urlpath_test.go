package urlpath_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/berth-project/berth/gateway/urlpath"
)

func TestCanonical_Accepts(t *testing.T) {
	t.Parallel()
	tests := []struct{ target, decoded, encoded, query string }{
		{"/", "/", "/", ""},
		{"/a/b", "/a/b", "/a/b", ""},
		{"/a/b/", "/a/b/", "/a/b/", ""},
		{"/%61", "/a", "/a", ""},
		{"/a%20b", "/a b", "/a%20b", ""},
		{"/a+b", "/a+b", "/a+b", ""},
		{"/%2b", "/+", "/+", ""},
		{"/%3f%23", "/?#", "/%3F%23", ""},
		{"/%25", "/%", "/%25", ""},
		{"/%252f", "/%2f", "/%252f", ""},
		{"/%252e%252e/", "/%2e%2e/", "/%252e%252e/", ""},
		{"/caf%c3%a9", "/caf\u00e9", "/caf%C3%A9", ""},
		{"/a!$&'()*,=:@-._~", "/a!$&'()*,=:@-._~", "/a!$&'()*,=:@-._~", ""},
		{"/[x]|^", "/[x]|^", "/%5Bx%5D%7C%5E", ""},
		{"/%22%3c%3e%60%7b%7d", "/\"<>`{}", "/%22%3C%3E%60%7B%7D", ""},
		{"/...", "/...", "/...", ""},
		{"/..a", "/..a", "/..a", ""},
		{"/a..", "/a..", "/a..", ""},
		{"/.a", "/.a", "/.a", ""},
		{"/a./b", "/a./b", "/a./b", ""},
		{"/a?", "/a", "/a", ""},
		{"/a?b=c?d", "/a", "/a", "b=c?d"},
		{"/a?../..;%00//%zz\\", "/a", "/a", "../..;%00//%zz\\"},
	}
	for _, tt := range tests {
		p, err := urlpath.Canonical(tt.target)
		if err != nil {
			t.Errorf("Canonical(%q): %v", tt.target, err)
			continue
		}
		if p.Decoded != tt.decoded || p.Encoded != tt.encoded || p.RawQuery != tt.query {
			t.Errorf("Canonical(%q) = %q %q %q, want %q %q %q", tt.target, p.Decoded, p.Encoded, p.RawQuery, tt.decoded, tt.encoded, tt.query)
		}
		want := tt.encoded
		if strings.Contains(tt.target, "?") {
			want += "?" + tt.query
		}
		if got := p.Target(); got != want {
			t.Errorf("Target() of %q = %q, want %q", tt.target, got, want)
		}
	}
}

func TestCanonical_Refuses(t *testing.T) {
	t.Parallel()
	tests := map[urlpath.Code][]string{
		urlpath.NotAbsolute:  {"", "a", "*", "?a", "http://example.com/a", "example.com:443", "%2fa"},
		urlpath.BadEncoding:  {"/%", "/%2", "/%zz", "/%2x", "/%%32", "/a%", "/%u002e"},
		urlpath.EncodedSlash: {"/%2f", "/a%2Fb", "/..%2fapp/", "/%2F%2F"},
		urlpath.Backslash:    {`/\`, `/a\..\b`, "/%5c", "/..%5Capp"},
		urlpath.Control:      {"/\x00", "/%00", "/a%0d%0ab", "/\t", "/%7f", "/\x7f", "/a%1fb"},
		urlpath.DotSegment: {
			"/.", "/..", "/./", "/../", "/a/.", "/a/..", "/a/./b", "/a/../b", "/%2e", "/%2e%2e", "/.%2e/", "/%2E./x", "/a/%2e%2e/b", "/a/b/..?c",
		},
		urlpath.Parameter:    {"/a;b", "/;", "/a;jsessionid=1", "/%3b", "/a/..;/b"},
		urlpath.EmptySegment: {"//", "//a", "/a//b", "/a//", "///"},
		urlpath.NotUTF8:      {"/%ff", "/%c0%ae%c0%ae", "/%c3", "/%ed%a0%80", "/%f5%80%80%80", "/%e0%80%af"},
		urlpath.BadByte:      {"/ ", "/a b", `/"`, "/<", "/>", "/`", "/{", "/}", "/#a", "/caf\u00e9", "/a?b c", "/a?\x00", "/a?#", "/a?\x7f"},
	}
	for code, targets := range tests {
		for _, target := range targets {
			p, err := urlpath.Canonical(target)
			e, ok := errors.AsType[*urlpath.Error](err)
			if !ok || e.Code != code {
				t.Errorf("Canonical(%q) = %+v, %v; want %s", target, p, err, code)
			}
		}
	}
}

func TestCanonical_MergesSlashesWhereAsked(t *testing.T) {
	t.Parallel()
	o := urlpath.Options{MergeSlashes: true}
	for target, want := range map[string]string{"//": "/", "/a//b": "/a/b", "///a%20//": "/a%20/", "/a": "/a", "//example.com/x": "/example.com/x"} {
		p, err := o.Canonical(target)
		if err != nil || p.Encoded != want {
			t.Errorf("Canonical(%q) = %q, %v; want %q", target, p.Encoded, err, want)
		}
	}
	for _, target := range []string{"/..//a", "//..", "/a//../b", "/%2e%2e//"} {
		if p, err := o.Canonical(target); err == nil {
			t.Errorf("Canonical(%q) = %q, want a refusal", target, p.Encoded)
		}
	}
}

func TestCanonical_DoesNotAllocateForPlainPaths(t *testing.T) {
	got := testing.AllocsPerRun(100, func() {
		_, _ = urlpath.Canonical("/api/orgs/acme/projects/42?q=1")
		_, _ = urlpath.Canonical("/a/../b")
	})
	if got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"/", "/a%20b?c", "/..%2fa", "/%252e%252e", "//a//b", "/a;b", "/caf%c3%a9", "/%3f", "/[|^]", `/\`, "/.%2e", "/%", "*"} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, target string, merge bool) {
		o := urlpath.Options{MergeSlashes: merge}
		p, err := o.Canonical(target)
		if err != nil {
			if _, ok := errors.AsType[*urlpath.Error](err); !ok {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		for _, s := range strings.Split(p.Decoded[1:], "/") {
			if s == "." || s == ".." || s == "" && !strings.HasSuffix(p.Decoded, "/") {
				t.Fatalf("Canonical(%q): segment %q in %q", target, s, p.Decoded)
			}
		}
		if strings.ContainsAny(p.Decoded, "\\;\x00\r\n\x7f") || strings.Contains(p.Decoded, "//") || !utf8.ValidString(p.Decoded) {
			t.Fatalf("Canonical(%q) = %q", target, p.Decoded)
		}
		if strings.ContainsAny(p.Encoded, "?#\\ \"<>") {
			t.Fatalf("Canonical(%q): delimiters in %q", target, p.Encoded)
		}
		if got := urlpath.Encode(p.Decoded); got != p.Encoded {
			t.Fatalf("Encode(%q) = %q, not %q", p.Decoded, got, p.Encoded)
		}
		again, err := o.Canonical(p.Target())
		if err != nil || again != p {
			t.Fatalf("Canonical(%q) is not a fixed point: %+v, then %+v, %v", target, p, again, err)
		}
	})
}

func ExampleCanonical() {
	p, _ := urlpath.Canonical("/reports/%51%31%20draft%3F?year=2026")
	fmt.Println(p.Decoded)
	fmt.Println(p.Target())
	_, err := urlpath.Canonical("/public/..%2Fadmin")
	fmt.Println(err)
	// Output:
	// /reports/Q1 draft?
	// /reports/Q1%20draft%3F?year=2026
	// request path: path_encoded_slash
}
