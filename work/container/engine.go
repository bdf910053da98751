package container

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// newestAPI is the newest version of the Docker Engine API that is asked
	// for; an engine that is older is asked for its own.
	newestAPI = "1.44"
	// callTimeout bounds calls that the engine answers by itself.
	callTimeout = 30 * time.Second
	// maxAnswer bounds what the engine may answer, in bytes.
	maxAnswer = 16 << 20
)

// engine is a client of the few calls of the Docker Engine API that are needed.
// Podman answers the same.
type engine struct {
	client *http.Client

	mu      sync.Mutex // guards version
	version string
}

func newEngine(socket string) *engine {
	dialer := &net.Dialer{Timeout: callTimeout}
	return &engine{client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		},
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     30 * time.Second,
	}}}
}

// apiError is what the engine answered in place of a result.
type apiError struct {
	status  int
	message string
}

// Error implements error.
func (e *apiError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.message) }

func isStatus(err error, status int) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && e.status == status
}

// api returns the version that is spoken with the engine.
func (e *engine) api(ctx context.Context) (string, error) {
	e.mu.Lock()
	version := e.version
	e.mu.Unlock()
	if version != "" {
		return version, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine/_ping", nil)
	if err != nil {
		return "", err
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return "", err
	}
	_ = resp.Body.Close()
	version = older(resp.Header.Get("Api-Version"), newestAPI)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.version = version
	return version, nil
}

// older returns the older of two versions "1.N"; b when a is not one.
func older(a, b string) string {
	number := func(v string) int {
		n, err := strconv.Atoi(strings.TrimPrefix(v, "1."))
		if err != nil || n < 0 {
			return 1 << 30
		}
		return n
	}
	if number(a) < number(b) {
		return a
	}
	return b
}

// open makes a call and returns the answer's body, which the caller closes.
func (e *engine) open(ctx context.Context, method, path string, query url.Values, header http.Header, body io.Reader) (io.ReadCloser, error) {
	version, err := e.api(ctx)
	if err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "http", Host: "engine", Path: "/v" + version + path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 400 {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var answer struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &answer) != nil || answer.Message == "" {
		answer.Message = resp.Status
	}
	return nil, &apiError{resp.StatusCode, answer.Message}
}

// call makes a call with a JSON body and decodes the answer into out. Either
// may be nil.
func (e *engine) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body io.Reader
	header := http.Header{}
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
		header.Set("Content-Type", "application/json")
	}
	answer, err := e.open(ctx, method, path, query, header, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(answer, maxAnswer))
		return err
	}
	if err := json.NewDecoder(io.LimitReader(answer, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// short is call for what the engine answers at once.
func (e *engine) short(ctx context.Context, method, path string, query url.Values, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return e.call(ctx, method, path, query, in, out)
}
