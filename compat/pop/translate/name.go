package translate

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/berth-project/berth/workflow"
)

// The forms of names in Berth: see package workflow.
var (
	stepName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$`)
	stepType = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:/@-]*$`)
)

// typeless is the type of operations that have none.
const typeless = "none"

// StepName returns the name of the step that an operation becomes: its own where
// it is one, or else one that resembles it and is the same for the same operation
// in any agenda. Names that differ in case alone have names that do.
func StepName(operation string) string {
	return fit(operation, strings.ToLower(operation), stepName, "_-")
}

// StepType returns the type of the step for a type of operation.
func StepType(operationType string) string {
	if operationType == "" {
		return typeless
	}
	return fit(operationType, operationType, stepType, "_.:/@-")
}

// ObjectName returns the name of the queue or the pool for the id of an insight or
// a resource pool.
func ObjectName(id string) string {
	return "pop/" + fit(id, id, stepType, "_.:/@-")
}

// fit returns a name of a form. What does not have it is spelled with "_" for what
// the form does not take, and ends in a part of the hash of its key, so that two
// names are two.
func fit(name, key string, form *regexp.Regexp, marks string) string {
	if len(name) <= workflow.MaxName && form.MatchString(name) {
		return name
	}
	const digits = 12
	var b strings.Builder
	b.WriteString("_")
	for _, r := range name {
		if b.Len() > workflow.MaxName-digits-8 {
			break
		}
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && !strings.ContainsRune(marks, r) {
			r = '_'
		}
		b.WriteRune(r)
	}
	sum := sha256.Sum256([]byte(key))
	return b.String() + "-" + hex.EncodeToString(sum[:])[:digits]
}
