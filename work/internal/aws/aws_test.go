package aws_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work/internal/aws"
)

// The keys and the first signature are those of the suite that AWS publishes
// with Signature Version 4 (post-vanilla); the others were made by the signer of
// aws-sdk-go-v2 1.48.0.
func TestSignAsAWSDoes(t *testing.T) {
	t.Parallel()
	keys := aws.Credentials{AccessKey: "AKIDEXAMPLE", Secret: secret.New("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")}
	session := keys
	session.Token = secret.New("session/token+==")
	at := time.Date(2026, 11, 25, 12, 34, 56, 0, time.UTC)
	for name, c := range map[string]struct {
		url, body   string
		header      http.Header
		credentials aws.Credentials
		scope       aws.Scope
		at          time.Time
		want        string
	}{
		"published": {
			"https://example.amazonaws.com/", "", nil, keys,
			aws.Scope{Region: "us-east-1", Service: "service"},
			time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
		},
		"with a body": {
			"https://sqs.eu-west-1.amazonaws.com", `{"a":"ü  b"}`,
			http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"AmazonSQS.SendMessage"}, "User-Agent": {"x"}},
			keys,
			aws.Scope{Region: "eu-west-1", Service: "sqs"},
			at, "1781726fae1e6d2a92bb8d4ab33ff02b0545821074fe7de6f59b2abbc3aaa4d3",
		},
		"of a session": {
			"https://sqs.eu-west-1.amazonaws.com/", `{"a":"ü  b"}`,
			http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"AmazonSQS.SendMessage"}},
			session,
			aws.Scope{Region: "eu-west-1", Service: "sqs"},
			at, "7c6ba422c7fbccdeafcad235b4b0f8e51aef45071e8c60fa912ecd70cbb4bbaf",
		},
	} {
		req, err := http.NewRequest(http.MethodPost, c.url, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.header != nil {
			req.Header = c.header
		}
		aws.Sign(req, []byte(c.body), c.credentials, c.scope, c.at)
		if _, got, _ := strings.Cut(req.Header.Get("Authorization"), "Signature="); got != c.want {
			t.Errorf("%s: signature %s, want %s", name, got, c.want)
		}
	}
}

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestCredentialsAreFoundWhereTheSDKsFindThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte("file-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	asJSON, _ := json.Marshal(map[string]any{"AccessKeyId": "AK", "SecretAccessKey": "SK", "Token": "ST", "Expiration": expires})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		switch {
		case r.URL.Path == "/sts" && r.Form.Get("WebIdentityToken") == "file-token" && r.Form.Get("RoleArn") == "arn:role":
			fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
				<Credentials><AccessKeyId>AK</AccessKeyId><SecretAccessKey>SK</SecretAccessKey><SessionToken>ST</SessionToken><Expiration>%s</Expiration></Credentials>
				</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, expires.Format(time.RFC3339))
		case r.URL.Path == "/container" && r.Header.Get("Authorization") == "file-token":
			_, _ = w.Write(asJSON)
		case r.URL.Path == "/latest/api/token" && r.Method == http.MethodPut:
			_, _ = io.WriteString(w, "imds-token")
		case r.Header.Get("X-Aws-Ec2-Metadata-Token") != "imds-token":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/latest/meta-data/iam/security-credentials/":
			_, _ = io.WriteString(w, "the-role")
		case r.URL.Path == "/latest/meta-data/iam/security-credentials/the-role":
			_, _ = w.Write(asJSON)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	for name, values := range map[string]map[string]string{
		"environment":  {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "AWS_SESSION_TOKEN": "ST"},
		"web identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": "arn:role", "AWS_ENDPOINT_URL_STS": server.URL + "/sts"},
		"container":    {"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.URL + "/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file},
		"instance":     {"AWS_EC2_METADATA_SERVICE_ENDPOINT": server.URL},
	} {
		p := &aws.Provider{Getenv: env(values)}
		c, err := p.Credentials(t.Context(), time.Now())
		if err != nil || c.AccessKey != "AK" || c.Secret.Reveal() != "SK" || c.Token.Reveal() != "ST" {
			t.Errorf("%s: Credentials() = %+v, %v", name, c, err)
		}
		if want := expires; name != "environment" && !c.Expires.Equal(want) {
			t.Errorf("%s: Expires = %s, want %s", name, c.Expires, want)
		}
	}
	for name, values := range map[string]map[string]string{
		"none":             {"AWS_EC2_METADATA_DISABLED": "true"},
		"wrong role":       {"AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": "arn:other", "AWS_ENDPOINT_URL_STS": server.URL + "/sts"},
		"token in clear":   {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.org/container"},
		"no instance role": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": server.URL + "/nowhere"},
	} {
		p := &aws.Provider{Getenv: env(values)}
		if c, err := p.Credentials(t.Context(), time.Now()); err == nil {
			t.Errorf("%s: Credentials() = %+v, want an error", name, c)
		}
	}
}

func TestCredentialsAreKeptUntilShortlyBeforeTheyExpire(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]any{"AccessKeyId": "AK", "SecretAccessKey": "SK", "Expiration": now.Add(time.Hour)})
	}))
	t.Cleanup(server.Close)
	p := &aws.Provider{Getenv: env(map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.URL})}
	for after, want := range []int32{1, 1, 2} {
		if _, err := p.Credentials(t.Context(), now.Add(time.Duration(after)*29*time.Minute)); err != nil || asked.Load() != want {
			t.Errorf("after %d x 29m: asked %d times (%v), want %d", after, asked.Load(), err, want)
		}
	}
	p.Forget()
	if _, err := p.Credentials(t.Context(), now); err != nil || asked.Load() != 3 {
		t.Errorf("after Forget: asked %d times (%v), want 3", asked.Load(), err)
	}
}

func TestErrorsKnowWhetherTryingAgainCanHelp(t *testing.T) {
	t.Parallel()
	for answer, c := range map[string]struct {
		status    int
		code      string
		temporary bool
	}{
		`{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}`:                                  {400, "QueueDoesNotExist", true},
		`{"__type":"com.amazon.coral.service#InvalidMessageContents","Message":"m"}`:                      {400, "InvalidMessageContents", false},
		`{"__type":"ThrottlingException","message":"m"}`:                                                  {400, "ThrottlingException", true},
		`{"__type":"UnrecognizedClientException","message":"m"}`:                                          {400, "UnrecognizedClientException", true},
		`<ErrorResponse><Error><Code>InvalidParameter</Code><Message>m</Message></Error></ErrorResponse>`: {400, "InvalidParameter", false},
		`<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>`:                   {403, "AuthorizationError", true},
		`{"__type":"InvalidSignatureException","message":"Signature expired"}`:                            {400, "InvalidSignatureException", true},
		`{"__type":"com.amazonaws.sqs#KMSInvalidStateException","message":"m"}`:                           {400, "KMSInvalidStateException", true},
		`<ErrorResponse><Error><Code>KMSInvalidState</Code></Error></ErrorResponse>`:                      {400, "KMSInvalidState", true},
		`<ErrorResponse><Error><Code>InvalidSecurity</Code></Error></ErrorResponse>`:                      {403, "InvalidSecurity", true},
		`<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>`:                 {403, "InvalidClientTokenId", true},
		`{"__type":"ValidationException","message":"m"}`:                                                  {400, "ValidationException", false},
		`too large`: {413, "Unknown", false},
		`oops`:      {502, "Unknown", true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, answer)
		}))
		p := &aws.Provider{Getenv: env(map[string]string{"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"})}
		_, err := p.Do(t.Context(), server.Client(), aws.Call{Endpoint: server.URL})
		e, ok := errors.AsType[*aws.Error](err)
		if !ok || e.Code != c.code || aws.Temporary(err) != c.temporary {
			t.Errorf("Do() with %s = %v, want code %s, temporary %v", answer, err, c.code, c.temporary)
		}
		server.Close()
	}
}

func TestQueuesAreNamedInOneWay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]aws.Queue{
		"https://sqs.eu-west-1.amazonaws.com/123/q":                      {Region: "eu-west-1", Endpoint: "https://sqs.eu-west-1.amazonaws.com"},
		"https://sqs.cn-north-1.amazonaws.com.cn/1/a_b-c.fifo":           {Region: "cn-north-1", Endpoint: "https://sqs.cn-north-1.amazonaws.com.cn"},
		"http://sqs.eu-west-1.amazonaws.com/123/q":                       {},
		"https://evil.test/123/q":                                        {},
		"https://sqs.eu-west-1.evil.test/123/q":                          {},
		"https://sqs.eu-west-1.amazonaws.com:8443/123/q":                 {},
		"https://me@sqs.eu-west-1.amazonaws.com/123/q":                   {},
		"https://sqs..amazonaws.com/123/q":                               {},
		"https://sqs.eu-west-1.amazonaws.com/999/q?.amazonaws.com/123/q": {},
		"https://sqs.eu-west-1.amazonaws.com/999/q#/123/q":               {},
		"https://sqs.eu-west-1.amazonaws.com/999/x.amazonaws.com/123/q":  {},
		"https://sqs.eu-west-1.amazonaws.com/999/%2e%2e/123/q":           {},
		"https://sqs.eu-west-1.amazonaws.com/":                           {},
		"":                                                               {},
	} {
		got, err := aws.ParseQueue(text)
		if got != want || (err == nil) != (want != aws.Queue{}) {
			t.Errorf("ParseQueue(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]bool{"eu-west-1": true, "us-gov-west-1": true, "": false, "evil.test/x": false, "x@169.254.169.254/": false, "eu west": false, "EU-WEST-1": false} {
		if got := aws.IsRegion(text); got != want {
			t.Errorf("IsRegion(%q) = %v, want %v", text, got, want)
		}
	}
}
