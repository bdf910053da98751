package static

import (
	"net/http"
	"path"
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

// wantsFallback reports whether a missing path is a page of a single-page app:
// a navigation, which is what asks for HTML, to a name that is not one of a
// file.
func (h *Handler) wantsFallback(r *http.Request, name string) bool {
	if h.cfg.Fallback == "" || strings.Contains(strings.TrimPrefix(path.Base(name), "."), ".") {
		return false
	}
	for _, line := range r.Header["Accept"] {
		for element := range strings.SplitSeq(line, ",") {
			if kind, weight := grammar.MediaRange(element); kind == "text/html" && weight > 0 {
				return true
			}
		}
	}
	return false
}

// serveFallback answers with the app's page, which has to be asked for again
// each time: it names the scripts of one build.
func (h *Handler) serveFallback(w http.ResponseWriter, r *http.Request) error {
	info, err := h.root.stat(h.cfg.Fallback, h.cfg.Now())
	if err != nil {
		return fromFS(err)
	}
	if !info.Mode().IsRegular() {
		return notFound(nil)
	}
	grammar.AddVary(w.Header(), "Accept")
	setDefault(w.Header(), "Cache-Control", h.cacheControl(h.cfg.Fallback))
	setDefault(w.Header(), "Cache-Control", "no-cache")
	return h.serveFile(w, r, file{name: h.cfg.Fallback, info: info})
}
