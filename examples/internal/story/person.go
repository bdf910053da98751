package story

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// Person is somebody with a program that keeps cookies and follows no redirect.
type Person struct {
	T       *testing.T
	Service *Service
	Name    string
	Client  *http.Client
}

// Visitor is somebody who has not signed in.
func (s *Service) Visitor(t *testing.T) *Person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Person{t, s, "a visitor", &http.Client{
		Jar: jar, Timeout: Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// SignIn signs a user of the manifest in.
func (s *Service) SignIn(t *testing.T, email string) *Person {
	t.Helper()
	p := s.Visitor(t)
	p.Name = email
	a := p.Send(Form("/.berth/sign-in", url.Values{"email": {email}, "password": {s.Password(t, email)}, "next": {"/"}}))
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" {
		t.Fatalf("sign in as %s = %d to %q: %.500s", email, a.StatusCode, a.Header.Get("Location"), a.Text)
	}
	return p
}

// Request is what a person's program sends; Kind is its content type.
type Request struct {
	Method, Path, Kind, Body string
	Header                   map[string]string
}

// Get asks for a path.
func Get(path string) Request { return Request{Method: http.MethodGet, Path: path} }

// Form sends a form to a path.
func Form(path string, form url.Values) Request {
	return Request{Method: http.MethodPost, Path: path, Kind: "application/x-www-form-urlencoded", Body: form.Encode()}
}

// Answer is a response whose body was read.
type Answer struct {
	*http.Response
	Text string
}

// Send sends a request. What is not answered ends the test.
func (p *Person) Send(rq Request) Answer {
	p.T.Helper()
	r, err := http.NewRequestWithContext(p.T.Context(), rq.Method, p.Service.URL+rq.Path, strings.NewReader(rq.Body))
	if err != nil {
		p.T.Fatal(err)
	}
	if rq.Kind != "" {
		r.Header.Set("Content-Type", rq.Kind)
	}
	for name, value := range rq.Header {
		r.Header.Set(name, value)
	}
	res, err := p.Client.Do(r)
	if err != nil {
		p.T.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.T.Fatal(err)
	}
	return Answer{res, string(body)}
}

// Want sends a request and wants it answered with a status.
func (p *Person) Want(rq Request, status int) Answer {
	p.T.Helper()
	a := p.Send(rq)
	if a.StatusCode != status {
		p.T.Errorf("%s %s as %s = %d, want %d: %.300s", rq.Method, rq.Path, p.Name, a.StatusCode, status, a.Text)
	}
	return a
}
