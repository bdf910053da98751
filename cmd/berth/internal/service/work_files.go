package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/workflow"
)

// maxWorkFile bounds a document or a setting in a file, in bytes.
const maxWorkFile = 1 << 20

func (b *builder) workflowFiles() []workSetting {
	var list []workSetting
	names := map[string]string{}
	b.eachFile("work.workflows", b.m.Work.Workflows, func(field, file string, data []byte) error {
		plan, err := workflow.Load(file, data)
		if err != nil {
			return err
		}
		list = append(list, workSetting{field, func(ctx context.Context, e *engine.Engine) error {
			_, err := e.PutDefinition(ctx, work.Definition{Document: data, By: "the manifest"})
			return err
		}})
		return once(names, plan.Document().Name, file)
	})
	return list
}

func (b *builder) scheduleFiles() []workSetting {
	return settingFiles(b, "work.schedules", b.m.Work.Schedules, func(s work.Schedule, paused bool) (string, func(context.Context, *engine.Engine) error) {
		return s.Name, put(engine.KindSchedule, s.Name, s, func(next, old *work.Schedule) {
			next.Last, next.LastRun = old.Last, old.LastRun // what it has done is the engine's to say
			next.Paused = next.Paused || !paused && old.Paused
		}, (*engine.Engine).PutSchedule)
	})
}

func (b *builder) subscriptionFiles() []workSetting {
	return settingFiles(b, "work.subscriptions", b.m.Work.Subscriptions, func(s work.Subscription, paused bool) (string, func(context.Context, *engine.Engine) error) {
		return s.Name, put(engine.KindSubscription, s.Name, s, func(next, old *work.Subscription) {
			next.Paused = next.Paused || !paused && old.Paused
		}, (*engine.Engine).PutSubscription)
	})
}

func (b *builder) triggerFiles() []workSetting {
	return settingFiles(b, "work.triggers", b.m.Work.Triggers, func(t work.Trigger, paused bool) (string, func(context.Context, *engine.Engine) error) {
		return t.Name, put(engine.KindTrigger, t.Name, t, func(next, old *work.Trigger) {
			next.Paused = next.Paused || !paused && old.Paused
		}, (*engine.Engine).PutTrigger)
	})
}

// settingFiles reads the settings in files, as the API would take them. How
// each is put is said by as, which is told whether the file has "paused".
func settingFiles[T any](b *builder, field string, patterns []string, as func(setting T, paused bool) (name string, put func(context.Context, *engine.Engine) error)) []workSetting {
	var list []workSetting
	names := map[string]string{}
	b.eachFile(field, patterns, func(at, file string, data []byte) error {
		var setting T
		if err := api.Decode(data, &setting); err != nil {
			return err
		}
		var says struct {
			Paused *bool `json:"paused"`
		}
		if err := json.Unmarshal(data, &says); err != nil {
			return err
		}
		name, put := as(setting, says.Paused != nil)
		list = append(list, workSetting{at, func(ctx context.Context, e *engine.Engine) error {
			if err := put(ctx, e); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			return nil
		}})
		return once(names, name, file)
	})
	return list
}

// once refuses two files that say different things of one name.
func once(files map[string]string, name, file string) error {
	if first, twice := files[name]; twice {
		return fmt.Errorf("%q is in %s already", name, first)
	}
	files[name] = file
	return nil
}

// eachFile reads the files that patterns name; a pattern that names none is a
// problem.
func (b *builder) eachFile(field string, patterns []string, take func(field, file string, data []byte) error) {
	for i, pattern := range patterns {
		at := fmt.Sprintf("%s[%d]", field, i)
		files, err := filepath.Glob(b.path(pattern))
		if err == nil && len(files) == 0 {
			err = errors.New("there is no such file")
		}
		if err != nil {
			b.fail(at, err)
		}
		for _, file := range files {
			data, err := readBounded(file, maxWorkFile)
			if err == nil {
				err = take(at, file, data)
			}
			if err != nil {
				b.failIn(at, file, err)
			}
		}
	}
}

// failIn reports what is wrong with a file: where it says so itself, else at
// the field that names it.
func (b *builder) failIn(field, file string, err error) {
	var found diagnostic.List
	if errors.As(err, &found) {
		b.problems = append(b.problems, found...)
		return
	}
	b.fail(field, fmt.Errorf("%s: %w", file, err))
}

func readBounded(file string, most int64) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, fmt.Errorf("it has %d bytes, of %d allowed", info.Size(), most)
	}
	return os.ReadFile(file)
}

// workFiles are the files that what the manifest says of work is in.
func workFiles(m *manifest.Manifest) []string {
	w := m.Work
	if w == nil {
		return nil
	}
	b := builder{m: m}
	var files []string
	if w.SecretsFile != "" {
		files = append(files, b.path(string(w.SecretsFile)))
	}
	for _, patterns := range [][]string{w.Workflows, w.Schedules, w.Subscriptions, w.Triggers} {
		for _, pattern := range patterns {
			found, _ := filepath.Glob(b.path(pattern)) // a wrong pattern was reported
			files = append(files, found...)
		}
	}
	return files
}
