package static

import (
	"fmt"
	"net/http"
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
	// not exist, for single-page apps: requests that accept HTML for a last
	// path segment without a dot. Empty means none.
	Fallback string
	// CacheControl are Cache-Control values by path; the first match wins.
	// Without a match the header is not set.
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
	// Error answers what cannot be served; headers that belong to the status
	// (Allow, Content-Range) are set already. Nil means a line of plain text.
	Error func(w http.ResponseWriter, r *http.Request, status int)
}

// CacheRule gives a Cache-Control value to paths.
type CacheRule struct {
	// Match is a pattern for the path below Root: "*" and "?" match within a
	// segment, "**" as a whole segment any number of them. A pattern without a
	// slash is matched against the last segment only.
	Match string
	// Value is the header's value.
	Value string
}

// Handler serves the files of one directory. It is safe for concurrent use.
type Handler struct {
	cfg Config
}

// New returns a handler for cfg. It touches no file.
func New(cfg Config) (*Handler, error) {
	if cfg.Root == "" {
		return nil, fmt.Errorf("static root is empty")
	}
	return &Handler{cfg: cfg}, nil
}

// ServeFile answers r with the file at path: decoded, canonical, relative to
// the root, without a leading slash, a trailing one kept; empty is the root
// itself. What cannot be served goes to [Config.Error].
func (h *Handler) ServeFile(w http.ResponseWriter, r *http.Request, path string) {
	if err := h.Serve(w, r, path); err != nil {
		http.Error(w, http.StatusText(err.Status), err.Status)
	}
}

// Serve is [Handler.ServeFile] for callers that answer errors themselves: with
// a non-nil error nothing has been written.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, path string) *Error {
	return &Error{Status: http.StatusNotFound}
}

// Error says that a path cannot be served.
type Error struct {
	// Status is the HTTP status to answer with.
	Status int
	// Err is the cause; nil for plain absence. Not for the client.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	return http.StatusText(e.Status)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Close releases the directory. Requests being served finish.
func (h *Handler) Close() error { return nil }
