package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
	"github.com/berth-project/berth/iam/synth"
)

// anyPlace stands for the account and region of needs of which only the
// actions are wanted.
var anyPlace = synth.Place{Account: "314159265358", Region: "us-east-1"}

// usesOf says which processes of the manifest have the policies, and what each
// needs.
func (c *cli) usesOf(processes []string) ([]lint.Use, error) {
	m, err := c.load(c.file)
	if err != nil {
		return nil, err
	}
	var uses []lint.Use
	for _, name := range processes {
		if !slices.Contains(m.Needy(), name) {
			return nil, fmt.Errorf("--used-by: %s: the process %q has no needs (those that have: %s)", m.File(), name, strings.Join(m.Needy(), ", "))
		}
		r, err := synth.FromNeeds(m.NeedsOf(name), anyPlace)
		if err != nil {
			return nil, err
		}
		uses = append(uses, lint.Use{Role: name, Actions: actionsOf(r.Policies)})
	}
	return uses, nil
}

// callsOf reads a recording as what the holders of the policies were seen to do.
func (c *cli) callsOf(path string) ([]lint.Call, error) {
	name, data, err := c.readInput(path, maxRecordingFile)
	if err != nil {
		return nil, err
	}
	calls, err := synth.ReadCalls(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	programs, err := synth.FromCalls(calls, synth.Recording{Place: anyPlace, Generalise: -1})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	seen := []lint.Call{}
	for _, p := range programs {
		for _, policy := range p.Policies {
			for _, s := range policy.Statements {
				for _, a := range s.Actions.Values {
					for _, r := range s.Resources.Values {
						seen = append(seen, lint.Call{Action: a, Resource: r})
					}
				}
			}
		}
	}
	return seen, nil
}

func actionsOf(policies []*iam.Policy) []string {
	var actions []string
	for _, p := range policies {
		for _, s := range p.Statements {
			actions = append(actions, s.Actions.Values...)
		}
	}
	return sortedUnique(actions)
}
