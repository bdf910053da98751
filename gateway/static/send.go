package static

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

// maxRanges bounds the ranges of one request; asking for more gets the whole
// file, as RFC 9110 §14.2 allows.
const maxRanges = 16

// Values that are the same for every response. They are shared: nobody may
// write into a header's values in place.
var (
	nosniff      = []string{"nosniff"}
	acceptRanges = []string{"bytes"}
)

// file is what has been decided to be sent.
type file struct {
	name     string // below the root
	info     fs.FileInfo
	encoding string // Content-Encoding, of a precompressed variant
	headOnly bool   // the content is not wanted
	opened   *os.File
}

// serveFile sends a file, or the precompressed variant the client prefers.
func (h *Handler) serveFile(w http.ResponseWriter, r *http.Request, f file) error {
	sent, negotiated := f, h.cfg.Precompressed && typeOf(f.name).compressible
	if negotiated {
		sent = h.variant(r, f)
	}
	sent.headOnly = r.Method == http.MethodHead
	e, opened, err := h.load(sent)
	if err != nil {
		return err
	}
	if opened != nil {
		defer opened.Close()
	}
	if negotiated {
		grammar.AddVary(w.Header(), "Accept-Encoding")
	}
	if sent.encoding != "" {
		w.Header().Set("Content-Encoding", sent.encoding)
	}
	f.opened = opened
	return h.serveEntry(w, r, e, f)
}

// serveEntry sends a file of which everything is known.
func (h *Handler) serveEntry(w http.ResponseWriter, r *http.Request, e *entry, f file) error {
	header := w.Header()
	if len(header["Content-Type"]) == 0 {
		header["Content-Type"] = typeOf(f.name).values
	}
	setDefault(header, "Cache-Control", h.cacheControl(f.name))
	e.describe(header)
	if conditional(r) {
		return sendConditional(w, r, e, f.opened)
	}
	sendWhole(w, r, e, f.opened)
	return nil
}

// describe sets the fields that belong to the representation.
func (e *entry) describe(header http.Header) {
	header["X-Content-Type-Options"] = nosniff
	header["Accept-Ranges"] = acceptRanges
	header["Etag"] = e.etag
	if e.modified != nil {
		header["Last-Modified"] = e.modified
	}
}

// sendWhole answers with all of a file. An error of the body can only be the
// client's going away, or a file that shrank: the server sees that bytes are
// missing and closes the connection.
func sendWhole(w http.ResponseWriter, r *http.Request, e *entry, opened *os.File) {
	w.Header()["Content-Length"] = e.length
	w.WriteHeader(http.StatusOK)
	switch {
	case r.Method == http.MethodHead:
	case e.body != nil:
		_, _ = w.Write(e.body)
	default:
		_, _ = io.CopyN(w, opened, e.stamp.size)
	}
}

// conditional reports whether the request needs more than the whole file.
func conditional(r *http.Request) bool {
	for _, name := range []string{"Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"} {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// sendConditional answers a request with preconditions or ranges (RFC 9110 §13
// and §14).
func sendConditional(w http.ResponseWriter, r *http.Request, e *entry, opened *os.File) error {
	var content io.ReadSeeker
	switch {
	case e.body != nil:
		content = bytes.NewReader(e.body)
	case opened != nil:
		content = opened
	default:
		content = &sized{size: e.stamp.size} // HEAD: only the length is asked for
	}
	cw := &contentWriter{ResponseWriter: w, entry: e}
	http.ServeContent(cw, withSaneRange(r), "", e.modTime, content)
	if cw.refused == 0 {
		return nil
	}
	for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Length", "Cache-Control", "Etag", "Last-Modified"} {
		w.Header().Del(name)
	}
	return &Error{Status: cw.refused}
}

// withSaneRange returns r without its Range field where that is to be ignored:
// on anything but GET (RFC 9110 §14.2), and where it asks for too many pieces.
func withSaneRange(r *http.Request) *http.Request {
	fields := r.Header["Range"]
	if len(fields) == 0 || len(fields) == 1 && r.Method == http.MethodGet && strings.Count(fields[0], ",") < maxRanges {
		return r
	}
	clone := *r
	clone.Header = r.Header.Clone()
	clone.Header.Del("Range")
	return &clone
}

// contentWriter stands between http.ServeContent and the response: it adds the
// length that ServeContent leaves out of encoded responses, and keeps its plain
// text errors from being written.
type contentWriter struct {
	http.ResponseWriter
	entry   *entry
	refused int
}

// WriteHeader implements http.ResponseWriter.
func (w *contentWriter) WriteHeader(status int) {
	if status >= 400 {
		w.refused = status
		return
	}
	if status == http.StatusOK {
		w.Header()["Content-Length"] = w.entry.length
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *contentWriter) Write(p []byte) (int, error) {
	if w.refused != 0 {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// ReadFrom implements io.ReaderFrom, for sendfile.
func (w *contentWriter) ReadFrom(src io.Reader) (int64, error) {
	if rf, ok := w.ResponseWriter.(io.ReaderFrom); ok && w.refused == 0 {
		return rf.ReadFrom(src)
	}
	return io.Copy(struct{ io.Writer }{w}, src)
}

// Unwrap serves http.ResponseController.
func (w *contentWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// sized is content of which only the size matters.
type sized struct{ size, at int64 }

// Seek implements io.Seeker for the two seeks that measure a length.
func (s *sized) Seek(offset int64, whence int) (int64, error) {
	s.at = offset
	if whence == io.SeekEnd {
		s.at += s.size
	}
	return s.at, nil
}

// Read implements io.Reader.
func (s *sized) Read([]byte) (int, error) { return 0, io.EOF }

// redirectToDirectory sends the client to the name with a slash. The reference
// is relative and starts with "./", so that neither a port, a host nor a name
// such as "a:b" can turn it into another address.
func redirectToDirectory(w http.ResponseWriter, r *http.Request, name string) {
	last := path.Base(name)
	if name == "." {
		last = path.Base(r.URL.Path)
	}
	location := "./" + url.PathEscape(last) + "/"
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// setDefault sets a field the caller has not set.
func setDefault(h http.Header, name, value string) {
	if value != "" && len(h[name]) == 0 {
		h[name] = []string{value}
	}
}
