// Package step is what the steps of the pipeline do. Each reads what earlier
// ones wrote and writes files under names that follow from its payload, so that
// executing it again, or twice at once, makes the same files.
package step

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/examples/media/internal/picture"
	"github.com/berth-project/berth/examples/media/internal/vault"
)

// Job is one execution of a step.
type Job struct {
	// Run is the run it belongs to.
	Run string
	// Files are those of the tenant the run is for, and of no other.
	Files *vault.Tenant
	// Payload is what the workflow gives the step.
	Payload json.RawMessage
	// Progress is told how far it is, 0 to 1, and with what.
	Progress func(part float64, what string)
}

// Failure is a failure that people and retry rules are told by its code.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// Fatal failures are not tried again: nothing would be different.
	Fatal bool `json:"fatal,omitempty"`
}

// Error implements error.
func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// steps are the step types by name.
var steps = map[string]func(Job) (any, error){
	"probe":      probe,
	"transcode":  transcode,
	"thumbnails": thumbnails,
	"package":    pack,
	"notify":     notify,
	"cleanup":    cleanup,
}

// Names lists the step types.
func Names() []string { return slices.Sorted(maps.Keys(steps)) }

// Execute does what the step type says and gives what it answers. The error is
// a *Failure where trying again is of no use.
func Execute(name string, j Job) (any, error) {
	do := steps[name]
	if do == nil {
		return nil, &Failure{"refused", fmt.Sprintf("no step %q; there are %s", name, strings.Join(Names(), ", ")), true}
	}
	answer, err := do(j)
	switch {
	case errors.Is(err, picture.ErrRefused):
		return nil, &Failure{"media.refused", err.Error(), true}
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Failure{"media.missing", err.Error() + "; it may have been removed since: publish the image again", true}
	}
	return answer, err
}

// read decodes the payload strictly.
func (j Job) read(into any) error {
	d := json.NewDecoder(bytes.NewReader(j.Payload))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return &Failure{"with", "the payload: " + err.Error(), true}
	}
	return nil
}
