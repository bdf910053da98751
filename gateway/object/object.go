package object

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/berth-project/berth/gateway/static"
)

// Config names the one place objects come from: a directory of this machine or
// a list of HTTP hosts. With neither every reference is refused.
type Config struct {
	// Directory is a private directory whose files the app may send.
	Directory string
	// Hosts are the origins the app may name: "media.example.com",
	// "127.0.0.1:9000", "*.s3.eu-central-1.amazonaws.com". "*" stands for
	// exactly one label and only as the first one. Without a port only the
	// scheme's own port is allowed. A path limits the host to what is below it:
	// "s3.eu-central-1.amazonaws.com/my-bucket/".
	Hosts []string
	// Schemes are "https" and "http". Nil means https only.
	Schemes []string
	// AllowPrivate are address ranges that may be dialled although they are
	// not public: loopback, private, shared and unique local ones. Link-local
	// and instance metadata addresses are never dialled.
	AllowPrivate []netip.Prefix
	// Timeouts bound every phase of an exchange with an origin.
	Timeouts Timeouts
	// MaxIdle is how many unused connections are kept for each origin.
	// Default 16; negative means none.
	MaxIdle int
	// RootCAs verify https origins. Nil means the system's.
	RootCAs *x509.CertPool
}

// Timeouts bound the phases of an exchange. Zero means the default.
type Timeouts struct {
	// Dial bounds name resolution and connecting. Default 5 s.
	Dial time.Duration
	// TLSHandshake bounds the handshake. Default 5 s.
	TLSHandshake time.Duration
	// ResponseHead bounds sending the request and receiving the response's
	// head. Default 30 s.
	ResponseHead time.Duration
	// BodyIdle bounds each wait within the body; a piece of 256 KiB must pass
	// in that time. Default 60 s.
	BodyIdle time.Duration
	// Idle is how long an unused connection is kept. Default 60 s.
	Idle time.Duration
}

func (t Timeouts) withDefaults() Timeouts {
	for _, field := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&t.Dial, 5 * time.Second},
		{&t.TLSHandshake, 5 * time.Second},
		{&t.ResponseHead, 30 * time.Second},
		{&t.BodyIdle, time.Minute},
		{&t.Idle, time.Minute},
	} {
		if *field.value <= 0 {
			*field.value = field.fallback
		}
	}
	return t
}

// Validate reports everything wrong with the configuration.
func (c Config) Validate() error {
	var problems []error
	if c.Directory != "" && len(c.Hosts) > 0 {
		problems = append(problems, errors.New("directory and hosts exclude each other"))
	}
	for _, scheme := range c.Schemes {
		if scheme != "https" && scheme != "http" {
			problems = append(problems, fmt.Errorf("scheme %q is neither https nor http", scheme))
		}
	}
	for _, host := range c.Hosts {
		if _, err := parsePattern(host); err != nil {
			problems = append(problems, fmt.Errorf("host %q: %w", host, err))
		}
	}
	for _, prefix := range c.AllowPrivate {
		if !prefix.IsValid() {
			problems = append(problems, errors.New("allow-private has an invalid prefix"))
		}
	}
	return errors.Join(problems...)
}

// Ref is what follows the route's prefix in the app's internal redirect,
// exactly as the app wrote it.
type Ref struct {
	// Path is percent-encoded: "https/bucket.s3.eu-central-1.amazonaws.com/a%20b"
	// for hosts, "invoices/7.pdf" for a directory. A leading slash is ignored.
	Path string
	// RawQuery is without the question mark.
	RawQuery string
}

// Handler sends objects to clients. It is safe for concurrent use.
type Handler struct {
	files  *static.Handler // of a directory
	origin *origin         // of hosts
}

// New returns a handler for cfg. It touches neither files nor network.
func New(cfg Config, log *slog.Logger) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Directory == "" {
		return &Handler{origin: newOrigin(cfg, log)}, nil
	}
	files, err := static.New(static.Config{Root: cfg.Directory, FilesOnly: true})
	if err != nil {
		return nil, err
	}
	return &Handler{files: files}, nil
}

// Serve answers r with the object that ref names. From app, the headers of the
// app's answer, those that describe the download or protect the page are sent.
// A HEAD gets no body; every other method is answered like a GET, without its
// conditions and ranges if it is not one. Its error is an [*Error]; unless
// Error.Written nothing has been written to w.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, ref Ref, app http.Header) error {
	if h.files != nil {
		return h.serveFile(w, r, ref, app)
	}
	return h.origin.serve(w, r, ref, app)
}

// Close closes unused connections and the directory. Requests being served
// finish.
func (h *Handler) Close() error {
	if h.files != nil {
		return h.files.Close()
	}
	return h.origin.pool.close()
}
