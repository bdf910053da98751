package gateway_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/compress"
)

func TestGateway_CompressesFilesWithoutBreakingTagsOrRanges(t *testing.T) {
	t.Parallel()
	content := map[string]string{"a.txt": strings.Repeat("compressible ", 1000), "b.png": strings.Repeat("not ", 1000), "small.txt": "s"}
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		c.Compress = compress.Config{}
		c.Routes = append([]gateway.Route{{Name: "files", Pattern: "/public/files/**", Static: files(t, content)}}, c.Routes...)
	}})
	plain := w.do("GET", "/public/files/a.txt", "")
	tag := plain.header.Get("Etag")
	if plain.header.Get("Content-Encoding") != "" || len(plain.body) != len(content["a.txt"]) {
		t.Errorf("without Accept-Encoding: %v, %d bytes", plain.header, len(plain.body))
	}
	for _, encoding := range []string{"gzip", "zstd"} {
		res := w.do("GET", "/public/files/a.txt", "", "Accept-Encoding: "+encoding)
		if res.status != 200 || res.header.Get("Content-Encoding") != encoding || len(res.body) >= len(content["a.txt"])/2 {
			t.Errorf("%s: status %d, %v, %d bytes", encoding, res.status, res.header, len(res.body))
		}
		if got := res.header.Get("Etag"); got != "W/"+tag {
			t.Errorf("%s: Etag = %q, want the weak form of %q", encoding, got, tag)
		}
	}
	for name, tc := range map[string]struct {
		path    string
		headers []string
		status  int
	}{
		"revalidated": {"a.txt", []string{"If-None-Match: W/" + tag}, 304},
		"range":       {"a.txt", []string{"Range: bytes=0-9"}, 206},
		"media type":  {"b.png", nil, 200},
		"small":       {"small.txt", nil, 200},
		"missing":     {"none.txt", nil, 404},
	} {
		res := w.do("GET", "/public/files/"+tc.path, "", append(tc.headers, "Accept-Encoding: gzip")...)
		if res.status != tc.status || res.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: status %d, Content-Encoding %q; want %d, none", name, res.status, res.header.Get("Content-Encoding"), tc.status)
		}
	}
	if res := w.do("HEAD", "/public/files/a.txt", "", "Accept-Encoding: gzip"); res.status != 200 || len(res.body) != 0 {
		t.Errorf("HEAD: status %d, %d bytes", res.status, len(res.body))
	}
}
