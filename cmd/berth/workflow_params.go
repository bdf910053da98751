package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/berth-project/berth/internal/diagnostic"
)

// paramFlags are how a person gives the parameters of a run.
type paramFlags struct {
	pairs []string // --param
	file  string   // --params
}

func (f *paramFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&f.pairs, "param", "p", nil, "a parameter, `NAME=VALUE`: JSON where it is, else a text; may be repeated")
	cmd.Flags().StringVar(&f.file, "params", "", "parameters as a JSON object in this `FILE`; - is standard input")
}

// read gives the parameters: those of first, those of the file, and those
// given one by one, later ones in place of earlier ones. nil when there are none.
func (f *paramFlags) read(c *cli, first json.RawMessage) (json.RawMessage, error) {
	if f.file == "" && len(f.pairs) == 0 {
		return first, nil
	}
	all := map[string]json.RawMessage{}
	if first != nil {
		if err := json.Unmarshal(first, &all); err != nil {
			return nil, fmt.Errorf("parameters of the agenda: %w", err)
		}
	}
	if f.file != "" {
		source := f.file
		if source != "-" {
			source = "@" + source
		}
		text, err := c.jsonArgument("--params "+f.file, source)
		if err != nil {
			return nil, err
		}
		var more map[string]json.RawMessage
		if err := json.Unmarshal(text, &more); err != nil {
			return nil, usageError{fmt.Errorf("--params %s: parameters are a JSON object", f.file)}
		}
		maps.Copy(all, more)
	}
	for _, pair := range f.pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("--param %q: NAME=VALUE", pair)}
		}
		all[name] = valueOf(value)
		if all[name][0] == '"' && strings.ContainsAny(value[:min(1, len(value))], `[{"`) && !json.Valid([]byte(value)) {
			fmt.Fprintf(c.stderr, "note: --param %s is no JSON, and is taken as a text\n", name)
		}
	}
	return json.Marshal(all)
}

// noteStray tells of parameters that a document has nowhere: nothing can come of
// them. One that is put together from parts, or all of them at once, is not known.
func (c *cli) noteStray(document []byte, params json.RawMessage) {
	var given map[string]json.RawMessage
	if len(document) == 0 || json.Unmarshal(params, &given) != nil || bytes.Contains(document, []byte("params}")) {
		return
	}
	var known struct {
		Params map[string]json.RawMessage `json:"params"`
	}
	_ = json.Unmarshal(document, &known) // that it can be read was seen before
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if bytes.Contains(document, []byte(name)) {
			continue
		}
		meant := ""
		if near := diagnostic.Nearest(name, slices.Sorted(maps.Keys(known.Params))); near != "" {
			meant = fmt.Sprintf(" (did you mean %q?)", near)
		}
		fmt.Fprintf(c.stderr, "note: nothing in the document mentions the parameter %q%s\n", name, meant)
	}
}

// labelFlag adds --label, which may be repeated; values may have commas.
func labelFlag(fs *pflag.FlagSet, labels *map[string]string, usage string) {
	fs.Func("label", usage, func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return errors.New("NAME=VALUE")
		}
		if *labels == nil {
			*labels = map[string]string{}
		}
		(*labels)[name] = value
		return nil
	})
}

// valueOf is JSON where it is, else a text.
func valueOf(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	enc, _ := json.Marshal(text) // a text always can be
	return enc
}
