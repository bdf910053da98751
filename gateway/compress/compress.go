package compress

import "net/http"

// Encoding names Berth can produce, as they stand in Accept-Encoding and
// Content-Encoding (RFC 9110 §8.4.1, RFC 8878).
const (
	Gzip = "gzip"
	Zstd = "zstd"
)

// Defaults of [Config].
const (
	DefaultMinSize   = 1 << 10
	DefaultGzipLevel = 5
)

// Config says what is compressed and how. The zero value compresses the
// default types with the default encodings.
type Config struct {
	// Off turns compression off. A service whose pages hold a secret beside
	// text an attacker chooses (BREACH) wants it off, or answers such pages
	// with "Cache-Control: no-transform".
	Off bool
	// Types are media types to compress: "application/json", "text/*" or
	// "*+json". Parameters of the response's type are ignored. Nil means
	// [DefaultTypes].
	Types []string
	// Encodings are the encodings offered, most preferred first; among those a
	// client accepts with the same weight the first wins. Nil means zstd, gzip.
	Encodings []string
	// MinSize is the length in bytes below which a response is sent as it is.
	// Default 1 KiB; negative means no minimum.
	MinSize int
	// GzipLevel is 1 (fast) to 9 (small). Default 5.
	GzipLevel int
}

// NewWriter returns a writer for the answer to r. The caller must call
// [Writer.Close] when the handler has returned.
func NewWriter(w http.ResponseWriter, r *http.Request, cfg Config) *Writer {
	return &Writer{w: w, r: r, cfg: cfg}
}

// Writer is an http.ResponseWriter that compresses what passes through it when
// the request and the response allow it.
type Writer struct {
	w   http.ResponseWriter
	r   *http.Request
	cfg Config
}

// Close ends the response.
func (w *Writer) Close() error { return nil }

// Header implements http.ResponseWriter.
func (w *Writer) Header() http.Header { return w.w.Header() }

// WriteHeader implements http.ResponseWriter.
func (w *Writer) WriteHeader(status int) { w.w.WriteHeader(status) }

// Write implements http.ResponseWriter.
func (w *Writer) Write(p []byte) (int, error) { return w.w.Write(p) }

// Unwrap serves http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.w }
