package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

// lintConfig is the file of --config.
type lintConfig struct {
	// Disable are codes not to look for.
	Disable []string `json:"disable"`
	// Severity and Level replace those of codes.
	Severity map[string]string `json:"severity"`
	Level    map[string]string `json:"level"`
	// OwnAccounts, ThirdPartyAccounts and Organisation are as the flags.
	OwnAccounts        []string `json:"ownAccounts"`
	ThirdPartyAccounts []string `json:"thirdPartyAccounts"`
	Organisation       []string `json:"organisation"`
	// Kinds say what the policies of files are for, where the files do not.
	Kinds []kindOfFile `json:"kinds"`
	// Accept are findings that were looked at and accepted.
	Accept []acceptedFinding `json:"accept"`

	// folder is where the file is: names of files are relative to it.
	folder string
}

type kindOfFile struct {
	File         string `json:"file"`
	Kind         string `json:"kind"`
	ResourceType string `json:"resourceType"`

	kind iam.Kind
}

type acceptedFinding struct {
	Code   string `json:"code"`
	File   string `json:"file"`
	Path   string `json:"path"`
	Reason string `json:"reason"`
	Until  string `json:"until"`

	until time.Time
}

// maxConfig bounds the file of settings.
const maxConfig = 1 << 20

func (r *lintRun) configure(file string) error {
	name, data, err := r.readInput(file, maxConfig)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r.config); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if file != "-" {
		r.config.folder = filepath.Dir(file)
	}
	o := &r.options
	o.Disabled = append(o.Disabled, r.config.Disable...)
	o.OwnAccounts = append(o.OwnAccounts, r.config.OwnAccounts...)
	o.ThirdPartyAccounts = append(o.ThirdPartyAccounts, r.config.ThirdPartyAccounts...)
	o.OrganizationNames = append(o.OrganizationNames, r.config.Organisation...)
	o.Severities, o.Levels = map[string]lint.Severity{}, map[string]lint.Level{}
	var errs []error
	for code, word := range r.config.Severity {
		s, ok := lint.ParseSeverity(word)
		if !ok {
			errs = append(errs, fmt.Errorf("%s: severity of %s: %q is no severity", name, code, word))
		}
		o.Severities[code] = s
	}
	for code, word := range r.config.Level {
		level, ok := lint.ParseLevel(word)
		if !ok {
			errs = append(errs, fmt.Errorf("%s: level of %s: %q is no level", name, code, word))
		}
		o.Levels[code] = level
	}
	return errors.Join(append(errs, r.config.check(name))...)
}

func (lc *lintConfig) check(name string) error {
	var errs []error
	for i := range lc.Kinds {
		k := &lc.Kinds[i]
		var ok bool
		if k.kind, ok = iam.ParseKind(k.Kind); !ok {
			errs = append(errs, fmt.Errorf("%s: kinds[%d].kind %q is not one of %s", name, i, k.Kind, strings.Join(iam.Kinds(), ", ")))
		}
		if _, err := path.Match(k.File, ""); err != nil || k.File == "" {
			errs = append(errs, fmt.Errorf("%s: kinds[%d].file %q is no pattern of files", name, i, k.File))
		}
	}
	for i := range lc.Accept {
		a := &lc.Accept[i]
		if a.Until != "" {
			day, err := time.Parse(time.DateOnly, a.Until)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: accept[%d].until %q is not a day such as 2027-01-31", name, i, a.Until))
			}
			a.until = day
		}
		if a.Reason == "" || a.Code == "" {
			errs = append(errs, fmt.Errorf("%s: accept[%d] needs a code and a reason", name, i))
		}
		if _, err := path.Match(a.File, ""); err != nil {
			errs = append(errs, fmt.Errorf("%s: accept[%d].file %q is no pattern of files", name, i, a.File))
		}
	}
	return errors.Join(errs...)
}

// kindOf is what the settings say of a file.
func (lc *lintConfig) kindOf(file string) (kindOfFile, bool) {
	for _, k := range lc.Kinds {
		if lc.matches(k.File, file) {
			return k, true
		}
	}
	return kindOfFile{}, false
}

// suppressions are the accepted findings of one file.
func (lc *lintConfig) suppressions(file string) []lint.Suppression {
	var out []lint.Suppression
	for _, a := range lc.Accept {
		if a.File == "" || lc.matches(a.File, file) {
			out = append(out, lint.Suppression{Code: a.Code, Path: a.Path, Reason: a.Reason, Until: a.until})
		}
	}
	return out
}

// matches reports whether a file is one that a pattern of the settings means,
// wherever the program is called from.
func (lc *lintConfig) matches(pattern, file string) bool {
	if below, err := filepath.Rel(cmp.Or(lc.folder, "."), filepath.FromSlash(file)); err == nil {
		file = filepath.ToSlash(below)
	}
	ok, err := path.Match(pattern, file)
	return ok && err == nil
}
