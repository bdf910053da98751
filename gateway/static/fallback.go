package static

import (
	"net/http"
	"path"
	"strings"
)

// wantsFallback reports whether a missing path is a page of a single-page app:
// a navigation, which is what asks for HTML, to a name that is not one of a
// file.
func (h *Handler) wantsFallback(r *http.Request, name string) bool {
	if h.cfg.Fallback == "" || strings.Contains(strings.TrimPrefix(path.Base(name), "."), ".") {
		return false
	}
	for _, field := range r.Header["Accept"] {
		for element := range strings.SplitSeq(field, ",") {
			media, params, _ := strings.Cut(element, ";")
			if strings.EqualFold(strings.TrimSpace(media), "text/html") && !refused(params) {
				return true
			}
		}
	}
	return false
}

// refused reports whether parameters give a weight of zero.
func refused(params string) bool {
	weight, ok := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(params, " ", "")), "q=0")
	return ok && strings.Trim(weight, ".0") == ""
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
	addVary(w.Header(), "Accept")
	setDefault(w.Header(), "Cache-Control", h.cacheControl(h.cfg.Fallback))
	setDefault(w.Header(), "Cache-Control", "no-cache")
	return h.serveFile(w, r, file{name: h.cfg.Fallback, info: info})
}
