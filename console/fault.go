package console

import (
	"encoding/json"
	"net/http"
	"strings"
)

// fault is a request that is not answered with what it asked for.
type fault struct {
	status   int
	code     string
	text     string
	location string
}

var (
	faultNotFound = &fault{status: http.StatusNotFound, code: "not_found", text: "There is no such page."}
	faultMethod   = &fault{
		status: http.StatusMethodNotAllowed, code: "method_not_allowed", text: "This page does not take that method.",
	}
	faultHost = &fault{
		status: http.StatusForbidden, code: "host_refused",
		text: "The console does not answer to the name in the Host header. On this machine, use localhost or 127.0.0.1.",
	}
	faultPeer = &fault{
		status: http.StatusForbidden, code: "not_loopback",
		text: "Without sign-in the console answers to this machine only.",
	}
	faultCrossSite = &fault{status: http.StatusForbidden, code: "cross_site", text: "The request came from another site."}
	faultNoOrigin  = &fault{
		status: http.StatusForbidden, code: "origin_missing", text: "The request does not say which site it came from.",
	}
	faultForbidden = &fault{status: http.StatusForbidden, code: "forbidden", text: "You may not use the console."}
	faultSignIn    = &fault{status: http.StatusUnauthorized, code: "sign_in_required", text: "Sign in to use the console."}
	faultBusy      = &fault{
		status: http.StatusServiceUnavailable, code: "too_many_streams", text: "Too many pages are open; close some.",
	}
)

func invalid(text string) *fault {
	return &fault{status: http.StatusBadRequest, code: "invalid", text: text}
}

// problem is a fault as data, RFC 9457.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
}

// fail answers with a fault: as data where data was asked for, else as a page.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, f *fault) {
	if strings.HasSuffix(r.URL.Path, ".json") || strings.Contains(r.Header.Get("Accept"), "json") {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(f.status)
		_ = json.NewEncoder(w).Encode(problem{Type: "about:blank", Title: f.text, Status: f.status, Code: f.code})
		return
	}
	p := &page{title: http.StatusText(f.status), template: "error", data: f.view()}
	c.render(w, r, f.status, p)
}

// faultView is a fault as its template sees it.
type faultView struct{ Code, Text string }

func (f *fault) view() faultView { return faultView{Code: f.code, Text: f.text} }
