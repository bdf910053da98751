package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/internal/atomicfile"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/session"
)

// keysName is the file in the data directory that holds the keys of a service
// whose manifest names none.
const keysName = "keys.json"

// KeysFile is the file a service's keys are in, empty where they come from the
// environment.
func KeysFile(m *manifest.Manifest, data string) string {
	file := string(m.Session.KeysFile)
	switch {
	case m.Session.Keys != "":
		return ""
	case file == "":
		return filepath.Join(data, keysName)
	}
	return within(m.Directory(), file)
}

// LoadKeys returns the keys that seal cookies and sign assertions. Keys that
// nobody provides are made once and kept in the data directory.
func LoadKeys(m *manifest.Manifest, env *environ.Set, data string) (*session.KeySet, error) {
	file := KeysFile(m, data)
	if file == "" {
		text, err := environ.Expand(string(m.Session.Keys), env)
		if err != nil {
			return nil, fmt.Errorf("session.keys: %w", err)
		}
		keys, err := session.ParseKeySet([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("session.keys: %w", err)
		}
		return keys, nil
	}
	keys, err := readKeys(file)
	if errors.Is(err, fs.ErrNotExist) && file == filepath.Join(data, keysName) {
		return makeKeys(file, data)
	}
	return keys, err
}

func readKeys(file string) (*session.KeySet, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read session keys: %w", err)
	}
	keys, err := session.ParseKeySet(text)
	if err != nil {
		return nil, fmt.Errorf("session keys %s: %w", file, err)
	}
	return keys, nil
}

// makeKeys makes the first keys, or reads those another Berth was quicker to
// make.
func makeKeys(file, data string) (keys *session.KeySet, err error) {
	err = locked(data, func() error {
		if keys, err = readKeys(file); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if keys, err = session.GenerateKeySet(time.Now()); err != nil {
			return err
		}
		return SaveKeys(file, keys)
	})
	return keys, err
}

// SaveKeys replaces a key file, readable by its owner alone.
func SaveKeys(file string, keys *session.KeySet) error {
	text, err := keys.Marshal()
	if err != nil {
		return err
	}
	if err := atomicfile.Write(file, text, 0o600); err != nil {
		return fmt.Errorf("write session keys: %w", err)
	}
	return nil
}
