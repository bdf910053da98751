package aws

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/secret"
)

// Provider finds credentials where the SDKs of AWS find them for a program that
// runs there, and keeps them until shortly before they expire:
//
//  1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
//  2. AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN (EKS)
//  3. AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS Pod Identity)
//  4. the instance's metadata, version 2 (EC2)
//
// Files of profiles are not read.
type Provider struct {
	// Getenv is where variables come from. Default os.Getenv.
	Getenv func(string) string
	// Client makes the requests for credentials. Default: one with timeouts.
	Client *http.Client

	mu   sync.Mutex // held while fetching: all who wait want the same
	have *Credentials
}

const (
	// margin is how long before they expire credentials are replaced.
	margin = 5 * time.Minute
	// fetchTimeout bounds the wait for credentials.
	fetchTimeout = 5 * time.Second
	// maxAnswer bounds what a server of credentials may answer, in bytes.
	maxAnswer = 1 << 20

	containerHost = "http://169.254.170.2"
	instanceHost  = "http://169.254.169.254"
)

// ErrNoCredentials means that there are none where they were looked for.
var ErrNoCredentials = errors.New("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the task, pod or instance a role")

// Credentials returns credentials that are good at now.
func (p *Provider) Credentials(ctx context.Context, now time.Time) (Credentials, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.have != nil && (p.have.Expires.IsZero() || p.have.Expires.Sub(now) > margin) {
		return *p.have, nil
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	c, err := p.fetch(ctx)
	if err != nil {
		return Credentials{}, err
	}
	p.have = &c
	return c, nil
}

// Forget makes the next call fetch credentials again, as after an answer that
// they have expired.
func (p *Provider) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.have = nil
}

func (p *Provider) env(name string) string {
	if p.Getenv != nil {
		return p.Getenv(name)
	}
	return os.Getenv(name)
}

func (p *Provider) fetch(ctx context.Context) (Credentials, error) {
	switch {
	case p.env("AWS_ACCESS_KEY_ID") != "" && p.env("AWS_SECRET_ACCESS_KEY") != "":
		return Credentials{
			AccessKey: p.env("AWS_ACCESS_KEY_ID"), Secret: secret.New(p.env("AWS_SECRET_ACCESS_KEY")),
			Token: secret.New(p.env("AWS_SESSION_TOKEN")),
		}, nil
	case p.env("AWS_WEB_IDENTITY_TOKEN_FILE") != "" && p.env("AWS_ROLE_ARN") != "":
		return p.fromWebIdentity(ctx)
	case p.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || p.env("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "":
		return p.fromContainer(ctx)
	case strings.EqualFold(p.env("AWS_EC2_METADATA_DISABLED"), "true"):
		return Credentials{}, ErrNoCredentials
	}
	c, err := p.fromInstance(ctx)
	if err != nil {
		return Credentials{}, fmt.Errorf("%w (the instance's metadata: %v)", ErrNoCredentials, err)
	}
	return c, nil
}

// fromWebIdentity asks STS for the role of a Kubernetes service account:
// "AssumeRoleWithWebIdentity" of the AWS STS API Reference.
func (p *Provider) fromWebIdentity(ctx context.Context) (Credentials, error) {
	token, err := os.ReadFile(p.env("AWS_WEB_IDENTITY_TOKEN_FILE"))
	if err != nil {
		return Credentials{}, fmt.Errorf("web identity: %w", err)
	}
	session := p.env("AWS_ROLE_SESSION_NAME")
	if session == "" {
		session = "berth"
	}
	endpoint := p.env("AWS_ENDPOINT_URL_STS")
	if endpoint == "" {
		endpoint = Endpoint("sts", p.env("AWS_REGION"))
	}
	data, err := p.ask(ctx, http.MethodPost, endpoint, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {p.env("AWS_ROLE_ARN")},
		"RoleSessionName": {session}, "WebIdentityToken": {strings.TrimSpace(string(token))},
	}.Encode())
	if err != nil {
		return Credentials{}, fmt.Errorf("web identity: %w", err)
	}
	var answer struct {
		Credentials struct {
			AccessKeyID     string    `xml:"AccessKeyId"`
			SecretAccessKey string    `xml:"SecretAccessKey"`
			SessionToken    string    `xml:"SessionToken"`
			Expiration      time.Time `xml:"Expiration"`
		} `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	}
	if err := xml.Unmarshal(data, &answer); err != nil || answer.Credentials.AccessKeyID == "" {
		return Credentials{}, fmt.Errorf("web identity: the answer has no credentials (%v)", err)
	}
	c := answer.Credentials
	return Credentials{c.AccessKeyID, secret.New(c.SecretAccessKey), secret.New(c.SessionToken), c.Expiration}, nil
}

// fromContainer asks the agent of ECS or of EKS Pod Identity.
func (p *Provider) fromContainer(ctx context.Context) (Credentials, error) {
	endpoint := p.env("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if relative := p.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); relative != "" {
		endpoint = containerHost + relative
	}
	if err := localOrSecure(endpoint); err != nil {
		return Credentials{}, err
	}
	header := http.Header{}
	token := p.env("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := p.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return Credentials{}, fmt.Errorf("container credentials: %w", err)
		}
		token = strings.TrimSpace(string(data))
	}
	if token != "" {
		header.Set("Authorization", token)
	}
	data, err := p.ask(ctx, http.MethodGet, endpoint, header, "")
	if err != nil {
		return Credentials{}, fmt.Errorf("container credentials: %w", err)
	}
	return parseCredentials(data)
}

// localOrSecure refuses to send the token over a network in the clear.
func localOrSecure(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil {
		return fmt.Errorf("container credentials: %w", err)
	}
	addr, _ := netip.ParseAddr(u.Hostname())
	if u.Scheme == "https" || u.Hostname() == "localhost" || addr.IsLoopback() || addr.IsLinkLocalUnicast() ||
		addr == netip.MustParseAddr("fd00:ec2::23") {
		return nil
	}
	return fmt.Errorf("container credentials: %s: want https, or an address of this host", u.Host)
}

// fromInstance asks the metadata service of the instance, version 2.
func (p *Provider) fromInstance(ctx context.Context) (Credentials, error) {
	base := p.env("AWS_EC2_METADATA_SERVICE_ENDPOINT")
	if base == "" {
		base = instanceHost
	}
	base = strings.TrimSuffix(base, "/") + "/latest/"
	token, err := p.ask(ctx, http.MethodPut, base+"api/token", http.Header{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {"300"}}, "")
	if err != nil {
		return Credentials{}, err
	}
	header := http.Header{"X-Aws-Ec2-Metadata-Token": {string(token)}}
	const path = "meta-data/iam/security-credentials/"
	role, err := p.ask(ctx, http.MethodGet, base+path, header, "")
	if err != nil {
		return Credentials{}, err
	}
	name, _, _ := strings.Cut(strings.TrimSpace(string(role)), "\n")
	data, err := p.ask(ctx, http.MethodGet, base+path+url.PathEscape(name), header, "")
	if err != nil {
		return Credentials{}, err
	}
	return parseCredentials(data)
}

func parseCredentials(data []byte) (Credentials, error) {
	var c struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		Token           string
		Expiration      time.Time
	}
	if err := json.Unmarshal(data, &c); err != nil || c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return Credentials{}, errors.New("the answer has no credentials")
	}
	return Credentials{c.AccessKeyID, secret.New(c.SecretAccessKey), secret.New(c.Token), c.Expiration}, nil
}

// direct makes requests that no proxy may see.
func direct() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:       (&net.Dialer{Timeout: time.Second}).DialContext,
			DisableKeepAlives: true, // they are an hour apart
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (p *Provider) ask(ctx context.Context, method, endpoint string, header http.Header, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, endpoint, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	client := p.Client
	if client == nil {
		client = direct()
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", req.URL.Host, resp.Status)
	}
	return data, nil
}
