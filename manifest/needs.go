package manifest

import (
	"maps"
	"slices"

	"github.com/berth-project/berth/iam/synth"
)

// Need is what a process does with one resource of the cloud.
type Need struct {
	// Access is what it does with it, in the words of the kind of resource, such
	// as read, write, send or receive; or actions by name, such as
	// "s3:GetObjectTagging".
	Access []string `yaml:"access" short:"true" required:"true" literal:"true"`
	// Name is the name of the resource in the cloud, or its ARN.
	// Default: the name in the key.
	Name string `yaml:"name" literal:"true"`
	// Prefix narrows a bucket to the objects whose key begins so.
	Prefix string `yaml:"prefix" literal:"true"`
	// Key is the ARN of the KMS key of the customer's that the resource is
	// encrypted with.
	// Default: the service's own key, which takes no permission.
	Key string `yaml:"key" literal:"true"`
	// Service is the service a role is passed to, such as
	// "ecs-tasks.amazonaws.com".
	Service string `yaml:"service" literal:"true"`
}

// NeedsOf returns what a process needs in the form package synth writes
// policies from, in order of the resources.
func (m *Manifest) NeedsOf(process string) []synth.Need {
	var needs []synth.Need
	for _, resource := range slices.Sorted(maps.Keys(m.Needs[process])) {
		n := m.Needs[process][resource]
		if n == nil {
			continue
		}
		needs = append(needs, synth.Need{
			Resource: resource, Access: n.Access, Name: n.Name, Prefix: n.Prefix, Key: n.Key, Service: n.Service,
			At: m.Position(needPath(process, resource)).String(),
		})
	}
	return needs
}

// Needy returns the names of the processes that need something, sorted.
func (m *Manifest) Needy() []string { return slices.Sorted(maps.Keys(m.Needs)) }

func needPath(process, resource string) string { return below(below("needs", process), resource) }

// checkNeeds checks each need against the kinds of resources there are.
func (m *Manifest) checkNeeds() {
	for _, process := range m.Needy() {
		if m.Processes[process] == nil {
			p := m.src.at(below("needs", process), codeNoProcess, "there is no process %q", process)
			suggest(p, process, m.ProcessNames())
		}
		for _, n := range m.NeedsOf(process) {
			path := needPath(process, n.Resource)
			if m.src.reported(m.src.locate(path).line, path) {
				continue
			}
			if err := n.Validate(); err != nil {
				m.src.at(path, codeNeed, "%s", err).Help = "berth iam needs lists the kinds of resources and their words"
			}
		}
	}
}
