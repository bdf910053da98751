package login

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed pages
var pageFiles embed.FS

// pages are the parsed templates and the stylesheet, whose name carries a
// digest so that browsers may keep it for ever.
type pages struct {
	templates *template.Template
	css       []byte
	cssName   string
}

// view is what a page shows. Every page takes the same.
type view struct {
	Title, Service   string
	CSS              string
	SignIn, SignOut  string // paths of the forms
	Alert, AlertHelp string
	RequestID        string
	Email, Next      string
	SignedInAs       string
	SignedOut        bool
	DevelopmentUsers []string
}

func newPages() (*pages, error) {
	css, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return nil, fmt.Errorf("login pages: %w", err)
	}
	t, err := template.New("").Option("missingkey=error").ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("login pages: %w", err)
	}
	return &pages{templates: t, css: css, cssName: digest(css) + ".css"}, nil
}

// digest is a short name for a content: 16 hexadecimal digits of its SHA-256.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

func (s *Service) view(title string) view {
	return view{
		Title: title, Service: s.cfg.Title, CSS: assetsPath + s.pages.cssName,
		SignIn: DefaultSignInPath, SignOut: SignOutPath, Next: "/",
		DevelopmentUsers: s.cfg.DevelopmentUsers,
	}
}

// render writes a whole page, or nothing of it.
func (p *pages) render(w http.ResponseWriter, status int, name string, v view) {
	var page bytes.Buffer
	if err := p.templates.ExecuteTemplate(&page, name, v); err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the client may be gone
}
