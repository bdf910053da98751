package sts

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Token is an OpenID Connect ID token as a value. Nothing in it is to be trusted
// before Signature says that it was verified.
type Token struct {
	// Issuer, Subject, Audiences and AuthorizedParty are iss, sub, aud and azp.
	Issuer, Subject string
	Audiences       []string
	AuthorizedParty string
	// IssuedAt, NotBefore and ExpiresAt are iat, nbf and exp; zero where absent.
	IssuedAt, NotBefore, ExpiresAt time.Time
	// AMR are the ways the user was authenticated (RFC 8176).
	AMR []string
	// SourceIdentity is the claim "https://aws.amazon.com/source_identity".
	SourceIdentity string
	// Tags and TransitiveTagKeys are the claim "https://aws.amazon.com/tags",
	// nested or flat.
	Tags              []Tag
	TransitiveTagKeys []string
	// Claims are the other claims that are a text, a number or a boolean, as
	// text.
	Claims map[string]string
	// Signature says whether the signature was verified and by whom.
	Signature Signature
}

// The bounds of the parameter WebIdentityToken (API reference: clientTokenType).
const (
	minToken = 4
	maxToken = 20000
)

// The claims of the vendor.
const (
	claimSourceIdentity = "https://aws.amazon.com/source_identity"
	claimTags           = "https://aws.amazon.com/tags"
)

// DecodeToken reads an ID token (RFC 7519, compact form) into a value that is
// not to be trusted: the signature is not looked at, so Signature is its zero
// value. A claim given twice is an error, since two readers could differ.
func DecodeToken(text string) (*Token, error) {
	if n := len(text); n < minToken || n > maxToken {
		return nil, fmt.Errorf("token of %d characters: want %d to %d", n, minToken, maxToken)
	}
	part := strings.Split(text, ".")
	if len(part) != 3 {
		return nil, fmt.Errorf("token has %d parts: want header, claims and signature with dots between", len(part))
	}
	payload, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		return nil, fmt.Errorf("claims of the token are not base64url: %w", err)
	}
	claims, err := members(payload)
	if err != nil {
		return nil, fmt.Errorf("claims of the token: %w", err)
	}
	t := &Token{Claims: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if err := t.set(name, claims[name]); err != nil {
			return nil, fmt.Errorf("claim %q: %w", clip(name), err)
		}
	}
	return t, nil
}

// set takes one claim.
func (t *Token) set(name string, value json.RawMessage) error {
	switch name {
	case "iss":
		return json.Unmarshal(value, &t.Issuer)
	case "sub":
		return json.Unmarshal(value, &t.Subject)
	case "azp":
		return json.Unmarshal(value, &t.AuthorizedParty)
	case "aud":
		return textOrList(value, &t.Audiences)
	case "amr":
		return textOrList(value, &t.AMR)
	case "iat":
		return numericDate(value, &t.IssuedAt)
	case "nbf":
		return numericDate(value, &t.NotBefore)
	case "exp":
		return numericDate(value, &t.ExpiresAt)
	case claimSourceIdentity:
		return json.Unmarshal(value, &t.SourceIdentity)
	case claimTags:
		return t.setTags(value)
	case claimTags + "/transitive_tag_keys":
		return textOrList(value, &t.TransitiveTagKeys)
	}
	if key, ok := strings.CutPrefix(name, claimTags+"/principal_tags/"); ok {
		return t.setTag(key, value)
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return err
	}
	switch v.(type) {
	case string, json.Number, bool:
		t.Claims[name] = fmt.Sprint(v)
	}
	return nil
}

// setTags takes the nested form of the tags: {"principal_tags": {"k": ["v"]},
// "transitive_tag_keys": ["k"]}. The flat form has a claim for each tag.
func (t *Token) setTags(value json.RawMessage) error {
	claim, err := members(value)
	if err != nil {
		return err
	}
	if keys := claim["transitive_tag_keys"]; keys != nil {
		if err := textOrList(keys, &t.TransitiveTagKeys); err != nil {
			return fmt.Errorf("transitive_tag_keys: %w", err)
		}
	}
	if claim["principal_tags"] == nil {
		return nil
	}
	tags, err := members(claim["principal_tags"])
	if err != nil {
		return fmt.Errorf("principal_tags: %w", err)
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if err := t.setTag(key, tags[key]); err != nil {
			return err
		}
	}
	return nil
}

// setTag takes one tag, which has one value.
func (t *Token) setTag(key string, value json.RawMessage) error {
	var values []string
	if err := textOrList(value, &values); err != nil {
		return fmt.Errorf("tag %q: %w", clip(key), err)
	}
	if len(values) != 1 {
		return fmt.Errorf("tag %q has %d values: want one", clip(key), len(values))
	}
	t.Tags = append(t.Tags, Tag{Key: key, Value: values[0]})
	return nil
}

// textOrList reads a text or a list of texts.
func textOrList(value json.RawMessage, into *[]string) error {
	if len(value) > 0 && value[0] == '"' {
		*into = []string{""}
		return json.Unmarshal(value, &(*into)[0])
	}
	return json.Unmarshal(value, into)
}

// numericDate reads seconds since 1970, perhaps with a fraction.
func numericDate(value json.RawMessage, into *time.Time) error {
	var seconds float64
	if err := json.Unmarshal(value, &seconds); err != nil {
		return err
	}
	const most = 253402300799 // the end of the year 9999
	if seconds < 0 || seconds > most || math.IsNaN(seconds) {
		return fmt.Errorf("%v is not a time", seconds)
	}
	*into = time.Unix(int64(seconds), 0).UTC()
	return nil
}

// members takes a JSON object apart and refuses a member given twice.
func members(doc []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	open, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if open != json.Delim('{') {
		return nil, errors.New("want an object")
	}
	out := map[string]json.RawMessage{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := key.(string)
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("claim %q is there twice", clip(name))
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		out[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something behind the object")
	}
	return out, nil
}
