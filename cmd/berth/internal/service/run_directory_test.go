package service

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRunsRemoveWhatKilledOnesLeft(t *testing.T) {
	t.Parallel()
	data, err := os.MkdirTemp("", "data") // short: sockets are kept in it
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(data)
	killed := filepath.Join(data, "berth-killed")
	if err := os.Mkdir(killed, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(killed, "web.1.sock"), nil)
	first, err := makeRunDirectory(data)
	if err != nil {
		t.Fatal(err)
	}
	second, err := makeRunDirectory(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(killed); !os.IsNotExist(err) {
		t.Errorf("what a killed run left = %v, want it gone", err)
	}
	for _, r := range []*runDirectory{first, second} {
		if _, err := os.Stat(r.path); err != nil {
			t.Errorf("the directory of a run that goes on: %v", err)
		}
		if err := r.remove(); err != nil {
			t.Error(err)
		}
	}
}
