// Command flood submits a great many small runs for one studio, as its manager
// would with the button on the page, to see what becomes of the runs of others.
//
//	MEDIA_PASSWORD=… go run ./examples/media/cmd/flood -tenant acme -n 500
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// atOnce is how many runs the app takes in one form.
const atOnce = 1000

// run is the whole program. It returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("flood", flag.ContinueOnError)
	fs.SetOutput(stderr)
	server := fs.String("url", "http://127.0.0.1:8080", "where the service is")
	tenant := fs.String("tenant", "acme", "the studio whose runs they are")
	email := fs.String("email", "dana@example.test", "a manager of it; the password is in MEDIA_PASSWORD")
	n := fs.Int("n", 500, "how many runs")
	if fs.Parse(args) != nil || fs.NArg() > 0 || *n < 1 {
		return 2
	}
	m, err := signIn(ctx, *server, *email, getenv("MEDIA_PASSWORD"))
	for left := *n; left > 0 && err == nil; left -= atOnce {
		err = m.flood(ctx, *tenant, min(left, atOnce))
	}
	if err != nil {
		fmt.Fprintln(stderr, "flood:", err)
		return 1
	}
	fmt.Fprintf(stdout, "%d runs of %s are in the queue: see %s/%s/\n", *n, *tenant, *server, *tenant)
	return 0
}

// manager is somebody who is signed in.
type manager struct {
	server string
	client *http.Client
}

func signIn(ctx context.Context, server, email, password string) (*manager, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	m := &manager{strings.TrimSuffix(server, "/"), &http.Client{
		Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if err := m.post(ctx, "/.berth/sign-in", url.Values{"email": {email}, "password": {password}}); err != nil {
		return nil, fmt.Errorf("sign in as %s: %w", email, err)
	}
	return m, nil
}

func (m *manager) flood(ctx context.Context, tenant string, n int) error {
	form := url.Values{"key": {rand.Text()}, "n": {strconv.Itoa(n)}}
	return m.post(ctx, "/"+url.PathEscape(tenant)+"/flood", form)
}

// post sends a form, which leads elsewhere when it was carried out.
func (m *manager) post(ctx context.Context, path string, form url.Values) error {
	rq, err := http.NewRequestWithContext(ctx, http.MethodPost, m.server+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	rq.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := m.client.Do(rq)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // nothing is read of it
	if res.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("POST %s: %s", path, res.Status)
	}
	return nil
}
