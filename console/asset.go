package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// assetTypes are the kinds of files that are served; what else lies beside
// them, such as licences, is not.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// asset is a file browsers load. Its address has a hash of its content, so it
// may be kept for ever.
type asset struct {
	url, mediaType    string
	plain, compressed []byte
}

// assets are all of them, by name and by address.
type assets struct {
	byName, byURL map[string]*asset
}

func newAssets(base string) (*assets, error) {
	a := &assets{byName: map[string]*asset{}, byURL: map[string]*asset{}}
	err := fs.WalkDir(assetFiles, "assets", func(file string, d fs.DirEntry, err error) error {
		mediaType := assetTypes[path.Ext(file)]
		if err != nil || d.IsDir() || mediaType == "" {
			return err
		}
		name := strings.TrimPrefix(file, "assets/")
		one, err := newAsset(file, name, base)
		if err != nil {
			return err
		}
		one.mediaType = mediaType
		a.byName[name] = one
		a.byURL[strings.TrimPrefix(one.url, base)] = one
		return nil
	})
	return a, err
}

func newAsset(file, name, base string) (*asset, error) {
	plain, err := assetFiles.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain)
	var packed bytes.Buffer
	zw, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zw.Write(plain); err != nil {
		return nil, err
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	url := base + "/assets/" + hex.EncodeToString(sum[:6]) + "/" + name
	return &asset{url: url, plain: plain, compressed: packed.Bytes()}, nil
}

// url returns the address of an asset; templates name only those there are.
func (a *assets) url(name string) (string, error) {
	one, ok := a.byName[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return one.url, nil
}

func (c *Console) asset(w http.ResponseWriter, r *http.Request) {
	one, ok := c.assets.byURL[r.URL.Path]
	if !ok {
		c.fail(w, r, faultNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", one.mediaType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := one.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = one.compressed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a reader that left needs no answer
}
