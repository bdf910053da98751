package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/client"
)

// settingKind is a kind of settings of an engine: queues, pools, schedules.
type settingKind struct {
	noun string // queue
	path string // /queues, whose list is its member without the slash
}

func (k settingKind) one(name string) string { return k.path + "/" + url.PathEscape(name) }

func (k settingKind) names() completions { return names(k.path, k.path[1:]) }

// settingTries bounds how often a change is made again because somebody else
// was faster.
const settingTries = 5

// putSetting makes or changes a setting: what is there is read, changed and
// put back as the next version of exactly that one.
func putSetting[T any](ctx context.Context, e *client.Client, k settingKind, name string, change func(*T) error) (v T, made bool, err error) {
	for range settingTries {
		v = *new(T)
		header, err := e.Exchange(ctx, client.Request{Method: http.MethodGet, Path: k.one(name)}, &v)
		made = client.IsNotFound(err)
		if err != nil && !made {
			return v, false, err
		}
		guard := http.Header{"If-None-Match": {"*"}}
		if !made {
			guard = http.Header{"If-Match": {header.Get("ETag")}}
		}
		if err := change(&v); err != nil {
			return v, made, err
		}
		_, err = e.Exchange(ctx, client.Request{Method: http.MethodPut, Path: k.one(name), Header: guard, Body: v}, &v)
		var answered *client.Error
		if !errors.As(err, &answered) || answered.Status != http.StatusConflict && answered.Status != http.StatusPreconditionFailed {
			return v, made, err
		}
	}
	return v, made, fmt.Errorf("%s %s is changed by others all the time; try again", k.noun, name)
}

// printPut says what became of a setting.
func (c *cli) printPut(k settingKind, name string, made bool, v any) error {
	if c.json {
		return c.printJSON(v)
	}
	said := "is changed"
	if made {
		said = "is made"
	}
	fmt.Fprintf(c.stderr, "%s %s %s\n", k.noun, name, said)
	return nil
}

// patch is a setting in JSON that is read over what is there: fields that are
// not in it stay.
type patch json.RawMessage

// patch reads one once, as it may be of standard input. known is the type of
// what the engine says of such a setting, so that its own answer may be edited
// and a name that is misspelled is not passed over.
func (c *cli) patch(file string, known any) (patch, error) {
	if file == "" {
		return nil, nil
	}
	source := file
	if source != "-" {
		source = "@" + source
	}
	text, err := c.jsonArgument("--from "+file, source)
	if err != nil {
		return nil, err
	}
	if err := api.Decode(text, known); err != nil {
		return nil, usageError{fmt.Errorf("--from %s: %w", file, err)}
	}
	return patch(text), nil
}

func (p patch) over(v any) error {
	if p == nil {
		return nil
	}
	return json.Unmarshal(p, v)
}

// turnCommand is a verb that the API has for a setting.
func (c *cli) turnCommand(k settingKind, verb, short, long, said string) *cobra.Command {
	return c.onEngine(engineCommand{
		use: verb + " NAME...", short: short, long: long,
		example:  "  berth " + k.command() + " " + verb + " " + k.example(),
		args:     atLeastOne("NAME"),
		complete: c.completeAny(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			for _, name := range args {
				if err := k.exists(ctx, e, name); err != nil {
					return err
				}
				if err := e.Do(ctx, http.MethodPost, k.one(name)+"/"+verb, nil, struct{}{}, nil); err != nil {
					return err
				}
				if err := c.done(k.noun+" "+name, said); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// command is how people write the noun.
func (k settingKind) command() string {
	if k.noun == "tenant" {
		return "workflow tenant"
	}
	return k.noun
}

func (k settingKind) example() string {
	return map[string]string{"queue": "media", "pool": "encode", "schedule": "nightly", "tenant": "acme"}[k.noun]
}

func (c *cli) settingDeleteCommand(k settingKind, long string) *cobra.Command {
	return c.onEngine(engineCommand{
		use: "delete NAME...", short: "delete a " + k.noun, long: long,
		example:  "  berth " + k.command() + " delete " + k.example(),
		args:     atLeastOne("NAME"),
		complete: c.completeAny(k.names()),
		run: func(ctx context.Context, e *client.Client, args []string) error {
			for _, name := range args {
				if err := k.remove(ctx, e, name); err != nil {
					return err
				}
				if err := c.done(k.noun+" "+name, "is deleted"); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// exists refuses the name of a queue or a pool that is not there: the API would
// make it. Any tenant may be suspended before it submits anything.
func (k settingKind) exists(ctx context.Context, e *client.Client, name string) error {
	if k.noun == "tenant" {
		return nil
	}
	type named struct{ Name string }
	_, err := listed(ctx, e, k, name, func(n named) bool { return n.Name == name })
	return err
}

func (k settingKind) remove(ctx context.Context, e *client.Client, name string) error {
	err := e.Do(ctx, http.MethodDelete, k.one(name), nil, nil, nil)
	if client.IsNotFound(err) && k.noun != "schedule" {
		if there := k.exists(ctx, e, name); there != nil {
			return there
		}
		return fmt.Errorf("%s %q is there by itself, as nobody set it: there is nothing to delete", k.noun, name)
	}
	return err
}

// listed finds one in the list of a kind: lists tell what they do, besides
// how they are set.
func listed[T any](ctx context.Context, e *client.Client, k settingKind, name string, is func(T) bool) (T, error) {
	all, err := listSettings[T](ctx, e, k)
	for _, one := range all {
		if is(one) {
			return one, err
		}
	}
	if err == nil {
		err = fmt.Errorf("there is no %s %q; \"berth %s list\" lists them", k.noun, name, k.command())
	}
	return *new(T), err
}

func listSettings[T any](ctx context.Context, e *client.Client, k settingKind) ([]T, error) {
	var page map[string][]T
	err := e.Do(ctx, http.MethodGet, k.path, nil, nil, &page)
	return page[k.path[1:]], err
}
