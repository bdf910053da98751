package static_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/gateway/static"
)

// tree writes files below a new directory and returns it. A name that ends in a
// slash is a directory.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		full := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(full, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// serve serves cfg below /s/ on a real connection.
func serve(t testing.TB, cfg static.Config) (*static.Handler, *httptest.Server) {
	t.Helper()
	h, err := static.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeFile(w, r, strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/s"), "/"))
	}))
	t.Cleanup(func() {
		srv.Close()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, srv
}

// fetch sends a request and returns the response with its body read. Redirects
// are not followed; header is name, value, name, value…
func fetch(t testing.TB, srv *httptest.Server, method, target string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
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
	return resp, string(body)
}

// later is a clock by which files written in the test were left alone.
func later() time.Time { return time.Now().Add(time.Minute) }

func TestServeFile(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0123456789abcdef", 100_000) // above what is hashed
	middle := strings.Repeat("0123456789", 10_000)     // above what is kept in memory
	root := tree(t, map[string]string{
		"app.css": "body{}", "page.html": "<p>", "empty.txt": "", "noending": "x", "UPPER.PNG": "png",
		"dir/index.html": "index of dir", "dir/sub/": "", "bare/file.txt": "bare", "big.bin": big, "middle.bin": middle,
		".env": "SECRET=1", ".git/config": "secret", "dir/.hidden": "secret", ".well-known/security.txt": "Contact:",
		".well-known/.hidden": "secret", "name with space & ünï.txt": "odd", "a:b/index.html": "colon",
	})
	tests := []struct {
		name, method, target string
		header               []string
		status               int
		body                 string
		want                 map[string]string // header fields
	}{
		{"file", "GET", "/s/app.css", nil, 200, "body{}", map[string]string{
			"Content-Type": "text/css; charset=utf-8", "Content-Length": "6", "X-Content-Type-Options": "nosniff",
			"Accept-Ranges": "bytes", "Cache-Control": "", "Vary": "", "Content-Encoding": "",
		}},
		{"html is told not to be sniffed", "GET", "/s/page.html", nil, 200, "<p>", map[string]string{"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff"}},
		{"empty file", "GET", "/s/empty.txt", nil, 200, "", map[string]string{"Content-Length": "0"}},
		{"unknown ending", "GET", "/s/noending", nil, 200, "x", map[string]string{"Content-Type": "application/octet-stream"}},
		{"ending in capitals", "GET", "/s/UPPER.PNG", nil, 200, "png", map[string]string{"Content-Type": "image/png"}},
		{"odd name", "GET", "/s/name%20with%20space%20&%20%C3%BCn%C3%AF.txt", nil, 200, "odd", nil},
		{"middle file", "GET", "/s/middle.bin", nil, 200, middle, map[string]string{"Content-Length": "100000"}},
		{"big file", "GET", "/s/big.bin", nil, 200, big, map[string]string{"Content-Length": "1600000"}},
		{"head", "HEAD", "/s/app.css", nil, 200, "", map[string]string{"Content-Length": "6", "Content-Type": "text/css; charset=utf-8"}},
		{"head of a big file", "HEAD", "/s/big.bin", nil, 200, "", map[string]string{"Content-Length": "1600000"}},
		{"index", "GET", "/s/dir/", nil, 200, "index of dir", map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		{"well-known", "GET", "/s/.well-known/security.txt", nil, 200, "Contact:", nil},

		{"directory without slash", "GET", "/s/dir", nil, 308, "", map[string]string{"Location": "./dir/"}},
		{"directory without slash, query", "GET", "/s/dir?a=b&c", nil, 308, "", map[string]string{"Location": "./dir/?a=b&c"}},
		{"directory named like a scheme", "GET", "/s/a:b", nil, 308, "", map[string]string{"Location": "./a:b/"}},
		{"root without slash", "GET", "/s", nil, 308, "", map[string]string{"Location": "./s/"}},
		{"directory without index", "GET", "/s/bare/", nil, 404, "Not Found\n", nil},
		{"file as directory", "GET", "/s/app.css/", nil, 404, "Not Found\n", nil},
		{"below a file", "GET", "/s/app.css/x", nil, 404, "Not Found\n", nil},
		{"missing", "GET", "/s/missing.css", nil, 404, "Not Found\n", map[string]string{"Etag": "", "Last-Modified": "", "Content-Encoding": ""}},
		{"missing in a missing directory", "GET", "/s/no/such", nil, 404, "Not Found\n", nil},
		{"post", "POST", "/s/app.css", nil, 405, "Method Not Allowed\n", map[string]string{"Allow": "GET, HEAD"}},
		{"delete", "DELETE", "/s/app.css", nil, 405, "Method Not Allowed\n", map[string]string{"Allow": "GET, HEAD"}},
		{"options", "OPTIONS", "/s/app.css", nil, 405, "Method Not Allowed\n", nil},

		{"dotfile", "GET", "/s/.env", nil, 404, "Not Found\n", nil},
		{"dot directory", "GET", "/s/.git/config", nil, 404, "Not Found\n", nil},
		{"dot directory itself", "GET", "/s/.git", nil, 404, "Not Found\n", nil},
		{"dotfile below", "GET", "/s/dir/.hidden", nil, 404, "Not Found\n", nil},
		{"dotfile in well-known", "GET", "/s/.well-known/.hidden", nil, 404, "Not Found\n", nil},

		{"range", "GET", "/s/middle.bin", []string{"Range", "bytes=10-19"}, 206, "0123456789", map[string]string{"Content-Range": "bytes 10-19/100000", "Content-Length": "10"}},
		{"range of the end", "GET", "/s/app.css", []string{"Range", "bytes=-2"}, 206, "{}", map[string]string{"Content-Range": "bytes 4-5/6"}},
		{"range of a big file", "GET", "/s/big.bin", []string{"Range", "bytes=1599998-"}, 206, "ef", nil},
		{"range outside", "GET", "/s/app.css", []string{"Range", "bytes=100-"}, 416, "Requested Range Not Satisfiable\n", map[string]string{"Content-Range": "bytes */6", "Etag": ""}},
		{"range in other units", "GET", "/s/app.css", []string{"Range", "lines=1-2"}, 416, "Requested Range Not Satisfiable\n", nil},
		{"too many ranges", "GET", "/s/middle.bin", []string{"Range", "bytes=" + strings.Repeat("1-1,", 30) + "2-2"}, 200, middle, nil},
		{"range on head", "HEAD", "/s/app.css", []string{"Range", "bytes=0-1"}, 200, "", map[string]string{"Content-Length": "6"}},
		{"if-range with another tag", "GET", "/s/app.css", []string{"Range", "bytes=0-1", "If-Range", `"other"`}, 200, "body{}", nil},
		{"if-match with another tag", "GET", "/s/app.css", []string{"If-Match", `"other"`}, 412, "Precondition Failed\n", nil},
		{"if-none-match with another tag", "GET", "/s/app.css", []string{"If-None-Match", `"other"`}, 200, "body{}", map[string]string{"Content-Length": "6"}},
		{"modified since long ago", "GET", "/s/app.css", []string{"If-Modified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"}, 200, "body{}", nil},
		{"unmodified since long ago", "GET", "/s/app.css", []string{"If-Unmodified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"}, 412, "Precondition Failed\n", nil},
	}
	for _, clock := range []struct {
		name string
		now  func() time.Time
	}{{"fresh", time.Now}, {"settled", later}} {
		_, srv := serve(t, static.Config{Root: root, Now: clock.now})
		for _, tt := range tests {
			t.Run(clock.name+"/"+tt.name, func(t *testing.T) {
				for range 2 { // the second time from memory
					resp, body := fetch(t, srv, tt.method, tt.target, tt.header...)
					if resp.StatusCode != tt.status || body != tt.body {
						t.Fatalf("%s %s = %d with %d bytes, want %d with %d", tt.method, tt.target, resp.StatusCode, len(body), tt.status, len(tt.body))
					}
					for name, want := range tt.want {
						if got := resp.Header.Get(name); got != want {
							t.Errorf("%s = %q, want %q", name, got, want)
						}
					}
				}
			})
		}
	}
}

func TestServeFileRefusesNamesThatAreNotCanonical(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{"public/app.css": "x", "secret.txt": "secret", "public/a/b": "x"})
	h, err := static.New(static.Config{Root: filepath.Join(root, "public"), Listing: true, Dotfiles: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for _, name := range []string{
		"..", "../", "../secret.txt", "a/../../secret.txt", "a/../app.css", "./app.css", "a/./b", "/etc/passwd", "//etc/passwd",
		"a//b", "a\x00", "app.css\x00.png", "..\\secret.txt", "a\\b", "app.css\n", "\xff", "a/b/..", ".", "./", "../public/app.css",
		strings.Repeat("a/", 5000) + "b", strings.Repeat("a", 5000),
	} {
		w := httptest.NewRecorder()
		h.ServeFile(w, httptest.NewRequest("GET", "/", nil), name)
		if name == "." || name == "./" { // the root itself by another name
			continue
		}
		if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("ServeFile(%q) = %d %q, want 404", name, w.Code, w.Body)
		}
	}
}

func TestServeFileRefusesLinksThatLeave(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{"public/app.css": "x", "secret.txt": "secret", "private/key": "secret"})
	public := filepath.Join(root, "public")
	for name, to := range map[string]string{
		"absolute": filepath.Join(root, "secret.txt"), "relative": "../secret.txt", "directory": "../private",
		"passwd": "/etc/passwd", "loop": "loop", "inside": "app.css",
	} {
		if err := os.Symlink(to, filepath.Join(public, name)); err != nil {
			t.Fatal(err)
		}
	}
	_, srv := serve(t, static.Config{Root: public})
	for _, target := range []string{"/s/absolute", "/s/relative", "/s/directory/key", "/s/directory/", "/s/passwd", "/s/loop"} {
		if resp, body := fetch(t, srv, "GET", target); resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s = %d %q, want 404", target, resp.StatusCode, body)
		}
	}
	if resp, body := fetch(t, srv, "GET", "/s/inside"); resp.StatusCode != http.StatusOK || body != "x" {
		t.Errorf("a link within the root = %d %q, want the file", resp.StatusCode, body)
	}
}

func TestRememberedFileIsNotServedAfterItsPathLeadsOut(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{"public/d/f.txt": "public", "private/f.txt": "secret", "private/d/f.txt": "secret"})
	public := filepath.Join(root, "public")
	_, srv := serve(t, static.Config{Root: public, Now: later})
	for range 2 {
		if _, body := fetch(t, srv, "GET", "/s/d/f.txt"); body != "public" {
			t.Fatalf("body = %q", body)
		}
	}
	swap := func(name, to string) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(public, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(public, name)); err != nil {
			t.Fatal(err)
		}
	}
	swap("d/f.txt", "../../private/f.txt")
	if resp, body := fetch(t, srv, "GET", "/s/d/f.txt"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("file replaced by a link that leaves = %d %q, want 404", resp.StatusCode, body)
	}
	swap("d", "../private/d")
	if resp, body := fetch(t, srv, "GET", "/s/d/f.txt"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("directory replaced by a link that leaves = %d %q, want 404", resp.StatusCode, body)
	}
}

func TestClosedHandlerFindsNothing(t *testing.T) {
	t.Parallel()
	h, err := static.New(static.Config{Root: tree(t, map[string]string{"f.txt": "x"}), Now: later})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusNotFound} {
		if want == http.StatusNotFound {
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
		}
		w := httptest.NewRecorder()
		h.ServeFile(w, httptest.NewRequest("GET", "/", nil), "f.txt")
		if w.Code != want {
			t.Errorf("status = %d, want %d", w.Code, want)
		}
	}
}

func TestMultipleRanges(t *testing.T) {
	t.Parallel()
	_, srv := serve(t, static.Config{Root: tree(t, map[string]string{"f.txt": "0123456789"})})
	resp, body := fetch(t, srv, "GET", "/s/f.txt", "Range", "bytes=0-1,5-6")
	if resp.StatusCode != http.StatusPartialContent || !strings.HasPrefix(resp.Header.Get("Content-Type"), "multipart/byteranges") {
		t.Fatalf("status %d, type %q", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	for _, want := range []string{"bytes 0-1/10", "bytes 5-6/10", "\r\n01\r\n", "\r\n56\r\n"} {
		if !strings.Contains(body, want) {
			t.Errorf("body lacks %q", want)
		}
	}
}

func TestRevalidation(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{"small.css": "body{}", "big.bin": strings.Repeat("x", 2<<20)})
	_, srv := serve(t, static.Config{Root: root, Now: later})
	for _, name := range []string{"small.css", "big.bin"} {
		first, _ := fetch(t, srv, "GET", "/s/"+name)
		tag, modified := first.Header.Get("Etag"), first.Header.Get("Last-Modified")
		if !strings.HasPrefix(tag, `"`) || modified == "" {
			t.Fatalf("%s: Etag %s, Last-Modified %q: want a strong tag and a time", name, tag, modified)
		}
		for _, header := range [][]string{
			{"If-None-Match", tag},
			{"If-None-Match", "W/" + tag},
			{"If-None-Match", `"other", ` + tag},
			{"If-None-Match", "*"},
			{"If-Modified-Since", modified},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				resp, body := fetch(t, srv, method, "/s/"+name, header...)
				if resp.StatusCode != http.StatusNotModified || body != "" || resp.Header.Get("Etag") != tag {
					t.Errorf("%s %s with %s = %d, %d bytes, Etag %s", method, name, header, resp.StatusCode, len(body), resp.Header.Get("Etag"))
				}
			}
		}
		if resp, body := fetch(t, srv, "GET", "/s/"+name, "Range", "bytes=0-0", "If-Range", tag); resp.StatusCode != http.StatusPartialContent || len(body) != 1 {
			t.Errorf("%s: If-Range with the tag = %d", name, resp.StatusCode)
		}
	}
}

func TestTagFollowsContentEvenWhenTimesDoNot(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{"a.txt": "one"})
	name := filepath.Join(root, "a.txt")
	epoch := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(name, epoch, epoch); err != nil {
		t.Fatal(err)
	}
	_, srv := serve(t, static.Config{Root: root})
	first, _ := fetch(t, srv, "GET", "/s/a.txt")
	if err := os.WriteFile(name, []byte("two"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, epoch, epoch); err != nil {
		t.Fatal(err)
	}
	second, body := fetch(t, srv, "GET", "/s/a.txt")
	if body != "two" || first.Header.Get("Etag") == second.Header.Get("Etag") {
		t.Errorf("after a change: %q, tags %s and %s", body, first.Header.Get("Etag"), second.Header.Get("Etag"))
	}
}

func TestTagIsTheSameOnEveryMachine(t *testing.T) {
	t.Parallel()
	var tags []string
	for range 2 {
		_, srv := serve(t, static.Config{Root: tree(t, map[string]string{"a.txt": "one"})})
		resp, _ := fetch(t, srv, "GET", "/s/a.txt")
		tags = append(tags, resp.Header.Get("Etag"))
	}
	if tags[0] != tags[1] || tags[0] == "" {
		t.Errorf("tags of the same content in two directories: %s and %s", tags[0], tags[1])
	}
}

func TestBigFileJustChangedHasAWeakTag(t *testing.T) {
	t.Parallel()
	_, srv := serve(t, static.Config{Root: tree(t, map[string]string{"big.bin": strings.Repeat("x", 2<<20)})})
	resp, _ := fetch(t, srv, "HEAD", "/s/big.bin")
	if tag := resp.Header.Get("Etag"); !strings.HasPrefix(tag, `W/"`) {
		t.Errorf("Etag = %s, want a weak one", tag)
	}
}

func TestChangesAreSeenAtOnce(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{"a.txt": "one"})
	name := filepath.Join(root, "a.txt")
	_, srv := serve(t, static.Config{Root: root, Now: later}) // so that "one" is remembered
	fetch(t, srv, "GET", "/s/a.txt")
	for _, content := range []string{"longer content", "", strings.Repeat("x", 64<<10)} {
		if err := os.WriteFile(name+".new", []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name+".new", name); err != nil {
			t.Fatal(err)
		}
		if _, body := fetch(t, srv, "GET", "/s/a.txt"); body != content {
			t.Errorf("after a change: %d bytes, want %d", len(body), len(content))
		}
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if resp, _ := fetch(t, srv, "GET", "/s/a.txt"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("after removal: %d", resp.StatusCode)
	}
}

func TestRootMayComeLateAndBeReplaced(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	root := filepath.Join(parent, "public")
	_, srv := serve(t, static.Config{Root: root})
	if resp, _ := fetch(t, srv, "GET", "/s/a.txt"); resp.StatusCode != http.StatusNotFound {
		t.Fatalf("without the directory: %d, want 404", resp.StatusCode)
	}
	write := func(dir, name, content string) {
		t.Helper()
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(root, "a.txt", "first build")
	if _, body := fetch(t, srv, "GET", "/s/a.txt"); body != "first build" {
		t.Fatalf("after the directory came: %q", body)
	}
	write(filepath.Join(parent, "next"), "b.txt", "second build")
	if err := os.Rename(root, filepath.Join(parent, "old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(parent, "next"), root); err != nil {
		t.Fatal(err)
	}
	if _, body := fetch(t, srv, "GET", "/s/b.txt"); body != "second build" {
		t.Errorf("after a new directory took its place: %q", body)
	}
	if resp, _ := fetch(t, srv, "GET", "/s/a.txt"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a file of the old directory: %d, want 404", resp.StatusCode)
	}
}

func TestPrecompressed(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{
		"app.js": "plain script", "app.js.br": "br script", "app.js.zst": "zst script", "app.js.gz": "gz script",
		"only.css": "plain style", "only.css.gz": "gz style", "none.js": "no variant",
		"pic.png": "png", "pic.png.gz": "never", "stale.js": "new", "stale.js.gz": "old",
	})
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(root, "stale.js.gz"), past, past); err != nil {
		t.Fatal(err)
	}
	_, srv := serve(t, static.Config{Root: root, Precompressed: true})
	tests := []struct{ name, target, accept, body, encoding, vary string }{
		{"smallest first", "/s/app.js", "gzip, deflate, br, zstd", "br script", "br", "Accept-Encoding"},
		{"weight decides", "/s/app.js", "br;q=0.1, zstd;q=0.2, gzip;q=0.9", "gz script", "gzip", "Accept-Encoding"},
		{"zstd", "/s/app.js", "gzip, zstd", "zst script", "zstd", "Accept-Encoding"},
		{"refused", "/s/app.js", "br;q=0, gzip;q=0, zstd;q=0", "plain script", "", "Accept-Encoding"},
		{"not asked for", "/s/app.js", "", "plain script", "", "Accept-Encoding"},
		{"the one there is", "/s/only.css", "br, gzip", "gz style", "gzip", "Accept-Encoding"},
		{"none there", "/s/none.js", "br, gzip", "no variant", "", "Accept-Encoding"},
		{"older than the file", "/s/stale.js", "gzip", "new", "", "Accept-Encoding"},
		{"type not worth it", "/s/pic.png", "gzip", "png", "", ""},
		{"asked for by name", "/s/app.js.gz", "gzip", "gz script", "", ""},
	}
	tags := map[string]string{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := fetch(t, srv, "GET", tt.target, "Accept-Encoding", tt.accept)
			if body != tt.body || resp.Header.Get("Content-Encoding") != tt.encoding || resp.Header.Get("Vary") != tt.vary {
				t.Fatalf("%q, Content-Encoding %q, Vary %q; want %q, %q, %q", body, resp.Header.Get("Content-Encoding"), resp.Header.Get("Vary"), tt.body, tt.encoding, tt.vary)
			}
			if tt.target == "/s/app.js" {
				if other, ok := tags[resp.Header.Get("Etag")]; ok && other != tt.body {
					t.Errorf("%q and %q share a tag", other, tt.body)
				}
				tags[resp.Header.Get("Etag")] = tt.body
				if got := resp.Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
					t.Errorf("Content-Type = %q", got)
				}
			}
		})
	}
	resp, body := fetch(t, srv, "GET", "/s/app.js", "Accept-Encoding", "br", "Range", "bytes=0-1")
	if resp.StatusCode != http.StatusPartialContent || body != "br" || resp.Header.Get("Content-Range") != "bytes 0-1/9" {
		t.Errorf("range of a variant = %d %q %q", resp.StatusCode, body, resp.Header.Get("Content-Range"))
	}
	resp, body = fetch(t, srv, "GET", "/s/app.js", "Accept-Encoding", "br", "If-None-Match", `"other"`)
	if resp.StatusCode != http.StatusOK || body != "br script" || resp.ContentLength != 9 {
		t.Errorf("conditional request of a variant = %d %q, length %d", resp.StatusCode, body, resp.ContentLength)
	}
}

func TestFallback(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{"index.html": "the app", "app.js": "script", "assets/x.css": "x"})
	_, srv := serve(t, static.Config{Root: root, Fallback: "index.html"})
	const navigation = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	tests := []struct {
		name, method, target, accept string
		status                       int
		body                         string
	}{
		{"navigation", "GET", "/s/orders/42", navigation, 200, "the app"},
		{"navigation to a directory", "GET", "/s/orders/", navigation, 200, "the app"},
		{"navigation to a directory of files", "GET", "/s/assets/", navigation, 200, "the app"},
		{"head", "HEAD", "/s/orders/42", navigation, 200, ""},
		{"existing file", "GET", "/s/app.js", navigation, 200, "script"},
		{"missing file", "GET", "/s/missing.js", navigation, 404, "Not Found\n"},
		{"fetch", "GET", "/s/api/orders", "*/*", 404, "Not Found\n"},
		{"json", "GET", "/s/api/orders", "application/json", 404, "Not Found\n"},
		{"html refused", "GET", "/s/orders", "text/html;q=0.0, */*", 404, "Not Found\n"},
		{"no accept", "GET", "/s/orders", "", 404, "Not Found\n"},
		{"dotfile", "GET", "/s/.env", navigation, 404, "Not Found\n"},
		{"post", "POST", "/s/orders", navigation, 405, "Method Not Allowed\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := fetch(t, srv, tt.method, tt.target, "Accept", tt.accept)
			if resp.StatusCode != tt.status || body != tt.body {
				t.Errorf("%s %s = %d %q, want %d %q", tt.method, tt.target, resp.StatusCode, body, tt.status, tt.body)
			}
			if tt.body == "the app" && (resp.Header.Get("Cache-Control") != "no-cache" || resp.Header.Get("Vary") != "Accept") {
				t.Errorf("Cache-Control %q, Vary %q", resp.Header.Get("Cache-Control"), resp.Header.Get("Vary"))
			}
		})
	}
}

func TestCacheControl(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	want := map[string]string{
		"app.3f2a91bc.js":        "public, max-age=31536000, immutable",
		"index-BdX3kd9a.css":     "public, max-age=31536000, immutable",
		"app.3f2a91bc.js.map":    "public, max-age=31536000, immutable",
		"report-20240131.pdf":    "",
		"app-settings.js":        "",
		"jquery.js":              "",
		"3f2a91bc.js":            "",
		"page.html":              "no-cache",
		"deep/er/page.html":      "no-cache",
		"fonts/a.woff2":          "max-age=1",
		"fonts/x/y/a.woff2":      "max-age=1",
		"fontsextra/a.woff2":     "",
		"img/logo.png":           "max-age=2",
		"img/icons/logo.png":     "",
		"any/where/here/a.txt":   "max-age=3",
		"here/a.txt":             "max-age=3",
		"any/where/here/b/a.txt": "",
	}
	for name := range want {
		files[name] = name
	}
	_, srv := serve(t, static.Config{Root: tree(t, files), Immutable: true, CacheControl: []static.CacheRule{
		{Match: "*.html", Value: "no-cache"},
		{Match: "fonts/**", Value: "max-age=1"},
		{Match: "img/*.png", Value: "max-age=2"},
		{Match: "**/here/*", Value: "max-age=3"},
		{Match: "page.html", Value: "never reached"},
	}})
	for name, value := range want {
		resp, _ := fetch(t, srv, "GET", "/s/"+name)
		if got := resp.Header.Get("Cache-Control"); resp.StatusCode != 200 || got != value {
			t.Errorf("%s: %d, Cache-Control %q, want %q", name, resp.StatusCode, got, value)
		}
	}
}

func TestListing(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{
		"d/<script>alert(1)<!--": "x", "d/a&b.txt": "x", "d/javascript:alert(1)": "x", "d/.hidden": "x", "d/sub/f": "x", "d/100%.txt": "x",
	})
	_, srv := serve(t, static.Config{Root: root, Listing: true})
	resp, body := fetch(t, srv, "GET", "/s/d/")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("listing = %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	for _, want := range []string{`href="./sub/"`, `&lt;script&gt;alert(1)&lt;!--`, `href="./javascript:alert%281%29"`, `href="./100%25.txt"`, `href="../"`} {
		if !strings.Contains(body, want) {
			t.Errorf("listing lacks %s:\n%s", want, body)
		}
	}
	for _, bad := range []string{"<script>", ".hidden", `href="javascript:`} {
		if strings.Contains(body, bad) {
			t.Errorf("listing has %s", bad)
		}
	}
	if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error("listing without a content security policy")
	}
	if resp, _ := fetch(t, srv, "GET", "/s/d"); resp.StatusCode != http.StatusPermanentRedirect {
		t.Errorf("directory without slash = %d", resp.StatusCode)
	}
}

func TestCallerHeadersWin(t *testing.T) {
	t.Parallel()
	h, err := static.New(static.Config{Root: tree(t, map[string]string{"a.html": "x"}), CacheControl: []static.CacheRule{{Match: "**", Value: "public"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Cache-Control", "private, no-store")
	if err := h.Serve(w, httptest.NewRequest("GET", "/", nil), "a.html"); err != nil {
		t.Fatal(err)
	}
	if w.Header().Get("Content-Type") != "application/pdf" || w.Header().Get("Cache-Control") != "private, no-store" {
		t.Errorf("headers of the caller were replaced: %v", w.Header())
	}
}

func TestFilesOnlyFindsNoDirectories(t *testing.T) {
	t.Parallel()
	_, srv := serve(t, static.Config{Root: tree(t, map[string]string{"d/index.html": "x"}), FilesOnly: true, Listing: true})
	for target, want := range map[string]int{"/s/d": 404, "/s/d/": 404, "/s/": 404, "/s/d/index.html": 200} {
		if resp, _ := fetch(t, srv, "GET", target); resp.StatusCode != want {
			t.Errorf("GET %s = %d, want %d", target, resp.StatusCode, want)
		}
	}
}

func TestNewRefusesBadConfigurations(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]static.Config{
		"no root":              {},
		"index with a slash":   {Root: "x", Index: []string{"a/b"}},
		"index that leaves":    {Root: "x", Index: []string{".."}},
		"fallback that leaves": {Root: "x", Fallback: "../index.html"},
		"absolute fallback":    {Root: "x", Fallback: "/index.html"},
		"empty pattern":        {Root: "x", CacheControl: []static.CacheRule{{Value: "v"}}},
		"broken pattern":       {Root: "x", CacheControl: []static.CacheRule{{Match: "[", Value: "v"}}},
		"value with a line":    {Root: "x", CacheControl: []static.CacheRule{{Match: "*", Value: "a\r\nSet-Cookie: b"}}},
	} {
		if _, err := static.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestConcurrentRequestsWhileFilesChange(t *testing.T) {
	t.Parallel()
	contents := []string{strings.Repeat("a", 100), strings.Repeat("b", 60<<10)}
	root := tree(t, map[string]string{"f.txt": contents[0]})
	name := filepath.Join(root, "f.txt")
	_, srv := serve(t, static.Config{Root: root, Now: later})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			if err := os.WriteFile(name+".new", []byte(contents[i%2]), 0o644); err != nil {
				t.Error(err)
			}
			if err := os.Rename(name+".new", name); err != nil {
				t.Error(err)
			}
			runtime.Gosched()
		}
	}()
	for range 100 {
		resp, body := fetch(t, srv, "GET", "/s/f.txt")
		if resp.StatusCode != 200 || body != contents[0] && body != contents[1] {
			t.Errorf("%d with %d bytes that are neither version", resp.StatusCode, len(body))
		}
	}
	<-done
}

func BenchmarkServe10KiB(b *testing.B) {
	root := tree(b, map[string]string{"static/app.css": strings.Repeat("x", 10<<10)})
	h, err := static.New(static.Config{Root: root, Now: later})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	r := httptest.NewRequest("GET", "/static/app.css", nil)
	w := &discard{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		w.n = 0
		h.ServeFile(w, r, "static/app.css")
		if w.n != 10<<10 {
			b.Fatal("short body")
		}
	}
}

// discard counts what is written.
type discard struct {
	h http.Header
	n int
}

func (d *discard) Header() http.Header { return d.h }
func (d *discard) WriteHeader(int)     {}
func (d *discard) Write(p []byte) (int, error) {
	d.n += len(p)
	return len(p), nil
}

func TestFileOfTheFutureIsRememberedToo(t *testing.T) {
	root := tree(t, map[string]string{"f.css": strings.Repeat("x", 10<<10)})
	future := time.Now().AddDate(50, 0, 0) // a build machine's clock was wrong
	if err := os.Chtimes(filepath.Join(root, "f.css"), future, future); err != nil {
		t.Fatal(err)
	}
	h, err := static.New(static.Config{Root: root, Now: later})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	r := httptest.NewRequest("GET", "/", nil)
	w := &discard{h: http.Header{}}
	h.ServeFile(w, r, "f.css")
	if allocs := testing.AllocsPerRun(100, func() { h.ServeFile(w, r, "f.css") }); allocs > 3 {
		t.Errorf("%v allocations: it is read and hashed for every request", allocs)
	}
}

func TestSmallFileIsWrittenWithoutReadingItAgain(t *testing.T) {
	content := bytes.Repeat([]byte("x"), 10<<10)
	root := tree(t, map[string]string{"f.css": string(content)})
	h, err := static.New(static.Config{Root: root, Now: later})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	r := httptest.NewRequest("GET", "/", nil)
	w := &discard{h: http.Header{}}
	h.ServeFile(w, r, "f.css")
	if allocs := testing.AllocsPerRun(100, func() { h.ServeFile(w, r, "f.css") }); allocs > 3 {
		t.Errorf("%v allocations for a remembered file, want 3 at most", allocs)
	}
}
