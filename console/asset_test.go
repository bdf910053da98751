package console_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/berth-project/berth/console"
)

func TestVendoredFilesAreWhatTheirReadmeSays(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("assets/vendor/README.md")
	if err != nil {
		t.Fatal(err)
	}
	files := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [^|]+ \\| `([0-9a-f]{64})` \\|").FindAllStringSubmatch(string(readme), -1)
	if len(files) != 3 {
		t.Fatalf("assets/vendor/README.md lists %d files, want 3", len(files))
	}
	for _, f := range files {
		content, err := os.ReadFile("assets/vendor/" + f[1])
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != f[2] {
			t.Errorf("%s has the checksum %x, not %s", f[1], sum, f[2])
		}
	}
}

func TestAssetsAreSmall(t *testing.T) {
	t.Parallel()
	total := 0
	for name, n := range newConsole(t, console.Config{}, console.Sources{}).AssetSizes() {
		if ext := path.Ext(name); ext != ".js" && ext != ".css" && ext != ".svg" {
			t.Errorf("%s is served", name)
		}
		total += n
	}
	// Every asset is on every page, so that the stricter limit is for all.
	if total > 40<<10 {
		t.Errorf("all assets are %d bytes compressed, want at most 40 KiB", total)
	}
	if total == 0 {
		t.Error("there are no assets")
	}
}

func TestPagesAreSmall(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, busySources(t, 40, "quickly"))
	for _, path := range pages {
		var n counter
		zw := gzip.NewWriter(&n)
		_, _ = zw.Write(ask(c, "GET", path, "").Body.Bytes())
		_ = zw.Close()
		if n > 30<<10 {
			t.Errorf("GET %s is %d bytes compressed, want at most 30 KiB", path, n)
		}
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func TestAssetsAreKeptForEver(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	url, err := c.AssetURL("live.js")
	if err != nil {
		t.Fatal(err)
	}
	plain := ask(c, "GET", url, "")
	packed := ask(c, "GET", url, "", "Accept-Encoding", "gzip, br")
	if plain.Code != http.StatusOK || !strings.Contains(plain.Header().Get("Cache-Control"), "immutable") ||
		plain.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("GET %s = %d %v", url, plain.Code, plain.Header())
	}
	zr, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(zr)
	if err != nil || string(unpacked) != plain.Body.String() {
		t.Errorf("the compressed form differs: %v", err)
	}
	for _, path := range []string{
		"/assets/000000000000/live.js", "/assets/vendor/README.md", strings.Replace(url, "live.js", "../page.go", 1),
		strings.Replace(url, "live.js", "vendor/htmx.LICENSE.txt", 1),
	} {
		if w := ask(c, "GET", path, ""); w.Code == http.StatusOK {
			t.Errorf("GET %s is answered", path)
		}
	}
}

func TestTemplatesKeepToTheContentPolicy(t *testing.T) {
	t.Parallel()
	bad := regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|\bhx-on|\bjs:|javascript:|<script(?:\s+[a-z]+(?:="[^"]*")?)*>[^<]|hx-vals|hx-headers|hx-trigger="[^"]*\[|\{\{[^}]*\bsafe|unsafe-`)
	from := regexp.MustCompile(`(?:hx-get|hx-post|sse-connect|action|href|src)="([^"]*)"`)
	made := regexp.MustCompile(`^(?:\{\{(?:href|asset) [^}]*\}\}|\{\{\$?\.(?:Self|Stream|Twin|Link|Data\.Stream)\}\}|\{\{(?:\$d)?\.(?:Older|Href|All|Less|Path)\}\}|#[a-z-]+)$`)
	seen := 0
	err := fs.WalkDir(console.TemplateFiles(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(console.TemplateFiles(), path)
		if err != nil {
			return err
		}
		seen++
		if m := bad.Find(text); m != nil {
			t.Errorf("%s holds %q", path, m)
		}
		for _, m := range from.FindAllStringSubmatch(strings.ReplaceAll(string(text), `"}}"`, `'}}"`), -1) {
			if strings.HasPrefix(m[1], "{{asset") || strings.HasPrefix(m[1], "{{href") {
				continue // the inner quotes end the match early
			}
			if !made.MatchString(m[1]) {
				t.Errorf("%s: the address %q is not made by a function", path, m[1])
			}
		}
		return nil
	})
	if err != nil || seen < 10 {
		t.Errorf("%d templates, %v", seen, err)
	}
	for _, hit := range []string{` style="x"`, ` onclick="x"`, ` hx-on:click="x"`, `<script>alert`, `hx-vals='js:{}'`, `hx-trigger="keyup[x]"`} {
		if !bad.MatchString(hit) {
			t.Errorf("the lint lets %q pass", hit)
		}
	}
}

func TestPagesSetHtmxUpWithoutEvaluation(t *testing.T) {
	t.Parallel()
	body := ask(newConsole(t, console.Config{}, console.Sources{}), "GET", "/", "").Body.String()
	for _, want := range []string{`"includeIndicatorStyles":false`, `"allowEval":false`, `"selfRequestsOnly":true`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}
