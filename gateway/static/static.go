package static

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// Config says what is served from where. The zero value of every field but
// Root is the careful one.
type Config struct {
	// Root is the directory. Nothing outside of it is ever served, not through
	// a symbolic link either. It need not exist yet when the handler is made:
	// until it does, every path is not found.
	Root string
	// Index are the names looked for in a directory, in order. Nil means
	// "index.html"; empty means none.
	Index []string
	// Listing shows the content of directories that have no index file.
	Listing bool
	// Fallback is a file below Root that answers navigations to paths that do
	// not exist, for single-page apps: requests that accept HTML for a path
	// whose last segment has no dot. Empty means none.
	Fallback string
	// CacheControl are Cache-Control values by path; the first match wins.
	// Without a match the header is not set, save "no-cache" on Fallback.
	CacheControl []CacheRule
	// Immutable sends "public, max-age=31536000, immutable" for names that hold
	// a content hash, such as app.3f2a91bc.js, where no rule matched.
	Immutable bool
	// Precompressed serves name.br, name.zst or name.gz in place of name to
	// clients that accept it, where such a file exists and is not older.
	Precompressed bool
	// Dotfiles serves names that begin with a dot. Without it only the
	// directory .well-known (RFC 8615) at the top is.
	Dotfiles bool
	// FilesOnly finds no directories at all: no index, listing or redirect.
	FilesOnly bool
	// Error answers what cannot be served; headers that belong to the status
	// (Allow, Content-Range) are set already. Nil means a line of plain text.
	Error func(w http.ResponseWriter, r *http.Request, status int)
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Validate reports everything wrong with the configuration. It looks at no
// file.
func (c Config) Validate() error {
	var problems []error
	if c.Root == "" {
		problems = append(problems, errors.New("root is empty"))
	}
	for _, name := range c.Index {
		if !fs.ValidPath(name) || name == "." || strings.Contains(name, "/") {
			problems = append(problems, fmt.Errorf("index %q is not a file name", name))
		}
	}
	if c.Fallback != "" && (!fs.ValidPath(c.Fallback) || c.Fallback == ".") {
		problems = append(problems, fmt.Errorf("fallback %q is not a path below the root", c.Fallback))
	}
	for i, rule := range c.CacheControl {
		if err := rule.validate(); err != nil {
			problems = append(problems, fmt.Errorf("cache rule %d: %w", i+1, err))
		}
	}
	return errors.Join(problems...)
}

// Handler serves the files of one directory. It is safe for concurrent use.
type Handler struct {
	cfg   Config
	root  root
	cache cache
}

// New returns a handler for cfg. It touches no file.
func New(cfg Config) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Index == nil {
		cfg.Index = []string{"index.html"}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Error == nil {
		cfg.Error = plainError
	}
	h := &Handler{cfg: cfg}
	h.root.path = cfg.Root
	h.cache.entries = make(map[string]*entry)
	return h, nil
}

// ServeFile answers r with the file at name: decoded, canonical, relative to
// the root, without a leading slash, a trailing one kept; empty is the root
// itself. What cannot be served goes to [Config.Error].
func (h *Handler) ServeFile(w http.ResponseWriter, r *http.Request, name string) {
	err := h.Serve(w, r, name)
	if refusal, ok := errors.AsType[*Error](err); ok {
		h.cfg.Error(w, r, refusal.Status)
	}
}

// Serve is [Handler.ServeFile] for callers that answer errors themselves. Its
// error is an [*Error]; with one, nothing has been written to w.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, name string) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return &Error{Status: http.StatusMethodNotAllowed}
	}
	trimmed, slash := strings.CutSuffix(name, "/")
	if trimmed == "" {
		slash = slash || strings.HasSuffix(r.URL.Path, "/")
		trimmed = "."
	}
	if !h.visible(trimmed) {
		return notFound(nil)
	}
	err := h.serve(w, r, target{name: trimmed, slash: slash})
	if isNotFound(err) && h.wantsFallback(r, trimmed) {
		return h.serveFallback(w, r)
	}
	return err
}

// Close releases the directory. Requests being served finish; later ones find
// nothing.
func (h *Handler) Close() error { return h.root.close() }

// remembered returns the entry of a file of which there is only one form, if it
// can be served from memory.
func (h *Handler) remembered(name string) *entry {
	if h.cfg.Precompressed && typeOf(name).compressible || h.root.isClosed() {
		return nil
	}
	return h.cache.current(name)
}

// visible reports whether a name may be looked up at all.
func (h *Handler) visible(name string) bool {
	if !fs.ValidPath(name) || strings.ContainsFunc(name, unwelcome) {
		return false
	}
	if h.cfg.Dotfiles || name == "." {
		return true
	}
	rest := name
	if first, after, ok := strings.Cut(name, "/"); ok && first == ".well-known" {
		rest = after
	}
	return rest[0] != '.' && !strings.Contains(rest, "/.")
}

// unwelcome are characters no served name has: controls, and the backslash that
// other systems take for a slash.
func unwelcome(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' }

// target is what a request asks for.
type target struct {
	name  string // valid for fs, "." is the root
	slash bool   // asked for as a directory
}

// serve answers with a file, a directory's index or listing, or a redirect to
// the directory's proper name.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, t target) error {
	if !t.slash {
		if e := h.remembered(t.name); e != nil {
			return h.serveEntry(w, r, e, file{name: t.name})
		}
	}
	info, err := h.root.stat(t.name, h.cfg.Now())
	if err != nil {
		return fromFS(err)
	}
	switch {
	case info.Mode().IsRegular() && !t.slash:
		return h.serveFile(w, r, file{name: t.name, info: info})
	case !info.IsDir() || h.cfg.FilesOnly:
		return notFound(nil)
	case !t.slash:
		redirectToDirectory(w, r, t.name)
		return nil
	}
	for _, index := range h.cfg.Index {
		name := path.Join(t.name, index)
		info, err := h.root.stat(name, h.cfg.Now())
		if err == nil && info.Mode().IsRegular() {
			return h.serveFile(w, r, file{name: name, info: info})
		}
	}
	if h.cfg.Listing {
		return h.serveListing(w, r, t.name)
	}
	return notFound(nil)
}
