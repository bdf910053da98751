package container

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/berth-project/berth/internal/glob"
	"github.com/berth-project/berth/work"
)

// reference is the name of an image with its registry: the form that is pulled
// and that patterns are compared with.
type reference struct {
	name string // registry.example.org/team/encode
	tag  string // "latest", or a digest "sha256:…"
}

// part is a part of a name, between slashes.
const part = `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`

// referenceText is the grammar of distribution/reference, with registries in
// lower case.
var referenceText = regexp.MustCompile(`^` + part + `(?::[0-9]{1,5}/` + part + `)?(?:/` + part + `)*` +
	`(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`)

// parseReference reads a name as Docker does: without a registry it is one of
// Docker Hub, without a tag it is the latest.
func parseReference(text string) (reference, error) {
	if len(text) > 512 || !referenceText.MatchString(text) {
		return reference{}, fmt.Errorf("image %.100q: want a name such as registry.example.org/team/encode:1.2", text)
	}
	name, digest, _ := strings.Cut(text, "@")
	tag := digest
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		if tag == "" {
			tag = name[i+1:]
		}
		name = name[:i]
	}
	if tag == "" {
		tag = "latest"
	}
	first, _, nested := strings.Cut(name, "/")
	switch {
	case !nested:
		name = "docker.io/library/" + name
	case first != "localhost" && !strings.ContainsAny(first, ".:"):
		name = "docker.io/" + name
	}
	return reference{name, tag}, nil
}

func (r reference) registry() string {
	host, _, _ := strings.Cut(r.name, "/")
	return host
}

// String returns the name with its tag or digest.
func (r reference) String() string {
	if strings.HasPrefix(r.tag, "sha256:") {
		return r.name + "@" + r.tag
	}
	return r.name + ":" + r.tag
}

// allows reports whether a pattern has an image: by its name, or by that with
// the tag.
func (f *Free) allows(r reference) bool {
	for _, pattern := range f.Images {
		if glob.Match(pattern, r.name) || glob.Match(pattern, r.String()) {
			return true
		}
	}
	return false
}

// errImage marks an image that is not to be had.
var errImage = errors.New("image not available")

// ensure pulls an image when the policy says so.
func (e *Executor) ensure(ctx context.Context, image string, policy Pull, report work.Reporter) error {
	if policy != PullAlways {
		err := e.engine.short(ctx, http.MethodGet, "/images/"+image+"/json", nil, nil, nil)
		switch {
		case err == nil:
			return nil
		case !isStatus(err, http.StatusNotFound):
			return err
		case policy == PullNever:
			return fmt.Errorf("%w: %s is not on this engine, and is not to be pulled", errImage, image)
		}
	}
	ref, err := parseReference(image)
	if err != nil {
		return fmt.Errorf("%w: %w", errImage, err)
	}
	begin := time.Now()
	report.Log([]byte("pulling " + ref.String() + "\n"))
	if err := e.pull(ctx, ref); err != nil {
		return fmt.Errorf("%w: pull %s: %w", errImage, ref, err)
	}
	report.Log(fmt.Appendf(nil, "pulled %s in %s\n", ref, time.Since(begin).Round(time.Millisecond)))
	return nil
}

func (e *Executor) pull(ctx context.Context, ref reference) error {
	ctx, cancel := context.WithTimeout(ctx, e.opts.PullTimeout)
	defer cancel()
	header := http.Header{}
	if account, ok := e.opts.Registries[ref.registry()]; ok {
		auth, err := json.Marshal(map[string]string{
			"username": account.Username, "password": account.Password.Reveal(), "serveraddress": ref.registry(),
		})
		if err != nil {
			return err
		}
		header.Set("X-Registry-Auth", base64.URLEncoding.EncodeToString(auth))
	}
	stream, err := e.engine.open(ctx, http.MethodPost, "/images/create", url.Values{"fromImage": {ref.name}, "tag": {ref.tag}}, header, nil)
	if err != nil {
		return err
	}
	defer stream.Close()
	return pullError(stream)
}

// pullError reads the progress of a pull, a row of JSON objects, to its end: an
// error comes after the status has been a success.
func pullError(stream io.Reader) error {
	dec := json.NewDecoder(stream)
	for {
		var line struct {
			Error string `json:"error"`
		}
		err := dec.Decode(&line)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case line.Error != "":
			return errors.New(line.Error)
		}
	}
}
