package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/session"
)

func TestKeySetRoundTripsThroughItsFileForm(t *testing.T) {
	t.Parallel()
	for _, alg := range []session.Algorithm{session.EdDSA, session.ES256} {
		keys := rotate(t, newKeys(t, alg), start.Add(time.Hour))
		data, err := keys.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := session.ParseKeySet(data)
		if err != nil {
			t.Fatalf("ParseKeySet(%s) = %v", alg, err)
		}
		if diff := cmp.Diff(keys.Keys(), parsed.Keys()); diff != "" {
			t.Errorf("%s: keys differ (-made +parsed):\n%s", alg, diff)
		}
		if keys.Fingerprint() != parsed.Fingerprint() {
			t.Errorf("%s: fingerprint %s became %s", alg, keys.Fingerprint(), parsed.Fingerprint())
		}
	}
}

func TestRotateMovesEachKeyOneStateOn(t *testing.T) {
	t.Parallel()
	first := newKeys(t, session.EdDSA)
	second := rotate(t, first, start.Add(time.Hour))
	third := rotate(t, second, start.Add(2*time.Hour))
	if got, want := states(second)[session.Current], states(first)[session.Next]; got != want {
		t.Errorf("current keys after a rotation = %q, want the next ones before it, %q", got, want)
	}
	if got, want := states(third)[session.Previous], states(second)[session.Current]; got != want {
		t.Errorf("previous keys = %q, want the former current ones, %q", got, want)
	}
	for _, k := range second.Keys() {
		if !k.Since.Equal(start.Add(time.Hour)) {
			t.Errorf("%s key is so since %v, want the time of the rotation", k.State, k.Since)
		}
		if created := k.CreatedAt.Equal(start); created != (k.State != session.Next) {
			t.Errorf("%s key was created at %v", k.State, k.CreatedAt)
		}
	}
	for _, k := range third.Keys() {
		if strings.Contains(states(first)[session.Current], k.ID) {
			t.Errorf("key %s, previous before the rotation, is still there", k.ID)
		}
	}
	if first.Fingerprint() == second.Fingerprint() {
		t.Error("a rotation leaves the fingerprint as it was")
	}
}

func TestRotateToChangesTheAlgorithmInTwoSteps(t *testing.T) {
	t.Parallel()
	keys, err := newKeys(t, session.EdDSA).RotateTo(session.ES256, start)
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range []string{"EdDSA", "ES256"} {
		if got := currentAlgorithm(keys); string(got) != want {
			t.Errorf("step %d signs with %s, want %s", step, got, want)
		}
		keys = rotate(t, keys, start)
	}
	if _, err := keys.RotateTo("HS256", start); err == nil {
		t.Error("RotateTo(HS256) = nil, want an error")
	}
	if _, err := session.GenerateKeySetFor(session.XChaCha20, start); err == nil {
		t.Error("GenerateKeySetFor(XChaCha20) = nil, want an error")
	}
}

func TestRotateWithoutANextKeyMakesACurrentOne(t *testing.T) {
	t.Parallel()
	d := newDocument(t)
	d.Sealing, d.Signing = d.Sealing[:1], d.Signing[:1]
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := session.ParseKeySet(data)
	if err != nil {
		t.Fatal(err)
	}
	got, before := states(rotate(t, keys, start)), states(keys)
	if got[session.Previous] != before[session.Current] || got[session.Current] == "" || got[session.Next] == "" {
		t.Errorf("after a rotation: %v, before: %v", got, before)
	}
}

func TestParseKeySetReportsEveryProblem(t *testing.T) {
	t.Parallel()
	d := newDocument(t)
	d.Sealing[0]["key"], d.Signing[1]["state"], d.Signing[0]["created"] = "", "", ""
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	_, err = session.ParseKeySet(data)
	for _, field := range []string{"sealing[0].key", "signing[1].state", "signing[0].created"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("ParseKeySet() = %v, want %s among it", err, field)
		}
	}
}

func currentAlgorithm(keys *session.KeySet) session.Algorithm {
	for _, k := range keys.Keys() {
		if k.State == session.Current && k.Algorithm != session.XChaCha20 {
			return k.Algorithm
		}
	}
	return ""
}

// states joins the ids of each state, sealing before signing.
func states(keys *session.KeySet) map[session.KeyState]string {
	ids := map[session.KeyState]string{}
	for _, k := range keys.Keys() {
		ids[k.State] += k.ID + " "
	}
	return ids
}

// document is a key set file a test may damage.
type document struct {
	Version any              `json:"version"`
	Sealing []map[string]any `json:"sealing"`
	Signing []map[string]any `json:"signing"`
}

func newDocument(t *testing.T) *document {
	t.Helper()
	data, err := newKeys(t, session.EdDSA).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

func TestParseKeySetNamesTheFieldAndNeverTheKey(t *testing.T) {
	t.Parallel()
	const canary = "Q2FuYXJ5S2V5Q2FuYXJ5S2V5Q2FuYXJ5S2V5Q2Fu"
	zeros := strings.Repeat("A", 43)
	for _, tc := range []struct {
		name   string
		damage func(*document)
		want   string
	}{
		{"short key", func(d *document) { d.Sealing[0]["key"] = canary }, "sealing[0].key: want 32 bytes, found 30"},
		{"no key", func(d *document) { d.Sealing[0]["key"] = "" }, "sealing[0].key: want 32 bytes, found 0"},
		{"padded key", func(d *document) { d.Signing[0]["key"] = canary + "=" }, "signing[0].key: not unpadded base64url"},
		{"key with line break", func(d *document) { d.Signing[0]["key"] = canary + "\n" }, "signing[0].key: not unpadded base64url"},
		{"blank key", func(d *document) { d.Signing[1]["key"] = zeros }, "signing[1].key: not random"},
		{"scalar beyond the curve", func(d *document) {
			d.Signing[0]["algorithm"] = "ES256"
			d.Signing[0]["key"] = b64([]byte("\xff\xff\xff\xffabcdefghijklmnopqrstuvwxyz01"))
		}, "signing[0].key: not a P-256 private key"},
		{"one key twice", func(d *document) { d.Sealing[1]["key"] = d.Sealing[0]["key"] }, "sealing[1].key: the same as another key"},
		{"one key for both purposes", func(d *document) { d.Signing[0]["key"] = d.Sealing[0]["key"] }, "signing[0].key: the same as another key"},
		{"key as number", func(d *document) { d.Sealing[0]["key"] = 12345678 }, "key: wrong type"},
		{"unknown algorithm", func(d *document) { d.Signing[0]["algorithm"] = "HS256" }, "signing[0].algorithm: want one of [EdDSA ES256]"},
		{"signing algorithm for sealing", func(d *document) { d.Sealing[0]["algorithm"] = "EdDSA" }, "sealing[0].algorithm"},
		{"unknown state", func(d *document) { d.Signing[0]["state"] = "retired" }, "signing[0].state: want previous, current or next"},
		{"no current", func(d *document) { d.Signing = d.Signing[1:] }, "signing: no current key"},
		{"none at all", func(d *document) { d.Sealing = nil }, "sealing: no current key"},
		{"two current", func(d *document) { d.Signing[1]["state"] = "current" }, "signing[1].state: a second key"},
		{"one id twice", func(d *document) { d.Signing[0]["id"] = d.Sealing[0]["id"] }, "signing[0].id: a second key"},
		{"id with a dot", func(d *document) { d.Sealing[0]["id"] = "a.b" }, "sealing[0].id: want 1 to 64"},
		{"no id", func(d *document) { delete(d.Sealing[0], "id") }, "sealing[0].id: want 1 to 64"},
		{"bad time", func(d *document) { d.Sealing[0]["since"] = "yesterday" }, "sealing[0].since: want a time"},
		{"unknown field", func(d *document) { d.Sealing[0]["secret"] = canary }, `unknown field "secret"`},
		{"key as a field name", func(d *document) { d.Sealing[0][canary] = "x" }, "unknown field"},
		{"other version", func(d *document) { d.Version = 2 }, "version: want 1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDocument(t)
			secrets := []string{canary}
			for _, k := range append(d.Sealing, d.Signing...) {
				secrets = append(secrets, k["key"].(string))
			}
			tc.damage(d)
			data, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			_, err = session.ParseKeySet(data)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("ParseKeySet() = %v, want an error with %q", err, tc.want)
			}
			for _, secret := range secrets {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells a key: %v", err)
				}
			}
		})
	}
}

func TestParseKeySetRefusesDocumentsReadersDifferOn(t *testing.T) {
	t.Parallel()
	data, err := newKeys(t, session.EdDSA).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	for name, text := range map[string]string{
		"empty":               "",
		"null":                "null",
		"array":               "[]",
		"repeated field":      strings.Replace(good, `"version": 1,`, `"version": 1, "version": 1,`, 1),
		"repeated by case":    strings.Replace(good, `"version": 1,`, `"version": 1, "VERSION": 1,`, 1),
		"ill-cased field":     strings.Replace(good, `"version"`, `"Version"`, 1),
		"something after":     good + "{}",
		"invalid UTF-8":       strings.Replace(good, `"current"`, "\"current\xff\"", 1),
		"larger than allowed": good + strings.Repeat(" ", 64<<10),
		"deep":                strings.Repeat("[", 10000),
	} {
		if _, err := session.ParseKeySet([]byte(text)); err == nil {
			t.Errorf("%s: ParseKeySet() = nil, want an error", name)
		}
	}
	if _, err := session.ParseKeySet(data); err != nil {
		t.Errorf("undamaged: ParseKeySet() = %v", err)
	}
}

func TestKeysNeverPrint(t *testing.T) {
	t.Parallel()
	for _, alg := range []session.Algorithm{session.EdDSA, session.ES256} {
		keys := newKeys(t, alg)
		data, err := keys.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		holders := []any{keys, *keys, struct{ K *session.KeySet }{keys}, struct{ k *session.KeySet }{keys}, struct{ k session.KeySet }{*keys}, newSealer(t, keys, time.Now), newSigner(t, keys, time.Now)}
		var out bytes.Buffer
		logs := []*slog.Logger{slog.New(slog.NewJSONHandler(&out, nil)), slog.New(slog.NewTextHandler(&out, nil))}
		for _, h := range holders {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				fmt.Fprintf(&out, verb+"\n", h)
			}
			for _, log := range logs {
				log.Info("m", "h", h)
			}
		}
		for form := range maps.Keys(printedForms(t, data)) {
			if strings.Contains(out.String(), form) {
				t.Errorf("%s: a key is printed as %q", alg, form)
			}
		}
	}
}

// printedForms returns every key of a file in the forms fmt and JSON give to
// bytes.
func printedForms(t *testing.T, data []byte) map[string]bool {
	t.Helper()
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	forms := map[string]bool{}
	for _, k := range append(d.Sealing, d.Signing...) {
		text := k["key"].(string)
		raw := unb64(t, text)
		decimal := strings.Trim(fmt.Sprint(raw), "[]")
		for _, form := range []string{text, string(raw), fmt.Sprintf("%x", raw), decimal, fmt.Sprintf("%#v", raw)[7:]} {
			forms[form] = true
		}
	}
	return forms
}
