package static

import (
	"net/http"
	"slices"
	"time"

	"github.com/berth-project/berth/gateway/compress"
)

// variants are the encodings of precompressed files, smallest usually first,
// with the ending of their names.
var variants = map[string]string{"br": ".br", compress.Zstd: ".zst", compress.Gzip: ".gz"}

// slack is by how much a variant may be older than its file: a build writes them
// in any order.
const slack = 2 * time.Second

// variant returns the precompressed form of f that the client prefers, or f. A
// variant older than the file is left from another build and not used.
func (h *Handler) variant(r *http.Request, f file) file {
	accept := r.Header["Accept-Encoding"]
	offers := []string{"br", compress.Zstd, compress.Gzip}
	for len(offers) > 0 {
		encoding := compress.Negotiate(accept, offers...)
		if encoding == "" {
			return f
		}
		name := f.name + variants[encoding]
		info, err := h.root.stat(name, h.cfg.Now())
		if err == nil && info.Mode().IsRegular() && !info.ModTime().Before(f.info.ModTime().Add(-slack)) {
			return file{name: name, info: info, encoding: encoding}
		}
		offers = slices.DeleteFunc(offers, func(offer string) bool { return offer == encoding })
	}
	return f
}
