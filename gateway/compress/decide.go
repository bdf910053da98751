package compress

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

// decide returns the encoding for a response with this status, "" for none,
// and says in Vary that another client might have got another one.
func (w *Writer) decide(status int) string {
	if w.cfg.Off {
		return ""
	}
	if status == http.StatusNotModified {
		w.weakenRevalidated()
		return ""
	}
	if !w.eligible(status) {
		return ""
	}
	grammar.AddVary(w.Header(), "Accept-Encoding")
	if w.r.Method == http.MethodHead || len(w.r.Header["Range"]) > 0 {
		return ""
	}
	return w.cfg.choose(w.r.Header["Accept-Encoding"])
}

// eligible reports whether the response, whoever asks for it, is one that is
// compressed: not where Cache-Control forbids another encoding (RFC 9111
// §5.2.2.6).
func (w *Writer) eligible(status int) bool {
	if status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusPartialContent {
		return false
	}
	h := w.Header()
	if len(h["Content-Encoding"]) > 0 || len(h["Content-Range"]) > 0 || grammar.HasToken(h["Cache-Control"], "no-transform") {
		return false
	}
	if n := w.declaredLength(); n == 0 || n > 0 && n < int64(w.cfg.minSize()) {
		return false
	}
	kind := h["Content-Type"]
	return len(kind) > 0 && compressible(w.cfg.Types, kind[0])
}

// declaredLength is the response's Content-Length, -1 when it does not say.
func (w *Writer) declaredLength() int64 {
	declared := w.Header()["Content-Length"]
	if len(declared) == 0 {
		return -1
	}
	n, err := strconv.ParseInt(declared[0], 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// weakenRevalidated gives a 304 the weak form of its tag when that is the form
// the client asked with: a cache updates the stored response by it (RFC 9111
// §4.3.4).
func (w *Writer) weakenRevalidated() {
	tag := w.Header().Get("Etag")
	if !strings.HasPrefix(tag, `"`) {
		return
	}
	for _, field := range w.r.Header["If-None-Match"] {
		if strings.Contains(field, "W/"+tag) {
			w.Header().Set("Etag", "W/"+tag)
			grammar.AddVary(w.Header(), "Accept-Encoding")
			return
		}
	}
}
