package sts_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

// stsCase is one case of testdata/sts-cases.json. What a call does not have is a
// valid default.
type stsCase struct {
	ID, Title string
	Call      struct {
		Op                       string
		RoleMaxSession           int
		DurationSeconds          *int
		CallerIsRoleSession      bool
		CallerIsRoot             bool
		CallerSourceIdentity     string
		RoleSessionName          string
		ExternalID               string `json:"ExternalId"`
		TagCount                 int
		Tags                     []sts.Tag
		IncomingTransitiveTags   map[string]string
		PolicyLength             int
		PolicyArnCount           int
		SourceIdentity           string
		AssertionSessionDuration int
		AssertionAgeSeconds      int
		TokenExpired             bool
	}
	Expect struct {
		OK             bool
		Seconds        int
		Error          string
		SourceIdentity string
		Confidence     string
	}
	// Diverges is what we answer in place of what is expected, and where that is
	// argued.
	Diverges struct{ Error, See string }
}

func TestCases(t *testing.T) {
	t.Parallel()
	var data struct {
		Format string
		Cases  []stsCase
	}
	if err := json.Unmarshal([]byte(file(t, "sts-cases.json")), &data); err != nil {
		t.Fatal(err)
	}
	if data.Format != "iam-sts-cases/1" || len(data.Cases) != 28 {
		t.Fatalf("format %q with %d cases, want iam-sts-cases/1 with 28", data.Format, len(data.Cases))
	}
	for _, tc := range data.Cases {
		t.Run(tc.ID+" "+tc.Title, func(t *testing.T) {
			t.Parallel()
			o := tc.run(t)
			if !tc.Expect.OK {
				want := sts.Code(tc.Expect.Error)
				if tc.Diverges.Error != "" {
					if tc.Expect.Confidence != "medium" {
						t.Errorf("case is of confidence %q: only one of medium may be answered otherwise", tc.Expect.Confidence)
					}
					want = sts.Code(tc.Diverges.Error)
				}
				if o.Granted() || o.Refusal.Code != want {
					t.Errorf("got %s, want %s", trace(o), want)
				}
				return
			}
			s := wantSession(t, o)
			if tc.Expect.Seconds != 0 && s.Seconds != tc.Expect.Seconds {
				t.Errorf("session of %d s, want %d", s.Seconds, tc.Expect.Seconds)
			}
			if want := time.Duration(s.Seconds) * time.Second; s.ExpiresAt.Sub(s.Facts.TokenIssued) != want {
				t.Errorf("session from %v to %v, want %v", s.Facts.TokenIssued, s.ExpiresAt, want)
			}
			if s.Facts.SourceIdentity != tc.Expect.SourceIdentity {
				t.Errorf("source identity %q, want %q", s.Facts.SourceIdentity, tc.Expect.SourceIdentity)
			}
		})
	}
}

func (tc *stsCase) run(t *testing.T) *sts.Outcome {
	t.Helper()
	switch sts.Operation(tc.Call.Op) {
	case sts.OpAssumeRole:
		return sts.AssumeRole(tc.assumeRole(t))
	case sts.OpAssumeRoleWithSAML:
		a := assertion()
		a.IssuedAt = noon.Add(-time.Duration(tc.Call.AssertionAgeSeconds) * time.Second)
		if n := tc.Call.AssertionSessionDuration; n > 0 {
			withAttribute(a, "SessionDuration", strconv.Itoa(n))
		}
		c := federating(t, a)
		c.DurationSeconds = tc.Call.DurationSeconds
		return sts.AssumeRoleWithSAML(c)
	case sts.OpAssumeRoleWithWebIdentity:
		tok := token()
		if tc.Call.TokenExpired {
			tok.ExpiresAt = noon
		}
		return sts.AssumeRoleWithWebIdentity(presenting(t, tok))
	case sts.OpGetSessionToken:
		return sts.GetSessionToken(&sts.GetSessionTokenCall{Caller: tc.caller(t), DurationSeconds: tc.Call.DurationSeconds, Request: sts.Request{Time: noon}})
	case sts.OpGetFederationToken:
		return sts.GetFederationToken(&sts.GetFederationTokenCall{Caller: tc.caller(t), Name: "jean", DurationSeconds: tc.Call.DurationSeconds, Request: sts.Request{Time: noon}})
	}
	t.Fatalf("operation %q is unknown", tc.Call.Op)
	return nil
}

func (tc *stsCase) caller(t *testing.T) sts.Caller {
	t.Helper()
	c := user(anybody(t))
	switch {
	case tc.Call.CallerIsRoleSession:
		c = session(anybody(t))
		c.Facts.SourceIdentity = tc.Call.CallerSourceIdentity
		c.Facts.Tags = tc.Call.IncomingTransitiveTags
		for k := range tc.Call.IncomingTransitiveTags {
			c.TransitiveTagKeys = append(c.TransitiveTagKeys, k)
		}
	case tc.Call.CallerIsRoot:
		c = sts.Caller{Principal: iam.Principal{Kind: iam.Root, ARN: "arn:aws:iam::111122223333:root", Account: own}}
	}
	return c
}

func (tc *stsCase) assumeRole(t *testing.T) *sts.AssumeRoleCall {
	t.Helper()
	c := assuming(t, tc.caller(t))
	if tc.Call.RoleMaxSession > 0 {
		c.Role.MaxSessionSeconds = tc.Call.RoleMaxSession
	}
	if tc.Call.RoleSessionName != "" {
		c.SessionName = tc.Call.RoleSessionName
	}
	c.DurationSeconds = tc.Call.DurationSeconds
	c.ExternalID = tc.Call.ExternalID
	c.SourceIdentity = tc.Call.SourceIdentity
	c.Tags = tc.Call.Tags
	for i := range tc.Call.TagCount {
		c.Tags = append(c.Tags, sts.Tag{Key: fmt.Sprint("k", i), Value: "v"})
	}
	if n := tc.Call.PolicyLength; n > 0 {
		text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
		c.Policy = text + strings.Repeat(" ", n-len(text))
	}
	for i := range tc.Call.PolicyArnCount {
		c.Managed = append(c.Managed, sts.ManagedPolicy{ARN: fmt.Sprint("arn:aws:iam::aws:policy/P", i), Policy: anybody(t)})
	}
	return c
}
