package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/berth-project/berth/work"
)

// maxPeerAnswer bounds what is read of another engine's answer, in bytes.
const maxPeerAnswer = 64 << 20

// peerRequest is a request to another engine in the name of this one's
// caller, to a path below Base with its query.
func (c *call) peerRequest(ctx context.Context, method, addr, path string, in any) (*http.Request, error) {
	base, err := url.Parse(addr)
	if err != nil {
		return nil, err
	}
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return nil, err
		}
	}
	path, query, _ := strings.Cut(path, "?")
	base = base.JoinPath(Base, path)
	base.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, method, base.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = c.r.Header.Clone()
	for _, name := range []string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Accept-Encoding", "If-Match", "If-None-Match"} {
		req.Header.Del(name)
	}
	req.Header.Set(hop, "1")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

func (c *call) peer() http.RoundTripper {
	if c.opt.Peer != nil {
		return c.opt.Peer
	}
	return http.DefaultTransport
}

// askPeer has another engine do a part of what the caller asks for.
func (c *call) askPeer(ctx context.Context, method, addr, path string, in, out any) error {
	req, err := c.peerRequest(ctx, method, addr, path, in)
	if err != nil {
		return err
	}
	res, err := c.peer().RoundTrip(req)
	if err != nil {
		return fmt.Errorf("%w: the engine at %s does not answer: %w", work.ErrBusy, addr, err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(io.LimitReader(res.Body, maxPeerAnswer))
	if err != nil {
		return fmt.Errorf("%w: the engine at %s stopped in its answer: %w", work.ErrBusy, addr, err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		p := Problem{Detail: http.StatusText(res.StatusCode)}
		_ = json.Unmarshal(text, &p) // without one the status says it
		return &work.Problem{Status: res.StatusCode, Detail: p.Detail, Problems: p.Problems}
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%w: the engine at %s answers no JSON: %w", work.ErrBusy, addr, err)
	}
	return nil
}
