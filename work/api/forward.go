package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
)

// hop marks a request that one engine passed on to another: it is passed on
// once. A client that sends it gains nothing: it is asked to come again.
const hop = "Berth-Forwarded-By"

// forwardTimeout bounds a request that another engine answers: one that is
// frozen has lost its shards long before.
const forwardTimeout = 30 * time.Second

// failed answers an error, or passes the request on to the engine that owns
// the shard.
func (c *call) failed(err error) {
	if to := c.owner(err); to != nil {
		ctx, cancel := context.WithTimeout(c.r.Context(), forwardTimeout)
		defer cancel()
		c.forward(ctx, to)
		return
	}
	c.fail(c.w, c.r, err)
}

// owner gives where the owner of a shard is, nil when an error is about
// something else or the request was passed on already.
func (c *call) owner(err error) *url.URL {
	var owner *engine.OwnerError
	if !errors.As(err, &owner) || owner.Addr == "" || c.r.Header.Get(hop) != "" {
		return nil
	}
	to, err := url.Parse(owner.Addr)
	if err != nil || to.Host == "" {
		return nil
	}
	return to
}

// forward lets another engine answer.
func (c *call) forward(ctx context.Context, to *url.URL) {
	proxy := &httputil.ReverseProxy{
		Transport: c.opt.Peer,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Header.Set(hop, "1")
			p.Out.Body = io.NopCloser(bytes.NewReader(c.body))
			p.Out.ContentLength = int64(len(c.body))
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			c.fail(w, r, fmt.Errorf("%w: the engine that owns the shard does not answer: %w", work.ErrBusy, err))
		},
		ModifyResponse: func(res *http.Response) error {
			for name := range res.Header { // what this engine has set already would be there twice
				c.w.Header().Del(name)
			}
			return nil
		},
		ErrorLog: slog.NewLogLogger(c.opt.Logger.Handler(), slog.LevelDebug),
	}
	proxy.ServeHTTP(c.w, c.r.WithContext(ctx))
}
