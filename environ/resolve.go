package environ

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Options say what a merged environment must have.
type Options struct {
	// Require are the names that must be there and not be empty.
	Require []string
}

// Resolve loads every source in order and merges them: the last source that
// has a variable wins. It fails, with everything that is wrong joined, when a
// source does or when a required variable is missing ([*MissingError]): a
// program is not started with half of its configuration.
func Resolve(ctx context.Context, sources []Source, opts Options) (*Set, error) {
	set := NewSet()
	var errs []error
	for _, source := range sources {
		variables, err := source.Load(ctx)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, v := range variables {
			set.put(v)
		}
	}
	// With a source missing, so may be its variables: that is not news.
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := require(set, sources, opts.Require); err != nil {
		return nil, err
	}
	return set, nil
}

// MissingError says which required variables are not there.
type MissingError struct {
	// Names are the variables no source has.
	Names []string
	// Empty are the variables that are set to nothing, with their source.
	Empty []Variable
	// Sources are the names of the sources that were looked at.
	Sources []string
}

// Error implements error.
func (e *MissingError) Error() string {
	var parts []string
	if len(e.Names) > 0 {
		parts = append(parts, "not set: "+strings.Join(e.Names, ", "))
	}
	for _, v := range e.Empty {
		parts = append(parts, fmt.Sprintf("%s is empty in %s", v.Name, v.Source))
	}
	return fmt.Sprintf("required environment: %s (%s)", strings.Join(parts, "; "), e.where())
}

// where says in which sources a missing variable can be set.
func (e *MissingError) where() string {
	switch {
	case len(e.Sources) == 0:
		return "there is no source to set it in"
	case len(e.Sources) > 1:
		return "set it in one of: " + strings.Join(e.Sources, ", ")
	case e.Sources[0] == (Process{}).Name():
		return "set it in the environment Berth is started with"
	}
	return "set it in " + e.Sources[0]
}

func require(set *Set, sources []Source, names []string) error {
	missing := &MissingError{}
	for _, name := range names {
		v, ok := set.Lookup(name)
		switch {
		case !ok:
			missing.Names = append(missing.Names, name)
		case v.Value.IsZero():
			missing.Empty = append(missing.Empty, v)
		}
	}
	if len(missing.Names)+len(missing.Empty) == 0 {
		return nil
	}
	for _, source := range sources {
		missing.Sources = append(missing.Sources, source.Name())
	}
	return missing
}
