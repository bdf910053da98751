package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
)

// maxBody bounds the body of a request, in bytes: a batch of runs.
const maxBody = 8 << 20

// call is a request on its way through a route.
type call struct {
	*API
	route  route
	w      http.ResponseWriter
	r      *http.Request
	caller *Caller
	body   []byte
	query  url.Values
	// attempt is what the token of a request is for.
	attempt shard.Held
}

// checkQuery refuses parameters that the route does not have: a filter that is
// misspelled would otherwise filter nothing.
func (c *call) checkQuery() error {
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return &statusError{http.StatusBadRequest, errors.New("the query cannot be read: escape what is no letter or digit")}
	}
	c.query = query
	for name := range query {
		if !slices.ContainsFunc(c.route.query, func(p parameter) bool { return p.has(name) }) {
			return c.noParameter(name)
		}
	}
	return nil
}

func (c *call) noParameter(name string) error {
	names := make([]string, len(c.route.query))
	for i, p := range c.route.query {
		names[i] = p.name
	}
	switch near := diagnostic.Nearest(name, names); {
	case len(names) == 0:
		return fmt.Errorf("%w: query: %.40q is no parameter: there are none here", work.ErrInvalid, name)
	case near != "":
		return fmt.Errorf("%w: query: %.40q is no parameter: did you mean %q?", work.ErrInvalid, name, near)
	}
	return fmt.Errorf("%w: query: %.40q is no parameter: there are %s", work.ErrInvalid, name, strings.Join(names, ", "))
}

// number reads a parameter of the query within bounds.
func (c *call) number(name string, otherwise, least, most int) (int, error) {
	n, err := c.number64(name, int64(otherwise), int64(least), int64(most))
	return int(n), err
}

func (c *call) number64(name string, otherwise, least, most int64) (int64, error) {
	text := c.query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%w: %s=%.40s: a number from %d to %d", work.ErrInvalid, name, text, least, most)
	}
	return n, nil
}

// read decodes the body strictly.
func (c *call) read(into any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return fmt.Errorf("%w: the body is empty; JSON is expected", work.ErrInvalid)
	}
	return decode(c.body, into)
}

// write answers a success.
func (c *call) write(status int, v any) {
	if status == 0 {
		status = http.StatusOK
	}
	body, err := json.Marshal(v)
	if err != nil {
		c.fail(c.w, c.r, err)
		return
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(append(body, '\n'))
}

// condition is what a request says of the version it means.
type condition struct {
	given   bool
	exists  bool  // If-Match: *
	version int64 // engine.AnyVersion without a condition, 0 for a new one
}

// condition reads If-Match and If-None-Match (RFC 9110, section 13.1).
func (c *call) condition() (condition, error) {
	match, none := c.r.Header.Get("If-Match"), c.r.Header.Get("If-None-Match")
	switch {
	case match != "" && none != "":
		return condition{}, fmt.Errorf("%w: If-Match and If-None-Match: give one of them", work.ErrInvalid)
	case none == "*":
		return condition{given: true, version: 0}, nil
	case none != "":
		return condition{}, fmt.Errorf("%w: If-None-Match: %.40s: only * makes sense here", work.ErrInvalid, none)
	case match == "*":
		return condition{given: true, exists: true, version: engine.AnyVersion}, nil
	case match == "":
		return condition{version: engine.AnyVersion}, nil
	}
	text, quoted := strings.CutPrefix(match, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	if !quoted || !closed || err != nil || n <= 0 {
		return condition{}, fmt.Errorf("%w: If-Match: %.40s is no ETag of this API", work.ErrInvalid, match)
	}
	return condition{given: true, version: n}, nil
}

// failed gives an error of a conditional request its status: 412 when the
// condition was not met.
func (k condition) failed(err error) error {
	if k.given && errors.Is(err, store.ErrVersion) {
		return &statusError{http.StatusPreconditionFailed, errors.New("it is not that version any more: read it again")}
	}
	return err
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }
