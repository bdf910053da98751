package session

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// keySetVersion is the version of the file form this package reads and writes.
const keySetVersion = 1

// maxKeySetBytes bounds the file form; a full set takes under 2 KiB.
const maxKeySetBytes = 64 << 10

// keySetFile is the file form of a KeySet.
type keySetFile struct {
	Version int       `json:"version"`
	Sealing []keyFile `json:"sealing"`
	Signing []keyFile `json:"signing"`
}

type keyFile struct {
	ID        string    `json:"id"`
	State     KeyState  `json:"state"`
	Algorithm Algorithm `json:"algorithm"`
	Created   string    `json:"created"`
	Since     string    `json:"since"`
	Key       string    `json:"key"`
}

// ParseKeySet reads the file form of a set. It is strict: an unknown,
// repeated or ill-cased field is an error; and so are a key of the wrong size,
// without entropy or given twice, two keys of one id or state and a missing
// current key, which are reported all at once. Errors name the field and never
// hold a key.
func ParseKeySet(data []byte) (*KeySet, error) {
	if len(data) > maxKeySetBytes {
		return nil, fmt.Errorf("key set: more than %d bytes", maxKeySetBytes)
	}
	var file keySetFile
	if err := decodeStrict(data, &file); err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	if file.Version != keySetVersion {
		return nil, fmt.Errorf("key set: version: want %d", keySetVersion)
	}
	p := keySetParser{ids: map[string]bool{}, secrets: map[string]bool{}}
	set := &KeySet{
		sealing: p.keys("sealing", file.Sealing, []Algorithm{XChaCha20}),
		signing: p.keys("signing", file.Signing, []Algorithm{EdDSA, ES256}),
	}
	if err := errors.Join(p.problems...); err != nil {
		return nil, err
	}
	return set, nil
}

// Marshal returns the file form, which holds the secrets: keep it readable by
// the gateway alone.
func (k *KeySet) Marshal() ([]byte, error) {
	file := keySetFile{Version: keySetVersion, Sealing: fileKeys(k.sealing), Signing: fileKeys(k.signing)}
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	return append(data, '\n'), nil
}

func fileKeys(keys []key) []keyFile {
	files := make([]keyFile, len(keys))
	for i := range keys {
		k := &keys[i]
		files[i] = keyFile{
			ID: k.ID, State: k.State, Algorithm: k.Algorithm,
			Created: k.CreatedAt.Format(time.RFC3339), Since: k.Since.Format(time.RFC3339),
			Key: base64.RawURLEncoding.EncodeToString(k.secret()),
		}
	}
	return files
}

// keySetParser checks keys and collects what is wrong with them.
type keySetParser struct {
	ids      map[string]bool
	secrets  map[string]bool
	problems []error
}

func (p *keySetParser) problem(field, text string) {
	p.problems = append(p.problems, fmt.Errorf("key set: %s: %s", field, text))
}

// keys checks one purpose's list as a whole and each key of it.
func (p *keySetParser) keys(field string, files []keyFile, algs []Algorithm) []key {
	states := map[KeyState]bool{}
	keys := make([]key, 0, len(files))
	for i := range files {
		at := fmt.Sprintf("%s[%d]", field, i)
		if states[files[i].State] {
			p.problem(at+".state", "a second key in this state")
		}
		states[files[i].State] = true
		keys = append(keys, p.key(at, &files[i], algs))
	}
	if !states[Current] {
		p.problem(field, "no current key")
	}
	return keys
}

func (p *keySetParser) key(at string, file *keyFile, algs []Algorithm) key {
	switch {
	case !validKeyID(file.ID):
		p.problem(at+".id", "want 1 to 64 of a-z, A-Z, 0-9, - and _")
	case p.ids[file.ID]:
		p.problem(at+".id", "a second key with this id")
	}
	p.ids[file.ID] = true
	if file.State != Previous && file.State != Current && file.State != Next {
		p.problem(at+".state", "want previous, current or next")
	}
	if !slices.Contains(algs, file.Algorithm) {
		p.problem(at+".algorithm", fmt.Sprintf("want one of %v", algs))
	}
	return key{
		KeyInfo: KeyInfo{
			ID: file.ID, State: file.State, Algorithm: file.Algorithm,
			CreatedAt: p.time(at+".created", file.Created), Since: p.time(at+".since", file.Since),
		},
		secret: p.secret(at+".key", file),
	}
}

func (p *keySetParser) time(field, text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		p.problem(field, "want a time like 2006-01-02T15:04:05Z")
	}
	return stamp(t)
}

func (p *keySetParser) secret(field string, file *keyFile) func() []byte {
	raw, err := decodeBase64(file.Key)
	switch {
	case err != nil:
		p.problem(field, "not unpadded base64url")
	case len(raw) != secretSize:
		p.problem(field, fmt.Sprintf("want %d bytes, found %d", secretSize, len(raw)))
	case p.secrets[string(raw)]:
		p.problem(field, "the same as another key")
	case weak(raw):
		p.problem(field, "not random: too few different bytes")
	case file.Algorithm == ES256:
		if _, err := (&key{secret: keep(raw)}).ecdsaKey(); err != nil {
			p.problem(field, "not a P-256 private key")
		}
	}
	p.secrets[string(raw)] = true
	return keep(raw)
}

// weak reports whether a key was typed or left blank rather than drawn: 32
// random bytes have fewer than 16 different ones once in about 2^50 draws.
func weak(secret []byte) bool {
	var seen [256]bool
	distinct := 0
	for _, b := range secret {
		if !seen[b] {
			seen[b] = true
			distinct++
		}
	}
	return distinct < len(secret)/2
}

// validKeyID reports whether id is usable as a key id: it must not hold the
// dots that separate the parts of a cookie value.
func validKeyID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
