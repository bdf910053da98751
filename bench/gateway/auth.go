package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const authCookie = "lean"

// signedIn is what the auth service's cookie holds: who, and tokens of the size
// an identity provider gives.
type signedIn struct {
	User, Email, AccessToken, IDToken string
	Groups                            []string
	Until                             time.Time
}

// serveAuth is an auth service that does what any with a cookie session must
// for a request, and nothing else: open the cookie, decode it, compare groups,
// set headers. It writes no log and renews nothing, so real ones cost more.
func serveAuth(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("auth", flag.ContinueOnError)
	address := fs.String("listen", "127.0.0.1:0", "address")
	mint := fs.Bool("mint", false, "print a cookie and end")
	if err := fs.Parse(args); err != nil {
		return err
	}
	seal, err := newAEAD()
	if err != nil {
		return err
	}
	if *mint {
		return mintCookie(seal)
	}
	return serve(ctx, *address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := openCookie(seal, r)
		if err != nil || !slices.Contains(s.Groups, "manager") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h := w.Header()
		h.Set("X-Auth-Request-User", s.User)
		h.Set("X-Auth-Request-Email", s.Email)
		h.Set("X-Auth-Request-Groups", strings.Join(s.Groups, ","))
		w.WriteHeader(http.StatusAccepted)
	}))
}

// newAEAD has a fixed key: the cookie is minted by another process, and guards
// nothing but the benchmark.
func newAEAD() (cipher.AEAD, error) {
	block, err := aes.NewCipher([]byte("a key for the benchmark, no more"))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func mintCookie(seal cipher.AEAD) error {
	token := strings.Repeat("abcdefghijklmnopqrst", 30)
	plain, err := json.Marshal(signedIn{
		User: "dana", Email: "dana@example.org", AccessToken: token, IDToken: token,
		Groups: []string{"staff", "manager"}, Until: time.Now().Add(12 * time.Hour),
	})
	if err != nil {
		return err
	}
	nonce := make([]byte, seal.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return err
	}
	fmt.Printf("%s=%s\n", authCookie, base64.RawURLEncoding.EncodeToString(seal.Seal(nonce, nonce, plain, nil)))
	return nil
}

func openCookie(seal cipher.AEAD, r *http.Request) (*signedIn, error) {
	c, err := r.Cookie(authCookie)
	if err != nil {
		return nil, err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || len(sealed) < seal.NonceSize() {
		return nil, errors.New("malformed cookie")
	}
	plain, err := seal.Open(nil, sealed[:seal.NonceSize()], sealed[seal.NonceSize():], nil)
	if err != nil {
		return nil, err
	}
	var s signedIn
	if err := json.Unmarshal(plain, &s); err != nil {
		return nil, err
	}
	if time.Now().After(s.Until) {
		return nil, errors.New("expired cookie")
	}
	return &s, nil
}
