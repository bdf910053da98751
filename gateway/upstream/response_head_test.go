package upstream

import (
	"net/http"
	"strings"
	"testing"

	"github.com/berth-project/berth/gateway/grammar"
)

// badHeads are refused; each names the rule.
var badHeads = map[string]string{
	"not http":                     "SSH-2.0-OpenSSH_9\r\n\r\n",
	"version 2":                    "HTTP/2.0 200 OK\r\n\r\n",
	"version 1.2":                  "HTTP/1.2 200 OK\r\n\r\n",
	"lower case version":           "http/1.1 200 OK\r\n\r\n",
	"two blanks":                   "HTTP/1.1  200 OK\r\n\r\n",
	"two digits":                   "HTTP/1.1 20 OK\r\n\r\n",
	"four digits":                  "HTTP/1.1 2000 OK\r\n\r\n",
	"signed status":                "HTTP/1.1 +20 OK\r\n\r\n",
	"status 099":                   "HTTP/1.1 099 OK\r\n\r\n",
	"status 600":                   "HTTP/1.1 600 OK\r\n\r\n",
	"control byte in the reason":   "HTTP/1.1 200 O\x00K\r\n\r\n",
	"bare CR in the status line":   "HTTP/1.1 200 O\rK\r\n\r\n",
	"blank before the colon":       "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
	"no colon":                     "HTTP/1.1 200 OK\r\nA\r\n\r\n",
	"empty name":                   "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
	"folded line":                  "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
	"bare CR":                      "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
	"NUL":                          "HTTP/1.1 200 OK\r\nA: b\x00\r\n\r\n",
	"byte that is no token":        "HTTP/1.1 200 OK\r\nA(b): c\r\n\r\n",
	"byte beyond ASCII in a name":  "HTTP/1.1 200 OK\r\n\xc3\xa4: c\r\n\r\n",
	"conflicting lengths":          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
	"list of lengths":              "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
	"signed length":                "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
	"negative length":              "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
	"hexadecimal length":           "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n",
	"empty length":                 "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
	"huge length":                  "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
	"length and coding":            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	"coding other than chunked":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
	"coding before chunked":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
	"chunked twice":                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	"nearly chunked":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
	"vertical tab after chunked":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\v\r\n\r\n",
	"chunked in HTTP/1.0":          "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	"more fields than a head has":  "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", maxFields+1) + "\r\n",
	"head without an end":          "HTTP/1.1 200 OK\r\nA: b\r\n",
	"status line without an end":   "HTTP/1.1 200 OK",
	"tab instead of the blank":     "HTTP/1.1\t200 OK\r\n\r\n",
	"reason joined to the status":  "HTTP/1.1 200OK\r\n\r\n",
	"delete in a value":            "HTTP/1.1 200 OK\r\nA: \x7f\r\n\r\n",
	"folded line after the status": "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
}

func TestMalformedHeadIsRefused(t *testing.T) {
	t.Parallel()
	for name, raw := range badHeads {
		var h responseHead
		if err := h.parse([]byte(raw)); err == nil {
			t.Errorf("%s: parse(%q) accepted it as %+v", name, raw, h)
		} else if kindOf(err) != Protocol {
			t.Errorf("%s: %v is of kind %s, want protocol", name, err, kindOf(err))
		}
	}
}

func TestWellFormedHeadIsUnderstood(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]responseHead{
		"HTTP/1.1 200 OK\r\n\r\n":                                                       {status: 200, length: -1},
		"HTTP/1.1 200\r\n\r\n":                                                          {status: 200, length: -1},
		"HTTP/1.1 200 \r\n\r\n":                                                         {status: 200, length: -1},
		"HTTP/1.0 404 Not Found\r\n\r\n":                                                {status: 404, length: -1, close: true},
		"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n":                                  {status: 200, length: 5},
		"HTTP/1.1 200 OK\r\nContent-Length:5\t\r\nContent-Length: 05\r\n\r\n":           {status: 200, length: 5},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n":                         {status: 200, length: -1, chunked: true},
		"HTTP/1.1 200 OK\r\nConnection: foo, Close\r\n\r\n":                             {status: 200, length: -1, close: true, named: true},
		"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nX: caf\xe9 \xe4\xbd\xa0\r\n\r\n":  {status: 200, length: -1},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nA:\r\n\r\n": {status: 200, length: -1, chunked: true, trailer: true},
	} {
		var h responseHead
		if err := h.parse([]byte(raw)); err != nil {
			t.Errorf("parse(%q): %v", raw, err)
			continue
		}
		if h.status != want.status || h.length != want.length || h.chunked != want.chunked || h.close != want.close ||
			h.named != want.named || h.trailer != want.trailer {
			t.Errorf("parse(%q) = %+v, want %+v", raw, h, want)
		}
	}
}

func FuzzResponseHead(f *testing.F) {
	for _, raw := range badHeads {
		f.Add([]byte(raw))
	}
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-a: b\r\nX-A: c\r\nConnection: x-a\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h responseHead
		if h.parse(raw) != nil {
			return
		}
		if h.status < 100 || h.status > 599 || h.chunked && h.length >= 0 {
			t.Fatalf("accepted %q as %+v", raw, h)
		}
		dst := http.Header{}
		h.header(dst)
		for name, values := range dst {
			if !grammar.IsToken(name) || hopByHop(name) || name != http.CanonicalHeaderKey(name) {
				t.Fatalf("forwards the name %q of %q", name, raw)
			}
			for _, v := range values {
				if !grammar.IsValue(v) || v != strings.Trim(v, " \t") {
					t.Fatalf("forwards the value %q of %q", v, raw)
				}
			}
		}
	})
}
