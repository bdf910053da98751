package console

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Config says what the console is for and under which names it answers.
type Config struct {
	// Service is the name of the service.
	Service string
	// Environment is "local" or "production"; it is on every page.
	Environment string
	// Version is Berth's own.
	Version string
	// Manifest is the path of the manifest, or of the directory it is in, as the
	// operator gave it: the commands the pages name say "-f PATH", unless it is
	// "berth.yaml" or empty.
	Manifest string
	// Data is the directory of what Berth remembers, where commands need to be
	// told: they say "--data PATH".
	Data string
	// BasePath is the path the console lives under, such as "/console". Default:
	// the root.
	BasePath string
	// PublicOrigin is where browsers reach the console, when a proxy before it
	// changes the Host header: "https://ops.example.com".
	PublicOrigin string
	// AllowedHosts are the names the console answers to besides loopback ones
	// and the host of PublicOrigin. They have an effect with
	// [Sources.Authorize] only; with neither names nor origin any is answered.
	AllowedHosts []string
}

// Console serves the console's pages. It is safe for concurrent use and starts
// no goroutines.
type Console struct {
	cfg     Config
	src     Sources
	assets  *assets
	pages   map[string]*template.Template
	guard   guard
	handler http.Handler
	// boot tells the event ids of this process from those of another one.
	boot string
	pace pace
	// streams counts the open event streams.
	streams atomic.Int64
}

// New returns a console. The error says what is wrong with the config.
func New(cfg Config, src Sources) (*Console, error) {
	cfg.BasePath = strings.TrimRight(cfg.BasePath, "/")
	if cfg.BasePath != "" && !strings.HasPrefix(cfg.BasePath, "/") {
		return nil, fmt.Errorf("console: base path %q does not begin with a slash", cfg.BasePath)
	}
	cfg.Environment = cmp.Or(cfg.Environment, "local")
	if src.Now == nil {
		src.Now = time.Now
	}
	if src.Log == nil {
		src.Log = slog.New(slog.DiscardHandler)
	}
	g, err := newGuard(cfg, src.Authorize)
	if err != nil {
		return nil, err
	}
	c := &Console{cfg: cfg, src: src, guard: g, boot: rand.Text()[:8], pace: defaultPace()}
	if c.assets, err = newAssets(cfg.BasePath); err != nil {
		return nil, err
	}
	if c.pages, err = c.parseTemplates(); err != nil {
		return nil, err
	}
	c.handler = c.routes()
	return c, nil
}

// ServeHTTP implements [http.Handler].
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// path returns the path of a page or asset, query included.
func (c *Console) path(p string, query url.Values) string {
	if len(query) == 0 {
		return c.cfg.BasePath + p
	}
	return c.cfg.BasePath + p + "?" + query.Encode()
}
