package workflows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"github.com/berth-project/berth/internal/glob"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/outbox"
)

// Secret is what documents, subscriptions and triggers may name but not see:
// a header's value, or a key that signs.
type Secret struct {
	// Values are the newest first; while one is being replaced there are two.
	Values []secret.String
	// Tenants may use it; "*" stands for all. Whoever signs with a key can
	// have anything signed with it.
	Tenants []string
	// Operator lets the operator's subscriptions, those to all tenants, sign
	// with it: nothing that a tenant says can name it for that.
	Operator bool
	// Hosts are those that steps may send it to as a header, with * for any
	// part of a name.
	Hosts []string
	// Steps are the types of steps whose programs and containers may be given
	// it as a variable: what they do with it then is theirs.
	Steps []string
}

// maxSecrets bounds a file of secrets, in bytes.
const maxSecrets = 1 << 20

// ReadSecrets reads a file of secrets:
//
//	{"github": {"values": ["…"], "tenants": ["acme"], "hosts": ["api.github.com"], "steps": ["deploy"]}}
func ReadSecrets(path string) (map[string]Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others than its owner: chmod 600 it", path)
	}
	if info.Size() > maxSecrets {
		return nil, fmt.Errorf("%s has %d bytes, of %d allowed", path, info.Size(), maxSecrets)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file map[string]struct {
		Values   []string `json:"values"`
		Tenants  []string `json:"tenants"`
		Operator bool     `json:"operator"`
		Hosts    []string `json:"hosts"`
		Steps    []string `json:"steps"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	all := map[string]Secret{}
	for name, one := range file {
		s := Secret{Tenants: one.Tenants, Operator: one.Operator, Hosts: one.Hosts, Steps: one.Steps}
		for _, v := range one.Values {
			s.Values = append(s.Values, secret.New(v))
		}
		if err := s.Validate(); err != nil {
			return nil, fmt.Errorf("%s: secret %q: %w", path, name, err)
		}
		all[name] = s
	}
	return all, nil
}

// Validate says what a secret lacks.
func (s Secret) Validate() error {
	if len(s.Values) == 0 || slices.ContainsFunc(s.Values, secret.String.IsZero) {
		return errors.New("values: there is none, or an empty one")
	}
	if len(s.Tenants) == 0 && !s.Operator {
		return errors.New(`tenants: nobody may use it: list those who may, or "*" for all, or say operator: true`)
	}
	return nil
}

// Secrets are the secrets in force; others can take their place while the
// engine runs, as when a key is replaced. A nil Secrets has none.
type Secrets struct {
	all atomic.Pointer[map[string]Secret]
}

// NewSecrets returns them.
func NewSecrets(all map[string]Secret) *Secrets {
	s := &Secrets{}
	s.Replace(all)
	return s
}

// Replace puts others in force, all at once. It keeps the map.
func (s *Secrets) Replace(all map[string]Secret) { s.all.Store(&all) }

// errNoSecret is the same for a secret that is not there and one that the
// tenant may not use.
var errNoSecret = errors.New("there is no such secret for this tenant")

// errNoOperators is the same for the operator's subscriptions.
var errNoOperators = errors.New("there is no such secret for the operator's subscriptions: say operator: true where it is, if it is to be one")

func (s *Secrets) get(name string) Secret {
	if s == nil {
		return Secret{}
	}
	return (*s.all.Load())[name]
}

// find returns a secret that a tenant may use.
func (s *Secrets) find(tenant, name string) (Secret, error) {
	one := s.get(name)
	if len(one.Values) == 0 || !slices.Contains(one.Tenants, tenant) && !slices.Contains(one.Tenants, "*") {
		return Secret{}, errNoSecret
	}
	return one, nil
}

// Keys gives the values of a secret, the newest first, to a tenant that may
// use it.
func (s *Secrets) Keys(tenant, name string) ([]secret.String, error) {
	one, err := s.find(tenant, name)
	return one.Values, err
}

// Signing gives the keys that sign an event: a secret of the operator's where
// the operator said where it goes, else one that its tenant may use.
func (s *Secrets) Signing(e outbox.Event) ([]secret.String, error) {
	if !e.Operator {
		return s.Keys(e.Tenant, e.Secret)
	}
	one := s.get(e.Secret)
	if len(one.Values) == 0 || !one.Operator && !slices.Contains(one.Tenants, "*") {
		return nil, errNoOperators
	}
	return one.Values, nil
}

// header gives a secret that a step sends to a host as a header.
func (s *Secrets) header(task work.Task, name, host string) (secret.String, error) {
	one, err := s.find(task.Tenant, name)
	if err != nil {
		return secret.String{}, err
	}
	if !slices.ContainsFunc(one.Hosts, func(pattern string) bool { return glob.Match(pattern, host) }) {
		return secret.String{}, fmt.Errorf("it may not be sent to %s", host)
	}
	return one.Values[0], nil
}

// variable gives a secret that the program of a step has as a variable.
func (s *Secrets) variable(task work.Task, name string) (secret.String, error) {
	one, err := s.find(task.Tenant, name)
	if err != nil {
		return secret.String{}, err
	}
	if !slices.Contains(one.Steps, task.Type) {
		return secret.String{}, fmt.Errorf("programs of steps of type %q may not have it", task.Type)
	}
	return one.Values[0], nil
}
