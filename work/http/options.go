package http

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
)

// Options is what the operator allows. The zero value allows nothing.
type Options struct {
	// Hosts are the names that may be called: "api.example.org",
	// "*.example.org", or "*" for every one. Each allows the scheme's own port;
	// "api.example.org:8443" another, "api.example.org:*" all.
	Hosts []string
	// Networks are addresses that may be dialed although they are not public.
	// A URL may name an address in them as its host.
	Networks []netip.Prefix
	// TLS is for servers with certificates that the system does not trust.
	TLS *tls.Config
	// Timeout is how long a request may take that names no time, its answer
	// included, and the most that a step may ask for. Default 30s.
	Timeout time.Duration
	// MaxResponse is how large the body of an answer may be, in bytes. Default
	// 512 KiB: what an output may have is 1 MiB.
	MaxResponse int64
	// Secrets returns a secret that a step puts into a header for a host. It
	// decides whether the task may have it there: whoever answers on a host
	// learns what is sent to it. Nil has none.
	Secrets func(task work.Task, name, host string) (secret.String, error)
	// Keys returns the keys that a name of "sign" stands for, the newest
	// first. Nil has none.
	Keys func(task work.Task, name string) ([]secret.String, error)
	// Callback is for asynchronous calls; nil refuses them.
	Callback *Callback
}

// Callback says where servers send the results of asynchronous calls.
type Callback struct {
	// URL is the endpoint, as the servers reach it.
	URL string
	// Key signs the tokens; the endpoint verifies them with it.
	Key secret.String
	// Wait is how long a result is waited for when the task has no timeout.
	// Default 24h.
	Wait time.Duration
}

const (
	defaultTimeout     = 30 * time.Second
	defaultMaxResponse = 512 << 10
	defaultWait        = 24 * time.Hour
	// minKey is the shortest key of tokens, in bytes.
	minKey = 16
)

func (o *Options) complete() error {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxResponse == 0 {
		o.MaxResponse = defaultMaxResponse
	}
	if o.Timeout < 0 || o.MaxResponse < 0 {
		return errors.New("timeout and max response must not be negative")
	}
	if o.Callback == nil {
		return nil
	}
	c := *o.Callback
	if c.Wait == 0 {
		c.Wait = defaultWait
	}
	if c.URL == "" || len(c.Key.Reveal()) < minKey {
		return fmt.Errorf("callback: want a URL, and a key of %d bytes or more", minKey)
	}
	o.Callback = &c
	return nil
}
