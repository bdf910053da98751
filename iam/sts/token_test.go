package sts_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam/sts"
)

// compact returns a token in its compact form, with a signature of nobody.
func compact(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + enc([]byte(claims)) + "." + enc([]byte("signature"))
}

func TestDecodeToken(t *testing.T) {
	t.Parallel()
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	tests := []struct {
		name, claims string
		want         sts.Token
	}{
		{
			"the usual claims",
			`{"iss":"https://token.actions.githubusercontent.com","sub":"repo:acme/app:ref:refs/heads/main","aud":"sts.amazonaws.com","azp":"a","iat":1772442000,"nbf":1772441990.5,"exp":1772442300,"ref":"refs/heads/main","run_attempt":1,"fork":false,"nested":{"a":1},"nothing":null}`,
			sts.Token{
				Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:acme/app:ref:refs/heads/main",
				Audiences: []string{"sts.amazonaws.com"}, AuthorizedParty: "a",
				IssuedAt: at(1772442000), NotBefore: at(1772441990), ExpiresAt: at(1772442300),
				Claims: map[string]string{"ref": "refs/heads/main", "run_attempt": "1", "fork": "false"},
			},
		},
		{
			"lists", `{"aud":["a","b"],"amr":["pwd","mfa"]}`,
			sts.Token{Audiences: []string{"a", "b"}, AMR: []string{"pwd", "mfa"}, Claims: map[string]string{}},
		},
		{
			"one way as a text", `{"amr":"pwd"}`,
			sts.Token{AMR: []string{"pwd"}, Claims: map[string]string{}},
		},
		{
			"nested tags", `{"https://aws.amazon.com/source_identity":"jean","https://aws.amazon.com/tags":{"principal_tags":{"Team":["blue"],"Cost":["1"]},"transitive_tag_keys":["Team"]}}`,
			sts.Token{SourceIdentity: "jean", Tags: []sts.Tag{{"Cost", "1"}, {"Team", "blue"}}, TransitiveTagKeys: []string{"Team"}, Claims: map[string]string{}},
		},
		{
			"flat tags", `{"https://aws.amazon.com/tags/principal_tags/Team":"blue","https://aws.amazon.com/tags/transitive_tag_keys":["Team"]}`,
			sts.Token{Tags: []sts.Tag{{"Team", "blue"}}, TransitiveTagKeys: []string{"Team"}, Claims: map[string]string{}},
		},
	}
	for _, tc := range tests {
		got, err := sts.DecodeToken(compact(tc.claims))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if diff := cmp.Diff(&tc.want, got); diff != "" {
			t.Errorf("%s: DecodeToken (-want +got):\n%s", tc.name, diff)
		}
		if got.Signature.Verified() {
			t.Errorf("%s: decoding says that the signature was verified", tc.name)
		}
	}
}

func TestDecodeTokenRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "token of 0 characters",
		"a.b":                            "token of 3 characters",
		"aaaa.bbbb":                      "token has 2 parts",
		"aaaa.bbbb.cccc.dddd.eeee":       "token has 5 parts", // an encrypted one
		"aaaa.b=bb.cccc":                 "not base64url",
		strings.Repeat("a", 20001):       "token of 20001 characters",
		compact(`[]`):                    "want an object",
		compact(`{`):                     "claims of the token",
		compact(`{}{}`):                  "something behind the object",
		compact(`{"sub":"a","sub":"b"}`): `claim "sub" is there twice`,
		compact(`{"sub":1}`):             `claim "sub"`,
		compact(`{"aud":[1]}`):           `claim "aud"`,
		compact(`{"aud":{}}`):            `claim "aud"`,
		compact(`{"exp":"tomorrow"}`):    `claim "exp"`,
		compact(`{"exp":-1}`):            "is not a time",
		compact(`{"exp":1e300}`):         "is not a time",
		compact(`{"https://aws.amazon.com/tags":{"principal_tags":{"a":["1","2"]}}}`):       `tag "a" has 2 values`,
		compact(`{"https://aws.amazon.com/tags":{"principal_tags":{"a":["1"],"a":["2"]}}}`): "is there twice",
		compact(`{"https://aws.amazon.com/tags":{"principal_tags":[]}}`):                    "want an object",
		compact(`{"https://aws.amazon.com/tags":{"transitive_tag_keys":5}}`):                "transitive_tag_keys",
		compact(`{"https://aws.amazon.com/tags/principal_tags/a":["1","2"]}`):               "has 2 values",
	} {
		got, err := sts.DecodeToken(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("DecodeToken(%.60q) = %+v, %v, want an error with %q", text, got, err, want)
		}
	}
}

func FuzzDecodeToken(f *testing.F) {
	f.Add(compact(`{"iss":"i","sub":"s","aud":["a"],"exp":1}`))
	f.Add(compact(`{"https://aws.amazon.com/tags":{"principal_tags":{"a":["1"]}}}`))
	f.Fuzz(func(t *testing.T, text string) {
		token, err := sts.DecodeToken(text)
		if err == nil && token.Signature.Verified() {
			t.Fatalf("DecodeToken(%q) says that it is verified", text)
		}
		c := presenting(t, token)
		c.TokenError = err
		if o := sts.AssumeRoleWithWebIdentity(c); o.Granted() {
			t.Fatalf("a token nobody verified gives a session: %q", text)
		}
	})
}
