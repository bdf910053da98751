package manifest

import "github.com/goccy/go-yaml"

// ResolvedJSON returns what [Manifest.Resolved] returns, as JSON.
func (m *Manifest) ResolvedJSON() ([]byte, error) { return yaml.YAMLToJSON(m.Resolved()) }
