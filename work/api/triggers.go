package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/outbox"
)

const (
	// maxWebhook bounds the body of a webhook, in bytes.
	maxWebhook = 1 << 20
	// githubSignature is the header with which GitHub signs: "sha256=" and the
	// hexadecimal HMAC-SHA256 of the body.
	githubSignature = "X-Hub-Signature-256"
	// eventID is the header with which a sender says which event it sends.
	eventID = "Berth-Event-Id"
	// maxEventID bounds that, in bytes.
	maxEventID = 200
	// maxHeaders bounds what of a request's headers a run can refer to, in bytes.
	maxHeaders = 16 << 10
)

func (a *API) triggerRoutes() []route {
	return []route{{
		method: "POST", path: "/triggers/{name}/fire", name: "fireTrigger", may: signer, open: true, most: maxWebhook, takes: json.RawMessage{}, gives: work.Receipt{},
		status: http.StatusCreated, also: map[int]any{http.StatusOK: work.Receipt{}},
		text: "Start what a webhook's trigger starts. The proof is a signature of the body with the trigger's secret: " +
			outbox.SignatureHeader + " (t=SECONDS,v1=HEX, not older than five minutes) or GitHub's " + githubSignature + ". " +
			eventID + " makes an event that comes twice start one run; of GitHub's the same body does.",
		do: (*call).fire,
	}}
}

// errSignature is the same whatever is wrong, so that nobody learns from it
// which triggers there are.
var errSignature = &statusError{http.StatusUnauthorized, errors.New("the signature is missing, wrong or too old for this trigger")}

func (c *call) fire() (any, error) {
	name := c.r.PathValue("name")
	id, err := c.signed(name)
	if err != nil {
		return nil, err
	}
	receipt, err := c.e.Fire(c.r.Context(), name, engine.Occurrence{ID: id, Body: c.body, Headers: headersOf(c.r.Header)})
	if err != nil {
		return nil, err
	}
	return c.received(receipt)
}

// signed checks the signature of a webhook and gives the id of its event. What
// is not signed is not believed: where the body alone is, as GitHub does, the
// id is the body's sum, and a recorded request starts nothing again, whatever
// delivery it says it is. Where the time is signed too, the sender's own id
// counts, and the same signature cannot come with another.
func (c *call) signed(name string) (string, error) {
	t, ok := c.e.Trigger(name)
	if !ok || t.Kind != "webhook" || c.opt.TriggerKeys == nil {
		return "", errSignature
	}
	keys, err := c.opt.TriggerKeys(t.Run.Tenant, t.Secret)
	if err != nil || len(keys) == 0 {
		c.opt.Logger.Warn("webhook of a trigger without its secret", "trigger", name, "secret", t.Secret, "error", err)
		return "", errSignature
	}
	if header := c.r.Header.Get(outbox.SignatureHeader); header != "" {
		now := time.Now()
		if outbox.Verify(header, c.body, keys, now, outbox.Tolerance) != nil {
			return "", errSignature
		}
		id := c.r.Header.Get(eventID)
		if len(id) > maxEventID {
			return "", fmt.Errorf("%w: %s: at most %d bytes", work.ErrInvalid, eventID, maxEventID)
		}
		// Not the header as it came: parts could be added that mean nothing.
		sum := sumOf([]byte(name), []byte(signedAt(header)), c.body)
		if id == "" {
			id = sum
		}
		return id, c.replays.check(sum, id, now)
	}
	if !githubSigned(c.r.Header.Get(githubSignature), c.body, keys) {
		return "", errSignature
	}
	return sumOf(c.body), nil
}

// signedAt gives the time of a signature that was verified.
func signedAt(header string) string {
	for part := range strings.SplitSeq(header, ",") {
		if seconds, ok := strings.CutPrefix(strings.TrimSpace(part), "t="); ok {
			return seconds
		}
	}
	return ""
}

func githubSigned(header string, body []byte, keys []secret.String) bool {
	text, ok := strings.CutPrefix(header, "sha256=")
	got, err := hex.DecodeString(text)
	if !ok || err != nil {
		return false
	}
	return slices.ContainsFunc(keys, func(key secret.String) bool {
		if key.IsZero() {
			return false // anybody could sign with it
		}
		h := hmac.New(sha256.New, []byte(key.Reveal()))
		h.Write(body)
		return hmac.Equal(got, h.Sum(nil))
	})
}

func sumOf(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:", len(p))
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hidden are headers that a run cannot refer to: they prove something, or are
// about the connection.
var hidden = []string{"Authorization", "Proxy-Authorization", "Cookie", githubSignature, "X-Hub-Signature", outbox.SignatureHeader, hop, "Connection", "Accept-Encoding"}

// headersOf gives the headers that a run can refer to, in lower case, those of
// several values joined.
func headersOf(h http.Header) map[string]string {
	all, size := map[string]string{}, 0
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if slices.Contains(hidden, name) {
			continue
		}
		text := strings.ToValidUTF8(strings.Join(h[name], ", "), "\uFFFD")
		if size += len(name) + len(text); size > maxHeaders {
			break
		}
		all[strings.ToLower(name)] = text
	}
	return all
}

// maxReplays bounds how many signatures are remembered.
const maxReplays = 50_000

// replays remembers which event each signature was for, as long as it is
// valid. The engine that owns the run's shard sees every request for it.
type replays struct {
	mu   sync.Mutex
	seen map[string]signedEvent
	next time.Time // when what is over is forgotten
}

type signedEvent struct {
	id    string
	until time.Time
}

func (r *replays) init() { r.seen = map[string]signedEvent{} }

// check refuses a signature that came with another id.
func (r *replays) check(sum, id string, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.After(r.next) || len(r.seen) >= maxReplays {
		for s, e := range r.seen {
			if now.After(e.until) {
				delete(r.seen, s)
			}
		}
		r.next = now.Add(time.Minute)
	}
	if e, ok := r.seen[sum]; ok {
		if e.id != id {
			return errSignature
		}
		return nil
	}
	if len(r.seen) >= maxReplays {
		return fmt.Errorf("%w: too many webhooks in a short time", work.ErrQuota)
	}
	r.seen[sum] = signedEvent{id, now.Add(2 * outbox.Tolerance)}
	return nil
}
