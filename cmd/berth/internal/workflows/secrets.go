package workflows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/berth-project/berth/internal/glob"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
)

// Secret is what documents, subscriptions and triggers may name but not see:
// a header's value, or a key that signs.
type Secret struct {
	// Values are the newest first; while one is being replaced there are two.
	Values []secret.String
	// Tenants may use it; "*" stands for all. Whoever signs with a key can
	// have anything signed with it.
	Tenants []string
	// Hosts are those that steps may send it to as a header, with * for any
	// part of a name.
	Hosts []string
}

// maxSecrets bounds a file of secrets, in bytes.
const maxSecrets = 1 << 20

// ReadSecrets reads a file of secrets:
//
//	{"github": {"values": ["…"], "tenants": ["acme"], "hosts": ["api.github.com"]}}
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
		Values  []string `json:"values"`
		Tenants []string `json:"tenants"`
		Hosts   []string `json:"hosts"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	all := map[string]Secret{}
	for name, one := range file {
		s := Secret{Tenants: one.Tenants, Hosts: one.Hosts}
		for _, v := range one.Values {
			s.Values = append(s.Values, secret.New(v))
		}
		all[name] = s
	}
	return all, nil
}

// errNoSecret is the same for a secret that is not there and one that the
// tenant may not use.
var errNoSecret = errors.New("there is no such secret for this tenant")

// keys gives the values of a secret for a tenant that may use it.
func keys(all map[string]Secret) func(tenant, name string) ([]secret.String, error) {
	return func(tenant, name string) ([]secret.String, error) {
		s := all[name]
		if len(s.Values) == 0 || !slices.Contains(s.Tenants, tenant) && !slices.Contains(s.Tenants, "*") {
			return nil, errNoSecret
		}
		return s.Values, nil
	}
}

// stepSecret gives a secret that a step sends to a host as a header.
func stepSecret(all map[string]Secret) func(task work.Task, name, host string) (secret.String, error) {
	of := keys(all)
	return func(task work.Task, name, host string) (secret.String, error) {
		values, err := of(task.Tenant, name)
		if err != nil {
			return secret.String{}, err
		}
		if !slices.ContainsFunc(all[name].Hosts, func(pattern string) bool { return glob.Match(pattern, host) }) {
			return secret.String{}, fmt.Errorf("it may not be sent to %s", host)
		}
		return values[0], nil
	}
}
