package login

import (
	"net/url"
	"strings"
	"testing"
)

func TestSafeNextTakes(t *testing.T) {
	t.Parallel()
	for _, next := range []string{
		"/", "/app", "/app/", "/app/north?q=1&r=%2F%2Fx", "/a?next=https://other.example/", "/%C3%A4", "/a%20b",
		"/a:b@c", "/.well-known/x", "/.berth/session", "/a?x=..", "/a%3Fb",
	} {
		if got := safeNext(next); got != next {
			t.Errorf("safeNext(%q) = %q", next, got)
		}
	}
}

func TestSafeNextRefuses(t *testing.T) {
	t.Parallel()
	for _, next := range []string{
		"", "app", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\\/evil.example",
		"http://evil.example", "https:evil.example", "https:/evil.example", "javascript:alert(1)", "data:text/html,x", "//evil.example/%2f..",
		"/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example", "/%09/evil.example", "/%0d%0aSet-Cookie:x=y",
		"/%00", "/a\r\nLocation: //evil.example", "/%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/.//evil.example", "/a/..//evil.example",
		"/../evil", "/a/./b", "/a/%2e%2e/b", "/%2e%2e//evil.example", "/a//b", "/;//evil.example", "/a;b", "//evil.example@ours.example",
		"/.berth/sign-in", "/.berth/sign-in?next=/x", "/.berth/sign-in/", "/.berth/%73ign-in", "/.berth/sign-out", "/%zz", "/ä", "/\x7f",
		"?x", "#x", "/a#part", "/#//evil.example", "/a#%", "/" + strings.Repeat("a", 3000), "ftp://x", "//", "/\u2028", "／evil.example",
	} {
		if got := safeNext(next); got != "/" {
			t.Errorf("safeNext(%q) = %q, want /", next, got)
		}
	}
}

func FuzzSafeNext(f *testing.F) {
	f.Add("/app?x=1")
	f.Add("/\\evil.example")
	f.Add("/.//evil.example")
	base := &url.URL{Scheme: "https", Host: "ours.example", Path: "/.berth/sign-in"}
	f.Fuzz(func(t *testing.T, raw string) {
		got := safeNext(raw)
		if got != "/" && got != raw {
			t.Fatalf("safeNext(%q) = %q: neither what was asked for nor home", raw, got)
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatalf("safeNext(%q) does not parse: %v", raw, err)
		}
		to := base.ResolveReference(u)
		if to.Scheme != "https" || to.Host != "ours.example" || to.User != nil || strings.HasPrefix(to.Path, "//") {
			t.Fatalf("safeNext(%q) leads to %s", raw, to)
		}
		if strings.ContainsAny(got, "\\\r\n\t \x00") {
			t.Fatalf("safeNext(%q) = %q", raw, got)
		}
	})
}

func FuzzFindCookie(f *testing.F) {
	f.Add("a=b; __Host-berth=v1.x.y; c=d")
	f.Add("__Host-berth=;__Host-berth=a;__Host-berth=b")
	f.Add("__Host-berth")
	f.Fuzz(func(t *testing.T, line string) {
		got, err := findCookie([]string{line}, "__Host-berth")
		if err != nil && got != "" {
			t.Fatalf("findCookie(%q) = %q with %v", line, got, err)
		}
		if got != "" && !strings.Contains(line, "__Host-berth="+got) {
			t.Fatalf("findCookie(%q) = %q, which is not there", line, got)
		}
	})
}

func TestCacheIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	c := newCache[int, string](cacheShards * 4)
	c.put(0, -1, "hot")
	for i := range 1000 {
		if v, ok := c.get(0, -1); !ok || v != "hot" {
			t.Fatalf("what is used all the time was forgotten after %d others", i)
		}
		c.put(0, i, "cold")
	}
	if n := len(c.shards[0].byKey); n != 4 || len(c.shards[0].ring) != 4 {
		t.Errorf("%d kept, want 4", n)
	}
	c.put(0, -1, "new")
	if v, _ := c.get(0, -1); v != "new" {
		t.Errorf("get() = %q after a second put", v)
	}
	for i, s := range c.shards[0].ring {
		if s.position != i || c.shards[0].byKey[s.key] != s {
			t.Errorf("place %d of the ring holds %v at %d", i, s.key, s.position)
		}
	}
}
