package http

import (
	"errors"
	"net/http"
	"testing"
)

// A server has one port for each scheme, and both are left out of a URL: the hosts
// of these are equal.
func TestARedirectDoesNotLeaveTLS(t *testing.T) {
	t.Parallel()
	request := func(url string) *http.Request {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := []*http.Request{request("https://api.example.org/a")}
	if err := sameOrigin(request("https://api.example.org/b"), first); err != nil {
		t.Errorf("a redirect on the same server = %v, want it followed", err)
	}
	if err := sameOrigin(request("http://api.example.org/b"), first); !errors.Is(err, http.ErrUseLastResponse) {
		t.Errorf("a redirect from https to http = %v, want it not followed", err)
	}
}
