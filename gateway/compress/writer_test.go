package compress_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/berth-project/berth/gateway/compress"
)

var page = strings.Repeat("<p>all work and no play</p>\n", 200)

// serve runs handler behind a compressing writer on a real connection.
func serve(t *testing.T, cfg compress.Config, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cw := compress.NewWriter(w, r, cfg)
		handler(cw, r)
		if err := cw.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

// do sends a request exactly as given, without the transport's own gzip.
func do(t *testing.T, srv *httptest.Server, method string, header http.Header) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// decode undoes a content coding.
func decode(t *testing.T, encoding string, body []byte) string {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	switch encoding {
	case compress.Gzip:
		zr, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = zr
	case compress.Zstd:
		zr, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(256<<10))
		if err != nil {
			t.Fatal(err)
		}
		defer zr.Close()
		r = zr
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("decode %s: %v", encoding, err)
	}
	return string(out)
}

func TestWriterDecides(t *testing.T) {
	t.Parallel()
	accept := func(v string) http.Header { return http.Header{"Accept-Encoding": {v}} }
	html := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	with := func(name, value string) http.Header {
		h := html.Clone()
		h.Set(name, value)
		return h
	}
	length := strconv.Itoa(len(page))
	tests := []struct {
		name     string
		cfg      compress.Config
		method   string
		request  http.Header
		status   int
		response http.Header
		body     string
		want     string // Content-Encoding
		vary     string
	}{
		{"zstd preferred", compress.Config{}, "GET", accept("gzip, zstd"), 200, html, page, "zstd", "Accept-Encoding"},
		{"gzip", compress.Config{}, "GET", accept("gzip"), 200, html, page, "gzip", "Accept-Encoding"},
		{"known length", compress.Config{}, "GET", accept("gzip"), 200, with("Content-Length", length), page, "gzip", "Accept-Encoding"},
		{"error page", compress.Config{}, "GET", accept("gzip"), 404, html, page, "gzip", "Accept-Encoding"},
		{"post", compress.Config{}, "POST", accept("gzip"), 200, html, page, "gzip", "Accept-Encoding"},
		{"json suffix", compress.Config{}, "GET", accept("gzip"), 200, http.Header{"Content-Type": {"application/problem+json"}}, page, "gzip", "Accept-Encoding"},
		{"level", compress.Config{GzipLevel: 9}, "GET", accept("gzip"), 200, html, page, "gzip", "Accept-Encoding"},
		{"level out of range", compress.Config{GzipLevel: 40}, "GET", accept("gzip"), 200, html, page, "gzip", "Accept-Encoding"},
		{"own types", compress.Config{Types: []string{"application/x-own"}}, "GET", accept("gzip"), 200, http.Header{"Content-Type": {"application/X-Own"}}, page, "gzip", "Accept-Encoding"},
		{"own encodings", compress.Config{Encodings: []string{"gzip"}}, "GET", accept("zstd, gzip"), 200, html, page, "gzip", "Accept-Encoding"},
		{"keeps Vary", compress.Config{}, "GET", accept("gzip"), 200, with("Vary", "Cookie"), page, "gzip", "Cookie, Accept-Encoding"},
		{"does not repeat Vary", compress.Config{}, "GET", accept("gzip"), 200, with("Vary", "accept-encoding"), page, "gzip", "accept-encoding"},
		{"no minimum", compress.Config{MinSize: -1}, "GET", accept("gzip"), 200, html, "x", "gzip", "Accept-Encoding"},

		{"client without", compress.Config{}, "GET", nil, 200, html, page, "", "Accept-Encoding"},
		{"client refuses", compress.Config{}, "GET", accept("*;q=0"), 200, html, page, "", "Accept-Encoding"},
		{"encoding Berth does not make", compress.Config{Encodings: []string{"br"}}, "GET", accept("br"), 200, html, page, "", "Accept-Encoding"},
		{"head", compress.Config{}, "HEAD", accept("gzip"), 200, html, "", "", "Accept-Encoding"},
		{"range asked for", compress.Config{}, "GET", http.Header{"Accept-Encoding": {"gzip"}, "Range": {"bytes=0-"}}, 200, html, page, "", "Accept-Encoding"},
		{"off", compress.Config{Off: true}, "GET", accept("gzip"), 200, html, page, "", ""},
		{"short, unknown length", compress.Config{}, "GET", accept("gzip"), 200, html, "short", "", "Accept-Encoding"},
		{"short, known length", compress.Config{}, "GET", accept("gzip"), 200, with("Content-Length", "5"), "short", "", ""},
		{"other type", compress.Config{}, "GET", accept("gzip"), 200, http.Header{"Content-Type": {"image/png"}}, page, "", ""},
		{"no type", compress.Config{}, "GET", accept("gzip"), 200, http.Header{"Content-Type": nil}, page, "", ""},
		{"event stream", compress.Config{}, "GET", accept("gzip"), 200, http.Header{"Content-Type": {"text/event-stream"}}, page, "", ""},
		{"encoded already", compress.Config{}, "GET", accept("gzip"), 200, with("Content-Encoding", "br"), page, "br", ""},
		{"no-transform", compress.Config{}, "GET", accept("gzip"), 200, with("Cache-Control", "private, no-transform"), page, "", ""},
		{"partial", compress.Config{}, "GET", accept("gzip"), 206, with("Content-Range", "bytes 0-1/2"), page, "", ""},
		{"no content", compress.Config{}, "GET", accept("gzip"), 204, html, "", "", ""},
		{"not modified", compress.Config{}, "GET", accept("gzip"), 304, html, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := serve(t, tt.cfg, func(w http.ResponseWriter, _ *http.Request) {
				for name, values := range tt.response {
					w.Header()[name] = values
				}
				w.WriteHeader(tt.status)
				for chunk := range strings.Lines(tt.body) {
					if _, err := io.WriteString(w, chunk); err != nil {
						t.Error(err)
					}
				}
			})
			resp, body := do(t, srv, tt.method, tt.request)
			if resp.StatusCode != tt.status {
				t.Errorf("status = %d, want %d", resp.StatusCode, tt.status)
			}
			if got := resp.Header.Get("Content-Encoding"); got != tt.want {
				t.Fatalf("Content-Encoding = %q, want %q", got, tt.want)
			}
			if got := strings.Join(resp.Header["Vary"], ", "); got != tt.vary {
				t.Errorf("Vary = %q, want %q", got, tt.vary)
			}
			if got := decode(t, tt.want, body); got != tt.body {
				t.Errorf("body = %d bytes, want %d", len(got), len(tt.body))
			}
		})
	}
}

func TestWriterShortResponseHasItsLength(t *testing.T) {
	t.Parallel()
	srv := serve(t, compress.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "short")
	})
	resp, _ := do(t, srv, "GET", http.Header{"Accept-Encoding": {"gzip"}})
	if resp.ContentLength != 5 {
		t.Errorf("Content-Length = %d, want 5", resp.ContentLength)
	}
}

func TestWriterDescribesTheCompressedRepresentation(t *testing.T) {
	t.Parallel()
	srv := serve(t, compress.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/plain")
		h.Set("Etag", `"v1"`)
		h.Set("Accept-Ranges", "bytes")
		h.Set("Content-Length", strconv.Itoa(len(page)))
		h.Set("Content-Digest", "sha-256=:AAAA:")
		h.Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		io.WriteString(w, page)
	})
	resp, body := do(t, srv, "GET", http.Header{"Accept-Encoding": {"gzip"}})
	for name, want := range map[string]string{
		"Etag": `W/"v1"`, "Accept-Ranges": "", "Content-Digest": "",
		"Last-Modified": "Mon, 02 Jan 2006 15:04:05 GMT",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if resp.ContentLength == int64(len(page)) {
		t.Error("Content-Length is that of the uncompressed page")
	}
	if len(body) >= len(page) {
		t.Errorf("compressed to %d bytes of %d", len(body), len(page))
	}
}

func TestWriterKeepsStrongTagWhenNotCompressing(t *testing.T) {
	t.Parallel()
	srv := serve(t, compress.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Etag", `"v1"`)
		io.WriteString(w, page)
	})
	resp, _ := do(t, srv, "GET", nil)
	if got := resp.Header.Get("Etag"); got != `"v1"` {
		t.Errorf("Etag = %q, want the strong one", got)
	}
}

func TestWriterRevalidationCarriesTheTagTheClientHas(t *testing.T) {
	t.Parallel()
	for ask, want := range map[string]string{`W/"v1"`: `W/"v1"`, `"v1"`: `"v1"`, `"v0", W/"v1"`: `W/"v1"`, "*": `"v1"`} {
		srv := serve(t, compress.Config{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Etag", `"v1"`)
			w.WriteHeader(http.StatusNotModified)
		})
		resp, _ := do(t, srv, "GET", http.Header{"If-None-Match": {ask}})
		if got := resp.Header.Get("Etag"); got != want {
			t.Errorf("304 to If-None-Match: %s has Etag %s, want %s", ask, got, want)
		}
	}
}

func TestWriterFlushSendsWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{compress.Gzip, compress.Zstd} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			read := make(chan struct{})
			srv := serve(t, compress.Config{}, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				io.WriteString(w, "first")
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				select {
				case <-read:
				case <-r.Context().Done():
				}
				io.WriteString(w, " second")
			})
			req, _ := http.NewRequestWithContext(t.Context(), "GET", srv.URL, nil)
			req.Header.Set("Accept-Encoding", encoding)
			resp, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got := resp.Header.Get("Content-Encoding"); got != encoding {
				t.Fatalf("Content-Encoding = %q, want %q", got, encoding)
			}
			var r io.Reader
			if encoding == compress.Gzip {
				r, err = gzip.NewReader(resp.Body)
			} else {
				r, err = zstd.NewReader(resp.Body, zstd.WithDecoderConcurrency(1))
			}
			if err != nil {
				t.Fatal(err)
			}
			first := make([]byte, 5)
			if _, err := io.ReadFull(r, first); err != nil || string(first) != "first" {
				t.Fatalf("before the second write: %q, %v", first, err)
			}
			close(read)
			rest, err := io.ReadAll(r)
			if err != nil || string(rest) != " second" {
				t.Errorf("rest = %q, %v", rest, err)
			}
		})
	}
}

func TestWriterInformationalResponsesPass(t *testing.T) {
	t.Parallel()
	srv := serve(t, compress.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, page)
	})
	resp, body := do(t, srv, "GET", http.Header{"Accept-Encoding": {"gzip"}})
	if resp.StatusCode != http.StatusTeapot || decode(t, "gzip", body) != page {
		t.Errorf("status %d after early hints, want 418 with the page", resp.StatusCode)
	}
}

// readerFromRecorder notes that the body came by ReadFrom.
type readerFromRecorder struct {
	*httptest.ResponseRecorder
	src io.Reader
}

func (w *readerFromRecorder) ReadFrom(src io.Reader) (int64, error) {
	w.src = src
	return io.Copy(w.ResponseRecorder, src)
}

func TestWriterReadFromPassesTheFileOn(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "page")
	if err := os.WriteFile(name, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for contentType, passed := range map[string]bool{"image/png": true, "text/plain": false} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rec := &readerFromRecorder{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := compress.NewWriter(rec, r, compress.Config{})
		w.Header().Set("Content-Type", contentType)
		if n, err := w.ReadFrom(f); err != nil || n != int64(len(page)) {
			t.Errorf("ReadFrom() = %d, %v", n, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if got := rec.src == io.Reader(f); got != passed {
			t.Errorf("%s: the file itself reached the connection: %v, want %v", contentType, got, passed)
		}
		if got := decode(t, rec.Header().Get("Content-Encoding"), rec.Body.Bytes()); got != page {
			t.Errorf("%s: body of %d bytes, want %d", contentType, len(got), len(page))
		}
	}
}

func TestWriterAbortLeavesTheStreamUnfinished(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := compress.NewWriter(rec, r, compress.Config{})
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, page)
	w.Flush()
	w.Abort()
	zr, err := gzip.NewReader(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(zr); err == nil {
		t.Error("the aborted stream looks complete")
	}
	if _, err := w.Write([]byte("late")); err == nil {
		t.Error("Write after Abort succeeded")
	}
}

func BenchmarkWriter(b *testing.B) {
	body := []byte(page)
	for _, encoding := range []string{"identity", compress.Gzip, compress.Zstd} {
		b.Run(encoding, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept-Encoding", encoding)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				w := compress.NewWriter(discard{http.Header{"Content-Type": {"text/html"}}}, r, compress.Config{})
				w.Write(body)
				w.Close()
			}
		})
	}
}

// discard is a ResponseWriter without a reader.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
