// Package aws makes the few signed calls to Amazon Web Services that telling
// others needs: a signer (Signature Version 4), the credentials that a program
// finds where it runs, and errors that know whether trying again can help. The
// SDK would make the binary 6 MB larger for three actions.
package aws

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/secret"
)

// Credentials are what requests are signed with.
type Credentials struct {
	AccessKey string
	Secret    secret.String
	Token     secret.String // of a session; empty for keys that last
	Expires   time.Time     // zero for keys that last
}

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
)

// Scope is what a signature is good for.
type Scope struct {
	Region, Service string
}

// Sign signs a request without a query: "Signature Version 4 signing process"
// of the AWS General Reference. body is the body that it will send. All headers
// that the request has are signed.
func Sign(req *http.Request, body []byte, c Credentials, s Scope, now time.Time) {
	stamp := now.UTC().Format(timeFormat)
	req.Header.Set("X-Amz-Date", stamp)
	if !c.Token.IsZero() {
		req.Header.Set("X-Amz-Security-Token", c.Token.Reveal())
	}
	names, headers := canonicalHeaders(req)
	path := req.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	canonical := strings.Join([]string{req.Method, path, "", headers, names, digest(body)}, "\n")
	scope := strings.Join([]string{stamp[:8], s.Region, s.Service, "aws4_request"}, "/")
	toSign := strings.Join([]string{algorithm, stamp, scope, digest([]byte(canonical))}, "\n")
	key := []byte("AWS4" + c.Secret.Reveal())
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	req.Header.Set("Authorization", algorithm+" Credential="+c.AccessKey+"/"+scope+
		", SignedHeaders="+names+", Signature="+hex.EncodeToString(mac(key, toSign)))
}

// canonicalHeaders returns the names of the headers, and the lines of them.
func canonicalHeaders(req *http.Request) (names, lines string) {
	values := map[string]string{"host": req.URL.Host}
	all := []string{"host"}
	for name, v := range req.Header {
		if name == "Authorization" || name == "User-Agent" {
			continue
		}
		lower := strings.ToLower(name)
		all = append(all, lower)
		values[lower] = strings.Join(v, ",")
	}
	slices.Sort(all)
	var text strings.Builder
	for _, name := range all {
		text.WriteString(name + ":" + strings.Join(strings.Fields(values[name]), " ") + "\n")
	}
	return strings.Join(all, ";"), text.String()
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
