package console

import (
	"encoding/json"
	"net/http"
	"slices"
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
	back := c.roomOf(r.URL.Path)
	p := &page{
		title: heading(f.status), template: "error", room: back.Path, up: back.Path,
		data: faultView{Code: f.code, Text: f.text, Path: back.Path, Room: back.Name},
	}
	if f.status == http.StatusUnauthorized || f.status == http.StatusForbidden {
		p.room, p.data = "", faultView{Code: f.code, Text: f.text} // there is nowhere to go
	}
	c.render(w, r, f.status, p)
}

// heading is a status for people: "Not found".
func heading(status int) string {
	text := strings.ToLower(http.StatusText(status))
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// roomOf is the entry of the navigation that an address is below; the first one
// for others.
func (c *Console) roomOf(path string) room {
	path = strings.TrimPrefix(path, c.cfg.BasePath)
	all := rooms[1:]
	if c.src.Work != nil {
		all = slices.Concat(all, workRooms[:])
	}
	for _, one := range all {
		if path == one.Path || strings.HasPrefix(path, one.Path+"/") {
			return one
		}
	}
	return rooms[0]
}

// faultView is a fault as its template sees it, with the room to go back to.
type faultView struct{ Code, Text, Path, Room string }
