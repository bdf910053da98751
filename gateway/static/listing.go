package static

import (
	"cmp"
	"errors"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// maxListed bounds how many names of a directory are read and shown.
const maxListed = 5000

// listingPage shows a directory without scripts, fonts or pictures.
var listingPage = template.Must(template.New("listing").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{{.Title}}</title>
<style>body{font:1rem/1.6 system-ui,sans-serif;margin:2rem auto;max-width:50rem;padding:0 1rem}ul{list-style:none;padding:0}a{overflow-wrap:anywhere}</style>
<h1>{{.Title}}</h1><ul>{{if .Parent}}<li><a href="../">../</a></li>{{end}}
{{range .Names}}<li><a href="{{.Href}}">{{.Text}}</a></li>
{{end}}</ul>{{if .Cut}}<p>There is more; only the first {{len .Names}} names are shown.</p>{{end}}</html>
`))

// listed is one line of a listing.
type listed struct {
	Href template.URL
	Text string
}

// serveListing shows the visible names of a directory.
func (h *Handler) serveListing(w http.ResponseWriter, r *http.Request, name string) error {
	entries, err := h.readDirectory(name)
	if err != nil {
		return fromFS(err)
	}
	names := h.list(name, entries)
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'")
	header["X-Content-Type-Options"] = nosniff
	setDefault(header, "Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	title := path.Base(r.URL.Path)
	_ = listingPage.Execute(w, map[string]any{ // only the client's going away fails it
		"Title": title, "Parent": name != ".", "Names": names, "Cut": len(entries) == maxListed,
	})
	return nil
}

func (h *Handler) readDirectory(name string) ([]fs.DirEntry, error) {
	dir, err := h.root.open(h.cfg.Now(), false)
	if err != nil {
		return nil, err
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(maxListed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return entries, nil
}

// list turns what is in a directory into links, directories first.
func (h *Handler) list(dir string, entries []fs.DirEntry) []listed {
	slices.SortFunc(entries, func(a, b fs.DirEntry) int {
		if a.IsDir() != b.IsDir() {
			if a.IsDir() {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Name(), b.Name())
	})
	var names []listed
	for _, e := range entries {
		kind := e.Type()
		if !kind.IsRegular() && !kind.IsDir() && kind != fs.ModeSymlink || !h.visible(path.Join(dir, e.Name())) {
			continue
		}
		text := e.Name()
		href := "./" + url.PathEscape(text)
		if kind.IsDir() {
			text, href = text+"/", href+"/"
		}
		names = append(names, listed{Href: template.URL(href), Text: strings.ToValidUTF8(text, "\uFFFD")})
	}
	return names
}
