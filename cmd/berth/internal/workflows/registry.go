package workflows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/berth-project/berth/compat/pop/pods"
	"github.com/berth-project/berth/compat/pop/registry"
	"github.com/berth-project/berth/work/kube"
)

// ReadRegistry reads the file that says which pod executes which step type: a
// kube.Registry as JSON, or the registry.json of POP. Of the latter it also says what
// is likely a mistake or is done otherwise here.
func ReadRegistry(path string) (kube.Registry, []registry.Problem, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return kube.Registry{}, nil, err
	}
	reg, problems, err := parseRegistry(data)
	if err == nil {
		err = errors.Join(reg.Validate(pods.Contract)...)
	}
	if err != nil {
		return reg, problems, fmt.Errorf("%s: %w", path, err)
	}
	return reg, problems, nil
}

func parseRegistry(data []byte) (reg kube.Registry, problems []registry.Problem, err error) {
	if registry.Looks(data) {
		r, err := registry.Parse(data)
		if err != nil {
			return reg, nil, err
		}
		return pods.Registry(r)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return reg, nil, dec.Decode(&reg)
}
