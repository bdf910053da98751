package object

import (
	"net/http"
	"slices"
	"strings"
)

// appKeeps are the fields of the app's answer that reach the client: what the
// download is called and how it may be stored, cookies, and what protects the
// page.
var appKeeps = []string{
	"Content-Type", "Content-Disposition", "Content-Language", "Cache-Control", "Expires", "Set-Cookie",
	"Content-Security-Policy", "Content-Security-Policy-Report-Only", "X-Content-Type-Options", "X-Frame-Options",
	"X-Robots-Tag", "Referrer-Policy", "Permissions-Policy", "Strict-Transport-Security",
	"Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy",
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Vary",
}

// originKeeps are the fields of the origin's answer that reach the client, where
// the app did not say otherwise.
var originKeeps = []string{
	"Content-Type", "Content-Disposition", "Content-Language", "Cache-Control", "Expires",
	"Content-Encoding", "Content-Range", "Etag", "Last-Modified", "Accept-Ranges",
}

// requestConditions are the client's fields that select a part or a version of
// the object.
var requestConditions = []string{
	"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
}

// requestKeeps are further fields of the client that reach the origin.
var requestKeeps = []string{"Accept", "Accept-Encoding", "User-Agent"}

// keepAppHeader copies what survives of the app's answer into h. The function it
// returns takes that back, for the case that there will be no download.
func keepAppHeader(h, app http.Header) (restore func()) {
	before := map[string][]string{"Cache-Control": h["Cache-Control"]}
	for _, name := range appKeeps {
		values := app[name]
		if len(values) == 0 {
			continue
		}
		before[name] = h[name]
		if name == "Set-Cookie" || name == "Vary" {
			h[name] = slices.Concat(h[name], values)
		} else {
			h[name] = slices.Clone(values)
		}
	}
	return func() {
		for name, values := range before {
			if values == nil {
				delete(h, name)
				continue
			}
			h[name] = values
		}
	}
}

// keepOriginHeader adds what the origin says of the bytes to what the app said
// of the download.
func keepOriginHeader(h http.Header, head *responseHead) {
	appCaches := len(h["Cache-Control"]) > 0 || len(h["Expires"]) > 0
	for _, name := range originKeeps {
		value, ok := head.fields[name]
		if !ok || appCaches && (name == "Cache-Control" || name == "Expires") {
			continue
		}
		setIfAbsent(h, name, value)
	}
	if kind := head.fields["Content-Type"]; head.status == http.StatusPartialContent && strings.HasPrefix(strings.ToLower(kind), "multipart/byteranges") {
		h["Content-Type"] = []string{kind} // holds the boundary: the app's type is inside, RFC 9110 §14.6
	}
	if strings.Contains(strings.ToLower(head.fields["Vary"]), "accept-encoding") {
		h["Vary"] = append(slices.Clip(h["Vary"]), "Accept-Encoding")
	}
	setPrivate(h)
	if head.status != http.StatusNotModified {
		setIfAbsent(h, "Content-Type", "application/octet-stream") // or the server would guess
	}
	setIfAbsent(h, "X-Content-Type-Options", "nosniff")
}

// setPrivate keeps shared caches from storing what somebody was let through to,
// where nobody said anything about storing.
func setPrivate(h http.Header) {
	if len(h["Expires"]) == 0 {
		setIfAbsent(h, "Cache-Control", "private")
	}
}

func setIfAbsent(h http.Header, name, value string) {
	if len(h[name]) == 0 {
		h[name] = []string{value}
	}
}
