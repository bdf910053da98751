package upstream_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/berth-project/berth/gateway/upstream"
)

// result is what a client of the front sees of one raw upstream response.
type result struct {
	status int
	kind   string
	body   string
	cut    bool
}

// through sends one request over a front and tells what came of it.
func through(t testing.TB, f *front, method string, way http.Header) result {
	req, err := http.NewRequestWithContext(t.Context(), method, f.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = way.Clone()
	resp, err := f.client().Do(req)
	if err != nil {
		return result{cut: true}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return result{status: resp.StatusCode, kind: resp.Header.Get("Kind"), body: string(b), cut: err != nil}
}

// TestResponseFraming runs responses of every framing over both ways.
func TestResponseFraming(t *testing.T) {
	t.Parallel()
	const refused, broken = "protocol", "reset"
	ok := func(body string) result { return result{status: 200, body: body} }
	bad := func(kind string) result { return result{status: 502, kind: kind} }
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, tc := range map[string]struct {
		response string
		want     result
	}{
		"length":                   {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", ok("abc")},
		"equal lengths":            {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", ok("abc")},
		"until close":              {"HTTP/1.1 200 OK\r\n\r\nabc", ok("abc")},
		"HTTP/1.0":                 {"HTTP/1.0 200 OK\r\n\r\nabc", ok("abc")},
		"chunked":                  {chunked + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", ok("abcde")},
		"chunk extension":          {chunked + "3;a=b\r\nabc\r\n0;x\r\n\r\n", ok("abc")},
		"leading zeros":            {chunked + "0003\r\nabc\r\n0\r\n\r\n", ok("abc")},
		"trailer not announced":    {chunked + "3\r\nabc\r\n0\r\nX-A: b\r\n\r\n", ok("abc")},
		"bytes after the end":      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n\r\n", ok("abc")},
		"nothing":                  {"", bad(broken)},
		"half a head":              {"HTTP/1.1 200 OK\r\nA: b", bad(broken)},
		"not http":                 {"hello\r\n\r\n", bad(refused)},
		"conflicting lengths":      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", bad(refused)},
		"coding gzip":              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", bad(refused)},
		"switched unasked":         {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", bad(refused)},
		"huge head":                {"HTTP/1.1 200 OK\r\nA: " + long(100<<10) + "\r\n\r\n", bad(refused)},
		"status 600":               {"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n", bad(refused)},
		"chunk size beyond 64 bit": {chunked + "fffffffffffffffff\r\nabc\r\n0\r\n\r\n", result{cut: true, status: 200}},
		"chunk size of no digit":   {chunked + "\r\nabc\r\n0\r\n\r\n", result{cut: true, status: 200}},
		"chunk size signed":        {chunked + "+3\r\nabc\r\n0\r\n\r\n", result{cut: true, status: 200}},
		"chunk without CR LF":      {chunked + "3\r\nabcde0\r\n\r\n", result{cut: true, status: 200, body: "abc"}},
		"chunks without an end":    {chunked + "3\r\nabc\r\n", result{cut: true, status: 200, body: "abc"}},
	} {
		bothWays(t, func(t *testing.T, way http.Header) {
			f := newFront(t, newGroup(t, one(canned(t, tc.response))), nil)
			got := through(t, f, "GET", way)
			if got.cut { // how much of a cut answer arrives is not the point
				got.status, got.body = tc.want.status, tc.want.body
			}
			if got != tc.want {
				t.Errorf("%s: %+v, want %+v", name, got, tc.want)
			}
		})
	}
}

// TestFastWayIsStricter lists what only the fast way refuses: the standard
// library is lenient there.
func TestFastWayIsStricter(t *testing.T) {
	t.Parallel()
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, response := range map[string]string{
		"line ends without CR":        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"length and coding":           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"coding in HTTP/1.0":          "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"folded line":                 "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
		"blank after the chunk size":  chunked + "3 \r\nabc\r\n0\r\n\r\n",
		"chunk line ends without CR":  chunked + "3\nabc\r\n0\r\n\r\n",
		"chunk size of 16 digits":     chunked + "0000000000000003\r\nabc\r\n0\r\n\r\n",
		"long chunk extension":        chunked + "3;" + long(2000) + "\r\nabc\r\n0\r\n\r\n",
		"many fields":                 "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 300) + "Content-Length: 0\r\n\r\n",
		"many informational answers":  strings.Repeat("HTTP/1.1 102 P\r\n\r\n", 9) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"control byte in the trailer": chunked + "3\r\nabc\r\n0\r\nA: \x01\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t, newGroup(t, one(canned(t, response))), nil)
			if got := through(t, f, "GET", ways["fast"]); !got.cut && got.kind != "protocol" {
				t.Errorf("%+v, want it refused", got)
			}
			if o := f.outcome(t); o.err == nil || o.err.Kind != upstream.Protocol {
				t.Errorf("error = %v, want protocol", o.err)
			}
		})
	}
}

// FuzzForward has an upstream answer with any bytes: the two ways must agree
// on what they make of it, but for what [TestFastWayIsStricter] lists. Nothing
// the fast way accepts may be understood differently by the other.
func FuzzForward(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\n\r\nabc",
		"HTTP/1.0 200 OK\r\n\r\nabc",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: content-length\r\n\r\nabc",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	// One upstream, on a socket without ports that could run out.
	var answer atomic.Pointer[string]
	e := rawOn(f, "unix", filepath.Join(f.TempDir(), "s"), func(c net.Conn, br *bufio.Reader) {
		if _, err := http.ReadRequest(br); err == nil {
			_, _ = io.WriteString(c, *answer.Load())
		}
	})
	cfg := one(e)
	cfg.Passive.MaxFails = -1
	fr := newFront(f, newGroup(f, cfg), nil)
	f.Fuzz(func(t *testing.T, response string, get bool) {
		answer.Store(&response)
		method := "HEAD"
		if get {
			method = "GET"
		}
		fast, standard := through(t, fr, method, ways["fast"]), through(t, fr, method, ways["standard"])
		fr.outcome(t)
		fr.outcome(t)
		switch {
		case fast == standard:
		case fast.cut && standard.cut: // how far each got differs
		case fast.kind != "" && standard.kind != "": // both refuse
		case fast.kind == "protocol": // stricter
		case fast.cut && strings.HasPrefix(standard.body, fast.body): // stricter, once begun
		default:
			t.Fatalf("%s of %q:\nfast     %+v\nstandard %+v", method, response, fast, standard)
		}
	})
}
